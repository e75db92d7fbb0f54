//! Hot desk users at sets of another node: node 1 is their home, node 2 has the sets.

use schemas::csta::hot_desk::HotDeskRefusal as No;
use schemas::csta::message::{HotDeskOf, HotDeskState};
use schemas::domain::Forwarding;

use super::hot_desk::{dn, log_in, log_out, log_out_at, pin};
use super::partners::Pair;
use super::*;
use crate::sim::deed::Deed;
use crate::sim::peer::{DeskWish, PeerMessage};
use crate::sim::switch::Desking;
use crate::sim::truth::TruthNow;

const HOME: usize = 0;
const AWAY: usize = 1;

/// Two nodes, and what each told its monitors of service and users.
struct World {
    pair: Pair,
    told: [Vec<String>; 2],
    /// By node and number.
    settled: Vec<((usize, u64), Result<(), Refusal>)>,
}

impl World {
    fn new() -> Self {
        Self { pair: Pair::new(), told: Default::default(), settled: Vec::new() }
    }

    fn note(&mut self, i: usize) {
        self.told[i].extend(self.pair.nodes[i].desks_told());
        for output in &self.pair.nodes[i].out {
            if let Output::Settled(number, result) = output {
                self.settled.push(((i, *number), result.as_ref().map(drop).map_err(|why| *why)));
            }
        }
    }

    fn input(&mut self, i: usize, input: Input) -> Result<Done, Refusal> {
        let done = self.pair.input(i, input);
        self.note(i);
        done
    }

    fn carry_one(&mut self, i: usize) -> bool {
        let carried = self.pair.carry_one(i);
        if carried {
            self.note(i);
        }
        carried
    }

    fn carry(&mut self) {
        while self.carry_one(HOME) || self.carry_one(AWAY) {}
    }

    fn disconnect(&mut self) {
        self.pair.disconnect();
        self.note(HOME);
        self.note(AWAY);
    }

    /// Done or refused, whichever node has to say; nothing is on its way then.
    fn does(&mut self, i: usize, input: Input) -> Result<(), Refusal> {
        let done = self.input(i, input);
        self.carry();
        match done?.waits {
            None => Ok(()),
            Some(number) => {
                let settled: Vec<_> = self.settled.iter().filter(|(of, _)| *of == (i, number)).collect();
                assert_eq!(settled.len(), 1, "it is settled once: {settled:?}");
                settled[0].1
            }
        }
    }

    fn application(&mut self, i: usize, command: Command) -> Result<(), Refusal> {
        self.does(i, Input::Command(By::Application, command))
    }

    fn person(&mut self, i: usize, command: Command) -> Result<(), Refusal> {
        self.does(i, Input::Command(By::Person, command))
    }

    fn deed(&mut self, set: &str, button: u8, deed: Deed) -> Result<(), Refusal> {
        self.does(AWAY, Input::Deed { set: dn(set), button, deed })
    }

    fn hears(&mut self) -> [Vec<String>; 2] {
        std::mem::take(&mut self.told)
    }

    /// Where the user is, as home says, and who is at the set, as its node says.
    fn agree(&self, user: &str, set: &str) -> (Option<String>, Option<String>) {
        let home = self.pair.nodes[HOME].switch.truth_of(dn(user)).expect("a user").desk;
        (home, self.pair.nodes[AWAY].switch.truth_of(dn(set)).expect("a set").user)
    }

    fn truth(&self) -> [TruthNow; 2] {
        [0, 1].map(|i| self.pair.nodes[i].switch.truth_now(0))
    }

    fn states(&self, i: usize, at: &str) -> Vec<TruthState> {
        self.pair.nodes[i].states(at)
    }

    fn refuses(&mut self, i: usize, command: Command, why: impl Into<Refusal>) {
        let before = self.truth();
        self.hears();
        assert_eq!(self.application(i, command.clone()), Err(why.into()), "{command:?}");
        assert_eq!(self.truth(), before, "{command:?}");
        assert!(self.hears().iter().all(Vec::is_empty), "{command:?}");
    }

    fn at(set: &str, user: &str) -> Self {
        let mut world = Self::new();
        world.application(AWAY, log_in(set, user)).expect("logged in");
        world.hears();
        world.settled.clear();
        world
    }
}

use TruthState::{Alerting, Connected, Delivered, Failed};

#[test]
fn a_user_is_called_and_calls_at_a_set_of_another_node() {
    let mut w = World::new();
    w.application(AWAY, log_in("2001", "1900")).expect("logged in");
    assert_eq!(
        w.hears(),
        [
            vec!["1900 back".to_owned(), "1900 hears 1900 at 2001 of node 2".into()],
            vec!["2001 out".into(), "2001 hears 1900 at 2001".into()]
        ]
    );
    assert_eq!(w.agree("1900", "2001"), (Some("2001".into()), Some("1900".into())));
    let there = HotDeskState { user: Some("1900".into()), set: Some("2001".into()), outside: None };
    assert_eq!(w.pair.nodes[HOME].switch.desk_state(&HotDeskOf::User("1900".into())), Ok(there.clone()));
    assert_eq!(w.pair.nodes[AWAY].switch.desk_state(&HotDeskOf::Set("2001".into())), Ok(there));

    // From home, from the node of the set, and from the set itself: the user's number.
    w.person(HOME, Command::MakeCall { line: line("1000"), number: "1900".into() }).expect("a call");
    w.deed("2001", 1, Deed::Answer).expect("answered");
    assert_eq!((w.states(HOME, "1000"), w.states(HOME, "1900")), (vec![Connected], vec![Connected]));
    w.deed("2001", 1, Deed::HangUp).expect("cleared");
    w.person(AWAY, Command::MakeCall { line: line("2000"), number: "1900".into() }).expect("a call");
    assert_eq!((w.states(AWAY, "2000"), w.states(HOME, "1900")), (vec![Delivered], vec![Alerting]));
    w.person(AWAY, Command::Clear(at("2000"))).expect("cleared");
    w.deed("2001", 2, Deed::Dial("2000".into())).expect("a call");
    let rung = w.pair.nodes[AWAY].switch.calls_at(line("2000")).expect("a line").remove(0);
    assert_eq!(rung.calling.number, "1900");
    w.deed("2001", 2, Deed::HangUp).expect("cleared");
    assert!(w.states(AWAY, "2000").is_empty());

    // Its own number reaches nobody.
    for (i, from) in [(HOME, "1000"), (AWAY, "2000")] {
        w.person(i, Command::MakeCall { line: line(from), number: "2001".into() }).expect("a call");
        assert_eq!(w.states(i, from), [Failed]);
        w.person(i, Command::Clear(at(from))).expect("cleared");
    }
    assert_eq!(w.application(AWAY, Command::OffHook(line("2001"))), Err(Refusal::OutOfService));

    w.person(AWAY, log_out_at("2001")).expect("logged out");
    assert_eq!(
        w.hears(),
        [
            vec!["1900 out".to_owned(), "1900 hears 1900 at nowhere".into()],
            vec!["2001 back".into(), "2001 hears 1900 at nowhere".into()]
        ]
    );
    assert_eq!(w.agree("1900", "2001"), (None, None));
    w.person(AWAY, Command::MakeCall { line: line("2000"), number: "2001".into() }).expect("a call");
    assert_eq!(w.states(AWAY, "2001"), [Alerting]);
}

#[test]
fn features_go_along_and_what_is_refused_at_home_is_refused_at_the_set() {
    let mut w = World::at("2001", "1900");
    w.deed("2001", 1, Deed::DoNotDisturb(true)).expect("set");
    w.deed("2001", 1, Deed::Forward(Forwarding::BusyInternal, Some("1001".into()))).expect("set");
    let user = w.pair.nodes[HOME].switch.truth_of(dn("1900")).expect("a user");
    assert!(user.dnd && user.forwards["busyInternal"] == "1001");
    w.person(AWAY, log_in("2002", "1900")).expect("logged in elsewhere");
    assert!(w.pair.nodes[HOME].switch.truth_of(dn("1900")).expect("a user").dnd);
    for (button, deed, why) in [
        (1, Deed::Answer, Refusal::NoCallToAnswer),
        (1, Deed::HangUp, Refusal::NoConnectionToClear),
        (3, Deed::OffHook, Refusal::UnknownDevice),
        (1, Deed::Dial(String::new()), Refusal::InvalidDestination),
        (1, Deed::Forward(Forwarding::Always, Some("1900".into())), Refusal::BadForward),
    ] {
        let before = w.truth();
        assert_eq!(w.deed("2002", button, deed.clone()), Err(why), "{deed:?}");
        assert_eq!(w.truth(), before, "{deed:?}");
    }
    assert_eq!(w.deed("2001", 1, Deed::OffHook), Err(Refusal::OutOfService), "nobody is there any more");
}

#[test]
fn what_rings_at_the_node_of_the_set_is_picked_up_by_way_of_home() {
    let mut w = World::at("2001", "1900");
    assert_eq!(w.deed("2001", 1, Deed::PickUp(dn("2005"))), Err(Refusal::NoCallToAnswer));
    w.person(AWAY, Command::MakeCall { line: line("2000"), number: "2005".into() }).expect("a call");
    w.deed("2001", 1, Deed::PickUp(dn("2005"))).expect("picked up");
    assert_eq!((w.states(AWAY, "2000"), w.states(HOME, "1900")), (vec![Connected], vec![Connected]));
    assert!(w.states(AWAY, "2005").is_empty());
}

#[test]
fn who_logs_in_elsewhere_is_logged_out_of_the_former_set_wherever_the_two_are() {
    let mut w = World::at("2001", "1900");
    w.application(AWAY, log_in("2002", "1900")).expect("at another set there");
    assert_eq!(
        w.hears(),
        [
            ["1900 out", "1900 hears 1900 at nowhere", "1900 back", "1900 hears 1900 at 2002 of node 2"]
                .map(String::from)
                .to_vec(),
            ["2001 back", "2001 hears 1900 at nowhere", "2002 out", "2002 hears 1900 at 2002"]
                .map(String::from)
                .to_vec(),
        ]
    );
    assert_eq!(w.agree("1900", "2001"), (Some("2002".into()), None));
    w.application(HOME, log_in("1010", "1900")).expect("at home");
    assert_eq!(w.agree("1900", "2002"), (Some("1010".into()), None));
    w.application(AWAY, log_in("2002", "1900")).expect("away again");
    assert_eq!(w.agree("1900", "2002"), (Some("2002".into()), Some("1900".into())));
    assert_eq!(w.pair.nodes[HOME].switch.number_at(dn("1010")), dn("1010"));
    w.application(HOME, log_out("1900")).expect("logged out at home");
    assert_eq!(w.agree("1900", "2002"), (None, None));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing_at_either_node() {
    let mut w = World::at("2001", "1900");
    let wrong =
        |set: &str, user: &str| Command::HotDesk(Desking::LogIn { set: dn(set), user: dn(user), pin: pin("4321") });
    w.refuses(AWAY, wrong("2002", "1901"), No::WrongPin);
    w.refuses(AWAY, wrong("2002", "1900"), No::WrongPin);
    w.refuses(AWAY, log_in("2001", "1900"), No::LoggedIn);
    w.refuses(AWAY, log_in("2001", "1901"), No::Taken);
    w.refuses(AWAY, log_in("2010", "1901"), No::NotAccepted);
    w.refuses(AWAY, log_in("2500", "1901"), Refusal::UnknownDevice);
    w.refuses(AWAY, log_in("2002", "1000"), No::UnknownUser);
    w.refuses(AWAY, log_in("2002", "1999"), No::UnknownUser);
    w.refuses(AWAY, log_in("2002", "4000"), No::UnknownUser);
    w.refuses(AWAY, log_in("2002", "2003"), No::UnknownUser);
    w.refuses(AWAY, log_in("2002", "3000"), No::Unreachable);
    w.refuses(AWAY, log_in("2002", "1950"), No::External);
    w.refuses(HOME, log_in("1011", "2000"), No::UnknownUser);
    w.refuses(AWAY, log_out_at("2002"), No::NotLoggedIn);
    w.refuses(AWAY, log_out_at("1900"), Refusal::UnknownDevice);
    w.refuses(AWAY, log_out("1900"), No::ElsewhereUser);
    for (user, digits, expected) in [
        ("1900", "1234", Ok(())),
        ("1900", "1235", Err(No::WrongPin.into())),
        ("1800", "1234", Err(No::UnknownUser.into())),
        ("3000", "1234", Err(No::Unreachable.into())),
    ] {
        let verify = Command::HotDesk(Desking::Verify { user: dn(user), pin: pin(digits) });
        let before = w.truth();
        assert_eq!(w.application(AWAY, verify), expected, "{user} {digits}");
        assert_eq!(w.truth(), before, "{user} {digits}");
    }
    w.disconnect();
    w.refuses(AWAY, log_in("2001", "1900"), No::Unreachable);
    w.refuses(AWAY, Command::HotDesk(Desking::Verify { user: dn("1900"), pin: pin("1234") }), No::Unreachable);
}

#[test]
fn a_partner_that_says_what_cannot_be_is_refused() {
    let mut w = World::at("2001", "1900");
    let before = w.truth();
    let login = |set: &str, user: &str| DeskWish::In { set: set.into(), user: user.into(), pin: pin("1234") };
    let does = |set: &str, user: &str, deed| {
        let deed = Box::new(deed);
        DeskWish::Deed { set: set.into(), user: user.into(), button: 1, deed }
    };
    let leaves = Deed::LogIn { user: dn("1901"), pin: pin("1234"), outside: None };
    for (wish, why) in [
        (login("1010", "1901"), No::NotAccepted.into()),
        (login("3000", "1901"), No::NotAccepted.into()),
        (login("x", "1901"), No::NotAccepted.into()),
        (login("2002", "x"), No::UnknownUser.into()),
        (login("2001", "1901"), No::Taken.into()),
        (login("2001", "1900"), No::LoggedIn.into()),
        (DeskWish::Out { set: "2002".into(), user: "1900".into() }, No::NotLoggedIn.into()),
        (DeskWish::Out { set: "2001".into(), user: "1901".into() }, No::NotLoggedIn.into()),
        (does("2002", "1900", Deed::OffHook), Refusal::OutOfService),
        (does("2001", "1000", Deed::OffHook), Refusal::OutOfService),
        (does("2001", "1900", leaves), Refusal::OutOfService),
    ] {
        let asked = PeerMessage::Desk { ask: 77, wish: wish.clone() };
        w.input(HOME, Input::Peer(2, asked)).expect("messages are never refused");
        let said = w.pair.mail[AWAY].pop_front();
        assert_eq!(said, Some(PeerMessage::DeskRefused { ask: 77, why }), "{wish:?}");
    }
    // Answers to what was never asked, and news of who was never there.
    for message in [
        PeerMessage::DeskDone { ask: 77 },
        PeerMessage::DeskRefused { ask: 77, why: Refusal::Full },
        PeerMessage::DeskGone { set: "2002".into(), user: "1900".into() },
        PeerMessage::DeskGone { set: "x".into(), user: "1900".into() },
    ] {
        for i in [HOME, AWAY] {
            w.input(i, Input::Peer(2 - i as u16, message.clone())).expect("messages are never refused");
            assert!(w.pair.nodes[i].out.is_empty(), "{message:?}: {:?}", w.pair.nodes[i].out);
        }
    }
    assert_eq!(w.truth(), before);
}

#[test]
fn nobody_comes_or_goes_during_a_call() {
    let mut w = World::new();
    w.person(AWAY, Command::MakeCall { line: line("2000"), number: "2001".into() }).expect("a call");
    w.refuses(AWAY, log_in("2001", "1900"), No::InCall);
    w.person(AWAY, Command::Clear(at("2000"))).expect("cleared");
    w.application(AWAY, log_in("2001", "1900")).expect("logged in");
    w.deed("2001", 1, Deed::OffHook).expect("dial tone");
    w.refuses(AWAY, log_out_at("2001"), No::InCall);
    w.refuses(HOME, log_out("1900"), No::InCall);
    w.refuses(AWAY, log_in("2002", "1900"), No::InCall);
    w.refuses(HOME, log_in("1010", "1900"), No::InCall);
    w.deed("2001", 1, Deed::HangUp).expect("cleared");
    w.application(HOME, log_in("1010", "1900")).expect("logged in elsewhere");
    w.person(HOME, Command::OffHook(line("1900"))).expect("dial tone");
    w.refuses(AWAY, log_in("2001", "1900"), No::InCall);
}

#[test]
fn a_pickup_on_its_way_is_a_call_too() {
    let mut w = World::at("2001", "1900");
    w.person(HOME, Command::MakeCall { line: line("1000"), number: "1001".into() }).expect("a call");
    let picks = Command::PickUp { line: line("2002"), ringing: at("1001") };
    w.input(AWAY, Input::Command(By::Person, picks)).expect("asked");
    let comes = w.input(AWAY, Input::Command(By::Person, log_in("2002", "1901")));
    assert_eq!(comes, Err(No::InCall.into()));
    w.carry();
    assert_eq!(w.states(AWAY, "2002"), [Connected]);
}

#[test]
fn the_set_is_kept_until_home_has_said() {
    for digits in ["1234", "4321"] {
        let mut w = World::new();
        let comes = Desking::LogIn { set: dn("2001"), user: dn("1900"), pin: pin(digits) };
        let done = w.input(AWAY, Input::Command(By::Application, Command::HotDesk(comes))).expect("asked");
        assert!(w.hears().iter().all(Vec::is_empty), "nothing has happened yet");
        // Nobody else gets it meanwhile, and nobody is called there.
        for (command, why) in [
            (log_in("2001", "1901"), No::Taken.into()),
            (Command::OffHook(line("2001")), Refusal::OutOfService),
            (Command::MakeCall { line: line("2001/2"), number: "2000".into() }, Refusal::OutOfService),
            (log_out_at("2001"), No::NotLoggedIn.into()),
        ] {
            assert_eq!(w.input(AWAY, Input::Command(By::Person, command.clone())), Err(why), "{command:?}");
        }
        assert_eq!(w.pair.nodes[AWAY].switch.set_choices(dn("2001")), ["dnd", "autoanswer", "forward", "login"]);
        let call = Command::MakeCall { line: line("2000"), number: "2001".into() };
        w.input(AWAY, Input::Command(By::Person, call)).expect("a call");
        assert_eq!(w.states(AWAY, "2000"), [Failed]);
        w.carry();
        assert_eq!(w.settled.len(), 1);
        assert_eq!((Some(w.settled[0].0.1), w.settled[0].1.is_ok()), (done.waits, digits == "1234"));
        w.person(AWAY, Command::Clear(at("2000"))).expect("cleared");
        let free = w.person(AWAY, Command::OffHook(line("2001"))).is_ok();
        assert_eq!(free, digits == "4321", "a set whose login was refused is as it was");
    }
}

#[test]
fn a_link_that_is_lost_logs_the_user_out_at_both_ends() {
    let mut w = World::at("2001", "1900");
    // One talks with somebody at home, another rings, and a third is rung for the user's transfer.
    w.person(HOME, Command::MakeCall { line: line("1000"), number: "1900".into() }).expect("a call");
    w.deed("2001", 1, Deed::Answer).expect("answered");
    w.deed("2001", 1, Deed::Consult("1001".into())).expect("consulted");
    w.deed("2001", 1, Deed::Transfer).expect("transferred");
    w.person(HOME, Command::MakeCall { line: line("1002"), number: "1900".into() }).expect("a call");
    assert_eq!(w.states(HOME, "1900"), [Alerting]);
    w.disconnect();
    assert_eq!(
        w.hears(),
        [
            vec!["1900 out".to_owned(), "1900 hears 1900 at nowhere".into()],
            vec!["2001 back".into(), "2001 hears 1900 at nowhere".into()]
        ]
    );
    assert_eq!(w.agree("1900", "2001"), (None, None));
    assert!(w.states(HOME, "1900").is_empty());
    assert!(w.states(HOME, "1002").is_empty());
    assert_eq!((w.states(HOME, "1000"), w.states(HOME, "1001")), (vec![Delivered], vec![Alerting]));
    // Nobody answers: there is nobody who could be rung again.
    w.pair.nodes[HOME].wait(20_000);
    assert_eq!(w.states(HOME, "1000"), [Failed]);
    w.person(AWAY, Command::OffHook(line("2001"))).expect("the set is its own again");
    w.pair.connect();
    assert_eq!(w.agree("1900", "2001"), (None, None));
}

#[test]
fn both_ends_agree_whenever_the_link_is_lost() {
    // A login, a move, a logout, each cut off after so many messages.
    for (first, then) in
        [(None, log_in("2001", "1900")), (Some("2001"), log_in("2002", "1900")), (Some("2001"), log_out_at("2001"))]
    {
        for carried in 0..4 {
            for sees_first in [HOME, AWAY] {
                let mut w = first.map_or_else(World::new, |set| World::at(set, "1900"));
                let done = w.input(AWAY, Input::Command(By::Application, then.clone())).expect("asked");
                for _ in 0..carried {
                    let _ = w.carry_one(HOME) || w.carry_one(AWAY);
                }
                // One end sees it, and the other only by the new link.
                w.pair.mail = Default::default();
                let peer = |i: usize| 2 - i as u16;
                w.input(sees_first, Input::PeerDown(peer(sees_first))).expect("down");
                for i in [sees_first, 1 - sees_first] {
                    w.input(i, Input::PeerUp(peer(i))).expect("up");
                }
                w.carry();
                for set in ["2001", "2002"] {
                    assert_eq!(w.agree("1900", set), (None, None), "{then:?} {carried} {sees_first}");
                }
                assert_eq!(w.settled.iter().filter(|(of, _)| Some(of.1) == done.waits).count(), 1);
                w.application(AWAY, log_in("2001", "1900")).expect("all is well again");
            }
        }
    }
}

#[test]
fn a_home_that_does_not_answer_is_not_waited_for() {
    let mut w = World::new();
    w.input(AWAY, Input::Command(By::Application, log_in("2001", "1900"))).expect("asked");
    let now = w.pair.nodes[AWAY].now_ms;
    assert_eq!(w.pair.nodes[AWAY].switch.next_deadline(), Some(now + 4_000));
    w.pair.nodes[AWAY].now_ms += 4_000;
    w.input(AWAY, Input::Tick).expect("a tick");
    assert_eq!(w.settled.iter().map(|(_, result)| *result).collect::<Vec<_>>(), [Err(No::Unreachable.into())]);
    // Home hears of the login now, and then that nobody waits for it.
    w.carry();
    assert_eq!(w.agree("1900", "2001"), (None, None));
    assert_eq!(w.settled.len(), 1);
    w.person(AWAY, Command::OffHook(line("2001"))).expect("the set is its own");
}

#[test]
fn a_pickup_that_home_waits_for_in_vain_is_refused_by_home() {
    let mut w = World::at("2001", "1900");
    let done = w.input(AWAY, Input::Deed { set: dn("2001"), button: 1, deed: Deed::PickUp(dn("2005")) });
    let number = done.expect("asked").waits;
    // Home asks, and hears nothing.
    assert!(w.carry_one(HOME));
    let unheard = std::mem::take(&mut w.pair.mail[AWAY]);
    assert!(matches!(unheard.front(), Some(PeerMessage::PickUp { .. })), "{unheard:?}");
    for node in &mut w.pair.nodes {
        node.now_ms += 4_000;
    }
    for i in [AWAY, HOME] {
        w.input(i, Input::Tick).expect("a tick");
    }
    w.carry();
    let settled: Vec<_> = w.settled.iter().filter(|(of, _)| of.0 == AWAY).collect();
    assert_eq!(settled, [&((AWAY, number.expect("home has to say")), Err(Refusal::Unreachable))]);
    assert_eq!(w.agree("1900", "2001"), (Some("2001".into()), Some("1900".into())), "the user is still there");
}

#[test]
fn a_power_failure_of_either_node_logs_the_user_out() {
    for dies in [HOME, AWAY] {
        let mut w = World::at("2001", "1900");
        let asked = Input::Deed { set: dn("2001"), button: 1, deed: Deed::OffHook };
        let done = w.input(AWAY, asked).expect("asked");
        w.input(dies, Input::Power { epoch_ms: EPOCH + 1 }).expect("it is never refused");
        w.pair.mail = Default::default();
        w.input(1 - dies, Input::PeerDown(2 - (1 - dies) as u16)).expect("down");
        assert_eq!(w.agree("1900", "2001"), (None, None));
        assert_eq!(w.settled.iter().filter(|(of, _)| Some(of.1) == done.waits).count(), 1, "whoever asked is told");
        w.pair.connect();
        w.application(AWAY, log_in("2001", "1900")).expect("logged in anew");
    }
}

#[test]
fn a_wish_is_bounded_and_shows_no_pin() {
    let mut w = World::new();
    let login = Command::HotDesk(Desking::LogIn { set: dn("2001"), user: dn("1900"), pin: pin("73519") });
    w.input(AWAY, Input::Command(By::Person, login)).expect("asked");
    let said = w.pair.mail[HOME].front().cloned().expect("home is asked");
    let shown = format!("{said:?} {:?} {:?}", w.pair.nodes[AWAY].out, w.truth());
    assert!(!shown.contains("73519"), "{shown}");
    let verify = || Command::HotDesk(Desking::Verify { user: dn("1900"), pin: pin("1234") });
    for _ in 1..1_000 {
        w.input(AWAY, Input::Command(By::Application, verify())).expect("asked");
    }
    assert_eq!(w.input(AWAY, Input::Command(By::Application, verify())), Err(Refusal::Full));
}

#[test]
fn what_is_done_at_a_set_is_one_json_line_and_logins_are_not_among_it() {
    let deeds = [
        (Deed::Answer, r#""answer""#),
        (Deed::Dial("95551234".into()), r#"{"dial":"95551234"}"#),
        (Deed::PickUp(dn("0042")), r#"{"pickUp":"0042"}"#),
        (Deed::RetrieveFrom(dn("2001")), r#"{"retrieveFrom":"2001"}"#),
        (Deed::DoNotDisturb(false), r#"{"doNotDisturb":false}"#),
        (Deed::Forward(Forwarding::NoAnswerExternal, None), r#"{"forward":["noAnswerExternal",null]}"#),
    ];
    for (deed, json) in deeds {
        assert_eq!(serde_json::to_string(&deed).expect("JSON"), json);
        let wish = DeskWish::Deed { set: "2001".into(), user: "1900".into(), button: 2, deed: Box::new(deed) };
        let message = PeerMessage::Desk { ask: 7, wish };
        let said = serde_json::to_string(&message).expect("JSON");
        assert_eq!(serde_json::from_str::<PeerMessage>(&said).expect("a message"), message);
    }
    assert!(serde_json::to_string(&Deed::LogOut).is_err());
    for json in [r#""logOut""#, r#"{"pickUp":"12345678"}"#, r#"{"forward":["never",null]}"#] {
        assert!(serde_json::from_str::<Deed>(json).is_err(), "{json}");
    }
    let wish = DeskWish::In { set: "2001".into(), user: "1900".into(), pin: pin("0123") };
    let said = serde_json::to_string(&PeerMessage::Desk { ask: 7, wish: wish.clone() }).expect("JSON");
    assert_eq!(said, r#"{"say":"desk","ask":7,"wish":{"in":{"set":"2001","user":"1900","pin":"0123"}}}"#);
    assert_eq!(serde_json::from_str::<PeerMessage>(&said).expect("a message"), PeerMessage::Desk { ask: 7, wish });
    assert!(serde_json::from_str::<PeerMessage>(&said.replace("0123", "012x")).is_err());
}
