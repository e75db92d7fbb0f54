//! Why there is no page, and the page that says so. No text repeats input.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::{Shell, see};
use crate::storage::StorageError;
use crate::texts::{Spoken, filters};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum WebFault {
    /// Nobody is signed in; leads to where one does, and then on.
    #[error("nobody is signed in")]
    SignIn { base: &'static str, to: String },
    /// Something else has to be done first, there.
    #[error("another page comes first")]
    First(&'static str),
    #[error("Your account may not do this.")]
    NotPermitted,
    #[error("There is no such page.")]
    NotFound,
    #[error("This cannot be done here.")]
    Method,
    /// It may have been sent by another site's page, or by a page of before the sign-in.
    #[error("This was not sent from a page that you have open. Go back, load the page again, and repeat it.")]
    Forged,
    #[error("What was sent is no form of this site.")]
    NoForm,
    #[error("What was sent is too large.")]
    TooLarge,
    #[error("What was sent took too long to arrive.")]
    TooSlow,
    #[error("Too many tries. Wait a minute, then try again.")]
    TooMany,
    #[error("Too many are at it at this time. Try again.")]
    Busy,
    /// Somebody else was first; nothing was changed.
    #[error("This has been changed meanwhile by somebody else. Nothing was done. Look at it again.")]
    Changed,
    /// What is to be made is there: an object's name.
    #[error("There is already: {0}.")]
    Exists(String),
    /// A sentence that says what is wrong.
    #[error("{0}")]
    Refused(String),
    /// The database did not do it.
    #[error("The database cannot be used at this time. Nothing was changed.")]
    Storage(#[source] StorageError),
    #[error("The page cannot be shown.")]
    Page,
}

impl From<StorageError> for WebFault {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Changed(_) => Self::Changed,
            StorageError::Missing(_) => Self::NotFound,
            StorageError::Exists(object) => Self::Exists(object),
            StorageError::Invalid { fault, .. } => Self::Refused(sentence(&fault)),
            StorageError::Busy(_) => Self::Busy,
            other => Self::Storage(other),
        }
    }
}

impl WebFault {
    /// A refusal in the words of an error.
    #[must_use]
    pub fn sentence(text: &str) -> Self {
        Self::Refused(sentence(text))
    }
}

/// With a capital and a full stop, as pages say it.
fn sentence(text: &str) -> String {
    // A key is spelt as it is: `limits.sessions: must be …`.
    let is_key = text.split_once(':').is_some_and(|(first, _)| first.contains('.') && !first.contains(' '));
    let mut letters = text.chars();
    let first = if is_key { None } else { letters.next() };
    let first = first.map(char::to_uppercase).into_iter().flatten();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.collect::<String>(), letters.as_str())
}

#[derive(Template)]
#[template(path = "web/fault.html")]
struct FaultPage {
    shell: Shell,
    text: String,
}

/// The page of a fault.
pub(super) fn page(status: StatusCode, text: String) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or("Fault");
    let page = FaultPage { shell: Shell { title: title.into(), ..Shell::default() }, text };
    let text = page.render_with_values(&Spoken::now()).unwrap_or_else(|_| page.text.clone());
    HttpResponse::build(status).insert_header((CONTENT_TYPE, super::HTML)).body(text)
}

impl ResponseError for WebFault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } | Self::First(_) => StatusCode::SEE_OTHER,
            Self::NotPermitted | Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoForm => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Changed => StatusCode::CONFLICT,
            Self::Exists(_) | Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy | Self::Storage(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Page => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn { base, to } => see(&format!("{base}/sign-in{}", super::sign_in::then(to))),
            Self::First(path) => see(path),
            other => {
                if let Self::Storage(error) = other {
                    tracing::warn!(%error, "the database refuses a page its work");
                }
                let mut page = page(self.status_code(), other.to_string());
                if matches!(other, Self::Busy | Self::TooMany | Self::Storage(_)) {
                    let after = actix_web::http::header::HeaderValue::from_static("30");
                    page.headers_mut().insert(RETRY_AFTER, after);
                }
                page
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_database_is_a_sentence_or_says_nothing_of_the_database() {
        let told = |error: StorageError| WebFault::from(error).to_string();
        let invalid = |fault: &str| told(StorageError::Invalid { object: "x".into(), fault: fault.into() });
        assert_eq!(invalid("it is revoked already"), "It is revoked already.");
        assert_eq!(invalid("A reason is needed."), "A reason is needed.");
        let inner = told(StorageError::Refused("no such table: secret".into()));
        assert!(!inner.contains("secret") && inner.ends_with('.'), "{inner}");
    }
}
