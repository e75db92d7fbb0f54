//! What a node has configured, as forms: kept, changed by people at the node and by gateways, and served to gateways that keep a
//! copy.
//!
//! `store` has the rows and the newest changes, `rules` what a change must not do, `seed` what a plan begins with; `page` and
//! `stream` are what is said of them and `serve` the HTTP. The rows are made when somebody first asks: most nodes of a load are
//! never asked. Of what is configured the switch lives the presence of members of personal ring groups and whether such a group is
//! busy with one of them, in both ways; all else that it does is as its plan says, whatever the forms have come to. No gateway's
//! modules are used here.

mod broken;
mod page;
mod rules;
mod seed;
pub mod serve;
mod store;
mod stream;

pub use self::rules::Unfit;
pub use self::store::{Asked, Forms, KEPT, NotDone};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use schemas::data::sync::Stand;
use schemas::data::{Form, Key, Row, Value, form};
use schemas::domain::{Dn, Presence};
use tokio::sync::watch;

use self::page::Page;
use self::rules::value;
use self::store::News;
use super::core::{Deed, Hand};
use super::faults::FormsFault;
use super::node::{Clock, SimNodeHandle};
use super::plan::Plan;
use super::switch::Line;

const GROUPS: &str = "personal_ring_groups";
const MEMBERS: &str = "personal_ring_group_members";

/// Something of a form that people change at the switch, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Presence(Presence),
    OneBusyAllBusy { group: Dn, on: bool },
}

/// What people have set at the switch, where that is not as the plan says.
#[derive(Debug, Default)]
struct AtSwitch {
    /// Group and member.
    absent: BTreeSet<(Dn, Dn)>,
    one_busy: BTreeMap<Dn, bool>,
}

impl AtSwitch {
    fn take(&mut self, told: Told) {
        match told {
            Told::Presence(Presence { group, member, present }) => {
                self.absent.remove(&(group, member));
                if !present {
                    self.absent.insert((group, member));
                }
            }
            Told::OneBusyAllBusy { group, on } => {
                self.one_busy.insert(group, on);
            }
        }
    }
}

#[derive(Default)]
struct State {
    switch: AtSwitch,
    forms: Option<Forms>,
}

struct Shared {
    plan: Arc<Plan>,
    clock: Clock,
    /// Held for moments, and never across a wait.
    state: Mutex<State>,
    newest: watch::Sender<u64>,
}

/// The forms of one node; cheap to clone. They are there, and can be changed, after the node has stopped.
#[derive(Clone)]
pub struct FormsHandle(Arc<Shared>);

impl FormsHandle {
    pub(super) fn new(plan: Arc<Plan>, clock: Clock) -> Self {
        Self(Arc::new(Shared { plan, clock, state: Mutex::default(), newest: watch::Sender::new(0) }))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Forms) -> T) -> T {
        let Shared { plan, clock, state, .. } = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { switch, forms } = &mut *state;
        look(forms.get_or_insert_with(|| Forms::new(plan, switch, clock())))
    }

    /// Readers are told when it may have changed something.
    fn changing<T>(&self, change: impl FnOnce(&mut Forms) -> T) -> T {
        let (told, seq) = self.with(|forms| (change(forms), forms.seq()));
        self.0.newest.send_replace(seq);
        told
    }

    #[must_use]
    pub fn stand(&self) -> Stand {
        self.with(|forms| forms.stand())
    }

    /// All rows of a form, by key.
    #[must_use]
    pub fn rows(&self, form: &Form) -> Vec<Row> {
        self.with(|forms| forms.rows(form).cloned().collect())
    }

    #[must_use]
    pub fn row(&self, form: &Form, key: &Key) -> Option<Row> {
        self.with(|forms| forms.row(form, key).cloned())
    }

    /// Changes a row; the switch does not hear of it: see [`configure`].
    ///
    /// # Errors
    /// See [`NotDone`]; nothing has changed then.
    pub fn change(&self, form: &'static Form, asked: Asked) -> Result<u64, NotDone> {
        let at_ms = (self.0.clock)();
        self.changing(|forms| forms.change(form, asked, at_ms))
    }

    /// Number of the newest change, whenever there may be another. Waits for it as long as a handle is there.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    /// Whether a gateway at that address may read.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let Some(elements) = form("network_elements") else { return false };
        let is = |row: &Row| {
            let text = |column| match value(elements, row, column) {
                Value::Text(text) => text.as_str(),
                _ => "",
            };
            let at = text("address").parse().map(|at: IpAddr| at.to_canonical());
            text("element_type") == "gateway" && at == Ok(address.to_canonical())
        };
        self.with(|forms| forms.rows(elements).any(is))
    }

    /// People changed something at the switch.
    pub(super) fn told(&self, told: Told) {
        let at_ms = (self.0.clock)();
        let seq = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.switch.take(told);
            let Some(forms) = &mut state.forms else { return };
            follow(forms, told, at_ms);
            forms.seq()
        };
        self.0.newest.send_replace(seq);
    }

    pub(super) fn fault(&self, fault: FormsFault) {
        self.changing(|forms| match fault {
            FormsFault::Epoch => forms.lose_count(),
            fault => forms.broken.set(fault),
        });
    }

    /// Faults that have not struck are taken back.
    pub(super) fn heal(&self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(forms) = &mut state.forms {
            forms.broken = broken::Broken::default();
        }
    }

    /// How many faults have not struck yet.
    pub(super) fn broken(&self) -> usize {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forms.as_ref().map_or(0, |forms| forms.broken.count())
    }

    fn page(&self, form: &'static Form, after: Option<&Key>, limit: usize) -> Page {
        self.with(|forms| forms.page(form, after, limit))
    }

    fn has_since(&self, epoch: &str, since: u64) -> bool {
        self.with(|forms| forms.has_since(epoch, since))
    }

    fn news(&self, epoch: &str, since: u64, most: usize, bytes: usize) -> News {
        self.with(|forms| forms.news(epoch, since, most, bytes))
    }

    /// After how many lines the next stream breaks off.
    fn cut_stream(&self) -> Option<u64> {
        self.with(|forms| forms.broken.cut_stream.take())
    }

    /// So late is the answer to a change that was done.
    fn late_ms(&self) -> Option<u64> {
        self.with(|forms| forms.broken.late_ms.take())
    }
}

/// The row that says the same follows.
fn follow(forms: &mut Forms, told: Told, at_ms: i64) {
    match told {
        Told::OneBusyAllBusy { group, on } => {
            let Some(groups) = form(GROUPS) else { return };
            let key = vec![Value::Text(group.to_string())];
            forms.follow(groups, &key, "one_busy_all_busy", Value::Boolean(on), at_ms);
        }
        Told::Presence(Presence { group, member, present }) => {
            let Some(members) = form(MEMBERS) else { return };
            let is = |row: &&Row| {
                let named = |column, dn: Dn| *value(members, row, column) == Value::Text(dn.to_string());
                named("group_number", group) && named("number", member)
            };
            let key = forms.rows(members).find(is).map(|row| members.key(row));
            if let Some(key) = key {
                forms.follow(members, &key, "present", Value::Boolean(present), at_ms);
            }
        }
    }
}

/// Changes a row at a node, and lets the switch live what it can of it.
///
/// # Errors
/// See [`NotDone`]; nothing has changed then.
pub async fn configure(node: &SimNodeHandle, form: &'static Form, asked: Asked) -> Result<u64, NotDone> {
    let deed = match &asked {
        Asked::Set(row) => lived(form, row),
        Asked::Wanted(wanted) => wanted.after.as_ref().and_then(|row| lived(form, row)),
        Asked::Remove(_) => None,
    };
    let seq = node.forms().change(form, asked)?;
    if let Some((dn, deed)) = deed {
        // A group that is in the forms alone the switch does not know, and that is all right. It tells the forms in turn what it
        // did, so that they agree whoever was first.
        let _ = node.hand(Hand { line: Line { dn, button: 1 }, deed }).await;
    }
    Ok(seq)
}

/// What somebody would do at the switch to have it as a row says.
fn lived(form: &Form, row: &Row) -> Option<(Dn, Deed)> {
    let dn = |column| match value(form, row, column) {
        Value::Text(text) => text.parse::<Dn>().ok(),
        _ => None,
    };
    let on = |column| *value(form, row, column) == Value::Boolean(true);
    match form.name {
        GROUPS => Some((dn("number")?, Deed::OneBusyAllBusy(on("one_busy_all_busy")))),
        MEMBERS => Some((dn("number")?, Deed::Presence { group: dn("group_number")?, present: on("present") })),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
