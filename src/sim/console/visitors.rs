//! Who may use the console: browsers of this machine that show its own page, and tools without a
//! browser. What other pages make a browser send is turned away before anything is looked at.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::ResponseError as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;

use crate::sim::hands::Refused;

/// Turns strangers away.
pub(super) async fn look(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    // A link on another page may lead to this one; what it shows is for its reader alone.
    let opens = request.method() == Method::GET && matches!(request.path(), "/lab" | "/lab/");
    match permit(peer, request.headers(), opens) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(why) => Ok(request.into_response(Refused::Stranger(why).error_response())),
    }
}

/// Looks at where a request comes from and, if a browser sent it, on whose behalf.
fn permit(peer: Option<IpAddr>, headers: &HeaderMap, opens: bool) -> Result<(), &'static str> {
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err("the console is for this machine only");
    }
    let mut named = headers.get_all(HOST).filter_map(|host| host.to_str().ok());
    // Any other name may have been made to lead here by whoever owns it.
    let (Some(host), None) = (named.next(), named.next()) else { return Err("one host must be named") };
    if !is_loopback(host) {
        return Err("the console answers to localhost and loopback addresses only");
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|at| at.eq_ignore_ascii_case(host));
    if headers.get_all(ORIGIN).any(|origin| !origin.to_str().is_ok_and(own)) {
        return Err("not for other web pages");
    }
    let site = headers.get_all("sec-fetch-site").all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if opens || site { Ok(()) } else { Err("not for other web pages") }
}

/// Whether a Host header names this machine, with or without a port.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    match name.strip_prefix('[').map(|name| name.strip_suffix(']')) {
        Some(address) => address.and_then(|a| a.parse::<Ipv6Addr>().ok()).is_some_and(|a| a.is_loopback()),
        None => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<IpAddr>().is_ok_and(|a| a.is_ipv4() && a.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn asked(peer: &str, headers: &[(&'static str, &'static str)], opens: bool) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        permit(Some(peer.parse().expect("an address")), &map, opens).is_ok()
    }

    #[test]
    fn this_machine_is_named_by_localhost_and_loopback_addresses() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.3.2.1:80", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.example",
            "example:8080",
            "127.0.0.1.example",
            "192.168.0.1",
            "::1",
            "[::1",
            "[::2]:80",
            "localhost:80:80",
            "localhost:x",
            "[127.0.0.1]",
            "0.0.0.0",
            "127.1",
            "2130706433",
            "localhost.",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_own_page_and_tools_may_ask_and_others_may_not() {
        const HERE: (&str, &str) = ("host", "localhost:8080");
        for (peer, headers, opens, may) in [
            ("127.0.0.1", &[HERE][..], false, true),
            ("::1", &[HERE], false, true),
            ("::ffff:127.0.0.1", &[HERE], false, true),
            ("192.168.0.7", &[HERE], false, false),
            ("127.0.0.1", &[], false, false),
            ("127.0.0.1", &[HERE, HERE], false, false),
            ("127.0.0.1", &[("host", "console.example:8080")], true, false),
            ("127.0.0.1", &[HERE, ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")], false, true),
            ("127.0.0.1", &[HERE, ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-site")], false, false),
            ("127.0.0.1", &[HERE, ("origin", "http://localhost:8081")], false, false),
            ("127.0.0.1", &[HERE, ("origin", "https://localhost:8080")], false, false),
            (
                "127.0.0.1",
                &[HERE, ("origin", "http://localhost:8080"), ("origin", "http://page.example")],
                false,
                false,
            ),
            ("127.0.0.1", &[HERE, ("origin", "null")], false, false),
            ("127.0.0.1", &[HERE, ("origin", "http://page.example")], true, false),
            ("127.0.0.1", &[HERE, ("sec-fetch-site", "none")], false, true),
            ("127.0.0.1", &[HERE, ("sec-fetch-site", "cross-site")], false, false),
            ("127.0.0.1", &[HERE, ("sec-fetch-site", "cross-site")], true, true),
        ] {
            assert_eq!(asked(peer, headers, opens), may, "{peer} {headers:?} {opens}");
        }
    }
}
