//! What the gateway does now, on one page, and the fetches that are asked for there: `work::status`, `work::documents`.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::nodes::{Standing, standings};
use super::work::status::{self, Status};
use super::work::{Fetch, documents};
use super::{Admin, act, look};
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{self, Shell, Site, WebFault};

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct Overview {
    shell: Shell,
    operates: bool,
    status: Status,
    now_ms: i64,
    connected: usize,
    /// Those that want to be looked at; the rest has a page.
    nodes: Vec<Standing>,
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::StatusRead).await?;
    let (now_ms, operates) = (now_ms(), here.may(Scope::ListFetch));
    let running = admin.running()?;
    let status = status::now(running, now_ms);
    let (connected, nodes): (Vec<_>, Vec<_>) = standings(running).await.into_iter().partition(|node| node.connected);
    let (shell, connected) = (here.shell(&site, "Overview", "/"), connected.len());
    web::page(&Overview { shell, operates, status, now_ms, connected, nodes })
}

pub(super) async fn fetch_list(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::ListFetch).await?;
    let told = match documents::fetch_list(admin.running()?, &here.visit.by).await? {
        Fetch::Done(0) => "The access control list is fetched.".to_owned(),
        Fetch::Done(ended) => format!("The access control list is fetched; {ended} sessions ended by it."),
        Fetch::Failed(fault) => format!("It was not fetched: {fault}"),
    };
    Ok(site.told(&here.visit, told, "/"))
}

pub(super) async fn fetch_licence(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::LicenceFetch).await?;
    let told = match documents::fetch_licence(admin.running()?, &here.visit.by).await? {
        Fetch::Done(_) => "The licence is fetched.".to_owned(),
        Fetch::Failed(fault) => format!("It was not fetched: {fault}"),
    };
    Ok(site.told(&here.visit, told, "/"))
}
