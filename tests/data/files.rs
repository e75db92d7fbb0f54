//! Forms of a node that cannot stream: exported there, imported by the API, read by applications as any other.

use schemas::data::FORMS;

use super::*;

/// A node without a port of its forms, and an administrator's token.
async fn unserved() -> (Scene, String) {
    let node = Node::start(1).await;
    let gateway = Gateway::start_with(&[&node], With { node: String::new(), ..kept(&node) }).await;
    gateway.admin(&["add-account", "root", "--role", "administrator"], "correct horse battery\n").expect("added");
    let token = gateway.admin(&["add-token", "root", "files", "--scopes", "data:import,data:read"], "").expect("made");
    let app = App::login_advanced(&gateway.url).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    (Scene { node, gateway, app, http }, token.trim().to_owned())
}

impl Scene {
    async fn import(&self, token: &str, form: &str, query: &str, file: String) -> (u16, Value) {
        let url = format!("{}/admin/api/v1/data/1/forms/{form}/import{query}", self.gateway.url);
        let request = self.http.post(url).bearer_auth(token).header("content-type", "text/csv").body(file);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON"))
    }

    async fn all_rows(&self, form: &str) -> Vec<Value> {
        let database = self.database();
        let query = [("database", database.as_str()), ("view", form), ("rows", "1000")];
        let told = self.get("/databases/views/rows", &query).await.done();
        let columns: Vec<_> = told["columns"].as_array().expect("columns").clone();
        let object = |row: &Value| {
            let values = columns.iter().zip(row.as_array().expect("a row")).filter(|(_, value)| !value.is_null());
            values.map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone())).collect::<Value>()
        };
        told["rows"].as_array().expect("rows").iter().map(object).collect()
    }
}

#[tokio::test]
async fn what_a_node_exports_is_read_as_it_is_there_and_its_changes_are_told() {
    let (mut scene, token) = unserved().await;
    let database = scene.database();
    let names = async |scene: &Scene| {
        let all = scene.get("/databases", &[]).await.done().as_array().expect("a list").clone();
        all.iter().map(|one| format!("{} {}", one["database"], one["state"])).collect::<Vec<_>>()
    };
    assert_eq!(names(&scene).await, [r#""cluster" "CURRENT""#], "nothing is kept of the node");
    scene.sql("SELECT number FROM phones").await.refused(404, "no such database");
    for form in FORMS {
        let file = scene.node.hands.exported(form.name).await;
        let rows = scene.node.hands.form(form.name).await;
        let (status, tried) = scene.import(&token, form.name, "?dry_run=true", file.clone()).await;
        assert_eq!(
            (status, tried["done"].as_bool(), tried["refused"].as_u64()),
            (200, Some(false), Some(0)),
            "{tried}"
        );
        assert_eq!(tried["added"].as_u64(), Some(rows.len() as u64), "{}", form.name);
        let (status, done) = scene.import(&token, form.name, "", file).await;
        assert_eq!((status, done["done"].as_bool()), (200, Some(true)), "{done}");
        assert_eq!(scene.all_rows(form.name).await, rows, "{}", form.name);
    }
    let expected = [format!(r#""{database}" "IMPORTED""#), r#""cluster" "IMPORTED""#.to_owned()];
    assert_eq!(names(&scene).await, expected);
    assert!(scene.get("/databases", &[]).await.done()[0]["asOf"].is_string());

    // A change at the node, exported anew.
    let wanted = json!({ "database": database, "view": "telephone_directory" });
    scene.ask(Method::POST, "/databases/views/triggers", &[], Some(wanted)).await.done();
    let entry = json!({ "name": "Archer, Maya", "number": "1800", "privacy": false });
    scene.hand("telephone_directory", json!({ "set": entry })).await;
    let file = scene.node.hands.exported("telephone_directory").await;
    let (_, done) = scene.import(&token, "telephone_directory", "", file.clone()).await;
    assert_eq!(
        (done["added"].as_u64(), done["changed"].as_u64(), done["removed"].as_u64()),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!(done["rows"][0]["key"], "Archer, Maya, 1800");
    let heard = scene.get("/databases/views/events", &[("timeout", "5000")]).await.done();
    let event = &heard["events"][0];
    assert_eq!((&event["operation"], &event["after"]["number"]), (&json!("INSERT"), &json!("1800")), "{heard}");
    // The same again tells nothing.
    let (_, again) = scene.import(&token, "telephone_directory", "", file).await;
    assert_eq!((again["done"].as_bool(), again["added"].as_u64()), (Some(true), Some(0)));
    assert_eq!(scene.get("/databases/views/events", &[("timeout", "0")]).await.done()["events"], json!([]));

    // Nobody can write to it from here.
    let refused = scene.change(Method::PUT, "UPDATE phones SET name = 'Nobody' WHERE number = '1000'").await;
    refused.refused(501, "come by files");
    // It is there at once when the gateway begins anew.
    scene.gateway.process.kill();
    scene.gateway.start_again().await;
    assert_eq!(names(&scene).await, expected);
    assert_eq!(scene.all_rows("phones").await, scene.node.hands.form("phones").await);
}

#[tokio::test]
async fn a_file_with_a_row_that_cannot_be_changes_nothing_and_says_each_row() {
    let (scene, token) = unserved().await;
    let good = "Number,Name,One Busy All Busy\n1000,\"Major, Mary\",No\n";
    assert_eq!(scene.import(&token, "personal_ring_groups", "", good.into()).await.0, 200);
    let bad = "Number,Name,One Busy All Busy\n1001,Two,no\n10x,Three,no\n1001,Four,no\n1002,Five,perhaps\n";
    let (status, tried) = scene.import(&token, "personal_ring_groups", "?dry_run=true", bad.into()).await;
    assert_eq!((status, tried["refused"].as_u64(), tried["added"].as_u64()), (200, Some(3), Some(1)), "{tried}");
    let told = |row: &Value| format!("{} {} {} {}", row["line"], row["key"], row["outcome"], row["fault"]);
    let told: Vec<_> = tried["rows"].as_array().expect("rows").iter().map(told).collect();
    assert_eq!(
        told,
        [
            r#"3 "10x" "refused" "The column 'number' must hold digits alone.""#,
            r#"4 "1001" "refused" "The row is in line 2 already.""#,
            r#"5 "1002" "refused" "The column 'one_busy_all_busy' must hold yes or no.""#,
            r#"null "1000" "removed" null"#,
            r#"2 "1001" "added" null"#,
        ]
    );
    let (status, refused) = scene.import(&token, "personal_ring_groups", "", bad.into()).await;
    assert_eq!((status, refused["detail"].as_str()), (422, Some("The file has rows that are refused.")), "{refused}");
    assert_eq!(scene.all_rows("personal_ring_groups").await.len(), 1, "nothing was done");
    for (file, form, status) in [
        (good, "nothing", 404),
        ("", "personal_ring_groups", 422),
        ("name\nOne\n", "personal_ring_groups", 422),
        (good, "phones", 422),
    ] {
        assert_eq!(scene.import(&token, form, "", file.into()).await.0, status, "{form} {file:?}");
    }
    // More than a file may have is not read.
    let large = "x".repeat(17 * 1024 * 1024);
    let url = format!("{}/admin/api/v1/data/1/forms/phones/import", scene.gateway.url);
    let request = scene.http.post(url).bearer_auth(&token).header("content-type", "text/csv").body(large);
    // The connection may break off while it is sent.
    assert!(request.send().await.map_or(true, |answer| answer.status() == 413));
    assert_eq!(scene.all_rows("personal_ring_groups").await.len(), 1);
}
