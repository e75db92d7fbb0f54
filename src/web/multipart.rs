//! The parts of a form with a file (`multipart/form-data`, RFC 7578), out of a body that was read within its bounds. What
//! browsers send, and nothing more: no nesting, no encodings.

use actix_web::web::Bytes;

/// Parts of a form.
const PARTS: usize = 32;
/// Bytes of the headers of one.
const HEADERS: usize = 2048;
/// Characters of a boundary, by the standard.
const BOUNDARY: usize = 70;

/// A field of the form.
#[derive(Debug)]
pub(crate) struct Part {
    pub name: String,
    /// It came with the name of a file; which one is nobody's business here.
    pub is_file: bool,
    pub content: Bytes,
}

/// The boundary that a content type names; `None` when it is no such form.
pub(crate) fn boundary(kind: &str) -> Option<String> {
    let (kind, parameters) = kind.split_once(';')?;
    let boundary = parameter(parameters, "boundary")?;
    let is = kind.trim().eq_ignore_ascii_case("multipart/form-data")
        && (1..=BOUNDARY).contains(&boundary.len())
        && boundary.bytes().all(|byte| byte.is_ascii_graphic());
    is.then_some(boundary)
}

/// The parts of a body; `None` when it is not well made.
pub(crate) fn read(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let (first, between) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut parts = Vec::new();
    let mut at = body.starts_with(first.as_bytes()).then_some(first.len())?;
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let rest = rest.strip_prefix(b"\r\n").filter(|_| parts.len() < PARTS)?;
        at += 2;
        let head = find(&rest[..rest.len().min(HEADERS)], b"\r\n\r\n")?;
        let (name, is_file) = disposition(std::str::from_utf8(&rest[..head]).ok()?)?;
        let content = &rest[head + 4..];
        let length = find(content, between.as_bytes())?;
        let from = at + head + 4;
        parts.push(Part { name, is_file, content: body.slice(from..from + length) });
        at = from + length + between.len();
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

/// The name of a field, and whether it is a file.
fn disposition(headers: &str) -> Option<(String, bool)> {
    let is = |name: &str| name.trim().eq_ignore_ascii_case("content-disposition");
    let value = headers.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| is(name))?.1;
    let (kind, parameters) = value.split_once(';')?;
    let name = parameter(parameters, "name").filter(|_| kind.trim().eq_ignore_ascii_case("form-data"))?;
    Some((name, parameter(parameters, "filename").is_some()))
}

/// A parameter of a header: `a=b; c="d; e"`.
fn parameter(mut text: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, rest) = text.split_once('=')?;
        let rest = rest.trim_start();
        let (value, rest) = match rest.strip_prefix('"') {
            // Browsers write a quote within as %22.
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find(';').unwrap_or(rest.len())),
        };
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim_end().to_owned());
        }
        text = rest.trim_start().trim_start_matches(';');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n--b--x\r\n\
        content-disposition: form-data; filename=\"a;name=\u{e4}%22.csv\"; name=\"file\"\r\nContent-Type: text/csv\r\n\r\n\
        email\r\n--b-\r\n\r\n--b--x--\r\n";

    fn told(body: &str, boundary: &str) -> Option<Vec<(String, bool, String)>> {
        let parts = read(&Bytes::from(body.to_owned()), boundary)?;
        let text = |part: Part| {
            (part.name, part.is_file, String::from_utf8(part.content.to_vec()).expect("text in these tests"))
        };
        Some(parts.into_iter().map(text).collect())
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let expected =
            vec![("token".into(), false, "abc".into()), ("file".into(), true, "email\r\n--b-\r\n".to_owned())];
        assert_eq!(told(FORM, "b--x"), Some(expected));
        assert_eq!(told("--b--", "b"), Some(Vec::new()));
        for (kind, expected) in [
            ("multipart/form-data; boundary=----WebKit7", Some("----WebKit7")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"b x\"", None),
            ("multipart/form-data; boundary=\"b\"", Some("b")),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=b", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "b".repeat(71))), None);
    }

    #[test]
    fn what_is_not_well_made_is_refused_wherever_it_ends() {
        for end in 0..FORM.len() - 4 {
            if FORM.is_char_boundary(end) {
                assert_eq!(told(&FORM[..end], "b--x"), None, "{end}");
            }
        }
        let part = "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b";
        assert_eq!(told(&format!("--b{}--", part.repeat(PARTS)), "b").map(|parts| parts.len()), Some(PARTS));
        assert_eq!(told(&format!("--b{}--", part.repeat(PARTS + 1)), "b"), None);
        let long = "x".repeat(HEADERS);
        for body in [
            "--b\r\nX: y\r\n\r\n\r\n--b--".to_owned(),
            "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--b--".into(),
            "--b\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\n\r\n--b--".into(),
            format!("--b\r\nX: {long}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--"),
            "--c\r\n".into(),
        ] {
            assert_eq!(told(&body, "b"), None, "{body}");
        }
    }
}
