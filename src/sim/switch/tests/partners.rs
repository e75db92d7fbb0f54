//! Calls between two nodes, with the link in the test's hands.

use std::collections::VecDeque;

use super::*;
use crate::sim::peer::{PartId, PeerMessage};

/// Two nodes; what they say to each other waits until it is carried.
pub(in crate::sim) struct Pair {
    pub nodes: [Bench; 2],
    /// To node 1, to node 2.
    pub mail: [VecDeque<PeerMessage>; 2],
    pub up: bool,
}

impl Pair {
    pub fn new() -> Self {
        Self::of([bench(1), bench(2)])
    }

    /// With another first node.
    pub fn with(plan: Plan) -> Self {
        let first = Bench { switch: Switch::new(Arc::new(plan), EPOCH), now_ms: EPOCH, out: Vec::new() };
        Self::of([first, bench(2)])
    }

    fn of(nodes: [Bench; 2]) -> Self {
        let mut pair = Self { nodes, mail: Default::default(), up: false };
        pair.connect();
        pair
    }

    pub fn connect(&mut self) {
        self.up = true;
        for i in 0..2 {
            self.input(i, Input::PeerUp(2 - i as u16)).expect("up");
        }
        self.carry();
    }

    pub fn disconnect(&mut self) {
        self.up = false;
        self.mail = Default::default();
        for i in 0..2 {
            self.input(i, Input::PeerDown(2 - i as u16)).expect("down");
        }
    }

    pub fn input(&mut self, i: usize, input: Input) -> Result<Done, Refusal> {
        let done = self.nodes[i].input(input);
        for output in &self.nodes[i].out {
            if let Output::Peer(to, message) = output {
                assert_eq!(usize::from(*to), 2 - i, "there is one partner");
                self.mail[1 - i].push_back(message.clone());
            }
        }
        done
    }

    pub fn person(&mut self, i: usize, command: Command) -> Result<Done, Refusal> {
        self.input(i, Input::Command(By::Person, command))
    }

    /// Carries one message to node `i`.
    pub fn carry_one(&mut self, i: usize) -> bool {
        let Some(message) = self.mail[i].pop_front() else { return false };
        self.input(i, Input::Peer(2 - i as u16, message)).expect("messages are never refused");
        true
    }

    pub fn carry(&mut self) {
        while self.carry_one(0) || self.carry_one(1) {}
    }

    fn call(&mut self, from: &str, to: &str) -> Done {
        let done = self.person(0, Command::MakeCall { line: line(from), number: to.into() }).expect("a call");
        self.carry();
        done
    }

    fn states(&self) -> [Vec<TruthState>; 2] {
        [self.nodes[0].states("1000"), self.nodes[1].states("2000")]
    }
}

use TruthState::{Alerting, Connected, Delivered, Failed, Held, Originated};

#[test]
fn a_call_across_has_one_name_and_a_callid_at_each_end() {
    let mut pair = Pair::new();
    let done = pair.call("1000", "2000");
    assert_eq!(pair.states(), [vec![Delivered], vec![Alerting]]);
    let far = pair.nodes[1].switch.calls_at(line("2000")).expect("a line").remove(0);
    assert_eq!(Some(Arc::clone(&far.gcid)), done.gcid);
    assert_ne!(Some(Arc::clone(&far.key)), done.call);
    assert_eq!(far.calling.name.as_deref(), Some("Archer, Maya"));
    let near = pair.nodes[0].switch.calls_at(line("1000")).expect("a line").remove(0);
    assert_eq!(near.called.and_then(|d| d.name).as_deref(), Some("Abe, 健"));

    pair.person(1, Command::Answer(at("2000"))).expect("answered");
    pair.carry();
    assert_eq!(pair.states(), [vec![Connected], vec![Connected]]);
    pair.person(0, Command::Hold(at("1000"))).expect("held");
    pair.carry();
    assert_eq!(
        pair.nodes[1].happened().first().map(|h| (h.0, h.1.clone())),
        Some((CallEventKind::Held, "1000".into()))
    );
    pair.person(0, Command::Retrieve(at("1000"))).expect("retrieved");
    pair.carry();
    pair.person(1, Command::Clear(at("2000"))).expect("cleared");
    pair.carry();
    assert_eq!(pair.states(), [vec![], vec![]]);
    assert_eq!(
        pair.nodes[0].happened().first().map(|h| (h.0, h.1.clone(), h.3.clone())),
        Some((CallEventKind::ConnectionCleared, "2000".into(), vec![("1000/1".into(), LocalState::Null)]))
    );
}

#[test]
fn what_is_wrong_there_is_told_here() {
    let mut pair = Pair::new();
    pair.person(1, Command::DoNotDisturb { dn: line("2001").dn, on: true }).expect("done");
    pair.person(1, Command::OffHook(line("2002"))).expect("dial tone");
    for (number, why) in [
        ("2001", Why::DoNotDisturb),
        ("2002", Why::Busy),
        ("2500", Why::NumberUnallocated),
        ("3000", Why::DestNotObtainable),
    ] {
        pair.call("1000", number);
        let failed = pair.nodes[0].happened().last().cloned().expect("an event");
        assert_eq!((failed.0, failed.2), (CallEventKind::Failed, why), "{number}");
        pair.person(0, Command::Clear(at("1000"))).expect("cleared");
        pair.carry();
    }
}

#[test]
fn nobody_answers_there() {
    let mut pair = Pair::new();
    pair.call("1000", "2000");
    pair.nodes[0].now_ms += 20_000;
    pair.input(0, Input::Tick).expect("a tick");
    pair.carry();
    assert_eq!(pair.states(), [vec![Failed], vec![]]);
    let told = pair.nodes[1].happened();
    assert_eq!(told.first().map(|h| (h.0, h.1.clone())), Some((CallEventKind::ConnectionCleared, "1000".into())));
}

#[test]
fn a_partner_that_says_nothing_does_not_keep_the_caller() {
    let mut pair = Pair::new();
    pair.person(0, Command::MakeCall { line: line("1000"), number: "2000".into() }).expect("a call");
    pair.mail[1].clear();
    assert_eq!(pair.states(), [vec![Originated], vec![]]);
    pair.nodes[0].now_ms += 20_000;
    pair.input(0, Input::Tick).expect("a tick");
    assert_eq!(pair.states(), [vec![Failed], vec![]]);
}

#[test]
fn an_answer_that_crosses_the_end_of_patience_leaves_nobody_behind() {
    let mut pair = Pair::new();
    pair.call("1000", "2000");
    pair.person(1, Command::Answer(at("2000"))).expect("answered");
    pair.nodes[0].now_ms += 20_000;
    pair.input(0, Input::Tick).expect("a tick");
    pair.carry();
    assert_eq!(pair.states(), [vec![Failed], vec![]]);
}

#[test]
fn a_link_that_dies_takes_every_call_across_and_none_returns() {
    type Prepare = fn(&mut Pair);
    let prepares: [(&str, Prepare); 3] = [
        ("ringing", |_| {}),
        ("connected", |p| {
            p.person(1, Command::Answer(at("2000"))).expect("answered");
            p.carry();
        }),
        ("held", |p| {
            p.person(1, Command::Answer(at("2000"))).expect("answered");
            p.carry();
            p.person(0, Command::Hold(at("1000"))).expect("held");
            p.carry();
        }),
    ];
    for (name, prepare) in prepares {
        let mut pair = Pair::new();
        pair.call("1000", "2000");
        prepare(&mut pair);
        pair.disconnect();
        for node in &pair.nodes {
            let told = node.happened();
            assert_eq!(told.len(), 1, "{name}");
            assert_eq!((told[0].0, told[0].2), (CallEventKind::ConnectionCleared, Why::PeerLost), "{name}");
        }
        assert_eq!(pair.states(), [vec![], vec![]], "{name}");
        pair.connect();
        assert_eq!(pair.states(), [vec![], vec![]], "{name}");
        pair.call("1000", "2000");
        assert_eq!(pair.states(), [vec![Delivered], vec![Alerting]], "{name}");
    }
}

#[test]
fn only_one_end_sees_the_link_die() {
    let mut pair = Pair::new();
    pair.call("1000", "2000");
    pair.input(0, Input::PeerDown(2)).expect("down");
    // The link comes back at both ends; node 2 never saw it go.
    pair.connect();
    assert_eq!(pair.states(), [vec![], vec![]]);
}

#[test]
fn a_part_that_is_not_known_is_cleared_at_the_partner() {
    let mut pair = Pair::new();
    let part = PartId { origin: 2, number: 99 };
    pair.input(0, Input::Peer(2, PeerMessage::Hold { part, cause: Why::Normal })).expect("heard");
    assert_eq!(pair.mail[1], [PeerMessage::Clear { part, cause: Why::NormalClearing }]);
    pair.carry();
    pair.input(0, Input::Peer(2, PeerMessage::Sync { parts: vec![part] })).expect("heard");
    assert_eq!(pair.mail[1], [PeerMessage::Clear { part, cause: Why::NormalClearing }]);
}

#[test]
fn a_call_that_is_held_on_both_sides_of_the_link_is_freed_by_either() {
    let mut pair = Pair::new();
    pair.call("1000", "2000");
    pair.person(1, Command::Answer(at("2000"))).expect("answered");
    pair.carry();
    pair.person(0, Command::Hold(at("1000"))).expect("held");
    pair.person(1, Command::Hold(at("2000"))).expect("held");
    pair.carry();
    assert_eq!(pair.states(), [vec![Held], vec![Held]]);
    pair.person(0, Command::Retrieve(at("1000"))).expect("retrieved");
    pair.carry();
    assert_eq!(pair.states(), [vec![Connected], vec![Held]]);
}

#[test]
fn texts_of_a_partner_are_clipped() {
    let mut pair = Pair::new();
    let long = "ü".repeat(5_000);
    let calling = crate::sim::peer::PeerParty {
        number: long.clone(),
        name: Some(long.clone()),
        private: false,
        button: None,
        set: None,
    };
    let part = PartId { origin: 2, number: 1 };
    let setup = PeerMessage::Setup {
        part,
        gcid: long,
        calling,
        called: "1000".into(),
        redirected: None,
        original: None,
        forwarded: None,
        network: None,
    };
    pair.input(0, Input::Peer(2, setup)).expect("heard");
    let call = pair.nodes[0].switch.calls_at(line("1000")).expect("a line").remove(0);
    assert_eq!(call.calling.number.chars().count(), 64);
    assert_eq!((call.calling.name.map(|n| n.chars().count()), call.gcid.chars().count()), (Some(64), 64));
}

#[test]
fn who_answers_by_itself_is_not_told_afterwards_that_the_call_was_sent_there() {
    let mut pair = Pair::new();
    pair.person(1, Command::AutoAnswer { dn: line("2000").dn, on: true }).expect("set");
    pair.person(0, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    pair.person(0, Command::Redirect { target: at("1001"), number: "2000".into() }).expect("redirected");
    let mut told = Vec::new();
    loop {
        if pair.carry_one(1) {
            told.extend(pair.nodes[1].happened().into_iter().map(|(kind, ..)| kind));
        } else if !pair.carry_one(0) {
            break;
        }
    }
    assert_eq!(pair.states(), [vec![Connected], vec![Connected]]);
    assert_eq!(told, [CallEventKind::Delivered, CallEventKind::Established]);
}
