//! Where a member asks for a registration or a certificate. The private key of a certificate is on the answer to the
//! form and nowhere else.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use tracing::info;

use super::{Here, Need, act, look, said};
use crate::certs::{Server, letters};
use crate::storage::certs::entry;
use crate::storage::certs::request::{Asked, Kind, Request};
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

#[derive(Template)]
#[template(path = "certs/ask.html")]
struct AskPage {
    shell: Shell,
    advanced: bool,
    /// The application is registered: names and password stay.
    anew: bool,
    asked: Asked,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "certs/key.html")]
struct KeyPage<'a> {
    shell: Shell,
    request: &'a Request,
    key: &'a str,
    /// The same for a link that saves it, since no page has a script.
    base64: &'a str,
    file: String,
}

#[derive(serde::Deserialize)]
pub(super) struct Of {
    #[serde(default)]
    of: String,
}

pub(super) async fn registration(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Member).await?;
    show(&site, &here, Kind::Registration, nothing(), false, None)
}

pub(super) async fn ask_registration(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Member).await?;
    let asked = asked(&form);
    let (by, of) = (here.visit.by.clone(), here.member.clone());
    match server.ask_registration(&site, by, of, asked.clone(), form.secret("password")).await {
        Ok(request) => {
            info!(request = request.id, "registration asked for");
            let told = format!("The request for {} waits for an administrator; mail will tell you.", request.label());
            Ok(site.told(&here.visit, told, "/applications"))
        }
        Err(fault) => show(&site, &here, Kind::Registration, asked, false, Some(fault)),
    }
}

pub(super) async fn certificate(
    request: HttpRequest,
    site: Data<Site>,
    of: Option<Query<Of>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Member).await?;
    let id = of.map(|of| of.into_inner().of).filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let registered = match id.filter(|id| !id.is_empty()) {
        Some(id) => site.storage.with(move |c| entry::find(c, &id)).await?,
        None => None,
    };
    match registered.filter(|entry| entry.account == here.member.account.id) {
        Some(entry) => {
            let asked = Asked { company: entry.company, application: entry.application, contact: entry.contact };
            show(&site, &here, Kind::Certificate, asked, true, None)
        }
        None => show(&site, &here, Kind::Certificate, nothing(), false, None),
    }
}

pub(super) async fn ask_certificate(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Member).await?;
    let asked = asked(&form);
    let (by, of) = (here.visit.by.clone(), here.member.clone());
    match server.ask_certificate(&site, by, of, asked.clone(), form.secret("password")).await {
        Ok((request, key)) => {
            info!(request = request.id, "certificate asked for");
            show_key(&site, &here, &request, &key)
        }
        Err(fault) => show(&site, &here, Kind::Certificate, asked, form.get("anew") == "yes", Some(fault)),
    }
}

fn show_key(site: &Site, here: &Here, request: &Request, key: &SecretString) -> Result<HttpResponse, WebFault> {
    let base64 = SecretString::from(STANDARD.encode(key.expose_secret()));
    page(&KeyPage {
        shell: here.shell(site, "Your private key", "/applications/certificate"),
        request,
        key: key.expose_secret(),
        base64: base64.expose_secret(),
        file: letters::file_name(&request.application).replace(".cert.pem", ".key.pem"),
    })
}

fn nothing() -> Asked {
    Asked { company: String::new(), application: String::new(), contact: String::new() }
}

fn asked(form: &Form) -> Asked {
    Asked { company: form.text("company"), application: form.text("application"), contact: form.text("contact") }
}

/// The form, as it was filled in; passwords are not.
fn show(
    site: &Site,
    here: &Here,
    kind: Kind,
    asked: Asked,
    anew: bool,
    fault: Option<WebFault>,
) -> Result<HttpResponse, WebFault> {
    let (status, fault) = match fault.map(said).transpose()? {
        Some((status, text)) => (status, Some(text)),
        None => (StatusCode::OK, None),
    };
    let (title, path) = match kind {
        Kind::Registration => ("Register an application", "/applications/register"),
        Kind::Certificate => ("Ask for a certificate", "/applications/certificate"),
    };
    let shell = here.shell(site, title, path);
    page_as(status, &AskPage { shell, advanced: kind == Kind::Certificate, anew, asked, fault })
}
