//! What goes on the wire for a report: devices in order, attributes, features, names, escapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use schemas::contract::cc::{CallState, EventCauseType as Why};
use schemas::domain::{Ceid, LegId};

use super::*;
use crate::cluster::{Cluster, Listed, NodeSettings};
use crate::env::{Clock, Entropy};

struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

fn env() -> Env {
    let ceid = Ceid::new(12).expect("a CEID");
    let settings = NodeSettings {
        ceid,
        name: "twelve".into(),
        address: [127, 0, 0, 1].into(),
        port: 1,
        association: crate::cluster::Association::ServerFirst,
        specific: None,
        edition: Default::default(),
        secondary: None,
    };
    let cluster = Cluster::new([settings]);
    let listed = |name: &str| Listed { name: name.into(), buttons: vec![2], ..Listed::default() };
    let lines = [("1000", "Own,Ed"), ("2000", "Two,Tom")].map(|(dn, name)| (dn.parse().expect("a DN"), listed(name)));
    cluster.set_directory(ceid, lines.into());
    Env::new(Arc::new(Still), Arc::new(Counter(AtomicU64::new(1))), Arc::new(cluster))
}

fn line() -> ObjectId {
    ObjectId::line(Ceid::new(12).expect("a CEID"), "1000".parse().expect("a DN"))
}

fn known(number: &str) -> Party {
    Party::Known(DeviceRef::number(number))
}

fn leg(state: LegState) -> LegView {
    LegView {
        id: LegId::new(77),
        state,
        calling: known("2000"),
        called: known("1000"),
        network: Party::NotKnown,
        answering: Party::NotKnown,
        group: None,
        member: false,
        members: Vec::new(),
        consulting: false,
        busy: false,
        global_call_id: Some("A0120001".into()),
        permitted: None,
        gone: false,
    }
}

fn report(kind: Type, leg: Option<LegView>, subject: Party) -> Report {
    let state = leg.as_ref().map_or(CallState::Idle, |l| l.state.shown());
    Report {
        kind,
        why: Why::Unknown,
        state,
        leg,
        subject,
        last_redirection: Party::NotKnown,
        joined: None,
        account: None,
        spoken_by: None,
    }
}

fn told(report: &Report) -> CallEventMsg {
    call_event(line(), line().ceid(), report, &env())
}

fn of(device: &WireDevice, name: DeviceAttributeNames) -> Option<&str> {
    let attribute = device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?;
    attribute.attribute_value.as_deref()
}

/// Roles and numbers, in order.
fn roles(report: &Report) -> Vec<(DeviceName, String)> {
    told(report)
        .device
        .iter()
        .map(|d| {
            let number = of(d, DeviceAttributeNames::Number).unwrap_or("-");
            (d.device_name.expect("a role"), number.to_owned())
        })
        .collect()
}

fn group(number: &str, kind: Option<GroupKind>) -> Option<Box<schemas::domain::Group>> {
    let device = DeviceRef { name: Some("Desk".into()), ..DeviceRef::number(number) };
    Some(Box::new(schemas::domain::Group { device, kind }))
}

#[test]
fn a_call_for_a_group_names_it_and_its_member_has_its_number() {
    use DeviceName::{CalledDevice, CallingDevice, ConnectedDevice, GroupDevice, OriginalDestinationDevice};
    let personal = Some(GroupKind::Personal);
    let rung = |kind, called: &str| {
        let leg =
            LegView { group: group("1005", kind), member: true, called: known(called), ..leg(LegState::Received) };
        report(Type::CallReceived, Some(leg), known("1000"))
    };
    let is = |roles: &[(DeviceName, &str)]| roles.iter().map(|(r, n)| (*r, (*n).to_owned())).collect::<Vec<_>>();
    let called = [(CallingDevice, "2000"), (CalledDevice, "1000"), (GroupDevice, "1005")];
    assert_eq!(roles(&rung(personal, "1005")), is(&called));
    // It was forwarded to the group.
    let forwarded =
        [(CallingDevice, "2000"), (CalledDevice, "1000"), (OriginalDestinationDevice, "1001"), (GroupDevice, "1005")];
    assert_eq!(roles(&rung(personal, "1001")), is(&forwarded));

    let prg = |report: &Report| -> Vec<_> {
        let devices = told(report).device;
        let number = |d: &WireDevice| of(d, DeviceAttributeNames::PrgNumber).map(str::to_owned);
        let name = |d: &WireDevice| of(d, DeviceAttributeNames::PrgName).map(str::to_owned);
        devices.iter().filter_map(|d| Some((d.device_name?, number(d)?, name(d)?))).collect()
    };
    let told_with = |role| vec![(role, "1005".to_owned(), "Desk".to_owned())];
    assert_eq!(prg(&rung(personal, "1005")), told_with(CalledDevice));
    assert_eq!(prg(&rung(None, "1005")), []);
    // At the caller's it is who answered.
    let answered = |member| LegView {
        group: group("1005", personal),
        member,
        calling: known("1000"),
        called: known("1005"),
        answering: known("1015"),
        ..leg(LegState::Established)
    };
    let established = report(Type::CallEstablished, Some(answered(false)), known("1015"));
    assert_eq!(prg(&established), told_with(ConnectedDevice));

    let devices = told(&rung(personal, "1005")).device;
    let named = devices.iter().find(|d| d.device_name == Some(GroupDevice)).expect("the group");
    assert_eq!(of(named, DeviceAttributeNames::DeviceType), Some("PERSONAL_RING_GROUP"));
    assert_eq!(of(named, DeviceAttributeNames::LineAppearance), None);
}

#[test]
fn each_event_names_its_devices_in_the_order_of_the_contract() {
    use DeviceName::{
        CalledDevice, CallingDevice, ConnectedDevice, ControllerDevice, DroppedDevice, HoldingDevice,
        NewDestinationDevice, OriginalDestinationDevice, PickupDevice, UsingDevice, WaitingDevice,
    };
    let established = |answering: &str| LegView { answering: known(answering), ..leg(LegState::Established) };
    let pickup = |why| Report { why, ..report(Type::CallEstablished, Some(established("1000")), known("1000")) };
    let queued = |why| Report { why, ..report(Type::CallQueued, Some(leg(LegState::Queued)), known("1000")) };
    let diverted = |called: &str| LegView { called: known(called), ..leg(LegState::Received) };
    let cases: &[(Report, &[(DeviceName, &str)])] = &[
        (report(Type::CallOriginated, Some(leg(LegState::Originated)), known("1000")), &[(CallingDevice, "1000")]),
        (
            report(Type::CallReceived, Some(leg(LegState::Received)), known("1000")),
            &[(CallingDevice, "2000"), (CalledDevice, "1000")],
        ),
        (
            report(Type::CallReceived, Some(diverted("3000")), known("1000")),
            &[(CallingDevice, "2000"), (CalledDevice, "1000"), (OriginalDestinationDevice, "3000")],
        ),
        (
            report(Type::CallDelivered, Some(leg(LegState::Delivered)), Party::NotKnown),
            &[(CallingDevice, "2000"), (CalledDevice, "1000")],
        ),
        (
            report(Type::CallEstablished, Some(established("1000")), known("1000")),
            &[(CallingDevice, "2000"), (CalledDevice, "1000"), (ConnectedDevice, "1000")],
        ),
        (
            pickup(Why::PickupInvoked),
            &[(CallingDevice, "2000"), (CalledDevice, "1000"), (ConnectedDevice, "1000"), (PickupDevice, "1000")],
        ),
        (
            pickup(Why::Pickup),
            &[(CallingDevice, "2000"), (CalledDevice, "1000"), (ConnectedDevice, "1000"), (PickupDevice, "1000")],
        ),
        (
            report(Type::CallHeld, Some(leg(LegState::Held)), known("1000")),
            &[(HoldingDevice, "1000"), (ConnectedDevice, "2000")],
        ),
        (
            report(Type::CallHeld, Some(leg(LegState::Established)), known("2000")),
            &[(HoldingDevice, "2000"), (ConnectedDevice, "1000")],
        ),
        (
            report(Type::CallRetrieved, Some(leg(LegState::Established)), Party::NotKnown),
            &[(ControllerDevice, "1000"), (ConnectedDevice, "2000")],
        ),
        (
            report(Type::CallDiverted, Some(diverted("3000")), known("1000")),
            &[(CallingDevice, "2000"), (CalledDevice, "1000"), (NewDestinationDevice, "3000")],
        ),
        // The node did not say where the call went: nothing is invented.
        (
            report(Type::CallDiverted, Some(diverted("1000")), known("1000")),
            &[(CallingDevice, "2000"), (CalledDevice, "1000")],
        ),
        (report(Type::CallClear, Some(leg(LegState::Established)), known("1000")), &[(DroppedDevice, "1000")]),
        // D is in no role: it comes first.
        (
            report(Type::CallClear, Some(leg(LegState::Established)), known("2000")),
            &[(UsingDevice, "1000"), (DroppedDevice, "2000")],
        ),
        (
            report(Type::DeviceDropped, Some(leg(LegState::Established)), known("3000")),
            &[(UsingDevice, "1000"), (DroppedDevice, "3000")],
        ),
        (queued(Why::CallIsWaiting), &[(WaitingDevice, "2000"), (CalledDevice, "1000")]),
        (queued(Why::CallQueued), &[(CallingDevice, "2000"), (CalledDevice, "1000")]),
        (report(Type::CallFailed, Some(leg(LegState::Failed)), known("2000")), &[(UsingDevice, "1000")]),
        (
            report(Type::TrunkDigitsOutpulsed, Some(leg(LegState::Originated)), Party::NotKnown),
            &[(UsingDevice, "1000")],
        ),
        (report(Type::OutOfService, None, Party::NotKnown), &[(UsingDevice, "1000")]),
        (report(Type::MonitorSet, None, Party::NotKnown), &[(UsingDevice, "1000")]),
        (
            report(Type::MonitorSet, Some(leg(LegState::Established)), Party::NotKnown),
            &[(UsingDevice, "1000"), (CallingDevice, "2000"), (CalledDevice, "1000")],
        ),
    ];
    for (report, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(role, number)| (*role, (*number).to_owned())).collect();
        assert_eq!(roles(report), expected, "{:?} {:?}", report.kind, report.why);
    }
}

#[test]
fn the_monitored_device_has_number_name_type_and_appearance_from_the_directory() {
    use DeviceAttributeNames as Name;
    let event = told(&report(Type::MonitorSet, None, Party::NotKnown));
    let device = &event.device[0];
    for (name, value) in [
        (Name::Number, "1000"),
        (Name::Name, "Own,Ed"),
        (Name::DeviceType, "VOICE_SET_PRIME"),
        (Name::LineAppearance, "1"),
        (Name::NumberPrivacy, "false"),
        (Name::NamePrivacy, "false"),
    ] {
        assert_eq!(of(device, name), Some(value), "{name:?}");
    }
    let kinds: Vec<_> = device.device_attribute.iter().map(|a| a.attribute_type.expect("a type")).collect();
    use AttributeType::{Boolean, Integer, String};
    assert_eq!(kinds, [String, String, String, Integer, Boolean, Boolean]);
}

#[test]
fn a_line_appearance_says_its_button() {
    let object = ObjectId::appearance(line().ceid(), line().dn(), 3);
    let event = call_event(object, object.ceid(), &report(Type::MonitorSet, None, Party::NotKnown), &env());
    assert_eq!(of(&event.device[0], DeviceAttributeNames::LineAppearance), Some("3"));
    assert_eq!(of(&event.device[0], DeviceAttributeNames::DeviceType), Some("LINE_APPEARANCE"));
    // Another button of the same set is another device.
    let other = Party::Known(DeviceRef { button: Some(4), ..DeviceRef::number("1000") });
    let event =
        call_event(object, object.ceid(), &report(Type::CallClear, Some(leg(LegState::Established)), other), &env());
    assert_eq!(event.device[0].device_name, Some(DeviceName::UsingDevice));
}

#[test]
fn what_is_private_is_left_out_and_the_flag_says_why() {
    use DeviceAttributeNames::{DeviceType, Name, NamePrivacy, Number, NumberPrivacy};
    let named = DeviceRef { name: Some("Secret".into()), ..DeviceRef::number("5551234") };
    let calling = |private_number, private_name| {
        let device = DeviceRef { private_number, private_name, ..named.clone() };
        let leg = LegView { calling: Party::Known(device), ..leg(LegState::Received) };
        told(&report(Type::CallReceived, Some(leg), known("1000"))).device.remove(0)
    };
    for (number, name) in [(false, false), (false, true), (true, false), (true, true)] {
        let device = calling(number, name);
        assert_eq!(of(&device, Number).is_none(), number);
        assert_eq!(of(&device, Name).is_none(), name);
        assert_eq!(of(&device, NumberPrivacy), Some(if number { "true" } else { "false" }));
        assert_eq!(of(&device, NamePrivacy), Some(if name { "true" } else { "false" }));
    }
    let leg = LegView { calling: Party::Restricted, ..leg(LegState::Received) };
    let device = told(&report(Type::CallReceived, Some(leg), known("1000"))).device.remove(0);
    assert_eq!((of(&device, Number), of(&device, Name), of(&device, DeviceType)), (None, None, None));
    assert_eq!((of(&device, NumberPrivacy), of(&device, NamePrivacy)), (Some("true"), Some("true")));
}

#[test]
fn the_type_of_another_party_is_what_the_directories_say() {
    for (number, kind) in [("2000", "VOICE_SET_PRIME"), ("6000", "UNKNOWN"), ("00493012345", "EXTERNAL_DEVICE_TYPE")] {
        let leg = LegView { calling: known(number), ..leg(LegState::Received) };
        let device = told(&report(Type::CallReceived, Some(leg), known("1000"))).device.remove(0);
        assert_eq!(of(&device, DeviceAttributeNames::DeviceType), Some(kind), "{number}");
    }
}

#[test]
fn call_attributes_are_said_where_a_call_is_and_the_node_always() {
    use CallEventAttributeNames::{CurrentGlobalCallId, DialedDigits, IcpId};
    let names = |report: &Report| -> Vec<_> {
        told(report)
            .call_event_attribute
            .into_iter()
            .map(|a| (a.attribute_name.expect("a name"), a.attribute_value.expect("a value")))
            .collect()
    };
    assert_eq!(names(&report(Type::OutOfService, None, Party::NotKnown)), [(IcpId, "12".to_owned())]);
    assert_eq!(
        names(&report(Type::CallReceived, Some(leg(LegState::Received)), known("1000"))),
        [(CurrentGlobalCallId, "A0120001".to_owned()), (IcpId, "12".to_owned())]
    );
    let dials = LegView { calling: known("1000"), called: known("2000"), ..leg(LegState::Originated) };
    assert_eq!(
        names(&report(Type::CallOriginated, Some(dials), known("1000"))),
        [(DialedDigits, "2000".to_owned()), (CurrentGlobalCallId, "A0120001".to_owned()), (IcpId, "12".to_owned())]
    );
    let unsaid = LegView { global_call_id: None, ..leg(LegState::Received) };
    assert_eq!(names(&report(Type::CallReceived, Some(unsaid), known("1000"))), [(IcpId, "12".to_owned())]);
}

#[test]
fn an_event_names_leg_object_and_time_and_no_leg_where_no_call_is() {
    let event = told(&report(Type::CallReceived, Some(leg(LegState::Received)), known("1000")));
    assert_eq!((event.local_call_id, event.object_id), (77, line().as_long()));
    assert_eq!(event.call_event_time, 1_700_000_000_000);
    assert_eq!(told(&report(Type::MonitorSet, None, Party::NotKnown)).local_call_id, 0);
}

#[test]
fn features_are_those_of_the_node_else_of_the_state_and_only_what_can_be_done() {
    use FeaturesAllowed::{
        AlternateCall, AnswerCall, CamponCall, CancelConsultationCall, ClearCall, ConferenceCall, ConsultationCall,
        HoldCall, OutPulseDigits, RedirectCall, RetrieveCall, SendCallbackMessage, SetAccountCode, SetCallMeBack,
        TransferCall,
    };
    for (state, features) in [
        (LegState::Initiated, vec![ClearCall, OutPulseDigits]),
        (LegState::Originated, vec![ClearCall, OutPulseDigits]),
        (LegState::Delivered, vec![SetCallMeBack, SendCallbackMessage, ClearCall]),
        (LegState::Received, vec![AnswerCall, RedirectCall]),
        (LegState::Established, vec![ConsultationCall, SetAccountCode, ClearCall, OutPulseDigits, HoldCall]),
        (LegState::Held, vec![RetrieveCall]),
        (LegState::Queued, vec![SetCallMeBack, ClearCall]),
        // To trade calls is private data, which such a node does not know.
        (LegState::Waiting, vec![]),
        (LegState::Failed, vec![ClearCall]),
    ] {
        let event = told(&report(Type::CallReceived, Some(leg(state)), known("1000")));
        assert_eq!(event.features_allowed, features, "{state:?}");
    }
    // Beside a call that is held for a consultation.
    let (alternate, cancel) = (AlternateCall, CancelConsultationCall);
    for (state, features) in [
        (LegState::Delivered, vec![SetCallMeBack, alternate, cancel, TransferCall, SendCallbackMessage, ClearCall]),
        (
            LegState::Established,
            vec![alternate, ConferenceCall, cancel, TransferCall, SetAccountCode, ClearCall, OutPulseDigits],
        ),
        (LegState::Failed, vec![cancel, ClearCall]),
        (LegState::Held, vec![RetrieveCall]),
    ] {
        let leg = LegView { consulting: true, ..leg(state) };
        let event = told(&report(Type::CallReceived, Some(leg), known("1000")));
        assert_eq!(event.features_allowed, features, "{state:?}");
    }
    // Only a busy phone can be waited for.
    let busy = LegView { busy: true, ..leg(LegState::Failed) };
    let event = told(&report(Type::CallFailed, Some(busy), known("1000")));
    assert_eq!(event.features_allowed, [CamponCall, SetCallMeBack, SendCallbackMessage, ClearCall]);
    let permitted = Some(Features::of(&[Feature::TapCall, Feature::HoldCall, Feature::AnswerCall]));
    let asked = LegView { permitted, ..leg(LegState::Received) };
    let event = told(&report(Type::CallReceived, Some(asked), known("1000")));
    assert_eq!(event.features_allowed, [AnswerCall, HoldCall], "the node's, in the contract's order");
    let nothing = LegView { permitted: Some(Features::NONE), ..leg(LegState::Received) };
    assert_eq!(told(&report(Type::CallReceived, Some(nothing), known("1000"))).features_allowed, []);
    let gone = LegView { gone: true, ..leg(LegState::Established) };
    assert_eq!(told(&report(Type::CallClear, Some(gone), known("1000"))).features_allowed, []);
}

#[test]
fn special_characters_of_a_name_do_not_break_the_document() {
    let name = r#"<b>"A&B"</b>'"#.to_owned();
    let device = DeviceRef { name: Some(name.clone()), ..DeviceRef::number("2000") };
    let leg = LegView { calling: Party::Known(device), ..leg(LegState::Received) };
    let report = report(Type::CallReceived, Some(leg), known("1000"));
    let event = render(line(), line().ceid(), &report, &env(), Forms::default()).expect("no fault is planted");
    assert_eq!(event.object, Some(line()));
    let standard = event.standard().expect("a call event has a standard form");
    assert!(!standard.contains("<b>"), "{standard}");
    let document = format!(r#"<x xmlns:cc="urn:x">{standard}</x>"#);
    let limits = schemas::xml::Limits { bytes: 65_535, depth: 32, elements: 8192, attributes: 8192, namespaces: 512 };
    let tree = schemas::xml::Tree::parse(document.as_bytes(), &limits).expect("well-formed");
    fn texts<'t, 'a>(e: schemas::xml::Element<'t, 'a>, out: &mut Vec<String>) {
        out.push(e.text().to_owned());
        out.extend(e.attribute("", "attributeValue").map(str::to_owned));
        e.children().for_each(|c| texts(c, out));
    }
    let mut all = Vec::new();
    texts(tree.root(), &mut all);
    assert!(all.contains(&name), "{all:?}");
}

#[test]
fn digits_that_went_out_name_the_trunk_or_the_peer() {
    use DeviceAttributeNames::{PeerName, TrunkName, TrunkNumber, TrunkOutpulsedDigits};
    let named =
        |number: &str, name: &str| Party::Known(DeviceRef { name: Some(name.into()), ..DeviceRef::number(number) });
    for (network, number, name, peer) in [
        (named("7", "Trunk <7> & Co"), Some("7"), Some("Trunk <7> & Co"), None),
        (known("7"), Some("7"), None, None),
        (known("carrier"), None, None, Some("carrier")),
        (named("carrier", "Carrier"), None, None, Some("carrier")),
        (known(""), None, None, None),
        (Party::NotKnown, None, None, None),
        (Party::Restricted, None, None, None),
    ] {
        let own = LegView { calling: known("1000"), called: known("95551234"), ..leg(LegState::Originated) };
        let event = told(&report(Type::TrunkDigitsOutpulsed, Some(own), network));
        let roles: Vec<_> = event.device.iter().filter_map(|d| d.device_name).collect();
        assert_eq!(roles, [DeviceName::UsingDevice, DeviceName::CalledDevice]);
        let called = &event.device[1];
        assert_eq!(of(called, TrunkOutpulsedDigits), Some("95551234"));
        assert_eq!(of(called, DeviceAttributeNames::DeviceType), Some("EXTERNAL_DEVICE_TYPE"));
        assert_eq!((of(called, TrunkNumber), of(called, TrunkName), of(called, PeerName)), (number, name, peer));
        assert!([TrunkNumber, TrunkName, PeerName].iter().all(|name| of(&event.device[0], *name).is_none()));
    }
}

#[test]
fn who_comes_in_from_outside_is_told_with_the_trunk_or_the_peer() {
    use DeviceAttributeNames::{PeerName, TrunkName, TrunkNumber, TrunkOutpulsedDigits};
    let trunk = Party::Known(DeviceRef { name: Some("Trunk 7".into()), ..DeviceRef::number("7") });
    for (network, number, name, peer) in [
        (trunk, Some("7"), Some("Trunk 7"), None),
        (known("carrier"), None, None, Some("carrier")),
        (Party::NotKnown, None, None, None),
    ] {
        for calling in [known("+14165551234"), Party::Restricted] {
            for kind in [Type::CallReceived, Type::CallEstablished] {
                let own = LegView { calling: calling.clone(), network: network.clone(), ..leg(LegState::Received) };
                let event = told(&report(kind, Some(own), known("1000")));
                let caller = &event.device[0];
                assert_eq!(caller.device_name, Some(DeviceName::CallingDevice));
                assert_eq!(
                    (of(caller, TrunkNumber), of(caller, TrunkName), of(caller, PeerName)),
                    (number, name, peer)
                );
                assert_eq!(of(caller, TrunkOutpulsedDigits), None);
                let others = event.device[1..].iter();
                assert!(others.flat_map(|d| [of(d, TrunkNumber), of(d, PeerName)]).all(|told| told.is_none()));
            }
        }
    }
}

#[test]
fn a_button_that_shows_another_number_is_told_with_that_and_what_it_is() {
    use crate::cluster::{Sharing, Shows};
    let env = env();
    let ceid = line().ceid();
    let dn = |text: &str| text.parse::<Dn>().expect("a DN");
    let shared = |sharing, button| Listed {
        name: "Sales".into(),
        shows: Some(Shows { sharing, at: vec![(dn("1000"), button)] }),
        ..Listed::default()
    };
    let set = Listed { shared: vec![(3, dn("1600")), (4, dn("1601")), (5, dn("1602"))], ..Listed::default() };
    let lines = [
        (dn("1000"), set),
        (dn("1600"), shared(Some(Sharing::Key), 3)),
        (dn("1601"), shared(Some(Sharing::Multicall), 4)),
        (dn("1602"), shared(None, 5)),
    ];
    env.cluster.set_directory(ceid, lines.into());
    assert_eq!((env.cluster.has(ceid, dn("1600")), env.cluster.has(ceid, dn("1000"))), (Some(false), Some(true)));
    for (button, number, kind) in
        [(3, "1600", "KEYLINE"), (4, "1601", "MULTICALL_GROUP"), (5, "1602", "LINE_APPEARANCE")]
    {
        let object = ObjectId::appearance(ceid, dn("1000"), button);
        // Without a word of the node, and as a node names it; called by its number alone it is of the same kind.
        let named = DeviceRef { button: Some(button), set: Some("1000".into()), ..DeviceRef::number(number) };
        let view = LegView { calling: Party::Known(named), called: known(number), ..leg(LegState::Delivered) };
        for report in
            [report(Type::MonitorSet, None, Party::NotKnown), report(Type::CallDelivered, Some(view), Party::NotKnown)]
        {
            let event = call_event(object, object.ceid(), &report, &env);
            let own = &event.device[0];
            let of = |name| {
                let found = own.device_attribute.iter().find(|a| a.attribute_name == Some(name));
                found.and_then(|a| a.attribute_value.as_deref())
            };
            use DeviceAttributeNames::{DeviceType, LineAppearance, Name, Number};
            assert_eq!((of(Number), of(DeviceType), of(Name)), (Some(number), Some(kind), Some("Sales")), "{report:?}");
            assert_eq!(of(LineAppearance), Some(button.to_string().as_str()));
            let called = event.device.get(1).map(|called| called.device_attribute.as_slice()).unwrap_or_default();
            let called =
                called.iter().find(|a| a.attribute_name == Some(DeviceType)).map(|a| a.attribute_value.clone());
            let by_number = (kind != "LINE_APPEARANCE").then(|| Some(kind.to_owned()));
            assert!(event.device.len() == 1 || by_number.is_none_or(|kind| called == Some(kind)), "{event:?}");
        }
    }
}
