//! The text of a DeviceID: a plain number, or the switching form `N<DN!subaddress&appearance/ext%agent>NAME`.
//!
//! The form has no escapes, so what cannot be said in it is left out rather than said wrongly.
//! Used by `read` and `write` alone.

use std::borrow::Cow;

use super::read::{ReadFault, bounded, bounded_whole};
use crate::domain::DeviceRef;

/// What ends the number, or the form itself.
const DELIMITERS: [char; 6] = ['!', '&', '/', '%', '<', '>'];

/// Reads number, button, set (the extension of a button) and name; other parts of the form are skipped, a missing `>` is
/// forgiven.
pub(super) fn read(text: &str) -> Result<DeviceRef, ReadFault> {
    let text = text.trim_start();
    let Some(form) = text.strip_prefix("N<").or_else(|| text.strip_prefix('<')) else {
        return Ok(DeviceRef::number(bounded(text)?));
    };
    let (inside, name) = form.split_once('>').unwrap_or((form, ""));
    let number = &inside[..inside.find(DELIMITERS).unwrap_or(inside.len())];
    let button = inside.split_once('&').and_then(|(_, after)| {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        after[..digits].parse().ok()
    });
    let set = match inside.split_once('/') {
        Some((_, after)) if button.is_some() => bounded(&after[..after.find(DELIMITERS).unwrap_or(after.len())])?,
        _ => "",
    };
    let number = bounded(number)?;
    let set = (!set.is_empty() && set != number).then(|| set.to_owned());
    let name = bounded_whole(without_layout(name))?;
    let name = (!name.trim().is_empty()).then(|| name.to_owned());
    Ok(DeviceRef { button, set, name, ..DeviceRef::number(number) })
}

/// A name without the line break and the indentation that some writers put before the element's end. Blanks are the
/// name's own.
fn without_layout(name: &str) -> &str {
    let end = name.trim_end().len();
    let layout = name[end..].find(['\n', '\r', '\t']);
    layout.map_or(name, |at| &name[..end + at])
}

/// Plain, or the switching form when a button or name is to be said. A number with a character of
/// the form in it goes plain, without them: a wrong number is worse than a missing name.
pub(super) fn write(device: &DeviceRef) -> Cow<'_, str> {
    let plain = device.button.is_none() && device.name.is_none();
    if plain || device.number.contains(DELIMITERS) {
        return Cow::Borrowed(&device.number);
    }
    let name = device.name.as_deref().unwrap_or_default();
    let set = device.set.as_deref().filter(|set| !set.is_empty() && *set != device.number && !set.contains(DELIMITERS));
    Cow::Owned(match (device.button, set) {
        (Some(button), Some(set)) => format!("N<{}&{button}/{set}>{name}", device.number),
        (Some(button), None) => format!("N<{}&{button}>{name}", device.number),
        (None, _) => format!("N<{}>{name}", device.number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: &str, button: Option<u8>, name: Option<&str>) -> DeviceRef {
        DeviceRef { button, name: name.map(str::to_owned), ..DeviceRef::number(number) }
    }

    fn at(number: &str, button: u8, set: &str, name: Option<&str>) -> DeviceRef {
        DeviceRef { set: Some(set.to_owned()), ..device(number, Some(button), name) }
    }

    #[test]
    fn every_form_of_the_text_is_read() {
        for (text, number, button, name) in [
            ("1000", "1000", None, None),
            (" 1000\n", "1000", None, None),
            ("", "", None, None),
            ("+41 31 555 01 00", "+41 31 555 01 00", None, None),
            ("*57#,1", "*57#,1", None, None),
            ("N<123!98>", "123", None, None),
            ("N<1000>", "1000", None, None),
            ("N<1000&2>", "1000", Some(2), None),
            ("N<1000>Last, First", "1000", None, Some("Last, First")),
            ("N<1000&2/1000>", "1000", Some(2), None),
            ("N<1000&2/>", "1000", Some(2), None),
            ("N<1000/7%47>", "1000", None, None),
            ("N<1000&300>", "1000", None, None),
            ("N<1000&x>", "1000", None, None),
            ("N<1000", "1000", None, None),
            ("N<>Anna", "", None, Some("Anna")),
            ("N<1000>  Anna ", "1000", None, Some("  Anna ")),
            ("\n  N<1000>Anna \n  ", "1000", None, Some("Anna ")),
            ("N<1000>\t", "1000", None, None),
            ("N<1000>  ", "1000", None, None),
            ("<1000>Anna", "1000", None, Some("Anna")),
            ("N1000", "N1000", None, None),
            ("sip:1000@example.net", "sip:1000@example.net", None, None),
        ] {
            assert_eq!(read(text), Ok(device(number, button, name)), "{text}");
        }
        assert_eq!(read("N<1600&3/1012>"), Ok(at("1600", 3, "1012", None)));
        assert_eq!(read("N<1000!5&2/7%4711>A & B > C"), Ok(at("1000", 2, "7", Some("A & B > C"))));
        for long in [
            "1".repeat(257),
            format!("N<{}>", "1".repeat(257)),
            format!("N<1>{}", "ä".repeat(257)),
            format!("N<1&2/{}>", "1".repeat(257)),
            format!("N<1>A{}", " ".repeat(256)),
        ] {
            assert_eq!(read(&long), Err(ReadFault::TooLong));
        }
        assert!(read(&format!("N<1>{}", "ä".repeat(256))).is_ok());
    }

    #[test]
    fn what_the_form_cannot_say_is_left_out() {
        for (device, text) in [
            (device("1000", None, None), "1000"),
            (device("1000", Some(2), None), "N<1000&2>"),
            (device("1000", None, Some("Last, First")), "N<1000>Last, First"),
            (device("1000", Some(2), Some("Anna")), "N<1000&2>Anna"),
            (at("1600", 3, "1012", None), "N<1600&3/1012>"),
            (at("1600", 3, "1012", Some("Anna")), "N<1600&3/1012>Anna"),
            (at("1600", 3, "10/12", None), "N<1600&3>"),
            (DeviceRef { set: Some("1012".into()), ..device("1600", None, None) }, "1600"),
            (device("10!00", Some(2), Some("Anna")), "10!00"),
            (device("", None, Some("Anna")), "N<>Anna"),
        ] {
            assert_eq!(write(&device), text);
        }
    }
}
