//! What is true of features: one record for each change, whoever made it, and none where nothing changed.

use schemas::domain::{Forwarding, Pin, Presence};

use super::*;
use crate::sim::switch::Desking;

impl Bench {
    /// Features of the last step that changed, each as its number and what is set there.
    fn settings(&self) -> Vec<String> {
        let told = |output: &Output| match output {
            Output::TruthFeature(record) => {
                let text = serde_json::to_value(&record.setting).expect("a record can be written").to_string();
                assert_eq!((record.node, record.at_ms), (1, self.now_ms));
                Some(format!("{} {}", record.dn, text.replace('"', "")))
            }
            _ => None,
        };
        self.out.iter().filter_map(told).collect()
    }

    fn sets(&mut self, command: Command, settings: &[&str]) {
        for by in [By::Application, By::Person] {
            self.now_ms += 10;
            let done = self.input(Input::Command(by, command.clone()));
            let first = by == By::Application;
            assert!(done.is_ok() || !first, "{command:?}: {done:?}");
            let expected = if first { settings } else { &[] };
            assert_eq!(self.settings(), expected, "{command:?} {by:?}");
        }
    }
}

#[test]
fn each_change_of_a_feature_is_on_record_once() {
    let mut b = bench(1);
    let dn = |number: &str| number.parse().expect("a DN");
    let dnd = |on| Command::DoNotDisturb { dn: dn("1000"), on };
    let forward = |number: Option<&str>| Command::Forward {
        dn: dn("1000"),
        which: Forwarding::BusyInternal,
        number: number.map(str::to_owned),
    };
    let leave = |from: &str| Command::LeaveMessageAt { at: dn("1000"), from: from.into() };
    let clear = |from: &str| Command::ClearMessageAt { at: dn("1000"), from: from.into() };
    let pin = Pin::new("1234").expect("a PIN");
    let log_in = |set: &str| Command::HotDesk(Desking::LogIn { set: dn(set), user: dn("1900"), pin: pin.clone() });
    let outside = |number: &str| {
        Command::HotDesk(Desking::LogInOutside { user: dn("1950"), pin: pin.clone(), number: Some(number.into()) })
    };
    let presence = |present| {
        let presence = Presence { group: dn("1005"), member: dn("1015"), present };
        Command::Presence { presence, invoker: None }
    };
    b.sets(dnd(false), &[]);
    b.sets(dnd(true), &["1000 {feature:doNotDisturb,on:true}"]);
    b.sets(forward(None), &[]);
    b.sets(forward(Some("1002")), &["1000 {feature:forward,number:1002,type:busyInternal}"]);
    b.sets(forward(Some("1003")), &["1000 {feature:forward,number:1003,type:busyInternal}"]);
    b.sets(forward(None), &["1000 {feature:forward,type:busyInternal}"]);
    // The lamp is lit by the first and goes out with the last.
    b.sets(leave("1001"), &["1000 {feature:messageWaiting,on:true}"]);
    b.sets(leave("1002"), &[]);
    b.sets(clear("1001"), &[]);
    b.sets(clear("1002"), &["1000 {feature:messageWaiting,on:false}"]);
    b.sets(presence(true), &[]);
    b.sets(presence(false), &["1015 {feature:presence,group:1005,on:false}"]);
    b.sets(
        log_in("1010"),
        &["1010 {feature:inService,on:false}", "1900 {feature:inService,on:true}", "1900 {at:1010,feature:hotDesk}"],
    );
    b.sets(
        log_in("1011"),
        &[
            "1900 {feature:inService,on:false}",
            "1900 {feature:hotDesk}",
            "1010 {feature:inService,on:true}",
            "1011 {feature:inService,on:false}",
            "1900 {feature:inService,on:true}",
            "1900 {at:1011,feature:hotDesk}",
        ],
    );
    b.sets(outside("95550150"), &["1950 {feature:inService,on:true}", "1950 {at:95550150,feature:hotDesk}"]);
    b.sets(dnd(false), &["1000 {feature:doNotDisturb,on:false}"]);
    let charged = Command::ChargedCall { line: line("1002/2"), number: "1003".into(), account: "24".into() };
    let gcid = b.application(charged).expect("a call").gcid.expect("of a call");
    assert_eq!(b.settings(), [format!("1002 {{code:24,feature:account,gcid:{gcid},line:2}}")]);
}

#[test]
fn what_the_power_takes_is_on_record() {
    let mut b = bench(1);
    let dn = |number: &str| number.parse().expect("a DN");
    let pin = Pin::new("1234").expect("a PIN");
    for command in [
        Command::DoNotDisturb { dn: dn("1000"), on: true },
        Command::Forward { dn: dn("1001"), which: Forwarding::Always, number: Some("1002".into()) },
        Command::LeaveMessageAt { at: dn("1003"), from: "1000".into() },
        Command::HotDesk(Desking::LogIn { set: dn("1010"), user: dn("1900"), pin }),
        Command::Presence {
            presence: Presence { group: dn("1005"), member: dn("1015"), present: false },
            invoker: None,
        },
    ] {
        b.person(command).expect("done");
    }
    b.now_ms += 1_000;
    b.input(Input::Power { epoch_ms: b.now_ms }).expect("the power fails");
    assert_eq!(
        b.settings(),
        [
            "1000 {feature:doNotDisturb,on:false}",
            "1001 {feature:forward,type:always}",
            "1003 {feature:messageWaiting,on:false}",
            "1015 {feature:presence,group:1005,on:true}",
            "1900 {feature:inService,on:false}",
            "1900 {feature:hotDesk}",
            "1010 {feature:inService,on:true}",
        ]
    );
    assert!(b.out.iter().all(|o| matches!(o, Output::TruthFeature(_))), "nobody is told: {:?}", b.out);
    b.input(Input::Power { epoch_ms: b.now_ms + 1 }).expect("the power fails");
    assert!(b.out.is_empty(), "nothing is left to lose");
}
