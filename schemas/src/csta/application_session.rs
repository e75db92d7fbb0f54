//! The application session of ECMA-354: nested and rare, so read and written by yaserde.
//!
//! Only what the guard of `xml` let in comes here. A negative response is a [`Failure`] of the
//! category [`CATEGORY`].

use yaserde::de::from_str;
use yaserde::ser::{Config, to_string_with_config};
use yaserde::{YaDeserialize, YaSerialize};

use super::message::{Failure, Message, Request, Response};
use super::read::ReadFault;

pub(super) const NAMESPACE: &str = "http://www.ecma-international.org/standards/ecma-354/appl_session";
/// Category of a [`Failure`] that an ECMA-354 server gave.
pub(super) const CATEGORY: &str = "applicationSession";

macro_rules! session_record {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $ty:ty = $wire:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Default, PartialEq, YaDeserialize, YaSerialize)]
        #[yaserde(
            prefix = "s",
            default_namespace = "s",
            namespaces = { "s" = "http://www.ecma-international.org/standards/ecma-354/appl_session" }
        )]
        struct $name {
            $(#[yaserde(prefix = "s", rename = $wire)] $field: $ty,)*
        }
    };
}

session_record!(ApplicationInfo {
    application_id: String = "applicationID",
    specific: Option<String> = "applicationSpecificInfo",
});
session_record!(ProtocolVersions { versions: Vec<String> = "protocolVersion" });
session_record!(StartApplicationSession {
    info: ApplicationInfo = "applicationInfo",
    versions: ProtocolVersions = "requestedProtocolVersions",
    duration: Option<u32> = "requestedSessionDuration",
});
session_record!(StartApplicationSessionPosResponse {
    session: String = "sessionID",
    version: String = "actualProtocolVersion",
    duration: u32 = "actualSessionDuration",
});
session_record!(ErrorCode {
    defined: Option<String> = "definedError",
    application: Option<String> = "applError",
});
session_record!(StartApplicationSessionNegResponse { code: ErrorCode = "errorCode" });
session_record!(ResetApplicationSessionTimer {
    session: String = "sessionID",
    duration: Option<u32> = "requestedSessionDuration",
});
session_record!(ResetApplicationSessionTimerPosResponse { duration: u32 = "actualSessionDuration" });
session_record!(EndReason { defined: Option<String> = "definedEndReason" });
session_record!(StopApplicationSession {
    session: String = "sessionID",
    reason: EndReason = "sessionEndReason",
});
session_record!(StopApplicationSessionPosResponse {});
session_record!(TermReason { defined: Option<String> = "definedTermReason" });
session_record!(ApplicationSessionTerminated {
    session: String = "sessionID",
    reason: TermReason = "sessionTermReason",
});

/// Session time when a peer names none, in seconds.
const DURATION_S: u32 = 180;

/// Reads a message of this namespace; `root` is its root element's local name.
pub(super) fn read(root: &str, text: &str) -> Result<Message, ReadFault> {
    fn record<T: YaDeserialize>(text: &str) -> Result<T, ReadFault> {
        from_str(text).map_err(|_| ReadFault::Session) // its own error repeats input
    }
    Ok(match root {
        "StartApplicationSession" => {
            let r: StartApplicationSession = record(text)?;
            Message::Request(Request::StartApplicationSession {
                application: r.info.application_id,
                specific: r.info.specific,
                versions: r.versions.versions,
                duration_s: r.duration.unwrap_or(DURATION_S),
            })
        }
        "StartApplicationSessionPosResponse" => {
            let r: StartApplicationSessionPosResponse = record(text)?;
            Message::Response(Response::StartApplicationSession {
                session: r.session,
                version: r.version,
                duration_s: r.duration,
            })
        }
        "ResetApplicationSessionTimer" => {
            let r: ResetApplicationSessionTimer = record(text)?;
            Message::Request(Request::ResetApplicationSessionTimer {
                session: r.session,
                duration_s: r.duration.unwrap_or(DURATION_S),
            })
        }
        "ResetApplicationSessionTimerPosResponse" => {
            let r: ResetApplicationSessionTimerPosResponse = record(text)?;
            Message::Response(Response::ResetApplicationSessionTimer { duration_s: r.duration })
        }
        "StopApplicationSession" => {
            let r: StopApplicationSession = record(text)?;
            Message::Request(Request::StopApplicationSession { session: r.session })
        }
        "StopApplicationSessionPosResponse" => Message::Response(Response::StopApplicationSession),
        "ApplicationSessionTerminated" => {
            let r: ApplicationSessionTerminated = record(text)?;
            Message::Request(Request::ApplicationSessionTerminated { session: r.session })
        }
        name if name.ends_with("NegResponse") => {
            let r: StartApplicationSessionNegResponse = record(text)?;
            let value = r.code.defined.or(r.code.application).unwrap_or_default();
            Message::Failure(Failure { category: CATEGORY.into(), value })
        }
        name => Message::Unknown(name.to_owned()),
    })
}

fn text<T: YaSerialize>(record: &T) -> String {
    let config = Config { write_document_declaration: false, ..Config::default() };
    // Records of texts and numbers; nothing in them can fail to be written.
    to_string_with_config(record, &config).unwrap_or_default()
}

pub(super) fn write_request(request: &Request) -> String {
    match request {
        Request::StartApplicationSession { application, specific, versions, duration_s } => {
            text(&StartApplicationSession {
                info: ApplicationInfo { application_id: application.clone(), specific: specific.clone() },
                versions: ProtocolVersions { versions: versions.clone() },
                duration: Some(*duration_s),
            })
        }
        Request::ResetApplicationSessionTimer { session, duration_s } => {
            text(&ResetApplicationSessionTimer { session: session.clone(), duration: Some(*duration_s) })
        }
        Request::StopApplicationSession { session } => text(&StopApplicationSession {
            session: session.clone(),
            reason: EndReason { defined: Some("normal".into()) },
        }),
        Request::ApplicationSessionTerminated { session } => text(&ApplicationSessionTerminated {
            session: session.clone(),
            reason: TermReason { defined: Some("sessionTimerExpired".into()) },
        }),
        _ => String::new(), // not of this namespace
    }
}

pub(super) fn write_response(response: &Response) -> String {
    match response {
        Response::StartApplicationSession { session, version, duration_s } => {
            text(&StartApplicationSessionPosResponse {
                session: session.clone(),
                version: version.clone(),
                duration: *duration_s,
            })
        }
        Response::ResetApplicationSessionTimer { duration_s } => {
            text(&ResetApplicationSessionTimerPosResponse { duration: *duration_s })
        }
        Response::StopApplicationSession => text(&StopApplicationSessionPosResponse {}),
        _ => String::new(), // not of this namespace
    }
}

/// The one negative response that our simulated node gives is to the start; readers match the
/// invoke id, and any name that ends in NegResponse.
pub(super) fn write_failure(failure: &Failure) -> String {
    text(&StartApplicationSessionNegResponse {
        code: ErrorCode { defined: Some(failure.value.clone()), application: None },
    })
}
