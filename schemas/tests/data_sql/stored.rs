//! The tables of forms: what is put into them comes back, row by row and range by range.

use proptest::prelude::*;
use rusqlite::types::Value as Sqlite;
use schemas::data::sql::{Dialect, tables};
use schemas::data::{FORMS, Form, Key};
use serde_json::json;

use super::agrees::row_of;
use super::database::{OTHER, OURS, empty, put, value};
use super::{form_of, row};

#[test]
fn tables_are_made_like_this() {
    let trunks = form_of("trunks");
    assert_eq!(
        tables::create_one(trunks, Dialect::Sqlite),
        "CREATE TABLE IF NOT EXISTS \"da_trunks\" (\"_ceid\" INTEGER NOT NULL, \"number\" INTEGER NOT NULL, \"trunk_type\" TEXT NOT NULL, \
         \"peer_name\" TEXT, \"cos\" INTEGER NOT NULL, \"answer_point\" TEXT, \"in_service\" INTEGER NOT NULL, \
         PRIMARY KEY (\"_ceid\", \"number\")) STRICT, WITHOUT ROWID",
    );
    assert_eq!(
        tables::create_one(trunks, Dialect::Postgres),
        "CREATE TABLE IF NOT EXISTS \"da_trunks\" (\"_ceid\" BIGINT NOT NULL, \"number\" BIGINT NOT NULL, \
         \"trunk_type\" TEXT COLLATE \"C\" NOT NULL, \"peer_name\" TEXT COLLATE \"C\", \"cos\" BIGINT NOT NULL, \
         \"answer_point\" TEXT COLLATE \"C\", \"in_service\" BOOLEAN NOT NULL, PRIMARY KEY (\"_ceid\", \"number\"))",
    );
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        assert_eq!(tables::create(dialect).len(), FORMS.len());
    }
}

#[test]
fn rows_are_written_removed_and_read_by_statements_with_values_in_this_order() {
    let directory = form_of("telephone_directory");
    assert_eq!(
        tables::upsert(directory, Dialect::Postgres),
        "INSERT INTO \"da_telephone_directory\" (\"_ceid\", \"name\", \"number\", \"department\", \"location\", \"privacy\") \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (\"_ceid\", \"name\", \"number\") DO UPDATE SET \
         \"department\" = excluded.\"department\", \"location\" = excluded.\"location\", \"privacy\" = excluded.\"privacy\"",
    );
    assert_eq!(
        tables::delete(directory, Dialect::Postgres),
        "DELETE FROM \"da_telephone_directory\" WHERE \"_ceid\" = $1 AND \"name\" = $2 AND \"number\" = $3",
    );
    assert_eq!(
        tables::select_range(directory, Dialect::Postgres, true, true),
        "SELECT \"name\", \"number\", \"department\", \"location\", \"privacy\" FROM \"da_telephone_directory\" WHERE \"_ceid\" = $1 \
         AND (\"name\", \"number\") > ($2, $3) AND (\"name\", \"number\") <= ($4, $5) ORDER BY \"name\", \"number\" LIMIT $6",
    );
    assert_eq!(
        tables::select_range(directory, Dialect::Sqlite, false, true),
        "SELECT \"name\", \"number\", \"department\", \"location\", \"privacy\" FROM \"da_telephone_directory\" WHERE \"_ceid\" = ? \
         AND (\"name\", \"number\") <= (?, ?) ORDER BY \"name\", \"number\" LIMIT ?",
    );
}

fn range(
    database: &rusqlite::Connection,
    form: &Form,
    after: Option<&Key>,
    until: Option<&Key>,
    most: i64,
) -> Vec<Vec<Sqlite>> {
    let statement = tables::select_range(form, Dialect::Sqlite, after.is_some(), until.is_some());
    let values = std::iter::once(Sqlite::Integer(OURS.into()))
        .chain(after.into_iter().chain(until).flatten().map(value))
        .chain(std::iter::once(Sqlite::Integer(most)));
    let mut statement = database.prepare(&statement).expect("a statement");
    let width = form.columns.len();
    let rows = statement
        .query_map(rusqlite::params_from_iter(values), |row| (0..width).map(|at| row.get(at)).collect())
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

#[test]
fn a_row_that_is_written_again_takes_the_place_of_the_first() {
    let (database, groups) = (empty(), form_of("personal_ring_groups"));
    let of =
        |number: &str, name: &str| row(groups, json!({ "number": number, "name": name, "one_busy_all_busy": true }));
    put(&database, groups, OURS, &of("10", "First"));
    put(&database, groups, OTHER, &of("10", "Other"));
    put(&database, groups, OURS, &of("10", "Second"));
    let expected = |name: &str| vec![Sqlite::Text("10".into()), Sqlite::Text(name.into()), Sqlite::Integer(1)];
    assert_eq!(range(&database, groups, None, None, 10), [expected("Second")]);
    let removed =
        database.execute(&tables::delete(groups, Dialect::Sqlite), rusqlite::params![OURS, "10"]).expect("a deletion");
    assert_eq!(removed, 1);
    assert!(range(&database, groups, None, None, 10).is_empty());
    let wrong = database.execute(&tables::upsert(groups, Dialect::Sqlite), rusqlite::params![OURS, "10", 5, "yes"]);
    assert!(wrong.is_err(), "tables are strict");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ranges_have_the_rows_between_two_keys_in_the_order_of_keys(
        (form, rows, after, until) in (0..FORMS.len()).prop_flat_map(|at| {
            let form = &FORMS[at];
            (Just(form), proptest::collection::vec(row_of(form), 0..20), row_of(form), row_of(form))
        }),
        with_after in any::<bool>(),
        with_until in any::<bool>(),
        most in 0_usize..12,
    ) {
        let database = empty();
        let mut expected = std::collections::BTreeMap::new();
        for row in &rows {
            put(&database, form, OURS, row);
            put(&database, form, OTHER, row);
            expected.insert(form.key(row), row.0.iter().map(value).collect::<Vec<_>>());
        }
        let after = with_after.then(|| rows.first().map_or_else(|| form.key(&after), |row| form.key(row)));
        let until = with_until.then(|| form.key(&until));
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
            .filter(|(key, _)| until.as_ref().is_none_or(|until| key <= until))
            .map(|(_, row)| row)
            .take(most)
            .collect();
        prop_assert_eq!(range(&database, form, after.as_ref(), until.as_ref(), most.try_into().expect("few")), expected);
    }
}
