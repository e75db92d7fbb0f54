//! What templates say: `t` a text of the page itself, `t1` to `t3` one with values, `said` a sentence that the program
//! made elsewhere. What they give is escaped as any value is: neither a translation nor a value brings markup.

use std::fmt::Display;

use askama::{Result, Values, filter_fn, get_value};

use super::known::in_words;
use super::{KEY, Language, fill};

fn language(values: &dyn Values) -> Option<&Language> {
    get_value(values, KEY).ok()
}

fn translated(text: &str, values: &dyn Values, given: &[&dyn Display]) -> String {
    fill(language(values).and_then(|language| language.get(text)).unwrap_or(text), given)
}

/// A text, or a word that is one.
#[filter_fn]
pub fn t(text: impl AsRef<str>, values: &dyn Values) -> Result<String> {
    let text = text.as_ref();
    Ok(language(values).and_then(|language| language.get(text)).unwrap_or(text).to_owned())
}

#[filter_fn]
pub fn t1<A: Display>(text: impl AsRef<str>, values: &dyn Values, first: A) -> Result<String> {
    Ok(translated(text.as_ref(), values, &[&first]))
}

#[filter_fn]
pub fn t2<A: Display, B: Display>(text: impl AsRef<str>, values: &dyn Values, first: A, second: B) -> Result<String> {
    Ok(translated(text.as_ref(), values, &[&first, &second]))
}

#[filter_fn]
pub fn t3<A: Display, B: Display, C: Display>(
    text: impl AsRef<str>,
    values: &dyn Values,
    first: A,
    second: B,
    third: C,
) -> Result<String> {
    Ok(translated(text.as_ref(), values, &[&first, &second, &third]))
}

/// A sentence of the program, which has its values in it already.
#[filter_fn]
pub fn said(text: impl AsRef<str>, values: &dyn Values) -> Result<String> {
    let text = text.as_ref();
    Ok(language(values).and_then(|language| in_words(language, text)).unwrap_or_else(|| text.to_owned()))
}

/// The name of the page's language, for its root; else this one.
#[filter_fn]
pub fn language_of(text: impl AsRef<str>, values: &dyn Values) -> Result<String> {
    Ok(language(values).map_or_else(|| text.as_ref().to_owned(), |language| language.tag.clone()))
}
