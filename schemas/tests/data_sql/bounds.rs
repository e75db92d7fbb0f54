//! How large a statement may be, and that none of any size takes the stack or the time.

use std::time::{Duration, Instant};

use schemas::data::sql::{Dialect, LONGEST_STATEMENT, Select, Write};

use super::database::{OURS, ask, empty};
use super::{CLUSTER, NODE, PAGE, parse};

/// So many of it in a row.
fn times(part: &str, count: usize) -> String {
    part.repeat(count)
}

#[test]
fn bounds_hold_to_the_last_that_fits() {
    let database = empty();
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
        ask(&database, &parse(&fits, CLUSTER).render(Dialect::Sqlite, Some(OURS), PAGE));
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
                        let _ = Write::parse(&sql, NODE);
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

/// SQLite takes 1,000 levels; as many as there may be nodes must not make as many levels.
#[test]
fn the_deepest_statement_that_is_taken_is_asked() {
    let arms = |how: &str, first: &str| format!("({first}{})", times(&format!(" {how} hot_desk"), 240));
    let deep = arms("OR", &arms("AND", &arms("OR", &arms("AND", "hot_desk"))));
    let sql = format!("SELECT number FROM phones WHERE {deep}");
    ask(&empty(), &parse(&sql, NODE).render(Dialect::Sqlite, Some(OURS), PAGE));
}
