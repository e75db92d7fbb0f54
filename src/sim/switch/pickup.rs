//! Pickup: somebody answers at a line what rings at another, or goes on with what is held there, here or
//! at a partner node.
//!
//! Of what rings or is held at a partner's only the partner knows. It is asked, the line is kept for the call
//! meanwhile, and the command is settled by what the partner says: either way nothing has changed
//! here before. The partner keeps the call, and with it the path, as after a transfer.

use std::sync::Arc;

use schemas::csta::message::CallEventKind;
use schemas::domain::DeviceRef;

use super::command::Outcome;
use super::model::{By, CallNo, Done, LegNo, LegState, Line, Output, Pick, Place, Refusal, Target, Why};
use super::partner::{clipped, device_of};
use super::possible::PARTIES;
use super::route::{Route, party_of};
use super::{Step, Switch};
use crate::sim::peer::{Change, FarState, PartId, PeerMessage};

/// A partner that has not said anything by then is not waited for.
const PATIENCE_MS: i64 = 4_000;

impl Switch {
    /// Answers at a line what rings at another number.
    pub(super) fn pick_up(&mut self, by: By, line: Line, ringing: &Target, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        let dn = ringing.line.dn;
        if !self.is_number(dn) {
            return self.ask_to_pick(line, ringing, false, step);
        }
        let (leg, left) = self.ringing(ringing)?;
        if self.is_engaged(line) {
            return Err(Refusal::LineInUse);
        }
        if left == line {
            return Ok(self.answer(leg, step));
        }
        // What a member of a group picks up may ring there as well.
        let call = self.state.legs.get(&leg).map(|l| l.call);
        if let Some(own) = self.leg_at(line, call).filter(|l| self.is_rung(*l)) {
            return Ok(self.answer(own, step));
        }
        if self.is_taken(line) {
            return Err(Refusal::LineInUse);
        }
        self.may_pick(leg, &line.dn.to_string())?;
        self.take_over(line, leg, left, step)
    }

    /// A call goes on at another line of this node.
    pub(super) fn take_over(&mut self, line: Line, leg: LegNo, left: Line, step: &mut Step<'_>) -> Outcome {
        self.unfollow(line, leg, step);
        let Some((call, from)) = self.take_off(leg, left, self.named(line), step) else {
            return Err(Refusal::NoCallToAnswer);
        };
        let picked = self.join(call, Place::Line(line), LegState::Connected, Why::CallPickup, step);
        self.update(call, Change::PickedUp, &from, None, None, step);
        self.connect(picked, Why::CallPickup, step);
        Ok(self.done(picked))
    }

    /// Whether a line has an active leg, or will have one as soon as a partner agrees.
    pub(super) fn is_engaged(&self, line: Line) -> bool {
        self.leg_in(line, LegState::is_active).is_some() || self.picks_at(line)
    }

    pub(super) fn picks_at(&self, line: Line) -> bool {
        self.state.picks.values().any(|pick| pick.line == line)
    }

    /// The leg that rings at a target, and its line.
    fn ringing(&self, target: &Target) -> Result<(LegNo, Line), Refusal> {
        if !self.plan.shared.contains_key(&target.line.dn) {
            self.phone(target.line)?;
        }
        let leg = match &target.call {
            Some(key) => {
                let call = self.state.by_key.get(key.as_str()).copied();
                self.leg_at(target.line, call).ok_or(Refusal::UnknownConnection)?
            }
            None => {
                let shown = self.number_of(target.line);
                let mut rung =
                    self.lines_at(shown).into_iter().filter_map(|line| self.leg_in(line, |s| s == LegState::Alerting));
                rung.next().or_else(|| self.rung_elsewhere(target.line.dn)).ok_or(Refusal::NoCallToAnswer)?
            }
        };
        match self.state.legs.get(&leg).map(|l| (l.state, l.place.line())) {
            Some((LegState::Alerting, Some(line))) => Ok((leg, line)),
            _ => Err(Refusal::NoCallToAnswer),
        }
    }

    /// Nobody answers a call of their own, and a callback is for whoever asked for it.
    fn may_pick(&self, leg: LegNo, number: &str) -> Result<(), Refusal> {
        if self.is_call_back(leg) {
            return Err(Refusal::NoCallToAnswer);
        }
        let own = self.opposite(leg).iter().any(|l| self.parties_of(*l).iter().any(|d| d.number == number));
        if own { Err(Refusal::WrongState) } else { Ok(()) }
    }

    /// A phone rings no more, as somebody else answers: the call, and who was rung.
    fn take_off(&mut self, leg: LegNo, left: Line, to: DeviceRef, step: &mut Step<'_>) -> Option<(CallNo, DeviceRef)> {
        let call = self.state.legs.get(&leg)?.call;
        let from = self.device_of(leg);
        self.set_timer(call, None);
        self.part_with(leg, Why::CallPickup, step);
        let rung = self.stop_ringing(call, Why::CallPickup, step);
        let entry = self.state.calls.get_mut(&call)?;
        entry.redirected = Some(from.clone());
        let entry = entry.clone();
        let who = (from.clone(), from.clone());
        self.tell_left(&entry, &rung, &to, Why::CallPickup, step);
        self.tell_way(CallEventKind::Diverted, &entry, who, Some(to), Why::CallPickup, &[left], step);
        Some((call, from))
    }

    /// Asks the partner whose number it is for what rings, or is held, there.
    pub(super) fn ask_to_pick(&mut self, line: Line, at: &Target, held: bool, step: &mut Step<'_>) -> Outcome {
        let Route::Partner(peer) = self.route(&at.line.dn.to_string()) else { return Err(Refusal::UnknownDevice) };
        if !self.state.peers.contains(&peer) {
            return Err(Refusal::Unreachable);
        }
        if self.is_engaged(line) || self.is_taken(line) {
            return Err(Refusal::LineInUse);
        }
        let part = self.next_part();
        self.state.picks.insert(part, Pick { line, peer, until_ms: step.now_ms + PATIENCE_MS });
        let by = party_of(&self.named(line));
        let (ringing, call) = (party_of(&at.line.device()), at.call.clone());
        step.out.push(Output::Peer(peer, PeerMessage::PickUp { part, by, ringing, call, held }));
        Ok(Done { waits: Some(part.number), ..Done::default() })
    }

    /// A partner wants what rings here, or what is held.
    pub(super) fn asked_to_pick(
        &mut self,
        from: u16,
        part: PartId,
        by: DeviceRef,
        wanted: Option<(Target, bool)>,
        step: &mut Step<'_>,
    ) {
        if self.state.by_part.contains_key(&part) {
            return;
        }
        let found = wanted.ok_or(Refusal::UnknownDevice).and_then(|(target, held)| {
            if held {
                return self.held_at(target.line.dn, None, &by.number);
            }
            let (leg, line) = self.ringing(&target)?;
            self.may_pick(leg, &by.number)?;
            Ok((leg, line))
        });
        let (leg, left) = match found {
            Ok(found) => found,
            Err(why) => return step.out.push(Output::Peer(from, PeerMessage::Refused { part, why })),
        };
        let Some((call, rung)) = self.take_off(leg, left, by.clone(), step) else { return };
        let place = Place::Far { part, peer: from, party: by, beyond: Vec::new() };
        let picked = self.join(call, place, LegState::Connected, Why::CallPickup, step);
        self.update(call, Change::PickedUp, &rung, None, Some(picked), step);
        self.connect(picked, Why::CallPickup, step);
        let (Some(entry), waited) = (self.state.calls.get(&call), self.others(picked)) else { return };
        let mut parties = waited.iter().flat_map(|l| self.parties_of(*l)).map(|d| party_of(&d));
        let Some(party) = parties.next() else { return };
        let beyond = parties.take(PARTIES).collect();
        let holds = waited.iter().all(|l| self.state.legs.get(l).is_some_and(|l| l.state == LegState::Held));
        let state = if holds { FarState::Held } else { FarState::Connected };
        let (gcid, redirected) = (entry.gcid.to_string(), party_of(&rung));
        let (calling, called) =
            (Box::new(party_of(&entry.calling)), entry.called.as_ref().map(|called| Box::new(party_of(called))));
        let picked_up = |part| PeerMessage::Picked { part, gcid, calling, called, redirected, party, beyond, state };
        self.say(picked, picked_up, step);
    }

    /// The partner gives the call.
    pub(super) fn picked_there(&mut self, from: u16, picked: PeerMessage, step: &mut Step<'_>) {
        let PeerMessage::Picked { part, gcid, calling, called, redirected, party, beyond, state } = picked else {
            return;
        };
        let Some(pick) = self.asked(from, part) else {
            // It was given up: the partner would keep the leg for ever.
            let cause = Why::NormalClearing;
            return step.out.push(Output::Peer(from, PeerMessage::Clear { part, cause }));
        };
        let call = self.new_call(Some(clipped(&gcid).into()), device_of(*calling));
        let Some(entry) = self.state.calls.get_mut(&call) else { return };
        entry.called = called.map(|called| device_of(*called));
        entry.redirected = Some(device_of(redirected));
        let (key, gcid) = (Some(Arc::clone(&entry.key)), Some(Arc::clone(&entry.gcid)));
        let done = Done { call: key, gcid, ..Done::default() };
        step.out.push(Output::Settled(part.number, Ok(done)));
        let beyond = beyond.into_iter().take(PARTIES).map(device_of).collect();
        let place = Place::Far { part, peer: from, party: device_of(party), beyond };
        let waited = if state == FarState::Held { LegState::Held } else { LegState::Connected };
        self.join(call, place, waited, Why::CallPickup, step);
        let answers = self.join(call, Place::Line(pick.line), LegState::Connected, Why::CallPickup, step);
        self.tell_all(CallEventKind::Established, answers, Why::CallPickup, step);
    }

    pub(super) fn pick_refused(&mut self, from: u16, part: PartId, why: Refusal, step: &mut Step<'_>) {
        if self.asked(from, part).is_some() {
            step.out.push(Output::Settled(part.number, Err(why)));
        }
    }

    /// What a partner was asked for, which it has answered now.
    fn asked(&mut self, peer: u16, part: PartId) -> Option<Pick> {
        self.state.picks.get(&part).filter(|pick| pick.peer == peer)?;
        let pick = self.state.picks.remove(&part)?;
        self.touched.insert(pick.line.dn);
        Some(pick)
    }

    /// Those who wait for a partner in vain do not get the call.
    pub(super) fn give_up_picks(&mut self, vain: impl Fn(&Pick) -> bool, step: &mut Step<'_>) {
        let touched = &mut self.touched;
        self.state.picks.retain(|part, pick| {
            let given_up = vain(pick);
            if given_up {
                touched.insert(pick.line.dn);
                step.out.push(Output::Settled(part.number, Err(Refusal::Unreachable)));
            }
            !given_up
        });
    }
}
