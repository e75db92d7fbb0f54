//! The page of the sessions that are there: what it does is `work::sessions`.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::sessions::{self, Session};
use super::{Admin, act, look};
use crate::texts::filters;
use crate::web::{Shell, Site, WebFault, page};

/// Rows of the page; the oldest first.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "admin/sessions.html")]
struct SessionsPage {
    shell: Shell,
    operates: bool,
    sessions: Vec<Session>,
    more: usize,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::SessionsRead).await?;
    let (sessions, more) = sessions::some(admin.running()?, None, SHOWN).await;
    let operates = here.may(Scope::SessionsEnd);
    page(&SessionsPage { shell: here.shell(&site, "Sessions", "/sessions"), operates, sessions, more })
}

pub(super) async fn end(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::SessionsEnd).await?;
    let ended = sessions::end(admin.running()?, &path, &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("{ended} is ended."), "/sessions"))
}
