//! Registered applications: those of a member with what was asked for, all of them for an administrator, and one with its
//! certificates.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Need, act, id_of, look};
use crate::certs::{Server, letters};
use crate::storage::certs::entry::{self, Certificate, Entry};
use crate::storage::certs::request::{self, Request};
use crate::texts::filters;
use crate::web::{Shell, Site, WebFault, page};

/// Applications on one page; others are found by name.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "certs/mine.html")]
struct MinePage {
    shell: Shell,
    entries: Vec<Entry>,
    requests: Vec<Request>,
}

#[derive(Template)]
#[template(path = "certs/applications.html")]
struct ApplicationsPage {
    shell: Shell,
    entries: Vec<Entry>,
    find: String,
    more: usize,
    version: i64,
}

#[derive(Template)]
#[template(path = "certs/application.html")]
struct ApplicationPage {
    shell: Shell,
    entry: Entry,
    certificates: Vec<Certificate>,
    administrator: bool,
}

#[derive(serde::Deserialize)]
pub(super) struct Find {
    #[serde(default)]
    find: String,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    find: Option<Query<Find>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    if !here.is_administrator() {
        let id = here.member.account.id.clone();
        let read = move |c: &mut _| Ok((entry::of_account(c, &id)?, request::of_account(c, &id)?));
        let (entries, requests) = site.storage.with(read).await?;
        return page(&MinePage { shell: here.shell(&site, "My applications", "/applications"), entries, requests });
    }
    let find = find.map(|find| find.into_inner().find).unwrap_or_default();
    let find: String = find.trim().chars().take(100).collect();
    let words = find.to_lowercase();
    let (version, entries) = site.storage.with(|c| Ok((entry::version(c)?, entry::all(c)?))).await?;
    let has = |entry: &Entry| {
        let text = format!("{} {} {}", entry.company, entry.application, entry.account_name).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    let mut entries: Vec<_> = entries.into_iter().filter(has).collect();
    let more = entries.len().saturating_sub(SHOWN);
    entries.truncate(SHOWN);
    page(&ApplicationsPage { shell: here.shell(&site, "Applications", "/applications"), entries, find, more, version })
}

pub(super) async fn one(request: HttpRequest, site: Data<Site>, path: Path<String>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    let id = id_of(&path)?;
    let read = move |c: &mut _| Ok(entry::find(c, &id)?.zip(Some(entry::certificates(c, &id)?)));
    let found = site.storage.with(read).await?;
    // What is another's is not there.
    let found = found.filter(|(entry, _)| here.may_see(&entry.account));
    let (entry, certificates) = found.ok_or(WebFault::NotFound)?;
    let administrator = here.is_administrator();
    page(&ApplicationPage { shell: here.shell(&site, entry.label(), ""), entry, certificates, administrator })
}

pub(super) async fn certificate(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    let id = id_of(&path)?;
    let read = move |c: &mut _| {
        let Some(certificate) = entry::certificate(c, &id)? else { return Ok(None) };
        Ok(entry::find(c, &certificate.entry)?.map(|entry| (entry, certificate)))
    };
    let found = site.storage.with(read).await?.filter(|(entry, _)| here.may_see(&entry.account));
    let (entry, certificate) = found.ok_or(WebFault::NotFound)?;
    let file = format!("attachment; filename=\"{}\"", letters::file_name(&entry.application));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-pem-file"))
        .insert_header((CONTENT_DISPOSITION, file))
        .body(certificate.pem))
}

pub(super) async fn revoke(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let (id, version) = (id_of(&path)?, form.version()?);
    let read = site.storage.with({
        let id = id.clone();
        move |c| entry::find(c, &id)
    });
    let mut read = read.await?.ok_or(WebFault::NotFound)?;
    // What the administrator has seen counts, not what is there now.
    read.version = version;
    let revoked = server.revoke(here.visit.by.clone(), read, form.text("reason")).await?;
    let told = format!("{} is revoked. Gateways know it after their next fetch of the list.", revoked.label());
    Ok(site.told(&here.visit, told, &format!("/applications/{id}")))
}
