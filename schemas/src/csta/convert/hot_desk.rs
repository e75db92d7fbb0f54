//! Hot desking, in a node's words and in the gateway's.

use crate::csta::hot_desk::{HotDeskOf, HotDeskRequest, HotDeskState};
use crate::csta::message::{PrivateRequest, Request};
use crate::domain::{DeviceFeature, Dn, HotDesk, HotDeskAnswer, Setting};

/// The request that a node is asked by; it needs [`PrivateFeature::HotDesk`].
///
/// [`PrivateFeature::HotDesk`]: crate::csta::message::PrivateFeature::HotDesk
#[must_use]
pub fn hot_desk_request(asked: &HotDesk) -> Request {
    let asked = asked.clone();
    Request::Escape(PrivateRequest::HotDesk(match asked {
        HotDesk::LogIn { set, user, pin } => {
            HotDeskRequest::Login { set: set.to_string(), user: user.to_string(), pin }
        }
        HotDesk::LogInOutside { user, pin } => {
            HotDeskRequest::LoginOutside { user: user.to_string(), pin, number: None }
        }
        HotDesk::LogOutAt(set) => HotDeskRequest::Logout(HotDeskOf::Set(set.to_string())),
        HotDesk::LogOut(user) => HotDeskRequest::Logout(HotDeskOf::User(user.to_string())),
        HotDesk::Verify { user, pin } => HotDeskRequest::Verify { user: user.to_string(), pin },
        HotDesk::WhoIsAt(set) => HotDeskRequest::State(HotDeskOf::Set(set.to_string())),
        HotDesk::WhereIs(user) => HotDeskRequest::State(HotDeskOf::User(user.to_string())),
    }))
}

/// Who is logged in where, as an answer says it. A user that is no DN is none.
#[must_use]
pub fn hot_desk_answer(state: HotDeskState) -> HotDeskAnswer {
    HotDeskAnswer { user: state.user.and_then(|user| user.parse::<Dn>().ok()), place: state.set.or(state.outside) }
}

/// What the event of a login or logout says was set, at the set and at the user alike.
#[must_use]
pub fn hot_desk_change(state: &HotDeskState) -> Setting {
    let on = state.set.is_some() || state.outside.is_some();
    Setting { feature: DeviceFeature::HotDeskUser, on, number: state.user.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_on_wherever_it_is_and_a_logout_is_off() {
        let state = |set: Option<&str>, outside: Option<&str>| HotDeskState {
            user: Some("1900".into()),
            set: set.map(str::to_owned),
            outside: outside.map(str::to_owned),
        };
        for (state, on) in
            [(state(Some("1010"), None), true), (state(None, Some("95551234")), true), (state(None, None), false)]
        {
            let setting = Setting { feature: DeviceFeature::HotDeskUser, on, number: Some("1900".into()) };
            assert_eq!(hot_desk_change(&state), setting);
        }
    }

    #[test]
    fn an_answer_names_a_user_and_a_place_where_there_are_any() {
        let told = |user: &str, set: Option<&str>, outside: Option<&str>| {
            hot_desk_answer(HotDeskState {
                user: Some(user.to_owned()),
                set: set.map(str::to_owned),
                outside: outside.map(str::to_owned),
            })
        };
        let user = "1900".parse().ok();
        assert_eq!(told("1900", Some("1010"), None), HotDeskAnswer { user, place: Some("1010".into()) });
        assert_eq!(told("1900", None, Some("95551234")), HotDeskAnswer { user, place: Some("95551234".into()) });
        assert_eq!(told("nobody", None, None), HotDeskAnswer::default());
    }
}
