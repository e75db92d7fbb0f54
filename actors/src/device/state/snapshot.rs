//! What a device does with a snapshot: it is the truth about the legs at one point of the stream;
//! facts that come after it are applied on top, and what differs from what was known is told.

use std::collections::VecDeque;

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{CallKey, Happening, LegSnapshot, LocalState, NodeRefusal, Party, RefusalKind};

use super::super::leg::{Leg, LegState};
use super::{Effect, Effects, JoinView, Link, NextLeg, Report, State};
use crate::node::messages::{CallDetails, Question};
use crate::policy;

/// Why a snapshot is taken, and so what is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    First,
    Restored,
    /// The device came up at its secondary node.
    CameUp,
    /// It is at its primary node again.
    Home,
    Audit,
}

impl Occasion {
    /// How the device's return is told; `None` when it was not away.
    fn returns(self) -> Option<(Type, Why)> {
        match self {
            Self::Restored => Some((Type::MonitorSet, Why::ControllerCommsRestored)),
            Self::CameUp => Some((Type::InService, Why::DeviceInService)),
            Self::Home => Some((Type::ResilientDevice, Why::ControllerCommsRestored)),
            Self::First | Self::Audit => None,
        }
    }

    /// Another node speaks than the one of which the calls are known: its call ids are its own.
    fn moves(self) -> bool {
        matches!(self, Self::CameUp | Self::Home)
    }
}

/// A snapshot under way: facts that come meanwhile wait, and are applied on top of it.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) why: Occasion,
    /// `None` until the list of legs is there.
    pub(super) legs: Option<Vec<LegSnapshot>>,
    /// Calls whose parties are still asked for.
    pub(super) asked: Vec<CallKey>,
    pub(super) waiting: VecDeque<Happening>,
    /// Facts were told while the list was on its way: whether they are in it cannot be known of a
    /// node that answers late.
    pub(super) overtaken: bool,
}

impl State {
    pub(super) fn snapshot(&mut self, why: Occasion, out: &mut Effects) {
        if self.link != Link::Armed {
            return;
        }
        if self.snapshot.is_some() {
            self.again = true;
            return;
        }
        self.snapshot =
            Some(Snapshot { why, legs: None, asked: Vec::new(), waiting: VecDeque::new(), overtaken: false });
        out.push(Effect::Ask(Question::Legs(self.device.clone())));
    }

    pub(super) fn snapshot_if_wanted(&mut self, out: &mut Effects) {
        if std::mem::take(&mut self.again) {
            self.snapshot(Occasion::Audit, out);
        }
    }

    /// What the node says of service with an audit's list: a change may have been missed. Where facts overtook the
    /// list, it may be older than they are.
    pub(super) fn service_shown(&mut self, on: bool, out: &mut Effects) {
        let audit = self.snapshot.as_ref().is_some_and(|s| s.why == Occasion::Audit && !s.overtaken);
        if audit && self.in_service != on {
            let report = self.service(on, out);
            out.extend(report.map(Effect::Tell));
        }
    }

    pub(super) fn snapshot_legs(
        &mut self,
        result: Result<Vec<LegSnapshot>, NodeRefusal>,
        next: NextLeg<'_>,
        out: &mut Effects,
    ) {
        let Some(snapshot) = &mut self.snapshot else { return };
        let legs = match result.map_err(|refusal| refusal.kind) {
            Ok(legs) if legs.len() <= policy::DEVICE_LEGS => legs,
            failed => {
                let why = snapshot.why;
                let waiting = std::mem::take(&mut snapshot.waiting);
                self.snapshot = None;
                // What is known must do: no list proves no call gone. A silent node is asked again.
                if why != Occasion::Audit {
                    self.compare(Vec::new(), why, true, next, out);
                }
                for happening in waiting {
                    self.happened(happening, next, out);
                }
                self.again |= failed == Err(RefusalKind::NoAnswer);
                return self.snapshot_if_wanted(out);
            }
        };
        if snapshot.overtaken && self.overtaken < policy::AUDITS_OVERTAKEN {
            self.overtaken += 1;
            self.snapshot = None;
            return self.snapshot(Occasion::Audit, out);
        }
        self.overtaken = 0;
        // The list was made at this point of the stream, so what came before is in it; that of a
        // node that answers late may be older: looked at again.
        self.again |= !snapshot.waiting.is_empty();
        snapshot.waiting.clear();
        for leg in &legs {
            // Of a call whose parties are as many as known, none need be asked for.
            let parties_known = self.legs.iter().any(|l| {
                let others = l.members.len().saturating_sub(1).max(1);
                let as_many = leg.others == 0 || others == leg.others;
                l.call == leg.call && l.calling != Party::NotKnown && as_many && snapshot.why == Occasion::Audit
            });
            if !parties_known && leg.local != LocalState::Null {
                snapshot.asked.push(leg.call.clone());
                out.push(Effect::Ask(Question::Details(self.device.clone(), leg.call.clone())));
            }
        }
        snapshot.legs = Some(legs);
        self.snapshot_whole(next, out);
    }

    pub(super) fn snapshot_details(
        &mut self,
        call: &CallKey,
        details: Option<CallDetails>,
        next: NextLeg<'_>,
        out: &mut Effects,
    ) {
        let Some(snapshot) = &mut self.snapshot else { return };
        let Some(at) = snapshot.asked.iter().position(|c| c == call) else { return };
        snapshot.asked.swap_remove(at);
        let leg = snapshot.legs.iter_mut().flatten().find(|l| l.call == *call);
        if let (Some(leg), Some(details)) = (leg, details) {
            leg.calling = details.calling;
            leg.called = details.called;
            leg.parties = details.parties;
            leg.parties.truncate(policy::CALL_PARTIES);
        }
        self.snapshot_whole(next, out);
    }

    fn snapshot_whole(&mut self, next: NextLeg<'_>, out: &mut Effects) {
        if !self.snapshot.as_ref().is_some_and(|s| s.legs.is_some() && s.asked.is_empty()) {
            return;
        }
        let Some(Snapshot { why, legs, waiting, .. }) = self.snapshot.take() else { return };
        self.compare(legs.unwrap_or_default(), why, false, next, out);
        for happening in waiting {
            self.happened(happening, next, out);
        }
        self.look_at_lines(why, out);
        self.snapshot_if_wanted(out);
    }

    /// Makes the known state that of the snapshot, and tells the difference.
    fn compare(
        &mut self,
        shown: Vec<LegSnapshot>,
        why: Occasion,
        keep_unseen: bool,
        next: NextLeg<'_>,
        out: &mut Effects,
    ) {
        let mut fresh: Vec<Leg> = Vec::with_capacity(shown.len());
        let mut changes: Vec<Report> = Vec::new();
        for leg in &shown {
            let same = |l: &&Leg| match why.moves() {
                true => l.global_call_id.is_some() && l.global_call_id == leg.global_call_id,
                false => l.call == leg.call,
            };
            let known = self.legs.iter().filter(|l| !fresh.iter().any(|f| f.id == l.id)).find(same);
            let remembered = self.remembered.iter().find(|known| known.call == leg.call).map(|known| known.id);
            let id = known.map(|l| l.id).or(remembered).unwrap_or_else(&mut *next);
            let Some(mut now) = Leg::from_snapshot(id, leg, &self.device.number) else { continue };
            if fresh.iter().any(|f| f.call == now.call) {
                continue; // named twice
            }
            match known {
                Some(known) => {
                    now.answering = known.answering.clone();
                    now.held_for_consultation = known.held_for_consultation;
                    if leg.parties.is_empty() {
                        now.members = known.members.clone();
                    }
                    if now.calling == Party::NotKnown {
                        now.calling = known.calling.clone();
                    }
                    if now.called == Party::NotKnown {
                        now.called = known.called.clone();
                    }
                    // Of the way by which a caller came in a snapshot says nothing.
                    let caller = std::mem::replace(&mut now.calling, known.calling.clone());
                    now.network = known.network.clone();
                    now.called_by(caller);
                    if known.state.shown() == now.state.shown() {
                        now.last = known.last;
                        now.permitted = now.permitted.or(known.permitted);
                        if now.members.len() != known.members.len() {
                            now.last = (Type::CallConferenced, Why::ConferenceRemoteUpdate);
                            let mut report = Report::of(now.last.0, now.last.1, now.state.shown(), &now);
                            report.joined =
                                Some(Box::new(JoinView { members: now.members.clone(), ..JoinView::default() }));
                            changes.push(report);
                        }
                    } else {
                        now.last = now.state.missed(Some(known.state));
                        changes.push(Report::of(now.last.0, now.last.1, now.state.shown(), &now));
                    }
                }
                // Dial tone is not told, be it heard of or found.
                None if now.state == LegState::Initiated => {}
                // Known from a life before, which told it as it was then: MONITOR_SET says how it is.
                None if remembered.is_some() => {}
                None => changes.push(Report::of(now.last.0, now.last.1, now.state.shown(), &now)),
            }
            fresh.push(now);
        }
        let mut gone: Vec<Leg> = Vec::new();
        if keep_unseen {
            fresh.extend(
                self.legs.iter().filter(|l| !fresh.iter().any(|f| f.call == l.call)).cloned().collect::<Vec<_>>(),
            );
        } else {
            // Those of a life before are known to the watchers, too.
            let remembered = std::mem::take(&mut self.remembered).into_iter().map(Leg::from);
            let known = std::mem::take(&mut self.legs).into_iter().chain(remembered);
            gone.extend(known.filter(|l| !fresh.iter().any(|f| f.id == l.id)));
        }
        self.legs = fresh;
        if why == Occasion::Audit && !(changes.is_empty() && gone.is_empty()) {
            metrics::counter!("oig_audit_repairs_total").increment(1);
        }
        let mut gone = gone.iter().map(|leg| {
            let mut report = Report::of(Type::CallClear, Why::OtherDeviceCleared, CallState::Idle, leg);
            if let Some(view) = &mut report.leg {
                view.gone = true;
            }
            Effect::Tell(report)
        });
        match (why, why.returns()) {
            // Nobody was told anything in this life: what was known in the one before is ended after.
            (Occasion::First, _) => {
                out.push(Effect::Greet(self.present(Why::MonitorSet)));
                out.extend(gone);
            }
            // Who waits for the first event knows of no change: last.
            (_, Some((kind, why))) => {
                self.out = false;
                let back = self.present(why).into_iter().map(|report| Report { kind, ..report });
                out.extend(back.map(Effect::Tell));
                out.extend(changes.into_iter().map(Effect::Tell).chain(&mut gone));
                out.push(Effect::Greet(self.present(Why::MonitorSet)));
            }
            (_, None) => out.extend(changes.into_iter().map(Effect::Tell).chain(&mut gone)),
        }
    }
}
