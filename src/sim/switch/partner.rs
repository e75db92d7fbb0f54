//! Calls that stretch over the link to a partner node.
//!
//! Each node has a call of its own for its part, with the same Global Call ID; the other side's
//! leg is a far leg whose state is what the partner last said. What does not fit (a message that
//! crossed another) is ignored, or answered with a clear when it is about a part that is not here.

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Dn};

use super::model::{LegNo, LegState, Line, Output, Place, Timer, Why};
use super::route::party_of;
use super::{Step, Switch};
use crate::sim::peer::{PartId, PeerMessage, PeerParty};

impl Switch {
    pub(super) fn partner_up(&mut self, peer: u16, step: &mut Step<'_>) {
        // A link that comes up anew without having been seen to go down.
        self.partner_down(peer, step);
        self.state.peers.insert(peer);
        let parts = self.far_legs(peer).into_iter().map(|(part, _)| part).collect();
        step.out.push(Output::Peer(peer, PeerMessage::Sync { parts }));
    }

    /// Calls across lose their far leg, and with it end.
    pub(super) fn partner_down(&mut self, peer: u16, step: &mut Step<'_>) {
        self.state.peers.remove(&peer);
        for (_, leg) in self.far_legs(peer) {
            self.leave(leg, Why::PeerLost, step);
        }
    }

    fn far_legs(&self, wanted: u16) -> Vec<(PartId, LegNo)> {
        let at_partner = |leg: &LegNo| {
            let place = self.state.legs.get(leg).map(|l| &l.place);
            matches!(place, Some(Place::Far { peer, .. }) if *peer == wanted)
        };
        self.state.by_part.iter().filter(|(_, leg)| at_partner(leg)).map(|(part, leg)| (*part, *leg)).collect()
    }

    pub(super) fn heard(&mut self, from: u16, message: PeerMessage, step: &mut Step<'_>) {
        if !self.state.peers.contains(&from) {
            return;
        }
        match message {
            PeerMessage::Hello { .. } | PeerMessage::Heartbeat => {}
            PeerMessage::Sync { parts } => {
                for part in parts {
                    self.known(from, part, true, step);
                }
            }
            PeerMessage::Setup { part, gcid, calling, called } => {
                self.asked_to_ring(from, part, &gcid, calling, &called, step);
            }
            PeerMessage::Alert { part, called } => {
                let Some((leg, LegState::Initiated)) = self.known(from, part, true, step) else { return };
                self.alerts_there(leg, called, step);
            }
            PeerMessage::Answer { part } => {
                let Some((leg, LegState::Initiated | LegState::Alerting)) = self.known(from, part, true, step) else {
                    return;
                };
                self.answered_there(leg, step);
            }
            PeerMessage::Hold { part } => {
                let Some((leg, LegState::Connected)) = self.known(from, part, true, step) else { return };
                self.set(leg, LegState::Held, Why::Normal, step);
                self.tell_all(CallEventKind::Held, leg, Why::Normal, step);
            }
            PeerMessage::Retrieve { part } => {
                let Some((leg, LegState::Held)) = self.known(from, part, true, step) else { return };
                self.set(leg, LegState::Connected, Why::Normal, step);
                self.tell_all(CallEventKind::Retrieved, leg, Why::Normal, step);
            }
            PeerMessage::Clear { part, cause } => {
                let Some((leg, state)) = self.known(from, part, false, step) else { return };
                if matches!(state, LegState::Initiated | LegState::Alerting) {
                    // The called side went away before it answered.
                    let why = if cause == Why::NormalClearing { Why::DestNotObtainable } else { cause };
                    self.part_failed(leg, why, step);
                } else {
                    self.leave(leg, cause, step);
                }
            }
            PeerMessage::Fail { part, cause } => {
                let Some((leg, LegState::Initiated | LegState::Alerting)) = self.known(from, part, false, step) else {
                    return;
                };
                self.part_failed(leg, cause, step);
            }
        }
    }

    /// The leg of a part and its state. A part that is not known is cleared at the partner, who
    /// would keep it for ever otherwise.
    fn known(&self, from: u16, part: PartId, heal: bool, step: &mut Step<'_>) -> Option<(LegNo, LegState)> {
        let leg = self.state.by_part.get(&part).copied();
        let found = leg.and_then(|l| Some((l, self.state.legs.get(&l)?)));
        match found {
            Some((leg, entry)) => match &entry.place {
                Place::Far { peer, .. } if *peer == from => Some((leg, entry.state)),
                _ => None,
            },
            None => {
                if heal {
                    let cause = Why::NormalClearing;
                    step.out.push(Output::Peer(from, PeerMessage::Clear { part, cause }));
                }
                None
            }
        }
    }

    fn asked_to_ring(
        &mut self,
        from: u16,
        part: PartId,
        gcid: &str,
        calling: PeerParty,
        called: &str,
        step: &mut Step<'_>,
    ) {
        if self.state.by_part.contains_key(&part) {
            return;
        }
        let line = called.parse::<Dn>().ok().filter(|dn| self.state.phones.contains_key(dn)).map(Line::prime);
        let hindrance = line.map_or(Some(Why::NumberUnallocated), |line| self.hindrance(line));
        let line = match (line, hindrance) {
            (Some(line), None) => line,
            (_, why) => {
                let cause = why.unwrap_or(Why::NumberUnallocated);
                step.out.push(Output::Peer(from, PeerMessage::Fail { part, cause }));
                return;
            }
        };
        let caller = device_of(calling);
        let call = self.new_call(Some(clipped(gcid).into()), caller.clone());
        let named = self.named(line);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.called = Some(named.clone());
        }
        self.join(call, Place::Far { part, peer: from, party: caller }, LegState::Delivered, Why::NewCall, step);
        let rung = self.join(call, Place::Line(line), LegState::Alerting, Why::NewCall, step);
        step.out.push(Output::Peer(from, PeerMessage::Alert { part, called: party_of(&named) }));
        self.tell_all(CallEventKind::Delivered, rung, Why::NewCall, step);
    }

    fn alerts_there(&mut self, leg: LegNo, called: PeerParty, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get_mut(&leg) else { return };
        let call = entry.call;
        let device = device_of(called);
        if let Place::Far { party, .. } = &mut entry.place {
            party.clone_from(&device);
        }
        if let Some(call) = self.state.calls.get_mut(&call) {
            call.called = Some(device);
        }
        self.set(leg, LegState::Alerting, Why::NewCall, step);
        for caller in self.others(leg) {
            self.set(caller, LegState::Delivered, Why::NewCall, step);
        }
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        self.tell_all(CallEventKind::Delivered, leg, Why::NewCall, step);
    }

    fn answered_there(&mut self, leg: LegNo, step: &mut Step<'_>) {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        self.set_timer(call, None);
        self.set(leg, LegState::Connected, Why::Normal, step);
        for caller in self.others(leg) {
            self.set(caller, LegState::Connected, Why::Normal, step);
        }
        self.tell_all(CallEventKind::Established, leg, Why::Normal, step);
    }

    /// The far called side is gone already; what is left is the caller's to hear.
    fn part_failed(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        self.part_with(leg, why, step);
        self.fail(call, why, step);
    }
}

/// Longest text that a partner may put into events here; frames have bounds, too.
const LONGEST_TEXT: usize = 64;

fn clipped(text: &str) -> &str {
    text.char_indices().nth(LONGEST_TEXT).map_or(text, |(end, _)| &text[..end])
}

fn device_of(party: PeerParty) -> DeviceRef {
    DeviceRef {
        name: party.name.as_deref().filter(|name| !name.is_empty()).map(|name| clipped(name).to_owned()),
        ..DeviceRef::number(clipped(&party.number))
    }
}
