//! The support bundle: what somebody who helps from afar needs to see of this gateway, as one JSON file. Passwords, keys, tokens,
//! session ids and what is sealed are not in it; who called whom is not either.

use serde_json::{Value, json};

use super::nodes::{Standing, standings};
use crate::admin::{Running, note};
use crate::storage::change::now_ms;
use crate::storage::{By, audit};
use crate::telemetry;
use crate::web::WebFault;

/// What the file is called.
pub const FILE: &str = "oig-support.json";
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

/// The file, with these measurements (Prometheus text) in it; the audit log says who has taken it.
pub(in crate::admin) async fn make(running: &Running, metrics: Option<String>, by: &By) -> Result<Vec<u8>, WebFault> {
    note(running, by.clone(), "download", "support bundle").await?;
    Ok(format!("{:#}\n", bundle(running, metrics).await?).into_bytes())
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
