//! The site's applications: added, given local passwords, revoked, removed. What changes is valid when the page says so,
//! and sessions that may not go on have ended.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::{Admin, Here, Running, act, id_of, look, said};
use crate::acl::Entry;
use crate::settings::{Application, ApplicationLimits, ServiceLevel};
use crate::storage::account::Role;
use crate::storage::application::{self, Kept};
use crate::storage::change::now_ms;
use crate::web::{Form, Shell, Site, WebFault, hashed, page, page_as};

/// Characters of a local password.
const LOCAL_PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;
const HOUR_MS: i64 = 3_600_000;
/// Longest time in which an old local password is right beside the new one.
const LONGEST_OVERLAP_HOURS: i64 = 30 * 24;
/// Characters of a name.
const LONGEST_NAME: usize = 128;

/// An application, and what the certificate server says of it.
struct Row {
    kept: Kept,
    state: &'static str,
    bad: bool,
    replaced: bool,
}

impl Row {
    fn of(kept: Kept, entries: Option<&[Entry]>, now_ms: i64) -> Self {
        let own = &kept.registered.application;
        let is = |entry: &&Entry| entry.company == own.company && entry.application == own.name;
        let listed = entries.map(|entries| entries.iter().find(is));
        let (state, bad) = match listed {
            _ if own.revoked => ("revoked here", true),
            Some(None) => ("not on the access control list", true),
            Some(Some(entry)) if entry.revoked => ("revoked by the certificate server", true),
            _ => ("may enter", false),
        };
        let replaced = kept.registered.next_local.as_ref().is_some_and(|next| next.overlap_until_ms > now_ms);
        Self { kept, state, bad, replaced }
    }

    fn advanced(&self) -> bool {
        self.kept.registered.application.service == ServiceLevel::Advanced
    }

    fn until_ms(&self) -> i64 {
        self.kept.registered.next_local.as_ref().map_or(0, |next| next.overlap_until_ms)
    }
}

#[derive(Template)]
#[template(path = "admin/applications.html")]
struct ApplicationsPage {
    shell: Shell,
    administers: bool,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "admin/application_new.html")]
struct NewPage {
    shell: Shell,
    company: String,
    name: String,
    advanced: bool,
    /// Without an access control list the application password is set here.
    with_password: bool,
    /// Registered ones that are not here yet.
    listed: Vec<(String, String)>,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/application.html")]
struct ApplicationPage {
    shell: Shell,
    row: Row,
    fault: Option<String>,
}

fn entries(running: &Running) -> Option<Vec<Entry>> {
    let list = running.applications.list()?;
    Some(list.document().map(|document| document.entries.clone()).unwrap_or_default())
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    let (kept, entries, now_ms) = (site.storage.with(application::all).await?, entries(admin.running()?), now_ms());
    let rows = kept.into_iter().map(|kept| Row::of(kept, entries.as_deref(), now_ms)).collect();
    let administers = here.may(Role::Administrator);
    page(&ApplicationsPage { shell: here.shell(&site, "Applications", "/applications"), administers, rows })
}

pub(super) async fn new(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    show_new(&site, admin.running()?, &here, None, StatusCode::OK, None).await
}

async fn show_new(
    site: &Site,
    running: &Running,
    here: &Here,
    form: Option<&Form>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let text = |name: &str| form.map(|form| form.text(name)).unwrap_or_default();
    let kept = site.storage.with(application::all).await?;
    let is_here = |entry: &Entry| {
        kept.iter().any(|kept| {
            let own = &kept.registered.application;
            own.company == entry.company && own.name == entry.application
        })
    };
    let listed = entries(running).unwrap_or_default();
    let listed = listed.into_iter().filter(|entry| !entry.revoked && !is_here(entry));
    let new = NewPage {
        shell: here.shell(site, "New application", "/applications"),
        company: text("company"),
        name: text("name"),
        advanced: text("service") == "advanced",
        with_password: running.applications.list().is_none(),
        listed: listed.map(|entry| (entry.company, entry.application)).take(200).collect(),
        fault,
    };
    page_as(status, &new)
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let running = admin.running()?;
    match added(&site, running, &here, &form).await {
        Ok(label) => Ok(site.told(&here.visit, format!("{label} may enter."), "/applications")),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show_new(&site, running, &here, Some(&form), status, Some(fault)).await
        }
    }
}

async fn added(site: &Site, running: &Running, here: &Here, form: &Form) -> Result<String, WebFault> {
    let (company, name) = (form.text("company"), form.text("name"));
    let is_name =
        |text: &str| (1..=LONGEST_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if !is_name(&company) || !is_name(&name) {
        return Err(WebFault::Refused(format!("Company and application must have 1 to {LONGEST_NAME} characters.")));
    }
    let service = match form.get("service") {
        "standard" => ServiceLevel::Standard,
        "advanced" => ServiceLevel::Advanced,
        _ => return Err(WebFault::Refused("Choose Standard or Advanced service.".into())),
    };
    if service == ServiceLevel::Advanced && !running.gateway.admission.believes_certificates() {
        let text = "Advanced service needs issuers whose certificates are believed (advanced.trust_anchors or acl.ca).";
        return Err(WebFault::Refused(text.into()));
    }
    let local_password = hashed(site, form.secret("local_password"), LOCAL_PASSWORD).await?;
    let application_password = match running.applications.list() {
        Some(_) => SecretString::default(),
        None => hashed(site, form.secret("application_password"), 1..=128).await?,
    };
    let limits = ApplicationLimits::default();
    let application =
        Application { company, name, application_password, local_password, revoked: false, service, limits };
    let (label, by) = (application.label(), here.visit.by.clone());
    site.storage.write(move |c| application::add(c, &application.into(), &by, now_ms())).await?;
    running.applications.reread().await?;
    Ok(label)
}

async fn find(site: &Site, path: &Path<String>) -> Result<Kept, WebFault> {
    let id = id_of(path)?;
    let all = site.storage.with(application::all).await?;
    all.into_iter().find(|kept| kept.id == id).ok_or(WebFault::NotFound)
}

/// As the page showed it.
async fn seen(site: &Site, path: &Path<String>, form: &Form) -> Result<Kept, WebFault> {
    Ok(Kept { version: form.version()?, ..find(site, path).await? })
}

pub(super) async fn one(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    show(&site, admin.running()?, &here, &path, StatusCode::OK, None).await
}

async fn show(
    site: &Site,
    running: &Running,
    here: &Here,
    path: &Path<String>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let row = Row::of(find(site, path).await?, entries(running).as_deref(), now_ms());
    let shell = here.shell(site, &row.kept.registered.application.label(), "/applications");
    page_as(status, &ApplicationPage { shell, row, fault })
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let (read, running) = (seen(&site, &path, &form).await?, admin.running()?);
    let hours =
        form.text("overlap_hours").parse::<i64>().ok().filter(|hours| (0..=LONGEST_OVERLAP_HOURS).contains(hours));
    let hash = match hours {
        Some(_) => hashed(&site, form.secret("local_password"), LOCAL_PASSWORD).await,
        None => Err(WebFault::Refused(format!("The hours must be 0 to {LONGEST_OVERLAP_HOURS}."))),
    };
    let hash = match hash {
        Ok(hash) => hash,
        Err(fault) => {
            let (status, fault) = said(fault)?;
            return show(&site, running, &here, &path, status, Some(fault)).await;
        }
    };
    let (now_ms, label, by) = (now_ms(), read.registered.application.label(), here.visit.by.clone());
    let until_ms = now_ms + hours.unwrap_or(0) * HOUR_MS;
    site.storage.write(move |c| application::rotate(c, &read, &hash, until_ms, &by, now_ms)).await?;
    running.applications.reread().await?;
    Ok(site.told(&here.visit, format!("{label} has another local password."), "/applications"))
}

pub(super) async fn revoke(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    let revoked = match form.get("revoked") {
        "true" => true,
        "false" => false,
        _ => return Err(WebFault::NoForm),
    };
    let (label, by) = (read.registered.application.label(), here.visit.by.clone());
    site.storage.write(move |c| application::revoke(c, &read, revoked, &by, now_ms())).await?;
    let ended = admin.running()?.applications.reread().await?;
    let told = match (revoked, ended) {
        (false, _) => format!("{label} may enter again."),
        (true, 0) => format!("{label} is revoked."),
        (true, ended) => format!("{label} is revoked; {ended} sessions ended by it."),
    };
    Ok(site.told(&here.visit, told, "/applications"))
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    let (label, by) = (read.registered.application.label(), here.visit.by.clone());
    site.storage.write(move |c| application::remove(c, &read, &by, now_ms())).await?;
    admin.running()?.applications.reread().await?;
    Ok(site.told(&here.visit, format!("{label} is removed."), "/applications"))
}
