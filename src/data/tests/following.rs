//! Copies of real nodes over real sockets: whatever breaks on the way, at the end they are as the nodes', and the log says how they
//! came to be so.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::data::sql::{Page as Rows, Scope, Select};
use schemas::data::sync::Wanted;
use schemas::data::{FORMS, Key, Row, Value as Column};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::*;
use crate::data::follow::{Followers, State, WriteFault};
use crate::data::store::Cell;
use crate::sim::faults::{Fault, FormsFault};
use crate::sim::forms::{Asked, FormsHandle};
use crate::sim::listen::{self, Addresses, RunningNode};
use crate::sim::node::Env;
use crate::sim::plan::Plan;

const PATIENCE: Duration = Duration::from_secs(60);

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Nodes, and who follows them.
struct World {
    nodes: Vec<RunningNode>,
    store: Store,
    followers: Followers,
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is().await {
        assert!(Instant::now() < end, "{what} does not come about");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn rows_of(store: &Store, node: u16, form: &'static Form) -> Vec<Row> {
    let select = Select::of_view(form, None, None, &[], Scope { cluster: false, advanced: true }).expect("a view");
    let kinds = select.columns().iter().map(|column| column.kind).collect();
    let page = Rows { offset: 0, rows: 1_000_000 };
    let rows = store.select(select.render(store.dialect(), Some(node), page), kinds).await.expect("an answer");
    let value = |cell| match cell {
        Cell::Null | Cell::Real(_) => Column::Null,
        Cell::Boolean(value) => Column::Boolean(value),
        Cell::Integer(number) => Column::Integer(number),
        Cell::Text(text) => Column::Text(text),
    };
    rows.into_iter().map(|row| Row(row.into_iter().map(value).collect())).collect()
}

impl World {
    async fn begin(store: Store, nodes: u16) -> Self {
        let mut running = Vec::new();
        for number in 1..=nodes {
            let node = listen::run(Plan::lab(ceid(number)), Addresses::free(), vec![], Env::system()).await;
            running.push(node.expect("free ports"));
        }
        let followers = Followers::new(store.clone()).expect("threads");
        let world = Self { nodes: running, store, followers };
        world.follow();
        world
    }

    fn follow(&self) {
        let at = |node: &RunningNode| (node.node().ceid(), Some(node.addresses().sync));
        self.followers.configure(self.nodes.iter().map(at).collect());
    }

    fn forms(&self, at: usize) -> FormsHandle {
        self.nodes[at].node().forms()
    }

    /// Every copy is as its node's form.
    async fn agrees(&self) -> bool {
        for node in &self.nodes {
            let ceid = node.node().ceid();
            for form in FORMS {
                if rows_of(&self.store, ceid.get(), form).await != node.node().forms().rows(form) {
                    return false;
                }
            }
        }
        true
    }

    async fn comes_to_agree(&self) {
        until("the copies being as the nodes' forms", async || {
            for node in &self.nodes {
                let _ = self.followers.compare(node.node().ceid());
            }
            let current = self.followers.standings().all().iter().all(|(_, standing)| standing.state == State::Current);
            current && self.agrees().await
        })
        .await;
    }

    async fn snapshot(&self) -> BTreeMap<(u16, &'static str, Key), Row> {
        let mut all = BTreeMap::new();
        for node in &self.nodes {
            let number = node.node().ceid().get();
            for form in FORMS {
                let rows = rows_of(&self.store, number, form).await;
                all.extend(rows.into_iter().map(|row| ((number, form.name, form.key(&row)), row)));
            }
        }
        all
    }

    async fn log(&self, after: u64) -> Vec<actors::trigger::messages::Logged> {
        self.store.changes(after, 1_000_000).await.expect("read")
    }
}

/// A row that may be there already, or not.
fn some_row(chance: &mut Chance) -> (&'static Form, Row) {
    let number = format!("19{:02}", chance.below(12));
    let name = ["Archer, Maya", "O'Neil", "Bélanger", "日本"][chance.below(4) as usize];
    let department = ["Sales", "Support"][chance.below(2) as usize];
    let private = chance.below(2) == 0;
    let directory = named("telephone_directory");
    let json = json!({ "name": name, "number": number, "privacy": private, "department": department });
    (directory, row(directory, &json))
}

/// What was done at a node: its row before and after.
type Done = (u16, &'static str, Option<Row>, Option<Row>);

/// One change at a node, by a hand or by an application.
async fn change(world: &World, chance: &mut Chance, history: &mut Vec<Done>) {
    let at = chance.below(world.nodes.len() as u64) as usize;
    let (forms, number) = (world.forms(at), world.nodes[at].node().ceid());
    let (form, row) = some_row(chance);
    let key = form.key(&row);
    let before = forms.row(form, &key);
    let after = (chance.below(4) > 0).then_some(row);
    if before == after {
        return;
    }
    let done = if chance.below(4) > 0 {
        let asked = after.clone().map_or(Asked::Remove(key), Asked::Set);
        forms.change(form, asked).is_ok()
    } else {
        let client = world.followers.client(number).expect("it is followed");
        let wanted = Wanted { before: before.clone(), after: after.clone() };
        match client.write(form, &wanted).await {
            Ok(_) => true,
            Err(WriteFault::Refused(_)) => false,
            Err(fault) => panic!("{wanted:?}: {fault}"),
        }
    };
    if done {
        history.push((number.get(), form.name, before, after));
    }
}

/// Of seeds `from` to `to`, each with so many steps.
fn seeds(usual: u64) -> std::ops::RangeInclusive<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("OIG_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("OIG_SEEDS").map_or(usual, |seeds| seeds.min(usual * 50)),
    }
}

#[tokio::test]
async fn streams_that_break_and_gateways_that_begin_anew_lose_no_change_and_tell_none_twice() {
    with_store(async |store| {
        let mut world = World::begin(store, 2).await;
        world.comes_to_agree().await;
        let mut from = *world.store.newest().borrow();
        for seed in seeds(4) {
            let mut chance = Chance(seed);
            let mut history = Vec::new();
            for _ in 0..60 {
                match chance.below(12) {
                    0 => {
                        let fault = FormsFault::CutStream { after: chance.below(3) };
                        let at = chance.below(2) as usize;
                        world.nodes[at].node().fault(Fault::Forms(fault)).await.expect("it runs");
                    }
                    1 => {
                        let at = chance.below(2) as usize;
                        let fault = Fault::Forms(FormsFault::DoubleChange);
                        world.nodes[at].node().fault(fault).await.expect("it runs");
                    }
                    2 if chance.below(3) == 0 => {
                        // A gateway that dies and begins anew, with what it has kept.
                        world.followers = Followers::new(world.store.clone()).expect("threads");
                        world.follow();
                    }
                    3 => world.comes_to_agree().await,
                    _ => change(&world, &mut chance, &mut history).await,
                }
            }
            for node in &world.nodes {
                node.node().heal().await.expect("it runs");
            }
            world.comes_to_agree().await;
            let told: Vec<Done> =
                world.log(from).await.into_iter().map(|c| (c.ceid.get(), c.form.name, c.before, c.after)).collect();
            for number in [1, 2] {
                let of = |all: &[Done]| all.iter().filter(|done| done.0 == number).cloned().collect::<Vec<_>>();
                assert_eq!(of(&told), of(&history), "node {number}, OIG_SEED={seed}");
            }
            from = *world.store.newest().borrow();
        }
        for node in world.nodes {
            node.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_a_node_loses_or_garbles_the_copy_comes_to_agree_and_the_log_leads_there() {
    with_store(async |store| {
        let mut world = World::begin(store, 2).await;
        world.comes_to_agree().await;
        for seed in seeds(3) {
            let mut chance = Chance(seed ^ 0x5eed);
            let mut kept = world.snapshot().await;
            let from = *world.store.newest().borrow();
            for _ in 0..40 {
                let at = chance.below(2) as usize;
                let node = world.nodes[at].node().clone();
                let fault = match chance.below(14) {
                    0 => Some(FormsFault::Epoch),
                    1 => Some(FormsFault::DropChange),
                    2 => Some(FormsFault::CutStream { after: chance.below(2) }),
                    3 => Some(FormsFault::CutPage { after: chance.below(5) }),
                    4 => Some(FormsFault::WrongType),
                    _ => None,
                };
                match fault {
                    Some(fault) => {
                        node.fault(Fault::Forms(fault)).await.expect("it runs");
                        if matches!(fault, FormsFault::CutPage { .. } | FormsFault::WrongType) {
                            assert!(world.followers.copy_anew(node.ceid()));
                        }
                    }
                    None if chance.below(12) == 0 => {
                        world.followers = Followers::new(world.store.clone()).expect("threads");
                        world.follow();
                    }
                    None => change(&world, &mut chance, &mut Vec::new()).await,
                }
            }
            for node in &world.nodes {
                node.node().heal().await.expect("it runs");
            }
            world.comes_to_agree().await;
            for change in world.log(from).await {
                let row = change.before.as_ref().or(change.after.as_ref()).expect("a row");
                let key = (change.ceid.get(), change.form.name, change.form.key(row));
                assert_eq!(kept.get(&key), change.before.as_ref(), "change {}, OIG_SEED={seed}", change.number);
                match change.after {
                    Some(row) => kept.insert(key, row),
                    None => kept.remove(&key),
                };
            }
            assert_eq!(kept, world.snapshot().await, "OIG_SEED={seed}");
        }
        for node in world.nodes {
            node.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_form_with_too_many_rows_and_a_gateway_that_is_not_listed_are_said() {
    with_store(async |store| {
        let world = World::begin(store, 1).await;
        world.comes_to_agree().await;
        let node = world.nodes[0].node();
        let fault = async || world.followers.standings().of(ceid(1)).and_then(|standing| standing.fault);
        node.fault(Fault::Forms(FormsFault::ManyRows { rows: 10_000_000 })).await.expect("it runs");
        assert!(world.followers.copy_anew(ceid(1)));
        until("too many rows are said", async || {
            fault().await.is_some_and(|text| text.contains("more rows than a form"))
        })
        .await;
        node.heal().await.expect("it runs");
        world.comes_to_agree().await;
        // The gateway is taken from the network elements: what was copied stays.
        let elements = named("network_elements");
        for row in node.forms().rows(elements) {
            let gateway = elements.write(&row)["element_type"] == "gateway";
            if gateway {
                node.forms().change(elements, Asked::Remove(elements.key(&row))).expect("it can be removed");
            }
        }
        until("that it is not listed is said", async || {
            fault().await.is_some_and(|text| text.contains("network elements"))
        })
        .await;
        assert_eq!(world.followers.standings().of(ceid(1)).expect("followed").state, State::Away);
        assert!(!rows_of(&world.store, 1, named("phones")).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_node_that_is_removed_is_forgotten_and_one_that_does_not_serve_its_forms_any_more_is_kept() {
    with_store(async |store| {
        let world = World::begin(store, 2).await;
        world.comes_to_agree().await;
        let standing = |node| world.followers.standings().of(ceid(node));
        // The second says no port any more.
        let first = (ceid(1), Some(world.nodes[0].addresses().sync));
        world.followers.configure([first, (ceid(2), None)].into());
        let second = standing(2).expect("what was copied stays");
        assert_eq!(
            (second.state, second.fault.as_deref()),
            (State::Away, Some("the node's forms are not served any more"))
        );
        assert!(!world.followers.compare(ceid(2)) && world.followers.client(ceid(2)).is_none());
        assert!(!rows_of(&world.store, 2, named("phones")).await.is_empty());
        // The first is no node of the cluster any more.
        world.followers.configure([(ceid(2), None)].into());
        assert_eq!(standing(1), None, "at once");
        until("the copy is forgotten", async || world.store.stand(ceid(1)).await.expect("read").is_none()).await;
        assert_eq!(rows_of(&world.store, 1, named("phones")).await, []);
        assert!(!rows_of(&world.store, 2, named("phones")).await.is_empty());
        // A gateway that begins anew finds it so, at once.
        let again = Followers::new(world.store.clone()).expect("threads");
        again.configure([(ceid(2), None)].into());
        again.settle_now().expect("looked");
        assert_eq!(again.standings().of(ceid(2)).map(|standing| standing.state), Some(State::Away));
        // Both come back.
        world.follow();
        world.comes_to_agree().await;
        for node in world.nodes {
            node.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_log_is_cut_by_and_by() {
    with_store(async |store| {
        let followers = Followers::with_log(store.clone(), Duration::from_millis(5), 3).expect("threads");
        store.begin_copy(life(9), "e1".into(), 0, vec![named("personal_ring_groups")]).await.expect("begun");
        let changes = (1..=10).map(|seq| schemas::data::sync::Change {
            seq,
            form: named("personal_ring_groups"),
            before: None,
            after: Some(group(&seq.to_string(), "One")),
            at_ms: 0,
        });
        store.apply(life(9), 10, changes.collect()).await.expect("applied");
        until("the log is cut", async || store.pruned() == 7).await;
        assert_eq!(store.changes(0, 100).await.expect("read").len(), 3);
        drop(followers);
    })
    .await;
}
