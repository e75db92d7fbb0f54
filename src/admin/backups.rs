//! A backup of the database, to be kept elsewhere, and its restoration; and the support bundle's page.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::work::restore::Restored;
use super::{Admin, Here, act, look, note, said, work};
use crate::backup;
use crate::storage::account::Role;
use crate::storage::change::now_ms;
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
    let here = look(&site, &request, Role::Administrator).await?;
    shown(&site, &here, StatusCode::OK, None)
}

/// A turn for what takes memory and time, like a password.
async fn sealed(site: &Site, passphrase: SecretString) -> Result<Vec<u8>, WebFault> {
    let _turn = site.turn().await?;
    let make = site.storage.sealing(move |c, vault| Ok(backup::make(c, vault, &passphrase, now_ms())));
    let made = site.storage.with(make).await?;
    made.map_err(work::restore::refused)
}

pub(super) async fn download(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let made = async {
        if form.get("passphrase") != form.get("again") {
            return Err(WebFault::Refused("The two passphrases are not the same.".into()));
        }
        note(admin.running()?, here.visit.by.clone(), "download", "backup").await?;
        sealed(&site, form.secret("passphrase")).await
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
    let (here, form) = act(&site, &request, Role::Administrator).await?;
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
