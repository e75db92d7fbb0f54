//! Reads a scenario file: plain text in the words of the field, described in `README.md` beside it.
//!
//! What is not understood is a fault with its line, never passed over. Nothing is played here.

use std::fmt;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Where the phones of a scenario are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nodes {
    /// All on node 1.
    One,
    /// The first on node 1, the others on node 2.
    Two,
    /// In turn on nodes 1, 2 and 3.
    Three,
}

impl Nodes {
    const ALL: [(&'static str, Self); 3] = [("one", Self::One), ("two", Self::Two), ("three", Self::Three)];

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, nodes)| nodes)
    }
}

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "on one node",
            Self::Two => "across two nodes",
            Self::Three => "across three nodes",
        })
    }
}

#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name of the file.
    pub name: String,
    pub title: String,
    pub phones: Vec<Phone>,
    pub monitored: Vec<Place>,
    pub nodes: Vec<Nodes>,
    /// Operations, or `hand VERB`, that have to exist before it can be played.
    pub needs: Vec<String>,
    pub steps: Vec<Step>,
}

/// A phone by its name in the file, and its number where it has to be that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    pub name: String,
    pub fixed: Option<String>,
}

/// A line of a phone: `A` is its prime line, `A.2` its second button.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub phone: String,
    pub button: u8,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.button == 1 { f.write_str(&self.phone) } else { write!(f, "{}.{}", self.phone, self.button) }
    }
}

#[derive(Debug, Clone)]
pub struct Step {
    pub line: usize,
    pub text: String,
    pub does: Does,
    pub told: Vec<Told>,
}

#[derive(Debug, Clone)]
pub enum Does {
    /// An application asks; words after the operation fill its fields in order.
    Operation { at: Place, operation: String, words: Vec<String>, answer: Answer, race: bool },
    /// A person does something at a phone.
    Hand { at: Place, verb: String, body: Map<String, Value> },
    /// Something breaks at the node of a phone.
    Fault { phone: String, kind: String, body: Map<String, Value> },
    /// The node of a phone is whole again.
    Heal { phone: String },
    /// Nobody does anything; what is told comes within this time.
    Wait { seconds: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// With this text, or with any that is one.
    Refused(Option<String>),
}

/// One expected event.
#[derive(Debug, Clone)]
pub struct Told {
    pub line: usize,
    pub text: String,
    /// Only where the phones are so.
    pub only: Option<Nodes>,
    pub event: Event,
}

#[derive(Debug, Clone)]
pub enum Event {
    /// `ICP_COMMUNICATION_EVENT` with this state, of the node of a phone.
    System {
        phone: String,
        kind: String,
        state: String,
    },
    Call(Call),
}

/// An expected call event.
#[derive(Debug, Clone)]
pub struct Call {
    pub at: Place,
    /// `None` where no call is.
    pub leg: Option<String>,
    /// Type, cause, state.
    pub what: [String; 3],
    /// Roles without `_DEVICE`, and who is in them.
    pub devices: Vec<(String, String)>,
    pub also: Vec<Also>,
}

/// What else an expectation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Also {
    /// DIALED_DIGITS.
    Dialled(String),
    /// CURRENT_, PRIMARY_ and SECONDARY_ Global Call ID: a name that stands for the same one throughout.
    Call(String),
    Primary(String),
    Secondary(String),
    /// Features that are announced; those that are not.
    Allows(Vec<String>),
    Forbids(Vec<String>),
    /// Members of a conference.
    Parties(Vec<String>),
    /// The account code that was set, and whether the node verified it.
    Account {
        code: String,
        verified: bool,
    },
}

/// What is wrong in a file.
#[derive(Debug, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct Wrong {
    file: String,
    line: usize,
    what: String,
}

/// Every file of a folder, by name.
pub fn all(folder: &Path) -> Result<Vec<Scenario>, Wrong> {
    let entries = std::fs::read_dir(folder).expect("the folder of scenarios is there");
    let mut paths: Vec<_> = entries.map(|e| e.expect("a folder of this machine").path()).collect();
    paths.sort();
    let files = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "scenario"));
    files
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a scenario is UTF-8");
            let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            read(&name, &text)
        })
        .collect()
}

pub fn read(name: &str, text: &str) -> Result<Scenario, Wrong> {
    let mut scenario = Scenario {
        name: name.to_owned(),
        title: String::new(),
        phones: Vec::new(),
        monitored: Vec::new(),
        nodes: vec![Nodes::One, Nodes::Two],
        needs: Vec::new(),
        steps: Vec::new(),
    };
    for (number, whole) in (1..).zip(text.lines()) {
        let wrong = |what: String| Wrong { file: name.to_owned(), line: number, what };
        let line = uncommented(whole);
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            let told = scenario.told(number, line.trim()).map_err(wrong)?;
            let step = scenario.steps.last_mut().ok_or_else(|| wrong("an event before the first step".into()))?;
            step.told.push(told);
        } else {
            scenario.unindented(number, line.trim()).map_err(wrong)?;
        }
    }
    if scenario.title.is_empty() || scenario.phones.is_empty() || scenario.steps.is_empty() {
        let what = "a scenario has a title, phones and steps".into();
        return Err(Wrong { file: name.to_owned(), line: 1, what });
    }
    Ok(scenario)
}

/// A line without its comment: from `#` at its beginning or after a space on.
fn uncommented(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" # ").map_or(line, |at| &line[..at])
}

impl Scenario {
    fn unindented(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (first, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(a, b)| (a, b.trim()));
        let words = || rest.split_whitespace();
        match first {
            "title" => self.title = rest.to_owned(),
            "phones" => {
                for word in words() {
                    let (name, fixed) = match word.split_once('=') {
                        Some((name, number)) => (name, Some(number.to_owned())),
                        None => (word, None),
                    };
                    self.phones.push(Phone { name: name.to_owned(), fixed });
                    self.monitored.push(Place { phone: name.to_owned(), button: 1 });
                }
            }
            "monitor" => self.monitored = words().map(|w| self.place(w)).collect::<Result<_, _>>()?,
            "nodes" => {
                let nodes = words().map(|w| Nodes::named(w).ok_or(format!("nodes are one, two or three, not {w}")));
                self.nodes = nodes.collect::<Result<_, _>>()?;
            }
            "needs" => self.needs.extend(rest.split(',').map(|need| need.trim().to_owned())),
            _ => {
                let does = self.does(line)?;
                self.steps.push(Step { line: number, text: line.to_owned(), does, told: Vec::new() });
            }
        }
        Ok(())
    }

    fn place(&self, word: &str) -> Result<Place, String> {
        let (phone, button) = word.split_once('.').unwrap_or((word, "1"));
        let button = button.parse().map_err(|_| format!("{word} names no button"))?;
        Ok(Place { phone: self.phone(phone)?, button })
    }

    fn phone(&self, word: &str) -> Result<String, String> {
        let known = self.phones.iter().any(|phone| phone.name == word);
        if known { Ok(word.to_owned()) } else { Err(format!("{word:?} is none of the phones")) }
    }

    fn does(&self, line: &str) -> Result<Does, String> {
        let (doing, answer) = match line.split_once("->") {
            Some((doing, answer)) => (doing, refusal(answer.trim())?),
            None => (line, Answer::Accepted),
        };
        let words: Vec<&str> = doing.split_whitespace().collect();
        let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        Ok(match words.as_slice() {
            ["hand", at, verb, rest @ ..] => {
                Does::Hand { at: self.place(at)?, verb: (*verb).to_owned(), body: hand_body(verb, rest)? }
            }
            ["fault", phone, kind, rest @ ..] => {
                Does::Fault { phone: self.phone(phone)?, kind: (*kind).to_owned(), body: pairs(rest)? }
            }
            ["heal", phone] => Does::Heal { phone: self.phone(phone)? },
            ["wait", seconds, "s"] => {
                Does::Wait { seconds: seconds.parse().map_err(|_| "seconds to wait are a number".to_owned())? }
            }
            ["race", at, operation, rest @ ..] if matches!(answer, Answer::Refused(_)) => Does::Operation {
                at: self.place(at)?,
                operation: (*operation).to_owned(),
                words: owned(rest),
                answer,
                race: true,
            },
            ["race", ..] => return Err("of a race it is said how the one that loses is refused".into()),
            [at, operation, rest @ ..] => Does::Operation {
                at: self.place(at)?,
                operation: (*operation).to_owned(),
                words: owned(rest),
                answer,
                race: false,
            },
            _ => return Err(format!("no step: {line:?}")),
        })
    }

    fn told(&self, number: usize, line: &str) -> Result<Told, String> {
        let (only, rest) = match line.strip_prefix('[').and_then(|l| l.split_once(']')) {
            Some((word, rest)) => (Some(Nodes::named(word).ok_or(format!("[{word}] is no number of nodes"))?), rest),
            None => (None, line),
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let event = match words.as_slice() {
            ["system", phone, kind, "/", state] => {
                Event::System { phone: self.phone(phone)?, kind: (*kind).to_owned(), state: (*state).to_owned() }
            }
            [at, leg, kind, "/", cause, "/", state, ..] => {
                let from = rest.rfind(&format!("/ {state}")).ok_or("type / cause / state")? + state.len() + 2;
                let mut parts = rest[from..].split(';').map(str::trim);
                let at = self.place(at)?;
                let devices = parts.next().unwrap_or_default();
                let devices = match devices {
                    "" => vec![("USING".to_owned(), at.to_string())],
                    _ => devices.split(',').map(device).collect::<Result<_, _>>()?,
                };
                Event::Call(Call {
                    at,
                    leg: (*leg != "-").then(|| (*leg).to_owned()),
                    what: [kind, cause, state].map(|w| (*w).to_owned()),
                    devices,
                    also: parts.map(also).collect::<Result<_, _>>()?,
                })
            }
            _ => return Err(format!("not an event: {line:?}; it reads PHONE LEG TYPE / CAUSE / STATE  ROLE WHO, …")),
        };
        Ok(Told { line: number, text: rest.trim().to_owned(), only, event })
    }
}

fn refusal(text: &str) -> Result<Answer, String> {
    let rest = text.strip_prefix("refused").ok_or(format!("an answer is `-> refused \"TEXT\"`, not {text:?}"))?.trim();
    if rest.is_empty() {
        return Ok(Answer::Refused(None));
    }
    let inner = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
    inner
        .map(|text| Answer::Refused(Some(text.to_owned())))
        .ok_or(format!("the text of a refusal is in quotes: {rest}"))
}

fn device(text: &str) -> Result<(String, String), String> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [role, who] => Ok(((*role).to_owned(), (*who).to_owned())),
        _ => Err(format!("a device is ROLE WHO, not {text:?}")),
    }
}

fn also(text: &str) -> Result<Also, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    Ok(match words.as_slice() {
        ["dialled", number] => Also::Dialled((*number).to_owned()),
        ["call", name] => Also::Call((*name).to_owned()),
        ["primary", name] => Also::Primary((*name).to_owned()),
        ["secondary", name] => Also::Secondary((*name).to_owned()),
        ["allows", rest @ ..] => Also::Allows(owned(rest)),
        ["forbids", rest @ ..] => Also::Forbids(owned(rest)),
        ["parties", rest @ ..] => Also::Parties(owned(rest)),
        ["account", code, kind @ ("verified" | "unverified")] => {
            Also::Account { code: (*code).to_owned(), verified: *kind == "verified" }
        }
        _ => return Err(format!("{text:?} says nothing that is known about an event")),
    })
}

/// What a verb needs: `dial B`, `dnd on`, or the body's fields as `name=value`.
fn hand_body(verb: &str, words: &[&str]) -> Result<Map<String, Value>, String> {
    let field = match (verb, words) {
        (_, []) => return Ok(Map::new()),
        ("dnd", [on @ ("on" | "off")]) => ("on".to_owned(), json!(*on == "on")),
        (_, [word]) if !word.contains('=') => ("number".to_owned(), json!(word)),
        _ => return pairs(words),
    };
    Ok(Map::from_iter([field]))
}

fn pairs(words: &[&str]) -> Result<Map<String, Value>, String> {
    words
        .iter()
        .map(|word| {
            let (name, value) = word.split_once('=').ok_or(format!("{word:?} is not name=value"))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
            Ok((name.to_owned(), value))
        })
        .collect()
}
