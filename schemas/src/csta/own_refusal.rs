//! Refusals that CSTA has no word for: a switch's own, in `privateErrorCode`.
//!
//! Each kind of them is a table (`hot_desk`, `presence`); what is done with one is here.

use super::message::Failure;
use crate::domain::RefusalKind;

/// The category of errors that are a switch's own.
const CATEGORY: &str = "privateErrorCode";

/// A refusal, the word for it, its kind, and the text for applications.
pub(super) type Row<R> = (R, &'static str, RefusalKind, &'static str);

fn row<R: Copy + PartialEq>(rows: &[Row<R>], refusal: R) -> (&'static str, &'static str) {
    rows.iter().find(|(known, ..)| *known == refusal).map_or(("", ""), |(_, word, _, text)| (word, text))
}

/// For people.
pub(super) fn text<R: Copy + PartialEq>(rows: &[Row<R>], refusal: R) -> &'static str {
    row(rows, refusal).1
}

/// As a node says it.
pub(super) fn failure<R: Copy + PartialEq>(rows: &[Row<R>], refusal: R) -> Failure {
    Failure { category: CATEGORY.into(), value: row(rows, refusal).0.into() }
}

/// What a node's word means; `None` for one that is not in the table, or another maker's.
pub(super) fn meaning<R>(rows: &[Row<R>], failure: &Failure) -> Option<(RefusalKind, &'static str)> {
    let row = rows.iter().find(|(_, word, ..)| *word == failure.value);
    row.filter(|_| failure.category == CATEGORY).map(|(_, _, kind, text)| (*kind, *text))
}
