//! Real third-party SOAP toolkits against the running binary: what an application's developer
//! would use. Their scripts are under `tests/toolkits`; what they send and hear is recorded and
//! validated against our schemas. Each toolkit has a lab of its own, so that they run side by side.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use oig::client::SoapClient;
use reqwest::Method;
use schemas::contract::ops_session::{LoginEx, ResetSessionTimer};
use serde_json::Value;

use crate::common::advanced::{self, By, as_list, authenticate, console, read, sign};
use crate::common::cluster::Lab;
use crate::common::process::Process;
use crate::common::rest::RestClient;
use crate::common::{Folder, eventually};

/// An interpreter with the toolkits' packages, as scripts/test sets it up.
pub(crate) fn interpreter(variable: &str, usual: &str) -> PathBuf {
    let found = std::env::var_os(variable).map_or_else(|| root().join(usual), PathBuf::from);
    assert!(
        found.exists(),
        "{} is not there: the toolkits of these tests are installed by scripts/test; run it once \
         (or set {variable})",
        found.display()
    );
    found
}

fn python() -> PathBuf {
    interpreter("OIG_PYTHON", "target/toolkits/python/bin/python")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this machine")
}

pub(crate) async fn run(program: &Path, arguments: &[&str], names: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).env("OIG_NAMES", names);
    // Of what the tests serve under TLS.
    command.env("OIG_CA", advanced::folder().join("ca.cert.pem"));
    // The lab is on loopback: no proxy of the surroundings stands between.
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    let mut process = Process::of(command);
    let status = process.ended().await;
    let (printed, logged) = (process.printed().join("\n"), process.logged().join("\n"));
    assert!(status.success(), "{arguments:?}: {status}\n{printed}\n{logged}");
    printed
}

/// A session with Advanced service and one that waits for its proof, kept alive while the toolkit runs: the toolkits
/// cannot sign. As names of `operations.json`.
async fn advanced_names(lab: &Lab) -> String {
    let client = SoapClient::new(&lab.url).expect("an HTTP client can be made");
    let mut begun = Vec::new();
    for _ in 0..2 {
        let req = Some(console(Some(read("console.cert.pem"))));
        let reply = client.call(&LoginEx { req }).await.expect("an answer");
        let challenge = reply.authentication_data.expect("a challenge");
        begun.push((reply.session_id, as_list(&sign("console.key.pem", &challenge, By::Md5))));
    }
    let ((advanced, signed), (unproven, proof)) = (&begun[0], &begun[1]);
    assert!(authenticate(&client, *advanced, signed).await.result);
    let names = format!("advanced={advanced};unproven={unproven};proof={proof}");
    let sessions = [*advanced, *unproven];
    tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_secs(3));
        loop {
            often.tick().await;
            for session_id in sessions {
                // The lab ends with its test.
                let _ = client.call(&ResetSessionTimer { session_id }).await;
            }
        }
    });
    names
}

/// Runs a toolkit's script and validates what it recorded in `folder`.
async fn as_agreed(lab: &Lab, program: &Path, arguments: &[&str], folder: &str) {
    let said = run(program, arguments, &advanced_names(lab).await).await;
    assert!(said.contains("as agreed"), "{said}");
    let said = run(&python(), &["tests/toolkits/validate.py", "--both", folder], "").await;
    assert!(said.contains(", 0 found wrong"), "{said}");
}

/// A lab whose gateway has the forms of all nodes: entries of data wait for nothing.
async fn copied_lab() -> Lab {
    let lab = Lab::start().await;
    copied(&lab).await;
    lab
}

/// Waits until a lab's gateway has the forms of all nodes.
pub(crate) async fn copied(lab: &Lab) {
    let rest = RestClient::login(&lab.url).await;
    eventually("the forms of all nodes are copied", async || {
        rest.reset().await.accepted();
        let all = rest.send(Method::GET, "/databases", &[], None).await.body;
        let all = all.as_array().expect("a list");
        let current = all.iter().filter(|one| one["state"] == "CURRENT" && one["asOf"].is_string());
        (current.count() == lab.nodes.len() + 1).then_some(())
    })
    .await;
    let id = rest.session.clone().expect("logged in");
    rest.send(Method::DELETE, &format!("/sessions/{id}"), &[], None).await.accepted();
}

async fn calls_of_a_script(lab: &Lab, url: &str, program: &Path, script: &str) {
    let records = Folder::new();
    let folder = text(records.path());
    let hands = [lab.hands(1).base(), lab.hands(2).base()];
    as_agreed(lab, program, &[script, url, hands[0], hands[1], "--record", folder], folder).await;
}

#[tokio::test]
async fn zeep_makes_calls_and_does_every_operation_well_and_badly_over_https() {
    let lab = copied_lab().await;
    calls_of_a_script(&lab, &lab.https, &python(), "tests/toolkits/python/call.py").await;
}

#[tokio::test]
async fn node_soap_makes_calls_and_does_every_operation_well_and_badly() {
    let node = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    let lab = copied_lab().await;
    calls_of_a_script(&lab, &lab.url, &node, "tests/toolkits/node/call.mjs").await;
}

#[tokio::test]
async fn proxies_of_the_old_dot_net_tools_compile_and_do_every_operation_well_and_badly() {
    let mono = interpreter("OIG_MONO", "target/toolkits/mono/bin/mono");
    let lab = copied_lab().await;
    let folder = Folder::new();
    let [built, records] = ["built", "records"].map(|name| folder.path().join(name));
    let said = run(Path::new("tests/toolkits/mono/make.sh"), &[&lab.url, text(&built)], "").await;
    assert!(said.contains("in C# and Visual Basic"), "{said}");
    let (program, records) = (built.join("call.exe"), text(&records));
    let hands = [lab.hands(1).base(), lab.hands(2).base()];
    as_agreed(&lab, &mono, &[text(&program), &lab.url, hands[0], hands[1], "tests/toolkits", records], records).await;
}

#[test]
fn every_operation_with_a_handler_has_an_entry_for_the_toolkits() {
    let file = root().join("tests/toolkits/operations.json");
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("it can be read")).expect("JSON");
    let entries = plan["operations"].as_object().expect("entries by operation");
    let named = |keep: fn(&Value) -> bool| -> BTreeSet<&str> {
        entries.iter().filter(|(_, entry)| keep(entry)).map(|(name, _)| name.as_str()).collect()
    };
    let (ready, waiting) = (named(|e| e["waiting"].is_null()), named(|e| !e["waiting"].is_null()));
    let supported: BTreeSet<_> = oig::http::soap::supported().map(|row| row.name).collect();

    let come: Vec<_> = waiting.intersection(&supported).collect();
    assert!(come.is_empty(), "their handlers are there, take the mark \"waiting\" off their entries: {come:?}");
    let missing: Vec<_> = supported.difference(&ready).collect();
    assert!(missing.is_empty(), "have a handler and no entry in tests/toolkits/operations.json: {missing:?}");
    let early: Vec<_> = ready.difference(&supported).collect();
    assert!(early.is_empty(), "have an entry and no handler: {early:?}");
    for name in &ready {
        let entry = &entries[*name];
        assert!(entry["good"]["with"].is_object(), "{name} is not called well");
        assert!(entry["bad"]["with"].is_object() && entry["bad"]["text"].is_string(), "{name} is not called badly");
    }
    for name in &waiting {
        assert!(schemas::contract::OPERATIONS.iter().any(|row| row.name == *name), "{name} is not of the contract");
    }
}
