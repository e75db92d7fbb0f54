//! Calls that stretch over the link to a partner node.
//!
//! Each node has a call of its own for its part, with the same Global Call ID; the other side's
//! leg is a far leg whose state is what the partner last said. What does not fit (a message that
//! crossed another) is ignored, or answered with a clear when it is about a part that is not here.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::csta::message::{CallEventKind, JoinKind};
use schemas::domain::{DeviceRef, Dn};

use super::forward::HOPS;
use super::model::{
    CallNo, CameIn, Joined, Joiner, Learnt, Leg, LegNo, LegState, Line, Output, Place, Target, Timer, Why,
};
use super::possible::PARTIES;
use super::route::party_of;
use super::{Step, Switch};
use crate::sim::peer::{Change, FarState, Forwarded, PartId, PeerMessage, PeerParty};

impl Switch {
    pub(super) fn partner_up(&mut self, peer: u16, step: &mut Step<'_>) {
        // A link that comes up anew without having been seen to go down.
        self.partner_down(peer, step);
        self.state.peers.insert(peer);
        self.watch_again(peer, step);
        self.post(peer, step);
        let parts = self.far_legs(peer).into_iter().map(|(part, _)| part).collect();
        step.out.push(Output::Peer(peer, PeerMessage::Sync { parts }));
        self.tell_keeps(peer, step);
    }

    /// Calls across lose their far leg: of two parties they end, and who transferred one there is
    /// rung again.
    pub(super) fn partner_down(&mut self, peer: u16, step: &mut Step<'_>) {
        self.state.peers.remove(&peer);
        self.give_up_picks(|pick| pick.peer == peer, step);
        self.forget_watches(peer);
        let mut halved = BTreeSet::new();
        for (_, leg) in self.far_legs(peer) {
            halved.extend(self.state.legs.get(&leg).map(|l| l.call));
            let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
            let rung = self.state.legs.get(&leg).is_some_and(|l| l.state == LegState::Alerting);
            if rung && call.is_some_and(|c| c.recall.is_some()) {
                self.part_failed(leg, Why::PeerLost, step);
            } else {
                self.leave(leg, Why::PeerLost, step);
            }
        }
        for call in halved {
            self.goes_on_alone(call, Why::PeerLost, step);
        }
        self.part_desks(peer, step);
        self.part_pair(peer, step);
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
            setup @ PeerMessage::Setup { .. } => self.asked_to_ring(from, setup, step),
            asked @ PeerMessage::CampOn { .. } => self.asked_to_wait(from, asked, step),
            PeerMessage::Watch { number, used } => self.watch(from, &number, used),
            PeerMessage::Free { number } => self.free_there(from, &number),
            PeerMessage::Message { number, from: who } => self.message_from(&number, &who, step),
            PeerMessage::Desk { ask, wish } => self.asked_by_host(from, ask, wish, step),
            PeerMessage::DeskDone { ask } => self.home_did(from, ask, step),
            PeerMessage::DeskRefused { ask, why } => self.home_refused(from, ask, why, step),
            PeerMessage::DeskGone { set, user } => self.gone_there(from, &set, &user, step),
            PeerMessage::Talks { talks } => self.hear_talks(from, talks),
            PeerMessage::Keeps { numbers } => self.kept_there(from, &numbers, step),
            PeerMessage::Home { number } => self.comes_home(from, &number, step),
            PeerMessage::Queued { part, called } => self.waits_there(from, part, called, step),
            PeerMessage::Alert { part, called, group } => {
                let Some((leg, LegState::Initiated | LegState::Waiting)) = self.known(from, part, true, step) else {
                    return;
                };
                self.alerts_there(leg, called, group, step);
            }
            PeerMessage::Reached { part, network } => {
                // Alerting: it rang elsewhere before, and was sent outside from there.
                let Some((leg, LegState::Initiated | LegState::Alerting)) = self.known(from, part, true, step) else {
                    return;
                };
                self.reached_there(leg, device_of(network), step);
            }
            PeerMessage::Answer { part, cause } => {
                let Some((leg, state)) = self.known(from, part, true, step) else { return };
                let waits = matches!(state, LegState::Initiated | LegState::Alerting | LegState::Waiting);
                // What was held there goes on at another line.
                let retrieved = state == LegState::Connected && cause == Why::CallPickup;
                if waits || retrieved {
                    self.connect(leg, cause, step);
                }
            }
            PeerMessage::Hold { part, cause } => {
                // Delivered: the hold crossed a transfer to somebody who still rings.
                let Some((leg, LegState::Connected | LegState::Delivered)) = self.known(from, part, true, step) else {
                    return;
                };
                self.set(leg, LegState::Held, cause, step);
                self.say_hold(leg, cause, step);
                self.tell_all(CallEventKind::Held, leg, cause, step);
            }
            PeerMessage::Retrieve { part, cause } => {
                let Some((leg, LegState::Held)) = self.known(from, part, true, step) else { return };
                self.retrieve(leg, cause, step);
            }
            member @ PeerMessage::Member { .. } => self.member_there(from, member, step),
            PeerMessage::PickUp { part, by, ringing, call, held } => {
                let at = Line::of(&device_of(ringing)).map(|line| Target { line, call });
                self.asked_to_pick(from, part, device_of(by), at.map(|at| (at, held)), step);
            }
            picked @ PeerMessage::Picked { .. } => self.picked_there(from, picked, step),
            PeerMessage::Refused { part, why } => self.pick_refused(from, part, why, step),
            update @ PeerMessage::Update { .. } => self.updated_there(from, update, step),
            PeerMessage::Digits { part, digits } => {
                let Some((leg, LegState::Connected)) = self.known(from, part, true, step) else { return };
                let keyed = digits.chars().filter(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
                let digits: String = keyed.take(LONGEST_TEXT).collect();
                self.tones(leg, &digits, step);
            }
            PeerMessage::Clear { part, cause } => {
                let Some((leg, state)) = self.known(from, part, false, step) else { return };
                if matches!(state, LegState::Initiated | LegState::Alerting | LegState::Waiting) {
                    // The called side went away before it answered.
                    let why = if cause == Why::NormalClearing { Why::DestNotObtainable } else { cause };
                    self.part_failed(leg, why, step);
                } else {
                    self.leave(leg, cause, step);
                }
            }
            PeerMessage::Fail { part, cause } => {
                let Some((leg, state)) = self.known(from, part, false, step) else { return };
                if matches!(state, LegState::Initiated | LegState::Alerting | LegState::Waiting) {
                    self.part_failed(leg, cause, step);
                } else {
                    // Nobody is rung here any more, but the other half is gone all the same.
                    self.leave(leg, cause, step);
                }
            }
        }
    }

    /// The leg of a part and its state. A part that is not known is cleared at the partner, who
    /// would keep it for ever otherwise.
    pub(super) fn known(&self, from: u16, part: PartId, heal: bool, step: &mut Step<'_>) -> Option<(LegNo, LegState)> {
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

    fn asked_to_ring(&mut self, from: u16, setup: PeerMessage, step: &mut Step<'_>) {
        let PeerMessage::Setup { part, gcid, calling, called, redirected, original, forwarded, network } = setup else {
            return;
        };
        if self.state.by_part.contains_key(&part) {
            return;
        }
        let outside = self.asked_outside(clipped(&called));
        let line = called.parse::<Dn>().ok().filter(|dn| self.is_number(*dn)).map(Line::prime);
        if line.is_none() && outside.is_none() {
            let cause = Why::NumberUnallocated;
            step.out.push(Output::Peer(from, PeerMessage::Fail { part, cause }));
            return;
        }
        let caller = device_of(calling);
        let call = self.new_call(Some(clipped(&gcid).into()), caller.clone());
        let named = line.map_or_else(|| DeviceRef::number(clipped(&called)), |line| self.named(line));
        let why = match &forwarded {
            Some(forwarded) => forwarded.cause,
            None if redirected.is_some() => Why::Redirected,
            None => Why::NewCall,
        };
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.called = Some(original.map_or_else(|| named.clone(), |first| device_of(*first)));
            entry.redirected = redirected.map(device_of);
            let caller = caller.number.clone();
            entry.came_in = network.map(|network| CameIn { caller, network: device_of(*network) });
            if let Some(forwarded) = forwarded {
                let Forwarded { cause, path } = *forwarded;
                entry.forwarded = Some(cause);
                entry.path = path.iter().take(HOPS).map(|number| clipped(number).to_owned()).collect();
            }
        }
        let place = Place::Far { part, peer: from, party: caller, beyond: Vec::new() };
        match (outside, line) {
            (Some(outside), _) => {
                self.join(call, place, LegState::Originated, why, step);
                match outside {
                    Ok((digits, number)) => self.call_outside(call, &digits, number, step),
                    Err(why) => self.fail(call, why, step),
                }
            }
            (None, Some(line)) => {
                self.join(call, place, LegState::Originated, why, step);
                match self.served_by(line.dn).filter(|node| *node != from) {
                    Some(node) => self.set_up(call, node, clipped(&called), step),
                    None => self.reach(call, line, why, step),
                }
            }
            (None, None) => {}
        }
    }

    fn alerts_there(&mut self, leg: LegNo, called: PeerParty, group: bool, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get_mut(&leg) else { return };
        let (number, why) = (entry.call, entry.cause);
        let device = device_of(called);
        if let Place::Far { party, .. } = &mut entry.place {
            party.clone_from(&device);
        }
        if let Some(call) = self.state.calls.get_mut(&number)
            && call.redirected.is_none()
        {
            call.called = Some(device.clone());
        }
        self.set(leg, LegState::Alerting, why, step);
        self.rings_there(number, &device, group);
        let anew = self.rings_anew(leg);
        for caller in self.others(leg) {
            self.hears_ringing(caller, why, step);
        }
        self.set_timer(number, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        if anew {
            self.update(number, Change::Rings { cause: why, group }, &device, None, Some(leg), step);
        }
        self.tell_all(CallEventKind::Delivered, leg, why, step);
    }

    /// Says to partners in a call who is there for them now; not to the one that said so itself.
    pub(super) fn update(
        &self,
        call: CallNo,
        how: Change,
        by: &DeviceRef,
        to: Option<&DeviceRef>,
        but: Option<LegNo>,
        step: &mut Step<'_>,
    ) {
        let Some(entry) = self.state.calls.get(&call) else { return };
        for leg in entry.legs.iter().filter(|l| Some(**l) != but) {
            let others = self.opposite(*leg);
            let mut parties = self.parties_for(*leg).into_iter().map(|d| party_of(&d));
            // A transfer to a busy phone: nobody is there yet, and who was dialled is said for now.
            let dialled = || to.filter(|_| matches!(how, Change::Transferred { .. })).map(party_of);
            let Some(party) = parties.next().or_else(dialled) else { continue };
            let beyond = parties.take(PARTIES).collect();
            let state = match others.as_slice() {
                [] => FarState::Alerting,
                [other] => match self.state.legs.get(other).map(|l| l.state) {
                    Some(LegState::Alerting | LegState::Initiated) => FarState::Alerting,
                    Some(LegState::Held) => FarState::Held,
                    _ => FarState::Connected,
                },
                several if several.iter().all(|l| self.is_rung(*l)) => FarState::Alerting,
                _ => FarState::Connected,
            };
            let boxed = |device: &DeviceRef| Box::new(party_of(device));
            let (by, to, gcid) = (party_of(by), to.map(boxed), entry.gcid.to_string());
            // Of its own half the partner knows better, when both change at once.
            let theirs = self.parties_of(*leg);
            let ours = |device: &&DeviceRef| !theirs.iter().any(|d| d.number == device.number);
            let calling = Some(&entry.calling).filter(ours).map(boxed);
            let called = entry.called.as_ref().filter(ours).map(boxed);
            let update = |part| PeerMessage::Update { part, how, by, to, party, beyond, gcid, calling, called, state };
            self.say(*leg, update, step);
        }
    }

    /// The other half of a call is another now.
    fn updated_there(&mut self, from: u16, update: PeerMessage, step: &mut Step<'_>) {
        let PeerMessage::Update { part, how, by, to, party, beyond, gcid, calling, called, state } = update else {
            return;
        };
        let Some((leg, known)) = self.known(from, part, true, step) else { return };
        if known == LegState::Initiated && how.diverts().is_none() {
            return;
        }
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(before) = self.state.calls.get(&number).cloned() else { return };
        let (by, to, now) = (device_of(by), to.map(|to| device_of(*to)), device_of(party));
        let beyond: Vec<DeviceRef> = beyond.into_iter().take(PARTIES).map(device_of).collect();
        let former = self.parties_of(leg);
        if let Some(Place::Far { party, beyond: others, .. }) = self.state.legs.get_mut(&leg).map(|l| &mut l.place) {
            (*party, *others) = (now.clone(), beyond);
        }
        let own: Vec<DeviceRef> = self.others(leg).into_iter().flat_map(|l| self.parties_of(l)).collect();
        if let Some(call) = self.state.calls.get_mut(&number) {
            let said = |device: Option<Box<PeerParty>>, known: Option<&DeviceRef>| match device {
                Some(device) => Some(device_of(*device)),
                None => own.iter().find(|d| known.is_some_and(|k| k.number == d.number)).or(own.first()).cloned(),
            };
            call.calling = said(calling, Some(&call.calling)).unwrap_or_else(|| call.calling.clone());
            call.called = said(called, call.called.as_ref()).or_else(|| call.called.clone());
            match how {
                Change::Transferred { .. } => call.redirected = None,
                Change::Diverted { .. } | Change::PickedUp => call.redirected = Some(by.clone()),
                // Who held the call is rung, not whom it was sent to once.
                Change::Rings { cause: Why::Recall, .. } => call.redirected = None,
                _ => {}
            }
        }
        let apart = how == Change::Split && self.all_talk(number);
        let why = if matches!(how, Change::Conferenced | Change::Split) { Why::Conference } else { Why::Transfer };
        self.rename(number, clipped(&gcid).into(), why, step);
        let rung = if let Change::Rings { cause, .. } = how { cause } else { Why::Transfer };
        // Whoever waited for digits to go outside meanwhile hears it ring again.
        let waits = |l: &LegNo| self.state.legs.get(l).is_some_and(|l| l.state == LegState::Originated);
        let waited: Vec<LegNo> = match known {
            LegState::Alerting => self.others(leg).into_iter().filter(waits).collect(),
            _ => Vec::new(),
        };
        self.far_state(leg, state, rung, step);
        match how {
            Change::Rings { cause, group } => {
                for caller in &waited {
                    self.set(*caller, LegState::Delivered, cause, step);
                }
                self.rings_there(number, &now, group);
            }
            // Who is rung here is rung for a number of this node's, which knows that by itself.
            Change::Transferred { group } => self.rings_there(number, &now, group && self.is_rung(leg)),
            Change::Diverted { .. } => self.rings_there(number, &now, false),
            _ => {}
        }
        let lines = self.lines_of(number);
        // Said once for each who is rung, and anew even of the number that a call was said to go to before.
        let rings = |l: &Leg| l.state == LegState::Alerting;
        let rings_now = matches!(how, Change::Rings { .. }) && self.state.legs.get(&leg).is_some_and(rings);
        // Its prime gives a call to the group under the number that the call had before.
        let handed_off = matches!(how, Change::Diverted { cause: Why::Handoff, .. });
        // Passed on only when it says something new: it could go round for ever otherwise.
        if former != self.parties_of(leg) || *before.gcid != *clipped(&gcid) || rings_now || handed_off {
            self.update(number, how, &by, to.as_ref(), Some(leg), step);
        }
        let Some(call) = self.state.calls.get(&number).cloned() else { return };
        match how {
            Change::Transferred { .. } | Change::Conferenced => {
                let transferred = matches!(how, Change::Transferred { .. });
                let kind = if transferred { JoinKind::Transferred } else { JoinKind::Conferenced };
                let own = self.others(leg).into_iter().flat_map(|l| self.parties_of(l));
                let all = own.chain(self.parties_of(leg));
                let parties = all.map(|device| Joiner { device, was: Arc::clone(&call.key) }).collect();
                let ended_gcid = (before.gcid != call.gcid).then_some(before.gcid);
                let told = Joined { ended_gcid, ..Joined::of(kind, &call, by, to, parties) };
                self.tell_joined(told, &lines, step);
            }
            Change::Dropped { cause } => {
                let who = (by.clone(), by);
                self.tell(CallEventKind::ConnectionCleared, &call, who, cause, &lines, step);
            }
            // To this half itself: who answered by itself meanwhile was told all of it when it began to ring.
            Change::Diverted { .. } if !handed_off && former == self.parties_of(leg) && self.all_answered(leg) => {}
            Change::Diverted { rings, cause } => {
                if call.timer.is_some() {
                    self.let_ring(number, step);
                }
                let (left, rung) = ((by.clone(), by), (now.clone(), now.clone()));
                self.tell_way(CallEventKind::Diverted, &call, left, Some(now), cause, &lines, step);
                if rings {
                    self.tell(CallEventKind::Delivered, &call, rung, cause, &lines, step);
                }
            }
            Change::Rings { cause, .. } => {
                self.tell(CallEventKind::Delivered, &call, (now.clone(), now), cause, &lines, step);
            }
            Change::PickedUp | Change::Answers => {}
            Change::Split if apart => {
                self.rekey(number);
                let who = (by.clone(), by);
                self.tell(CallEventKind::ConnectionCleared, &before, who.clone(), Why::Conference, &lines, step);
                let Some(call) = self.state.calls.get(&number).cloned() else { return };
                self.tell(CallEventKind::Established, &call, who, Why::Conference, &lines, step);
            }
            // It crossed a hold: the leg stays what it is, and learns of the other call.
            Change::Split => {
                let (key, calling) = (Arc::clone(&call.key), call.calling.clone());
                let witnesses = self.witnesses(&key, &lines);
                if !witnesses.is_empty() {
                    let learnt = Learnt { call: key, gcid: call.gcid, device: now, calling, witnesses };
                    step.out.push(Output::Learnt(learnt));
                }
            }
        }
    }

    /// Whether everybody at this half has answered.
    fn all_answered(&self, leg: LegNo) -> bool {
        let answered = |l: &Leg| matches!(l.state, LegState::Connected | LegState::Held);
        self.others(leg).into_iter().all(|l| self.state.legs.get(&l).is_some_and(answered))
    }

    fn all_talk(&self, call: CallNo) -> bool {
        let legs = self.state.calls.get(&call).map_or(&[][..], |c| c.legs.as_slice());
        legs.iter().all(|l| self.state.legs.get(l).is_some_and(|l| l.state == LegState::Connected))
    }

    /// One of several at the other half holds, or talks again: the far leg, which is all of them,
    /// stays as it is.
    fn member_there(&mut self, from: u16, member: PeerMessage, step: &mut Step<'_>) {
        let PeerMessage::Member { part, who, holds, cause, passed } = member else { return };
        let Some((leg, LegState::Connected | LegState::Held)) = self.known(from, part, true, step) else { return };
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let who = device_of(who);
        // No call has more nodes than parties.
        if usize::from(passed) < PARTIES {
            self.say_member(leg, &who, (holds, cause), passed + 1, step);
        }
        let Some(call) = self.state.calls.get(&number) else { return };
        let kind = if holds { CallEventKind::Held } else { CallEventKind::Retrieved };
        self.tell(kind, call, (who.clone(), who), cause, &self.lines_of(number), step);
    }

    /// What a partner says of how far its half is, as far as it fits: an answer has a message of
    /// its own, and who is rung here is not called by somebody who is rung.
    fn far_state(&mut self, leg: LegNo, said: FarState, rings: Why, step: &mut Step<'_>) {
        let Some((now, why)) = self.state.legs.get(&leg).map(|l| (l.state, l.cause)) else { return };
        let others = self.others(leg);
        let rung = others.iter().any(|l| self.state.legs.get(l).is_some_and(|l| l.state == LegState::Alerting));
        let state = match (said, now) {
            (FarState::Held, LegState::Delivered) if rung => LegState::Held,
            (FarState::Connected, LegState::Held) if rung => LegState::Delivered,
            _ if rung => return,
            (FarState::Alerting, LegState::Connected | LegState::Held) if others.len() == 1 => LegState::Alerting,
            (FarState::Connected, LegState::Held) => LegState::Connected,
            (FarState::Held, LegState::Connected) => LegState::Held,
            _ => return,
        };
        self.set(leg, state, why, step);
        if state == LegState::Alerting {
            for other in others {
                self.hears_ringing(other, rings, step);
            }
        }
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

pub(super) fn clipped(text: &str) -> &str {
    text.char_indices().nth(LONGEST_TEXT).map_or(text, |(end, _)| &text[..end])
}

pub(super) fn device_of(party: PeerParty) -> DeviceRef {
    DeviceRef {
        button: party.button.filter(|button| *button > 1),
        set: party.set.as_deref().filter(|set| set.parse::<Dn>().is_ok()).map(str::to_owned),
        name: party.name.as_deref().filter(|name| !name.is_empty()).map(|name| clipped(name).to_owned()),
        private_number: party.private,
        ..DeviceRef::number(clipped(&party.number))
    }
}
