//! Resilient phones: which node has them, and what becomes of their calls.

use std::collections::BTreeSet;

use super::partners::Pair;
use super::*;
use crate::sim::plan::TAKEOVER_MS;
use crate::sim::switch::model::{OutsideDeed, Service};

/// Numbers that went out of service or came back in the last step of a node.
fn services(bench: &Bench) -> Vec<(String, bool)> {
    let services = bench.out.iter().filter_map(|output| match output {
        Output::Service(Service { device, on, .. }) => Some((device.number.clone(), *on)),
        _ => None,
    });
    services.collect()
}

fn all(on: bool) -> Vec<(String, bool)> {
    (1000..=1009).map(|dn| (dn.to_string(), on)).collect()
}

impl Pair {
    /// A person does something, and the nodes have told each other.
    fn does(&mut self, i: usize, command: Command) -> Result<Done, Refusal> {
        let done = self.person(i, command);
        self.carry();
        done
    }

    /// The first node dies, and its sets turn to the second.
    fn lose_primary(&mut self) {
        self.disconnect();
        self.input(1, Input::Unseen(1)).expect("taken");
        self.nodes[1].wait(TAKEOVER_MS - 1);
        assert_eq!(services(&self.nodes[1]), [], "not yet");
        self.nodes[1].wait(1);
    }

    /// It comes back and has forgotten everything.
    fn primary_returns(&mut self) {
        self.nodes[0] = bench(1);
        self.nodes[0].now_ms = self.nodes[1].now_ms;
        self.connect();
    }

    fn here(&self, i: usize, dn: &str) -> bool {
        !self.nodes[i].switch.is_out_of_service(line(dn).dn)
    }
}

#[test]
fn sets_that_miss_their_node_turn_to_the_other_and_go_home_when_it_is_back() {
    let mut pair = Pair::new();
    assert!(pair.here(0, "1000") && !pair.here(1, "1000"));
    assert_eq!(pair.nodes[1].person(Command::OffHook(line("1000"))), Err(Refusal::OutOfService));
    pair.lose_primary();
    assert_eq!(services(&pair.nodes[1]), all(true));
    // A call there is like any other, and its own numbers reach it.
    pair.nodes[1].call("2000", "1000");
    assert_eq!(pair.nodes[1].states("1000"), [TruthState::Alerting]);
    pair.nodes[1].answer("1000");
    let features = pair.nodes[1].switch.calls_at(line("1000")).expect("a phone").remove(0).permitted;
    assert!(features.has(schemas::domain::Feature::HoldCall));

    pair.primary_returns();
    // The one in a call stays, the others are home.
    assert!(!pair.here(0, "1000") && pair.here(1, "1000"));
    assert!(pair.here(0, "1001") && !pair.here(1, "1001"));
    assert_eq!(pair.nodes[1].states("1000"), [TruthState::Connected]);
    // Whoever calls it from home reaches it.
    assert_eq!(pair.nodes[0].person(Command::OffHook(line("1000"))), Err(Refusal::OutOfService));
    pair.does(0, Command::MakeCall { line: line("1001"), number: "1000".into() }).expect("a call");
    assert_eq!(pair.nodes[0].states("1001"), [TruthState::Failed], "it is busy there");

    pair.does(1, Command::Clear(at("1000"))).expect("cleared");
    assert!(pair.here(0, "1000") && !pair.here(1, "1000"));
    let homes: BTreeSet<_> = (1000..=1009).filter(|dn| pair.here(0, &dn.to_string())).collect();
    assert_eq!(homes.len(), 10);
}

#[test]
fn a_link_that_is_lost_moves_nobody_while_sets_find_their_node() {
    let mut pair = Pair::new();
    pair.does(0, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    pair.disconnect();
    pair.nodes[1].wait(10 * TAKEOVER_MS);
    assert!(pair.here(0, "1000") && !pair.here(1, "1000"));
    // Missed for a moment only.
    pair.input(1, Input::Unseen(1)).expect("taken");
    pair.nodes[1].wait(TAKEOVER_MS / 2);
    pair.input(1, Input::Seen(1)).expect("taken");
    pair.nodes[1].wait(TAKEOVER_MS);
    assert!(!pair.here(1, "1000"));
    // A call for it fails at the second node, which has no way to it.
    pair.nodes[1].call("2000", "1000");
    assert_eq!(pair.nodes[1].states("2000"), [TruthState::Failed]);
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Delivered], "its own call goes on");
    // Missed again and again: the first time counts.
    pair.input(1, Input::Unseen(1)).expect("taken");
    pair.nodes[1].wait(TAKEOVER_MS - 1);
    pair.input(1, Input::Unseen(1)).expect("taken");
    pair.nodes[1].wait(1);
    assert!(pair.here(1, "1000"));
}

#[test]
fn two_who_talk_go_on_talking_and_can_only_hang_up() {
    let mut pair = Pair::new();
    pair.does(0, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    pair.does(0, Command::Answer(at("1001"))).expect("answered");
    let gcid = pair.nodes[0].switch.calls_at(line("1000")).expect("a phone").remove(0).gcid;
    // Held: nobody talks. Rings: nobody talks yet. With somebody who is not resilient: that one is lost.
    pair.does(0, Command::MakeCall { line: line("1002"), number: "1003".into() }).expect("a call");
    pair.does(0, Command::Answer(at("1003"))).expect("answered");
    pair.does(0, Command::Hold(at("1003"))).expect("held");
    pair.does(0, Command::MakeCall { line: line("1004"), number: "1006".into() }).expect("a call");
    pair.does(0, Command::MakeCall { line: line("1007"), number: "1011".into() }).expect("a call");
    pair.does(0, Command::Answer(at("1011"))).expect("answered");
    pair.does(0, Command::MakeCall { line: line("1008"), number: "2000".into() }).expect("a call");
    pair.does(1, Command::Answer(at("2000"))).expect("answered");
    pair.lose_primary();
    assert_eq!(services(&pair.nodes[1]), all(true));

    let second = &mut pair.nodes[1];
    for dn in ["1000", "1001"] {
        assert_eq!(second.states(dn), [TruthState::Connected], "{dn}");
        let call = second.switch.calls_at(line(dn)).expect("a phone").remove(0);
        assert_eq!(call.gcid, gcid, "it is the same call");
        assert_eq!(
            (call.calling.number.as_str(), call.permitted),
            ("1000", schemas::domain::Features::of(&[schemas::domain::Feature::ClearCall]))
        );
        assert_eq!(second.application(Command::Hold(at(dn))), Err(Refusal::HoldInUse));
        assert_eq!(second.person(Command::OffHook(line(&format!("{dn}/2")))), Err(Refusal::OutOfService));
    }
    for dn in ["1002", "1003", "1004", "1006", "1007", "1008", "2000"] {
        assert_eq!(second.states(dn), [], "{dn}");
    }
    // Nobody else gets through to it.
    second.call("1002", "1000");
    assert_eq!(second.states("1002"), [TruthState::Failed]);
    second.person(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!((second.states("1000"), second.states("1001")), (vec![], vec![]));
    second.call("1001", "1000");
    second.answer("1000");
    second.application(Command::Hold(at("1000"))).expect("a phone of this node");
}

#[test]
fn the_other_node_knows_no_more_of_a_call_that_ended() {
    let mut pair = Pair::new();
    pair.does(0, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    pair.does(0, Command::Answer(at("1001"))).expect("answered");
    pair.does(0, Command::Clear(at("1000"))).expect("cleared");
    pair.lose_primary();
    assert_eq!((pair.nodes[1].states("1000"), pair.nodes[1].states("1001")), (vec![], vec![]));
    // What was not told since the sets were seen last is not known either.
    pair.primary_returns();
    pair.does(0, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    pair.does(0, Command::Answer(at("1001"))).expect("answered");
    pair.disconnect();
    pair.input(1, Input::Seen(1)).expect("taken");
    pair.input(1, Input::Unseen(1)).expect("taken");
    pair.nodes[1].wait(TAKEOVER_MS);
    assert_eq!((pair.nodes[1].states("1000"), pair.here(1, "1000")), (vec![], true));
}

#[test]
fn a_call_over_a_third_node_follows_the_phone() {
    let mut net = across::Net::new();
    // The third node reaches it where it is: at its own node, at the other, and by way of its own.
    net.input(1, Input::PeerDown(1)).expect("down");
    net.input(2, Input::PeerDown(1)).expect("down");
    net.input(1, Input::Unseen(1)).expect("taken");
    net.nodes[1].now_ms += TAKEOVER_MS;
    net.input(1, Input::Tick).expect("taken");
    net.does("3000", Command::MakeCall { line: line("3000"), number: "1000".into() }).expect("a call");
    assert_eq!(net.nodes[1].states("1000"), [TruthState::Alerting]);
    net.input(1, Input::Command(By::Person, Command::Answer(at("1000")))).expect("answered");
    net.carry();
    assert_eq!(net.nodes[2].states("3000"), [TruthState::Connected]);

    net.nodes[0] = bench(1);
    for (i, peer) in [(0, 2), (1, 1), (0, 3), (2, 1)] {
        net.input(i, Input::PeerUp(peer)).expect("up");
    }
    net.carry();
    assert_eq!(net.nodes[1].states("1000"), [TruthState::Connected], "the call does not break");
    // A second call from the third node goes to its own node, and on from there.
    net.does("3001", Command::MakeCall { line: line("3001"), number: "1000".into() }).expect("a call");
    assert_eq!(net.nodes[2].states("3001"), [TruthState::Failed]);
    let busy = net.told[2].iter().any(|told| matches!(told, Output::Happened(h) if h.why == Why::Busy));
    assert!(busy, "the phone is busy where it is");
}

#[test]
fn what_a_node_without_power_had_of_others_is_lost() {
    let mut pair = Pair::new();
    pair.lose_primary();
    let power = Input::Power { epoch_ms: EPOCH + 1 };
    pair.nodes[1].input(power).expect("taken");
    assert!(!pair.here(1, "1000"));
    let records = pair.nodes[1].out.iter().filter(|o| matches!(o, Output::TruthFeature(_))).count();
    assert_eq!(records, 10, "each is out of service, and that is on record");
    // Somebody outside who calls it now hears that it cannot be reached.
    let deed = OutsideDeed::Call { from: None, name: None, to: "+16135551000".into() };
    assert!(pair.nodes[1].input(Input::Outside(deed)).is_err(), "the second node has no numbers outside");
}
