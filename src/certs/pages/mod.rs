//! The pages: who may see and do what, and all routes on one screen.

mod accounts;
mod applications;
mod ask;
mod log;
mod password;
mod requests;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::list;
use crate::storage::certs::member::{self, Member};
use crate::web::{Form, Link, Shell, Site, Title, Visit, WebFault, see};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        // Without signing in.
        .route("/acl", web::get().to(list::serve))
        .route("/ca.cert.pem", web::get().to(list::authority))
        .route("/healthz", web::get().to(list::health))
        // Whoever is signed in.
        .route("/", web::get().to(first))
        .route("/password", web::get().to(password::page))
        .route("/password", web::post().to(password::change))
        .route("/applications", web::get().to(applications::all))
        // Members.
        .route("/applications/register", web::get().to(ask::registration))
        .route("/applications/register", web::post().to(ask::ask_registration))
        .route("/applications/certificate", web::get().to(ask::certificate))
        .route("/applications/certificate", web::post().to(ask::ask_certificate))
        .route("/requests/{id}/withdraw", web::post().to(requests::withdraw))
        // Whose it is, and administrators.
        .route("/applications/{id}", web::get().to(applications::one))
        .route("/certificates/{id}", web::get().to(applications::certificate))
        .route("/requests/{id}", web::get().to(requests::one))
        // Administrators.
        .route("/requests", web::get().to(requests::all))
        .route("/requests/{id}/approve", web::post().to(requests::approve))
        .route("/requests/{id}/deny", web::post().to(requests::deny))
        .route("/applications/{id}/revoke", web::post().to(applications::revoke))
        .route("/accounts", web::get().to(accounts::all))
        .route("/accounts/new", web::get().to(accounts::new))
        .route("/accounts/new", web::post().to(accounts::add))
        .route("/accounts/{id}", web::get().to(accounts::one))
        .route("/accounts/{id}", web::post().to(accounts::change))
        .route("/accounts/{id}/password", web::post().to(accounts::give_password))
        .route("/accounts/{id}/remove", web::post().to(accounts::remove))
        .route("/mail", web::get().to(log::mail))
        .route("/mail/{id}/again", web::post().to(log::mail_again))
        .route("/log", web::get().to(log::audit));
}

/// Who may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Whoever is signed in.
    Anybody,
    Member,
    Administrator,
}

/// Who is there.
struct Here {
    visit: Visit,
    member: Member,
}

impl Here {
    fn is_administrator(&self) -> bool {
        self.member.is_administrator()
    }

    fn shell(&self, site: &Site, title: impl Into<Title>, here: &str) -> Shell {
        let links = if self.is_administrator() { ADMINISTRATOR } else { MEMBER };
        site.shell(&self.visit, title, links, here)
    }

    /// Whether something of that account may be seen.
    fn may_see(&self, account: &str) -> bool {
        self.is_administrator() || self.member.account.id == account
    }
}

const MEMBER: &[Link] = &[
    ("/applications", "My applications"),
    ("/applications/register", "Register an application"),
    ("/applications/certificate", "Ask for a certificate"),
];
const ADMINISTRATOR: &[Link] = &[
    ("/requests", "Requests"),
    ("/applications", "Applications"),
    ("/accounts", "Accounts"),
    ("/mail", "Mail"),
    ("/log", "Log"),
];

/// Who looks at a page.
async fn look(site: &Site, request: &HttpRequest, need: Need) -> Result<Here, WebFault> {
    allowed(site, request, site.visit(request).await?, need).await
}

/// Who sends a form, and the form.
async fn act(site: &Site, request: &HttpRequest, need: Need) -> Result<(Here, Form), WebFault> {
    let (visit, form) = site.act(request).await?;
    Ok((allowed(site, request, visit, need).await?, form))
}

async fn allowed(site: &Site, request: &HttpRequest, visit: Visit, need: Need) -> Result<Here, WebFault> {
    let id = visit.account.id.clone();
    let found = site.storage.with(move |c| member::find(c, &id)).await?;
    let member = found.ok_or(WebFault::NotPermitted)?;
    if member.must_change && request.path() != "/password" {
        return Err(WebFault::First("/password"));
    }
    let may = match need {
        Need::Anybody => true,
        Need::Member => !member.is_administrator(),
        Need::Administrator => member.is_administrator(),
    };
    if may { Ok(Here { visit, member }) } else { Err(WebFault::NotPermitted) }
}

/// The id in a path: what cannot be one is nothing's.
fn id_of(path: &web::Path<String>) -> Result<String, WebFault> {
    let is_id = path.len() == 29 && path.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_id { Ok(path.to_string()) } else { Err(WebFault::NotFound) }
}

/// The page before which a list goes on.
fn before(query: Option<web::Query<Before>>) -> Option<String> {
    let before = query?.into_inner().before;
    (before.len() == 29 && before.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(before)
}

#[derive(serde::Deserialize)]
struct Before {
    #[serde(default)]
    before: String,
}

/// A fault that is said on the form's page itself; any other has a page of its own.
fn said(fault: WebFault) -> Result<(StatusCode, String), WebFault> {
    match fault {
        WebFault::Refused(text) => Ok((StatusCode::UNPROCESSABLE_ENTITY, text)),
        fault @ WebFault::Exists(_) => Ok((StatusCode::UNPROCESSABLE_ENTITY, fault.to_string())),
        other => Err(other),
    }
}

async fn first(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    Ok(see(if here.is_administrator() { "/requests" } else { "/applications" }))
}
