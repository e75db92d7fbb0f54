use super::*;
use crate::csta::message::{CallConnection, GroupCall};
use crate::domain::{Cause, Feature, Features, Group, GroupKind};

fn known(number: &str) -> Party {
    Party::Known(DeviceRef::number(number))
}

fn at(call: &str, device: &str) -> ConnectionId {
    ConnectionId { call: Some(call.into()), device: Some(DeviceRef::number(device)) }
}

fn event(kind: CallEventKind) -> CallEvent {
    CallEvent {
        kind,
        connection: at("c1", "1001"),
        subject: known("1001"),
        calling: known("1000"),
        called: known("1001"),
        last_redirection: Party::Restricted,
        new_destination: Party::NotKnown,
        network: known("7"),
        local: Some(LocalState::Alerting),
        cause: Cause::NewCall,
        permitted: Some(Features::of(&[Feature::AnswerCall])),
        global_call_id: Some("g1".into()),
        groups: GroupCall::default(),
    }
}

#[test]
fn an_event_is_carried_over_as_it_was_said() {
    for (kind, fact) in [
        (CallEventKind::ServiceInitiated, Fact::ServiceInitiated),
        (CallEventKind::Originated, Fact::Originated),
        (CallEventKind::Delivered, Fact::Delivered),
        (CallEventKind::Established, Fact::Established),
        (CallEventKind::Held, Fact::Held),
        (CallEventKind::Retrieved, Fact::Retrieved),
        (CallEventKind::Diverted, Fact::Diverted),
        (CallEventKind::ConnectionCleared, Fact::Cleared),
        (CallEventKind::Failed, Fact::Failed),
        (CallEventKind::Queued, Fact::Queued),
        (CallEventKind::NetworkReached, Fact::NetworkReached),
    ] {
        let expected = Happening {
            fact,
            call: Some(CallKey::from("c1")),
            subject: known("1001"),
            calling: known("1000"),
            called: known("1001"),
            last_redirection: Party::Restricted,
            network: Some(Box::new(DeviceRef::number("7"))),
            local: Some(LocalState::Alerting),
            cause: Cause::NewCall,
            permitted: Some(Features::of(&[Feature::AnswerCall])),
            global_call_id: Some(GlobalCallId::from("g1")),
            joined: None,
            group: None,
            account: None,
        };
        assert_eq!(happening(EventBody::Call(event(kind))), Some(expected));
    }
}

#[test]
fn the_group_that_a_call_rings_for_and_a_handoff_are_carried_over() {
    let group = Box::new(Group { device: DeviceRef::number("1005"), kind: Some(GroupKind::Personal) });
    for (handoff, cause) in [(false, Cause::Redirected), (true, Cause::Handoff)] {
        let groups = GroupCall { group: Some(group.clone()), handoff };
        let event = CallEvent { groups, cause: Cause::Redirected, ..event(CallEventKind::Delivered) };
        let told = happening(EventBody::Call(event)).expect("a happening");
        assert_eq!((told.cause, told.group.as_ref()), (cause, Some(&group)));
    }
}

#[test]
fn of_several_who_ring_for_one_number_none_is_a_party() {
    let line = |number: &str, state| CallConnection {
        device: known(number),
        connection: at("c1", number),
        state: Some(state),
    };
    let caller = line("1000", LocalState::Connected);
    let rung = |number| line(number, LocalState::Alerting);
    assert_eq!(parties(&[caller.clone(), rung("1005")]), [known("1000"), known("1005")]);
    assert_eq!(parties(&[caller, rung("1005"), rung("1015")]), [known("1000")]);
}

#[test]
fn a_diverted_call_is_for_its_new_destination_where_the_node_says_it() {
    let told = |new_destination| {
        let event = CallEvent { new_destination, ..event(CallEventKind::Diverted) };
        happening(EventBody::Call(event)).map(|h| h.called)
    };
    assert_eq!(told(known("1002")), Some(known("1002")));
    assert_eq!(told(Party::Restricted), Some(Party::Restricted));
    assert_eq!(told(Party::NotKnown), Some(known("1001")));
}

#[test]
fn service_facts_are_bare_and_other_events_are_none() {
    let device = known("1000");
    let out = happening(EventBody::OutOfService { device: device.clone() });
    assert_eq!(out, Some(Happening { subject: device.clone(), ..Happening::bare(Fact::OutOfService) }));
    let back = happening(EventBody::BackInService { device: device.clone() });
    assert_eq!(back, Some(Happening { subject: device, ..Happening::bare(Fact::BackInService) }));
    assert_eq!(happening(EventBody::Other("ForwardingEvent".into())), None);
}

#[test]
fn a_command_names_number_and_button_and_no_name() {
    let device = DeviceRef { button: Some(2), name: Some("Anna".into()), ..DeviceRef::number("1000") };
    let bare = DeviceRef { button: Some(2), ..DeviceRef::number("1000") };
    let call = CallKey::from("c1");
    let connection = ConnectionId { call: Some("c1".into()), device: Some(bare.clone()) };
    let other = DeviceRef::number("1003");
    for (command, expected) in [
        (
            Command::MakeCall { from: device.clone(), number: "1001".into(), account: Some("4711".into()) },
            Request::MakeCall { calling: bare.clone(), called: "1001".into(), account: Some("4711".into()) },
        ),
        (
            Command::Answer { device: device.clone(), call: call.clone() },
            Request::AnswerCall { connection: connection.clone() },
        ),
        (
            Command::Clear { device: device.clone(), call: call.clone() },
            Request::ClearConnection { connection: connection.clone() },
        ),
        (
            Command::Hold { device: device.clone(), call: call.clone() },
            Request::HoldCall { connection: connection.clone() },
        ),
        (
            Command::Retrieve { device: device.clone(), call: call.clone() },
            Request::RetrieveCall { connection: connection.clone() },
        ),
        (
            Command::SetAccount { device: device.clone(), call: call.clone(), code: "4711".into() },
            Request::AssociateData { connection: connection.clone(), account: "4711".into() },
        ),
        (
            Command::CampOn { device: device.clone(), call: call.clone() },
            Request::CamponCall { connection: connection.clone() },
        ),
        (
            Command::Trade { device: device.clone(), call: call.clone() },
            Request::Escape(PrivateRequest::TradeCall { connection: connection.clone() }),
        ),
        (
            Command::CallBack { device: device.clone(), call: call.clone() },
            Request::CallBack { connection: connection.clone() },
        ),
        (Command::LeaveMessage { device: device.clone(), call }, Request::CallBackMessage { connection }),
        // Whose message it is goes first, as a number; at whose phone it waits is the monitored line.
        (
            Command::LeaveMessageAt { device: device.clone(), from: "1003".into() },
            Request::CallBackMessageNonCallRelated { originating: other.clone(), target: bare.clone() },
        ),
        (
            Command::ClearMessageAt { device: device.clone(), from: "1003".into() },
            Request::CancelCallBackMessage { originating: other.clone(), target: bare.clone() },
        ),
        (
            Command::RetrieveFrom { device: device.clone(), holder: "1003".into() },
            Request::Escape(PrivateRequest::RemoteRetrieve { held: other, requesting: bare }),
        ),
        (
            Command::Presence { device, group: "1005".into(), present: false, invoker: Some("1003".into()) },
            Request::Escape(PrivateRequest::Presence(PresenceRequest::Set {
                state: PresenceState { group: "1005".into(), member: "1000".into(), present: false },
                invoker: Some("1003".into()),
            })),
        ),
    ] {
        assert_eq!(request(&command), expected);
    }
}

fn line(states: &[LocalState]) -> DeviceConnection {
    DeviceConnection {
        connection: at("c1", "1000"),
        endpoint: Party::NotKnown,
        states: states.to_vec(),
        permitted: None,
        global_call_id: None,
    }
}

fn call(states: &[(&str, Option<LocalState>)]) -> Response {
    let devices = states.iter().map(|(device, state)| CallConnection {
        device: known(device),
        connection: at("c1", device),
        state: *state,
    });
    Response::SnapshotCall {
        calling: known("1000"),
        called: known("1001"),
        global_call_id: Some("g1".into()),
        devices: devices.collect(),
    }
}

#[test]
fn a_leg_is_put_together_from_both_snapshots() {
    use LocalState::{Alerting, Connected, Hold};
    let both = call(&[("1000", Some(Connected)), ("1001", Some(Alerting))]);
    let conference = call(&[("1000", Some(Connected)), ("1001", Some(Hold)), ("1002", Some(Connected))]);
    let silent = call(&[("1000", Some(Connected)), ("1001", None)]);
    for (states, call, local, far) in [
        (&[Connected, Alerting][..], None, Connected, Some(Alerting)),
        (&[Connected], None, Connected, None),
        (&[Connected], Some(&both), Connected, Some(Alerting)),
        (&[Connected, Connected], Some(&both), Connected, Some(Connected)),
        (&[Hold], Some(&conference), Hold, Some(Connected)),
        (&[Connected, Alerting, Connected], None, Connected, Some(Connected)),
        (&[Connected], Some(&silent), Connected, None),
        (&[Connected], Some(&Response::AnswerCall), Connected, None),
    ] {
        let legs = legs([(line(states), call)]);
        let [leg] = &legs[..] else { panic!("one leg of {states:?}") };
        assert_eq!((leg.call.as_str(), leg.local, leg.far), ("c1", local, far), "{states:?}");
        let told = matches!(call, Some(Response::SnapshotCall { .. }));
        assert_eq!(leg.calling == known("1000") && leg.called == known("1001"), told);
        assert_eq!(leg.global_call_id.is_some(), told);
    }
}

#[test]
fn the_same_number_at_another_button_is_another_end() {
    let own = DeviceRef { button: Some(2), ..DeviceRef::number("1000") };
    let mut leg = leg(DeviceConnection {
        connection: ConnectionId { call: Some("c1".into()), device: Some(own.clone()) },
        global_call_id: Some("g0".into()),
        ..line(&[LocalState::Alerting])
    })
    .expect("a call and a state");
    add_call(&mut leg, Some(&own), &call(&[("1000", Some(LocalState::Connected))]));
    assert_eq!(leg.far, Some(LocalState::Connected));
    assert_eq!(leg.global_call_id, Some(GlobalCallId::from("g0")), "what the line said stays");
}

#[test]
fn a_line_without_a_call_or_a_state_is_no_leg() {
    assert_eq!(leg(line(&[])), None);
    let nameless = ConnectionId { call: None, ..at("", "1000") };
    assert_eq!(leg(DeviceConnection { connection: nameless, ..line(&[LocalState::Hold]) }), None);
}

#[test]
fn every_error_of_a_node_has_its_kind_and_a_text_of_ours() {
    use RefusalKind::{NotSupported, Other, Privilege, Resource, State, Unknown, WrongPin};
    for (category, value, kind, text) in [
        ("operation", "privilegeViolationSpecifiedDevice", Privilege, "Class of service does not allow it."),
        ("operation", "privilegeViolationOnDivertingDevice", Privilege, "Class of service does not allow it."),
        ("operation", "invalidDeviceID", Unknown, "The node does not know this device."),
        ("operation", "invalidCallingDeviceID", Unknown, "The node does not know this device."),
        ("operation", "objectNotKnown", Unknown, "The node does not know this device."),
        ("operation", "invalidConnectionID", Unknown, "The node does not know this call."),
        ("operation", "invalidHeldConnectionID", Unknown, "The node does not know this call."),
        ("operation", "invalidCallID", Unknown, "The node does not know this call."),
        ("operation", "invalidDestination", Unknown, "The node does not know this destination."),
        ("operation", "invalidCalledDeviceID", Unknown, "The node does not know this destination."),
        ("operation", "invalidMonitorCrossRefID", Unknown, "The node does not know this monitor."),
        ("operation", "serviceNotSupported", NotSupported, "The node does not have this service."),
        ("operation", "parameterNotSupported", Other, "The node does not accept a part of the request."),
        ("operation", "requestIncompatibleWithDevice", Other, "The node cannot do this with this device or call."),
        ("operation", "invalidParameterValue", Other, "The node does not accept a value of the request."),
        ("operation", "valueOutOfRange", Other, "The node does not accept a value of the request."),
        ("operation", "invalidAccountCode", Other, "The node does not accept this account code."),
        (
            "operation",
            "atLeastOneConditionalParameterNotProvided",
            Privilege,
            "Class of service asks for an account code.",
        ),
        ("operation", "featureAlreadySet", State, "It is set already."),
        ("operation", "invalidMsgID", Unknown, "The node does not know this message."),
        ("operation", "generic", Other, "The node refused."),
        ("stateIncompatibility", "invalidConnectionState", State, "The call is not in a state that allows this."),
        ("stateIncompatibility", "noCallToAnswer", State, "The call is not in a state that allows this."),
        ("systemResourceAvailibility", "deviceOutOfService", Resource, "A device or resource is out of service."),
        ("systemResourceAvailibility", "overallMonitorLimitExceeded", Resource, "The node has reached a limit."),
        ("systemResourceAvailibility", "resourceBusy", Resource, "A resource of the node is not available."),
        ("subscribedResourceAvailability", "outstandingReqLimitExceeded", Resource, "The node has reached a limit."),
        ("performanceManagement", "performanceLimitExceeded", Resource, "The node is overloaded."),
        ("security", "generic", Other, "The node does not let the gateway do this."),
        ("privateErrorCode", "<script>", Other, "The node refused."),
        ("privateErrorCode", "hotDeskPinWrong", WrongPin, "The PIN is wrong."),
        ("privateErrorCode", "hotDeskUserUnknown", Unknown, "The node does not know this hot desk user."),
        ("privateErrorCode", "hotDeskInCall", State, "The device or the hot desk user has a call."),
        ("operation", "hotDeskPinWrong", Other, "The node refused."),
        ("unspecified", "", Other, "The node refused."),
        ("applicationSession", "invalidSessionID", Other, "The node refused."),
    ] {
        let failure = Failure { category: category.into(), value: value.into() };
        let expected = NodeRefusal { kind, text: text.into() };
        assert_eq!(refusal(&failure), expected, "{category} {value}");
    }
}
