//! What a line offers a person is what it does, in every state; the rest is refused.

use super::joins::two;
use super::table::STATES;
use super::*;

fn command(verb: &str) -> Command {
    let (line, target, number) = (line("1000"), at("1000"), String::from("1005"));
    match verb {
        "offhook" => Command::OffHook(line),
        "dial" => Command::MakeCall { line, number },
        "pickup" => Command::PickUp { line, ringing: at("1006") },
        "takeover" => Command::RetrieveFrom { line, holder: "1009".parse().expect("a DN") },
        "answer" => Command::Answer(target),
        "redirect" => Command::Redirect { target, number },
        "hold" => Command::Hold(target),
        "retrieve" => Command::Retrieve(target),
        "consult" => Command::Consult { target, number },
        "alternate" => Command::Alternate(two("1000")),
        "transfer" => Command::Transfer(two("1000")),
        "conference" => Command::Conference(two("1000")),
        "split" => Command::Split(target),
        "cancel" => Command::Reconnect(two("1000")),
        "digits" => Command::Digits { target, digits: "1".into() },
        "newcall" => Command::NewCall(target),
        "campon" => Command::CampOn(target),
        "callback" => Command::CallBack(target),
        "message" => Command::LeaveMessage(target),
        "trade" => Command::Trade(target),
        "account" => Command::Account { target, code: "24".into() },
        "hangup" => Command::Clear(target),
        other => unreachable!("{other} is no verb"),
    }
}

const VERBS: [&str; 22] = [
    "offhook",
    "dial",
    "pickup",
    "takeover",
    "answer",
    "redirect",
    "hold",
    "retrieve",
    "consult",
    "alternate",
    "transfer",
    "conference",
    "split",
    "cancel",
    "digits",
    "newcall",
    "campon",
    "callback",
    "message",
    "trade",
    "account",
    "hangup",
];

#[test]
fn a_line_offers_what_it_does_in_every_state_and_nothing_else() {
    let mut offered = 0;
    for (state, prepare) in STATES {
        for verb in VERBS {
            let mut b = bench(1);
            prepare(&mut b);
            b.call("1007", "1006");
            b.call("1008", "1009");
            b.person(Command::Answer(at("1009"))).expect("it rings");
            b.person(Command::Hold(at("1009"))).expect("they talk");
            let choices = b.switch.choices(line("1000"));
            assert!(choices.iter().all(|choice| VERBS.contains(choice)), "{choices:?}");
            // Going off hook while it rings is called answering.
            if verb == "offhook" && choices.contains(&"answer") {
                continue;
            }
            let done = b.person(command(verb));
            assert_eq!(choices.contains(&verb), done.is_ok(), "{verb} when {state}: {done:?}");
            offered += usize::from(done.is_ok());
        }
    }
    assert!(offered > 40, "{offered}");
}

#[test]
fn lines_of_one_set_offer_what_is_theirs() {
    let mut b = bench(1);
    b.call("1000/2", "1001");
    assert_eq!(b.switch.choices(line("1000/2")), ["callback", "message", "hangup"]);
    assert_eq!(b.switch.choices(line("1000")), ["offhook", "dial", "pickup", "takeover"]);
}

#[test]
fn a_set_and_a_user_offer_who_may_come_and_go() {
    use crate::sim::switch::Desking;
    let dn = |number: &str| number.parse::<schemas::domain::Dn>().expect("a DN");
    let pin = || schemas::domain::Pin::new("1234").expect("a PIN");
    let log_in = |set, user| Command::HotDesk(Desking::LogIn { set: dn(set), user: dn(user), pin: pin() });
    let out = |user| Command::HotDesk(Desking::LogInOutside { user: dn(user), pin: pin(), number: None });
    let log_out = |set| Command::HotDesk(Desking::LogOutAt(dn(set)));
    let mut b = bench(1);
    // None of the lab's users may be here, or there; nobody comes or goes during a call.
    assert_eq!(b.switch.set_choices(dn("1000")), ["dnd", "autoanswer", "forward"]);
    assert!(b.person(log_in("1000", "1900")).is_err());
    assert_eq!(b.switch.set_choices(dn("1010")), ["dnd", "autoanswer", "forward", "login"]);
    // The member of a group, and its prime.
    assert_eq!(b.switch.set_choices(dn("1015")), ["dnd", "autoanswer", "forward", "presence", "login"]);
    assert_eq!(b.switch.set_choices(dn("1005")), ["dnd", "autoanswer", "forward"]);
    assert!(b.switch.user_choices(dn("1900")).is_empty());
    b.call("1001", "1010");
    assert_eq!(b.switch.set_choices(dn("1010")), ["dnd", "autoanswer", "forward"]);
    assert!(b.person(log_in("1010", "1900")).is_err());
    b.person(Command::Clear(at("1001"))).expect("cleared");
    b.person(log_in("1010", "1900")).expect("logged in");
    assert_eq!(b.switch.set_choices(dn("1010")), ["dnd", "autoanswer", "forward", "logout"]);
    assert_eq!(b.switch.user_choices(dn("1900")), ["logout"]);
    b.call("1001", "1900");
    assert_eq!(b.switch.set_choices(dn("1010")), ["dnd", "autoanswer", "forward"]);
    assert!(b.switch.user_choices(dn("1900")).is_empty());
    assert!(b.person(log_out("1010")).is_err());
    b.person(Command::Clear(at("1001"))).expect("cleared");
    b.person(log_out("1010")).expect("logged out");
    assert_eq!(b.switch.set_choices(dn("1010")), ["dnd", "autoanswer", "forward", "login"]);

    assert_eq!(b.switch.user_choices(dn("1950")), ["login"]);
    b.person(out("1950")).expect("logged in");
    assert_eq!(b.switch.user_choices(dn("1950")), ["login", "logout"]);
}
