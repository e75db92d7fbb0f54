//! The support bundle: what somebody who helps from afar needs to see of this gateway, as one JSON file. Passwords, keys, tokens,
//! session ids and what is sealed are not in it; who called whom is not either.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};

use super::work::nodes::{Standing, standings};
use super::{Admin, Running, look, note};
use crate::storage::account::Role;
use crate::storage::audit;
use crate::storage::change::now_ms;
use crate::telemetry;
use crate::web::{Site, WebFault};

/// Lines of the audit log.
const AUDIT: u32 = 200;

/// Whether a line of the log says who called whom: those of calls that nobody saw do.
fn names_parties(line: &str) -> bool {
    // As text, and as JSON.
    ["calling=", "called=", "\"calling\":", "\"called\":"].iter().any(|field| line.contains(field))
}

fn node(standing: Standing) -> Value {
    let Standing { ceid, name, at, state, since_ms, last_fault, listed, monitors, .. } = standing;
    let last_fault = last_fault.map(|(at_ms, fault)| json!({ "at_ms": at_ms, "fault": &*fault }));
    json!({
        "ceid": ceid, "name": name, "at": at, "state": state.words(), "since_ms": since_ms, "last_fault": last_fault,
        "numbers": listed, "monitors": monitors,
    })
}

async fn bundle(running: &Running, metrics: Option<String>) -> Result<Value, WebFault> {
    let nodes: Vec<_> = standings(running).await.into_iter().map(node).collect();
    let (settings, _) = running.settings.all().await?;
    let settings = settings.into_iter().map(
        |shown| json!({ "key": shown.editable.key, "now": shown.now, "in_file": shown.in_file, "waits": shown.waits }),
    );
    let sessions = running.gateway.tree.sessions.all().into_iter().map(|session| {
        json!({
            "application": &*session.application, "service": format!("{:?}", session.standing.service()),
            "since_ms": session.since_ms, "monitors": session.monitors.count(),
        })
    });
    let audit = running.storage.with(|c| audit::newest(c, None, AUDIT)).await?.into_iter().map(|line| {
        json!({ "at_ms": line.at_ms, "who": line.who, "origin": line.origin, "action": line.action, "object": line.object })
    });
    let list = running.applications.list().map(|list| {
        let state = list.state();
        json!({ "version": state.document.as_ref().map(|document| document.version), "fault": state.fault })
    });
    let licence = running.licences.as_ref().map(|licences| {
        let state = licences.state();
        json!({ "kind": state.document.as_ref().map(|document| document.kind.word()), "fault": state.fault })
    });
    Ok(json!({
        "product": "Open Integration Gateway",
        "version": env!("CARGO_PKG_VERSION"),
        "made_at_ms": now_ms(),
        "since_ms": running.since_ms,
        "gateway_id": running.gateway_id,
        "database": running.storage.label(),
        "system": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH,
            "cores": std::thread::available_parallelism().map_or(0, usize::from) },
        "nodes": nodes,
        "sessions": sessions.collect::<Vec<_>>(),
        "settings": settings.collect::<Vec<_>>(),
        "access_control_list": list,
        "licence": licence,
        "certificate_ends_s": running.https.as_ref().and_then(|https| https.expires_s()),
        "audit": audit.collect::<Vec<_>>(),
        "metrics": metrics,
        "log": telemetry::recent().into_iter().filter(|line| !names_parties(line)).collect::<Vec<_>>(),
    }))
}

pub(super) async fn download(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    metrics: Option<Data<PrometheusHandle>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    let running = admin.running()?;
    note(running, here.visit.by.clone(), "download", "support bundle").await?;
    let bundle = bundle(running, metrics.map(|metrics| metrics.render())).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("content-disposition", "attachment; filename=\"oig-support.json\""))
        .content_type("application/json")
        .body(format!("{bundle:#}\n")))
}

#[cfg(test)]
mod tests {
    use super::names_parties;

    #[test]
    fn lines_that_say_who_called_whom_are_left_out() {
        for (line, left_out) in [
            (r#"INFO node{ceid=003 life=2}: actors::node: unseen call calling="1000" called="1001" lasted_s=4"#, true),
            (r#"{"level":"INFO","message":"unseen call","calling":"1000","called":"1001"}"#, true),
            ("INFO actors::node: calls that began and ended while the node was not heard calls=1 whole=true", false),
            ("INFO oig::app: gateway started", false),
        ] {
            assert_eq!(names_parties(line), left_out, "{line}");
        }
    }
}
