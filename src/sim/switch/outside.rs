//! Calls to and from outside: over a trunk or peer of this node, or through a partner's.
//!
//! Somebody outside is a leg like any other, in a place of its own; the trunk is free when the leg
//! is gone. What people outside do comes from the hands.

use schemas::csta::message::CallEventKind;
use schemas::domain::DeviceRef;

use super::model::{CallNo, CameIn, Done, Leg, LegNo, LegState, Line, OutsideDeed, Place, Refusal, Timer, Why};
use super::route::{Route, party_of};
use super::{Step, Switch};
use crate::sim::peer::{Change, PeerMessage};
use crate::sim::trunks::{Access, Fate, OutsidePlan, Trunk, fate, is_shown};
use crate::sim::truth::TruthOutside;

/// Longest name of a caller outside.
const LONGEST_NAME: usize = 64;

impl Switch {
    /// The number outside that digits lead to; `None` when they lead to no number outside.
    pub(super) fn outside_number(&self, digits: &str) -> Option<Result<String, Why>> {
        let plan = &self.plan.outside.as_ref()?.dial_plan;
        if digits.len() <= usize::from(plan.extension_digits) || !digits.starts_with(plan.outside_prefix.as_str()) {
            return None;
        }
        let number = plan.canonical(digits, false).ok().and_then(|numbers| numbers.into_iter().next());
        Some(number.ok_or(Why::InvalidNumberFormat))
    }

    /// Whether digits that are keyed one by one may go on to a number outside.
    pub(super) fn may_go_outside(&self, digits: &str) -> bool {
        let plan = self.plan.outside.as_ref().map(|outside| &outside.dial_plan);
        plan.is_some_and(|p| !p.outside_prefix.is_empty() && digits.starts_with(p.outside_prefix.as_str()))
    }

    /// Takes a call out by a way of this node's own, or of the partner's that has one for it.
    pub(super) fn call_outside(&mut self, call: CallNo, digits: &str, number: String, step: &mut Step<'_>) {
        let Some(outside) = self.plan.outside.clone() else { return self.fail(call, Why::NumberUnallocated, step) };
        match outside.access {
            Access::Through(node) if self.state.peers.contains(&node.get()) => {
                self.set_up(call, node.get(), digits, step);
            }
            Access::Through(_) => self.fail(call, Why::DestNotObtainable, step),
            Access::Trunks(_) | Access::Peer { .. } => match self.free_trunk(&outside) {
                None => self.fail(call, Why::TrunksBusy, step),
                Some(trunk) => self.seize(call, trunk, digits, number, step),
            },
        }
    }

    /// Whether class of service lets calls go outside from a line.
    pub(super) fn may_dial_outside(&self, line: Line) -> bool {
        self.state.phones.get(&line.dn).is_none_or(|phone| phone.plan.cos.outside)
    }

    /// Whether a call can be sent outside from a line now, as far as this node knows.
    pub(super) fn way_out(&self, from: Option<Line>) -> Result<(), Refusal> {
        let outside = self.plan.outside.as_ref().ok_or(Refusal::InvalidDestination)?;
        if from.is_some_and(|line| !self.may_dial_outside(line)) {
            return Err(Refusal::Privilege);
        }
        match outside.access {
            Access::Through(node) if self.state.peers.contains(&node.get()) => Ok(()),
            Access::Through(_) => Err(Refusal::Unreachable),
            Access::Trunks(_) | Access::Peer { .. } if self.free_trunk(outside).is_none() => Err(Refusal::TrunksBusy),
            Access::Trunks(_) | Access::Peer { .. } => Ok(()),
        }
    }

    /// The first trunk that nobody uses.
    fn free_trunk(&self, outside: &OutsidePlan) -> Option<Trunk> {
        let used: std::collections::BTreeSet<Trunk> = self.outside_legs().map(|(_, trunk)| trunk).collect();
        (1..=outside.size()).map(Trunk).find(|trunk| !used.contains(trunk))
    }

    fn outside_legs(&self) -> impl Iterator<Item = (LegNo, Trunk)> + '_ {
        self.state.legs.iter().filter_map(|(number, leg)| match &leg.place {
            Place::Outside { trunk, .. } => Some((*number, *trunk)),
            Place::Line(_) | Place::Far { .. } => None,
        })
    }

    fn trunk_device(&self, trunk: Trunk) -> DeviceRef {
        self.plan.outside.as_ref().map(|outside| outside.device(trunk)).unwrap_or_default()
    }

    /// Sends the digits out; the network says at once what becomes of them.
    fn seize(&mut self, call: CallNo, trunk: Trunk, digits: &str, number: String, step: &mut Step<'_>) {
        let (party, will) = (DeviceRef::number(digits), fate(&number));
        let why = self.state.calls.get(&call).map_or(Why::NewCall, |call| match (call.forwarded, &call.redirected) {
            (Some(forwarded), _) => forwarded,
            (None, Some(_)) => Why::Redirected,
            (None, None) => Why::NewCall,
        });
        let place = Place::Outside { trunk, party: party.clone(), number, incoming: false };
        let leg = self.join(call, place, LegState::Initiated, why, step);
        let network = self.trunk_device(trunk);
        self.reached(leg, network, step);
        match will {
            Fate::Busy => return self.fail(call, Why::Busy, step),
            Fate::Unknown => return self.fail(call, Why::NumberUnallocated, step),
            Fate::Congested => return self.fail(call, Why::NetworkCongestion, step),
            Fate::Rings | Fate::Answers(_) => {}
        }
        self.set(leg, LegState::Alerting, why, step);
        let (others, anew) = (self.others(leg), self.rings_anew(leg));
        for caller in &others {
            self.hears_ringing(*caller, why, step);
        }
        // Across, it is the caller's node that lets a call ring for so long.
        let here = others.iter().any(|l| self.state.legs.get(l).is_some_and(|l| !matches!(l.place, Place::Far { .. })));
        let timer = match will {
            Fate::Answers(after_ms) => Some((step.now_ms + after_ms, Timer::OutsideAnswers)),
            _ if here => Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)),
            _ => None,
        };
        self.set_timer(call, timer);
        if anew {
            self.update(call, Change::Rings { cause: why, group: false }, &party, None, Some(leg), step);
        }
        self.tell_all(CallEventKind::Delivered, leg, why, step);
    }

    /// The digits of a call are with the network.
    fn reached(&mut self, leg: LegNo, network: DeviceRef, step: &mut Step<'_>) {
        self.say_others(leg, |part| PeerMessage::Reached { part, network: party_of(&network) }, step);
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(call) = self.state.calls.get(&number) else { return };
        let who = (self.device_of(leg), network);
        self.tell(CallEventKind::NetworkReached, call, who, Why::NewCall, &self.lines_of(number), step);
    }

    /// A partner's digits are with the network. Who heard it ring before waits for it again.
    pub(super) fn reached_there(&mut self, leg: LegNo, network: DeviceRef, step: &mut Step<'_>) {
        let rang = self.state.legs.get(&leg).filter(|l| l.state == LegState::Alerting);
        if let Some((call, why)) = rang.map(|l| (l.call, l.cause)) {
            self.waits_again(call, why, step);
            for caller in self.others(leg) {
                let heard = |l: &Leg| l.state == LegState::Delivered && matches!(l.place, Place::Far { .. });
                if self.state.legs.get(&caller).is_some_and(heard) {
                    self.set(caller, LegState::Originated, why, step);
                }
            }
        }
        self.reached(leg, network, step);
    }

    /// Where a partner's digits lead outside: by the dial plan, or to a user who is there. Nobody is sent round in a
    /// circle: a node that has no trunks of its own asks no other for the digits of a third.
    pub(super) fn asked_outside(&self, digits: &str) -> Option<Result<(String, String), Why>> {
        let user = digits.parse().ok().and_then(|dn| self.outside_of(dn));
        let own = self.plan.outside.as_ref().is_some_and(|outside| outside.size() > 0);
        let dialled = user.unwrap_or(digits);
        let number = match self.outside_number(dialled) {
            None if user.is_none() => return None,
            Some(Ok(number)) if own => Ok((dialled.to_owned(), number)),
            Some(Err(why)) => Err(why),
            _ => Err(Why::NumberUnallocated),
        };
        Some(number)
    }

    /// Time has come for a number outside that answers by itself.
    pub(super) fn outside_answers(&mut self, call: CallNo, step: &mut Step<'_>) {
        let legs = self.state.calls.get(&call).map_or_else(Vec::new, |c| c.legs.clone());
        let rung = |l: &LegNo| {
            let leg = self.state.legs.get(l);
            leg.is_some_and(|l| matches!(l.place, Place::Outside { .. }) && l.state == LegState::Alerting)
        };
        if let Some(leg) = legs.into_iter().find(rung) {
            self.connect(leg, Why::Normal, step);
        }
    }

    /// Somebody outside does something.
    pub(super) fn outside(&mut self, deed: OutsideDeed, step: &mut Step<'_>) -> Result<Done, Refusal> {
        match deed {
            OutsideDeed::Call { from, name, to } => self.called_from_outside(from, name, &to, step),
            OutsideDeed::Answer(number) => {
                let leg = self.outside_leg(number)?;
                match self.state.legs.get(&leg).map(|l| l.state) {
                    Some(LegState::Alerting) => Ok(self.answer(leg, step)),
                    _ => Err(Refusal::NoCallToAnswer),
                }
            }
            OutsideDeed::HangUp(number) => {
                let leg = self.outside_leg(number)?;
                let done = self.done(leg);
                match self.state.legs.get(&leg).map(|l| (l.state, l.call)) {
                    // Does not want the call.
                    Some((LegState::Alerting, call)) => {
                        self.part_with(leg, Why::Busy, step);
                        self.fail(call, Why::Busy, step);
                    }
                    _ => self.leave(leg, Why::NormalClearing, step),
                }
                Ok(done)
            }
        }
    }

    fn outside_leg(&self, number: u64) -> Result<LegNo, Refusal> {
        let leg = LegNo(number);
        match self.state.legs.get(&leg).map(|l| &l.place) {
            Some(Place::Outside { .. }) => Ok(leg),
            _ => Err(Refusal::UnknownConnection),
        }
    }

    /// A call comes in over the first free trunk.
    fn called_from_outside(
        &mut self,
        from: Option<String>,
        name: Option<String>,
        to: &str,
        step: &mut Step<'_>,
    ) -> Result<Done, Refusal> {
        let outside = self.plan.outside.clone().filter(|o| o.size() > 0).ok_or(Refusal::InvalidDestination)?;
        let dn = outside.extension(to).ok_or(Refusal::InvalidDestination)?;
        let long = name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME);
        if long || from.as_ref().is_some_and(|from| !is_shown(from)) {
            return Err(Refusal::InvalidDestination);
        }
        let route = self.route(&dn.to_string());
        let trunk = self.free_trunk(&outside).ok_or(Refusal::TrunksBusy)?;
        let name = name.filter(|name| !name.is_empty());
        let private_number = from.is_none();
        // Who does not show a number is told apart all the same.
        let shown = from.unwrap_or_else(|| format!("X{}", self.legs + 1));
        let caller = DeviceRef { name, private_number, ..DeviceRef::number(shown) };
        let call = self.new_call(None, caller.clone());
        let called = match &route {
            Route::Here(line) => self.named(*line),
            _ => DeviceRef::number(dn.to_string()),
        };
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.called = Some(called);
            entry.came_in = Some(CameIn { caller: caller.number.clone(), network: outside.device(trunk) });
        }
        let place = Place::Outside { trunk, party: caller, number: to.to_owned(), incoming: true };
        let leg = self.join(call, place, LegState::Delivered, Why::NewCall, step);
        let done = Done { outside: Some(leg.0), ..self.done(leg) };
        match route {
            Route::Here(line) => self.reach(call, line, Why::NewCall, step),
            Route::Partner(peer) if self.state.peers.contains(&peer) => {
                self.set_up(call, peer, &dn.to_string(), step);
            }
            Route::Partner(_) => self.fail(call, Why::DestNotObtainable, step),
            // A user who is outside as well.
            Route::Outside { digits, number } => self.call_outside(call, &digits, number, step),
            Route::Nowhere(why) => self.fail(call, why, step),
        }
        Ok(done)
    }

    /// Everybody outside who is in a call; `None` where nothing leads outside.
    #[must_use]
    pub fn truth_outside(&self) -> Option<Vec<TruthOutside>> {
        let outside = self.plan.outside.as_ref().filter(|o| o.size() > 0)?;
        let told = self.state.legs.iter().filter_map(|(number, leg)| {
            let Place::Outside { trunk, party, number: called, incoming } = &leg.place else { return None };
            let call = self.state.calls.get(&leg.call)?;
            Some(TruthOutside {
                id: number.0,
                from: (*incoming && !party.private_number).then(|| party.number.clone()),
                name: party.name.clone(),
                to: called.clone(),
                incoming: *incoming,
                trunk: matches!(outside.access, Access::Trunks(_)).then_some(trunk.0),
                peer: matches!(outside.access, Access::Peer { .. }).then(|| outside.device(*trunk).number),
                gcid: call.gcid.to_string(),
                state: leg.state.truth(),
                since_ms: leg.since_ms,
            })
        });
        Some(told.collect())
    }

    /// What must hold of a leg outside.
    pub(super) fn check_outside(&self, number: LegNo, trunk: Trunk) -> Result<(), String> {
        let size = self.plan.outside.as_ref().map_or(0, OutsidePlan::size);
        if !(1..=size).contains(&trunk.0) {
            return Err(format!("{number:?} is on trunk {}, which does not exist", trunk.0));
        }
        match self.outside_legs().find(|(other, used)| *other != number && *used == trunk) {
            Some((other, _)) => Err(format!("{number:?} and {other:?} are both on trunk {}", trunk.0)),
            None => Ok(()),
        }
    }
}
