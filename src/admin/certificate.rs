//! The page of the certificate of HTTPS: what it says, a request for a next one, and its installation, as
//! `work::certificates` does them.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::scope::Scope;
use super::work::certificates::{self, Certificate, CertificateFacts, CertificateKey, CertificateWish, NewCertificate};
use super::{Admin, Here, Running, act, look, said};
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page_as};

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
    about: CertificateFacts,
    ends_soon: bool,
}

async fn shown(
    site: &Site,
    running: &Running,
    here: &Here,
    status: StatusCode,
    fault: Option<String>,
    request: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let shown = |certificate: Certificate| match certificate.says {
        Some(about) => Ok(Shown { ends_soon: about.ends_soon, about }),
        None => Err(certificate.fault.unwrap_or_default()),
    };
    let certificates = certificates::all(running).await?.into_iter().map(shown).collect();
    let shell = here.shell(site, "Certificate", "/certificate");
    page_as(status, &CertificatePage { shell, certificates, fault, request })
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::CertificateRead).await?;
    shown(&site, admin.running()?, &here, StatusCode::OK, None, None).await
}

/// People count from 1, and so does what is done.
fn number(place: usize) -> Result<usize, WebFault> {
    place.checked_add(1).ok_or(WebFault::NotFound)
}

pub(super) async fn request(
    request: HttpRequest,
    path: Path<usize>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::CertificateWrite).await?;
    let running = admin.running()?;
    let made = async {
        let key = match form.get("kind") {
            "ecdsa" => CertificateKey::Ecdsa,
            "rsa" => CertificateKey::Rsa,
            _ => return Err(WebFault::Refused("Choose the kind of the key.".into())),
        };
        let names = form.text("names");
        let names = names.split([',', ' ', '\n', '\r']).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        certificates::request(running, number(*path)?, CertificateWish { names, key }, &here.visit.by).await
    };
    match made.await {
        Ok(made) => shown(&site, running, &here, StatusCode::OK, None, Some(made.request)).await,
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
    let (here, form) = act(&site, &request, Scope::CertificateWrite).await?;
    let running = admin.running()?;
    let installed = async {
        let certificate = pem(&form, "chain", "chain_file")?
            .ok_or_else(|| WebFault::Refused("Choose the file of a certificate, or paste it.".into()))?;
        let private_key = pem(&form, "key", "key_file")?.map(SecretString::from);
        let new = NewCertificate { certificate, private_key };
        certificates::install(running, number(*path)?, new, &here.visit.by).await
    };
    match installed.await {
        Ok(installed) => {
            let names = installed.says.map(|facts| facts.names.join(", ")).unwrap_or_default();
            let told = format!("The certificate for {names} is installed.");
            Ok(site.told(&here.visit, told, "/certificate"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            shown(&site, running, &here, status, Some(fault), None).await
        }
    }
}
