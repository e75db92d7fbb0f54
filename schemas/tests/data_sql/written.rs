//! INSERT, UPDATE and DELETE: what is wanted, what becomes of a row, what is refused.

use schemas::data::sql::{Dialect, Rendered, SqlFault, Write};
use schemas::data::{Row, RowFault, Value};
use serde_json::json;

use super::database::{OURS, ask, filled, lines};
use super::{CLUSTER, NODE, PAGE, STANDARD, form_of, row};

#[test]
fn rows_that_are_added_are_read_as_rows_of_their_form() {
    let sql = "INSERT INTO Personal_Ring_Group_Members (position, group_number, NUMBER, \"present\") \
               VALUES (1, '2000', '1000', TRUE), (2, '2000', '1001', false);";
    let Ok(Write::Insert { form, rows }) = Write::parse(sql, NODE) else { panic!("an insertion") };
    assert_eq!(form.name, "personal_ring_group_members");
    let of = |position, number, present| {
        row(form, json!({ "group_number": "2000", "position": position, "number": number, "present": present }))
    };
    assert_eq!(rows, [of(1, "1000", true), of(2, "1001", false)]);
    let write = Write::parse(sql, NODE).expect("an insertion");
    assert_eq!((write.form().name, write.select()), (form.name, None));
}

#[test]
fn rows_that_are_changed_or_removed_are_found_by_a_select_of_all_columns() {
    let database = filled();
    let found = |sql: &str| {
        let select = Write::parse(sql, NODE).expect("a statement").select().expect("a select");
        let names: Vec<_> = select.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, form_of("trunks").columns.iter().map(|column| column.name).collect::<Vec<_>>());
        let rendered: Rendered = select.render(Dialect::Sqlite, Some(OURS), PAGE);
        lines(&ask(&database, &rendered))
    };
    assert_eq!(found("UPDATE trunks SET cos = 9 WHERE cos > 1"), ["2|sip_peer|-|2|-|0", "10|sip_peer|-|10|-|1"]);
    assert_eq!(found("DELETE FROM trunks AS t WHERE t.in_service AND number < 5"), ["1|digital|-|1|-|1"]);
    assert_eq!(found("DELETE FROM trunks WHERE TRUE").len(), 3);
}

fn trunk() -> Row {
    row(
        form_of("trunks"),
        json!({ "number": 3, "trunk_type": "sip_peer", "peer_name": "Peer", "cos": 200, "in_service": true }),
    )
}

fn applied(set: &str) -> Result<Row, SqlFault> {
    match Write::parse(&format!("UPDATE trunks SET {set} WHERE TRUE"), NODE)? {
        Write::Update(update) => update.apply(&trunk()),
        _ => panic!("an update"),
    }
}

#[test]
fn a_change_computes_each_column_from_the_row_as_it_was() {
    let of = |cos: i64, peer: serde_json::Value, answer: serde_json::Value, service: bool| {
        let row = json!({
            "number": 3, "trunk_type": "sip_peer", "peer_name": peer, "cos": cos, "answer_point": answer, "in_service": service,
        });
        super::row(form_of("trunks"), row)
    };
    let peer = json!("Peer");
    for (set, expected) in [
        ("cos = cos / 3 + 1", of(67, peer.clone(), json!(null), true)),
        (
            "cos = 1, peer_name = UPPER(peer_name) || ' ' || CAST(cos AS TEXT)",
            of(1, json!("PEER 200"), json!(null), true),
        ),
        (
            "peer_name = NULL, answer_point = '100', in_service = NOT in_service",
            of(200, json!(null), json!("100"), false),
        ),
        (
            "peer_name = CASE WHEN cos < 100 THEN 'low' ELSE SUBSTR(peer_name, 2, 2) END",
            of(200, json!("ee"), json!(null), true),
        ),
        ("in_service = (cos = 200 AND answer_point IS NULL)", of(200, peer, json!(null), true)),
    ] {
        assert_eq!(applied(set), Ok(expected), "{set}");
    }
}

#[test]
fn a_change_that_makes_no_row_is_refused_by_the_column() {
    for (set, fault) in [
        ("cos = cos + 100", RowFault::NoInteger { name: "cos", min: 1, max: 255 }),
        ("cos = NULL", RowFault::Missing("cos")),
        ("cos = 1 / 0", RowFault::Missing("cos")),
        ("trunk_type = 'sesame'", RowFault::NoWord("trunk_type")),
        ("answer_point = 'x'", RowFault::NoNumber("answer_point")),
        ("peer_name = ''", RowFault::NoText { name: "peer_name", max: 40 }),
        ("in_service = (answer_point = '1')", RowFault::Missing("in_service")),
    ] {
        assert_eq!(applied(set), Err(SqlFault::Row(fault)), "{set}");
    }
    let Ok(Write::Update(update)) = Write::parse("UPDATE trunks SET cos = 1 WHERE TRUE", NODE) else {
        panic!("an update")
    };
    assert!(update.apply(&Row([Value::Null].into())).is_err(), "a row of another form");
}

#[test]
fn what_writes_more_than_one_form_at_one_node_is_refused() {
    let form = "this form of INSERT, UPDATE or DELETE is not taken here";
    for (sql, sentence) in [
        ("SELECT number FROM trunks", "this statement reads; here is only written"),
        ("DROP TABLE trunks", "DROP is not taken here; as a name it is written in double quotes"),
        ("INSERT INTO trunks VALUES (1)", "INSERT names its columns: INSERT INTO view (column, ...) VALUES (...)"),
        ("INSERT INTO trunks (number) SELECT number FROM trunks", "INSERT takes VALUES, nothing else"),
        ("INSERT INTO trunks (number) VALUES (1 + 1)", "VALUES are texts, numbers, TRUE, FALSE and NULL"),
        ("INSERT INTO trunks (number) VALUES (-'1')", "VALUES are texts, numbers, TRUE, FALSE and NULL"),
        (
            "INSERT INTO trunks (number) VALUES (DEFAULT)",
            "DEFAULT is not taken here; as a name it is written in double quotes",
        ),
        ("INSERT INTO trunks (number, cos) VALUES (1)", "INSERT gives a value for each column that it names"),
        ("INSERT INTO trunks (number, Number) VALUES (1, 2)", "two things are called number"),
        ("INSERT INTO trunks (number, sesame) VALUES (1, 2)", "there is no column sesame"),
        ("INSERT INTO trunks (number) VALUES (1)", "trunk_type needs a value"),
        ("INSERT INTO trunks (number) VALUES ('1')", "number must be a whole number of 1 to 9999"),
        ("INSERT INTO trunks (number) VALUES (-1)", "number must be a whole number of 1 to 9999"),
        ("INSERT INTO x.trunks (number) VALUES (1)", "a name with a schema is not taken here"),
        ("INSERT INTO sqlite_master (sql) VALUES ('x')", "there is no view sqlite_master"),
        ("INSERT INTO trunks (number) VALUES (1) ON CONFLICT DO NOTHING", form),
        (
            "INSERT INTO trunks (number) VALUES (1) RETURNING number",
            "RETURNING is not taken here; as a name it is written in double quotes",
        ),
        (
            "INSERT INTO classes_of_service (number) VALUES (1)",
            "rows of this form are changed, and neither added nor removed",
        ),
        ("DELETE FROM classes_of_service WHERE TRUE", "rows of this form are changed, and neither added nor removed"),
        ("UPDATE trunks SET cos = 1", "UPDATE and DELETE say WHERE; every row is WHERE TRUE"),
        ("DELETE FROM trunks", "UPDATE and DELETE say WHERE; every row is WHERE TRUE"),
        ("UPDATE trunks SET number = 1 WHERE TRUE", "what names a row never changes: remove it and add another"),
        ("UPDATE trunks SET cos = 1, COS = 2 WHERE TRUE", "two things are called cos"),
        ("UPDATE trunks SET cos = 'x' WHERE TRUE", "this column takes a whole number, not a text"),
        (
            "UPDATE trunks SET cos = COUNT(*) WHERE TRUE",
            "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
        ),
        ("UPDATE trunks SET (cos, number) = (1, 2) WHERE TRUE", "SET of several columns at once is not taken here"),
        ("UPDATE trunks SET cos = (SELECT 1) WHERE TRUE", "a SELECT within an expression is not taken here"),
        ("UPDATE trunks SET trunks.cos = 1 WHERE TRUE", "a name with a schema is not taken here"),
        ("UPDATE trunks SET cos = 1 FROM phones WHERE TRUE", form),
        (
            "UPDATE trunks, phones SET cos = 1 WHERE TRUE",
            "this is no SQL that is understood here, near line 1, column 14",
        ),
        ("UPDATE trunks JOIN phones ON TRUE SET cos = 1 WHERE TRUE", "a statement writes one view"),
        (
            "UPDATE trunks SET cos = 1 WHERE cos IN (SELECT 1 FROM trunks)",
            "IN (SELECT ...) stands in a statement of its own, and in no other of its kind",
        ),
        ("UPDATE trunks SET cos = 1 WHERE TRUE LIMIT 1", form),
        (
            "DELETE FROM trunks USING phones WHERE TRUE",
            "USING is not taken here; as a name it is written in double quotes",
        ),
        ("DELETE FROM trunks, phones WHERE TRUE", form),
        ("DELETE FROM trunks WHERE TRUE; DELETE FROM phones WHERE TRUE", "more than one statement is not taken here"),
        ("DELETE FROM trunks WHERE element = 1", "there is no column element"),
    ] {
        let found = Write::parse(sql, NODE).map_or_else(|fault| fault.to_string(), |_| "taken".to_owned());
        assert_eq!(found, sentence, "{sql}");
    }
    let right = "DELETE FROM phones WHERE number = '1'";
    assert!(Write::parse(right, NODE).is_ok());
    assert_eq!(Write::parse(right, STANDARD), Err(SqlFault::Advanced("writing")));
    assert!(Write::parse(right, CLUSTER).is_err());
}

#[test]
fn a_hundred_rows_are_written_at_most() {
    let sql = |rows: usize| {
        let rows: Vec<_> = (1..=rows).map(|at| format!("('2000', '{at}', 1, TRUE)")).collect();
        format!("INSERT INTO acd_group_members (group_number, agent_id, skill, present) VALUES {}", rows.join(", "))
    };
    let Ok(Write::Insert { rows, .. }) = Write::parse(&sql(100), NODE) else { panic!("an insertion") };
    assert_eq!(rows.len(), 100);
    assert!(matches!(Write::parse(&sql(101), NODE), Err(SqlFault::TooLarge(_))));
}
