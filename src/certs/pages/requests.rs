//! Requests: those that wait and those that are decided, one of them, and the decision.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Before, Here, Need, act, before, id_of, look};
use crate::certs::{Server, letters};
use crate::storage::certs::mail;
use crate::storage::certs::member::{self, Member};
use crate::storage::certs::request::{self, Request, State};
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page};

/// Decided ones on one page.
const SHOWN: u32 = 50;

#[derive(Template)]
#[template(path = "certs/requests.html")]
struct RequestsPage {
    shell: Shell,
    pending: Vec<Request>,
    decided: Vec<Request>,
    older: Option<String>,
    stuck: i64,
}

#[derive(Template)]
#[template(path = "certs/request.html")]
struct RequestPage {
    shell: Shell,
    request: Request,
    what: &'static str,
    /// Who asks, while the account is there.
    member: Option<Member>,
    administrator: bool,
    pending: bool,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    query: Option<Query<Before>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
    let before = before(query);
    let read =
        move |c: &mut _| Ok((request::pending(c)?, request::decided(c, before.as_deref(), SHOWN)?, mail::stuck(c)?));
    let (pending, decided, stuck) = site.storage.with(read).await?;
    let full = decided.len() == SHOWN as usize;
    let older = decided.last().filter(|_| full).map(|last| last.id.clone());
    page(&RequestsPage { shell: here.shell(&site, "Requests", "/requests"), pending, decided, older, stuck })
}

pub(super) async fn one(request: HttpRequest, site: Data<Site>, path: Path<String>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    let request = find(&site, &here, &path).await?;
    let account = request.account.clone();
    let member = site.storage.with(move |c| member::find(c, &account)).await?;
    let (what, pending) = (letters::what(&request), request.state == State::Pending);
    let title = format!("Request for a {what}");
    let (shell, administrator) = (here.shell(&site, title, ""), here.is_administrator());
    page(&RequestPage { shell, request, what, member, administrator, pending })
}

/// A request that may be seen: what is another's is not there.
async fn find(site: &Site, here: &Here, path: &Path<String>) -> Result<Request, WebFault> {
    let id = id_of(path)?;
    let found = site.storage.with(move |c| request::find(c, &id)).await?;
    found.filter(|request| here.may_see(&request.account)).ok_or(WebFault::NotFound)
}

/// The same as the page showed it: what the person has seen counts, not what is there now.
async fn seen(site: &Site, here: &Here, path: &Path<String>, form: &Form) -> Result<Request, WebFault> {
    let mut request = find(site, here, path).await?;
    request.version = form.version()?;
    Ok(request)
}

pub(super) async fn approve(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let read = seen(&site, &here, &path, &form).await?;
    let entry = server.approve(here.visit.by.clone(), read).await?;
    Ok(site.told(&here.visit, format!("{} is approved.", entry.label()), "/requests"))
}

pub(super) async fn deny(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let read = seen(&site, &here, &path, &form).await?;
    let denied = server.deny(here.visit.by.clone(), read, form.text("reason")).await?;
    Ok(site.told(&here.visit, format!("The request for {} is denied.", denied.label()), "/requests"))
}

pub(super) async fn withdraw(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Member).await?;
    let read = seen(&site, &here, &path, &form).await?;
    let withdrawn = server.withdraw(here.visit.by.clone(), read).await?;
    Ok(site.told(&here.visit, format!("The request for {} is withdrawn.", withdrawn.label()), "/applications"))
}
