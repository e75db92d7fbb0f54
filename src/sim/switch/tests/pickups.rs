//! Pickup of what rings at another node, and whatever crosses it on the way.

use CallEventKind::{ConnectionCleared, Diverted, Established};

use super::across::{Net, gcid, node_of};
use super::joins::two;
use super::*;
use crate::sim::switch::LegState;

fn pick(who: &str, what: &str) -> Command {
    Command::PickUp { line: line(who), ringing: at(what) }
}

impl Net {
    /// Asks, and carries nothing.
    pub(super) fn asks(&mut self, who: &str, command: Command) -> Result<Done, Refusal> {
        self.told = Default::default();
        self.input(node_of(who), Input::Command(By::Person, command))
    }

    /// What came of what had to wait, by node.
    pub(super) fn settled(&self, i: usize) -> Vec<Result<Done, Refusal>> {
        let settled = |o: &Output| if let Output::Settled(_, result) = o { Some(result.clone()) } else { None };
        self.told[i].iter().filter_map(settled).collect()
    }

    /// Refused before anybody else is asked, and nothing happens.
    pub(super) fn refuses_at_once(&mut self, who: &str, command: Command, refusal: Refusal) {
        assert_eq!(self.asks(who, command.clone()), Err(refusal), "{who}: {command:?}");
        assert!(self.told.iter().all(Vec::is_empty) && self.mail.values().all(|m| m.is_empty()), "{command:?}");
    }

    /// Refused by the node that is asked; it is settled at the first node, and nothing else happens anywhere.
    pub(super) fn refuses_later(&mut self, who: &str, command: Command, refusal: Refusal) {
        let before: Vec<_> = self.nodes.iter().map(|node| node.switch.truth_now(0)).collect();
        self.does(who, command.clone()).expect("asked");
        assert_eq!(self.settled(0), [Err(refusal)], "{who}: {command:?}");
        assert_eq!(self.told.iter().flatten().count(), 1, "{who}: {command:?}: and nothing else happened");
        let after: Vec<_> = self.nodes.iter().map(|node| node.switch.truth_now(0)).collect();
        assert_eq!(after, before, "{who}: {command:?}");
    }

    pub(super) fn lose(&mut self, a: usize, b: usize) {
        self.mail.retain(|way, _| *way != (a, b) && *way != (b, a));
        self.input(a, Input::PeerDown(b as u16 + 1)).expect("down");
        self.input(b, Input::PeerDown(a as u16 + 1)).expect("down");
    }

    pub(super) fn sound(&self) {
        for node in &self.nodes {
            assert_eq!(node.switch.check_invariants(), Ok(()));
            assert!(node.switch.state.picks.is_empty(), "nobody waits for ever");
        }
    }
}

use TruthState::{Alerting, Connected, Delivered, Failed, Held};

#[test]
fn what_rings_at_another_node_is_picked_up_wherever_the_caller_is() {
    // The caller at the picker's node, at the node that rings, and at a third.
    for (caller, rung, picker) in
        [("1000", "2000", "1001"), ("2001", "2000", "1001"), ("3000", "2000", "1001"), ("1000", "2000", "3000")]
    {
        let mut net = Net::new();
        let first = net.call(caller, rung);
        let asked = net.does(picker, pick(picker, rung)).expect("asked");
        assert!(asked.waits.is_some() && asked.call.is_none(), "only the other node knows");
        let done = net.settled(node_of(picker)).remove(0).expect("picked up");
        assert_eq!(gcid(&done), gcid(&first), "{caller} {picker}");
        for who in [caller, picker] {
            assert_eq!(net.states(who), [Connected], "{caller} {picker}");
            let told = net.happened(node_of(who));
            let told = told.iter().find(|h| h.witnesses.iter().any(|w| w.line == line(who))).expect("told");
            assert_eq!((told.kind, told.why), (Established, Why::CallPickup), "{caller} {picker}");
            assert_eq!(told.subject.number, picker);
            assert_eq!(told.calling.number, caller);
            assert_eq!(told.called.as_ref().map(|d| d.number.as_str()), Some(rung));
            assert_eq!(told.redirected.as_ref().map(|d| d.number.as_str()), Some(rung));
        }
        assert!(net.states(rung).is_empty());
        let away = net.happened(node_of(rung)).into_iter().find(|h| h.kind == Diverted).expect("told");
        assert_eq!((away.why, away.witnesses.len()), (Why::CallPickup, 1));
        assert_eq!(away.destination.as_ref().map(|d| d.number.as_str()), Some(picker));
        let of = |who: &str| (who.to_owned(), LocalState::Connected);
        assert_eq!(net.view(picker), (gcid(&first), vec![of(picker), of(caller)]));
        assert_eq!(net.view(caller), (gcid(&first), vec![of(caller), of(picker)]));
        net.does(picker, Command::Hold(at(picker))).expect("held");
        net.does(picker, Command::Retrieve(at(picker))).expect("retrieved");
        net.does(caller, Command::Clear(at(caller))).expect("cleared");
        assert!(net.is_idle(), "{caller} {picker}");
        net.sound();
    }
}

#[test]
fn a_connection_there_is_picked_up_by_its_name() {
    let mut net = Net::new();
    net.call("1000", "2000");
    let key = net.nodes[1].switch.calls_at(line("2000")).expect("a line")[0].key.to_string();
    let named = |call: &str| Command::PickUp {
        line: line("1001"),
        ringing: Target { line: line("2000"), call: Some(call.to_owned()) },
    };
    net.does("1001", named("nonsense")).expect("asked");
    assert_eq!(net.settled(0), [Err(Refusal::UnknownConnection)]);
    net.does("1001", named(&key)).expect("asked");
    assert_eq!(net.states("1001"), [Connected]);
}

#[test]
fn what_is_known_here_is_refused_at_once_and_what_is_known_there_later() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.does("1002", Command::OffHook(line("1002"))).expect("dial tone");
    net.lose(0, 2);
    for (who, what, refusal) in [
        ("1002", "2000", Refusal::LineInUse),
        ("1001", "5000", Refusal::UnknownDevice),
        ("1001", "3000", Refusal::Unreachable),
        ("1001/9", "2000", Refusal::UnknownDevice),
    ] {
        net.refuses_at_once(who, pick(who, what), refusal);
    }
    for (who, what, refusal) in [
        ("1001", "2001", Refusal::NoCallToAnswer),
        ("1001", "2900", Refusal::UnknownDevice),
        ("1000/2", "2000", Refusal::WrongState),
    ] {
        net.refuses_later(who, pick(who, what), refusal);
    }
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Delivered], vec![Alerting]));
    net.sound();
}

#[test]
fn the_line_is_kept_free_while_it_waits() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.call("1002", "1001");
    net.answer("1001");
    net.does("1001", Command::Hold(at("1001"))).expect("held");
    net.asks("1001", pick("1001", "2000")).expect("asked");
    for command in [
        Command::OffHook(line("1001")),
        Command::MakeCall { line: line("1001"), number: "1003".into() },
        Command::Retrieve(at("1001")),
        pick("1001", "2000"),
    ] {
        let refused = net.input(0, Input::Command(By::Person, command.clone()));
        assert_eq!(refused, Err(Refusal::LineInUse), "{command:?}");
    }
    // It may still be rung.
    net.call("1003", "1001");
    assert_eq!(net.states("1001"), [Held, Alerting, Connected]);
    assert_eq!(net.input(0, Input::Command(By::Person, Command::Answer(at("1001")))), Err(Refusal::LineInUse));
    net.does("1001", Command::Clear(at("1001"))).expect("the active one is cleared");
    net.does("1001", Command::Retrieve(at("1001"))).expect("retrieved");
    net.sound();
}

#[test]
fn whatever_crosses_a_pickup_leaves_nobody_behind() {
    // Answered meanwhile.
    let mut net = Net::new();
    net.call("1000", "2000");
    net.asks("3000", pick("3000", "2000")).expect("asked");
    net.input(1, Input::Command(By::Person, Command::Answer(at("2000")))).expect("answered");
    net.carry();
    assert_eq!(net.settled(2), [Err(Refusal::NoCallToAnswer)]);
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Connected], vec![Connected]));
    net.sound();

    // The caller hangs up before the other node has heard of it, and after.
    for carried in [false, true] {
        let mut net = Net::new();
        net.call("1000", "2000");
        net.asks("3000", pick("3000", "2000")).expect("asked");
        if carried {
            let message = net.mail.get_mut(&(2, 1)).and_then(std::collections::VecDeque::pop_front).expect("asked");
            net.input(1, Input::Peer(3, message)).expect("heard");
        }
        net.input(0, Input::Command(By::Person, Command::Clear(at("1000")))).expect("cleared");
        net.carry();
        assert_eq!(net.settled(2).len(), 1, "{carried}");
        if carried {
            assert_eq!(net.kinds(2), [(Established, Why::CallPickup), (ConnectionCleared, Why::NormalClearing)]);
        }
        assert!(net.is_idle(), "{carried}");
        net.sound();
    }

    // Two want it at once.
    let mut net = Net::new();
    net.call("1000", "2000");
    net.asks("3000", pick("3000", "2000")).expect("asked");
    net.input(0, Input::Command(By::Person, pick("1001", "2000"))).expect("asked");
    net.carry();
    let settled: Vec<_> = [net.settled(0), net.settled(2)].into_iter().flatten().collect();
    assert_eq!(settled.iter().filter(|s| s.is_ok()).count(), 1);
    assert!(settled.contains(&Err(Refusal::NoCallToAnswer)));
    net.sound();

    // Nobody answers in time, and then somebody would.
    let mut net = Net::new();
    net.call("1000", "2000");
    for i in 0..3 {
        net.nodes[i].now_ms += 19_999;
    }
    net.asks("3000", pick("3000", "2000")).expect("asked");
    net.nodes[0].now_ms += 1;
    net.input(0, Input::Tick).expect("a tick");
    net.carry();
    assert_eq!(net.states("1000"), [Failed]);
    assert!(net.states("2000").is_empty() && net.states("3000").is_empty());
    net.sound();
}

#[test]
fn a_partner_that_is_lost_or_says_nothing_does_not_keep_the_line() {
    for heard in [false, true] {
        let mut net = Net::new();
        net.call("1000", "2000");
        net.asks("3000", pick("3000", "2000")).expect("asked");
        if heard {
            let message = net.mail.get_mut(&(2, 1)).and_then(std::collections::VecDeque::pop_front).expect("asked");
            net.input(1, Input::Peer(3, message)).expect("heard");
        }
        net.lose(1, 2);
        net.carry();
        assert_eq!(net.settled(2), [Err(Refusal::Unreachable)], "{heard}");
        // Once it was given away, the call ends with the link.
        let (caller, rung) = if heard { (vec![], vec![]) } else { (vec![Delivered], vec![Alerting]) };
        assert_eq!((net.states("1000"), net.states("2000")), (caller, rung), "{heard}");
        net.asks("3000", Command::OffHook(line("3000"))).expect("dial tone");
        net.sound();
    }

    // It is so late that nobody waits any more.
    let mut net = Net::new();
    net.call("1000", "2000");
    net.asks("3000", pick("3000", "2000")).expect("asked");
    assert_eq!(net.nodes[2].switch.next_deadline(), Some(net.nodes[2].now_ms + 4_000));
    net.nodes[2].now_ms += 4_000;
    net.input(2, Input::Tick).expect("a tick");
    assert_eq!(net.settled(2), [Err(Refusal::Unreachable)]);
    net.carry();
    assert!(net.is_idle());
    net.sound();

    // The power fails.
    let mut net = Net::new();
    net.call("1000", "2000");
    net.asks("3000", pick("3000", "2000")).expect("asked");
    net.input(2, Input::Power { epoch_ms: EPOCH + 1 }).expect("lost");
    assert_eq!(net.settled(2), [Err(Refusal::Unreachable)]);
    net.sound();
}

#[test]
fn a_transferred_call_that_is_picked_up_is_not_rung_again() {
    let mut net = Net::new();
    net.call("1000", "1001");
    net.answer("1001");
    net.consult("1000", "2000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    net.does("3000", pick("3000", "2000")).expect("asked");
    assert_eq!((net.states("1001"), net.states("3000")), (vec![Connected], vec![Connected]));
    net.wait(30_000);
    assert!(net.states("1000").is_empty());
    net.does("3000", Command::Clear(at("3000"))).expect("cleared");
    assert!(net.is_idle());
}

#[test]
fn one_who_holds_goes_on_holding() {
    let mut net = Net::new();
    net.call("1000", "1001");
    net.answer("1001");
    net.does("1001", Command::Hold(at("1001"))).expect("held");
    net.consult("1000", "2000");
    net.does("1000", Command::Transfer(two("1000"))).expect("transferred");
    net.does("3000", pick("3000", "2000")).expect("asked");
    let far = net.nodes[2].switch.state.legs.values().find(|l| l.place.line().is_none()).map(|l| l.state);
    assert_eq!((net.states("1001"), net.states("3000"), far), (vec![Held], vec![Connected], Some(LegState::Held)));
    net.does("1001", Command::Retrieve(at("1001"))).expect("retrieved");
    net.does("1001", Command::Clear(at("1001"))).expect("cleared");
    assert!(net.is_idle());
}
