//! The player is worth what it catches: scenarios that are wrong in one place, and files that cannot
//! be read, must each be found.

use schemas::soap::Version;

use super::file::{self, Nodes};
use super::play::play;
use super::transport::Soap;
use super::whole_lab;

const RIGHT: &str = "title   Planted
phones  A B

A makeCall B
    A a  CALL_ORIGINATED / NEW_CALL_INVOKED / ORIGINATED   CALLING A; dialled B; call x
    A a  CALL_DELIVERED / DELIVERED / DELIVERED            CALLING A, CALLED B; call x; allows CLEAR_CALL
    B b  CALL_RECEIVED / NEW_CALL / RECEIVED               CALLING A, CALLED B; call x

A answerCall a -> refused \"The call is not in a state that allows this.\"

hand A hangup
    A a  CALL_CLEAR / CLEAR_INVOKED / IDLE                 DROPPED A
    B b  CALL_CLEAR / OTHER_DEVICE_CLEARED / IDLE          USING B, DROPPED A
";

/// What is changed into what, and what the player says of it.
const WRONG: [(&str, &str, &str); 14] = [
    ("    B b  CALL_RECEIVED / NEW_CALL / RECEIVED               CALLING A, CALLED B; call x\n", "", "+ "),
    ("CALL_DELIVERED / DELIVERED / DELIVERED", "CALL_FAILED / DELIVERED / DELIVERED", "the type is CALL_DELIVERED"),
    ("/ NEW_CALL /", "/ REDIRECTED_FROM /", "the cause is NEW_CALL"),
    ("NEW_CALL / RECEIVED", "NEW_CALL / DELIVERED", "the state is RECEIVED"),
    ("RECEIVED               CALLING A, CALLED B", "RECEIVED   CALLING B, CALLED A", "the devices differ"),
    ("USING B, DROPPED A", "DROPPED A", "the devices differ"),
    ("A a  CALL_DELIVERED", "A other  CALL_DELIVERED", "the leg is a"),
    ("A a  CALL_CLEAR", "A -  CALL_CLEAR", "it names a leg"),
    ("CALLED B; call x\n\nA answer", "CALLED B; call other\n\nA answer", "CURRENT_GLOBAL_CALL_ID is x"),
    ("dialled B", "dialled A", "DIALED_DIGITS is"),
    ("allows CLEAR_CALL", "allows ANSWER_CALL", "ANSWER_CALL is not allowed"),
    ("allows CLEAR_CALL", "forbids CLEAR_CALL", "CLEAR_CALL is allowed"),
    ("that allows this.\"", "of mind.\"", "it is refused with \"The call is not in a state that allows this.\""),
    ("    A a  CALL_CLEAR / CLEAR_INVOKED / IDLE                 DROPPED A\n", "", "+ "),
];

#[tokio::test]
async fn a_scenario_that_is_wrong_in_one_place_is_found_to_be() {
    let mut lab = whole_lab().await;
    let mut plays = async |text: &str| {
        let transport = Soap::new(&lab.url, Version::V1_1);
        let played = play(&file::read("planted", text).expect("it can be read"), Nodes::One, &transport, &lab).await;
        if played.is_err() {
            lab = whole_lab().await;
        }
        played
    };
    plays(RIGHT).await.expect("what is right is played to its end");
    for (right, wrong, says) in WRONG {
        let text = RIGHT.replacen(right, wrong, 1);
        assert_ne!(text, RIGHT, "{right:?} is not there to be changed");
        let said = plays(&text).await.expect_err(wrong);
        assert!(said.contains(says), "{wrong:?} is told as\n{said}");
    }
    let never = "wait 1 s\n    A c  CALL_RECEIVED / NEW_CALL / RECEIVED  CALLING B, CALLED A\n";
    let said = plays(&format!("{RIGHT}\n{never}")).await.expect_err("an event that does not come");
    assert!(said.contains("- ") && said.contains("CALLING B, CALLED A"), "{said}");
    let said = plays(&format!("{RIGHT}\nhand A offhook\n")).await.expect_err("a phone is left off hook");
    assert!(said.contains("leaves phones in use"), "{said}");
    let said = plays(&format!("{RIGHT}\nA clearCall a\n")).await.expect_err("it is refused");
    assert!(said.contains("it is refused"), "{said}");
}

/// A race whose outcomes are wrong.
#[tokio::test]
async fn a_race_that_ends_in_none_of_its_ways_is_found_to() {
    let (rest, hangup) = RIGHT.split_once("A answerCall a").expect("its refusal");
    let hangup = hangup.split_once("hand A hangup").expect("its end").1;
    let race = |outcome: &str| format!("{rest}race A clearCall a | B answerCall 1\noutcome {outcome}{hangup}");
    let mut lab = whole_lab().await;
    for (outcome, says) in [
        ("done | refused \"The call is not known at this object.\"", None),
        ("done | refused", None),
        ("done | done", Some("none of its outcomes: done | refused \"The call is not known at this object.\"")),
        ("refused | done", Some("none of its outcomes")),
        ("done | refused \"Not now.\" or \"Not here.\"", Some("none of its outcomes")),
    ] {
        let scenario = file::read("planted", &race(outcome)).expect("it can be read");
        let transport = Soap::new(&lab.url, Version::V1_1);
        let played = play(&scenario, Nodes::One, &transport, &lab).await;
        match (played, says) {
            (Ok(played), None) => assert_eq!((played.outcome.as_str(), played.told.len()), (outcome, 10)),
            (Err(said), Some(says)) if said.contains(says) => lab = whole_lab().await,
            (played, _) => panic!("{outcome:?} is told as {played:?}"),
        }
    }
    // Whoever asks first must be let.
    let [_, _, second] = file::read("planted", &race("done | refused"))
        .expect("it can be read")
        .in_every_order()
        .try_into()
        .expect("three");
    let said = play(&second, Nodes::One, &Soap::new(&lab.url, Version::V1_1), &lab).await.expect_err("it is refused");
    assert!(said.contains("who asks first is refused"), "{said}");
}

#[test]
fn what_is_not_understood_in_a_file_is_said_with_its_line() {
    let head = "title t\nphones A B\n";
    for (text, says) in [
        ("title t\nphones A\n", "has a title"),
        ("title t\nphones A\n    A a CALL_CLEAR / X / IDLE\n", "line 3: an event before the first step"),
        (&format!("{head}A makeCall B\n    A a CALL_CLEAR / CLEAR_INVOKED\n"), "line 4: not an event"),
        (&format!("{head}A makeCall B\n    C a CALL_CLEAR / X / IDLE\n"), "\"C\" is none of the phones"),
        (&format!("{head}hand C answer\n"), "\"C\" is none of the phones"),
        (&format!("{head}A makeCall B -> accepted\n"), "line 3: an answer is"),
        (&format!("{head}A makeCall B -> refused no quotes\n"), "in quotes"),
        (&format!("{head}race A clearCall a\n"), "how the one that loses is refused"),
        (&format!("{head}race A holdCall a | clearCall a\n"), "line 3: a race of two has outcomes"),
        (&format!("{head}race A holdCall a | clearCall a -> refused\n"), "said by its outcomes"),
        (&format!("{head}race A holdCall a |\n"), "a race of two is"),
        (&format!("{head}race A holdCall a | clearCall a\noutcome done\n"), "line 4: of two it is said"),
        (&format!("{head}race A holdCall a | clearCall a\noutcome done | lost\n"), "line 4: an answer is"),
        (
            &format!("{head}race A holdCall a | clearCall a\noutcome done | refused\noutcome done | refused \"No.\"\n"),
            "have the same answers",
        ),
        (
            &format!("{head}race A holdCall a | clearCall a\n    A a CALL_CLEAR / X / IDLE\noutcome done | done\n"),
            "below its outcomes",
        ),
        (&format!("{head}A holdCall a\noutcome done | done\n"), "line 4: an outcome belongs to"),
        (&format!("{head}outside X call C\n"), "\"C\" is none of the phones"),
        (&format!("{head}outside X call A to=1\n"), "has from, name and over, no to"),
        (&format!("{head}outside X sleep\n"), "people outside do"),
        (&format!("{head}nodes four\n"), "not four"),
        (&format!("{head}keyline 1600 A.2\n"), "NAME=NUMBER"),
        (&format!("{head}keyline K=1600\n"), "shows at buttons"),
        (&format!("{head}keyline K=1600 A\n"), "shows at buttons"),
        (&format!("{head}keyline K=1600 A.2\nmulticall M=1601 A.2\n"), "line 4: a shared number shows at buttons"),
        (&format!("{head}keyline K=1600 C.2\n"), "\"C\" is none of the phones"),
        (&format!("{head}fault A link close\n"), "is not name=value"),
        (&format!("{head}A makeCall B\n    A a CALL_CLEAR / X / IDLE DROPPED\n"), "a device is ROLE WHO"),
        (
            &format!("{head}A makeCall B\n    A a CALL_CLEAR / X / IDLE DROPPED A; loudly\n"),
            "says nothing that is known",
        ),
    ] {
        let said = file::read("planted", text).expect_err(text).to_string();
        assert!(said.starts_with("planted, line ") && said.contains(says), "{text:?} is told as {said}");
    }
}
