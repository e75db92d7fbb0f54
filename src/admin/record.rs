//! The page of the flight record of a device or of a call. What is found is `work::record`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::scope::Scope;
use super::work::record::{self, RecordLine};
use super::{Admin, look, said};
use crate::texts::filters;
use crate::web::{Shell, Site, WebFault, page_as, when_exactly};

/// What is looked for: a number at a node, or a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    node: String,
    number: String,
    call: String,
}

#[derive(Template)]
#[template(path = "admin/record.html")]
struct RecordPage {
    shell: Shell,
    on: bool,
    wanted: Wanted,
    rows: Option<Vec<Row>>,
    fault: Option<String>,
}

struct Row {
    at: String,
    object: String,
    who: String,
    what: String,
}

impl From<RecordLine> for Row {
    fn from(line: RecordLine) -> Self {
        let RecordLine { at_ms, object, who, what, .. } = line;
        Self { at: when_exactly(at_ms), object, who, what }
    }
}

pub(super) async fn page(
    request: HttpRequest,
    query: Query<Wanted>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::RecordRead).await?;
    let running = admin.running()?;
    let wanted = query.into_inner();
    let (status, rows, fault) = match record::Wanted::of(&wanted.node, &wanted.number, &wanted.call) {
        Ok(asked) => {
            let rows = |asked| record::found(running, &asked).lines.into_iter().map(Row::from).collect();
            (StatusCode::OK, asked.map(rows), None)
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            (status, None, Some(fault))
        }
    };
    let (shell, on) = (here.shell(&site, "Flight record", "/record"), running.gateway.tree.env.flight.is_on());
    page_as(status, &RecordPage { shell, on, wanted, rows, fault })
}
