//! The switch itself: phones, lines and calls, as a pure state machine.
//!
//! What happens goes in, what the world is told comes out; no I/O, no clock, no chance: the same
//! inputs give the same outputs. Calls have a life of their own, whether or not anybody monitors
//! them. It knows nothing of CSTA associations (`csta` turns what happened into events) and
//! nothing of sockets. Called by `core` alone.
//!
//! Rules of its lines, where sets in the field differ:
//! - A number rings at its prime line, and only there; while that has an active or an alerting
//!   leg it is busy. Line appearances are for calls that go out. Lines of one set are independent;
//!   an idle one hears when another is in use.
//! - A line has at most one active leg, one held leg and one alerting leg. Going off hook answers
//!   what rings.
//! - What a consultation leads to is about its two legs: a call that is held by hand and another
//!   beside it cannot be joined. A consultation that still rings cannot be put away.
//! - Of two calls that are joined the held one goes on. A path through a node stays there, though
//!   nobody of that node is in the call any more.
//! - A call that fails leaves its caller with a tone until the caller clears; a call that is left
//!   by all but one is over for the last one too.
//! - A phone that does not want to be disturbed counts as busy where its calls are forwarded.
//! - A hot desk user's number is at the set of its login, whose own is out of service meanwhile; nobody
//!   comes or goes during a call. At a set of another node the user's lines stay here, and what is done there is said here.
//! - A resilient phone is at one of its two nodes, and out of service at the other (see `resilient`).
//! - One call may wait at a line that is busy, without making it more so; it rings when the line is free.
//! - A held call is retrieved before it is cleared; a ringing phone cannot hang up. Of two parties, one who is held by
//!   hand for too long rings the holder again, as soon as that line is free.
//! - A line that picks up what rings at a partner's, or takes over what is held there, is kept for it until the
//!   partner has said.
//! - A number may show at buttons of several sets: a key line, or a multicall group (see `shared`).
//! - A call for a group rings at every member's line; it is one call, and whoever answers first has it.

mod account;
mod away;
mod callback;
mod check;
mod choices;
mod clear;
mod command;
mod divert;
mod feature;
mod follow;
mod forward;
mod group;
mod handoff;
mod hold;
mod hot_desk;
mod join;
mod legs;
mod model;
mod outside;
mod partner;
mod pickup;
mod possible;
mod presence;
mod records;
mod resilient;
mod route;
mod shared;
mod view;
mod waiting;

#[cfg(test)]
mod tests;

pub use feature::FORWARDINGS;
pub use hot_desk::{Desk, Desking, state_of};
pub use model::{
    By, Changed, Charged, Command, Done, Happened, InUse, Input, Joined, Joiner, Learnt, LegState, Line, Output,
    OutsideDeed, Refusal, Service, Setting, Target, Two, Why, Witness,
};
pub use view::{CallView, LineView};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::domain::Dn;

use model::{CallNo, Phone, State, Timer};

use super::plan::Plan;

/// Legs up to which every step is checked in a product build; above, every so many steps.
const CHECKED_ALWAYS: usize = 500;
const CHECKED_EVERY: u64 = 256;

/// One node's switch.
pub struct Switch {
    plan: Arc<Plan>,
    state: State,
    /// When each call's timer is due.
    timers: BTreeSet<(i64, CallNo)>,
    /// Part of every callID, so that none is used again by a later life.
    epoch_ms: i64,
    /// Counts calls of this life.
    calls: u64,
    legs: u64,
    parts: u64,
    gcids: u64,
    /// Who wants to be called when somebody is free, and what partners want to know.
    callbacks: Vec<callback::CallBack>,
    watches: Vec<callback::Watch>,
    /// Messages for phones of partners that are away: for whom, and who left it.
    posted: BTreeSet<(String, String)>,
    /// Sets whose legs changed in this step.
    touched: BTreeSet<Dn>,
    /// What idle lines were told of others of their set.
    followed: BTreeMap<Line, InUse>,
    /// The shared number that a button shows.
    shared_at: BTreeMap<Line, Dn>,
    /// What is kept of the calls that are over.
    records: records::Records,
    steps: u64,
    broken: u64,
}

/// The moment of a step and what it says.
struct Step<'a> {
    now_ms: i64,
    out: &'a mut Vec<Output>,
}

impl Switch {
    /// A switch with every phone idle; `epoch_ms` must be another one in each life of a node.
    #[must_use]
    pub fn new(plan: Arc<Plan>, epoch_ms: i64) -> Self {
        let phones = plan
            .phones
            .iter()
            .chain(plan.hot_desk.users.values().map(|user| &user.phone))
            .chain(plan.backups.values().map(|backup| &backup.phone))
            .map(|p| (p.dn, Phone { plan: p.clone(), dnd: false, auto_answer: false, forwards: BTreeMap::new() }))
            .collect();
        Self {
            state: State { phones, ..State::default() },
            timers: BTreeSet::new(),
            epoch_ms,
            calls: 0,
            legs: 0,
            parts: 0,
            // Seconds since the epoch: a node that starts anew goes on elsewhere in the range.
            gcids: u64::try_from(epoch_ms / 1000).unwrap_or(0) % legs::GCID_RANGE,
            callbacks: Vec::new(),
            watches: Vec::new(),
            posted: BTreeSet::new(),
            touched: BTreeSet::new(),
            followed: BTreeMap::new(),
            shared_at: plan
                .shared
                .iter()
                .flat_map(|(number, shared)| shared.appearances.iter().map(|at| (at, *number)))
                .map(|(&(dn, button), number)| (Line { dn, button }, number))
                .collect(),
            records: records::Records::default(),
            steps: 0,
            broken: 0,
            plan,
        }
    }

    /// Takes one input at `now_ms` and appends what it leads to.
    ///
    /// # Errors
    /// When a command is refused; nothing has changed and nothing is told then.
    pub fn on(&mut self, input: Input, now_ms: i64, out: &mut Vec<Output>) -> Result<Done, Refusal> {
        let began = out.len();
        let mut step = Step { now_ms, out };
        let asks = matches!(input, Input::Command(..) | Input::Deed { .. } | Input::Outside(_));
        let result = match input {
            Input::Command(by, command) => self.command(by, command, &mut step),
            Input::Deed { set, button, deed } => self.hand_on(set, button, deed, &mut step),
            Input::Outside(deed) => self.outside(deed, &mut step),
            Input::Peer(from, message) => {
                self.heard(from, message, &mut step);
                Ok(Done::default())
            }
            Input::PeerUp(peer) => {
                self.partner_up(peer, &mut step);
                Ok(Done::default())
            }
            Input::PeerDown(peer) => {
                self.partner_down(peer, &mut step);
                Ok(Done::default())
            }
            Input::Seen(peer) => {
                self.sets_find(peer);
                Ok(Done::default())
            }
            Input::Unseen(peer) => {
                self.sets_miss(peer, &step);
                Ok(Done::default())
            }
            Input::Tick => {
                self.tick(&mut step);
                Ok(Done::default())
            }
            Input::Power { epoch_ms } => {
                self.power(epoch_ms, &mut step);
                Ok(Done::default())
            }
        };
        loop {
            self.ring_waiting(&mut step);
            // A command that is refused changes nothing, though a call may be due.
            if !asks || !self.touched.is_empty() {
                self.recall_held(&mut step);
            }
            self.mature(&mut step);
            // Whoever answers may leave another line free, for a call that waits there.
            if !self.answer_by_itself(&mut step) {
                break;
            }
        }
        self.send_home(&mut step);
        self.tell_talks(&mut step);
        self.follow(&mut step);
        self.tell_hosts(began, &mut step);
        self.steps += 1;
        let small = cfg!(debug_assertions) || self.state.legs.len() <= CHECKED_ALWAYS;
        if (small || self.steps.is_multiple_of(CHECKED_EVERY))
            && let Err(broken) = self.check_invariants()
        {
            self.broken += 1;
            out.push(Output::Broken(broken));
        }
        result
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let picks = self.state.picks.values().map(|pick| pick.until_ms).min();
        let recalls = self.recalls().map(|(at, ..)| at).min();
        let timers = self.timers.first().map(|(at, _)| *at).into_iter();
        timers.chain(picks).chain(recalls).chain(self.errands_end()).chain(self.takeover_at()).min()
    }

    /// Steps after which an invariant was found broken; must be 0.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.broken
    }

    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now_ms;
        self.give_up_picks(|pick| pick.until_ms <= now_ms, step);
        self.give_up_late_errands(step);
        self.take_over_missed(step);
        while let Some(&(at, call)) = self.timers.first() {
            if at > step.now_ms {
                break;
            }
            let timer = self.state.calls.get(&call).and_then(|c| c.timer);
            self.set_timer(call, None);
            match timer {
                Some((_, Timer::NoAnswer)) if self.state.calls.get(&call).is_some_and(|c| c.callback.is_some()) => {
                    self.give_up_call_back(call, step);
                }
                Some((_, timer @ (Timer::NoAnswer | Timer::Forward))) => {
                    let goes_on = self.forward_unanswered(call, step);
                    if timer == Timer::NoAnswer && !goes_on {
                        self.fail(call, Why::CallNotAnswered, step);
                    }
                }
                Some((_, Timer::Interdigit)) => self.dial_collected(call, step),
                Some((_, Timer::OutsideAnswers)) => self.outside_answers(call, step),
                None => {}
            }
        }
    }

    /// Everything is lost at once; nobody is told, but it is true.
    fn power(&mut self, epoch_ms: i64, step: &mut Step<'_>) {
        self.state.peers.clear();
        self.give_up_picks(|_| true, step);
        self.give_up_errands(|_| true, step);
        let legs: Vec<_> = self.state.legs.keys().copied().collect();
        for leg in legs {
            self.part_with(leg, Why::PowerLost, step);
        }
        self.lose_settings(step);
        self.lose_pairing(step);
        self.records.forget();
        self.callbacks.clear();
        self.watches.clear();
        self.posted.clear();
        self.touched.clear();
        self.followed.clear();
        self.epoch_ms = epoch_ms.max(self.epoch_ms + 1);
        self.calls = 0;
    }
}
