//! Which rows of the contract's table of events, and which of its causes, the scenarios reach, and why they do not reach
//! the rest.
//!
//! `cargo test --test gateway scenarios::report -- --nocapture` prints it. Rows and causes are data (`rows.txt`, `causes.txt`);
//! what a scenario expects is counted from its file, since another test plays every file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemas::contract::cc::EventCauseType;

use super::every_file;
use super::file::{Also, Call, Event, Scenario};

const ROWS: &str = include_str!("rows.txt");
const CAUSES: &str = include_str!("causes.txt");

#[derive(Debug)]
struct Row {
    id: &'static str,
    what: What,
    /// Why no scenario reaches it.
    later: Option<&'static str>,
}

#[derive(Debug)]
enum What {
    /// Type, cause, state; of news of a node, type and state of its link; of a feature, type and state.
    Event(Vec<&'static str>),
    /// Type, and roles without that of the monitored device where it is in none.
    Devices(&'static str, Vec<&'static str>),
    /// Type, and what the event has.
    Attribute(&'static str, &'static str),
}

fn rows() -> Vec<Row> {
    let lines = ROWS.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| row(line).unwrap_or_else(|| panic!("no row of the table: {line}"))).collect()
}

fn row(line: &'static str) -> Option<Row> {
    let (id, rest) = line.split_once(' ')?;
    let (what, later) = match rest.split_once("  later: ") {
        Some((what, why)) => (what, Some(why.trim())),
        None => (rest.strip_suffix(" here")?, None),
    };
    let what = what.trim();
    let what = if let Some((kind, roles)) = what.split_once('[') {
        What::Devices(kind.trim(), roles.strip_suffix(']')?.split_whitespace().collect())
    } else if let Some((kind, attribute)) = what.split_once('@') {
        What::Attribute(kind.trim(), attribute)
    } else {
        What::Event(what.split('/').map(str::trim).collect())
    };
    Some(Row { id, what, later })
}

impl Row {
    fn is_reached_by(&self, event: &Event) -> bool {
        let same = |wanted: &str, came: &str| wanted == "*" || wanted == came;
        match (&self.what, event) {
            (What::Event(what), Event::System { kind, state, .. }) => what[..] == [kind.as_str(), state.as_str()],
            (What::Event(what), Event::Feature(feature)) => {
                what[..] == [feature.kind.as_str(), if feature.on { "true" } else { "false" }]
            }
            (What::Attribute(kind, attribute), Event::Feature(feature)) => {
                same(kind, &feature.kind) && *attribute == "FORWARD_DN" && feature.number.is_some()
            }
            (What::Event(what), Event::Call(call)) => {
                what.len() == 3 && what.iter().zip(&call.what).all(|(wanted, came)| same(wanted, came))
            }
            (What::Devices(kind, roles), Event::Call(call)) => same(kind, &call.what[0]) && roles_of(call, roles),
            (What::Attribute(kind, attribute), Event::Call(call)) => {
                same(kind, &call.what[0]) && call.also.iter().any(|also| name(also) == *attribute)
            }
            (What::Devices(..) | What::Attribute(..), Event::System { .. })
            | (What::Devices(..), Event::Feature(_)) => false,
        }
    }
}

/// The monitored device comes first as USING where it has no role; that is not a row of its own.
fn roles_of(call: &Call, wanted: &[&str]) -> bool {
    let mut roles = call.devices.iter().map(|(role, _)| role.as_str()).peekable();
    if wanted.first() != Some(&"USING") && call.devices.len() > 1 {
        roles.next_if_eq(&"USING");
    }
    roles.eq(wanted.iter().copied())
}

fn name(also: &Also) -> &'static str {
    match also {
        Also::Dialled(_) => "DIALED_DIGITS",
        Also::Call(_) => "CURRENT_GLOBAL_CALL_ID",
        Also::Primary(_) => "PRIMARY_GLOBAL_CALLID",
        Also::Secondary(_) => "SECONDARY_GLOBAL_CALLID",
        Also::Parties(_) => "PARTIES",
        Also::Prg(_) => "PRG_NUMBER",
        Also::Trunk(_) => "TRUNK_NUMBER",
        Also::Peer(_) => "PEER_NAME",
        Also::Allows(_) | Also::Forbids(_) | Also::Account { .. } | Also::Node(_) => "",
    }
}

/// Rows by the scenarios that reach them: those that are played, and those that wait.
#[derive(Default)]
struct Reach {
    played: Vec<String>,
    waiting: Vec<String>,
}

fn reach(rows: &[Row], scenarios: &[Scenario]) -> BTreeMap<&'static str, Reach> {
    let mut reached: BTreeMap<_, Reach> = rows.iter().map(|row| (row.id, Reach::default())).collect();
    for scenario in scenarios {
        for event in scenario.every_step().flat_map(|step| &step.told).map(|told| &told.event) {
            for row in rows.iter().filter(|row| row.is_reached_by(event)) {
                let reach = reached.entry(row.id).or_default();
                let names = if scenario.needs.is_empty() { &mut reach.played } else { &mut reach.waiting };
                if names.last() != Some(&scenario.name) {
                    names.push(scenario.name.clone());
                }
            }
        }
    }
    reached
}

#[test]
fn report_of_rows_and_the_scenarios_that_reach_them() {
    let (rows, scenarios) = (rows(), every_file());
    let reached = reach(&rows, &scenarios);
    assert_eq!(reached.len(), rows.len(), "an id is given twice");
    let list = |names: &[String]| match names {
        [a, b, c, _, ..] => format!("{a}, {b}, {c} and {} more", names.len() - 3),
        _ => names.join(", "),
    };
    let (mut played, mut waiting, mut later) = (0, 0, 0);
    let mut wrong = Vec::new();
    for row in &rows {
        let reach = &reached[row.id];
        let how = match (row.later, reach.played.is_empty(), reach.waiting.is_empty()) {
            (None, false, _) => {
                played += 1;
                list(&reach.played)
            }
            (None, true, false) => {
                waiting += 1;
                format!("waits: {}", list(&reach.waiting))
            }
            (None, true, true) => {
                wrong.push(format!("{}: no scenario reaches it", row.id));
                "NO SCENARIO".to_owned()
            }
            (Some(why), true, true) => {
                later += 1;
                format!("not yet: {why}")
            }
            (Some(_), ..) => {
                wrong.push(format!("{}: {} reach it, and it is marked as of later", row.id, list(&reach.played)));
                "REACHED".to_owned()
            }
        };
        println!("{:34} {how}", row.id);
    }
    println!("{} rows: {played} played, {waiting} waiting for operations, {later} of later", rows.len());
    for scenario in scenarios.iter().filter(|s| !s.needs.is_empty()) {
        println!("waiting: {}.scenario needs {}", scenario.name, scenario.needs.join(", "));
    }
    assert!(wrong.is_empty(), "rows.txt and the scenarios disagree:\n{}", wrong.join("\n"));
}

#[test]
fn every_expected_event_is_a_row_of_the_contract() {
    let rows = rows();
    let events: Vec<&Row> = rows.iter().filter(|row| matches!(row.what, What::Event(_))).collect();
    for scenario in every_file() {
        for told in scenario.every_step().flat_map(|step| &step.told) {
            let known = events.iter().any(|row| row.is_reached_by(&told.event));
            assert!(known, "{}.scenario, line {}: the table has no {}", scenario.name, told.line, told.text);
        }
    }
}

/// Where a cause comes from.
#[derive(Debug)]
enum From {
    Scenario(&'static str),
    Test(&'static str),
    /// Of what does not exist yet, or is never told of a phone.
    Nowhere,
}

fn causes() -> Vec<(&'static str, From)> {
    let lines = CAUSES.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let cause = |line: &'static str| {
        let (cause, from) = line.split_once(' ')?;
        let from = from.trim();
        let said = |mark| from.strip_prefix(mark).map(str::trim).filter(|why: &&str| !why.is_empty());
        let from = match (said("test: "), said("later: ").or(said("never: "))) {
            (Some(test), _) => From::Test(test.split_once("  ")?.0),
            (None, Some(_)) => From::Nowhere,
            (None, None) => From::Scenario(Some(from).filter(|name| !name.contains([' ', ':']))?),
        };
        Some((cause, from))
    };
    lines.map(|line| cause(line).unwrap_or_else(|| panic!("no line of causes.txt: {line}"))).collect()
}

#[test]
fn every_cause_of_the_contract_comes_from_a_scenario_or_it_is_said_why_not() {
    let causes = causes();
    let listed: Vec<_> = causes.iter().map(|(cause, _)| *cause).collect();
    let all: Vec<_> = EventCauseType::ALL.iter().map(|cause| cause.as_str()).collect();
    assert_eq!(listed, all, "causes.txt lists the contract's causes once each, in their order");
    // Another test plays every file: what a file expects has come.
    let mut produced: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for scenario in every_file().into_iter().filter(|scenario| scenario.needs.is_empty()) {
        for told in scenario.every_step().flat_map(|step| &step.told) {
            if let Event::Call(call) = &told.event {
                produced.entry(call.what[1].clone()).or_default().insert(scenario.name.clone());
            }
        }
    }
    let mut wrong = Vec::new();
    for (cause, from) in &causes {
        let scenarios = produced.get(*cause);
        match from {
            From::Scenario(name) if scenarios.is_some_and(|names| names.contains(*name)) => {}
            From::Scenario(name) => wrong.push(format!("{cause}: {name}.scenario does not produce it")),
            From::Test(_) | From::Nowhere if scenarios.is_some() => {
                wrong.push(format!("{cause}: {scenarios:?} produce it"));
            }
            From::Test(file) => {
                let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
                let variant =
                    EventCauseType::ALL.iter().find(|known| known.as_str() == *cause).map(|v| format!("Why::{v:?}"));
                if !text.is_ok_and(|text| variant.is_some_and(|variant| text.contains(&variant))) {
                    wrong.push(format!("{cause}: {file} does not expect it"));
                }
            }
            From::Nowhere => {}
        }
    }
    let here = causes.iter().filter(|(_, from)| !matches!(from, From::Nowhere)).count();
    println!("{} causes: {here} are produced", causes.len());
    assert!(wrong.is_empty(), "causes.txt and the scenarios disagree:\n{}", wrong.join("\n"));
}
