//! What breaks, and when that is over.

use std::fmt::Write as _;

use oig::sim::faults::{AnswerFault, Fault, FrameFault, LinkFault, Which};
use schemas::contract::cc::EventCauseType;

use super::oracle::Excuse;
use super::story::{SOCKET_SLACK_MS, Story, Weather};
use super::world::{Application, World};

impl Story {
    /// Nothing is done for longer than clocks may differ: in real time what happens next to the edge
    /// of an excuse could be on one side of it for the switch and on the other for the gateway.
    async fn calm(&self, world: &World) {
        world.pass(u64::try_from(4 * SOCKET_SLACK_MS).expect("small")).await;
    }

    pub async fn break_something(&mut self, world: &World) {
        let node = self.chance.below(2);
        let for_ms = 500 + i64::try_from(self.chance.below(20_000)).expect("small");
        let for_ms = if self.real { for_ms % 1_500 } else { for_ms };
        let links = matches!(self.weather, Weather::Links | Weather::Everything);
        let frames = matches!(self.weather, Weather::Frames | Weather::Everything);
        let (name, fault, lasts_ms) = match self.chance.below(9) {
            _ if self.weather == Weather::Drops => {
                ("a frame dropped", Fault::Frame { event: None, nth: 1, deed: FrameFault::Drop }, i64::MAX)
            }
            0 if links => ("link closed", link(LinkFault::Close, Which::Gateways, for_ms), for_ms),
            1 if links => ("link reset", link(LinkFault::Reset, Which::Gateways, for_ms), for_ms),
            // A short silence is found by the next look at a device: too long for real time.
            2 if links && !self.real => ("link mute", link(LinkFault::Mute, Which::Gateways, for_ms), for_ms),
            3 if links => ("node restarted", Fault::Restart { down_ms: for_ms }, for_ms),
            4 if links => ("node without power", Fault::Power { down_ms: for_ms }, for_ms),
            5 if links => {
                // Calls across the nodes end; that is true, and no excuse.
                let fault = link(LinkFault::Close, Which::Partners, for_ms);
                let _ = writeln!(self.deeds, "{} partners of node {} parted for {for_ms}", world.clock.now(), node + 1);
                return world.nodes[node].fault(fault).await.expect("alive");
            }
            6 if frames => {
                let deed = *self.chance.pick(&[FrameFault::Drop, FrameFault::Double, FrameFault::Garble]);
                let nth = 1 + u32::try_from(self.chance.below(3)).expect("small");
                ("a frame broken", Fault::Frame { event: None, nth, deed }, i64::MAX)
            }
            7 if frames => (
                "answers late",
                Fault::Answer { service: None, how: AnswerFault::Delay { ms: for_ms.min(8_000) } },
                i64::MAX,
            ),
            8 if frames => ("answers twice", Fault::Answer { service: None, how: AnswerFault::Twice }, i64::MAX),
            _ => return,
        };
        if self.real {
            self.calm(world).await;
        }
        let now = world.clock.now();
        let _ = writeln!(self.deeds, "{now} {name} at node {} for {lasts_ms}", node + 1);
        world.nodes[node].fault(fault).await.expect("alive");
        let over_ms = if lasts_ms == i64::MAX {
            // It strikes some time later, or lasts: until it is taken back.
            world.pass(u64::try_from(self.chance.below(20_000)).expect("small")).await;
            for _ in 0..4 {
                self.hand(world).await;
                world.settle().await;
            }
            world.nodes[node].heal().await.expect("alive");
            world.clock.now()
        } else {
            now + lasts_ms
        };
        self.excuses.push(Excuse { node, name, from_ms: now, over_ms });
        if self.real {
            world.until("every monitor at the node is set again", |w| restored(&w.applications, node, now)).await;
            self.calm(world).await;
        }
    }
}

/// Whether every application has heard of each of its phones at the node that it is monitored again.
pub fn restored(applications: &[Application], node: usize, since_ms: i64) -> bool {
    applications.iter().all(|application| {
        let heard = application.heard.borrow();
        application.watched.iter().filter(|phone| phone.node == node).all(|phone| {
            heard.iter().filter(|h| h.at_ms >= since_ms).filter_map(|h| h.event.call_event.as_ref()).any(|call| {
                call.object_id == phone.object && call.cause == Some(EventCauseType::ControllerCommsRestored)
            })
        })
    })
}

fn link(mode: LinkFault, which: Which, for_ms: i64) -> Fault {
    Fault::Link { mode, which, for_ms }
}
