//! Hot desk users: people whose number, with its keys, class of service and features, is at the set where they
//! log in.
//!
//! A user's number is a phone like any other, but that it is in service only while its user is logged in. While a user
//! is logged in at a set, the set's own number is out of service: what is done at the set is done at the user's lines.
//! Each user is at one place at the most: who logs in elsewhere is logged out of the first. Nobody comes or goes during
//! a call. A user who logs in at a set of another node stays a number of this one (`away`). An external user is reached
//! at an outside number and has no set.

use std::collections::BTreeMap;

use schemas::csta::hot_desk::HotDeskRefusal as No;
use schemas::csta::message::{HotDeskOf, HotDeskState};
use schemas::domain::{Dn, Pin};

use super::away::Errand;
use super::command::Outcome;
use super::model::{By, Changed, Done, Line, Output, Refusal, Service, Setting};
use super::route::Route;
use super::{Step, Switch};
use crate::sim::peer::PeerMessage;
use crate::sim::plan::UserPlan;
use crate::sim::truth::TruthSetting;

/// Where a user is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    Set(Dn),
    /// A set of a partner node.
    Away {
        peer: u16,
        set: Dn,
    },
    /// An external user, at this number as it is dialled.
    Outside(String),
}

/// What is done about hot desk users. `Debug` shows no PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desking {
    LogIn {
        set: Dn,
        user: Dn,
        pin: Pin,
    },
    /// At the number of the plan when none is given.
    LogInOutside {
        user: Dn,
        pin: Pin,
        number: Option<String>,
    },
    /// Whoever is logged in at the set; at the number of a user, that one.
    LogOutAt(Dn),
    LogOut(Dn),
    /// Whether the PIN is the user's; nothing changes.
    Verify {
        user: Dn,
        pin: Pin,
    },
}

/// Who is logged in where.
#[derive(Debug, Clone, Default)]
pub struct Desks {
    pub by_user: BTreeMap<Dn, Desk>,
    /// The user at each set of this node, who may be a partner's.
    pub by_set: BTreeMap<Dn, Dn>,
    /// What partners were asked for about their users.
    pub(super) errands: BTreeMap<u64, Errand>,
    /// Who asked, and by which number, for what has to wait for another partner.
    pub(super) hosts: BTreeMap<u64, (u16, u64)>,
}

impl Switch {
    pub(super) fn desking(&mut self, by: By, desking: &Desking, step: &mut Step<'_>) -> Outcome {
        match desking {
            Desking::LogIn { set, user, pin } => {
                self.usable(by, Line::prime(*set))?;
                if self.home_of(*user).is_some() {
                    self.may_come(*user, *set)?;
                    return self.welcome(*set, *user, pin, step);
                }
                self.right_pin(*user, pin)?;
                if self.user(*user)?.outside.is_some() {
                    return Err(No::External.into());
                }
                self.may_come(*user, *set)?;
                if self.has_call(*user) {
                    return Err(No::InCall.into());
                }
                self.come_to(*user, Desk::Set(*set), step);
            }
            Desking::LogInOutside { user, pin, number } => {
                self.right_pin(*user, pin)?;
                let own = self.user(*user)?.outside.as_ref().ok_or(No::Internal)?;
                let desk = Desk::Outside(number.as_ref().unwrap_or(own).clone());
                if self.state.desks.by_user.get(user) == Some(&desk) {
                    return Err(No::LoggedIn.into());
                }
                let Desk::Outside(number) = &desk else { return Err(No::NotDialable.into()) };
                if !self.is_outside(number) {
                    return Err(No::NotDialable.into());
                }
                if self.has_call(*user) {
                    return Err(No::InCall.into());
                }
                self.come_to(*user, desk, step);
            }
            Desking::LogOutAt(user) if self.plan.hot_desk.users.contains_key(user) => {
                if self.user(*user)?.outside.is_some() {
                    return Err(No::External.into());
                }
                return self.log_out(*user, step);
            }
            Desking::LogOutAt(set) => {
                self.usable(by, Line::prime(*set))?;
                let user = self.state.desks.by_set.get(set).copied().ok_or(No::NotLoggedIn)?;
                if self.guest_at(*set).is_some() {
                    return self.let_guest_go(*set, user, step);
                }
                return self.log_out(user, step);
            }
            Desking::LogOut(user) => {
                self.user(*user)?;
                return self.log_out(*user, step);
            }
            Desking::Verify { user, pin } if self.home_of(*user).is_some() => {
                return self.verify_at_home(*user, pin, step);
            }
            Desking::Verify { user, pin } => return self.right_pin(*user, pin),
        }
        Ok(Done::default())
    }

    /// Whether a set takes a user now.
    fn may_come(&self, user: Dn, set: Dn) -> Result<(), Refusal> {
        if !self.plan.hot_desk.sets.contains(&set) {
            return Err(No::NotAccepted.into());
        }
        match self.state.desks.by_set.get(&set) {
            Some(there) if *there == user => return Err(No::LoggedIn.into()),
            Some(_) => return Err(No::Taken.into()),
            None if self.is_kept(set) => return Err(No::Taken.into()),
            None => {}
        }
        if self.has_call(set) { Err(No::InCall.into()) } else { Ok(()) }
    }

    /// Whether the PIN is that of a user of this node.
    pub(super) fn right_pin(&self, user: Dn, pin: &Pin) -> Outcome {
        if self.user(user)?.pin == *pin { Ok(Done::default()) } else { Err(No::WrongPin.into()) }
    }

    pub(super) fn log_out(&mut self, user: Dn, step: &mut Step<'_>) -> Outcome {
        if !self.state.desks.by_user.contains_key(&user) {
            return Err(No::NotLoggedIn.into());
        }
        if self.has_call(user) {
            return Err(No::InCall.into());
        }
        self.leave_desk(user, step);
        Ok(Done::default())
    }

    /// The user is logged in nowhere else then.
    pub(super) fn come_to(&mut self, user: Dn, desk: Desk, step: &mut Step<'_>) {
        self.leave_desk(user, step);
        if let Desk::Set(set) = &desk {
            self.state.desks.by_set.insert(*set, user);
            self.record_setting(*set, TruthSetting::InService { on: false }, step);
            self.say_service(*set, false, step);
        }
        self.state.desks.by_user.insert(user, desk.clone());
        self.record_desk(user, Some(&desk), step);
        self.say_service(user, true, step);
        self.say_desk(user, Some(&desk), &desk, step);
    }

    pub(super) fn leave_desk(&mut self, user: Dn, step: &mut Step<'_>) {
        let Some(left) = self.state.desks.by_user.remove(&user) else { return };
        self.record_desk(user, None, step);
        self.say_service(user, false, step);
        match &left {
            Desk::Set(set) => {
                self.state.desks.by_set.remove(set);
                self.record_setting(*set, TruthSetting::InService { on: true }, step);
                self.say_service(*set, true, step);
            }
            Desk::Away { peer, set } if self.state.peers.contains(peer) => {
                let gone = PeerMessage::DeskGone { set: set.to_string(), user: user.to_string() };
                step.out.push(Output::Peer(*peer, gone));
            }
            Desk::Away { .. } | Desk::Outside(_) => {}
        }
        self.say_desk(user, None, &left, step);
    }

    /// Everybody is logged out at once, and nobody is told.
    pub(super) fn lose_desks(&mut self, step: &mut Step<'_>) {
        let desks = std::mem::take(&mut self.state.desks);
        for user in desks.by_user.into_keys() {
            self.record_desk(user, None, step);
        }
        for (set, user) in desks.by_set {
            if self.home_of(user).is_some() {
                self.record_guest(set, user, false, step);
            } else {
                self.record_setting(set, TruthSetting::InService { on: true }, step);
            }
        }
    }

    fn record_desk(&self, user: Dn, at: Option<&Desk>, step: &mut Step<'_>) {
        let place = at.map(|desk| match desk {
            Desk::Set(set) | Desk::Away { set, .. } => set.to_string(),
            Desk::Outside(number) => number.clone(),
        });
        self.record_setting(user, TruthSetting::InService { on: at.is_some() }, step);
        self.record_setting(user, TruthSetting::HotDesk { at: place }, step);
    }

    /// To monitors of the user's number, and of the set's that the user came to or left.
    fn say_desk(&self, user: Dn, at: Option<&Desk>, about: &Desk, step: &mut Step<'_>) {
        self.say_desk_at(user, user, at, step);
        if let Desk::Set(set) = about {
            self.say_desk_at(*set, user, at, step);
        }
    }

    /// To monitors of one number.
    pub(super) fn say_desk_at(&self, dn: Dn, user: Dn, at: Option<&Desk>, step: &mut Step<'_>) {
        let setting = Setting::HotDesk { user, at: at.cloned() };
        let device = self.named(Line::prime(dn));
        step.out.push(Output::Changed(Changed { device, setting, lines: self.lines_at(dn) }));
    }

    pub(super) fn say_service(&self, dn: Dn, on: bool, step: &mut Step<'_>) {
        let device = Line::prime(dn).device();
        step.out.push(Output::Service(Service { device, on, lines: self.buttons_of(dn) }));
    }

    /// Whether a line of the number is in a call, will be as soon as a partner agrees, or would be rung again by one.
    pub(super) fn has_call(&self, dn: Dn) -> bool {
        let lines = Line { dn, button: 0 }..=Line { dn, button: u8::MAX };
        self.state.by_line.range(lines).next().is_some()
            || self.state.picks.values().any(|pick| pick.line.dn == dn)
            || self.state.calls.values().any(|call| call.recall.is_some_and(|line| line.dn == dn))
    }

    /// A hot desk user of this node.
    pub(super) fn user(&self, dn: Dn) -> Result<&UserPlan, Refusal> {
        match self.plan.hot_desk.users.get(&dn) {
            Some(user) => Ok(user),
            None if self.plan.owner(dn).is_some_and(|owner| owner != self.plan.ceid) => Err(No::ElsewhereUser.into()),
            None => Err(No::UnknownUser.into()),
        }
    }

    /// Whether a number is one that is dialled to somebody outside.
    fn is_outside(&self, number: &str) -> bool {
        matches!(self.route(number), Route::Outside { .. }) && self.outside_number(number).is_some()
    }

    /// Who is logged in at a set, or where a user is; a user's number may stand for a set's.
    ///
    /// # Errors
    /// When there is no such phone.
    pub fn desk_state(&self, of: &HotDeskOf) -> Result<HotDeskState, Refusal> {
        let (HotDeskOf::Set(number) | HotDeskOf::User(number)) = of;
        let dn: Dn = number.parse().map_err(|_| Refusal::UnknownDevice)?;
        match of {
            HotDeskOf::Set(_) if !self.plan.hot_desk.users.contains_key(&dn) => {
                self.phone(Line::prime(dn))?;
                let user = self.state.desks.by_set.get(&dn);
                let set = user.map(|_| number.clone());
                Ok(HotDeskState { user: user.map(ToString::to_string), set, outside: None })
            }
            _ => {
                self.user(dn)?;
                Ok(state_of(dn, self.state.desks.by_user.get(&dn)))
            }
        }
    }

    /// The number that a set's lines are now: its user's while one is logged in.
    #[must_use]
    pub fn number_at(&self, set: Dn) -> Dn {
        self.state.desks.by_set.get(&set).copied().unwrap_or(set)
    }

    /// Where a user is logged in.
    #[must_use]
    pub fn desk_of(&self, user: Dn) -> Option<&Desk> {
        self.state.desks.by_user.get(&user)
    }

    /// Whether nobody can be reached at a number, or call from it: a set's while a user is there, a user's while the
    /// user is nowhere, a resilient phone's while it is at its other node.
    #[must_use]
    pub fn is_out_of_service(&self, dn: Dn) -> bool {
        if self.is_elsewhere(dn) {
            return true;
        }
        match self.plan.hot_desk.users.get(&dn) {
            Some(_) => !self.state.desks.by_user.contains_key(&dn),
            None => self.state.desks.by_set.contains_key(&dn),
        }
    }

    /// The same of a set to which a user is about to come.
    pub(super) fn is_shut(&self, dn: Dn) -> bool {
        self.is_out_of_service(dn) || self.is_kept(dn)
    }

    /// Whether somebody can take up the receiver at a number: an external user has no set.
    pub(super) fn has_set(&self, dn: Dn) -> Result<(), Refusal> {
        let outside = matches!(self.desk_of(dn), Some(Desk::Outside(_)));
        if outside || self.is_shut(dn) { Err(Refusal::OutOfService) } else { Ok(()) }
    }

    /// The outside number that calls for an external user go to.
    pub(super) fn outside_of(&self, dn: Dn) -> Option<&str> {
        match self.desk_of(dn)? {
            Desk::Outside(number) => Some(number),
            Desk::Set(_) | Desk::Away { .. } => None,
        }
    }

    pub(super) fn check_desks(&self) -> Result<(), String> {
        let desks = &self.state.desks;
        for (user, desk) in &desks.by_user {
            let plan = self.plan.hot_desk.users.get(user).ok_or(format!("{user} is no hot desk user"))?;
            let fits = match desk {
                Desk::Set(set) => plan.outside.is_none() && desks.by_set.get(set) == Some(user),
                Desk::Away { peer, .. } => plan.outside.is_none() && self.state.peers.contains(peer),
                Desk::Outside(_) => plan.outside.is_some(),
            };
            if !fits {
                return Err(format!("{user} is not where {user} is said to be: {desk:?}"));
            }
        }
        for (set, user) in &desks.by_set {
            let there = match self.home_of(*user) {
                Some(home) => self.state.peers.contains(&home),
                None => desks.by_user.get(user) == Some(&Desk::Set(*set)),
            };
            if !there || !self.plan.hot_desk.sets.contains(set) {
                return Err(format!("{set} has {user}, who is not there"));
            }
        }
        match self.state.by_line.keys().find(|line| self.has_set(line.dn).is_err()) {
            Some(line) => Err(format!("{line} is out of service and has a call")),
            None => Ok(()),
        }
    }
}

/// A user's place in the words of our private data.
pub fn state_of(user: Dn, at: Option<&Desk>) -> HotDeskState {
    let mut state = HotDeskState { user: Some(user.to_string()), set: None, outside: None };
    match at {
        Some(Desk::Set(set) | Desk::Away { set, .. }) => state.set = Some(set.to_string()),
        Some(Desk::Outside(number)) => state.outside = Some(number.clone()),
        None => {}
    }
    state
}
