//! The envelope around a request or reply.
//!
//! Reads both versions of SOAP through the guarded tree and hands out the one element in the body;
//! writes the beginning and the end of our own. Headers are skipped: the contract has none, so one
//! that must be understood is a fault.

use crate::contract::{Namespace, Service};
use crate::fault::Fault;
use crate::xml::{Element, Limits, Tree, Writer};

/// The version of an envelope; answers are in that of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    #[default]
    V1_1,
    V1_2,
}

impl Version {
    /// Namespace of the envelope.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Version::V1_1 => "http://schemas.xmlsoap.org/soap/envelope/",
            Version::V1_2 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// Content-Type of a reply.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Version::V1_1 => "text/xml; charset=utf-8",
            Version::V1_2 => "application/soap+xml; charset=utf-8",
        }
    }

    /// Whether a header block for this role is for us: `actor` in 1.1, `role` in 1.2.
    fn is_for_us(self, block: Element<'_, '_>) -> bool {
        let (attribute, next) = match self {
            Version::V1_1 => ("actor", "http://schemas.xmlsoap.org/soap/actor/next"),
            Version::V1_2 => ("role", "http://www.w3.org/2003/05/soap-envelope/role/next"),
        };
        match block.attribute(self.uri(), attribute).map(str::trim) {
            None | Some("") => true,
            Some(role) => role == next || role == "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        }
    }
}

/// A readable envelope; borrows from the bytes it was read from.
#[derive(Debug)]
pub struct Envelope<'a> {
    tree: Tree<'a>,
    version: Version,
    content: u32,
}

/// What cannot be answered by a reply, and the version to say so in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Rejected {
    pub version: Version,
    pub fault: Fault,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope with exactly one element in its body.
    ///
    /// # Errors
    /// The fault to answer with.
    pub fn parse(input: &'a [u8]) -> Result<Self, Rejected> {
        let unknown = |fault| Rejected { version: Version::default(), fault };
        let tree = Tree::parse(input, &Limits::default()).map_err(|cause| unknown(cause.into()))?;
        let root = tree.root();
        if root.local() != "Envelope" {
            return Err(unknown(Fault::NotAnEnvelope));
        }
        let version = [Version::V1_1, Version::V1_2]
            .into_iter()
            .find(|v| v.uri() == root.namespace())
            .ok_or_else(|| unknown(Fault::VersionMismatch))?;
        match content(root, version) {
            Ok(content) => Ok(Self { tree, version, content }),
            Err(fault) => Err(Rejected { version, fault }),
        }
    }

    /// The version of SOAP.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The element in the body: the wrapper of a request or reply, or a fault.
    #[must_use]
    pub fn body(&self) -> Element<'_, 'a> {
        self.tree.at(self.content)
    }
}

/// Position of the one element in the one body.
fn content(root: Element<'_, '_>, version: Version) -> Result<u32, Fault> {
    let uri = version.uri();
    for header in root.children().filter(|c| c.is(uri, "Header")) {
        for block in header.children() {
            let must = block.attribute(uri, "mustUnderstand").map(str::trim);
            if matches!(must, Some("1" | "true")) && version.is_for_us(block) {
                return Err(Fault::MustUnderstand);
            }
        }
    }
    let body = only(root.children().filter(|c| c.is(uri, "Body"))).ok_or(Fault::NotAnEnvelope)?;
    Ok(only(body.children()).ok_or(Fault::NotAnEnvelope)?.index())
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// Namespaces of types that a service's messages may hold.
fn types_of(service: Service) -> &'static [Namespace] {
    match service {
        Service::SessionService | Service::SessionHaEventHandler => &[Namespace::Session],
        Service::StandardCcService => &[Namespace::Cc, Namespace::Adv, Namespace::Std],
        Service::DataAccessService => &[Namespace::Da],
        Service::EventHandler => &[Namespace::Cc],
        Service::AdvEventHandler => &[Namespace::Cc, Namespace::Adv],
    }
}

/// Everything before the content of the body.
pub(super) fn begin(version: Version) -> Writer {
    let mut out = Writer::new();
    out.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"")
        .raw(version.uri())
        .raw("\"><soapenv:Body>");
    out
}

/// Everything after it.
pub(super) fn finish(mut out: Writer) -> String {
    out.raw("</soapenv:Body></soapenv:Envelope>");
    out.finish()
}

/// `<svc:NAME` with the declarations that its content relies on, up to and with `>`.
///
/// Prefixes are declared here, once, so that an event that was rendered before fits in any reply.
pub(super) fn open_wrapper(out: &mut Writer, service: Service, name: &[&str]) {
    out.raw("<svc:");
    for part in name {
        out.raw(part);
    }
    out.raw(" xmlns:svc=\"").raw(service.namespace().uri()).raw("\"");
    for ns in types_of(service) {
        out.raw(" xmlns:").raw(ns.prefix()).raw("=\"").raw(ns.uri()).raw("\"");
    }
    out.raw(">");
}

/// The end of [`open_wrapper`].
pub(super) fn close_wrapper(out: &mut Writer, name: &[&str]) {
    out.raw("</svc:");
    for part in name {
        out.raw(part);
    }
    out.raw(">");
}
