//! The page of the audit log: who did what, newest first. Who may see it is the site's.

use actix_web::HttpResponse;
use askama::Template;

use super::{Shell, Site, WebFault, page};
use crate::storage::audit;
use crate::texts::filters;

const SHOWN: u32 = 100;

#[derive(Template)]
#[template(path = "web/log.html")]
struct LogPage {
    shell: Shell,
    entries: Vec<audit::Entry>,
    older: Option<String>,
}

/// The lines that are older than that of this id; the newest without one.
///
/// # Errors
/// When the database cannot be read.
pub async fn log(site: &Site, shell: Shell, before: Option<String>) -> Result<HttpResponse, WebFault> {
    let before = before.filter(|id| id.len() == 29 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let entries = site.storage.with(move |c| audit::newest(c, before.as_deref(), SHOWN)).await?;
    let full = entries.len() == SHOWN as usize;
    let older = entries.last().filter(|_| full).map(|last| last.id.clone());
    page(&LogPage { shell, entries, older })
}
