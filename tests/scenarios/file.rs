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
    /// Numbers that show at buttons of several phones.
    pub shared: Vec<Shared>,
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

/// A key line or a multicall group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    pub name: String,
    pub number: String,
    pub key: bool,
    pub at: Vec<Place>,
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
    /// Two applications ask for different things at once; each outcome goes on in its own way.
    Race { sides: [Side; 2], order: Order, outcomes: Vec<Outcome> },
    /// A person does something at a phone.
    Hand { at: Place, verb: String, body: Map<String, Value> },
    /// Somebody outside calls a phone at its direct-in number, over the way of a node.
    CallIn { who: String, phone: String, body: Map<String, Value> },
    /// Somebody outside answers, or hangs up: who called in by that name, or else who is called.
    Outside { who: String, verb: String },
    /// Something breaks at the node of a phone.
    Fault { phone: String, kind: String, body: Map<String, Value> },
    /// The node of a phone is whole again.
    Heal { phone: String },
    /// Nobody does anything; what is told comes within this time.
    Wait { seconds: u64 },
    /// A race ended in this way; its events are those of the step.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// With one of these texts; where none is given, with any that is one.
    Refused(Vec<String>),
}

/// What one application of a race asks for.
#[derive(Debug, Clone)]
pub struct Side {
    pub at: Place,
    pub operation: String,
    pub words: Vec<String>,
}

/// Who of a race asks when. It is played in each of these ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Together,
    /// One asks, and the other when it has its answer: each outcome's turn comes for certain.
    First,
    Second,
}

/// One way in which a race may end, and how the scenario goes on then.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub text: String,
    pub answers: [Answer; 2],
    /// The race's own events, then the steps that follow.
    pub steps: Vec<Step>,
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
    /// A feature of a phone was set.
    Feature(Feature),
    Call(Call),
}

/// An expected feature event.
#[derive(Debug, Clone)]
pub struct Feature {
    pub at: Place,
    pub kind: String,
    pub on: bool,
    /// FORWARD_DN.
    pub number: Option<String>,
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
    /// TRUNK_NUMBER, or PEER_NAME, of the way by which the call goes or came.
    Trunk(String),
    /// PRG_NUMBER of the member of a personal ring group.
    Prg(String),
    Peer(String),
    /// The node that speaks, where that is not the phone's own.
    Node(String),
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
        shared: Vec::new(),
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
            let step = scenario.written().last_mut();
            step.ok_or_else(|| wrong("an event before the first step".into()))?.told.push(told);
        } else {
            scenario.unindented(number, line.trim()).map_err(wrong)?;
        }
    }
    if scenario.title.is_empty() || scenario.phones.is_empty() || scenario.steps.is_empty() {
        let what = "a scenario has a title, phones and steps".into();
        return Err(Wrong { file: name.to_owned(), line: 1, what });
    }
    if let Some((line, what)) = scenario.unfit_race() {
        return Err(Wrong { file: name.to_owned(), line, what: what.into() });
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
    /// Every step, those that follow an outcome too.
    pub fn every_step(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(self.outcomes().flat_map(|outcome| &outcome.steps))
    }

    /// The ways in which the race of two may end, if there is one.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.steps.iter().flat_map(|step| match &step.does {
            Does::Race { outcomes, .. } => outcomes.as_slice(),
            _ => &[],
        })
    }

    /// The scenario as it is, or, where two ask for different things, once in every order.
    pub fn in_every_order(&self) -> Vec<Self> {
        if self.outcomes().next().is_none() {
            return vec![self.clone()];
        }
        let ways = [(Order::Together, "together"), (Order::First, "first"), (Order::Second, "second")];
        ways.map(|(way, named)| {
            let mut scenario = self.clone();
            scenario.name = format!("{}:{named}", self.name);
            for step in &mut scenario.steps {
                if let Does::Race { order, .. } = &mut step.does {
                    *order = way;
                }
            }
            scenario
        })
        .into()
    }

    /// Where the next lines belong: after the last outcome of a race, if there is one.
    fn written(&mut self) -> &mut Vec<Step> {
        if self.outcomes().next().is_none() {
            return &mut self.steps;
        }
        let race = self.steps.last_mut().map(|step| &mut step.does);
        let Some(Does::Race { outcomes, .. }) = race else {
            unreachable!("what follows a race belongs to its outcomes")
        };
        &mut outcomes.last_mut().expect("there is one").steps
    }

    /// A race is the last that all its outcomes share, and they differ by their answers.
    fn unfit_race(&self) -> Option<(usize, &'static str)> {
        let done = |outcome: &Outcome| outcome.answers.clone().map(|answer| answer == Answer::Accepted);
        self.steps.iter().find_map(|step| {
            let Does::Race { outcomes, .. } = &step.does else { return None };
            let alike =
                |(i, outcome): (usize, &Outcome)| outcomes[..i].iter().any(|other| done(other) == done(outcome));
            match () {
                () if outcomes.is_empty() => Some((step.line, "a race of two has outcomes")),
                () if !step.told.is_empty() => Some((step.line, "the events of a race are told below its outcomes")),
                () if outcomes.iter().enumerate().any(alike) => Some((step.line, "two outcomes have the same answers")),
                () => None,
            }
        })
    }

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
            "keyline" | "multicall" => {
                let mut words = words();
                let named = words.next().and_then(|word| word.split_once('='));
                let (name, number) = named.ok_or("a shared number is NAME=NUMBER, then where it shows")?;
                let at: Vec<_> = words.map(|w| self.place(w)).collect::<Result<_, _>>()?;
                let known = self.shared.iter().flat_map(|shared| &shared.at);
                if at.is_empty() || at.iter().any(|place| place.button == 1 || known.clone().any(|k| k == place)) {
                    return Err("a shared number shows at buttons from 2 on, and no other does there".into());
                }
                let key = first == "keyline";
                self.shared.push(Shared { name: name.to_owned(), number: number.to_owned(), key, at });
            }
            "monitor" => self.monitored = words().map(|w| self.place(w)).collect::<Result<_, _>>()?,
            "nodes" => {
                let nodes = words().map(|w| Nodes::named(w).ok_or(format!("nodes are one, two or three, not {w}")));
                self.nodes = nodes.collect::<Result<_, _>>()?;
            }
            "needs" => self.needs.extend(rest.split(',').map(|need| need.trim().to_owned())),
            "outcome" => {
                let Some(Step { does: Does::Race { outcomes, .. }, .. }) = self.steps.last_mut() else {
                    return Err("an outcome belongs to a race of two before it".into());
                };
                let answers = two(rest, outcome)?;
                let step = Step { line: number, text: line.to_owned(), does: Does::Ended, told: Vec::new() };
                outcomes.push(Outcome { text: rest.to_owned(), answers, steps: vec![step] });
            }
            _ => {
                let does = self.does(line)?;
                self.written().push(Step { line: number, text: line.to_owned(), does, told: Vec::new() });
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

    /// What an application asks for; where no phone is named, at that of the other side.
    fn side(&self, text: &str, other: Option<&Place>) -> Result<Side, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (at, words) = match (words.as_slice(), other) {
            ([operation, ..], Some(other)) if self.place(operation).is_err() => (other.clone(), words.as_slice()),
            ([at, rest @ ..], _) => (self.place(at)?, rest),
            ([], _) => return Err("a race of two is `race A OPERATION … | OPERATION …`".into()),
        };
        let [operation, words @ ..] = words else { return Err(format!("no operation: {text:?}")) };
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        Ok(Side { at, operation: (*operation).to_owned(), words })
    }

    fn does(&self, line: &str) -> Result<Does, String> {
        if let Some((first, second)) = line.strip_prefix("race ").and_then(|sides| sides.split_once('|')) {
            if line.contains("->") {
                return Err("how a race of two ends is said by its outcomes".into());
            }
            let first = self.side(first, None)?;
            let second = self.side(second, Some(&first.at))?;
            return Ok(Does::Race { sides: [first, second], order: Order::Together, outcomes: Vec::new() });
        }
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
            ["outside", who, "call", phone, rest @ ..] => {
                let body = pairs(rest)?;
                if let Some(field) = body.keys().find(|field| !["from", "name", "over"].contains(&field.as_str())) {
                    return Err(format!("a call from outside has from, name and over, no {field}"));
                }
                Does::CallIn { who: (*who).to_owned(), phone: self.phone(phone)?, body }
            }
            ["outside", who, verb @ ("answer" | "hangup")] => {
                Does::Outside { who: (*who).to_owned(), verb: (*verb).to_owned() }
            }
            ["outside", ..] => return Err("people outside do `call PHONE`, `answer` and `hangup`".into()),
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
            [at, "feature", kind, state @ ("on" | "off"), number @ ..] if number.len() < 2 => Event::Feature(Feature {
                at: self.place(at)?,
                kind: (*kind).to_owned(),
                on: *state == "on",
                number: number.first().map(|n| (*n).to_owned()),
            }),
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
        return Ok(Answer::Refused(Vec::new()));
    }
    let inner = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
    let inner = inner.ok_or(format!("the text of a refusal is in quotes: {rest}"))?;
    Ok(Answer::Refused(inner.split("\" or \"").map(str::to_owned).collect()))
}

/// How one side of a race fares.
fn outcome(text: &str) -> Result<Answer, String> {
    if text == "done" { Ok(Answer::Accepted) } else { refusal(text) }
}

fn two<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<[T; 2], String> {
    let (first, second) = text.split_once('|').ok_or(format!("of two it is said what each got: {text:?}"))?;
    Ok([read(first.trim())?, read(second.trim())?])
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
        ["prg", number] => Also::Prg((*number).to_owned()),
        ["trunk", number] => Also::Trunk((*number).to_owned()),
        ["node", number] => Also::Node((*number).to_owned()),
        ["peer", name] => Also::Peer((*name).to_owned()),
        ["account", code, kind @ ("verified" | "unverified")] => {
            Also::Account { code: (*code).to_owned(), verified: *kind == "verified" }
        }
        _ => return Err(format!("{text:?} says nothing that is known about an event")),
    })
}

/// What a verb needs: `dial B`, `dnd on`, `forward always B` (without a number it ends), or the body's fields as `name=value`.
fn hand_body(verb: &str, words: &[&str]) -> Result<Map<String, Value>, String> {
    let field = match (verb, words) {
        (_, []) => return Ok(Map::new()),
        ("forward", [kind, number @ ..]) if number.len() < 2 && !kind.contains('=') => {
            let number = number.first().copied().unwrap_or_default();
            return Ok(Map::from_iter([("type".to_owned(), json!(kind)), ("number".to_owned(), json!(number))]));
        }
        ("dnd" | "autoanswer" | "onebusy", [on @ ("on" | "off")]) => ("on".to_owned(), json!(*on == "on")),
        ("presence", [on @ ("on" | "off"), group]) => {
            let on = ("on".to_owned(), json!(*on == "on"));
            return Ok(Map::from_iter([on, ("group".to_owned(), json!(group))]));
        }
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
