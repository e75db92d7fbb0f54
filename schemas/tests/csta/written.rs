//! What we write, byte for byte where it matters, and as files for `scripts/frames-check`, which
//! holds them against the standard's schema.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use schemas::csta::message::{
    CallEvent, CallEventKind, ConnectionId, Edition, Event, EventBody, GroupCall, HotDeskRequest, HotDeskState,
    Message, PresenceMonitor, PresenceRequest, PresenceState, PrivateRequest, PrivateResponse, Request, Response,
};
use schemas::csta::write;
use schemas::domain::{Cause, DeviceRef, Feature, Features, LocalState, Party, Pin};

use crate::generate;

/// Messages of each kind; enough that the schema sees each optional part there and not there.
const EACH: usize = 8;
const TRIES: usize = 20_000;

/// Every kind, by the name of its root element: CSTA's, then those of ECMA-354.
const KINDS: [&str; 110] = [
    "AlternateCall",
    "AlternateCallResponse",
    "CallInformationEvent",
    "ConferenceCall",
    "ConferenceCallResponse",
    "ConferencedEvent",
    "ConsultationCall",
    "ConsultationCallResponse",
    "DeflectCall",
    "DeflectCallResponse",
    "DirectedPickupCall",
    "DirectedPickupCallResponse",
    "Escape",
    "EscapeResponse",
    "PrivateEvent",
    "GenerateDigits",
    "GenerateDigitsResponse",
    "GetCSTAFeatures",
    "GetCSTAFeaturesResponse",
    "ReconnectCall",
    "ReconnectCallResponse",
    "TransferCall",
    "TransferCallResponse",
    "TransferedEvent",
    "AutoAnswerEvent",
    "DoNotDisturbEvent",
    "ForwardingEvent",
    "GetAutoAnswer",
    "GetAutoAnswerResponse",
    "GetDoNotDisturb",
    "GetDoNotDisturbResponse",
    "GetForwarding",
    "GetForwardingResponse",
    "GetMessageWaitingIndicator",
    "GetMessageWaitingIndicatorResponse",
    "MessageWaitingEvent",
    "SetDoNotDisturb",
    "SetDoNotDisturbResponse",
    "SetForwarding",
    "SetForwardingResponse",
    "AnswerCall",
    "AnswerCallResponse",
    "AssociateData",
    "AssociateDataResponse",
    "CDRReport",
    "CDRReportResponse",
    "SendStoredCDR",
    "SendStoredCDRResponse",
    "StartCDRTransmission",
    "StartCDRTransmissionResponse",
    "StopCDRTransmission",
    "StopCDRTransmissionResponse",
    "CallBack",
    "CallBackMessage",
    "CallBackMessageNonCallRelated",
    "CallBackMessageNonCallRelatedResponse",
    "CallBackMessageResponse",
    "CallBackResponse",
    "CamponCall",
    "CamponCallResponse",
    "CancelCallBackMessage",
    "CancelCallBackMessageResponse",
    "BackInServiceEvent",
    "CSTAErrorCode",
    "ClearConnection",
    "ClearConnectionResponse",
    "ConnectionClearedEvent",
    "DeliveredEvent",
    "DivertedEvent",
    "EstablishedEvent",
    "FailedEvent",
    "GetLogicalDeviceInformation",
    "GetLogicalDeviceInformationResponse",
    "GetSwitchingFunctionDevices",
    "GetSwitchingFunctionDevicesResponse",
    "HeldEvent",
    "HoldCall",
    "HoldCallResponse",
    "MakeCall",
    "MakeCallResponse",
    "MonitorStart",
    "MonitorStartResponse",
    "MonitorStop",
    "MonitorStopResponse",
    "NetworkReachedEvent",
    "OriginatedEvent",
    "OutOfServiceEvent",
    "QueuedEvent",
    "RetrieveCall",
    "RetrieveCallResponse",
    "RetrievedEvent",
    "ServiceInitiatedEvent",
    "SnapshotCall",
    "SnapshotCallResponse",
    "SnapshotDevice",
    "SnapshotDeviceResponse",
    "SwitchingFunctionDevices",
    "SystemRegister",
    "SystemRegisterResponse",
    "SystemStatus",
    "SystemStatusResponse",
    "ApplicationSessionTerminated",
    "ResetApplicationSessionTimer",
    "ResetApplicationSessionTimerNegResponse",
    "ResetApplicationSessionTimerPosResponse",
    "StartApplicationSession",
    "StartApplicationSessionNegResponse",
    "StartApplicationSessionPosResponse",
    "StopApplicationSession",
    "StopApplicationSessionPosResponse",
];

fn root(xml: &str) -> &str {
    xml[1..].split([' ', '>', '/']).next().unwrap_or_default()
}

#[test]
fn a_message_of_every_kind_is_written_as_a_file() {
    let mut runner = TestRunner::deterministic();
    let mut written: BTreeMap<&str, Vec<String>> = KINDS.iter().map(|kind| (*kind, Vec::new())).collect();
    let strategy = proptest::prop_oneof![4 => generate::message(), 1 => generate::session()];
    for _ in 0..TRIES {
        let xml = write::write(&strategy.new_tree(&mut runner).unwrap().current(), Edition::Ed5);
        if let Some(frames) = written.get_mut(root(&xml))
            && frames.len() < EACH
            && !frames.contains(&xml)
        {
            frames.push(xml);
        }
        if written.values().all(|frames| frames.len() == EACH) {
            break;
        }
    }
    let folder = std::env::var_os("OIG_FRAMES").map(PathBuf::from);
    for (kind, frames) in &written {
        assert!(!frames.is_empty(), "no {kind} was made");
        for (number, xml) in frames.iter().enumerate() {
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{kind}.{number}.xml")), xml).unwrap();
            }
        }
    }
}

#[test]
fn a_delivered_event_is_these_bytes() {
    let device = |number: &str| DeviceRef::number(number);
    let body = CallEvent {
        kind: CallEventKind::Delivered,
        connection: ConnectionId { call: Some("4711".into()), device: Some(device("1001")) },
        subject: Party::Known(device("1001")),
        calling: Party::Known(DeviceRef { name: Some("A & B".into()), private_name: true, ..device("1000") }),
        called: Party::Restricted,
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::Known(DeviceRef { name: Some("Trunk 7".into()), ..device("7") }),
        local: Some(LocalState::Alerting),
        cause: Cause::NewCall,
        permitted: Some(Features::of(&[Feature::AnswerCall, Feature::SetAccountCode, Feature::TradeCall])),
        global_call_id: Some("00010001".into()),
        groups: GroupCall::default(),
    };
    let message = Message::Event(Event { cross_ref: "12".into(), body: EventBody::Call(body) });
    let expected = concat!(
        "<DeliveredEvent xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed4\">",
        "<monitorCrossRefID>12</monitorCrossRefID>",
        "<connection><callID>4711</callID><deviceID>1001</deviceID></connection>",
        "<alertingDevice><deviceIdentifier>1001</deviceIdentifier></alertingDevice>",
        "<callingDevice><deviceIdentifier privateName=\"true\">N&lt;1000&gt;A &amp; B</deviceIdentifier></callingDevice>",
        "<calledDevice><restricted/></calledDevice>",
        "<lastRedirectionDevice><notKnown/></lastRedirectionDevice>",
        "<originatingNIDConnection><callID>4711</callID><deviceID>N&lt;7&gt;Trunk 7</deviceID></originatingNIDConnection>",
        "<localConnectionInfo>alerting</localConnectionInfo>",
        "<cause>newCall</cause>",
        "<servicesPermitted>",
        "<callControlServices><answerCall>true</answerCall></callControlServices>",
        "<callAssociatedServices><associateData>true</associateData></callAssociatedServices>",
        "<mediaAttachementServices/><routeingServices/><voiceServices/>",
        "</servicesPermitted>",
        "<callLinkageData><globalCallData><globalCallLinkageID>",
        "<globallyUniqueCallLinkageID>00010001</globallyUniqueCallLinkageID>",
        "</globalCallLinkageID></globalCallData></callLinkageData>",
        "<extensions><privateData><private><permitted xmlns=\"urn:oig:csta:1\"><tradeCall>true</tradeCall></permitted>",
        "</private></privateData></extensions>",
        "</DeliveredEvent>",
    );
    assert_eq!(write::write(&message, Edition::Ed4), expected);
}

#[test]
fn a_monitor_asks_for_every_event_of_a_device() {
    let device = DeviceRef { button: Some(2), ..DeviceRef::number("1000") };
    let xml = write::write(&Message::Request(Request::MonitorStart { device }), Edition::Ed5);
    let expected = "<MonitorStart xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed5\">\
                    <monitorObject><deviceObject>N&lt;1000&amp;2&gt;</deviceObject></monitorObject></MonitorStart>";
    assert_eq!(xml, expected);
}

#[test]
fn a_hot_desk_login_is_written_with_its_pin_which_nothing_else_shows() {
    let pin = Pin::new("73519").expect("a PIN");
    let login = |request| Message::Request(Request::Escape(PrivateRequest::HotDesk(request)));
    let written = |body: &str| {
        format!(
            "<Escape xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed5\"><privateData><private>\
             {body}</private></privateData></Escape>"
        )
    };
    let at_set = login(HotDeskRequest::Login { set: "1010".into(), user: "1900".into(), pin: pin.clone() });
    let outside = login(HotDeskRequest::LoginOutside { user: "1950".into(), pin: pin.clone(), number: None });
    let verify = login(HotDeskRequest::Verify { user: "1900".into(), pin });
    for (message, body) in [
        (
            &at_set,
            "<hotDeskLogin xmlns=\"urn:oig:csta:1\"><set>1010</set><user>1900</user><pin>73519</pin></hotDeskLogin>",
        ),
        (&outside, "<hotDeskLogin xmlns=\"urn:oig:csta:1\"><user>1950</user><pin>73519</pin></hotDeskLogin>"),
        (&verify, "<hotDeskVerify xmlns=\"urn:oig:csta:1\"><user>1900</user><pin>73519</pin></hotDeskVerify>"),
    ] {
        assert_eq!(write::write(message, Edition::Ed5), written(body));
        assert!(!format!("{message:?}").contains("73519"));
    }
}

#[test]
fn the_event_of_a_login_names_user_and_set() {
    let state = HotDeskState { user: Some("1900".into()), set: Some("1010".into()), outside: None };
    let event = Message::Event(Event { cross_ref: "7".into(), body: EventBody::HotDesk(state) });
    assert_eq!(
        write::write(&event, Edition::Ed5),
        "<PrivateEvent xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed5\">\
         <monitorCrossRefID>7</monitorCrossRefID><privateData><private><hotDeskChanged xmlns=\"urn:oig:csta:1\">\
         <user>1900</user><set>1010</set></hotDeskChanged></private></privateData></PrivateEvent>"
    );
}

#[test]
fn presence_in_a_group_is_written_with_group_member_and_whether() {
    let state = || PresenceState { group: "1005".into(), member: "1015".into(), present: false };
    let ed5 = "http://www.ecma-international.org/standards/ecma-323/csta/ed5";
    let content = "<group>1005</group><member>1015</member><present>false</present>";
    let set = PresenceRequest::Set { state: state(), invoker: Some("1001".into()) };
    assert_eq!(
        write::write(&Message::Request(Request::Escape(PrivateRequest::Presence(set))), Edition::Ed5),
        format!(
            "<Escape xmlns=\"{ed5}\"><privateData><private><presence xmlns=\"urn:oig:csta:1\">{content}\
             <invoker>1001</invoker></presence></private></privateData></Escape>"
        )
    );
    let event = Message::Event(Event { cross_ref: "7".into(), body: EventBody::Presence(state()) });
    assert_eq!(
        write::write(&event, Edition::Ed5),
        format!(
            "<PrivateEvent xmlns=\"{ed5}\"><monitorCrossRefID>7</monitorCrossRefID><privateData><private>\
             <presenceChanged xmlns=\"urn:oig:csta:1\">{content}</presenceChanged></private></privateData>\
             </PrivateEvent>"
        )
    );
    let monitor = PresenceMonitor { cross_ref: "7".into(), absent: vec![("1005".into(), "1015".into())] };
    let answer = Message::Response(Response::Escape(PrivateResponse::PresenceMonitor(monitor)));
    let written = write::write(&answer, Edition::Ed5);
    let told = "<presenceMonitor xmlns=\"urn:oig:csta:1\"><crossRef>7</crossRef><absent><group>1005</group>\
                <member>1015</member></absent></presenceMonitor>";
    assert!(written.contains(told), "{written}");
}
