//! Hot desking in our private data.

use super::super::hot_desk::{HotDeskOf, HotDeskRequest, HotDeskState};
use super::Out;

impl Out {
    /// Inside `privateData/private` of an Escape. The only place where a PIN is written.
    pub(super) fn hot_desk_request(&mut self, request: &HotDeskRequest) {
        match request {
            HotDeskRequest::Login { set, user, pin } => self.own("hotDeskLogin", None, |out| {
                out.text("set", set);
                out.text("user", user);
                out.text("pin", pin.digits());
            }),
            HotDeskRequest::LoginOutside { user, pin, number } => self.own("hotDeskLogin", None, |out| {
                out.text("user", user);
                out.text("pin", pin.digits());
                out.said("outside", number.as_deref());
            }),
            HotDeskRequest::Logout(of) => self.own("hotDeskLogout", None, |out| out.of(of)),
            HotDeskRequest::Verify { user, pin } => self.own("hotDeskVerify", None, |out| {
                out.text("user", user);
                out.text("pin", pin.digits());
            }),
            HotDeskRequest::State(of) => self.own("hotDeskState", None, |out| out.of(of)),
        }
    }

    fn of(&mut self, of: &HotDeskOf) {
        match of {
            HotDeskOf::Set(set) => self.text("set", set),
            HotDeskOf::User(user) => self.text("user", user),
        }
    }

    /// An answer (`hotDeskState`) or an event (`hotDeskChanged`).
    pub(super) fn hot_desk_state(&mut self, name: &str, state: &HotDeskState) {
        self.own(name, None, |out| {
            out.said("user", state.user.as_deref());
            out.said("set", state.set.as_deref());
            out.said("outside", state.outside.as_deref());
        });
    }

    fn said(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }
}
