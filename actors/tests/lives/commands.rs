//! Commands on calls at a node that answers late, never, twice or with an error, that tells the
//! event before the answer, or whose link is lost in between.
//!
//! Each command is a row; each way in which a node may answer is a test over all of them.

use std::time::Duration;

use actors::cluster::LinkState;
use actors::device::messages::Action;
use actors::policy;
use actors::refusal::Refused;
use schemas::csta::message::{
    CallEvent, CallEventKind, ConnectionId, EventBody, Failure, GroupCall, JoinKind, JoinedConnection, JoinedEvent,
    Request,
};
use schemas::domain::{Cause, DeviceRef, LegId, LocalState, ObjectId, Party};
use tokio::time::Instant;

use crate::bench::{App, BACK, Bench, LOST, line, out_of_service, pass, run, until};
use crate::switch::{Fate, Script, Switch};
use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null};

/// Calls of the line 1000: the call, its own state, that of the far end.
type Calls = &'static [(&'static str, LocalState, LocalState)];

struct Row {
    action: fn(LegId) -> Action,
    /// The request at the node, as `Debug` begins it.
    asks: &'static str,
    before: Calls,
    after: Calls,
    /// How the change is told when only a snapshot shows it: type, cause, state.
    found: &'static [&'static str],
    /// An event that the node tells of it, and how it is told on.
    event: Option<fn() -> EventBody>,
    told: &'static [&'static str],
}

const CONSULTING: Calls = &[("h", Hold, Connected), ("a", Connected, Connected)];
const GONE: &str = "CALL_CLEAR OTHER_DEVICE_CLEARED IDLE";
const ROWS: [Row; 10] = [
    Row {
        action: |leg| Action::Consult { leg, number: "1002".into() },
        asks: "ConsultationCall",
        before: &[("c", Connected, Connected)],
        after: &[("c", Hold, Connected), ("new", Connected, Alerting)],
        found: &["CALL_HELD HARD_HOLD_INVOKED HELD", "CALL_DELIVERED DELIVERED DELIVERED"],
        event: Some(|| call(CallEventKind::Held, "c", "1000", Hold, Cause::Consultation)),
        told: &["CALL_HELD CONS_HOLD_INVOKED HELD"],
    },
    Row {
        action: Action::CancelConsultation,
        asks: "ReconnectCall",
        before: CONSULTING,
        after: &[("h", Connected, Connected)],
        found: &["CALL_RETRIEVED RETRIEVE_INVOKED ESTABLISHED", GONE],
        event: Some(|| call(CallEventKind::ConnectionCleared, "a", "1000", Null, Cause::NormalClearing)),
        told: &["CALL_CLEAR CLEAR_INVOKED IDLE"],
    },
    Row {
        action: Action::Alternate,
        asks: "AlternateCall",
        before: CONSULTING,
        after: &[("h", Connected, Connected), ("a", Hold, Connected)],
        found: &["CALL_RETRIEVED RETRIEVE_INVOKED ESTABLISHED", "CALL_HELD HARD_HOLD_INVOKED HELD"],
        event: Some(|| call(CallEventKind::Retrieved, "h", "1000", Connected, Cause::Alternate)),
        told: &["CALL_RETRIEVED ALTERNATE_CALL_INVOKED ESTABLISHED"],
    },
    Row {
        action: Action::Transfer,
        asks: "TransferCall",
        before: CONSULTING,
        after: &[],
        found: &[GONE, GONE],
        event: Some(|| joined(JoinKind::Transferred, Null)),
        told: &["CALL_TRANSFERRED TRANSFER_INVOKED IDLE", "CALL_CLEAR CLEAR_INVOKED IDLE"],
    },
    Row {
        action: Action::Conference,
        asks: "ConferenceCall",
        before: CONSULTING,
        after: &[("h", Connected, Connected)],
        found: &["CALL_RETRIEVED RETRIEVE_INVOKED ESTABLISHED", GONE],
        event: Some(|| joined(JoinKind::Conferenced, Connected)),
        told: &["CALL_CONFERENCED CONFERENCE_INVOKED ESTABLISHED", "CALL_CLEAR CLEAR_INVOKED IDLE"],
    },
    Row {
        action: Action::SplitConference,
        asks: "Escape(SplitConference",
        before: &[("c", Connected, Connected)],
        after: &[("c", Hold, Connected), ("new", Connected, Connected)],
        found: &["CALL_HELD HARD_HOLD_INVOKED HELD", "CALL_ESTABLISHED ANSWERED ESTABLISHED"],
        event: Some(|| call(CallEventKind::ConnectionCleared, "c", "1002", Connected, Cause::Conference)),
        told: &["DEVICE_DROPPED CONFERENCE_SPLIT ESTABLISHED"],
    },
    Row {
        action: |leg| Action::Redirect { leg, number: "1002".into() },
        asks: "DeflectCall",
        before: &[("c", Alerting, Connected)],
        after: &[],
        found: &[GONE],
        event: Some(|| call(CallEventKind::Diverted, "c", "1000", Null, Cause::Redirected)),
        told: &["CALL_DIVERTED REDIRECTED_AWAY IDLE"],
    },
    Row {
        action: |_| Action::PickUp { number: "1002".into() },
        asks: "DirectedPickupCall",
        before: &[],
        after: &[("new", Connected, Connected)],
        found: &["CALL_ESTABLISHED ANSWERED ESTABLISHED"],
        event: Some(|| call(CallEventKind::Established, "new", "1000", Connected, Cause::CallPickup)),
        told: &["CALL_ESTABLISHED PICKUP_INVOKED ESTABLISHED"],
    },
    Row {
        action: Action::NewCall,
        asks: "Escape(NewCall",
        before: &[("c", Fail, Fail)],
        // Dial tone is not told.
        after: &[("new", Initiated, Null)],
        found: &[GONE],
        event: Some(|| call(CallEventKind::ConnectionCleared, "c", "1000", Null, Cause::NormalClearing)),
        told: &["CALL_CLEAR CLEAR_INVOKED IDLE"],
    },
    Row {
        action: |leg| Action::SendDigits { leg, digits: "12#".into() },
        asks: "GenerateDigits",
        before: &[("c", Connected, Connected)],
        after: &[("c", Connected, Connected)],
        found: &[],
        event: None,
        told: &[],
    },
];

fn object() -> ObjectId {
    line("1000")
}

fn connection(call: &str, dn: &str) -> ConnectionId {
    ConnectionId { call: Some(call.into()), device: Some(DeviceRef::number(dn)) }
}

fn party(dn: &str) -> Party {
    Party::Known(DeviceRef::number(dn))
}

fn call(kind: CallEventKind, call: &str, subject: &str, local: LocalState, cause: Cause) -> EventBody {
    EventBody::Call(CallEvent {
        kind,
        connection: connection(call, subject),
        subject: party(subject),
        calling: party("9000"),
        called: party("1000"),
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(local),
        cause,
        permitted: None,
        global_call_id: None,
        groups: GroupCall::default(),
    })
}

/// The two calls of `CONSULTING` became one.
fn joined(kind: JoinKind, local: LocalState) -> EventBody {
    let part = |dn: &str, old: &str| JoinedConnection {
        new: Some(connection("h", dn)),
        old: Some(connection(old, dn)),
        endpoint: Party::NotKnown,
    };
    let mut connections = vec![part("9000", "h"), part("1002", "a")];
    if kind == JoinKind::Conferenced {
        connections.push(part("1000", "a"));
    }
    EventBody::Joined(JoinedEvent {
        kind,
        primary_old: connection("h", "1000"),
        secondary_old: Some(connection("a", "1000")),
        controller: party("1000"),
        joined: party("1002"),
        connections,
        local: Some(local),
        cause: Cause::Transfer,
        permitted: None,
        global_call_id: None,
        old_global_call_id: None,
        ringing: false,
    })
}

fn owned(calls: Calls) -> Vec<(String, LocalState, LocalState)> {
    calls.iter().map(|(call, own, far)| ((*call).to_owned(), *own, *far)).collect()
}

/// A line of a node with the calls of a row before its command, monitored.
struct Line {
    bench: Bench,
    app: App,
    row: &'static Row,
    leg: LegId,
    snapshots: usize,
}

impl Line {
    async fn of(row: &'static Row) -> Self {
        let switch = Switch::default();
        switch.inside().private = true;
        switch.inside().calls.insert("1000".into(), owned(row.before));
        let bench = Bench::begin(vec![switch], 10);
        bench.link(1, LinkState::Connected).await;
        let app = bench.app().await;
        app.monitor(object()).await;
        let greeted = app.events(row.before.len().max(1)).await;
        assert!(greeted.iter().all(|event| event.starts_with("1000 MONITOR_SET MONITOR_SET")), "{greeted:?}");
        let status = app.monitors.status(object()).await.expect("monitored");
        let leg = LegId::new(u64::try_from(status.local_call_id).expect("positive"));
        let mut line = Self { bench, app, row, leg, snapshots: 0 };
        line.snapshots = line.snapshots_asked();
        line
    }

    fn snapshots_asked(&self) -> usize {
        let inside = self.bench.switches[0].inside();
        inside.asked.iter().filter(|r| matches!(r, Request::SnapshotDevice { .. })).count()
    }

    /// The next command goes so.
    fn script(&self, fate: Fate, first: Option<EventBody>) {
        let script = Script { fate, first, dn: "1000", calls: owned(self.row.after) };
        self.bench.switches[0].inside().scripts.push_back(script);
    }

    async fn command(&self) -> Result<(), Refused> {
        let outcome = self.app.monitors.perform(object(), (self.row.action)(self.leg)).await;
        assert!(self.bench.switches[0].inside().scripts.is_empty(), "{} did not reach the node", self.row.asks);
        let inside = self.bench.switches[0].inside();
        let asked = |request: &Request| format!("{request:?}").starts_with(self.row.asks);
        assert!(inside.asked.iter().any(asked), "{}: {:?}", self.row.asks, inside.asked);
        outcome
    }

    /// The leg that getCallStatus shows, its state and what was last told of it.
    async fn shown(&self) -> (i64, String) {
        let status = self.app.monitors.status(object()).await.expect("monitored");
        (status.local_call_id, format!("{:?} {:?} {:?}", status.kind, status.cause, status.call_state))
    }

    async fn hears(&self, told: &[&str]) {
        let expected: Vec<_> = told.iter().map(|event| format!("1000 {event}")).collect();
        assert_eq!(self.app.events(expected.len()).await, expected, "{}", self.row.asks);
    }

    /// Nothing was told besides, and this many snapshots were taken since the command.
    async fn quiet(&self, snapshots: usize) {
        self.app.silence().await;
        assert_eq!(self.snapshots_asked() - self.snapshots, snapshots, "snapshots after {}", self.row.asks);
    }
}

/// Each command at a line of its own, on a clock that begins anew.
fn each(test: impl AsyncFn(Line)) {
    for row in &ROWS {
        run(async || test(Line::of(row).await).await);
    }
}

const UNKNOWN: &str = "The node did not answer in time; the outcome is not known.";

fn privilege() -> Failure {
    Failure::operation("privilegeViolationSpecifiedDevice")
}

#[test]
fn an_answer_just_in_time_is_the_outcome_and_the_event_is_the_nodes_to_tell() {
    each(async |line| {
        line.script(Fate::Answered(policy::ANSWER - Duration::from_secs(1)), None);
        assert_eq!(line.command().await, Ok(()), "{}", line.row.asks);
        line.quiet(0).await;
    });
}

#[test]
fn a_refusal_changes_nothing_and_says_why() {
    each(async |line| {
        let before = line.shown().await;
        line.script(Fate::Refused(privilege()), None);
        let refused = line.command().await.expect_err("refused").to_string();
        assert_eq!(refused, "Class of service does not allow it.", "{}", line.row.asks);
        line.quiet(0).await;
        assert_eq!(line.shown().await, before, "{}", line.row.asks);
    });
}

#[test]
fn without_an_answer_the_outcome_is_not_known_and_a_snapshot_tells_what_became_of_it() {
    each(async |line| {
        line.script(Fate::Silent, None);
        let began = Instant::now();
        assert_eq!(line.command().await.expect_err("no answer").to_string(), UNKNOWN, "{}", line.row.asks);
        let waited = began.elapsed();
        assert!(waited >= policy::ANSWER && waited <= policy::ANSWER + policy::NODE_TICK * 2, "{waited:?}");
        line.hears(line.row.found).await;
        line.quiet(1).await;
    });
}

#[test]
fn an_answer_that_comes_too_late_is_nobodys_not_even_the_next_commands() {
    each(async |line| {
        line.script(Fate::Answered(policy::ANSWER + Duration::from_secs(2)), None);
        assert_eq!(line.command().await.expect_err("too late").to_string(), UNKNOWN, "{}", line.row.asks);
        line.hears(line.row.found).await;
        // Picking up needs no leg; of the others one that is still there takes the next command.
        let (leg, _) = line.shown().await;
        let digits = Action::SendDigits { leg: LegId::new(u64::try_from(leg).expect("positive")), digits: "1".into() };
        let next = if leg == 0 { Action::PickUp { number: "1002".into() } } else { digits };
        let calls = owned(line.row.after);
        let script = Script { fate: Fate::Silent, first: None, dn: "1000", calls };
        line.bench.switches[0].inside().scripts.push_back(script);
        let began = Instant::now();
        let outcome = line.app.monitors.perform(object(), next).await;
        assert_eq!(outcome.expect_err("no answer").to_string(), UNKNOWN, "after {}", line.row.asks);
        assert!(began.elapsed() >= policy::ANSWER, "the late answer of {} was taken for it", line.row.asks);
        line.quiet(2).await;
    });
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    each(async |line| {
        line.script(Fate::Twice, None);
        assert_eq!(line.command().await, Ok(()), "{}", line.row.asks);
        line.script(Fate::Refused(privilege()), None);
        let refused = line.command().await.expect_err("the second answer is its own").to_string();
        assert_eq!(refused, "Class of service does not allow it.", "{}", line.row.asks);
        line.quiet(0).await;
    });
}

#[test]
fn a_link_lost_before_the_answer_leaves_the_outcome_to_the_snapshot_after_its_return() {
    each(async |line| {
        line.script(Fate::Lost, None);
        assert_eq!(line.command().await, Err(Refused::LinkLost), "{}", line.row.asks);
        assert_eq!(line.app.events(3).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned()]);
        let restored = line.app.events(line.row.after.len().max(1)).await;
        assert!(restored.iter().all(|e| e.starts_with("1000 MONITOR_SET CONTROLLER_COMMS_RESTORED")), "{restored:?}");
        line.hears(line.row.found).await;
        line.quiet(1).await;
    });
}

#[test]
fn an_event_before_the_answer_is_told_once() {
    each(async |line| {
        let Some(event) = line.row.event else { return };
        line.script(Fate::Answered(Duration::from_secs(1)), Some(event()));
        let (outcome, ()) = tokio::join!(line.command(), line.hears(line.row.told));
        assert_eq!(outcome, Ok(()), "{}", line.row.asks);
        line.quiet(0).await;
    });
}

#[test]
fn an_event_without_an_answer_is_told_once_and_only_the_rest_is_found() {
    each(async |line| {
        // Each of these tells all that the command did.
        let whole = ["TransferCall", "DeflectCall", "DirectedPickupCall", "Escape(NewCall"];
        let Some(event) = line.row.event.filter(|_| whole.contains(&line.row.asks)) else { return };
        line.script(Fate::Silent, Some(event()));
        let (outcome, ()) = tokio::join!(line.command(), line.hears(line.row.told));
        assert_eq!(outcome.expect_err("no answer").to_string(), UNKNOWN, "{}", line.row.asks);
        line.quiet(1).await;
    });
}

#[test]
fn a_node_lost_in_the_middle_of_commands_of_two_applications_answers_both() {
    for row in &ROWS {
        run(async || {
            let line = Line::of(row).await;
            let other = line.bench.app().await;
            other.monitor(object()).await;
            other.events(row.before.len().max(1)).await;
            line.script(Fate::Silent, None);
            let waiting = {
                let (monitors, action) = (other.monitors.clone(), (row.action)(line.leg));
                actix::spawn(async move { monitors.perform(object(), action).await })
            };
            let switch = line.bench.switches[0].clone();
            until("the first command is out", || switch.inside().scripts.is_empty()).await;
            line.script(Fate::Lost, None);
            assert_eq!(line.command().await, Err(Refused::LinkLost), "{}", row.asks);
            assert_eq!(waiting.await.expect("no panic"), Err(Refused::LinkLost), "{}", row.asks);
            pass(Duration::from_secs(2)).await;
            assert_eq!(line.bench.switches[0].inside().connections, 2, "{}", row.asks);
        });
    }
}
