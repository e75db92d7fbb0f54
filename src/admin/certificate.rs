//! The certificate of HTTPS: what it says, a request for a next one, and its installation.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Admin, Here, Running, act, look, note, said};
use crate::server_certificate::{self as certificate, About, CertificateFault, KeyKind};
use crate::storage::account::Role;
use crate::storage::change::now_ms;
use crate::tls::{CertificateFiles, WARN_DAYS};
use crate::web::{Form, Shell, Site, WebFault, page_as};

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "admin/certificate.html")]
struct CertificatePage {
    shell: Shell,
    /// By their place; `Err` is why one cannot be read.
    certificates: Vec<Result<Shown, String>>,
    fault: Option<String>,
    /// A request that was just made.
    request: Option<String>,
}

struct Shown {
    about: About,
    ends_soon: bool,
}

fn files(running: &Running) -> Vec<CertificateFiles> {
    running.https.as_ref().map(|https| https.files().to_vec()).unwrap_or_default()
}

/// Does work with files on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebFault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| WebFault::Page)
}

async fn shown(
    site: &Site,
    running: &Running,
    here: &Here,
    status: StatusCode,
    fault: Option<String>,
    request: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let (files, now_ms) = (files(running), now_ms());
    let about = move |files: &CertificateFiles| match certificate::about(files) {
        Ok(about) => Ok(Shown { ends_soon: about.until_ms - now_ms < WARN_DAYS * DAY_MS, about }),
        Err(fault) => Err(fault.to_string()),
    };
    let certificates = blocking(move || files.iter().map(about).collect()).await?;
    let shell = here.shell(site, "Certificate", "/certificate");
    page_as(status, &CertificatePage { shell, certificates, fault, request })
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    shown(&site, admin.running()?, &here, StatusCode::OK, None, None).await
}

fn at(running: &Running, place: usize) -> Result<CertificateFiles, WebFault> {
    files(running).get(place).cloned().ok_or(WebFault::NotFound)
}

fn refused(fault: &CertificateFault) -> WebFault {
    WebFault::sentence(&fault.to_string())
}

pub(super) async fn request(
    request: HttpRequest,
    path: Path<usize>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let running = admin.running()?;
    let files = at(running, *path)?;
    let made = async {
        let kind = match form.get("kind") {
            "ecdsa" => KeyKind::Ecdsa,
            "rsa" => KeyKind::Rsa,
            _ => return Err(WebFault::Refused("Choose the kind of the key.".into())),
        };
        let names = form.text("names");
        let names: Vec<_> = names.split([',', ' ', '\n', '\r']).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        note(running, here.visit.by.clone(), "request", format!("certificate {}", *path + 1)).await?;
        blocking(move || certificate::request(&files, &names, kind)).await?.map_err(|fault| refused(&fault))
    };
    match made.await {
        Ok(made) => shown(&site, running, &here, StatusCode::OK, None, Some(made)).await,
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, running, &here, status, Some(fault), None).await
        }
    }
}

/// What was pasted, or is in the file that was chosen instead; `None` when there is neither.
fn pem(form: &Form, field: &str, file: &str) -> Result<Option<String>, WebFault> {
    let (pasted, chosen) = (form.text(field), form.file(file));
    let chosen = std::str::from_utf8(&chosen).map(str::trim);
    let chosen = chosen.map_err(|_| WebFault::Refused("The file that was chosen has no PEM in it.".into()))?;
    match (pasted.as_str(), chosen) {
        ("", "") => Ok(None),
        ("", one) | (one, "") => Ok(Some(one.to_owned())),
        _ => Err(WebFault::Refused("Choose a file, or paste its text, not both.".into())),
    }
}

pub(super) async fn install(
    request: HttpRequest,
    path: Path<usize>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let running = admin.running()?;
    let (files, https) = (at(running, *path)?, running.https.clone());
    let installed = async {
        let chain = pem(&form, "chain", "chain_file")?
            .ok_or_else(|| WebFault::Refused("Choose the file of a certificate, or paste it.".into()))?;
        let key = pem(&form, "key", "key_file")?.map(SecretString::from);
        note(running, here.visit.by.clone(), "install", format!("certificate {}", *path + 1)).await?;
        blocking(move || {
            let key = key.as_ref().map(|key| key.expose_secret());
            let about = certificate::install(&files, &chain, key, now_ms());
            let about = about.map_err(|fault| refused(&fault))?;
            // Both files are there now: new connections have it from here on.
            let reloaded = https.is_none_or(|https| https.reload().is_ok());
            if reloaded { Ok(about) } else { Err(WebFault::Refused("It is installed, and cannot be read.".into())) }
        })
        .await?
    };
    match installed.await {
        Ok(about) => {
            let told = format!("The certificate for {} is installed.", about.names.join(", "));
            Ok(site.told(&here.visit, told, "/certificate"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, running, &here, status, Some(fault), None).await
        }
    }
}
