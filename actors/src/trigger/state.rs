//! Which changes a trigger is for, and which of them it holds. Pure.
//!
//! It holds pointers to the changes that all triggers share, and no more of them than a bound: who reads late has the rest
//! sifted out of the log anew.

use std::collections::VecDeque;
use std::sync::Arc;

use schemas::data::Row;

use super::messages::{Found, Logged, Subscription};
use crate::policy;

pub(super) struct State {
    subscription: Arc<Subscription>,
    held: VecDeque<Arc<Logged>>,
    /// All that it is for after this one is held.
    from: u64,
    /// The newest that was looked at.
    looked_at: u64,
}

impl State {
    /// One that has heard of nothing after `from`.
    pub(super) fn new(subscription: Arc<Subscription>, from: u64) -> Self {
        let from = from.max(subscription.after);
        Self { subscription, held: VecDeque::new(), from, looked_at: from }
    }

    /// Gives whether there is something new.
    pub(super) fn fed(&mut self, changes: &[Arc<Logged>]) -> bool {
        let mut any = false;
        for change in changes.iter().filter(|change| change.number > self.looked_at) {
            if is_for(&self.subscription, change) {
                any = true;
                self.held.push_back(change.clone());
                if self.held.len() > policy::TRIGGER_HELD
                    && let Some(first) = self.held.pop_front()
                {
                    self.from = first.number;
                }
            }
        }
        self.looked_at = changes.last().map_or(self.looked_at, |last| last.number.max(self.looked_at));
        any
    }

    pub(super) fn after(&self, number: u64, most: usize) -> Found {
        // What was before the trigger was made is not for it.
        let number = number.max(self.subscription.after);
        if number < self.from {
            return Found::Sift { up_to: self.from };
        }
        let first = self.held.partition_point(|change| change.number <= number);
        let changes = self.held.range(first..).take(most).cloned().collect();
        Found::Here { changes, looked_at: self.looked_at }
    }

    pub(super) fn sift(&self, mut changes: Vec<Arc<Logged>>) -> Vec<Arc<Logged>> {
        changes.retain(|change| is_for(&self.subscription, change));
        changes
    }
}

fn is_for(subscription: &Subscription, change: &Logged) -> bool {
    let Subscription { ceid, form, columns, filter, after, .. } = subscription;
    if change.number <= *after || change.form != *form || ceid.is_some_and(|ceid| ceid != change.ceid) {
        return false;
    }
    if let (Some(before), Some(now)) = (&change.before, &change.after)
        && !columns.is_empty()
        && columns.iter().all(|at| before.0.get(*at) == now.0.get(*at))
    {
        return false;
    }
    let meets = |row: &Option<Row>| {
        row.as_ref().is_some_and(|row| filter.as_ref().is_none_or(|f| f.matches(row, change.ceid.get())))
    };
    meets(&change.before) || meets(&change.after)
}

#[cfg(test)]
mod tests {
    use schemas::data::sql::{Filter, Scope};
    use schemas::data::{Form, form};
    use schemas::domain::Ceid;
    use serde_json::json;

    use super::*;

    fn groups() -> &'static Form {
        form("personal_ring_groups").expect("a form")
    }

    fn group(number: &str, busy: bool) -> Row {
        groups().read(&json!({ "number": number, "name": "Sales", "one_busy_all_busy": busy })).expect("a row")
    }

    fn change(number: u64, before: Option<Row>, after: Option<Row>) -> Arc<Logged> {
        let ceid = Ceid::new(1).expect("a CEID");
        Arc::new(Logged { number, ceid, form: groups(), before, after, at_ms: 0 })
    }

    fn wants(change: impl FnOnce(&mut Subscription)) -> Subscription {
        let mut subscription = Subscription {
            id: 1,
            ceid: None,
            form: groups(),
            columns: Vec::new(),
            filter: None,
            condition: None,
            after: 0,
        };
        change(&mut subscription);
        subscription
    }

    fn numbers(found: Found) -> Vec<u64> {
        match found {
            Found::Here { changes, .. } => changes.iter().map(|change| change.number).collect(),
            Found::Sift { up_to } => panic!("to be sifted up to {up_to}"),
        }
    }

    #[test]
    fn a_trigger_is_for_what_it_names_and_for_nothing_else() {
        let condition = |text: &str| {
            Some(Filter::parse(groups(), text, Scope { cluster: false, advanced: true }).expect("a condition"))
        };
        let update = change(1, Some(group("1000", false)), Some(group("1000", true)));
        let insert = change(2, None, Some(group("1001", false)));
        let delete = change(3, Some(group("1001", false)), None);
        let column = |name: &str| groups().column(name).expect("a column");
        let other = Ceid::new(2).expect("a CEID");
        for (subscription, expected) in [
            (wants(|_| {}), vec![1, 2, 3]),
            (wants(|s| s.ceid = Ceid::new(1).ok()), vec![1, 2, 3]),
            (wants(|s| s.ceid = Some(other)), vec![]),
            (wants(|s| s.form = form("phones").expect("a form")), vec![]),
            (wants(|s| s.after = 1), vec![2, 3]),
            // Of an update the columns must differ; rows that come and go always do.
            (wants(|s| s.columns = vec![column("name")]), vec![2, 3]),
            (wants(|s| s.columns = vec![column("name"), column("one_busy_all_busy")]), vec![1, 2, 3]),
            // Before or after.
            (wants(|s| s.filter = condition("one_busy_all_busy")), vec![1]),
            (wants(|s| s.filter = condition("NOT one_busy_all_busy")), vec![1, 2, 3]),
            (wants(|s| s.filter = condition("number = '1001'")), vec![2, 3]),
            (wants(|s| s.filter = condition("name = 'Nobody'")), vec![]),
        ] {
            let mut state = State::new(subscription.clone().into(), 0);
            let any = state.fed(&[update.clone(), insert.clone(), delete.clone()]);
            assert_eq!((any, numbers(state.after(0, 10))), (!expected.is_empty(), expected), "{subscription:?}");
        }
    }

    #[test]
    fn what_was_fed_before_is_left_aside_and_what_is_too_much_is_to_be_sifted_anew() {
        let mut state = State::new(wants(|_| {}).into(), 0);
        let changes: Vec<_> = (1..=policy::TRIGGER_HELD as u64 + 2)
            .map(|number| change(number, None, Some(group("1001", false))))
            .collect();
        assert!(state.fed(&changes[..3]) && !state.fed(&changes[..3]));
        assert_eq!(numbers(state.after(1, 10)), [2, 3]);
        assert_eq!(numbers(state.after(0, 2)), [1, 2]);
        assert_eq!(numbers(state.after(3, 2)), [0; 0]);
        state.fed(&changes);
        assert_eq!(state.after(1, 10), Found::Sift { up_to: 2 });
        assert_eq!(numbers(state.after(2, 1)), [3]);
        assert_eq!(state.sift(changes[..2].to_vec()).len(), 2);
    }

    #[test]
    fn a_life_that_begins_late_has_what_was_before_sifted_out_of_the_log() {
        let state = State::new(wants(|s| s.after = 5).into(), 9);
        assert_eq!(state.after(0, 10), Found::Sift { up_to: 9 });
        assert_eq!(state.after(9, 10), Found::Here { changes: vec![], looked_at: 9 });
    }
}
