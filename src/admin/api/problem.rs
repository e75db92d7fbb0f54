//! Why a program is refused, as `application/problem+json` (RFC 9457). No text repeats input.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::scope::Scope;
use crate::storage::StorageError;
use crate::web::WebFault;

/// How every refusal is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDetails {
    /// Which problem it is: for programs.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:oig:problem:[a-z-]+$")]
    pub kind: String,
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// A sentence: for people.
    pub detail: String,
}

/// Why a program is refused.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("This needs a token: Authorization: Bearer oig_...")]
    NoToken,
    /// It is none, is removed, or its account is gone: nobody learns which.
    #[error("The token is not valid.")]
    BadToken,
    #[error("The token has expired.")]
    Expired,
    #[error("The token has not the scope {}.", .0.word())]
    NotInScope(Scope),
    #[error("This is served over HTTPS, and at the machine itself. A token that was sent in clear should be removed.")]
    InClear,
    #[error("There is nothing at this path.")]
    NoSuchPath,
    /// With those that there are.
    #[error("This cannot be done here.")]
    Method(String),
    #[error("A parameter of the query is unknown, missing, there twice, or cannot be.")]
    Query,
    /// With the one that it must be.
    #[error("The body must be {0}.")]
    MediaType(&'static str),
    /// By line and column.
    #[error("The body is no JSON, at line {0}, column {1}.")]
    NoJson(usize, usize),
    #[error("The body is not what is described, at line {0}, column {1}.")]
    NotAsDescribed(usize, usize),
    #[error("This takes no body.")]
    Body,
    #[error("The body is no form of the boundary that its media type names, or does not come to its end.")]
    NoForm,
    /// Of a form.
    #[error("The form has not the parts that are described, each once, and no other.")]
    Parts,
    #[error("This changes what you have seen: send its ETag as If-Match, or If-Match: *.")]
    NoCondition,
    #[error("If-Match must be the one ETag that was given, or *.")]
    BadCondition,
    #[error("The list is another version now. Begin again.")]
    ListChanged,
    /// The server that was to be asked: a sentence without its full stop.
    #[error("It was not fetched: {0}.")]
    NotFetched(String),
    /// What pages would be told, too.
    #[error(transparent)]
    Web(#[from] WebFault),
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        Self::Web(error.into())
    }
}

impl Problem {
    /// What it is called.
    fn word(&self) -> &'static str {
        match self {
            Self::NoToken => "no-token",
            Self::BadToken => "bad-token",
            Self::Expired => "token-expired",
            Self::NotInScope(_) => "not-in-scope",
            Self::InClear => "in-clear",
            Self::NoSuchPath => "no-such-path",
            Self::Method(_) => "method",
            Self::Query => "query",
            Self::MediaType(_) => "media-type",
            Self::NoJson(..) => "no-json",
            Self::NotAsDescribed(..) => "not-as-described",
            Self::Body => "body",
            Self::NoForm => "no-form",
            Self::Parts => "not-as-described",
            Self::NoCondition => "no-condition",
            Self::BadCondition => "bad-condition",
            Self::ListChanged => "list-changed",
            Self::NotFetched(_) => "not-fetched",
            Self::Web(fault) => match fault {
                WebFault::NotPermitted => "not-permitted",
                WebFault::NotFound => "not-found",
                WebFault::TooLarge => "too-large",
                WebFault::TooSlow => "too-slow",
                WebFault::TooMany => "too-many",
                WebFault::Busy => "busy",
                WebFault::Changed => "changed",
                WebFault::Exists(_) => "exists",
                WebFault::Refused(_) => "refused",
                WebFault::Storage(_) => "database",
                WebFault::NoForm => "broken-off",
                // Of pages alone.
                WebFault::SignIn { .. } | WebFault::First(_) | WebFault::Method | WebFault::Forged | WebFault::Page => {
                    "fault"
                }
            },
        }
    }

    /// What is said of it where pages have other words.
    fn detail(&self) -> String {
        match self {
            Self::Web(WebFault::NotFound) => "There is no such thing.".into(),
            Self::Web(WebFault::NotPermitted) => "The account of the token may not do this.".into(),
            Self::Web(WebFault::NoForm) => "The body did not come to its end.".into(),
            other => other.to_string(),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::BadToken | Self::Expired => StatusCode::UNAUTHORIZED,
            Self::NotInScope(_) | Self::InClear => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Query | Self::NoJson(..) | Self::Body | Self::NoForm | Self::BadCondition => StatusCode::BAD_REQUEST,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAsDescribed(..) | Self::Parts => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoCondition => StatusCode::PRECONDITION_REQUIRED,
            Self::NotFetched(_) => StatusCode::BAD_GATEWAY,
            Self::Web(WebFault::Changed) => StatusCode::PRECONDITION_FAILED,
            Self::ListChanged | Self::Web(WebFault::Exists(_)) => StatusCode::CONFLICT,
            Self::Web(fault) => fault.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if let Self::Web(WebFault::Storage(error)) = self {
            tracing::warn!(%error, "the database refuses a program its work");
        }
        let details = ProblemDetails {
            kind: format!("urn:oig:problem:{}", self.word()),
            title: status.canonical_reason().unwrap_or("Problem").into(),
            status: status.as_u16(),
            detail: self.detail(),
        };
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/problem+json");
        match self {
            Self::NoToken => {
                answer.insert_header((WWW_AUTHENTICATE, r#"Bearer realm="oig""#));
            }
            Self::BadToken | Self::Expired => {
                answer.insert_header((WWW_AUTHENTICATE, r#"Bearer realm="oig", error="invalid_token""#));
            }
            Self::NotInScope(scope) => {
                let needed = format!(r#"Bearer realm="oig", error="insufficient_scope", scope="{}""#, scope.word());
                answer.insert_header((WWW_AUTHENTICATE, needed));
            }
            Self::Method(allowed) => {
                answer.insert_header((ALLOW, allowed.clone()));
            }
            Self::Web(WebFault::Busy | WebFault::TooMany | WebFault::Storage(_)) => {
                answer.insert_header((RETRY_AFTER, "30"));
            }
            _ => {}
        }
        // What is ours can always be written.
        answer.body(serde_json::to_string(&details).unwrap_or_default())
    }
}
