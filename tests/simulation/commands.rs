//! What applications do.

use std::fmt::Write as _;

use oig::sim::truth::TruthState;
use schemas::contract::cc::{CallEventMsg, CallState, FeaturesAllowed, Outcome};
use schemas::contract::ops_call_control_standard::{
    AlternateCall, AnswerCall, CamponCall, CancelConsCall, ClearCall, ConferenceCall, ConsultationCall, HoldCall,
    MakeCall, NewCall, OutPulseDigits, PickupCall, RedirectCall, RemoteRetrieveCall, RetrieveCall,
    SendCallMeBackMsgForCall, SetAccountCode, SetCallMeBack, SplitConferenceCall, TradeCall, TransferCall,
};

use super::places::Watched;
use super::story::Story;
use super::world::{Application, World};

/// What an application does with a call.
const FEATURES: [FeaturesAllowed; 18] = [
    FeaturesAllowed::AnswerCall,
    FeaturesAllowed::ClearCall,
    FeaturesAllowed::HoldCall,
    FeaturesAllowed::RetrieveCall,
    FeaturesAllowed::ConsultationCall,
    FeaturesAllowed::CancelConsultationCall,
    FeaturesAllowed::AlternateCall,
    FeaturesAllowed::TransferCall,
    FeaturesAllowed::ConferenceCall,
    FeaturesAllowed::SplitConferenceCall,
    FeaturesAllowed::RedirectCall,
    FeaturesAllowed::NewCall,
    FeaturesAllowed::OutPulseDigits,
    FeaturesAllowed::SendCallbackMessage,
    FeaturesAllowed::CamponCall,
    FeaturesAllowed::SetCallMeBack,
    FeaturesAllowed::TradeCall,
    FeaturesAllowed::SetAccountCode,
];

impl Story {
    /// An application does something with what it heard last. What was announced and is used with
    /// nothing in between must be done; what was not announced must be refused.
    pub async fn command(&mut self, world: &World) {
        let application = self.chance.pick(&world.applications).clone();
        if self.chance.percent(5) {
            return self.desk(world, &application).await;
        }
        if self.chance.percent(2) {
            return self.set_presence(world, &application).await;
        }
        // Over sockets what is told and what is asked for pass each other.
        if !self.real && self.chance.percent(2) {
            return self.presence_watch(world, &application).await;
        }
        let Some(phone) = (!application.watched.is_empty()).then(|| self.chance.pick(&application.watched).clone())
        else {
            return;
        };
        if self.chance.percent(11) && phone.is_prime() {
            return self.setting(world, &application, &phone).await;
        }
        let last = {
            let heard = application.heard.borrow();
            let mut of_phone =
                heard.iter().filter_map(|h| h.event.call_event.as_ref()).filter(|c| c.object_id == phone.object);
            of_phone.next_back().cloned()
        };
        let on_leg = last.filter(|c| c.local_call_id != 0);
        let (Some(CallEventMsg { local_call_id, features_allowed, call_event_time, call_state, .. }), true) =
            (on_leg, self.chance.percent(75))
        else {
            return self.new_call(world, &application, &phone).await;
        };
        let truth = world.nodes[phone.node].phone(phone.dn.parse().expect("a DN")).await.expect("alive");
        let legs = truth.map(|t| t.legs).unwrap_or_default();
        let quiet = legs.iter().filter(|l| l.line == phone.button).all(|l| l.since_ms <= call_event_time);
        let drawn: Vec<_> = features_allowed.iter().copied().filter(|f| FEATURES.contains(f)).collect();
        let rare = [FeaturesAllowed::SplitConferenceCall, FeaturesAllowed::ConferenceCall, FeaturesAllowed::TradeCall];
        let rare = rare.into_iter().find(|feature| features_allowed.contains(feature));
        let feature = match (self.chance.below(100), rare) {
            (0..=69, Some(rare)) => rare,
            (0..=69, _) if !drawn.is_empty() => *self.chance.pick(&drawn),
            _ => *self.chance.pick(&FEATURES),
        };
        let feature = match feature {
            FeaturesAllowed::ConferenceCall | FeaturesAllowed::SplitConferenceCall if self.real => return,
            feature => feature,
        };
        let Some(reply) = self.use_feature(world, feature, &application, phone.object, local_call_id).await else {
            return;
        };
        let _ = writeln!(self.deeds, "{} {} {} {}", world.clock.now(), feature.as_str(), phone, reply.result);
        let announced = features_allowed.contains(&feature);
        // Those on two legs take either, and are announced at the active one. A number that cannot
        // be rung is known when it is named.
        let of_two = matches!(
            feature,
            FeaturesAllowed::AlternateCall
                | FeaturesAllowed::CancelConsultationCall
                | FeaturesAllowed::TransferCall
                | FeaturesAllowed::ConferenceCall
        );
        let elsewhere = of_two && call_state == Some(CallState::Held);
        let wrong_number = announced && !reply.result && feature == FeaturesAllowed::RedirectCall;
        let busy =
            legs.into_iter().find(|l| l.line == phone.button && l.state == TruthState::Failed).and_then(|l| l.other);
        let overtaken = announced != reply.result && self.is_overtaken(world, feature, announced, &phone, busy).await;
        let says = !elsewhere && !wrong_number && !overtaken;
        // In real time others act in between; near a fault nothing is promised; and dial tone, of
        // which nothing is told, is something in between, too.
        let fair = quiet && says && !self.real && self.excuses.iter().all(|e| e.node != phone.node);
        if fair && announced != reply.result {
            self.violations.push(format!(
                "{}: {} at {} was announced: {announced}, done: {} ({})",
                world.clock.now(),
                feature.as_str(),
                phone,
                reply.result,
                reply.error_description.unwrap_or_default()
            ));
        }
    }

    /// Whether what may be done depends on more than the call, and that has changed since it was announced.
    async fn is_overtaken(
        &self,
        world: &World,
        feature: FeaturesAllowed,
        announced: bool,
        phone: &Watched,
        busy: Option<String>,
    ) -> bool {
        use FeaturesAllowed::{CamponCall, SendCallbackMessage, SetCallMeBack};
        if !matches!(feature, CamponCall | SendCallbackMessage | SetCallMeBack) {
            return false;
        }
        let mut phones = Vec::new();
        for node in &world.nodes {
            phones.extend(node.truth_now().await.expect("alive").phones);
        }
        let called = phones.iter().find(|other| Some(&other.dn) == busy.as_ref());
        match feature {
            // Nobody tells that it was done in vain before, or that what was set is over.
            _ if !announced => true,
            SendCallbackMessage => phones.iter().any(|other| other.messages.contains(&phone.dn)),
            CamponCall => called.is_none_or(|called| {
                let lines = || called.legs.iter().filter(|l| l.line == 1);
                let engaged = lines().any(|l| !matches!(l.state, TruthState::Held | TruthState::Queued));
                called.dnd || !engaged || lines().any(|l| l.state == TruthState::Queued)
            }),
            _ => false,
        }
    }

    /// A call that begins: by its number, or by taking one that rings elsewhere.
    async fn new_call(&mut self, world: &World, application: &Application, phone: &Watched) {
        let (session_id, object_id) = (application.session_id, phone.object);
        let (name, number, reply) = if self.chance.percent(15) {
            let ring_dn = self.extension();
            let reply = world.call(&PickupCall { session_id, object_id, ring_dn: ring_dn.clone() }).await;
            ("pickupCall", ring_dn, reply)
        } else if self.chance.percent(12) {
            let holder = self.extension();
            let asked = RemoteRetrieveCall { session_id, object_id, remote_dn: Some(holder.clone()) };
            ("remoteRetrieveCall", holder, world.call(&asked).await)
        } else {
            let number = self.number();
            let account_code = match self.chance.below(40) {
                0..=5 => Some(self.code()),
                6 => Some("7".into()),
                _ => None,
            };
            let is_code = account_code.as_ref().is_none_or(|code| code.len() > 1);
            let asked = MakeCall { session_id, object_id, number: number.clone(), account_code };
            let reply = world.call(&asked).await;
            if reply.result && !is_code {
                self.violations.push(format!("{}: {} calls with a code that is none", world.clock.now(), phone.dn));
            }
            ("makeCall", number, reply)
        };
        let _ = writeln!(self.deeds, "{} {name} {} {number} {}", world.clock.now(), phone, reply.result);
    }

    /// Does what a feature is for; `None` when it is none that is drawn.
    async fn use_feature(
        &mut self,
        world: &World,
        feature: FeaturesAllowed,
        application: &Application,
        object_id: i64,
        local_call_id: i64,
    ) -> Option<Outcome> {
        let session_id = application.session_id;
        macro_rules! call {
            ($request:ident $(, $field:ident: $value:expr)?) => {
                world.call(&$request { session_id, object_id, local_call_id $(, $field: $value)? }).await
            };
        }
        Some(match feature {
            FeaturesAllowed::AnswerCall => call!(AnswerCall),
            FeaturesAllowed::ClearCall => call!(ClearCall),
            FeaturesAllowed::HoldCall => call!(HoldCall),
            FeaturesAllowed::RetrieveCall => call!(RetrieveCall),
            FeaturesAllowed::ConsultationCall => call!(ConsultationCall, number: self.number()),
            FeaturesAllowed::CancelConsultationCall => call!(CancelConsCall),
            FeaturesAllowed::AlternateCall => call!(AlternateCall),
            FeaturesAllowed::TransferCall => call!(TransferCall),
            FeaturesAllowed::ConferenceCall => call!(ConferenceCall),
            FeaturesAllowed::SplitConferenceCall => call!(SplitConferenceCall),
            FeaturesAllowed::RedirectCall => call!(RedirectCall, redirect_dn: self.number()),
            FeaturesAllowed::NewCall => call!(NewCall),
            FeaturesAllowed::SendCallbackMessage => {
                let obj_id = object_id;
                world.call(&SendCallMeBackMsgForCall { session_id, obj_id, local_call_id }).await
            }
            FeaturesAllowed::CamponCall => call!(CamponCall),
            FeaturesAllowed::SetCallMeBack => call!(SetCallMeBack),
            FeaturesAllowed::TradeCall => call!(TradeCall),
            FeaturesAllowed::SetAccountCode => call!(SetAccountCode, acc_code: self.code()),
            FeaturesAllowed::OutPulseDigits => call!(OutPulseDigits, digits: self.number()),
            _ => return None,
        })
    }
}
