//! The gateway's administration in a browser, at `/admin`: what it does now, which applications may enter, who may
//! administer, who changed what. Pages are made on the server (`web`); programs use the API (`api`); what both do is in
//! `work`, and changes what `oig admin` changes, in the same transactions.
//!
//! It is served under TLS, and at the machine itself: its cookies and passwords go nowhere in clear.

mod accounts;
pub mod api;
mod applications;
mod backups;
mod certificate;
mod data;
mod forms;
mod log;
mod nodes;
mod overview;
mod password;
mod record;
pub mod scope;
mod sessions;
mod settings;
mod support;
mod texts;
mod tokens;
mod users;
mod waiting;
pub mod work;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};

use self::waiting::Waiting;
use crate::applications::Applications;
use crate::http::Gateway;
use crate::licence::Licences;
use crate::live_settings::LiveSettings;
use crate::nodes::Nodes;
use crate::storage::account::Role;
use crate::storage::change::{Changes, now_ms};
use crate::storage::{By, Storage, audit};
use crate::texts::Texts;
use crate::tls::Https;
use crate::web::{Form, LARGEST_FORM, LARGEST_UPLOAD, Link, Shell, Site, Title, Visit, WebFault, guard, see};

/// Where the site is.
pub const BASE: &str = "/admin";

/// Where files are sent to, and bytes of such a form.
const UPLOADS: &[(&str, usize)] = &[
    ("/admin/users/import", LARGEST_UPLOAD),
    ("/admin/texts/import", LARGEST_UPLOAD),
    ("/admin/certificate/0/install", LARGEST_FORM),
    ("/admin/certificate/1/install", LARGEST_FORM),
    ("/admin/backup/restore", LARGEST_RESTORE),
    ("/admin/data/import", LARGEST_FORM_FILE),
];
/// A file of a node's form, with what a browser sends beside it.
pub(crate) const LARGEST_FORM_FILE: usize = crate::data::file::LARGEST_FILE + 16 * 1024;
/// A backup of some hundred thousand rows; a larger one is restored by `oig restore`.
pub(crate) const LARGEST_RESTORE: usize = 16 * 1024 * 1024;

/// What pages show and change.
pub struct Running {
    pub gateway: Arc<Gateway>,
    pub applications: Applications,
    pub nodes: Nodes,
    pub settings: LiveSettings,
    pub storage: Storage,
    pub licences: Option<Licences>,
    /// How long a licence does that is not renewed.
    pub grace: Duration,
    pub gateway_id: String,
    pub https: Option<Https>,
    pub https_port: Option<u16>,
    pub since_ms: i64,
}

/// The site; there before the gateway runs, which the HTTP workers need.
pub struct Admin {
    site: Data<Site>,
    users: Data<Waiting<crate::users::import::Plan>>,
    translations: Data<Waiting<crate::texts::import::Plan>>,
    forms: Data<forms::Jobs>,
    /// In which its pages are.
    pub texts: Texts,
    running: OnceLock<Running>,
}

impl Admin {
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        let texts = Texts::new(storage.clone());
        let site = Site::new("Gateway", BASE, "oig-admin", storage, |account| account.role != Role::Member).live();
        let site = site.taking_files(UPLOADS).in_languages(texts.clone());
        Self {
            site: Data::new(site),
            users: Data::default(),
            translations: Data::default(),
            forms: Data::default(),
            texts,
            running: OnceLock::new(),
        }
    }

    /// From now on there is something to show.
    pub fn runs(&self, running: Running) {
        // Only the start says it, once.
        let _ = self.running.set(running);
    }

    fn running(&self) -> Result<&Running, WebFault> {
        self.running.get().ok_or(WebFault::Busy)
    }
}

/// The routes of the site.
pub fn routes(admin: &Arc<Admin>, config: &mut ServiceConfig) {
    // First: what programs ask for is no page.
    config.service(api::scope(admin).wrap(from_fn(door)));
    let scope = web::scope(BASE)
        .app_data(admin.site.clone())
        .app_data(Data::new(admin.clone()))
        .app_data(admin.users.clone())
        .app_data(admin.translations.clone())
        .app_data(admin.forms.clone())
        .configure(Site::routes)
        .route("/static/live.js", web::get().to(crate::web::live))
        .configure(pages)
        .default_service(web::to(|| async { Err::<HttpResponse, _>(WebFault::NotFound) }))
        .wrap(from_fn(guard))
        .wrap(from_fn(door));
    config.service(scope);
}

fn pages(config: &mut ServiceConfig) {
    config
        .route("", web::get().to(|| async { see("/admin/") }))
        // Whoever is signed in.
        .route("/", web::get().to(overview::page))
        .route("/password", web::get().to(password::page))
        .route("/password", web::post().to(password::change))
        .route("/applications", web::get().to(applications::all))
        .route("/sessions", web::get().to(sessions::all))
        .route("/nodes", web::get().to(nodes::all))
        .route("/data", web::get().to(data::all))
        // Before what a number stands in.
        .route("/data/import", web::post().to(forms::begin))
        .route("/data/import/{number}", web::get().to(forms::job))
        .route("/data/import/{number}/confirm", web::post().to(forms::confirm))
        .route("/data/{ceid}", web::get().to(data::one))
        .route("/data/{ceid}/import", web::get().to(forms::page_of))
        .route("/data/{ceid}/{form}", web::get().to(data::rows))
        .route("/data/{ceid}/{form}/export", web::get().to(forms::export))
        .route("/users", web::get().to(users::all))
        .route("/tokens", web::get().to(tokens::all))
        .route("/tokens/new", web::get().to(tokens::new))
        .route("/tokens/new", web::post().to(tokens::add))
        .route("/tokens/{id}/remove", web::post().to(tokens::remove))
        .route("/texts", web::get().to(texts::all))
        .route("/texts/export", web::get().to(texts::export))
        // Operators.
        .route("/sessions/{handle}/end", web::post().to(sessions::end))
        .route("/users/new", web::get().to(users::new))
        .route("/users/new", web::post().to(users::add))
        .route("/users/import", web::get().to(users::import::form))
        .route("/users/import", web::post().to(users::import::plan))
        .route("/users/import/confirm", web::post().to(users::import::confirm))
        .route("/users/export", web::get().to(users::import::export))
        .route("/users/{id}", web::get().to(users::one))
        .route("/users/{id}", web::post().to(users::change))
        .route("/users/{id}/password", web::post().to(users::give_password))
        .route("/users/{id}/remove", web::post().to(users::remove))
        .route("/acl/fetch", web::post().to(overview::fetch_list))
        .route("/licence/fetch", web::post().to(overview::fetch_licence))
        .route("/record", web::get().to(record::page))
        .route("/nodes/{ceid}/reconnect", web::post().to(nodes::reconnect))
        .route("/data/{ceid}/copy", web::post().to(data::copy))
        .route("/data/{ceid}/compare", web::post().to(data::compare))
        // Administrators.
        .route("/certificate", web::get().to(certificate::page))
        .route("/certificate/{place}/request", web::post().to(certificate::request))
        .route("/certificate/{place}/install", web::post().to(certificate::install))
        .route("/backup", web::get().to(backups::page))
        .route("/backup", web::post().to(backups::download))
        .route("/backup/restore", web::post().to(backups::restore))
        .route("/support", web::get().to(support::download))
        .route("/settings", web::get().to(settings::page))
        .route("/settings", web::post().to(settings::change))
        .route("/nodes/new", web::get().to(nodes::new))
        .route("/nodes/new", web::post().to(nodes::add))
        .route("/nodes/test", web::post().to(nodes::test))
        .route("/nodes/{ceid}", web::post().to(nodes::change))
        .route("/nodes/{ceid}/remove", web::post().to(nodes::remove))
        .route("/texts/import", web::get().to(texts::form))
        .route("/texts/import", web::post().to(texts::plan))
        .route("/texts/import/confirm", web::post().to(texts::confirm))
        .route("/texts/{language}/remove", web::post().to(texts::remove))
        // Whoever is signed in; after what has a name of its own.
        .route("/nodes/{ceid}", web::get().to(nodes::one))
        .route("/applications/new", web::get().to(applications::new))
        .route("/applications/new", web::post().to(applications::add))
        .route("/applications/{id}", web::get().to(applications::one))
        .route("/applications/{id}/password", web::post().to(applications::give_password))
        .route("/applications/{id}/revoke", web::post().to(applications::revoke))
        .route("/applications/{id}/remove", web::post().to(applications::remove))
        .route("/accounts", web::get().to(accounts::all))
        .route("/accounts/new", web::get().to(accounts::new))
        .route("/accounts/new", web::post().to(accounts::add))
        .route("/accounts/{id}", web::get().to(accounts::one))
        .route("/accounts/{id}/role", web::post().to(accounts::give_role))
        .route("/accounts/{id}/password", web::post().to(accounts::give_password))
        .route("/accounts/{id}/remove", web::post().to(accounts::remove))
        .route("/log", web::get().to(log::audit));
}

/// Lets in who comes under TLS or from this machine; sends a browser on to HTTPS, and refuses the rest.
async fn door(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let admin = request.app_data::<Data<Arc<Admin>>>().map(|admin| Arc::clone(admin));
    let Some(running) = admin.as_ref().and_then(|admin| admin.running.get()) else {
        let answer = HttpResponse::ServiceUnavailable().body("Try again.\n");
        let answer = if api::is_of(request.path()) { api::busy() } else { answer };
        return Ok(request.into_response(answer).map_into_boxed_body());
    };
    let ways = &running.gateway.ways;
    let caller = ways.caller(request.request());
    // As the browser knows the site, which a proxy may call by another name.
    let forwarded = ways.forwarded(request.request(), "x-forwarded-host").and_then(|host| host.parse().ok());
    if let Some(host) = forwarded {
        request.headers_mut().insert(HOST, host);
    }
    request.extensions_mut().insert(caller);
    if caller.secure || caller.ip.to_canonical().is_loopback() {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    // What was sent in clear is known to others, a token, too: no program is led on.
    if api::is_of(request.path()) {
        return Ok(request.into_response(api::in_clear()).map_into_boxed_body());
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |(name, _)| name));
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let name = name.filter(|name| !name.is_empty() && name.len() <= 255 && name.chars().all(letter));
    let answer = match (name, running.https_port) {
        (Some(name), Some(port)) if matches!(*request.method(), Method::GET | Method::HEAD) => {
            HttpResponse::PermanentRedirect()
                .insert_header(("location", format!("https://{name}:{port}{}", request.path())))
                .finish()
        }
        _ => HttpResponse::build(StatusCode::FORBIDDEN)
            .content_type("text/plain; charset=utf-8")
            .body("The administration is served over HTTPS, and at the machine itself.\n"),
    };
    Ok(request.into_response(answer).map_into_boxed_body())
}

/// Who is there.
struct Here {
    visit: Visit,
}

impl Here {
    fn may(&self, need: impl Into<Role>) -> bool {
        self.visit.account.role >= need.into()
    }

    fn shell(&self, site: &Site, title: impl Into<Title>, here: &str) -> Shell {
        let links: Vec<Link> =
            LINKS.iter().filter(|(need, ..)| self.may(*need)).map(|&(_, at, text)| (at, text)).collect();
        site.shell(&self.visit, title, &links, here)
    }
}

/// The navigation, with the least role that a page is for.
const LINKS: &[(Role, &str, &str)] = &[
    (Role::Reader, "/", "Overview"),
    (Role::Reader, "/applications", "Applications"),
    (Role::Reader, "/users", "Users"),
    (Role::Reader, "/sessions", "Sessions"),
    (Role::Reader, "/nodes", "Nodes"),
    (Role::Reader, "/data", "Data"),
    (Role::Operator, "/record", "Flight record"),
    (Role::Administrator, "/settings", "Settings"),
    (Role::Administrator, "/certificate", "Certificate"),
    (Role::Administrator, "/backup", "Backup"),
    (Role::Administrator, "/accounts", "Accounts"),
    (Role::Reader, "/tokens", "Tokens"),
    (Role::Reader, "/texts", "Texts"),
    (Role::Administrator, "/log", "Log"),
];

/// What the navigation says.
pub(crate) fn links() -> impl Iterator<Item = &'static str> {
    LINKS.iter().map(|(.., text)| *text)
}

/// Who looks at a page, if the role is enough for it: a role, or what is to be done there.
async fn look(site: &Site, request: &HttpRequest, need: impl Into<Role>) -> Result<Here, WebFault> {
    allowed(site.visit(request).await?, need.into())
}

/// Who sends a form, and the form.
async fn act(site: &Site, request: &HttpRequest, need: impl Into<Role>) -> Result<(Here, Form), WebFault> {
    let (visit, form) = site.act(request).await?;
    Ok((allowed(visit, need.into())?, form))
}

fn allowed(visit: Visit, role: Role) -> Result<Here, WebFault> {
    let here = Here { visit };
    if here.may(role) { Ok(here) } else { Err(WebFault::NotPermitted) }
}

/// A line of the audit log for what changes nothing in the database.
async fn note(running: &Running, by: By, action: &'static str, object: impl Into<String>) -> Result<(), WebFault> {
    let object = object.into();
    let note = move |c: &mut _| audit::note(c, &by, now_ms(), action, &object, &Changes::default());
    Ok(running.storage.write(note).await?)
}

/// The id in a path: what cannot be one is nothing's.
fn id_of(path: &web::Path<String>) -> Result<String, WebFault> {
    if is_id(path) { Ok(path.to_string()) } else { Err(WebFault::NotFound) }
}

/// Whether a text can be the id of a row.
fn is_id(text: &str) -> bool {
    text.len() == 29 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A fault that is said on the form's page itself; any other has a page of its own.
fn said(fault: WebFault) -> Result<(StatusCode, String), WebFault> {
    match fault {
        WebFault::Refused(text) => Ok((StatusCode::UNPROCESSABLE_ENTITY, text)),
        fault @ WebFault::Exists(_) => Ok((StatusCode::UNPROCESSABLE_ENTITY, fault.to_string())),
        other => Err(other),
    }
}
