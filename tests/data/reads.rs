//! What applications read: databases, views, columns, rows, SQL; and what they are refused.

use super::*;

#[tokio::test]
async fn a_standard_session_sees_phones_ring_groups_and_lines_and_an_advanced_one_everything() {
    let scene = Scene::standard().await;
    let database = scene.database();
    let all = scene.get("/databases", &[]).await.done();
    assert_eq!((&all[0]["database"], &all[0]["element"]), (&json!(database), &json!(1)));
    assert_eq!((&all[1]["database"], &all[1]["state"]), (&json!("cluster"), &json!("CURRENT")));
    let names = |views: Value| -> Vec<String> {
        let views = views.as_array().expect("a list").clone();
        views.iter().map(|view| view["view"].as_str().expect("a name").to_owned()).collect()
    };
    let standard = names(scene.get("/databases/views", &[("database", &database)]).await.done());
    assert_eq!(standard, ["phones", "line_appearances", "personal_ring_groups", "personal_ring_group_members"]);
    let hidden = [("database", database.as_str()), ("view", "trunks")];
    scene.get("/databases/views/columns", &hidden).await.refused(404, "no such view");
    scene.sql("SELECT number FROM trunks").await.refused(400, "");
    let advanced = Scene::advanced().await;
    let database = advanced.database();
    let everything = names(advanced.get("/databases/views", &[("database", "cluster")]).await.done());
    assert_eq!(everything.len(), schemas::data::FORMS.len());
    let columns = advanced.get("/databases/views/columns", &[("database", &database), ("view", "trunks")]).await.done();
    assert_eq!(columns[0]["column"], "number");
    let columns = advanced.get("/databases/views/columns", &[("database", "cluster"), ("view", "phones")]).await.done();
    assert_eq!(
        (&columns[0]["column"], &columns[1]["column"], &columns[1]["key"]),
        (&json!("element"), &json!("number"), &json!(true))
    );
}

#[tokio::test]
async fn rows_come_in_pages_filtered_sorted_and_with_the_columns_that_are_wanted() {
    let scene = Scene::standard().await;
    let database = scene.database();
    let all = scene.sql("SELECT number, name FROM phones").await.done();
    let numbers: Vec<_> = all["rows"].as_array().expect("rows").iter().map(|row| row[0].clone()).collect();
    assert!(numbers.len() >= 10 && all["more"] == false && numbers[0] == "1000", "{all}");
    let mut paged = Vec::new();
    let mut next = None;
    loop {
        let mut query = vec![("database", database.clone()), ("view", "phones".into()), ("rows", "4".into())];
        query.extend([("columns", "number,cos".to_owned()), ("sort", "number".to_owned())]);
        query.extend(next.clone().map(|next| ("next", next)));
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = scene.get("/databases/views/rows", &query).await.done();
        assert_eq!(page["columns"], json!(["number", "cos"]));
        let rows = page["rows"].as_array().expect("rows");
        assert!(rows.len() == 4 || page["more"] == false);
        paged.extend(rows.iter().map(|row| row[0].clone()));
        match page["next"].as_str() {
            Some(token) => next = Some(token.to_owned()),
            None => break,
        }
    }
    assert_eq!(paged, numbers);
    let query =
        [("database", database.as_str()), ("view", "phones"), ("where", "number < '1002'"), ("sort", "-number")];
    let rows = scene.get("/databases/views/rows", &query).await.done();
    assert_eq!((&rows["rows"][0][0], &rows["rows"][1][0]), (&json!("1001"), &json!("1000")));
    // The cluster's views have the node first.
    let query = [("database", "cluster"), ("sql", "SELECT element, COUNT(*) AS phones FROM phones GROUP BY element")];
    let counted = scene.get("/databases/sql", &query).await.done();
    assert_eq!(counted, json!({ "columns": ["element", "phones"], "rows": [[1, numbers.len()]], "more": false }));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let scene = Scene::standard().await;
    let database = scene.database();
    let query = [("database", database.as_str()), ("sql", "SELECT name FROM phones WHERE number = '1000'")];
    let first = scene.get("/databases/sql", &query).await;
    let tag = first.tag.clone().expect("a tag");
    let again = async || scene.ask_with(Method::GET, "/databases/sql", &query, None, &[("if-none-match", &tag)]).await;
    let same = again().await;
    assert_eq!((same.status, same.body), (304, Value::Null));
    let row = scene.sql("SELECT * FROM phones WHERE number = '1000'").await.done();
    let names = row["columns"].as_array().expect("names").iter().zip(row["rows"][0].as_array().expect("a row"));
    let mut set: serde_json::Map<_, _> =
        names.map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone())).collect();
    set.insert("name".into(), "Somebody, Else".into());
    scene.hand("phones", json!({ "set": set })).await;
    eventually("the change", async || (again().await.status == 200).then_some(())).await;
    assert_eq!(again().await.body["rows"], json!([["Somebody, Else"]]));
}

#[tokio::test]
async fn whatever_is_no_question_is_refused_and_costs_nothing() {
    let scene = Scene::standard().await;
    let database = scene.database();
    for (sql, words) in [
        ("", "no SQL"),
        ("DELETE FROM phones", ""),
        ("SELECT 1; DROP TABLE da_phones", ""),
        ("SELECT * FROM da_phones", ""),
        ("SELECT * FROM sync_change", ""),
        ("SELECT * FROM sqlite_master", ""),
        ("SELECT * FROM pg_catalog.pg_tables", ""),
        ("WITH x AS (DELETE FROM phones RETURNING number) SELECT * FROM x", ""),
        ("WITH RECURSIVE x(n) AS (SELECT 1 UNION SELECT n + 1 FROM x) SELECT * FROM x", ""),
        ("SELECT pg_sleep(10)", ""),
        ("SELECT pg_read_file('/etc/passwd')", ""),
        ("SELECT load_extension('x') FROM phones", ""),
        ("SELECT randomblob(1000000000) FROM phones", ""),
        ("SELECT number FROM phones FOR UPDATE", ""),
        ("SELECT number INTO x FROM phones", ""),
        ("SELECT number FROM phones WHERE number = 1000", ""),
        ("SELECT number FROM phones WHERE name = 'x", ""),
        ("SELECT \u{ff53}\u{ff45}cret FROM phones", ""),
        ("SELECT number FROM phones WHERE number = '1000' OR 1 = 1 --", ""),
        ("SELECT number FROM nobody", ""),
    ] {
        let answer = scene.sql(sql).await;
        if sql.contains("OR 1 = 1") {
            // It is what it says, and nobody's secret.
            assert_eq!(answer.status, 200, "{}", answer.body);
            continue;
        }
        answer.refused(400, words);
    }
    let long = format!("SELECT number FROM phones WHERE number = '{}'", "1".repeat(20_000));
    scene.sql(&long).await.refused(400, "");
    let deep = format!("SELECT number FROM phones WHERE {}TRUE{}", "(".repeat(2000), ")".repeat(2000));
    scene.sql(&deep).await.refused(400, "");
    for (query, status, words) in [
        (vec![("database", "10.9.9.9"), ("sql", "SELECT number FROM phones")], 404, "no such database"),
        (vec![("database", "cluster'; --"), ("sql", "SELECT number FROM phones")], 404, "no such database"),
        (vec![("sql", "SELECT number FROM phones")], 400, "database is missing"),
        (
            vec![("database", database.as_str()), ("database", "cluster"), ("sql", "SELECT number FROM phones")],
            400,
            "twice",
        ),
        (vec![("database", database.as_str()), ("sql", "SELECT number FROM phones"), ("rows", "0")], 400, "rows"),
        (vec![("database", database.as_str()), ("sql", "SELECT number FROM phones"), ("rows", "1e9")], 400, "rows"),
        (vec![("database", database.as_str()), ("sql", "SELECT number FROM phones"), ("next", "-1")], 400, "next"),
    ] {
        scene.get("/databases/sql", &query).await.refused(status, words);
    }
    let of_rows = [("database", database.as_str()), ("view", "phones")];
    for (name, value) in
        [("columns", "number,secret"), ("where", "1; DROP TABLE phones"), ("sort", "number; --"), ("sort", "")]
    {
        let query = [&of_rows[..], &[(name, value)]].concat();
        scene.get("/databases/views/rows", &query).await.refused(400, "");
    }
    let post = scene.ask(Method::POST, "/databases/views", &[], None).await;
    assert_eq!(post.status, 405);
    // And it goes on.
    assert!(!scene.sql("SELECT number FROM phones").await.done()["rows"].as_array().expect("rows").is_empty());
}

#[tokio::test]
async fn a_session_is_needed_and_a_node_that_does_not_list_the_gateway_is_told_apart() {
    let scene = Scene::advanced().await;
    let stranger = reqwest::Client::builder().no_proxy().build().expect("a client");
    for path in ["/databases", "/databases/views", "/databases/sql", "/databases/views/events"] {
        let answer = stranger.get(format!("{}{BASE}{path}", scene.gateway.url)).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401, "{path}");
    }
    let listed = scene.sql("SELECT name FROM network_elements WHERE element_type = 'gateway'").await.done();
    for row in listed["rows"].as_array().expect("rows") {
        scene.hand("network_elements", json!({ "remove": [row[0]] })).await;
    }
    eventually("the node is away", async || {
        let all = scene.get("/databases", &[]).await.done();
        (all[0]["state"] == "AWAY").then_some(())
    })
    .await;
    // What was copied stays, and is said to be of before.
    assert!(!scene.sql("SELECT number FROM phones").await.done()["rows"].as_array().expect("rows").is_empty());
    let refused = scene.change(Method::PUT, "UPDATE phones SET department = 'X' WHERE number = '1000'").await;
    refused.refused(503, "network elements");
}
