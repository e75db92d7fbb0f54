//! What applications hear of changes: polled and streamed, over breaks of node, gateway and application.

use super::*;

impl Scene {
    pub(super) async fn trigger(&self, body: Value) -> String {
        let answer = self.ask(Method::POST, "/databases/views/triggers", &[], Some(body)).await.done();
        answer["triggerId"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn events(&self, query: &[(&str, &str)]) -> Vec<Value> {
        self.get("/databases/views/events", query).await.done()["events"].as_array().expect("a list").clone()
    }

    /// A person puts somebody into the directory, or changes the entry.
    async fn entry(&self, number: &str, department: &str) {
        let row = json!({ "name": "Archer, Maya", "number": number, "department": department, "privacy": false });
        self.hand("telephone_directory", json!({ "set": row })).await;
    }
}

fn brief(event: &Value) -> String {
    let row = if event["after"].is_object() { &event["after"] } else { &event["before"] };
    format!(
        "{} {} {}",
        event["operation"].as_str().unwrap_or("?"),
        row["number"].as_str().unwrap_or("?"),
        event["after"]["department"]
    )
}

#[tokio::test]
async fn a_trigger_tells_what_it_is_for_with_before_and_after_until_it_is_removed() {
    let scene = Scene::advanced().await;
    let all = scene.trigger(json!({ "database": scene.database(), "view": "telephone_directory" })).await;
    let some = scene
        .trigger(json!({ "database": "cluster", "view": "telephone_directory", "columns": ["department"], "where": "number = '1801' AND element = 1" }))
        .await;
    assert_eq!(scene.events(&[("timeout", "0")]).await, [] as [Value; 0]);
    scene.entry("1800", "Sales").await;
    scene.entry("1801", "Sales").await;
    scene.entry("1801", "Support").await;
    scene.hand("telephone_directory", json!({ "remove": ["Archer, Maya", "1800"] })).await;
    let mut heard: Vec<Value> = Vec::new();
    eventually("all of it", async || {
        heard.extend(scene.events(&[("timeout", "2000")]).await);
        (heard.len() >= 6).then_some(())
    })
    .await;
    let of = |id: &str| heard.iter().filter(|event| event["triggerId"] == id).map(brief).collect::<Vec<_>>();
    assert_eq!(
        of(&all),
        ["INSERT 1800 \"Sales\"", "INSERT 1801 \"Sales\"", "UPDATE 1801 \"Support\"", "DELETE 1800 null"]
    );
    assert_eq!(of(&some), ["INSERT 1801 \"Sales\"", "UPDATE 1801 \"Support\""]);
    let update = heard.iter().find(|e| e["triggerId"] == some.as_str() && e["operation"] == "UPDATE").expect("told");
    // The columns that are wanted, and those that name the row.
    assert_eq!(update["before"], json!({ "name": "Archer, Maya", "number": "1801", "department": "Sales" }));
    assert_eq!((&update["database"], &update["view"]), (&json!(scene.database()), &json!("telephone_directory")));
    let numbers: Vec<u64> = heard.iter().map(|event| event["number"].as_u64().expect("a number")).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    // Again, for who asks for it.
    let again = scene.events(&[("after", "0")]).await;
    assert_eq!(again, heard);
    let after = numbers[1].to_string();
    assert!(scene.events(&[("after", &after)]).await.iter().all(|event| event["number"].as_u64() > Some(numbers[1])));
    let removed = scene.ask(Method::DELETE, "/databases/views/triggers", &[("triggerId", &all)], None).await;
    removed.done();
    scene.ask(Method::DELETE, "/databases/views/triggers", &[("triggerId", &all)], None).await.refused(404, "trigger");
    scene.entry("1802", "Sales").await;
    scene.entry("1801", "Sales").await;
    eventually("the other one's", async || {
        let heard = scene.events(&[("timeout", "2000")]).await;
        (!heard.is_empty()).then(|| assert_eq!(heard.iter().map(brief).collect::<Vec<_>>(), ["UPDATE 1801 \"Sales\""]))
    })
    .await;
}

#[tokio::test]
async fn no_break_of_node_or_gateway_loses_a_change_or_tells_it_under_another_number() {
    let mut scene = Scene::advanced().await;
    scene.trigger(json!({ "database": "cluster", "view": "telephone_directory" })).await;
    scene.entry("1800", "One").await;
    let first = eventually("the first", async || scene.events(&[("timeout", "2000")]).await.first().cloned()).await;
    // The gateway dies; a change is made meanwhile.
    scene.gateway.process.kill();
    scene.entry("1801", "Two").await;
    scene.gateway.start_again().await;
    let after = first["number"].to_string();
    let heard = eventually("what came meanwhile", async || {
        let answer = scene.get("/databases/views/events", &[("timeout", "2000"), ("after", &after)]).await;
        let events = answer.body["events"].as_array().cloned().unwrap_or_default();
        (!events.is_empty()).then_some(events)
    })
    .await;
    assert_eq!(heard.iter().map(brief).collect::<Vec<_>>(), ["INSERT 1801 \"Two\""]);
    assert_eq!(scene.events(&[("after", "0")]).await, [vec![first], heard].concat());
    // The link breaks in the middle of a line.
    scene.node.hands.fault("forms", json!({ "cut_after": 0 })).await;
    scene.entry("1802", "Three").await;
    scene.entry("1803", "Four").await;
    eventually("the rest", async || {
        let heard: Vec<String> = scene.events(&[("after", "0")]).await.iter().map(brief).collect();
        (heard.len() == 4).then(|| {
            assert_eq!(
                heard,
                ["INSERT 1800 \"One\"", "INSERT 1801 \"Two\"", "INSERT 1802 \"Three\"", "INSERT 1803 \"Four\""]
            );
        })
    })
    .await;
}

#[tokio::test]
async fn what_comes_after_many_changes_of_others_is_told_also_to_who_begins_before_them() {
    let mut scene = Scene::advanced().await;
    scene.trigger(json!({ "database": "cluster", "view": "telephone_directory", "where": "number = '1899'" })).await;
    // More than are looked at in one go, all of them between the trigger and the gateway's next life.
    for at in 0..600 {
        scene.entry("1800", &format!("Department {at}")).await;
    }
    let last = "SELECT department FROM telephone_directory WHERE number = '1800'";
    eventually("all of them are copied", async || {
        (scene.sql(last).await.done()["rows"] == json!([["Department 599"]])).then_some(())
    })
    .await;
    scene.gateway.process.kill();
    scene.gateway.start_again().await;
    scene.entry("1899", "Sales").await;
    let heard = eventually("the change", async || {
        let answer = scene.get("/databases/views/events", &[("timeout", "2000"), ("after", "0")]).await;
        answer.body["events"].as_array().filter(|events| !events.is_empty()).cloned()
    })
    .await;
    assert_eq!(heard.iter().map(brief).collect::<Vec<_>>(), ["INSERT 1899 \"Sales\""]);
}

#[tokio::test]
async fn events_are_streamed_and_a_stream_goes_on_where_the_last_one_stopped() {
    let scene = Scene::advanced().await;
    scene.trigger(json!({ "database": "cluster", "view": "telephone_directory" })).await;
    let stream = async |last: Option<&str>| {
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let url = format!("{}{BASE}/databases/views/events", scene.gateway.url);
        let mut request = scene.http.get(url).bearer_auth(scene.app.session_id);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.expect("a stream")
    };
    let next = async |answer: &mut reqwest::Response| -> (String, Value) {
        let mut text = String::new();
        loop {
            let part = answer.chunk().await.expect("it goes on").expect("it goes on");
            text.push_str(&String::from_utf8_lossy(&part));
            if let Some((event, _)) = text.split_once("\n\n").filter(|(event, _)| event.contains("data: ")) {
                let line =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).expect("a line").to_owned();
                return (line("id: "), serde_json::from_str(&line("data: ")).expect("JSON"));
            }
        }
    };
    let mut first = stream(None).await;
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    scene.entry("1800", "One").await;
    let (id, event) = next(&mut first).await;
    assert_eq!((brief(&event), event["number"].to_string()), ("INSERT 1800 \"One\"".into(), id.clone()));
    drop(first);
    scene.entry("1801", "Two").await;
    let mut second = stream(Some(&id)).await;
    assert_eq!(brief(&next(&mut second).await.1), "INSERT 1801 \"Two\"");
}

#[tokio::test]
async fn what_is_no_trigger_is_refused() {
    let scene = Scene::standard().await;
    let database = scene.database();
    for (body, status) in [
        (json!({ "database": database, "view": "trunks" }), 404),
        (json!({ "database": "10.1.1.1", "view": "phones" }), 404),
        (json!({ "database": database, "view": "phones", "columns": ["secret"] }), 400),
        (json!({ "database": database, "view": "phones", "where": "1; DROP TABLE phones" }), 400),
        (json!({ "database": database, "view": "phones", "where": "number IN (SELECT number FROM phones)" }), 400),
        (json!({ "database": database, "view": "phones", "more": 1 }), 400),
        (json!({ "database": database }), 400),
        (json!([database, "phones"]), 400),
    ] {
        scene.ask(Method::POST, "/databases/views/triggers", &[], Some(body)).await.refused(status, "");
    }
    for at in 0..100 {
        let answer = scene
            .ask(
                Method::POST,
                "/databases/views/triggers",
                &[],
                Some(json!({ "database": database, "view": "phones" })),
            )
            .await;
        assert_eq!(answer.status, 200, "trigger {at}: {}", answer.body);
    }
    let one_more = scene
        .ask(Method::POST, "/databases/views/triggers", &[], Some(json!({ "database": database, "view": "phones" })))
        .await;
    assert_eq!(one_more.body["result"], false, "{}", one_more.body);
    for query in [[("timeout", "-1")], [("timeout", "x")], [("after", "1.5")]] {
        scene.get("/databases/views/events", &query).await.refused(400, "");
    }
}
