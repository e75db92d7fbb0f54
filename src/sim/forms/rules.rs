//! What a change of one row must not do to the rest of a node's configuration. Few rules, those that a switch cannot do without;
//! what a row by itself may be is its form's. Asked by `store` before it changes anything.

use schemas::data::{Form, Row, Value, form};

use super::store::Forms;

/// Why a row cannot be so, whatever it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a change has a row, and does not change what names it")]
    Key,
    #[error("rows of this form are changed, and neither added nor removed")]
    Fixed,
    #[error("the number is given in {0}")]
    Given(&'static str),
    #[error("{0} names no row of {1}")]
    Unknown(&'static str, &'static str),
    #[error("a row of {0} names it")]
    Used(&'static str),
    #[error("position 1 of a personal ring group is its own number, present, and goes with the group alone")]
    Prime,
}

/// What becomes of a row when the row that it names goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// That one may not go.
    Holds,
    /// It goes, too.
    Goes,
}

/// A column that names a row of another form, or of one of several, by its key.
struct Reference {
    form: &'static str,
    column: &'static str,
    to: &'static [&'static str],
    end: End,
}

const fn holds(form: &'static str, column: &'static str, to: &'static [&'static str]) -> Reference {
    Reference { form, column, to, end: End::Holds }
}

const fn goes(form: &'static str, column: &'static str, to: &'static [&'static str]) -> Reference {
    Reference { form, column, to, end: End::Goes }
}

const PEOPLE: &[&str] = &["phones", "hot_desk_users"];

const REFERENCES: &[Reference] = &[
    holds("phones", "cos", &["classes_of_service"]),
    holds("hot_desk_users", "cos", &["classes_of_service"]),
    holds("ring_groups", "cos", &["classes_of_service"]),
    holds("hunt_groups", "cos", &["classes_of_service"]),
    holds("trunks", "cos", &["classes_of_service"]),
    goes("line_appearances", "phone", &["phones"]),
    holds("personal_ring_groups", "number", &["phones"]),
    goes("personal_ring_group_members", "group_number", &["personal_ring_groups"]),
    holds("personal_ring_group_members", "number", &["phones"]),
    goes("ring_group_members", "group_number", &["ring_groups"]),
    holds("ring_group_members", "number", PEOPLE),
    goes("hunt_group_members", "group_number", &["hunt_groups"]),
    holds("hunt_group_members", "number", PEOPLE),
    goes("acd_group_members", "group_number", &["acd_agent_groups"]),
    holds("acd_group_members", "agent_id", &["acd_agents"]),
    holds("acd_paths", "primary_group", &["acd_agent_groups"]),
    holds("acd_paths", "overflow_group_1", &["acd_agent_groups"]),
    holds("acd_paths", "overflow_group_2", &["acd_agent_groups"]),
    holds("acd_paths", "overflow_group_3", &["acd_agent_groups"]),
    holds("acd_paths", "overflow_group_4", &["acd_agent_groups"]),
];

/// Forms whose key is a number that nobody else has. A personal ring group has that of its prime member.
const NUMBERS: &[&str] = &["phones", "hot_desk_users", "ring_groups", "hunt_groups", "acd_agent_groups", "acd_paths"];

/// Rows that go with one that is removed.
pub(super) type Along = Vec<(&'static Form, Row)>;

/// Whether `before` may become `after`, of which the one is as it is now.
///
/// # Errors
/// See [`Unfit`].
pub(super) fn check(
    forms: &Forms,
    form: &'static Form,
    before: Option<&Row>,
    after: Option<&Row>,
) -> Result<Along, Unfit> {
    if !form.grows && (before.is_none() || after.is_none()) {
        return Err(Unfit::Fixed);
    }
    prime(form, before, after)?;
    match (before, after) {
        (Some(before), None) => leaves(forms, form, before),
        (before, Some(after)) => {
            if before.is_none() {
                is_free(forms, form, after)?;
            }
            names_what_is_there(forms, form, after)?;
            Ok(Along::new())
        }
        (None, None) => Err(Unfit::Key),
    }
}

fn is_free(forms: &Forms, form: &Form, row: &Row) -> Result<(), Unfit> {
    if !NUMBERS.contains(&form.name) {
        return Ok(());
    }
    let key = form.key(row);
    let others = NUMBERS.iter().filter(|other| **other != form.name).filter_map(|other| schemas::data::form(other));
    match others.into_iter().find(|other| forms.row(other, &key).is_some()) {
        Some(other) => Err(Unfit::Given(other.name)),
        None => Ok(()),
    }
}

fn names_what_is_there(forms: &Forms, form: &Form, row: &Row) -> Result<(), Unfit> {
    for reference in REFERENCES.iter().filter(|reference| reference.form == form.name) {
        let named = value(form, row, reference.column);
        let there = |to: &&str| schemas::data::form(to).is_some_and(|to| forms.row(to, &vec![named.clone()]).is_some());
        if *named != Value::Null && !reference.to.iter().any(there) {
            return Err(Unfit::Unknown(reference.column, reference.to.first().copied().unwrap_or_default()));
        }
    }
    Ok(())
}

/// What goes with a row, first what names those that go.
fn leaves(forms: &Forms, of: &'static Form, row: &Row) -> Result<Along, Unfit> {
    let key = of.key(row);
    let mut along = Along::new();
    for Reference { form: name, column, end, .. } in REFERENCES.iter().filter(|r| r.to.contains(&of.name)) {
        let Some(other) = form(name) else { continue };
        let naming: Vec<&Row> =
            forms.rows(other).filter(|row| Some(value(other, row, column)) == key.first()).collect();
        if *end == End::Holds && !naming.is_empty() {
            return Err(Unfit::Used(other.name));
        }
        for row in naming {
            along.extend(leaves(forms, other, row)?);
            along.push((other, row.clone()));
        }
    }
    Ok(along)
}

/// The prime member is the group.
fn prime(form: &Form, before: Option<&Row>, after: Option<&Row>) -> Result<(), Unfit> {
    let is_prime = |row: &Row| *value(form, row, "position") == Value::Integer(1);
    let some = before.or(after);
    if form.name != "personal_ring_group_members" || !some.is_some_and(is_prime) {
        return Ok(());
    }
    let fits = after.is_some_and(|row| {
        value(form, row, "number") == value(form, row, "group_number")
            && *value(form, row, "present") == Value::Boolean(true)
    });
    if fits { Ok(()) } else { Err(Unfit::Prime) }
}

/// What a row has in a column; nothing where the form has no such column.
pub(super) fn value<'a>(form: &Form, row: &'a Row, column: &str) -> &'a Value {
    form.column(column).and_then(|at| row.0.get(at)).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_forms_and_columns_that_are_there() {
        for Reference { form: name, column, to, .. } in REFERENCES {
            let form = form(name).unwrap_or_else(|| panic!("{name}"));
            let at = form.column(column).unwrap_or_else(|| panic!("{name}.{column}"));
            for to in *to {
                let to = schemas::data::form(to).unwrap_or_else(|| panic!("{to}"));
                let keys: Vec<usize> = to.keys().collect();
                assert_eq!(keys.len(), 1, "{}", to.name);
                assert_eq!(to.columns[keys[0]].number, form.columns[at].number, "{name}.{column}");
            }
        }
        for name in NUMBERS {
            let form = form(name).unwrap_or_else(|| panic!("{name}"));
            assert!(form.keys().map(|at| &form.columns[at]).all(|column| column.number), "{name}");
        }
    }
}
