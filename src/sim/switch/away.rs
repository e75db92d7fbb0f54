//! Hot desk users away from home: users of this node at sets of partner nodes, and guests, who are partners' users at
//! sets of this node.
//!
//! Home keeps everything of its user: PIN, profile, lines, calls, features, and where the user is. The node of the set
//! keeps who is there, and hands on what is done at the set. A login is asked for at home, and the set is kept for the
//! user until home has said. Either end knows of the other by the link between them alone: when that is lost, both log
//! the user out, so that they agree whatever was on its way.

use schemas::csta::hot_desk::HotDeskRefusal as No;
use schemas::domain::{Dn, Pin};

use super::command::Outcome;
use super::hot_desk::Desk;
use super::model::{By, Done, Line, Output, Refusal, Why};
use super::{Step, Switch};
use crate::sim::deed::Deed;
use crate::sim::peer::{DeskWish, PeerMessage};
use crate::sim::truth::TruthSetting;

/// A home node that has not said anything by then is not waited for.
const PATIENCE_MS: i64 = 4_000;
/// Wishes that homes may still have to answer.
const ERRANDS: usize = 1_000;

/// What a user's home was asked for and has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    peer: u16,
    until_ms: i64,
    /// The set that is kept, and who wants to log in there.
    comes: Option<(Dn, Dn)>,
}

impl Switch {
    /// The node that a number belongs to, when it is another one.
    pub(super) fn home_of(&self, user: Dn) -> Option<u16> {
        let known = self.plan.hot_desk.users.contains_key(&user);
        self.plan.owner(user).filter(|owner| !known && *owner != self.plan.ceid).map(schemas::domain::Ceid::get)
    }

    /// The guest at a set.
    #[must_use]
    pub fn guest_at(&self, set: Dn) -> Option<Dn> {
        self.state.desks.by_set.get(&set).copied().filter(|user| self.home_of(*user).is_some())
    }

    /// Whether a set is kept for a guest until home has said.
    pub(super) fn is_kept(&self, set: Dn) -> bool {
        self.state.desks.errands.values().any(|errand| errand.comes.is_some_and(|(kept, _)| kept == set))
    }

    // --- at the node of the set ---------------------------------------------------------------

    fn ask_home(&mut self, user: Dn, comes: Option<Dn>, wish: DeskWish, step: &mut Step<'_>) -> Outcome {
        let peer = self.home_of(user).ok_or(No::UnknownUser)?;
        if !self.state.peers.contains(&peer) {
            return Err(No::Unreachable.into());
        }
        if self.state.desks.errands.len() >= ERRANDS {
            return Err(Refusal::Full);
        }
        let ask = self.next_part().number;
        let comes = comes.map(|set| (set, user));
        // Home may have to wait for a third node, as with a pickup.
        let patience_ms = if matches!(wish, DeskWish::Deed { .. }) { 2 * PATIENCE_MS } else { PATIENCE_MS };
        self.state.desks.errands.insert(ask, Errand { peer, until_ms: step.now_ms + patience_ms, comes });
        step.out.push(Output::Peer(peer, PeerMessage::Desk { ask, wish }));
        Ok(Done { waits: Some(ask), ..Done::default() })
    }

    /// A guest wants to come to a set that may be used.
    pub(super) fn welcome(&mut self, set: Dn, user: Dn, pin: &Pin, step: &mut Step<'_>) -> Outcome {
        let wish = DeskWish::In { set: set.to_string(), user: user.to_string(), pin: pin.clone() };
        self.ask_home(user, Some(set), wish, step)
    }

    /// The guest at a set wants to leave it.
    pub(super) fn let_guest_go(&mut self, set: Dn, user: Dn, step: &mut Step<'_>) -> Outcome {
        self.ask_home(user, None, DeskWish::Out { set: set.to_string(), user: user.to_string() }, step)
    }

    pub(super) fn verify_at_home(&mut self, user: Dn, pin: &Pin, step: &mut Step<'_>) -> Outcome {
        self.ask_home(user, None, DeskWish::Verify { user: user.to_string(), pin: pin.clone() }, step)
    }

    /// A guest does something at the set.
    pub(super) fn hand_on(&mut self, set: Dn, button: u8, deed: Deed, step: &mut Step<'_>) -> Outcome {
        let user = self.guest_at(set).ok_or(Refusal::OutOfService)?;
        let wish = DeskWish::Deed { set: set.to_string(), user: user.to_string(), button, deed: Box::new(deed) };
        self.ask_home(user, None, wish, step)
    }

    /// Home has done it.
    pub(super) fn home_did(&mut self, from: u16, ask: u64, step: &mut Step<'_>) {
        let Some(errand) = self.asked_home(from, ask) else { return };
        if let Some((set, user)) = errand.comes {
            self.state.desks.by_set.insert(set, user);
            self.record_guest(set, user, true, step);
            self.say_service(set, false, step);
            self.say_desk_at(set, user, Some(&Desk::Set(set)), step);
        }
        step.out.push(Output::Settled(ask, Ok(Done::default())));
    }

    pub(super) fn home_refused(&mut self, from: u16, ask: u64, why: Refusal, step: &mut Step<'_>) {
        if self.asked_home(from, ask).is_some() {
            step.out.push(Output::Settled(ask, Err(why)));
        }
    }

    fn asked_home(&mut self, from: u16, ask: u64) -> Option<Errand> {
        self.state.desks.errands.get(&ask).filter(|errand| errand.peer == from)?;
        self.state.desks.errands.remove(&ask)
    }

    /// When home is waited for no longer.
    pub(super) fn errands_end(&self) -> Option<i64> {
        self.state.desks.errands.values().map(|errand| errand.until_ms).min()
    }

    /// Home does not answer in time. It may have let a guest come that nobody waits for any more.
    pub(super) fn give_up_late_errands(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now_ms;
        for errand in self.give_up_errands(|errand| errand.until_ms <= now_ms, step) {
            if let Some((set, user)) = errand.comes {
                let gone = PeerMessage::DeskGone { set: set.to_string(), user: user.to_string() };
                step.out.push(Output::Peer(errand.peer, gone));
            }
        }
    }

    pub(super) fn give_up_errands(&mut self, vain: impl Fn(&Errand) -> bool, step: &mut Step<'_>) -> Vec<Errand> {
        let given_up: Vec<u64> =
            self.state.desks.errands.iter().filter(|(_, errand)| vain(errand)).map(|(ask, _)| *ask).collect();
        step.out.extend(given_up.iter().map(|ask| Output::Settled(*ask, Err(No::Unreachable.into()))));
        given_up.into_iter().filter_map(|ask| self.state.desks.errands.remove(&ask)).collect()
    }

    fn guest_leaves(&mut self, set: Dn, user: Dn, step: &mut Step<'_>) {
        self.state.desks.by_set.remove(&set);
        self.record_guest(set, user, false, step);
        self.say_service(set, true, step);
        self.say_desk_at(set, user, None, step);
    }

    /// A guest came to a set, or left it.
    pub(super) fn record_guest(&self, set: Dn, user: Dn, on: bool, step: &mut Step<'_>) {
        self.record_setting(set, TruthSetting::InService { on: !on }, step);
        self.record_setting(set, TruthSetting::Guest { user: user.to_string(), on }, step);
    }

    // --- at home ------------------------------------------------------------------------------

    /// A partner asks for something about a user of this node.
    pub(super) fn asked_by_host(&mut self, from: u16, ask: u64, wish: DeskWish, step: &mut Step<'_>) {
        let done = match wish {
            DeskWish::In { set, user, pin } => self.come_away(from, &set, &user, &pin, step),
            DeskWish::Out { set, user } => self
                .user_at(from, &set, &user)
                .ok_or_else(|| No::NotLoggedIn.into())
                .and_then(|user| self.log_out(user, step)),
            DeskWish::Verify { user, pin } => number(&user).and_then(|user| self.right_pin(user, &pin)),
            DeskWish::Deed { set, user, button, deed } => match self.user_at(from, &set, &user) {
                Some(user) if !deed.is_of_the_set() => {
                    self.command(By::Person, deed.command(user, Line { dn: user, button }, true), step)
                }
                _ => Err(Refusal::OutOfService),
            },
        };
        match done {
            Ok(Done { waits: Some(number), .. }) => {
                self.state.desks.hosts.insert(number, (from, ask));
            }
            Ok(_) => step.out.push(Output::Peer(from, PeerMessage::DeskDone { ask })),
            Err(why) => step.out.push(Output::Peer(from, PeerMessage::DeskRefused { ask, why })),
        }
    }

    /// At the end of a step, of which everything from `began` on was said: what guests' nodes waited for beyond this one.
    pub(super) fn tell_hosts(&mut self, began: usize, step: &mut Step<'_>) {
        if self.state.desks.hosts.is_empty() {
            return;
        }
        let settled = step.out.get(began..).unwrap_or_default().iter();
        let settled = settled.filter_map(|output| match output {
            Output::Settled(number, result) => Some((*number, result.as_ref().map(drop).map_err(|why| *why))),
            _ => None,
        });
        for (number, result) in settled.collect::<Vec<_>>() {
            let Some((peer, ask)) = self.state.desks.hosts.remove(&number) else { continue };
            step.out.push(Output::Peer(
                peer,
                match result {
                    Ok(()) => PeerMessage::DeskDone { ask },
                    Err(why) => PeerMessage::DeskRefused { ask, why },
                },
            ));
        }
    }

    /// A user of this node comes to a set of a partner's.
    fn come_away(&mut self, from: u16, set: &str, user: &str, pin: &Pin, step: &mut Step<'_>) -> Outcome {
        let (set, user) = (set.parse().map_err(|_| No::NotAccepted)?, number(user)?);
        self.right_pin(user, pin)?;
        if self.user(user)?.outside.is_some() {
            return Err(No::External.into());
        }
        if self.home_of(set) != Some(from) {
            return Err(No::NotAccepted.into());
        }
        let desk = Desk::Away { peer: from, set };
        match self.state.desks.by_user.iter().find(|(_, at)| **at == desk) {
            Some((there, _)) if *there == user => return Err(No::LoggedIn.into()),
            Some(_) => return Err(No::Taken.into()),
            None => {}
        }
        if self.has_call(user) {
            return Err(No::InCall.into());
        }
        self.come_to(user, desk, step);
        Ok(Done::default())
    }

    /// The user of this node who is at a partner's set.
    fn user_at(&self, peer: u16, set: &str, user: &str) -> Option<Dn> {
        let (set, user) = (set.parse().ok()?, user.parse().ok()?);
        (self.desk_of(user)? == &Desk::Away { peer, set }).then_some(user)
    }

    // --- at either ----------------------------------------------------------------------------

    /// The other end says that a user is not at the set any more.
    pub(super) fn gone_there(&mut self, from: u16, set: &str, user: &str, step: &mut Step<'_>) {
        if let Some(user) = self.user_at(from, set, user) {
            return self.lose_desk(user, step);
        }
        let (Ok(set), Ok(user)) = (set.parse(), user.parse()) else { return };
        if self.guest_at(set) == Some(user) && self.home_of(user) == Some(from) {
            self.guest_leaves(set, user, step);
        }
    }

    /// Nobody can say any more what a user does there, or what becomes of a guest.
    pub(super) fn part_desks(&mut self, peer: u16, step: &mut Step<'_>) {
        self.give_up_errands(|errand| errand.peer == peer, step);
        self.state.desks.hosts.retain(|_, (host, _)| *host != peer);
        let away = |desk: &Desk| matches!(desk, Desk::Away { peer: at, .. } if *at == peer);
        let desks = &self.state.desks;
        let users: Vec<Dn> = desks.by_user.iter().filter(|(_, desk)| away(desk)).map(|(user, _)| *user).collect();
        let guests = desks.by_set.iter().filter(|(_, user)| self.home_of(**user) == Some(peer));
        for (set, user) in guests.map(|(set, user)| (*set, *user)).collect::<Vec<_>>() {
            self.guest_leaves(set, user, step);
        }
        for user in users {
            self.lose_desk(user, step);
        }
    }

    /// A user's set cannot be reached any more: whatever the user has is over.
    fn lose_desk(&mut self, user: Dn, step: &mut Step<'_>) {
        self.lose_calls(user, step);
        self.leave_desk(user, step);
    }

    /// Whoever is at a number has nothing to do with its calls any more.
    pub(super) fn lose_calls(&mut self, dn: Dn, step: &mut Step<'_>) {
        for call in self.state.calls.values_mut() {
            call.recall = call.recall.filter(|line| line.dn != dn);
        }
        self.give_up_picks(|pick| pick.line.dn == dn, step);
        let lines = Line { dn, button: 0 }..=Line { dn, button: u8::MAX };
        for leg in self.state.by_line.range(lines).flat_map(|(_, legs)| legs.clone()).collect::<Vec<_>>() {
            self.leave(leg, Why::PeerLost, step);
        }
    }
}

fn number(user: &str) -> Result<Dn, Refusal> {
    user.parse().map_err(|_| No::UnknownUser.into())
}
