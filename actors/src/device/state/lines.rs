//! The other lines of the object's number: whether one of them is in use.
//!
//! Facts say so as it happens. A fact may be lost, and none tells how it is when a monitor begins:
//! then the lines are looked at, each by a snapshot of its own. A look that a fact overtook, or that
//! is not whole, proves nothing.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{DeviceRef, Fact, Happening, LegSnapshot, LocalState, NodeRefusal};

use super::snapshot::Occasion;
use super::{Effect, Effects, Link, Report, State};
use crate::node::messages::Question;
use crate::policy;

/// A look at the other lines, under way.
#[derive(Debug)]
pub(super) struct Look {
    why: Occasion,
    /// Lines whose answers are missing.
    asked: Vec<DeviceRef>,
    /// One of them is in use.
    used: bool,
    /// Each of them was asked, and answered.
    whole: bool,
    /// A fact about one of them came meanwhile: of a node that answers late it may be newer.
    overtaken: bool,
}

/// A device without its name and what may be shown of it.
fn bare(device: &DeviceRef) -> DeviceRef {
    let DeviceRef { number, button, set, .. } = device.clone();
    DeviceRef { number, button: button.filter(|button| *button != 1), set, ..DeviceRef::default() }
}

impl State {
    /// The number has these lines, be this one among them or not.
    pub(crate) fn know_lines(&mut self, lines: impl IntoIterator<Item = DeviceRef>) {
        for line in lines.into_iter().map(|line| bare(&line)) {
            let known = self.lines.iter().any(|known| known.place() == line.place());
            // One more than is asked, so that it is known that there are more.
            if line.place() != self.device.place() && !known && self.lines.len() <= policy::DEVICE_LINES {
                self.lines.push(line);
            }
        }
    }

    /// The number that the button shows, where that may be another than its set's.
    pub(crate) fn know_number(&mut self, number: &str) {
        if self.device.button.is_none() || self.device.number == number {
            return;
        }
        let set = self.device.place().0.to_owned();
        self.device.set = (set != number).then_some(set);
        number.clone_into(&mut self.device.number);
    }

    /// A node names buttons with the number that they show: this one's may be told before the directory is.
    pub(super) fn learn_number(&mut self, happening: &Happening) {
        if self.device.button.is_none() || self.device.set.is_some() {
            return;
        }
        let parties = [&happening.subject, &happening.calling, &happening.called];
        let own = parties.into_iter().filter_map(|party| party.device()).find(|d| d.place() == self.device.place());
        // Or what another of its appearances does is told here.
        let elsewhere = happening.subject.device().filter(|device| {
            let call = happening.call.as_ref();
            let ours = call.is_some_and(|call| self.legs.iter().any(|leg| leg.call == *call));
            device.set.is_some() && happening.local == Some(LocalState::Null) && !ours
        });
        if let Some(number) = own.or(elsewhere).map(|device| device.number.clone()) {
            self.know_number(&number);
        }
    }

    /// What another line does is told with the local state null: there is no leg here.
    pub(super) fn is_of_another_line(&self, happening: &Happening) -> bool {
        let (Some(call), Some(device)) = (&happening.call, happening.subject.device()) else { return false };
        device.number == self.device.number
            && device.place() != self.device.place()
            && happening.local == Some(LocalState::Null)
            && !self.legs.iter().any(|l| l.call == *call)
    }

    /// Another line of the same number was taken into use, or let go. `true` when the fact is one
    /// of those.
    pub(super) fn line_in_use(&mut self, happening: &Happening, out: &mut Effects) -> bool {
        if !self.is_of_another_line(happening) {
            return false;
        }
        self.know_lines(happening.subject.device().cloned());
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
        let asked: Vec<DeviceRef> = self.lines.iter().take(policy::DEVICE_LINES).cloned().collect();
        out.extend(asked.iter().map(|asked| Effect::Ask(Question::Line(asked.clone()))));
        let whole = asked.len() == self.lines.len();
        self.look = Some(Look { why, asked, used: false, whole, overtaken: false });
    }

    /// Looks at the other lines again once the call is over that stood before one in use.
    pub(super) fn look_behind(&mut self, out: &mut Effects) {
        if self.in_use_behind && self.legs.is_empty() && self.link == Link::Armed && self.snapshot.is_none() {
            self.in_use_behind = false;
            self.look_at_lines(Occasion::Restored, out);
        }
    }

    /// One of the lines was looked at; with the last of them it is known how it is.
    pub(super) fn line_looked_at(
        &mut self,
        line: &DeviceRef,
        legs: Result<Vec<LegSnapshot>, NodeRefusal>,
        out: &mut Effects,
    ) {
        let Some(look) = &mut self.look else { return };
        let Some(at) = look.asked.iter().position(|asked| asked.place() == line.place()) else { return };
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
            (true, false) => {
                self.in_use_behind = true;
                return;
            }
            (false, true) if look.whole => self.ends_in_use(out),
            _ => return,
        }
        if look.why == Occasion::Audit {
            metrics::counter!("oig_audit_repairs_total").increment(1);
        }
    }
}
