//! Frames as other switches send them, in `schemas/samples/csta`: foreign prefixes, editions,
//! orders and additions, read as what they mean.

use schemas::csta::convert;
use schemas::csta::message::{
    CallConnection, CallEnd, CallEvent, CallEventKind, CallRecord, ConnectionId, DeviceCategory, DeviceConnection,
    Edition, Event, EventBody, Failure, GroupCall, JoinKind, ListedDevice, Message, RecordsRequest, Request, Response,
    SystemStatus,
};
use schemas::csta::read;
use schemas::domain::{Cause, DeviceRef, Fact, Feature, Features, LocalState, Party};

fn sample(name: &str) -> (Message, Edition) {
    let path = format!("{}/samples/csta/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    read::parse(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn device(number: &str) -> DeviceRef {
    DeviceRef::number(number)
}

fn known(number: &str) -> Party {
    Party::Known(device(number))
}

fn at(call: &str, number: &str) -> ConnectionId {
    ConnectionId { call: Some(call.into()), device: Some(device(number)) }
}

fn call_event(name: &str) -> (CallEvent, String, Edition) {
    match sample(name) {
        (Message::Event(Event { cross_ref, body: EventBody::Call(event) }), edition) => (event, cross_ref, edition),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_delivered_event_with_prefixes_and_without_permissions() {
    let anna = DeviceRef { name: Some("Müller, Anna".into()), private_number: true, ..device("0316555010") };
    let (event, cross_ref, edition) = call_event("prefixed-delivered");
    assert_eq!((cross_ref.as_str(), edition), ("7", Edition::Ed5));
    let expected = CallEvent {
        kind: CallEventKind::Delivered,
        connection: at("5151", "123"),
        subject: known("123"),
        calling: Party::Known(anna),
        called: known("123"),
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(LocalState::Alerting),
        cause: Cause::NewCall,
        permitted: None,
        global_call_id: None,
        groups: GroupCall::default(),
    };
    assert_eq!(event, expected);
}

#[test]
fn an_established_event_in_another_order_with_unknown_children() {
    let (event, cross_ref, edition) = call_event("reordered-established");
    assert_eq!((cross_ref.as_str(), edition), ("31", Edition::Ed4));
    let expected = CallEvent {
        kind: CallEventKind::Established,
        connection: at("F0000000000000000000000000000A5B", "1002"),
        subject: known("1002"),
        calling: Party::Restricted,
        called: known("1001"),
        last_redirection: known("1001"),
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(LocalState::Connected),
        cause: Cause::CallForwardNoAnswer,
        permitted: Some(Features::of(&[Feature::HoldCall, Feature::ClearCall, Feature::OutPulseDigits])),
        global_call_id: Some("00120034".into()),
        groups: GroupCall::default(),
    };
    assert_eq!(event, expected);
}

#[test]
fn an_originated_event_of_the_first_edition_that_says_little() {
    let (event, _, edition) = call_event("early-originated");
    assert_eq!(edition, Edition::Ed3);
    assert_eq!(event.connection, at("000C29FFFE0B4B1A5F1E3D2C1B0A9988", "1000"));
    assert_eq!((event.subject, event.calling), (known("1000"), known("1000")));
    assert_eq!(event.called, Party::NotKnown, "an empty device is not known");
    assert_eq!(event.cause, Cause::Other, "a cause that we do not tell apart");
}

#[test]
fn a_cleared_event_without_a_device() {
    let (event, ..) = call_event("short-cleared");
    assert_eq!(event.connection, ConnectionId { call: Some("17".into()), device: None });
    assert_eq!((event.subject, event.local), (Party::NotKnown, None));
    assert_eq!(event.cause, Cause::NormalClearing);
}

#[test]
fn a_transfer_in_few_words_names_whom_it_can() {
    let (message, _) = sample("joined-transferred");
    let Message::Event(Event { cross_ref, body: EventBody::Joined(event) }) = message else { panic!("no join") };
    assert_eq!((cross_ref.as_str(), event.kind, event.cause), ("4", JoinKind::Transferred, Cause::Transfer));
    assert_eq!((event.secondary_old, event.connections), (None, Vec::new()));
    assert!(event.controller.is("1000", None) && event.joined.is("1002", None));
}

#[test]
fn an_event_that_we_have_no_use_for_keeps_its_monitor() {
    let xml = "<c:DivertedDNDEvent xmlns:c='urn:x'><c:monitorCrossRefID>4</c:monitorCrossRefID></c:DivertedDNDEvent>";
    let (message, _) = read::parse(xml.as_bytes()).unwrap();
    let body = EventBody::Other("DivertedDNDEvent".into());
    assert_eq!(message, Message::Event(Event { cross_ref: "4".into(), body }));
}

#[test]
fn a_status_from_a_server_that_speaks_first() {
    let expected = Message::Request(Request::SystemStatus { status: SystemStatus::Enabled });
    assert_eq!(sample("server-first-status"), (expected, Edition::Ed4));
}

#[test]
fn a_snapshot_with_states_in_one_word_and_unknown_ones() {
    let line = |connection, endpoint, states: &[LocalState]| DeviceConnection {
        connection,
        endpoint,
        states: states.to_vec(),
        permitted: None,
        global_call_id: None,
    };
    let nameless = |call: &str| ConnectionId { call: Some(call.into()), device: None };
    let connections = vec![
        line(at("17", "1000"), known("1000"), &[LocalState::Hold, LocalState::Alerting]),
        // What comes after a state that we do not know is not taken for another's.
        line(nameless("18"), Party::NotKnown, &[LocalState::Connected]),
        line(nameless("19"), Party::NotKnown, &[]),
    ];
    let (message, _) = sample("simple-snapshot-device");
    assert_eq!(
        message,
        Message::Response(Response::SnapshotDevice { connections: connections.clone(), in_service: None })
    );

    let (call, _) = sample("prefixed-snapshot-call");
    let expected = Response::SnapshotCall {
        calling: known("1000"),
        called: Party::Restricted,
        global_call_id: None,
        devices: vec![
            CallConnection { device: known("1000"), connection: at("17", "1000"), state: Some(LocalState::Hold) },
            CallConnection {
                device: Party::Restricted,
                connection: at("17", "T017"),
                state: Some(LocalState::Connected),
            },
        ],
    };
    assert_eq!(call, Message::Response(expected.clone()));

    let answers = [Some(&expected), None, None];
    let legs = convert::legs(connections.into_iter().zip(answers));
    let told: Vec<_> = legs.iter().map(|l| (l.call.as_str(), l.local, l.far, &l.called)).collect();
    assert_eq!(
        told,
        [
            ("17", LocalState::Hold, Some(LocalState::Alerting), &Party::Restricted),
            ("18", LocalState::Connected, None, &Party::NotKnown),
        ]
    );
}

#[test]
fn a_directory_with_more_detail_than_we_ask_for() {
    let (message, _) = sample("detailed-devices");
    let listed = |number: &str, category| ListedDevice { device: device(number), category };
    let devices = vec![
        listed("1000", DeviceCategory::Station),
        listed("8000", DeviceCategory::Other),
        listed("T017", DeviceCategory::Other),
    ];
    let expected = Request::SwitchingFunctionDevices { cross_ref: "d1".into(), segment: Some(2), last: true, devices };
    assert_eq!(message, Message::Request(expected));
}

#[test]
fn an_error_with_a_text_beside_it() {
    assert_eq!(sample("prefixed-error").0, Message::Failure(Failure::operation("invalidDeviceID")));
}

#[test]
fn a_monitor_of_a_line_appearance_with_a_filter() {
    let appearance = DeviceRef { button: Some(2), name: Some("Last, First".into()), ..device("1000") };
    let expected = Message::Request(Request::MonitorStart { device: appearance });
    assert_eq!(sample("named-monitor-start"), (expected, Edition::Ed3));
}

#[test]
fn a_session_start_with_a_login_of_the_vendors_own() {
    let csta = "http://www.ecma-international.org/standards/ecma-323/csta";
    let expected = Request::StartApplicationSession {
        application: "Reception".into(),
        specific: None,
        versions: vec!["urn:example:newer".into(), format!("{csta}/ed4"), format!("{csta}/ed3")],
        duration_s: 180,
    };
    assert_eq!(sample("nested-session-start"), (Message::Request(expected), Edition::Ed4));
}

#[test]
fn a_session_answer_in_the_namespace_of_the_other_messages() {
    let expected = Response::StartApplicationSession {
        session: "a-17".into(),
        version: "http://www.ecma-international.org/standards/ecma-323/csta/ed4".into(),
        duration_s: 600,
    };
    assert_eq!(sample("strayed-session-answer"), (Message::Response(expected), Edition::Ed4));
}

#[test]
fn a_report_of_calls_with_times_of_two_kinds() {
    const BEGAN: i64 = 1_795_704_971_000;
    let first = CallRecord {
        number: Some(4711),
        created_ms: Some(BEGAN + 80_000),
        calling: known("123"),
        called: known("0316555010"),
        associated_called: known("7001"),
        call: Some(at("5151", "123")),
        began_ms: Some(BEGAN),
        lasted_s: Some(79),
        end: Some(CallEnd::Normal),
        ..CallRecord::default()
    };
    let second = CallRecord {
        calling: Party::Restricted,
        called: known("123"),
        call: Some(ConnectionId { call: Some("5152".into()), device: None }),
        ended_ms: Some(BEGAN + 80_000),
        end: Some(CallEnd::Unsuccessful),
        ..CallRecord::default()
    };
    let expected = RecordsRequest::Report { cross_ref: "77".into(), records: vec![first, second], last: true };
    assert_eq!(sample("stored-records"), (Message::Request(Request::Records(expected)), Edition::Ed4));
}

#[test]
fn every_sample_is_read_and_every_call_event_among_them_is_a_fact() {
    let folder = format!("{}/samples/csta", env!("CARGO_MANIFEST_DIR"));
    let mut facts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // Folders hold a switch's dialect each; see `dialects`.
        if !name.ends_with(".xml") {
            continue;
        }
        if let (Message::Event(event), _) = sample(name.strip_suffix(".xml").unwrap()) {
            facts.extend(convert::happening(event.body).map(|h| h.fact));
        }
    }
    facts.sort_unstable();
    assert_eq!(facts, [Fact::Originated, Fact::Delivered, Fact::Established, Fact::Cleared, Fact::Transferred]);
}
