//! The monitor of presence in every group: how it is asked for, what its events are, and how it ends.

use schemas::csta::message::{PresenceRequest, PresenceState};
use schemas::domain::{Ceid, Dn, Presence};

use super::*;

fn groups() -> ObjectId {
    ObjectId::presence(Ceid::new(1).expect("a CEID"))
}

fn dn(number: &str) -> Dn {
    number.parse().expect("a DN")
}

fn monitor(cross_ref: &str) -> Message {
    let absent = vec![("1005".to_owned(), "1015".to_owned()), ("1005".to_owned(), "nobody".to_owned())];
    let monitor = PresenceMonitor { cross_ref: cross_ref.into(), absent };
    Message::Response(Response::Escape(PrivateResponse::PresenceMonitor(monitor)))
}

fn changed(cross_ref: &str) -> Message {
    let state = PresenceState { group: "1005".into(), member: "1015".into(), present: true };
    Message::Event(Event { cross_ref: cross_ref.into(), body: EventBody::Presence(state) })
}

#[test]
fn its_answer_says_who_is_absent_and_its_events_go_to_whoever_asked() {
    let mut bench = Bench::up();
    let out = bench.ask(groups(), Question::Presence);
    let [(invoke, Request::Escape(PrivateRequest::Presence(PresenceRequest::Monitor)))] = requests(&out)[..] else {
        panic!("{out:?}")
    };
    let absent = Told::Presence(Ok(vec![(dn("1005"), dn("1015"))]));
    assert_eq!(bench.hear(invoke, monitor("p1")), [Effect::Tell(groups(), absent)]);
    let change = Presence { group: dn("1005"), member: dn("1015"), present: true };
    assert_eq!(bench.hear(9999, changed("p1")), [Effect::Tell(groups(), Told::PresenceChanged(change))]);
    // At a member's own monitor it is the member's.
    bench.monitored(object("1015"), "m1");
    assert_eq!(bench.hear(9999, changed("m1")), [Effect::Tell(object("1015"), Told::PresenceChanged(change))]);
    assert_eq!(bench.hear(9999, changed("p2")), []);
    let out = bench.ask(groups(), Question::Unmonitor);
    assert_eq!(stops(&out), ["p1"]);
    assert_eq!(bench.hear(9999, changed("p1")), []);
}

#[test]
fn it_is_refused_and_what_comes_too_late_is_stopped_at_the_node() {
    let mut bench = Bench::up();
    let invoke = bench.sent(groups(), Question::Presence);
    let failure = Message::Failure(Failure::operation("serviceNotSupported"));
    let out = bench.hear(invoke, failure);
    assert!(matches!(&out[..], [Effect::Tell(of, Told::Presence(Err(_)))] if *of == groups()), "{out:?}");

    // Nobody wants it any more when the answer comes.
    let invoke = bench.sent(groups(), Question::Presence);
    assert_eq!(bench.ask(groups(), Question::Unmonitor), []);
    assert_eq!(stops(&bench.hear(invoke, monitor("p1"))), ["p1"]);

    // The node was given up.
    let invoke = bench.sent(groups(), Question::Presence);
    let out = bench.after(policy::ANSWER + Duration::from_millis(1));
    let gave_up = |effect: &Effect| match effect {
        Effect::Tell(of, Told::Presence(Err(no))) => *of == groups() && no.kind == RefusalKind::NoAnswer,
        _ => false,
    };
    assert_eq!(out.iter().filter(|effect| gave_up(effect)).count(), 1, "{out:?}");
    assert_eq!(stops(&bench.hear(invoke, monitor("p2"))), ["p2"]);
}
