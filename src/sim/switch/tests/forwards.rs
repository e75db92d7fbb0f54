//! Features that are set, and calls that are forwarded: each way, chains, rings of forwards, over nodes.

use CallEventKind::{ConnectionCleared, Delivered, Diverted, Failed, Originated, ServiceInitiated};
use LocalState::{Alerting, Connected, Fail, Initiated, Null};
use schemas::domain::{DeviceRef, Dn, Forwarding};

use super::across::Net;
use super::joins::two;
use super::*;
use crate::sim::peer::{PartId, PeerMessage, PeerParty};
use crate::sim::switch::Setting;

fn each(lines: &[(&str, LocalState)]) -> Vec<(String, LocalState)> {
    lines.iter().map(|(l, s)| (format!("{l}/1"), *s)).collect()
}

fn dn(text: &str) -> Dn {
    text.parse().expect("a DN")
}

fn forward(of: &str, which: Forwarding, to: &str) -> Command {
    Command::Forward { dn: dn(of), which, number: (!to.is_empty()).then(|| to.to_owned()) }
}

fn set(b: &mut Bench, of: &str, which: Forwarding, to: &str) {
    b.person(forward(of, which, to)).expect("set");
}

fn dnd(b: &mut Bench, of: &str) {
    b.person(Command::DoNotDisturb { dn: dn(of), on: true }).expect("set");
}

/// Whom each phone forwards to, as truth shows it.
fn forwards(b: &Bench, of: &str) -> Vec<(String, String)> {
    b.switch.truth_of(dn(of)).expect("a phone").forwards.into_iter().collect()
}

fn changed(b: &Bench) -> Vec<(String, Setting, usize)> {
    let of = |o: &Output| match o {
        Output::Changed(c) => Some((c.device.number.clone(), c.setting.clone(), c.lines.len())),
        _ => None,
    };
    b.out.iter().filter_map(of).collect()
}

/// A call from outside, as a partner would bring it: trunks are somebody else's.
fn from_outside(b: &mut Bench, to: &str) {
    b.input(Input::PeerUp(3)).expect("up");
    let setup = PeerMessage::Setup {
        part: PartId { origin: 3, number: 7 },
        gcid: "A0030007".into(),
        calling: PeerParty { number: "+16135550123".into(), name: None, private: false, button: None, set: None },
        called: to.into(),
        redirected: None,
        original: None,
        forwarded: None,
        network: None,
    };
    b.input(Input::Peer(3, setup)).expect("messages are never refused");
}

/// Who rings.
fn rings(b: &Bench, who: &str) -> bool {
    b.states(who).contains(&TruthState::Alerting)
}

#[test]
fn a_feature_is_told_to_every_line_of_its_set_when_it_changes() {
    let mut b = bench(1);
    let command = Command::DoNotDisturb { dn: dn("1000"), on: true };
    b.application(command.clone()).expect("set");
    assert_eq!(changed(&b), [("1000".to_owned(), Setting::DoNotDisturb(true), 3)]);
    b.application(command).expect("set already");
    assert!(b.out.is_empty(), "nothing has changed");
    for which in Forwarding::ALL {
        b.application(forward("1000", which, "1001")).expect("set");
        assert_eq!(changed(&b), [("1000".to_owned(), Setting::Forward(which, Some("1001".into())), 3)]);
        b.application(forward("1000", which, "1001")).expect("set already");
        assert!(b.out.is_empty());
    }
    let all: Vec<_> = forwards(&b, "1000").into_iter().map(|(word, _)| word).collect();
    assert_eq!(all, ["always", "busyExternal", "busyInternal", "noAnswerExternal", "noAnswerInternal"]);
    for which in Forwarding::ALL {
        b.application(forward("1000", which, "")).expect("ended");
        assert_eq!(changed(&b), [("1000".to_owned(), Setting::Forward(which, None), 3)]);
    }
    assert!(forwards(&b, "1000").is_empty());
    set(&mut b, "1000", Forwarding::Always, "1001");
    b.input(Input::Power { epoch_ms: EPOCH + 1 }).expect("never refused");
    assert!(forwards(&b, "1000").is_empty() && !b.switch.truth_of(dn("1000")).expect("a phone").dnd);
}

#[test]
fn what_cannot_be_set_is_refused_and_nothing_changes() {
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::Always, "1002");
    set(&mut b, "1002", Forwarding::Always, "1003");
    for (of, to, refusal) in [
        ("1000", "1000", Refusal::BadForward),
        ("1003", "1001", Refusal::BadForward),
        ("1003", "1002", Refusal::BadForward),
        ("1000", "1500", Refusal::InvalidDestination),
        ("1000", "4000", Refusal::InvalidDestination),
        ("1000", "1x", Refusal::InvalidDestination),
        ("1000", "*1", Refusal::InvalidDestination),
        ("1000", &"1".repeat(27), Refusal::InvalidDestination),
        ("1500", "1000", Refusal::UnknownDevice),
        ("2000", "1000", Refusal::UnknownDevice),
    ] {
        let before = b.switch.truth_now(0);
        assert_eq!(b.person(forward(of, Forwarding::Always, to)), Err(refusal), "{of} to {to}");
        assert!(b.out.is_empty());
        assert_eq!(b.switch.truth_now(0), before);
    }
    // By another reason a ring may be set: whether calls go round shows when one comes.
    set(&mut b, "1003", Forwarding::BusyInternal, "1001");
    set(&mut b, "1003", Forwarding::Always, "2999");
    for command in [forward("1019", Forwarding::Always, "1000"), Command::DoNotDisturb { dn: dn("1019"), on: true }] {
        assert_eq!(b.application(command.clone()), Err(Refusal::Privilege));
        b.person(command).expect("people are not gated");
    }
}

#[test]
fn a_call_that_is_always_forwarded_rings_elsewhere_and_both_hear_it() {
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::Always, "1002");
    dnd(&mut b, "1001");
    b.call("1000", "1001");
    assert_eq!(
        b.happened(),
        [
            (ServiceInitiated, "1000".into(), Why::NewCall, each(&[("1000", Initiated)])),
            (Originated, "1000".into(), Why::NewCall, each(&[("1000", Connected)])),
            (Diverted, "1001".into(), Why::CallForwardImmediate, each(&[("1000", Connected), ("1001", Null)])),
            (Delivered, "1002".into(), Why::CallForwardImmediate, each(&[("1000", Connected), ("1002", Alerting)])),
        ]
    );
    let [.., diverted, delivered] = &b.events().collect::<Vec<_>>()[..] else { panic!("events") };
    let number = |device: &Option<DeviceRef>| device.as_ref().map(|d| d.number.clone());
    assert_eq!(number(&diverted.destination).as_deref(), Some("1002"));
    assert_eq!((number(&delivered.called), number(&delivered.redirected)), (Some("1001".into()), Some("1001".into())));
    // The phone that it never rang at has one record.
    let passed: Vec<_> = b.truths().filter(|t| t.dn == "1001").map(|t| (t.state, t.cause)).collect();
    assert_eq!(passed, [(TruthState::Null, Why::CallForwardImmediate)]);
    assert!(b.states("1001").is_empty());
}

#[test]
fn each_way_is_gone_for_its_reason_and_its_callers_alone() {
    use Forwarding::{Always, BusyExternal, BusyInternal, NoAnswerExternal, NoAnswerInternal};
    // Whether a call rings at 1002 for this way, from inside and from outside: at once, busy, unanswered.
    for (which, inside, outside) in [
        // Nobody answers there either, and only a caller of ours is given up here.
        (Always, [true, true, false], [true, true, true]),
        (BusyInternal, [false, true, false], [false; 3]),
        (BusyExternal, [false; 3], [false, true, false]),
        (NoAnswerInternal, [false, false, true], [false; 3]),
        (NoAnswerExternal, [false; 3], [false, false, true]),
    ] {
        for (external, expected) in [(false, inside), (true, outside)] {
            for (busy, waits, expected) in
                [(false, 0, expected[0]), (true, 0, expected[1]), (false, 20_000, expected[2])]
            {
                let mut b = bench(1);
                set(&mut b, "1001", which, "1002");
                if busy {
                    b.person(Command::OffHook(line("1001"))).expect("dial tone");
                }
                if external {
                    from_outside(&mut b, "1001");
                } else {
                    b.call("1000", "1001");
                }
                b.wait(waits);
                let state = format!("{which:?}, external {external}, busy {busy}, after {waits} ms");
                assert_eq!(rings(&b, "1002"), expected, "{state}");
                let stays = which != Always && !expected && !busy && (waits == 0 || external);
                assert_eq!(rings(&b, "1001"), stays, "{state}");
            }
        }
    }
}

#[test]
fn who_is_a_caller_from_outside() {
    let b = bench(1);
    for (number, external) in
        [("1000", false), ("1999", false), ("3000", false), ("4000", true), ("", true), ("+16135551234", true)]
    {
        assert_eq!(b.switch.is_external(&DeviceRef::number(number)), external, "{number}");
    }
}

#[test]
fn a_phone_that_does_not_want_to_be_disturbed_counts_as_busy() {
    let mut b = bench(1);
    dnd(&mut b, "1001");
    b.call("1000", "1001");
    assert_eq!(b.states("1000"), [TruthState::Failed]);
    let failed = b.happened().pop().expect("told");
    assert_eq!((failed.0, failed.2), (Failed, Why::DoNotDisturb));
    b.person(Command::Clear(at("1000"))).expect("cleared");
    set(&mut b, "1001", Forwarding::BusyInternal, "1002");
    b.call("1000", "1001");
    assert!(rings(&b, "1002"));
    // Where it goes does not want to either.
    b.person(Command::Clear(at("1000"))).expect("cleared");
    dnd(&mut b, "1002");
    b.call("1000", "1001");
    assert_eq!(b.truth().last().map(String::as_str), Some("1000 Failed DoNotDisturb"));
}

#[test]
fn what_nobody_answers_goes_on_and_rings_as_long_there() {
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::NoAnswerInternal, "1002");
    b.call("1000", "1001");
    b.wait(19_999);
    assert!(b.out.is_empty());
    b.wait(1);
    let why = Why::CallForwardNoAnswer;
    assert_eq!(
        b.happened(),
        [
            (Diverted, "1001".into(), why, each(&[("1000", Connected), ("1001", Null)])),
            (Delivered, "1002".into(), why, each(&[("1000", Connected), ("1002", Alerting)])),
        ]
    );
    assert_eq!(b.truth(), ["1001 Null CallForwardNoAnswer", "1002 Alerting CallForwardNoAnswer"]);
    b.wait(19_999);
    assert!(b.out.is_empty());
    b.wait(1);
    assert_eq!(b.happened().last().map(|t| (t.0, t.2)), Some((Failed, Why::CallNotAnswered)));
}

#[test]
fn ways_follow_each_other_each_with_its_reason() {
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::Always, "1002");
    set(&mut b, "1002", Forwarding::BusyInternal, "1003");
    set(&mut b, "1003", Forwarding::NoAnswerInternal, "1004");
    b.person(Command::OffHook(line("1002"))).expect("dial tone");
    b.call("1000", "1001");
    let told: Vec<_> = b.happened().into_iter().skip(2).map(|t| (t.0, t.1, t.2)).collect();
    assert_eq!(
        told,
        [
            (Diverted, "1001".to_owned(), Why::CallForwardImmediate),
            (Diverted, "1002".to_owned(), Why::CallForwardBusy),
            (Delivered, "1003".to_owned(), Why::CallForwardBusy),
        ]
    );
    b.wait(20_000);
    assert!(rings(&b, "1004") && !rings(&b, "1003"));
}

#[test]
fn a_ring_of_forwards_ends() {
    // Always round and round: nobody can be reached. It can only be set over two reasons or nodes.
    let mut b = bench(1);
    for (of, to) in [("1001", "1002"), ("1002", "1003")] {
        set(&mut b, of, Forwarding::Always, to);
    }
    set(&mut b, "1003", Forwarding::BusyInternal, "1001");
    dnd(&mut b, "1003");
    b.call("1000", "1001");
    assert_eq!(b.truth().last().map(String::as_str), Some("1000 Failed DoNotDisturb"), "as if there were no such way");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    // Unanswered: it rings on where it is.
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::NoAnswerInternal, "1002");
    set(&mut b, "1002", Forwarding::NoAnswerInternal, "1001");
    b.call("1000", "1001");
    b.wait(20_000);
    assert!(rings(&b, "1002"));
    b.wait(20_000);
    assert_eq!(b.truth(), ["1002 Null CallNotAnswered", "1000 Failed CallNotAnswered"]);
}

#[test]
fn a_call_is_forwarded_so_many_times_and_no_more() {
    let mut b = bench(1);
    let numbers: Vec<String> = (1001..=1011).map(|n| n.to_string()).collect();
    for pair in numbers.windows(2) {
        set(&mut b, &pair[0], Forwarding::Always, &pair[1]);
    }
    b.call("1000", "1004");
    assert!(rings(&b, "1011"), "seven times");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    b.call("1000", "1002");
    assert_eq!(b.truth().last().map(String::as_str), Some("1000 Failed DestNotObtainable"), "nine times");
    assert_eq!(b.events().filter(|h| h.kind == Diverted).count(), super::super::forward::HOPS);
}

#[test]
fn a_way_that_leads_to_a_party_of_the_call_is_not_gone() {
    let mut b = bench(1);
    set(&mut b, "1001", Forwarding::Always, "1000");
    b.call("1000", "1001");
    assert_eq!(b.truth().last().map(String::as_str), Some("1000 Failed Busy"), "the caller is busy with this call");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    // Nor does somebody who calls the own number go where that is forwarded to.
    set(&mut b, "1000", Forwarding::Always, "1002");
    b.call("1000", "1000");
    assert_eq!(b.truth().last().map(String::as_str), Some("1000 Failed Busy"));
}

#[test]
fn consultations_transfers_and_redirections_are_forwarded_too() {
    let mut b = bench(1);
    set(&mut b, "1002", Forwarding::Always, "1003");
    set(&mut b, "1003", Forwarding::NoAnswerInternal, "1004");
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Consult { target: at("1000"), number: "1002".into() }).expect("a consultation");
    assert!(rings(&b, "1003"));
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    b.wait(20_000);
    assert!(rings(&b, "1004") && !rings(&b, "1003"), "nobody answers whom it was transferred to");
    b.wait(20_000);
    assert!(rings(&b, "1000"), "then who transferred is rung again");
    b.answer("1000");
    b.person(Command::Clear(at("1000"))).expect("cleared");

    b.call("1000", "1001");
    b.person(Command::Redirect { target: at("1001"), number: "1002".into() }).expect("redirected");
    let told: Vec<_> = b.happened().into_iter().map(|t| (t.0, t.1, t.2)).collect();
    assert_eq!(
        told,
        [
            (Diverted, "1001".to_owned(), Why::Redirected),
            (Diverted, "1002".to_owned(), Why::CallForwardImmediate),
            (Delivered, "1003".to_owned(), Why::CallForwardImmediate),
        ]
    );
    b.person(Command::Clear(at("1000"))).expect("cleared");
    set(&mut b, "1002", Forwarding::Always, "1001");
    b.call("1000", "1001");
    let back = b.person(Command::Redirect { target: at("1001"), number: "1002".into() });
    assert_eq!(back, Err(Refusal::InvalidDestination), "it would come back");
}

fn net_set(net: &mut Net, of: &str, which: Forwarding, to: &str) {
    net.does(of, forward(of, which, to)).expect("set");
}

#[test]
fn a_call_from_another_node_is_forwarded_and_its_caller_hears_how() {
    for (which, why) in
        [(Forwarding::Always, Why::CallForwardImmediate), (Forwarding::BusyInternal, Why::CallForwardBusy)]
    {
        for to in ["2001", "1001", "3000"] {
            let mut net = Net::new();
            net_set(&mut net, "2000", which, to);
            net.does("2000", Command::OffHook(line("2000"))).expect("dial tone");
            net.call("1000", "2000");
            let kinds = net.kinds(0);
            assert_eq!(kinds[..3], [(ServiceInitiated, Why::NewCall), (Originated, Why::NewCall), (Diverted, why)]);
            assert_eq!(net.kinds(1)[0], (Diverted, why), "who is left");
            assert!(kinds.contains(&(Delivered, Why::NewCall)) || kinds.contains(&(Delivered, why)), "{kinds:?}");
            assert_eq!(net.states("1000"), [TruthState::Delivered]);
            assert_eq!(net.states(to), [TruthState::Alerting], "{to}");
            net.answer(to);
            assert_eq!(
                (net.states("1000"), net.states(to)),
                (vec![TruthState::Connected], vec![TruthState::Connected])
            );
            net.does("1000", Command::Clear(at("1000"))).expect("cleared");
            net.does("2000", Command::Clear(at("2000"))).expect("cleared");
            assert!(net.is_idle());
        }
    }
}

#[test]
fn a_call_is_forwarded_to_another_node() {
    let mut net = Net::new();
    net_set(&mut net, "1001", Forwarding::Always, "2000");
    net_set(&mut net, "2000", Forwarding::Always, "3000");
    net.call("1000", "1001");
    assert_eq!(net.states("3000"), [TruthState::Alerting]);
    assert_eq!(net.kinds(1), [(Diverted, Why::CallForwardImmediate)]);
    let (kind, why) = net.kinds(2)[0];
    assert_eq!((kind, why), (Delivered, Why::CallForwardImmediate));
    net.does("1000", Command::Clear(at("1000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn a_ring_of_forwards_over_nodes_ends_and_leaves_nothing() {
    let mut net = Net::new();
    for (of, to) in [("1001", "2000"), ("2000", "3000"), ("3000", "1001")] {
        net_set(&mut net, of, Forwarding::Always, to);
    }
    net.call("1000", "1001");
    assert_eq!(net.states("1000"), [TruthState::Failed]);
    assert_eq!(net.kinds(0).last(), Some(&(Failed, Why::DestNotObtainable)));
    net.does("1000", Command::Clear(at("1000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn a_number_that_its_node_does_not_know_fails_the_call_that_is_forwarded_there() {
    let mut net = Net::new();
    net_set(&mut net, "1001", Forwarding::Always, "2999");
    net.call("1000", "1001");
    assert_eq!(net.kinds(0).last(), Some(&(Failed, Why::NumberUnallocated)));
}

#[test]
fn what_nobody_answers_at_another_node_goes_on_before_the_caller_s_node_gives_up() {
    for to in ["2001", "1001", "3000"] {
        let mut net = Net::new();
        net_set(&mut net, "2000", Forwarding::NoAnswerInternal, to);
        net.call("1000", "2000");
        net.wait(18_999);
        assert_eq!(net.states("2000"), [TruthState::Alerting]);
        net.wait(1);
        assert_eq!((net.states("2000"), net.states(to)), (vec![], vec![TruthState::Alerting]), "{to}");
        assert_eq!(net.kinds(0)[0], (Diverted, Why::CallForwardNoAnswer));
        net.wait(19_000);
        assert_eq!(net.states("1000").len(), 1, "it rings as long as any there");
        net.wait(1_000);
        assert!(net.kinds(0).contains(&(Failed, Why::CallNotAnswered)), "{to}");
        assert!(net.states(to).is_empty());
        net.does("1000", Command::Clear(at("1000"))).expect("cleared");
        assert!(net.is_idle());
    }
}

#[test]
fn a_partner_that_dies_takes_what_was_forwarded_to_it() {
    let mut net = Net::new();
    net_set(&mut net, "1001", Forwarding::Always, "2000");
    net.call("1000", "1001");
    net.lose_link(0, 1);
    assert!(net.states("2000").is_empty());
    assert_eq!(net.kinds(0).last().map(|k| k.0), Some(ConnectionCleared));
    assert!(net.is_idle());
    // And while it is away the way is not gone.
    net.call("1000", "1001");
    assert_eq!(net.kinds(0).last(), Some(&(Failed, Why::DestNotObtainable)));
    assert_eq!(net.told_lines(0).last(), Some(&each(&[("1000", Fail)])));
}
