//! Handlers of StandardCCService for hot desk users. They need no monitor.
//!
//! A PIN goes to the node and nowhere else; wrong ones are slowed by whose they are and by who tries.

use actors::refusal::Refused;
use actors::session_supervisor::SessionRef;
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{
    GetHotDeskUserDn, GetHotDeskUserLoginDevice, LoginExtHotDeskUser, LoginHotDeskUser, LogoutExtHotDeskUser,
    LogoutHotDeskUser, VerifyHotDeskUserPin,
};
use schemas::contract::record::Secret;
use schemas::contract::std::{HotDeskUserLoginDeviceResult, HotDeskUserLoginResult};
use schemas::domain::{Ceid, Dn, HotDesk, HotDeskAnswer, ObjectId, Pin, RefusalKind};
use schemas::fault::Ground;

use super::call_control::done;
use super::operation::{Context, Given, Handler, No, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "loginHotDeskUser" => run::<LoginHotDeskUser>,
        "logoutHotDeskUser" => run::<LogoutHotDeskUser>,
        "loginExtHotDeskUser" => run::<LoginExtHotDeskUser>,
        "logoutExtHotDeskUser" => run::<LogoutExtHotDeskUser>,
        "getHotDeskUserLoginDevice" => run::<GetHotDeskUserLoginDevice>,
        "getHotDeskUserDn" => run::<GetHotDeskUserDn>,
        "verifyHotDeskUserPin" => run::<VerifyHotDeskUserPin>,
        _ => return None,
    })
}

const NO_PIN: &str = "A PIN has 1 to 8 digits.";
const CROWDED: &str = "Too many wrong PINs were tried for this hot desk user; try again later.";

fn pin(text: &Secret) -> std::result::Result<Pin, No> {
    Pin::new(&text.0).map_err(|_| No::from(NO_PIN))
}

fn user(number: &str) -> std::result::Result<Dn, Refused> {
    number.trim().parse().map_err(|_| Refused::NoNumber)
}

impl Context<'_> {
    /// A session, and an object of a configured node.
    async fn at(&self, session: i64, object: i64) -> std::result::Result<(SessionRef, ObjectId), Refused> {
        let session = self.session(session).await?;
        Ok((session, self.monitorable(object)?))
    }

    async fn desk(&self, session: &SessionRef, ceid: Ceid, asked: HotDesk) -> std::result::Result<HotDeskAnswer, No> {
        let gateway = self.gateway;
        session.monitors.command()?;
        let Some(user) = asked.tries() else { return Ok(gateway.tree.hot_desk(ceid, asked).await?) };
        let tried = gateway.before_pin(self.caller, session.id, user).await;
        let tried = tried.ok_or_else(|| No::because(Ground::TooMany, CROWDED))?;
        let answer = gateway.tree.hot_desk(ceid, asked).await;
        let wrong = matches!(&answer, Err(Refused::Node(refusal)) if refusal.kind == RefusalKind::WrongPin);
        // What became of it may not be known: it counts as a try then, too.
        let unknown = match &answer {
            Err(Refused::Node(refusal)) => refusal.kind == RefusalKind::NoAnswer,
            Err(Refused::LinkLost | Refused::Lost) => true,
            _ => false,
        };
        if wrong {
            tracing::warn!(caller = %self.caller, node = %ceid, %user, "a wrong PIN");
        }
        tried.ends(wrong, unknown).await;
        Ok(answer?)
    }
}

impl Operation for LoginHotDeskUser {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let asked = self.request;
        let (session, object) = context.at(asked.session_id, asked.object_id).await?;
        let (user, pin) = (user(&asked.hot_desk_user_dn)?, pin(&asked.pin)?);
        context.desk(&session, object.ceid(), HotDesk::LogIn { set: object.dn(), user, pin }).await?;
        Ok(done())
    }
}

impl Operation for LogoutHotDeskUser {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let (session, object) = context.at(self.session_id, self.object_id).await?;
        context.desk(&session, object.ceid(), HotDesk::LogOutAt(object.dn())).await?;
        Ok(done())
    }
}

impl Operation for LoginExtHotDeskUser {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let asked = self.request;
        let (session, object) = context.at(asked.session_id, asked.object_id).await?;
        let asked = HotDesk::LogInOutside { user: object.dn(), pin: pin(&asked.pin)? };
        context.desk(&session, object.ceid(), asked).await?;
        Ok(done())
    }
}

impl Operation for LogoutExtHotDeskUser {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let (session, object) = context.at(self.session_id, self.object_id).await?;
        context.desk(&session, object.ceid(), HotDesk::LogOut(object.dn())).await?;
        Ok(done())
    }
}

impl Operation for GetHotDeskUserLoginDevice {
    async fn run(self, context: &Context<'_>) -> Result<HotDeskUserLoginDeviceResult> {
        let (session, object) = context.at(self.session_id, self.hot_desk_user_object_id).await?;
        let told = context.desk(&session, object.ceid(), HotDesk::WhereIs(object.dn())).await?;
        Ok(Given::Reply(HotDeskUserLoginDeviceResult {
            error_description: None,
            hot_desk_device_dn: told.place,
            result: true,
            hot_desk_user_object_id: object.as_long(),
        }))
    }
}

impl Operation for GetHotDeskUserDn {
    async fn run(self, context: &Context<'_>) -> Result<HotDeskUserLoginResult> {
        let (session, object) = context.at(self.session_id, self.hot_desk_device_object_id).await?;
        let told = context.desk(&session, object.ceid(), HotDesk::WhoIsAt(object.dn())).await?;
        Ok(Given::Reply(HotDeskUserLoginResult {
            error_description: None,
            user_dn: told.user.map(|user| user.to_string()),
            result: true,
            hot_desk_device_object_id: object.as_long(),
        }))
    }
}

impl Operation for VerifyHotDeskUserPin {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let (session, object) = context.at(self.session_id, self.object_id).await?;
        let (user, pin) = (user(&self.hot_desk_user_dn)?, pin(&self.pin)?);
        context.desk(&session, object.ceid(), HotDesk::Verify { user, pin }).await?;
        Ok(done())
    }
}
