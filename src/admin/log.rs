//! Who changed what, when and from where.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::look;
use crate::storage::account::Role;
use crate::storage::audit;
use crate::web::{Shell, Site, WebFault, page};

const SHOWN: u32 = 100;

#[derive(Template)]
#[template(path = "admin/log.html")]
struct LogPage {
    shell: Shell,
    entries: Vec<audit::Entry>,
    older: Option<String>,
}

#[derive(serde::Deserialize)]
pub(super) struct Before {
    #[serde(default)]
    before: String,
}

pub(super) async fn audit(
    request: HttpRequest,
    site: Data<Site>,
    query: Option<Query<Before>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    let before = query.map(|query| query.into_inner().before);
    let before = before.filter(|id| id.len() == 29 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let entries = site.storage.with(move |c| audit::newest(c, before.as_deref(), SHOWN)).await?;
    let full = entries.len() == SHOWN as usize;
    let older = entries.last().filter(|_| full).map(|last| last.id.clone());
    page(&LogPage { shell: here.shell(&site, "Log", "/log"), entries, older })
}
