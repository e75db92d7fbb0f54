//! Presence in groups in our private data.

use super::super::presence::{PresenceMonitor, PresenceRequest, PresenceState};
use super::Out;

impl Out {
    /// Inside `privateData/private` of an Escape.
    pub(super) fn presence_request(&mut self, request: &PresenceRequest) {
        match request {
            PresenceRequest::Set { state, invoker } => self.own("presence", None, |out| {
                out.presence(state);
                if let Some(invoker) = invoker {
                    out.text("invoker", invoker);
                }
            }),
            PresenceRequest::Monitor => self.own("presenceMonitor", None, |_| {}),
            PresenceRequest::State { member } => self.own("presenceState", None, |out| {
                if let Some(member) = member {
                    out.text("member", member);
                }
            }),
        }
    }

    pub(super) fn presence_states(&mut self, states: &[PresenceState]) {
        self.own("presenceState", None, |out| {
            for state in states {
                out.inside("state", |out| out.presence(state));
            }
        });
    }

    pub(super) fn presence_monitor(&mut self, monitor: &PresenceMonitor) {
        self.own("presenceMonitor", None, |out| {
            out.text("crossRef", &monitor.cross_ref);
            for (group, member) in &monitor.absent {
                out.inside("absent", |out| {
                    out.text("group", group);
                    out.text("member", member);
                });
            }
        });
    }

    pub(super) fn presence_changed(&mut self, state: &PresenceState) {
        self.own("presenceChanged", None, |out| out.presence(state));
    }

    fn presence(&mut self, state: &PresenceState) {
        self.text("group", &state.group);
        self.text("member", &state.member);
        self.text("present", if state.present { "true" } else { "false" });
    }
}
