//! What the gateway does now, on one page: nodes, sessions, the access control list, the licence.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use actors::allowance::Kind;
use askama::Template;
use std::sync::Arc;

use super::nodes::{Standing, standings};
use super::{Admin, Running, act, look, note};
use crate::licence::{self, Licence};
use crate::storage::account::Role;
use crate::storage::change::now_ms;
use crate::web::{self, Shell, Site, WebFault};

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct Overview {
    shell: Shell,
    operates: bool,
    version: &'static str,
    gateway_id: String,
    database: String,
    since_ms: i64,
    connected: usize,
    nodes: Vec<Standing>,
    sessions: Vec<Counted>,
    list: Option<List>,
    licence: Option<Shown>,
    /// Of the certificate of HTTPS.
    expires_ms: Option<i64>,
}

struct Counted {
    kind: &'static str,
    there: usize,
    most: Option<usize>,
}

struct List {
    version: Option<i64>,
    entries: usize,
    minutes: u64,
    fault: Option<String>,
}

struct Shown {
    licence: Option<Arc<Licence>>,
    not_licensed: Option<String>,
    fault: Option<String>,
}

async fn shown(running: &Running, shell: Shell, operates: bool) -> Result<HttpResponse, WebFault> {
    let now_ms = now_ms();
    // Those that want to be looked at; the rest has a page.
    let (connected, nodes): (Vec<_>, Vec<_>) = standings(running).await.into_iter().partition(|node| node.connected);
    let state = running.licences.as_ref().map(|licences| licences.state());
    let allowance = state.as_ref().map(|state| licence::allows(state, running.grace, now_ms));
    let counted = |kind: Kind| Counted {
        kind: match kind {
            Kind::DataAccess => "Data access",
            kind => kind.word(),
        },
        there: running.gateway.tree.sessions.count_of(kind),
        most: allowance.and_then(|allowance| allowance.of(kind)),
    };
    let list = running.applications.list().map(|list| {
        let state = list.state();
        List {
            version: state.document.as_ref().map(|document| document.version),
            entries: state.document.as_ref().map_or(0, |document| document.entries.len()),
            minutes: state.age(now_ms).map_or(0, |age| age.as_secs() / 60),
            fault: state.fault,
        }
    });
    let licence = state.map(|state| Shown {
        licence: state.document,
        not_licensed: allowance.and_then(|allowance| allowance.not_licensed).map(|why| why.to_string()),
        fault: state.fault,
    });
    web::page(&Overview {
        shell,
        operates,
        version: env!("CARGO_PKG_VERSION"),
        gateway_id: running.gateway_id.clone(),
        database: running.storage.label(),
        since_ms: running.since_ms,
        connected: connected.len(),
        nodes,
        sessions: Kind::ALL.map(counted).into(),
        list,
        licence,
        expires_ms: running.https.as_ref().and_then(|https| https.expires_s()).map(|at_s| at_s * 1000),
    })
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    shown(admin.running()?, here.shell(&site, "Overview", "/"), here.may(Role::Operator)).await
}

pub(super) async fn fetch_list(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Role::Operator).await?;
    let running = admin.running()?;
    note(running, here.visit.by.clone(), "fetch", "access control list").await?;
    let told = match running.applications.fetch_list().await {
        Ok(0) => "The access control list is fetched.".to_owned(),
        Ok(ended) => format!("The access control list is fetched; {ended} sessions ended by it."),
        Err(fault) => format!("It was not fetched: {fault}"),
    };
    Ok(site.told(&here.visit, told, "/"))
}

pub(super) async fn fetch_licence(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Role::Operator).await?;
    let running = admin.running()?;
    let licences = running.licences.as_ref().ok_or(WebFault::NotFound)?;
    note(running, here.visit.by.clone(), "fetch", "licence").await?;
    let told = match licences.fetch().await {
        Ok(_) => "The licence is fetched.".to_owned(),
        Err(fault) => format!("It was not fetched: {fault}"),
    };
    Ok(site.told(&here.visit, told, "/"))
}
