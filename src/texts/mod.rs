//! What the pages of the administration say, in the language of who looks at them. The English text is the key of its
//! translation, so that a page says something sensible whatever is translated of it. Which texts there are, the program
//! knows itself (`known`); translations are kept in the database (`storage::ui_language`) and come as files (`import`).
//!
//! Templates say `{{ "A text"|t }}` (`filters`). The language of a request is chosen by `web::guard`, once; what programs
//! are told, by the API and by `oig admin`, and what is logged, is English.

pub mod filters;
pub mod import;
pub mod known;
mod said;
mod tag;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, PoisonError, RwLock};

use askama::Values;
use tokio::sync::Mutex;

pub use self::tag::tag;
use crate::storage::ui_language::{self, Kept, Translations};
use crate::storage::{Storage, StorageError};

/// As texts are without a translation.
pub const ENGLISH: &str = "en";
/// Under this name templates have the language.
const KEY: &str = "language";

/// A language that was imported.
#[derive(Debug)]
pub struct Language {
    tag: String,
    texts: Translations,
}

impl Language {
    /// A text in this language, if it was translated.
    fn get(&self, text: &str) -> Option<&str> {
        self.texts.get(text).map(String::as_str)
    }
}

/// The languages of the running gateway. What other processes import is here within seconds (`following`).
#[derive(Clone)]
pub struct Texts(Arc<Shared>);

struct Shared {
    storage: Storage,
    /// Replaced whole: who renders a page holds the one that it has chosen, and no lock.
    languages: RwLock<Arc<BTreeMap<String, Arc<Language>>>>,
    /// Held from reading to replacing, so that an older reading never comes after a newer one: what was seen last.
    seen: Mutex<Vec<(String, i64)>>,
}

impl Texts {
    /// Without a language; the first look brings those that there are.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        let (languages, seen) = Default::default();
        Self(Arc::new(Shared { storage, languages, seen }))
    }

    /// Reads what changed.
    ///
    /// # Errors
    /// See [`StorageError`]; then everything stays as it was.
    pub async fn reread(&self) -> Result<(), StorageError> {
        let mut seen = self.0.seen.lock().await;
        let now = self.0.storage.with(ui_language::versions).await?;
        if *seen == now {
            return Ok(());
        }
        let kept = self.0.storage.with(ui_language::all).await?;
        *seen = kept.iter().map(|kept| (kept.language.clone(), kept.version)).collect();
        let language =
            |Kept { language, texts, .. }: Kept| (language.clone(), Arc::new(Language { tag: language, texts }));
        let languages = Arc::new(kept.into_iter().map(language).collect());
        *self.0.languages.write().unwrap_or_else(PoisonError::into_inner) = languages;
        Ok(())
    }

    /// The language that somebody wants most, of those that there are.
    #[must_use]
    pub fn wanted(&self, accept_language: &str) -> Spoken {
        let languages = self.0.languages.read().unwrap_or_else(PoisonError::into_inner).clone();
        let tag = tag::chosen(accept_language, |tag| tag == ENGLISH || languages.contains_key(tag));
        Spoken(tag.and_then(|tag| languages.get(&tag).cloned()))
    }
}

/// The language of a page: English unless it is another. Templates are rendered with it.
#[derive(Debug, Clone, Default)]
pub struct Spoken(Option<Arc<Language>>);

tokio::task_local! {
    static SPOKEN: Spoken;
}

impl Spoken {
    /// Does work whose pages are in this language.
    pub async fn within<F: Future>(self, work: F) -> F::Output {
        SPOKEN.scope(self, work).await
    }

    /// That of the request which is being answered.
    #[must_use]
    pub fn now() -> Self {
        SPOKEN.try_with(Clone::clone).unwrap_or_default()
    }
}

impl Values for Spoken {
    fn get_value(&self, key: &str) -> Option<&dyn Any> {
        let language: &Language = self.0.as_deref().filter(|_| key == KEY)?;
        Some(language)
    }
}

/// Puts values into a text: the first where it has `{0}`.
fn fill(text: &str, values: &[&dyn Display]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = after.split_once('}').and_then(|(place, after)| Some((place.parse::<usize>().ok()?, after)));
        match place.and_then(|(place, after)| Some((values.get(place)?, after))) {
            Some((value, after)) => {
                filled.push_str(&value.to_string());
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// The values that a text has places for, in their order.
fn places(text: &str) -> Vec<usize> {
    let parts = text.split('{').skip(1);
    let mut places: Vec<_> = parts.filter_map(|part| part.split_once('}')?.0.parse().ok()).collect();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_a_text_has_places_for_them_and_are_not_looked_at() {
        for (text, filled) in [
            ("{0} is {1} now.", "ada is {0} now."),
            ("now {1} : {0}", "now {0} : ada"),
            ("{0}{0}", "adaada"),
            ("{2} { } {x} {", "{2} { } {x} {"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &[&"ada", &"{0}"]), filled, "{text}");
        }
        assert_eq!(places("{1} of {0}, {x} {"), [0, 1]);
        assert_eq!(places("{0} and {0}"), [0, 0]);
    }
}
