//! Presence in groups: who may join and leave, what is told, and what is refused.

use schemas::csta::presence::PresenceRefusal as No;
use schemas::domain::{Dn, Presence};

use super::*;

fn dn(number: &str) -> Dn {
    number.parse().expect("a DN")
}

fn set(group: &str, member: &str, present: bool, invoker: Option<&str>) -> Command {
    let presence = Presence { group: dn(group), member: dn(member), present };
    Command::Presence { presence, invoker: invoker.map(dn) }
}

fn told(bench: &Bench) -> Vec<Presence> {
    bench.out.iter().filter_map(|o| if let Output::Presence(change) = o { Some(*change) } else { None }).collect()
}

#[test]
fn a_member_leaves_and_joins_and_a_change_is_told_once() {
    let mut bench = bench(1);
    for (present, news) in [(true, false), (false, true), (false, false), (true, true)] {
        for by in [By::Application, By::Person] {
            bench.input(Input::Command(by, set("1005", "1015", present, None))).expect("a member");
            let first = news && by == By::Application;
            let change = Presence { group: dn("1005"), member: dn("1015"), present };
            assert_eq!(told(&bench), first.then_some(change).as_slice(), "{present} {by:?}");
        }
        let absent: Vec<_> = bench.switch.absent().collect();
        assert_eq!(absent.is_empty(), present);
        let groups = bench.switch.truth_of(dn("1015")).expect("a phone").groups;
        assert_eq!(groups.get("1005"), Some(&present));
    }
    // Presence does not outlive the power.
    bench.person(set("1005", "1015", false, None)).expect("a member");
    bench.input(Input::Power { epoch_ms: EPOCH + 1_000 }).expect("the power fails");
    assert_eq!(bench.switch.absent().count(), 0);
}

#[test]
fn what_may_not_be_is_refused_and_changes_nothing() {
    let mut bench = bench(1);
    let refused = |why: No| Refusal::Presence(why);
    for (command, why) in [
        (set("1004", "1015", false, None), refused(No::UnknownGroup)),
        (set("1005", "1016", true, None), refused(No::NotMember)),
        (set("1005", "1005", false, None), refused(No::Prime)),
        (set("1005", "1015", false, Some("1012")), refused(No::NotPermitted)),
        (set("1005", "1015", false, Some("2000")), refused(No::UnknownInvoker)),
        (set("1005", "2000", false, None), Refusal::UnknownDevice),
    ] {
        let before = bench.switch.truth_now(0);
        assert_eq!(bench.application(command.clone()), Err(why), "{command:?}");
        assert!(bench.out.is_empty(), "{:?}", bench.out);
        assert_eq!(bench.switch.truth_now(0), before);
    }
    // The prime is present, and may be told so; another's class of service may permit it.
    bench.application(set("1005", "1005", true, None)).expect("the prime");
    bench.application(set("1005", "1015", false, Some("1001"))).expect("an invoker who may");
    assert_eq!(told(&bench).len(), 1);
}
