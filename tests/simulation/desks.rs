//! Hot desk users: applications and people log them in and out, and look where they are.

use std::fmt::Write as _;

use oig::sim::core::{Deed, Hand};
use oig::sim::switch::Line;
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{
    GetHotDeskUserDn, GetHotDeskUserLoginDevice, LoginExtHotDeskUser, LoginHotDeskUser, LogoutExtHotDeskUser,
    LogoutHotDeskUser, VerifyHotDeskUserPin,
};
use schemas::contract::record::Secret;
use schemas::contract::std::{LoginExtHotDeskUserRequest, LoginHotDeskUserRequest};
use schemas::domain::{Dn, Pin};

use super::places::{AWAY, EXTERNAL, GROUP, MEMBER, SETS, USERS, Watched};
use super::story::Story;
use super::world::{Application, World};

impl Story {
    /// Mostly the right one.
    fn pin(&mut self) -> &'static str {
        if self.chance.percent(4) { "9999" } else { "1234" }
    }

    /// A user comes to a set or leaves it; or a member a group.
    pub async fn desk_by_hand(&mut self, world: &World) {
        let pin = Pin::new(self.pin()).expect("a PIN");
        let user = |dn: &str| -> Dn { dn.parse().expect("a DN") };
        if self.chance.percent(20) {
            let (group, present) = (GROUP.parse().expect("a DN"), self.chance.percent(50));
            if self.chance.percent(15) {
                let (line, on) = (Line::prime(group), self.chance.percent(50));
                let done = world.nodes[0].hand(Hand { line, deed: Deed::OneBusyAllBusy(on) }).await;
                let _ = writeln!(self.deeds, "{} hand {GROUP} one busy, all busy: {on} {done:?}", world.clock.now());
                return;
            }
            let line = Line::prime(user(MEMBER));
            let done = world.nodes[0].hand(Hand { line, deed: Deed::Presence { group, present } }).await;
            let _ = writeln!(self.deeds, "{} hand {MEMBER} presence {present} {done:?}", world.clock.now());
            return;
        }
        let node = usize::from(self.chance.percent(40));
        let sets = [SETS, AWAY][node];
        let (node, dn, deed) = match self.chance.below(10) {
            0..=4 => {
                let who = user(self.chance.pick::<&str>(&USERS));
                (node, *self.chance.pick(&sets), Deed::LogIn { user: who, pin, outside: None })
            }
            5 | 6 => (node, *self.chance.pick(&sets), Deed::LogOut),
            7 | 8 => {
                let outside = *self.chance.pick(&[None, Some("95550151"), Some("95550197"), Some("77")]);
                let outside = outside.map(str::to_owned);
                (0, EXTERNAL, Deed::LogIn { user: user(EXTERNAL), pin, outside })
            }
            _ => (0, EXTERNAL, Deed::LogOut),
        };
        let line = Line::prime(user(dn));
        let what = match &deed {
            Deed::LogIn { user, outside, .. } => format!("LogIn {user} {outside:?}"),
            _ => "LogOut".into(),
        };
        let done = world.nodes[node].hand(Hand { line, deed }).await;
        let _ = writeln!(self.deeds, "{} hand {dn} {what} {done:?}", world.clock.now());
    }

    /// At the end, when the nodes can reach each other: the one knows of the user who is at the set of the other.
    pub async fn both_ends_agree(&mut self, world: &World) {
        for set in AWAY {
            let there = world.nodes[1].phone(set.parse().expect("a DN")).await.expect("alive").expect("a set").user;
            let mut at_home = None;
            for user in USERS {
                let phone = world.nodes[0].phone(user.parse().expect("a DN")).await.expect("alive").expect("a user");
                at_home = at_home.or(phone.desk.filter(|desk| desk == set).map(|_| user.to_owned()));
            }
            if there != at_home {
                self.violations.push(format!("{set} has {there:?}, at home it is {at_home:?}"));
            }
        }
    }

    /// An application does the same, or asks.
    pub async fn desk(&mut self, world: &World, application: &Application) {
        let of = |known: &[&str]| -> Vec<Watched> {
            application.watched.iter().filter(|phone| known.contains(&phone.dn.as_str())).cloned().collect()
        };
        let (sets, users, external) = (of(&[SETS, AWAY].concat()), of(&USERS), of(&[EXTERNAL]));
        match self.chance.below(12) {
            0..=4 if !sets.is_empty() => {
                let set = self.chance.pick(&sets).clone();
                self.log_in(world, application, &set).await;
            }
            5 | 6 if !sets.is_empty() => {
                let set = self.chance.pick(&sets).clone();
                let (session_id, object_id) = (application.session_id, set.object);
                let reply = world.call(&LogoutHotDeskUser { session_id, object_id }).await;
                let there = self.truth_of(world, &set).await.user;
                self.judge(world, &set, "logoutHotDeskUser", &reply, there.is_none());
            }
            7 if !external.is_empty() => {
                let user = external[0].clone();
                let pin = self.pin();
                let (session_id, object_id) = (application.session_id, user.object);
                let request = LoginExtHotDeskUserRequest { pin: Secret(pin.into()), session_id, object_id };
                let reply = world.call(&LoginExtHotDeskUser { request }).await;
                let at = self.truth_of(world, &user).await.desk;
                let right = pin == "1234" && at.as_deref() == Some("95550150");
                self.judge(world, &user, "loginExtHotDeskUser", &reply, right);
            }
            8 if !external.is_empty() => {
                let user = external[0].clone();
                let (session_id, object_id) = (application.session_id, user.object);
                let reply = world.call(&LogoutExtHotDeskUser { session_id, object_id }).await;
                let at = self.truth_of(world, &user).await.desk;
                self.judge(world, &user, "logoutExtHotDeskUser", &reply, at.is_none());
            }
            9 if !users.is_empty() => {
                let user = self.chance.pick(&users).clone();
                self.verify(world, application, &user).await;
            }
            _ => self.look_at_desks(world, application, &sets, &[users, external].concat()).await,
        }
    }

    async fn log_in(&mut self, world: &World, application: &Application, set: &Watched) {
        let (user, pin) = (*self.chance.pick(&USERS), self.pin());
        let before = self.truth_of(world, set).await.user;
        let request = LoginHotDeskUserRequest {
            pin: Secret(pin.into()),
            hot_desk_user_dn: user.into(),
            session_id: application.session_id,
            object_id: set.object,
        };
        let reply = world.call(&LoginHotDeskUser { request }).await;
        let after = self.truth_of(world, set).await.user;
        let what = format!("loginHotDeskUser {user}");
        if self.is_fair(set) && !reply.result && after != before {
            self.wrong(world, set, &what, &reply);
        }
        self.judge(world, set, &what, &reply, pin == "1234" && after.as_deref() == Some(user));
    }

    /// What is said to be done is true.
    fn judge(&mut self, world: &World, phone: &Watched, what: &str, reply: &Outcome, is_true: bool) {
        self.note(world, phone, what, reply);
        if self.is_fair(phone) && reply.result && !is_true {
            self.wrong(world, phone, what, reply);
        }
    }

    async fn verify(&mut self, world: &World, application: &Application, user: &Watched) {
        let pin = self.pin();
        let asked = VerifyHotDeskUserPin {
            session_id: application.session_id,
            object_id: user.object,
            hot_desk_user_dn: user.dn.clone(),
            pin: Secret(pin.into()),
        };
        let reply = world.call(&asked).await;
        self.note(world, user, "verifyHotDeskUserPin", &reply);
        if self.is_fair(user) && reply.result != (pin == "1234") {
            self.wrong(world, user, "verifyHotDeskUserPin", &reply);
        }
    }

    async fn look_at_desks(&mut self, world: &World, application: &Application, sets: &[Watched], users: &[Watched]) {
        let session_id = application.session_id;
        for set in sets {
            let asked = GetHotDeskUserDn { session_id, hot_desk_device_object_id: set.object };
            let reply = world.call(&asked).await;
            let truth = self.truth_of(world, set).await.user;
            if self.is_fair(set) && (!reply.result || reply.user_dn != truth) {
                self.violations.push(format!("{}: at {}: {reply:?}, true: {truth:?}", world.clock.now(), set.dn));
            }
        }
        for user in users {
            let asked = GetHotDeskUserLoginDevice { session_id, hot_desk_user_object_id: user.object };
            let reply = world.call(&asked).await;
            let truth = self.truth_of(world, user).await.desk;
            if self.is_fair(user) && (!reply.result || reply.hot_desk_device_dn != truth) {
                self.violations.push(format!("{}: of {}: {reply:?}, true: {truth:?}", world.clock.now(), user.dn));
            }
        }
    }
}
