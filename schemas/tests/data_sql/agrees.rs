//! Generated texts never panic, and what is taken of them is SQL to SQLite; generated conditions are answered alike by SQLite and by our own interpreter.

use proptest::prelude::*;
use schemas::data::sql::{Dialect, Filter, Select, Write};
use schemas::data::{Column, FORMS, Form, Kind, Row, Value};

use super::answers::ANSWERS;
use super::database::{OURS, ask, empty, put, value};
use super::{CLUSTER, NODE, PAGE};

/// Texts that mean something to patterns, with letters that cases and bytes treat differently.
fn texts() -> impl Strategy<Value = String> {
    const LETTERS: &[&str] = &["a", "A", "b", "é", "É", "%", "_", "\\", "*", "?", "[", "]", "'", " ", "z", "1", "𝄞"];
    proptest::collection::vec(proptest::sample::select(LETTERS), 1..5).prop_map(|letters| letters.concat())
}

fn values(column: &'static Column) -> BoxedStrategy<Value> {
    let given = match column.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Integer { min, max } => prop_oneof![min..=max.min(min + 3), min..=max].prop_map(Value::Integer).boxed(),
        Kind::Text { .. } if column.number => {
            proptest::string::string_regex("[0-3]{1,3}").expect("a pattern").prop_map(Value::Text).boxed()
        }
        Kind::Text { .. } => texts().prop_map(Value::Text).boxed(),
        Kind::Word(words) => proptest::sample::select(words).prop_map(|word| Value::Text(word.to_owned())).boxed(),
    };
    if column.required { given } else { prop_oneof![1 => Just(Value::Null), 2 => given].boxed() }
}

pub fn row_of(form: &'static Form) -> BoxedStrategy<Row> {
    form.columns.iter().map(values).collect::<Vec<_>>().prop_map(|values| Row(values.into())).boxed()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Names of the form's columns of a type, or none.
fn columns(form: &'static Form, is: fn(Kind) -> bool) -> Vec<&'static str> {
    form.columns.iter().filter(|column| is(column.kind)).map(|column| column.name).collect()
}

fn some_of(names: Vec<&'static str>, or: &'static str) -> BoxedStrategy<String> {
    let names = if names.is_empty() { vec![or] } else { names };
    proptest::sample::select(names).prop_map(str::to_owned).boxed()
}

pub fn integers(form: &'static Form) -> BoxedStrategy<String> {
    let column = some_of(columns(form, |kind| matches!(kind, Kind::Integer { .. })), "element");
    let text = some_of(columns(form, |kind| matches!(kind, Kind::Text { .. } | Kind::Word(_))), "'x'");
    let leaf = prop_oneof![
        4 => column,
        3 => (-3_i64..4).prop_map(|number| number.to_string()),
        1 => text.prop_map(|of| format!("LENGTH({of})")),
        1 => Just("element".to_owned()),
        1 => Just("NULL".to_owned()),
    ];
    let deeper = |inner: BoxedStrategy<String>| {
        prop_oneof![
            4 => (inner.clone(), proptest::sample::select(&["+", "-", "*", "/", "%"][..]), inner.clone())
                .prop_map(|(left, how, right)| format!("({left} {how} {right})")),
            1 => inner.clone().prop_map(|of| format!("(- {of})")),
            1 => inner.clone().prop_map(|of| format!("ABS({of})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("NULLIF({left}, {right})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("COALESCE({left}, {right})")),
            1 => (inner.clone(), inner.clone(), inner)
                .prop_map(|(of, when, then)| format!("CASE {of} WHEN {when} THEN {then} WHEN 1 THEN 2 END")),
        ]
    };
    leaf.prop_recursive(2, 6, 2, move |inner| deeper(inner.boxed())).boxed()
}

pub fn strings(form: &'static Form) -> BoxedStrategy<String> {
    let column = some_of(columns(form, |kind| matches!(kind, Kind::Text { .. } | Kind::Word(_))), "'x'");
    let leaf = prop_oneof![
        4 => column,
        2 => texts().prop_map(|text| quoted(&text)),
        1 => integers(form).prop_map(|of| format!("CAST({of} AS TEXT)")),
        1 => Just("NULL".to_owned()),
    ];
    let deeper = |inner: BoxedStrategy<String>| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} || {right}")),
            2 => (proptest::sample::select(&["LOWER", "UPPER", "TRIM"][..]), inner.clone())
                .prop_map(|(how, of)| format!("{how}({of})")),
            2 => (inner.clone(), 1..4, 1..4).prop_map(|(of, from, length)| format!("SUBSTR({of}, {from}, {length})")),
            1 => (inner.clone(), 1..4).prop_map(|(of, from)| format!("SUBSTRING({of} FROM {from})")),
            1 => (inner.clone(), inner).prop_map(|(left, right)| format!("COALESCE({left}, {right})")),
        ]
    };
    leaf.prop_recursive(2, 4, 2, move |inner| deeper(inner.boxed())).boxed()
}

fn patterns() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &["%", "_", "a", "A", "é", "\\%", "\\_", "\\\\", "*", "?", "[", "]", "[a]", "1", "%a"];
    proptest::collection::vec(proptest::sample::select(PARTS), 0..5)
        .prop_map(|parts| quoted(&parts.concat()))
        .prop_filter("few of %", |pattern| pattern.matches('%').count() < 8)
}

pub fn conditions(form: &'static Form) -> BoxedStrategy<String> {
    let (number, text) = (integers(form), strings(form));
    let flag = some_of(columns(form, |kind| kind == Kind::Boolean), "TRUE");
    let compare = proptest::sample::select(&["=", "<>", "!=", "<", "<=", ">", ">="][..]);
    let not = proptest::sample::select(&["", "NOT "][..]);
    let leaf = prop_oneof![
        3 => (number.clone(), compare.clone(), number.clone()).prop_map(|(left, how, right)| format!("{left} {how} {right}")),
        3 => (text.clone(), compare, text.clone()).prop_map(|(left, how, right)| format!("{left} {how} {right}")),
        3 => (text.clone(), not.clone(), patterns()).prop_map(|(of, not, pattern)| format!("{of} {not}LIKE {pattern}")),
        2 => (number.clone(), not.clone(), number.clone(), number.clone())
            .prop_map(|(of, not, low, high)| format!("{of} {not}BETWEEN {low} AND {high}")),
        1 => (text.clone(), not.clone(), text.clone(), text.clone())
            .prop_map(|(of, not, low, high)| format!("{of} {not}BETWEEN {low} AND {high}")),
        2 => (number.clone(), not.clone(), proptest::collection::vec(number, 1..4))
            .prop_map(|(of, not, list)| format!("{of} {not}IN ({})", list.join(", "))),
        2 => (text.clone(), not, proptest::collection::vec(text.clone(), 1..4))
            .prop_map(|(of, not, list)| format!("{of} {not}IN ({})", list.join(", "))),
        1 => text.prop_map(|of| format!("{of} IS NULL")),
        2 => flag,
        1 => proptest::sample::select(&["TRUE", "FALSE", "NULL"][..]).prop_map(str::to_owned),
    ];
    let deeper = |inner: BoxedStrategy<String>| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} AND {right})")),
            2 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} OR {b} OR {c})")),
            2 => inner.clone().prop_map(|of| format!("NOT ({of})")),
            1 => (inner.clone(), proptest::sample::select(&["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT NULL"][..]))
                .prop_map(|(of, what)| format!("(({of}) IS {what})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("(({left}) = ({right}))")),
            1 => (inner.clone(), inner.clone(), inner)
                .prop_map(|(when, then, or)| format!("CASE WHEN {when} THEN {then} ELSE {or} END")),
        ]
    };
    leaf.prop_recursive(3, 8, 3, move |inner| deeper(inner.boxed())).boxed()
}

fn asked() -> impl Strategy<Value = (&'static Form, Vec<Row>, String)> {
    (0..FORMS.len()).prop_flat_map(|at| {
        let form = &FORMS[at];
        (Just(form), proptest::collection::vec(row_of(form), 1..12), conditions(form))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_condition_is_true_of_the_rows_that_sqlite_finds((form, rows, condition) in asked()) {
        // What may be too large is refused before it is asked.
        let Ok(filter) = Filter::parse(form, &condition, CLUSTER) else { return Ok(()) };
        let database = empty();
        let mut expected = std::collections::BTreeMap::new();
        for row in &rows {
            put(&database, form, OURS, row);
            expected.insert(form.key(row), row);
        }
        let expected: Vec<_> = expected
            .into_values()
            .filter(|row| filter.matches(row, OURS))
            .map(|row| row.0.iter().map(value).collect::<Vec<_>>())
            .collect();
        let names: Vec<_> = form.columns.iter().map(|column| column.name).collect();
        let select = Select::of_view(form, Some(&names), Some(&condition), &[], CLUSTER).expect("what a filter takes");
        prop_assert_eq!(ask(&database, &select.render(Dialect::Sqlite, None, PAGE)), expected, "{}", condition);
    }

    #[test]
    fn most_conditions_that_are_tried_are_taken((form, _, condition) in asked()) {
        if let Err(fault) = Filter::parse(form, &condition, CLUSTER) {
            let sentence = fault.to_string();
            let bounds = ["beyond 9007199254740991", "1,000 names", "nested 32"];
            prop_assert!(bounds.iter().any(|bound| sentence.contains(bound)), "{}: {}", condition, sentence);
        }
    }

    #[test]
    fn any_text_is_taken_or_refused(text in "\\PC{0,200}") {
        let _ = Select::parse(&text, NODE);
        let _ = Write::parse(&text, NODE);
        let _ = Filter::parse(&FORMS[0], &text, NODE);
    }

    #[test]
    fn statements_with_words_changed_are_refused_or_asked(sql in changed()) {
        let _ = Write::parse(&sql, NODE);
        let _ = Filter::parse(&FORMS[0], &sql, NODE);
        for scope in [NODE, CLUSTER] {
            if let Ok(select) = Select::parse(&sql, scope) {
                // Preparing is what may fail: that is done whatever the rows.
                let rows = ask(&empty(), &select.render(Dialect::Sqlite, Some(OURS), PAGE));
                prop_assert!(rows.len() <= 1, "{}", sql);
            }
        }
    }
}

/// Statements that are taken, with some words left out, exchanged or put between.
pub fn changed() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), proptest::sample::select(WORDS), 0_u8..4);
    let some = proptest::collection::vec(edit, 1..4);
    (proptest::sample::select(ANSWERS), some).prop_map(|((sql, _), edits)| {
        let spaced = sql.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
        let mut words: Vec<_> = spaced.split_ascii_whitespace().collect();
        for (at, other, word, how) in edits {
            let (at, other) = (at.index(words.len()), other.index(words.len()));
            match how {
                0 => words.insert(at, word),
                1 => words[at] = word,
                2 => words.swap(at, other),
                _ => words[at] = words[other],
            }
        }
        words.join(" ")
    })
}

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "phones",
    "line_appearances",
    "a",
    "b",
    "WHERE",
    "number",
    "cos",
    "name",
    "hot_desk",
    "button",
    "phone",
    "*",
    ",",
    "(",
    ")",
    "=",
    "<>",
    "<",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "'a%'",
    "IS",
    "NULL",
    "TRUE",
    "1",
    "'x'",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "DESC",
    "LIMIT",
    "OFFSET",
    "2",
    "AS",
    "\"x\"",
    "x",
    "DISTINCT",
    "COUNT(*)",
    "SUM(",
    "AVG(cos)",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "ELSE",
    ".",
    ";",
    "CAST(",
    "TEXT)",
    "INSERT INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE FROM",
    "COALESCE(",
    "SUBSTR(",
    "UNION",
    "WITH",
    "EXISTS",
    "OVER",
    "::",
    "--",
    "/*",
    "?",
    "$1",
    "NULLS LAST",
];
