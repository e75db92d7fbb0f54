//! What the metrics say of the copies: how many nodes are in which state, and how old the oldest copy is. Taken every few
//! seconds, since an age grows while nothing happens.

use std::time::Duration;

use schemas::domain::Ceid;

use super::standing::{Standing, Standings, State};
use crate::storage::change::now_ms;

const EVERY: Duration = Duration::from_secs(5);
/// With the label that it has.
const STATES: [(State, &str); 5] = [
    (State::Connecting, "connecting"),
    (State::Copying, "copying"),
    (State::Current, "current"),
    (State::Away, "away"),
    (State::Imported, "imported"),
];

/// Keeps the gauges, until its runtime ends.
pub(super) async fn keep(standings: Standings) {
    let mut turn = tokio::time::interval(EVERY);
    loop {
        turn.tick().await;
        let all = standings.all();
        for (state, label) in STATES {
            metrics::gauge!("oig_data_nodes", "state" => label).set(count(&all, state) as f64);
        }
        metrics::gauge!("oig_data_oldest_copy_age_seconds").set(oldest_s(&all, now_ms()));
    }
}

fn count(all: &[(Ceid, Standing)], state: State) -> usize {
    all.iter().filter(|(_, standing)| standing.state == state).count()
}

/// Seconds since the copy that is oldest was known to be as its node's forms; 0 when there is none. Of a node that was not heard
/// since the start nobody knows it: it counts by its state alone; and so does one whose forms come by files, which grow old.
fn oldest_s(all: &[(Ceid, Standing)], now_ms: i64) -> f64 {
    let oldest_ms = all.iter().filter(|(_, standing)| standing.state != State::Imported);
    let oldest_ms = oldest_ms.filter_map(|(_, standing)| standing.as_of_ms).min();
    oldest_ms.map_or(0.0, |at_ms| now_ms.saturating_sub(at_ms).max(0) as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_counted_by_state_and_the_copy_that_is_oldest_counts() {
        let of = |number: u16, state: State, as_of_ms: Option<i64>| {
            (
                Ceid::new(number).expect("a node"),
                Standing { state, as_of_ms, seq: 0, newest: None, delay_ms: None, fault: None },
            )
        };
        let all = [
            of(1, State::Current, Some(9_000)),
            of(2, State::Away, Some(4_500)),
            of(3, State::Away, None),
            of(4, State::Copying, Some(8_000)),
            of(5, State::Imported, Some(1)),
        ];
        let counted: Vec<_> = STATES.iter().map(|(state, label)| (*label, count(&all, *state))).collect();
        assert_eq!(counted, [("connecting", 0), ("copying", 1), ("current", 1), ("away", 2), ("imported", 1)]);
        for (nodes, now_ms, age) in
            [(&all[..], 10_000, 5.5), (&all[..], 1_000, 0.0), (&all[2..3], 10_000, 0.0), (&all[..0], 10_000, 0.0)]
        {
            assert!((oldest_s(nodes, now_ms) - age).abs() < f64::EPSILON, "{now_ms}: {age}");
        }
    }
}
