//! A request and a reply for each operation, as files in `schemas/samples`: made from the rows,
//! kept in the repository to be read, and sent through our reader and writer.
//!
//! `OIG_WRITE_SAMPLES=1 cargo test -p schemas` writes them anew after a change of the rows.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use schemas::contract::record::{Record, Scalar};
use schemas::contract::{self, OPERATIONS, Request, Service, Visitor};
use schemas::soap::{self, Envelope, Version};

use crate::sample::{self, Plausible};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples")
}

#[test]
fn the_samples_are_those_that_the_rows_make_and_no_others() {
    let writing = std::env::var_os("OIG_WRITE_SAMPLES").is_some();
    let mut names = BTreeSet::new();
    for row in &OPERATIONS {
        for (kind, text) in
            [("request", sample::request(row, &mut Plausible)), ("response", sample::reply(row, &mut Plausible))]
        {
            let name = format!("{}.{kind}.xml", row.name);
            let path = folder().join(&name);
            if writing {
                std::fs::write(&path, &text).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some(text.as_str()), "{name}");
            assert!(names.insert(name), "{} is in two services", row.name);
        }
    }
    let kept: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".request.xml") || name.ends_with(".response.xml"))
        .collect();
    assert_eq!(kept, names);
}

struct RoundTrip(usize);

impl Visitor for RoundTrip {
    fn operation<R: Request + Clone + PartialEq + Debug>(&mut self)
    where
        R::Reply: Clone + PartialEq + Debug,
    {
        let row = R::OPERATION;
        let read = |kind: &str| std::fs::read(folder().join(format!("{}.{kind}.xml", row.name))).unwrap();

        let bytes = read("request");
        let envelope = Envelope::parse(&bytes).unwrap();
        assert_eq!(soap::identify(row.service, Some(&format!("\"urn:{}\"", row.name)), envelope.body()), Ok(row));
        let request = R::read(envelope.body()).unwrap();
        let written = soap::request(Version::V1_2, &request);
        let again = Envelope::parse(written.as_bytes()).unwrap();
        assert_eq!(again.version(), Version::V1_2);
        assert_eq!(R::read(again.body()).unwrap(), request);

        let bytes = read("response");
        let answer = soap::read_reply::<R>(&Envelope::parse(&bytes).unwrap()).unwrap();
        let written = soap::reply(Version::V1_1, row, &answer);
        let again = Envelope::parse(written.as_bytes()).unwrap();
        assert_eq!(soap::read_reply::<R>(&again).unwrap(), answer);

        // Nothing of the sample was lost on the way: what was written says the same, but for white space.
        let flat = |text: &str| text.split('>').map(str::trim).collect::<Vec<_>>().join(">").len();
        let body = |text: &str| text[text.find("Body>").unwrap()..].split_once("<svc:return").unwrap().1.to_owned();
        assert_eq!(flat(&body(&written)), flat(&body(std::str::from_utf8(&bytes).unwrap())), "{}", row.name);
        self.0 += 1;
    }
}

#[test]
fn every_sample_survives_our_reader_and_writer() {
    let mut visitor = RoundTrip(0);
    contract::visit(&mut visitor);
    assert_eq!(visitor.0, OPERATIONS.len());
}

#[test]
fn a_call_knows_its_operation() {
    for row in &OPERATIONS {
        let text = sample::request(row, &mut Plausible);
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        let body = envelope.body();
        let found = match row.service {
            Service::SessionService => contract::ops_session::Call::read(row, body).map(|c| c.map(|c| c.operation())),
            Service::DataAccessService => {
                contract::ops_data_access::Call::read(row, body).map(|c| c.map(|c| c.operation()))
            }
            _ => contract::ops_call_control_standard::Call::read(row, body).map(|c| c.map(|c| c.operation())).or_else(
                || contract::ops_call_control_advanced::Call::read(row, body).map(|c| c.map(|c| c.operation())),
            ),
        };
        assert_eq!(found, Some(Ok(row)));
    }
}

#[test]
fn every_value_of_an_enumeration_survives() {
    use schemas::contract::cc::EventCauseType;
    for (value, wire) in EventCauseType::ALL.iter().zip(EventCauseType::ROW.values) {
        assert_eq!(value.as_str(), *wire);
        assert_eq!(EventCauseType::parse(wire), Ok(*value));
    }
}

#[test]
fn secrets_are_not_shown_in_debug_output() {
    let row = contract::operation(Service::SessionService, "loginEx").unwrap();
    let text = sample::request(row, &mut Plausible);
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    let request = contract::ops_session::LoginEx::read(envelope.body()).unwrap();
    let shown = format!("{request:?}");
    assert!(shown.contains("Screen Pop") && !shown.contains("s3cret"), "{shown}");
}
