//! What the certificate server keeps: members, their requests, the access control list with its certificates, and the
//! mail that tells of decisions. A file for each; pages and mail texts are `crate::certs`.
//!
//! Every function that changes something belongs into one [`super::Storage::write`] with whatever else is to happen
//! with it: the audit line, the list's version, the mail.

pub mod entry;
pub mod mail;
pub mod member;
pub mod request;

use super::error::StorageError;

/// Characters of a company's or an application's name.
pub const LONGEST_NAME: usize = 64;
/// Characters of whom to ask about an application, and of a reason.
pub const LONGEST_CONTACT: usize = 200;
pub const LONGEST_REASON: usize = 1000;
/// Of a member's account number.
pub const LONGEST_MSA_NUMBER: usize = 32;

/// Both names as they are compared: two that differ in case alone are one. No name has the character between them.
#[must_use]
pub fn key(company: &str, application: &str) -> String {
    format!("{}\n{}", company.to_lowercase(), application.to_lowercase())
}

/// Whether a character is one that people see as it is: no control character, and none that hides, or turns the
/// direction of what follows.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        && !matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it can be the name of a company or an application; else what is wrong with it.
///
/// # Errors
/// As a sentence for whoever wrote it.
pub fn is_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is missing");
    }
    if name.chars().count() > LONGEST_NAME {
        return Err("has more than 64 characters");
    }
    if name.trim() != name {
        return Err("begins or ends with a space");
    }
    if !name.chars().all(is_plain) {
        return Err("has a character that cannot be seen");
    }
    // Gateways read the application's name out of the certificate's common name up to it.
    if name.contains(":--:") {
        return Err("must not have :--: in it");
    }
    Ok(())
}

/// Whether it is one line of text that people read.
fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && text.chars().all(is_plain)
}

/// Whether it is a text of some lines.
fn is_text(text: &str, longest: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= longest
        && text.chars().all(|c| is_plain(c) || matches!(c, '\n' | '\r'))
}

fn reason_of(object: &str, reason: &str) -> Result<String, StorageError> {
    if is_text(reason, LONGEST_REASON) {
        return Ok(reason.trim().to_owned());
    }
    Err(StorageError::invalid(object, "a reason of 1 to 1000 characters is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_people_can_read_and_tell_apart() {
        for name in ["Pop", "Bühne & Co <b>", "a:--b", "日本", &"x".repeat(64)] {
            assert_eq!(is_name(name), Ok(()), "{name}");
        }
        for (name, fault) in [
            ("", "is missing"),
            (" Pop", "space"),
            ("Pop ", "space"),
            ("a\nb", "cannot be seen"),
            ("a\0b", "cannot be seen"),
            ("gro\u{202e}lla", "cannot be seen"),
            ("P\u{200b}op", "cannot be seen"),
            ("Pop:--:NonTrusted", ":--:"),
            (&"x".repeat(65), "more than 64"),
        ] {
            assert!(is_name(name).is_err_and(|told| told.contains(fault)), "{name:?}");
        }
        assert_eq!(key("Example Co", "POP"), key("example co", "pop"));
        assert_ne!(key("a b", "c"), key("a", "b c"));
    }
}
