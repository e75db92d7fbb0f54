//! The certificates of HTTPS.

use super::call::Call;
use super::endpoint::{Body, Json};
use super::page::Page;
use super::problem::Problem;
use crate::admin::work::certificates::{self, Certificate, CertificateRequest, CertificateWish, NewCertificate};
use crate::web::WebFault;

/// The number in the path.
fn number(call: &Call) -> Result<usize, Problem> {
    let text = call.part("number");
    let is = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    is.then(|| text.parse().ok()).flatten().ok_or(Problem::Web(WebFault::NotFound))
}

pub(super) async fn all(call: Call, (): ()) -> Result<Json<Page<Certificate>>, Problem> {
    // As many as the settings file names: they are one page.
    Ok(Json(Page { items: certificates::all(call.running()?).await?, next: None }))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Json<Certificate>, Problem> {
    Ok(Json(certificates::one(call.running()?, number(&call)?).await?))
}

pub(super) async fn request(
    call: Call,
    Body(wish): Body<CertificateWish>,
) -> Result<Json<CertificateRequest>, Problem> {
    Ok(Json(certificates::request(call.running()?, number(&call)?, wish, call.by()?).await?))
}

pub(super) async fn install(call: Call, Body(new): Body<NewCertificate>) -> Result<Json<Certificate>, Problem> {
    Ok(Json(certificates::install(call.running()?, number(&call)?, new, call.by()?).await?))
}
