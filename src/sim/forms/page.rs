//! A page of a form as lines, from one moment.

use schemas::data::sync::{PageEnd, PageHead, write_row};
use schemas::data::{Form, Key, Row};
use serde_json::json;

use super::broken;
use super::store::Forms;

/// Bytes of rows after which a page has no further one: more follow then.
const LONGEST_PAGE: usize = 1024 * 1024;

/// What is said, and whether it breaks off after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub text: String,
    pub cut: bool,
}

impl Forms {
    /// Rows after a key, `limit` at most: a head, the rows, an end.
    pub(super) fn page(&mut self, form: &'static Form, after: Option<&Key>, limit: usize) -> Page {
        let pretended = self.broken.pretends(form, after);
        let mut text = PageHead { epoch: self.epoch(), seq: self.seq() }.write();
        text.push('\n');
        let mut wrong = self.broken.wrong_type;
        let mut own = self.rows_after(form, after).peekable();
        let mut others = broken::pretended(pretended, after).peekable();
        let mut rows = 0;
        // In the order of their keys, whichever they are.
        let more = loop {
            let own_first = match (own.peek(), others.peek()) {
                (None, None) => break false,
                (Some((own, _)), Some((other, _))) => *own <= other,
                (own, _) => own.is_some(),
            };
            if rows == limit || text.len() >= LONGEST_PAGE {
                break true;
            }
            let line = if own_first {
                own.next().map(|(_, row)| said(form, row, &mut wrong))
            } else {
                others.next().map(|(_, row)| said(form, &row, &mut wrong))
            };
            text.push_str(&line.unwrap_or_default());
            text.push('\n');
            rows += 1;
        };
        drop(own);
        self.broken.wrong_type = wrong;
        text.push_str(&PageEnd { rows, more }.write());
        text.push('\n');
        match self.broken.cut_page.take() {
            Some(after) => Page { text: cut(&text, after.saturating_add(1)), cut: true },
            None => Page { text, cut: false },
        }
    }
}

/// A row as it is, unless one is to be wrong.
fn said(form: &Form, row: &Row, wrong: &mut bool) -> String {
    if std::mem::take(wrong) {
        json!({ "row": broken::wrong(form, form.write(row)) }).to_string()
    } else {
        write_row(form, row)
    }
}

/// So many lines of a text, and half of the next, or of the last where there are not so many.
pub(super) fn cut(text: &str, lines: u64) -> String {
    let lines = usize::try_from(lines).unwrap_or(usize::MAX).min(text.lines().count().saturating_sub(1));
    let mut kept: String = text.split_inclusive('\n').take(lines).collect();
    let next = text.lines().nth(lines).unwrap_or_default();
    kept.extend(next.chars().take(next.chars().count() / 2));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_within_a_line() {
        for (lines, kept) in [(0, "a"), (1, "ab\nc"), (2, "ab\ncd\ne"), (9, "ab\ncd\ne")] {
            assert_eq!(cut("ab\ncd\nef\n", lines), kept, "{lines}");
        }
    }
}
