//! The decisions of a `Device`: what is known of one monitored object, and what is told of it.
//!
//! Pure: no actor, no socket, no clock of its own. Watchers and rendering are the actor's; here a
//! [`Report`] says what happened in the contract's terms.

mod commands;
mod features;
mod joined;
mod lines;
mod resilient;
mod snapshot;

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{
    Account, CallKey, Cause, DeviceRef, Done, Fact, GlobalCallId, Group, Happening, LegId, LocalState, NodeRefusal,
    Party, RefusalKind, Setting,
};

pub(crate) use self::joined::JoinView;
use self::lines::Look;
use self::resilient::Pair;
pub(crate) use self::resilient::Side;
use self::snapshot::{Occasion, Snapshot};
use super::leg::{Leg, LegState};
use super::messages::{Action, KnownLeg};
use super::table::{self, After, Part};
use crate::node::messages::{Question, Ticket, Told};
use crate::policy;
use crate::refusal::Refused;

/// What can happen to a device.
#[allow(clippy::large_enum_variant)] // moved once, never kept in numbers
pub(crate) enum Input {
    /// Its node can be asked.
    Arm,
    /// Its node cannot be asked any more.
    LinkLost,
    /// The watchers know that.
    LossTold,
    /// The other node of a device that has two, which does not serve it, can be asked.
    ArmStandby {
        /// It was so when the device began.
        begins: bool,
    },
    /// What that one tells.
    StandbyTold(Told),
    /// Time for it to serve a device that is out of service where it was.
    HandOverDue,
    Told(Told),
    Perform(Ticket, Action),
    /// Time for a snapshot, to find what a live link lost.
    Audit,
    /// Somebody watches features now, or nobody does any more.
    WatchFeatures(bool),
    /// Somebody wants to know how the features are set.
    LookAtFeatures(Ticket),
    /// Time to look at the features, where somebody watches them.
    AuditFeatures,
    /// Try a refused monitor again.
    Rearm,
    /// Nobody watches any more.
    Retire,
}

/// Something to tell the watchers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    pub kind: Type,
    pub why: Why,
    pub state: CallState,
    /// The leg it is about, as it was when it happened; `None` where no call is.
    pub leg: Option<LegView>,
    /// The device that acted, where the node said it.
    pub subject: Party,
    pub last_redirection: Party,
    /// Transfers and conferences only.
    pub joined: Option<Box<JoinView>>,
    /// The account code that was set.
    pub account: Option<Account>,
    /// The node that spoke, where that is not the one that serves the device.
    pub spoken_by: Option<Side>,
}

/// The parts of a leg that are told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegView {
    pub id: LegId,
    pub state: LegState,
    pub calling: Party,
    pub called: Party,
    /// The trunk or peer by which the caller came in.
    pub network: Party,
    pub answering: Party,
    /// The group that the call rings for, or did until somebody answered.
    pub group: Option<Box<Group>>,
    /// Whether D was rung for it.
    pub member: bool,
    /// Everyone in a call of more than two.
    pub members: Vec<Party>,
    pub global_call_id: Option<GlobalCallId>,
    pub permitted: Option<schemas::domain::Features>,
    /// A call is held for a consultation beside this one.
    pub consulting: bool,
    /// It failed because whom it was for is busy.
    pub busy: bool,
    /// Whether the leg is gone after the event.
    pub gone: bool,
}

impl LegView {
    fn of(leg: &Leg, gone: bool) -> Self {
        Self {
            id: leg.id,
            state: leg.state,
            calling: leg.calling.clone(),
            called: leg.called.clone(),
            network: leg.network.clone(),
            answering: leg.answering.clone(),
            group: leg.group.clone(),
            member: leg.member,
            members: leg.members.clone(),
            global_call_id: leg.global_call_id.clone(),
            permitted: leg.permitted,
            consulting: false,
            busy: leg.last.1 == Why::DestinationBusy,
            gone,
        }
    }
}

#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // moved once, never kept in numbers
pub(crate) enum Effect {
    Ask(Question),
    /// Of the node that does not serve the device.
    AskStandby(Question),
    /// To every watcher that knows the present state.
    Tell(Report),
    /// The present state, to those who wait for their first event.
    Greet(Vec<Report>),
    Answer(Ticket, Result<(), Refused>),
    /// To everybody who watches features.
    TellSetting(Setting),
    /// How the features are set, to who asked.
    Settings(Ticket, Result<Vec<Setting>, Refused>),
    /// Ask for [`Input::AuditFeatures`] later.
    LookLater,
    /// Ask for [`Input::Rearm`] later.
    RearmLater,
    /// Ask for [`Input::ArmStandby`] later.
    RearmStandbyLater,
    /// Ask for [`Input::HandOverDue`] later.
    HandOverLater,
}

pub(crate) type Effects = Vec<Effect>;

/// Gives leg ids; the actor's comes from the environment.
pub(crate) type NextLeg<'a> = &'a mut dyn FnMut() -> LegId;

/// How far the monitor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// The node is not connected.
    Down,
    /// The monitor was asked for.
    Arming,
    /// The node refused the monitor; told with that cause.
    Refused(Why),
    /// Facts come.
    Armed,
}

pub(crate) struct State {
    device: DeviceRef,
    /// To the node that serves the device.
    link: Link,
    /// Which of two nodes that is, and how the other is.
    pair: Pair,
    legs: Vec<Leg>,
    /// Ids of a life before, for calls that are still there.
    remembered: Vec<KnownLeg>,
    snapshot: Option<Snapshot>,
    /// A snapshot was wanted while one was under way, or facts did not fit.
    again: bool,
    /// Audits in a row whose list was overtaken by facts.
    overtaken: u32,
    /// The refusal that was told since the monitor last stood.
    refused: Option<Why>,
    /// As the node last said; a node that does not say such things has all in service.
    in_service: bool,
    /// Whether OUT_OF_SERVICE was told since the last MONITOR_SET.
    out: bool,
    /// Another line of the same number is in use, as the node told.
    in_use: bool,
    /// The other lines of the number, as the directory or a fact named them.
    lines: Vec<DeviceRef>,
    /// The other lines are being asked whether they are in use.
    look: Option<Look>,
    /// One was found in use while there was a call here: the node may not say so again when that is over.
    in_use_behind: bool,
    pending: Vec<Ticket>,
    settings: features::Settings,
}

impl State {
    pub(crate) fn new(device: DeviceRef, remembered: Vec<KnownLeg>) -> Self {
        Self {
            device,
            link: Link::Down,
            pair: Pair::new(),
            legs: Vec::new(),
            remembered,
            snapshot: None,
            again: false,
            overtaken: 0,
            refused: None,
            in_service: true,
            out: false,
            in_use: false,
            lines: Vec::new(),
            look: None,
            in_use_behind: false,
            pending: Vec::new(),
            settings: features::Settings::default(),
        }
    }

    /// What the next life has to know of the legs.
    pub(crate) fn memory(&self) -> impl Iterator<Item = KnownLeg> {
        let gone = |call: &CallKey| !self.legs.iter().any(|l| l.call == *call);
        let known = self.legs.iter().map(|l| KnownLeg {
            call: l.call.clone(),
            id: l.id,
            global_call_id: l.global_call_id.clone(),
            held_for_consultation: l.held_for_consultation,
        });
        known.chain(self.remembered.iter().filter(move |known| gone(&known.call)).cloned())
    }

    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.link, Link::Refused(_))
    }

    /// Whether there is a call here, or one is believed to be at another line of the number.
    pub(crate) fn is_busy(&self) -> bool {
        !self.legs.is_empty() || self.in_use
    }

    pub(crate) fn on(&mut self, input: Input, next: NextLeg<'_>, out: &mut Effects) {
        self.decide(input, next, out);
        self.look_behind(out);
        self.settle(out);
        for effect in out {
            match effect {
                Effect::Tell(report) => self.add_context(report),
                Effect::Greet(reports) => reports.iter_mut().for_each(|report| self.add_context(report)),
                _ => {}
            }
        }
    }

    /// What the other legs of the line say of one: needed where the node permits nothing by itself.
    fn add_context(&self, report: &mut Report) {
        let Some(view) = report.leg.as_mut().filter(|view| view.permitted.is_none()) else { return };
        view.consulting = self.legs.iter().any(|l| l.id != view.id && l.is_held_for_consultation());
    }

    fn decide(&mut self, input: Input, next: NextLeg<'_>, out: &mut Effects) {
        match input {
            Input::Arm => {
                if matches!(self.link, Link::Down | Link::Refused(_)) {
                    self.link = Link::Arming;
                    out.push(Effect::Ask(Question::Monitor(self.device.clone())));
                }
            }
            // A node that is not there any more is asked when it is back.
            Input::Rearm if self.link == Link::Down => {}
            Input::Rearm => self.decide(Input::Arm, next, out),
            Input::LinkLost => self.lost(out),
            Input::LossTold => self.loss_told(),
            Input::ArmStandby { begins } => self.arm_standby(begins, out),
            Input::StandbyTold(told) => self.standby_told(told, out),
            Input::HandOverDue => self.hand_over_due(out),
            Input::Told(told) => self.told(told, next, out),
            Input::Perform(ticket, action) => self.perform(ticket, action, out),
            Input::Audit => self.snapshot(Occasion::Audit, out),
            Input::WatchFeatures(watched) => self.watch_features(watched, out),
            Input::LookAtFeatures(ticket) => self.look_asked(ticket, out),
            Input::AuditFeatures => self.look_if_watched(out),
            Input::Retire => {
                if self.link != Link::Down {
                    out.push(Effect::Ask(Question::Unmonitor));
                }
                self.link = Link::Down;
                self.retire_standby(out);
            }
        }
    }

    fn lost(&mut self, out: &mut Effects) {
        self.link = Link::Down;
        self.out = true;
        self.refused = None; // what is refused after a return is told again
        self.forget_answers(out);
        self.active_lost();
    }

    /// What says that the controller is gone.
    pub(crate) fn out_of_service(&self) -> Report {
        Report::bare(Type::OutOfService, Why::ControllerCommsFailed, CallState::OutOfService)
    }

    /// MONITOR_SET with the state as it is: one report for each leg; what a new watcher hears
    /// first. `None` while the first snapshot is under way: it will be told then.
    pub(crate) fn greeting(&mut self) -> Option<Vec<Report>> {
        match self.link {
            Link::Down => {
                self.out = true; // told now; when the node comes, it is a return
                Some(vec![
                    Report::bare(Type::MonitorSet, Why::MonitorSet, CallState::Unavailable),
                    self.out_of_service(),
                ])
            }
            Link::Refused(why) => Some(vec![Report::bare(Type::MonitorFailedEvent, why, CallState::Unavailable)]),
            Link::Arming => None,
            Link::Armed if !self.is_settled() => None,
            Link::Armed => Some(self.present(Why::MonitorSet)),
        }
    }

    /// Nothing is under way that makes the state known after the node's return.
    pub(crate) fn is_settled(&self) -> bool {
        match self.link {
            Link::Down | Link::Refused(_) => true,
            Link::Arming => false,
            Link::Armed => self.snapshot.as_ref().is_none_or(|snapshot| snapshot.why == Occasion::Audit),
        }
    }

    fn present(&self, why: Why) -> Vec<Report> {
        if self.legs.is_empty() {
            return vec![Report::bare(Type::MonitorSet, why, self.without_legs())];
        }
        self.legs.iter().map(|leg| Report::of(Type::MonitorSet, why, leg.state.shown(), leg)).collect()
    }

    /// The state for getCallStatus: the active leg, else the newest held or alerting one.
    pub(crate) fn status(&self) -> Report {
        match self.link {
            Link::Down | Link::Arming => {
                return Report::bare(Type::MonitorSet, Why::MonitorSet, CallState::Unavailable);
            }
            Link::Refused(why) => return Report::bare(Type::MonitorFailedEvent, why, CallState::Unavailable),
            Link::Armed => {}
        }
        let newest = |wanted: fn(LegState) -> bool| self.legs.iter().rev().find(|l| wanted(l.state));
        let leg =
            newest(LegState::is_active).or_else(|| newest(|s| s != LegState::Waiting)).or_else(|| newest(|_| true));
        match leg {
            Some(leg) => Report::of(leg.last.0, leg.last.1, leg.state.shown(), leg),
            None => Report::bare(Type::MonitorSet, Why::MonitorSet, self.without_legs()),
        }
    }

    /// The state of a line without a call.
    fn without_legs(&self) -> CallState {
        match (self.in_service, self.in_use) {
            (false, _) => CallState::OutOfService,
            (true, true) => CallState::ExtensionInUse,
            (true, false) => CallState::Idle,
        }
    }

    fn told(&mut self, told: Told, next: NextLeg<'_>, out: &mut Effects) {
        match told {
            Told::Monitored(result) => self.monitored(result, out),
            Told::MonitorEnded => {
                self.link = Link::Refused(Why::DestinationUnavailable);
                self.refused = Some(Why::DestinationUnavailable);
                self.snapshot = None;
                self.look = None;
                self.in_use = false;
                self.in_use_behind = false;
                self.out = true;
                let report =
                    Report::bare(Type::MonitorFailedEvent, Why::DestinationUnavailable, CallState::Unavailable);
                out.push(Effect::Tell(report.clone()));
                out.push(Effect::Greet(vec![report]));
                out.push(Effect::RearmLater);
            }
            Told::Legs(result) => self.snapshot_legs(result, next, out),
            Told::Line(line, result) => self.line_looked_at(&line, result, out),
            Told::Details(call, result) => self.snapshot_details(&call, result.ok(), next, out),
            Told::Outcome(ticket, result) => self.outcome(ticket, result, out),
            Told::Settings(group, result) => self.settings_told(group, result, out),
            Told::Changed(settings) => self.settings_changed(settings, out),
            Told::PresenceChanged(change) => self.presence_changed(change, out),
            Told::Service(on) => self.service_shown(on, out),
            // Asked for by the monitor of the whole node.
            Told::Presence(_) | Told::Absent(_) | Told::Settled(_) => {}
            Told::Happened(happening) => self.hears(happening, next, out),
        }
    }

    fn hears(&mut self, happening: Happening, next: NextLeg<'_>, out: &mut Effects) {
        if self.is_of_another_line(&happening) {
            self.look_is_overtaken();
        }
        match &mut self.snapshot {
            // The first event of a watcher says it.
            Some(Snapshot { why, .. })
                if *why != Occasion::Audit && matches!(happening.fact, Fact::OutOfService | Fact::BackInService) =>
            {
                self.in_service = happening.fact == Fact::BackInService;
            }
            // The list is not made yet: it will show this, but not how it came about.
            Some(Snapshot { why: Occasion::Audit, legs: None, overtaken, .. }) => {
                *overtaken = true;
                self.happened(happening, next, out);
            }
            Some(snapshot) if snapshot.waiting.len() < policy::DEVICE_BUFFER => {
                snapshot.waiting.push_back(happening);
            }
            Some(_) => self.again = true,
            None if self.link == Link::Armed => {
                self.happened(happening, next, out);
                self.snapshot_if_wanted(out);
            }
            None => {}
        }
    }

    fn outcome(&mut self, ticket: Ticket, result: Result<Done, NodeRefusal>, out: &mut Effects) {
        let Some(at) = self.pending.iter().position(|t| *t == ticket) else { return };
        self.pending.swap_remove(at);
        if result.as_ref().is_err_and(|r| r.kind == RefusalKind::NoAnswer) {
            // What became of the command only the node knows: look.
            self.snapshot(Occasion::Audit, out);
        }
        out.push(Effect::Answer(ticket, result.map(|_| ()).map_err(Refused::Node)));
    }

    fn monitored(&mut self, result: Result<(), NodeRefusal>, out: &mut Effects) {
        if self.link != Link::Arming {
            return;
        }
        match result {
            Ok(()) => {
                self.link = Link::Armed;
                self.refused = None;
                self.in_service = true;
                let why = if self.out { Occasion::Restored } else { Occasion::First };
                self.snapshot(why, out);
                self.look_if_watched(out);
            }
            Err(refusal) => {
                let why = match refusal.kind {
                    RefusalKind::Privilege => Why::PrivilegeViolation,
                    _ => Why::DestinationUnavailable,
                };
                self.link = Link::Refused(why);
                self.out = true;
                let report = Report::bare(Type::MonitorFailedEvent, why, CallState::Unavailable);
                // Said once, however often it is tried again; to a new watcher in any case.
                if self.refused.replace(why) != Some(why) {
                    out.push(Effect::Tell(report.clone()));
                }
                out.push(Effect::Greet(vec![report]));
                // Want of resources and silence pass; a privilege or an unknown device does not.
                if matches!(refusal.kind, RefusalKind::Resource | RefusalKind::NoAnswer | RefusalKind::NotConnected) {
                    out.push(Effect::RearmLater);
                }
            }
        }
    }

    fn acts(&self, happening: &Happening) -> Part {
        if happening.fact == Fact::Delivered
            && let Some(local) = happening.local
        {
            return if local == LocalState::Alerting { Part::Acts } else { Part::Other };
        }
        // The prime line goes without a button.
        let own = happening.subject.device().is_some_and(|d| d.is_line(&self.device));
        if own { Part::Acts } else { Part::Other }
    }

    fn happened(&mut self, happening: Happening, next: NextLeg<'_>, out: &mut Effects) {
        self.learn_number(&happening);
        let report = match happening.fact {
            Fact::OutOfService | Fact::BackInService => {
                match self.service(happening.fact == Fact::BackInService, out) {
                    Some(report) => report,
                    None => return,
                }
            }
            _ if self.line_in_use(&happening, out) => return,
            Fact::Transferred | Fact::Conferenced => return self.calls_joined(&happening, out),
            Fact::Information => return self.learnt(&happening, out),
            _ => return self.call_happened(happening, next, out),
        };
        out.push(Effect::Tell(report));
    }

    /// Somebody can be at the device from now on, or nobody can; `None` while it may come up at its other node.
    fn service(&mut self, on: bool, out: &mut Effects) -> Option<Report> {
        self.in_service = on;
        let untold = if on { self.stays() } else { self.leaves(out) };
        (!untold).then(|| match on {
            true => Report::bare(Type::InService, Why::DeviceInService, CallState::Idle),
            false => Report::bare(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService),
        })
    }

    /// The state of the line, a leg aside.
    fn state_besides(&self, at: usize) -> CallState {
        let others = || self.legs.iter().enumerate().rev().filter(|(i, _)| *i != at).map(|(_, leg)| leg.state);
        let state = others().find(|s| s.is_active()).or_else(|| others().find(|s| *s != LegState::Waiting));
        state.map_or(CallState::Queued, LegState::shown)
    }

    fn call_happened(&mut self, happening: Happening, next: NextLeg<'_>, out: &mut Effects) {
        let Some(call) = happening.call.clone() else { return };
        let part = self.acts(&happening);
        let at = match self.legs.iter().position(|l| l.call == call) {
            Some(at) => at,
            None => {
                let begins = matches!(
                    happening.fact,
                    Fact::ServiceInitiated | Fact::Originated | Fact::Delivered | Fact::Queued | Fact::Failed
                ) || (happening.fact == Fact::Established
                    // Picked up elsewhere, or split off from a conference.
                    && matches!(happening.cause, Cause::CallPickup | Cause::Conference))
                    || forwarded_at_once(part, &happening);
                // A fact about a call that is not known: something was missed, so look; what can
                // be told of it is told all the same.
                self.again |= !begins;
                if (matches!(happening.fact, Fact::Cleared | Fact::Diverted) && !begins)
                    || self.legs.len() >= policy::DEVICE_LEGS
                {
                    return;
                }
                let remembered = self.remembered.iter().position(|known| known.call == call);
                let id = remembered.map_or_else(next, |at| self.remembered.swap_remove(at).id);
                self.legs.push(Leg::new(id, call));
                self.legs.len() - 1
            }
        };
        let line = self.state_besides(at);
        let leg = &mut self.legs[at];
        // Sent here from elsewhere: whom it rings for is neither who was left nor the caller.
        let rings = happening.local.map_or(leg.state == LegState::Received, |local| local == LocalState::Alerting);
        if happening.fact == Fact::Diverted && part == Part::Other && rings {
            return;
        }
        learn(leg, &happening);
        leg.learn_group(&happening, part == Part::Acts);
        let stays = happening.fact == Fact::Cleared
            && match happening.local {
                Some(local) => local != LocalState::Null,
                None => false,
            };
        if stays && happening.cause == Cause::MultipleAlerting {
            return; // one of several who are rung is rung no more: whom the call is for goes on ringing, or has answered
        }
        if stays {
            let why = match leg.state {
                _ if happening.cause == Cause::Conference => Why::ConferenceSplit,
                LegState::Held => held_party_dropped(leg),
                LegState::Queued | LegState::Waiting => Why::QueuedPartyDropped,
                _ => Why::OtherDeviceDropped,
            };
            leg.part_from(&happening.subject, &self.device.number);
            let mut report = Report::of(Type::DeviceDropped, why, leg.state.shown(), leg);
            report.subject = happening.subject;
            return out.push(Effect::Tell(report));
        }
        let Some(row) = table::find(happening.fact, part, happening.cause) else {
            return; // kept as state, nothing is told
        };
        let split = happening.cause == Cause::Conference;
        let dropped = match leg.state {
            LegState::Held if !split => Some((held_party_dropped(leg), CallState::Held)),
            LegState::Waiting => Some((Why::QueuedPartyDropped, line)),
            _ => None,
        };
        if let (Fact::Cleared, Part::Other, Some((why, state))) = (happening.fact, part, dropped) {
            // A held party that leaves is told as such, and one that waited; then the leg itself is over.
            let mut report = Report::of(Type::DeviceDropped, why, state, leg);
            report.subject = happening.subject.clone();
            out.push(Effect::Tell(report));
        }
        match (happening.fact, part) {
            (Fact::Held, Part::Acts) => {
                leg.held_for_consultation = happening.cause == Cause::Consultation;
                leg.far_rings = false; // else there was nothing to hold: that somebody answered was missed
            }
            (Fact::Delivered, Part::Other) => leg.far_rings = true,
            (Fact::Established, _) => leg.far_rings = false,
            _ => {}
        }
        // What others do changes nothing for who holds.
        let holds = leg.state == LegState::Held && part == Part::Other && happening.local == Some(LocalState::Hold);
        let (state, gone) = match row.after {
            After::Is(_) if holds => (leg.state.shown(), false),
            After::Is(state) => {
                let waits = happening.fact == Fact::Retrieved && leg.far_rings;
                leg.state = if waits { LegState::Delivered } else { state };
                // That another waits changes nothing of what the line does.
                (if leg.state == LegState::Waiting { line } else { leg.state.shown() }, false)
            }
            After::AsItIs => {
                // Whoever holds or retrieves has answered before: that was missed, unless D is whom
                // a transfer rings.
                let rings = happening.local == Some(LocalState::Alerting);
                let answered = matches!(happening.fact, Fact::Held | Fact::Retrieved) && !rings;
                if answered && !matches!(leg.state, LegState::Established | LegState::Held) {
                    leg.state = LegState::Established;
                    self.again = true;
                }
                (leg.state.shown(), false)
            }
            After::Gone => (CallState::Idle, true),
        };
        if let Some(local) = happening.local {
            self.again |= !gone && !leg.state.agrees(local);
        }
        leg.last = (row.kind, row.why);
        let mut report = Report::of(row.kind, row.why, state, leg);
        report.subject = happening.subject;
        report.last_redirection = happening.last_redirection;
        if let (Some(view), true) = (&mut report.leg, gone) {
            view.gone = true;
        }
        if gone {
            self.legs.remove(at);
        }
        out.push(Effect::Tell(report));
    }
}

/// Whether a call was forwarded from here before it rang: a leg of which nothing else is heard.
fn forwarded_at_once(part: Part, happening: &Happening) -> bool {
    happening.fact == Fact::Diverted
        && part == Part::Acts
        && matches!(happening.cause, Cause::CallForwardImmediate | Cause::CallForwardBusy)
}

/// How a held party that leaves is told: by how it was held.
fn held_party_dropped(leg: &Leg) -> Why {
    if leg.is_held_for_consultation() { Why::ConsHeldPartyDropped } else { Why::HardHeldPartyDropped }
}

/// Takes over what the node said of the call; what it did not say stays as known.
fn learn(leg: &mut Leg, happening: &Happening) {
    if happening.calling != Party::NotKnown {
        leg.called_by(happening.calling.clone());
    }
    if let Some(network) = &happening.network {
        leg.network = Party::Known(network.as_ref().clone());
    }
    if happening.called != Party::NotKnown {
        leg.called = happening.called.clone();
    }
    if happening.fact == Fact::Established {
        leg.answering = happening.subject.clone();
    }
    if happening.global_call_id.is_some() {
        leg.global_call_id = happening.global_call_id.clone();
    }
    // A fact without permissions voids older ones: they were for another state.
    leg.permitted = happening.permitted;
}

impl Report {
    fn bare(kind: Type, why: Why, state: CallState) -> Self {
        Self {
            kind,
            why,
            state,
            leg: None,
            subject: Party::NotKnown,
            last_redirection: Party::NotKnown,
            joined: None,
            account: None,
            spoken_by: None,
        }
    }

    fn of(kind: Type, why: Why, state: CallState, leg: &Leg) -> Self {
        Self { leg: Some(LegView::of(leg, false)), ..Self::bare(kind, why, state) }
    }
}

#[cfg(test)]
mod tests;
