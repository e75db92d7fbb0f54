//! Handlers of SessionService by which users of integrations sign in: with the application's passwords and their own, and
//! again with the token of that sign-in. How a user is proven, and what a token is worth, is `users`'.
//!
//! The replies have no place for a challenge, so a certificate is looked at as at any login, and the session has Standard
//! service.

use actors::session::messages::{End, ResetTimer};
use actors::session_supervisor::SessionRef;
use actors::standing::Service;
use schemas::contract::ops_session::{LoginUser, ValidateToken};
use schemas::contract::session::{LoginUserResult, ValidateTokenResult};
use schemas::domain::SessionId;
use schemas::fault::Ground;
use secrecy::{ExposeSecret as _, SecretString};

use super::operation::{Context, Given, Handler, No, Operation, Result, run};
use super::session::{Asked, denied_by, needed};
use crate::admission::Denied;
use crate::storage::user::{SignIn, User, folded};
use crate::users::{Token, Users, UsersFault, of_session, session_of};

pub(in crate::http) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "loginUser" => run::<LoginUser>,
        "validateToken" => run::<ValidateToken>,
        _ => return None,
    })
}

/// Unknown, wrong and locked share a text, so that nobody learns which it was.
const WRONG: &str = "The e-mail address or the password is not right, or the user is locked for a while.";
/// Told to who knows the password.
const DISABLED: &str = "The user is disabled.";
const NO_TOKEN: &str = "The token is not valid or has expired; log in again.";

impl From<UsersFault> for No {
    fn from(fault: UsersFault) -> Self {
        if let UsersFault::Storage(error) = &fault {
            tracing::warn!(%error, "the users cannot be read");
        }
        Self::because(Ground::Unavailable, fault.to_string())
    }
}

impl Context<'_> {
    fn users(&self) -> std::result::Result<&Users, No> {
        let none = || No::because(Ground::Unavailable, "This gateway has no users of integrations.");
        self.gateway.users.as_ref().ok_or_else(none)
    }

    /// Proves a user; who fails is slowed, by address and by user.
    async fn prove(&self, email: String, password: SecretString) -> std::result::Result<User, No> {
        let (gateway, origin, now_ms) = (self.gateway, self.caller.to_string(), self.gateway.tree.env.now_ms());
        let denied = match self.users()?.prove(&gateway.admission, &email, password, &origin, now_ms).await? {
            SignIn::Right(user) => return Ok(user),
            SignIn::Disabled => No::because(Ground::NotPermitted, DISABLED),
            SignIn::Wrong => No::because(Ground::NoSession, WRONG),
        };
        tracing::warn!(caller = %self.caller, why = denied.text, "sign-in of a user denied");
        metrics::counter!("oig_logins_denied_total").increment(1);
        gateway.login_failed(self.caller, &format!("user {}", folded(&email))).await;
        Err(denied)
    }

    fn end(&self, id: SessionId) {
        if let Some(session) = self.gateway.sessions.find(id) {
            session.addr.do_send(End);
        }
    }

    /// A user who logs out is out: the token leads to no session any more.
    pub(super) async fn user_leaves(&self, session: &SessionRef) {
        let (Some(user), Some(users)) = (session.user, &self.gateway.users) else { return };
        if let Err(error) = users.sign_out(user).await {
            tracing::warn!(session = %session.id, %error, "the token of a user who logged out cannot be taken back");
        }
    }
}

impl Operation for LoginUser {
    async fn run(self, context: &Context<'_>) -> Result<LoginUserResult> {
        let req = self.request.ok_or(No::from("The element 'request' is missing."))?;
        let email = needed(req.user_email, "userEmail")?;
        let password = SecretString::from(needed(req.user_password, "userPassword")?);
        let users = context.users()?;
        let (label, _) = context
            .enter(Asked {
                company: req.company_name,
                application: req.application_name,
                application_password: req.application_password,
                local_password: req.local_password,
                certificate: req.certificate,
                version: None,
            })
            .await?;
        let user = context.prove(email, password).await?;
        let lost = || No::because(Ground::Lost, "The gateway has no random numbers.");
        let token = Token::new().ok_or_else(lost)?;
        let of_user = of_session(&user, &token);
        let id = context.begin(label.clone(), Service::Standard, Some(of_user)).await?;
        // Last, and against the user as it is then: who was disabled meanwhile is not let in.
        match users.issue(&token, &user, &label, context.gateway.tree.env.now_ms()).await {
            Ok(true) => {}
            issued => {
                context.end(id);
                issued?;
                return Err(No::because(Ground::NoSession, WRONG));
            }
        }
        tracing::info!(session = %id, user = user.number, "a user has signed in");
        Ok(Given::Reply(LoginUserResult {
            error_description: None,
            token: Some(token.text().expose_secret().to_owned()),
            result: true,
            session_id: id.as_long(),
            user_id: user.number,
        }))
    }
}

impl Operation for ValidateToken {
    async fn run(self, context: &Context<'_>) -> Result<ValidateTokenResult> {
        let text = needed(self.token, "token")?;
        let (gateway, users) = (context.gateway, context.users()?);
        let now_ms = || gateway.tree.env.now_ms();
        let holder = match Token::of(&text) {
            Some(token) => users.holder(&token, now_ms()).await?.map(|(user, label)| (token, user, label)),
            None => None,
        };
        let Some((token, user, label)) = holder else {
            gateway.token_missed(context.caller).await;
            return Err(No::because(Ground::NoSession, NO_TOKEN));
        };
        let roll = gateway.admission.roll();
        if roll.awaits_list() || !roll.goes_on(&label, Service::Standard) {
            let denied = if roll.awaits_list() { Denied::NoList } else { Denied::Revoked };
            return Err(No::because(denied_by(&denied), denied.to_string()));
        }
        let of_user = of_session(&user, &token);
        let opening = users.opening().await;
        let living = match session_of(gateway, of_user, context.door) {
            // It may be about to end.
            Some(session) => session.addr.send(ResetTimer).await.ok().map(|()| session.id),
            None => None,
        };
        let id = match living {
            Some(id) => id,
            None => context.begin(label.into(), Service::Standard, Some(of_user)).await?,
        };
        drop(opening);
        // The user may have been disabled, or have signed out, while the session began.
        match users.holder(&token, now_ms()).await {
            Ok(Some((now, _))) if now.generation == user.generation => {}
            held => {
                if held.is_ok() || living.is_none() {
                    context.end(id);
                }
                held?;
                return Err(No::because(Ground::NoSession, NO_TOKEN));
            }
        }
        tracing::info!(session = %id, user = user.number, is_new = living.is_none(), "a user came back by a token");
        Ok(Given::Reply(ValidateTokenResult {
            error_description: None,
            token: Some(token.text().expose_secret().to_owned()),
            result: true,
            session_id: id.as_long(),
            user_id: user.number,
        }))
    }
}
