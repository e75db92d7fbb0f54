//! What the journal costs on the path of an event, and what the flight record does: the same events without it and with
//! it, in turns, as ratios of one run.

use std::path::PathBuf;

use anyhow::Context as _;

use super::report::Figure;
use super::{Plan, events};

/// Without it, with it: each way first once, so that what changes on the machine meanwhile is shared.
const TURNS: [bool; 4] = [false, true, true, false];
/// Figures of the events that are compared, and how the ratios of each are called.
const COMPARED: [(&str, &str, &str); 3] = [
    ("event to poll, p50", "journal to none, event p50", "flight record to none, event p50"),
    ("event to poll, p99", "journal to none, event p99", "flight record to none, event p99"),
    ("event, gateway's CPU", "journal to none, gateway's CPU", "flight record to none, gateway's CPU"),
];

/// The journals of the turns; removed with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // there is none when nothing was begun
    }
}

/// Each figure with a journal, divided by that without one.
pub(super) fn measure(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder(std::env::temp_dir().join(format!("oig-bench-{}", std::process::id())));
    let [without, with] =
        in_turns(plan, |turn, with| Plan { journal: with.then(|| folder.0.join(turn.to_string())), ..plan.clone() })?;
    let figure = |((_, name, _), (with, without)): (_, (f64, f64))| {
        let note = format!("{with:.2} with a journal in {}, {without:.2} without", folder.0.display());
        Figure::new(name, with / without, "ratio").noted(note)
    };
    Ok(COMPARED.into_iter().zip(with.into_iter().zip(without)).map(figure).collect())
}

/// Each figure with a flight record, divided by that without one.
pub(super) fn measure_flight(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    let [without, with] = in_turns(plan, |_, with| Plan {
        flight_record: if with { plan.flight_record } else { Some(0) },
        ..plan.clone()
    })?;
    let figure = |((_, _, name), (with, without)): (_, (f64, f64))| {
        Figure::new(name, with / without, "ratio").noted(format!("{with:.2} with it, {without:.2} without"))
    };
    Ok(COMPARED.into_iter().zip(with.into_iter().zip(without)).map(figure).collect())
}

/// The mean of each figure without and with what is asked about.
fn in_turns(plan: &Plan, of: impl Fn(usize, bool) -> Plan) -> anyhow::Result<[[f64; COMPARED.len()]; 2]> {
    let mut sums = [[0.0; COMPARED.len()]; 2];
    for (turn, with) in TURNS.into_iter().enumerate() {
        let figures = events::measure(&Plan { span: plan.span / 2, ..of(turn, with) })?;
        for (sum, (name, ..)) in sums[usize::from(with)].iter_mut().zip(COMPARED) {
            *sum += figures.iter().find(|figure| figure.name == name).context(name)?.value;
        }
    }
    Ok(sums.map(|each| each.map(|sum| sum / (TURNS.len() as f64 / 2.0))))
}
