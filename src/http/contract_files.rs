//! WSDL and XSD as they are served, and which path is what.

use actix_web::{HttpRequest, HttpResponse};
use schemas::contract::{Service, files};

use super::Shared;
use super::caller::Ways;

/// Every path at which a request of a service that we serve may arrive.
pub fn service_paths() -> impl Iterator<Item = String> {
    let old = Service::SERVED.map(|service| format!("{OLD_BASE}{}", service.name()));
    PATHS.into_iter().map(|(path, _)| path.to_owned()).chain(old)
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Service(Service),
    Wsdl(Service),
    Xsd(String),
}

/// Where the services are, without trailing slash.
const PATHS: [(&str, Service); 3] = [
    ("/mitel/oig/session/SessionService", Service::SessionService),
    ("/mitel/oig/cc/StandardCCService", Service::StandardCcService),
    ("/mitel/oig/da/DataAccessService", Service::DataAccessService),
];
const OLD_BASE: &str = "/axis2/services/";

impl Place {
    /// What stands at this path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(service) = service_at(path) {
            return Some(Self::Service(service));
        }
        if let Some(service) = path.strip_suffix(".wsdl").and_then(service_at) {
            return Some(Self::Wsdl(service));
        }
        // Beside a service, and (for a base with a trailing slash) below it.
        let (base, file) = path.rsplit_once('/')?;
        let beside = format!("{base}/");
        let known = beside == OLD_BASE
            || service_at(base).is_some()
            || PATHS.iter().any(|(path, _)| path.rsplit_once('/').is_some_and(|(b, _)| b == base));
        (known && files::xsd(file).is_some()).then(|| Self::Xsd(file.to_owned()))
    }
}

fn service_at(path: &str) -> Option<Service> {
    PATHS
        .iter()
        .find(|(p, _)| *p == path)
        .map(|(_, service)| *service)
        .or_else(|| Service::named(path.strip_prefix(OLD_BASE)?))
}

/// GET of anything of the contract.
pub async fn get(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let asked = match (Place::at(request.path()), asked_by_query(request.query_string())) {
        (Some(Place::Service(service)), Some(Query::Wsdl)) => Some(Place::Wsdl(service)),
        (Some(Place::Service(_)), Some(Query::Xsd(name))) => Some(Place::Xsd(name)),
        (place, _) => place,
    };
    match asked {
        Some(Place::Wsdl(service)) => {
            let address = address(&request, &gateway.ways, service);
            HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(files::wsdl(service, &address))
        }
        Some(Place::Xsd(name)) => match files::xsd(&name) {
            Some(text) => HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(text),
            None => not_found(),
        },
        Some(Place::Service(service)) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(format!("{}: send SOAP requests here by POST; its description is at ?wsdl\n", service.name())),
        None => not_found(),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("Not found.\n")
}

enum Query {
    Wsdl,
    Xsd(String),
}

fn asked_by_query(query: &str) -> Option<Query> {
    query.split('&').find_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.to_ascii_lowercase().as_str() {
            "wsdl" | "singlewsdl" => Some(Query::Wsdl),
            "xsd" => Some(Query::Xsd(value.to_owned())),
            _ => None,
        }
    })
}

/// The address that the request came to, for `soap:address`: a client then stays on the way it
/// came by. The asked path is repeated (without `.wsdl`).
fn address(request: &HttpRequest, ways: &Ways, service: Service) -> String {
    let forwarded = |name: &str| ways.forwarded(request, name);
    let own = || request.headers().get("host").and_then(|v| v.to_str().ok());
    let host = forwarded("x-forwarded-host").or_else(own).filter(|h| is_host(h)).unwrap_or("localhost");
    let scheme = match forwarded("x-forwarded-proto") {
        Some("https") => "https",
        Some("http") => "http",
        _ if request.app_config().secure() => "https",
        _ => "http",
    };
    let path = request.path();
    let path = path.strip_suffix(".wsdl").unwrap_or(path);
    let path = if service_at(path.trim_end_matches('/')) == Some(service) { path } else { PATHS[0].0 };
    format!("{scheme}://{host}{path}")
}

/// A host name or address with an optional port, and nothing that could break out of an attribute.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_with_and_without_a_slash() {
        let xsd = |name: &str| Some(Place::Xsd(name.into()));
        for (path, place) in [
            ("/mitel/oig/session/SessionService", Some(Place::Service(Service::SessionService))),
            ("/mitel/oig/session/SessionService/", Some(Place::Service(Service::SessionService))),
            ("/mitel/oig/cc/StandardCCService.wsdl", Some(Place::Wsdl(Service::StandardCcService))),
            ("/axis2/services/StandardCCService", Some(Place::Service(Service::StandardCcService))),
            ("/axis2/services/DataAccessService/", Some(Place::Service(Service::DataAccessService))),
            ("/axis2/services/EventHandlerCCService.wsdl", Some(Place::Wsdl(Service::EventHandler))),
            ("/mitel/oig/cc/cc.xsd", xsd("cc.xsd")),
            ("/mitel/oig/cc/StandardCCService/cc.xsd", xsd("cc.xsd")),
            ("/axis2/services/standard.xsd", xsd("standard.xsd")),
            ("/mitel/oig/cc/nothing.xsd", None),
            ("/mitel/oig/cc/", None),
            ("/mitel/oig/session/StandardCCService", None),
            ("/axis2/services/", None),
        ] {
            assert_eq!(Place::at(path), place, "{path}");
        }
    }

    #[test]
    fn only_hosts_are_hosts() {
        assert!(is_host("gateway.example:8080") && is_host("[::1]:80"));
        assert!(!is_host("") && !is_host("a\"b") && !is_host("a/b") && !is_host("a b"));
    }
}
