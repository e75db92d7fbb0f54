//! Forms, their rows, and what nodes and gateways say to each other of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use schemas::data::sync::{
    Change, LONGEST_LINE, Line, LineFault, Operation, PageEnd, PageHead, Stand, Wanted, read_key, read_page_line,
    write_key, write_row,
};
use schemas::data::{Column, Digest, FORMS, Form, Kind, Row, RowFault, Value, form};
use serde_json::json;

/// What a column may hold.
fn values(column: &'static Column) -> BoxedStrategy<Value> {
    let given = match column.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Integer { min, max } => (min..=max).prop_map(Value::Integer).boxed(),
        Kind::Text { max } if column.number => proptest::string::string_regex(&format!("[0-9]{{1,{max}}}"))
            .expect("a pattern")
            .prop_map(Value::Text)
            .boxed(),
        Kind::Text { max } => {
            proptest::collection::vec(any::<char>().prop_filter("one line", |c| !c.is_control()), 1..=max)
                .prop_map(|letters| Value::Text(letters.into_iter().collect()))
                .boxed()
        }
        Kind::Word(words) => proptest::sample::select(words).prop_map(|word| Value::Text(word.to_owned())).boxed(),
    };
    if column.required { given } else { prop_oneof![1 => Just(Value::Null), 3 => given].boxed() }
}

fn row_of(form: &'static Form) -> BoxedStrategy<Row> {
    let values: Vec<_> = form.columns.iter().map(values).collect();
    values.prop_map(|values| Row(values.into())).boxed()
}

fn some_row() -> impl Strategy<Value = (&'static Form, Row)> {
    (0..FORMS.len()).prop_flat_map(|at| (Just(&FORMS[at]), row_of(&FORMS[at])))
}

/// Two rows of a form with the same key.
fn two_rows() -> impl Strategy<Value = (&'static Form, Row, Row)> {
    some_row().prop_flat_map(|(form, first)| {
        (Just(form), Just(first), row_of(form)).prop_map(|(form, first, mut second)| {
            form.keys().for_each(|at| second.0[at] = first.0[at].clone());
            (form, first, second)
        })
    })
}

#[test]
fn names_and_numbers_of_forms_and_columns_are_ones_that_every_database_takes() {
    let is_name = |name: &str| {
        (1..=30).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    assert!(FORMS.len() >= 12);
    for form in FORMS {
        assert!(names.insert(form.name) && numbers.insert(form.dei_id), "{} is there twice", form.name);
        assert!(is_name(form.name) && !form.title.is_empty(), "{}", form.name);
        assert!(form.keys().next().is_some(), "{} has no key", form.name);
        let mut columns = BTreeSet::new();
        for column in form.columns {
            assert!(columns.insert(column.name) && is_name(column.name), "{}.{}", form.name, column.name);
            assert!(column.description.ends_with('.'), "{}.{} is not described", form.name, column.name);
            assert!(!column.key || column.required, "{}.{}: a key has a value", form.name, column.name);
            assert!(!["pin", "password"].contains(&column.name), "{}: secrets are in no form", form.name);
        }
    }
    let standard: Vec<_> = FORMS.iter().filter(|form| form.standard).map(|form| form.name).collect();
    assert_eq!(standard, ["phones", "line_appearances", "personal_ring_groups", "personal_ring_group_members"]);
}

#[test]
fn a_row_that_is_none_of_its_form_is_refused_with_the_column_and_without_what_was_read() {
    let right = json!({ "phone": "1000", "button": 2, "line_type": "multicall", "number": "1000", "ring": "ring" });
    let form = form("line_appearances").expect("a form");
    assert!(form.read(&right).is_ok());
    for (column, value, fault) in [
        ("phone", json!("sesame"), RowFault::NoNumber("phone")),
        ("phone", json!("12345678"), RowFault::NoText { name: "phone", max: 7 }),
        ("phone", json!(""), RowFault::NoText { name: "phone", max: 7 }),
        ("phone", json!(1000), RowFault::NoText { name: "phone", max: 7 }),
        ("phone", json!(null), RowFault::Missing("phone")),
        ("button", json!(0), RowFault::NoInteger { name: "button", min: 1, max: 96 }),
        ("button", json!(1.5), RowFault::NoInteger { name: "button", min: 1, max: 96 }),
        ("button", json!("2"), RowFault::NoInteger { name: "button", min: 1, max: 96 }),
        ("button", json!(18_446_744_073_709_551_615_u64), RowFault::NoInteger { name: "button", min: 1, max: 96 }),
        ("line_type", json!("sesame"), RowFault::NoWord("line_type")),
        ("label", json!("two\nlines"), RowFault::NoText { name: "label", max: 40 }),
        ("label", json!("x".repeat(41)), RowFault::NoText { name: "label", max: 40 }),
        ("pin", json!("1234"), RowFault::Unknown),
    ] {
        let mut row = right.clone();
        row[column] = value;
        assert_eq!(form.read(&row), Err(fault), "{row}");
        assert!(!fault.to_string().contains("sesame"));
    }
    for none in [json!(null), json!([]), json!("row")] {
        assert_eq!(form.read(&none), Err(RowFault::NoObject));
    }
}

#[test]
fn lines_that_a_broken_node_may_send_are_refused() {
    let row = json!({ "number": "1000", "one_busy_all_busy": false });
    let other = json!({ "number": "1001", "one_busy_all_busy": false });
    let change = |op: &str, before: &serde_json::Value, after: &serde_json::Value| json!({ "seq": 1, "form": "personal_ring_groups", "op": op, "before": before, "after": after, "at_ms": 1 });
    let none = json!(null);
    assert!(matches!(Line::read(change("update", &row, &row).to_string().as_bytes()), Ok(Line::Change(_))));
    for (line, fault) in [
        (change("update", &row, &other), LineFault::Key("personal_ring_groups")),
        (change("update", &none, &row), LineFault::Malformed),
        (change("insert", &row, &row), LineFault::Malformed),
        (change("insert", &none, &none), LineFault::Malformed),
        (change("delete", &none, &row), LineFault::Malformed),
        (change("upsert", &row, &row), LineFault::Malformed),
        (change("insert", &none, &json!({})), LineFault::Row("personal_ring_groups", RowFault::Missing("number"))),
        (json!({ "seq": -1 }), LineFault::Malformed),
        (json!({ "seq": "1" }), LineFault::Malformed),
        (json!({ "seq": 1, "form": "personal_ring_groups" }), LineFault::Malformed),
        (json!({ "seq": 1, "after": row }), LineFault::Malformed),
        (json!([1]), LineFault::Malformed),
    ] {
        assert_eq!(Line::read(line.to_string().as_bytes()), Err(fault), "{line}");
    }
    assert_eq!(Line::read(b"{\"seq\":1,\"form\":\"personal"), Err(LineFault::Malformed), "in the middle of a row");
    assert_eq!(Line::read(&[b' '; LONGEST_LINE + 1]), Err(LineFault::TooLong));
    assert_eq!(Line::read(&[b'['; 10_000]), Err(LineFault::Malformed), "deep");
    let later = json!({ "seq": 9, "form": "of_a_later_version", "op": "insert", "after": { "x": 1 }, "at_ms": 1 });
    assert_eq!(Line::read(later.to_string().as_bytes()), Ok(Line::Unknown(9)));
    for head in ["{}", "{\"epoch\":\"\",\"seq\":1}", "{\"epoch\":\"a b\",\"seq\":1}", "{\"epoch\":\"a\",\"seq\":1.5}"] {
        assert_eq!(PageHead::read(head.as_bytes()), Err(LineFault::Malformed), "{head}");
    }
    let forms = |digest: &str| {
        json!({ "epoch": "a", "seq": 1, "forms": [{ "form": "phones", "rows": 1, "digest": digest }] }).to_string()
    };
    assert!(Stand::read(forms("ffffffffffffffff").as_bytes()).is_ok());
    assert_eq!(Stand::read(forms("no digest").as_bytes()), Err(LineFault::Malformed));
    let form = form("line_appearances").expect("a form");
    for key in ["", "[]", "[\"1000\"]", "[\"1000\",2,3]", "[2,\"1000\"]", "[\"1000\",null]", "{\"phone\":1}"] {
        assert_eq!(read_key(form, key), Err(LineFault::Malformed), "{key}");
    }
}

proptest! {
    #[test]
    fn a_row_is_read_as_it_was_written((form, row) in some_row()) {
        prop_assert_eq!(&form.read(&form.write(&row)), &Ok(row.clone()));
        prop_assert_eq!(&read_page_line(form, write_row(form, &row).as_bytes()), &Ok(Ok(row.clone())));
        prop_assert!(write_row(form, &row).len() < LONGEST_LINE / 4);
        prop_assert_eq!(&read_key(form, &write_key(&form.key(&row))), &Ok(form.key(&row)));
        for (column, value) in form.columns.iter().zip(&row.0) {
            let text = match value {
                Value::Null => String::new(),
                Value::Boolean(value) => value.to_string(),
                Value::Integer(value) => value.to_string(),
                Value::Text(value) => value.clone(),
            };
            prop_assert_eq!(&column.read_text(&text), &Ok(value.clone()));
        }
    }

    #[test]
    fn a_change_is_read_as_it_was_written((form, before, after) in two_rows(), op in 0..3, seq in any::<u64>(), at_ms in any::<i64>()) {
        let (before, after) = match op {
            0 => (None, Some(after)),
            1 => (Some(before), Some(after)),
            _ => (Some(before), None),
        };
        let wanted = Wanted { before: before.clone(), after: after.clone() };
        prop_assert_eq!(&Wanted::read(form, wanted.write(form).as_bytes()), &Ok(wanted.clone()));
        let change = Change { seq, form, before, after, at_ms };
        prop_assert_eq!(change.operation(), Operation::ALL[op as usize]);
        let line = Line::Change(change);
        prop_assert_eq!(&Line::read(line.write().as_bytes()), &Ok(line.clone()));
        prop_assert_eq!(Line::read(Line::Alive(seq).write().as_bytes()), Ok(Line::Alive(seq)));
    }

    #[test]
    fn a_digest_knows_rows_and_not_their_order((form, one, other) in two_rows()) {
        let of = |rows: &[&Row]| {
            let mut digest = Digest::default();
            rows.iter().for_each(|row| digest.add(form, row));
            digest
        };
        prop_assert_eq!(of(&[&one, &other]), of(&[&other, &one]));
        prop_assert_eq!(of(&[&one]) == of(&[&other]), one == other);
        prop_assert_ne!(of(&[&one, &one]), of(&[&one]));
        let mut digest = of(&[&one, &other]);
        digest.remove(form, &other);
        prop_assert_eq!(digest, of(&[&one]));
    }

    #[test]
    fn a_stand_and_the_ends_of_a_page_are_read_as_they_were_written(seq in any::<u64>(), rows in any::<u64>(), sum in any::<u64>()) {
        let forms = FORMS.iter().map(|of| (of, Digest::new(rows, sum))).collect();
        let stand = Stand { epoch: "e-1".into(), seq, forms };
        prop_assert_eq!(Stand::read(stand.write().as_bytes()), Ok(stand));
        let head = PageHead { epoch: "e-1".into(), seq };
        prop_assert_eq!(PageHead::read(head.write().as_bytes()), Ok(head));
        let end = PageEnd { rows: 7, more: seq % 2 == 0 };
        prop_assert_eq!(read_page_line(&FORMS[0], end.write().as_bytes()), Ok(Err(end)));
    }

    #[test]
    fn no_line_makes_a_reader_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (Line::read(&line), Stand::read(&line), PageHead::read(&line));
        let _ = (read_page_line(&FORMS[0], &line), Wanted::read(&FORMS[0], &line));
    }
}
