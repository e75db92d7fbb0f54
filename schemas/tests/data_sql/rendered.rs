//! The exact SQL for both databases. These are contracts with the databases: read a difference before it is kept.

use schemas::data::sql::{Bind, Dialect, Page, Rendered, Scope};

use super::{CLUSTER, NODE, parse, render};

/// Statement, scope, node; SQL for SQLite, SQL for PostgreSQL, texts that both are given.
type Case = (&'static str, Scope, Option<u16>, &'static str, &'static str, &'static [&'static str]);

const TRUNKS: &str = r#"(SELECT "number", "trunk_type", "peer_name", "cos", "answer_point", "in_service" FROM "da_trunks" WHERE "_ceid" = 7)"#;

const CASES: &[Case] = &[
    (
        "select NUMBER from Trunks -- all",
        NODE,
        Some(7),
        r#"SELECT "t0"."number" AS "c0" FROM {trunks} AS "t0" ORDER BY "t0"."number" LIMIT 101 OFFSET 0"#,
        r#"SELECT "t0"."number" AS "c0" FROM {trunks} AS "t0" ORDER BY "t0"."number" LIMIT 101 OFFSET 0"#,
        &[],
    ),
    (
        "SELECT peer_name AS \"x\"\"; --\" FROM trunks WHERE peer_name <> 'it''s' ORDER BY peer_name DESC",
        NODE,
        Some(7),
        r#"SELECT "t0"."peer_name" AS "c0" FROM {trunks} AS "t0" WHERE ("t0"."peer_name" <> ?1) ORDER BY 1 DESC NULLS LAST, "t0"."number" LIMIT 101 OFFSET 0"#,
        r#"SELECT "t0"."peer_name" AS "c0" FROM {trunks} AS "t0" WHERE ("t0"."peer_name" <> (CAST($1 AS TEXT) COLLATE "C")) ORDER BY 1 DESC NULLS LAST, "t0"."number" LIMIT 101 OFFSET 0"#,
        &["it's"],
    ),
    (
        "SELECT element FROM trunks WHERE cos / 2 = 1 AND in_service",
        CLUSTER,
        None,
        r#"SELECT "t0"."element" AS "c0" FROM (SELECT "_ceid" AS "element", "number", "trunk_type", "peer_name", "cos", "answer_point", "in_service" FROM "da_trunks") AS "t0" WHERE ((("t0"."cos" / NULLIF(2, 0)) = 1) AND "t0"."in_service") ORDER BY "t0"."element", "t0"."number" LIMIT 101 OFFSET 0"#,
        r#"SELECT "t0"."element" AS "c0" FROM (SELECT "_ceid" AS "element", "number", "trunk_type", "peer_name", "cos", "answer_point", "in_service" FROM "da_trunks") AS "t0" WHERE ((("t0"."cos" / NULLIF(CAST(2 AS BIGINT), 0)) = CAST(1 AS BIGINT)) AND "t0"."in_service") ORDER BY "t0"."element", "t0"."number" LIMIT 101 OFFSET 0"#,
        &[],
    ),
    (
        "SELECT peer_name || '!', COUNT(*), SUM(cos) n FROM trunks GROUP BY peer_name || '!' HAVING SUM(cos) > 1 ORDER BY n LIMIT 5",
        NODE,
        Some(7),
        r#"SELECT ("t0"."peer_name" || ?1) AS "c0", COUNT(*) AS "c1", SUM("t0"."cos") AS "c2" FROM {trunks} AS "t0" GROUP BY ("t0"."peer_name" || ?1) HAVING (SUM("t0"."cos") > 1) ORDER BY 3 NULLS LAST, ("t0"."peer_name" || ?1) NULLS LAST LIMIT 5 OFFSET 0"#,
        r#"SELECT ("t0"."peer_name" || (CAST($1 AS TEXT) COLLATE "C")) AS "c0", COUNT(*) AS "c1", CAST(SUM("t0"."cos") AS BIGINT) AS "c2" FROM {trunks} AS "t0" GROUP BY ("t0"."peer_name" || (CAST($1 AS TEXT) COLLATE "C")) HAVING (CAST(SUM("t0"."cos") AS BIGINT) > CAST(1 AS BIGINT)) ORDER BY 3 NULLS LAST, ("t0"."peer_name" || (CAST($1 AS TEXT) COLLATE "C")) NULLS LAST LIMIT 5 OFFSET 0"#,
        &["!"],
    ),
    (
        "SELECT DISTINCT b.number FROM trunks a LEFT JOIN trunks b ON a.cos = b.number, trunks c WHERE c.number IN (SELECT cos FROM trunks) OFFSET 3",
        NODE,
        Some(7),
        r#"SELECT DISTINCT "t1"."number" AS "c0" FROM {trunks} AS "t0" LEFT JOIN {trunks} AS "t1" ON ("t0"."cos" = "t1"."number") JOIN {trunks} AS "t2" ON TRUE WHERE ("t2"."number" IN (SELECT "t3"."cos" AS "c0" FROM {trunks} AS "t3")) ORDER BY 1 NULLS LAST LIMIT 101 OFFSET 3"#,
        r#"SELECT DISTINCT "t1"."number" AS "c0" FROM {trunks} AS "t0" LEFT JOIN {trunks} AS "t1" ON ("t0"."cos" = "t1"."number") JOIN {trunks} AS "t2" ON TRUE WHERE ("t2"."number" IN (SELECT "t3"."cos" AS "c0" FROM {trunks} AS "t3")) ORDER BY 1 NULLS LAST LIMIT 101 OFFSET 3"#,
        &[],
    ),
];

#[test]
fn statements_become_this_for_each_database() {
    for (sql, scope, ceid, sqlite, postgres, texts) in CASES {
        for (dialect, expected) in [(Dialect::Sqlite, sqlite), (Dialect::Postgres, postgres)] {
            let Rendered { sql: found, binds } = render(sql, *scope, dialect, *ceid);
            assert_eq!(found, expected.replace("{trunks}", TRUNKS), "{sql}");
            let expected: Vec<_> = texts.iter().map(|text| Bind::Text((*text).to_owned())).collect();
            assert_eq!(binds, expected, "{sql}");
        }
    }
}

#[test]
fn patterns_become_those_of_each_database() {
    let sql = r"SELECT number FROM trunks WHERE peer_name LIKE 'a\%*?[_%%' ESCAPE '\'";
    let Rendered { sql: sqlite, binds } = render(sql, NODE, Dialect::Sqlite, Some(7));
    assert!(sqlite.contains(r#"("t0"."peer_name" GLOB ?1)"#), "{sqlite}");
    assert_eq!(binds, [Bind::Text("a%[*][?][[]?*".to_owned())]);
    let Rendered { sql: postgres, binds } = render(sql, NODE, Dialect::Postgres, Some(7));
    assert!(postgres.contains(r#"("t0"."peer_name" LIKE (CAST($1 AS TEXT) COLLATE "C"))"#), "{postgres}");
    assert_eq!(binds, [Bind::Text(r"a\%*?[_%".to_owned())]);
}

#[test]
fn an_average_is_the_same_steps_on_both() {
    let sql = |dialect| {
        let all = render("SELECT AVG(cos) FROM trunks", NODE, dialect, Some(7)).sql;
        all.split(" AS \"c0\"").next().expect("an item").to_owned()
    };
    assert_eq!(
        sql(Dialect::Sqlite),
        r#"SELECT (CAST(CAST(SUM("t0"."cos") AS REAL) / COUNT("t0"."cos") * CAST(1000000 AS REAL) + CASE WHEN SUM("t0"."cos") < 0 THEN CAST(-0.5 AS REAL) ELSE CAST(0.5 AS REAL) END AS INTEGER) / CAST(1000000 AS REAL))"#,
    );
    assert_eq!(
        sql(Dialect::Postgres),
        r#"SELECT (TRUNC(CAST(SUM("t0"."cos") AS DOUBLE PRECISION) / COUNT("t0"."cos") * CAST(1000000 AS DOUBLE PRECISION) + CASE WHEN SUM("t0"."cos") < 0 THEN CAST(-0.5 AS DOUBLE PRECISION) ELSE CAST(0.5 AS DOUBLE PRECISION) END) / CAST(1000000 AS DOUBLE PRECISION))"#,
    );
}

#[test]
fn pages_are_within_what_the_statement_says() {
    let select = parse("SELECT number FROM trunks LIMIT 10 OFFSET 5", NODE);
    for (offset, rows, expected) in [
        (0, 4, " LIMIT 4 OFFSET 5"),
        (0, 40, " LIMIT 10 OFFSET 5"),
        (8, 4, " LIMIT 2 OFFSET 13"),
        (10, 4, " LIMIT 0 OFFSET 15"),
        (u64::MAX, 4, " LIMIT 0 OFFSET 9223372036854775807"),
    ] {
        let Rendered { sql, .. } = select.render(Dialect::Postgres, Some(7), Page { offset, rows });
        assert!(sql.ends_with(expected), "{sql}");
    }
}

/// Whatever somebody calls things or says in texts, nothing of it is in what a database reads.
#[test]
fn no_word_of_the_statement_reaches_a_database() {
    let evil = r#"sesame"" -- '; DROP TABLE x"#;
    let sql = format!(
        "SELECT \"{evil}\".number AS \"{evil} 2\", 'sesame''' || LOWER('sesame') FROM phones \"{evil}\" \
         WHERE \"{evil}\".name LIKE '%sesame%' AND name IN ('sesame', 'sesame;') ORDER BY \"{evil} 2\" /* sesame */",
    );
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let Rendered { sql, binds } = render(&sql, NODE, dialect, Some(7));
        assert!(!sql.contains("sesame") && !sql.contains("DROP") && !sql.contains("--") && !sql.contains(';'), "{sql}");
        assert_eq!(binds.len(), 4);
    }
}
