//! A long random walk over two nodes: whatever people, applications and the link do, the
//! invariants hold, announcements are kept, and both ends agree once all mail is carried.

use schemas::domain::{Dn, Feature, Features, Forwarding, Pin, Presence};

use super::partners::Pair;
use super::*;
use crate::sim::deed::Deed;
use crate::sim::plan::Sharing;
use crate::sim::switch::{CallView, Desk, Desking, OutsideDeed, Two};

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

const LINES: [[&str; 13]; 2] = [
    ["1000", "1000/2", "1001", "1002", "1005", "1019", "1015", "1003/3", "1010", "1900", "1001/3", "1002/3", "1000/3"],
    ["2000", "2000/2", "2001", "2002", "2003", "2004", "2005", "2006", "2007", "2008", "2009", "2010", "2011"],
];
const NUMBERS: [&str; 16] = [
    "1600", "1601", "1000", "1001", "1005", "1002", "1005", "1019", "2000", "2001", "2002", "1900", "1010", "2999",
    "3000", "1x",
];

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
            OutsideDeed::Call { from, name: None, to: format!("+1613555{}", 1000 + chance.below(6)) }
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

/// Mostly one of the first seven: calls come further where they are few.
fn any_line(chance: &mut Chance, node: usize) -> Line {
    let at = chance.below(27);
    line(LINES[node][if at < 21 { at % 7 } else { at - 14 }])
}

fn random_command(chance: &mut Chance, node: usize) -> Command {
    let line = any_line(chance, node);
    let target = Target { line, call: None };
    let two = Two { line, held: None, active: None };
    let (number, other) = (random_number(chance, 16), chance.below(13));
    match chance.below(38) {
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
        34 => Command::HandOff(self::line(["1005", "1015", "1015/2"][chance.below(3)])),
        35 => Command::AutoAnswer { dn: line.dn, on: chance.below(4) == 0 },
        33 => Command::Presence { presence: presence(chance, line.dn), invoker: None },
        31 => Command::RetrieveFrom { line, holder: self::line(LINES[chance.below(2)][other % 6]).dn },
        32 => Command::Account { target, code: ["12", "1"][chance.below(2)].into() },
        _ => Command::DoNotDisturb { dn: line.dn, on: chance.below(12) == 0 },
    }
}

/// What a guest does at a set, if there is one.
fn random_deed(pair: &Pair, chance: &mut Chance) -> Option<Input> {
    let switch = &pair.nodes[1].switch;
    let sets: Vec<Dn> = LINES[1].iter().map(|at| line(at).dn).filter(|dn| switch.guest_at(*dn).is_some()).collect();
    let set = *sets.get(chance.below(sets.len().max(1)))?;
    let number = random_number(chance, 12);
    let deed = match chance.below(12) {
        0..=2 => Deed::Dial(number),
        3..=5 => Deed::Answer,
        6 => Deed::HangUp,
        7 => Deed::Consult(number),
        8 => Deed::Transfer,
        9 => Deed::Hold,
        10 => Deed::Retrieve,
        _ => Deed::PickUp(line(LINES[chance.below(2)][chance.below(8)]).dn),
    };
    Some(Input::Deed { set, button: 1 + (chance.below(6) / 5) as u8, deed })
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
    let set = [dn("1010"), dn("1011"), dn("2003"), anywhere][chance.below(4)];
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
    let number = random_number(chance, 14);
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
            // But for a call that goes on without its half at another node.
            let changed = before != Some((t.state, t.gcid.clone()));
            assert!(changed || t.cause == Why::PeerLost, "a record without a change: {t:?}");
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

/// The lab's, with a key line and a multicall group at phones that are walked over.
fn walked_plan() -> Plan {
    let mut plan = Plan::lab(Ceid::new(1).expect("a CEID"));
    plan.share("1600=1001/3,1002/3,1003/2".parse().expect("a line"), Sharing::Key).expect("shared");
    plan.share("1601=1000/3,1001/2,1005/2".parse().expect("a line"), Sharing::Multicall).expect("shared");
    plan
}

/// What another node has to say something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Ringing,
    Held,
    Desk,
}

/// How what the other node had to say went: what it was about, and whether it was done.
type Settled = (Asked, bool);

/// What of a node's had to wait is settled now.
fn settle(bench: &Bench, asked: &mut std::collections::BTreeMap<u64, Asked>, settled: &mut Vec<Settled>) {
    for (number, done) in bench.settled() {
        settled.push((asked.remove(&number).expect("it waited"), done));
    }
}

/// Whether a user of the first node talks at a set of the second.
fn talks_away(home: &Bench) -> bool {
    let away = matches!(home.switch.desk_of(line("1900").dn), Some(Desk::Away { .. }));
    away && home.states("1900").contains(&TruthState::Connected)
}

/// What was true, how what the other node was asked for went, and whether a guest talked.
fn walk(seed: u64, steps: usize) -> (Vec<Truth>, Vec<Settled>, bool) {
    let mut chance = Chance(seed);
    let mut pair = Pair::with(walked_plan());
    if seed.is_multiple_of(2) {
        for node in &mut pair.nodes {
            node.recalls_after(12_000);
        }
    }
    let mut shadows = [Shadow::default(), Shadow::default()];
    let (mut truth, mut settled) = (Vec::new(), Vec::new());
    let mut guest_talks = false;
    // By node, those that wait, and whether they are about what is held.
    let mut asked = [const { std::collections::BTreeMap::new() }; 2];
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
                    settle(&pair.nodes[i], &mut asked[i], &mut settled);
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
                // Home may have to ask for what a guest wants to pick up.
                pair.carry_one(node);
                for part in pair.nodes[node].switch.state.picks.keys() {
                    asked[node].entry(part.number).or_insert(Asked::Ringing);
                }
            }
            91..=95 if node == 0 => random_outside(&mut pair, &mut chance),
            56..=90 => announced_or_not(&mut pair, &mut chance, node),
            _ => {
                let deed = if node == 1 && chance.below(2) == 0 { random_deed(&pair, &mut chance) } else { None };
                let input = deed.unwrap_or_else(|| {
                    let command = random_command(&mut chance, node);
                    Input::Command(if chance.below(3) == 0 { By::Application } else { By::Person }, command)
                });
                let before = pair.nodes[node].switch.truth_now(0);
                let about = match &input {
                    Input::Command(_, Command::RetrieveFrom { .. }) => Asked::Held,
                    Input::Command(_, Command::PickUp { .. }) => Asked::Ringing,
                    _ => Asked::Desk,
                };
                let done = pair.input(node, input);
                let number = done.as_ref().ok().and_then(|done| done.waits);
                let waits = number.is_some();
                asked[node].extend(number.map(|number| (number, about)));
                if done.is_err() || waits {
                    let out = &pair.nodes[node].out;
                    assert_eq!(out.len(), usize::from(waits), "seed {seed}, {done:?}: {out:?}");
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
        settle(&pair.nodes[node], &mut asked[node], &mut settled);
        guest_talks |= talks_away(&pair.nodes[0]);
    }
    for (node, asked) in pair.nodes.iter().zip(&asked) {
        // Those that nobody has heard of yet.
        let waiting = node.switch.state.picks.len() + node.switch.state.desks.errands.len();
        assert_eq!(waiting, asked.len(), "seed {seed}: each is settled once");
    }
    // When nothing is on its way, both ends tell the same of each call across, and nobody waits.
    pair.carry();
    let nobody = |n: &Bench| n.switch.state.picks.is_empty() && n.switch.state.desks.errands.is_empty();
    assert!(pair.nodes.iter().all(nobody), "seed {seed}");
    if pair.up {
        let [home, away] = [0, 1].map(|i| &pair.nodes[i].switch.state.desks);
        let guests: Vec<_> = away.by_set.iter().map(|(set, user)| (*user, *set)).collect();
        let mut gone: Vec<_> = home
            .by_user
            .iter()
            .filter_map(|(user, desk)| if let Desk::Away { set, .. } = desk { Some((*user, *set)) } else { None })
            .collect();
        gone.sort_by_key(|(_, set)| *set);
        assert_eq!(gone, guests, "seed {seed}: both ends agree who is away");
        let across = |i: usize| {
            let switch = &pair.nodes[i].switch;
            let all = switch.directory().filter_map(|device| Line::of(&device));
            let lines = all.flat_map(|line| switch.calls_at(line).expect("a line"));
            let mut calls: Vec<_> = lines
                .filter(|v| v.connections.iter().any(|c| c.device.number.starts_with(if i == 0 { '2' } else { '1' })))
                .map(|v| {
                    let rung = v.connections.iter().filter(|c| c.state == LocalState::Alerting).count();
                    let two = v.connections.len() - rung.saturating_sub(1) == 2;
                    // Who holds a conference is not told across.
                    let state = |c: &crate::sim::switch::LineView| two.then_some(c.state);
                    // The other end knows of the group alone, while it rings.
                    let number = |c: &crate::sim::switch::LineView| match c.device.number.as_str() {
                        "1015" if c.state == LocalState::Alerting => "1005".to_owned(),
                        number => number.to_owned(),
                    };
                    let mut states: Vec<_> = v.connections.iter().map(|c| (number(c), state(c))).collect();
                    states.sort();
                    states.dedup();
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
    (truth, settled, guest_talks)
}

#[test]
fn a_random_walk_never_breaks_an_invariant() {
    let (mut seen, mut picked) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let (mut numbers, mut outside) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let mut lines = std::collections::BTreeSet::new();
    let mut guests = 0;
    for seed in 1..=120 {
        let (truth, settled, guest_talks) = walk(seed, 4_000);
        guests += usize::from(guest_talks);
        numbers.extend(truth.iter().map(|t| (t.dn.clone(), t.state)));
        lines.extend(truth.iter().map(|t| (t.dn.clone(), t.line, t.state)));
        outside.extend(truth.iter().filter(|t| t.state == TruthState::Connected).filter_map(|t| t.other.clone()));
        seen.extend(truth.into_iter().map(|t| (t.cause, t.state)));
        picked.extend(settled);
    }
    for wanted in ["95551234", "95550197", "+14165550000"] {
        assert!(outside.iter().any(|other| other == wanted), "{wanted} is never spoken with");
    }
    for line in [("1001", 3), ("1002", 3), ("1000", 3)] {
        let seen = |state| lines.contains(&(line.0.to_owned(), line.1, state));
        assert!(seen(TruthState::Alerting) && seen(TruthState::Connected), "{line:?}");
    }
    assert!(lines.contains(&("1002".to_owned(), 3, TruthState::Held)));
    for (number, state) in
        [("1010", TruthState::Connected), ("1900", TruthState::Alerting), ("1900", TruthState::Connected)]
    {
        assert!(numbers.contains(&(number.to_owned(), state)), "{number} {state:?}");
    }
    assert_eq!(picked.len(), 6, "some of what the other node is asked for is done, and some is not: {picked:?}");
    assert!(guests > 0, "no user ever talks at a set of the other node");
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
        (Why::Recall, TruthState::Alerting),
        (Why::Recall, TruthState::Delivered),
        (Why::RecallBusy, TruthState::Alerting),
        (Why::RecallNoAnswer, TruthState::Alerting),
        (Why::CampOn, TruthState::Queued),
        (Why::CampOn, TruthState::Alerting),
        (Why::CampOn, TruthState::Delivered),
        (Why::CallBack, TruthState::Alerting),
        (Why::MultipleAlerting, TruthState::Alerting),
        (Why::MultipleAlerting, TruthState::Null),
        (Why::Handoff, TruthState::Null),
        (Why::Handoff, TruthState::Alerting),
        (Why::Handoff, TruthState::Delivered),
        (Why::PeerLost, TruthState::Null),
        (Why::DestOutOfOrder, TruthState::Failed),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?}");
    }
}

#[test]
fn a_seed_replays() {
    let walked = walk(77, 2_000);
    assert!(walked.0.len() > 200, "{}", walked.0.len());
    assert_eq!(walked, walk(77, 2_000));
}
