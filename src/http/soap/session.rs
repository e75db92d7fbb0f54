//! Handlers of SessionService.

use actors::session::messages::{End, ResetTimer};
use actors::session_supervisor::Open;
use actors::standing::Service;
use schemas::contract::SERVER_VERSION;
use schemas::contract::ops_session::{Login, LoginApp, LoginEx, Logout, ResetSessionTimer, ServiceVersions};
use schemas::contract::session::{
    LoginAppResp, LoginExResponse, LoginResponse, LogoutResponse, ResetSessionTimerResponse, VersionResponse,
};
use schemas::fault::Ground;
use secrecy::SecretString;

use super::operation::{Context, Given, Handler, No, Operation, Result, run};
use crate::admission::{Credentials, Denied};

pub(in crate::http) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "login" => run::<Login>,
        "loginEx" => run::<LoginEx>,
        "loginApp" => run::<LoginApp>,
        "serviceVersions" => run::<ServiceVersions>,
        "resetSessionTimer" => run::<ResetSessionTimer>,
        "logout" => run::<Logout>,
        _ => return None,
    })
}

/// What the three forms of login have in common.
struct Asked {
    company: Option<String>,
    application: Option<String>,
    application_password: Option<String>,
    local_password: Option<String>,
    certificate: Option<String>,
    version: Option<String>,
}

const NOTHING_ASKED: &str = "The element 'req' is missing.";

impl Context<'_> {
    async fn log_in(&self, asked: Asked) -> std::result::Result<i64, No> {
        let needed = |value: Option<String>, name: &str| {
            value
                .filter(|v| !v.is_empty())
                .ok_or_else(|| No::from(format!("The element '{name}' is missing or empty.")))
        };
        let credentials = Credentials {
            company: needed(asked.company, "companyName")?,
            application: needed(asked.application, "applicationName")?,
            application_password: SecretString::from(needed(asked.application_password, "applicationPassword")?),
            local_password: SecretString::from(needed(asked.local_password, "localPassword")?),
        };
        if let Some(version) = asked.version.as_deref().map(str::trim).filter(|v| !v.is_empty()) {
            check_version(version)?;
        }
        if asked.certificate.is_some_and(|c| !c.trim().is_empty()) {
            return Err(No::because(Ground::NotSupported, "Login for Advanced service is not supported yet."));
        }
        let application = self.gateway.admission.admit(credentials).await.map_err(|denied| {
            tracing::warn!(caller = %self.caller, %denied, "login denied");
            No::because(denied_by(denied), denied.to_string())
        })?;
        let open = Open { application, service: Service::Standard, door: self.door };
        let opened = self.gateway.tree.session_supervisor.send(open).await;
        let id = opened.map_err(|_| actors::refusal::Refused::Lost)??;
        Ok(id.as_long())
    }
}

fn denied_by(denied: Denied) -> Ground {
    match denied {
        Denied::Wrong => Ground::NoSession,
        Denied::Revoked => Ground::NotPermitted,
        Denied::Busy => Ground::Unavailable,
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
        let session_id = context
            .log_in(Asked {
                company: Some(req.company_name),
                application: Some(req.application_name),
                application_password: req.application_password,
                local_password: Some(req.local_password),
                certificate: req.certificate,
                version: None,
            })
            .await?;
        Ok(Given::Reply(LoginResponse { error_desc: None, authentication_data: None, result: true, session_id }))
    }
}

impl Operation for LoginEx {
    async fn run(self, context: &Context<'_>) -> Result<LoginExResponse> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let session_id = context
            .log_in(Asked {
                company: Some(req.company_name),
                application: Some(req.application_name),
                application_password: Some(req.application_password),
                local_password: Some(req.local_password),
                certificate: req.certificate,
                version: Some(req.version),
            })
            .await?;
        Ok(Given::Reply(LoginExResponse { error_desc: None, authentication_data: None, result: true, session_id }))
    }
}

impl Operation for LoginApp {
    async fn run(self, context: &Context<'_>) -> Result<LoginAppResp> {
        let req = self.req.ok_or(No::from(NOTHING_ASKED))?;
        let session_id = context
            .log_in(Asked {
                company: req.company_name,
                application: req.application_name,
                application_password: req.application_password,
                local_password: req.local_password,
                certificate: req.certificate,
                version: req.version,
            })
            .await?;
        Ok(Given::Reply(LoginAppResp { error_desc: None, authentication_data: None, result: true, session_id }))
    }
}

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
        session.addr.send(ResetTimer).await.map_err(|_| actors::refusal::Refused::NoSession)?;
        Ok(Given::Reply(ResetSessionTimerResponse { error_desc: None, result: true }))
    }
}

impl Operation for Logout {
    async fn run(self, context: &Context<'_>) -> Result<LogoutResponse> {
        let session = context.session(self.session_id).await?;
        session.addr.send(End).await.map_err(|_| actors::refusal::Refused::NoSession)?;
        Ok(Given::Reply(LogoutResponse { error_desc: None, result: true }))
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
