//! What the journal costs on the path of an event: the same events without it and with it, in turns, as ratios of one
//! run.

use std::path::PathBuf;

use anyhow::Context as _;

use super::report::Figure;
use super::{Plan, events};

/// Without it, with it: each way first once, so that what changes on the machine meanwhile is shared.
const TURNS: [bool; 4] = [false, true, true, false];
/// Figures of the events, as they are compared.
const COMPARED: [(&str, &str); 3] = [
    ("event to poll, p50", "journal to none, event p50"),
    ("event to poll, p99", "journal to none, event p99"),
    ("event, gateway's CPU", "journal to none, gateway's CPU"),
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
    let (mut without, mut with) = ([0.0; COMPARED.len()], [0.0; COMPARED.len()]);
    for (turn, journal) in TURNS.into_iter().enumerate() {
        let journal = journal.then(|| folder.0.join(turn.to_string()));
        let sums = if journal.is_some() { &mut with } else { &mut without };
        let figures = events::measure(&Plan { span: plan.span / 2, journal, ..plan.clone() })?;
        for (sum, (name, _)) in sums.iter_mut().zip(COMPARED) {
            *sum += figures.iter().find(|figure| figure.name == name).context(name)?.value;
        }
    }
    let turns = TURNS.len() as f64 / 2.0;
    let figure = |at: usize| {
        let (without, with) = (without[at] / turns, with[at] / turns);
        let note = format!("{with:.2} with a journal in {}, {without:.2} without", folder.0.display());
        Figure::new(COMPARED[at].1, with / without, "ratio").noted(note)
    };
    Ok((0..COMPARED.len()).map(figure).collect())
}
