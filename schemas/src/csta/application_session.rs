//! The application session of ECMA-354: nested and rare, so read and written by yaserde.
//!
//! yaserde never sees a peer's bytes. It matches names by namespace, trips over foreign ones and
//! trusts nesting, so [`read`] first makes a small document of what the guard of `xml` let in and
//! the records below know. Called by `read` and `write` alone.

use std::fmt::{self, Debug};

use yaserde::de::from_str;
use yaserde::ser::{Config, to_string_with_config};
use yaserde::{YaDeserialize, YaSerialize};

use super::message::{Edition, Failure, Message, Request, Response, SpecificInfo};
use super::read::{ReadFault, bounded};
use super::words::EDITIONS;
use crate::xml::tree::is_xml_char;
use crate::xml::{Element, Limits, Tree, Writer, XmlFault};

const NAMESPACE: &str = "http://www.ecma-international.org/standards/ecma-354/appl_session";
/// Session time when a peer names none, in seconds.
const DURATION_S: u32 = 180;
/// A login needs a handful of elements; a frame has to hold it and the rest of the message.
const SPECIFIC: Limits = Limits { bytes: 4096, depth: 8, elements: 64, attributes: 64, namespaces: 16 };
/// Protocol versions that a peer may offer; the standard has four.
const VERSIONS: usize = 32;

macro_rules! session_record {
    ($name:ident { $($field:ident: $ty:ty = $wire:literal),* $(,)? }) => {
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

impl SpecificInfo {
    /// Reads what a person has written down for one server: markup when it begins with `<`, else text.
    ///
    /// # Errors
    /// When it is too long, or markup that is not well-formed or has what no message may have. Nothing of it
    /// is in the error.
    pub fn parse(written: &str) -> Result<Self, XmlFault> {
        let written = written.trim();
        let markup = written.starts_with('<');
        let mut holder = Writer::new();
        if markup {
            holder.open("i").raw(written).close("i");
        } else {
            holder.element("i", written);
        }
        Tree::parse(holder.finish().as_bytes(), &SPECIFIC)?;
        Ok(if markup { Self::Elements(written.into()) } else { Self::Text(written.into()) })
    }

    /// As an element. Not by yaserde, which knows no foreign elements and may log what it is given.
    fn write(&self) -> String {
        const NAME: &str = "applicationSpecificInfo";
        let mut out = Writer::new();
        match self {
            Self::Text(text) => out.element(NAME, text),
            Self::Elements(markup) => out.open(NAME).raw(markup).close(NAME),
        };
        out.finish()
    }
}

impl Debug for SpecificInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpecificInfo(..)")
    }
}

// Texts are optional in all of them: which one a message must have is said by `Missing`, not by
// the library's own error, which repeats input.
// The specific part is only read: it is written by `SpecificInfo::write`.
session_record!(ApplicationInfo {
    application: Option<String> = "applicationID",
    specific: Option<String> = "applicationSpecificInfo",
});
session_record!(ProtocolVersions { versions: Vec<String> = "protocolVersion" });
session_record!(StartApplicationSession {
    info: Option<ApplicationInfo> = "applicationInfo",
    versions: Option<ProtocolVersions> = "requestedProtocolVersions",
    duration: Option<u32> = "requestedSessionDuration",
});
session_record!(StartApplicationSessionPosResponse {
    session: Option<String> = "sessionID",
    version: Option<String> = "actualProtocolVersion",
    duration: Option<u32> = "actualSessionDuration",
});
session_record!(ErrorCode {
    defined: Option<String> = "definedError",
    application: Option<String> = "applError",
});
session_record!(StartApplicationSessionNegResponse { code: Option<ErrorCode> = "errorCode" });
session_record!(ResetApplicationSessionTimer {
    session: Option<String> = "sessionID",
    duration: Option<u32> = "requestedSessionDuration",
});
session_record!(ResetApplicationSessionTimerPosResponse { duration: Option<u32> = "actualSessionDuration" });
session_record!(ResetApplicationSessionTimerNegResponse { code: Option<ErrorCode> = "errorCode" });
session_record!(EndReason { defined: Option<String> = "definedEndReason" });
session_record!(StopApplicationSession {
    session: Option<String> = "sessionID",
    reason: Option<EndReason> = "sessionEndReason",
});
session_record!(StopApplicationSessionPosResponse {});
session_record!(TermReason { defined: Option<String> = "definedTermReason" });
session_record!(ApplicationSessionTerminated {
    session: Option<String> = "sessionID",
    reason: Option<TermReason> = "sessionTermReason",
});

/// The elements that are read, each in the one that holds it.
const ELEMENTS: [(&str, &[&str]); 4] = [
    ("applicationInfo", &["applicationID", "applicationSpecificInfo"]),
    ("requestedProtocolVersions", &["protocolVersion"]),
    ("errorCode", &["definedError", "applError"]),
    ("", &["sessionID", "requestedSessionDuration", "actualSessionDuration", "actualProtocolVersion"]),
];

/// The guarded document again: in this namespace, and nothing in it but what the records know.
fn distilled(root: Element<'_, '_>) -> String {
    let mut out = Writer::new();
    out.start(root.local()).attribute("xmlns", NAMESPACE).raw(">");
    for e in root.children() {
        let name = e.local();
        if ELEMENTS.iter().any(|(holder, fields)| holder.is_empty() && fields.contains(&name)) {
            out.element(name, e.text().trim());
        } else if let Some((holder, fields)) = ELEMENTS.iter().find(|(holder, _)| *holder == name) {
            out.open(holder);
            for field in e.children().filter(|f| fields.contains(&f.local())) {
                out.element(field.local(), field.text().trim());
            }
            out.close(holder);
        }
    }
    out.close(root.local());
    out.finish()
}

fn record<T: YaDeserialize>(root: Element<'_, '_>) -> Result<T, ReadFault> {
    from_str(&distilled(root)).map_err(|_| ReadFault::Session) // its own error repeats input
}

fn optional(text: Option<String>) -> Result<Option<String>, ReadFault> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    bounded(&text)?;
    Ok(Some(text))
}

fn needed(text: Option<String>, message: &'static str, field: &'static str) -> Result<String, ReadFault> {
    optional(text)?.ok_or(ReadFault::Missing { message, field })
}

fn edition(version: &str) -> Option<Edition> {
    EDITIONS.iter().find(|(_, uri)| *uri == version).map(|(edition, _)| *edition)
}

/// Reads a message of ECMA-354, whatever namespace the peer has put it in; `None` for others.
pub(super) fn read(root: Element<'_, '_>) -> Result<Option<(Message, Edition)>, ReadFault> {
    let mut spoken = None;
    let message = match root.local() {
        "StartApplicationSession" => {
            let message = "StartApplicationSession";
            let r: StartApplicationSession = record(root)?;
            let info = r.info.unwrap_or_default();
            let offered = r.versions.unwrap_or_default().versions;
            if offered.len() > VERSIONS {
                return Err(ReadFault::TooLong);
            }
            let mut versions = Vec::with_capacity(offered.len());
            for version in offered {
                versions.push(needed(Some(version), message, "protocolVersion")?);
            }
            spoken = versions.iter().find_map(|v| edition(v));
            Message::Request(Request::StartApplicationSession {
                application: needed(info.application, message, "applicationID")?,
                specific: optional(info.specific)?.map(SpecificInfo::Text),
                versions,
                duration_s: r.duration.unwrap_or(DURATION_S),
            })
        }
        "StartApplicationSessionPosResponse" => {
            let message = "StartApplicationSessionPosResponse";
            let r: StartApplicationSessionPosResponse = record(root)?;
            let version = needed(r.version, message, "actualProtocolVersion")?;
            spoken = edition(&version);
            Message::Response(Response::StartApplicationSession {
                session: needed(r.session, message, "sessionID")?,
                version,
                duration_s: r.duration.unwrap_or(DURATION_S),
            })
        }
        "ResetApplicationSessionTimer" => {
            let r: ResetApplicationSessionTimer = record(root)?;
            Message::Request(Request::ResetApplicationSessionTimer {
                session: needed(r.session, "ResetApplicationSessionTimer", "sessionID")?,
                duration_s: r.duration.unwrap_or(DURATION_S),
            })
        }
        "ResetApplicationSessionTimerPosResponse" => {
            let r: ResetApplicationSessionTimerPosResponse = record(root)?;
            Message::Response(Response::ResetApplicationSessionTimer { duration_s: r.duration.unwrap_or(DURATION_S) })
        }
        "StopApplicationSession" => {
            let r: StopApplicationSession = record(root)?;
            let session = needed(r.session, "StopApplicationSession", "sessionID")?;
            Message::Request(Request::StopApplicationSession { session })
        }
        "StopApplicationSessionPosResponse" => Message::Response(Response::StopApplicationSession),
        "ApplicationSessionTerminated" => {
            let r: ApplicationSessionTerminated = record(root)?;
            let session = needed(r.session, "ApplicationSessionTerminated", "sessionID")?;
            Message::Request(Request::ApplicationSessionTerminated { session })
        }
        // The three have one shape; what they answer is known by the invoke id.
        name if name.ends_with("NegResponse") => {
            let r: StartApplicationSessionNegResponse = record(root)?;
            let code = r.code.unwrap_or_default();
            let value = optional(code.defined)?.or(optional(code.application)?);
            Message::Failure(Failure::application_session(value.as_deref().unwrap_or_default()))
        }
        name if root.namespace() == NAMESPACE => Message::Unknown(bounded(name)?.to_owned()),
        _ => return Ok(None),
    };
    Ok(Some((message, spoken.unwrap_or_default())))
}

/// What XML cannot carry is left out, as `xml::Writer` does it; the library would write it.
fn said(text: &str) -> Option<String> {
    Some(text.chars().filter(|c| is_xml_char(*c)).collect())
}

fn text<T: YaSerialize + Debug>(record: &T) -> String {
    let config = Config { write_document_declaration: false, ..Config::default() };
    to_string_with_config(record, &config).expect("texts and numbers, written into memory")
}

/// The message in this namespace; `None` for requests that are not of ECMA-354.
pub(super) fn write_request(request: &Request) -> Option<String> {
    Some(match request {
        Request::StartApplicationSession { application, specific, versions, duration_s } => {
            let mut xml = text(&StartApplicationSession {
                info: Some(ApplicationInfo { application: said(application), specific: None }),
                versions: Some(ProtocolVersions { versions: versions.iter().filter_map(|v| said(v)).collect() }),
                duration: Some(*duration_s),
            });
            // The first end tag of that name is the element's: in the text before it every `<` is escaped.
            if let (Some(info), Some(at)) = (specific, xml.find("</applicationInfo>")) {
                xml.insert_str(at, &info.write());
            }
            xml
        }
        Request::ResetApplicationSessionTimer { session, duration_s } => {
            text(&ResetApplicationSessionTimer { session: said(session), duration: Some(*duration_s) })
        }
        Request::StopApplicationSession { session } => text(&StopApplicationSession {
            session: said(session),
            reason: Some(EndReason { defined: Some("normal".into()) }),
        }),
        Request::ApplicationSessionTerminated { session } => text(&ApplicationSessionTerminated {
            session: said(session),
            reason: Some(TermReason { defined: Some("sessionTimerExpired".into()) }),
        }),
        _ => return None,
    })
}

/// The message in this namespace; `None` for responses that are not of ECMA-354.
pub(super) fn write_response(response: &Response) -> Option<String> {
    Some(match response {
        Response::StartApplicationSession { session, version, duration_s } => {
            text(&StartApplicationSessionPosResponse {
                session: said(session),
                version: said(version),
                duration: Some(*duration_s),
            })
        }
        Response::ResetApplicationSessionTimer { duration_s } => {
            text(&ResetApplicationSessionTimerPosResponse { duration: Some(*duration_s) })
        }
        Response::StopApplicationSession => text(&StopApplicationSessionPosResponse {}),
        _ => return None,
    })
}

/// A negative response; which one is told by its value, as far as the standard gives each service
/// its own.
pub(super) fn write_failure(failure: &Failure) -> String {
    let code = |defined: bool| {
        let value = said(&failure.value);
        Some(if defined {
            ErrorCode { defined: value, application: None }
        } else {
            ErrorCode { defined: None, application: value }
        })
    };
    match failure.value.as_str() {
        "invalidSessionID" | "serverCannotResetSessionTimer" => {
            text(&ResetApplicationSessionTimerNegResponse { code: code(true) })
        }
        "invalidApplicationInfo"
        | "requestedProtocolVersionNotSupported"
        | "serverResourcesBusy"
        | "maxNumberSessions" => text(&StartApplicationSessionNegResponse { code: code(true) }),
        _ => text(&StartApplicationSessionNegResponse { code: code(false) }),
    }
}
