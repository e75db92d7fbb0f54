//! The texts that there are to translate: those of the templates, which are read for them, and those of the program
//! (`said`, and the tables of settings, scopes and forms). And of which of them a sentence was made.

use std::collections::HashSet;
use std::sync::OnceLock;

use schemas::data::{FORMS, Form};

use super::said::{SAID, SPOKEN};
use super::{Language, fill};
use crate::admin;
use crate::admin::scope::SCOPES;
use crate::settings::editable::EDITABLE;

macro_rules! templates {
    ($($name:literal)*) => {
        /// The templates of the administration, and those that it shares with other sites.
        const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../templates/", $name))),)*];
    };
}

templates! {
    "web/layout.html" "web/sign_in.html" "web/password.html" "web/fault.html" "web/log.html"
    "admin/overview.html" "admin/applications.html" "admin/application_new.html" "admin/application.html"
    "admin/users.html" "admin/user_fields.html" "admin/user_new.html" "admin/user.html" "admin/users_import.html"
    "admin/users_plan.html" "admin/sessions.html" "admin/nodes.html" "admin/node.html" "admin/data.html"
    "admin/data_node.html" "admin/data_rows.html" "admin/data_import.html" "admin/data_job.html" "admin/record.html"
    "admin/settings.html" "admin/certificate.html" "admin/backups.html" "admin/restored.html" "admin/accounts.html" "admin/account_new.html"
    "admin/account.html" "admin/tokens.html" "admin/token_new.html" "admin/token_made.html" "admin/texts.html"
    "admin/texts_import.html" "admin/texts_plan.html"
}

/// A text of a template, and how many values it is given.
fn of_template(source: &'static str) -> impl Iterator<Item = (&'static str, usize)> {
    source.match_indices("\"|t").filter_map(|(end, mark)| {
        let values = match source[end + mark.len()..].bytes().next() {
            Some(digit @ b'0'..=b'9') => usize::from(digit - b'0'),
            Some(letter) if letter.is_ascii_alphabetic() || letter == b'_' => return None,
            _ => 0,
        };
        let begin = source[..end].rfind('"')? + 1;
        Some((&source[begin..end], values))
    })
}

/// All of them, each once, in the order of the pages.
pub fn all() -> &'static [&'static str] {
    static ALL: OnceLock<Vec<&'static str>> = OnceLock::new();
    ALL.get_or_init(|| {
        let templates = TEMPLATES.iter().flat_map(|(_, source)| of_template(source)).map(|(text, _)| text);
        let links = admin::links();
        let settings = EDITABLE.iter().flat_map(|editable| [editable.label, editable.hint]);
        let scopes = SCOPES.iter().map(|scope| scope.does());
        // Of the forms of nodes: what they are called, and what is in them.
        let columns = |form: &'static Form| form.columns.iter().map(|column| column.description);
        let forms = FORMS.iter().flat_map(|form| std::iter::once(form.title).chain(columns(form)));
        let mut seen = HashSet::new();
        let all = templates.chain(links).chain(settings).chain(scopes).chain(forms).chain(SAID.iter().copied());
        all.filter(|text| seen.insert(*text)).collect()
    })
}

/// Whether the program says this.
pub fn is(text: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| all().iter().copied().collect()).contains(text)
}

/// A text with values, for whoever has a sentence that was made of it.
struct Pattern {
    text: &'static str,
    /// What is before, between and after its values.
    pieces: Vec<&'static str>,
    places: Vec<usize>,
    /// A value that is a text itself.
    spoken: Option<usize>,
}

/// Those that say most themselves come first: of two that fit, the first is meant.
fn patterns() -> &'static [Pattern] {
    static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let mut patterns: Vec<_> = SAID.iter().filter_map(|text| Pattern::of(text)).collect();
        patterns
            .sort_by_key(|pattern| std::cmp::Reverse(pattern.pieces.iter().map(|piece| piece.len()).sum::<usize>()));
        patterns
    })
}

impl Pattern {
    /// `None` for a text without values.
    fn of(text: &'static str) -> Option<Self> {
        let (mut pieces, mut places, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}')?;
            pieces.push(before);
            places.push(place.parse().ok()?);
            rest = after;
        }
        pieces.push(rest);
        let spoken = SPOKEN.iter().find(|(own, _)| *own == text).map(|(_, place)| *place);
        (!places.is_empty()).then_some(Self { text, pieces, places, spoken })
    }

    /// The values in a sentence that was made of it, by their places.
    fn values<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.pieces.split_first()?;
        let (last, between) = others.split_last()?;
        let mut rest = sentence.strip_prefix(first)?.strip_suffix(last)?;
        let mut values = vec![""; self.places.len()];
        for (piece, place) in between.iter().zip(&self.places) {
            let (value, after) = rest.split_once(piece)?;
            *values.get_mut(*place)? = value;
            rest = after;
        }
        *values.get_mut(*self.places.last()?)? = rest;
        Some(values)
    }
}

/// A sentence of the program in this language; `None` where nobody has translated it.
pub(super) fn in_words(language: &Language, sentence: &str) -> Option<String> {
    // Several faults, as settings are told, before one sentence that a value of which would take the others.
    let parts = || {
        let parts = sentence.contains("; ").then(|| sentence.strip_suffix('.'))??.split("; ");
        Some(parts.map(|part| told(language, part, true)).collect::<Option<Vec<_>>>()?.join("; ") + ".")
    };
    parts().or_else(|| told(language, sentence, true))
}

fn told(language: &Language, sentence: &str, outer: bool) -> Option<String> {
    if let Some(translation) = language.get(sentence) {
        return Some(translation.to_owned());
    }
    let (pattern, values) = patterns().iter().find_map(|pattern| Some((pattern, pattern.values(sentence)?)))?;
    let translation = language.get(pattern.text)?;
    let spoken = |(place, value): (usize, &str)| {
        // A fault's cause is a text, too; deeper they do not go.
        let told = (outer && pattern.spoken == Some(place)).then(|| told(language, value, false)).flatten();
        told.unwrap_or_else(|| value.to_owned())
    };
    let values: Vec<_> = values.into_iter().enumerate().map(spoken).collect();
    let values: Vec<_> = values.iter().map(|value| value as &dyn std::fmt::Display).collect();
    Some(fill(translation, &values))
}

#[cfg(test)]
mod tests;
