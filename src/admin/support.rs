//! The support bundle in a browser.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use metrics_exporter_prometheus::PrometheusHandle;

use super::scope::Scope;
use super::work::support;
use super::{Admin, look};
use crate::web::{Site, WebFault};

pub(super) async fn download(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    metrics: Option<Data<PrometheusHandle>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::SupportMake).await?;
    let metrics = metrics.map(|metrics| metrics.render());
    let bundle = support::make(admin.running()?, metrics, &here.visit.by).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("content-disposition", format!("attachment; filename=\"{}\"", support::FILE)))
        .content_type("application/json")
        .body(bundle))
}
