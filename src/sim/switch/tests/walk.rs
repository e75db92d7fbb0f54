//! A long random walk over two nodes: whatever people, applications and the link do, the
//! invariants hold, announcements are kept, and both ends agree once all mail is carried.

use schemas::domain::{Dn, Feature, Features, Forwarding, Pin, Presence};

use super::partners::Pair;
use super::*;
use crate::sim::switch::{CallView, Desking, OutsideDeed, Two};

/// xorshift64*: a seed replays.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n as u64) as usize
    }
}

const LINES: [[&str; 8]; 2] = [
    ["1000", "1000/2", "1001", "1002", "1019", "1003/3", "1010", "1900"],
    ["2000", "2000/2", "2001", "2002", "2003", "2004", "2005", "2006"],
];
const NUMBERS: [&str; 12] =
    ["1000", "1001", "1002", "1019", "2000", "2001", "2002", "1900", "1010", "2999", "3000", "1x"];

const OUTSIDE: [&str; 4] = ["95551234", "914165551234", "95550197", "95550199"];

/// A number of the cluster, or seldom one outside.
fn random_number(chance: &mut Chance, numbers: usize) -> String {
    if chance.below(8) == 0 { OUTSIDE[chance.below(4)].into() } else { NUMBERS[chance.below(numbers)].into() }
}

/// Somebody outside calls, answers or hangs up.
fn random_outside(pair: &mut Pair, chance: &mut Chance) {
    let there = pair.nodes[0].switch.truth_outside().expect("a node with trunks");
    let deed = match there.get(chance.below(there.len() + 1)).map(|o| o.id) {
        Some(id) if chance.below(3) > 0 => OutsideDeed::Answer(id),
        Some(id) => OutsideDeed::HangUp(id),
        None => {
            let from = (chance.below(2) == 0).then(|| "+14165550000".to_owned());
            OutsideDeed::Call { from, name: None, to: format!("+1613555{}", 1000 + chance.below(4)) }
        }
    };
    if pair.input(0, Input::Outside(deed)).is_err() {
        assert!(pair.nodes[0].out.is_empty());
    }
}

const USED: [Feature; 17] = [
    Feature::AnswerCall,
    Feature::ClearCall,
    Feature::HoldCall,
    Feature::RetrieveCall,
    Feature::OutPulseDigits,
    Feature::ConsultationCall,
    Feature::CancelConsultationCall,
    Feature::AlternateCall,
    Feature::TransferCall,
    Feature::ConferenceCall,
    Feature::SplitConferenceCall,
    Feature::NewCall,
    Feature::SetAccountCode,
    Feature::CamponCall,
    Feature::TradeCall,
    Feature::SetCallMeBack,
    Feature::SendCallbackMessage,
];

/// Mostly one of the first six: calls come further where they are few.
fn any_line(chance: &mut Chance, node: usize) -> Line {
    let at = chance.below(20);
    line(LINES[node][if at < 18 { at % 6 } else { at - 12 }])
}

fn random_command(chance: &mut Chance, node: usize) -> Command {
    let line = any_line(chance, node);
    let target = Target { line, call: None };
    let two = Two { line, held: None, active: None };
    let (number, other) = (random_number(chance, 12), chance.below(8));
    match chance.below(35) {
        0..=2 => Command::MakeCall { line, number },
        3 => Command::OffHook(line),
        4 => Command::Digits { target, digits: ["1", "20", "1001"][chance.below(3)].into() },
        5..=7 => Command::Answer(target),
        8 => Command::Clear(target),
        9 => Command::Hold(target),
        10 => Command::Retrieve(target),
        11..=14 => Command::Consult { target, number },
        15 => Command::Reconnect(two),
        16 => Command::Alternate(two),
        17 | 18 => Command::Transfer(two),
        19 => Command::Conference(two),
        20 => Command::Split(target),
        21 => Command::Redirect { target, number },
        22 => Command::PickUp { line, ringing: Target { line: self::line(LINES[chance.below(2)][other]), call: None } },
        23 => Command::NewCall(target),
        24 => {
            let which = Forwarding::ALL[chance.below(5)];
            Command::Forward { dn: line.dn, which, number: (chance.below(3) == 0).then_some(number) }
        }
        25 | 26 => Command::HotDesk(desking(chance, line.dn)),
        27 | 28 => Command::CampOn(target),
        29 => Command::Trade(target),
        30 => match chance.below(6) {
            0..=2 => Command::CallBack(target),
            3 => Command::LeaveMessage(target),
            4 => Command::LeaveMessageAt { at: line.dn, from: number },
            _ => Command::ClearMessageAt { at: line.dn, from: number },
        },
        33 => Command::Presence { presence: presence(chance, line.dn), invoker: None },
        31 => Command::RetrieveFrom { line, holder: self::line(LINES[node][other]).dn },
        32 => Command::Account { target, code: ["12", "1"][chance.below(2)].into() },
        _ => Command::DoNotDisturb { dn: line.dn, on: chance.below(12) == 0 },
    }
}

/// Mostly that of a member who may leave.
fn presence(chance: &mut Chance, anybody: Dn) -> Presence {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let member = [dn("1015"), dn("1015"), dn("1005"), anybody][chance.below(4)];
    Presence { group: [dn("1005"), dn("1005"), anybody][chance.below(3)], member, present: chance.below(2) == 0 }
}

/// Mostly something that may be: the sets and the user that calls are made at and to.
fn desking(chance: &mut Chance, anywhere: Dn) -> Desking {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let set = [dn("1010"), dn("1011"), anywhere][chance.below(3)];
    let user = [dn("1900"), dn("1900"), dn("1901")][chance.below(3)];
    let pin = Pin::new(["1234", "1234", "1234", "1"][chance.below(4)]).expect("a PIN");
    match chance.below(6) {
        0 => Desking::LogOutAt(set),
        1 => Desking::LogOut(user),
        2 => Desking::LogInOutside { user: dn("1950"), pin, number: None },
        _ => Desking::LogIn { set, user, pin },
    }
}

/// An application uses something at a leg that it looks at, announced or not.
fn announced_or_not(pair: &mut Pair, chance: &mut Chance, node: usize) {
    let line = any_line(chance, node);
    let views = pair.nodes[node].switch.calls_at(line).expect("a line");
    let Some(view) = views.get(chance.below(views.len().max(1))) else { return };
    let target = Target { line, call: Some(view.key.to_string()) };
    let holds = |v: &&CallView| v.connections.first().is_some_and(|own| own.state == LocalState::Hold);
    let beside = views.iter().filter(holds).find(|v| v.key != view.key).map(|v| v.key.to_string());
    let two = Two { line, held: beside, active: Some(view.key.to_string()) };
    let number = random_number(chance, 10);
    // Mostly what is announced, and seldom the end of a call: so it comes further.
    let announced: Vec<Feature> =
        view.permitted.iter().filter(|f| *f != Feature::ClearCall || chance.below(4) == 0).collect();
    let feature = match announced.len() {
        n @ 1.. if chance.below(3) > 0 => announced[chance.below(n)],
        _ => USED[chance.below(USED.len())],
    };
    let command = match feature {
        Feature::AnswerCall => Command::Answer(target),
        Feature::ClearCall => Command::Clear(target),
        Feature::HoldCall => Command::Hold(target),
        Feature::OutPulseDigits => Command::Digits { target, digits: "1".into() },
        Feature::ConsultationCall => Command::Consult { target, number },
        Feature::CancelConsultationCall => Command::Reconnect(two),
        Feature::AlternateCall => Command::Alternate(two),
        Feature::TransferCall => Command::Transfer(two),
        Feature::ConferenceCall => Command::Conference(two),
        Feature::SplitConferenceCall => Command::Split(target),
        Feature::NewCall => Command::NewCall(target),
        Feature::CamponCall => Command::CampOn(target),
        Feature::TradeCall => Command::Trade(target),
        Feature::SetCallMeBack => Command::CallBack(target),
        Feature::SendCallbackMessage => Command::LeaveMessage(target),
        Feature::SetAccountCode => Command::Account { target, code: "4711".into() },
        // Whether it can go there is not announced.
        Feature::RedirectCall => {
            let redirected = pair.input(node, Input::Command(By::Application, Command::Redirect { target, number }));
            assert!(redirected.is_ok() || pair.nodes[node].out.is_empty());
            return;
        }
        _ => Command::Retrieve(target),
    };
    let result = pair.input(node, Input::Command(By::Application, command));
    assert_eq!(result.is_ok(), view.permitted.has(feature), "{feature:?} at {line} of {view:?}: {result:?}");
}

/// Whether the present state follows from the truth records alone.
#[derive(Default)]
struct Shadow(std::collections::BTreeMap<u64, (String, u8, TruthState, String)>);

impl Shadow {
    fn follow(&mut self, bench: &Bench) {
        for t in bench.truths() {
            let before = self.0.get(&t.leg).map(|l| (l.2, l.3.clone()));
            assert_ne!(before, Some((t.state, t.gcid.clone())), "a record without a change: {t:?}");
            // A call that passes by a phone has a leg there that is never more than gone.
            if before.is_none()
                && matches!(t.cause, Why::CallForwardImmediate | Why::CallForwardBusy)
                && t.state == TruthState::Null
            {
                continue;
            }
            if t.state == TruthState::Null {
                assert!(self.0.remove(&t.leg).is_some(), "a leg that never was ends: {t:?}");
            } else {
                // Somebody outside is shown by the whole number.
                let dn = if t.line == 0 { String::new() } else { t.dn.clone() };
                self.0.insert(t.leg, (dn, t.line, t.state, t.gcid.clone()));
            }
        }
        let now = bench.switch.truth_now(0);
        let inside = now
            .phones
            .iter()
            .flat_map(|p| p.legs.iter().map(|l| (l.leg, (p.dn.clone(), l.line, l.state, l.gcid.clone()))));
        let outside = now.outside.iter().flatten().map(|o| (o.id, (String::new(), 0, o.state, o.gcid.clone())));
        let legs: std::collections::BTreeMap<_, _> = inside.chain(outside).collect();
        assert_eq!(legs, self.0);
    }
}

/// What was true, and how the pickups at the other node went.
fn walk(seed: u64, steps: usize) -> (Vec<Truth>, Vec<bool>) {
    let mut chance = Chance(seed);
    let mut pair = Pair::new();
    let mut shadows = [Shadow::default(), Shadow::default()];
    let (mut truth, mut settled) = (Vec::new(), Vec::new());
    let mut waiting = 0;
    for _ in 0..steps {
        let node = chance.below(2);
        pair.nodes[node].out.clear();
        match chance.below(120) {
            0 if pair.up => {
                // Each end sees it by itself, and so does each shadow.
                pair.up = false;
                pair.mail = Default::default();
                for (i, shadow) in shadows.iter_mut().enumerate() {
                    pair.input(i, Input::PeerDown(2 - i as u16)).expect("down");
                    shadow.follow(&pair.nodes[i]);
                    truth.extend(pair.nodes[i].truths().cloned());
                    settled.extend(pair.nodes[i].settled());
                    pair.nodes[i].out.clear();
                }
                continue;
            }
            0..=8 if !pair.up => {
                // What follows from it is carried like all mail; a callback may ring at once.
                pair.up = true;
                for (i, shadow) in shadows.iter_mut().enumerate() {
                    pair.input(i, Input::PeerUp(2 - i as u16)).expect("up");
                    shadow.follow(&pair.nodes[i]);
                    truth.extend(pair.nodes[i].truths().cloned());
                    pair.nodes[i].out.clear();
                }
                continue;
            }
            9..=14 => {
                let ms = [500, 3_000, 9_000][chance.below(3)];
                for i in 0..2 {
                    pair.nodes[i].now_ms += ms;
                }
                pair.input(node, Input::Tick).expect("a tick");
            }
            15..=55 => {
                pair.carry_one(node);
            }
            91..=95 if node == 0 => random_outside(&mut pair, &mut chance),
            56..=90 => announced_or_not(&mut pair, &mut chance, node),
            _ => {
                let command = random_command(&mut chance, node);
                let by = if chance.below(3) == 0 { By::Application } else { By::Person };
                let before = pair.nodes[node].switch.truth_now(0);
                let done = pair.input(node, Input::Command(by, command));
                let waits = done.as_ref().is_ok_and(|done| done.waits.is_some());
                waiting += usize::from(waits);
                if done.is_err() || waits {
                    assert_eq!(pair.nodes[node].out.len(), usize::from(waits));
                    assert_eq!(pair.nodes[node].switch.truth_now(0), before);
                }
            }
        }
        for h in pair.nodes[node].events() {
            for w in &h.witnesses {
                assert!(w.local != LocalState::Null || w.permitted == Features::NONE);
            }
        }
        shadows[node].follow(&pair.nodes[node]);
        truth.extend(pair.nodes[node].truths().cloned());
        settled.extend(pair.nodes[node].settled());
    }
    for i in 0..2 {
        // Those that nobody has heard of yet.
        waiting -= pair.nodes[i].switch.state.picks.len();
    }
    assert_eq!(settled.len(), waiting, "seed {seed}: each is settled once");
    // When nothing is on its way, both ends tell the same of each call across, and nobody waits.
    pair.carry();
    assert!(pair.nodes.iter().all(|n| n.switch.state.picks.is_empty()), "seed {seed}");
    if pair.up {
        let across = |i: usize| {
            let switch = &pair.nodes[i].switch;
            let all = switch.directory().filter_map(|device| Line::of(&device));
            let lines = all.flat_map(|line| switch.calls_at(line).expect("a line"));
            let mut calls: Vec<_> = lines
                .filter(|v| v.connections.iter().any(|c| c.device.number.starts_with(if i == 0 { '2' } else { '1' })))
                .map(|v| {
                    let two = v.connections.len() == 2;
                    // Who holds a conference is not told across.
                    let state = |c: &crate::sim::switch::LineView| two.then_some(c.state);
                    let mut states: Vec<_> =
                        v.connections.iter().map(|c| (c.device.number.clone(), state(c))).collect();
                    states.sort();
                    (v.gcid.to_string(), states)
                })
                .collect();
            calls.sort();
            // Several of one conference may be at one node.
            calls.dedup();
            calls
        };
        assert_eq!(across(0), across(1), "seed {seed}");
    }
    (truth, settled)
}

#[test]
fn a_random_walk_never_breaks_an_invariant() {
    let (mut seen, mut picked) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let (mut numbers, mut outside) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for seed in 1..=120 {
        let (truth, settled) = walk(seed, 4_000);
        numbers.extend(truth.iter().map(|t| (t.dn.clone(), t.state)));
        outside.extend(truth.iter().filter(|t| t.state == TruthState::Connected).filter_map(|t| t.other.clone()));
        seen.extend(truth.into_iter().map(|t| (t.cause, t.state)));
        picked.extend(settled);
    }
    for wanted in ["95551234", "95550197", "+14165550000"] {
        assert!(outside.iter().any(|other| other == wanted), "{wanted} is never spoken with");
    }
    for (number, state) in
        [("1010", TruthState::Connected), ("1900", TruthState::Alerting), ("1900", TruthState::Connected)]
    {
        assert!(numbers.contains(&(number.to_owned(), state)), "{number} {state:?}");
    }
    assert_eq!(picked.len(), 2, "some pickups at the other node succeed, and some do not");
    // A walk is worth what it comes by.
    for wanted in [
        (Why::Consultation, TruthState::Held),
        (Why::Alternate, TruthState::Connected),
        (Why::Transfer, TruthState::Null),
        (Why::Transfer, TruthState::Alerting),
        (Why::Transfer, TruthState::Delivered),
        (Why::Conference, TruthState::Connected),
        (Why::Redirected, TruthState::Alerting),
        (Why::Redirected, TruthState::Originated),
        (Why::CallForwardImmediate, TruthState::Null),
        (Why::CallForwardImmediate, TruthState::Alerting),
        (Why::CallForwardBusy, TruthState::Alerting),
        (Why::CallForwardNoAnswer, TruthState::Alerting),
        (Why::CallForwardNoAnswer, TruthState::Originated),
        (Why::CallPickup, TruthState::Connected),
        (Why::RecallBusy, TruthState::Alerting),
        (Why::RecallNoAnswer, TruthState::Alerting),
        (Why::CampOn, TruthState::Queued),
        (Why::CampOn, TruthState::Alerting),
        (Why::CampOn, TruthState::Delivered),
        (Why::CallBack, TruthState::Alerting),
        (Why::PeerLost, TruthState::Null),
        (Why::DestOutOfOrder, TruthState::Failed),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?}");
    }
}

#[test]
fn a_seed_replays() {
    let (truth, settled) = walk(77, 2_000);
    assert!(truth.len() > 200, "{}", truth.len());
    assert_eq!((truth, settled), walk(77, 2_000));
}
