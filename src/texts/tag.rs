//! Names of languages (RFC 5646), and which of them a browser wants (`Accept-Language`, RFC 9110).

/// Characters of a header that are looked at, and languages in it.
const LONGEST_HEADER: usize = 1000;
const MOST_WANTED: usize = 20;

/// A language's name as it is kept, `de` or `de-AT`; `None` when it is none: a language of two or three letters, and up
/// to three subtags of two to eight letters or digits.
#[must_use]
pub fn tag(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    if !(2..=3).contains(&language.len()) || !language.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let mut tag = language.to_ascii_lowercase();
    for (i, part) in parts.enumerate() {
        if i == 3 || !(2..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        let lower = part.to_ascii_lowercase();
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            // A script: Hant.
            4 if part.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                tag.push_str(&lower[..1].to_ascii_uppercase());
                tag.push_str(&lower[1..]);
            }
            _ => tag.push_str(&lower),
        }
    }
    Some(tag)
}

/// The language that is wanted most, of those that there are: each as it is named, then without its last part, and so on.
pub(super) fn chosen(header: &str, is_there: impl Fn(&str) -> bool) -> Option<String> {
    let mut wanted: Vec<(u16, &str)> = Vec::new();
    let header = header.get(..LONGEST_HEADER).unwrap_or(header);
    for part in header.split(',').take(MOST_WANTED) {
        let mut parts = part.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        // What cannot be read is wanted least.
        let quality = quality.map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
        if (0.001..=1.0).contains(&quality) {
            // At most 1000.
            wanted.push(((quality * 1000.0) as u16, name));
        }
    }
    // Those that are wanted alike stay in their order.
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    for (_, name) in wanted {
        // Anything: as it is without a translation.
        if name == "*" {
            return None;
        }
        let Some(name) = tag(name) else { continue };
        let mut name = name.as_str();
        loop {
            if is_there(name) {
                return Some(name.to_owned());
            }
            match name.rsplit_once('-') {
                Some((shorter, _)) => name = shorter,
                None => break,
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_a_name_of_a_certain_form() {
        for (text, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de-AT")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("gsw", Some("gsw")),
            ("de-1996", Some("de-1996")),
            ("", None),
            ("d", None),
            ("german", None),
            ("de_AT", None),
            ("de-", None),
            ("de-A", None),
            ("de-AT-x", None),
            ("de-AT-bb-cc-dd", None),
            ("d3", None),
            ("de-ÄÖ", None),
            ("../de", None),
            ("<b>", None),
        ] {
            assert_eq!(tag(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_browser_gets_the_language_that_it_wants_most_of_those_that_there_are() {
        let there = ["en", "de", "fr", "fr-CA"];
        let long = format!("{}fr", "xx,".repeat(400));
        for (header, expected) in [
            ("", None),
            ("de", Some("de")),
            ("de-AT", Some("de")),
            ("de-AT-1996, fr", Some("de")),
            ("it, fr;q=0.5, de;q=0.7", Some("de")),
            ("fr-CA, fr", Some("fr-CA")),
            ("fr-BE", Some("fr")),
            ("en-US,en;q=0.9,de;q=0.8", Some("en")),
            ("de;q=0, fr;q=0.1", Some("fr")),
            ("de;q=loud", None),
            ("de;q=1.5", None),
            ("de;q=NaN", None),
            ("DE ; q=0.2 , FR ; Q=0.1", Some("de")),
            ("*", None),
            ("*, de;q=0.5", None),
            ("it, *;q=0.1, de;q=0.5", Some("de")),
            ("it", None),
            (";;;,,,", None),
            (&long, None),
        ] {
            assert_eq!(chosen(header, |tag| there.contains(&tag)).as_deref(), expected, "{header}");
        }
    }
}
