//! Hot desk users: where their number is, what that does to a set's own, and what is refused.

use std::time::{Duration, Instant};

use schemas::csta::hot_desk::HotDeskRefusal as No;
use schemas::csta::message::{HotDeskOf, HotDeskState};
use schemas::domain::{Dn, Pin};

use super::partners::Pair;
use super::*;
use crate::sim::plan::HotDeskPlan;
use crate::sim::switch::{Changed, Desk, Desking, Setting};

pub(super) fn dn(number: &str) -> Dn {
    number.parse().expect("a DN")
}

pub(super) fn pin(digits: &str) -> Pin {
    Pin::new(digits).expect("a PIN")
}

pub(super) fn log_in(set: &str, user: &str) -> Command {
    Command::HotDesk(Desking::LogIn { set: dn(set), user: dn(user), pin: pin("1234") })
}

fn log_in_outside(user: &str, number: Option<&str>) -> Command {
    let number = number.map(str::to_owned);
    Command::HotDesk(Desking::LogInOutside { user: dn(user), pin: pin("1234"), number })
}

pub(super) fn log_out_at(set: &str) -> Command {
    Command::HotDesk(Desking::LogOutAt(dn(set)))
}

pub(super) fn log_out(user: &str) -> Command {
    Command::HotDesk(Desking::LogOut(dn(user)))
}

impl Bench {
    /// What monitors are told of service and users, in its order: the number, and what of it.
    pub(super) fn desks_told(&self) -> Vec<String> {
        let told = |output: &Output| match output {
            Output::Service(s) => Some(format!("{} {}", s.device.number, if s.on { "back" } else { "out" })),
            Output::Changed(Changed { device, setting: Setting::HotDesk { user, at }, .. }) => {
                let at = match at {
                    Some(Desk::Set(set)) => set.to_string(),
                    Some(Desk::Away { peer, set }) => format!("{set} of node {peer}"),
                    Some(Desk::Outside(number)) => number.clone(),
                    None => "nowhere".into(),
                };
                Some(format!("{} hears {user} at {at}", device.number))
            }
            _ => None,
        };
        self.out.iter().filter_map(told).collect()
    }

    fn refuses(&mut self, command: Command, refusal: impl Into<Refusal>) {
        let before = self.switch.truth_now(0);
        assert_eq!(self.application(command.clone()), Err(refusal.into()), "{command:?}");
        assert!(self.out.is_empty(), "{command:?}: {:?}", self.out);
        assert_eq!(self.switch.truth_now(0), before, "{command:?}");
    }

    /// What a caller hears of a number.
    fn fails(&mut self, from: &str, to: &str) -> Why {
        self.call(from, to);
        let failed = self.happened().pop().expect("something happened");
        assert_eq!(failed.0, CallEventKind::Failed, "{failed:?}");
        self.person(Command::Clear(at(from))).expect("cleared");
        failed.2
    }
}

#[test]
fn calls_follow_the_user_and_the_sets_own_number_is_out_of_service_meanwhile() {
    let mut b = bench(1);
    assert_eq!(b.fails("1000", "1900"), Why::DestOutOfOrder, "logged in nowhere");
    b.application(log_in("1010", "1900")).expect("logged in");
    assert_eq!(b.desks_told(), ["1010 out", "1900 back", "1900 hears 1900 at 1010", "1010 hears 1900 at 1010"]);
    assert_eq!(b.switch.number_at(dn("1010")), dn("1900"));

    b.call("1000", "1900");
    assert_eq!(b.states("1900"), [TruthState::Alerting]);
    b.answer("1900");
    b.person(Command::Clear(at("1900"))).expect("cleared");
    assert_eq!(b.fails("1000", "1010"), Why::DestOutOfOrder);
    b.call("1900/2", "1001");
    let calling = b.events().last().map(|h| h.calling.number.clone());
    assert_eq!(calling.as_deref(), Some("1900"), "a call from the set is the user's");
    b.person(Command::Clear(at("1900/2"))).expect("cleared");
    for command in [Command::OffHook(line("1010")), Command::MakeCall { line: line("1010/2"), number: "1001".into() }] {
        b.refuses(command, Refusal::OutOfService);
    }

    b.person(log_out_at("1010")).expect("logged out");
    assert_eq!(b.desks_told(), ["1900 out", "1010 back", "1900 hears 1900 at nowhere", "1010 hears 1900 at nowhere"]);
    assert_eq!(b.fails("1000", "1900"), Why::DestOutOfOrder);
    b.call("1000", "1010");
    assert_eq!(b.states("1010"), [TruthState::Alerting]);
    b.refuses(Command::OffHook(line("1900")), Refusal::OutOfService);
}

#[test]
fn features_are_the_users_wherever_the_user_is() {
    let mut b = bench(1);
    b.person(log_in("1010", "1900")).expect("logged in");
    b.person(Command::DoNotDisturb { dn: dn("1900"), on: true }).expect("set");
    assert_eq!(b.fails("1000", "1900"), Why::DoNotDisturb);
    b.person(log_in("1011", "1900")).expect("logged in");
    assert_eq!(b.fails("1000", "1900"), Why::DoNotDisturb);
    b.person(log_out_at("1011")).expect("logged out");
    b.call("1000", "1011");
    assert_eq!(b.states("1011"), [TruthState::Alerting], "the set has its own again");
}

#[test]
fn who_logs_in_elsewhere_is_logged_out_of_the_first() {
    let mut b = bench(1);
    b.application(log_in("1010", "1900")).expect("logged in");
    b.application(log_in("1011", "1900")).expect("logged in elsewhere");
    assert_eq!(
        b.desks_told(),
        [
            "1900 out",
            "1010 back",
            "1900 hears 1900 at nowhere",
            "1010 hears 1900 at nowhere",
            "1011 out",
            "1900 back",
            "1900 hears 1900 at 1011",
            "1011 hears 1900 at 1011",
        ]
    );
    assert_eq!((b.switch.number_at(dn("1010")), b.switch.number_at(dn("1011"))), (dn("1010"), dn("1900")));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut b = bench(1);
    b.application(log_in("1010", "1900")).expect("logged in");
    let wrong =
        |set: &str, user: &str| Command::HotDesk(Desking::LogIn { set: dn(set), user: dn(user), pin: pin("4321") });
    b.refuses(wrong("1011", "1901"), No::WrongPin);
    // A PIN that begins rightly is wrong.
    let longer = Command::HotDesk(Desking::LogIn { set: dn("1011"), user: dn("1901"), pin: pin("12345678") });
    b.refuses(longer, No::WrongPin);
    b.refuses(log_in("1010", "1900"), No::LoggedIn);
    b.refuses(log_in("1010", "1901"), No::Taken);
    b.refuses(log_in("1000", "1901"), No::NotAccepted);
    b.refuses(log_in("1900", "1901"), No::NotAccepted);
    b.refuses(log_in("1011", "1001"), No::UnknownUser);
    b.refuses(log_in("1011", "1999"), No::UnknownUser);
    b.refuses(log_in("1011", "2000"), No::Unreachable);
    b.refuses(log_in("1500", "1901"), Refusal::UnknownDevice);
    b.refuses(log_in("1011", "1950"), No::External);
    b.refuses(log_out_at("1011"), No::NotLoggedIn);
    b.refuses(log_out_at("1901"), No::NotLoggedIn);
    b.refuses(log_out_at("1500"), Refusal::UnknownDevice);
    b.refuses(log_out("1901"), No::NotLoggedIn);
    b.refuses(log_out("1010"), No::UnknownUser);
    b.refuses(log_in_outside("1901", None), No::Internal);
    for (user, digits, expected) in [
        ("1900", "1234", Ok(Done::default())),
        ("1900", "1235", Err(No::WrongPin.into())),
        ("1800", "1234", Err(No::UnknownUser.into())),
        ("2000", "1234", Err(No::Unreachable.into())),
        ("4000", "1234", Err(No::UnknownUser.into())),
    ] {
        let verify = Command::HotDesk(Desking::Verify { user: dn(user), pin: pin(digits) });
        assert_eq!(b.application(verify), expected, "{user} {digits}");
        assert!(b.out.is_empty(), "{:?}", b.out);
    }
}

#[test]
fn nobody_comes_or_goes_during_a_call() {
    let mut b = bench(1);
    // Ringing, held and on another key: each is a call.
    b.call("1000", "1010");
    b.refuses(log_in("1010", "1900"), No::InCall);
    b.answer("1010");
    b.refuses(log_in("1010", "1900"), No::InCall);
    b.person(Command::Hold(at("1010"))).expect("held");
    b.refuses(log_in("1010", "1900"), No::InCall);
    b.person(Command::Clear(at("1000"))).expect("cleared");
    b.person(Command::OffHook(line("1010/3"))).expect("dial tone");
    b.refuses(log_in("1010", "1900"), No::InCall);
    b.person(Command::Clear(at("1010/3"))).expect("cleared");

    b.application(log_in("1010", "1900")).expect("logged in");
    b.call("1900", "1001");
    b.refuses(log_in("1011", "1900"), No::InCall);
    b.refuses(log_out_at("1010"), No::InCall);
    b.refuses(log_out("1900"), No::InCall);
    b.answer("1001");
    // Who transferred a call that still rings would be rung again.
    b.person(Command::Consult { target: at("1900"), number: "1002".into() }).expect("asked");
    let two = super::super::Two { line: line("1900"), held: None, active: None };
    b.person(Command::Transfer(two)).expect("transferred");
    assert!(b.states("1900").is_empty());
    b.refuses(log_out_at("1010"), No::InCall);
    b.wait(20_000);
    assert_eq!(b.states("1900"), [TruthState::Alerting], "rung again, where the user is still");
}

#[test]
fn an_external_user_has_an_outside_number_and_no_set() {
    let mut b = bench(1);
    let state = |b: &Bench| b.switch.desk_state(&HotDeskOf::User("1950".into())).expect("a user");
    for number in ["", "1001", "2000", "1950", "4711", "9555x", "+16135551234", &"9".repeat(27)] {
        b.refuses(log_in_outside("1950", Some(number)), No::NotDialable);
    }
    b.application(log_in_outside("1950", None)).expect("logged in");
    assert_eq!(b.desks_told(), ["1950 back", "1950 hears 1950 at 95550150"]);
    assert_eq!(state(&b).outside.as_deref(), Some("95550150"));
    b.refuses(log_in_outside("1950", None), No::LoggedIn);
    // A call goes wherever that number leads.
    for number in ["95550150", "1950"] {
        b.call("1000", number);
        let outside = b.switch.truth_outside().expect("a node with trunks");
        assert_eq!(outside.iter().map(|o| o.to.as_str()).collect::<Vec<_>>(), ["+16135550150"], "{number}");
        b.person(Command::Clear(at("1000"))).expect("cleared");
    }
    b.refuses(Command::OffHook(line("1950")), Refusal::OutOfService);
    b.application(log_in_outside("1950", Some("95551234"))).expect("at another number");
    assert_eq!(state(&b).outside.as_deref(), Some("95551234"));
    b.refuses(log_out_at("1950"), No::External);
    b.application(log_out("1950")).expect("logged out");
    assert_eq!(b.desks_told(), ["1950 out", "1950 hears 1950 at nowhere"]);
    assert_eq!(b.fails("1000", "1950"), Why::DestOutOfOrder);
}

#[test]
fn who_is_where_is_told_of_sets_and_of_users() {
    let mut b = bench(1);
    let told = |b: &Bench, of: HotDeskOf| b.switch.desk_state(&of);
    let nobody = HotDeskState::default();
    assert_eq!(told(&b, HotDeskOf::Set("1010".into())), Ok(nobody.clone()));
    b.application(log_in("1010", "1900")).expect("logged in");
    let there = HotDeskState { user: Some("1900".into()), set: Some("1010".into()), outside: None };
    for of in [HotDeskOf::Set("1010".into()), HotDeskOf::User("1900".into()), HotDeskOf::Set("1900".into())] {
        assert_eq!(told(&b, of), Ok(there.clone()));
    }
    let nowhere = HotDeskState { user: Some("1901".into()), ..nobody };
    assert_eq!(told(&b, HotDeskOf::User("1901".into())), Ok(nowhere));
    assert_eq!(told(&b, HotDeskOf::Set("1500".into())), Err(Refusal::UnknownDevice));
    assert_eq!(told(&b, HotDeskOf::Set("x".into())), Err(Refusal::UnknownDevice));
    assert_eq!(told(&b, HotDeskOf::User("1010".into())), Err(No::UnknownUser.into()));
}

#[test]
fn a_partners_call_rings_where_the_user_is_and_fails_where_nobody_is() {
    let mut pair = Pair::new();
    pair.person(0, log_in("1010", "1900")).expect("logged in");
    for (number, states) in [("1900", vec![TruthState::Delivered]), ("1010", vec![TruthState::Failed])] {
        pair.person(1, Command::MakeCall { line: line("2000"), number: number.into() }).expect("a call");
        pair.carry();
        assert_eq!(pair.nodes[1].states("2000"), states, "{number}");
        pair.person(1, Command::Clear(at("2000"))).expect("cleared");
        pair.carry();
    }
}

#[test]
fn a_power_failure_logs_everybody_out() {
    let mut b = bench(1);
    b.application(log_in("1010", "1900")).expect("logged in");
    b.application(log_in_outside("1950", None)).expect("logged in");
    b.input(Input::Power { epoch_ms: EPOCH + 1 }).expect("it is never refused");
    assert!(b.switch.is_out_of_service(dn("1900")) && b.switch.is_out_of_service(dn("1950")));
    b.call("1000", "1010");
    assert_eq!(b.states("1010"), [TruthState::Alerting]);
}

#[test]
fn fifteen_hundred_users_come_and_go_in_bounded_time() {
    const USERS: u32 = 1_500;
    let node = Ceid::new(7).expect("a CEID");
    let hot_desk = HotDeskPlan::sized(30_000, 10_000, USERS);
    let plan = Plan { hot_desk, ..Plan::sized(node, 10_000, USERS) };
    let mut switch = Switch::new(Arc::new(plan), EPOCH);
    let began = Instant::now();
    let number = |n: u32| n.to_string();
    let mut told = Vec::new();
    let mut doing = |switch: &mut Switch, command| {
        told.clear();
        switch.on(Input::Command(By::Application, command), EPOCH, &mut told).expect("done");
        told.iter().filter(|output| !matches!(output, Output::TruthFeature(_))).count()
    };
    for i in 0..USERS {
        // Each is told what one login is about, however many there are.
        assert_eq!(doing(&mut switch, log_in(&number(10_000 + i), &number(30_000 + i))), 4);
    }
    assert_eq!(switch.truth_now(0).phones.len(), 2 * USERS as usize);
    // Everybody moves on to the next set, once that is free.
    doing(&mut switch, log_out(&number(30_000 + USERS - 1)));
    for i in (0..USERS - 1).rev() {
        assert_eq!(doing(&mut switch, log_in(&number(10_001 + i), &number(30_000 + i))), 8);
    }
    for i in 0..USERS - 1 {
        assert_eq!(doing(&mut switch, log_out_at(&number(10_001 + i))), 4);
    }
    assert_eq!(switch.truth_now(0).phones.len(), 0);
    assert_eq!(switch.broken(), 0);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn no_pin_is_shown() {
    let command = Command::HotDesk(Desking::LogIn { set: dn("1010"), user: dn("1900"), pin: pin("73519") });
    let mut b = bench(1);
    let refusal = b.application(command.clone()).expect_err("a wrong PIN");
    let shown = format!("{command:?} {refusal:?} {refusal} {:?} {:?}", b.out, b.switch.truth_now(0));
    assert!(!shown.contains("73519"), "{shown}");
    b.application(log_in("1010", "1900")).expect("logged in");
    // Nothing else has such a number.
    let shown = format!("{:?} {:?} {:?}", b.out, b.switch.plan().hot_desk, b.switch.truth_now(0));
    assert!(!shown.contains("1234"), "{shown}");
}
