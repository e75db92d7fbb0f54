//! What administrators look back at: the mail that is sent or stuck, and who changed what.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Before, Need, act, before, id_of, look};
use crate::certs::Server;
use crate::storage::certs::mail::{self, Mail};
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{Shell, Site, WebFault, log, page};

const SHOWN: u32 = 100;

#[derive(Template)]
#[template(path = "certs/mail.html")]
struct MailPage {
    shell: Shell,
    unsent: Vec<Mail>,
    sent: Vec<Mail>,
    sends: bool,
}

pub(super) async fn mail(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
    let (unsent, sent) = site.storage.with(|c| mail::looked_at(c, SHOWN)).await?;
    page(&MailPage { shell: here.shell(&site, "Mail", "/mail"), unsent, sent, sends: server.sends })
}

pub(super) async fn mail_again(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Need::Administrator).await?;
    let (id, by) = (id_of(&path)?, here.visit.by.clone());
    site.storage.write(move |c| mail::again(c, &id, &by, now_ms())).await?;
    server.mail.notify_one();
    Ok(site.told(&here.visit, "The mail is sent again.", "/mail"))
}

pub(super) async fn audit(
    request: HttpRequest,
    site: Data<Site>,
    query: Option<Query<Before>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
    log(&site, here.shell(&site, "Log", "/log"), before(query)).await
}
