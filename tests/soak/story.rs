//! One soak: people and applications make calls, something breaks, and again. After each turn everybody hangs up, and
//! what was heard in it is held against the truth.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use oig::sim::truth::TruthState;
use schemas::contract::cc::EventCauseType;
use schemas::contract::ops_call_control_standard::{AnswerCall, MakeCall};
use serde_json::json;

use super::lab::{Lab, PARTNERS, now_ms};
use super::listeners::{Hears, Listener};
use super::pair;
use super::report::Report;
use super::trouble::Trouble;
use super::unseen::{Gap, Log, Turn, judge};
use crate::common::{PATIENCE, within};
use crate::simulation::chance::Chance;
use crate::simulation::oracle::{self, Circumstances, Excuse, Findings};
use crate::simulation::places::phones;
use crate::simulation::world::Application;

/// How far the clocks of switch, gateway and reader may seem apart on a busy machine.
pub(super) const SLACK_MS: i64 = 400;
/// How late an event may be on a machine that builds and tests something else meanwhile: when is not what a soak is about.
pub(super) const LATE_MS: i64 = 5 * SLACK_MS;
/// Nothing changes for so long before and after a fault, so that nothing happens at the edge of its excuse.
const QUIET_MS: i64 = 4 * SLACK_MS;
/// What people do between two faults, and what for each node more than two.
const DEEDS: usize = 600;
const DEEDS_MORE: usize = 100;
/// Between two deeds at the partners. Each writes the truth of its own half of a call: what one does before the other has
/// heard of what was done before has no order that could be told from it.
pub(super) const BETWEEN_PARTNERS: Duration = Duration::from_millis(100);
/// What they do while something is broken: in time, so that little has to be excused.
const DEEDS_MEANWHILE: u32 = 6;
/// Calls at a node that nobody hears.
const SHORT_CALLS: u32 = 3;

pub struct Story {
    pub(super) lab: Lab,
    pub(super) listeners: Vec<Listener>,
    /// Draws faults, and what people do: apart, so that neither depends on how far the other came.
    pub(super) faults: Chance,
    pub(super) people: Chance,
    pub(super) excuses: Vec<Excuse>,
    /// Those of the resilient phones.
    pub(super) pair_excuses: Vec<Excuse>,
    /// Since when they move between their nodes, in this turn.
    pub(super) pair_moves_from_ms: Option<i64>,
    /// When the newest excuse was over for everybody.
    pub(super) edge_ms: i64,
    pub(super) report: Report,
    /// Times in which a node was not heard, and what the gateway told of calls in them.
    pub(super) gaps: Vec<Gap>,
    pub(super) log: Log,
    /// When somebody at the partners does something again.
    partners_next: tokio::time::Instant,
}

impl Story {
    pub async fn tell(seed: u64, length: Duration, nodes: usize) -> Report {
        let began = Instant::now();
        let lab = Lab::start(nodes).await;
        let addresses: Vec<String> = lab.places.iter().map(|place| place.node.address.to_string()).collect();
        let mut chance = Chance::new(seed ^ 0xa);
        let mut listeners = Vec::new();
        let slowly = Hears::Slowly(Duration::from_secs(2));
        for hears in [Hears::AtOnce, Hears::AtOnce, slowly, Hears::ByHandler] {
            let clock = lab.clock.clone();
            listeners.push(Listener::start(&lab.gateway.url, &addresses, hears, &mut chance, clock).await);
        }
        let report = Report { seed, nodes: lab.places.len(), applications: listeners.len(), ..Report::default() };
        let mut story = Self {
            lab,
            listeners,
            faults: Chance::new(seed ^ 0xf),
            people: Chance::new(seed),
            excuses: Vec::new(),
            pair_excuses: Vec::new(),
            pair_moves_from_ms: None,
            edge_ms: 0,
            report,
            gaps: Vec::new(),
            log: Log::default(),
            partners_next: tokio::time::Instant::now(),
        };
        // Every kind comes, none too often; which comes first, and where, the seed draws.
        let mut turn = story.faults.below(Trouble::ALL.len());
        while began.elapsed() < length && story.report.violations.is_empty() {
            story.turn(Trouble::ALL[turn % Trouble::ALL.len()]).await;
            turn += 1;
        }
        story.report.seconds = began.elapsed().as_secs();
        story.report
    }

    async fn turn(&mut self, trouble: Trouble) {
        // What is done while something breaks depends on how long that takes: each turn begins anew.
        self.people = Chance::new(self.faults.next());
        let deeds = DEEDS + DEEDS_MORE * self.lab.places.len().saturating_sub(PARTNERS);
        for _ in 0..deeds {
            self.deed().await;
        }
        match trouble {
            Trouble::PrimaryDead => self.pair_talks().await,
            // Most are idle then, and a few go on with a call that was seen.
            Trouble::LineDown | Trouble::AllLinesDown => {
                self.everybody_hangs_up().await;
                for _ in 0..self.lab.places.len() {
                    self.deed().await;
                }
            }
            _ => {}
        }
        // What nobody has read yet survives a gateway.
        self.still().await;
        if trouble == Trouble::GatewayKilled || self.told().await {
            self.trouble(trouble).await;
            if self.quiet().await {
                // What is left of it must be right for calls that go on, too.
                for _ in 0..deeds / 4 {
                    self.deed().await;
                }
                self.everybody_hangs_up().await;
                self.pair_is_at(0, &pair::PHONES).await;
                self.quiet().await;
            }
        }
        self.sum_up().await;
    }

    async fn everybody_hangs_up(&self) {
        for (number, place) in self.lab.places.iter().enumerate() {
            within(PATIENCE, "every phone is idle", async || {
                let truth = place.node.hands.truth().await;
                let busy = truth.phones.iter().filter(|phone| !phone.legs.is_empty());
                let of_pair = |dn: &str| number < PARTNERS && pair::PHONES.contains(&dn);
                let busy: Vec<_> =
                    busy.filter(|phone| phones(number).contains(&phone.dn) || of_pair(&phone.dn)).collect();
                for phone in &busy {
                    let is = |wanted: &[TruthState]| phone.legs.iter().all(|leg| wanted.contains(&leg.state));
                    let verb = match () {
                        () if is(&[TruthState::Held]) => "retrieve",
                        () if is(&[TruthState::Held, TruthState::Alerting]) => "answer",
                        () => "hangup",
                    };
                    // Another's hanging up may have ended it.
                    let _ = place.node.hands.try_does(&phone.dn, verb, &json!({})).await;
                }
                busy.is_empty().then_some(())
            })
            .await;
        }
    }

    /// What the turn came to is added to the report. Then it is forgotten: no call goes on.
    async fn sum_up(&mut self) {
        for (number, listener) in self.listeners.iter().enumerate() {
            let mut reader = listener.reader.borrow_mut();
            let wrong = std::mem::take(&mut reader.violations).into_iter();
            self.report.violations.extend(wrong.map(|v| format!("application {number}: {v}")));
            if let Some(why) = listener.is_over() {
                self.report.violations.push(format!("application {number} hears no more: {why}"));
            }
            self.report.again += std::mem::take(&mut reader.again);
        }
        for place in &self.lab.places {
            let broken = place.node.hands.truth().await.broken;
            if broken != 0 {
                self.report.violations.push(format!("the switch of node {} broke its invariants", place.node.ceid));
            }
        }
        self.sum_up_unseen();
        let (compared, excused) = self.pair_compared();
        (self.report.compared, self.report.excused) = (self.report.compared + compared, self.report.excused + excused);
        for findings in self.findings() {
            self.report.compared += findings.compared;
            self.report.excused += findings.excused;
        }
        for listener in &self.listeners {
            let heard = listener.heard.heard.borrow();
            let calls = heard.iter().filter_map(|h| h.event.call_event.as_ref());
            let again = Some(EventCauseType::ControllerCommsRestored);
            self.report.restored += calls.filter(|call| call.cause == again).count();
            self.report.events += heard.len();
        }
        self.report.calls += self.lab.calls();
        if self.report.violations.is_empty() {
            self.lab.forget();
            self.listeners.iter().for_each(Listener::forget);
            self.excuses.clear();
            self.pair_excuses.clear();
            self.pair_moves_from_ms = None;
            self.report.deeds.clear();
        }
    }

    /// Holds what was told of calls that nobody saw against what is true.
    fn sum_up_unseen(&mut self) {
        self.log.read(&self.lab.gateway.process);
        let mut turn = Turn { gaps: std::mem::take(&mut self.gaps), slack_ms: SLACK_MS, ..Turn::default() };
        for listener in &self.listeners {
            let watched = &listener.heard.watched;
            turn.monitored.extend(watched.iter().map(|phone| (phone.node, phone.dn.clone())));
            let pair = listener.pair.iter().flat_map(|phone| (0..PARTNERS).map(|node| (node, phone.dn.clone())));
            turn.monitored.extend(pair);
            for call in listener.heard.heard.borrow().iter().filter_map(|h| h.event.call_event.as_ref()) {
                let node = watched.iter().find(|phone| phone.object == call.object_id).map(|phone| phone.node);
                let node = node.or_else(|| pair::serves(call));
                turn.heard.extend(node.map(|node| (node, oracle::gcid(call))));
            }
        }
        let (count, wrong) = judge(&turn, &self.lab.halves(), &self.log.take());
        self.report.unseen.add(&count);
        for line in self.log.calls().iter().filter(|_| !wrong.is_empty()) {
            let _ = writeln!(self.report.deeds, "the gateway told: {line}");
        }
        self.report.violations.extend(wrong);
    }

    fn findings(&self) -> Vec<Findings> {
        let run = Circumstances { excuses: &self.excuses, end_ms: now_ms(), slack_ms: SLACK_MS, late_ms: LATE_MS };
        let known = self.lab.known();
        let each = self.listeners.iter().flat_map(|listener| known.iter().map(move |known| (listener, known)));
        let of = |application: &Application, nodes: &[usize]| {
            let watched = application.watched.iter().filter(|phone| nodes.contains(&phone.node));
            Application { watched: watched.cloned().collect(), ..application.clone() }
        };
        each.map(|(listener, (nodes, known))| oracle::compare(&of(&listener.heard, nodes), known, &run)).collect()
    }

    /// Waits until nothing changes any more.
    pub(super) async fn still(&mut self) {
        let (lab, edge_ms) = (&mut self.lab, self.edge_ms);
        within(PATIENCE * 4, "nothing changes", async || {
            lab.look().await;
            (now_ms() - lab.newest_ms().max(edge_ms) > QUIET_MS).then_some(())
        })
        .await;
    }

    /// Waits until nothing changes and everybody has heard the truth; whether they have.
    async fn quiet(&mut self) -> bool {
        self.still().await;
        self.told().await
    }

    /// Waits until everybody has heard the truth; what was not heard by then is a violation.
    async fn told(&mut self) -> bool {
        let began = Instant::now();
        let found = within(PATIENCE * 2, "the oracle's word", async || {
            // Who rings does so for a while: the truth goes on.
            self.lab.look().await;
            let found: Vec<_> = self.findings().into_iter().map(|findings| findings.violations).collect();
            let of_pair = self.pair_wrong();
            let right = of_pair.is_empty() && found.iter().all(Vec::is_empty);
            (right || began.elapsed() > PATIENCE / 2).then_some((found, of_pair))
        })
        .await;
        let (found, of_pair) = found;
        self.report.violations.extend(of_pair);
        let groups = found.len() / self.listeners.len();
        let found = found.into_iter().enumerate();
        let found =
            found.flat_map(|(at, found)| found.into_iter().map(move |v| format!("application {}: {v}", at / groups)));
        self.report.violations.extend(found);
        self.report.violations.is_empty()
    }

    /// Somebody does something at a phone, or an application does.
    pub(super) async fn deed(&mut self) {
        // All is drawn whatever the phone can do just now, so that the story does not depend on that.
        let (node, place) = (self.node(), self.people.below(5));
        let (roll, number, by_application) = (self.people.below(100), self.number(node), self.people.percent(35));
        if !self.lab.places[node].awake {
            return;
        }
        if node < PARTNERS {
            tokio::time::sleep_until(self.partners_next).await;
            self.partners_next = tokio::time::Instant::now() + BETWEEN_PARTNERS;
        }
        let dn = phones(node).swap_remove(place);
        let hands = self.lab.places[node].node.hands.clone();
        let legs: Vec<_> = hands.phone(&dn).await.legs.into_iter().filter(|leg| leg.line == 1).collect();
        let is = |state| legs.iter().any(|leg| leg.state == state);
        let (connected, held) = (is(TruthState::Connected), is(TruthState::Held));
        let verb = match roll {
            _ if is(TruthState::Alerting) && !connected => "answer",
            _ if legs.is_empty() => "dial",
            0..=29 if connected && held => "transfer",
            30..=54 if connected && held => "alternate",
            0..=24 if connected => "consult",
            25..=44 if connected => "hold",
            0..=69 if held && legs.len() == 1 => "retrieve",
            _ => "hangup",
        };
        let done = match verb {
            "dial" | "answer" if by_application => self.command(&dn, verb, &number).await,
            _ => hands.try_does(&dn, verb, &json!({ "number": number })).await,
        };
        let _ = writeln!(self.report.deeds, "{} {dn} {verb} {number} {done:?}", now_ms());
    }

    /// Where somebody does something: seldom at the partners, whose people are slower.
    fn node(&mut self) -> usize {
        let others = self.lab.places.len() - PARTNERS;
        let (partners, partner, other) =
            (self.people.percent(10), self.people.below(PARTNERS), self.people.below(others));
        if partners || others == 0 { partner } else { PARTNERS + other }
    }

    /// Whom somebody at the node calls: mostly somebody who can be reached there.
    fn number(&mut self, node: usize) -> String {
        let other = self.people.below(PARTNERS);
        let (node, place) = (if node < PARTNERS { other } else { node }, self.people.below(5));
        // No node has a phone of this number.
        if self.people.percent(4) { "999".into() } else { phones(node).swap_remove(place) }
    }

    /// The first application that monitors a phone does it.
    pub(super) async fn command(&self, dn: &str, verb: &str, number: &str) -> Result<(), String> {
        let of = |listener: &Listener| {
            let mut watched = listener.heard.watched.iter().chain(&listener.pair);
            watched.find(|w| w.dn == dn).map(|w| w.object)
        };
        let found = self.listeners.iter().find_map(|listener| Some((listener, of(listener)?)));
        let (listener, object_id) = found.ok_or("monitored by nobody")?;
        let (client, session_id) = (&listener.app.client, listener.app.session_id);
        // No gateway may be there just now.
        let reply = if verb == "dial" {
            client.call(&MakeCall { session_id, object_id, number: number.to_owned(), account_code: None }).await
        } else {
            let last = {
                let heard = listener.heard.heard.borrow();
                let mut calls = heard.iter().rev().filter_map(|h| h.event.call_event.as_ref());
                calls.find(|call| call.object_id == object_id).map(|call| call.local_call_id)
            };
            let local_call_id = last.unwrap_or(0);
            client.call(&AnswerCall { session_id, object_id, local_call_id }).await
        };
        reply.map_err(|e| e.to_string())?.error_description.map_or(Ok(()), Err)
    }

    /// People at a node call each other for a moment, answered or not.
    pub(super) async fn short_calls(&mut self, node: usize) {
        for _ in 0..SHORT_CALLS {
            let (place, number, answers) = (self.people.below(5), self.number(node), self.people.percent(50));
            let dn = phones(node).swap_remove(place);
            let hands = self.lab.places[node].node.hands.clone();
            // Whoever is in a call goes on with it.
            let is_idle = hands.phone(&dn).await.legs.is_empty();
            let mut done = Vec::new();
            if is_idle {
                done.push(hands.try_does(&dn, "dial", &json!({ "number": number })).await);
                tokio::time::sleep(BETWEEN_PARTNERS).await;
                if answers && phones(node).contains(&number) {
                    done.push(hands.try_does(&number, "answer", &json!({})).await);
                    tokio::time::sleep(BETWEEN_PARTNERS).await;
                }
                done.push(hands.try_does(&dn, "hangup", &json!({})).await);
            }
            let _ = writeln!(self.report.deeds, "{} {dn} calls {number} for a moment {done:?}", now_ms());
            tokio::time::sleep(BETWEEN_PARTNERS).await;
        }
    }

    /// What is done elsewhere while something is away.
    pub(super) async fn others_go_on(&mut self, length: Duration) {
        for _ in 0..DEEDS_MEANWHILE {
            self.deed().await;
            tokio::time::sleep(length / DEEDS_MEANWHILE).await;
        }
    }
}
