//! What no well-behaved client sends, and what well-behaved clients send in unusual ways: the
//! answer is always one of the contract's, nothing changes, and the gateway goes on.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use schemas::contract::Service;
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use crate::common::app::{App, NO_CALL, NO_SESSION, NOT_MONITORED, WRONG_STATE};
use crate::common::cluster::{Gateway, Lab};
use crate::common::http::{
    self, Answer, CALL_PATH, Connection, DATA_PATH, SESSION_PATH, call, envelope, post, request,
};

const NOT_AN_ENVELOPE: &str =
    "The request is not a SOAP envelope with exactly one Body that holds exactly one element.";
const TOO_LARGE: &str = "The request is larger than is allowed.";
/// Bytes of a request, from the contract.
const LARGEST: usize = 256 * 1024;

fn unreadable(cause: &str) -> String {
    format!("The request could not be read: {cause}.")
}

/// A request of `resetSessionTimer` for a session that nobody has.
fn reset(session_id: &str) -> String {
    envelope(Service::SessionService, "resetSessionTimer", &format!("<v:sessionId>{session_id}</v:sessionId>"))
}

/// The gateway still answers, on a connection of its own.
async fn is_well(url: &str) {
    let answer = post(url, SESSION_PATH, &[], &reset("0")).await;
    answer.refused(NO_SESSION);
    assert_eq!(http::get(url, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn what_is_no_request_of_the_contract_is_a_fault_with_fixed_words() {
    const S: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    const N: &str = "http://mitel.com/oig/session/SessionService";
    let gateway = Gateway::start(&[]).await;
    let soap = |inner: &str| format!("<s:Envelope xmlns:s=\"{S}\">{inner}</s:Envelope>");
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let entity = format!("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>{}", reset("1"));
    let bomb = "<!DOCTYPE a [<!ENTITY b \"xSECRETx\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>".to_owned();
    let many = soap(&format!("<s:Body><v:x xmlns:v=\"{N}\">{}</v:x></s:Body>", "<e/>".repeat(9000)));
    let attributes: String = (0..3000).fold(String::new(), |mut all, n| {
        let _ = write!(all, " a{n}=\"\"");
        all
    });
    let attributes = soap(&format!("<s:Body><v:x xmlns:v=\"{N}\"{attributes}/></s:Body>"));
    let foreign = "The request is not in the namespace of this service, which is \
                   http://mitel.com/oig/session/SessionService .";
    let table: Vec<(String, &str, String)> = vec![
        (String::new(), "Client", unreadable("the document has no root element")),
        ("SECRET".into(), "Client", unreadable("the document is not well-formed XML")),
        ("<a>SECRET".into(), "Client", unreadable("the document is not well-formed XML")),
        ("<a></b>".into(), "Client", unreadable("the document is not well-formed XML")),
        ("<a b=SECRET/>".into(), "Client", unreadable("the document is not well-formed XML")),
        ("<a/><b/>".into(), "Client", unreadable("something follows the root element")),
        ("<p:SECRET/>".into(), "Client", unreadable("a namespace prefix is not declared")),
        (entity, "Client", unreadable("a DOCTYPE is not allowed")),
        (bomb, "Client", unreadable("a DOCTYPE is not allowed")),
        (
            "<?xml version=\"1.0\"?><?SECRET x?><a/>".into(),
            "Client",
            unreadable("a processing instruction is not allowed"),
        ),
        (
            "<a>&SECRET;</a>".into(),
            "Client",
            unreadable("an entity other than the five predefined ones is not allowed"),
        ),
        (deep, "Client", unreadable("the document is nested deeper than is allowed")),
        (many, "Client", unreadable("the document has more elements than are allowed")),
        (attributes, "Client", unreadable("the document has more attributes than are allowed")),
        ("<SECRET/>".into(), "Client", NOT_AN_ENVELOPE.into()),
        (soap(""), "Client", NOT_AN_ENVELOPE.into()),
        (soap("<s:Body/>"), "Client", NOT_AN_ENVELOPE.into()),
        (soap(&format!("<s:Body><a xmlns=\"{N}\"/><b/></s:Body>")), "Client", NOT_AN_ENVELOPE.into()),
        (soap("<s:Body><a/></s:Body><s:Body><a/></s:Body>"), "Client", NOT_AN_ENVELOPE.into()),
        (
            "<s:Envelope xmlns:s=\"urn:SECRET\"><s:Body/></s:Envelope>".into(),
            "VersionMismatch",
            "The envelope is neither of SOAP 1.1 nor of SOAP 1.2.".into(),
        ),
        (
            soap(&format!(
                "<s:Header><h xmlns=\"urn:x\" s:mustUnderstand=\"1\"/></s:Header><s:Body><a xmlns=\"{N}\"/></s:Body>"
            )),
            "MustUnderstand",
            "A header block that must be understood is not known here.".into(),
        ),
        (soap("<s:Body><logout xmlns=\"urn:SECRET\"/></s:Body>"), "Client", foreign.into()),
        (soap("<s:Body><logout/></s:Body>"), "Client", foreign.into()),
        (envelope(Service::StandardCcService, "getEvent", "<v:sessionId>1</v:sessionId>"), "Client", foreign.into()),
        (envelope(Service::SessionService, "SECRET", ""), "Client", "The service has no such operation.".into()),
        (envelope(Service::SessionService, "Logout", ""), "Client", "The service has no such operation.".into()),
    ];
    // One connection for all: none of them breaks it.
    let mut connection = Connection::open(&gateway.url).await;
    for (body, code, text) in table {
        let answer = connection.post(SESSION_PATH, &[], body.as_bytes()).await;
        answer.fault(500, code, &text);
        assert!(!answer.body.contains("SECRET"), "input is echoed: {}", answer.body);
    }
    let answer = connection.post(SESSION_PATH, &[], b"<a>\xff\xfe</a>").await;
    answer.fault(500, "Client", &unreadable("the document is not UTF-8"));
    for path in [CALL_PATH, DATA_PATH, "/axis2/services/StandardCCService/"] {
        let answer = connection.post(path, &[], reset("1").as_bytes()).await;
        assert_eq!((answer.status, answer.text("faultcode")), (500, Some("soapenv:Client")), "{path}");
    }
    is_well(&gateway.url).await;
}

#[tokio::test]
async fn the_action_may_be_quoted_unquoted_empty_or_absent_but_not_another() {
    let gateway = Gateway::start(&[]).await;
    let mut connection = Connection::open(&gateway.url).await;
    for action in ["\"urn:resetSessionTimer\"", "urn:resetSessionTimer", "\"\"", "", " \"urn:resetSessionTimer\" "] {
        connection.post(SESSION_PATH, &[("SOAPAction", action)], reset("0").as_bytes()).await.refused(NO_SESSION);
    }
    connection.post(SESSION_PATH, &[], reset("0").as_bytes()).await.refused(NO_SESSION);
    for action in ["\"urn:logout\"", "urn:SECRET", "resetSessionTimer", "\"urn:resetsessiontimer\""] {
        let answer = connection.post(SESSION_PATH, &[("SOAPAction", action)], reset("0").as_bytes()).await;
        answer.fault(500, "Client", "SOAPAction names another operation than the body.");
        assert!(!answer.body.contains("SECRET"));
    }
}

#[tokio::test]
async fn soap_1_2_is_answered_in_kind() {
    const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
    let gateway = Gateway::start(&[]).await;
    let to_1_2 = |body: String| body.replace("http://schemas.xmlsoap.org/soap/envelope/", SOAP_1_2);
    let kind = |action: &str| format!("application/soap+xml; charset=utf-8; action=\"urn:{action}\"");
    let send = async |action: &str, body: String| {
        post(&gateway.url, SESSION_PATH, &[("Content-Type", &kind(action))], &to_1_2(body)).await
    };
    let is_1_2 = |answer: &Answer| {
        assert_eq!(answer.header("content-type"), Some("application/soap+xml; charset=utf-8"));
        assert!(answer.body.contains(SOAP_1_2), "{}", answer.body);
    };
    let answer = send("resetSessionTimer", reset("0")).await;
    is_1_2(&answer);
    assert_eq!((answer.status, answer.result(), answer.text("errorDesc")), (200, Some(false), Some(NO_SESSION)));
    for (action, body, text) in [
        ("logout", reset("0"), "SOAPAction names another operation than the body."),
        ("nothing", envelope(Service::SessionService, "nothing", ""), "The service has no such operation."),
    ] {
        let answer = send(action, body).await;
        is_1_2(&answer);
        assert_eq!(
            (answer.status, answer.text("Value"), answer.text("Text")),
            (400, Some("soapenv:Sender"), Some(text))
        );
    }
}

#[tokio::test]
async fn requests_may_be_written_in_any_form_of_xml_namespaces() {
    const S: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    const N: &str = "http://mitel.com/oig/cc/standard/StandardCCService";
    const T: &str = "http://mitel.com/oig/cc/standard";
    let gateway = Gateway::start(&[]).await;
    let app = App::login(&gateway.url).await;
    let id = app.session_id;
    let nothing = "Timeout no event message available.";
    for body in [
        // Default namespaces; the children in that of the wrapper.
        format!(
            "<Envelope xmlns=\"{S}\"><Body><getEvent xmlns=\"{N}\"><sessionId>{id}</sessionId><timeout>1</timeout>\
             </getEvent></Body></Envelope>"
        ),
        // A prefix declared anew on every child.
        format!(
            "<?xml version='1.0' encoding='utf-8'?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV='{S}'>\n<SOAP-ENV:Body>\n\
             <a:getEvent xmlns:a='{N}'><b:sessionId xmlns:b='{N}'>{id}</b:sessionId><b:timeout xmlns:b='{N}'> 1 \
             </b:timeout></a:getEvent></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
        // A prefix that means something else further in; a header that need not be understood.
        format!(
            "<a:Envelope xmlns:a=\"{S}\"><a:Header><h xmlns=\"urn:x\" a:mustUnderstand=\"0\"/></a:Header><a:Body>\
             <a:getEvent xmlns:a=\"{N}\"><a:sessionId>{id}</a:sessionId><a:timeout>1</a:timeout></a:getEvent></a:Body>\
             </a:Envelope>"
        ),
        // Another order, elements that nobody knows, comments, CDATA.
        envelope(
            Service::StandardCcService,
            "getEvent",
            &format!(
                "<v:later>x</v:later><v:timeout>1</v:timeout><!-- c --><o:sessionId xmlns:o=\"urn:other\">9</o:sessionId>\
                 <v:sessionId><![CDATA[{id}]]></v:sessionId><v:more><v:deep/></v:more>"
            ),
        ),
    ] {
        post(&gateway.url, CALL_PATH, &[], &body).await.refused(nothing);
    }
    // A record within the wrapper, its own namespace declared at any place.
    for record in [
        format!("<v:request sessionId=\"{id}\"><x:icpIpAddress xmlns:x=\"{T}\">192.0.2.9</x:icpIpAddress></v:request>"),
        format!(
            "<v:request sessionId=\"{id}\" unknown=\"1\"><icpIpAddress xmlns=\"{T}\">192.0.2.9</icpIpAddress></v:request>"
        ),
    ] {
        let body = envelope(Service::StandardCcService, "getIcpId", &record);
        let answer = post(&gateway.url, CALL_PATH, &[], &body).await;
        answer.refused("The node is not configured in this gateway.");
        assert_eq!((answer.attribute("icpId"), answer.text("connectionState")), (Some("0"), Some("NOT_CONNECTED")));
    }
}

#[tokio::test]
async fn what_a_request_lacks_doubles_or_misspells_is_named_and_never_repeated() {
    let gateway = Gateway::start(&[]).await;
    let app = App::login(&gateway.url).await;
    let id = app.session_id.to_string();
    let session = ("sessionId", id.as_str());
    let event = [("timeout", "1")];
    for (children, text) in [
        (vec![event[0]], "The element 'sessionId' is missing."),
        (vec![session], "The element 'timeout' is missing."),
        (vec![session, session, event[0]], "The element 'sessionId' is given more than once."),
        (vec![session, ("timeout", "")], "The value of 'timeout' is not a whole number."),
        (vec![session, ("timeout", "SECRET")], "The value of 'timeout' is not a whole number."),
        (vec![session, ("timeout", "1.5")], "The value of 'timeout' is not a whole number."),
        (vec![session, ("timeout", "2147483648")], "The value of 'timeout' is out of range."),
        (vec![session, ("timeout", "-2147483649")], "The value of 'timeout' is out of range."),
        (vec![("sessionId", "9223372036854775808"), event[0]], "The value of 'sessionId' is out of range."),
        (vec![("sessionId", "9223372036854775807"), event[0]], NO_SESSION),
        (vec![("sessionId", "-9223372036854775808"), event[0]], NO_SESSION),
        (vec![("sessionId", "0"), event[0]], NO_SESSION),
        (vec![("sessionId", "4503599627370497"), event[0]], NO_SESSION),
    ] {
        let answer = call(&gateway.url, "getEvent", &children).await;
        answer.refused(text);
        assert!(!answer.body.contains("SECRET") && !answer.body.contains(&id), "{}", answer.body);
    }
    // An id that must be there and is nil, as old clients send it after a logout.
    let nil = "<v:sessionId i:nil=\"true\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"/>";
    for operation in ["resetSessionTimer", "logout"] {
        let answer = post(&gateway.url, SESSION_PATH, &[], &envelope(Service::SessionService, operation, nil)).await;
        assert_eq!((answer.status, answer.result()), (200, Some(false)), "{}", answer.body);
    }
    // An object or node that was named is repeated, as the contract has it; nothing else is.
    let answer = call(&gateway.url, "monitorObject", &[session, ("objectId", "77")]).await;
    assert_eq!((answer.status, answer.result(), answer.attribute("objectId")), (200, Some(false), Some("77")));
    let long = "9".repeat(70 * 1024);
    let body = [session, ("objectId", "1"), ("number", long.as_str())];
    call(&gateway.url, "makeCall", &body).await.refused("The value of 'number' is too long.");
    is_well(&gateway.url).await;
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_however_it_is_sent() {
    let gateway = Gateway::start(&[]).await;
    // Just within the limit it is read.
    let mut large = reset("0");
    large = large.replace("</s:Body>", &format!("</s:Body>{}", " ".repeat(LARGEST - large.len())));
    assert_eq!(large.len(), LARGEST);
    post(&gateway.url, SESSION_PATH, &[], &large).await.refused(NO_SESSION);
    // Announced: refused before it is sent.
    for length in [LARGEST + 1, usize::MAX / 2] {
        let mut connection = Connection::open(&gateway.url).await;
        connection.send(format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")).await;
        connection.answer().await.expect("an answer").fault(413, "Client", TOO_LARGE);
        assert!(connection.is_closed().await, "what follows must not be read as a request");
    }
    // In chunks, whose sum nobody announced: whoever goes on sending is cut off at the limit.
    let mut connection = Connection::open(&gateway.url).await;
    connection.send(format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    for _ in 0..LARGEST / 4096 {
        connection.send(&chunk).await;
    }
    connection.send("1\r\n \r\n").await;
    connection.answer().await.expect("an answer").fault(413, "Client", TOO_LARGE);
    assert!(connection.is_closed().await);
    is_well(&gateway.url).await;
}

#[tokio::test]
async fn slow_requests_are_ended_in_their_time_and_delay_nobody() {
    let gateway = Gateway::start(&[]).await;
    let url = &gateway.url;
    // A head that does not end: 15 seconds.
    let head = async {
        let mut connection = Connection::open(url).await;
        let began = Instant::now();
        connection.send(format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\n")).await;
        let answer = connection.answer().await;
        assert!(answer.as_ref().is_none_or(|a| a.status == 408), "{answer:?}");
        assert!(connection.is_closed().await);
        began.elapsed()
    };
    // A body that does not end, and one that comes drop by drop: 10 seconds.
    let body = async {
        let mut connection = Connection::open(url).await;
        let began = Instant::now();
        connection.send(format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n<a>")).await;
        let answer = connection.answer().await.expect("an answer");
        answer.fault(408, "Client", "The request did not arrive in time.");
        assert!(connection.is_closed().await);
        began.elapsed()
    };
    let drops = async {
        let mut connection = Connection::open(url).await;
        let began = Instant::now();
        connection.send(format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
        let mut pause = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                answer = connection.answer() => {
                    answer.expect("an answer").fault(408, "Client", "The request did not arrive in time.");
                    break;
                }
                _ = pause.tick() => {}
            }
            connection.send("1\r\n \r\n").await;
        }
        assert!(connection.is_closed().await, "whoever goes on sending is not read for ever");
        began.elapsed()
    };
    // Everyone else is served meanwhile.
    let others = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let began = Instant::now();
            is_well(url).await;
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        slowest
    };
    let (head, body, drops, slowest) = tokio::join!(head, body, drops, others);
    assert!((14.0..25.0).contains(&head.as_secs_f64()), "a head that does not end was ended after {head:?}");
    for took in [body, drops] {
        assert!((9.5..20.0).contains(&took.as_secs_f64()), "a body that does not end was ended after {took:?}");
    }
    assert!(slowest < Duration::from_secs(5), "others waited {slowest:?}");
}

#[tokio::test]
async fn connections_are_kept_alive_and_bodies_may_be_expected_or_in_chunks() {
    let gateway = Gateway::start(&[]).await;
    let mut connection = Connection::open(&gateway.url).await;
    let app = App::login(&gateway.url).await;
    let id = app.session_id.to_string();
    for _ in 0..300 {
        connection.post(SESSION_PATH, &[], reset(&id).as_bytes()).await.accepted();
    }
    // The body is sent when the gateway asks for it.
    let body = reset(&id);
    for _ in 0..2 {
        connection
            .send(format!(
                "POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                body.len()
            ))
            .await;
        assert_eq!(connection.answer().await.expect("an answer").status, 100);
        connection.send(&body).await;
        connection.answer().await.expect("an answer").accepted();
    }
    // Chunks of odd sizes, in one piece and in many.
    for size in [1, 7, 100, 10_000] {
        let mut sent = format!("POST {SESSION_PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for part in body.as_bytes().chunks(size) {
            let part = std::str::from_utf8(part).expect("ASCII");
            let _ = write!(sent, "{:x}\r\n{part}\r\n", part.len());
        }
        connection.send(sent + "0\r\n\r\n").await;
        connection.answer().await.expect("an answer").accepted();
    }
    // Two requests at once are answered one after the other.
    let two = [request(SESSION_PATH, &[], body.as_bytes()), request(SESSION_PATH, &[], reset("0").as_bytes())].concat();
    connection.send(two).await;
    connection.answer().await.expect("an answer").accepted();
    connection.answer().await.expect("an answer").refused(NO_SESSION);
    // HTTP/1.0 and an asked-for close end the connection.
    connection.post(SESSION_PATH, &[("Connection", "close")], body.as_bytes()).await.accepted();
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn commands_that_are_not_for_this_call_are_refused_and_change_nothing() {
    let lab = Lab::start().await;
    let (app, stranger) = (App::login(&lab.url).await, App::login(&lab.url).await);
    let caller = app.watch(&lab.address(1), "1000").await;
    let callee = app.watch(&lab.address(1), "1001").await;
    let bystander = app.phone_id(1, "1002").await.expect("the node has the phone");
    let elsewhere = app.watch(&lab.address(2), "2000").await;
    let (ours, theirs) = app.connect(caller, callee, "1001").await;
    let before = (lab.hands(1).truth().await.seq, app.status(caller).await, app.status(callee).await);
    assert_eq!(before.1.call_state, Some(CallState::Established));

    type Command = &'static str;
    const LEG: [Command; 4] = ["answerCall", "clearCall", "holdCall", "retrieveCall"];
    let send = async |app: &App, command: Command, object: i64, leg: i64| {
        let (session, object, leg) = (app.session_id.to_string(), object.to_string(), leg.to_string());
        let children = [("sessionId", &*session), ("objectId", &*object), ("localCallId", &*leg)];
        call(&lab.url, command, &children).await
    };
    for command in LEG {
        for leg in [0, -1, theirs, i64::MAX, ours + 1_000_000] {
            send(&app, command, caller, leg).await.refused(NO_CALL);
        }
        send(&stranger, command, caller, ours).await.refused(NOT_MONITORED);
        send(&app, command, bystander, ours).await.refused(NOT_MONITORED);
        send(&app, command, elsewhere, ours).await.refused(NO_CALL);
        for object in [0, -1, 77, i64::MAX] {
            let answer = send(&app, command, object, ours).await;
            let text = answer.text("errorDescription").expect("a text").to_owned();
            assert!([NOT_MONITORED, "The object is not an object of this gateway."].contains(&&*text), "{text}");
        }
    }
    for command in ["answerCall", "retrieveCall"] {
        send(&app, command, caller, ours).await.refused(WRONG_STATE);
    }
    for number in ["", "abc", "10 01", "1001;", "+", &"1".repeat(33)] {
        let text = app.make(caller, number).await.expect_err("nothing to dial");
        assert_eq!(text, "The number may hold only digits, * and #, at most 32 of them.", "{number:?}");
    }
    app.make(caller, "1002").await.expect_err("the line is in use");
    assert_eq!(stranger.make(caller, "1002").await, Err(NOT_MONITORED.into()));
    let (session, object) = (app.session_id.to_string(), caller.to_string());
    for code in ["1", "1234567890123", "12a", "1 2", "١٢"] {
        let coded = [("sessionId", &*session), ("objectId", &*object), ("number", "1002"), ("accountCode", code)];
        call(&lab.url, "makeCall", &coded).await.refused("An account code has 2 to 12 digits.");
    }
    for operation in ["getCallStatus", "stopMonitor"] {
        for object in [caller, callee] {
            let (session, object) = (stranger.session_id.to_string(), object.to_string());
            let children = [("sessionId", &*session), ("objectId", &*object)];
            call(&lab.url, operation, &children).await.refused(NOT_MONITORED);
        }
    }

    let after = (lab.hands(1).truth().await.seq, app.status(caller).await, app.status(callee).await);
    assert_eq!(before.0, after.0, "the switch did something");
    for (before, after) in [(before.1, after.1), (before.2, after.2)] {
        let told = |e: &schemas::contract::cc::CallEventMsg| {
            (e.kind, e.cause, e.call_state, e.local_call_id, e.device.clone())
        };
        assert_eq!(told(&before), told(&after));
    }
    app.heard_everything().await;

    // Each state has its own commands: a held leg cannot be held, a ringing one not retrieved.
    app.hold(caller, ours).await.expect("holdCall is accepted");
    app.hear(caller, Type::CallHeld, Why::HardHoldInvoked).await;
    app.hear(callee, Type::CallHeld, Why::HardHold).await;
    for command in ["holdCall", "answerCall", "clearCall"] {
        send(&app, command, caller, ours).await.refused(WRONG_STATE);
    }
    app.retrieve(caller, ours).await.expect("retrieveCall is accepted");
    app.hear(caller, Type::CallRetrieved, Why::RetrieveInvoked).await;
    app.hear(callee, Type::CallRetrieved, Why::Retrieve).await;
    app.clear(callee, theirs).await.expect("clearCall is accepted");
    app.hear(callee, Type::CallClear, Why::ClearInvoked).await;
    app.hear(caller, Type::CallClear, Why::OtherDeviceCleared).await;
    for command in LEG {
        send(&app, command, caller, ours).await.refused(NO_CALL);
    }
    app.make(caller, "1001").await.expect("makeCall is accepted");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    let ours = app.hear(caller, Type::CallDelivered, Why::Delivered).await.local_call_id;
    let theirs = app.hear(callee, Type::CallReceived, Why::NewCall).await.local_call_id;
    for (object, leg, commands) in [
        (caller, ours, ["answerCall", "holdCall", "retrieveCall"]),
        (callee, theirs, ["clearCall", "holdCall", "retrieveCall"]),
    ] {
        for command in commands {
            send(&app, command, object, leg).await.refused(WRONG_STATE);
        }
    }
    assert_eq!(app.status(callee).await.call_state, Some(CallState::Received));
    app.heard_everything().await;
}

#[tokio::test]
async fn objects_and_nodes_that_do_not_exist_are_refused_by_name_of_what_is_wrong() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let one = app.icp(&lab.address(1)).await;
    let icp = async |address: &str| {
        let body = format!(
            "<v:request sessionId=\"{}\"><t:icpIpAddress xmlns:t=\"http://mitel.com/oig/cc/standard\">{address}\
             </t:icpIpAddress></v:request>",
            app.session_id
        );
        post(&lab.url, CALL_PATH, &[], &envelope(Service::StandardCcService, "getIcpId", &body)).await
    };
    for (address, text) in [
        ("192.0.2.1", "The node is not configured in this gateway."),
        ("127.0.0.99", "The node is not configured in this gateway."),
        ("localhost", "The address is not an IP address."),
        ("", "The address is not an IP address."),
        ("127.0.0.11:8882", "The address is not an IP address."),
    ] {
        let answer = icp(address).await;
        answer.refused(text);
        assert_eq!(answer.text("connectionState"), Some("NOT_CONNECTED"));
    }
    icp(&format!(" {} ", lab.address(1))).await.accepted();
    // The directory is known a moment after the connection.
    crate::common::eventually("the directory is known", async || app.phone_id(one, "1099").await.err()).await;
    for (node, dn) in [(one, "2000"), (one, "99999999"), (one, ""), (one, "10x0"), (one, "+1000")] {
        let refused = app.phone_id(node, dn).await.expect_err("no such phone");
        assert_eq!(refused, "The number is not known at this node.", "{dn:?}");
    }
    for node in [0, 4, 999, 1000, -1, i64::MAX] {
        let refused = app.phone_id(node, "1000").await.expect_err("no such node");
        assert_eq!(refused, "The node is not configured in this gateway.", "{node}");
    }
    let phone = app.phone_id(one, "1000").await.expect("the node has the phone");
    assert!((1..1 << 53).contains(&phone), "an object id has at most 53 bits");
    for object in [0, -1, 1, 77, phone + 90, i64::MAX] {
        let text = app.monitor_object(object).await.expect_err("no such object");
        assert!(text.ends_with('.') && text != NO_SESSION, "{object}: {text}");
    }
    app.heard_everything().await;
}

#[tokio::test]
async fn operations_of_the_future_and_of_advanced_service_are_refused_to_those_who_may_know() {
    let gateway = Gateway::start(&[]).await;
    let app = App::login(&gateway.url).await;
    for row in &schemas::contract::OPERATIONS {
        use schemas::contract::Permission;
        let path = match row.service {
            Service::SessionService => SESSION_PATH,
            Service::StandardCcService => CALL_PATH,
            _ => DATA_PATH,
        };
        // In the wrapper or in the record within it, where each operation has it.
        let id = |id: i64| format!("<v:sessionId>{id}</v:sessionId><v:request sessionId=\"{id}\"/>");
        let send = async |inner: String| post(&gateway.url, path, &[], &envelope(row.service, row.name, &inner)).await;
        if row.name == "logout" {
            continue;
        }
        let answer = send(id(app.session_id)).await;
        assert_eq!(answer.status, 200, "{}: {}", row.name, answer.body);
        let text = answer.text("errorDescription").or_else(|| answer.text("errorDesc")).unwrap_or_default();
        if text.contains("supported yet") {
            assert_eq!(text, format!("{} is not supported yet.", row.name));
        }
        if row.permission == Permission::Advanced {
            assert_eq!(answer.result(), Some(false), "{} in a standard session: {}", row.name, answer.body);
        }
        // A reply that has a session id of its own may repeat it there, to whoever sent it.
        let secret = app.session_id.to_string();
        let own = answer.attribute("sessionId") == Some(&secret);
        assert_eq!(answer.body.matches(&secret).count(), usize::from(own), "{}", answer.body);
        if row.permission != Permission::Open {
            let answer = send(id(0)).await;
            assert_eq!((answer.status, answer.result()), (200, Some(false)), "{}", answer.body);
            let text = answer.text("errorDescription").or_else(|| answer.text("errorDesc")).unwrap_or_default();
            assert!(!text.contains("supported") && !text.contains("Advanced"), "a stranger is told of {}", row.name);
        }
    }
    assert!(app.reset().await);
}
