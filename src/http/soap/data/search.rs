//! Predicates of the wire as a condition of SQL, and rows after a place. Pure.

use schemas::contract::da::{SearchCondition, SearchOperator, SearchPredicate};
use schemas::data::{Column, Form, Key, Kind, Value};
use schemas::domain::Ceid;

/// Predicates of one search.
const MOST: usize = 32;

/// A text as SQL has it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The same, where what stands for other letters stands for itself.
fn like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn value(of: &Value) -> String {
    match of {
        Value::Null => "NULL".into(),
        Value::Boolean(value) => if *value { "TRUE" } else { "FALSE" }.into(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => quoted(text),
    }
}

fn one(form: &Form, predicate: &SearchPredicate) -> Result<String, String> {
    use SearchOperator as By;
    let at = usize::try_from(predicate.field_id).ok().and_then(|number| number.checked_sub(1));
    let column: &Column = at.and_then(|at| form.columns.get(at)).ok_or("The table has no such field.")?;
    let operator = predicate.search_operator.ok_or("A predicate needs an operator.")?;
    let text = predicate.value.as_deref().unwrap_or_default();
    let name = column.name;
    if text.chars().any(char::is_control) {
        return Err("A value has characters that no field has.".into());
    }
    let is_text = matches!(column.kind, Kind::Text { .. } | Kind::Word(_));
    let sign = match operator {
        By::EqualTo => "=",
        By::NotEqualTo => "<>",
        By::Greater => ">",
        By::GreaterEqual => ">=",
        By::Less => "<",
        By::LessEqual => "<=",
        By::Contains | By::StartsWith if !is_text => return Err("Parts are searched for in texts alone.".into()),
        By::Contains | By::StartsWith => {
            let before = if operator == By::Contains { "%" } else { "" };
            return Ok(if predicate.case_insensitive {
                format!("LOWER({name}) LIKE {}", quoted(&format!("{before}{}%", like(&text.to_ascii_lowercase()))))
            } else {
                format!("{name} LIKE {}", quoted(&format!("{before}{}%", like(text))))
            });
        }
    };
    // An empty value is none.
    match (text, operator) {
        ("", By::EqualTo) => return Ok(format!("{name} IS NULL")),
        ("", By::NotEqualTo) => return Ok(format!("{name} IS NOT NULL")),
        _ => {}
    }
    if is_text {
        return Ok(if predicate.case_insensitive {
            format!("LOWER({name}) {sign} {}", quoted(&text.to_ascii_lowercase()))
        } else {
            format!("{name} {sign} {}", quoted(text))
        });
    }
    match (column.kind, operator) {
        (Kind::Boolean, By::EqualTo | By::NotEqualTo) => {
            let value = match text {
                "true" | "1" => "TRUE",
                "false" | "0" => "FALSE",
                _ => return Err("A value must be true or false.".into()),
            };
            Ok(format!("{name} {sign} {value}"))
        }
        (Kind::Boolean, _) => Err("True and false have no order.".into()),
        _ => {
            let number: i32 = text.parse().map_err(|_| "A value must be a whole number.")?;
            Ok(format!("{name} {sign} {number}"))
        }
    }
}

/// Every predicate must hold; `None` when there is none.
pub(super) fn condition(form: &Form, search: Option<&SearchCondition>) -> Result<Option<String>, String> {
    let predicates = search.map(|search| search.search_predicate.as_slice()).unwrap_or_default();
    if predicates.len() > MOST {
        return Err(format!("A search has at most {MOST} predicates."));
    }
    let all = predicates.iter().map(|predicate| one(form, predicate).map(|text| format!("({text})")));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    Ok((!all.is_empty()).then(|| all.join(" AND ")))
}

/// Rows after this one, in the order of nodes and keys.
pub(super) fn after(form: &Form, (ceid, key): &(Ceid, Key)) -> String {
    let columns = std::iter::once("element".to_owned()).chain(form.keys().map(|at| form.columns[at].name.to_owned()));
    let values = std::iter::once(ceid.get().to_string()).chain(key.iter().map(value));
    let parts: Vec<(String, String)> = columns.zip(values).collect();
    let arm = |last: usize| {
        let equal = parts[..last].iter().map(|(column, value)| format!("{column} = {value}"));
        let (column, value) = &parts[last];
        let all: Vec<_> = equal.chain([format!("{column} > {value}")]).collect();
        format!("({})", all.join(" AND "))
    };
    format!("({})", (0..parts.len()).map(arm).collect::<Vec<_>>().join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phones() -> &'static Form {
        schemas::data::form("phones").expect("a form")
    }

    fn predicate(name: &str, by: SearchOperator, value: &str, case_insensitive: bool) -> SearchPredicate {
        let at = phones().column(name).expect("a column");
        let field_id = i32::try_from(at + 1).expect("small");
        SearchPredicate { value: Some(value.into()), search_operator: Some(by), field_id, case_insensitive }
    }

    #[test]
    fn predicates_become_a_condition_in_which_values_are_values() {
        use SearchOperator as By;
        for (predicate, expected) in [
            (predicate("name", By::EqualTo, "O'Neil", false), Ok("name = 'O''Neil'")),
            (predicate("name", By::EqualTo, "ARCHER", true), Ok("LOWER(name) = 'archer'")),
            (predicate("name", By::Contains, "100%_\\", false), Ok("name LIKE '%100\\%\\_\\\\%'")),
            (predicate("name", By::StartsWith, "A' OR 1=1 --", true), Ok("LOWER(name) LIKE 'a'' or 1=1 --%'")),
            (predicate("name", By::EqualTo, "", false), Ok("name IS NULL")),
            (predicate("name", By::NotEqualTo, "", false), Ok("name IS NOT NULL")),
            (predicate("cos", By::GreaterEqual, "7", false), Ok("cos >= 7")),
            (predicate("cos", By::Less, "-7", false), Ok("cos < -7")),
            (predicate("cos", By::Less, "7 OR TRUE", false), Err("A value must be a whole number.")),
            (predicate("cos", By::Contains, "7", false), Err("Parts are searched for in texts alone.")),
            (predicate("hot_desk", By::EqualTo, "true", false), Ok("hot_desk = TRUE")),
            (predicate("hot_desk", By::NotEqualTo, "0", false), Ok("hot_desk <> FALSE")),
            (predicate("hot_desk", By::EqualTo, "yes", false), Err("A value must be true or false.")),
            (predicate("hot_desk", By::Less, "true", false), Err("True and false have no order.")),
            (predicate("name", By::EqualTo, "a\u{0}b", false), Err("A value has characters that no field has.")),
        ] {
            assert_eq!(one(phones(), &predicate).as_deref().map_err(String::as_str), expected, "{predicate:?}");
        }
        for field_id in [-1, 0, 99, i32::MAX] {
            let predicate = SearchPredicate { field_id, ..predicate("name", By::EqualTo, "x", false) };
            assert_eq!(one(phones(), &predicate), Err("The table has no such field.".into()));
        }
        let many = SearchCondition { search_predicate: vec![predicate("cos", By::Less, "7", false); 33] };
        assert!(condition(phones(), Some(&many)).is_err() && condition(phones(), None) == Ok(None));
    }

    #[test]
    fn rows_after_a_place_are_those_with_a_larger_node_or_key() {
        let form = schemas::data::form("line_appearances").expect("a form");
        let place = (Ceid::new(3).expect("a CEID"), vec![Value::Text("1'0".into()), Value::Integer(2)]);
        assert_eq!(
            after(form, &place),
            "((element > 3) OR (element = 3 AND phone > '1''0') OR (element = 3 AND phone = '1''0' AND button > 2))"
        );
    }
}
