//! What is known is what is said: the table and the templates against the sources, and sentences found again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::texts::places;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|own| own == ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_template_of_the_administration_is_read() {
    let mut found = Vec::new();
    for folder in ["admin", "web"] {
        files(&root().join("templates").join(folder), "html", &mut found);
    }
    let name = |path: &PathBuf| {
        path.strip_prefix(root().join("templates")).expect("a template").display().to_string().replace('\\', "/")
    };
    let found: BTreeSet<_> = found.iter().map(name).collect();
    let known: BTreeSet<_> = TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn a_text_has_a_place_for_each_value_that_its_template_gives_it() {
    let mut count = 0;
    for (name, source) in TEMPLATES {
        for (text, values) in of_template(source) {
            let mut places = places(text);
            places.dedup();
            assert_eq!(places, (0..values).collect::<Vec<_>>(), "{name}: {text}");
            count += 1;
        }
    }
    assert!(count > 300, "{count}");
    for text in all() {
        assert!(!text.is_empty() && text.trim() == *text && !text.contains(['\\', '\n', '<']), "{text}");
    }
    assert!(all().len() > 400 && is("Local password") && !is("local password"), "{}", all().len());
}

/// What of a template is shown as it stands there: of its text, and of the attributes that are read out or shown.
fn bare(source: &str) -> Vec<String> {
    let (mut bare, mut text, mut rest) = (Vec::new(), String::new(), source);
    let mut quiet = false;
    let letters = |text: &str| text.chars().any(char::is_alphabetic);
    while let Some(c) = rest.chars().next() {
        if let Some(end) = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")].iter().find(|(begin, _)| rest.starts_with(begin))
        {
            rest = rest.split_once(end.1).expect("an end").1;
        } else if c == '<' {
            let mut tag = String::new();
            // What is between braces may have a > in it.
            while !rest.starts_with('>') {
                if let Some(end) = [("{{", "}}"), ("{%", "%}")].iter().find(|(begin, _)| rest.starts_with(begin)) {
                    rest = rest.split_once(end.1).expect("an end").1;
                } else {
                    let c = rest.chars().next().expect("an end of a tag");
                    tag.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
            rest = &rest[1..];
            if letters(&text) && !quiet {
                bare.push(text.trim().to_owned());
            }
            text.clear();
            // Words that a file or a command has are the same in every language.
            quiet = tag.starts_with("<code");
            for name in ["aria-label", "title", "placeholder", "alt", "data-is", "content"] {
                let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
                if let Some((value, _)) = value.filter(|(value, _)| letters(value) && !tag.starts_with("<meta")) {
                    bare.push(format!("{name}: {value}"));
                }
            }
            if tag.starts_with("<input") && (tag.contains("type=\"submit\"") || tag.contains("type=\"button\"")) {
                bare.push(tag);
            }
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    bare
}

#[test]
fn templates_show_nothing_that_cannot_be_translated() {
    for (name, source) in TEMPLATES {
        // The width of a page is no text.
        let source: String = source.lines().filter(|line| !line.starts_with("{% block width %}")).collect();
        assert_eq!(bare(&source), Vec::<String>::new(), "{name}");
    }
    let planted =
        "<p class=\"a\">{{ x }} of <b>{{ \"y\"|t }}</b><code>no</code><i title=\"Hint\" data-is=\"{{ z }}\"></i> –";
    assert_eq!(bare(planted), ["of", "title: Hint"]);
}

/// The texts in quotes of a source, without its tests and comments; places for values are numbered.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().find(|c| *c == '\n');
            }
            // A character, unless it is a lifetime.
            '\'' => {
                let next = chars.next();
                if next == Some('\\') {
                    chars.next();
                    chars.by_ref().find(|c| *c == '\'');
                } else if chars.peek() == Some(&'\'') {
                    chars.next();
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    if c != '\\' {
                        text.push(c);
                        continue;
                    }
                    match chars.next() {
                        Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        Some('n') => text.push('\n'),
                        Some(c) => text.push(c),
                        None => {}
                    }
                }
                found.push(numbered(&text));
            }
            _ => {}
        }
    }
    found
}

/// `{}` and `{name}` as `{0}` and `{1}`.
fn numbered(text: &str) -> String {
    let (mut out, mut rest, mut count) = (String::new(), text, 0);
    while let Some((before, (_, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        out.push_str(&format!("{before}{{{count}}}"));
        (count, rest) = (count + 1, after);
    }
    out + rest
}

fn is_sentence(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_uppercase() || c == '{');
    let own: String = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
    begins && text.ends_with('.') && text.contains(' ') && own.contains(char::is_lowercase) && !text.contains('\n')
}

/// Without what describes a thing to programs (`schema_with`, `PartialSchema`).
fn without_schemas(source: &str) -> String {
    let mut source = source.to_owned();
    while let Some(from) = source.find("\nimpl PartialSchema for") {
        let to = source[from..].find("\n}\n").map_or(source.len(), |end| from + end);
        source.replace_range(from..to, "");
    }
    let marks = source.split("schema_with = ").skip(1);
    let names: Vec<String> = marks.map(|rest| rest.split(')').next().unwrap_or_default().to_owned()).collect();
    for name in names {
        let Some(from) = source.find(&format!("\nfn {name}(")) else { continue };
        let to = source[from..].find("\n}\n").map_or(source.len(), |end| from + end);
        source.replace_range(from..to, "");
    }
    source
}

#[test]
fn what_the_pages_code_says_is_known() {
    let mut sources =
        ["src/sheet.rs", "src/texts/import.rs", "src/data/file.rs", "src/data/import.rs", "actors/src/allowance.rs"]
            .map(|own| root().join(own))
            .to_vec();
    for folder in ["src/admin", "src/web", "src/users"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    // What programs are told is English, and a table of what tokens may do has no sentences.
    let api = root().join("src/admin/api");
    let mut said = 0;
    for path in sources.iter().filter(|path| !path.starts_with(&api) && !path.ends_with("tests.rs")) {
        for text in literals(&without_schemas(&fs::read_to_string(path).expect("a source"))) {
            if is_sentence(&text) {
                // What is said of ended sessions is put behind what was done.
                let ending = text.strip_prefix("{0};");
                let known = is(&text) || ending.is_some_and(|end| SAID.iter().any(|own| own.ends_with(end)));
                assert!(known, "{text:?} of {} is not in src/texts/said.rs", path.display());
                said += 1;
            }
        }
    }
    assert!(said > 90, "{said}");
    let planted =
        "x(\"Node {ceid} is lost.\") // \"No. Text.\"\n'\"' \"{}, {what}.\" #[cfg(test)]\nmod tests { \"Not. Said.\"";
    let found: Vec<_> = literals(planted).into_iter().filter(|text| is_sentence(text)).collect();
    assert_eq!(found, ["Node {0} is lost."]);
}

#[test]
fn what_is_known_is_said_somewhere() {
    let (mut sources, mut pages) = (Vec::new(), Vec::new());
    files(&root().join("src"), "rs", &mut sources);
    files(&root().join("actors/src"), "rs", &mut sources);
    files(&root().join("schemas/src/data/sql"), "rs", &mut sources);
    files(&root().join("templates"), "html", &mut pages);
    let mut literals_of = BTreeSet::new();
    for path in
        sources.iter().chain(&pages).filter(|path| !path.ends_with("texts/said.rs") && !path.ends_with("tests.rs"))
    {
        let source = fs::read_to_string(path).expect("a source");
        let source =
            if path.extension().is_some_and(|own| own == "html") { source.replace('\'', "’") } else { source };
        literals_of.extend(literals(&source).into_iter().map(|text| text.replace('’', "'")));
    }
    let is_said = |text: &str| {
        let text = text.replace('’', "'");
        let bare = text.strip_suffix('.').unwrap_or(&text);
        let mut letters = bare.chars();
        let small = letters.next().map(|c| c.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default();
        // What was done, of whom: `{0} is changed.`
        let done = numbered(bare.strip_prefix("{0} ").unwrap_or(bare));
        // What a status is called, and what is said of ended sessions, is put together elsewhere.
        let status = (400..600).filter_map(|code| actix_web::http::StatusCode::from_u16(code).ok());
        [&text, bare, &small, &done].iter().any(|text| literals_of.contains(*text))
            || status.filter_map(|status| status.canonical_reason()).any(|reason| reason == text)
            || (text.ends_with(" ended by it.") && text.contains("; "))
            || text.ends_with(" must be a number within its bounds.")
    };
    let stale: Vec<_> = SAID.iter().filter(|text| !is_said(text)).collect();
    assert!(stale.is_empty(), "nobody says {stale:#?}");
    assert!(!is_said("Nobody says this."));
    for (text, place) in SPOKEN {
        assert!(SAID.contains(text) && places(text).contains(place), "{text}");
    }
}

#[test]
fn a_sentence_is_told_in_another_language_with_its_values_in_their_places() {
    let texts = [
        ("{0} may sign in as {1}.", "Als {1} darf sich {0} anmelden."),
        ("reader", "Leser"),
        ("{0} is removed.", "{0} ist entfernt."),
        ("Node {0} is removed.", "Knoten {0} ist entfernt."),
        ("It was not fetched: {0}", "Nicht geholt: {0}"),
        ("the server of the {0} answers with {1}", "der Server ({0}) antwortet mit {1}"),
        ("There is no such page.", "Diese Seite gibt es nicht."),
        ("{0}: must be a number, {1} to {2}", "{0}: eine Zahl von {1} bis {2}"),
        ("there is no such setting", "diese Einstellung gibt es nicht"),
        ("The condition is not taken: {0}.", "Die Bedingung geht so nicht: {0}."),
        ("there is no column {0}", "es gibt keine Spalte {0}"),
        (
            "{0} and {1} do not go together here; a directory number is a text: '1000'",
            "{0} und {1} passen nicht; Rufnummern sind Text: '1000'",
        ),
        ("the node cannot be reached: {0}", "der Knoten ist nicht zu erreichen: {0}"),
        ("no connection", "keine Verbindung"),
    ];
    let texts = texts.iter().map(|(text, translation)| ((*text).into(), (*translation).into())).collect();
    let language = Language { tag: "de".into(), texts };
    for (sentence, expected) in [
        ("There is no such page.", Some("Diese Seite gibt es nicht.")),
        ("ada may sign in as reader.", Some("Als Leser darf sich ada anmelden.")),
        ("reader may sign in as operator.", Some("Als operator darf sich reader anmelden.")),
        ("<b>{1}</b> may sign in as reader.", Some("Als Leser darf sich <b>{1}</b> anmelden.")),
        ("Node 7 is removed.", Some("Knoten 7 ist entfernt.")),
        ("Example Co / Pop is removed.", Some("Example Co / Pop ist entfernt.")),
        (
            "It was not fetched: the server of the licence answers with 500",
            Some("Nicht geholt: der Server (licence) antwortet mit 500"),
        ),
        ("It was not fetched: it is raining", Some("Nicht geholt: it is raining")),
        (
            "limits.sessions: must be a number, 1 to 1500; there is no such setting.",
            Some("limits.sessions: eine Zahl von 1 bis 1500; diese Einstellung gibt es nicht."),
        ),
        // What nobody translated of it stays as it was said.
        (
            "limits.sessions: must be a number, 1 to 1500; it is raining.",
            Some("limits.sessions: eine Zahl von 1 bis 1500; it is raining."),
        ),
        // A column may be called as it likes, and a fault have a semicolon.
        (
            "The condition is not taken: there is no column colour.",
            Some("Die Bedingung geht so nicht: es gibt keine Spalte colour."),
        ),
        (
            "The condition is not taken: a text and a whole number do not go together here; a directory number is a text: \
             '1000'.",
            Some("Die Bedingung geht so nicht: a text und a whole number passen nicht; Rufnummern sind Text: '1000'."),
        ),
        ("the node cannot be reached: no connection", Some("der Knoten ist nicht zu erreichen: keine Verbindung")),
        ("{0} is revoked; {1} sessions ended by it.", None),
        ("Nobody says this.", None),
        ("", None),
    ] {
        assert_eq!(in_words(&language, sentence).as_deref(), expected, "{sentence}");
    }
}
