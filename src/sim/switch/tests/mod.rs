//! Tests of the switch: scenarios, every command in every state, and a long random walk.

mod accounts;
mod across;
mod away;
mod callbacks;
mod choices;
mod diverts;
mod forwards;
mod group;
mod group_transfers;
mod handoff;
mod holds;
mod hot_desk;
mod joins;
mod outside;
mod partners;
mod pickups;
mod presence;
mod records;
mod resilient;
mod scenarios;
mod settings;
mod shared;
mod table;
mod takeovers;
mod waiting;
mod walk;

use std::sync::Arc;

use schemas::csta::message::CallEventKind;
use schemas::domain::{Ceid, LocalState};

use super::model::{By, Command, Done, Happened, Input, Line, Output, Refusal, Target};
use super::{Switch, Why};
use crate::sim::plan::Plan;
use crate::sim::truth::{Truth, TruthState};

/// A switch whose clock the test turns, and everything it said.
pub(super) struct Bench {
    pub switch: Switch,
    pub now_ms: i64,
    pub out: Vec<Output>,
}

pub(super) const EPOCH: i64 = 1_700_000_000_000;

pub(super) fn bench(node: u16) -> Bench {
    // Held for ever, but where a test is about that.
    let plan = Plan { hold_recall_ms: None, ..Plan::lab(Ceid::new(node).expect("a CEID")) };
    Bench { switch: Switch::new(Arc::new(plan), EPOCH), now_ms: EPOCH, out: Vec::new() }
}

pub(super) fn line(text: &str) -> Line {
    let (dn, button) = text.split_once('/').unwrap_or((text, "1"));
    Line { dn: dn.parse().expect("a DN"), button: button.parse().expect("a button") }
}

pub(super) fn at(text: &str) -> Target {
    Target { line: line(text), call: None }
}

/// Kind, subject, cause, and each line with its state.
pub(super) type Told = (CallEventKind, String, Why, Vec<(String, LocalState)>);

impl Bench {
    /// What is held rings the holder again after so long.
    pub fn recalls_after(&mut self, ms: i64) {
        let plan = Plan { hold_recall_ms: Some(ms), ..self.switch.plan().clone() };
        self.switch.plan = Arc::new(plan);
    }

    pub fn input(&mut self, input: Input) -> Result<Done, Refusal> {
        self.out.clear();
        let done = self.switch.on(input, self.now_ms, &mut self.out);
        let broken: Vec<_> = self.out.iter().filter(|o| matches!(o, Output::Broken(_))).collect();
        assert!(broken.is_empty(), "{broken:?}");
        done
    }

    pub fn person(&mut self, command: Command) -> Result<Done, Refusal> {
        self.input(Input::Command(By::Person, command))
    }

    pub fn application(&mut self, command: Command) -> Result<Done, Refusal> {
        self.input(Input::Command(By::Application, command))
    }

    pub fn call(&mut self, from: &str, to: &str) -> Done {
        self.person(Command::MakeCall { line: line(from), number: to.into() }).expect("a call")
    }

    pub fn answer(&mut self, who: &str) {
        self.person(Command::Answer(at(who))).expect("an answer");
    }

    pub fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        self.input(Input::Tick).expect("ticks are never refused");
    }

    /// What happened in the last step.
    pub fn happened(&self) -> Vec<Told> {
        self.events()
            .map(|h| {
                let witnesses = h.witnesses.iter().map(|w| (w.line.to_string(), w.local)).collect();
                (h.kind, h.subject.number.clone(), h.why, witnesses)
            })
            .collect()
    }

    pub fn events(&self) -> impl Iterator<Item = &Happened> {
        self.out.iter().filter_map(|o| if let Output::Happened(h) = o { Some(h) } else { None })
    }

    pub fn truths(&self) -> impl Iterator<Item = &Truth> {
        self.out.iter().filter_map(|o| if let Output::Truth(t) = o { Some(t) } else { None })
    }

    /// What came in the last step of what had to wait: its number, and whether it was done.
    pub fn settled(&self) -> impl Iterator<Item = (u64, bool)> {
        let settled =
            |o: &Output| if let Output::Settled(number, result) = o { Some((*number, result.is_ok())) } else { None };
        self.out.iter().filter_map(settled)
    }

    /// Truth of the last step, as `number state` words.
    pub fn truth(&self) -> Vec<String> {
        self.truths().map(|t| format!("{} {:?} {:?}", t.dn, t.state, t.cause)).collect()
    }

    /// States of the legs at a line, oldest first.
    pub fn states(&self, at: &str) -> Vec<TruthState> {
        let line = line(at);
        let phone = self.switch.truth_of(line.dn).expect("a phone");
        phone.legs.iter().filter(|l| l.line == line.button).map(|l| l.state).collect()
    }
}
