//! A backup of the database, to be kept elsewhere, and its restoration; and the support bundle's page.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::backups::{self, NewBackup};
use super::work::restore::Restored;
use super::{Admin, Here, act, look, said, work};
use crate::texts::filters;
use crate::web::{Shell, Site, WebFault, page_as};

#[derive(Template)]
#[template(path = "admin/backups.html")]
struct BackupsPage {
    shell: Shell,
    fault: Option<String>,
}

fn shown(site: &Site, here: &Here, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, WebFault> {
    page_as(status, &BackupsPage { shell: here.shell(site, "Backup", "/backup"), fault })
}

pub(super) async fn page(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::BackupMake).await?;
    shown(&site, &here, StatusCode::OK, None)
}

pub(super) async fn download(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::BackupMake).await?;
    let made = async {
        if form.get("passphrase") != form.get("again") {
            return Err(WebFault::Refused("The two passphrases are not the same.".into()));
        }
        backups::make(&admin, NewBackup { passphrase: form.secret("passphrase") }, &here.visit.by).await
    };
    match made.await {
        Ok(file) => Ok(HttpResponse::Ok()
            .insert_header(("content-disposition", "attachment; filename=\"oig.backup\""))
            .content_type("application/octet-stream")
            .body(file)),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, &here, status, Some(fault))
        }
    }
}

#[derive(Template)]
#[template(path = "admin/restored.html")]
struct RestoredPage {
    shell: Shell,
    restored: Restored,
}

pub(super) async fn restore(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::BackupRestore).await?;
    let restored = async {
        if form.get("replace") != "true" {
            return Err(WebFault::Refused("Confirm that everything is replaced.".into()));
        }
        let file = form.file("file");
        if file.is_empty() {
            return Err(WebFault::Refused("Choose the file of a backup.".into()));
        }
        work::restore::restore(&site, admin.running()?, file, form.secret("passphrase"), here.visit.by.clone()).await
    };
    match restored.await {
        Ok(restored) => {
            let shell = Shell { site: site.name, title: "Restored".into(), base: site.base, ..Shell::default() };
            page_as(StatusCode::OK, &RestoredPage { shell, restored })
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, &here, status, Some(fault))
        }
    }
}
