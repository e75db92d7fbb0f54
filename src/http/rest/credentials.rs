//! How a request names its session and a login its application: headers and query. Nothing of
//! either reaches a log or an error.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

/// What a login may name, in the words of the contract.
const LOGIN: [&str; 6] =
    ["companyName", "applicationName", "applicationPassword", "localPassword", "certificate", "version"];

/// The session that `Authorization: Bearer` or `?sessionId=` names.
///
/// # Errors
/// The text for the application: two that differ, or one that is no number.
pub(super) fn session(request: &HttpRequest) -> Result<Option<i64>, &'static str> {
    let header = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    // Other schemes are between the client and a proxy.
    let bearer = header.and_then(|v| {
        let (scheme, token) = v.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let query =
        query(request.query_string()).find(|(name, _)| name == "sessionId").map(|(_, value)| value.into_owned());
    let mut found = None;
    for text in [bearer, query].into_iter().flatten() {
        let id: i64 = text.parse().map_err(|_| "The session id is not a whole number.")?;
        if found.replace(id).is_some_and(|other| other != id) {
            return Err("The session is named twice, and differently.");
        }
    }
    Ok(found)
}

/// The fields of a login from query and headers, as the JSON of `loginEx`.
pub(super) fn login(request: &HttpRequest) -> serde_json::Value {
    let mut fields = serde_json::Map::new();
    for name in LOGIN {
        let header = request.headers().get(format!("x-oig-{}", name.to_ascii_lowercase()));
        let header = header.and_then(|v| std::str::from_utf8(v.as_bytes()).ok()).map(str::to_owned);
        let from_query = || query(request.query_string()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        if let Some(value) = header.or_else(from_query) {
            fields.insert(name.to_owned(), value.into());
        }
    }
    fields.into()
}

/// Names and values of a query, decoded; what does not decode is left out.
pub(super) fn query(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(name)?, decoded(value)?))
    })
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: u8| char::from(b).to_digit(16);
                (digit(rest.next()?)? * 16 + digit(rest.next()?)?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_session_is_named_by_header_or_query_but_not_by_both_differently() {
        let twice = "The session is named twice, and differently.";
        let no_number = "The session id is not a whole number.";
        for (uri, header, expected) in [
            ("/x", None, Ok(None)),
            ("/x?sessionId=5", None, Ok(Some(5))),
            ("/x?a=b&sessionId=%35", None, Ok(Some(5))),
            ("/x", Some("Bearer 5"), Ok(Some(5))),
            ("/x", Some("bearer  5 "), Ok(Some(5))),
            ("/x", Some("Basic YTpi"), Ok(None)),
            ("/x?sessionId=5", Some("Bearer 5"), Ok(Some(5))),
            ("/x?sessionId=6", Some("Bearer 5"), Err(twice)),
            ("/x?sessionId=", None, Err(no_number)),
            ("/x", Some("Bearer x"), Err(no_number)),
            ("/x", Some("Bearer 99999999999999999999"), Err(no_number)),
        ] {
            let mut request = TestRequest::with_uri(uri);
            if let Some(header) = header {
                request = request.insert_header((AUTHORIZATION, header));
            }
            assert_eq!(session(&request.to_http_request()), expected, "{uri} {header:?}");
        }
    }

    #[test]
    fn a_login_is_gathered_from_query_and_headers() {
        let request =
            TestRequest::with_uri("/x?companyName=A+%26%20B&applicationPassword=%C3%BC%2B&other=1&version=%zz")
                .insert_header(("X-OIG-applicationName", "Pop"))
                .insert_header(("x-oig-companyname", "Header Co"))
                .to_http_request();
        let expected = serde_json::json!({
            "companyName": "Header Co", "applicationName": "Pop", "applicationPassword": "ü+",
        });
        assert_eq!(login(&request), expected);
    }
}
