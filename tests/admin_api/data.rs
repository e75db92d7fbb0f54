//! Programs see how it stands with the copies of the nodes' forms, and have them copied and compared anew; and so does
//! `oig admin`.

use reqwest::Method;
use serde_json::{Value, json};

use super::command_line::Both;
use super::programs::{Program, token};
use crate::admin::Site;
use crate::common::cluster::Node;
use crate::common::eventually;

async fn current(program: &Program) -> Value {
    eventually("the copy", async || {
        let page = program.get("/data").await.is(200);
        let node = page["items"][0].clone();
        (node["state"] == "current" && node["as_of_ms"].is_i64()).then_some(node)
    })
    .await
}

#[tokio::test]
async fn a_program_sees_the_copies_and_has_them_copied_and_compared_anew() {
    let mut node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let operator = Program::new(&site, &token(&site, "operator", "copies", "data:read,data:copy"));
    let copy = current(&operator).await;
    let forms = copy["forms"].as_array().expect("forms").clone();
    assert_eq!((copy["ceid"].as_u64(), copy["address"].as_str()), (Some(1), Some(node.address.to_string().as_str())));
    assert_eq!(forms.len(), schemas::data::FORMS.len());
    assert_eq!((&forms[0]["form"], &forms[0]["title"]), (&json!("phones"), &json!("User and Services")));
    assert!(forms.iter().all(|form| form["whole"] == "whole" && form["copied_at_ms"].is_i64()), "{copy}");
    let rows: u64 = forms.iter().filter_map(|form| form["rows"].as_u64()).sum();
    // Nothing is missing, and each form is as old as it was heard that it is as the node's.
    assert!(copy["behind"] == 0 && copy["delay_ms"].is_null(), "{copy}");
    for form in &forms {
        let (as_of, copied) = (form["as_of_ms"].as_i64(), form["copied_at_ms"].as_i64());
        assert!(form["behind"] == 0 && as_of >= copied && as_of >= copy["as_of_ms"].as_i64(), "{form}");
    }
    assert!(rows > 0 && copy["rows"].as_u64() == Some(rows) && copy["last_fault"].is_null(), "{copy}");
    assert_eq!(operator.get("/data").await.is(200)["next"], Value::Null);
    assert_eq!(operator.get("/data?after=1").await.is(200)["items"], json!([]));

    let copied_at = |copy: &Value| copy["forms"][0]["copied_at_ms"].as_i64().expect("a time");
    let before = copied_at(&copy);
    operator.send(Method::POST, "/data/1/copy", &[], None).await.is(204);
    eventually("another copy", async || (copied_at(&current(&operator).await) > before).then_some(())).await;
    operator.send(Method::POST, "/data/1/compare", &[], None).await.is(204);
    for path in ["/data/2/copy", "/data/2/compare", "/data/0/copy", "/data/01/copy", "/data/x/compare"] {
        operator.send(Method::POST, path, &[], None).await.refused(404, "not-found");
    }
    operator.get("/data?after=x").await.refused(400, "query");
    let reader = Program::new(&site, &token(&site, "reader", "copies", "data:read"));
    reader.send(Method::POST, "/data/1/copy", &[], None).await.refused(403, "not-in-scope");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    for line in ["copy forms of node 1", "compare forms of node 1"] {
        assert!(audit.contains(&format!("operator by token copies (127.0.0.1) {line}")), "{line}: {audit}");
    }

    // How long a change took is told from the first one on.
    let row = json!({ "name": "Archer, Maya", "number": "1800", "privacy": false });
    node.hands.change_form("telephone_directory", &json!({ "set": row })).await;
    let rows = rows + 1;
    let copy = eventually("the change", async || {
        let copy = current(&operator).await;
        copy["delay_ms"].is_i64().then_some(copy)
    })
    .await;
    assert!(copy["behind"] == 0 && copy["rows"] == rows && copy["delay_ms"].as_i64() >= Some(0), "{copy}");

    node.process.kill();
    eventually("it is away", async || {
        let page = operator.get("/data").await.is(200);
        let node = &page["items"][0];
        (node["state"] == "away" && node["last_fault"].is_string() && node["rows"] == rows).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_copies_are_shown_and_steered_at_a_terminal() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let program = Program::new(&site, &token(&site, "reader", "copies", "data:read"));
    current(&program).await;
    let both = Both::new(site);
    let shown = both.by_gateway(&["data"], "").expect("shown");
    let (all, address) = (schemas::data::FORMS.len(), node.address);
    assert!(shown.starts_with(&format!("node 1 at {address}: current, as of 20")), "{shown}");
    assert!(shown.contains(&format!("forms whole {all} of {all}, rows ")), "{shown}");
    assert!(shown.contains(" UTC, change 0, behind 0, forms whole "), "{shown}");
    let phones = shown.lines().find(|line| line.starts_with("  phones ")).expect("told");
    assert!(phones.starts_with("  phones                       rows 20      whole, as of 20"), "{phones}");
    assert!(phones.contains(" UTC, behind 0, copied 20"), "{phones}");
    for (verb, said) in [
        ("copy-forms", "the forms of node 1 are to be copied anew\n"),
        ("compare-forms", "the forms of node 1 are to be compared\n"),
    ] {
        assert_eq!(both.by_gateway(&[verb, "1"], "").expect("asked for"), said);
        let missing = both.by_gateway(&[verb, "2"], "").expect_err("there is none");
        assert!(missing.contains("a copy of node 2 is not there"), "{missing}");
        assert!(both.by_database(&[verb, "1"], "").expect_err("nobody copies").contains("--url"));
    }
    assert!(both.by_database(&["data"], "").expect_err("nobody knows").contains("--url"));
}

#[tokio::test]
async fn a_form_is_imported_and_exported_at_a_terminal() {
    let node = Node::start(1).await;
    let both = Both::new(Site::start(&[&node]).await);
    let folder = both.site.gateway.folder();
    let path = |name: &str| folder.join(name).to_str().expect("a path of this machine").to_owned();
    let file = path("groups.csv");
    std::fs::write(&file, "Number,Name,One Busy All Busy\n1000,Mary,No\n1001,John,Yes\n").expect("written");
    let import =
        |more: &[&str]| both.by_gateway(&[&["import-form", "1", "personal_ring_groups", &file], more].concat(), "");
    let added = "add     line 2: 1000\nadd     line 3: 1001\n";
    let tried = "2 would be added, 0 changed, 0 removed, 0 stay. Nothing was changed (--dry-run).\n";
    assert_eq!(import(&["--dry-run"]).expect("told"), format!("{added}{tried}"));
    assert_eq!(import(&[]).expect("done"), format!("{added}2 added, 0 changed, 0 removed.\n"));
    assert_eq!(import(&[]).expect("done"), "0 added, 0 changed, 0 removed.\n");
    let export = both.by_gateway(&["export-form", "1", "personal_ring_groups"], "").expect("told");
    assert_eq!(export, "number,name,one_busy_all_busy\n1000,Mary,no\n1001,John,yes\n");
    let out = path("out.csv");
    let said = both.by_gateway(&["export-form", "1", "personal_ring_groups", &out], "").expect("written");
    assert_eq!((said, std::fs::read_to_string(&out).expect("a file")), (format!("{out}: 1 KiB\n"), export));
    std::fs::write(&file, "number,name,one_busy_all_busy\n1001,Jo,yes\n1x,X,no\n").expect("written");
    let refused = import(&[]).expect_err("a row is none");
    assert!(refused.contains("rows that are refused: 1; nothing was changed"), "{refused}");
    std::fs::write(&file, "number,name,one_busy_all_busy\n1001,Jo,yes\n").expect("written");
    let done = import(&[]).expect("done");
    assert_eq!(done, "remove  1000\nchange  line 2: 1001: name\n0 added, 1 changed, 1 removed.\n");
    assert!(both.by_gateway(&["data"], "").expect("told").contains("by files, as of 20"));
    let missing = both.by_gateway(&["export-form", "1", "nothing"], "").expect_err("no such form");
    assert!(missing.contains("nothing"), "{missing}");
    let refused = both.by_gateway(&["copy-forms", "1"], "").expect_err("nothing to copy");
    assert!(refused.contains("a copy of node 1 is not there"), "{refused}");
    assert!(both.by_database(&["import-form", "1", "phones", &file], "").expect_err("only there").contains("--url"));
}
