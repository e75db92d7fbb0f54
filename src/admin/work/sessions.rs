//! The sessions that are there: whose, since when, what they monitor, how far behind they read; and the end of one.
//!
//! A session's id is its application's secret: here it has a handle, which leads to nothing but this.

use actors::session::messages::{End, Lag};
use actors::session_supervisor::{Door, SessionRef};
use actors::standing::Service;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::{Running, note};
use crate::storage::By;
use crate::web::WebFault;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    #[schema(pattern = "^[0-9]{1,15}-session-[0-9a-f]{1,8}$")]
    pub handle: String,
    /// As logs name it.
    pub name: String,
    /// Company and name.
    pub application: String,
    pub service: SessionService,
    pub door: SessionDoor,
    pub since_ms: i64,
    /// What it monitors.
    pub monitors: usize,
    /// Events that were not read; empty when it ended meanwhile.
    pub unread: Option<u32>,
}

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionService {
    Standard,
    /// It has asked for Advanced service, and not proven its certificate yet.
    Unproven,
    Advanced,
}

impl SessionService {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Unproven => "Advanced, not proven yet",
            Self::Advanced => "Advanced",
        }
    }
}

/// By which interface it logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionDoor {
    Soap,
    Rest,
}

impl SessionDoor {
    pub fn words(self) -> &'static str {
        match self {
            Self::Soap => "SOAP",
            Self::Rest => "REST",
        }
    }
}

fn handle(session: &SessionRef) -> String {
    format!("{}-{}", session.since_ms, session.id)
}

/// Where a session stands among all: the oldest first.
fn place(session: &SessionRef) -> (i64, String) {
    (session.since_ms, session.id.to_string())
}

async fn shown(session: SessionRef) -> Session {
    Session {
        handle: handle(&session),
        name: session.id.to_string(),
        service: match session.standing.service() {
            Service::Standard => SessionService::Standard,
            Service::Unproven => SessionService::Unproven,
            Service::Advanced => SessionService::Advanced,
        },
        door: match session.door {
            Door::Soap => SessionDoor::Soap,
            Door::Rest => SessionDoor::Rest,
        },
        since_ms: session.since_ms,
        monitors: session.monitors.count(),
        unread: session.addr.send(Lag).await.ok(),
        application: session.application.to_string(),
    }
}

/// The oldest so many after that of a handle, which may have ended since; and how many more there are.
pub(in crate::admin) async fn some(running: &Running, after: Option<&str>, most: usize) -> (Vec<Session>, usize) {
    let after = after.and_then(|handle| {
        let (since_ms, name) = handle.split_once('-')?;
        Some((since_ms.parse().ok()?, name.to_owned()))
    });
    let mut sessions = running.gateway.tree.sessions.all();
    sessions.retain(|session| after.as_ref().is_none_or(|after| place(session) > *after));
    sessions.sort_by_cached_key(place);
    let more = sessions.len().saturating_sub(most);
    sessions.truncate(most);
    (join_all(sessions.into_iter().map(shown)).await, more)
}

fn find(running: &Running, wanted: &str) -> Result<SessionRef, WebFault> {
    let sessions = running.gateway.tree.sessions.all();
    sessions.into_iter().find(|session| handle(session) == wanted).ok_or(WebFault::NotFound)
}

/// The one of this handle.
pub(in crate::admin) async fn one(running: &Running, handle: &str) -> Result<Session, WebFault> {
    Ok(shown(find(running, handle)?).await)
}

/// Ends it; gives which it was.
pub(in crate::admin) async fn end(running: &Running, handle: &str, by: &By) -> Result<String, WebFault> {
    let session = find(running, handle)?;
    let object = format!("{} of {}", session.id, session.application);
    note(running, by.clone(), "end", object.as_str()).await?;
    session.addr.do_send(End);
    Ok(object)
}
