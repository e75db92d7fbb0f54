//! Which causes a standard device can meet: for every value of the contract's eventCauseType the
//! scenarios that produce it, or why none does (`causes.txt`).
//!
//! Looked at twice: in the files, and in what was told when they were played.

use std::collections::{BTreeMap, BTreeSet};

use schemas::contract::cc::EventCauseType;

use super::every_file;
use super::file::Event;

const CAUSES: &str = include_str!("causes.txt");

/// Causes by the scenarios that produce them.
pub type Produced = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug)]
struct Entry<'a> {
    cause: &'a str,
    met: Met<'a>,
}

#[derive(Debug)]
enum Met<'a> {
    In(Vec<&'a str>),
    Not(&'a str),
}

fn entries(table: &str) -> Vec<Entry<'_>> {
    let lines = table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| entry(line).unwrap_or_else(|| panic!("no cause of the table: {line:?}"))).collect()
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let (cause, rest) = line.split_once(' ')?;
    let met = match rest.trim().strip_prefix("not:").map(str::trim) {
        Some("") => return None,
        Some(why) => Met::Not(why),
        None => Met::In(rest.split(',').map(str::trim).collect()),
    };
    Some(Entry { cause, met })
}

/// What is wrong with a table beside the scenarios that there are, by name, and what each of them produces.
fn wrong(table: &str, scenarios: &BTreeSet<String>, produced: &Produced) -> Vec<String> {
    let entries = entries(table);
    let mut wrong = Vec::new();
    let of = |cause: &str| entries.iter().filter(|entry| entry.cause == cause).count();
    for cause in EventCauseType::ALL.iter().map(|cause| cause.as_str()) {
        match of(cause) {
            1 => {}
            0 => wrong.push(format!("{cause} is missing")),
            _ => wrong.push(format!("{cause} is listed twice")),
        }
    }
    for Entry { cause, met } in &entries {
        if !EventCauseType::ALL.iter().any(|known| known.as_str() == *cause) {
            wrong.push(format!("{cause} is no cause of the contract"));
            continue;
        }
        let by = produced.get(*cause);
        match met {
            Met::Not(_) => wrong.extend(by.map(|by| format!("{cause} is said not to be met, and {by:?} produce it"))),
            Met::In(named) => {
                for name in named {
                    if !scenarios.contains(*name) {
                        wrong.push(format!("{cause}: no scenario is named {name}"));
                    } else if !by.is_some_and(|by| by.contains(*name)) {
                        wrong.push(format!("{cause}: {name} does not produce it"));
                    }
                }
            }
        }
    }
    wrong
}

/// What is wrong in the table, as far as the scenarios that were played can tell.
pub fn wrong_after(played: &BTreeSet<String>, produced: &Produced) -> Vec<String> {
    wrong(CAUSES, played, produced)
}

/// What the scenarios that are played expect.
fn expected() -> (BTreeSet<String>, Produced) {
    let mut produced = Produced::new();
    let scenarios: Vec<_> = every_file().into_iter().filter(|scenario| scenario.needs.is_empty()).collect();
    for scenario in &scenarios {
        for told in scenario.every_step().flat_map(|step| &step.told) {
            if let Event::Call(call) = &told.event
                && told.only.is_none_or(|only| scenario.nodes.contains(&only))
            {
                produced.entry(call.what[1].clone()).or_default().insert(scenario.name.clone());
            }
        }
    }
    (scenarios.into_iter().map(|scenario| scenario.name).collect(), produced)
}

#[test]
fn every_cause_of_the_contract_has_its_scenario_or_why_it_has_none() {
    let (scenarios, produced) = expected();
    for Entry { cause, met } in entries(CAUSES) {
        match met {
            Met::In(named) => println!("{cause:36} {}", named.join(", ")),
            Met::Not(why) => println!("{cause:36} not met: {why}"),
        }
    }
    let wrong = wrong(CAUSES, &scenarios, &produced);
    assert!(wrong.is_empty(), "causes.txt and the scenarios disagree:\n{}", wrong.join("\n"));
}

/// The table is worth what it catches.
#[test]
fn a_table_that_is_wrong_in_one_place_is_found_to_be() {
    let (scenarios, produced) = expected();
    let line = |cause: &str| {
        let found = CAUSES.lines().find(|line| line.split_whitespace().next() == Some(cause));
        found.unwrap_or_else(|| panic!("{cause} is in the table"))
    };
    for (of, instead, says) in [
        ("ANSWERED", String::new(), "ANSWERED is missing"),
        ("ANSWERED", format!("{0}\n{0}", line("ANSWERED")), "ANSWERED is listed twice"),
        ("ANSWERED", format!("{}\nANSWERD call", line("ANSWERED")), "ANSWERD is no cause of the contract"),
        ("ANSWERED", "ANSWERED calls".into(), "ANSWERED: no scenario is named calls"),
        ("ANSWERED", "ANSWERED busy".into(), "ANSWERED: busy does not produce it"),
        ("PICKUP", "PICKUP not: groups".into(), "PICKUP is said not to be met"),
        ("TAP_CALL", "TAP_CALL call".into(), "TAP_CALL: call does not produce it"),
    ] {
        let table: Vec<_> = CAUSES.lines().map(|l| if l == line(of) { instead.as_str() } else { l }).collect();
        let said = wrong(&table.join("\n"), &scenarios, &produced);
        assert!(said.len() == 1 && said[0].starts_with(says), "{instead:?} is told as {said:?}");
    }
    assert!(entry("ANSWERED not:").is_none(), "a reason is given");
}
