//! Who changed what, when and from where.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::look;
use super::scope::Scope;
use crate::web::{Site, WebFault, log};

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
    let here = look(&site, &request, Scope::LogRead).await?;
    log(&site, here.shell(&site, "Log", "/log"), query.map(|query| query.into_inner().before)).await
}
