//! Whether the gateway is well (`/healthz`), and its numbers (`/metrics`).

use actix_web::{HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use super::Shared;

/// 200 while requests are served; the nodes' connections are told, they do not make it ill: a
/// gateway without nodes still holds its sessions.
pub async fn healthz(gateway: Shared) -> HttpResponse {
    let (connected, configured) = gateway.tree.env.cluster.connected();
    HttpResponse::Ok().json(json!({
        "status": "up",
        "version": env!("CARGO_PKG_VERSION"),
        "nodes": { "connected": connected, "configured": configured },
        "sessions": gateway.sessions.count(),
    }))
}

/// Prometheus text.
pub async fn metrics(handle: Option<web::Data<PrometheusHandle>>) -> HttpResponse {
    match handle {
        Some(handle) => {
            HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
        }
        None => HttpResponse::NotFound().content_type("text/plain").body("Metrics are not switched on.\n"),
    }
}
