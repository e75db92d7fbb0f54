//! What is broken on purpose about what a node says of its forms, and what it has to say instead. Set by the hands (`faults.rs`);
//! each strikes once.

use schemas::data::{Column, Form, Key, Kind, Row, Value, form};
use serde_json::{Value as Json, json};

use crate::sim::faults::FormsFault;

/// The form whose copy has more rows than there are; the sets that they are keys of begin with this number.
const MANY: &str = "line_appearances";
const FIRST_SET: u64 = 9_000_000;
const KEYS: u64 = 96;

/// Faults that have not struck yet.
#[derive(Debug, Default)]
pub(super) struct Broken {
    pub drop_change: bool,
    pub double_change: bool,
    /// Lines of the next stream, and of the next page.
    pub cut_stream: Option<u64>,
    pub cut_page: Option<u64>,
    pub wrong_type: bool,
    /// Rows more of the next copy, and of the one that began last.
    many: Option<u64>,
    pretended: u64,
    pub late_ms: Option<u64>,
}

impl Broken {
    /// All but [`FormsFault::Epoch`], which strikes at once.
    pub fn set(&mut self, fault: FormsFault) {
        match fault {
            FormsFault::Epoch => {}
            FormsFault::DropChange => self.drop_change = true,
            FormsFault::DoubleChange => self.double_change = true,
            FormsFault::CutStream { after } => self.cut_stream = Some(after),
            FormsFault::CutPage { after } => self.cut_page = Some(after),
            FormsFault::WrongType => self.wrong_type = true,
            FormsFault::ManyRows { rows } => self.many = Some(rows),
            FormsFault::Late { ms } => self.late_ms = Some(ms),
        }
    }

    /// How many are still to strike, or last.
    pub fn count(&self) -> usize {
        let set = [
            self.drop_change,
            self.double_change,
            self.cut_stream.is_some(),
            self.cut_page.is_some(),
            self.wrong_type,
            self.many.is_some() || self.pretended > 0,
            self.late_ms.is_some(),
        ];
        set.into_iter().filter(|set| *set).count()
    }

    /// How many rows a form has besides its own, in a copy that begins with this page or goes on with it.
    pub fn pretends(&mut self, form: &Form, after: Option<&Key>) -> u64 {
        if form.name != MANY {
            return 0;
        }
        if after.is_none() {
            self.pretended = self.many.take().unwrap_or(0);
        }
        self.pretended
    }
}

/// The key of the `index`th row that is not there.
fn pretended_key(index: u64) -> Key {
    let button = i64::try_from(index % KEYS).unwrap_or(0) + 1;
    vec![Value::Text((FIRST_SET + index / KEYS).to_string()), Value::Integer(button)]
}

/// Those of so many rows that come after a key, in their order, made as they are taken.
pub(super) fn pretended(count: u64, after: Option<&Key>) -> impl Iterator<Item = (Key, Row)> {
    let (mut from, mut to) = (0, count);
    while let Some(key) = after
        && from < to
    {
        let middle = from.midpoint(to);
        if pretended_key(middle) <= *key { from = middle + 1 } else { to = middle }
    }
    let form = form(MANY);
    (from..count).filter_map(move |index| {
        let key = pretended_key(index);
        let [phone, button] = [key.first()?.to_json(), key.get(1)?.to_json()];
        let row =
            json!({ "phone": phone, "button": button, "line_type": "multicall", "number": phone, "ring": "no_ring" });
        Some((key, form?.read(&row).ok()?))
    })
}

/// A row with something in its first column that cannot be there.
pub(super) fn wrong(form: &Form, mut row: Json) -> Json {
    let wrong = |column: &Column| match column.kind {
        Kind::Integer { .. } | Kind::Boolean => json!("many"),
        Kind::Text { .. } | Kind::Word(_) => json!(true),
    };
    if let (Some(column), Some(object)) = (form.columns.first(), row.as_object_mut()) {
        object.insert(column.name.to_owned(), wrong(column));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_not_there_go_on_after_each_of_them() {
        let all: Vec<Key> = pretended(200, None).map(|(key, _)| key).collect();
        assert_eq!((all.len(), &all[96]), (200, &vec![Value::Text("9000001".into()), Value::Integer(1)]));
        assert!(all.is_sorted());
        for (at, key) in (1..).zip(&all) {
            assert!(pretended(200, Some(key)).map(|(key, _)| key).eq(all[at..].iter().cloned()), "{at}");
        }
        let before = vec![Value::Text("1000".into()), Value::Integer(3)];
        assert_eq!(pretended(3, Some(&before)).count(), 3);
    }

    #[test]
    fn a_wrong_row_of_any_form_is_no_row_of_it() {
        for form in schemas::data::FORMS {
            assert!(form.read(&wrong(form, json!({}))).is_err(), "{}", form.name);
        }
    }
}
