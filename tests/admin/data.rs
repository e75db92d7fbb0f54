//! The copies of the nodes' forms as people see and steer them: how it stands with each, whatever becomes of its node, the rows
//! of a form, and having them copied or compared anew.

use serde_json::{Value, json};

use super::{Site, upload_with};
use crate::certs::people::Person;
use crate::common::cluster::Node;
use crate::common::{eventually, http};

/// Until the page says this.
async fn says(person: &Person, path: &str, words: &str) -> String {
    eventually(words, async || {
        let page = person.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        page.text().contains(words).then(|| page.text())
    })
    .await
}

async fn metric(site: &Site, line: &str) {
    eventually(line, async || {
        let metrics = http::get(&site.gateway.url, "/metrics", &[]).await.body;
        metrics.lines().any(|own| own == line).then_some(())
    })
    .await;
}

/// How often the gateway has copied forms.
fn copies(site: &Site) -> usize {
    site.gateway.process.logged().iter().filter(|line| line.contains("forms copied")).count()
}

/// A person at the node sets a row of a form.
async fn set(node: &Node, form: &str, row: Value) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/forms/{form}", node.hands.base());
    let body = json!({ "set": row }).to_string();
    let answer = client.post(url).header("content-type", "application/json").body(body).send().await;
    let answer = answer.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
}

#[tokio::test]
async fn a_copy_is_seen_as_it_is_while_its_node_is_there_away_and_back() {
    let mut node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let reader = site.signed_in("reader").await;
    let all = schemas::data::FORMS.len();
    let page = says(&reader, "/data/1", &format!("Whole: {all} of {all}. Rows: ")).await;
    assert!(page.contains("User and Services phones 20 whole 20"), "{page}");
    assert!(page.contains("Behind 0 changes The last change took –"), "{page}");
    let page = says(&reader, "/data/1", "State current As of 20").await;
    assert!(page.contains(" s ago Newest change ") && page.contains("Last fault none"), "{page}");
    for button in ["Copy anew", "Compare now"] {
        assert!(!page.contains(button), "a reader has nothing to press: {page}");
    }
    let page = reader.get("/data").await;
    page.is(200, "Nodes: 1. Current: 1. Rows: ");
    page.is(200, &format!("{all} of {all}"));
    assert_eq!(page.link_of("1").as_deref(), Some("/admin/data/1"));
    assert_eq!(reader.get("/nodes/1").await.link_of("The copy of its forms").as_deref(), Some("/admin/data/1"));
    metric(&site, r#"oig_data_nodes{state="current"} 1"#).await;

    // What is copied stays, and it is said that it is of before.
    node.process.kill();
    let page = says(&reader, "/data/1", "the node cannot be reached: no connection").await;
    assert!(page.contains("State away As of 20"), "{page}");
    reader.get("/data").await.is(200, "Nodes: 1. Current: 0. Rows: ");
    reader.get("/data/1/phones").await.is(200, "away As of 20");
    reader.get("/data/1/phones").await.is(200, "1000");
    metric(&site, r#"oig_data_nodes{state="away"} 1"#).await;
    metric(&site, r#"oig_data_nodes{state="current"} 0"#).await;
    node.restart().await;
    says(&reader, "/data/1", "State current").await;
    says(&reader, "/data/1", "Last fault none").await;
}

#[tokio::test]
async fn rows_are_seen_page_by_page_sorted_and_found_by_a_condition_whose_refusal_is_a_sentence() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let reader = site.signed_in("reader").await;
    says(&reader, "/data/1/phones", "Rows 1 to 20.").await;
    let page = reader.get("/data/1/phones?sort=-number").await;
    assert!(page.body.contains("<th scope=\"col\" aria-sort=\"descending\"><code>number</code>"), "{}", page.body);
    let text = page.text();
    assert!(text.find(" 1019 ").expect("a row") < text.rfind(" 1000 ").expect("a row"), "{text}");
    let query = |condition: &str| {
        let mut url = reqwest::Url::parse("http://x/").expect("a URL");
        url.query_pairs_mut().append_pair("where", condition).append_pair("sort", "number");
        format!("/data/1/phones?{}", url.query().unwrap_or_default())
    };
    let page = reader.get(&query("number = '1003' OR device_type IS NULL")).await;
    page.is(200, "Rows 1 to 1.");
    assert!(page.body.contains("aria-sort=\"ascending\""), "{}", page.body);
    reader.get(&query("number = 'none'")).await.is(200, "There is no such row.");
    for (condition, sentence) in [
        ("colour = 1", "The condition is not taken: there is no column colour."),
        ("number = 1000", "a directory number is a text: '1000'."),
        ("number =", "this is no SQL that is understood here, near line 1, column "),
        ("TRUE; DROP TABLE da_phones", "The condition is not taken: "),
        ("number IN (SELECT number FROM sqlite_master)", "The condition is not taken: "),
        ("<script>alert(1)</script>", "The condition is not taken: "),
    ] {
        let page = reader.get(&query(condition)).await;
        page.is(422, sentence);
        assert!(!page.body.contains("<script>alert"), "{condition}: markup is shown, not used");
        assert!(!page.text().contains("Rows 1 to"), "{condition}");
    }
    for path in ["/data/1/nothing", "/data/1/sync_node", "/data/2", "/data/2/phones", "/data/0"] {
        reader.get(path).await.is(404, "no such page");
    }

    // More than a page, while they come.
    let more = 205;
    for number in 0..more {
        let name = format!("Row {number:03}, <i>New</i>");
        set(&node, "telephone_directory", json!({ "name": name, "number": "1000", "privacy": number % 2 == 0 })).await;
    }
    let pages = async |page: u32| {
        reader.get(&format!("/data/1/telephone_directory?where=name+LIKE+%27Row%25%27&page={page}")).await
    };
    eventually("the rows", async || pages(2).await.text().contains("Rows 201 to 205.").then_some(())).await;
    let first = pages(0).await;
    first.is(200, "Rows 1 to 100.");
    first.is(200, "Row 099, <i>New</i>");
    assert!(!first.body.contains("<i>") && !first.text().contains("Before"), "{}", first.body);
    let next = first.link_of("After").expect("a link").replace("&amp;", "&").replace("&#38;", "&");
    let second = reader.get(next.strip_prefix("/admin").expect("a path of the site")).await;
    second.is(200, "Rows 101 to 200.");
    second.is(200, "Row 100, <i>New</i>");
    assert!(pages(2).await.link_of("After").is_none() && pages(2).await.link_of("Before").is_some());
    pages(4_000_000_000).await.is(200, "There is no such row.");
    pages(1).await.is(200, "yes");
}

#[tokio::test]
async fn an_operator_has_forms_copied_and_compared_anew_and_the_audit_log_says_so() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let operator = site.signed_in("operator").await;
    says(&operator, "/data/1", "State current").await;
    let before = copies(&site);
    operator.get("/data/1").await;
    operator.post("/data/1/copy", &[]).await.leads_to("/admin/data/1");
    operator.get("/data/1").await.is(200, "The forms of node 1 are to be copied anew.");
    eventually("another copy", async || (copies(&site) > before).then_some(())).await;
    says(&operator, "/data/1", "State current").await;
    operator.post("/data/1/compare", &[]).await.leads_to("/admin/data/1");
    operator.get("/data/1").await.is(200, "The forms of node 1 are to be compared.");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    for line in ["operator (127.0.0.1) copy forms of node 1", "operator (127.0.0.1) compare forms of node 1"] {
        assert!(audit.contains(line), "{line} is not in {audit}");
    }
    operator.post("/data/2/copy", &[]).await.is(404, "no such page");
}

#[tokio::test]
async fn a_node_without_a_port_of_its_forms_has_no_copy() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let operator = site.signed_in("operator").await;
    operator.get("/data").await.is(200, "Nodes: 1. Current: 0. Rows: 0.");
    operator.get("/data/1").await.is(200, "State nothing kept");
    operator.get("/data/2").await.is(404, "no such page");
    operator.post("/data/1/compare", &[]).await.is(404, "no such page");
    metric(&site, "oig_data_oldest_copy_age_seconds 0").await;
}

/// Sends a file of a form; gives the path of its import.
async fn send_form(person: &Person, form: &str, file: &str) -> String {
    person.get("/data/1/import").await.is(200, "See what it would do");
    let page = upload_with(person, "/data/import", &[("node", "1"), ("form", form)], "file", file.as_bytes()).await;
    assert_eq!(page.status, 303, "{}", page.text());
    page.header("location").strip_prefix("/admin").expect("a page of the site").to_owned()
}

#[tokio::test]
async fn a_form_is_imported_from_a_file_that_is_shown_first_and_done_whole_when_that_is_confirmed() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let root = site.signed_in("administrator").await;
    root.get("/data").await.is(200, "nothing kept");
    let page = root.get("/data/1").await;
    page.is(200, "This node has no port of its configuration forms: they come by files, one for each form.");
    assert_eq!(page.link_of("Import a form").as_deref(), Some("/admin/data/1/import"));
    assert!(!page.text().contains("Copy anew"));
    let reader = site.signed_in("reader").await;
    assert!(!reader.get("/data/1").await.text().contains("Import a form"), "a reader has nothing to press");

    // Rows that cannot be.
    let bad = "number,name,one_busy_all_busy\n<b>1</b>,Mary,no\n1000,Mary,perhaps\n1001,John,no\n";
    let import = send_form(&root, "personal_ring_groups", bad).await;
    let page = says(&root, &import, "2 rows are refused, so nothing can be done.").await;
    assert!(
        page.contains("2 <b>1</b> refused The column 'number' must hold a text of at most 7 characters on one line."),
        "{page}"
    );
    assert!(page.contains("3 1000 refused The column 'one_busy_all_busy' must hold yes or no."), "{page}");
    assert!(!page.contains("Do it") && !root.get(&import).await.body.contains("<b>"), "{page}");
    for (file, fault) in [
        ("", "Choose a file."),
        ("name\nMary\n", "The file has no column 'number' in its first line."),
        ("colour\n", "Column 1 has a name that is not known; there are number, name, one_busy_all_busy."),
    ] {
        let fields = [("node", "1"), ("form", "personal_ring_groups")];
        root.get("/data/1/import").await;
        let page = upload_with(&root, "/data/import", &fields, "file", file.as_bytes()).await;
        match page.status {
            303 => drop(says(&root, page.header("location").strip_prefix("/admin").expect("a page"), fault).await),
            _ => page.is(422, fault),
        }
    }

    // What the node exports: shown, confirmed, done.
    let import = send_form(&root, "phones", &node.hands.exported("phones").await).await;
    let page = says(&root, &import, "Nothing has been done yet.").await;
    assert!(page.contains("Added 20 Changed 0 Removed 0 As they are 0 Refused 0"), "{page}");
    // Another person's page, or another number, is nobody's.
    let other = format!("{import}9");
    root.get(&other).await.is(422, "another one took its place");
    reader.get(&import).await.is(403, "may not do this");
    root.get("/data/1/phones").await.is(200, "There is no such row.");
    root.get(&import).await;
    root.post(&format!("{import}/confirm"), &[]).await.leads_to(&format!("/admin{import}"));
    says(&root, &import, "The form is imported: 20 added, 0 changed, 0 removed.").await;
    root.post(&format!("{import}/confirm"), &[]).await.leads_to(&format!("/admin{import}"));
    root.get("/data/1/phones").await.is(200, "Rows 1 to 20.");
    root.get("/data/1").await.is(200, "State by files As of 20");
    root.get("/data").await.is(200, "by files");
    metric(&site, r#"oig_data_nodes{state="imported"} 1"#).await;
    root.get("/log").await.is(200, "import form phones of node 1: 20 added, 0 changed, 0 removed");

    // As a file, and back again: there is nothing to do. With a row less and another name: the difference.
    let file = reader.get("/data/1/phones/export").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"phones-1.csv\"");
    let import = send_form(&root, "phones", &file.body).await;
    says(&root, &import, "there is nothing to do").await;
    let rows: Vec<&str> = file.body.lines().collect();
    // Names have a comma, and so stand in quotes.
    let renamed = rows[1].replacen("1000,\"", "1000,\"Renamed ", 1);
    assert_ne!(renamed, rows[1]);
    let other = [&[rows[0], &renamed], &rows[3..]].concat().join("\n");
    let first = send_form(&root, "phones", &other).await;
    let page = says(&root, &first, "Nothing has been done yet.").await;
    assert!(page.contains("Added 0 Changed 1 Removed 1 As they are 18"), "{page}");
    assert!(page.contains("2 1000 changed name") && page.contains("– 1001 removed"), "{page}");
    // Somebody else is faster: what was shown is not done.
    site.gateway
        .admin(&["add-account", "eve", "--role", "administrator"], &format!("{}\n", super::PASSWORD))
        .expect("added");
    let eve = site.signed_in("eve").await;
    let faster = send_form(&eve, "phones", &[&rows[..1], &rows[5..]].concat().join("\n")).await;
    says(&eve, &faster, "Nothing has been done yet.").await;
    eve.post(&format!("{faster}/confirm"), &[]).await.leads_to(&format!("/admin{faster}"));
    says(&eve, &faster, "The form is imported: 0 added, 0 changed, 4 removed.").await;
    root.get(&first).await;
    root.post(&format!("{first}/confirm"), &[]).await.leads_to(&format!("/admin{first}"));
    says(&root, &first, "This has been changed meanwhile by somebody else.").await;
    root.get("/data/1/phones").await.is(200, "Rows 1 to 16.");
}

#[tokio::test]
async fn a_node_that_serves_its_forms_takes_no_file() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let root = site.signed_in("administrator").await;
    says(&root, "/data/1", "State current").await;
    root.get("/data/1/import").await.is(200, "The forms of this node are copied from it: a file would be of no use.");
    let fields = [("node", "1"), ("form", "phones")];
    root.get("/password").await;
    let page = upload_with(&root, "/data/import", &fields, "file", b"number\n").await;
    let import = page.header("location").strip_prefix("/admin").expect("a page").to_owned();
    says(&root, &import, "The forms of node 1 are copied from it: a file would be of no use.").await;
    root.get("/data/1/phones").await.is(200, "Rows 1 to 20.");
}
