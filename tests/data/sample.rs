//! The sample for developers of applications, as they run it: what it prints of a phone's row and of its calls.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::common::cluster::Lab;
use crate::common::process::Process;
use crate::toolkits::{copied, interpreter};

/// The sample, following a phone of the lab's first node.
fn sample(lab: &Lab, number: &str, more: &[&str]) -> Process {
    let mut command = Command::new(interpreter("OIG_PYTHON", "target/toolkits/python/bin/python"));
    command
        .args(["samples/data_access.py", "--url", &lab.url, "--node", &lab.address(1), "--number", number])
        .args(more);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    // The lab is on loopback: no proxy of the surroundings stands between.
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    Process::of(command)
}

/// Sets one column of a phone's row, as an administrator of the node does.
async fn set(lab: &Lab, number: &str, column: &str, value: &str) {
    let rows = lab.hands(1).form("phones").await;
    let mut row = rows.into_iter().find(|row| row["number"] == number).expect("the phone is there");
    row[column] = value.into();
    lab.hands(1).change_form("phones", &json!({ "set": row })).await;
}

#[tokio::test]
async fn the_sample_tells_of_changes_of_a_phones_row_and_of_its_calls_and_logs_out() {
    let lab = Lab::start().await;
    copied(&lab).await;
    let mut by_count = sample(&lab, "1000", &["--changes", "2"]);
    by_count.line_printed("Ctrl-C").await;
    lab.hands(1).does_with("1001", "dial", json!({ "number": "1000" })).await;
    by_count.line_printed("CALL_RECEIVED").await;
    lab.hands(1).does("1000", "answer").await;
    by_count.line_printed("CALL_ESTABLISHED").await;
    lab.hands(1).does("1001", "hangup").await;
    by_count.line_printed("CALL_CLEAR").await;
    set(&lab, "1000", "name", "O'Neil, Pat").await;
    by_count.line_printed("row:").await;
    // Nothing is told of others.
    set(&lab, "1001", "department", "Sales").await;
    set(&lab, "1000", "department", "Support").await;
    let status = by_count.ended().await;
    let (printed, logged) = (by_count.printed(), by_count.logged().join("\n"));
    assert!(status.success(), "{status}: {printed:?}\n{logged}");
    let name = "row: name 'Archer, Maya' -> \"O'Neil, Pat\"";
    let rows: Vec<_> = printed.iter().filter(|line| line.starts_with("row: ")).collect();
    assert_eq!(rows, [name, "row: department None -> 'Support'"]);
    let calls: Vec<_> = printed.iter().filter(|line| line.starts_with("call: ")).collect();
    assert_eq!(
        calls,
        [
            "call: MONITOR_SET IDLE, USING_DEVICE 1000",
            "call: CALL_RECEIVED RECEIVED, CALLING_DEVICE 1001, CALLED_DEVICE 1000",
            "call: CALL_ESTABLISHED ESTABLISHED, CALLING_DEVICE 1001, CALLED_DEVICE 1000, CONNECTED_DEVICE 1000",
            "call: CALL_CLEAR IDLE, USING_DEVICE 1000, DROPPED_DEVICE 1001",
        ]
    );
    assert_eq!(printed.last().map(String::as_str), Some("logged out"));
}

#[tokio::test]
async fn the_sample_logs_out_when_it_is_stopped_and_says_what_it_is_refused() {
    let lab = Lab::start().await;
    copied(&lab).await;
    for signal in ["INT", "TERM"] {
        let mut stopped = sample(&lab, "1001", &[]);
        stopped.line_printed("Ctrl-C").await;
        stopped.signal(signal);
        let status = stopped.ended().await;
        let (printed, logged) = (stopped.printed(), stopped.logged().join("\n"));
        assert!(status.success(), "{signal}: {status}: {printed:?}\n{logged}");
        assert_eq!((printed.last().map(String::as_str), logged.as_str()), (Some("logged out"), ""), "{signal}");
    }

    let mut unknown = sample(&lab, "7654321", &[]);
    let status = unknown.ended().await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(unknown.logged(), [format!("data_access: {} has no phone 7654321", lab.address(1))]);
    eventually("nobody's session is left", async || {
        let metrics = crate::common::http::get(&lab.url, "/metrics", &[]).await.body;
        metrics.lines().any(|line| line == "oig_sessions 0").then_some(())
    })
    .await;
}
