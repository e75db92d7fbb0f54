//! Which records are of calls that nobody saw.

use std::time::Duration;

use schemas::csta::message::{JoinKind, JoinedConnection, JoinedEvent};
use schemas::domain::{Cause, DeviceRef};

use super::*;

/// What the node's clock says when it is asked: a year before ours.
const CLOCK_MS: i64 = 1_700_000_000_000;
const OURS_MS: i64 = CLOCK_MS + 365 * 24 * 3_600_000;

/// A link that was lost for a minute, and a node that is asked ten seconds after its return.
struct Bench {
    now: Instant,
    look: Look,
}

/// Seconds on the node's clock after the node was last heard.
fn at(seconds: i64) -> Option<i64> {
    Some(CLOCK_MS - 70_000 + seconds * 1000)
}

impl Bench {
    fn new() -> Self {
        let began = Instant::now();
        let mut gaps = Gaps::default();
        gaps.lost(began);
        let back = began + Duration::from_secs(60);
        let look = Look::back(gaps, back).expect("something was missed");
        Self::of(look, began + Duration::from_secs(70))
    }

    fn of(mut look: Look, now: Instant) -> Self {
        look.restored(now - policy::RECORDS_AFTER, OURS_MS);
        assert!(look.due(now) && !look.due(now), "once");
        Self { now, look }
    }

    fn begins(&mut self) -> Period {
        self.look.begins("1".into(), Some(CLOCK_MS), self.now)
    }

    /// What is told of these records: who was called.
    fn told(mut self, records: Vec<CallRecord>) -> Vec<String> {
        self.begins();
        assert_eq!(self.look.reported("1", records, true), Heard::Whole);
        self.ends()
    }

    fn ends(self) -> Vec<String> {
        let monitored = HashSet::from(["1000", "1001"].map(|dn| dn.parse().expect("a DN")));
        let calls = self.look.ends(true, &monitored).calls;
        calls.iter().map(|call| format!("{:?}", call.called)).map(|text| digits(&text)).collect()
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn party(number: &str) -> Party {
    Party::Known(DeviceRef::number(number))
}

fn named(call: &str) -> Option<ConnectionId> {
    Some(ConnectionId { call: Some(call.into()), device: None })
}

/// A call from 1000 to `called`.
fn record(call: &str, called: &str, began: i64, ended: i64) -> CallRecord {
    CallRecord {
        calling: party("1000"),
        called: party(called),
        call: named(call),
        began_ms: at(began),
        ended_ms: at(ended),
        ..CallRecord::default()
    }
}

#[test]
fn a_call_of_the_gap_is_unseen_and_one_before_or_after_is_not() {
    for (what, began, ended, unseen) in [
        ("in the gap", 10, 20, true),
        ("it ended as the monitors came back", 59, 65, true),
        ("it began in the last second that was heard, as a node says it that has whole seconds", -1, 5, true),
        ("it was there when the link was lost", -10, 20, false),
        ("it was over when the link was lost", -20, -1, false),
        ("it ended with the last word that was heard", -1, 0, false),
        ("as long as the gap", 0, 60, true),
    ] {
        let expected = if unseen { vec!["9".to_owned()] } else { Vec::new() };
        assert_eq!(Bench::new().told(vec![record("c", "9", began, ended)]), expected, "{what}");
    }
}

#[test]
fn a_record_is_read_by_what_it_has() {
    let whole = record("c", "9", 10, 20);
    for (what, record, unseen) in [
        ("no begin", CallRecord { began_ms: None, ..whole.clone() }, true),
        ("a length instead of an end", CallRecord { ended_ms: None, lasted_s: Some(10), ..whole.clone() }, true),
        ("a length instead of a begin", CallRecord { began_ms: None, lasted_s: Some(100), ..whole.clone() }, false),
        (
            "when it was written instead of an end",
            CallRecord { ended_ms: None, created_ms: at(21), ..whole.clone() },
            true,
        ),
        ("no end at all", CallRecord { ended_ms: None, ..whole.clone() }, false),
        (
            "times beyond all bounds",
            CallRecord { ended_ms: None, began_ms: Some(i64::MAX), lasted_s: Some(u32::MAX), ..whole.clone() },
            false,
        ),
        ("no name of the call", CallRecord { call: None, ..whole.clone() }, true),
        (
            "a name of its device alone",
            CallRecord {
                call: Some(ConnectionId { call: None, device: Some(DeviceRef::number("1")) }),
                ..whole.clone()
            },
            true,
        ),
        ("nothing", CallRecord::default(), false),
    ] {
        assert_eq!(!Bench::new().told(vec![record]).is_empty(), unseen, "{what}");
    }
}

#[test]
fn only_calls_of_monitored_numbers_count_whatever_part_they_had() {
    let of = |calling: &str, called: &str| CallRecord { calling: party(calling), ..record("c", called, 10, 20) };
    let strangers = of("8", "9");
    for (what, record, unseen) in [
        ("who called", of("1001", "9"), true),
        ("who was called", of("8", "1001"), true),
        ("who answered", CallRecord { associated_called: party("1001"), ..strangers.clone() }, true),
        ("who called for another", CallRecord { associated_calling: party("1001"), ..strangers.clone() }, true),
        (
            "whose record it is",
            CallRecord {
                call: Some(ConnectionId { device: Some(DeviceRef::number("1001")), ..named("c").expect("a call") }),
                ..strangers.clone()
            },
            true,
        ),
        (
            "a line appearance",
            CallRecord {
                called: Party::Known(DeviceRef { button: Some(2), ..DeviceRef::number("1001") }),
                ..strangers.clone()
            },
            true,
        ),
        ("both", of("1000", "1001"), true),
        ("nobody", strangers, false),
        (
            "nobody who can be told",
            CallRecord { calling: Party::Restricted, called: Party::NotKnown, ..of("8", "9") },
            false,
        ),
    ] {
        assert_eq!(Bench::new().told(vec![record]).len(), usize::from(unseen), "{what}");
    }
}

#[test]
fn a_call_counts_once_however_many_records_and_reports_it_has() {
    let mut bench = Bench::new();
    bench.begins();
    let first = record("c", "1001", 10, 20);
    let nameless = CallRecord { call: None, number: Some(7), ..record("", "5", 30, 31) };
    for records in
        [vec![first.clone(), first.clone()], vec![record("c", "9", 20, 25), nameless.clone()], vec![nameless]]
    {
        assert_eq!(bench.look.reported("1", records, false), Heard::Part);
    }
    assert_eq!(bench.ends(), ["1001", "5"]);
}

#[test]
fn a_call_of_which_a_part_was_seen_is_known_whichever_record_comes_first() {
    let before = record("c", "1", -10, 5);
    let within = record("c", "2", 5, 20);
    assert_eq!(Bench::new().told(vec![before.clone(), within.clone()]), Vec::<String>::new());
    assert_eq!(Bench::new().told(vec![within, before]), Vec::<String>::new());
}

#[test]
fn what_anybody_knows_of_a_call_before_or_after_makes_it_seen() {
    let connection = |call: &str| named(call).expect("a call");
    let joined = EventBody::Joined(JoinedEvent {
        kind: JoinKind::Transferred,
        primary_old: connection("p"),
        secondary_old: Some(connection("s")),
        controller: Party::NotKnown,
        joined: Party::NotKnown,
        connections: vec![JoinedConnection { new: Some(connection("n")), old: None, endpoint: Party::NotKnown }],
        local: None,
        cause: Cause::Normal,
        permitted: None,
        global_call_id: None,
        old_global_call_id: None,
        ringing: false,
    });
    let mut bench = Bench::new();
    assert!(bench.look.knows("k") && bench.look.knows("k") && bench.look.hears(&joined));
    let records = ["k", "p", "s", "n", "u"].map(|call| record(call, "9", 10, 20));
    bench.begins();
    assert_eq!(bench.look.reported("1", records.into(), false), Heard::Part);
    // It is told late, after its record.
    assert!(bench.look.knows("u"));
    assert_eq!(bench.ends(), Vec::<String>::new());
}

#[test]
fn the_time_asked_for_is_the_nodes_and_ours_where_it_says_none() {
    let period = |clock_ms: i64| Period { from_ms: clock_ms - 70_000 - SLACK_MS, to_ms: clock_ms + SLACK_MS };
    assert_eq!(Bench::new().begins(), period(CLOCK_MS));
    let mut bench = Bench::new();
    let now = bench.now;
    let ours = OURS_MS + i64::try_from(policy::RECORDS_AFTER.as_millis()).expect("a second");
    assert_eq!(bench.look.begins("1".into(), None, now), period(ours));
}

/// A node that is slow to answer: its time stamp may be as old as the question.
#[test]
fn a_call_that_ended_as_the_link_was_lost_is_not_taken_for_unseen() {
    let mut bench = Bench::new();
    bench.look.asked(bench.now);
    let answered = bench.now + Duration::from_secs(4);
    let stamped_before = CLOCK_MS + 1_000;
    bench.look.begins("1".into(), Some(stamped_before), answered);
    let ended = record("c", "9", 0, 1);
    assert_eq!(bench.look.reported("1", vec![ended], true), Heard::Whole);
    assert_eq!(bench.ends(), Vec::<String>::new());
}

#[test]
fn several_gaps_are_looked_at_together_and_what_was_heard_between_them_is_none() {
    let began = Instant::now();
    let later = |seconds| began + Duration::from_secs(seconds);
    let mut gaps = Gaps::default();
    gaps.lost(began);
    gaps.back(later(10));
    gaps.back(later(15));
    gaps.lost(later(30));
    let look = Look::back(gaps.clone(), later(40)).expect("something was missed");
    let records = [(1, 9), (12, 20), (25, 35), (31, 50), (5, 35)]
        .map(|(from, to)| record(&format!("{from}"), &format!("{from}"), from, to));
    assert_eq!(Bench::of(look, later(70)).told(records.into()), ["1", "31"]);
    for seconds in 0..20 {
        gaps.lost(later(seconds));
    }
    assert_eq!(gaps.0.len(), policy::NODE_GAPS);
    gaps.looked_at();
    assert!(Look::back(gaps, began).is_none(), "nothing is left to look for");
}

#[test]
fn a_look_is_bounded_in_records_reports_calls_and_time() {
    let mut bench = Bench::new();
    assert_eq!(bench.look.reported("1", Vec::new(), true), Heard::Unasked);
    assert!(!bench.look.is_late(bench.now + policy::RECORDS * 2), "nothing was asked for");
    bench.begins();
    assert_eq!(bench.look.reported("2", Vec::new(), true), Heard::Unasked);
    let many = (0..policy::NODE_RECORDS).map(|n| record(&n.to_string(), "9", 10, 20)).collect();
    assert_eq!(bench.look.reported("1", many, false), Heard::Part);
    assert_eq!(bench.look.reported("1", vec![record("more", "9", 10, 20)], true), Heard::TooMuch);
    assert!(!bench.look.is_late(bench.now + policy::RECORDS - Duration::from_millis(1)));
    assert!(bench.look.is_late(bench.now + policy::RECORDS));
    assert_eq!(bench.ends().len(), policy::NODE_RECORDS);

    let mut bench = Bench::new();
    bench.begins();
    let reports = (0..).take_while(|_| bench.look.reported("1", Vec::new(), false) == Heard::Part).count();
    assert_eq!(reports, policy::NODE_RECORDS - 1);

    let mut bench = Bench::new();
    assert!((0..policy::CALLS_KNOWN).all(|n| bench.look.knows(&n.to_string())));
    assert!(bench.look.knows("0") && !bench.look.knows("one more"));
}

#[test]
fn the_log_names_numbers_that_may_be_shown_and_nothing_else_of_a_party() {
    let shown = DeviceRef { name: Some("Archer, Maya".into()), ..DeviceRef::number("+4969*12#") };
    for (party, expected) in [
        (Party::Known(shown.clone()), "+4969*12#"),
        (Party::Known(DeviceRef { private_number: true, ..shown }), "withheld"),
        (Party::Restricted, "withheld"),
        (Party::NotKnown, "unknown"),
        (party("10\n00; x=1"), "10001"),
        (party(&"7".repeat(200)), &"7".repeat(policy::NUMBER_LOGGED)),
    ] {
        assert_eq!(who(&party), expected, "{party:?}");
    }
}
