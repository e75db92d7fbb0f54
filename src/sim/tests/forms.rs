//! The node's forms over HTTP: what a gateway that copies them hears, and what it is refused.

mod broken;

use std::time::Duration;

use schemas::data::sync::{Change, Done, Line, PageEnd, PageHead, Refused, Stand, read_page_line, write_key};
use schemas::data::{Digest, FORMS, Form, Row, Value, form};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, timeout};

use super::*;
use crate::sim::forms::{Asked, KEPT};
use crate::sim::listen::{self, Addresses, RunningNode};

/// So long anything takes at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node of the lab, and who asks it.
struct Asker {
    node: RunningNode,
    http: reqwest::Client,
}

/// A stream of lines as it comes.
struct Lines {
    response: reqwest::Response,
    /// What came of a line that is not whole yet.
    rest: Vec<u8>,
}

/// How a stream ended.
#[derive(Debug, PartialEq)]
enum End {
    Over,
    /// Within a line.
    Cut,
}

impl Asker {
    async fn start() -> Self {
        crate::push::use_ring();
        let node = listen::run(plan(1), Addresses::free(), vec![], Env::system()).await.expect("free ports");
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build();
        Self { node, http: http.expect("a client") }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.node.addresses().sync)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.url(path)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: String) -> (u16, String) {
        let answer = self.http.post(self.url(path)).body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// What a person does at the node.
    async fn hands(&self, path: &str, body: Json) -> (u16, Json) {
        let url = format!("http://{}{path}", self.node.addresses().hands);
        let answer = self.http.post(url).body(body.to_string()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON"))
    }

    async fn set(&self, form: &str, row: Json) -> u64 {
        let (status, told) = self.hands(&format!("/forms/{form}"), json!({ "set": row })).await;
        assert_eq!(status, 200, "{told}");
        told["seq"].as_u64().expect("a number")
    }

    async fn fault(&self, body: Json) {
        let (status, told) = self.hands("/faults/forms", body).await;
        assert_eq!(status, 200, "{told}");
    }

    async fn broken(&self) -> usize {
        self.node.node().truth_now().await.expect("alive").faults.forms
    }

    async fn stand(&self) -> Stand {
        let (status, body) = self.get("/sync").await;
        assert_eq!(status, 200, "{body}");
        Stand::read(body.as_bytes()).expect("a stand")
    }

    async fn page(&self, form: &'static Form, query: &str) -> (PageHead, Vec<Row>, PageEnd) {
        let (status, body) = self.get(&format!("/sync/forms/{}{query}", form.name)).await;
        assert_eq!(status, 200, "{body}");
        let mut lines = body.lines().map(str::as_bytes);
        let head = PageHead::read(lines.next().expect("a head")).expect("a head");
        let mut rows = Vec::new();
        loop {
            match read_page_line(form, lines.next().expect("an end")).expect("a line") {
                Ok(row) => rows.push(row),
                Err(end) => {
                    assert_eq!((end.rows, lines.next()), (rows.len(), None));
                    return (head, rows, end);
                }
            }
        }
    }

    async fn stream(&self, epoch: &str, since: u64) -> Lines {
        let url = self.url(&format!("/sync/changes?epoch={epoch}&since={since}"));
        let response = self.http.get(url).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        Lines { response, rest: Vec::new() }
    }
}

impl Lines {
    async fn next(&mut self) -> Result<Line, End> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Line::read(&line[..end]).expect("a line"));
            }
            match timeout(PATIENCE, self.response.chunk()).await.expect("not for ever") {
                Ok(Some(bytes)) => self.rest.extend_from_slice(&bytes),
                _ if self.rest.is_empty() => return Err(End::Over),
                _ => return Err(End::Cut),
            }
        }
    }

    async fn change(&mut self) -> Change {
        loop {
            match self.next().await {
                Ok(Line::Alive(_)) => {}
                Ok(Line::Change(change)) => return change,
                other => panic!("no change: {other:?}"),
            }
        }
    }

    /// What was said until it ended, without signs of life.
    async fn rest(&mut self) -> (Vec<u64>, End) {
        let mut said = Vec::new();
        loop {
            match self.next().await {
                Ok(Line::Change(change)) => said.push(change.seq),
                Ok(_) => {}
                Err(end) => return (said, end),
            }
        }
    }
}

fn of(name: &str) -> &'static Form {
    form(name).unwrap_or_else(|| panic!("{name}"))
}

fn phone(number: &str, name: &str) -> Json {
    json!({ "number": number, "name": name, "device_id": 7, "device_type": "multiline", "cos": 1, "home_element": 1,
        "hot_desk": false })
}

fn wanted(op: &str, before: Option<Json>, after: Option<Json>) -> String {
    let mut wanted = json!({ "op": op });
    for (name, row) in [("before", before), ("after", after)] {
        if let Some(row) = row {
            wanted[name] = row;
        }
    }
    wanted.to_string()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn every_form_is_copied_page_by_page() {
    let asker = Asker::start().await;
    let stand = asker.stand().await;
    assert_eq!((stand.seq, stand.forms.len()), (0, FORMS.len()));
    for (form, digest) in &stand.forms {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let (head, page, end) = asker.page(form, &format!("?limit=7{after}")).await;
            assert_eq!((head.epoch.as_str(), head.seq), (stand.epoch.as_str(), 0));
            rows.extend(page);
            if !end.more {
                break;
            }
            after = format!("&after={}", percent(&write_key(&form.key(rows.last().expect("a row")))));
        }
        let copied = rows.iter().fold(Digest::default(), |mut copied, row| {
            copied.add(form, row);
            copied
        });
        assert_eq!(copied, *digest, "{}", form.name);
        assert_eq!(asker.node.node().forms().rows(form), rows, "{}", form.name);
    }
    let (_, rows, end) = asker.page(of("phones"), "?limit=100000").await;
    assert_eq!((rows.len(), end.more), (20, false));
    asker.node.stop().await;
}

#[tokio::test]
async fn a_stream_tells_what_people_and_gateways_change_and_is_taken_up_again() {
    let asker = Asker::start().await;
    let epoch = asker.stand().await.epoch;
    let mut lines = asker.stream(&epoch, 0).await;
    assert_eq!(lines.next().await, Ok(Line::Alive(0)), "it says at once where it stands");
    assert_eq!(asker.set("phones", phone("1099", "A")).await, 1);
    let first = lines.change().await;
    assert_eq!((first.seq, first.form.name, first.before.is_none()), (1, "phones", true));
    let body = wanted("update", Some(phone("1099", "A")), Some(phone("1099", "B")));
    let (status, done) = asker.post("/sync/forms/phones", body).await;
    assert_eq!((status, serde_json::from_str::<Done>(&done).expect("done")), (200, Done { seq: 2 }));
    let second = lines.change().await;
    assert_eq!((second.seq, &second.before), (2, &first.after));
    drop(lines);
    assert_eq!(asker.hands("/forms/phones", json!({ "remove": ["1099"] })).await, (200, json!({ "seq": 3 })));
    let mut lines = asker.stream(&epoch, 1).await;
    assert_eq!(lines.change().await, second);
    let third = lines.change().await;
    assert_eq!((third.seq, &third.before, &third.after), (3, &second.after, &None));
    // The clock of tests does not run ahead here: a sign of life comes each 5 s.
    let began = Instant::now();
    assert_eq!(lines.next().await, Ok(Line::Alive(3)));
    assert!((4..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    asker.node.stop().await;
}

#[tokio::test]
async fn what_cannot_be_told_any_more_is_gone() {
    let asker = Asker::start().await;
    let epoch = asker.stand().await.epoch;
    let forms = asker.node.node().forms();
    for n in 0..=KEPT {
        let row = of("phones").read(&phone("1099", &n.to_string())).expect("a row");
        forms.change(of("phones"), Asked::Set(row)).expect("changed");
    }
    let newest = KEPT + 1;
    for (query, status) in [
        (format!("epoch={epoch}&since=0"), 410),
        (format!("epoch={epoch}&since={}", newest + 1), 410),
        (format!("epoch=another&since={newest}"), 410),
        (format!("since={newest}"), 410),
        (format!("epoch={epoch}"), 400),
        (format!("epoch={epoch}&since=-1"), 400),
    ] {
        assert_eq!(asker.get(&format!("/sync/changes?{query}")).await.0, status, "{query}");
    }
    assert_eq!(asker.stream(&epoch, 1).await.change().await.seq, 2);
    asker.node.stop().await;
}

#[tokio::test]
async fn a_gateway_that_is_no_network_element_is_turned_away_and_its_stream_ends() {
    let asker = Asker::start().await;
    let epoch = asker.stand().await.epoch;
    let mut lines = asker.stream(&epoch, 0).await;
    assert_eq!(lines.next().await, Ok(Line::Alive(0)));
    let page = asker.http.get(asker.url("/sync")).header("Origin", "http://page").send().await.expect("an answer");
    assert_eq!(page.status(), 403);
    assert_eq!(asker.hands("/forms/network_elements", json!({ "remove": ["Gateway"] })).await.0, 200);
    assert_eq!(lines.rest().await.1, End::Over);
    for path in ["/sync", "/sync/forms/phones", "/sync/forms/toys", &format!("/sync/changes?epoch={epoch}&since=0")] {
        assert_eq!(asker.get(path).await.0, 403, "{path}");
    }
    let (status, told) = asker.post("/sync/forms/phones", wanted("insert", None, Some(phone("1099", "A")))).await;
    let refused: Refused = serde_json::from_str(&told).expect("why");
    assert!(status == 403 && refused.error.contains("network elements") && refused.row.is_none(), "{told}");
    let gateway = json!({ "name": "Back", "element_type": "gateway", "address": "127.0.0.1", "zone": 1 });
    assert_eq!(asker.set("network_elements", gateway).await, 2);
    assert_eq!(asker.stand().await.seq, 2);
    asker.node.stop().await;
}

#[tokio::test]
async fn what_an_application_wants_is_refused_with_the_reason() {
    let asker = Asker::start().await;
    let present = asker.page(of("phones"), "?limit=1").await.1.remove(0);
    let present = of("phones").write(&present);
    let there = Some(present.clone());
    let no_class = {
        let mut row = phone("1099", "A");
        row["cos"] = json!(99);
        row
    };
    let group = json!({ "number": "1001", "ringing": "ring_all", "cos": 1 });
    let class = json!({ "number": 1, "call_control_allowed": true });
    let long = wanted("insert", None, Some(json!({ "name": "x".repeat(70_000) })));
    for (form, body, status, row, error) in [
        ("phones", wanted("insert", None, Some(phone("1000", "A"))), 409, there.clone(), "already"),
        ("phones", wanted("update", Some(phone("1000", "A")), Some(phone("1000", "B"))), 409, there.clone(), "another"),
        ("phones", wanted("delete", Some(phone("1000", "A")), None), 409, there, "another"),
        ("phones", wanted("delete", Some(phone("1099", "A")), None), 409, None, "no such row"),
        ("phones", wanted("insert", None, Some(phone("1900", "A"))), 422, None, "hot_desk_users"),
        ("phones", wanted("insert", None, Some(no_class)), 422, None, "cos"),
        ("ring_groups", wanted("insert", None, Some(group)), 422, None, "phones"),
        ("phones", wanted("update", Some(phone("1000", "A")), Some(phone("1001", "A"))), 400, None, "key"),
        ("phones", wanted("insert", None, Some(json!({ "number": "1099" }))), 400, None, "device_id"),
        ("phones", wanted("insert", None, None), 400, None, "not what is said here"),
        ("phones", "{".into(), 400, None, "not what is said here"),
        ("classes_of_service", wanted("delete", Some(class), None), 400, None, "needs a value"),
        ("toys", wanted("insert", None, Some(phone("1099", "A"))), 404, None, "no such form"),
    ] {
        let (got, told) = asker.post(&format!("/sync/forms/{form}"), body).await;
        let refused: Refused = serde_json::from_str(&told).unwrap_or_else(|fault| panic!("{told}: {fault}"));
        assert!((got, refused.row) == (status, row) && refused.error.contains(error), "{form}: {got} {told}");
    }
    assert_eq!(asker.post("/sync/forms/phones", long).await.0, 413);
    for (path, status) in [
        ("/sync/forms/toys", 404),
        ("/sync/toys", 404),
        ("/phones/1000", 404),
        ("/sync/forms/phones?limit=0", 400),
        ("/sync/forms/phones?limit=many", 400),
        ("/sync/forms/phones?after=1000", 400),
        ("/sync/forms/phones?after=%5B%221000%22%2C1%5D", 400),
        ("/sync/forms/phones?after=%5B%221000%22%5D", 200),
    ] {
        assert_eq!(asker.get(path).await.0, status, "{path}");
    }
    assert_eq!(asker.stand().await.seq, 0);
    asker.node.stop().await;
}

#[tokio::test]
async fn people_change_rows_at_the_node_itself() {
    let asker = Asker::start().await;
    assert_eq!(asker.set("phones", phone("1099", "A")).await, 1);
    let url = format!("http://{}/forms/phones", asker.node.addresses().hands);
    let rows = asker.http.get(&url).send().await.expect("an answer").text().await.expect("a text");
    let rows: Vec<Json> = serde_json::from_str(&rows).expect("rows");
    assert_eq!((rows.len(), &rows[20]), (21, &phone("1099", "A")));
    for (form, body, status, error) in [
        ("toys", json!({ "set": {} }), 404, "no such form"),
        ("phones", json!({}), 400, "one of"),
        ("phones", json!({ "set": {}, "remove": [] }), 400, "one of"),
        ("phones", json!({ "set": { "number": "1098" } }), 400, "device_id"),
        ("phones", json!({ "remove": [] }), 400, "the key"),
        ("phones", json!({ "remove": ["x"] }), 400, "the key"),
        ("phones", json!({ "remove": ["1098"] }), 404, "no such row"),
        ("phones", json!({ "remove": ["1005"] }), 409, "personal_ring_groups"),
        ("phones", json!({ "set": phone("1900", "A") }), 409, "hot_desk_users"),
    ] {
        let (got, told) = asker.hands(&format!("/forms/{form}"), body.clone()).await;
        assert!(got == status && told["error"].as_str().is_some_and(|e| e.contains(error)), "{body}: {got} {told}");
    }
    for body in [json!({}), json!({ "epoch": true, "double": true }), json!({ "melt": true })] {
        assert_eq!(asker.hands("/faults/forms", body.clone()).await.0, 400, "{body}");
    }
    asker.node.stop().await;
}

#[tokio::test]
async fn presence_in_a_personal_ring_group_is_the_same_at_the_switch_and_in_its_form() {
    let asker = Asker::start().await;
    let (node, members) = (asker.node.node(), of("personal_ring_group_members"));
    let group = line("1005").dn;
    let present = || {
        let row = node.forms().row(members, &vec![Value::Text("1005".into()), Value::Integer(2)]).expect("a member");
        row.0[members.column("present").expect("a column")] == Value::Boolean(true)
    };
    let at_the_switch = async || node.phone(line("1015").dn).await.expect("alive").expect("a phone").groups["1005"];
    let mut lines = asker.stream(&asker.stand().await.epoch, 0).await;
    hand(node, "1015", Deed::Presence { group, present: false }).await.expect("done");
    let change = lines.change().await;
    assert_eq!((change.seq, change.form.name, present(), at_the_switch().await), (1, members.name, false, false));

    let row = |present| json!({ "group_number": "1005", "position": 2, "number": "1015", "present": present });
    let (status, _) = asker
        .post("/sync/forms/personal_ring_group_members", wanted("update", Some(row(false)), Some(row(true))))
        .await;
    assert_eq!((status, lines.change().await.seq, at_the_switch().await), (200, 2, true));
    assert_eq!(asker.set("personal_ring_group_members", row(false)).await, 3);
    assert_eq!((lines.change().await.seq, at_the_switch().await), (3, false));
    // What was set at the switch is lost with its power, and nothing of it is said twice.
    assert_eq!(asker.hands("/faults/power", json!({})).await.0, 200);
    assert!(present());
    assert_eq!(asker.hands("/phones/1005/onebusy", json!({ "on": true })).await.0, 200);
    assert_eq!(node.forms().stand().seq, 5);
    let group = json!({ "number": "1005", "one_busy_all_busy": false });
    assert_eq!(asker.set("personal_ring_groups", group).await, 6);
    assert_eq!((node.forms().stand().seq, at_the_switch().await), (6, true));
    asker.node.stop().await;
}
