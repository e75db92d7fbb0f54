//! The decisions of a `Session`, input by input: log, cursor, held polls, timer.

use schemas::domain::Ceid;

use super::*;
use crate::session::MemoryLog;

struct Bench {
    state: State<MemoryLog>,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { state: State::new(MemoryLog::new(Arc::default()), now), now }
    }

    fn on(&mut self, input: Input) -> Effects {
        let mut out = Effects::new();
        self.state.on(input, self.now, &mut out);
        out
    }

    fn arrive(&mut self, text: &str) -> Effects {
        self.on(Input::Arrived(event(text)))
    }

    fn next(&mut self, id: PollId) -> Effects {
        self.on(Input::Poll { id, want: Want::Next, timeout_ms: 1000 })
    }

    fn numbered(&mut self, id: PollId, number: u32) -> Effects {
        self.on(Input::Poll { id, want: Want::Numbered(number), timeout_ms: 1000 })
    }

    fn after_ms(&mut self, pause: u64) -> Effects {
        self.now += Duration::from_millis(pause);
        self.on(Input::Tick)
    }
}

fn object(dn: u32) -> ObjectId {
    ObjectId::line(Ceid::new(1).expect("a CEID"), dn.to_string().parse().expect("a DN"))
}

fn event(text: &str) -> Arc<Event> {
    Arc::new(Event { object: Some(object(1000)), standard: text.into() })
}

fn answer(id: PollId, number: u32, text: &str) -> Effect {
    Effect::Answer(id, Outcome::Event(number, event(text)))
}

fn timed_out(id: PollId) -> Effect {
    Effect::Answer(id, Outcome::TimedOut)
}

#[test]
fn events_are_handed_out_one_by_one_in_order_and_the_cursor_moves_when_they_are_taken() {
    let mut bench = Bench::new();
    assert_eq!(bench.arrive("a"), []);
    assert_eq!(bench.arrive("b"), []);
    assert_eq!(bench.next(1), [answer(1, 1, "a")]);
    assert_eq!(bench.state.lag(), 2, "not taken yet");
    assert_eq!(bench.on(Input::Delivered(1)), []);
    assert_eq!(bench.state.lag(), 1);
    assert_eq!(bench.on(Input::Delivered(1)), [], "said twice");
    assert_eq!(bench.state.lag(), 1);
    assert_eq!(bench.next(2), [answer(2, 2, "b")]);
    bench.on(Input::Delivered(2));
    assert_eq!(bench.next(3), []);
    assert_eq!(bench.arrive("c"), [answer(3, 3, "c")]);
}

#[test]
fn an_event_whose_client_is_gone_goes_to_the_next_poll() {
    let mut bench = Bench::new();
    bench.arrive("a");
    bench.next(1);
    assert_eq!(bench.on(Input::Gone(1)), []);
    assert_eq!(bench.next(2), [answer(2, 1, "a")]);
    // And to one that is waiting already.
    assert_eq!(bench.next(3), []);
    assert_eq!(bench.on(Input::Gone(2)), [answer(3, 1, "a")]);
}

#[test]
fn a_poll_whose_client_left_while_it_waited_takes_no_event() {
    let mut bench = Bench::new();
    bench.next(1);
    bench.next(2);
    bench.on(Input::Gone(1));
    assert_eq!(bench.arrive("a"), [answer(2, 1, "a")]);
}

#[test]
fn two_polls_of_a_kind_are_served_in_the_order_of_asking_and_never_with_the_same_event() {
    let mut bench = Bench::new();
    bench.next(1);
    bench.next(2);
    assert_eq!(bench.arrive("a"), [answer(1, 1, "a")]);
    assert_eq!(bench.arrive("b"), [], "the second waits until the first has arrived");
    assert_eq!(bench.on(Input::Delivered(1)), [answer(2, 2, "b")]);
}

#[test]
fn a_numbered_event_is_given_or_waited_for_and_moves_no_cursor() {
    let mut bench = Bench::new();
    bench.arrive("a");
    assert_eq!(bench.numbered(1, 1), [answer(1, 1, "a")]);
    assert_eq!(bench.on(Input::Delivered(1)), []);
    assert_eq!(bench.numbered(2, 3), [], "waits");
    assert_eq!(bench.numbered(3, 0), [Effect::Answer(3, Outcome::NotKept)], "numbers begin at 1");
    assert_eq!(bench.arrive("b"), []);
    assert_eq!(bench.arrive("c"), [answer(2, 3, "c")]);
    assert_eq!(bench.state.lag(), 3);
    assert_eq!(bench.next(4), [answer(4, 1, "a")], "the cursor stood still");
    // Beside a poll whose answer is on its way, too.
    assert_eq!(bench.numbered(5, 2), [answer(5, 2, "b")]);
}

#[test]
fn what_was_read_long_ago_is_not_kept() {
    let mut bench = Bench::new();
    for n in 1..=u64::try_from(policy::LOG_KEPT).expect("small") + 2 {
        bench.arrive("x");
        bench.next(n);
        bench.on(Input::Delivered(n));
    }
    assert_eq!(bench.numbered(5001, 1), [Effect::Answer(5001, Outcome::NotKept)]);
    assert_eq!(bench.numbered(5002, 3), [answer(5002, 3, "x")]);
}

#[test]
fn cancelling_releases_every_held_poll_as_timed_out() {
    let mut bench = Bench::new();
    bench.next(1);
    bench.numbered(2, 9);
    assert_eq!(bench.on(Input::Cancel), [timed_out(1), timed_out(2)]);
    assert_eq!(bench.on(Input::Cancel), []);
    assert_eq!(bench.arrive("a"), [], "nothing was lost to them");
    assert_eq!(bench.next(3), [answer(3, 1, "a")]);
}

#[test]
fn time_outs_below_one_are_one_and_above_two_minutes_are_two_minutes() {
    for (asked, due) in
        [(i64::MIN, 1), (-1, 1), (0, 1), (1, 1), (45_000, 45_000), (120_001, 120_000), (i64::MAX, 120_000)]
    {
        let mut bench = Bench::new();
        bench.on(Input::Poll { id: 1, want: Want::Next, timeout_ms: asked });
        let mut waited = 0;
        while due - waited > 1 {
            let step = (due - 1 - waited).min(10_000);
            assert_eq!(bench.after_ms(step), [], "{asked} after {waited} ms");
            bench.on(Input::Reset);
            waited += step;
        }
        assert!(bench.state.next_deadline() <= bench.now + Duration::from_millis(1));
        assert_eq!(bench.after_ms(1), [timed_out(1)], "{asked}");
    }
}

#[test]
fn a_session_ends_eleven_seconds_after_its_last_reset_and_polls_do_not_reset_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.state.next_deadline(), bench.now + policy::SESSION_LIFE);
    assert_eq!(bench.after_ms(10_999), []);
    bench.on(Input::Reset);
    assert_eq!(bench.after_ms(10_000), []);
    bench.on(Input::Poll { id: 1, want: Want::Next, timeout_ms: 60_000 });
    assert_eq!(bench.after_ms(999), []);
    assert_eq!(bench.after_ms(1), [Effect::Answer(1, Outcome::Ended), Effect::Stop]);
}

#[test]
fn held_polls_are_answered_when_the_session_ends() {
    let mut bench = Bench::new();
    bench.next(1);
    bench.numbered(2, 7);
    assert_eq!(
        bench.on(Input::End),
        [Effect::Answer(1, Outcome::Ended), Effect::Answer(2, Outcome::Ended), Effect::Stop]
    );
}

#[test]
fn what_the_bound_let_go_is_told_once_and_its_objects_are_restated() {
    let mut bench = Bench::new();
    let over = 42;
    for n in 1..=policy::LOG_EVENTS + over {
        // The lost ones are of two objects and of the system.
        let object = match n % 3 {
            0 => Some(object(1000)),
            1 => Some(object(2000)),
            _ => None,
        };
        let object = if n > over { Some(self::object(3000)) } else { object };
        bench.on(Input::Arrived(Arc::new(Event { object, standard: n.to_string() })));
    }
    let discarded = || Outcome::Discarded(1, 42);
    assert_eq!(bench.next(1), [Effect::Restate(vec![object(1000), object(2000)]), Effect::Answer(1, discarded())]);
    bench.on(Input::Gone(1));
    assert_eq!(bench.next(2), [Effect::Answer(2, discarded())], "not taken: told again");
    bench.on(Input::Delivered(2));
    let out = bench.next(3);
    assert!(matches!(&out[..], [Effect::Answer(3, Outcome::Event(43, e))] if e.standard == "43"), "{out:?}");
}

#[test]
fn a_log_that_overflows_does_not_get_slower_with_each_object() {
    // As many objects as a session may monitor, and nobody reads.
    let mut bench = Bench::new();
    for n in 0..policy::SESSION_MONITORS + policy::LOG_EVENTS {
        let object = Some(object(u32::try_from(n % policy::SESSION_MONITORS).expect("small")));
        bench.on(Input::Arrived(Arc::new(Event { object, standard: String::new() })));
    }
    let out = bench.next(1);
    let [Effect::Restate(lost), _] = &out[..] else { panic!("restated") };
    assert_eq!(lost.len(), policy::SESSION_MONITORS);
}
