//! What applications set at phones, and whether they are told how it is set.

use std::fmt::Write as _;

use oig::sim::truth::TruthPhone;
use schemas::contract::cc::{ForwardingInfo, Outcome};
use schemas::contract::ops_call_control_standard::{
    ClearCallMeBackMsg, GetDeviceFeatures, GetResilientStatus, SendCallMeBackMsgNoCall, SetCfAlways, SetCfBusyExternal,
    SetCfBusyInternal, SetCfnaExternal, SetCfnaInternal, SetDeviceDnd, SetPrgPresence,
};
use schemas::contract::std::SetCfRequest;

use super::places::{GROUP, MEMBER, Watched, is_user};
use super::story::Story;
use super::world::{Application, World};

/// The hands' words for ways to forward.
pub const FORWARDINGS: [&str; 5] = ["always", "busyInternal", "busyExternal", "noAnswerInternal", "noAnswerExternal"];

impl Story {
    /// An application sets a feature of a phone, begins or ceases to watch them, or asks how they are set.
    pub async fn setting(&mut self, world: &World, application: &Application, phone: &Watched) {
        match self.chance.below(12) {
            0..=2 => self.set_dnd(world, application, phone).await,
            3..=7 => self.set_forward(world, application, phone).await,
            8 | 9 => self.message_at(world, application, phone).await,
            10 if self.chance.percent(60) => self.look_at_features(world, application, phone).await,
            10 => self.look_at_homes(world, application, phone).await,
            // Over sockets what is told and what is asked for pass each other.
            _ if self.real => {}
            _ => {
                let is_watched =
                    application.features.borrow().iter().any(|w| w.object == phone.object && w.to_ms.is_none());
                let _ = writeln!(self.deeds, "{} watches features of {}: {}", world.clock.now(), phone.dn, !is_watched);
                match is_watched {
                    true => world.leave_features(application, phone).await,
                    false => world.watch_features(application, phone).await,
                }
            }
        }
    }

    pub async fn truth_of(&self, world: &World, phone: &Watched) -> TruthPhone {
        let dn = phone.dn.parse().expect("a DN");
        world.nodes[phone.node].phone(dn).await.expect("alive").expect("a phone of the plan")
    }

    /// Whether nothing was ever broken at the phone's node, and time stands still meanwhile.
    pub fn is_fair(&self, phone: &Watched) -> bool {
        !self.real && self.excuses.iter().all(|e| e.node != phone.node)
    }

    pub fn note(&mut self, world: &World, phone: &Watched, what: &str, reply: &Outcome) {
        let _ = writeln!(self.deeds, "{} {what} at {} {}", world.clock.now(), phone.dn, reply.result);
    }

    pub fn wrong(&mut self, world: &World, phone: &Watched, what: &str, reply: &Outcome) {
        let text = reply.error_description.as_deref().unwrap_or_default();
        let done = reply.result;
        self.violations.push(format!("{}: {what} at {}, done: {done} ({text})", world.clock.now(), phone.dn));
    }

    async fn set_dnd(&mut self, world: &World, application: &Application, phone: &Watched) {
        let dnd_state = self.chance.percent(35);
        let asked = SetDeviceDnd { session_id: application.session_id, object_id: phone.object, dnd_state };
        let reply = world.call(&asked).await;
        self.note(world, phone, &format!("setDeviceDND {dnd_state}"), &reply);
        let truth = self.truth_of(world, phone).await;
        let is_set = truth.dnd == dnd_state;
        let right = if is_out_of_service(&truth) { !reply.result } else { reply.result && is_set };
        if self.is_fair(phone) && !right {
            self.wrong(world, phone, &format!("do not disturb {dnd_state}, set: {is_set}"), &reply);
        }
    }

    async fn set_forward(&mut self, world: &World, application: &Application, phone: &Watched) {
        let before = self.truth_of(world, phone).await.forwards;
        let set: Vec<&str> = FORWARDINGS.into_iter().filter(|which| before.contains_key(*which)).collect();
        let ends = !set.is_empty() && self.chance.percent(50);
        let which = *self.chance.pick(if ends { &set } else { &FORWARDINGS });
        let cf_on = !ends && self.chance.percent(80);
        let dn = if cf_on { self.number() } else { String::new() };
        let wanted = cf_on.then(|| dn.clone());
        let request = SetCfRequest { dn, session_id: application.session_id, object_id: phone.object, cf_on };
        let reply = match which {
            "always" => world.call(&SetCfAlways { request }).await,
            "busyInternal" => world.call(&SetCfBusyInternal { request }).await,
            "busyExternal" => world.call(&SetCfBusyExternal { request }).await,
            "noAnswerInternal" => world.call(&SetCfnaInternal { request }).await,
            _ => world.call(&SetCfnaExternal { request }).await,
        };
        let what = format!("forward {which} to {wanted:?}");
        self.note(world, phone, &what, &reply);
        let truth = self.truth_of(world, phone).await;
        let after = &truth.forwards;
        let as_wanted = after.get(which) == wanted.as_ref();
        // Where calls cannot be forwarded to, nothing changes; to end it is refused where nobody can be.
        let out = is_out_of_service(&truth);
        let right = if reply.result { as_wanted && !out } else { (cf_on || out) && *after == before };
        if self.is_fair(phone) && !right {
            self.wrong(world, phone, &what, &reply);
        }
    }

    /// A message without a call, or one that is cleared.
    async fn message_at(&mut self, world: &World, application: &Application, phone: &Watched) {
        let session_id = application.session_id;
        // Where one waits already more leads further than where none does.
        let mut phone = phone;
        for lit in application.watched.iter().filter(|lit| lit.is_prime()) {
            if self.chance.percent(70) && !self.truth_of(world, lit).await.messages.is_empty() {
                phone = lit;
            }
        }
        let before = self.truth_of(world, phone).await.messages;
        let leaves = before.is_empty() || self.chance.percent(40);
        let from = match leaves {
            true => self.number(),
            false => self.chance.pick(&before).clone(),
        };
        let reply = if leaves {
            world.call(&SendCallMeBackMsgNoCall { session_id, obj_id: phone.object, dn: from.clone() }).await
        } else {
            let obj_id_of_device_with_msg = phone.object;
            world.call(&ClearCallMeBackMsg { session_id, obj_id_of_device_with_msg, device_dn: from.clone() }).await
        };
        let what = format!("a message of {from}, left: {leaves}");
        self.note(world, phone, &what, &reply);
        let after = self.truth_of(world, phone).await.messages;
        let right = match reply.result {
            true => after.contains(&from) == leaves && after != before,
            false => leaves && after == before,
        };
        if self.is_fair(phone) && !right {
            self.wrong(world, phone, &what, &reply);
        }
    }

    /// A member of a group joins or leaves it.
    pub async fn set_presence(&mut self, world: &World, application: &Application) {
        let member = application.watched.iter().find(|phone| phone.dn == MEMBER).cloned();
        let Some(member) = member else { return };
        let (presence_value, invoker_dn) = (self.chance.percent(50), None);
        let (session_id, object_id) = (application.session_id, member.object);
        let asked = SetPrgPresence { session_id, object_id, presence_value, prg_dn: GROUP.into(), invoker_dn };
        let reply = world.call(&asked).await;
        let what = format!("setPRGPresence {presence_value}");
        self.note(world, &member, &what, &reply);
        let present = self.truth_of(world, &member).await.groups.get(GROUP).copied();
        if self.is_fair(&member) && !(reply.result && present == Some(presence_value)) {
            self.wrong(world, &member, &what, &reply);
        }
    }

    /// An application begins or ceases to watch presence at a node.
    pub async fn presence_watch(&mut self, world: &World, application: &Application) {
        let node = self.chance.below(2);
        let object = i64::from(world.nodes[node].ceid().get());
        let is_watched = application.presence.borrow().iter().any(|w| w.object == object && w.to_ms.is_none());
        let _ = writeln!(self.deeds, "{} watches presence at {object}: {}", world.clock.now(), !is_watched);
        match is_watched {
            true => world.leave_presence(application, node).await,
            false => world.watch_presence(application, node).await,
        }
    }

    /// Where a phone is at home; the nodes of the story are no pair.
    async fn look_at_homes(&mut self, world: &World, application: &Application, phone: &Watched) {
        let (session_id, object_id) = (application.session_id, phone.object);
        let reply = world.call(&GetResilientStatus { session_id, object_id }).await;
        let own = i64::try_from(phone.node).expect("small") + 1;
        let right = reply.result && !reply.is_resilient && reply.primary_icp_id == own && reply.secondary_icp_id == 0;
        if self.is_fair(phone) && !right {
            self.violations.push(format!("{}: getResilientStatus of {}: {reply:?}", world.clock.now(), phone.dn));
        }
    }

    async fn look_at_features(&mut self, world: &World, application: &Application, phone: &Watched) {
        let asked = GetDeviceFeatures { session_id: application.session_id, object_id: phone.object };
        let reply = world.call(&asked).await;
        let _ = writeln!(self.deeds, "{} getDeviceFeatures {} {}", world.clock.now(), phone.dn, reply.result);
        if !self.is_fair(phone) {
            return;
        }
        let truth = self.truth_of(world, phone).await;
        let forwards = [&reply.cf_always, &reply.cf_busy_int, &reply.cf_busy_ext, &reply.cfna_int, &reply.cfna_ext];
        let as_set = |(which, told): (&str, &Option<ForwardingInfo>)| {
            let number = truth.forwards.get(which);
            let told = told.as_ref().filter(|info| info.fwd_on);
            told.and_then(|info| info.dn.as_ref()) == number
        };
        // A user is at the set, and at the own number.
        let user = if is_user(&phone.dn) { truth.desk.as_ref().map(|_| phone.dn.clone()) } else { truth.user.clone() };
        let right = reply.result
            && reply.dnd == truth.dnd
            && reply.auto_answer == truth.auto_answer
            && reply.msg_waiting_lamp != truth.messages.is_empty()
            && reply.hot_desk_user_logged_in_dn == user
            && FORWARDINGS.into_iter().zip(forwards).all(as_set);
        if !right {
            self.violations.push(format!("{}: getDeviceFeatures gave {reply:?}, true: {truth:?}", world.clock.now()));
        }
    }
}

/// Whether nobody can be at a number: a set's while a user is there, a user's while the user is nowhere.
fn is_out_of_service(phone: &TruthPhone) -> bool {
    if is_user(&phone.dn) { phone.desk.is_none() } else { phone.user.is_some() }
}
