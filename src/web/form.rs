//! A form as a browser sends it: `application/x-www-form-urlencoded`, and `multipart/form-data` where a site takes a file.
//! The guard has read it, within its bounds.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Query};
use actix_web::{HttpMessage as _, HttpRequest};
use secrecy::SecretString;

use super::{WebFault, multipart};

/// Fields of a form.
const FIELDS: usize = 64;

/// The body of a request, as the guard leaves it.
pub(super) struct Body {
    pub bytes: Bytes,
    /// A file may be in it.
    pub upload: bool,
}

/// A form's fields. No `Debug`: passwords are among them.
pub struct Form {
    fields: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Form {
    /// # Errors
    /// [`WebFault::NoForm`] when it is none, or a field is there twice.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, WebFault> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let extensions = request.extensions();
        let body = extensions.get::<Body>().ok_or(WebFault::NoForm)?;
        if let Some(boundary) = multipart::boundary(kind).filter(|_| body.upload) {
            return Self::read_parts(&body.bytes, &boundary);
        }
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(WebFault::NoForm);
        }
        Self::read(std::str::from_utf8(&body.bytes).map_err(|_| WebFault::NoForm)?)
    }

    fn read_parts(body: &Bytes, boundary: &str) -> Result<Self, WebFault> {
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        for part in multipart::read(body, boundary).ok_or(WebFault::NoForm)? {
            if part.is_file {
                files.push((part.name, part.content));
            } else {
                let text = String::from_utf8(part.content.to_vec()).map_err(|_| WebFault::NoForm)?;
                fields.push((part.name, text));
            }
        }
        Self::of_fields(fields, files)
    }

    fn read(text: &str) -> Result<Self, WebFault> {
        if text.split('&').count() > FIELDS {
            return Err(WebFault::NoForm);
        }
        let fields = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| WebFault::NoForm)?.into_inner();
        Self::of_fields(fields, Vec::new())
    }

    fn of_fields(fields: Vec<(String, String)>, files: Vec<(String, Bytes)>) -> Result<Self, WebFault> {
        let names: Vec<_> = fields.iter().map(|(name, _)| name).chain(files.iter().map(|(name, _)| name)).collect();
        let twice = names.iter().enumerate().any(|(i, name)| names[..i].contains(name));
        if twice { Err(WebFault::NoForm) } else { Ok(Self { fields, files }) }
    }

    /// What is in a file that was chosen; empty where none was.
    #[must_use]
    pub fn file(&self, name: &str) -> Bytes {
        self.files.iter().find(|(own, _)| own == name).map(|(_, bytes)| bytes.clone()).unwrap_or_default()
    }

    /// A field as it was sent; empty when it was not.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// A field without the spaces around it.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.get(name).trim().to_owned()
    }

    #[must_use]
    pub fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.get(name))
    }

    /// What version of something the page showed.
    ///
    /// # Errors
    /// [`WebFault::NoForm`] when it is no number.
    pub fn version(&self) -> Result<i64, WebFault> {
        self.get("version").parse().map_err(|_| WebFault::NoForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::read("company=B%C3%BChne+%26+Co&empty=&version=7&t=%3Cb%3E").expect("a form");
        assert_eq!((form.get("company"), form.get("empty"), form.get("none")), ("Bühne & Co", "", ""));
        assert_eq!((form.version().ok(), form.get("t")), (Some(7), "<b>"));
        assert_eq!(Form::read("text=+a+").expect("a form").text("text"), "a");
        for text in ["a=1&a=2".to_owned(), "a=&".repeat(FIELDS + 1)] {
            assert!(Form::read(&text).is_err(), "{text}");
        }
    }
}
