//! What is refused, and by which sentence. Sentences name the construct and repeat no text.

use std::time::{Duration, Instant};

use schemas::data::sql::{LONGEST_STATEMENT, Select, SqlFault};

use super::{CLUSTER, NODE, STANDARD, parse};

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
    // Bounds.
    (
        "SELECT 9007199254740992 FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    ("SELECT 99999999999999999999 FROM phones", "a number is whole, and 9007199254740991 at most"),
    (
        "SELECT device_id * device_id * device_id * device_id FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    (
        "SELECT SUM(device_id * 1000) FROM phones",
        "this arithmetic could go beyond 9007199254740991, by what its columns may hold",
    ),
    ("SELECT 1.5 FROM phones", "a number that is not whole is not taken here"),
    ("SELECT 1e9 FROM phones", "a number that is not whole is not taken here"),
    ("SELECT number FROM phones LIMIT 100001", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT -1", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT cos", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones LIMIT (SELECT 1)", "LIMIT takes a number from 0 to 100000"),
    ("SELECT number FROM phones OFFSET 'x'", "OFFSET takes a number from 0 to 1000000000"),
    (
        "SELECT number FROM phones FETCH FIRST 1 ROW ONLY",
        "FETCH is not taken here; as a name it is written in double quotes",
    ),
    // Texts.
    ("SELECT X'41' FROM phones", "a hexadecimal text is not taken here"),
    ("SELECT N'x' FROM phones", "a national text is not taken here"),
    ("SELECT $$x$$ FROM phones", "a text in dollar quotes is not taken here"),
    ("SELECT $1 FROM phones", "a parameter is not taken here"),
    ("SELECT ? FROM phones", "a parameter is not taken here"),
    ("SELECT :x FROM phones", "a parameter is not taken here"),
    ("SELECT DATE '2020-01-01' FROM phones", "a text with a type is not taken here"),
    ("SELECT 'a\0b' FROM phones", "a NUL character is not taken here"),
    ("SELECT number FROM phones WHERE name LIKE 'x\\'", "a backslash in a pattern stands before %, _ or another"),
    ("SELECT number FROM phones WHERE name LIKE '%' ESCAPE '!'", "what follows ESCAPE is '\\'"),
    ("SELECT number FROM phones WHERE name LIKE number", "what follows LIKE is a text in quotes"),
    ("SELECT number FROM phones WHERE name LIKE '%a%a%a%a%a%a%a%a%b'", "a pattern has 8 of % at most"),
    (
        "SELECT number FROM phones WHERE name ILIKE 'x'",
        "ILIKE is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE name SIMILAR TO '(a*)*'",
        "SIMILAR is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT number FROM phones WHERE name ~ '(a*)*'", "a regular expression is not taken here"),
    (
        "SELECT number FROM phones WHERE name REGEXP 'x'",
        "REGEXP is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones ORDER BY name COLLATE \"C\"",
        "COLLATE is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT SUBSTR(name, 0) FROM phones", "SUBSTRING takes a start and a length from 1 to 4096"),
    ("SELECT SUBSTR(name, -1) FROM phones", "SUBSTRING takes a start and a length from 1 to 4096"),
    ("SELECT SUBSTR(name, cos) FROM phones", "SUBSTRING takes its start and length as numbers"),
    ("SELECT TRIM(BOTH 'x' FROM name) FROM phones", "TRIM takes one text, and removes spaces"),
    (
        "SELECT name || name || name || name || name || name || name || name || name || name || name || name || name || name \
         || name || name || name FROM phones",
        "a text that is put together has 4,096 characters at most, by what its columns may hold",
    ),
    // Functions.
    ("SELECT pg_sleep(10) FROM phones", "there is no function pg_sleep here"),
    ("SELECT number FROM phones WHERE 1 = pg_sleep(10)", "there is no function pg_sleep here"),
    ("SELECT randomblob(1000000000) FROM phones", "there is no function randomblob here"),
    ("SELECT load_extension('x') FROM phones", "there is no function load_extension here"),
    ("SELECT pg_catalog.pg_sleep(10) FROM phones", "a name with a schema is not taken here"),
    ("SELECT current_setting('x') FROM phones", "there is no function current_setting here"),
    ("SELECT LPAD('x', 1000000000) FROM phones", "there is no function LPAD here"),
    ("SELECT GROUP_CONCAT(name) FROM phones", "there is no function GROUP_CONCAT here"),
    ("SELECT CURRENT_USER FROM phones", "there is no column CURRENT_USER"),
    (
        "SELECT CURRENT_TIMESTAMP FROM phones",
        "CURRENT_TIMESTAMP is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT EXTRACT(YEAR FROM number) FROM phones",
        "EXTRACT is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT CEIL(cos) FROM phones", "CEIL is not taken here; as a name it is written in double quotes"),
    ("SELECT POSITION('a' IN name) FROM phones", "this expression is not taken here"),
    ("SELECT COUNT(*) OVER () FROM phones", "OVER is not taken here; as a name it is written in double quotes"),
    (
        "SELECT COUNT(*) FILTER (WHERE hot_desk) FROM phones",
        "FILTER is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT SUM(DISTINCT cos) FROM phones", "DISTINCT stands in COUNT, in no other function"),
    ("SELECT COUNT(DISTINCT *) FROM phones", "* stands in COUNT(*), in no other function"),
    ("SELECT SUM(*) FROM phones", "* stands in COUNT(*), in no other function"),
    ("SELECT LOWER(name, name) FROM phones", "this function takes one argument"),
    ("SELECT COUNT() FROM phones", "this function takes one argument"),
    ("SELECT COALESCE(name) FROM phones", "COALESCE takes 2 to 32 arguments"),
    ("SELECT NULLIF(name) FROM phones", "NULLIF takes two arguments"),
    ("SELECT MAX(cos, 2) FROM phones", "this function takes one argument"),
    // Expressions.
    ("SELECT (SELECT number FROM phones) FROM phones", "a SELECT within an expression is not taken here"),
    (
        "SELECT number FROM phones WHERE EXISTS (SELECT 1)",
        "EXISTS is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE cos = ANY (SELECT 1)",
        "ANY is not taken here; as a name it is written in double quotes",
    ),
    (
        "SELECT number FROM phones WHERE cos = ALL (SELECT cos FROM phones)",
        "a comparison with ANY or ALL is not taken here",
    ),
    ("SELECT number FROM phones WHERE (cos, number) IN ((1, '1'))", "a row of values is not taken here"),
    ("SELECT number FROM phones WHERE cos IS DISTINCT FROM 1", "IS DISTINCT FROM is not taken here"),
    ("SELECT number FROM phones WHERE cos & 1 = 1", "arithmetic of bits is not taken here"),
    ("SELECT number FROM phones WHERE cos IN ()", "this is no SQL that is understood here, near line 1, column 41"),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number, name FROM phones)",
        "what follows IN (SELECT is one column",
    ),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number FROM phones LIMIT 1)",
        "ORDER BY or LIMIT after IN is not taken here",
    ),
    (
        "SELECT number FROM phones WHERE number IN (SELECT number FROM phones WHERE number IN (SELECT number FROM phones))",
        "IN (SELECT ...) stands in a statement of its own, and in no other of its kind",
    ),
    (
        "SELECT number FROM phones p WHERE number IN (SELECT number FROM phones q WHERE q.cos = p.cos)",
        "there is no view p",
    ),
    ("SELECT ARRAY[1] FROM phones", "ARRAY is not taken here; as a name it is written in double quotes"),
    ("SELECT INTERVAL '1' DAY FROM phones", "INTERVAL is not taken here; as a name it is written in double quotes"),
    ("SELECT * EXCLUDE (name) FROM phones", "this is no SQL that is understood here, near line 1, column 10"),
    ("SELECT x.* FROM phones", "there is no view x"),
    // Groups and order.
    ("SELECT name, COUNT(*) FROM phones", "beside counts and sums stand columns that are in GROUP BY, no others"),
    ("SELECT name FROM phones GROUP BY number", "beside counts and sums stand columns that are in GROUP BY, no others"),
    (
        "SELECT number FROM phones GROUP BY number ORDER BY cos",
        "beside counts and sums stand columns that are in GROUP BY, no others",
    ),
    (
        "SELECT COUNT(*) FROM phones WHERE COUNT(*) > 1",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    (
        "SELECT MAX(COUNT(*)) FROM phones",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    (
        "SELECT 1 FROM phones GROUP BY COUNT(*)",
        "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
    ),
    ("SELECT COUNT(*) FROM phones GROUP BY 1", "what follows GROUP BY has a column, and no count or sum"),
    ("SELECT COUNT(*) FROM phones GROUP BY 'x'", "what follows GROUP BY has a column, and no count or sum"),
    ("SELECT COUNT(*) FROM phones HAVING COUNT(*) > 1", "HAVING stands after GROUP BY"),
    (
        "SELECT number FROM phones GROUP BY ROLLUP (number)",
        "ROLLUP is not taken here; as a name it is written in double quotes",
    ),
    ("SELECT DISTINCT ON (name) number FROM phones", "DISTINCT ON is not taken here"),
    ("SELECT DISTINCT number FROM phones ORDER BY name", "SELECT DISTINCT is sorted by what it yields"),
    ("SELECT number FROM phones ORDER BY COUNT(*)", "a count or sum in ORDER BY stands in a SELECT that has others"),
    ("SELECT number FROM phones ORDER BY name NULLS FIRST", "NULL comes last in every order"),
    ("SELECT number FROM phones ORDER BY 2", "a number after GROUP BY or ORDER BY counts what comes out, from 1"),
    ("SELECT number FROM phones ORDER BY 0", "a number after GROUP BY or ORDER BY counts what comes out, from 1"),
    ("SELECT AVG(cos) + 1 FROM phones", "arithmetic takes a whole number, not an average"),
];

#[test]
fn what_is_not_allowed_is_refused_by_a_sentence_that_names_it() {
    let mut wrong = Vec::new();
    for (sql, sentence) in REFUSED {
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

/// So many of it in a row.
fn times(part: &str, count: usize) -> String {
    part.repeat(count)
}

#[test]
fn bounds_hold_to_the_last_that_fits() {
    let condition = |condition: &str| format!("SELECT number FROM phones WHERE {condition}");
    let list = |count: usize| vec!["1"; count].join(", ");
    for (fits, too_much, sentence) in [
        (
            condition(&format!("{}TRUE{}", times("(", 28), times(")", 28))),
            condition(&format!("{}TRUE{}", times("(", 33), times(")", 33))),
            "a statement is nested 32 deep at most",
        ),
        (
            condition(&format!("{}TRUE", times("NOT ", 28))),
            condition(&format!("{}TRUE", times("NOT ", 33))),
            "a statement is nested 32 deep at most",
        ),
        (
            condition(&format!("0 = 0{}", times(" + 1", 28))),
            condition(&format!("0 = 0{}", times(" + 1", 40))),
            "a statement is nested 32 deep at most",
        ),
        (
            condition(&format!("TRUE{}", times(" OR hot_desk", 255))),
            condition(&format!("TRUE{}", times(" OR hot_desk", 256))),
            "one AND or OR joins 256 conditions at most; IN takes more",
        ),
        (
            condition(&format!("cos IN ({})", list(990))),
            condition(&format!("cos IN ({})", list(1000))),
            "a statement has 1,000 names, values and operations at most",
        ),
        (
            format!("SELECT {} FROM phones", vec!["cos"; 200].join(", ")),
            format!("SELECT {} FROM phones", vec!["cos"; 201].join(", ")),
            "a statement yields 200 columns at most",
        ),
        (
            format!("SELECT number FROM phones{}", times(" ", LONGEST_STATEMENT - 25)),
            format!("SELECT number FROM phones{}", times(" ", LONGEST_STATEMENT - 24)),
            "a statement has 16,384 bytes at most",
        ),
        (
            format!("SELECT cos AS \"{}\" FROM phones", times("é", 63)),
            format!("SELECT cos AS \"{}\" FROM phones", times("é", 64)),
            "a name has 1 to 63 characters",
        ),
        (
            format!("SELECT cos FROM phones ORDER BY {}", list(32)),
            format!("SELECT cos FROM phones ORDER BY {}", list(33)),
            "a statement groups and sorts by 32 expressions at most",
        ),
    ] {
        parse(&fits, CLUSTER);
        let fault = Select::parse(&too_much, CLUSTER).expect_err(sentence);
        assert_eq!(fault.to_string(), sentence);
    }
}

/// Whatever fits into a statement is read or refused at once, on a small stack.
#[test]
fn nothing_that_is_nested_or_long_takes_the_stack_or_the_time() {
    let parts = [
        "(",
        ")",
        "[",
        "{",
        "NOT ",
        "-",
        "- ",
        "+",
        "~",
        "CASE ",
        "CASE WHEN ",
        "CASE x WHEN ",
        "CAST(",
        "1 IN (",
        "x IN (SELECT ",
        "SELECT ",
        "(SELECT ",
        "SELECT * FROM (",
        "FROM ",
        "FROM (",
        "JOIN ",
        "JOIN (",
        "a JOIN (b ",
        "f(",
        "f(x, ",
        "a.",
        "a,",
        "1+",
        "1+(",
        "'a'||",
        "a AND ",
        "a OR (",
        "a BETWEEN ",
        "a BETWEEN b AND ",
        "a LIKE ",
        "a IS ",
        "x'",
        "'",
        "\"",
        "\"a\".",
        "/*",
        "--\n",
        "/*/*",
        "INTERVAL ",
        "DATE ",
        "TIMESTAMP(",
        "DOUBLE ",
        "NESTED(",
        "DECIMAL(",
        "SUBSTRING(",
        "TRIM(",
        "COUNT(",
        "COUNT(DISTINCT ",
        "COALESCE(",
        "POSITION(",
        "IF(",
        "IF(current_time(",
        "ROW(",
        "VALUES (",
        "WHERE ",
        "GROUP BY ",
        "ORDER BY ",
        "LIMIT ",
        ";",
        ",",
        "*",
        "1 ",
        "x ",
        "x y ",
        "a b, ",
        "U&'",
        "$a$",
        "@",
        "#",
        "\\",
        "\u{202e}",
        "é",
        "AS ",
        "ON ",
        "a::",
        "a COLLATE ",
        "END ",
        "NULL ",
        "MAP ",
        "SETOF ",
        "x = ALL(",
        "NOT EXISTS (",
        "((a) ",
        "((a),",
        "a.*",
        "a(*",
        "*,",
        "FOR ",
        "INSERT INTO a ",
        "UPDATE a SET b = ",
        "DELETE FROM a WHERE ",
    ];
    let fronts =
        ["", "SELECT ", "SELECT number FROM phones WHERE ", "SELECT * FROM ", "INSERT INTO phones (number) VALUES ("];
    let all = move || {
        for front in fronts {
            for one in parts {
                for two in ["", "(", "x ", "NOT ", "'"] {
                    let whole = format!("{one}{two}");
                    for count in [33, LONGEST_STATEMENT / whole.len()] {
                        let mut sql = format!("{front}{}", times(&whole, count));
                        while sql.len() > LONGEST_STATEMENT {
                            sql.pop();
                        }
                        let began = Instant::now();
                        let _ = Select::parse(&sql, NODE);
                        let _ = schemas::data::sql::Write::parse(&sql, NODE);
                        let took = began.elapsed();
                        assert!(took < Duration::from_secs(2), "{took:?}: {front}{whole}, {count} times");
                    }
                }
            }
        }
    };
    let stack = std::thread::Builder::new().stack_size(1024 * 1024);
    stack.spawn(all).expect("a thread").join().expect("nothing panics");
}
