//! From a [`Report`] to what goes on the wire: devices in the contract's order, attributes,
//! featuresAllowed, rendered once for every session that hears it.
//!
//! What the node did not say is left out; nothing is decided here about what happened.

use schemas::contract::cc::{
    AccountCodeType, AttributeType, CallEventAttributeNames, CallEventAttributeValue, CallEventMsg,
    CallEventType as Type, Device as WireDevice, DeviceAttributeNames, DeviceAttributeValue, DeviceName, DeviceType,
    EventType, FeaturesAllowed, PartyMember, StandardEventMsg,
};
use schemas::csta::private::only_private;
use schemas::domain::{Ceid, DeviceRef, Dn, Feature, Features, GroupKind, ObjectId, ObjectKind, Party};

use super::leg::LegState;
use super::state::{LegView, Report};
use crate::cluster::Sharing;
use crate::env::Env;
use crate::event::{Event, Forms};

/// Features whose operations exist: nothing is announced that would be refused as unknown.
pub const SUPPORTED: Features = Features::of(&[
    Feature::AnswerCall,
    Feature::RedirectCall,
    Feature::CamponCall,
    Feature::SetCallMeBack,
    Feature::AlternateCall,
    Feature::TradeCall,
    Feature::ConferenceCall,
    Feature::SplitConferenceCall,
    Feature::ConsultationCall,
    Feature::CancelConsultationCall,
    Feature::TransferCall,
    Feature::SendCallbackMessage,
    Feature::SetAccountCode,
    Feature::NewCall,
    Feature::ClearCall,
    Feature::OutPulseDigits,
    Feature::HoldCall,
    Feature::RetrieveCall,
]);

/// The event as sessions keep it; `None` when a planted fault swallows it.
pub(super) fn render(object: ObjectId, icp: Ceid, report: &Report, env: &Env, forms: Forms) -> Option<Event> {
    #[cfg(feature = "planted-faults")]
    let report = &planted(report, env)?;
    let call_event = call_event(object, icp, report, env);
    let message = StandardEventMsg {
        error_description: None,
        event_type: Some(EventType::CallEvent),
        call_event: Some(call_event),
        feature_event: None,
        system_event: None,
        result: true,
    };
    Some(Event::new(Some(object), message, forms))
}

/// The report as the contract's callEvent; `icp` is the node that spoke.
pub(super) fn call_event(object: ObjectId, icp: Ceid, report: &Report, env: &Env) -> CallEventMsg {
    let own = Own { object, env };
    let features = report.leg.as_ref().map_or(Features::NONE, features_allowed);
    CallEventMsg {
        kind: Some(report.kind),
        cause: Some(report.why),
        call_state: Some(report.state),
        call_event_attribute: attributes(icp, report),
        features_allowed: features.iter().map(wire_feature).collect(),
        device: own.devices(report),
        party: own.parties(report),
        account_code: report.account.as_ref().map(|account| account.code.clone()),
        account_code_type: report.account.as_ref().and_then(|account| account.verified).map(
            |verified| match verified {
                true => AccountCodeType::Verified,
                false => AccountCodeType::Unverified,
            },
        ),
        local_call_id: report.leg.as_ref().map_or(0, |leg| leg.id.as_long()),
        call_event_time: env.now_ms(),
        object_id: object.as_long(),
    }
}

/// From the node where it says so, else from the state of the leg.
fn features_allowed(leg: &LegView) -> Features {
    if leg.gone {
        return Features::NONE;
    }
    // A node that permits nothing by itself does not know our private data either.
    leg.permitted.unwrap_or_else(|| of_leg(leg).without(only_private())).and(SUPPORTED)
}

/// What a leg's state allows, with what stands beside it.
fn of_leg(leg: &LegView) -> Features {
    const DELIVERED: Features =
        Features::of(&[Feature::CancelConsultationCall, Feature::TransferCall, Feature::AlternateCall]);
    const ESTABLISHED: Features = DELIVERED.with(Feature::ConferenceCall);
    const BUSY: Features = Features::of(&[Feature::CamponCall, Feature::SetCallMeBack, Feature::SendCallbackMessage]);
    match leg.state {
        LegState::Delivered if leg.consulting => of_state(leg.state).or(DELIVERED),
        // The line has no room for another held call.
        LegState::Established if leg.consulting => {
            let taken = Features::of(&[Feature::HoldCall, Feature::ConsultationCall]);
            of_state(leg.state).without(taken).or(ESTABLISHED)
        }
        LegState::Failed => {
            // Else there is nobody to wait for, or to be called by.
            let own = if leg.busy { of_state(leg.state) } else { of_state(leg.state).without(BUSY) };
            if leg.consulting { own.with(Feature::CancelConsultationCall) } else { own }
        }
        state => of_state(state),
    }
}

/// What the state of a leg allows by itself.
fn of_state(state: LegState) -> Features {
    use Feature::{
        AnswerCall, CamponCall, ClearCall, ConsultationCall, HoldCall, NewCall, OutPulseDigits, RedirectCall,
        RetrieveCall, SendCallbackMessage, SetAccountCode, SetCallMeBack, TradeCall,
    };
    const INITIATED: Features = Features::of(&[ClearCall, OutPulseDigits]);
    const DELIVERED: Features = Features::of(&[ClearCall, SetCallMeBack, SendCallbackMessage]);
    const RECEIVED: Features = Features::of(&[AnswerCall, RedirectCall]);
    const ESTABLISHED: Features =
        Features::of(&[ClearCall, HoldCall, ConsultationCall, OutPulseDigits, SetAccountCode]);
    const HELD: Features = Features::of(&[RetrieveCall]);
    const QUEUED: Features = Features::of(&[ClearCall, SetCallMeBack]);
    const WAITING: Features = Features::of(&[TradeCall]);
    const FAILED: Features = Features::of(&[ClearCall, NewCall, CamponCall, SetCallMeBack, SendCallbackMessage]);
    match state {
        LegState::Initiated | LegState::Originated => INITIATED,
        LegState::Delivered => DELIVERED,
        LegState::Received => RECEIVED,
        LegState::Established => ESTABLISHED,
        LegState::Held => HELD,
        LegState::Queued => QUEUED,
        LegState::Waiting => WAITING,
        LegState::Failed => FAILED,
    }
}

fn wire_feature(feature: Feature) -> FeaturesAllowed {
    match feature {
        Feature::AnswerCall => FeaturesAllowed::AnswerCall,
        Feature::RedirectCall => FeaturesAllowed::RedirectCall,
        Feature::CamponCall => FeaturesAllowed::CamponCall,
        Feature::SetCallMeBack => FeaturesAllowed::SetCallMeBack,
        Feature::IntrudeCall => FeaturesAllowed::IntrudeCall,
        Feature::AlternateCall => FeaturesAllowed::AlternateCall,
        Feature::TradeCall => FeaturesAllowed::TradeCall,
        Feature::ConferenceCall => FeaturesAllowed::ConferenceCall,
        Feature::SplitConferenceCall => FeaturesAllowed::SplitConferenceCall,
        Feature::ConsultationCall => FeaturesAllowed::ConsultationCall,
        Feature::CancelConsultationCall => FeaturesAllowed::CancelConsultationCall,
        Feature::TransferCall => FeaturesAllowed::TransferCall,
        Feature::SendCallbackMessage => FeaturesAllowed::SendCallbackMessage,
        Feature::SetAccountCode => FeaturesAllowed::SetAccountCode,
        Feature::NewCall => FeaturesAllowed::NewCall,
        Feature::ClearCall => FeaturesAllowed::ClearCall,
        Feature::OutPulseDigits => FeaturesAllowed::OutPulseDigits,
        Feature::HoldCall => FeaturesAllowed::HoldCall,
        Feature::RetrieveCall => FeaturesAllowed::RetrieveCall,
        Feature::ListenCall => FeaturesAllowed::ListenCall,
        Feature::AssignCallerId => FeaturesAllowed::AssignCallerId,
        Feature::AlterWorkTimer => FeaturesAllowed::AlterWorkTimer,
        Feature::TapCall => FeaturesAllowed::TapCall,
    }
}

fn attributes(icp: Ceid, report: &Report) -> Vec<CallEventAttributeValue> {
    use CallEventAttributeNames::{
        CurrentGlobalCallId, DialedDigits, IcpId, PrimaryGlobalCallid, SecondaryGlobalCallid,
    };
    let value = |name, value: String, kind| CallEventAttributeValue {
        attribute_name: Some(name),
        attribute_value: Some(value),
        attribute_type: Some(kind),
    };
    let mut attributes = Vec::with_capacity(3);
    if let Some(leg) = &report.leg {
        if report.kind == Type::CallOriginated
            && let Some(dialled) = leg.called.device()
        {
            attributes.push(value(DialedDigits, dialled.number.clone(), AttributeType::String));
        }
        if let Some(id) = &leg.global_call_id {
            attributes.push(value(CurrentGlobalCallId, id.as_str().to_owned(), AttributeType::String));
        }
    }
    if let Some(joined) = &report.joined {
        let ids = [(PrimaryGlobalCallid, &joined.primary), (SecondaryGlobalCallid, &joined.secondary)];
        for (name, id) in ids {
            attributes.extend(id.as_ref().map(|id| value(name, id.as_str().to_owned(), AttributeType::String)));
        }
    }
    attributes.push(value(IcpId, icp.get().to_string(), AttributeType::LongInteger));
    attributes
}

/// The monitored object, and where to look up what is said about it.
struct Own<'a> {
    object: ObjectId,
    env: &'a Env,
}

impl Own<'_> {
    fn devices(&self, report: &Report) -> Vec<WireDevice> {
        use DeviceName::{
            CalledDevice, CallingDevice, ConnectedDevice, ControllerDevice, DroppedDevice, GroupDevice, HoldingDevice,
            NewDestinationDevice, OriginalDestinationDevice, PickupDevice, TransferControllerDevice, TransferredDevice,
            UsingDevice, WaitingDevice,
        };
        let mut roles: Vec<(DeviceName, &Party)> = Vec::with_capacity(4);
        let own = Party::Known(self.device());
        let group = report.leg.as_ref().and_then(|leg| leg.group.as_ref());
        let group = group.map_or(Party::NotKnown, |group| Party::Known(group.device.clone()));
        if let Some(leg) = &report.leg {
            match report.kind {
                Type::CallOriginated => roles.push((CallingDevice, &own)),
                Type::CallDelivered | Type::CallReceived => {
                    roles.push((CallingDevice, &leg.calling));
                    if report.subject.device().is_some() {
                        roles.push((CalledDevice, &report.subject));
                        // Where the group was called, it says so by itself.
                        let group_called = group != Party::NotKnown && same(&group, &leg.called);
                        if !same(&report.subject, &leg.called) && !group_called {
                            roles.push((OriginalDestinationDevice, &leg.called));
                        }
                    } else {
                        roles.push((CalledDevice, &leg.called));
                    }
                    roles.push((GroupDevice, &group));
                }
                Type::CallEstablished => {
                    roles.push((CallingDevice, &leg.calling));
                    roles.push((CalledDevice, &leg.called));
                    roles.push((ConnectedDevice, &leg.answering));
                    if matches!(
                        report.why,
                        schemas::contract::cc::EventCauseType::Pickup
                            | schemas::contract::cc::EventCauseType::PickupInvoked
                    ) {
                        roles.push((PickupDevice, &leg.answering));
                    }
                }
                Type::CallHeld | Type::CallRetrieved => {
                    let role = if report.kind == Type::CallHeld { HoldingDevice } else { ControllerDevice };
                    let acting = if report.subject == Party::NotKnown { &own } else { &report.subject };
                    roles.push((role, acting));
                    let far = self.far(leg);
                    roles.push((ConnectedDevice, if self.is_own(acting) { far } else { &own }));
                }
                Type::CallDiverted => {
                    roles.push((CallingDevice, &leg.calling));
                    roles.push((CalledDevice, &report.subject));
                    // The one left again, where the node did not say where the call went.
                    if !same(&report.subject, &leg.called) {
                        roles.push((NewDestinationDevice, &leg.called));
                    }
                }
                Type::CallClear | Type::DeviceDropped => roles.push((DroppedDevice, &report.subject)),
                Type::CallQueued => {
                    let waits = report.why == schemas::contract::cc::EventCauseType::CallIsWaiting;
                    roles.push((if waits { WaitingDevice } else { CallingDevice }, &leg.calling));
                    roles.push((CalledDevice, &leg.called));
                }
                Type::CallTransferred => {
                    roles.push((TransferControllerDevice, &report.subject));
                    if let Some(joined) = &report.joined {
                        roles.push((TransferredDevice, &joined.transferred));
                        roles.push((NewDestinationDevice, &joined.joined));
                    }
                }
                Type::CallConferenced => roles.push((ControllerDevice, &report.subject)),
                // Where the digits went.
                Type::TrunkDigitsOutpulsed if !self.is_own(&leg.called) => roles.push((CalledDevice, &leg.called)),
                // Who it is now, where D is in no role.
                Type::RemotePartyUpdate => roles.push((ConnectedDevice, &report.subject)),
                // Who is on a call that was there before the monitor.
                Type::MonitorSet => {
                    roles.push((CallingDevice, &leg.calling));
                    roles.push((CalledDevice, &leg.called));
                }
                _ => {}
            }
        }
        if report.kind == Type::MonitorSet || !roles.iter().any(|(_, party)| self.is_own(party)) {
            roles.insert(0, (UsingDevice, &own));
        }
        let wire = |(role, party)| {
            let mut device = self.wire(role, party)?;
            if let Some(leg) = &report.leg {
                device.device_attribute.extend(self.group_attributes(leg, role, party));
                let kind = leg.group.as_ref().and_then(|group| group.kind).filter(|_| role == GroupDevice);
                kind.into_iter().for_each(|kind| call_group(&mut device, kind));
            }
            Some(device)
        };
        let mut devices: Vec<_> = roles.into_iter().filter_map(wire).collect();
        if report.kind == Type::TrunkDigitsOutpulsed
            && let Some(called) = devices.iter_mut().find(|d| d.device_name == Some(CalledDevice))
        {
            called.device_attribute.extend(outpulsed_attributes(report));
        }
        if let Some(leg) = &report.leg
            && let Some(calling) = devices.iter_mut().find(|d| d.device_name == Some(CallingDevice))
        {
            calling.device_attribute.extend(network_attributes(&leg.network));
        }
        devices
    }

    /// Everyone in a conference; the call id is that of the monitored device's leg.
    fn parties(&self, report: &Report) -> Vec<PartyMember> {
        let (Some(joined), Some(leg)) = (&report.joined, &report.leg) else { return Vec::new() };
        joined.members.iter().filter_map(|member| self.member(member, leg.id.as_long())).collect()
    }

    fn member(&self, party: &Party, call_id: i64) -> Option<PartyMember> {
        let hidden = DeviceRef { private_number: true, private_name: true, ..DeviceRef::default() };
        let device = match party {
            Party::Known(device) => device,
            Party::Restricted => &hidden,
            Party::NotKnown => return None,
        };
        let number = (!device.private_number).then(|| device.number.clone());
        Some(PartyMember {
            device_type: number.is_some().then(|| self.kind(device, self.is_own(party))),
            member_num: number,
            member_name: self.name(device, self.is_own(party)),
            remote_member_ext: None,
            remote_member_name: None,
            member_network_ext: None,
            peer_id: None,
            peer_name: None,
            call_id,
            number_privacy: device.private_number,
            name_privacy: device.private_name,
        })
    }

    /// As the node said it in this event, or lists it for the monitored line; nothing when it is private, or when there
    /// is none: an empty name is left out whoever's it is.
    fn name(&self, device: &DeviceRef, own: bool) -> Option<String> {
        if device.private_name {
            return None;
        }
        let listed = || Some(self.env.cluster.shown(self.object)?.name);
        device.name.clone().or_else(|| own.then(listed).flatten()).filter(|name| !name.is_empty())
    }

    /// With the number that the button shows, where the directory says so.
    fn device(&self) -> DeviceRef {
        let set = self.object.dn().to_string();
        if self.object.kind() != ObjectKind::Appearance {
            return DeviceRef::number(set);
        }
        let button = Some(self.object.button());
        match self.env.cluster.shown(self.object).map(|shown| shown.number.to_string()) {
            Some(number) if number != set => DeviceRef { button, set: Some(set), ..DeviceRef::number(number) },
            _ => DeviceRef { button, ..DeviceRef::number(set) },
        }
    }

    fn is_own(&self, party: &Party) -> bool {
        let button = Some(self.object.button().max(1));
        let own = DeviceRef { button, ..DeviceRef::number(self.object.dn().to_string()) };
        party.device().is_some_and(|device| device.is_line(&own))
    }

    /// The party at the other end of a call of two.
    fn far<'p>(&self, leg: &'p LegView) -> &'p Party {
        if self.is_own(&leg.calling) { &leg.called } else { &leg.calling }
    }

    fn wire(&self, role: DeviceName, party: &Party) -> Option<WireDevice> {
        use DeviceAttributeNames::{
            DeviceType as DeviceTypeName, LineAppearance, Name, NamePrivacy, Number, NumberPrivacy,
        };
        let hidden;
        let device = match party {
            Party::Known(device) => device,
            Party::Restricted => {
                hidden = DeviceRef { private_number: true, private_name: true, ..DeviceRef::default() };
                &hidden
            }
            Party::NotKnown => return None,
        };
        let own = self.is_own(party);
        let value = |name, value: String, kind| DeviceAttributeValue {
            attribute_name: Some(name),
            attribute_value: Some(value),
            attribute_type: Some(kind),
        };
        let mut attributes = Vec::with_capacity(6);
        if !device.private_number {
            attributes.push(value(Number, device.number.clone(), AttributeType::String));
        }
        attributes.extend(self.name(device, own).map(|name| value(Name, name, AttributeType::String)));
        if !matches!(party, Party::Restricted) {
            let kind = self.kind(device, own);
            attributes.push(value(DeviceTypeName, kind.as_str().to_owned(), AttributeType::String));
        }
        // The prime line is button 1; of others only the node knows.
        let button = device.button.or_else(|| own.then(|| self.object.button().max(1)));
        attributes.extend(button.map(|b| value(LineAppearance, b.to_string(), AttributeType::Integer)));
        attributes.push(value(NumberPrivacy, device.private_number.to_string(), AttributeType::Boolean));
        attributes.push(value(NamePrivacy, device.private_name.to_string(), AttributeType::Boolean));
        Some(WireDevice { device_name: Some(role), device_attribute: attributes })
    }

    /// A member of a personal ring group is told with its number: D where it was rung for it, else whoever answered.
    fn group_attributes(&self, leg: &LegView, role: DeviceName, party: &Party) -> Vec<DeviceAttributeValue> {
        use DeviceAttributeNames::{PrgName, PrgNumber};
        let personal = leg.group.as_ref().filter(|group| group.kind == Some(GroupKind::Personal));
        let Some(group) = personal.filter(|_| role != DeviceName::GroupDevice) else { return Vec::new() };
        let answered = || leg.answering != Party::NotKnown && role == DeviceName::ConnectedDevice;
        let member = if leg.member { self.is_own(party) } else { answered() && same(party, &leg.answering) };
        let number = Some(text(PrgNumber, &group.device.number)).filter(|_| member && !group.device.private_number);
        let name = group.device.name.as_deref().filter(|name| member && !group.device.private_name && !name.is_empty());
        number.into_iter().chain(name.map(|name| text(PrgName, name))).collect()
    }

    /// By what the directories say: a line of the cluster, or something outside it.
    fn kind(&self, device: &DeviceRef, own: bool) -> DeviceType {
        let dn = device.number.parse::<Dn>();
        let known = dn.ok().and_then(|dn| self.env.cluster.known(dn));
        match known.and_then(|known| known.sharing) {
            Some(Sharing::Key) => return DeviceType::Keyline,
            Some(Sharing::Multicall) => return DeviceType::MulticallGroup,
            None => {}
        }
        if device.button.is_some() || (own && self.object.kind() == ObjectKind::Appearance) {
            return DeviceType::LineAppearance;
        }
        match dn {
            Ok(_) if own || known.is_some() => DeviceType::VoiceSetPrime,
            Ok(_) => DeviceType::Unknown,
            Err(_) => DeviceType::ExternalDeviceType,
        }
    }
}

fn text(name: DeviceAttributeNames, value: &str) -> DeviceAttributeValue {
    DeviceAttributeValue {
        attribute_name: Some(name),
        attribute_value: Some(value.to_owned()),
        attribute_type: Some(AttributeType::String),
    }
}

/// A number is told as the group that it is, and not as its prime's line.
fn call_group(device: &mut WireDevice, kind: GroupKind) {
    use DeviceAttributeNames::{DeviceType as DeviceTypeName, LineAppearance};
    device.device_attribute.retain(|attribute| attribute.attribute_name != Some(LineAppearance));
    let kind = match kind {
        GroupKind::Personal => DeviceType::PersonalRingGroup,
    };
    let told = device.device_attribute.iter_mut().filter(|attribute| attribute.attribute_name == Some(DeviceTypeName));
    told.for_each(|attribute| attribute.attribute_value = Some(kind.as_str().to_owned()));
}

/// The digits that went out, and by which way.
fn outpulsed_attributes(report: &Report) -> Vec<DeviceAttributeValue> {
    let digits = report.leg.as_ref().and_then(|leg| leg.called.device()).map(|d| &d.number);
    let digits = digits.map(|digits| text(DeviceAttributeNames::TrunkOutpulsedDigits, digits));
    digits.into_iter().chain(network_attributes(&report.subject)).collect()
}

/// The way to or from outside: a trunk has a number, a peer a name alone.
fn network_attributes(network: &Party) -> Vec<DeviceAttributeValue> {
    use DeviceAttributeNames::{PeerName, TrunkName, TrunkNumber};
    let mut attributes = Vec::new();
    if let Some(network) = network.device().filter(|network| !network.number.is_empty()) {
        let is_trunk = network.number.bytes().all(|b| b.is_ascii_digit());
        attributes.push(text(if is_trunk { TrunkNumber } else { PeerName }, &network.number));
        attributes.extend(network.name.as_deref().filter(|_| is_trunk).map(|name| text(TrunkName, name)));
    }
    attributes
}

fn same(a: &Party, b: &Party) -> bool {
    match (a.device(), b.device()) {
        (Some(a), Some(b)) => a.number == b.number && (a.is_line(b) || a.button.is_none() || b.button.is_none()),
        // One of them is not known: nothing can be said to differ.
        _ => true,
    }
}

#[cfg(feature = "planted-faults")]
fn planted(report: &Report, env: &Env) -> Option<Report> {
    use schemas::contract::cc::EventCauseType as Why;

    use crate::planted::Fault;
    let mut report = report.clone();
    let number = report.leg.as_ref().map_or(0, |leg| leg.id.get());
    let leg = report.leg.as_mut();
    if env.planted.is(Fault::ClearLost) && report.kind == Type::CallClear && number.is_multiple_of(3) {
        return None;
    }
    if env.planted.is(Fault::HoldPlain) && report.why == Why::ConsHoldInvoked {
        report.why = Why::HardHoldInvoked;
    }
    if let Some(joined) = report.joined.as_mut().filter(|_| env.planted.is(Fault::MemberLost)) {
        joined.members.pop();
    }
    if let Some(leg) = leg {
        if env.planted.is(Fault::PartiesSwapped) && report.kind == Type::CallReceived {
            std::mem::swap(&mut leg.calling, &mut leg.called);
            report.subject = Party::NotKnown;
        }
        if env.planted.is(Fault::WrongGlobalCallId) && number.is_multiple_of(3) {
            leg.global_call_id = Some("A000zzzz".into());
        }
        if env.planted.is(Fault::StaleFeatures) && report.kind == Type::CallEstablished {
            leg.permitted = Some(of_state(LegState::Received));
        }
    }
    Some(report)
}

#[cfg(test)]
mod tests;
