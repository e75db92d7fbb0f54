//! What applications ask: the same answers on every database, within bounds.

use std::time::Duration;

use schemas::data::sql::{Page as Rows, Scope, Select};
use serde_json::json;

use super::*;
use crate::data::store::{Cell, Page, SelectError};
use crate::storage::tests::NOW_MS;

const CLUSTER: Scope = Scope { cluster: true, advanced: true };
const NODE: Scope = Scope { cluster: false, advanced: true };

/// Phones of two nodes and their groups.
async fn filled(store: &Store) {
    let phone = |number: &str, name: Option<&str>, cos: i64, secondary: Option<i64>, hot_desk: bool| {
        row(
            named("phones"),
            &json!({
                "number": number, "name": name, "device_id": 1, "device_type": "multiline", "cos": cos,
                "home_element": 1, "secondary_element": secondary, "hot_desk": hot_desk,
            }),
        )
    };
    let one = vec![
        phone("1000", Some("Archer, Maya"), 1, Some(2), true),
        phone("1001", Some("Bélanger, Zoé"), 1, None, false),
        phone("1002", None, 7, None, false),
        phone("1003", Some("archer, Max"), 7, Some(2), true),
    ];
    let two =
        vec![phone("2000", Some("O'Neil, \"Pat\""), 2, None, false), phone("2001", Some("100%_\\"), 3, Some(1), true)];
    for (node, rows) in [(1, one), (2, two)] {
        let page = Page { form: named("phones"), after: None, until: None, rows };
        store
            .begin_copy(life(node), "e".into(), 0, vec![named("phones"), named("personal_ring_groups")])
            .await
            .expect("begun");
        store.page(life(node), page, NOW_MS).await.expect("written");
    }
    let groups = vec![group("1000", "Sales"), group("1003", "Support")];
    let page = Page { form: named("personal_ring_groups"), after: None, until: None, rows: groups };
    store.page(life(1), page, NOW_MS).await.expect("written");
}

async fn asked(store: &Store, sql: &str, scope: Scope) -> Result<Vec<Vec<Cell>>, SelectError> {
    let select = Select::parse(sql, scope).unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    let node = (!scope.cluster).then_some(1);
    let kinds = select.columns().iter().map(|column| column.kind).collect();
    store.select(select.render(store.dialect(), node, Rows { offset: 0, rows: 1000 }), kinds).await
}

/// An answer in brief: `1000|Archer, Maya|-|t`.
fn brief(rows: &[Vec<Cell>]) -> Vec<String> {
    let cell = |cell: &Cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Boolean(value) => if *value { "t" } else { "f" }.to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => format!("{number}"),
        Cell::Text(text) => text.clone(),
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
}

#[tokio::test]
async fn every_database_gives_the_same_answers() {
    with_store(async |store| {
        filled(&store).await;
        for (scope, sql, expected) in [
            (NODE, "SELECT number, name FROM phones", &["1000|Archer, Maya", "1001|Bélanger, Zoé", "1002|-", "1003|archer, Max"][..]),
            // By bytes, what is not there last, whichever way.
            (NODE, "SELECT name FROM phones ORDER BY name", &["Archer, Maya", "Bélanger, Zoé", "archer, Max", "-"]),
            (NODE, "SELECT name FROM phones ORDER BY name DESC", &["archer, Max", "Bélanger, Zoé", "Archer, Maya", "-"]),
            (NODE, "SELECT number FROM phones WHERE name LIKE 'A%'", &["1000"]),
            (NODE, "SELECT number FROM phones WHERE LOWER(name) LIKE 'archer%'", &["1000", "1003"]),
            (NODE, "SELECT number FROM phones WHERE hot_desk AND secondary_element = 2", &["1000", "1003"]),
            (NODE, "SELECT number, hot_desk, NOT hot_desk FROM phones WHERE number < '1002'", &["1000|t|f", "1001|f|t"]),
            (NODE, "SELECT cos, COUNT(*), MIN(number), MAX(name) FROM phones GROUP BY cos", &["1|2|1000|Bélanger, Zoé", "7|2|1002|archer, Max"]),
            (NODE, "SELECT AVG(cos), SUM(cos), COUNT(name), COUNT(DISTINCT cos) FROM phones", &["4|16|3|2"]),
            (NODE, "SELECT AVG(device_id + cos) FROM phones WHERE cos = 1 OR number = '1002'", &["4"]),
            (NODE, "SELECT cos / 2, cos % 2, cos / (device_id - 1) FROM phones WHERE cos = 7 LIMIT 1", &["3|1|-"]),
            (NODE, "SELECT p.number, g.name FROM phones p JOIN personal_ring_groups g ON g.number = p.number", &["1000|Sales", "1003|Support"]),
            (NODE, "SELECT p.number, g.name FROM phones p LEFT JOIN personal_ring_groups g ON g.number = p.number ORDER BY g.name DESC", &["1003|Support", "1000|Sales", "1001|-", "1002|-"]),
            (NODE, "SELECT number FROM phones WHERE number IN (SELECT number FROM personal_ring_groups)", &["1000", "1003"]),
            (NODE, "SELECT COALESCE(name, 'nobody'), LENGTH(name) FROM phones WHERE number >= '1001' LIMIT 2", &["Bélanger, Zoé|13", "nobody|-"]),
            (NODE, "SELECT CASE WHEN cos = 1 THEN 'first' ELSE name END FROM phones ORDER BY 1 DESC", &["first", "first", "archer, Max", "-"]),
            (NODE, "SELECT number FROM phones LIMIT 2 OFFSET 1", &["1001", "1002"]),
            (NODE, "SELECT DISTINCT cos FROM phones ORDER BY cos DESC", &["7", "1"]),
            (NODE, "SELECT number FROM phones WHERE secondary_element IS NULL", &["1001", "1002"]),
            (NODE, "SELECT number FROM phones WHERE NOT (secondary_element = 2)", &[]),
            (CLUSTER, "SELECT element, COUNT(*) FROM phones GROUP BY element", &["1|4", "2|2"]),
            (CLUSTER, "SELECT number FROM phones WHERE name LIKE '%''%' OR name LIKE '%\\%%'", &["2000", "2001"]),
            (CLUSTER, "SELECT number FROM phones WHERE name LIKE '100\\%\\_\\\\'", &["2001"]),
            (CLUSTER, "SELECT number FROM phones WHERE name = 'O''Neil, \"Pat\"'", &["2000"]),
        ] {
            let rows = asked(&store, sql, scope).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert_eq!(brief(&rows), expected, "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn joins_that_explode_end_in_time_and_cost_nobody_else_anything() {
    with_store(async |store| {
        let numbers = (0..3000).map(|at| group(&(10_000 + at).to_string(), "Many")).collect();
        let page = Page { form: named("personal_ring_groups"), after: None, until: None, rows: numbers };
        store.begin_copy(life(1), "e".into(), 0, vec![named("personal_ring_groups")]).await.expect("begun");
        store.page(life(1), page, NOW_MS).await.expect("written");
        let explodes = "SELECT COUNT(*) FROM personal_ring_groups a, personal_ring_groups b, personal_ring_groups c \
                        WHERE a.number <> b.number AND b.number <> c.number";
        let beside = async {
            for _ in 0..20 {
                let rows = asked(&store, "SELECT COUNT(*) FROM personal_ring_groups", NODE).await.expect("an answer");
                assert_eq!(brief(&rows), ["3000"]);
            }
        };
        let (exploded, ()) = tokio::join!(asked(&store, explodes, NODE), beside);
        assert!(matches!(exploded, Err(SelectError::TooSlow)), "{exploded:?}");
        let larger = "SELECT a.number, b.number, a.name, b.name FROM personal_ring_groups a, personal_ring_groups b";
        let select = Select::parse(larger, NODE).expect("a statement");
        let kinds = select.columns().iter().map(|column| column.kind).collect();
        let page = Rows { offset: 0, rows: 1_000_000 };
        let large = tokio::time::timeout(
            Duration::from_secs(60),
            store.select(select.render(store.dialect(), Some(1), page), kinds),
        );
        let large = large.await.expect("it ends");
        assert!(matches!(large, Err(SelectError::TooMuch | SelectError::TooSlow)), "a million rows are too many");
    })
    .await;
}
