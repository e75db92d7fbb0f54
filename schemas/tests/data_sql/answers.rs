//! What statements answer, asked of SQLite.

use schemas::data::sql::{Dialect, Page, Scope, Select, Type};

use super::database::{OTHER, OURS, ask, filled, lines};
use super::{CLUSTER, NODE, form_of, parse, render};

/// Each statement with its rows.
pub const ANSWERS: &[(&str, &[&str])] = &[
    // Texts are ordered by their bytes; NULL comes last, in both directions; the key decides what is left open.
    (
        "SELECT number, department FROM phones ORDER BY department",
        &["1000|Sales", "1001|Sales", "200|Sales", "1004|Support", "1003|support", "1005|Ärzte", "1002|-"],
    ),
    (
        "SELECT number, department FROM phones ORDER BY department DESC",
        &["1005|Ärzte", "1003|support", "1004|Support", "1000|Sales", "1001|Sales", "200|Sales", "1002|-"],
    ),
    ("SELECT number FROM phones", &["1000", "1001", "1002", "1003", "1004", "1005", "200"]),
    ("SELECT number FROM phones ORDER BY cos DESC LIMIT 2", &["200", "1005"]),
    ("SELECT number FROM phones LIMIT 2 OFFSET 3", &["1003", "1004"]),
    ("SELECT number FROM phones LIMIT 0", &[]),
    // LIKE knows case, and means what is quoted in it.
    ("SELECT number FROM phones WHERE name LIKE 'A%'", &["1000"]),
    ("SELECT number FROM phones WHERE LOWER(name) LIKE 'adams,%'", &["1000", "1004"]),
    ("SELECT number FROM phones WHERE name LIKE '%\\%%'", &["1005"]),
    ("SELECT number FROM phones WHERE name LIKE '100\\% \\_real\\\\ [x]*?'", &["1005"]),
    ("SELECT number FROM phones WHERE name LIKE '%[x]%' ESCAPE '\\'", &["1005"]),
    ("SELECT number FROM phones WHERE name LIKE '%*_'", &["1005"]),
    ("SELECT number FROM phones WHERE name LIKE '_mile, _a'", &["1003"]),
    ("SELECT number FROM phones WHERE name NOT LIKE '%, %'", &["1005"]),
    // Three-valued logic.
    ("SELECT number FROM phones WHERE NOT (name = 'Adams, Ann')", &["1001", "1003", "1004", "1005", "200"]),
    ("SELECT number FROM phones WHERE name = NULL", &[]),
    ("SELECT number FROM phones WHERE (name = 'x') IS UNKNOWN", &["1002"]),
    ("SELECT number FROM phones WHERE (department = 'Sales') IS NOT TRUE", &["1002", "1003", "1004", "1005"]),
    ("SELECT number FROM phones WHERE department IS NULL OR cos = 1", &["1000", "1002"]),
    ("SELECT number FROM phones WHERE department NOT IN ('Sales', NULL)", &[]),
    ("SELECT number FROM phones WHERE department NOT IN ('Sales')", &["1003", "1004", "1005"]),
    // Booleans.
    ("SELECT number, hot_desk FROM phones WHERE hot_desk", &["1001|1", "1003|1", "200|1"]),
    ("SELECT number FROM phones WHERE hot_desk = FALSE AND cos < 5", &["1000", "1002"]),
    ("SELECT number FROM phones WHERE NOT hot_desk IS TRUE AND cos > 5", &["1005"]),
    // Whole numbers.
    (
        "SELECT cos, -cos / 2, -cos % 2, cos / (cos - 3), 7 % (cos - 3) FROM phones WHERE cos BETWEEN 2 AND 4",
        &["2|-1|0|-2|0", "3|-1|-1|-|-", "4|-2|0|4|0"],
    ),
    ("SELECT ABS(cos - 4), 2 + 3 * 4 - 1 FROM phones WHERE cos IN (1, 7)", &["3|13", "3|13"]),
    // Texts.
    (
        "SELECT UPPER(name), LENGTH(name), SUBSTRING(name FROM 1 FOR 2), SUBSTR(name, 7) FROM phones WHERE cos = 4",
        &["ÉMILE, ÉA|9|Ém| Éa"],
    ),
    ("SELECT '<' || TRIM(name) || '>' FROM phones WHERE number = '200'", &["<Short, Sam>"]),
    ("SELECT number || CAST(cos AS TEXT) || name FROM phones WHERE cos IN (2, 3)", &["10012Baker, Bob", "-"]),
    ("SELECT COALESCE(department, name, '?'), NULLIF(number, '1002') FROM phones WHERE cos = 3", &["?|-"]),
    (
        "SELECT CASE device_type WHEN 'softphone' THEN 's' WHEN 'multiline' THEN 'm' END FROM phones WHERE cos < 4",
        &["m", "-", "s"],
    ),
    (
        "SELECT CASE WHEN name IS NULL THEN 0 WHEN hot_desk THEN 1 ELSE NULL END FROM phones WHERE cos < 4",
        &["-", "1", "0"],
    ),
    ("SELECT 'it''s' FROM phones WHERE name > 'a' AND cos = 4", &["it's"]),
    // Counts and sums.
    (
        "SELECT department, COUNT(*), COUNT(name), SUM(cos), MIN(name), MAX(cos), AVG(cos) FROM phones GROUP BY department",
        &[
            "Sales|3|3|10|  Short, Sam |7|3.333333",
            "Support|1|1|5|adams, zoe|5|5.0",
            "support|1|1|4|Émile, Éa|4|4.0",
            "Ärzte|1|1|6|100% _real\\ [x]*?|6|6.0",
            "-|1|0|3|-|3|3.0",
        ],
    ),
    ("SELECT COUNT(*), SUM(cos), AVG(cos), MIN(name) FROM phones WHERE cos > 99", &["0|-|-|-"]),
    ("SELECT COUNT(DISTINCT department), COUNT(DISTINCT device_type) FROM phones", &["4|3"]),
    ("SELECT AVG(-cos), AVG(cos - 5) FROM phones WHERE cos IN (1, 2, 2, 5, 7)", &["-3.75|-1.25"]),
    (
        "SELECT LOWER(department) AS d, COUNT(*) AS n FROM phones GROUP BY d HAVING COUNT(*) > 1 ORDER BY n DESC, 1",
        &["sales|3", "support|2"],
    ),
    (
        "SELECT SUM(CASE WHEN hot_desk THEN 1 ELSE 0 END) AS hot, device_type FROM phones GROUP BY 2 ORDER BY AVG(cos) DESC",
        &["2|single_line", "0|softphone", "1|multiline"],
    ),
    (
        "SELECT department || '!' FROM phones GROUP BY department || '!' HAVING AVG(cos) >= 4",
        &["Support!", "support!", "Ärzte!"],
    ),
    ("SELECT DISTINCT department FROM phones ORDER BY department DESC LIMIT 3", &["Ärzte", "support", "Support"]),
    ("SELECT DISTINCT hot_desk, cos > 4 FROM phones", &["0|0", "0|1", "1|0", "1|1"]),
    // Joins.
    (
        "SELECT p.number, l.button FROM phones p JOIN line_appearances AS l ON l.number = p.number WHERE p.cos = 1",
        &["1000|1", "1000|2"],
    ),
    (
        "SELECT p.number, COUNT(l.button) AS buttons FROM phones p LEFT JOIN line_appearances l ON l.phone = p.number \
         GROUP BY p.number ORDER BY buttons DESC LIMIT 4",
        &["1000|3", "1003|2", "1004|1", "1001|0"],
    ),
    (
        "SELECT p.number, l.label FROM phones p LEFT JOIN line_appearances l ON l.phone = p.number AND l.button > 1 \
         WHERE p.cos < 5",
        &["1000|Bob", "1000|-", "1001|-", "1002|-", "1003|Ann"],
    ),
    ("SELECT COUNT(*) FROM phones a, phones b CROSS JOIN trunks", &["147"]),
    ("SELECT a.number, b.number FROM trunks a, trunks b WHERE a.number < b.number", &["1|2", "1|10", "2|10"]),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number FROM line_appearances WHERE button > 1)",
        &["1000", "1001", "1003"],
    ),
    (
        "SELECT number FROM phones WHERE cos < 4 AND number NOT IN (SELECT DISTINCT phone FROM line_appearances)",
        &["1001", "1002"],
    ),
    ("SELECT number FROM trunks WHERE in_service ORDER BY number DESC", &["10", "1"]),
    (
        "SELECT number, overflow_timer_s FROM acd_paths ORDER BY overflow_timer_s DESC",
        &["4002|45", "4000|30", "4001|-"],
    ),
];

#[test]
fn statements_answer_what_they_say() {
    let database = filled();
    for (sql, expected) in ANSWERS {
        let found = lines(&ask(&database, &render(sql, NODE, Dialect::Sqlite, Some(OURS))));
        assert_eq!(found, *expected, "{sql}");
    }
}

#[test]
fn a_node_sees_its_rows_and_the_cluster_all_with_their_node() {
    let database = filled();
    let ask = |sql: &str, scope, ceid| lines(&ask(&database, &render(sql, scope, Dialect::Sqlite, ceid)));
    assert_eq!(ask("SELECT number FROM phones", NODE, Some(OTHER)), ["1000", "3000"]);
    assert!(ask("SELECT number FROM phones", NODE, None).is_empty(), "no node is none");
    assert_eq!(ask("SELECT COUNT(*) FROM phones", CLUSTER, None), ["9"]);
    assert_eq!(
        ask("SELECT element, number FROM phones WHERE number LIKE '_000'", CLUSTER, None),
        ["7|1000", "9|1000", "9|3000"]
    );
    assert_eq!(ask("SELECT element, number FROM phones WHERE number = '1000'", CLUSTER, Some(OTHER)), ["9|1000"]);
    assert_eq!(ask("SELECT * FROM trunks WHERE Element = 7 AND number = 1", CLUSTER, None), ["7|1|digital|-|1|-|1"]);
    assert_eq!(
        ask(
            "SELECT a.element, b.element FROM phones a JOIN phones b ON a.number = b.number AND a.element < b.element",
            CLUSTER,
            None
        ),
        ["7|9"]
    );
    assert_eq!(
        ask("SELECT number FROM phones WHERE number IN (SELECT number FROM phones WHERE cos = 9)", NODE, Some(OURS)),
        Vec::<String>::new(),
        "what is within sees the same node",
    );
    assert!(Select::parse("SELECT element FROM phones", NODE).is_err());
}

#[test]
fn pages_put_together_are_the_whole_answer_within_the_statements_own_limit() {
    let database = filled();
    for sql in [
        "SELECT number, department FROM phones ORDER BY department",
        "SELECT department, COUNT(*) FROM phones GROUP BY department ORDER BY 2",
        "SELECT DISTINCT cos / 3, hot_desk FROM phones ORDER BY hot_desk DESC",
        "SELECT a.number, b.number FROM phones a, trunks b WHERE a.cos < 4 LIMIT 7 OFFSET 1",
    ] {
        let select = parse(sql, NODE);
        let page =
            |offset, rows| lines(&ask(&database, &select.render(Dialect::Sqlite, Some(OURS), Page { offset, rows })));
        let whole = page(0, 1000);
        let parts: Vec<_> = (0..20).flat_map(|at| page(at * 2, 2)).collect();
        assert_eq!(parts, whole, "{sql}");
        assert!(!whole.is_empty() && whole.len() <= 8, "{sql}");
    }
}

#[test]
fn columns_that_come_out_have_names_and_types() {
    let out = |sql: &str| {
        let select = parse(sql, CLUSTER);
        select.columns().iter().map(|column| (column.name.clone(), column.kind)).collect::<Vec<_>>()
    };
    let expect = |of: &[(&str, Type)]| of.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect::<Vec<_>>();
    assert_eq!(
        out(
            "SELECT NUMBER, a.cos AS \"Class of ×\", hot_desk Hot, cos + 1, COUNT(*), count(name), AVG(cos), 'x' number \
             FROM phones a GROUP BY number, cos, hot_desk"
        ),
        expect(&[
            ("number_2", Type::Text),
            ("Class of ×", Type::Integer),
            ("Hot", Type::Boolean),
            ("column_4", Type::Integer),
            ("count", Type::Integer),
            ("count_2", Type::Integer),
            ("avg", Type::Real),
            ("number", Type::Text),
        ]),
    );
    let names = |sql: &str| out(sql).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(
        names("SELECT t.*, u.number FROM trunks t, trunks u"),
        ["element", "number", "trunk_type", "peer_name", "cos", "answer_point", "in_service", "number_2"],
    );
    assert_eq!(names("SELECT * FROM personal_ring_groups"), ["element", "number", "name", "one_busy_all_busy"]);
    let forms = |sql: &str| parse(sql, NODE).forms().iter().map(|form| form.name).collect::<Vec<_>>();
    assert_eq!(
        forms(
            "SELECT COUNT(*) FROM phones a JOIN phones b ON a.number = b.number AND a.number IN (SELECT number FROM acd_paths) \
               WHERE a.number IN (SELECT answer_point FROM trunks)"
        ),
        ["phones", "acd_paths", "trunks"],
    );
}

#[test]
fn every_column_of_every_form_is_read_by_its_name_without_quotes() {
    let database = filled();
    for form in schemas::data::FORMS {
        for column in form.columns {
            let name = column.name;
            let sql = format!(
                "SELECT {name}, v.{name}, COUNT(*) FROM {form} v WHERE {name} IS NULL OR v.{name} = {name} GROUP BY {name} \
                 ORDER BY v.{name} DESC",
                form = form.name,
            );
            ask(&database, &render(&sql, NODE, Dialect::Sqlite, Some(OURS)));
        }
    }
}

#[test]
fn a_view_is_read_by_parts_without_a_statement() {
    let database = filled();
    let phones = form_of("phones");
    let ask = |select: &Select| lines(&ask(&database, &select.render(Dialect::Sqlite, Some(OURS), super::PAGE)));
    let select =
        Select::of_view(phones, Some(&["name", "cos"]), Some("cos > 2 AND name <> ''"), &[("cos", true)], NODE);
    assert_eq!(
        ask(&select.expect("a view")),
        ["  Short, Sam |7", "100% _real\\ [x]*?|6", "adams, zoe|5", "Émile, Éa|4"]
    );
    let whole = Select::of_view(phones, None, None, &[("department", false), ("name", true)], NODE).expect("a view");
    assert_eq!(whole.columns().len(), phones.columns.len());
    assert_eq!(ask(&whole).len(), 7);
    let cluster = Select::of_view(phones, Some(&["element"]), None, &[("element", true)], CLUSTER).expect("a view");
    assert_eq!(cluster.columns()[0].name, "element");
    for (columns, filter, sort, scope, fault) in [
        (Some(vec!["Name"]), None, vec![], NODE, "there is no column Name"),
        (Some(vec!["name", "name"]), None, vec![], NODE, "two things are called name"),
        (Some(vec![]), None, vec![], NODE, "a SELECT yields a column"),
        (None, Some("cos"), vec![], NODE, "a condition takes a boolean, not a whole number"),
        (
            None,
            Some("cos = 1) OR (1 = 1"),
            vec![],
            NODE,
            "this is no SQL that is understood here, near line 1, column 8",
        ),
        (None, Some("cos = 1; DROP TABLE phones"), vec![], NODE, "more than one statement is not taken here"),
        (None, None, vec![("cos; --", false)], NODE, "there is no column cos????"),
        (None, None, vec![("element", false)], NODE, "there is no column element"),
        (
            None,
            Some("COUNT(*) > 1"),
            vec![],
            NODE,
            "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
        ),
        (
            None,
            Some("number IN (SELECT number FROM phones)"),
            vec![],
            NODE,
            "IN (SELECT ...) stands in a statement of its own, and in no other of its kind",
        ),
    ] {
        let found = Select::of_view(phones, columns.as_deref(), filter, &sort, scope).map(|_| ());
        assert_eq!(found.map_err(|fault| fault.to_string()), Err(fault.to_owned()));
    }
    let standard = Scope { cluster: false, advanced: false };
    let fault = Select::of_view(form_of("trunks"), None, None, &[], standard).expect_err("advanced");
    assert_eq!(fault.to_string(), "trunks needs Advanced service");
}
