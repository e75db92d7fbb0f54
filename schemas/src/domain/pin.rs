//! The PIN of a hot desk user.

use std::fmt;

use super::ids::IdFault;

/// A PIN of 1 to 8 digits. It only ever travels towards a node: neither `Debug` nor an error shows it, and it has no
/// `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// # Errors
    /// [`IdFault::Pin`] when the text is anything but 1 to 8 digits; the text is not in it.
    pub fn new(text: &str) -> Result<Self, IdFault> {
        let fits = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(IdFault::Pin) }
    }

    /// For the frame that brings it to its node, and for the node that holds it against its own.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_one_to_eight_digits() {
        for good in ["0", "1234", "00000000", "99999999"] {
            assert_eq!(Pin::new(good).expect("a PIN").digits(), good);
        }
        for bad in ["", "123456789", "12a4", "-123", "+123", " 1234", "1234 ", "１２３４", "12.4", "\u{660}1"] {
            assert_eq!(Pin::new(bad), Err(IdFault::Pin), "{bad}");
        }
    }

    #[test]
    fn a_pin_is_not_shown() {
        let pin = Pin::new("73519").expect("a PIN");
        assert_eq!(format!("{pin:?}"), "Pin(…)");
        assert!(!Pin::new("73519x").expect_err("no PIN").to_string().contains("73519"));
    }
}
