//! A device with two nodes: it is monitored at both and served by one of them. Facts and answers of that one are the
//! device's; of the other only whether the device is in service there counts, so that nothing is told twice.
//!
//! It moves when the node that serves it is lost or says that it is out of service there, and the other says that it is
//! in service. When the other says so anew while this one has not let go, its last events may be on their way: they are
//! waited for, and then the newest word counts. Calls are known again by their Global Call IDs, since each node has call
//! ids of its own.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{Fact, RefusalKind};

use super::snapshot::Occasion;
use super::{Effect, Effects, Link, Report, State};
use crate::node::messages::{Question, Told};
use crate::refusal::Refused;

/// One of a device's two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Primary,
    Secondary,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }
}

/// How far the monitor at the other node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standby {
    /// There is no other node, or it is not connected.
    Down,
    /// The monitor was asked for.
    Arming,
    /// It stands. A node says that a device is out of service before it answers what is asked next.
    Looking {
        in_service: bool,
    },
    Armed {
        in_service: bool,
    },
    /// The device is not that node's.
    Refused,
}

pub(super) struct Pair {
    active: Side,
    standby: Standby,
    /// The active link is lost, and that is not told yet: nothing that follows may be.
    loss_untold: bool,
    /// Out of service where it is served, and perhaps about to come up at the other node: not told yet.
    leaving: bool,
    /// In service at both nodes, and anew at the other: it is about to be let go here.
    arriving: bool,
    /// That the monitor at the secondary stands is news.
    announce: bool,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self {
            active: Side::Primary,
            standby: Standby::Down,
            loss_untold: false,
            leaving: false,
            arriving: false,
            announce: false,
        }
    }
}

impl State {
    /// The node that facts and answers count of, and that commands go to.
    pub(crate) fn active(&self) -> Side {
        self.pair.active
    }

    /// The other node can be asked.
    pub(super) fn arm_standby(&mut self, begins: bool, out: &mut Effects) {
        if matches!(self.pair.standby, Standby::Down | Standby::Refused) {
            // What is armed together with the device goes without saying.
            self.pair.announce |= !begins && self.link == Link::Armed && self.pair.active == Side::Primary;
            self.pair.standby = Standby::Arming;
            out.push(Effect::AskStandby(Question::Monitor(self.device.clone())));
        }
    }

    pub(super) fn retire_standby(&mut self, out: &mut Effects) {
        if !matches!(self.pair.standby, Standby::Down | Standby::Refused) {
            out.push(Effect::AskStandby(Question::Unmonitor));
        }
        self.pair.standby = Standby::Down;
    }

    /// The other node is lost: what is told of it, when it mattered.
    pub(crate) fn standby_lost(&mut self) -> Option<Report> {
        let stood = matches!(self.pair.standby, Standby::Looking { .. } | Standby::Armed { .. });
        self.pair.standby = Standby::Down;
        if self.pair.active == Side::Secondary || !stood {
            return None;
        }
        self.pair.announce = true;
        Some(self.as_it_is(Why::SecondaryControllerCommsFailed))
    }

    /// The node that served the device is lost. With both lost everything begins at the primary again.
    pub(super) fn active_lost(&mut self) {
        self.pair.loss_untold = true;
        self.pair.leaving = false;
        self.pair.arriving = false;
        if self.pair.active == Side::Secondary && matches!(self.pair.standby, Standby::Down | Standby::Refused) {
            self.pair.active = Side::Primary;
            self.pair.standby = Standby::Down;
            self.pair.announce = true;
        }
    }

    pub(super) fn loss_told(&mut self) {
        self.pair.loss_untold = false;
    }

    pub(super) fn standby_told(&mut self, told: Told, out: &mut Effects) {
        match (self.pair.standby, told) {
            (Standby::Arming, Told::Monitored(Ok(()))) => {
                self.pair.standby = Standby::Looking { in_service: true };
                out.push(Effect::AskStandby(Question::Legs(self.device.clone())));
            }
            (Standby::Arming, Told::Monitored(Err(refusal))) => {
                self.pair.standby = Standby::Refused;
                let passes =
                    matches!(refusal.kind, RefusalKind::Resource | RefusalKind::NoAnswer | RefusalKind::NotConnected);
                out.extend(passes.then_some(Effect::RearmStandbyLater));
            }
            (Standby::Looking { in_service }, Told::Legs(_)) => {
                self.pair.standby = Standby::Armed { in_service };
                if self.pair.active == Side::Primary && std::mem::take(&mut self.pair.announce) {
                    out.push(Effect::Tell(self.as_it_is(Why::SecondaryMonitorSet)));
                }
            }
            (Standby::Looking { .. } | Standby::Armed { .. }, Told::MonitorEnded) => {
                self.pair.standby = Standby::Refused;
                out.push(Effect::RearmStandbyLater);
            }
            (standby, Told::Happened(happening)) => {
                let in_service = match happening.fact {
                    Fact::OutOfService => false,
                    Fact::BackInService => true,
                    _ => return,
                };
                match standby {
                    Standby::Looking { .. } => self.pair.standby = Standby::Looking { in_service },
                    Standby::Armed { .. } => {
                        self.pair.standby = Standby::Armed { in_service };
                        let is_here = self.link == Link::Armed && self.in_service;
                        self.pair.arriving = in_service && is_here;
                        out.extend(self.pair.arriving.then_some(Effect::HandOverLater));
                    }
                    Standby::Down | Standby::Arming | Standby::Refused => {}
                }
            }
            _ => {}
        }
    }

    /// Out of service where it is served: whether that is left untold for now, since it may come up elsewhere.
    pub(super) fn leaves(&mut self, out: &mut Effects) -> bool {
        self.pair.leaving = !matches!(self.pair.standby, Standby::Down | Standby::Refused);
        out.extend(self.pair.leaving.then_some(Effect::HandOverLater));
        self.pair.leaving
    }

    /// In service again where it is served: whether nobody had heard that it was not.
    pub(super) fn stays(&mut self) -> bool {
        std::mem::take(&mut self.pair.leaving)
    }

    /// It was not let go here, or did not come up elsewhere.
    pub(super) fn hand_over_due(&mut self, out: &mut Effects) {
        if std::mem::take(&mut self.pair.arriving) && self.pair.standby == (Standby::Armed { in_service: true }) {
            return self.move_over(out);
        }
        if std::mem::take(&mut self.pair.leaving) && self.link == Link::Armed {
            out.push(Effect::Tell(Report::bare(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService)));
        }
    }

    /// After every input: the device goes where it is in service.
    pub(super) fn settle(&mut self, out: &mut Effects) {
        let is_there = self.pair.standby == Standby::Armed { in_service: true };
        let is_here = match self.link {
            Link::Down => false,
            Link::Armed => self.in_service,
            // Not known yet, or not for us to know.
            Link::Arming | Link::Refused(_) => true,
        };
        if is_there && !is_here && !self.pair.loss_untold {
            self.move_over(out);
        }
    }

    fn move_over(&mut self, out: &mut Effects) {
        self.pair.standby = match self.link {
            Link::Down => Standby::Down,
            Link::Arming => Standby::Arming,
            Link::Refused(_) => Standby::Refused,
            Link::Armed => Standby::Armed { in_service: self.in_service },
        };
        self.pair.active = self.pair.active.other();
        self.pair.leaving = false;
        self.pair.arriving = false;
        self.link = Link::Armed;
        self.in_service = true;
        self.refused = None;
        self.forget_answers(out);
        let why = if self.pair.active == Side::Primary { Occasion::Home } else { Occasion::CameUp };
        self.snapshot(why, out);
        self.look_if_watched(out);
    }

    /// What was asked of the node that served the device is not answered any more.
    pub(super) fn forget_answers(&mut self, out: &mut Effects) {
        self.snapshot = None;
        self.look = None;
        self.again = false;
        self.in_use = false; // whether it still is, nobody says
        self.in_use_behind = false;
        for ticket in self.pending.drain(..) {
            out.push(Effect::Answer(ticket, Err(Refused::LinkLost)));
        }
        self.settings_lost(out);
    }

    fn as_it_is(&self, why: Why) -> Report {
        Report { kind: Type::ResilientDevice, why, spoken_by: Some(Side::Secondary), ..self.status() }
    }
}
