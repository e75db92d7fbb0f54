//! Calls to and from outside: trunks, a peer, and a partner's peer.

use schemas::csta::message::CallEventKind as Kind;

use schemas::domain::{Forwarding, Pin};

use super::partners::Pair;
use super::*;
use crate::sim::switch::{Desking, OutsideDeed, Two};
use crate::sim::truth::TruthOutside;

const CALLER: &str = "+14165551234";

fn deed(bench: &mut Bench, deed: OutsideDeed) -> Result<Done, Refusal> {
    bench.input(Input::Outside(deed))
}

fn call_in(bench: &mut Bench, from: Option<&str>, to: &str) -> Result<u64, Refusal> {
    let call = OutsideDeed::Call { from: from.map(str::to_owned), name: None, to: to.into() };
    deed(bench, call).map(|done| done.outside.expect("the id of the call"))
}

fn outside(bench: &Bench) -> Vec<TruthOutside> {
    bench.switch.truth_outside().expect("a node with trunks or a peer")
}

fn kinds(bench: &Bench) -> Vec<Kind> {
    bench.events().map(|h| h.kind).collect()
}

#[test]
fn a_call_out_seizes_a_trunk_until_it_is_over() {
    let mut node = bench(1);
    node.call("1000", "95551234");
    assert_eq!(kinds(&node), [Kind::ServiceInitiated, Kind::Originated, Kind::NetworkReached, Kind::Delivered]);
    let reached = node.events().find(|h| h.kind == Kind::NetworkReached).expect("it is told");
    assert_eq!((reached.subject.number.as_str(), reached.subject.name.as_deref()), ("1", Some("Trunk 1")));
    assert_eq!(node.states("1000"), [TruthState::Delivered]);
    let told = outside(&node);
    let [one] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((one.to.as_str(), one.trunk, &one.peer, one.incoming), ("+16135551234", Some(1), &None, false));
    deed(&mut node, OutsideDeed::Answer(one.id)).expect("it rings");
    assert_eq!(node.states("1000"), [TruthState::Connected]);
    assert_eq!(deed(&mut node, OutsideDeed::Answer(one.id)), Err(Refusal::NoCallToAnswer));
    node.call("1001", "914165551234");
    assert_eq!(outside(&node)[1].trunk, Some(2));
    node.person(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(deed(&mut node, OutsideDeed::HangUp(one.id)), Err(Refusal::UnknownConnection));
    // The first trunk is free again.
    node.call("1002", "95551235");
    assert_eq!(outside(&node).last().expect("a call").trunk, Some(1));
    // Who does not want the call is busy.
    let id = outside(&node)[0].id;
    deed(&mut node, OutsideDeed::HangUp(id)).expect("it rings");
    assert_eq!(node.happened()[0].2, Why::Busy);
    assert_eq!(node.states("1001"), [TruthState::Failed]);
}

#[test]
fn the_network_says_why_a_call_fails_and_the_trunk_is_free_then() {
    for (digits, why) in [
        ("95550199", Why::Busy),
        ("95550198", Why::NumberUnallocated),
        ("95550196", Why::NetworkCongestion),
        ("9011", Why::NumberUnallocated),
        ("90110", Why::InvalidNumberFormat),
    ] {
        let mut node = bench(1);
        node.call("1000", digits);
        let last = node.happened().pop().expect("a failure is told");
        assert_eq!((last.0, last.2), (Kind::Failed, why), "{digits}");
        assert!(outside(&node).is_empty(), "{digits}");
    }
}

#[test]
fn when_all_trunks_are_in_use_the_caller_hears_so() {
    let mut node = bench(1);
    for caller in 0..8 {
        node.call(&format!("{}", 1000 + caller), "95551234");
    }
    node.call("1008", "95551234");
    assert_eq!(node.happened().pop().map(|told| (told.0, told.2)), Some((Kind::Failed, Why::TrunksBusy)));
    assert_eq!(call_in(&mut node, Some(CALLER), "+16135551010"), Err(Refusal::TrunksBusy));
    assert!(node.out.is_empty());
    let id = outside(&node)[3].id;
    deed(&mut node, OutsideDeed::HangUp(id)).expect("it rings");
    call_in(&mut node, Some(CALLER), "+16135551010").expect("a trunk is free");
    assert_eq!(outside(&node).iter().map(|o| o.trunk).max(), Some(Some(8)));
}

#[test]
fn a_number_answers_by_itself_and_another_does_not_answer() {
    let mut node = bench(1);
    node.call("1000", "95550197");
    node.wait(999);
    assert_eq!(node.states("1000"), [TruthState::Delivered]);
    node.wait(1);
    assert_eq!(node.states("1000"), [TruthState::Connected]);
    node.call("1001", "95551234");
    node.wait(20_000);
    assert_eq!(node.happened().pop().map(|told| told.2), Some(Why::CallNotAnswered));
    assert_eq!(outside(&node).len(), 1);
}

#[test]
fn digits_that_are_keyed_wait_for_the_whole_number() {
    let mut node = bench(1);
    node.person(Command::OffHook(line("1000"))).expect("dial tone");
    node.person(Command::Digits { target: at("1000"), digits: "9555".into() }).expect("keys");
    assert_eq!(node.states("1000"), [TruthState::Initiated]);
    node.person(Command::Digits { target: at("1000"), digits: "1234".into() }).expect("keys");
    node.wait(10_000);
    assert_eq!(outside(&node)[0].to, "+16135551234");
}

#[test]
fn a_call_from_outside_rings_its_extension() {
    let mut node = bench(1);
    let id = call_in(&mut node, Some(CALLER), "+16135551001").expect("a direct-in number");
    let told = node.events().next().expect("it rings");
    assert_eq!((told.kind, told.calling.number.as_str()), (Kind::Delivered, CALLER));
    assert!(!told.calling.private_number);
    let network = told.network.as_ref().expect("the way by which it came in");
    assert_eq!((network.number.as_str(), network.name.as_deref()), ("1", Some("Trunk 1")));
    node.answer("1001");
    assert_eq!(outside(&node)[0].state, TruthState::Connected);
    node.person(Command::Hold(at("1001"))).expect("held");
    deed(&mut node, OutsideDeed::HangUp(id)).expect("who is held may go");
    assert!(outside(&node).is_empty() && node.states("1001").is_empty());
    // Withheld, and to a phone that is busy.
    call_in(&mut node, None, "+16135551001").expect("a direct-in number");
    assert!(node.events().next().expect("it rings").calling.private_number);
    assert_eq!(outside(&node)[0].from, None);
    call_in(&mut node, None, "+16135551001").expect("the network hears that it is busy");
    assert_eq!(outside(&node).len(), 1);
    for (from, to) in [
        (Some(CALLER), "+16135551020"),
        (Some(CALLER), "1001"),
        (Some("4165551234"), "+16135551001"),
        (Some("+1<b>"), "+16135551001"),
        (Some("+1416555123456789"), "+16135551001"),
    ] {
        assert_eq!(call_in(&mut node, from, to), Err(Refusal::InvalidDestination), "{from:?} {to}");
    }
    assert_eq!(call_in(&mut bench(2), Some(CALLER), "+16135551001"), Err(Refusal::InvalidDestination));
}

#[test]
fn somebody_outside_is_transferred_to_somebody_else_outside() {
    let mut node = bench(1);
    let first = call_in(&mut node, None, "+16135551001").expect("a direct-in number");
    node.answer("1001");
    node.person(Command::Consult { target: at("1001"), number: "95550197".into() }).expect("a consultation");
    node.wait(1_000);
    let two = Two { line: line("1001"), held: None, active: None };
    node.person(Command::Transfer(two)).expect("a transfer");
    assert_eq!(outside(&node).iter().map(|o| o.state).collect::<Vec<_>>(), [TruthState::Connected; 2]);
    assert!(node.states("1001").is_empty());
    deed(&mut node, OutsideDeed::HangUp(first)).expect("one goes");
    assert!(outside(&node).is_empty(), "and the other with it");
}

#[test]
fn power_loss_frees_every_trunk() {
    let mut node = bench(1);
    node.call("1000", "95551234");
    call_in(&mut node, None, "+16135551001").expect("a direct-in number");
    node.input(Input::Power { epoch_ms: EPOCH + 1 }).expect("power fails");
    assert!(outside(&node).is_empty());
}

/// Carries what nodes 2 and 3 say to each other.
fn carry(two: &mut Bench, three: &mut Bench) -> Vec<Kind> {
    let mut heard = Vec::new();
    let mut mail: std::collections::VecDeque<_> = letters(two, 2).chain(letters(three, 3)).collect();
    while let Some((from, message)) = mail.pop_front() {
        let (to, own) = if from == 2 { (&mut *three, 3) } else { (&mut *two, 2) };
        to.input(Input::Peer(from, message)).expect("messages are never refused");
        if own == 2 {
            heard.extend(kinds(to));
        }
        mail.extend(letters(to, own));
    }
    two.out.clear();
    three.out.clear();
    heard
}

fn letters(bench: &Bench, from: u16) -> impl Iterator<Item = (u16, crate::sim::peer::PeerMessage)> {
    let said = bench.out.iter().filter_map(|o| if let Output::Peer(_, said) = o { Some(said.clone()) } else { None });
    said.map(|message| (from, message)).collect::<Vec<_>>().into_iter()
}

#[test]
fn a_node_without_trunks_calls_out_over_its_partner() {
    let (mut two, mut three) = (bench(2), bench(3));
    two.call("2000", "95551234");
    assert_eq!(two.happened().pop().map(|told| told.2), Some(Why::DestNotObtainable), "the partner is not there");
    two.person(Command::Clear(at("2000"))).expect("cleared");
    two.input(Input::PeerUp(3)).expect("up");
    three.input(Input::PeerUp(2)).expect("up");
    carry(&mut two, &mut three);

    two.call("2000", "914165551234");
    assert_eq!(carry(&mut two, &mut three), [Kind::NetworkReached, Kind::Delivered]);
    let told = outside(&three);
    assert_eq!((told[0].peer.as_deref(), told[0].to.as_str()), (Some("carrier"), "+14165551234"));
    deed(&mut three, OutsideDeed::Answer(told[0].id)).expect("it rings");
    assert_eq!(carry(&mut two, &mut three), [Kind::Established]);
    assert_eq!(two.states("2000"), [TruthState::Connected]);
    two.person(Command::Clear(at("2000"))).expect("cleared");
    carry(&mut two, &mut three);
    assert!(outside(&three).is_empty());

    for (digits, why) in [("95550199", Why::Busy), ("95550198", Why::NumberUnallocated)] {
        two.call("2000", digits);
        assert_eq!(carry(&mut two, &mut three), [Kind::NetworkReached, Kind::Failed]);
        assert_eq!(two.switch.truth_of(line("2000").dn).expect("a phone").legs[0].cause, why);
        two.person(Command::Clear(at("2000"))).expect("cleared");
        carry(&mut two, &mut three);
    }

    // The link is lost: the partner's way out is free.
    two.call("2000", "95551234");
    carry(&mut two, &mut three);
    assert_eq!(outside(&three).len(), 1);
    three.input(Input::PeerDown(2)).expect("down");
    assert!(outside(&three).is_empty());
    two.input(Input::PeerDown(3)).expect("down");
    assert!(two.states("2000").is_empty());
}

#[test]
fn calls_are_forwarded_outside_and_those_from_outside_by_the_rule_for_them() {
    let mut node = bench(1);
    let forward =
        |dn: &str, which, number: &str| Command::Forward { dn: line(dn).dn, which, number: Some(number.to_owned()) };
    node.person(forward("1000", Forwarding::NoAnswerExternal, "95551234")).expect("set");
    node.person(forward("1000", Forwarding::NoAnswerInternal, "1002")).expect("set");
    let id = call_in(&mut node, Some(CALLER), "+16135551000").expect("a direct-in number");
    assert_eq!(node.states("1000"), [TruthState::Alerting]);
    node.wait(20_000);
    assert!(node.states("1000").is_empty() && node.states("1002").is_empty());
    let told = outside(&node);
    let state = |number: &str| told.iter().find(|o| o.to == number).map(|o| o.state);
    assert_eq!(state("+16135551000"), Some(TruthState::Delivered));
    assert_eq!(state("+16135551234"), Some(TruthState::Alerting));
    let called = told.iter().find(|o| o.to == "+16135551234").expect("rung").id;
    deed(&mut node, OutsideDeed::Answer(called)).expect("it rings");
    deed(&mut node, OutsideDeed::HangUp(id)).expect("they talk");
    assert!(outside(&node).is_empty(), "two who are outside leave no call here");
    // Nobody outside answers for ever, either.
    node.person(forward("1000", Forwarding::Always, "95551234")).expect("set");
    node.call("1001", "1000");
    assert_eq!(node.states("1001"), [TruthState::Delivered]);
    node.wait(20_000);
    assert_eq!(node.states("1001"), [TruthState::Failed]);
    assert!(outside(&node).is_empty());
}

#[test]
fn a_partner_hears_by_which_way_a_caller_came_in_and_nobody_else_is_said_to_have() {
    let mut pair = Pair::new();
    let forward = Command::Forward { dn: line("1000").dn, which: Forwarding::Always, number: Some("2000".into()) };
    pair.person(0, forward).expect("set");
    let call = OutsideDeed::Call { from: Some(CALLER.into()), name: None, to: "+16135551000".into() };
    pair.input(0, Input::Outside(call)).expect("a direct-in number");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [TruthState::Alerting]);
    let call = pair.nodes[1].switch.state.calls.values().next().expect("a call");
    assert_eq!(call.network().map(|network| network.number.as_str()), Some("1"));
    // Somebody else is the caller now.
    let mut after = call.clone();
    after.calling = schemas::domain::DeviceRef::number("1001");
    assert_eq!(after.network(), None);
}

#[test]
fn a_partner_s_caller_hears_how_a_call_that_nobody_answered_goes_outside() {
    for (number, kinds) in [
        ("95551234", vec![Kind::Diverted, Kind::NetworkReached, Kind::Delivered]),
        ("95550198", vec![Kind::Diverted, Kind::NetworkReached, Kind::Failed]),
    ] {
        let mut pair = Pair::new();
        let which = Forwarding::NoAnswerInternal;
        let forward = Command::Forward { dn: line("1003").dn, which, number: Some(number.to_owned()) };
        pair.person(0, forward).expect("set");
        pair.person(1, Command::MakeCall { line: line("2003"), number: "1003".into() }).expect("a call");
        pair.carry();
        assert_eq!(pair.nodes[1].states("2003"), [TruthState::Delivered]);
        pair.nodes[0].now_ms += 19_000;
        pair.input(0, Input::Tick).expect("ticks are never refused");
        let mut told = Vec::new();
        while pair.carry_one(1) {
            told.extend(pair.nodes[1].events().map(|h| h.kind));
        }
        assert_eq!(told, kinds, "{number}");
    }
}

#[test]
fn a_call_that_was_sent_to_and_fro_and_goes_outside_is_heard_to_ring_by_who_called() {
    let mut pair = Pair::new();
    pair.person(1, Command::MakeCall { line: line("2003"), number: "1003".into() }).expect("a call");
    for (node, rung, number) in [(0, "1003", "2001"), (1, "2001", "1004")] {
        pair.carry();
        pair.person(node, Command::Redirect { target: at(rung), number: number.into() }).expect("redirected");
    }
    pair.carry();
    assert_eq!(pair.nodes[1].states("2003"), [TruthState::Delivered]);
    pair.person(0, Command::Redirect { target: at("1004"), number: "95551234".into() }).expect("redirected");
    let mut told = Vec::new();
    while pair.carry_one(0) | pair.carry_one(1) {
        let heard = |h: &&Happened| h.witnesses.iter().any(|w| w.line == line("2003"));
        told.extend(pair.nodes[1].events().filter(heard).map(|h| h.kind));
        pair.nodes[1].out.clear();
    }
    assert_eq!(told, [Kind::Diverted, Kind::NetworkReached, Kind::Delivered]);
    assert_eq!(pair.nodes[1].states("2003"), [TruthState::Delivered]);
}

#[test]
fn a_partner_reaches_a_user_who_is_outside() {
    let mut pair = Pair::new();
    let login = Desking::LogInOutside { user: line("1950").dn, pin: Pin::new("1234").expect("a PIN"), number: None };
    pair.person(0, Command::HotDesk(login)).expect("logged in");
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1950".into() }).expect("dialled");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [TruthState::Delivered]);
    let [one] = &outside(&pair.nodes[0])[..] else { panic!("{:?}", outside(&pair.nodes[0])) };
    assert_eq!((one.to.as_str(), one.state), ("+16135550150", TruthState::Alerting));
    let answer = OutsideDeed::Answer(one.id);
    pair.input(0, Input::Outside(answer)).expect("it rings");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [TruthState::Connected]);
}

fn redirect(who: &str, number: &str) -> Command {
    Command::Redirect { target: at(who), number: number.into() }
}

#[test]
fn a_ringing_call_is_redirected_outside_whoever_called() {
    // Somebody here.
    let mut node = bench(1);
    node.call("1000", "1001");
    node.application(redirect("1001", "914165551234")).expect("redirected");
    assert_eq!(kinds(&node), [Kind::Diverted, Kind::NetworkReached, Kind::Delivered]);
    assert!(node.events().filter(|h| h.kind != Kind::NetworkReached).all(|h| h.why == Why::Redirected));
    assert_eq!((node.states("1001"), node.states("1000")), (vec![], vec![TruthState::Delivered]));
    let [one] = &outside(&node)[..] else { panic!("{:?}", outside(&node)) };
    deed(&mut node, OutsideDeed::Answer(one.id)).expect("it rings");
    assert_eq!(node.states("1000"), [TruthState::Connected]);
    node.person(Command::Clear(at("1000"))).expect("cleared");
    assert!(outside(&node).is_empty());

    // Somebody outside; the network says that the number is busy, and who called hears so.
    let mut node = bench(1);
    call_in(&mut node, Some(CALLER), "+16135551001").expect("a direct-in number");
    node.person(redirect("1001", "95550199")).expect("redirected");
    assert!(outside(&node).is_empty() && node.states("1001").is_empty());
    call_in(&mut node, Some(CALLER), "+16135551001").expect("a direct-in number");
    node.person(redirect("1001", "95551234")).expect("redirected");
    assert_eq!(outside(&node).len(), 2);
    node.wait(20_000);
    assert!(outside(&node).is_empty(), "nobody rings for ever");

    // Somebody at the partner, who heard it ring before.
    let mut pair = Pair::new();
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1001".into() }).expect("dialled");
    pair.carry();
    pair.person(0, redirect("1001", "914165551234")).expect("redirected");
    let mut heard = Vec::new();
    while pair.carry_one(1) {
        heard.extend(kinds(&pair.nodes[1]));
    }
    assert_eq!(heard, [Kind::Diverted, Kind::NetworkReached, Kind::Delivered]);
    let id = outside(&pair.nodes[0])[0].id;
    pair.input(0, Input::Outside(OutsideDeed::Answer(id))).expect("it rings");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [TruthState::Connected]);
    pair.person(1, Command::Clear(at("2000"))).expect("cleared");
    pair.carry();
    assert!(outside(&pair.nodes[0]).is_empty());
}

#[test]
fn a_call_that_cannot_go_outside_rings_on() {
    let mut node = bench(1);
    node.call("1000", "1001");
    node.call("1002", "1011");
    for caller in 3..10 {
        node.call(&format!("{}", 1000 + caller), "95551234");
    }
    let refused = |node: &mut Bench, who: &str, number: &str, refusal: Refusal| {
        let before = node.switch.truth_now(0);
        assert_eq!(node.application(redirect(who, number)), Err(refusal), "{who} {number}");
        assert!(node.out.is_empty() && node.switch.truth_now(0) == before, "{who} {number}");
    };
    refused(&mut node, "1011", "95551234", Refusal::Privilege);
    refused(&mut node, "1001", "90110", Refusal::InvalidDestination);
    node.call("1010", "95551234");
    refused(&mut node, "1001", "95551234", Refusal::TrunksBusy);
    let mut two = bench(2);
    two.call("2000", "2001");
    refused(&mut two, "2001", "95551234", Refusal::Unreachable);
}

#[test]
fn a_phone_that_is_barred_calls_nobody_outside() {
    let mut node = bench(1);
    node.call("1011", "95551234");
    let failed = |node: &Bench| node.happened().pop().map(|told| (told.0, told.2));
    assert_eq!(failed(&node), Some((Kind::Failed, Why::Blocked)));
    assert!(outside(&node).is_empty());
    node.person(Command::NewCall(at("1011"))).expect("dial tone");
    node.person(Command::Digits { target: at("1011"), digits: "95551234".into() }).expect("keyed");
    node.wait(10_000);
    assert_eq!(failed(&node), Some((Kind::Failed, Why::Blocked)));
    node.person(Command::Clear(at("1011"))).expect("cleared");
    node.call("1000", "1011");
    node.answer("1011");
    node.person(Command::Consult { target: at("1011"), number: "95551234".into() }).expect("a consultation");
    assert_eq!(failed(&node), Some((Kind::Failed, Why::Blocked)));
    let forward = |which| Command::Forward { dn: line("1011").dn, which, number: Some("95551234".into()) };
    for which in Forwarding::ALL {
        assert_eq!(node.application(forward(which)), Err(Refusal::BadForward));
    }
    assert!(outside(&node).is_empty());
}

#[test]
fn whatever_is_done_in_a_call_is_done_with_somebody_outside() {
    let two = |who: &str| Two { line: line(who), held: None, active: None };
    let states = |node: &Bench| outside(node).iter().map(|o| o.state).collect::<Vec<_>>();
    let talking = || {
        let mut node = bench(1);
        node.call("1001", "1000");
        node.answer("1000");
        node.person(Command::Consult { target: at("1000"), number: "95551234".into() }).expect("a consultation");
        node
    };
    // To whoever rings outside, and nobody answers: who transferred is rung again.
    let mut node = talking();
    node.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((node.states("1001"), states(&node)), (vec![TruthState::Delivered], vec![TruthState::Alerting]));
    node.wait(20_000);
    assert_eq!((node.states("1000"), states(&node)), (vec![TruthState::Alerting], vec![]));
    // To a number that is busy.
    let mut node = bench(1);
    node.call("1001", "1000");
    node.answer("1000");
    node.person(Command::Consult { target: at("1000"), number: "95550199".into() }).expect("a consultation");
    node.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(node.happened().pop().map(|told| told.2), Some(Why::RecallBusy));
    // Cancelled, alternated, in a conference, alone with the maker of it, and in tones.
    let mut node = talking();
    node.person(Command::Reconnect(two("1000"))).expect("cancelled");
    assert_eq!((node.states("1000"), states(&node)), (vec![TruthState::Connected], vec![]));
    node.person(Command::Consult { target: at("1000"), number: "95551234".into() }).expect("a consultation");
    let id = outside(&node)[0].id;
    deed(&mut node, OutsideDeed::Answer(id)).expect("it rings");
    node.person(Command::Alternate(two("1000"))).expect("alternated");
    assert_eq!(node.states("1000"), [TruthState::Connected, TruthState::Held]);
    node.person(Command::Alternate(two("1000"))).expect("back");
    node.person(Command::Conference(two("1000"))).expect("a conference");
    node.person(Command::Digits { target: at("1000"), digits: "42".into() }).expect("tones");
    let tones: Vec<_> = node.switch.state.legs.values().filter(|l| l.place.line().is_none()).collect();
    assert_eq!(tones[0].tones, "42");
    node.person(Command::Split(at("1000"))).expect("split");
    assert_eq!(node.states("1000"), [TruthState::Held, TruthState::Connected]);
    node.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((node.states("1001"), states(&node)), (vec![TruthState::Connected], vec![TruthState::Connected]));
    // Held, and taken over from another phone.
    node.person(Command::Hold(at("1001"))).expect("held");
    let take = Command::RetrieveFrom { line: line("1003"), holder: line("1001").dn };
    node.application(take).expect("taken over");
    assert_eq!(node.states("1003"), [TruthState::Connected]);
    deed(&mut node, OutsideDeed::HangUp(id)).expect("gone");
    assert!(node.states("1003").is_empty());
    // What rings for somebody outside is picked up; who is rung outside is nobody's to pick up.
    call_in(&mut node, Some(CALLER), "+16135551001").expect("a direct-in number");
    node.person(Command::PickUp { line: line("1002"), ringing: at("1001") }).expect("picked up");
    assert_eq!((node.states("1002"), states(&node)), (vec![TruthState::Connected], vec![TruthState::Connected]));
    // Nobody waits in the network, or is told there that a phone is free: refused, and the call stays as it is.
    node.call("1005", "95550199");
    for command in [
        Command::CampOn(at("1005")),
        Command::CallBack(at("1005")),
        Command::LeaveMessage(at("1005")),
        Command::LeaveMessageAt { at: line("1005").dn, from: "95551234".into() },
    ] {
        let before = node.switch.truth_now(0);
        assert!(node.application(command.clone()).is_err(), "{command:?}");
        assert!(node.out.is_empty() && node.switch.truth_now(0) == before, "{command:?}");
    }
}
