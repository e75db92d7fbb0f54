//! `oig demo` is the first thing that a newcomer runs; and every command explains itself.

use crate::common::process::{Process, oig};

#[tokio::test]
async fn the_demo_shows_a_call_from_login_to_logout_and_ends_well() {
    let mut demo = Process::start(&["demo"]);
    let status = demo.ended().await;
    let printed = demo.printed();
    assert!(status.success(), "{status}\n{}\n{}", printed.join("\n"), demo.logged().join("\n"));
    // What each phone hears, in order; the two may interleave.
    let object_of = |dn: &str| {
        let line = printed.iter().find(|l| l.starts_with(&format!("getPhoneNumberId {dn}"))).expect("the phone's line");
        line.rsplit(' ').next().map(str::to_owned).expect("an object id ends the line")
    };
    let events_of = |object: &str| -> Vec<String> {
        let of =
            |line: &&String| line.trim_start().starts_with("event ") && line.contains(&format!("object {object} "));
        printed
            .iter()
            .filter(of)
            .filter_map(|line| Some(line.split("  ").find(|p| p.contains(" / "))?.into()))
            .collect()
    };
    assert_eq!(
        events_of(&object_of("1000")),
        [
            "MONITOR_SET / MONITOR_SET / IDLE",
            "CALL_ORIGINATED / NEW_CALL_INVOKED / ORIGINATED",
            "CALL_DELIVERED / DELIVERED / DELIVERED",
            "CALL_ESTABLISHED / ANSWERED / ESTABLISHED",
            "CALL_HELD / HARD_HOLD_INVOKED / HELD",
            "CALL_RETRIEVED / RETRIEVE_INVOKED / ESTABLISHED",
            "CALL_CLEAR / CLEAR_INVOKED / IDLE",
        ]
    );
    assert_eq!(
        events_of(&object_of("1001")),
        [
            "MONITOR_SET / MONITOR_SET / IDLE",
            "CALL_RECEIVED / NEW_CALL / RECEIVED",
            "CALL_ESTABLISHED / ANSWERED_INVOKED / ESTABLISHED",
            "CALL_HELD / HARD_HOLD / ESTABLISHED",
            "CALL_RETRIEVED / RETRIEVE / ESTABLISHED",
            "CALL_CLEAR / OTHER_DEVICE_CLEARED / IDLE",
        ]
    );
    for operation in ["loginEx", "makeCall", "answerCall", "holdCall", "retrieveCall", "clearCall", "logout"] {
        assert!(printed.iter().any(|l| l.starts_with(operation)), "{operation} is not shown");
    }
    assert!(!printed.iter().any(|l| l.contains("screen-pop")), "a password is shown");
}

#[test]
fn every_command_has_a_help_and_the_whole_lists_them() {
    let run = |arguments: &[&str]| {
        let output = oig().args(arguments).output().expect("oig can be started");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (well, whole) = run(&["--help"]);
    assert!(well);
    for command in ["serve", "node", "lab", "demo", "bench", "secret"] {
        assert!(whole.contains(&format!("\n  {command} ")), "--help does not list {command}:\n{whole}");
        let (well, help) = run(&[command, "--help"]);
        assert!(well && help.contains(&format!("Usage: oig {command}")), "{command}:\n{help}");
        assert!(help.lines().next().is_some_and(|line| !line.is_empty() && !line.starts_with("Usage")), "{command}");
    }
    assert!(run(&["--version"]).1.contains(env!("CARGO_PKG_VERSION")));
    let unknown = oig().arg("nothing").output().expect("oig can be started");
    assert!(!unknown.status.success() && unknown.stdout.is_empty());
}
