//! Handlers of SessionService; those of users of integrations are in `users`.

use std::sync::Arc;

use actors::refusal::Refused;
use actors::session::messages::{End, RegisterCallback, ResetTimer};
use actors::session_supervisor::Open;
use actors::standing::Service;
use actors::user::SessionUser;
use schemas::contract::SERVER_VERSION;
use schemas::contract::ops_session::{
    Authenticate, Login, LoginApp, LoginEx, Logout, RegisterHaClientCallback, ResetSessionTimer, ServiceVersions,
};
use schemas::contract::session::{
    AuthenticateSessionResponse, LoginAppResp, LoginExResponse, LoginResponse, LogoutResponse, Outcome,
    ResetSessionTimerResponse, VersionResponse,
};
use schemas::domain::SessionId;
use schemas::fault::Ground;
use secrecy::SecretString;
use tokio::time::Instant;

use super::operation::{Context, Given, Handler, No, Operation, Result, run};
use crate::admission::{Admitted, Credentials, Denied};
use crate::advanced::proof::read_signature;
use crate::advanced::{Attempt, PublicKey};

pub(in crate::http) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "login" => run::<Login>,
        "loginEx" => run::<LoginEx>,
        "loginApp" => run::<LoginApp>,
        "authenticate" => run::<Authenticate>,
        "serviceVersions" => run::<ServiceVersions>,
        "resetSessionTimer" => run::<ResetSessionTimer>,
        "logout" => run::<Logout>,
        "registerHAClientCallback" => run::<RegisterHaClientCallback>,
        _ => return None,
    })
}

/// What the forms of login have in common.
pub(super) struct Asked {
    pub company: Option<String>,
    pub application: Option<String>,
    pub application_password: Option<String>,
    pub local_password: Option<String>,
    pub certificate: Option<String>,
    pub version: Option<String>,
}

/// A session that has begun; with a challenge when it asked for Advanced service.
struct Begun {
    session_id: i64,
    challenge: Option<String>,
}

const NOTHING_ASKED: &str = "The element 'req' is missing.";

/// What an element of the request has to say.
pub(super) fn needed(value: Option<String>, name: &str) -> std::result::Result<String, No> {
    value.filter(|v| !v.is_empty()).ok_or_else(|| No::from(format!("The element '{name}' is missing or empty.")))
}

impl Context<'_> {
    async fn log_in(&self, asked: Asked) -> std::result::Result<Begun, No> {
        let (label, key) = self.enter(asked).await?;
        let service = if key.is_some() { Service::Unproven } else { Service::Standard };
        let id = self.begin(label, service, None).await?;
        let challenge = key.map(|key| self.gateway.challenges.begin(id, key, Instant::now()));
        Ok(Begun { session_id: id.as_long(), challenge })
    }

    /// Lets an application in, by its passwords and the certificate, where there is one; gives its label.
    pub(super) async fn enter(&self, asked: Asked) -> std::result::Result<(Arc<str>, Option<PublicKey>), No> {
        let credentials = Credentials {
            company: needed(asked.company, "companyName")?,
            application: needed(asked.application, "applicationName")?,
            application_password: SecretString::from(needed(asked.application_password, "applicationPassword")?),
            local_password: SecretString::from(needed(asked.local_password, "localPassword")?),
        };
        if let Some(version) = asked.version.as_deref().map(str::trim).filter(|v| !v.is_empty()) {
            check_version(version)?;
        }
        let certificate = asked.certificate.filter(|c| !c.trim().is_empty());
        self.gateway.before_login(self.caller).await;
        let label = format!("{} / {}", credentials.company, credentials.application);
        match self.admit(credentials, certificate).await {
            Ok((admitted, key)) => Ok((admitted.label, key)),
            Err(denied) => {
                tracing::warn!(caller = %self.caller, %denied, "login denied");
                if !matches!(denied, Denied::Busy | Denied::NoList) {
                    self.gateway.login_failed(self.caller, &label).await;
                }
                Err(No::because(denied_by(&denied), denied.to_string()))
            }
        }
    }

    /// Begins a session of an application that was let in.
    pub(super) async fn begin(
        &self,
        application: Arc<str>,
        service: Service,
        user: Option<SessionUser>,
    ) -> std::result::Result<SessionId, No> {
        let label = application.clone();
        let open = Open { application, service, door: self.door, user };
        let opened = self.gateway.tree.session_supervisor.send(open).await;
        let id: SessionId = opened.map_err(|_| Refused::Lost)??;
        if !self.gateway.admission.roll().goes_on(&label, service) {
            // The applications were replaced while this one came in: whoever ended its sessions may not have seen it.
            if let Some(session) = self.gateway.sessions.find(id) {
                session.addr.do_send(End);
            }
            return Err(No::because(denied_by(&Denied::Revoked), Denied::Revoked.to_string()));
        }
        Ok(id)
    }

    /// By the passwords first, then by the certificate.
    async fn admit(
        &self,
        credentials: Credentials,
        certificate: Option<String>,
    ) -> std::result::Result<(Admitted, Option<PublicKey>), Denied> {
        let admission = &self.gateway.admission;
        let admitted = admission.admit(credentials, self.gateway.tree.env.now_ms()).await?;
        let key = match certificate {
            Some(text) => Some(admission.certify(&admitted, text, self.gateway.tree.env.now_ms() / 1000).await?),
            None => None,
        };
        Ok((admitted, key))
    }
}

pub(super) fn denied_by(denied: &Denied) -> Ground {
    match denied {
        Denied::Wrong | Denied::Certificate(_) => Ground::NoSession,
        Denied::Revoked | Denied::NotAdvanced => Ground::NotPermitted,
        Denied::Busy | Denied::NoList => Ground::Unavailable,
    }
}

/// A client may be older than the server, not newer.
fn check_version(text: &str) -> std::result::Result<(), No> {
    let number = |text: &str| {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Some((major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?))
    };
    match (number(text), number(SERVER_VERSION)) {
        (Some(asked), Some(ours)) if asked <= ours => Ok(()),
        (Some(_), _) => Err(No::from(format!("The version asked for is newer than the server's, {SERVER_VERSION}."))),
        (None, _) => Err(No::from(format!("The version is not of the form of the server's, {SERVER_VERSION}."))),
    }
}

impl Operation for Login {
    async fn run(self, context: &Context<'_>) -> Result<LoginResponse> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let Begun { session_id, challenge: authentication_data } = context
            .log_in(Asked {
                company: Some(req.company_name),
                application: Some(req.application_name),
                application_password: req.application_password,
                local_password: Some(req.local_password),
                certificate: req.certificate,
                version: None,
            })
            .await?;
        Ok(Given::Reply(LoginResponse { error_desc: None, authentication_data, result: true, session_id }))
    }
}

impl Operation for LoginEx {
    async fn run(self, context: &Context<'_>) -> Result<LoginExResponse> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let Begun { session_id, challenge: authentication_data } = context
            .log_in(Asked {
                company: Some(req.company_name),
                application: Some(req.application_name),
                application_password: Some(req.application_password),
                local_password: Some(req.local_password),
                certificate: req.certificate,
                version: Some(req.version),
            })
            .await?;
        Ok(Given::Reply(LoginExResponse { error_desc: None, authentication_data, result: true, session_id }))
    }
}

impl Operation for LoginApp {
    async fn run(self, context: &Context<'_>) -> Result<LoginAppResp> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let Begun { session_id, challenge: authentication_data } = context
            .log_in(Asked {
                company: req.company_name,
                application: req.application_name,
                application_password: req.application_password,
                local_password: req.local_password,
                certificate: req.certificate,
                version: req.version,
            })
            .await?;
        Ok(Given::Reply(LoginAppResp { error_desc: None, authentication_data, result: true, session_id }))
    }
}

impl Operation for Authenticate {
    async fn run(self, context: &Context<'_>) -> Result<AuthenticateSessionResponse> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let session = context.session(req.session_id).await?;
        match session.standing.service() {
            Service::Standard => {
                return Err(No::because(Ground::State, "The session did not log in with a certificate."));
            }
            Service::Advanced => return Err(No::because(Ground::State, PROVEN)),
            Service::Unproven => {}
        }
        let gateway = context.gateway;
        let Attempt::Try { challenge, left } = gateway.challenges.attempt(session.id, Instant::now()) else {
            session.addr.do_send(End);
            return Err(No::because(Ground::NoSession, "The challenge has expired; log in again."));
        };
        let signature = read_signature(&req.signed_authentication_data);
        let proven = gateway
            .admission
            .compute(move || signature.is_some_and(|signature| challenge.key.signed(&challenge.text, &signature)));
        if proven.await.map_err(|busy| No::because(Ground::Unavailable, busy.to_string()))?.unwrap_or(false) {
            // Of two right proofs side by side one is the first.
            let first = session.standing.prove();
            gateway.challenges.end(session.id);
            if first {
                gateway.tree.env.journal.proven(session.id);
            }
            if !first {
                return Err(No::because(Ground::State, PROVEN));
            }
            tracing::info!("the certificate is proven: Advanced service");
            let session_id = session.id.as_long();
            return Ok(Given::Reply(AuthenticateSessionResponse { error_description: None, session_id, result: true }));
        }
        tracing::warn!(caller = %context.caller, left, "a proof is wrong");
        if left == 0 {
            gateway.challenges.end(session.id);
            session.addr.do_send(End);
        }
        gateway.login_failed(context.caller, &session.application).await;
        Err(No::from(if left == 0 {
            "The challenge is not signed by the certificate's key; the session has ended."
        } else {
            "The challenge is not signed by the certificate's key."
        }))
    }
}

const PROVEN: &str = "The session has proven its certificate already.";

impl Operation for ServiceVersions {
    async fn run(self, context: &Context<'_>) -> Result<VersionResponse> {
        let session = context.session(self.session_id).await?;
        let versions = ["SessionService", "StandardCCService", "DataAccessService"]
            .map(|service| format!("{service}={SERVER_VERSION}"))
            .join(";");
        Ok(Given::Reply(VersionResponse {
            error_desc: None,
            service_versions: Some(versions),
            result: true,
            session_id: session.id.as_long(),
        }))
    }
}

impl Operation for ResetSessionTimer {
    async fn run(self, context: &Context<'_>) -> Result<ResetSessionTimerResponse> {
        let session = context.session(self.session_id).await?;
        session.addr.send(ResetTimer).await.map_err(|_| Refused::NoSession)?;
        Ok(Given::Reply(ResetSessionTimerResponse { error_desc: None, result: true }))
    }
}

impl Operation for Logout {
    async fn run(self, context: &Context<'_>) -> Result<LogoutResponse> {
        let session = context.session(self.session_id).await?;
        session.addr.send(End).await.map_err(|_| Refused::NoSession)?;
        context.gateway.challenges.end(session.id);
        context.user_leaves(&session).await;
        Ok(Given::Reply(LogoutResponse { error_desc: None, result: true }))
    }
}

impl Operation for RegisterHaClientCallback {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        let register = RegisterCallback { url: self.callback_uri.unwrap_or_default() };
        session.addr.send(register).await.map_err(|_| Refused::NoSession)??;
        Ok(Given::Reply(Outcome { error_description: None, result: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_enter_and_newer_ones_do_not() {
        for version in ["4.1", "4.0", "3.0", "1", "4"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["4.2", "5.0", "10.0", "x", "4.x", "-1", "4.1.1"] {
            assert!(check_version(version).is_err(), "{version}");
        }
    }
}
