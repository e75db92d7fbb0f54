//! What is refused, and by which sentence. Sentences name the construct and repeat no text.

use schemas::data::sql::{Select, SqlFault};

use super::refused_more::REFUSED_MORE;
use super::{NODE, STANDARD, parse};

const REFUSED: &[(&str, &str)] = &[
    // Nothing, and nothing that is SQL.
    ("", "this is no SQL that is understood here, near line 1, column 1"),
    (" -- nothing\n;", "this is no SQL that is understood here, near line 2, column 2"),
    ("SELEC number FROM phones", "this is no SQL that is understood here, near line 1, column 7"),
    ("SELECT number FROM phones WHERE", "this is no SQL that is understood here, near line 1, column 32"),
    ("SELECT number FROM phones)", "this is no SQL that is understood here, near line 1, column 26"),
    ("SELECT 'open FROM phones", "this is no SQL that is understood here, near line 1, column 8"),
    ("SELECT /* open FROM phones", "this is no SQL that is understood here, near line 1, column 27"),
    // More than one, others, and what hides in one.
    ("SELECT number FROM phones; DELETE FROM phones", "more than one statement is not taken here"),
    ("SELECT number FROM phones;; SELECT 1", "more than one statement is not taken here"),
    ("DELETE FROM phones WHERE TRUE", "this statement would write; here is only read"),
    ("UPDATE phones SET cos = 1 WHERE TRUE", "this statement would write; here is only read"),
    ("INSERT INTO phones (number) VALUES ('1')", "this statement would write; here is only read"),
    ("DROP TABLE phones", "DROP is not taken here; as a name it is written in double quotes"),
    ("PRAGMA table_info(phones)", "PRAGMA is not taken here; as a name it is written in double quotes"),
    ("ATTACH DATABASE 'x' AS y", "ATTACH is not taken here; as a name it is written in double quotes"),
    ("COPY phones TO PROGRAM 'id'", "COPY is not taken here; as a name it is written in double quotes"),
    ("EXPLAIN SELECT number FROM phones", "EXPLAIN is not taken here; as a name it is written in double quotes"),
    ("SET ROLE postgres", "a statement that is no SELECT is not taken here"),
    (
        "WITH w AS (SELECT number FROM phones) SELECT * FROM w",
        "WITH is not taken here; as a name it is written in double quotes",
    ),
    (
        "with recursive w as (select 1) select * from w",
        "WITH is not taken here; as a name it is written in double quotes",
    ),
    (
        "WITH w AS (DELETE FROM phones RETURNING *) SELECT * FROM w",
        "WITH is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones UNION SELECT name FROM trunks",
        "UNION is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones EXCEPT SELECT number FROM phones",
        "EXCEPT is not taken here; as a name it is written in double quotes",
    ),
    ("(SELECT number FROM phones)", "a SELECT in brackets is not taken here"),
    ("VALUES (1)", "VALUES without INSERT is not taken here"),
    ("TABLE phones", "TABLE is not taken here; as a name it is written in double quotes"),
    ("SELECT number INTO evil FROM phones", "SELECT INTO is not taken here"),
    ("SELECT number FROM phones FOR UPDATE", "FOR UPDATE or SHARE is not taken here"),
    // Where it comes from.
    ("SELECT 1", "a SELECT says FROM which view"),
    ("SELECT * FROM (SELECT number FROM phones) AS x", "FROM and JOIN take the names of views, nothing else"),
    ("SELECT * FROM pg_catalog.pg_authid", "a name with a schema is not taken here"),
    ("SELECT * FROM main.da_phones", "a name with a schema is not taken here"),
    ("SELECT * FROM da_phones", "there is no view da_phones"),
    ("SELECT * FROM sqlite_master", "there is no view sqlite_master"),
    ("SELECT * FROM \"Phones\"", "there is no view Phones"),
    ("SELECT * FROM \"phones\"\" AS x; DROP TABLE y --\"", "there is no view phones??AS?x??DROP?TABLE?y???"),
    ("SELECT * FROM phonеs", "a sign of another SQL is not taken here"),
    ("SELECT * FROM \"phonеs\"", "there is no view phon?s"),
    ("SELECT * FROM 'phones'", "a text as a name is not taken here"),
    ("SELECT * FROM generate_series(1, 1000000000)", "FROM and JOIN take the names of views, nothing else"),
    ("SELECT * FROM LATERAL (SELECT 1)", "LATERAL is not taken here; as a name it is written in double quotes"),
    (
        "SELECT * FROM phones TABLESAMPLE BERNOULLI (1)",
        "TABLESAMPLE is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT * FROM phones AS p (a, b)", "names of columns after a view is not taken here"),
    ("SELECT * FROM phones NATURAL JOIN trunks", "NATURAL is not taken here; as a name it is written in double quotes"),
    (
        "SELECT * FROM phones JOIN trunks USING (number)",
        "USING is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT * FROM phones RIGHT JOIN trunks ON TRUE",
        "RIGHT is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT * FROM phones JOIN trunks", "a JOIN says ON what"),
    ("SELECT * FROM phones a JOIN phones A ON TRUE", "two things are called A"),
    ("SELECT * FROM phones, phones", "two things are called phones"),
    (
        "SELECT COUNT(*) FROM phones a, phones b, phones c, phones d, phones e, phones f, phones g",
        "a statement is of 6 views at most",
    ),
    ("SELECT 1 FROM phones a, phones b JOIN phones c ON a.cos = c.cos", "there is no view a"),
    // Names.
    ("SELECT pin FROM phones", "there is no column pin"),
    ("SELECT ceid FROM phones", "there is no column ceid"),
    ("SELECT rowid FROM phones", "there is no column rowid"),
    ("SELECT \"Number\" FROM phones", "there is no column Number"),
    ("SELECT x.number FROM phones", "there is no view x"),
    ("SELECT a.b.number FROM phones", "a name with a schema is not taken here"),
    ("SELECT number FROM phones, trunks", "number is in more than one view; write VIEW.number"),
    ("SELECT number 'x' FROM phones", "a text as a name is not taken here"),
    ("SELECT number AS x, name AS x FROM phones", "two things are called x"),
    ("SELECT number AS \"\" FROM phones", "a name has 1 to 63 characters"),
    ("SELECT `number` FROM phones", "a sign of another SQL is not taken here"),
    ("SELECT [number] FROM phones", "a bracket that is not round is not taken here"),
    (
        "SELECT a_name_that_is_longer_than_what_a_sentence_shows FROM phones",
        "there is no column a_name_that_is_longer_than_what_...",
    ),
    // Types.
    (
        "SELECT number FROM phones WHERE number = 1000",
        "a text and a whole number do not go together here; a directory number is a text: '1000'",
    ),
    (
        "SELECT number FROM phones WHERE cos = '1'",
        "a whole number and a text do not go together here; a directory number is a text: '1000'",
    ),
    (
        "SELECT number FROM phones WHERE hot_desk = 1",
        "a boolean and a whole number do not go together here; a directory number is a text: '1000'",
    ),
    ("SELECT number FROM phones WHERE cos", "WHERE takes a boolean, not a whole number"),
    ("SELECT number FROM phones WHERE 'x' OR TRUE", "OR takes a boolean, not a text"),
    ("SELECT number FROM phones WHERE hot_desk > FALSE", "booleans have no order; they are compared by = and <>"),
    (
        "SELECT number FROM phones WHERE cos IN (1, 'x')",
        "a whole number and a text do not go together here; a directory number is a text: '1000'",
    ),
    (
        "SELECT number FROM phones WHERE number IN (SELECT cos FROM phones)",
        "a text and a whole number do not go together here; a directory number is a text: '1000'",
    ),
    (
        "SELECT COALESCE(cos, 'none') FROM phones",
        "a whole number and a text do not go together here; a directory number is a text: '1000'",
    ),
    ("SELECT number + 1 FROM phones", "arithmetic takes a whole number, not a text"),
    ("SELECT -hot_desk FROM phones", "arithmetic takes a whole number, not a boolean"),
    ("SELECT cos || 'x' FROM phones", "|| takes a text, not a whole number"),
    ("SELECT number FROM phones WHERE cos LIKE '1'", "LIKE takes a text, not a whole number"),
    ("SELECT SUM(number) FROM phones", "SUM takes a whole number, not a text"),
    ("SELECT MAX(hot_desk) FROM phones", "booleans have no order; they are counted"),
    ("SELECT CAST(number AS INTEGER) FROM phones", "CAST makes a TEXT of a whole number, nothing else"),
    ("SELECT CAST(cos AS VARCHAR(1)) FROM phones", "CAST makes a TEXT of a whole number, nothing else"),
    ("SELECT cos::text FROM phones", "a cast by :: is not taken here"),
];

#[test]
fn what_is_not_allowed_is_refused_by_a_sentence_that_names_it() {
    let mut wrong = Vec::new();
    for (sql, sentence) in REFUSED.iter().chain(REFUSED_MORE) {
        let found = Select::parse(sql, NODE).map_or_else(|fault| fault.to_string(), |_| "taken".to_owned());
        if found != *sentence {
            wrong.push(format!("{sql}\n  {found}\n  instead of: {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forms_that_need_advanced_service_are_refused_as_such_wherever_they_stand() {
    for sql in [
        "SELECT number FROM trunks",
        "SELECT 1 FROM phones JOIN Trunks ON TRUE",
        "SELECT number FROM phones WHERE number IN (SELECT answer_point FROM \"trunks\")",
    ] {
        assert_eq!(Select::parse(sql, STANDARD), Err(SqlFault::Advanced("trunks")), "{sql}");
        parse(sql, NODE);
    }
    parse("SELECT number FROM phones", STANDARD);
    assert!(Select::parse("SELECT number FROM trunkz", STANDARD).is_err());
}
