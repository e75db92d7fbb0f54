//! A whole node without its sockets: switch, CSTA side, faults and truth, as one pure machine.
//!
//! `node` drives it: everything that happens goes into one of its methods with the time of day,
//! and the acts that come out are done in their order.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::csta::message::{Edition, Message};
use schemas::domain::Dn;

pub use super::deed::Deed;

use super::csta::{AssociationId, Effect, Exchange, Outgoing};
use super::faults::{Fate, Fault, Faults, FormsFault, LinkFault, Which};
use super::forms::Told;
use super::peer::PeerMessage;
use super::plan::Plan;
use super::switch::{By, Desk, Input, Line, Output, OutsideDeed, Refusal, Switch};
use super::truth::{TRUTH_KEPT, Truth, TruthLog, TruthNow, TruthPhone, TruthRecord};
use super::view::{NodeView, OutsideView, PhoneView, UserView};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    pub line: Line,
    pub deed: Deed,
}

/// Why a phone did not do what its user wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandRefusal {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the node has no power")]
    NoPower,
    #[error("the node has stopped")]
    Stopped,
}

/// How far what a person did has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// Done; the number of the newest truth record after it.
    Done(u64),
    /// A partner node has to say; [`Act::Settled`] with this number tells what came of it.
    Waits(u64),
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // done at once, never kept in numbers
pub enum Act {
    Send {
        to: AssociationId,
        invoke: u16,
        message: Box<Message>,
        edition: Edition,
        /// To be made unreadable within its frame.
        garbled: bool,
    },
    Close {
        association: AssociationId,
        /// With a reset instead of in good order.
        reset: bool,
    },
    /// What came of something that had to wait; of no interest unless a person did it.
    Settled(u64, Result<u64, HandRefusal>),
    Peer(u16, PeerMessage),
    ClosePeers,
    /// What the forms say of it is to follow.
    Configured(Told),
    /// What is said of the forms breaks.
    BreakForms(FormsFault),
}

/// Which connections the node accepts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    pub gateways: bool,
    pub partners: bool,
    /// Sets reach it.
    pub sets: bool,
}

/// Frames that may wait for their delayed moment.
const DELAYED: usize = 10_000;

/// One node.
pub struct Core {
    switch: Switch,
    exchange: Exchange,
    truth: TruthLog,
    faults: Faults,
    /// Delayed answers by their moment and order.
    delayed: BTreeMap<(i64, u64), Outgoing>,
    delays: u64,
}

impl Core {
    /// A node that starts now; its callIDs and Global Call IDs are derived from the moment.
    #[must_use]
    pub fn new(plan: Arc<Plan>, now_ms: i64) -> Self {
        Self {
            exchange: Exchange::new(&plan),
            switch: Switch::new(plan, now_ms),
            truth: TruthLog::new(TRUTH_KEPT),
            faults: Faults::default(),
            delayed: BTreeMap::new(),
            delays: 0,
        }
    }

    #[must_use]
    pub fn open(&self, now_ms: i64) -> Open {
        let powered = self.faults.powerless_until <= now_ms;
        Open {
            gateways: powered && self.faults.refuse_gateways_until <= now_ms,
            partners: powered && self.faults.refuse_partners_until <= now_ms,
            sets: powered,
        }
    }

    /// A gateway connected; turned away by a close when the node does not accept it.
    pub fn opened(&mut self, id: AssociationId, now_ms: i64, acts: &mut Vec<Act>) {
        if !self.open(now_ms).gateways {
            acts.push(Act::Close { association: id, reset: false });
            return;
        }
        let mut effects = Vec::new();
        self.exchange.opened(id, now_ms, &mut effects);
        self.send(effects, now_ms, acts);
    }

    pub fn closed(&mut self, id: AssociationId) {
        self.exchange.closed(id);
        self.delayed.retain(|_, frame| frame.to != id);
    }

    /// A message was read from a gateway.
    pub fn heard(
        &mut self,
        id: AssociationId,
        invoke: u16,
        message: Message,
        edition: Edition,
        now_ms: i64,
        acts: &mut Vec<Act>,
    ) {
        if self.faults.mute_until > now_ms {
            return;
        }
        let (mut effects, mut told) = (Vec::new(), Vec::new());
        self.exchange.heard(id, invoke, message, edition, &mut self.switch, now_ms, &mut effects, &mut told);
        // The answer comes before the events that the service caused.
        self.send(effects, now_ms, acts);
        self.spread(told, now_ms, acts);
    }

    /// A frame that is no readable message.
    pub fn unreadable(&mut self, id: AssociationId, invoke: u16, now_ms: i64, acts: &mut Vec<Act>) {
        if self.faults.mute_until > now_ms {
            return;
        }
        let mut effects = Vec::new();
        self.exchange.unreadable(id, invoke, &mut effects);
        self.send(effects, now_ms, acts);
    }

    pub fn peer_up(&mut self, peer: u16, now_ms: i64, acts: &mut Vec<Act>) {
        self.input(Input::PeerUp(peer), now_ms, acts);
    }

    pub fn peer_down(&mut self, peer: u16, now_ms: i64, acts: &mut Vec<Act>) {
        self.input(Input::PeerDown(peer), now_ms, acts);
    }

    /// Whether the sets of a node whose link is down reach it.
    pub fn seen(&mut self, peer: u16, seen: bool, now_ms: i64, acts: &mut Vec<Act>) {
        self.input(if seen { Input::Seen(peer) } else { Input::Unseen(peer) }, now_ms, acts);
    }

    pub fn peer(&mut self, from: u16, message: PeerMessage, now_ms: i64, acts: &mut Vec<Act>) {
        self.input(Input::Peer(from, message), now_ms, acts);
    }

    /// A person does something.
    ///
    /// # Errors
    /// When the phone does not do it; nothing has changed then.
    pub fn hand(&mut self, hand: Hand, now_ms: i64, acts: &mut Vec<Act>) -> Result<Handed, HandRefusal> {
        if self.faults.powerless_until > now_ms {
            return Err(HandRefusal::NoPower);
        }
        let Hand { line: Line { dn: set, button }, deed } = hand;
        let one_busy = match &deed {
            Deed::OneBusyAllBusy(on) => Some(Told::OneBusyAllBusy { group: set, on: *on }),
            _ => None,
        };
        // What is done at a set is done at the lines of the user who is there, at home.
        let input = if self.switch.guest_at(set).is_some() && !deed.is_of_the_set() {
            Input::Deed { set, button, deed }
        } else {
            let line = Line { dn: self.switch.number_at(set), button };
            let is_user = self.switch.plan().hot_desk.users.contains_key(&set);
            Input::Command(By::Person, deed.command(set, line, is_user))
        };
        let mut told = Vec::new();
        let done = self.switch.on(input, now_ms, &mut told);
        self.spread(told, now_ms, acts);
        let done = done?;
        acts.extend(one_busy.map(Act::Configured));
        Ok(match done.waits {
            Some(number) => Handed::Waits(number),
            None => Handed::Done(self.truth.last()),
        })
    }

    /// Somebody outside does something; answers with the id of the call where one was made, else
    /// with the number of the newest truth record after it.
    ///
    /// # Errors
    /// When it cannot be; nothing has changed then.
    pub fn outside(&mut self, deed: OutsideDeed, now_ms: i64, acts: &mut Vec<Act>) -> Result<u64, HandRefusal> {
        if self.faults.powerless_until > now_ms {
            return Err(HandRefusal::NoPower);
        }
        let mut told = Vec::new();
        let done = self.switch.on(Input::Outside(deed), now_ms, &mut told);
        self.spread(told, now_ms, acts);
        Ok(done?.outside.unwrap_or(self.truth.last()))
    }

    /// Something breaks.
    pub fn fault(&mut self, fault: Fault, now_ms: i64, acts: &mut Vec<Act>) {
        match fault {
            Fault::Link { mode, which: Which::Gateways, for_ms } => match mode {
                LinkFault::Close | LinkFault::Reset => {
                    self.faults.refuse_gateways_until = now_ms + for_ms;
                    self.close_gateways(mode == LinkFault::Reset, acts);
                }
                LinkFault::Mute => self.faults.mute_until = now_ms + for_ms,
                LinkFault::Refuse => self.faults.refuse_gateways_until = now_ms + for_ms,
            },
            Fault::Link { mode, which: Which::Partners, for_ms } => {
                self.faults.refuse_partners_until = now_ms + for_ms;
                if mode != LinkFault::Refuse {
                    acts.push(Act::ClosePeers);
                }
            }
            Fault::Restart { down_ms } => {
                self.faults.refuse_gateways_until = now_ms + down_ms;
                self.close_gateways(false, acts);
            }
            Fault::Status(status) => {
                let mut effects = Vec::new();
                self.exchange.say(status, &mut effects);
                self.send(effects, now_ms, acts);
            }
            Fault::Power { down_ms } => {
                self.faults.powerless_until = now_ms + down_ms;
                self.close_gateways(true, acts);
                acts.push(Act::ClosePeers);
                self.input(Input::Power { epoch_ms: now_ms }, now_ms, acts);
            }
            Fault::Forms(fault) => acts.push(Act::BreakForms(fault)),
            fault @ (Fault::Answer { .. } | Fault::Frame { .. }) => self.faults.set(fault),
        }
    }

    /// Takes every fault back; what was delayed is sent at the next tick.
    pub fn heal(&mut self) {
        self.faults = Faults::default();
        self.exchange.is_well();
        let delayed = std::mem::take(&mut self.delayed);
        self.delayed = delayed.into_iter().map(|((_, order), frame)| ((i64::MIN, order), frame)).collect();
    }

    fn close_gateways(&mut self, reset: bool, acts: &mut Vec<Act>) {
        let mut effects = Vec::new();
        self.exchange.close_all(&mut effects);
        self.delayed.clear();
        for effect in effects {
            if let Effect::Close(association) = effect {
                acts.push(Act::Close { association, reset });
            }
        }
    }

    /// Looks at the timers.
    pub fn tick(&mut self, now_ms: i64, acts: &mut Vec<Act>) {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now_ms {
                break;
            }
            let frame = entry.remove();
            if self.faults.mute_until <= now_ms {
                acts.push(act(frame, false));
            }
        }
        self.input(Input::Tick, now_ms, acts);
        let mut effects = Vec::new();
        self.exchange.tick(now_ms, &mut effects);
        self.send(effects, now_ms, acts);
    }

    /// When `tick` should be called next.
    #[must_use]
    pub fn next_deadline(&self, now_ms: i64) -> Option<i64> {
        let delayed = self.delayed.keys().next().map(|(at, _)| *at);
        let deadlines =
            [self.switch.next_deadline(), self.exchange.next_deadline(), delayed, self.faults.next_deadline(now_ms)];
        deadlines.into_iter().flatten().min()
    }

    /// What became of legs.
    #[must_use]
    pub fn truth_since(&self, since: u64) -> Vec<Truth> {
        self.truth.legs_since(since)
    }

    /// The same with what became of features.
    #[must_use]
    pub fn records_since(&self, since: u64) -> Vec<TruthRecord> {
        self.truth.since(since)
    }

    #[must_use]
    pub fn truth_now(&self, now_ms: i64) -> TruthNow {
        TruthNow {
            seq: self.truth.last(),
            associations: self.exchange.len(),
            faults: self.faults.truth(now_ms),
            ..self.switch.truth_now(now_ms)
        }
    }

    /// The node as a person sees it, with the truth records after number `since`.
    #[must_use]
    pub fn view(&self, since: u64, now_ms: i64) -> NodeView {
        let TruthNow { seq, at_ms, node, name, partners, associations, broken, outside, faults, phones } =
            self.truth_now(now_ms);
        let dead = faults.powerless_until_ms.is_some();
        let way = self.switch.plan().outside.as_ref();
        let outside = way.zip(outside).map(|(way, outside)| OutsideView::new(way, outside, &phones));
        let phones = self.switch.plan().phones.iter().filter_map(|plan| {
            let own = self.switch.truth_of(plan.dn)?;
            let dn = self.switch.number_at(plan.dn);
            let user = own.user.as_ref().and_then(|_| self.switch.truth_of(dn));
            // What a guest may do is known at home.
            let mute = dead || self.switch.guest_at(plan.dn).is_some();
            let may = if mute { Vec::new() } else { self.switch.set_choices(plan.dn) };
            let line = |button| if mute { Vec::new() } else { self.switch.choices(Line { dn, button }) };
            Some(PhoneView::new(own, user, may, line))
        });
        let phones = phones.collect();
        let users = self.switch.plan().hot_desk.users.values().filter_map(|plan| {
            let own = plan.phone.dn;
            let truth = self.switch.truth_of(own)?;
            let away = matches!(self.switch.desk_of(own), Some(Desk::Away { .. })).then(|| {
                let line = |button| self.switch.choices(Line { dn: own, button });
                PhoneView::new(truth.clone(), None, self.switch.away_choices(own), line)
            });
            let TruthPhone { dn, name, desk, .. } = truth;
            let may = if dead { Vec::new() } else { self.switch.user_choices(own) };
            Some(UserView { dn, name, external: plan.outside.is_some(), desk, away, may })
        });
        let users = users.collect();
        NodeView {
            seq,
            at_ms,
            node,
            name,
            partners,
            associations,
            broken,
            faults,
            phones,
            users,
            outside,
            truth: self.truth_since(since),
        }
    }

    #[must_use]
    pub fn phone(&self, dn: Dn) -> Option<TruthPhone> {
        self.switch.truth_of(dn)
    }

    fn input(&mut self, input: Input, now_ms: i64, acts: &mut Vec<Act>) {
        let mut told = Vec::new();
        // Only commands are refused.
        let _ = self.switch.on(input, now_ms, &mut told);
        self.spread(told, now_ms, acts);
    }

    fn spread(&mut self, told: Vec<Output>, now_ms: i64, acts: &mut Vec<Act>) {
        let mut settled = Vec::new();
        for output in told {
            match output {
                Output::Truth(record) => self.truth.push(record),
                Output::TruthFeature(record) => {
                    acts.extend(record.presence().map(Told::Presence).map(Act::Configured));
                    self.truth.push(record);
                }
                Output::Settled(number, result) => {
                    let mut effects = Vec::new();
                    self.exchange.settled(number, &result, &mut effects);
                    self.send(effects, now_ms, acts);
                    settled.push((number, result));
                }
                Output::Happened(_)
                | Output::Joined(_)
                | Output::Learnt(_)
                | Output::Charged(_)
                | Output::InUse(_)
                | Output::Changed(_)
                | Output::Presence(_)
                | Output::Service(_) => {
                    let mut effects = Vec::new();
                    self.exchange.tell(&output, &mut effects);
                    self.send(effects, now_ms, acts);
                }
                Output::Peer(to, mut message) => {
                    message.withhold(self.switch.plan().withholds);
                    acts.push(Act::Peer(to, message));
                }
                Output::Broken(what) => {
                    tracing::error!(node = %self.switch.plan().ceid, what, "an invariant of the switch is broken");
                    debug_assert!(false, "an invariant of the switch is broken: {what}");
                }
            }
        }
        // A person is answered when all of it is on record.
        for (number, result) in settled {
            acts.push(Act::Settled(number, result.map(|_| self.truth.last()).map_err(HandRefusal::from)));
        }
    }

    fn send(&mut self, effects: Vec<Effect>, now_ms: i64, acts: &mut Vec<Act>) {
        for effect in effects {
            let frame = match effect {
                Effect::Close(association) => {
                    acts.push(Act::Close { association, reset: false });
                    continue;
                }
                Effect::Send(frame) => frame,
            };
            match self.faults.fate(&frame, now_ms) {
                Fate::Send => acts.push(act(frame, false)),
                Fate::Garbled => acts.push(act(frame, true)),
                Fate::Twice => {
                    acts.push(act(frame.clone(), false));
                    acts.push(act(frame, false));
                }
                Fate::Later(at) if self.delayed.len() < DELAYED => {
                    self.delays += 1;
                    self.delayed.insert((at, self.delays), frame);
                }
                Fate::Later(_) | Fate::Never => {}
            }
        }
    }
}

fn act(frame: Outgoing, garbled: bool) -> Act {
    let Outgoing { to, invoke, message, edition, .. } = frame;
    Act::Send { to, invoke, message, edition, garbled }
}
