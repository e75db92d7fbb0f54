//! Transfer, conference, redirect and pickup over several nodes, with the links in the test's hands.

use std::collections::{BTreeMap, VecDeque};

use CallEventKind::{ConnectionCleared, Delivered, Diverted, Established, Failed, Held, Retrieved};
use schemas::csta::message::JoinKind;

use super::joins::two;
use super::*;
use crate::sim::peer::PeerMessage;
use crate::sim::switch::model::Joined;

/// Three nodes, linked each with each; what they say waits until it is carried.
pub(super) struct Net {
    pub(super) nodes: [Bench; 3],
    pub(super) mail: BTreeMap<(usize, usize), VecDeque<PeerMessage>>,
    /// What each node's lines were told since it was last looked at.
    pub(super) told: [Vec<Output>; 3],
}

pub(super) fn node_of(who: &str) -> usize {
    usize::from(who.as_bytes()[0] - b'1')
}

impl Net {
    pub(super) fn new() -> Self {
        let mut net = Self { nodes: [bench(1), bench(2), bench(3)], mail: BTreeMap::new(), told: Default::default() };
        for i in 0..3 {
            for j in (0..3).filter(|j| *j != i) {
                net.input(i, Input::PeerUp(j as u16 + 1)).expect("up");
            }
        }
        net.carry();
        net
    }

    pub(super) fn input(&mut self, i: usize, input: Input) -> Result<Done, Refusal> {
        let done = self.nodes[i].input(input);
        for output in std::mem::take(&mut self.nodes[i].out) {
            match output {
                Output::Peer(to, message) => {
                    self.mail.entry((i, usize::from(to) - 1)).or_default().push_back(message);
                }
                told => self.told[i].push(told),
            }
        }
        done
    }

    pub(super) fn carry(&mut self) {
        loop {
            let waiting = self.mail.iter_mut().find_map(|((i, j), mail)| Some((*i, *j, mail.pop_front()?)));
            let Some((i, j, message)) = waiting else { return };
            self.input(j, Input::Peer(i as u16 + 1, message)).expect("messages are never refused");
        }
    }

    /// A person does something, and the nodes have told each other.
    pub(super) fn does(&mut self, who: &str, command: Command) -> Result<Done, Refusal> {
        self.told = Default::default();
        let done = self.input(node_of(who), Input::Command(By::Person, command));
        self.carry();
        done
    }

    pub(super) fn call(&mut self, from: &str, to: &str) -> Done {
        self.does(from, Command::MakeCall { line: line(from), number: to.into() }).expect("a call")
    }

    pub(super) fn answer(&mut self, who: &str) {
        self.does(who, Command::Answer(at(who))).expect("answered");
    }

    pub(super) fn consult(&mut self, who: &str, number: &str) -> Done {
        self.does(who, Command::Consult { target: at(who), number: number.into() }).expect("a consultation")
    }

    pub(super) fn wait(&mut self, ms: i64) {
        self.told = Default::default();
        for i in 0..3 {
            self.nodes[i].now_ms += ms;
            self.input(i, Input::Tick).expect("a tick");
        }
        self.carry();
    }

    pub(super) fn states(&self, who: &str) -> Vec<TruthState> {
        self.nodes[node_of(who)].states(who)
    }

    fn joined(&self, i: usize) -> Option<&Joined> {
        self.told[i].iter().find_map(|o| if let Output::Joined(j) = o { Some(j) } else { None })
    }

    pub(super) fn happened(&self, i: usize) -> Vec<&Happened> {
        self.told[i].iter().filter_map(|o| if let Output::Happened(h) = o { Some(h) } else { None }).collect()
    }

    /// What was true of a node's legs since it was last looked at.
    fn truths(&self, i: usize) -> impl Iterator<Item = &Truth> {
        self.told[i].iter().filter_map(|o| if let Output::Truth(t) = o { Some(t) } else { None })
    }

    pub(super) fn kinds(&self, i: usize) -> Vec<(CallEventKind, Why)> {
        self.happened(i).into_iter().map(|h| (h.kind, h.why)).collect()
    }

    pub(super) fn subjects(&self, i: usize) -> Vec<String> {
        self.happened(i).into_iter().map(|h| h.subject.number.clone()).collect()
    }

    /// The lines that were told of each thing that happened.
    pub fn told_lines(&self, i: usize) -> Vec<Vec<(String, LocalState)>> {
        let lines = |h: &Happened| h.witnesses.iter().map(|w| (w.line.to_string(), w.local)).collect();
        self.told[i].iter().filter_map(|o| if let Output::Happened(h) = o { Some(lines(h)) } else { None }).collect()
    }

    /// The link between two nodes goes; what was on its way is lost.
    pub fn lose_link(&mut self, a: usize, b: usize) {
        self.told = Default::default();
        self.mail.retain(|between, _| ![(a, b), (b, a)].contains(between));
        for (i, of) in [(a, b), (b, a)] {
            self.input(i, Input::PeerDown(of as u16 + 1)).expect("down");
        }
        self.carry();
    }

    pub(super) fn view(&self, who: &str) -> (String, Vec<(String, LocalState)>) {
        let view = self.nodes[node_of(who)].switch.calls_at(line(who)).expect("a line").remove(0);
        (view.gcid.to_string(), view.connections.into_iter().map(|c| (c.device.number, c.state)).collect())
    }

    /// Whether no node has anything left of a call, in transit or not.
    pub(super) fn is_idle(&self) -> bool {
        self.nodes.iter().all(|n| n.switch.state.calls.is_empty() && n.switch.state.by_part.is_empty())
    }
}

use LocalState::{Alerting, Connected, Hold, Null};

pub(super) fn gcid(done: &Done) -> String {
    done.gcid.as_ref().expect("a name").to_string()
}

fn local(joined: Option<&Joined>) -> Vec<LocalState> {
    joined.expect("it was told").witnesses.iter().map(|w| w.local).collect()
}

#[test]
fn a_party_of_another_node_is_transferred_here() {
    let mut net = Net::new();
    let first = net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "1001");
    assert_eq!(net.kinds(1), [(Held, Why::Consultation)]);
    net.answer("1001");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((local(net.joined(0)), local(net.joined(1))), (vec![Null, Connected], vec![Connected]));
    let there = net.joined(1).expect("told");
    assert_eq!((there.controller.number.as_str(), there.kind), ("1000", JoinKind::Transferred));
    assert_eq!(there.joined.as_ref().and_then(|d| d.name.as_deref()), Some("Bélanger, Zoé"));
    assert_eq!((there.gcid.to_string(), &there.ended_gcid, there.ringing), (gcid(&first), &None, false));
    let of = |who: &str| (gcid(&first), vec![(who.to_owned(), Connected)]);
    let (name, connections) = net.view("2000");
    assert_eq!(
        (name, connections[0].clone(), connections[1].clone()),
        (of("2000").0, of("2000").1[0].clone(), of("1001").1[0].clone())
    );
    net.does("2000", Command::Clear(at("2000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn a_party_here_is_transferred_to_another_node_that_still_rings() {
    let mut net = Net::new();
    let first = net.call("1000", "1001");
    net.answer("1001");
    let second = net.consult("1000", "2000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((local(net.joined(0)), local(net.joined(1))), (vec![Null, Connected], vec![Alerting]));
    let there = net.joined(1).expect("told");
    assert_eq!(there.joined.as_ref().map(|d| d.number.as_str()), Some("2000"));
    assert!(there.ringing && net.joined(0).is_some_and(|j| j.ringing));
    assert_eq!(
        (there.gcid.to_string(), there.ended_gcid.as_ref().map(ToString::to_string)),
        (gcid(&first), Some(gcid(&second)))
    );
    assert_eq!((net.states("1001"), net.states("2000")), (vec![TruthState::Delivered], vec![TruthState::Alerting]));
    net.answer("2000");
    assert_eq!((net.kinds(0), net.kinds(1)), (vec![(Established, Why::Normal)], vec![(Established, Why::Normal)]));
    assert_eq!(net.view("2000").1, [("2000".into(), Connected), ("1001".into(), Connected)]);
    net.does("1001", Command::Clear(at("1001"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn nobody_answers_a_party_of_another_node_and_the_transferrer_is_rung_again() {
    let mut net = Net::new();
    net.call("2000", "1000");
    net.answer("1000");
    net.consult("1000", "1001");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(net.states("2000"), [TruthState::Delivered], "hears it ring");
    net.wait(20_000);
    assert_eq!(net.states("1000"), [TruthState::Alerting]);
    assert_eq!((net.kinds(1), net.subjects(1)), (vec![(Delivered, Why::RecallNoAnswer)], vec!["1000".into()]));
    let told = net.happened(1)[0];
    assert_eq!((told.calling.number.as_str(), told.called.as_ref().map(|d| d.number.as_str())), ("2000", Some("1000")));
    net.answer("1000");
    assert_eq!((net.states("1000"), net.states("2000")), (vec![TruthState::Connected], vec![TruthState::Connected]));
    net.does("1000", Command::Clear(at("1000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn what_cannot_be_reached_any_more_comes_back_to_who_transferred() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "3000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    net.input(0, Input::PeerDown(3)).expect("down");
    net.carry();
    assert_eq!(net.states("1000"), [TruthState::Alerting], "the phone that was rung is gone with its node");
    net.answer("1000");
    assert_eq!(net.states("2000"), [TruthState::Connected]);

    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.does("3000", Command::OffHook(line("3000"))).expect("dial tone");
    net.consult("1000", "3000");
    assert_eq!(net.states("1000"), [TruthState::Held, TruthState::Failed]);
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((net.states("1000"), net.states("2000")), (vec![TruthState::Alerting], vec![TruthState::Delivered]));
    assert_eq!(net.kinds(0), [(Delivered, Why::RecallBusy)]);
    let there = net.joined(1).expect("who is left hears whom it waits for");
    assert_eq!((there.joined.as_ref().map(|d| d.number.as_str()), there.ringing), (Some("3000"), true));
    assert_eq!(
        (net.kinds(1), net.subjects(1)),
        (vec![(Delivered, Why::RecallBusy)], vec!["1000".into()]),
        "and who is rung"
    );
    net.wait(20_000);
    assert_eq!(net.states("2000"), [TruthState::Failed]);
    assert_eq!(net.kinds(1), [(Failed, Why::CallNotAnswered)]);
}

#[test]
fn three_nodes_share_one_transfer_whose_path_stays() {
    for answered in [true, false] {
        let mut net = Net::new();
        let first = net.call("2000", "1000");
        net.answer("1000");
        net.consult("1000", "3000");
        if answered {
            net.answer("3000");
        }
        net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
        assert_eq!(net.joined(2).map(|j| j.controller.number.as_str()), Some("1000"));
        if !answered {
            assert_eq!(net.states("2000"), [TruthState::Delivered]);
            net.answer("3000");
        }
        for (who, other) in [("2000", "3000"), ("3000", "2000")] {
            let view = net.view(who);
            assert_eq!(view, (gcid(&first), vec![(who.into(), Connected), (other.into(), Connected)]), "{answered}");
        }
        net.does("2000", Command::Hold(at("2000"))).expect("held");
        assert_eq!((net.kinds(2), net.view("3000").1[1].1), (vec![(Held, Why::Normal)], Hold));
        net.does("2000", Command::Retrieve(at("2000"))).expect("retrieved");
        net.does("3000", Command::Clear(at("3000"))).expect("cleared");
        assert!(net.is_idle());
    }
}

#[test]
fn a_node_in_the_middle_that_dies_takes_the_call_with_it() {
    let mut net = Net::new();
    net.call("2000", "1000");
    net.answer("1000");
    net.consult("1000", "3000");
    net.answer("3000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    for i in 1..3 {
        net.input(i, Input::PeerDown(1)).expect("down");
    }
    assert!(net.states("2000").is_empty() && net.states("3000").is_empty());
}

#[test]
fn two_parties_of_one_other_node_are_put_together() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "2001");
    net.answer("2001");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(net.view("2001").1, [("2001".into(), Connected), ("2000".into(), Connected)]);
    net.does("2001", Command::Clear(at("2001"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn a_conference_over_three_nodes_shows_everybody_to_everybody() {
    let mut net = Net::new();
    let first = net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "3000");
    net.answer("3000");
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");
    assert_eq!(
        (local(net.joined(0)), local(net.joined(1)), local(net.joined(2))),
        (vec![Connected], vec![Connected], vec![Connected])
    );
    for i in 0..3 {
        assert_eq!(net.joined(i).and_then(|j| j.joined.clone()).map(|d| d.number), Some("3000".into()), "{i}");
    }
    for (who, others) in [("2000", ["1000", "3000"]), ("3000", ["1000", "2000"])] {
        let all: Vec<_> = std::iter::once(who).chain(others).map(|w| (w.to_owned(), Connected)).collect();
        assert_eq!(net.view(who), (gcid(&first), all));
    }
    net.does("2000", Command::Hold(at("2000"))).expect("held");
    assert_eq!((net.kinds(0), net.kinds(2)), (vec![(Held, Why::Normal)], vec![(Held, Why::Normal)]));
    assert_eq!(net.subjects(2), ["2000"], "to the third, too, it is this one of the two");
    net.does("2000", Command::Retrieve(at("2000"))).expect("retrieved");
    assert_eq!(net.kinds(2), [(Retrieved, Why::Normal)]);
    net.does("1000", Command::Hold(at("1000"))).expect("held");
    assert_eq!((net.kinds(1), net.subjects(2)), (vec![(Held, Why::Normal)], vec!["1000".into()]));
    net.does("1000", Command::Retrieve(at("1000"))).expect("retrieved");

    // Alone with the last added, and together again.
    net.does("1000", Command::Split(at("1000"))).expect("split");
    assert_eq!(net.kinds(1), [(ConnectionCleared, Why::Conference), (Held, Why::Consultation)]);
    assert_eq!(net.kinds(2), [(ConnectionCleared, Why::Conference), (Established, Why::Conference)]);
    let [left, new] = [0, 1].map(|i| net.happened(2)[i].clone());
    assert_eq!((&*left.gcid, left.witnesses[0].local), (&*gcid(&first), Null), "a leg ends");
    assert_eq!((new.witnesses[0].local, new.calling.number.as_str()), (Connected, "1000"), "and another begins");
    assert_ne!((left.call, left.gcid), (new.call, new.gcid));
    assert_ne!(net.view("3000").0, gcid(&first));
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");
    assert_eq!(net.view("3000").0, gcid(&first));

    // Who was added adds somebody: nobody can be spoken with alone through that link any more.
    net.consult("3000", "3001");
    net.answer("3001");
    net.does("3000", Command::Conference(two("3000"))).expect("a conference");
    assert_eq!(net.does("1000", Command::Split(at("1000"))), Err(Refusal::WrongState), "two would go");
    net.does("3001", Command::Clear(at("3001"))).expect("cleared");
    net.does("1000", Command::Split(at("1000"))).expect("split");
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");

    // The maker leaves; the others go on through its node.
    net.does("1000", Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(
        (net.kinds(1), net.kinds(2)),
        (vec![(ConnectionCleared, Why::NormalClearing)], vec![(ConnectionCleared, Why::NormalClearing)])
    );
    assert_eq!(net.view("2000").1, [("2000".into(), Connected), ("3000".into(), Connected)]);
    net.does("3000", Command::Clear(at("3000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn a_conference_goes_on_when_the_node_of_one_member_dies() {
    let mut net = Net::new();
    net.call("1000", "1001");
    net.answer("1001");
    net.consult("1000", "2000");
    net.answer("2000");
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");
    net.told = Default::default();
    net.input(0, Input::PeerDown(2)).expect("down");
    net.input(1, Input::PeerDown(1)).expect("down");
    assert_eq!(net.kinds(0), [(ConnectionCleared, Why::PeerLost)]);
    assert_eq!((net.states("1001"), net.states("2000")), (vec![TruthState::Connected], vec![]));
}

#[test]
fn both_halves_of_a_conference_say_that_they_go_on_by_themselves() {
    let mut net = Net::new();
    let first = net.call("1000", "1001");
    net.answer("1001");
    net.consult("1000", "2000");
    net.answer("2000");
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");
    net.consult("2000", "2001");
    net.answer("2001");
    net.does("2000", Command::Conference(two("2000"))).expect("a conference");
    net.lose_link(0, 1);
    for (i, halves) in [(0, ["1000", "1001"]), (1, ["2000", "2001"])] {
        let alone: Vec<_> = net.truths(i).filter(|t| t.cause == Why::PeerLost).collect();
        let legs: Vec<_> = alone.iter().map(|t| (t.dn.as_str(), t.state)).collect();
        assert_eq!(legs, halves.map(|dn| (dn, TruthState::Connected)), "node {}", i + 1);
        assert!(alone.iter().all(|t| t.gcid == gcid(&first)), "{alone:?}");
    }
}

#[test]
fn a_half_that_still_stretches_to_a_third_node_is_not_by_itself() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "3000");
    net.answer("3000");
    net.does("1000", Command::Conference(two("1000"))).expect("a conference");
    net.lose_link(0, 1);
    let connected = |t: &&Truth| t.cause == Why::PeerLost && t.state != TruthState::Null;
    assert_eq!(net.truths(0).filter(connected).count(), 0);
    assert_eq!(net.states("3000"), [TruthState::Connected]);
}

#[test]
fn a_call_across_is_redirected_there_and_back() {
    for to in ["2001", "1001", "3000"] {
        let mut net = Net::new();
        net.call("1000", "2000");
        net.does("2000", Command::Redirect { target: at("2000"), number: to.into() }).expect("redirected");
        assert_eq!(net.states(to), [TruthState::Alerting], "{to}");
        assert_eq!(net.states("1000"), [TruthState::Delivered], "{to}");
        let caller = |h: &&Happened| h.witnesses.iter().any(|w| w.line == line("1000"));
        let heard: Vec<_> = net.happened(0).into_iter().filter(caller).map(|h| (h.kind, h.why)).collect();
        assert_eq!(heard, [(Diverted, Why::Redirected), (Delivered, Why::Redirected)], "{to}");
        let rung = net.happened(node_of(to)).into_iter().find(|h| h.kind == Delivered).expect("it rings");
        assert_eq!(rung.called.as_ref().map(|d| d.number.as_str()), Some("2000"), "{to}: who was called first");
        assert!(net.kinds(node_of(to)).contains(&(Delivered, Why::Redirected)), "{to}");
        net.answer(to);
        assert_eq!(net.states("1000"), [TruthState::Connected], "{to}");
        net.does(to, Command::Clear(at(to))).expect("cleared");
        assert!(net.is_idle(), "{to}");
    }
    let mut net = Net::new();
    net.call("1000", "1001");
    net.does("2000", Command::OffHook(line("2000"))).expect("dial tone");
    net.does("1001", Command::Redirect { target: at("1001"), number: "2000".into() }).expect("redirected");
    assert_eq!(net.states("1000"), [TruthState::Failed]);
}

#[test]
fn a_call_from_another_node_is_picked_up() {
    let mut net = Net::new();
    net.call("1000", "2000");
    let ringing = at("2000");
    net.does("2001", Command::PickUp { line: line("2001"), ringing }).expect("picked up");
    assert_eq!(net.kinds(0), [(Established, Why::CallPickup)]);
    let told = net.happened(0)[0];
    assert_eq!((told.subject.number.as_str(), told.called.as_ref().map(|d| d.number.as_str())), ("2001", Some("2000")));
    assert_eq!((net.states("1000"), net.states("2000")), (vec![TruthState::Connected], vec![]));
}

#[test]
fn an_answer_that_crosses_a_transfer_connects_whom_it_should() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "3000");
    // Both are on their way at once.
    net.input(0, Input::Command(By::Person, Command::Transfer(two("1000")))).expect("transferred");
    net.input(2, Input::Command(By::Person, Command::Answer(at("3000")))).expect("answered");
    net.carry();
    for (who, other) in [("2000", "3000"), ("3000", "2000")] {
        assert_eq!(net.view(who).1, [(who.into(), Connected), (other.into(), Connected)]);
    }
    // So are the end of the one and the transfer of the other.
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.consult("1000", "3000");
    net.answer("3000");
    net.input(0, Input::Command(By::Person, Command::Transfer(two("1000")))).expect("transferred");
    net.input(1, Input::Command(By::Person, Command::Clear(at("2000")))).expect("cleared");
    net.input(2, Input::Command(By::Person, Command::Clear(at("3000")))).expect("cleared");
    net.carry();
    assert!(net.is_idle());
}

#[test]
fn tones_arrive_at_another_node() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.does("1000", Command::Digits { target: at("1000"), digits: "1234".into() }).expect("sent");
    let phone = net.nodes[1].switch.truth_of(line("2000").dn).expect("a phone");
    assert_eq!(phone.legs[0].tones, "1234");
}

#[test]
fn a_caller_who_holds_is_known_to_hold_where_the_call_is_redirected_to() {
    let mut net = Net::new();
    net.call("1000", "1001");
    net.answer("1001");
    net.does("1001", Command::Hold(at("1001"))).expect("held");
    net.consult("1000", "2000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    net.does("2000", Command::Redirect { target: at("2000"), number: "3000".into() }).expect("redirected");
    net.answer("3000");
    assert_eq!((net.states("1001"), net.states("3000")), (vec![TruthState::Held], vec![TruthState::Connected]));
    net.does("1001", Command::Retrieve(at("1001"))).expect("retrieved");
    assert_eq!(net.kinds(2), [(Retrieved, Why::Normal)]);
}
