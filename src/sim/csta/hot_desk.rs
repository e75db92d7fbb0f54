//! Hot desking, which CSTA has no service for.

use schemas::csta::message::{Failure, HotDeskOf, HotDeskRequest, PrivateResponse, Response};
use schemas::domain::Dn;

use super::Due;
use super::services::{Said, failure, perform};
use crate::sim::switch::{Command, Desking, Output, Refusal, Switch};

pub(super) fn answer(
    request: HotDeskRequest,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Result<Said, Failure> {
    let desking = match request {
        HotDeskRequest::Login { set, user, pin } => Desking::LogIn { set: number(&set)?, user: number(&user)?, pin },
        HotDeskRequest::LoginOutside { user, pin, number: outside } => {
            Desking::LogInOutside { user: number(&user)?, pin, number: outside }
        }
        HotDeskRequest::Logout(HotDeskOf::Set(set)) => Desking::LogOutAt(number(&set)?),
        HotDeskRequest::Logout(HotDeskOf::User(user)) => Desking::LogOut(number(&user)?),
        HotDeskRequest::Verify { user, pin } => Desking::Verify { user: number(&user)?, pin },
        HotDeskRequest::State(of) => {
            let state = switch.desk_state(&of).map_err(failure)?;
            return Ok(Said::Now(Response::Escape(PrivateResponse::HotDesk(state))));
        }
    };
    let done = perform(Command::HotDesk(desking), switch, now_ms, told)?;
    Ok(Said::of(&done, Due::Private))
}

fn number(text: &str) -> Result<Dn, Failure> {
    text.parse().map_err(|_| failure(Refusal::UnknownDevice))
}
