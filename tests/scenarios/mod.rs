//! Scenario files: what a telephony engineer says must happen, played against the whole gateway.
//!
//! `files/*.scenario` are the scenarios, `README.md` is their format, `rows.txt` the contract's table
//! of events. `file` reads, `play` plays over a `transport`, `told` compares, `report` says which
//! rows no scenario reaches. Each file is played where it says and over every transport, and must go the
//! same way over each.
//!
//! `OIG_SCENARIO=transfer cargo test --test gateway scenarios::every` plays the files whose names hold
//! that.

mod file;
mod planted;
mod play;
mod report;
mod told;
pub(crate) mod transport;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use futures_util::future::join_all;
use schemas::soap::Version;
use serde_json::json;

use self::file::{Does, Nodes, Scenario};
use self::play::{Transcript, play};
pub(crate) use self::play::{ready, refusal};
use self::told::Cast;
use self::transport::{Rest, Soap, Transport, named};
use crate::common::cluster::Lab;
use crate::common::eventually;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/files")
}

fn every_file() -> Vec<Scenario> {
    file::all(&folder()).unwrap_or_else(|e| panic!("{e}"))
}

/// What is played besides, when only some are asked for.
fn asked_for(scenario: &Scenario) -> bool {
    std::env::var("OIG_SCENARIO").map_or(true, |part| scenario.name.contains(&part))
}

/// After a fault a node's backoff, and what else it remembers, is not as it was.
fn breaks_something(scenario: &Scenario) -> bool {
    scenario.every_step().any(|step| matches!(step.does, Does::Fault { .. }))
}

/// Longer than the 20 s that a node lets a phone ring.
fn rings_out(scenario: &Scenario) -> bool {
    scenario.every_step().any(|step| matches!(step.does, Does::Wait { seconds } if seconds > 20))
}

async fn whole_lab() -> Lab {
    let lab = Lab::start().await;
    ready(&lab).await;
    lab
}

/// One whose nodes have what the phones of a scenario share, and have said so.
async fn lab_for(scenario: &Scenario, nodes: Nodes) -> Lab {
    let options = Cast::of(scenario, nodes).options();
    let lab = Lab::start_as("info", &options.iter().map(String::as_str).collect::<Vec<_>>()).await;
    ready(&lab).await;
    let (soap, row) = (Soap::new(&lab.url, Version::V1_1), named("getPhoneNumberId").expect("an operation"));
    let session_id = soap.login().await.to_string();
    for shared in &scenario.shared {
        // A shared number is no prime line, once the directory is there.
        let request = json!({ "request": { "sessionId": session_id, "primeDn": shared.number, "icpId": "1" } });
        eventually("the directory with shared numbers", async || {
            let reply = soap.call(row, &request).await.expect("the gateway answers");
            refusal(&reply).is_some().then_some(())
        })
        .await;
    }
    soap.logout(session_id.parse().expect("an id")).await;
    lab
}

/// A way in; every file is played over each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Soap(Version),
    Rest,
}

const WAYS: [Way; 3] = [Way::Soap(Version::V1_1), Way::Soap(Version::V1_2), Way::Rest];

impl Way {
    async fn play(self, scenario: &Scenario, nodes: Nodes, lab: &Lab) -> Result<Transcript, String> {
        match self {
            Self::Soap(version) => play(scenario, nodes, &Soap::new(&lab.url, version), lab).await,
            Self::Rest => play(scenario, nodes, &Rest::new(&lab.url), lab).await,
        }
    }
}

/// One file where its phones are in one way, over every transport: what each of them told.
type Played = BTreeMap<(String, String), Vec<(Way, Transcript)>>;

/// Whatever the way, the same events were told; of a race, where it ended alike.
fn agree((file, nodes): (&str, &str), told: &[(Way, Transcript)]) -> Result<(), String> {
    let pairs = told.iter().enumerate().flat_map(|(i, one)| told[i + 1..].iter().map(move |two| (one, two)));
    for ((first, one), (other, two)) in pairs.filter(|((_, one), (_, two))| one.outcome == two.outcome) {
        let (a, b) = (one.told.join("\n"), two.told.join("\n"));
        if a != b {
            let at = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or(0);
            let line = |text: &str| text.lines().nth(at).unwrap_or_default().chars().take(2_000).collect::<String>();
            let head = format!("{file}.scenario, {nodes}: {first:?} and {other:?} differ");
            return Err(format!("{head}\n  {}\n  {}", line(&a), line(&b)));
        }
    }
    Ok(())
}

/// Outcomes of races that came in none of their orders.
fn never(scenarios: &[&Scenario], told: &Played) -> BTreeSet<((String, String), String)> {
    let of = |file: &str, nodes: &str| (file.split(':').next().unwrap_or_default().to_owned(), nodes.to_owned());
    let races = scenarios.iter().flat_map(|s| s.nodes.iter().map(move |nodes| (of(&s.name, &nodes.to_string()), s)));
    let mut missing: BTreeSet<_> =
        races.flat_map(|(of, s)| s.outcomes().map(move |outcome| (of.clone(), outcome.text.clone()))).collect();
    for ((file, nodes), came) in told {
        for (_, transcript) in came {
            missing.remove(&(of(file, nodes), transcript.outcome.clone()));
        }
    }
    missing
}

#[tokio::test]
async fn every_scenario_happens_as_written_over_every_transport() {
    let scenarios: Vec<_> = every_file().iter().filter(|s| asked_for(s)).flat_map(Scenario::in_every_order).collect();
    assert!(!scenarios.is_empty(), "no file has such a name");
    let there: Vec<_> = scenarios.iter().filter(|s| s.needs.is_empty()).collect();
    assert!(!there.is_empty(), "every such file waits for something that does not exist yet");
    // A phone that rings out takes its time and nothing else: such plays begin first, each in a lab of its own.
    let places = there.iter().flat_map(|s| s.nodes.iter().map(move |nodes| (*s, *nodes)));
    let mut plays: Vec<_> = places.flat_map(|(s, nodes)| WAYS.map(|way| (s, nodes, way))).collect();
    plays.sort_by_key(|(s, ..)| !rings_out(s));
    let ringing = plays.iter().filter(|(s, ..)| rings_out(s)).count();
    let workers = ringing + available_parallelism().map_or(2, |n| n.get() * 2);
    let left = RefCell::new(VecDeque::from(plays));
    let (told, faults) = (RefCell::new(Played::new()), RefCell::new(Vec::new()));
    let worker = async || {
        let mut lab = whole_lab().await;
        loop {
            // The borrow ends before anything is awaited.
            let next = left.borrow_mut().pop_front();
            let Some((scenario, nodes, way)) = next else { break };
            let played = if scenario.shared.is_empty() {
                way.play(scenario, nodes, &lab).await
            } else {
                way.play(scenario, nodes, &lab_for(scenario, nodes).await).await
            };
            if played.is_err() || breaks_something(scenario) {
                lab = whole_lab().await;
            }
            match played {
                Ok(transcript) => {
                    let of = (scenario.name.clone(), nodes.to_string());
                    told.borrow_mut().entry(of).or_default().push((way, transcript));
                }
                Err(what) => faults.borrow_mut().push(what),
            }
        }
    };
    join_all((0..workers).map(|_| worker())).await;
    let mut faults = faults.into_inner();
    let told = told.into_inner();
    for ((file, nodes), told) in &told {
        faults.extend(agree((file, nodes), told).err());
    }
    for ((file, nodes), outcome) in never(&there, &told) {
        faults.push(format!("{file}.scenario, {nodes}: the race never ended as `outcome {outcome}`"));
    }
    faults.sort();
    assert!(faults.is_empty(), "{} of them went otherwise:\n\n{}\n", faults.len(), faults.join("\n\n"));
}

/// What a file waits for must not be there: a mark that has outlived its reason is taken out.
#[tokio::test]
async fn what_a_waiting_scenario_needs_is_not_there_yet() {
    let needs: BTreeSet<_> = every_file().into_iter().flat_map(|s| s.needs).collect();
    if needs.is_empty() {
        return;
    }
    let lab = whole_lab().await;
    let transport = Soap::new(&lab.url, Version::V1_1);
    let session_id = transport.login().await.to_string();
    let mut there = Vec::new();
    for need in needs {
        let exists = match need.strip_prefix("hand ") {
            Some(verb) => {
                let refused = lab.hands(1).try_does("1000", verb, &json!({})).await;
                !refused.is_err_and(|text| text.contains("not supported yet"))
            }
            None => {
                let row = named(&need).unwrap_or_else(|| panic!("the contract has no operation {need}"));
                let request = match row.request.fields.iter().any(|f| f.name == "request") {
                    true => json!({ "request": { "sessionId": session_id } }),
                    false => json!({ "sessionId": session_id, "objectId": "1", "localCallId": "1" }),
                };
                let reply = transport.call(row, &request).await.expect("the gateway answers");
                !refusal(&reply).is_some_and(|text| text.ends_with("is not supported yet."))
            }
        };
        if exists {
            there.push(need);
        }
    }
    assert!(there.is_empty(), "these exist now; take them out of `needs` in tests/scenarios/files: {there:?}");
}
