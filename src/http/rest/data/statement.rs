//! SQL: SELECT of whoever has a session; INSERT, UPDATE and DELETE of advanced ones, done by the node that owns the rows.

use actix_web::{HttpRequest, HttpResponse, web};
use schemas::data::sql::{MOST_WRITTEN, Page, Select, Write};
use schemas::data::sync::Wanted;
use schemas::data::{Form, Row, Value as Column};
use schemas::domain::Ceid;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Database, Refused, Visit, faulted, parsed, reads, reply, sentence, writes};
use crate::data::follow::WriteFault;
use crate::data::store::Cell;
use crate::http::Shared;
use crate::http::rest::read;
use schemas::fault::Ground;

/// GET.
pub(super) async fn select(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, _) = Visit::begin(&request, &gateway, reads()).await?;
        let database = visit.database()?;
        let sql = visit.parameter("sql").ok_or_else(|| visit.refuse(400, "The parameter sql is missing."))?;
        let select = Select::parse(sql, visit.scope(database));
        let select = select.map_err(|fault| visit.refuse(400, &sentence(fault)))?;
        visit.page_of(&select, database).await
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

/// POST: one INSERT.
pub(super) async fn insert(request: HttpRequest, payload: web::Payload, gateway: Shared) -> HttpResponse {
    change(request, payload, gateway, "INSERT").await
}

/// PUT: one UPDATE.
pub(super) async fn update(request: HttpRequest, payload: web::Payload, gateway: Shared) -> HttpResponse {
    change(request, payload, gateway, "UPDATE").await
}

/// DELETE: one DELETE.
pub(super) async fn delete(request: HttpRequest, payload: web::Payload, gateway: Shared) -> HttpResponse {
    change(request, payload, gateway, "DELETE").await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    database: String,
    sql: String,
}

async fn change(request: HttpRequest, mut payload: web::Payload, gateway: Shared, kind: &'static str) -> HttpResponse {
    let bytes = match read(&request, &mut payload).await {
        Ok(bytes) => bytes,
        Err(fault) => return faulted(&request, fault, Some(payload)),
    };
    let answer = async {
        let (visit, _) = Visit::begin(&request, &gateway, writes()).await?;
        let Body { database, sql } = parsed(&request, &bytes)?;
        let Database::Node(ceid) = visit.named(&database)? else {
            return Err(visit.refuse(400, "Rows of one node are changed at a time; name its database."));
        };
        let write = Write::parse(&sql, visit.scope(Database::Node(ceid)));
        let write = write.map_err(|fault| visit.refuse(400, &sentence(fault)))?;
        let is = match &write {
            Write::Insert { .. } => "INSERT",
            Write::Update(_) => "UPDATE",
            Write::Delete { .. } => "DELETE",
        };
        if is != kind {
            return Err(visit.refuse(400, &format!("This method takes one {kind}.")));
        }
        visit.write(ceid, &write).await
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

impl Visit<'_> {
    /// Has the owning node do it, row by row, and waits until the copy has it, too.
    async fn write(&self, ceid: Ceid, write: &Write) -> Answer<HttpResponse> {
        let form = write.form();
        let rows = match write.select() {
            Some(select) => self.rows_of(ceid, form, &select).await?,
            None => Vec::new(),
        };
        let wanted: Vec<Wanted> = match write {
            Write::Insert { rows, .. } => {
                rows.iter().map(|row| Wanted { before: None, after: Some(row.clone()) }).collect()
            }
            Write::Update(update) => {
                let changed = rows.into_iter().map(|row| {
                    let after = update.apply(&row).map_err(|fault| self.refuse(400, &sentence(fault)))?;
                    Ok(Wanted { before: Some(row), after: Some(after) })
                });
                changed.collect::<Answer<_>>()?
            }
            Write::Delete { .. } => rows.into_iter().map(|row| Wanted { before: Some(row), after: None }).collect(),
        };
        // Also what the copy says is so already: the node may have it otherwise by now.
        for (done, wanted) in wanted.iter().enumerate() {
            if let Err(fault) = self.data.write(ceid, form, wanted).await {
                return Err(not_written(form, &fault, done));
            }
        }
        Ok(reply(&json!({ "result": true, "rows": wanted.len() })))
    }

    /// The rows that a change is about, as the copy has them.
    async fn rows_of(&self, ceid: Ceid, form: &'static Form, select: &Select) -> Answer<Vec<Row>> {
        let most = u32::try_from(MOST_WRITTEN).unwrap_or(u32::MAX);
        let rendered = select.render(self.store().dialect(), Some(ceid.get()), Page { offset: 0, rows: most + 1 });
        let kinds = select.columns().iter().map(|column| column.kind).collect();
        let rows = self.store().select(rendered, kinds).await.map_err(|error| self.failed(&error))?;
        if rows.len() > MOST_WRITTEN {
            let text = format!("The statement is about more than {MOST_WRITTEN} rows of {}.", form.name);
            return Err(self.refuse(422, &text));
        }
        Ok(rows.into_iter().map(|row| Row(row.into_iter().map(column).collect())).collect())
    }
}

/// Why a row was not written. What was written before stays: a node takes rows one by one.
fn not_written(form: &Form, fault: &WriteFault, done: usize) -> Refused {
    let (ground, text) = crate::http::data_words::not_written(fault);
    let status = ground.map_or(422, Ground::status);
    let mut told = json!({ "result": false, "errorDescription": text, "rows": done });
    if let WriteFault::Changed(present) = fault {
        told["row"] = present.as_ref().map_or(serde_json::Value::Null, |row| form.write(row));
    }
    super::start(status, false).body(told.to_string()).into()
}

fn column(cell: Cell) -> Column {
    match cell {
        // No column of a form is an average.
        Cell::Null | Cell::Real(_) => Column::Null,
        Cell::Boolean(value) => Column::Boolean(value),
        Cell::Integer(number) => Column::Integer(number),
        Cell::Text(text) => Column::Text(text),
    }
}
