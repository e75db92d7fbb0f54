//! What may go wrong between an application and us, as the application is told.
//!
//! [`Fault`] is the only error that leaves the process: one table gives its code, HTTP status, SOAP
//! code and text. [`Refusal`] is no error of ours: the request was understood and the answer is
//! `result="false"` with this text. Neither ever repeats input, since both reach logs and screens.

use std::borrow::Cow;

use crate::rest::JsonFault;
use crate::xml::XmlFault;

/// A request that cannot be answered by a reply of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum Fault {
    /// Not a document that the guard lets in.
    BadXml(XmlFault),
    /// Not a JSON document that the guard lets in.
    BadJson(JsonFault),
    /// A body that is said to be something else than JSON.
    NotJson,
    /// XML, but no SOAP envelope of either version with one request in its body.
    NotAnEnvelope,
    /// An envelope of a SOAP version that nobody here speaks.
    VersionMismatch,
    /// A header block that must be understood and is not.
    MustUnderstand,
    /// The request's namespace is not that of the service; holds the one that was expected.
    NotThisContract(&'static str),
    /// The service has no operation of this name.
    UnknownOperation,
    /// SOAPAction and body name different operations.
    ActionMismatch,
    /// The request is larger than the limit.
    TooLarge,
    /// The request did not arrive in time.
    TooSlow,
    /// It came in clear, and may come from there under TLS alone.
    InClear,
    /// Too many requests or sessions at once.
    Busy,
    /// The actor that was asked is gone, or did not answer by the deadline.
    Lost,
    /// A bug of ours; the log knows which.
    Internal,
}

/// Whose fault it is, in the words of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoapCode {
    Client,
    Server,
    VersionMismatch,
    MustUnderstand,
}

impl SoapCode {
    /// The local name in a SOAP 1.1 `faultcode`.
    #[must_use]
    pub fn in_1_1(self) -> &'static str {
        match self {
            SoapCode::Client => "Client",
            SoapCode::Server => "Server",
            SoapCode::VersionMismatch => "VersionMismatch",
            SoapCode::MustUnderstand => "MustUnderstand",
        }
    }

    /// The local name in a SOAP 1.2 `Code/Value`.
    #[must_use]
    pub fn in_1_2(self) -> &'static str {
        match self {
            SoapCode::Client => "Sender",
            SoapCode::Server => "Receiver",
            SoapCode::VersionMismatch => "VersionMismatch",
            SoapCode::MustUnderstand => "MustUnderstand",
        }
    }
}

struct Row {
    code: &'static str,
    status: u16,
    soap: SoapCode,
    text: &'static str,
}

const fn row(code: &'static str, status: u16, soap: SoapCode, text: &'static str) -> Row {
    Row { code, status, soap, text }
}

impl Fault {
    #[rustfmt::skip]
    fn row(self) -> Row {
        use SoapCode::{Client, MustUnderstand, Server, VersionMismatch};
        match self {
            Fault::BadXml(XmlFault::TooLarge) | Fault::TooLarge =>
                row("too-large", 413, Client, "The request is larger than is allowed."),
            Fault::BadXml(_) => row("bad-xml", 400, Client, "The request could not be read"),
            Fault::BadJson(_) => row("bad-json", 400, Client, "The request could not be read"),
            Fault::NotJson => row("not-json", 415, Client, "The request's Content-Type is not application/json."),
            Fault::NotAnEnvelope => row("not-an-envelope", 400, Client,
                "The request is not a SOAP envelope with exactly one Body that holds exactly one element."),
            Fault::VersionMismatch => row("version-mismatch", 400, VersionMismatch,
                "The envelope is neither of SOAP 1.1 nor of SOAP 1.2."),
            Fault::MustUnderstand => row("must-understand", 400, MustUnderstand,
                "A header block that must be understood is not known here."),
            Fault::NotThisContract(_) => row("not-this-contract", 400, Client,
                "The request is not in the namespace of this service, which is"),
            Fault::UnknownOperation => row("unknown-operation", 404, Client,
                "The service has no such operation."),
            Fault::ActionMismatch => row("action-mismatch", 400, Client,
                "SOAPAction names another operation than the body."),
            Fault::TooSlow => row("too-slow", 408, Client, "The request did not arrive in time."),
            Fault::InClear => row("in-clear", 403, Client, "From here this gateway takes requests over HTTPS alone."),
            Fault::Busy => row("busy", 503, Server, "The server is busy; try again later."),
            Fault::Lost => row("lost", 503, Server,
                "The request was lost on its way inside the server; its outcome is not known."),
            Fault::Internal => row("internal", 500, Server,
                "An internal error occurred; the server's log has the cause."),
        }
    }

    /// A stable word for logs, counters and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The HTTP status where there is no SOAP around it (see `soap::fault` for where there is).
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// The code of a SOAP fault.
    #[must_use]
    pub fn soap_code(self) -> SoapCode {
        self.row().soap
    }

    /// What the application reads; fixed text only.
    #[must_use]
    pub fn text(self) -> Cow<'static, str> {
        let text = self.row().text;
        match self {
            Fault::BadXml(XmlFault::TooLarge) => Cow::Borrowed(text),
            Fault::BadXml(cause) => Cow::Owned(format!("{text}: {cause}.")),
            Fault::BadJson(cause) => Cow::Owned(format!("{text}: {cause}.")),
            Fault::NotThisContract(expected) => Cow::Owned(format!("{text} {expected} .")),
            _ => Cow::Borrowed(text),
        }
    }
}

impl From<XmlFault> for Fault {
    fn from(cause: XmlFault) -> Self {
        Fault::BadXml(cause)
    }
}

/// On what ground a request was refused. SOAP has no word for it; REST says it as a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A poll ended without an event, or tells of discarded ones: nothing went wrong.
    NothingToTell,
    /// A field is missing or not what the contract or the operation allows.
    BadInput,
    /// No session, or a login that is not right.
    NoSession,
    /// The application, its service, or the class of service of the device does not permit it.
    NotPermitted,
    /// A node, number or object that does not exist.
    Unknown,
    /// What is asked does not fit what is: another state, not monitored, no such call any more.
    State,
    /// It was there, and is not kept any more.
    Gone,
    /// A limit of this session.
    TooMany,
    /// The gateway or the node does not have it.
    NotSupported,
    /// The node is not connected, the gateway is full or stopping: nothing was done; try later.
    Unavailable,
    /// The outcome is not known: no answer in time, or the link was lost.
    NotKnown,
    /// The part of the gateway that was asked has ended.
    Lost,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Ground; 12] = [
        Ground::NothingToTell,
        Ground::BadInput,
        Ground::NoSession,
        Ground::NotPermitted,
        Ground::Unknown,
        Ground::State,
        Ground::Gone,
        Ground::TooMany,
        Ground::NotSupported,
        Ground::Unavailable,
        Ground::NotKnown,
        Ground::Lost,
    ];

    /// The HTTP status, and what it means here.
    #[rustfmt::skip]
    fn row(self) -> (u16, &'static str) {
        match self {
            // Proxies and clients must not take the end of a poll for trouble.
            Ground::NothingToTell => (200, "No event, or a word about events that were discarded."),
            Ground::BadInput => (400, "A field is missing or not what it should be."),
            Ground::NoSession => (401, "No session, or a login that is not right."),
            Ground::NotPermitted => (403, "Not permitted to this application, session or device."),
            Ground::Unknown => (404, "A node, number, object or operation that does not exist."),
            Ground::State => (409, "Does not fit the present state: of the call, or not monitored."),
            Ground::Gone => (410, "Not kept any more."),
            Ground::TooMany => (429, "A limit of this session."),
            Ground::NotSupported => (501, "The gateway or the node does not have this."),
            Ground::Unavailable => (503, "The node is not connected, or the gateway is full or stopping."),
            Ground::NotKnown => (504, "No answer in time, or the link was lost; the outcome is not known."),
            Ground::Lost => (500, "The gateway could not complete the request; the outcome is not known."),
        }
    }

    /// The HTTP status where there is no SOAP around it.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().0
    }

    /// What the status means, for the description of the interface.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().1
    }
}

/// Why a request was understood and not done: the error text of `result="false"`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub Cow<'static, str>);

impl Refusal {
    /// A refusal with this text; it must not hold input of the request.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Refusal(text.into())
    }

    /// A required element is not there.
    #[must_use]
    pub fn missing_element(name: &'static str) -> Self {
        Refusal(Cow::Owned(format!("The element '{name}' is missing.")))
    }

    /// A required attribute is not there.
    #[must_use]
    pub fn missing_attribute(name: &'static str) -> Self {
        Refusal(Cow::Owned(format!("The attribute '{name}' is missing.")))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_code_of_its_own_and_a_text() {
        let all = [
            Fault::BadXml(XmlFault::Malformed),
            Fault::BadJson(JsonFault::Malformed),
            Fault::NotJson,
            Fault::NotAnEnvelope,
            Fault::VersionMismatch,
            Fault::MustUnderstand,
            Fault::NotThisContract("urn:x"),
            Fault::UnknownOperation,
            Fault::ActionMismatch,
            Fault::TooLarge,
            Fault::TooSlow,
            Fault::Busy,
            Fault::Lost,
            Fault::Internal,
        ];
        let mut codes: Vec<_> = all.iter().map(|f| f.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all.len());
        assert!(all.iter().all(|f| f.text().ends_with('.') && (400..600).contains(&f.status())));
        assert_eq!(
            Fault::BadXml(XmlFault::Doctype).to_string(),
            "The request could not be read: a DOCTYPE is not allowed."
        );
    }
}
