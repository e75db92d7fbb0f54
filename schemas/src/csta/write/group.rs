//! What call events say of groups in our private data.

use super::super::group::{GroupCall, kind_word};
use super::Out;

impl Out {
    /// Inside `privateData/private` of a call event.
    pub(super) fn group_call(&mut self, call: &GroupCall) {
        if let Some(group) = &call.group {
            self.own("group", None, |out| {
                out.device("device", &group.device);
                if let Some(kind) = group.kind {
                    out.text("kind", kind_word(kind));
                }
            });
        }
        if call.handoff {
            self.own("handoff", None, |_| {});
        }
    }
}
