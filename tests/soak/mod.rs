//! The soak: real gateway and nodes, as processes, that are killed, stopped and cut off while calls go on. What each
//! application heard is held against the truth by the oracle of `simulation`.
//!
//! `OIG_SOAK_MINUTES`, `OIG_SOAK_SEED` and `OIG_SOAK_NODES` choose how long, which story and how large a cluster;
//! `scripts/soak` sets them. The seed draws the faults and what people do, in order; when each comes depends on how
//! quickly the processes get there.

mod lab;
mod listeners;
mod pair;
mod reader;
mod report;
mod story;
mod trouble;
mod unseen;

use std::time::Duration;

use self::story::Story;

/// Share of the changes, in percent, that faults may excuse.
const EXCUSED_PERCENT: f64 = 2.0;
/// Part of `scripts/test`.
const MINUTES: u64 = 1;
const NODES: u64 = 4;

#[test]
fn soak() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let minutes = number("OIG_SOAK_MINUTES").unwrap_or(MINUTES);
    let seed = number("OIG_SOAK_SEED").unwrap_or(1);
    let nodes = number("OIG_SOAK_NODES").unwrap_or(NODES);
    let nodes = usize::try_from(nodes).expect("a number of nodes");
    let report = actix::System::new().block_on(Story::tell(seed, Duration::from_secs(60 * minutes), nodes));
    println!("{report}");
    assert!(report.violations.is_empty(), "OIG_SOAK_SEED={seed}: {} violations", report.violations.len());
    assert!(report.excused_percent() <= EXCUSED_PERCENT, "too much was excused");
    assert!(report.faults.len() > 1 && report.restored > 0 && report.compared > 100, "hardly anything happened");
}
