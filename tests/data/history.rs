//! Changes at a node and by writers, at random, while streams break and gateways die: what each trigger tells is the history of
//! what it is for.
//!
//! `OIG_SEED=s` runs one seed, `OIG_SEEDS=n` that many.

use std::collections::BTreeMap;

use super::*;
use crate::simulation::chance::Chance;

const SEEDS: u64 = 2;
const STEPS: usize = 60;
/// Half seconds without an event after which none is to come.
const SILENT: usize = 20;
const NUMBERS: [&str; 4] = ["1800", "1801", "1802", "1803"];
const DEPARTMENTS: [&str; 3] = ["Sales", "Support", "Paris"];

/// A change of an entry of the directory: its number, and the department before and after.
type Change = (&'static str, Option<&'static str>, Option<&'static str>);

/// The directory as it is at the node, and what was done to it.
#[derive(Default)]
struct Directory {
    now: BTreeMap<&'static str, &'static str>,
    history: Vec<Change>,
}

impl Directory {
    fn is_done(&mut self, (number, before, after): Change) {
        match after {
            Some(department) => self.now.insert(number, department),
            None => self.now.remove(number),
        };
        self.history.push((number, before, after));
    }
}

impl Scene {
    /// A person at the node does it.
    async fn by_hand(&self, (number, _, after): Change) {
        let body = match after {
            Some(department) => {
                json!({ "set": { "name": "Archer, Maya", "number": number, "department": department, "privacy": false } })
            }
            None => json!({ "remove": ["Archer, Maya", number] }),
        };
        self.hand("telephone_directory", body).await;
    }

    /// An application does it. Whether it was done: what it has read may be older than what the node has.
    async fn by_writer(&self, (number, before, after): Change) -> bool {
        let (method, sql) = match (before, after) {
            (None, Some(department)) => (
                Method::POST,
                format!(
                    "INSERT INTO telephone_directory (name, number, department, privacy) \
                     VALUES ('Archer, Maya', '{number}', '{department}', FALSE)"
                ),
            ),
            (_, Some(department)) => (
                Method::PUT,
                format!("UPDATE telephone_directory SET department = '{department}' WHERE number = '{number}'"),
            ),
            (_, None) => (Method::DELETE, format!("DELETE FROM telephone_directory WHERE number = '{number}'")),
        };
        let answer = self.change(method, &sql).await;
        match answer.status {
            200 => answer.body["rows"] == 1,
            409 => false,
            _ => panic!("{sql}: {} {}", answer.status, answer.body),
        }
    }

    /// Asks until so many are there; fewer when nothing more comes.
    async fn hears(&self, heard: &mut Vec<Value>, enough: usize) {
        let mut silent = 0;
        loop {
            let after = heard.last().map_or(0, |event: &Value| event["number"].as_u64().expect("a number"));
            let more = self.events(&[("after", &after.to_string()), ("timeout", "500")]).await;
            silent = if more.is_empty() { silent + 1 } else { 0 };
            heard.extend(more);
            if heard.len() >= enough || silent == SILENT {
                return;
            }
        }
    }
}

fn told(event: &Value) -> String {
    let row = if event["after"].is_object() { &event["after"] } else { &event["before"] };
    let department = |of: &str| event[of]["department"].as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", row["number"].as_str().unwrap_or("?"), department("before"), department("after"))
}

async fn run(seed: u64) {
    let mut chance = Chance::new(seed);
    let mut scene = Scene::advanced().await;
    // What each is for, in our words.
    type IsFor = fn(&str) -> bool;
    let wanted: [(Value, IsFor); 3] = [
        (json!({ "database": scene.database(), "view": "telephone_directory" }), |_| true),
        (json!({ "database": "cluster", "view": "telephone_directory", "where": "number = '1801'" }), |n| n == "1801"),
        (
            json!({ "database": "cluster", "view": "telephone_directory", "columns": ["department"], "where": "number > '1801'" }),
            |n| n > "1801",
        ),
    ];
    let mut triggers = Vec::new();
    for (body, is_for) in wanted {
        triggers.push((scene.trigger(body).await, is_for));
    }
    let mut directory = Directory::default();
    let mut heard: Vec<Value> = Vec::new();
    for _ in 0..STEPS {
        match chance.below(16) {
            0 => {
                let after = chance.below(3);
                scene.node.hands.fault("forms", json!({ "cut_after": after })).await;
            }
            1 => scene.node.hands.fault("forms", json!({ "double": true })).await,
            2 => {
                // What is done meanwhile is heard by the next one.
                scene.gateway.process.kill();
                for department in DEPARTMENTS {
                    let number = *chance.pick(&NUMBERS);
                    let change = (number, directory.now.get(number).copied(), Some(department));
                    if change.1 != change.2 {
                        scene.by_hand(change).await;
                        directory.is_done(change);
                    }
                }
                scene.gateway.start_again().await;
                scene.current().await;
            }
            3 => scene.hears(&mut heard, 0).await,
            _ => {
                let number = *chance.pick(&NUMBERS);
                let before = directory.now.get(number).copied();
                let after = chance.percent(75).then(|| *chance.pick(&DEPARTMENTS));
                let change = (number, before, after);
                if before == after {
                    continue;
                }
                let done = if chance.percent(50) {
                    scene.by_hand(change).await;
                    true
                } else {
                    scene.by_writer(change).await
                };
                if done {
                    directory.is_done(change);
                }
            }
        }
    }
    scene.node.hands.heal().await;
    let expected = |is_for: IsFor| -> Vec<String> {
        let of = directory.history.iter().filter(|(number, ..)| is_for(number));
        of.map(|(number, before, after)| format!("{number} {} {}", before.unwrap_or("-"), after.unwrap_or("-")))
            .collect()
    };
    let all: usize = triggers.iter().map(|(_, is_for)| expected(*is_for).len()).sum();
    scene.hears(&mut heard, all).await;
    for (id, is_for) in &triggers {
        let own: Vec<&Value> = heard.iter().filter(|event| event["triggerId"] == id.as_str()).collect();
        assert_eq!(own.iter().map(|event| told(event)).collect::<Vec<_>>(), expected(*is_for), "OIG_SEED={seed}");
        let numbers: Vec<_> = own.iter().map(|event| event["number"].as_u64()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "OIG_SEED={seed}: {numbers:?}");
    }
    // And again for who asks for all of it.
    assert_eq!(scene.events(&[("after", "0"), ("timeout", "0")]).await, heard, "OIG_SEED={seed}");
    let at_node = scene.node.hands.form("telephone_directory").await;
    let kept = scene.sql("SELECT * FROM telephone_directory ORDER BY name, number").await.done();
    let names = kept["columns"].as_array().expect("columns").iter().map(|name| name.as_str().expect("a name"));
    // The node says of a row what is there.
    let row = |row: &Value| -> Value {
        let values = row.as_array().expect("a row").clone();
        names.clone().map(str::to_owned).zip(values).filter(|(_, value)| !value.is_null()).collect()
    };
    let rows: Vec<Value> = kept["rows"].as_array().expect("rows").iter().map(row).collect();
    assert_eq!(rows, at_node, "OIG_SEED={seed}: the copy is as the node's form");
}

#[tokio::test]
async fn whatever_breaks_what_each_trigger_tells_is_the_history_of_what_it_is_for() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("OIG_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("OIG_SEEDS").unwrap_or(SEEDS).min(SEEDS * 50),
    };
    for seed in seeds {
        run(seed).await;
    }
}
