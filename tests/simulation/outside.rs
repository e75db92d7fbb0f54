//! What people outside do.

use std::fmt::Write as _;

use oig::sim::switch::OutsideDeed;
use oig::sim::truth::{TruthOutside, TruthState};

use super::places::DIRECT_IN;
use super::story::Story;
use super::world::World;

/// Numbers outside as they are dialled: one that rings, one that answers, and those that cannot be reached.
pub const OUTSIDE: [&str; 8] =
    ["95550150", "95550150", "95550151", "95550197", "95550197", "95550199", "95550198", "95550196"];

impl Story {
    /// Somebody outside answers, hangs up, or calls in.
    pub async fn outside(&mut self, world: &World) {
        let node = self.chance.below(2);
        let there = world.nodes[node].truth_now().await.expect("alive").outside.unwrap_or_default();
        let deed = match there.is_empty() || self.chance.percent(40) {
            true => self.call_in(),
            false => {
                let TruthOutside { id, state, .. } = *self.chance.pick(&there);
                let answers = state == TruthState::Alerting && self.chance.percent(75);
                if answers { OutsideDeed::Answer(id) } else { OutsideDeed::HangUp(id) }
            }
        };
        let done = world.nodes[node].outside(deed.clone()).await;
        let _ = writeln!(self.deeds, "{} outside {deed:?} {done:?}", world.clock.now());
    }

    fn call_in(&mut self) -> OutsideDeed {
        let from = self.chance.percent(75).then(|| format!("+1514555{:04}", self.chance.below(3)));
        let name = self.chance.percent(50).then(|| "Caller, A".to_owned());
        let extension = if self.chance.percent(15) { "1010".to_owned() } else { self.extension() };
        OutsideDeed::Call { from, name, to: format!("{DIRECT_IN}{extension}") }
    }
}
