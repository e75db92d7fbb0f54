//! Pages of the site's applications: what they do is `work::applications`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::applications::{self, Application, LONGEST_OVERLAP_HOURS, NewApplication, NewLocalPassword};
use super::{Admin, Here, act, id_of, look, said};
use crate::settings::ServiceLevel;
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

#[derive(Template)]
#[template(path = "admin/applications.html")]
struct ApplicationsPage {
    shell: Shell,
    administers: bool,
    applications: Vec<Application>,
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
    application: Application,
    fault: Option<String>,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::ApplicationsRead).await?;
    let applications = applications::all(&admin).await?;
    let administers = here.may(Scope::ApplicationsWrite);
    page(&ApplicationsPage { shell: here.shell(&site, "Applications", "/applications"), administers, applications })
}

pub(super) async fn new(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::ApplicationsWrite).await?;
    show_new(&site, &admin, &here, None, StatusCode::OK, None).await
}

async fn show_new(
    site: &Site,
    admin: &Admin,
    here: &Here,
    form: Option<&Form>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let text = |name: &str| form.map(|form| form.text(name)).unwrap_or_default();
    let known = applications::all(admin).await?;
    let entries = applications::entries(admin.running()?);
    let with_password = entries.is_none();
    let listed = entries.unwrap_or_default().into_iter().filter(|entry| {
        let is = |own: &Application| own.company == entry.company && own.name == entry.application;
        !entry.revoked && !known.iter().any(is)
    });
    let new = NewPage {
        shell: here.shell(site, "New application", "/applications"),
        company: text("company"),
        name: text("name"),
        advanced: text("service") == "advanced",
        with_password,
        listed: listed.map(|entry| (entry.company, entry.application)).take(200).collect(),
        fault,
    };
    page_as(status, &new)
}

/// A form for a new application.
fn new_of(form: &Form, with_password: bool) -> Result<NewApplication, WebFault> {
    let service = match form.get("service") {
        "standard" => ServiceLevel::Standard,
        "advanced" => ServiceLevel::Advanced,
        _ => return Err(WebFault::Refused("Choose Standard or Advanced service.".into())),
    };
    Ok(NewApplication {
        company: form.text("company"),
        name: form.text("name"),
        service,
        local_password: form.secret("local_password"),
        application_password: with_password.then(|| form.secret("application_password")),
    })
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::ApplicationsWrite).await?;
    let with_password = admin.running()?.applications.list().is_none();
    let added = match new_of(&form, with_password) {
        Ok(new) => applications::add(&admin, new, &here.visit.by).await,
        Err(fault) => Err(fault),
    };
    match added {
        Ok(added) => Ok(site.told(&here.visit, format!("{} may enter.", added.label()), "/applications")),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show_new(&site, &admin, &here, Some(&form), status, Some(fault)).await
        }
    }
}

pub(super) async fn one(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::ApplicationsWrite).await?;
    show(&site, &admin, &here, &id_of(&path)?, StatusCode::OK, None).await
}

async fn show(
    site: &Site,
    admin: &Admin,
    here: &Here,
    id: &str,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let application = applications::one(admin, id).await?;
    let shell = here.shell(site, application.label(), "/applications");
    page_as(status, &ApplicationPage { shell, application, fault })
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::ApplicationsWrite).await?;
    let (id, version) = (id_of(&path)?, form.version()?);
    // What is no number of hours is too many.
    let overlap_hours = form.text("overlap_hours").parse().unwrap_or(LONGEST_OVERLAP_HOURS + 1);
    let new = NewLocalPassword { local_password: form.secret("local_password"), overlap_hours };
    match applications::give_password(&admin, &id, Some(version), new, &here.visit.by).await {
        Ok(changed) => {
            let told = format!("{} has another local password.", changed.label());
            Ok(site.told(&here.visit, told, "/applications"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show(&site, &admin, &here, &id, status, Some(fault)).await
        }
    }
}

pub(super) async fn revoke(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::ApplicationsWrite).await?;
    let (id, version) = (id_of(&path)?, form.version()?);
    let revoked = match form.get("revoked") {
        "true" => true,
        "false" => false,
        _ => return Err(WebFault::NoForm),
    };
    let (changed, ended) = applications::revoke(&admin, &id, Some(version), revoked, &here.visit.by).await?;
    let label = changed.label();
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
    let (here, form) = act(&site, &request, Scope::ApplicationsWrite).await?;
    let label = applications::remove(&admin, &id_of(&path)?, Some(form.version()?), &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("{label} is removed."), "/applications"))
}
