//! The other lines of the object's number: whether one of them is in use.
//!
//! Facts say so as it happens. A fact may be lost, and none tells how it is when a monitor begins:
//! then the lines are looked at, each by a snapshot of its own. A look that a fact overtook, or that
//! is not whole, proves nothing.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{DeviceRef, Fact, Happening, LegSnapshot, LocalState, NodeRefusal};

use super::snapshot::Occasion;
use super::{Effect, Effects, Report, State};
use crate::node::messages::Question;
use crate::policy;

/// A look at the other lines, under way.
#[derive(Debug)]
pub(super) struct Look {
    why: Occasion,
    /// Buttons whose answers are missing.
    asked: Vec<u8>,
    /// One of them is in use.
    used: bool,
    /// Each of them was asked, and answered.
    whole: bool,
    /// A fact about one of them came meanwhile: of a node that answers late it may be newer.
    overtaken: bool,
}

fn button(device: &DeviceRef) -> u8 {
    device.button.unwrap_or(1)
}

impl State {
    /// The number has these lines (1 is the prime line), this one among them.
    pub(crate) fn know_lines(&mut self, lines: impl IntoIterator<Item = u8>) {
        let own = button(&self.device);
        for line in lines {
            // One more than is asked, so that it is known that there are more.
            if line != own && !self.lines.contains(&line) && self.lines.len() <= policy::DEVICE_LINES {
                self.lines.push(line);
            }
        }
    }

    /// What another line does is told with the local state null: there is no leg here.
    pub(super) fn is_of_another_line(&self, happening: &Happening) -> bool {
        let (Some(call), Some(device)) = (&happening.call, happening.subject.device()) else { return false };
        device.number == self.device.number
            && button(device) != button(&self.device)
            && happening.local == Some(LocalState::Null)
            && !self.legs.iter().any(|l| l.call == *call)
    }

    /// Another line of the same number was taken into use, or let go. `true` when the fact is one
    /// of those.
    pub(super) fn line_in_use(&mut self, happening: &Happening, out: &mut Effects) -> bool {
        if !self.is_of_another_line(happening) {
            return false;
        }
        self.know_lines(happening.subject.device().map(button));
        let over = matches!(happening.fact, Fact::Cleared | Fact::Transferred | Fact::Diverted);
        // A node tells of one use at a time: an end is the end of whichever was told.
        match (over, self.in_use) {
            (false, false) => self.begins_in_use(out),
            (true, true) => self.ends_in_use(out),
            _ => {}
        }
        true
    }

    fn begins_in_use(&mut self, out: &mut Effects) {
        self.in_use = true;
        out.push(Effect::Tell(Report::bare(Type::ExtensionInUse, Why::ExtensionInUse, CallState::ExtensionInUse)));
    }

    fn ends_in_use(&mut self, out: &mut Effects) {
        self.in_use = false;
        out.push(Effect::Tell(Report::bare(Type::CallClear, Why::Cleared, self.without_legs())));
    }

    pub(super) fn look_is_overtaken(&mut self) {
        if let Some(look) = &mut self.look {
            look.overtaken = true;
        }
    }

    /// Asks whether another line is in use: when a monitor begins, and by an audit where one is
    /// believed to be.
    pub(super) fn look_at_lines(&mut self, why: Occasion, out: &mut Effects) {
        if self.look.is_some() || self.lines.is_empty() || (why == Occasion::Audit && !self.in_use) {
            return;
        }
        let asked: Vec<u8> = self.lines.iter().copied().take(policy::DEVICE_LINES).collect();
        let line =
            |line: u8| DeviceRef { button: (line != 1).then_some(line), ..DeviceRef::number(&*self.device.number) };
        out.extend(asked.iter().map(|asked| Effect::Ask(Question::Line(line(*asked)))));
        let whole = asked.len() == self.lines.len();
        self.look = Some(Look { why, asked, used: false, whole, overtaken: false });
    }

    /// One of the lines was looked at; with the last of them it is known how it is.
    pub(super) fn line_looked_at(&mut self, line: u8, legs: Result<Vec<LegSnapshot>, NodeRefusal>, out: &mut Effects) {
        let Some(look) = &mut self.look else { return };
        let Some(at) = look.asked.iter().position(|asked| *asked == line) else { return };
        look.asked.swap_remove(at);
        match legs {
            // A line that only rings is not in use.
            Ok(legs) => {
                look.used |= legs.iter().any(|l| !matches!(l.local, LocalState::Null | LocalState::Alerting));
            }
            Err(_) => look.whole = false,
        }
        let Some(look) = self.look.take_if(|look| look.asked.is_empty()) else { return };
        if look.overtaken {
            return;
        }
        match (look.used, self.in_use) {
            // A line with a call of its own shows that.
            (true, false) if self.legs.is_empty() => self.begins_in_use(out),
            (false, true) if look.whole => self.ends_in_use(out),
            _ => return,
        }
        if look.why == Occasion::Audit {
            metrics::counter!("oig_audit_repairs_total").increment(1);
        }
    }
}
