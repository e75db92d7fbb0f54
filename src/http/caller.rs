//! Who sends a request and by which way: directly or through a proxy that is trusted, under TLS or in clear; and which
//! ways are open.
//!
//! Without HTTPS of its own a gateway takes everything in clear. With it, requests that carry passwords or sessions come in
//! clear only from named networks: for old clients whose TLS nobody speaks any more.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use ipnet::IpNet;

/// Proxies in a chain that are looked at.
const CHAIN: usize = 16;

/// Which ways to the gateway are open.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Whose X-Forwarded headers are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whose requests are taken in clear; everybody's when it is `None`.
    pub plain_networks: Option<Vec<IpNet>>,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub ip: IpAddr,
    /// It came under TLS, at the latest from the proxy's client on.
    pub secure: bool,
}

impl Caller {
    /// Who sends a request of a site: as its door has found out ([`Ways::caller`]), else who is connected.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().copied();
        known.unwrap_or_else(|| Self { ip: peer(request), secure: request.app_config().secure() })
    }
}

/// Whoever has once been here under TLS is to come in no other way: said in every answer that goes under it, never in clear.
pub(crate) fn keep_secure(secure: bool, headers: &mut HeaderMap) {
    if secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// `keep_secure` for everything that a gateway answers, for `middleware::from_fn`.
///
/// # Errors
/// None of its own.
pub async fn guard<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let gateway = request.app_data::<super::Shared>();
    let connected = || request.app_config().secure();
    let secure = gateway.map_or_else(connected, |gateway| gateway.ways.caller(request.request()).secure);
    let mut answer = next.call(request).await?;
    keep_secure(secure, answer.headers_mut());
    Ok(answer)
}

fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.ip())
}

impl Ways {
    /// Who sends this request.
    #[must_use]
    pub fn caller(&self, request: &HttpRequest) -> Caller {
        let (peer, secure) = (peer(request), request.app_config().secure());
        if self.trusted_proxies.is_empty() {
            return Caller { ip: peer, secure };
        }
        self.behind(peer, secure, request.headers())
    }

    /// What a trusted proxy says of the request that it had, in this header.
    pub(crate) fn forwarded<'r>(&self, request: &'r HttpRequest, name: &str) -> Option<&'r str> {
        self.said(peer(request), request.headers(), name)
    }

    fn behind(&self, peer: IpAddr, secure: bool, headers: &HeaderMap) -> Caller {
        if !self.trusted_proxies.contains(&peer) {
            return Caller { ip: peer, secure };
        }
        // Each proxy adds whom it heard from: from the end, the first that is no proxy of ours. What stands before it
        // anybody may have written.
        let said = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        let chain = said.iter().rev().flat_map(|value| value.rsplit(',')).take(CHAIN);
        let chain = chain.map_while(|entry| entry.trim().parse::<IpAddr>().ok());
        let ip = chain.clone().find(|ip| !self.trusted_proxies.contains(ip)).or_else(|| chain.last()).unwrap_or(peer);
        Caller { ip, secure: self.said(peer, headers, "x-forwarded-proto") == Some("https") }
    }

    fn said<'h>(&self, peer: IpAddr, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        let said = || headers.get(name).and_then(|value| value.to_str().ok())?.split(',').next();
        self.trusted_proxies.contains(&peer).then(said).flatten().map(str::trim)
    }

    /// Whether a request with passwords or a session may come by this way.
    #[must_use]
    pub fn are_open_to(&self, caller: Caller) -> bool {
        let named = |networks: &Vec<IpNet>| networks.iter().any(|network| network.contains(&caller.ip.to_canonical()));
        caller.secure || self.plain_networks.as_ref().is_none_or(named)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn ways() -> Ways {
        Ways {
            trusted_proxies: vec![ip("10.0.0.1"), ip("10.0.0.2")],
            plain_networks: Some(vec!["192.168.1.0/24".parse().expect("a network")]),
        }
    }

    #[test]
    fn who_calls_is_believed_of_trusted_proxies_alone() {
        for (case, peer, secure, said, expected) in [
            (
                "nobody's word",
                "192.0.2.7",
                false,
                vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")],
                ("192.0.2.7", false),
            ),
            ("directly under TLS", "192.0.2.7", true, vec![], ("192.0.2.7", true)),
            ("a proxy's client", "10.0.0.1", false, vec![("x-forwarded-for", "192.0.2.7")], ("192.0.2.7", false)),
            (
                "under TLS to the proxy",
                "10.0.0.1",
                false,
                vec![("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https")],
                ("192.0.2.7", true),
            ),
            (
                "what the client wrote first",
                "10.0.0.1",
                true,
                vec![("x-forwarded-for", "192.168.1.9, 192.0.2.7")],
                ("192.0.2.7", false),
            ),
            (
                "two proxies",
                "10.0.0.2",
                false,
                vec![("x-forwarded-for", "192.168.1.9, 192.0.2.7, 10.0.0.1")],
                ("192.0.2.7", false),
            ),
            (
                "two headers",
                "10.0.0.2",
                false,
                vec![("x-forwarded-for", "192.168.1.9"), ("x-forwarded-for", "192.0.2.7")],
                ("192.0.2.7", false),
            ),
            ("nothing said", "10.0.0.1", false, vec![], ("10.0.0.1", false)),
            ("no address", "10.0.0.1", false, vec![("x-forwarded-for", "192.0.2.7, unknown")], ("10.0.0.1", false)),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in said {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let (at, is_secure) = expected;
            let caller = ways().behind(ip(peer), secure, &headers);
            assert_eq!(caller, Caller { ip: ip(at), secure: is_secure }, "{case}");
        }
    }

    #[test]
    fn in_clear_only_named_networks_come() {
        for (at, secure, open) in [
            ("192.168.1.9", false, true),
            ("::ffff:192.168.1.9", false, true),
            ("192.168.2.9", false, false),
            ("192.168.2.9", true, true),
        ] {
            assert_eq!(ways().are_open_to(Caller { ip: ip(at), secure }), open, "{at} {secure}");
            assert!(Ways::default().are_open_to(Caller { ip: ip(at), secure }), "without HTTPS");
        }
    }
}
