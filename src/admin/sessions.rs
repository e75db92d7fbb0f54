//! The sessions that are there: whose, since when, what they monitor, how far behind they read; and the end of one.
//!
//! A session's id is its application's secret: pages know it by a handle, which leads to nothing but this page.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use actors::session::messages::{End, Lag};
use actors::session_supervisor::{Door, SessionRef};
use actors::standing::Service;
use askama::Template;
use futures_util::future::join_all;

use super::{Admin, act, look};
use crate::storage::account::Role;
use crate::storage::audit;
use crate::storage::change::{Changes, now_ms};
use crate::web::{Shell, Site, WebFault, page};

/// Rows of the page; the oldest first.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "admin/sessions.html")]
struct SessionsPage {
    shell: Shell,
    operates: bool,
    sessions: Vec<Row>,
    more: usize,
}

struct Row {
    handle: String,
    name: String,
    application: Arc<str>,
    service: &'static str,
    door: &'static str,
    since_ms: i64,
    monitors: usize,
    /// Events that were not read; nothing when the session ended meanwhile.
    lag: Option<u32>,
}

/// What a page knows a session by.
fn handle(session: &SessionRef) -> String {
    format!("{}-{}", session.since_ms, session.id)
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    let mut sessions = admin.running()?.gateway.tree.sessions.all();
    sessions.sort_by_key(|session| session.since_ms);
    let more = sessions.len().saturating_sub(SHOWN);
    sessions.truncate(SHOWN);
    let row = async |session: SessionRef| Row {
        handle: handle(&session),
        name: session.id.to_string(),
        service: match session.standing.service() {
            Service::Standard => "Standard",
            Service::Unproven => "Advanced, not proven yet",
            Service::Advanced => "Advanced",
        },
        door: match session.door {
            Door::Soap => "SOAP",
            Door::Rest => "REST",
        },
        since_ms: session.since_ms,
        monitors: session.monitors.count(),
        lag: session.addr.send(Lag).await.ok(),
        application: session.application,
    };
    let sessions = join_all(sessions.into_iter().map(row)).await;
    let operates = here.may(Role::Operator);
    page(&SessionsPage { shell: here.shell(&site, "Sessions", "/sessions"), operates, sessions, more })
}

pub(super) async fn end(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Role::Operator).await?;
    let running = admin.running()?;
    let sessions = running.gateway.tree.sessions.all();
    let session = sessions.into_iter().find(|session| handle(session) == *path).ok_or(WebFault::NotFound)?;
    let (by, object) = (here.visit.by.clone(), format!("{} of {}", session.id, session.application));
    let told = format!("{object} is ended.");
    let note = move |c: &mut _| audit::note(c, &by, now_ms(), "end", &object, &Changes::default());
    running.storage.write(note).await?;
    session.addr.do_send(End);
    Ok(site.told(&here.visit, told, "/sessions"))
}
