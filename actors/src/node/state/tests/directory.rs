//! The directory of a node: whole, torn, with a hole, refused, asked for again.

use super::*;
use crate::cluster::{Sharing, Shows};

/// Associated, the directory not asked for twice yet: its request has the invoke id 2.
fn registered() -> Bench {
    let mut bench = Bench::new(Association::ServerFirst);
    bench.on(Input::Opened);
    bench.hear(1, status(SystemStatus::Enabled));
    bench.hear(1, Message::Response(Response::SystemRegister { register: "r".into() }));
    bench
}

fn directory_follows(cross_ref: &str) -> Message {
    Message::Response(Response::GetSwitchingFunctionDevices { cross_ref: cross_ref.into() })
}

fn asks_for_directory(out: &Effects) -> Option<u16> {
    requests(out).iter().find(|(_, r)| **r == Request::GetSwitchingFunctionDevices).map(|(invoke, _)| *invoke)
}

#[test]
fn a_directory_is_whole_with_its_last_segment() {
    use DeviceCategory::{Group, Station};
    let mut bench = registered();
    bench.hear(2, directory_follows("d"));
    assert_eq!(bench.hear(0, segment("x", true, &[("9999", None, Station)])), [], "of another request");
    assert_eq!(bench.hear(0, segment("d", false, &[("1000", None, Station), ("1000", Some(2), Station)])), []);
    let last = segment("d", true, &[("1001", None, Station), ("7000", None, Group), ("not a DN", None, Station)]);
    let out = bench.hear(0, last);
    let [Effect::Directory(lines)] = &out[..] else { panic!("a directory: {out:?}") };
    let mut listed: Vec<_> = lines.iter().map(|(dn, l)| (dn.to_string(), l.name.clone(), l.buttons.clone())).collect();
    listed.sort();
    assert_eq!(
        listed,
        [("1000".into(), "Name 1000".into(), vec![2]), ("1001".into(), "Name 1001".into(), Vec::<u8>::new())]
    );
    assert_eq!(bench.hear(0, segment("d", true, &[("1002", None, Station)])), [], "it was whole");
    let out = bench.after(policy::DIRECTORY_SEGMENT);
    assert_eq!(asks_for_directory(&out), None, "and is not asked for again: {out:?}");
}

#[test]
fn a_directory_without_end_ends_the_life_instead_of_the_memory() {
    let mut bench = registered();
    bench.hear(2, directory_follows("d"));
    let many = vec![("1000", None, DeviceCategory::Station); 1000];
    let over = (0..=policy::DIRECTORY_LINES / many.len()).any(|_| is_over(&bench.hear(0, segment("d", false, &many))));
    assert!(over);
}

#[test]
fn a_directory_request_without_an_answer_is_repeated() {
    let out = registered().after(policy::ANSWER);
    assert!(asks_for_directory(&out).is_some(), "{out:?}");
}

#[test]
fn a_directory_whose_last_segment_is_lost_is_asked_for_again() {
    let mut bench = registered();
    bench.hear(2, directory_follows("d1"));
    bench.after(policy::DIRECTORY_SEGMENT / 2);
    // Each segment gives the next one its time.
    assert_eq!(bench.hear(0, segment("d1", false, &[("1000", None, DeviceCategory::Station)])), []);
    let out = bench.after(policy::DIRECTORY_SEGMENT - Duration::from_millis(1));
    assert_eq!(asks_for_directory(&out), None, "{out:?}");
    let again = asks_for_directory(&bench.after(Duration::from_millis(1))).expect("asked for again");
    bench.hear(again, directory_follows("d2"));
    assert_eq!(bench.hear(0, segment("d1", true, &[])), [], "the end of the first comes too late");
    let out = bench.hear(0, segment("d2", true, &[("1001", None, DeviceCategory::Station)]));
    assert!(matches!(&out[..], [Effect::Directory(lines)] if lines.len() == 1), "of the second alone: {out:?}");
}

#[test]
fn a_directory_with_a_hole_is_not_believed_wherever_the_hole_is() {
    for (numbers, whole) in [
        (&[1, 2, 3][..], true),
        (&[0, 1], true),
        (&[2, 3], false), // the first is lost
        (&[1, 3], false),
        (&[1, 1], false),
        (&[2, 1], false),
        (&[u32::MAX, 0], false),
    ] {
        let mut bench = registered();
        bench.hear(2, directory_follows("d"));
        let mut out = Effects::new();
        for (i, number) in numbers.iter().enumerate() {
            out = bench.hear(0, numbered("d", Some(*number), i + 1 == numbers.len(), &[]));
        }
        let told = out.iter().any(|effect| matches!(effect, Effect::Directory(_)));
        assert_eq!((told, asks_for_directory(&out).is_some()), (whole, !whole), "{numbers:?}: {out:?}");
    }
}

#[test]
fn a_directory_that_never_comes_whole_is_asked_for_so_often_and_then_done_without() {
    let mut bench = registered();
    let (mut invoke, mut asked) = (Some(2), 0);
    while let Some(id) = invoke {
        asked += 1;
        assert!(asked <= policy::DIRECTORY_TRIES, "without end");
        bench.hear(id, directory_follows(&format!("d{asked}")));
        let out = bench.after(policy::DIRECTORY_SEGMENT);
        invoke = asks_for_directory(&out);
        let given_up = out.iter().filter(|effect| matches!(effect, Effect::NoDirectory(_))).count();
        assert_eq!(given_up, usize::from(invoke.is_none()), "told once: {out:?}");
        assert!(!is_over(&out), "the node is used all the same");
        // Heartbeats are answered.
        for (id, _) in requests(&out).into_iter().filter(|(_, r)| matches!(r, Request::SystemStatus { .. })) {
            bench.state.on(
                Input::Heard(id, Message::Response(Response::SystemStatus), Edition::Ed5),
                bench.now,
                &mut Effects::new(),
            );
        }
    }
    assert_eq!(asked, policy::DIRECTORY_TRIES);
    let out = bench.after(policy::DIRECTORY_SEGMENT);
    assert_eq!(asks_for_directory(&out), None);
    assert!(!bench.ask(object("1000"), Question::Monitor(device())).is_empty(), "monitors are started");
}

#[test]
fn a_node_without_a_directory_is_used_without_one_and_a_busy_one_is_asked_again() {
    let mut bench = registered();
    let out = bench.hear(2, Message::Failure(Failure::operation("serviceNotSupported")));
    assert_eq!(out, [Effect::NoDirectory("the node has no directory service")]);
    assert_eq!(asks_for_directory(&bench.after(policy::DIRECTORY_SEGMENT)), None);

    let mut bench = registered();
    assert_eq!(bench.hear(2, Message::Failure(Failure::resource("resourceBusy"))), []);
    assert!(asks_for_directory(&bench.after(policy::DIRECTORY_SEGMENT)).is_some());
}

/// Buttons of sets that show another number: that number, the set, the button.
fn shows(at: &[(&str, &str, u8)]) -> Message {
    let device = |(number, set, button): &(&str, &str, u8)| ListedDevice {
        device: DeviceRef {
            button: Some(*button),
            set: Some((*set).into()),
            name: Some(format!("Name {number}")),
            ..DeviceRef::number(*number)
        },
        category: DeviceCategory::Station,
    };
    let devices = at.iter().map(device).collect();
    Message::Request(Request::SwitchingFunctionDevices { cross_ref: "d".into(), segment: None, last: true, devices })
}

/// The numbers that are asked for, with their invoke ids.
fn asked_for(out: &Effects) -> Vec<(u16, String)> {
    let number = |(invoke, request): (u16, &Request)| match request {
        Request::GetLogicalDeviceInformation { device } => Some((invoke, device.number.clone())),
        _ => None,
    };
    requests(out).into_iter().filter_map(number).collect()
}

fn shared_by(appearances: AppearanceType) -> Message {
    Message::Response(Response::GetLogicalDeviceInformation { appearances })
}

fn directory(out: &Effects) -> &HashMap<Dn, Listed> {
    let [Effect::Directory(lines)] = &out[..] else { panic!("a directory: {out:?}") };
    lines
}

#[test]
fn a_directory_with_shared_numbers_is_whole_when_it_is_known_how_they_are_shared() {
    let mut bench = registered();
    bench.hear(2, directory_follows("d"));
    bench.hear(0, segment("d", false, &[("1000", None, DeviceCategory::Station)]));
    let out =
        bench.hear(0, shows(&[("1600", "1000", 2), ("1600", "1001", 3), ("1601", "1000", 4), ("1000", "1001", 5)]));
    let [(first, key), (second, multicall)] = &asked_for(&out)[..] else { panic!("two are asked for: {out:?}") };
    assert_eq!((out.len(), key.as_str(), multicall.as_str()), (2, "1600", "1601"));
    assert_eq!(bench.hear(*second, shared_by(AppearanceType::BasicBridged)), []);
    let out = bench.hear(*first, shared_by(AppearanceType::ExclusiveBridged));
    let lines = directory(&out);
    let dn = |text: &str| text.parse::<Dn>().expect("a DN");
    let set = &lines[&dn("1000")];
    assert_eq!(
        (set.shared.as_slice(), &set.shows, set.name.as_str()),
        (&[(2, dn("1600")), (4, dn("1601"))][..], &None, "Name 1000")
    );
    // A set's own number that shows at another's button is a set's.
    assert_eq!(lines[&dn("1001")].shared, [(3, dn("1600")), (5, dn("1000"))]);
    let shared = |number: &str| (lines[&dn(number)].name.clone(), lines[&dn(number)].shows.clone().expect("shared"));
    let at = |places: &[(&str, u8)]| places.iter().map(|(set, button)| (dn(set), *button)).collect();
    let key = Shows { sharing: Some(Sharing::Key), at: at(&[("1000", 2), ("1001", 3)]) };
    let multicall = Shows { sharing: Some(Sharing::Multicall), at: at(&[("1000", 4)]) };
    assert_eq!((shared("1600"), shared("1601")), (("Name 1600".into(), key), ("Name 1601".into(), multicall)));
}

#[test]
fn a_node_that_does_not_say_how_numbers_are_shared_has_a_directory_all_the_same() {
    let many: Vec<String> = (0..40).map(|i| format!("{}", 1600 + i)).collect();
    let at: Vec<_> = many.iter().map(|number| (number.as_str(), "1000", 2)).collect();
    let asked = || {
        let mut bench = registered();
        bench.hear(2, directory_follows("d"));
        let out = bench.hear(0, shows(&at));
        assert_eq!(asked_for(&out).len(), 32, "not all at once");
        (bench, asked_for(&out))
    };
    // It does not know the service: nothing more is asked.
    let (mut bench, first) = asked();
    let refused = || Message::Failure(Failure::operation("serviceNotSupported"));
    for (invoke, _) in &first[1..] {
        assert_eq!(bench.hear(*invoke, refused()), []);
    }
    let out = bench.hear(first[0].0, refused());
    assert!(directory(&out).values().all(|listed| listed.shows.as_ref().is_none_or(|s| s.sharing.is_none())));
    // One answer makes room for the next question; what is not answered in time is not known.
    let (mut bench, first) = asked();
    assert_eq!(asked_for(&bench.hear(first[0].0, shared_by(AppearanceType::SelectedStandard))).len(), 1);
    let out = bench.after(policy::ANSWER);
    assert_eq!(asked_for(&out).len(), 7, "{out:?}");
    let out = bench.after(policy::ANSWER);
    assert!(out.iter().any(|effect| matches!(effect, Effect::Directory(lines) if lines.len() == 41)), "{out:?}");
}
