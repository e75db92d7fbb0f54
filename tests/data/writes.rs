//! What advanced sessions change: done by the node, confirmed, and read back.

use super::*;

const INSERT: &str = "INSERT INTO telephone_directory (name, number, privacy) VALUES ('Archer, Maya', '1777', FALSE)";

#[tokio::test]
async fn a_change_is_the_nodes_and_who_made_it_reads_it() {
    let scene = Scene::advanced().await;
    let rows = async || {
        scene.sql("SELECT name, department FROM telephone_directory WHERE number = '1777'").await.done()["rows"].clone()
    };
    assert_eq!(scene.change(Method::POST, INSERT).await.done(), json!({ "result": true, "rows": 1 }));
    assert_eq!(rows().await, json!([["Archer, Maya", null]]));
    scene.change(Method::POST, INSERT).await.refused(409, "");
    let update = "UPDATE telephone_directory SET department = 'Sales' WHERE number = '1777'";
    assert_eq!(scene.change(Method::PUT, update).await.done()["rows"], 1);
    assert_eq!(rows().await, json!([["Archer, Maya", "Sales"]]));
    // The node itself has it so.
    let at_node = scene.node.hands.form("telephone_directory").await;
    let found = at_node.iter().find(|row| row["number"] == "1777").expect("there");
    assert_eq!(found["department"], "Sales");
    assert_eq!(
        scene.change(Method::DELETE, "DELETE FROM telephone_directory WHERE number = '1777'").await.done()["rows"],
        1
    );
    assert_eq!(rows().await, json!([]));
    assert_eq!(
        scene.change(Method::DELETE, "DELETE FROM telephone_directory WHERE number = '1777'").await.done()["rows"],
        0
    );
}

#[tokio::test]
async fn what_may_not_be_changed_is_refused_and_stays() {
    let scene = Scene::advanced().await;
    for (method, sql, status) in [
        (Method::POST, "UPDATE phones SET department = 'X' WHERE number = '1000'", 400),
        (Method::PUT, "UPDATE phones SET department = 'X'", 400),
        (Method::PUT, "UPDATE phones SET number = '1999' WHERE number = '1000'", 400),
        (Method::PUT, "UPDATE phones SET cos = 300 WHERE number = '1000'", 400),
        (Method::PUT, "UPDATE phones SET cos = 250 WHERE number = '1000'", 422),
        (Method::DELETE, "DELETE FROM phones", 400),
        (Method::DELETE, "DELETE FROM classes_of_service WHERE number = 1", 400),
        (Method::POST, "INSERT INTO phones (number) VALUES ('1999')", 400),
        (Method::POST, "INSERT INTO sync_node (ceid) VALUES (1)", 400),
        (Method::PUT, "SELECT number FROM phones", 400),
    ] {
        let answer = scene.change(method.clone(), sql).await;
        assert_eq!((answer.status, &answer.body["result"]), (status, &json!(false)), "{method} {sql}: {}", answer.body);
    }
    let body = json!({ "database": "cluster", "sql": INSERT });
    scene.ask(Method::POST, "/databases/sql", &[], Some(body)).await.refused(400, "one node");
    for body in
        [json!({ "database": scene.database() }), json!([1]), json!({ "database": 1, "sql": INSERT }), json!("x")]
    {
        scene.ask(Method::POST, "/databases/sql", &[], Some(body)).await.refused(400, "");
    }
    let standard = Scene::standard().await;
    standard.change(Method::POST, INSERT).await.refused(403, "Advanced");
    let update = "UPDATE phones SET department = 'X' WHERE number = '1000'";
    standard.change(Method::PUT, update).await.refused(403, "Advanced");
}

#[tokio::test]
async fn a_node_that_is_away_is_not_waited_for() {
    let mut scene = Scene::advanced().await;
    scene.node.process.kill();
    eventually("the node is away", async || {
        let all = scene.get("/databases", &[]).await.done();
        (all[0]["state"] == "AWAY").then_some(())
    })
    .await;
    scene.change(Method::POST, INSERT).await.refused(503, "cannot be reached");
    scene.node.restart().await;
    scene.current().await;
    assert_eq!(scene.change(Method::POST, INSERT).await.done()["rows"], 1);
}
