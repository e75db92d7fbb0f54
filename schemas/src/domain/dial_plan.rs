//! How numbers are dialled at a node: from a number as the world writes it to the digits for a
//! telephone there, and back.
//!
//! Pure text work. Whether a number exists, and which trunk a call takes, is for the node to know.
//! The gateway has one plan a node in its settings; the simulated node has its own.

use serde::{Deserialize, Serialize};

/// Longest number of E.164, country code included.
const LONGEST: usize = 15;
/// Shortest that can be one: a country code and something behind it.
const SHORTEST: usize = 5;
/// Longest text that is looked at; separators are many in the wild.
const LONGEST_TEXT: usize = 64;

/// A node's dial plan. Every prefix is digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    /// Numbers of up to so many digits are extensions, 1 to 7.
    pub extension_digits: u8,
    /// Dialled first for a number outside; may be empty.
    pub outside_prefix: String,
    /// Seizes a trunk; the outside prefix where it is not set.
    #[serde(default)]
    pub trunk_prefix: Option<String>,
    /// Before a number of another area of this country; may be empty.
    #[serde(default)]
    pub long_distance_prefix: String,
    /// Before a country code.
    pub international_prefix: String,
    /// Of the node's own country, without `+`.
    pub country_code: String,
    /// Areas that are dialled without their code; none where there are none.
    #[serde(default)]
    pub local_area_codes: Vec<String>,
    /// Digits of a number within an area, where all have so many.
    #[serde(default)]
    pub local_digits: Option<u8>,
    /// Digits of a number with its area's code, where all have so many.
    #[serde(default)]
    pub national_digits: Option<u8>,
}

/// Why a number cannot be converted; the text is for the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    #[error("The number is missing or empty.")]
    Empty,
    #[error("The number may hold only digits, a leading +, and spaces, dashes, dots, slashes and brackets.")]
    NotANumber,
    #[error("The number is too long.")]
    TooLong,
    #[error("The number is too short.")]
    TooShort,
    #[error("A country code does not begin with 0.")]
    NoCountry,
    #[error("A number outside is dialled with the outside prefix.")]
    NotOutside,
}

/// A number as it was written: which of its parts are there.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    Extension(String),
    /// Within one of the local areas.
    Local(String),
    /// With its area's code.
    National(String),
    /// With its country code.
    International(String),
}

impl DialPlan {
    /// Its faults, each with the key that it is about.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let digits = |text: &str, longest: usize| text.len() <= longest && text.bytes().all(|b| b.is_ascii_digit());
        let some = |text: &str, longest: usize| !text.is_empty() && digits(text, longest);
        let within = |count: Option<u8>| count.is_none_or(|count| (1..=15).contains(&count));
        let mut faults = Vec::new();
        let mut check = |right: bool, key, text| {
            if !right {
                faults.push((key, text));
            }
        };
        check((1..=7).contains(&self.extension_digits), "extension_digits", "must be 1 to 7");
        check(digits(&self.outside_prefix, 8), "outside_prefix", "must be at most 8 digits");
        let trunk = self.trunk_prefix.as_deref().unwrap_or_default();
        check(digits(trunk, 8), "trunk_prefix", "must be at most 8 digits");
        check(digits(&self.long_distance_prefix, 8), "long_distance_prefix", "must be at most 8 digits");
        check(some(&self.international_prefix, 8), "international_prefix", "must be 1 to 8 digits");
        let country = some(&self.country_code, 3) && !self.country_code.starts_with('0');
        check(country, "country_code", "must be 1 to 3 digits, the first of them not 0");
        let areas = self.local_area_codes.len() <= 64 && self.local_area_codes.iter().all(|code| some(code, 6));
        check(areas, "local_area_codes", "must be at most 64 codes of 1 to 6 digits");
        check(within(self.local_digits), "local_digits", "must be 1 to 15");
        check(within(self.national_digits), "national_digits", "must be 1 to 15");
        faults
    }

    /// What seizes a trunk.
    #[must_use]
    pub fn trunk_prefix(&self) -> &str {
        self.trunk_prefix.as_deref().unwrap_or(&self.outside_prefix)
    }

    /// What is dialled at a telephone of the node for a number as the world writes it: with `+` or
    /// `00` and the country code, with the area's code, or an extension. Digits alone that are
    /// neither an extension nor as long as a number of this country begin with a country code.
    ///
    /// # Errors
    /// When it is no number.
    pub fn dialable(&self, number: &str) -> Result<String, NumberFault> {
        let (national, outside) = match self.written(number)? {
            Written::Extension(digits) => return Ok(digits),
            Written::Local(digits) => return Ok(format!("{}{digits}", self.outside_prefix)),
            Written::National(digits) => (Some(digits), String::new()),
            Written::International(digits) => match digits.strip_prefix(self.country_code.as_str()) {
                Some(national) => (Some(national.to_owned()), digits),
                None => (None, digits),
            },
        };
        let prefix = &self.outside_prefix;
        Ok(match national {
            None => format!("{prefix}{}{outside}", self.international_prefix),
            Some(national) => match self.within_area(&national) {
                Some(local) => format!("{prefix}{local}"),
                None => format!("{prefix}{}{national}", self.long_distance_prefix),
            },
        })
    }

    /// The numbers that digits at the node may stand for, with `+` and country code; an extension
    /// as it is. `incoming`: as the network shows a caller; else as a telephone of the node
    /// dialled them. There are several when the digits do not say which local area is meant.
    ///
    /// # Errors
    /// When they are no number; when they were dialled without the outside prefix.
    pub fn canonical(&self, digits: &str, incoming: bool) -> Result<Vec<String>, NumberFault> {
        let written = if incoming { self.shown(digits)? } else { self.dialled(digits)? };
        let numbers: Vec<_> = written.into_iter().map(|written| self.with_country(written)).collect();
        match numbers.iter().find(|number| number.len() > LONGEST + 1) {
            Some(_) => Err(NumberFault::TooLong),
            None => Ok(numbers),
        }
    }

    fn with_country(&self, written: Written) -> String {
        match written {
            Written::Extension(digits) => digits,
            Written::Local(digits) | Written::National(digits) => format!("+{}{digits}", self.country_code),
            Written::International(digits) => format!("+{digits}"),
        }
    }

    /// A number of this country without the code of its area, where that is local and something
    /// is behind it.
    fn within_area<'a>(&self, national: &'a str) -> Option<&'a str> {
        let local = |code: &String| national.strip_prefix(code.as_str()).filter(|local| self.may_be_local(local));
        self.local_area_codes.iter().find_map(local)
    }

    fn may_be_local(&self, digits: &str) -> bool {
        !digits.is_empty() && self.local_digits.is_none_or(|count| digits.len() == usize::from(count))
    }

    fn is_extension(&self, digits: &str) -> bool {
        digits.len() <= usize::from(self.extension_digits)
    }

    fn written(&self, number: &str) -> Result<Written, NumberFault> {
        let (plus, digits) = digits_of(number)?;
        if !plus && self.is_extension(&digits) {
            return Ok(Written::Extension(digits));
        }
        if let Some(international) = international(plus, &digits)? {
            return Ok(Written::International(international));
        }
        let as_long_as = |count: Option<u8>| count.is_some_and(|count| digits.len() == usize::from(count));
        match () {
            () if as_long_as(self.local_digits) => Ok(Written::Local(digits)),
            () if as_long_as(self.national_digits) => Ok(Written::National(digits)),
            () => Ok(Written::International(complete(digits)?)),
        }
    }

    /// As the network shows a caller.
    fn shown(&self, number: &str) -> Result<Vec<Written>, NumberFault> {
        let (plus, digits) = digits_of(number)?;
        if !plus && self.is_extension(&digits) {
            return Ok(vec![Written::Extension(digits)]);
        }
        if let Some(international) = international(plus, &digits)? {
            return Ok(vec![Written::International(international)]);
        }
        self.behind_outside(&digits)
    }

    /// As a telephone dialled.
    fn dialled(&self, number: &str) -> Result<Vec<Written>, NumberFault> {
        let (plus, digits) = digits_of(number)?;
        if plus {
            return Ok(vec![Written::International(complete(digits)?)]);
        }
        if self.is_extension(&digits) {
            return Ok(vec![Written::Extension(digits)]);
        }
        match digits.strip_prefix(self.outside_prefix.as_str()) {
            None => Err(NumberFault::NotOutside),
            Some("") => Err(NumberFault::TooShort),
            Some(outside) => self.behind_outside(outside),
        }
    }

    /// What digits behind the outside prefix may mean.
    fn behind_outside(&self, digits: &str) -> Result<Vec<Written>, NumberFault> {
        if let Some(international) = digits.strip_prefix(self.international_prefix.as_str()) {
            return Ok(vec![Written::International(complete(international.to_owned())?)]);
        }
        let as_long_as = |digits: &str, count: Option<u8>| count.is_none_or(|count| digits.len() == usize::from(count));
        if !self.long_distance_prefix.is_empty() {
            let national = digits.strip_prefix(self.long_distance_prefix.as_str());
            if let Some(national) = national.filter(|n| !n.is_empty() && as_long_as(n, self.national_digits)) {
                return Ok(vec![Written::National(national.to_owned())]);
            }
        }
        if self.national_digits.is_some() && as_long_as(digits, self.national_digits) {
            return Ok(vec![Written::National(digits.to_owned())]);
        }
        let local = |code: &String| Written::Local(format!("{code}{digits}"));
        let locals: Vec<_> = self.local_area_codes.iter().map(local).collect();
        match () {
            () if self.may_be_local(digits) && !locals.is_empty() => Ok(locals),
            // No area's code is left out here, and no length says otherwise.
            () if self.national_digits.is_none() && self.local_area_codes.is_empty() => {
                Ok(vec![Written::National(digits.to_owned())])
            }
            () => Ok(vec![Written::International(complete(digits.to_owned())?)]),
        }
    }
}

/// Whether a `+` leads, and the digits without what only parts them.
fn digits_of(number: &str) -> Result<(bool, String), NumberFault> {
    let number = number.trim();
    if number.len() > LONGEST_TEXT {
        return Err(NumberFault::TooLong);
    }
    let (plus, rest) = number.strip_prefix('+').map_or((false, number), |rest| (true, rest));
    // The trunk prefix that some write for readers of the same country: +49 (0)69 12345.
    let rest = if plus { rest.replacen("(0)", "", 1) } else { rest.to_owned() };
    let mut digits = String::new();
    for letter in rest.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '\u{a0}' | '-' | '\u{2011}' | '\u{2013}' | '.' | '/' | '(' | ')' => {}
            _ => return Err(NumberFault::NotANumber),
        }
    }
    if digits.is_empty() { Err(NumberFault::Empty) } else { Ok((plus, digits)) }
}

/// Country code and all behind it, where a `+` or `00` says so.
fn international(plus: bool, digits: &str) -> Result<Option<String>, NumberFault> {
    let written = if plus { Some(digits) } else { digits.strip_prefix("00") };
    written.map(|digits| complete(digits.to_owned())).transpose()
}

/// A number that begins with its country code.
fn complete(digits: String) -> Result<String, NumberFault> {
    match digits.len() {
        length if length > LONGEST => Err(NumberFault::TooLong),
        length if length < SHORTEST => Err(NumberFault::TooShort),
        _ if digits.starts_with('0') => Err(NumberFault::NoCountry),
        _ => Ok(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::NumberFault::{Empty, NoCountry, NotANumber, NotOutside, TooLong, TooShort};
    use super::*;

    fn lab() -> DialPlan {
        DialPlan {
            extension_digits: 4,
            outside_prefix: "9".into(),
            trunk_prefix: None,
            long_distance_prefix: "1".into(),
            international_prefix: "011".into(),
            country_code: "1".into(),
            local_area_codes: vec!["613".into()],
            local_digits: Some(7),
            national_digits: Some(10),
        }
    }

    /// A country whose numbers have no fixed length.
    fn germany() -> DialPlan {
        DialPlan {
            extension_digits: 3,
            outside_prefix: "0".into(),
            trunk_prefix: Some("0".into()),
            long_distance_prefix: "0".into(),
            international_prefix: "00".into(),
            country_code: "49".into(),
            local_area_codes: vec!["69".into(), "6101".into()],
            local_digits: None,
            national_digits: None,
        }
    }

    /// No prefix for long distance, and no areas.
    fn denmark() -> DialPlan {
        DialPlan {
            long_distance_prefix: String::new(),
            international_prefix: "00".into(),
            country_code: "45".into(),
            local_area_codes: Vec::new(),
            local_digits: None,
            national_digits: Some(8),
            ..lab()
        }
    }

    #[test]
    fn a_number_of_the_world_is_dialled_as_the_plan_says() {
        let long = format!("+1{}", "6".repeat(15));
        let spaced = format!("+1613{}5551234", " ".repeat(70));
        for (plan, number, dialled) in [
            (lab(), "+16135551234", Ok("95551234")),
            (lab(), "+14165551234", Ok("914165551234")),
            (lab(), "+496912345", Ok("9011496912345")),
            (lab(), "+1 (613) 555-1234", Ok("95551234")),
            (lab(), " +1.613.555.1234 ", Ok("95551234")),
            (lab(), "+1\u{a0}613\u{2011}555\u{2013}1234", Ok("95551234")),
            (lab(), "0016135551234", Ok("95551234")),
            (lab(), "00 49 69/12345", Ok("9011496912345")),
            (lab(), "+49 (0)69 12345", Ok("9011496912345")),
            (lab(), "16135551234", Ok("95551234")),
            (lab(), "496912345", Ok("9011496912345")),
            (lab(), "(613) 555-1234", Ok("95551234")),
            (lab(), "416-555-1234", Ok("914165551234")),
            (lab(), "555-1234", Ok("95551234")),
            (lab(), "1001", Ok("1001")),
            (lab(), "0", Ok("0")),
            // Too few digits behind the area's code for a number there.
            (lab(), "+1613555", Ok("91613555")),
            (lab(), "", Err(Empty)),
            (lab(), "  ", Err(Empty)),
            (lab(), "+", Err(Empty)),
            (lab(), "()-", Err(Empty)),
            (lab(), "+1", Err(TooShort)),
            (lab(), "001", Ok("001")),
            (lab(), "00123", Err(TooShort)),
            (lab(), "+06912345", Err(NoCountry)),
            (lab(), "0006912345", Err(NoCountry)),
            (lab(), &long, Err(TooLong)),
            (lab(), &spaced, Err(TooLong)),
            (lab(), "+1613555CALL", Err(NotANumber)),
            (lab(), "613+5551234", Err(NotANumber)),
            (lab(), "*72", Err(NotANumber)),
            (lab(), "+1613555١٢٣٤", Err(NotANumber)),
            (lab(), "private", Err(NotANumber)),
            (lab(), "tel:+16135551234", Err(NotANumber)),
            (germany(), "+496912345", Ok("012345")),
            (germany(), "+496101123", Ok("0123")),
            (germany(), "+4930123456", Ok("0030123456")),
            (germany(), "+16135551234", Ok("00016135551234")),
            (denmark(), "+4533123456", Ok("933123456")),
            (denmark(), "33 12 34 56", Ok("933123456")),
            (denmark(), "+496912345", Ok("900496912345")),
        ] {
            assert_eq!(plan.dialable(number).as_deref(), dialled.as_ref().map(|text| *text), "{number} with {plan:?}");
        }
    }

    #[test]
    fn digits_at_the_node_stand_for_a_number_of_the_world() {
        const SHOWN: bool = true;
        const DIALLED: bool = false;
        let long = format!("9{}", "5".repeat(16));
        for (plan, digits, incoming, numbers) in [
            (lab(), "95551234", DIALLED, Ok(&["+16135551234"][..])),
            (lab(), "914165551234", DIALLED, Ok(&["+14165551234"])),
            (lab(), "94165551234", DIALLED, Ok(&["+14165551234"])),
            (lab(), "9011496912345", DIALLED, Ok(&["+496912345"])),
            (lab(), "9-011-49 69 12345", DIALLED, Ok(&["+496912345"])),
            (lab(), "1001", DIALLED, Ok(&["1001"])),
            (lab(), "+14165551234", DIALLED, Ok(&["+14165551234"])),
            (lab(), "5551234", DIALLED, Err(NotOutside)),
            (lab(), "9011", DIALLED, Ok(&["9011"])),
            (lab(), "90110", DIALLED, Err(TooShort)),
            (lab(), &long, DIALLED, Err(TooLong)),
            (lab(), "6135551234", SHOWN, Ok(&["+16135551234"])),
            (lab(), "16135551234", SHOWN, Ok(&["+16135551234"])),
            (lab(), "+16135551234", SHOWN, Ok(&["+16135551234"])),
            (lab(), "(613) 555-1234", SHOWN, Ok(&["+16135551234"])),
            (lab(), "5551234", SHOWN, Ok(&["+16135551234"])),
            (lab(), "011496912345", SHOWN, Ok(&["+496912345"])),
            (lab(), "00496912345", SHOWN, Ok(&["+496912345"])),
            (lab(), "496912345", SHOWN, Ok(&["+496912345"])),
            (lab(), "1001", SHOWN, Ok(&["1001"])),
            (lab(), "", SHOWN, Err(Empty)),
            (lab(), "", DIALLED, Err(Empty)),
            (lab(), "private", SHOWN, Err(NotANumber)),
            (lab(), "anonymous", SHOWN, Err(NotANumber)),
            (lab(), "9#", DIALLED, Err(NotANumber)),
            (lab(), "9555555555555", SHOWN, Ok(&["+9555555555555"])),
            (germany(), "012345", DIALLED, Ok(&["+496912345", "+49610112345"])),
            (germany(), "0030123456", DIALLED, Ok(&["+4930123456"])),
            (germany(), "00016135551234", DIALLED, Ok(&["+16135551234"])),
            (germany(), "030123456", SHOWN, Ok(&["+4930123456"])),
            (denmark(), "933123456", DIALLED, Ok(&["+4533123456"])),
            (denmark(), "33123456", SHOWN, Ok(&["+4533123456"])),
        ] {
            let told = plan.canonical(digits, incoming);
            let told: Result<Vec<&str>, _> = match &told {
                Ok(numbers) => Ok(numbers.iter().map(String::as_str).collect()),
                Err(fault) => Err(*fault),
            };
            assert_eq!(told, numbers.map(<[&str]>::to_vec), "{digits} with {plan:?}, incoming: {incoming}");
        }
    }

    #[test]
    fn what_is_dialled_for_a_number_stands_for_it() {
        for plan in [lab(), germany(), denmark()] {
            for number in [
                "+16135551234",
                "+14165551234",
                "+496912345",
                "+4930123456",
                "+4533123456",
                "+441632960123",
                "+35312345678",
            ] {
                let dialled = plan.dialable(number).expect(number);
                let back = plan.canonical(&dialled, false).expect(&dialled);
                assert!(back.iter().any(|told| told == number), "{number} as {dialled} is {back:?} with {plan:?}");
            }
        }
    }

    #[test]
    fn every_fault_of_a_plan_is_named_with_its_key() {
        assert!(lab().faults().is_empty() && germany().faults().is_empty() && denmark().faults().is_empty());
        let plan = DialPlan {
            extension_digits: 8,
            outside_prefix: "a".into(),
            trunk_prefix: Some("#".into()),
            long_distance_prefix: "123456789".into(),
            international_prefix: String::new(),
            country_code: "01".into(),
            local_area_codes: vec![String::new()],
            local_digits: Some(0),
            national_digits: Some(16),
        };
        let keys: Vec<_> = plan.faults().into_iter().map(|(key, _)| key).collect();
        let all = [
            "extension_digits",
            "outside_prefix",
            "trunk_prefix",
            "long_distance_prefix",
            "international_prefix",
            "country_code",
            "local_area_codes",
            "local_digits",
            "national_digits",
        ];
        assert_eq!(keys, all);
    }
}
