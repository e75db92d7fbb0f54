//! Whether a request that changes something was sent by a page of this site: what the browser says of it. Besides the
//! form's token, which no other page knows.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use super::WebFault;
use crate::http::caller::Caller;

/// # Errors
/// [`WebFault::Forged`] when another page sent it. Who says nothing is no browser.
pub(super) fn is_own(request: &HttpRequest) -> Result<(), WebFault> {
    if own(request.headers(), Caller::of(request).secure) { Ok(()) } else { Err(WebFault::Forged) }
}

fn own(headers: &HeaderMap, secure: bool) -> bool {
    let all = |name: &str| headers.get_all(name).map(|value| value.to_str().unwrap_or("?").to_owned());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if secure { "https" } else { "http" };
    all("sec-fetch-site").all(|site| site == "same-origin")
        && all(ORIGIN.as_str()).all(|origin| origin == format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_page_of_the_same_scheme_host_and_port_may_send_a_form() {
        let is_own = |given: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("certs.example:8444"));
            for (name, value) in given {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            own(&headers, true)
        };
        for given in [
            &[][..],
            &[("origin", "https://certs.example:8444")],
            &[("origin", "https://certs.example:8444"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(is_own(given), "{given:?}");
        }
        for given in [
            &[("origin", "http://certs.example:8444")][..],
            &[("origin", "https://certs.example")],
            &[("origin", "https://certs.example:8444.evil.example")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://certs.example:8444"), ("origin", "https://evil.example")],
            &[("origin", "https://certs.example:8444"), ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!is_own(given), "{given:?}");
        }
    }
}
