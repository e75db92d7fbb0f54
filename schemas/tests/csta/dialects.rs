//! A basic call as each of the real switches that were met says it, from the association to the errors: frames in
//! the folders of `schemas/samples/csta`, shaped after what is known of each, and what they mean to us.

use std::collections::BTreeSet;

use schemas::csta::convert;
use schemas::csta::message::{
    CallEvent, ConnectionId, DeviceConnection, Edition, Event, EventBody, Message, Request, Response,
};
use schemas::csta::read;
use schemas::domain::{Fact, Party, RefusalKind};

fn folder(dialect: &str) -> String {
    format!("{}/samples/csta/{dialect}", env!("CARGO_MANIFEST_DIR"))
}

fn frame(dialect: &str, name: &str) -> (Message, Edition) {
    let path = format!("{}/{name}.xml", folder(dialect));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    read::parse(&bytes).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn party(party: &Party) -> String {
    match party {
        Party::Known(device) => match &device.name {
            Some(name) => format!("{} ({name})", device.number),
            None => device.number.clone(),
        },
        Party::Restricted => "restricted".into(),
        Party::NotKnown => "?".into(),
    }
}

fn at(connection: &ConnectionId) -> String {
    let device = connection.device.as_ref().map_or("?", |d| &d.number);
    format!("{}@{device}", connection.call.as_deref().unwrap_or("?"))
}

fn leg(line: &DeviceConnection) -> String {
    format!("{} {:?}", at(&line.connection), line.states)
}

/// A message as a person would note it.
fn said(message: &Message) -> String {
    match message {
        Message::Request(Request::SystemStatus { status }) => format!("status {}", status.as_str()),
        Message::Request(Request::ApplicationSessionTerminated { session }) => format!("session {session} ended"),
        Message::Response(Response::SystemStatus) => "status taken".into(),
        Message::Response(Response::SystemRegister { register }) => format!("registered as {register}"),
        Message::Response(Response::StartApplicationSession { session, duration_s, .. }) => {
            format!("session {session} for {duration_s} s")
        }
        Message::Response(Response::ResetApplicationSessionTimer { duration_s }) => format!("{duration_s} s more"),
        Message::Response(Response::MonitorStart { cross_ref }) => format!("monitor {cross_ref}"),
        Message::Response(Response::SnapshotDevice { connections, .. }) => {
            format!("legs {:?}", connections.iter().map(leg).collect::<Vec<_>>())
        }
        Message::Failure(failure) => format!("{}: {}", failure.category, failure.value),
        Message::Event(Event { cross_ref, body: EventBody::Call(event) }) => {
            let CallEvent { kind, connection, subject, calling, called, local, cause, .. } = event;
            let local = local.map_or("?".into(), |local| format!("{local:?}"));
            format!(
                "{cross_ref}: {kind:?} {} by {}, {} > {}, {local}, {cause:?}",
                at(connection),
                party(subject),
                party(calling),
                party(called)
            )
        }
        other => format!("{other:?}"),
    }
}

/// Every frame of the dialect, in the order of their names, is in this edition and means this; the call is whole.
fn a_basic_call(dialect: &str, edition: Edition, frames: &[(&str, &str)]) {
    let mut facts = Vec::new();
    for (name, meaning) in frames {
        let (message, spoken) = frame(dialect, name);
        assert_eq!(said(&message), *meaning, "{dialect}/{name}");
        if message.tells_edition() {
            assert_eq!(spoken, edition, "{dialect}/{name}");
        }
        if let Message::Event(event) = message {
            facts.extend(convert::happening(event.body).map(|happening| happening.fact));
        }
    }
    assert_eq!(facts, [Fact::Delivered, Fact::Established, Fact::Held, Fact::Retrieved, Fact::Cleared], "{dialect}");
    let listed: BTreeSet<String> = frames.iter().map(|(name, _)| format!("{name}.xml")).collect();
    let there: BTreeSet<String> = std::fs::read_dir(folder(dialect))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, listed, "a frame of {dialect} is not looked at");
}

#[test]
fn mx_one_without_a_session() {
    a_basic_call(
        "mx-one",
        Edition::Ed4,
        &[
            ("association-status", "status taken"),
            ("call-1-delivered", "100207: Delivered 4660@22001 by 22001, 0841234567 > 22001, Alerting, NewCall"),
            ("call-2-established", "100207: Established 4660@22001 by 22001, 0841234567 > 22001, Connected, Normal"),
            ("call-3-held", "100207: Held 4660@22001 by 22001, ? > ?, Hold, Normal"),
            ("call-4-retrieved", "100207: Retrieved 4660@22001 by 22001, ? > ?, Connected, Normal"),
            ("call-5-cleared", "100207: ConnectionCleared 4660@22001 by 22001, ? > ?, Null, NormalClearing"),
            ("error-no-such-service", "operation: serviceNotSupported"),
            ("error-unknown-device", "operation: invalidDeviceID"),
            ("monitor-started", "monitor 100207"),
            ("snapshot", r#"legs ["4660@22001 [Connected, Connected]"]"#),
        ],
    );
}

#[test]
fn mivoice_office_400_with_prefixes_and_the_switching_form() {
    a_basic_call(
        "mivoice-office-400",
        Edition::Ed5,
        &[
            ("association-status", "status taken"),
            ("call-1-delivered", "17: Delivered 318@123 by 123 (Weber Eva), 124 (Roth Tim) > 123, Alerting, NewCall"),
            (
                "call-2-established",
                "17: Established 318@123 by 123 (Weber Eva), 124 (Roth Tim) > 123, Connected, NewCall",
            ),
            ("call-3-held", "17: Held 318@124 by 124, ? > ?, Connected, Normal"),
            ("call-4-retrieved", "17: Retrieved 318@124 by 124, ? > ?, Connected, Normal"),
            ("call-5-cleared", "17: ConnectionCleared 318@124 by 124, ? > ?, Null, NormalClearing"),
            ("error-no-licence", "systemResourceAvailibility: overallMonitorLimitExceeded"),
            ("error-wrong-state", "stateIncompatibility: invalidConnectionState"),
            ("monitor-started", "monitor 17"),
            ("snapshot", r#"legs ["318@123 [Alerting, Connected]"]"#),
        ],
    );
}

#[test]
fn openscape_voice_that_speaks_first() {
    const CALL: &str = "8F3A00120000C0A81E0A4F5D00000B27";
    let event = |text: &str| format!("0000002B: {}", text.replace("CALL", CALL));
    a_basic_call(
        "openscape-voice",
        Edition::Ed4,
        &[
            ("association-overload", "status overloadReached"),
            ("association-registered", "registered as 1"),
            ("association-status", "status enabled"),
            (
                "call-1-delivered",
                &event("Delivered CALL@+4989700021 by +4989700021, +4989700020 > +4989700021, Connected, Normal"),
            ),
            (
                "call-2-established",
                &event("Established CALL@+4989700021 by +4989700021, +4989700020 > +4989700021, Connected, Normal"),
            ),
            ("call-3-held", &event("Held CALL@+4989700020 by +4989700020, ? > ?, Hold, Normal")),
            ("call-4-retrieved", &event("Retrieved CALL@+4989700020 by +4989700020, ? > ?, Connected, Normal")),
            ("call-5-cleared", &event("ConnectionCleared CALL@? by ?, ? > ?, ?, NormalClearing")),
            ("error-overload", "performanceManagement: performanceLimitExceeded"),
            ("error-unknown-call", "operation: invalidConnectionID"),
            ("monitor-started", "monitor 0000002B"),
            ("snapshot", &format!(r#"legs ["{CALL}@+4989700020 [Hold, Connected]"]"#)),
        ],
    );
}

#[test]
fn openscape_business_with_an_application_session() {
    a_basic_call(
        "openscape-business",
        Edition::Ed4,
        &[
            ("association-ended", "session 0000-0042 ended"),
            ("association-renewed", "120 s more"),
            ("association-started", "session 0000-0042 for 120 s"),
            ("association-wrong-login", "applicationSession: invalidApplicationInfo"),
            ("call-1-delivered", "512: Delivered 1F@201 by 201, restricted > 200, Alerting, CallForwardNoAnswer"),
            ("call-2-established", "512: Established 1F@201 by 201, restricted > 200, Connected, Normal"),
            ("call-3-held", "512: Held 1F@201 by 201, ? > ?, Hold, Consultation"),
            ("call-4-retrieved", "512: Retrieved 1F@201 by 201, ? > ?, Connected, Normal"),
            ("call-5-cleared", "512: ConnectionCleared 1F@201 by 201, ? > ?, Null, NormalClearing"),
            ("error-not-allowed", "operation: privilegeViolationSpecifiedDevice"),
            ("error-out-of-service", "systemResourceAvailibility: deviceOutOfService"),
            ("monitor-started", "monitor 512"),
            ("snapshot", "legs []"),
        ],
    );
}

#[test]
fn their_errors_mean_to_an_application_what_they_mean_to_the_switch() {
    for (dialect, name, kind) in [
        ("mx-one", "error-no-such-service", RefusalKind::NotSupported),
        ("mx-one", "error-unknown-device", RefusalKind::Unknown),
        ("mivoice-office-400", "error-no-licence", RefusalKind::Resource),
        ("mivoice-office-400", "error-wrong-state", RefusalKind::State),
        ("openscape-voice", "error-unknown-call", RefusalKind::Unknown),
        ("openscape-voice", "error-overload", RefusalKind::Resource),
        ("openscape-business", "error-not-allowed", RefusalKind::Privilege),
        ("openscape-business", "error-out-of-service", RefusalKind::Resource),
    ] {
        let (Message::Failure(failure), _) = frame(dialect, name) else { panic!("{dialect}/{name} is no error") };
        assert_eq!(convert::refusal(&failure).kind, kind, "{dialect}/{name}");
    }
}
