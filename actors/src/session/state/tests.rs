//! The decisions of a `Session`, input by input: log, cursor, held polls, timer.

use schemas::contract::cc::{EventType, StandardEventMsg, SystemEventMsg, SystemEventType};
use schemas::domain::Ceid;

use super::*;
use crate::event::Forms;
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
        self.on(Input::Poll { id, want: Want::Next(Form::Standard), timeout_ms: 1000 })
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
    Arc::new(Event::of_text(Some(object(1000)), text))
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
        bench.on(Input::Poll { id: 1, want: Want::Next(Form::Standard), timeout_ms: asked });
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
    bench.on(Input::Poll { id: 1, want: Want::Next(Form::Standard), timeout_ms: 60_000 });
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
        bench.on(Input::Arrived(Arc::new(Event::of_text(object, n.to_string()))));
    }
    let discarded = || Outcome::Discarded(1, 42);
    assert_eq!(bench.next(1), [Effect::Restate(vec![object(1000), object(2000)]), Effect::Answer(1, discarded())]);
    bench.on(Input::Gone(1));
    assert_eq!(bench.next(2), [Effect::Answer(2, discarded())], "not taken: told again");
    bench.on(Input::Delivered(2));
    let out = bench.next(3);
    assert!(matches!(&out[..], [Effect::Answer(3, Outcome::Event(43, e))] if e.standard() == Some("43")), "{out:?}");
}

#[test]
fn a_log_that_overflows_does_not_get_slower_with_each_object() {
    // As many objects as a session may monitor, and nobody reads.
    let mut bench = Bench::new();
    for n in 0..policy::SESSION_MONITORS + policy::LOG_EVENTS {
        let object = Some(object(u32::try_from(n % policy::SESSION_MONITORS).expect("small")));
        bench.on(Input::Arrived(Arc::new(Event::of_text(object, ""))));
    }
    let out = bench.next(1);
    let [Effect::Restate(lost), _] = &out[..] else { panic!("restated") };
    assert_eq!(lost.len(), policy::SESSION_MONITORS);
}

/// An event of each kind of forms.
fn both(object: Option<ObjectId>) -> Arc<Event> {
    Arc::new(Event::new(object, message(), Forms::ALL))
}

fn advanced_only() -> Arc<Event> {
    Arc::new(Event::advanced_only(None, &message().into()))
}

fn message() -> StandardEventMsg {
    let event = SystemEventMsg { event_type: Some(SystemEventType::OigShutdown), ..SystemEventMsg::default() };
    let event_type = Some(EventType::SystemEvent);
    StandardEventMsg { event_type, system_event: Some(event), result: true, ..StandardEventMsg::default() }
}

/// What the effects hand out, in brief: `poll 1: 3` is event 3, `push: 1-42` a loss.
fn brief(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Answer(id, Outcome::Event(number, _)) => format!("poll {id}: {number}"),
            Effect::Answer(id, Outcome::Discarded(from, to)) => format!("poll {id}: {from}-{to}"),
            Effect::Answer(id, outcome) => format!("poll {id}: {outcome:?}"),
            Effect::Push(_, _, Word::Event(number, _)) => format!("push: {number}"),
            Effect::Push(_, _, Word::Discarded(from, to)) => format!("push: {from}-{to}"),
            Effect::Push(_, _, word @ (Word::Successor(_) | Word::Notification(_))) => format!("push: {word:?}"),
            Effect::Restate(objects) => format!("restate {}", objects.len()),
            Effect::Handler(turn) => format!("{turn:?}"),
            Effect::StopPush => "stop push".into(),
            Effect::Stop => "stop".into(),
        })
        .collect()
}

#[test]
fn a_hole_that_a_damaged_journal_left_is_told_where_it_is() {
    let texts = [Some("3"), None, None, Some("6"), None];
    let events = texts.map(|text| text.map_or_else(|| Arc::new(Event::lost()), event));
    let resumed = || MemoryLog::new(Arc::default()).resumed(3, events.clone());
    let now = Instant::now();
    let at = Cursors { was_read: true, standard: Some(2), handler: Some(4), ..Cursors::default() };
    let state = State::resumed(resumed(), at, Some(Form::Standard), Duration::ZERO, now);
    let mut bench = Bench { state, now };
    assert_eq!(brief(&bench.on(Input::Tick)), ["push: 4-5"]);
    let mut heard = Vec::new();
    for id in 1..=4 {
        heard.extend(bench.ask(id, Form::Standard));
        bench.on(Input::Delivered(id));
    }
    assert_eq!(heard, ["poll 1: 2-2", "poll 2: 3", "poll 3: 4-5", "poll 4: 6"]);
    assert_eq!(bench.tell(event("8")), [""; 0]);
    assert_eq!(bench.ask(5, Form::Standard), ["poll 5: 7-7"]);
    bench.on(Input::Delivered(5));
    assert_eq!(bench.ask(6, Form::Standard), ["poll 6: 8"]);
    for (id, number, told) in [(7, 4, "poll 7: NotKept"), (8, 7, "poll 8: NotKept"), (9, 6, "poll 9: 6")] {
        assert_eq!(brief(&bench.numbered(id, number)), [told]);
    }
    // Once it was told the handler goes on behind it.
    let taken = Input::Pushed { id: 1, taken: true, random: 0 };
    assert_eq!(brief(&bench.on(taken)), ["push: 6"]);
}

impl Bench {
    fn tell(&mut self, event: Arc<Event>) -> Vec<String> {
        brief(&self.on(Input::Arrived(event)))
    }

    fn ask(&mut self, id: PollId, form: Form) -> Vec<String> {
        brief(&self.on(Input::Poll { id, want: Want::Next(form), timeout_ms: 1000 }))
    }

    fn taken(&mut self, id: PollId) -> Vec<String> {
        brief(&self.on(Input::Delivered(id)))
    }

    fn register(&mut self) -> HandlerId {
        self.on(Input::Register(Form::Standard));
        self.state.handlers
    }

    fn pushed(&mut self, id: HandlerId, taken: bool) -> Vec<String> {
        // 20 is the middle of the jitter.
        brief(&self.on(Input::Pushed { id, taken, random: 20 }))
    }

    fn tick(&mut self, pause: Duration) -> Vec<String> {
        self.now += pause;
        self.on(Input::Reset);
        brief(&self.on(Input::Tick))
    }
}

#[test]
fn both_kinds_of_poll_read_everything_side_by_side_each_with_its_own_cursor() {
    let mut bench = Bench::new();
    bench.tell(both(None));
    bench.tell(both(None));
    assert_eq!(bench.ask(1, Form::Standard), ["poll 1: 1"]);
    assert_eq!(bench.ask(2, Form::Advanced), ["poll 2: 1"], "from the session's begin on, too");
    assert_eq!(bench.ask(3, Form::Advanced), [""; 0], "waits behind the one under way");
    assert_eq!(bench.taken(2), ["poll 3: 2"]);
    assert_eq!(bench.on(Input::Gone(3)), []);
    assert_eq!(bench.ask(4, Form::Standard), [""; 0], "its own is under way still");
    assert_eq!(bench.ask(5, Form::Advanced), ["poll 5: 2"], "only what was not taken comes again");
    assert_eq!(bench.taken(1), ["poll 4: 2"]);
    assert_eq!(bench.tell(both(None)), [""; 0]);
    assert_eq!(bench.ask(6, Form::Standard), [""; 0]);
    assert_eq!(bench.taken(4), ["poll 6: 3"]);
}

#[test]
fn an_event_without_a_standard_form_keeps_its_number_and_is_passed_over_by_get_event() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(1, Form::Standard), [""; 0]);
    assert_eq!(bench.tell(advanced_only()), [""; 0]);
    assert_eq!(bench.tell(both(None)), ["poll 1: 2"]);
    bench.taken(1);
    assert_eq!(bench.ask(2, Form::Advanced), ["poll 2: 1"]);
    bench.taken(2);
    assert_eq!(bench.ask(3, Form::Advanced), ["poll 3: 2"]);
    // And the other way round.
    assert_eq!(bench.tell(event("standard alone")), [""; 0]);
    assert_eq!(bench.tell(both(None)), [""; 0]);
    assert_eq!(bench.taken(3), [""; 0]);
    assert_eq!(bench.ask(4, Form::Advanced), ["poll 4: 4"]);
}

#[test]
fn a_kind_that_is_never_polled_does_not_hold_the_log_and_hears_of_no_loss() {
    for (used, other) in [(Form::Standard, Form::Advanced), (Form::Advanced, Form::Standard)] {
        let mut bench = Bench::new();
        let many = u32::try_from(policy::LOG_EVENTS).expect("small") * 2;
        for n in 1..=u64::from(many) {
            bench.tell(both(Some(object(1000))));
            assert_eq!(bench.ask(n, used), [format!("poll {n}: {n}")]);
            bench.taken(n);
        }
        let kept = u32::try_from(policy::LOG_KEPT).expect("small");
        assert_eq!(bench.state.log.first_number(), many + 1 - kept, "only what getNumberedEvent may ask for");
        assert_eq!(bench.state.lag(), 0);
        let first = bench.state.log.first_number();
        assert_eq!(bench.ask(0, other), [format!("poll 0: {first}")], "begins with what is kept");
    }
}

#[test]
fn each_kind_is_told_its_own_losses_once_and_what_both_lost_is_restated_for_both() {
    let mut bench = Bench::new();
    let events = u32::try_from(policy::LOG_EVENTS).expect("small");
    // Both read: the standard one is ahead by two.
    assert_eq!(bench.ask(1, Form::Standard), [""; 0]);
    assert_eq!(bench.ask(2, Form::Advanced), [""; 0]);
    assert_eq!(bench.tell(both(Some(object(1000)))), ["poll 1: 1", "poll 2: 1"]);
    bench.taken(1);
    bench.on(Input::Gone(2));
    bench.tell(both(Some(object(2000))));
    assert_eq!(bench.ask(3, Form::Standard), ["poll 3: 2"]);
    bench.taken(3);
    for _ in 0..events {
        bench.tell(both(Some(object(3000))));
    }
    // Events 1 and 2 are gone; the standard one had them.
    assert_eq!(bench.ask(4, Form::Standard), ["poll 4: 3"]);
    assert_eq!(bench.ask(5, Form::Advanced), ["restate 2", "poll 5: 1-2"]);
    bench.on(Input::Gone(5));
    assert_eq!(bench.ask(6, Form::Advanced), ["poll 6: 1-2"], "not taken: told again, not restated again");
    bench.tell(both(Some(object(3000))));
    assert_eq!(bench.taken(6), [""; 0]);
    assert_eq!(bench.ask(7, Form::Advanced), ["restate 1", "poll 7: 3-3"]);
    bench.taken(7);
    assert_eq!(bench.ask(8, Form::Advanced), ["poll 8: 4"]);
    // The standard one has lost the same event, and hears it for itself.
    bench.on(Input::Gone(4));
    assert_eq!(bench.ask(9, Form::Standard), ["restate 1", "poll 9: 3-3"]);
}

#[test]
fn a_handler_is_told_from_the_next_event_on_one_at_a_time_and_polls_go_on_beside_it() {
    let mut bench = Bench::new();
    bench.tell(both(None));
    let id = bench.register();
    assert_eq!(bench.tell(both(None)), ["push: 2"]);
    assert_eq!(bench.tell(both(None)), [""; 0], "not before the last was answered");
    assert_eq!(bench.ask(1, Form::Standard), ["poll 1: 1"]);
    bench.taken(1);
    assert_eq!(bench.pushed(id, true), ["push: 3"]);
    assert_eq!(bench.pushed(id, true), [""; 0]);
    assert_eq!(bench.pushed(id, true), [""; 0], "said twice");
    assert_eq!(bench.ask(2, Form::Standard), ["poll 2: 2"]);
}

#[test]
fn an_event_that_was_not_taken_is_handed_over_again_after_pauses_that_double() {
    let mut bench = Bench::new();
    let id = bench.register();
    assert_eq!(bench.tell(both(None)), ["push: 1"]);
    for pause_ms in [500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
        assert_eq!(bench.pushed(id, false), [""; 0]);
        assert_eq!(bench.tell(both(None)), [""; 0], "a new event does not shorten the pause");
        assert_eq!(bench.tick(Duration::from_millis(pause_ms - 1)), [""; 0], "{pause_ms}");
        assert_eq!(bench.state.next_deadline(), bench.now + Duration::from_millis(1));
        assert_eq!(bench.tick(Duration::from_millis(1)), ["push: 1"], "{pause_ms}");
    }
    assert_eq!(bench.pushed(id, true), ["push: 2"], "and then the next");
    assert_eq!(bench.pushed(id, false), [""; 0]);
    assert_eq!(bench.tick(Duration::from_millis(500)), ["push: 2"], "forgiven");
}

#[test]
fn a_handler_that_fails_on_and_on_is_only_probed_and_that_is_said_once_each_way() {
    let mut bench = Bench::new();
    let id = bench.register();
    bench.tell(both(None));
    for _ in 1..policy::PUSH_FAILURES {
        assert_eq!(bench.pushed(id, false), [""; 0]);
        assert_eq!(bench.tick(policy::PUSH_LONGEST), ["push: 1"]);
    }
    assert_eq!(bench.pushed(id, false), ["Dead"]);
    for _ in 0..3 {
        assert_eq!(bench.tick(policy::PUSH_PROBE - Duration::from_millis(1)), [""; 0]);
        assert_eq!(bench.tick(Duration::from_millis(1)), ["push: 1"]);
        assert_eq!(bench.pushed(id, false), [""; 0], "said once");
    }
    bench.tick(policy::PUSH_PROBE);
    bench.tell(both(None));
    assert_eq!(bench.pushed(id, true), ["Back", "push: 2"]);
    bench.pushed(id, false);
    assert_eq!(bench.tick(policy::PUSH_FIRST), ["push: 2"], "the pauses begin anew");
}

#[test]
fn a_dead_handler_does_not_make_the_log_grow_and_hears_what_it_lost() {
    let mut bench = Bench::new();
    let id = bench.register();
    let events = u32::try_from(policy::LOG_EVENTS).expect("small");
    for n in 0..events + 42 {
        bench.tell(both(Some(object(1000 + n % 2))));
    }
    let log = &bench.state.log;
    assert_eq!(log.next_number() - log.first_number(), events);
    bench.pushed(id, false);
    assert_eq!(bench.tick(policy::PUSH_FIRST), ["restate 2", "push: 1-42"]);
    bench.pushed(id, false);
    assert_eq!(bench.tick(policy::PUSH_FIRST * 2), ["push: 1-42"], "told again, not restated again");
    assert_eq!(bench.pushed(id, true), ["push: 43"]);
}

#[test]
fn a_new_registration_replaces_the_old_one_and_an_empty_one_or_the_end_gives_up() {
    let mut bench = Bench::new();
    let old = bench.register();
    bench.tell(both(None));
    assert_eq!(brief(&bench.on(Input::Register(Form::Advanced))), ["stop push"]);
    assert_eq!(bench.pushed(old, true), [""; 0], "an answer to the old one");
    let out = bench.on(Input::Arrived(both(None)));
    assert!(matches!(&out[..], [Effect::Push(id, Form::Advanced, Word::Event(2, _))] if *id != old), "{out:?}");
    assert_eq!(bench.pushed(old, false), [""; 0]);
    assert_eq!(brief(&bench.on(Input::Unregister)), ["stop push"]);
    assert_eq!(bench.tell(both(None)), [""; 0]);
    assert_eq!(brief(&bench.on(Input::Unregister)), [""; 0], "there is none");
    bench.register();
    bench.tell(both(None));
    assert_eq!(brief(&bench.on(Input::End)), ["stop push", "stop"]);
}

#[test]
fn a_session_that_is_told_by_its_handler_alone_keeps_no_more_than_it_must() {
    let mut bench = Bench::new();
    let id = bench.register();
    for n in 1..=policy::LOG_KEPT + 50 {
        assert_eq!(bench.tell(both(None)), [format!("push: {n}")]);
        bench.pushed(id, true);
    }
    assert_eq!(bench.state.lag(), 0);
    assert_eq!(bench.state.log.first_number(), 51);
}
