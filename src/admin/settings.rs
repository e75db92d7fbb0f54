//! The page of the settings that people change while the gateway runs. What it does is `work::settings`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::settings;
use super::{Admin, Here, Running, act, look, said};
use crate::live_settings::{Shown, Wanted};
use crate::settings::editable::{EDITABLE, Kind};
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page_as};

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    shell: Shell,
    version: i64,
    /// With the first part of their key.
    sections: Vec<(&'static str, Vec<Shown>)>,
    waits: usize,
    fault: Option<String>,
}

async fn shown(
    site: &Site,
    running: &Running,
    here: &Here,
    form: Option<&Form>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let (all, version) = running.settings.all().await?;
    let waits = all.iter().filter(|shown| shown.waits).count();
    let mut sections: Vec<(&'static str, Vec<Shown>)> = Vec::new();
    for mut shown in all {
        if let Some(form) = form {
            shown.now = form.text(shown.editable.key);
        }
        let section = shown.editable.key.split('.').next().unwrap_or_default();
        match sections.last_mut().filter(|(last, _)| *last == section) {
            Some((_, of)) => of.push(shown),
            None => sections.push((section, vec![shown])),
        }
    }
    let shell = here.shell(site, "Settings", "/settings");
    page_as(status, &SettingsPage { shell, version, sections, waits, fault })
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::SettingsRead).await?;
    shown(&site, admin.running()?, &here, None, StatusCode::OK, None).await
}

pub(super) async fn change(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::SettingsWrite).await?;
    let running = admin.running()?;
    // The form has all of them.
    let wanted: Wanted = EDITABLE.iter().map(|e| (e.key.to_owned(), Some(form.text(e.key)))).collect();
    match settings::change(running, Some(form.version()?), wanted, &here.visit.by).await {
        Ok(_) => Ok(site.told(&here.visit, "The settings are changed.", "/settings")),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, running, &here, Some(&form), status, Some(fault)).await
        }
    }
}
