//! Real third-party SOAP toolkits against the running binary: what an application's developer
//! would use. Their scripts are under `tests/toolkits`; what they send and hear is recorded and
//! validated against our schemas.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Folder;
use crate::common::cluster::Lab;
use crate::common::process::Process;

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

async fn run(program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
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

#[tokio::test]
async fn two_toolkits_make_calls_and_what_they_exchanged_is_of_the_contract() {
    let python = interpreter("OIG_PYTHON", "target/toolkits/python/bin/python");
    let node = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    let lab = Lab::start().await;
    let records = Folder::new();
    let mut folders = Vec::new();
    for (name, program, script) in
        [("zeep", &python, "tests/toolkits/python/call.py"), ("node", &node, "tests/toolkits/node/call.mjs")]
    {
        let folder = records.path().join(name).to_str().expect("a path of this machine").to_owned();
        let hands = [lab.hands(1).base(), lab.hands(2).base()];
        let said = run(program, &[script, &lab.url, hands[0], hands[1], "--record", &folder]).await;
        assert!(said.contains("as agreed"), "{said}");
        folders.push(folder);
    }
    let said = run(&python, &["tests/toolkits/validate.py", &folders[0], &folders[1]]).await;
    assert!(said.contains(", 0 found wrong"), "{said}");
}
