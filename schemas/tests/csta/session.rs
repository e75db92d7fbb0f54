//! The messages of ECMA-354 beyond their round trip: what peers vary, what is refused, and what
//! they say of the edition.

use schemas::csta::message::{Edition, Failure, Message, Request, Response, SpecificInfo};
use schemas::csta::read::{self, ReadFault};
use schemas::csta::write;

const NAMESPACE: &str = "http://www.ecma-international.org/standards/ecma-354/appl_session";

fn parse(name: &str, content: &str) -> Result<Message, ReadFault> {
    read::parse(format!("<{name} xmlns='{NAMESPACE}'>{content}</{name}>").as_bytes()).map(|(message, _)| message)
}

#[test]
fn negative_responses_of_any_service_are_failures() {
    for (name, content, value) in [
        (
            "StartApplicationSessionNegResponse",
            "<errorCode><definedError>maxNumberSessions</definedError></errorCode>",
            "maxNumberSessions",
        ),
        (
            "ResetApplicationSessionTimerNegResponse",
            "<errorCode><definedError>invalidSessionID</definedError></errorCode>",
            "invalidSessionID",
        ),
        ("StopApplicationSessionNegResponse", "<errorCode><applError>go away</applError></errorCode>", "go away"),
        ("StopApplicationSessionNegResponse", "", ""),
    ] {
        assert_eq!(parse(name, content), Ok(Message::Failure(Failure::application_session(value))), "{name}");
    }
}

#[test]
fn a_negative_response_is_that_of_the_service_whose_error_it_is() {
    for (value, name) in [
        ("invalidApplicationInfo", "StartApplicationSessionNegResponse"),
        ("requestedProtocolVersionNotSupported", "StartApplicationSessionNegResponse"),
        ("serverCannotResetSessionTimer", "ResetApplicationSessionTimerNegResponse"),
        ("invalidSessionID", "ResetApplicationSessionTimerNegResponse"),
    ] {
        let xml = write::write(&Message::Failure(Failure::application_session(value)), Edition::Ed5);
        assert!(xml.starts_with(&format!("<{name} ")), "{xml}");
        assert!(xml.contains(&format!("<definedError>{value}</definedError>")), "{xml}");
    }
}

#[test]
fn what_a_message_lacks_is_named() {
    for (name, content, field) in [
        ("StartApplicationSession", "", "applicationID"),
        ("StartApplicationSession", "<applicationInfo/>", "applicationID"),
        (
            "StartApplicationSession",
            "<applicationInfo><applicationID>a</applicationID></applicationInfo>\
             <requestedProtocolVersions><protocolVersion/></requestedProtocolVersions>",
            "protocolVersion",
        ),
        ("StartApplicationSessionPosResponse", "<sessionID>1</sessionID>", "actualProtocolVersion"),
        ("StartApplicationSessionPosResponse", "<actualProtocolVersion>v</actualProtocolVersion>", "sessionID"),
        ("ResetApplicationSessionTimer", "<sessionID> </sessionID>", "sessionID"),
        ("StopApplicationSession", "", "sessionID"),
        ("ApplicationSessionTerminated", "<extensions><sessionID>1</sessionID></extensions>", "sessionID"),
    ] {
        let missing = ReadFault::Missing { message: name, field };
        assert_eq!(parse(name, content), Err(missing), "{name} {content}");
    }
}

#[test]
fn what_is_too_much_or_no_number_is_refused() {
    let long = "x".repeat(257);
    let versions = "<protocolVersion>v</protocolVersion>".repeat(33);
    for (name, content, fault) in [
        ("StopApplicationSession", format!("<sessionID>{long}</sessionID>"), ReadFault::TooLong),
        (
            "StartApplicationSession",
            format!(
                "<applicationInfo><applicationID>a</applicationID></applicationInfo>\
                 <requestedProtocolVersions>{versions}</requestedProtocolVersions>"
            ),
            ReadFault::TooLong,
        ),
        (
            "ResetApplicationSessionTimer",
            "<sessionID>1</sessionID><requestedSessionDuration>soon</requestedSessionDuration>".into(),
            ReadFault::Session,
        ),
        (
            "ResetApplicationSessionTimerPosResponse",
            "<actualSessionDuration>-1</actualSessionDuration>".into(),
            ReadFault::Session,
        ),
    ] {
        assert_eq!(parse(name, &content), Err(fault), "{name}");
    }
}

#[test]
fn comments_cdata_and_references_are_read_as_text() {
    let content = "<sessionID><!-- no -->a&amp;<![CDATA[<b>]]>&#33;</sessionID>";
    let expected = Message::Request(Request::StopApplicationSession { session: "a&<b>!".into() });
    assert_eq!(parse("StopApplicationSession", content), Ok(expected));
}

#[test]
fn only_the_start_of_a_session_tells_the_edition() {
    let version = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
    let start = Message::Response(Response::StartApplicationSession {
        session: "1".into(),
        version: version.into(),
        duration_s: 60,
    });
    let xml = write::write(&start, Edition::Ed5);
    assert_eq!(read::parse(xml.as_bytes()).map(|(_, edition)| edition), Ok(Edition::Ed3));
    assert!(start.tells_edition());
    for silent in [
        Message::Request(Request::ResetApplicationSessionTimer { session: "1".into(), duration_s: 60 }),
        Message::Request(Request::StopApplicationSession { session: "1".into() }),
        Message::Request(Request::ApplicationSessionTerminated { session: "1".into() }),
        Message::Response(Response::ResetApplicationSessionTimer { duration_s: 60 }),
        Message::Response(Response::StopApplicationSession),
        Message::Failure(Failure::application_session("invalidSessionID")),
    ] {
        assert!(!silent.tells_edition(), "{silent:?}");
    }
    assert!(Message::Failure(Failure::operation("generic")).tells_edition());
}

#[test]
fn what_a_server_wants_to_know_besides_is_written_where_it_belongs() {
    let start = |specific: &str| {
        let request = Request::StartApplicationSession {
            application: "</applicationInfo>".into(),
            specific: Some(SpecificInfo::parse(specific).expect("valid")),
            versions: vec!["v".into()],
            duration_s: 60,
        };
        write::write(&Message::Request(request), Edition::Ed5)
    };
    let login = "<l:login xmlns:l='urn:example:switch'><l:user>cti</l:user><l:password>a&amp;b</l:password></l:login>";
    let xml = start(login);
    assert!(
        xml.contains(&format!("<applicationSpecificInfo>{login}</applicationSpecificInfo></applicationInfo>")),
        "{xml}"
    );
    assert!(read::parse(xml.as_bytes()).is_ok(), "{xml}");
    let xml = start("a & b");
    assert!(xml.contains("<applicationSpecificInfo>a &amp; b</applicationSpecificInfo></applicationInfo>"), "{xml}");
    let (Message::Request(Request::StartApplicationSession { specific, .. }), _) = read::parse(xml.as_bytes()).unwrap()
    else {
        panic!("{xml}")
    };
    assert_eq!(specific, Some(SpecificInfo::Text("a & b".into())));
}
