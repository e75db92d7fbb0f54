//! What comes of records: what goes on, what is a hole, and that a record read twice changes nothing.

use super::super::Kept;
use super::*;
use crate::policy;

fn of(records: impl IntoIterator<Item = Record>) -> Kept {
    let mut kept = Kept::default();
    records.into_iter().for_each(|record| kept.apply(record));
    kept
}

/// Number of the first event of session 7, and each event by its text; `-` where one is missing.
fn events(kept: &Kept) -> (u32, String) {
    let session = &kept.sessions[&session(7)];
    let texts = session.events.iter().map(|event| event.standard().unwrap_or("-"));
    (session.first, texts.collect::<Vec<_>>().join(" "))
}

#[test]
fn events_that_are_missing_are_a_hole_and_those_around_it_stay() {
    let none = std::iter::empty;
    let numbers: [(&[u32], u32, &str); 7] = [
        (&[], 1, ""),
        (&[1, 2, 3], 1, "1 2 3"),
        (&[1, 2, 5, 6], 1, "1 2 - - 5 6"),
        (&[1, 3, 5], 1, "1 - 3 - 5"),
        // Nothing before it: what is told is that the log begins there.
        (&[4, 5], 4, "4 5"),
        // More than a log holds: no room is made for it.
        (&[1, 2, 4_000_000_000], 4_000_000_000, "4000000000"),
        // An older one, read again.
        (&[1, 2, 3, 2, 3, 1], 1, "1 2 3"),
    ];
    for (numbers, first, texts) in numbers {
        let kept = of([begun(7)].into_iter().chain(numbers.iter().map(|number| nth(7, *number))));
        assert_eq!(events(&kept), (first, texts.to_owned()), "{numbers:?}");
    }
    // The end is missing, and the cursors know of it.
    let kept = of([begun(7), nth(7, 1), read_to(7, 4, None, None)]);
    assert_eq!((events(&kept), kept.sessions[&session(7)].next()), ((1, "1 - -".to_owned()), 4));
    assert!(of(none()).sessions.is_empty());
    // Without its beginning a session is none.
    assert!(of([nth(7, 1), read_to(7, 2, Some(2), None)]).sessions.is_empty());
}

#[test]
fn what_every_reader_has_passed_and_what_the_log_let_go_is_not_kept() {
    let written = || [begun(7)].into_iter().chain((1..=5).map(|number| nth(7, number)));
    for (read, first, texts) in [
        (read_to(7, 6, None, None), 1, "1 2 3 4 5"),
        (read_to(7, 6, Some(3), None), 3, "3 4 5"),
        (read_to(7, 6, Some(6), Some(4)), 4, "4 5"),
        (read_to(7, 6, Some(6), Some(6)), 6, ""),
    ] {
        assert_eq!(events(&of(written().chain([read]))), (first, texts.to_owned()));
    }
    let bound = Record::Event { session: session(7), number: 6, oldest: 4, event: event("6") };
    assert_eq!(events(&of(written().chain([bound]))), (4, "4 5 6".to_owned()));
    // A session that grows and grows stays within a log's bound.
    let many = u32::try_from(policy::LOG_EVENTS).expect("few") + 500;
    let kept = of([begun(7)].into_iter().chain((1..=many).map(|number| nth(7, number))));
    let kept = &kept.sessions[&session(7)];
    assert_eq!((kept.first, kept.next(), kept.events.len()), (501, many + 1, policy::LOG_EVENTS));
}

#[test]
fn cursors_go_forward_only_whatever_is_read_again() {
    let first = || [begun(7), nth(7, 1), nth(7, 2), nth(7, 3)];
    let state = |kept: &Kept| {
        let kept = &kept.sessions[&session(7)];
        (kept.first, kept.cursors.standard, kept.cursors.handler)
    };
    // A handler that ends holds nothing; one that comes again begins further on.
    let ends = || [read_to(7, 4, Some(4), Some(2)), read_to(7, 4, Some(4), None), read_to(7, 4, Some(4), Some(4))];
    assert_eq!(state(&of(first().into_iter().chain(ends().into_iter().take(2)))), (4, Some(4), None));
    assert_eq!(state(&of(first().into_iter().chain(ends()))), (4, Some(4), Some(4)));
    // Read again from before it, as after a state that was taken late: it never lags behind what is kept.
    for from in 0..3 {
        let again = first().into_iter().chain(ends()).chain(first()).chain(ends().into_iter().skip(from));
        assert_eq!(state(&of(again)), (4, Some(4), Some(4)));
    }
}

#[test]
fn monitors_handlers_callbacks_legs_and_ends_are_as_last_said() {
    let url: Arc<str> = "http://127.0.0.1/".into();
    let monitor = |object, topics| Record::Monitor { session: session(7), object, topics };
    let handler = |url: &Arc<str>| Record::Handler { session: session(7), form: Form::Standard, url: url.clone() };
    let callback = |url: &Arc<str>| Record::Callback { session: session(7), url: url.clone() };
    let legs = |object, legs: &[u64]| {
        let legs = legs.iter().map(|leg| known_leg("call", *leg)).collect();
        Record::Object { object, memory: Memory { legs, ..Memory::default() } }
    };
    let (nothing, nobody) = (Topics::ALL.without(Topics::ALL), Arc::<str>::from(""));
    let mut kept = of([
        begun(7),
        begun(8),
        monitor(phone("1000"), Topics::CALLS),
        monitor(phone("1000"), Topics::ALL),
        monitor(phone("1001"), Topics::FEATURES),
        handler(&url),
        callback(&url),
        legs(phone("1000"), &[90]),
        Record::LegsBelow(100),
        Record::Proven(session(8)),
    ]);
    let of_7 = &kept.sessions[&session(7)];
    assert_eq!(of_7.monitors, [(phone("1000"), Topics::ALL), (phone("1001"), Topics::FEATURES)].into());
    assert_eq!((of_7.handler.clone(), of_7.callback.clone()), (Some((Form::Standard, url.clone())), Some(url)));
    assert_eq!(kept.sessions[&session(8)].service, Service::Advanced);
    assert_eq!((kept.objects.len(), kept.legs_free_from), (1, 100));
    let after = [
        monitor(phone("1000"), nothing),
        handler(&nobody),
        callback(&nobody),
        legs(phone("1000"), &[]),
        legs(phone("1001"), &[1 << 40]),
        Record::SessionEnded(session(8)),
        monitor(phone("1002"), Topics::CALLS),
    ];
    after.into_iter().for_each(|record| kept.apply(record));
    let of_7 = &kept.sessions[&session(7)];
    assert_eq!(of_7.monitors, [(phone("1001"), Topics::FEATURES), (phone("1002"), Topics::CALLS)].into());
    assert_eq!((&of_7.handler, &of_7.callback, kept.sessions()), (&None, &None, 1));
    // Whatever was given is below it, whoever gave it.
    assert_eq!((kept.objects.len(), kept.legs_free_from), (1, (1 << 40) + 1));
}

#[test]
fn only_sessions_of_applications_that_may_go_on_and_what_they_watch() {
    let watches = |of, object| Record::Monitor { session: session(of), object, topics: Topics::CALLS };
    let knows = |object| {
        let settings = vec![Setting::plain(DeviceFeature::DoNotDisturb, true)];
        Record::Object { object, memory: Memory { settings, ..Memory::default() } }
    };
    let unproven = |of| Record::SessionBegan {
        session: session(of),
        application: "Example Co / Console".into(),
        service: Service::Unproven,
        door: Door::Rest,
        user: None,
    };
    let read = || {
        let records = [begun(7), unproven(8), unproven(9), Record::Proven(session(9))];
        let watched = [watches(7, phone("1000")), watches(8, phone("1001")), watches(9, phone("1002"))];
        let known = ["1000", "1001", "1002", "1003"].map(|number| knows(phone(number)));
        of(records.into_iter().chain(watched).chain(known))
    };
    for (may, sessions, objects) in [
        ((|_, _| true) as fn(&str, Service) -> bool, &[7, 9][..], &["1000", "1002"][..]),
        (|label, _| label.ends_with("Pop"), &[7], &["1000"]),
        (|_, service| service == Service::Advanced, &[9], &["1002"]),
        (|_, _| false, &[], &[]),
    ] {
        let mut kept = read();
        kept.only(may);
        let left: Vec<_> = kept.sessions.keys().copied().collect();
        assert_eq!(left, sessions.iter().map(|number| session(*number)).collect::<Vec<_>>());
        let left: Vec<_> = kept.objects.keys().copied().collect();
        assert_eq!(left, objects.iter().map(|number| phone(number)).collect::<Vec<_>>());
    }
}

#[test]
fn more_sessions_than_a_gateway_has_are_not_kept() {
    let many = i64::try_from(policy::SESSIONS).expect("few") + 10;
    assert_eq!(of((1..=many).map(begun)).sessions(), policy::SESSIONS);
}

#[test]
fn what_says_all_of_a_session_comes_to_the_same_session() {
    let monitor = Record::Monitor { session: session(7), object: phone("1000"), topics: Topics::ALL };
    let handler = Record::Handler { session: session(7), form: Form::Advanced, url: "http://[::1]/".into() };
    let events = [nth(7, 1), nth(7, 2), nth(7, 5)];
    let told = [begun(7), monitor, handler].into_iter().chain(events);
    for read in [read_to(7, 6, None, None), read_to(7, 6, Some(2), Some(3)), read_to(7, 9, Some(6), Some(6))] {
        let kept = of(told.clone().chain([read]));
        let again = of(Kept::records_of(session(7), &kept.sessions[&session(7)]));
        assert_eq!(again.sessions, kept.sessions);
        // And once more, on top.
        let records = Kept::records_of(session(7), &kept.sessions[&session(7)]);
        let mut twice = of(told.clone());
        records.for_each(|record| twice.apply(record));
        assert_eq!(twice.sessions, kept.sessions);
    }
}
