//! The decisions of a `Node`, input by input: association, pairing, deadlines, heartbeat, routing.

use std::collections::BTreeSet;

use schemas::csta::frame;
use schemas::csta::hot_desk::HotDeskRefusal;
use schemas::csta::message::{
    CallEvent, CallEventKind, ConnectionId, DeviceCategory, Event, GroupCall, HotDeskRequest, HotDeskState,
    ListedDevice, PresenceMonitor, PresenceRequest, PresenceState, PrivateRequest, PrivateResponse,
};
use schemas::domain::{
    Cause, Command, DeviceFeature, DeviceRef, Done, Fact, FeatureGroup, LocalState, Party, Pin, RefusalKind, Setting,
};

use super::refusals::not_available;
use super::*;
use crate::node::messages::CallDetails;

mod directory;
mod presence;
mod records;

struct Bench {
    state: State,
    now: Instant,
}

impl Bench {
    fn new(association: Association) -> Self {
        let now = Instant::now();
        Self { state: State::new(&settings(association), now), now }
    }

    /// Associated, the directory asked for and answered: the next invoke id is free of history.
    fn up() -> Self {
        let mut bench = Self::new(Association::ServerFirst);
        bench.on(Input::Opened);
        bench.hear(1, status(SystemStatus::Enabled));
        bench.hear(1, Message::Response(Response::SystemRegister { register: "r".into() }));
        bench.hear(2, Message::Response(Response::GetSwitchingFunctionDevices { cross_ref: "d".into() }));
        bench.hear(0, segment("d", true, &[]));
        bench
    }

    fn on(&mut self, input: Input) -> Effects {
        let mut out = Effects::new();
        self.state.on(input, self.now, &mut out);
        out
    }

    fn hear(&mut self, invoke: u16, message: Message) -> Effects {
        self.on(Input::Heard(invoke, message, Edition::Ed5))
    }

    fn ask(&mut self, object: ObjectId, question: Question) -> Effects {
        self.on(Input::Asked(object, question))
    }

    /// Asks and gives the invoke id of the request that went out.
    fn sent(&mut self, object: ObjectId, question: Question) -> u16 {
        let out = self.ask(object, question);
        requests(&out).first().expect("a request went out").0
    }

    fn after(&mut self, pause: Duration) -> Effects {
        self.now += pause;
        self.on(Input::Tick)
    }

    fn monitored(&mut self, object: ObjectId, cross_ref: &str) {
        let invoke = self.sent(object, Question::Monitor(device()));
        let out = self.hear(invoke, monitor_started(cross_ref));
        assert_eq!(out, [Effect::Tell(object, Told::Monitored(Ok(())))]);
    }
}

fn settings(association: Association) -> NodeSettings {
    NodeSettings {
        ceid: schemas::domain::Ceid::new(1).expect("a CEID"),
        name: String::new(),
        address: [10, 0, 0, 1].into(),
        port: 1,
        association,
        specific: None,
        edition: Edition::default(),
        secondary: None,
    }
}

fn object(dn: &str) -> ObjectId {
    ObjectId::line(schemas::domain::Ceid::new(1).expect("a CEID"), dn.parse().expect("a DN"))
}

fn device() -> DeviceRef {
    DeviceRef::number("1000")
}

fn status(status: SystemStatus) -> Message {
    Message::Request(Request::SystemStatus { status })
}

fn monitor_started(cross_ref: &str) -> Message {
    Message::Response(Response::MonitorStart { cross_ref: cross_ref.into() })
}

fn requests(out: &Effects) -> Vec<(u16, &Request)> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Send(invoke, Message::Request(request), _) => Some((*invoke, request)),
            _ => None,
        })
        .collect()
}

fn stops(out: &Effects) -> Vec<&str> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Send(_, Message::Request(Request::MonitorStop { cross_ref }), _) => Some(cross_ref.as_str()),
            _ => None,
        })
        .collect()
}

fn is_over(out: &Effects) -> bool {
    out.iter().any(|effect| matches!(effect, Effect::Stop(_)))
}

fn delivered(cross_ref: &str) -> Message {
    let body = EventBody::Call(CallEvent {
        kind: CallEventKind::Delivered,
        connection: ConnectionId { call: Some("c1".into()), device: Some(device()) },
        subject: Party::Known(device()),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(LocalState::Alerting),
        cause: Cause::NewCall,
        permitted: None,
        global_call_id: None,
        groups: GroupCall::default(),
    });
    Message::Event(Event { cross_ref: cross_ref.into(), body })
}

#[test]
fn in_the_server_first_style_the_node_speaks_first_and_is_up_once_registered() {
    let mut bench = Bench::new(Association::ServerFirst);
    assert_eq!(bench.on(Input::Opened), []);
    let reply = |invoke| Effect::Send(invoke, Message::Response(Response::SystemStatus), Edition::Ed5);
    assert_eq!(
        bench.hear(7, status(SystemStatus::Initializing)),
        [reply(7), Effect::Status(SystemStatus::Initializing)],
        "not ready: answered and noted, no more"
    );
    let register = Effect::Send(1, Message::Request(Request::SystemRegister), Edition::Ed5);
    let noted = Effect::Status(SystemStatus::Normal);
    assert_eq!(bench.hear(8, status(SystemStatus::Enabled)), [reply(8), noted, register]);
    assert_eq!(bench.hear(9, status(SystemStatus::Normal)), [reply(9)], "registered once");
    assert_eq!(
        bench.hear(1, Message::Response(Response::SystemRegister { register: "r".into() })),
        [
            Effect::Up,
            Effect::Send(2, Message::Request(Request::GetSwitchingFunctionDevices), Edition::Ed5),
            Effect::Send(3, Message::Request(Request::GetCstaFeatures), Edition::Ed5),
        ]
    );
}

#[test]
fn a_node_that_refuses_to_register_is_up_all_the_same() {
    let mut bench = Bench::new(Association::ServerFirst);
    bench.on(Input::Opened);
    bench.hear(1, status(SystemStatus::Enabled));
    let out = bench.hear(1, Message::Failure(Failure::operation("serviceNotSupported")));
    assert_eq!(out[0], Effect::Up);
}

#[test]
fn an_association_that_is_not_made_in_time_ends_the_life() {
    for association in [Association::ServerFirst, Association::Session, Association::None] {
        let mut bench = Bench::new(association);
        bench.now += Duration::from_secs(1);
        bench.on(Input::Opened);
        assert_eq!(bench.after(policy::ASSOCIATION - Duration::from_millis(1)), []);
        assert_eq!(bench.after(Duration::from_millis(1)), [Effect::Stop("the association was not made in time")]);
    }
}

fn session_started(version: &str, duration_s: u32) -> Message {
    Message::Response(Response::StartApplicationSession { session: "s1".into(), version: version.into(), duration_s })
}

#[test]
fn an_application_session_is_started_renewed_at_half_time_and_stopped() {
    let mut bench = Bench::new(Association::Session);
    let out = bench.on(Input::Opened);
    let [(1, Request::StartApplicationSession { duration_s, versions, .. })] = requests(&out)[..] else {
        panic!("one start: {out:?}")
    };
    assert_eq!((*duration_s, versions.len()), (policy::APPLICATION_SESSION_S, 3));
    // The node grants less than was asked: half of what it grants counts.
    let out = bench.hear(1, session_started("http://www.ecma-international.org/standards/ecma-323/csta/ed5", 8));
    assert_eq!(out[0], Effect::Up);
    bench.hear(2, Message::Response(Response::GetSwitchingFunctionDevices { cross_ref: "d".into() }));
    bench.hear(3, Message::Response(Response::GetCstaFeatures { private: Vec::new() }));
    assert_eq!(bench.after(Duration::from_millis(3999)), []);
    let out = bench.after(Duration::from_millis(1));
    let renewal =
        Request::ResetApplicationSessionTimer { session: "s1".into(), duration_s: policy::APPLICATION_SESSION_S };
    assert_eq!(requests(&out), [(4, &renewal)]);
    bench.hear(4, Message::Response(Response::ResetApplicationSessionTimer { duration_s: 100 }));
    let out = bench.after(Duration::from_secs(49));
    assert!(!requests(&out).iter().any(|(_, r)| **r == renewal), "half of the new duration is 50 s");
    bench.hear(5, Message::Response(Response::SystemStatus));
    let out = bench.after(Duration::from_secs(1));
    assert!(requests(&out).iter().any(|(_, r)| **r == renewal));
    let out = bench.on(Input::Close);
    assert!(matches!(requests(&out)[..], [(_, Request::StopApplicationSession { session })] if session == "s1"));
    assert!(is_over(&out));
}

#[test]
fn a_refused_lost_or_terminated_application_session_ends_the_life() {
    let refused = Message::Failure(Failure { category: "definedError".into(), value: "maxNumberSessions".into() });
    let mut bench = Bench::new(Association::Session);
    bench.on(Input::Opened);
    assert!(is_over(&bench.hear(1, refused.clone())));

    let mut bench = Bench::new(Association::Session);
    bench.on(Input::Opened);
    bench.hear(1, session_started("ed5", 8));
    let out = bench.after(Duration::from_secs(4));
    let (renewal, _) = requests(&out)[0];
    assert!(is_over(&bench.hear(renewal, refused)), "no renewal, no session");

    let mut bench = Bench::new(Association::Session);
    bench.on(Input::Opened);
    bench.hear(1, session_started("ed5", 8));
    let terminated = Request::ApplicationSessionTerminated { session: "s1".into() };
    assert_eq!(bench.hear(0, Message::Request(terminated)), [Effect::Stop("the node ended the application session")]);
}

#[test]
fn requests_go_out_in_the_edition_that_the_node_agreed_to_or_speaks() {
    let mut bench = Bench::new(Association::Session);
    bench.on(Input::Opened);
    let out = bench.hear(1, session_started("http://www.ecma-international.org/standards/ecma-323/csta/ed4", 8));
    assert!(
        matches!(out[1], Effect::Send(2, Message::Request(Request::GetSwitchingFunctionDevices), Edition::Ed4)),
        "as agreed: {out:?}"
    );
    bench.on(Input::Heard(3, status(SystemStatus::Normal), Edition::Ed3));
    let out = bench.after(Duration::from_secs(4));
    let (renewal, _) = requests(&out)[0];
    // The renewal is of another namespace and says nothing of the edition.
    bench.hear(renewal, Message::Response(Response::ResetApplicationSessionTimer { duration_s: 180 }));
    let out = bench.ask(object("1000"), Question::Monitor(device()));
    assert!(matches!(out[0], Effect::Send(_, _, Edition::Ed3)), "as spoken: {out:?}");
}

#[test]
fn each_answer_finds_its_question_in_whatever_order_they_come() {
    let mut bench = Bench::up();
    let (a, b) = (object("1000"), object("1001"));
    let first = bench.sent(a, Question::Monitor(device()));
    let second = bench.sent(b, Question::Monitor(DeviceRef::number("1001")));
    let legs = bench.sent(a, Question::Legs(device()));
    let command = Command::MakeCall { from: device(), number: "1001".into(), account: None };
    let call = bench.sent(b, Question::Perform(42, command));
    let details = bench.sent(a, Question::Details(device(), "c1".into()));
    assert_eq!(bench.hear(second, monitor_started("m2")), [Effect::Tell(b, Told::Monitored(Ok(())))]);
    let calling = ConnectionId { call: Some("c9".into()), device: None };
    assert_eq!(
        bench.hear(call, Message::Response(Response::MakeCall { calling, global_call_id: None })),
        [Effect::Tell(b, Told::Outcome(42, Ok(Done { call: Some("c9".into()) })))]
    );
    let parties = Response::SnapshotCall {
        calling: Party::Known(device()),
        called: Party::Restricted,
        global_call_id: None,
        devices: Vec::new(),
    };
    let known = CallDetails { calling: Party::Known(device()), called: Party::Restricted, parties: Vec::new() };
    assert_eq!(
        bench.hear(details, Message::Response(parties)),
        [Effect::Tell(a, Told::Details("c1".into(), Ok(known)))]
    );
    assert_eq!(
        bench.hear(legs, Message::Response(Response::SnapshotDevice { connections: Vec::new(), in_service: None })),
        [Effect::Tell(a, Told::Legs(Ok(Vec::new())))]
    );
    let out = bench.hear(first, Message::Failure(Failure::operation("privilegeViolationSpecifiedDevice")));
    let [Effect::Tell(told, Told::Monitored(Err(refusal)))] = &out[..] else { panic!("refused: {out:?}") };
    assert_eq!((*told, refusal.kind), (a, RefusalKind::Privilege));
}

#[test]
fn an_answer_of_another_service_or_a_second_answer_does_no_harm() {
    let mut bench = Bench::up();
    let a = object("1000");
    let legs = bench.sent(a, Question::Legs(device()));
    let out = bench.hear(legs, Message::Response(Response::HoldCall));
    assert!(matches!(&out[..], [Effect::Tell(_, Told::Legs(Err(_)))]), "as good as none: {out:?}");
    let monitor = bench.sent(a, Question::Monitor(device()));
    bench.hear(monitor, monitor_started("m1"));
    assert_eq!(bench.hear(monitor, monitor_started("m1")), [], "the second answer is nobody's");
    assert_eq!(bench.hear(4711, Message::Failure(Failure::operation("generic"))), [], "an invented id");
    assert_eq!(bench.hear(9999, Message::Unknown("Fancy".into())), []);
}

#[test]
fn a_command_that_is_never_answered_is_refused_at_the_deadline_with_the_exact_text() {
    let mut bench = Bench::up();
    let a = object("1000");
    let command = Command::Answer { device: device(), call: "c1".into() };
    bench.sent(a, Question::Perform(7, command));
    assert_eq!(bench.after(policy::ANSWER - Duration::from_millis(1)), []);
    let out = bench.after(Duration::from_millis(1));
    let refusal = NodeRefusal {
        kind: RefusalKind::NoAnswer,
        text: "The node did not answer in time; the outcome is not known.".into(),
    };
    assert_eq!(out[0], Effect::Tell(a, Told::Outcome(7, Err(refusal))));
}

#[test]
fn a_monitor_that_starts_after_the_deadline_is_stopped_at_the_node() {
    let mut bench = Bench::up();
    let monitor = bench.sent(object("1000"), Question::Monitor(device()));
    let out = bench.after(policy::ANSWER);
    assert!(matches!(&out[0], Effect::Tell(_, Told::Monitored(Err(r))) if r.kind == RefusalKind::NoAnswer));
    let out = bench.hear(monitor, monitor_started("late"));
    assert_eq!(stops(&out), ["late"]);
    assert_eq!(bench.hear(monitor, monitor_started("late")), [], "once");
}

#[test]
fn an_object_let_go_while_its_monitor_starts_is_not_left_monitored() {
    let mut bench = Bench::up();
    let a = object("1000");
    let monitor = bench.sent(a, Question::Monitor(device()));
    assert_eq!(bench.ask(a, Question::Unmonitor), []);
    let out = bench.hear(monitor, monitor_started("m1"));
    assert_eq!(stops(&out), ["m1"]);
    assert_eq!(out.len(), 1, "nobody is told: {out:?}");
    assert_eq!(bench.hear(9999, delivered("m1")), []);
}

#[test]
fn an_object_let_go_and_taken_up_again_keeps_one_monitor_at_the_node() {
    let mut bench = Bench::up();
    let a = object("1000");
    let first = bench.sent(a, Question::Monitor(device()));
    bench.ask(a, Question::Unmonitor);
    let second = bench.sent(a, Question::Monitor(device()));
    assert_eq!(stops(&bench.hear(first, monitor_started("m1"))), ["m1"], "the one that was let go");
    assert_eq!(bench.hear(second, monitor_started("m2")), [Effect::Tell(a, Told::Monitored(Ok(())))]);
    assert_eq!(bench.hear(9999, delivered("m2")).len(), 1);
}

#[test]
fn an_object_let_go_twice_while_it_starts_keeps_no_monitor_at_the_node() {
    let mut bench = Bench::up();
    let a = object("1000");
    let first = bench.sent(a, Question::Monitor(device()));
    bench.ask(a, Question::Unmonitor);
    let second = bench.sent(a, Question::Monitor(device()));
    bench.ask(a, Question::Unmonitor);
    assert_eq!(stops(&bench.hear(first, monitor_started("m1"))), ["m1"]);
    assert_eq!(stops(&bench.hear(second, monitor_started("m2"))), ["m2"]);
}

#[test]
fn a_second_monitor_of_an_object_takes_the_place_of_the_first_which_is_stopped() {
    // A device that died without letting go: its next life monitors anew.
    let mut bench = Bench::up();
    let a = object("1000");
    bench.monitored(a, "m1");
    let again = bench.sent(a, Question::Monitor(device()));
    let out = bench.hear(again, monitor_started("m2"));
    assert_eq!(stops(&out), ["m1"]);
    assert!(out.contains(&Effect::Tell(a, Told::Monitored(Ok(())))));
    assert_eq!(bench.hear(9999, delivered("m1")), [], "the first is not heard any more");
    assert_eq!(bench.hear(9999, delivered("m2")).len(), 1);
    assert_eq!(stops(&bench.ask(a, Question::Unmonitor)), ["m2"]);
}

#[test]
fn events_reach_the_object_of_their_monitor_and_others_reach_nobody() {
    let mut bench = Bench::up();
    let a = object("1000");
    bench.monitored(a, "m1");
    let out = bench.hear(9999, delivered("m1"));
    let [Effect::Tell(to, Told::Happened(happening))] = &out[..] else { panic!("told: {out:?}") };
    assert_eq!((*to, happening.fact), (a, Fact::Delivered));
    assert_eq!(bench.hear(9999, delivered("m2")), [], "a monitor that nobody started");
    let other = Event { cross_ref: "m1".into(), body: EventBody::Other("FancyEvent".into()) };
    assert_eq!(bench.hear(9999, Message::Event(other)), [], "an event of no use");
    bench.ask(a, Question::Unmonitor);
    assert_eq!(bench.hear(9999, delivered("m1")), [], "crossed the stop");
}

#[test]
fn a_monitor_that_the_node_ends_is_told_and_forgotten() {
    let mut bench = Bench::up();
    let a = object("1000");
    bench.monitored(a, "m1");
    let out = bench.hear(5, Message::Request(Request::MonitorStop { cross_ref: "m1".into() }));
    assert_eq!(
        out,
        [Effect::Send(5, Message::Response(Response::MonitorStop), Edition::Ed5), Effect::Tell(a, Told::MonitorEnded)]
    );
    assert_eq!(bench.ask(a, Question::Unmonitor), [], "nothing is left to stop");
}

#[test]
fn a_node_that_misses_two_heartbeats_is_lost() {
    let mut bench = Bench::up();
    for n in 1..=policy::HEARTBEATS_MISSED {
        let out = bench.after(policy::HEARTBEAT);
        assert!(matches!(requests(&out)[..], [(_, Request::SystemStatus { .. })]), "heartbeat {n}");
        assert!(!is_over(&out));
    }
    assert_eq!(bench.after(policy::HEARTBEAT), [Effect::Stop("the node does not answer heartbeats")]);
}

#[test]
fn an_answer_to_a_heartbeat_is_life_be_it_a_refusal_or_late() {
    for answer in
        [Message::Response(Response::SystemStatus), Message::Failure(Failure::operation("serviceNotSupported"))]
    {
        for late in [Duration::ZERO, policy::ANSWER] {
            let mut bench = Bench::up();
            let mut asked = Vec::new();
            for _ in 0..10 {
                let out = bench.after(policy::HEARTBEAT);
                assert!(!is_over(&out), "lives, answering {late:?} late");
                asked.extend(requests(&out).iter().map(|(id, _)| *id));
                let known = asked.len() - usize::from(!late.is_zero());
                for id in asked.drain(..known) {
                    assert_eq!(bench.hear(id, answer.clone()), []);
                }
            }
        }
    }
}

#[test]
fn a_node_that_tells_lives_though_its_answers_to_heartbeats_stand_behind_what_it_tells() {
    let mut bench = Bench::up();
    for _ in 0..10 {
        assert!(!is_over(&bench.after(policy::HEARTBEAT)));
        bench.hear(9999, delivered("m1"));
    }
}

#[test]
fn a_heartbeat_of_the_node_is_always_answered() {
    for association in [Association::ServerFirst, Association::Session, Association::None] {
        let mut bench = Bench::new(association);
        bench.on(Input::Opened);
        let out = bench.hear(0, status(SystemStatus::OverloadReached));
        let reply = Effect::Send(0, Message::Response(Response::SystemStatus), Edition::Ed5);
        assert_eq!(out, [reply, Effect::Status(SystemStatus::OverloadReached)]);
    }
}

#[test]
fn a_node_that_asks_for_a_service_of_no_gateway_is_told_so() {
    let mut bench = Bench::up();
    for request in [Request::Unsupported { name: "RouteRequest".into() }, Request::MonitorStart { device: device() }] {
        assert_eq!(
            bench.hear(77, Message::Request(request)),
            [Effect::Send(77, Message::Failure(Failure::operation("serviceNotSupported")), Edition::Ed5)]
        );
    }
}

type Line<'a> = (&'a str, Option<u8>, DeviceCategory);

fn numbered(cross_ref: &str, segment: Option<u32>, last: bool, devices: &[Line<'_>]) -> Message {
    let devices = devices
        .iter()
        .map(|(number, button, category)| ListedDevice {
            device: DeviceRef { button: *button, name: Some(format!("Name {number}")), ..DeviceRef::number(*number) },
            category: *category,
        })
        .collect();
    Message::Request(Request::SwitchingFunctionDevices { cross_ref: cross_ref.into(), segment, last, devices })
}

fn segment(cross_ref: &str, last: bool, devices: &[Line<'_>]) -> Message {
    numbered(cross_ref, None, last, devices)
}

#[test]
fn in_the_silent_style_the_gateway_asks_first_and_any_answer_is_an_association() {
    for answer in [
        Message::Response(Response::SystemStatus),
        Message::Failure(Failure::operation("serviceNotSupported")),
        Message::Failure(Failure { category: "security".into(), value: "generic".into() }),
        // An answer of another service: odd, but a switch that lives.
        Message::Response(Response::HoldCall),
    ] {
        let mut bench = Bench::new(Association::None);
        let greeting = Message::Request(Request::SystemStatus { status: SystemStatus::Normal });
        assert_eq!(bench.on(Input::Opened), [Effect::Send(1, greeting, Edition::Ed5)]);
        assert_eq!(
            bench.on(Input::Heard(1, answer.clone(), Edition::Ed4)),
            [
                Effect::Up,
                Effect::Send(2, Message::Request(Request::GetSwitchingFunctionDevices), Edition::Ed4),
                Effect::Send(3, Message::Request(Request::GetCstaFeatures), Edition::Ed4),
            ],
            "{answer:?}"
        );
    }
}

#[test]
fn the_first_frame_is_in_the_edition_of_the_settings_and_later_ones_in_the_nodes() {
    let now = Instant::now();
    let mut state = State::new(&NodeSettings { edition: Edition::Ed4, ..settings(Association::None) }, now);
    let mut out = Effects::new();
    state.on(Input::Opened, now, &mut out);
    assert!(matches!(out[..], [Effect::Send(1, _, Edition::Ed4)]), "{out:?}");
    out.clear();
    state.on(Input::Heard(1, Message::Response(Response::SystemStatus), Edition::Ed3), now, &mut out);
    assert!(
        matches!(out[..], [Effect::Up, Effect::Send(2, _, Edition::Ed3), Effect::Send(3, _, Edition::Ed3)]),
        "{out:?}"
    );
}

#[test]
fn in_the_silent_style_what_is_no_answer_makes_no_association() {
    let mut bench = Bench::new(Association::None);
    bench.on(Input::Opened);
    let reply = Effect::Send(7, Message::Response(Response::SystemStatus), Edition::Ed5);
    assert_eq!(bench.hear(7, status(SystemStatus::Enabled)), [reply], "answered, and not registered");
    assert_eq!(bench.hear(9, Message::Response(Response::SystemStatus)), [], "of another request");
    assert_eq!(bench.on(Input::Unreadable), []);
    assert_eq!(bench.after(policy::ASSOCIATION), [Effect::Stop("the association was not made in time")]);
}

#[test]
fn a_status_is_told_once_for_each_change_and_lost_messages_each_time() {
    use SystemStatus::{Enabled, MessagesLost, Normal, OverloadImminent, OverloadReached, OverloadRelieved};
    let mut bench = Bench::up();
    for (told, noted) in [
        (Normal, None),
        (OverloadImminent, Some(OverloadImminent)),
        (OverloadImminent, None),
        (OverloadReached, Some(OverloadReached)),
        (OverloadRelieved, Some(OverloadRelieved)),
        (Normal, Some(Normal)),
        (Enabled, None),
        (MessagesLost, Some(MessagesLost)),
        (MessagesLost, Some(MessagesLost)),
    ] {
        let out = bench.hear(5, status(told));
        let noted: Vec<_> = noted.map(Effect::Status).into_iter().collect();
        assert_eq!(out[1..], noted[..], "{told:?}");
    }
}

#[test]
fn an_application_session_is_asked_for_with_what_the_node_wants_to_know() {
    let specific = SpecificInfo::parse("<login xmlns='urn:x'><password>open-sesame</password></login>").expect("valid");
    let now = Instant::now();
    let settings = NodeSettings { specific: Some(specific.clone()), ..settings(Association::Session) };
    let mut state = State::new(&settings, now);
    let mut out = Effects::new();
    state.on(Input::Opened, now, &mut out);
    assert!(
        matches!(requests(&out)[..], [(1, Request::StartApplicationSession { specific: Some(s), .. })] if *s == specific)
    );
    assert!(!format!("{out:?}").contains("sesame"), "what is printed for people holds no secret");
}

#[test]
fn a_refused_application_session_says_why() {
    for (value, why) in [
        ("invalidApplicationInfo", "the node does not accept the login of the application session"),
        ("requestedProtocolVersionNotSupported", "the node speaks none of the editions that the gateway offers"),
        ("maxNumberSessions", "the node has no application session left"),
        ("serverResourcesBusy", "the node is too busy for an application session"),
        ("something of its own", "the node refused the application session"),
    ] {
        let mut bench = Bench::new(Association::Session);
        bench.on(Input::Opened);
        let out = bench.hear(1, Message::Failure(Failure::application_session(value)));
        assert_eq!(out, [Effect::Stop(why)], "{value}");
    }
}

#[test]
fn invoke_ids_wrap_and_one_without_an_answer_rests() {
    let mut bench = Bench::up();
    let a = object("1000");
    let silent = bench.sent(a, Question::Legs(device()));
    bench.after(policy::ANSWER);
    let mut seen = BTreeSet::new();
    for _ in frame::FIRST_REQUEST..=frame::LAST_REQUEST {
        let id = bench.sent(a, Question::Legs(device()));
        assert!((frame::FIRST_REQUEST..=frame::LAST_REQUEST).contains(&id));
        assert_ne!(id, silent, "it rests");
        bench.hear(id, Message::Response(Response::SnapshotDevice { connections: Vec::new(), in_service: None }));
        seen.insert(id);
    }
    assert!(seen.contains(&frame::FIRST_REQUEST) && seen.contains(&frame::LAST_REQUEST), "wrapped");
    // Rested: used again.
    let rest = policy::INVOKE_REST.as_secs() / policy::HEARTBEAT.as_secs();
    for _ in 0..rest {
        for (id, _) in requests(&bench.after(policy::HEARTBEAT)) {
            bench.hear(id, Message::Response(Response::SystemStatus));
        }
    }
    let again = (frame::FIRST_REQUEST..=frame::LAST_REQUEST).any(|_| {
        let id = bench.sent(a, Question::Legs(device()));
        bench.hear(id, Message::Response(Response::SnapshotDevice { connections: Vec::new(), in_service: None }));
        id == silent
    });
    assert!(again);
}

#[test]
fn more_questions_than_may_wait_are_refused_at_once() {
    let a = object("1000");
    let refused =
        |told: &Told| matches!(told, Told::Legs(Err(r)) | Told::Outcome(_, Err(r)) if r.kind == RefusalKind::Resource);
    // Commands go to the node at once; what is not urgent waits for room there.
    let commands = |n| Question::Perform(n, Command::Answer { device: device(), call: "c".into() });
    let looks = |_| Question::Legs(device());
    let cases: [(usize, &dyn Fn(u64) -> Question); 2] =
        [(policy::NODE_PENDING, &commands), (policy::NODE_WINDOW + policy::NODE_WAITING, &looks)];
    for (most, question) in cases {
        let mut bench = Bench::up();
        let out = (0..).find_map(|n| {
            let out = bench.ask(a, question(n));
            matches!(&out[..], [Effect::Tell(_, told)] if refused(told)).then_some(n as usize)
        });
        assert!(out.is_some_and(|n| n.abs_diff(most) <= 8), "{out:?} of {most}");
        assert!(bench.state.pending.len() <= policy::NODE_PENDING);
    }
}

#[test]
fn nothing_is_asked_of_a_node_before_it_is_up() {
    let mut bench = Bench::new(Association::ServerFirst);
    bench.on(Input::Opened);
    let out = bench.ask(object("1000"), Question::Monitor(device()));
    assert!(matches!(&out[..], [Effect::Tell(_, Told::Monitored(Err(r)))] if r.kind == RefusalKind::NotConnected));
}

#[test]
fn a_node_that_sends_too_much_that_is_unreadable_is_given_up() {
    let mut bench = Bench::up();
    for _ in 1..policy::BAD_FRAMES {
        assert_eq!(bench.on(Input::Unreadable), []);
    }
    assert!(is_over(&bench.on(Input::Unreadable)));
}

fn private(bench: &mut Bench, features: &[PrivateFeature]) {
    let asked = bench.state.pending.iter().find(|(_, p)| p.purpose == Purpose::Features).map(|(id, _)| *id);
    let answer = Message::Response(Response::GetCstaFeatures { private: features.to_vec() });
    bench.hear(asked.expect("asked for once the association stands"), answer);
}

#[test]
fn what_a_node_lacks_is_refused_here_and_what_it_knows_is_asked_of_it() {
    let call: CallKey = "c1".into();
    let split = || Command::SplitConference { device: device(), call: call.clone() };
    let new_call = || Command::NewCall { device: device(), call: call.clone() };
    let a = object("1000");

    let mut bench = Bench::up();
    private(&mut bench, &[PrivateFeature::NewCall]);
    assert_eq!(requests(&bench.ask(a, Question::Perform(1, new_call()))).len(), 1);
    let out = bench.ask(a, Question::Perform(2, split()));
    let [Effect::Tell(_, Told::Outcome(2, Err(refused)))] = &out[..] else { panic!("refused: {out:?}") };
    assert_eq!(refused.text, "splitConferenceCall is not available on this node.");

    // A foreign switch refuses to say; the standard's own is asked of it all the same.
    let mut bench = Bench::up();
    let asked = bench.state.pending.iter().find(|(_, p)| p.purpose == Purpose::Features).map(|(id, _)| *id);
    bench.hear(asked.expect("asked"), Message::Failure(Failure::operation("serviceNotSupported")));
    let out = bench.ask(a, Question::Perform(3, new_call()));
    assert!(matches!(&out[..], [Effect::Tell(_, Told::Outcome(3, Err(r)))] if r.kind == RefusalKind::NotSupported));
    let hold = Command::Hold { device: device(), call: call.clone() };
    assert_eq!(requests(&bench.ask(a, Question::Perform(4, hold))).len(), 1);
}

#[test]
fn the_configuration_of_a_number_is_asked_of_who_tells_it() {
    let dn: Dn = "1000".parse().expect("a DN");
    let mut bench = Bench::up();
    let out = bench.on(Input::Profile(1, dn));
    assert!(matches!(&out[..], [Effect::Profile(1, Err(r))] if r.kind == RefusalKind::NotSupported), "{out:?}");
    private(&mut bench, &[PrivateFeature::DeviceProfile]);
    let out = bench.on(Input::Profile(2, dn));
    let [(invoke, Request::Escape(PrivateRequest::DeviceProfile { dn }))] = requests(&out)[..] else {
        panic!("asked: {out:?}")
    };
    assert_eq!(dn, "1000");
    let profile = DeviceProfile { home: Some(1), ..DeviceProfile::default() };
    let answer = Message::Response(Response::Escape(PrivateResponse::DeviceProfile(profile.clone())));
    assert_eq!(bench.hear(invoke, answer), [Effect::Profile(2, Ok(profile))]);
    bench.on(Input::Profile(3, "1001".parse().expect("a DN")));
    let out = bench.after(policy::ANSWER);
    assert!(out.iter().any(|e| matches!(e, Effect::Profile(3, Err(r)) if r.kind == RefusalKind::NoAnswer)), "{out:?}");
}

#[test]
fn features_are_asked_for_by_their_services_and_told_by_their_events() {
    use schemas::csta::message::{FeatureChange, FeatureRequest, FeatureResponse};
    let mut bench = Bench::up();
    let on = || vec![Setting::plain(DeviceFeature::DoNotDisturb, true)];
    let asked = bench.ask(object("1000"), Question::Features(device(), FeatureGroup::DoNotDisturb));
    let [(invoke, request)] = requests(&asked)[..] else { panic!("{asked:?}") };
    assert_eq!(*request, Request::Feature(FeatureRequest::GetDoNotDisturb { device: device() }));
    let answer = Message::Response(Response::Feature(FeatureResponse::GetDoNotDisturb { on: true }));
    let told = |told| Effect::Tell(object("1000"), told);
    assert_eq!(bench.hear(invoke, answer.clone()), [told(Told::Settings(FeatureGroup::DoNotDisturb, Ok(on())))]);
    // An answer to something else is as good as none, and silence is said at the deadline.
    let asked = bench.ask(object("1000"), Question::Features(device(), FeatureGroup::AutoAnswer));
    let [(invoke, _)] = requests(&asked)[..] else { panic!("{asked:?}") };
    let out = bench.hear(invoke, answer);
    assert!(matches!(&out[..], [Effect::Tell(_, Told::Settings(FeatureGroup::AutoAnswer, Err(_)))]), "{out:?}");
    bench.ask(object("1000"), Question::Features(device(), FeatureGroup::Forwarding));
    let out = bench.after(policy::ANSWER);
    let silent = |e: &Effect| match e {
        Effect::Tell(_, Told::Settings(FeatureGroup::Forwarding, Err(no))) => no.kind == RefusalKind::NoAnswer,
        _ => false,
    };
    assert!(out.iter().any(silent), "{out:?}");

    let asked = bench.ask(object("1000"), Question::Monitor(device()));
    let [(invoke, _)] = requests(&asked)[..] else { panic!("{asked:?}") };
    bench.hear(invoke, monitor_started("m1"));
    let body = EventBody::Feature { device: Party::NotKnown, change: FeatureChange::DoNotDisturb(true) };
    let event = Message::Event(Event { cross_ref: "m1".into(), body });
    assert_eq!(bench.hear(9999, event), [told(Told::Changed(on()))]);
}

#[test]
fn hot_desking_is_asked_of_who_knows_it_and_no_effect_shows_a_pin() {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let pin = || Pin::new("73519").expect("a PIN");
    let log_in = || HotDesk::LogIn { set: dn("1010"), user: dn("1900"), pin: pin() };
    let mut bench = Bench::up();
    let out = bench.on(Input::HotDesk(1, log_in()));
    let [Effect::HotDesk(1, Err(refused))] = &out[..] else { panic!("no PIN goes there: {out:?}") };
    assert_eq!(refused.text, "Hot desking is not available on this node.");

    private(&mut bench, &[PrivateFeature::HotDesk]);
    let out = bench.on(Input::HotDesk(2, log_in()));
    assert!(!format!("{out:?}").contains("73519"), "{out:?}");
    let [(invoke, Request::Escape(PrivateRequest::HotDesk(asked)))] = requests(&out)[..] else { panic!("{out:?}") };
    assert_eq!(*asked, HotDeskRequest::Login { set: "1010".into(), user: "1900".into(), pin: pin() });
    let done = Message::Response(Response::Escape(PrivateResponse::Done));
    assert_eq!(bench.hear(invoke, done), [Effect::HotDesk(2, Ok(HotDeskAnswer::default()))]);

    let out = bench.on(Input::HotDesk(3, HotDesk::WhoIsAt(dn("1010"))));
    let [(invoke, _)] = requests(&out)[..] else { panic!("{out:?}") };
    let state = HotDeskState { user: Some("1900".into()), set: Some("1010".into()), outside: None };
    let out = bench.hear(invoke, Message::Response(Response::Escape(PrivateResponse::HotDesk(state))));
    let told = HotDeskAnswer { user: Some(dn("1900")), place: Some("1010".into()) };
    assert_eq!(out, [Effect::HotDesk(3, Ok(told))]);

    for (failure, kind) in [
        (HotDeskRefusal::WrongPin.failure(), RefusalKind::WrongPin),
        (HotDeskRefusal::UnknownUser.failure(), RefusalKind::Unknown),
        (Failure::operation("invalidDeviceID"), RefusalKind::Unknown),
    ] {
        let out = bench.on(Input::HotDesk(4, HotDesk::Verify { user: dn("1900"), pin: pin() }));
        let [(invoke, _)] = requests(&out)[..] else { panic!("{out:?}") };
        let out = bench.hear(invoke, Message::Failure(failure));
        assert!(matches!(&out[..], [Effect::HotDesk(4, Err(refused))] if refused.kind == kind), "{out:?}");
    }
    bench.on(Input::HotDesk(5, log_in()));
    let out = bench.after(policy::ANSWER);
    assert!(out.iter().any(|e| matches!(e, Effect::HotDesk(5, Err(r)) if r.kind == RefusalKind::NoAnswer)), "{out:?}");

    // The event says it at the user's number and at the set's alike, and so does what is asked of a feature.
    let asked = bench.ask(object("1010"), Question::Monitor(device()));
    let [(invoke, _)] = requests(&asked)[..] else { panic!("{asked:?}") };
    bench.hear(invoke, monitor_started("m1"));
    let at_1010 = || HotDeskState { user: Some("1900".into()), set: Some("1010".into()), outside: None };
    let setting = || Setting { feature: DeviceFeature::HotDeskUser, on: true, number: Some("1900".into()) };
    let event = Message::Event(Event { cross_ref: "m1".into(), body: EventBody::HotDesk(at_1010()) });
    assert_eq!(bench.hear(9999, event), [Effect::Tell(object("1010"), Told::Changed(vec![setting()]))]);
    let asked = bench.ask(object("1010"), Question::Features(DeviceRef::number("1010"), FeatureGroup::HotDesk));
    let [(invoke, _)] = requests(&asked)[..] else { panic!("{asked:?}") };
    let answer = Message::Response(Response::Escape(PrivateResponse::HotDesk(at_1010())));
    let told = Told::Settings(FeatureGroup::HotDesk, Ok(vec![setting()]));
    assert_eq!(bench.hear(invoke, answer), [Effect::Tell(object("1010"), told)]);

    let mut foreign = Bench::up();
    let out = foreign.ask(object("1010"), Question::Features(DeviceRef::number("1010"), FeatureGroup::HotDesk));
    let [Effect::Tell(_, Told::Settings(FeatureGroup::HotDesk, Err(refused)))] = &out[..] else { panic!("{out:?}") };
    assert_eq!(refused.kind, RefusalKind::NotSupported);
}

#[test]
fn presence_and_service_are_asked_of_who_announces_it() {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let mut bench = Bench::up();
    let member = || DeviceRef::number("1015");
    for (question, told) in [
        (Question::Absent, Told::Absent(Err(not_available("Presence on request")))),
        (
            Question::Features(member(), FeatureGroup::Presence),
            Told::Settings(FeatureGroup::Presence, Err(not_available("Presence on request"))),
        ),
    ] {
        assert_eq!(bench.ask(object("1015"), question), [Effect::Tell(object("1015"), told)]);
    }
    private(&mut bench, &[PrivateFeature::PresenceState]);
    let state = |group: &str, present| PresenceState { group: group.into(), member: "1015".into(), present };
    let states = vec![state("1005", false), state("1006", true), state("x", false)];
    let answer = || Message::Response(Response::Escape(PrivateResponse::PresenceState(states.clone())));
    let group = |number: &str, on| Setting::plain(DeviceFeature::Group(dn(number)), on);
    for (question, of, told) in [
        (Question::Absent, None, Told::Absent(Ok(vec![(dn("1005"), dn("1015"))]))),
        (
            Question::Features(member(), FeatureGroup::Presence),
            Some("1015".to_owned()),
            Told::Settings(FeatureGroup::Presence, Ok(vec![group("1005", false), group("1006", true)])),
        ),
    ] {
        let asked = bench.ask(object("1015"), question);
        let [(invoke, request)] = requests(&asked)[..] else { panic!("{asked:?}") };
        let wanted = PrivateRequest::Presence(PresenceRequest::State { member: of });
        assert_eq!(*request, Request::Escape(wanted));
        assert_eq!(bench.hear(invoke, answer()), [Effect::Tell(object("1015"), told)]);
    }
    let asked = bench.ask(object("1015"), Question::Legs(member()));
    let [(invoke, _)] = requests(&asked)[..] else { panic!("{asked:?}") };
    let snapshot = Response::SnapshotDevice { connections: Vec::new(), in_service: Some(false) };
    let told = [Told::Service(false), Told::Legs(Ok(Vec::new()))].map(|told| Effect::Tell(object("1015"), told));
    assert_eq!(bench.hear(invoke, Message::Response(snapshot)), told);
}
