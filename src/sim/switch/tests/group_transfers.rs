//! A personal ring group to which somebody transfers without waiting for an answer: whichever nodes the parties are at,
//! they are told of the group as parties of one node are.

use super::across::{Net, node_of};
use super::joins::two;
use super::*;

use CallEventKind::{ConnectionCleared, Delivered as Rings, Established, Held, Retrieved};
use TruthState::{Alerting, Connected, Delivered};

/// Who is left waiting, who transfers, at which nodes: the group, 1005 and 1015, is at node 1.
const PLACES: [(&str, &str, &str); 5] = [
    ("1001", "1000", "all at one node"),
    ("2001", "2000", "the group at another"),
    ("1001", "2000", "who transfers at another"),
    ("2001", "1000", "who waits at another"),
    ("3001", "2000", "each at another"),
];

/// What happens after the transfer.
#[derive(Debug, Clone, Copy)]
enum Then {
    Answered,
    Unanswered,
    GivenUp,
}

/// Kind, cause and group of each event at a line.
type Heard = Vec<(CallEventKind, Why, Option<String>)>;

fn heard(net: &Net, at: &str) -> Heard {
    let at = line(at);
    let of_it = |h: &&Happened| h.witnesses.iter().any(|w| w.line == at);
    let told = net.happened(node_of(&at.dn.to_string())).into_iter().filter(of_it);
    told.map(|h| (h.kind, h.why, h.group.as_ref().map(|g| g.device.number.clone()))).collect()
}

/// Somebody who waits is put through to the group while that rings.
fn transferred(waits: &str, by: &str) -> Net {
    let mut net = Net::new();
    net.call(waits, by);
    net.answer(by);
    net.consult(by, "1005");
    net.does(by, Command::Transfer(two(by))).expect("transferred");
    assert_eq!((net.states(waits), net.states("1015")), (vec![Delivered], vec![Alerting]));
    net
}

/// What who waits, who transferred and who answers hear of it, in this order.
fn after(net: &mut Net, (waits, by): (&str, &str), then: Then) -> [Heard; 3] {
    let mut all = [const { Vec::new() }; 3];
    let mut note = |net: &Net| {
        for (told, at) in all.iter_mut().zip([waits, by, "1015"]) {
            told.extend(heard(net, at));
        }
    };
    match then {
        Then::Answered => {
            net.answer("1015");
            note(net);
        }
        Then::Unanswered => {
            net.wait(20_000);
            note(net);
            net.answer(by);
            note(net);
        }
        Then::GivenUp => {
            net.does(waits, Command::Clear(at(waits))).expect("cleared");
            note(net);
        }
    }
    all
}

#[test]
fn who_is_put_through_to_a_group_hears_of_it_wherever_that_is() {
    let group = || Some("1005".to_owned());
    let answer = || vec![(Established, Why::Normal, group())];
    for (then, told) in [
        (Then::Answered, [answer(), vec![], answer()]),
        (
            Then::Unanswered,
            [
                vec![(Rings, Why::RecallNoAnswer, None), (Established, Why::Normal, None)],
                vec![(Rings, Why::RecallNoAnswer, None), (Established, Why::Normal, None)],
                vec![(ConnectionCleared, Why::CallNotAnswered, group())],
            ],
        ),
        (
            Then::GivenUp,
            [
                vec![(ConnectionCleared, Why::NormalClearing, group())],
                vec![],
                vec![(ConnectionCleared, Why::NormalClearing, group())],
            ],
        ),
    ] {
        for (waits, by, places) in PLACES {
            let mut net = transferred(waits, by);
            assert_eq!(after(&mut net, (waits, by), then), told, "{places}, {then:?}");
            if !matches!(then, Then::GivenUp) {
                net.does(waits, Command::Clear(at(waits))).expect("cleared");
            }
            assert!(net.is_idle(), "{places}, {then:?}");
        }
    }
}

#[test]
fn an_answered_consultation_of_a_group_leaves_nothing_of_it_in_what_follows() {
    for (waits, by, places) in PLACES {
        for (command, kept) in [(Command::Transfer(two(by)), false), (Command::Conference(two(by)), true)] {
            let mut net = Net::new();
            net.call(waits, by);
            net.answer(by);
            net.consult(by, "1005");
            net.answer("1015");
            net.does(by, command).expect("done");
            assert_eq!(net.states("1015"), [Connected], "{places}");
            net.does(waits, Command::Hold(at(waits))).expect("held");
            let held = heard(&net, "1015");
            assert_eq!(held, [(Held, Why::Normal, None)], "{places}, conference: {kept}");
            net.does(waits, Command::Retrieve(at(waits))).expect("taken back");
            for who in std::iter::once("1015").chain(kept.then_some(by)) {
                net.does(who, Command::Clear(at(who))).expect("cleared");
                assert!(heard(&net, waits).iter().all(|(_, _, group)| group.is_none()), "{places}, conference: {kept}");
            }
            assert!(net.is_idle(), "{places}");
        }
    }
}

#[test]
fn a_party_who_holds_while_put_through_to_a_group_hears_of_it_too() {
    for (waits, by, places) in PLACES {
        let mut net = Net::new();
        net.call(waits, by);
        net.answer(by);
        net.does(waits, Command::Hold(at(waits))).expect("held");
        net.consult(by, "1005");
        net.does(by, Command::Transfer(two(by))).expect("transferred");
        let [waiting, _, answering] = after(&mut net, (waits, by), Then::Answered);
        let told = vec![(Established, Why::Normal, Some("1005".to_owned()))];
        assert_eq!((waiting, answering), (told.clone(), told), "{places}");
        net.does(waits, Command::Retrieve(at(waits))).expect("taken back");
        assert_eq!(heard(&net, "1015"), [(Retrieved, Why::Normal, None)], "{places}");
        net.does(waits, Command::Clear(at(waits))).expect("cleared");
        assert!(net.is_idle(), "{places}");
    }
}
