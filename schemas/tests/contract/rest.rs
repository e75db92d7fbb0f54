//! The contract as JSON: what a row allows survives, golden documents, bad input, examples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use proptest::prelude::*;
use schemas::contract::record::{Card, Ty, TypeRow};
use schemas::contract::{self, OPERATIONS, Record, Request, Service, Visitor};
use schemas::fault::{Fault, Ground, Refusal};
use schemas::rest::{self, Asked, JsonFault, Problem, Unread};
use schemas::soap::{self, Envelope, Version};
use serde_json::{Value, json};

use crate::properties::Chance;
use crate::sample::{self, Plausible, Source};

/// A request and a reply of the operation as rows read them, and as JSON.
struct Both<'a, S> {
    source: S,
    only: Option<&'a str>,
    seen: usize,
    examples: BTreeMap<String, Value>,
}

impl<'a, S: Source> Both<'a, S> {
    fn of(source: S, only: Option<&'a str>) -> Self {
        let mut both = Self { source, only, seen: 0, examples: BTreeMap::new() };
        contract::visit(&mut both);
        both
    }
}

impl<S: Source> Visitor for Both<'_, S> {
    fn operation<R: Request + Clone + PartialEq + Debug>(&mut self)
    where
        R::Reply: Clone + PartialEq + Debug,
    {
        let row = R::OPERATION;
        if self.only.is_some_and(|name| name != row.name) {
            return;
        }
        let text = sample::request(row, &mut self.source);
        let asked = R::read(Envelope::parse(text.as_bytes()).unwrap().body()).unwrap();
        let request = rest::request(&asked);
        let again = Asked::read(row, request.as_bytes(), None).unwrap();
        assert_eq!(R::read(again.element()).unwrap(), asked, "{request}");

        let text = sample::reply(row, &mut self.source);
        let answer = soap::read_reply::<R>(&Envelope::parse(text.as_bytes()).unwrap()).unwrap();
        let reply = rest::reply(row, &soap::reply(Version::V1_1, row, &answer), None).unwrap();
        let again = Asked::read_reply(row, reply.as_bytes()).unwrap();
        assert_eq!(R::Reply::read(again.element()).unwrap(), answer, "{reply}");

        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (request, reply) = (value(&request), value(&reply));
        of_its_kind(row.request, &request);
        of_its_kind(row.reply, &reply);
        self.examples.insert(row.name.to_owned(), json!({ "request": request, "reply": reply }));
        self.seen += 1;
    }
}

/// Longs are strings, ints are numbers, lists are always there: what clients count on.
fn of_its_kind(ty: &TypeRow, value: &Value) {
    for field in ty.fields {
        let items = match (field.card, value.get(field.name)) {
            (Card::Many, items) => items.unwrap().as_array().unwrap().iter().collect(),
            (Card::One, item) => vec![item.unwrap_or_else(|| panic!("{} is missing: {value}", field.name))],
            (Card::Opt, item) => item.into_iter().collect::<Vec<_>>(),
        };
        for item in items {
            match field.ty {
                Ty::Long => assert!(item.as_str().unwrap().parse::<i64>().is_ok()),
                Ty::Int => assert!(item.is_i64()),
                Ty::Boolean => assert!(item.is_boolean()),
                Ty::Text => assert!(item.is_string()),
                Ty::Enum(row) => assert!(row.values.contains(&item.as_str().unwrap())),
                Ty::Record(inner) => of_its_kind(inner, item),
            }
        }
    }
}

#[test]
fn the_examples_are_the_samples_as_json() {
    let both = Both::of(Plausible, None);
    assert_eq!(both.seen, OPERATIONS.len());
    let text = serde_json::to_string_pretty(&both.examples).unwrap() + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/rest.examples.json");
    if std::env::var_os("OIG_WRITE_SAMPLES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == text, "OIG_WRITE_SAMPLES=1 writes {path:?} anew");
}

#[test]
fn no_row_has_two_fields_of_one_name() {
    fn look(ty: &TypeRow) {
        let names: BTreeSet<_> = ty.fields.iter().map(|f| f.name).collect();
        assert_eq!(names.len(), ty.fields.len(), "{}", ty.name);
        for field in ty.fields {
            if let Ty::Record(inner) = field.ty {
                look(inner);
            }
        }
    }
    for row in &OPERATIONS {
        look(row.request);
        look(row.reply);
    }
}

fn row(service: Service, name: &str) -> &'static contract::OperationRow {
    contract::operation(service, name).unwrap()
}

#[test]
fn replies_are_written_to_the_letter() {
    let text = "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
        <v:getEventResponse xmlns:v=\"http://mitel.com/oig/cc/standard/StandardCCService\" \
        xmlns:cc=\"http://mitel.com/oig/cc\"><v:return result=\"true\"><cc:eventType>CALL_EVENT</cc:eventType>\
        <cc:callEvent localCallId=\"9007199254740991\" callEventTime=\"1767225600000\" objectId=\"-5\">\
        <cc:type>CALL_RECEIVED</cc:type><cc:featuresAllowed>ANSWER_CALL</cc:featuresAllowed>\
        <cc:device><cc:deviceName>CALLING_DEVICE</cc:deviceName></cc:device>\
        <cc:accountCode>\"a\\ü&lt;</cc:accountCode></cc:callEvent></v:return></v:getEventResponse></s:Body></s:Envelope>";
    assert_eq!(
        rest::reply(row(Service::StandardCcService, "getEvent"), text, None).unwrap(),
        "{\"result\":true,\"eventType\":\"CALL_EVENT\",\"callEvent\":{\"localCallId\":\"9007199254740991\",\
         \"callEventTime\":\"1767225600000\",\"objectId\":\"-5\",\"type\":\"CALL_RECEIVED\",\"callEventAttribute\":[],\
         \"featuresAllowed\":[\"ANSWER_CALL\"],\"device\":[{\"deviceName\":\"CALLING_DEVICE\",\"deviceAttribute\":[]}],\
         \"party\":[],\"accountCode\":\"\\\"a\\\\ü<\"}}"
    );
    let no = |service, name, body: &str, problem| {
        let row = row(service, name);
        let asked = Asked::read(row, body.as_bytes(), None).unwrap();
        let envelope = soap::refusal(Version::V1_1, row, Some(asked.element()), &Refusal::new("No."));
        rest::reply(row, &envelope, problem).unwrap()
    };
    assert_eq!(
        no(Service::StandardCcService, "getNumberedEvent", "{\"eventNumber\":\"8\"}", None),
        "{\"result\":false,\"eventNumber\":8,\"advanced\":false,\"errorDescription\":\"No.\"}"
    );
    assert_eq!(
        no(Service::SessionService, "login", "", None),
        "{\"result\":false,\"sessionId\":\"0\",\"errorDesc\":\"No.\",\"errorDescription\":\"No.\"}"
    );
    let problem = Some(Problem { status: 409, title: "Conflict" });
    assert_eq!(
        no(Service::StandardCcService, "clearCall", "{}", problem),
        "{\"result\":false,\"errorDescription\":\"No.\",\"type\":\"about:blank\",\"title\":\"Conflict\",\
         \"status\":409,\"detail\":\"No.\"}"
    );
    assert_eq!(rest::fault("Not \"now\".", None), "{\"result\":false,\"errorDescription\":\"Not \\\"now\\\".\"}");
}

/// What comes of a request of `makeCall` or another operation: its fields, or why not.
fn read<R: Request>(body: &str, session: Option<i64>) -> Result<R, Unread> {
    let asked = Asked::read(R::OPERATION, body.as_bytes(), session)?;
    Ok(R::read(asked.element())?)
}

fn no<R>(text: &str) -> Result<R, Unread> {
    Err(Unread::Refusal(Refusal::new(text.to_owned())))
}

#[test]
fn bad_input_is_refused_by_the_name_of_the_field() {
    use contract::ops_call_control_standard::{GetEvent, GetIcpId, MakeCall};
    let fault = |cause| Err(Unread::Fault(Fault::BadJson(cause)));
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let deepest = "[".repeat(100_000);
    let many = format!("{{\"x\":[{}0]}}", "0,".repeat(9000));
    let long = format!("{{\"sessionId\":1,\"objectId\":2,\"number\":\"{}\"}}", "1".repeat(64 * 1024 + 1));
    for (body, expected) in [
        ("", no("The element 'sessionId' is missing.")),
        ("{}", no("The element 'sessionId' is missing.")),
        ("{\"sessionId\":null}", no("The element 'sessionId' is missing.")),
        ("{\"sessionId\":\"x\"}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":1.0}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":1e2}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":9223372036854775808}", no("The value of 'sessionId' is out of range.")),
        ("{\"sessionId\":-99999999999999999999}", no("The value of 'sessionId' is out of range.")),
        ("{\"sessionId\":true}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":[1]}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":{}}", no("The value of 'sessionId' is not a whole number.")),
        ("{\"sessionId\":1,\"sessionId\":1}", no("The element 'sessionId' is given more than once.")),
        ("{\"sessionId\":null,\"sessionId\":1}", no("The element 'sessionId' is given more than once.")),
        ("{\"sessionId\":1,\"objectId\":2,\"number\":2001}", no("The value of 'number' is not a text.")),
        (
            "{\"sessionId\":1,\"objectId\":2,\"number\":\"\\u0000\"}",
            no("The value of 'number' holds a character that is not allowed."),
        ),
        (&long, no("The value of 'number' is too long.")),
        ("[]", fault(JsonFault::NotAnObject)),
        ("null", fault(JsonFault::NotAnObject)),
        ("{", fault(JsonFault::Malformed)),
        ("{}{}", fault(JsonFault::Malformed)),
        ("{\"a\":NaN}", fault(JsonFault::Malformed)),
        ("{\"a\":\"\\ud800\"}", fault(JsonFault::Malformed)),
        (&deep, fault(JsonFault::TooDeep)),
        (&deepest, fault(JsonFault::TooDeep)),
        (&many, fault(JsonFault::TooManyValues)),
        (&"x".repeat(256 * 1024 + 1), Err(Unread::Fault(Fault::TooLarge))),
    ] {
        assert_eq!(read::<MakeCall>(body, None), expected, "{:.60}", body);
    }
    assert_eq!(
        Asked::read(MakeCall::OPERATION, b"{\"a\":\"\xff\"}", None).unwrap_err(),
        Unread::Fault(Fault::BadJson(JsonFault::Malformed))
    );
    assert_eq!(read::<GetIcpId>("{\"request\":7}", None), no("The value of 'request' is not an object."));
    assert_eq!(
        read::<GetEvent>("{\"sessionId\":1,\"timeout\":2147483648}", None),
        no("The value of 'timeout' is out of range.")
    );
    use contract::ops_call_control_standard::SetPrgPresence;
    assert_eq!(
        read::<SetPrgPresence>("{\"sessionId\":1,\"objectId\":1,\"presenceValue\":\"true\"}", None),
        no("The value of 'presenceValue' is not true or false.")
    );
    use contract::ops_data_access::RegisterDeisForNotification;
    assert_eq!(
        read::<RegisterDeisForNotification>("{\"regNotification\":{\"sessionId\":1,\"deiId\":5}}", None),
        no("The value of 'deiId' is not a list.")
    );
}

#[test]
fn numbers_come_as_numbers_or_strings_and_lose_no_digit() {
    use contract::ops_call_control_standard::MakeCall;
    for (text, value) in [
        ("9223372036854775807", i64::MAX),
        ("\"9223372036854775807\"", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("9007199254740993", 9_007_199_254_740_993),
        ("\" 7 \"", 7),
    ] {
        let body = format!("\u{feff}{{\"zzz\":[{{}}],\"sessionId\":{text},\"objectId\":2,\"number\":\"0\"}}");
        assert_eq!(read::<MakeCall>(&body, None).unwrap().session_id, value);
    }
}

#[test]
fn a_session_that_the_transport_names_stands_for_the_field() {
    use contract::ops_call_control_standard::{GetEvent, GetIcpId};
    use contract::ops_session::Authenticate;
    let twice = no("The session is named twice, and differently.");
    for (body, expected) in [
        ("{\"timeout\":1}", Ok(7)),
        ("{\"timeout\":1,\"sessionId\":null}", Ok(7)),
        ("{\"timeout\":1,\"sessionId\":7}", Ok(7)),
        ("{\"timeout\":1,\"sessionId\":\"7\"}", Ok(7)),
        ("{\"timeout\":1,\"sessionId\":8}", twice.clone()),
        ("{\"timeout\":1,\"sessionId\":\"x\"}", twice),
    ] {
        assert_eq!(read::<GetEvent>(body, Some(7)).map(|r| r.session_id), expected, "{body}");
    }
    let nested = read::<GetIcpId>("{\"request\":{\"icpIpAddress\":\"192.0.2.1\"}}", Some(7)).unwrap();
    assert_eq!(nested.request.session_id, 7);
    let nested = read::<Authenticate>("{\"req\":{\"signedAuthenticationData\":\"x\"}}", Some(7)).unwrap();
    assert_eq!(nested.req.unwrap().session_id, 7);
}

#[test]
fn every_ground_has_a_status_of_its_own() {
    let statuses: BTreeSet<_> = Ground::ALL.iter().map(|g| g.status()).collect();
    assert_eq!(statuses.len(), Ground::ALL.len());
    assert!(Ground::ALL.iter().all(|g| (g.status() >= 400) == (*g != Ground::NothingToTell)));
}

#[test]
fn the_description_has_every_operation_with_its_examples_and_refers_to_nothing_that_is_not_there() {
    let document: Value = serde_json::from_str(rest::openapi::document()).unwrap();
    for row in &OPERATIONS {
        let item = &document["paths"][format!("/cc/{}", row.name)]["post"];
        assert_eq!(item["operationId"], row.name);
        for content in [&item["requestBody"]["content"], &item["responses"]["200"]["content"]] {
            let content = &content["application/json"];
            assert!(content["example"].as_object().is_some_and(|e| !e.is_empty()), "{}: {content}", row.name);
        }
    }
    fn look(document: &Value, part: &Value) {
        match part {
            Value::Object(members) => {
                if let Some(Value::String(to)) = members.get("$ref") {
                    assert!(document.pointer(to.strip_prefix('#').unwrap()).is_some_and(|v| v.is_object()), "{to}");
                }
                members.values().for_each(|v| look(document, v));
            }
            Value::Array(items) => items.iter().for_each(|v| look(document, v)),
            _ => {}
        }
    }
    look(&document, &document);
}

proptest! {
    #[test]
    fn any_message_that_a_row_allows_survives_as_json(operation in 0..OPERATIONS.len(), seed in any::<u64>()) {
        let both = Both::of(Chance(seed), Some(OPERATIONS[operation].name)).seen;
        prop_assert_eq!(both, 1);
    }

    #[test]
    fn no_damaged_json_panics_the_reader(
        operation in 0..OPERATIONS.len(),
        seed in any::<u64>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 0..6),
        session in any::<Option<i64>>(),
    ) {
        let row = &OPERATIONS[operation];
        let both = Both::of(Chance(seed), Some(row.name));
        let mut bytes = both.examples[row.name]["request"].to_string().into_bytes();
        for (at, byte, how) in cuts {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"{}[],:\"\\019e-.ntf"[byte as usize % 17]),
                2 if bytes.len() > 1 => { bytes.remove(at); }
                _ => bytes[at] ^= 1,
            }
        }
        if let Ok(asked) = Asked::read(row, &bytes, session) {
            // Whatever it is, it can be refused.
            let envelope = soap::refusal(Version::V1_1, row, Some(asked.element()), &Refusal::new("No."));
            let text = rest::reply(row, &envelope, None).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap()["errorDescription"], "No.");
        }
    }

    #[test]
    fn no_bytes_panic_the_json_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for row in &OPERATIONS {
            let _ = Asked::read(row, &bytes, Some(1));
        }
    }
}
