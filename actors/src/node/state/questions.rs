//! What devices and applications ask of the node: sent now, kept until there is room, or refused here.

use schemas::csta::convert;
use schemas::csta::message::{PrivateFeature, PrivateRequest, Request};
use schemas::domain::{Dn, FeatureGroup, HotDesk, ObjectId};
use tokio::time::Instant;

use super::refusals::{ASKED_FOR_PRESENCE, full, not_available, not_connected, operation, overloaded};
use super::{Effects, Phase, Purpose, State};
use crate::node::messages::{Question, Ticket};
use crate::node::queue::{self, Class};
use crate::policy;

impl State {
    pub(super) fn asked_for_profile(&mut self, ticket: Ticket, dn: Dn, now: Instant, out: &mut Effects) {
        let purpose = Purpose::Profile(ticket);
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if !self.private.contains(&PrivateFeature::DeviceProfile) {
            return self.refuse(purpose, not_available("The configuration of a device"), out);
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        let request = Request::Escape(PrivateRequest::DeviceProfile { dn: dn.to_string() });
        self.send(request, purpose, now, out);
    }

    /// Refused here when the node does not know hot desking, so that no PIN goes to who has no use for it.
    pub(super) fn asked_hot_desk(&mut self, ticket: Ticket, asked: &HotDesk, now: Instant, out: &mut Effects) {
        let purpose = Purpose::HotDesk(ticket);
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if !self.private.contains(&PrivateFeature::HotDesk) {
            return self.refuse(purpose, not_available("Hot desking"), out);
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        self.send(convert::hot_desk_request(asked), purpose, now, out);
    }

    pub(super) fn asked(&mut self, object: ObjectId, question: Question, now: Instant, out: &mut Effects) {
        let (request, purpose) = match question {
            Question::Monitor(device) => (Request::MonitorStart { device }, Purpose::Monitor(object)),
            Question::Unmonitor => {
                self.queue.forget(object);
                if let Some(cross_ref) = self.references.remove(&object) {
                    self.by_reference.remove(&cross_ref);
                    self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
                }
                let starts = [Purpose::Monitor(object), Purpose::Presence(object)];
                for pending in self.pending.values_mut().filter(|p| starts.contains(&p.purpose)) {
                    pending.purpose = Purpose::Unwanted;
                }
                return;
            }
            Question::Legs(device) => (Request::SnapshotDevice { device }, Purpose::Legs(object)),
            Question::Line(device) => {
                (Request::SnapshotDevice { device: device.clone() }, Purpose::Line(object, device))
            }
            Question::Details(device, call) => {
                let connection = convert::connection(&device, &call);
                (Request::SnapshotCall { connection }, Purpose::Details(object, call))
            }
            Question::Features(device, group) => {
                let purpose = Purpose::Settings(object, group);
                let needs = match group {
                    FeatureGroup::HotDesk => Some((PrivateFeature::HotDesk, "Hot desking")),
                    FeatureGroup::Presence => Some((PrivateFeature::PresenceState, ASKED_FOR_PRESENCE)),
                    _ => None,
                };
                let lacks = needs.filter(|(feature, _)| !self.private.contains(feature));
                if let (Phase::Up, Some((_, what))) = (self.phase, lacks) {
                    return self.refuse(purpose, not_available(what), out);
                }
                (convert::feature_request(group, &device), purpose)
            }
            // Asked of any node, also before it has said what it knows: another maker's refuses it.
            Question::Presence => (convert::presence_request(), Purpose::Presence(object)),
            Question::Absent => {
                let purpose = Purpose::Absent(object);
                if self.phase == Phase::Up && !self.private.contains(&PrivateFeature::PresenceState) {
                    return self.refuse(purpose, not_available(ASKED_FOR_PRESENCE), out);
                }
                (convert::presence_state_request(None), purpose)
            }
            Question::Perform(ticket, command) => {
                let purpose = Purpose::Perform(object, ticket);
                let lacks = convert::needs(&command).filter(|feature| !self.private.contains(feature));
                if let (Phase::Up, Some(feature)) = (self.phase, lacks) {
                    return self.refuse(purpose, not_available(operation(feature)), out);
                }
                (convert::request(&command), purpose)
            }
        };
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if self.queue.refuses(&purpose, now) {
            return self.refuse(purpose, full(), out);
        }
        if queue::class(&purpose) != Class::Now {
            match self.queue.push(request, purpose) {
                Ok(()) => self.let_go_on(now, out),
                Err(purpose) => self.refuse(purpose, overloaded(), out),
            }
            return;
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        self.send(request, purpose, now, out);
    }

    /// What waited for room at the node goes there, as far as there is some.
    pub(super) fn let_go_on(&mut self, now: Instant, out: &mut Effects) {
        while let Some((request, purpose)) = self.queue.next(queue::window(self.status)) {
            if let (Purpose::RecordsStart, Some(look)) = (&purpose, &mut self.look) {
                look.asked(now);
            }
            self.send_of(request, purpose, true, now, out);
        }
    }
}
