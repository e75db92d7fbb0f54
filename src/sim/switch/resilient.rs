//! Resilient phones: they have two nodes, and are at one of them.
//!
//! A set looks for its own node. When it does not find it for a while it turns to the other, which takes it with what is
//! known there: its plan, and whom it talks to. It goes home as soon as its own node is back and it is in no call. Both
//! nodes have the phone; at the one where it is not it is out of service.
//!
//! A link between the two that is lost says nothing about the sets: while they find their own node they stay there, and
//! the other node, which cannot know, is told by whoever drives it ([`Input::Seen`](super::Input::Seen)). So no phone is
//! at two nodes because of a link. One that was kept here in a call while its node came back and the link broke again may
//! be; when the link is up again its call counts, and what its own node had of it meanwhile is over.
//!
//! Of calls only those survive in which two resilient phones of one node talk, since their voice passes through no node.
//! They can do nothing but hang up. Whoever is at a node that lives, or outside, has lost the leg over the link already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::domain::Dn;

use super::model::{Call, CallNo, LegState, Line, Output, Place, Refusal, Why};
use super::partner::{clipped, device_of};
use super::route::party_of;
use super::{Step, Switch};
use crate::sim::peer::{PeerMessage, Talk};
use crate::sim::truth::TruthSetting;

/// Calls of a partner's phones that are kept, and phones in one list.
const KEPT: usize = 1_000;

/// Which resilient phones are where, and what of them is told between their nodes.
#[derive(Debug, Clone, Default)]
pub struct Pairing {
    /// Phones of this node that are at their other one.
    pub away: BTreeSet<Dn>,
    /// Phones of other nodes that are here.
    pub taken: BTreeSet<Dn>,
    /// When the phones of a node that they do not find come here.
    missed: BTreeMap<u16, i64>,
    /// What partners' phones talk, as it was said last.
    heard: BTreeMap<u16, Vec<Talk>>,
    /// What partners were told last.
    told: BTreeMap<u16, Vec<Talk>>,
}

impl Switch {
    /// Whether a phone of another node is only prepared for here.
    pub(super) fn is_standby(&self, dn: Dn) -> bool {
        self.plan.backups.contains_key(&dn) && !self.state.pairing.taken.contains(&dn)
    }

    pub(super) fn is_elsewhere(&self, dn: Dn) -> bool {
        self.state.pairing.away.contains(&dn) || self.is_standby(dn)
    }

    /// Whether a phone is not at its own node.
    pub(super) fn has_moved(&self, dn: Dn) -> bool {
        self.state.pairing.away.contains(&dn) || self.state.pairing.taken.contains(&dn)
    }

    /// The partner where a resilient number is, when it is not to be looked for where the plan says.
    pub(super) fn served_by(&self, dn: Dn) -> Option<u16> {
        let secondary = self.plan.secondary(dn)?;
        let home = self.plan.owner(dn)?;
        let there = if home == self.plan.ceid {
            self.state.pairing.away.contains(&dn)
        } else {
            secondary != self.plan.ceid && !self.state.peers.contains(&home.get())
        };
        Some(secondary.get()).filter(|node| there && self.state.peers.contains(node))
    }

    /// Whether a phone is in a call that outlived its node.
    pub(super) fn is_stranded(&self, dn: Dn) -> bool {
        let lines = Line { dn, button: 0 }..=Line { dn, button: u8::MAX };
        let mut legs = self.state.by_line.range(lines).flat_map(|(_, legs)| legs);
        let stranded = |call: CallNo| self.state.calls.get(&call).is_some_and(|call| call.stranded);
        legs.any(|leg| self.state.legs.get(leg).is_some_and(|leg| stranded(leg.call)))
    }

    /// Whether something new can be done at a phone: a set that can only hang up is none.
    pub(super) fn is_free_to_act(&self, dn: Dn) -> Result<(), Refusal> {
        self.has_set(dn)?;
        if self.is_stranded(dn) { Err(Refusal::OutOfService) } else { Ok(()) }
    }

    // --- at the node that is prepared for them ------------------------------------------------

    /// The sets of a node have found it, though its link is down. What they talk by now is not known here.
    pub(super) fn sets_find(&mut self, home: u16) {
        self.state.pairing.missed.remove(&home);
        self.state.pairing.heard.remove(&home);
    }

    pub(super) fn sets_miss(&mut self, home: u16, step: &Step<'_>) {
        let ours = self.plan.backups.values().any(|backup| backup.home.get() == home);
        if ours && !self.state.peers.contains(&home) {
            self.state.pairing.missed.entry(home).or_insert(step.now_ms + self.plan.takeover_ms);
        }
    }

    /// When the next phones come here.
    pub(super) fn takeover_at(&self) -> Option<i64> {
        self.state.pairing.missed.values().copied().filter(|at| *at < i64::MAX).min()
    }

    pub(super) fn take_over_missed(&mut self, step: &mut Step<'_>) {
        let due = self.state.pairing.missed.iter().filter(|(_, at)| **at <= step.now_ms);
        for home in due.map(|(home, _)| *home).collect::<Vec<_>>() {
            // They have come: nothing is due until they find it again.
            self.state.pairing.missed.insert(home, i64::MAX);
            self.sets_come(home, step);
        }
    }

    fn sets_come(&mut self, home: u16, step: &mut Step<'_>) {
        let theirs = self.plan.backups.iter().filter(|(_, backup)| backup.home.get() == home);
        let theirs: Vec<Dn> = theirs.map(|(dn, _)| *dn).collect();
        let come: Vec<Dn> = theirs.into_iter().filter(|dn| self.state.pairing.taken.insert(*dn)).collect();
        for dn in &come {
            self.record_setting(*dn, TruthSetting::InService { on: true }, step);
        }
        for talk in self.state.pairing.heard.remove(&home).unwrap_or_default() {
            self.strand(&talk, &come, step);
        }
        // Whoever hears that it is here asks for its calls.
        for dn in come {
            self.say_service(dn, true, step);
        }
    }

    /// Two phones that have come go on talking.
    fn strand(&mut self, talk: &Talk, come: &[Dn], step: &mut Step<'_>) {
        let [Some(one), Some(other)] = [0, 1].map(|i| self.free_line(&talk.lines[i], come)) else { return };
        if one == other {
            return;
        }
        let call = self.new_call(Some(clipped(&talk.gcid).into()), device_of(talk.calling.clone()));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.called = talk.called.clone().map(device_of);
            entry.stranded = true;
        }
        for line in [one, other] {
            self.join(call, Place::Line(line), LegState::Connected, Why::Normal, step);
        }
    }

    fn free_line(&self, (dn, button): &(String, u8), come: &[Dn]) -> Option<Line> {
        let line = Line { dn: dn.parse().ok().filter(|dn| come.contains(dn))?, button: *button };
        self.phone(line).ok()?;
        (!self.state.by_line.contains_key(&line)).then_some(line)
    }

    /// What a partner's phones talk now.
    pub(super) fn hear_talks(&mut self, from: u16, mut talks: Vec<Talk>) {
        talks.truncate(KEPT);
        self.state.pairing.heard.insert(from, talks);
    }

    /// First on a link: which of the partner's phones are still here, being in a call.
    pub(super) fn tell_keeps(&mut self, home: u16, step: &mut Step<'_>) {
        self.state.pairing.missed.remove(&home);
        self.state.pairing.heard.remove(&home);
        self.state.pairing.told.remove(&home);
        if self.plan.backups.values().any(|backup| backup.home.get() == home) {
            let kept = self.state.pairing.taken.iter().filter(|dn| self.is_of(**dn, home) && self.has_call(**dn));
            let numbers = kept.map(ToString::to_string).collect();
            step.out.push(Output::Peer(home, PeerMessage::Keeps { numbers }));
        }
    }

    fn is_of(&self, dn: Dn, home: u16) -> bool {
        self.plan.backups.get(&dn).is_some_and(|backup| backup.home.get() == home)
    }

    /// Phones whose own node is back go there when they are in no call. What was set here stays here no longer.
    pub(super) fn send_home(&mut self, step: &mut Step<'_>) {
        if self.state.pairing.taken.is_empty() {
            return;
        }
        let home = |dn: &Dn| {
            let home = self.plan.backups.get(dn)?.home.get();
            (self.state.peers.contains(&home) && !self.has_call(*dn)).then_some((*dn, home))
        };
        let idle: Vec<(Dn, u16)> = self.state.pairing.taken.iter().filter_map(home).collect();
        for (dn, home) in idle {
            self.state.pairing.taken.remove(&dn);
            self.unset(dn, step);
            self.record_setting(dn, TruthSetting::InService { on: false }, step);
            self.say_service(dn, false, step);
            step.out.push(Output::Peer(home, PeerMessage::Home { number: dn.to_string() }));
        }
    }

    // --- at their own node --------------------------------------------------------------------

    fn own(&self, number: &str, there: u16) -> Option<Dn> {
        let dn: Dn = number.parse().ok()?;
        let ours = self.plan.owner(dn) == Some(self.plan.ceid) && self.state.phones.contains_key(&dn);
        let theirs = self.plan.secondary(dn).is_some_and(|secondary| secondary.get() == there);
        (ours && theirs).then_some(dn)
    }

    /// The other node has phones of this one, and nobody else.
    pub(super) fn kept_there(&mut self, from: u16, numbers: &[String], step: &mut Step<'_>) {
        for dn in numbers.iter().take(KEPT).filter_map(|number| self.own(number, from)).collect::<Vec<_>>() {
            if self.state.pairing.away.contains(&dn) {
                continue;
            }
            // What it had here meanwhile was another set's, as it were.
            self.lose_calls(dn, step);
            self.state.pairing.away.insert(dn);
            self.record_setting(dn, TruthSetting::InService { on: false }, step);
            self.say_service(dn, false, step);
        }
    }

    pub(super) fn comes_home(&mut self, from: u16, number: &str, step: &mut Step<'_>) {
        if let Some(dn) = self.own(number, from) {
            self.is_home(dn, step);
        }
    }

    fn is_home(&mut self, dn: Dn, step: &mut Step<'_>) {
        if self.state.pairing.away.remove(&dn) {
            self.record_setting(dn, TruthSetting::InService { on: true }, step);
            self.say_service(dn, true, step);
        }
    }

    /// The other node cannot be reached: the phones that it had may be back at once, and nobody would say so.
    pub(super) fn part_pair(&mut self, peer: u16, step: &mut Step<'_>) {
        let there = |dn: &Dn| self.plan.secondary(*dn).is_some_and(|secondary| secondary.get() == peer);
        for dn in self.state.pairing.away.iter().copied().filter(there).collect::<Vec<_>>() {
            self.is_home(dn, step);
        }
        self.state.pairing.told.remove(&peer);
    }

    /// The other nodes of this one's phones hear of whoever talks, when that is new.
    pub(super) fn tell_talks(&mut self, step: &mut Step<'_>) {
        let others = self.plan.secondaries.iter().map(|route| route.owner.get());
        let others: BTreeSet<u16> = others.filter(|node| self.state.peers.contains(node)).collect();
        for node in others {
            let calls = self.state.calls.values().filter_map(|call| self.talk(call, node));
            let talks: Vec<Talk> = calls.take(KEPT).collect();
            if self.state.pairing.told.get(&node).map_or(&[][..], Vec::as_slice) == talks.as_slice() {
                continue;
            }
            self.state.pairing.told.insert(node, talks.clone());
            step.out.push(Output::Peer(node, PeerMessage::Talks { talks }));
        }
    }

    /// A call in which two phones talk that have the same other node.
    fn talk(&self, call: &Call, node: u16) -> Option<Talk> {
        let [one, other] = call.legs.as_slice() else { return None };
        let line = |leg| {
            let leg = self.state.legs.get(leg).filter(|leg| leg.state == LegState::Connected)?;
            let line = leg.place.line()?;
            self.own(&line.dn.to_string(), node)?;
            Some((line.dn.to_string(), line.button))
        };
        let lines = [line(one)?, line(other)?];
        let (calling, called) = (party_of(&call.calling), call.called.as_ref().map(party_of));
        Some(Talk { gcid: Arc::clone(&call.gcid).to_string(), calling, called, lines })
    }

    // --- at either ----------------------------------------------------------------------------

    /// Nobody knows anything any more, and nobody is told.
    pub(super) fn lose_pairing(&mut self, step: &mut Step<'_>) {
        let pairing = std::mem::take(&mut self.state.pairing);
        for (dns, on) in [(pairing.away, true), (pairing.taken, false)] {
            for dn in dns {
                self.record_setting(dn, TruthSetting::InService { on }, step);
            }
        }
    }

    pub(super) fn check_pairing(&self) -> Result<(), String> {
        let pairing = &self.state.pairing;
        if let Some(dn) = pairing.taken.iter().find(|dn| !self.plan.backups.contains_key(dn)) {
            return Err(format!("{dn} is here and is not prepared for"));
        }
        for dn in &pairing.away {
            let secondary = self.plan.secondary(*dn).map(schemas::domain::Ceid::get);
            if !secondary
                .is_some_and(|node| self.own(&dn.to_string(), node).is_some() && self.state.peers.contains(&node))
            {
                return Err(format!("{dn} is at a node that cannot be reached"));
            }
        }
        match self.state.calls.iter().find(|(_, call)| call.stranded && call.legs.len() != 2) {
            Some((number, _)) => Err(format!("{number:?} outlived its node and is not of two")),
            None => Ok(()),
        }
    }
}
