//! The hands on what a node has configured: what people do at its own administration, and what breaks the copies of gateways.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use schemas::data::{Column, Form, Key, Kind, RowFault, Value, form};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{FAULT_MS, Refused, Reply, no_page, parse};
use crate::sim::faults::FormsFault;
use crate::sim::forms::{Asked, NotDone, configure};
use crate::sim::node::SimNodeHandle;

/// Rows that a copy may be made to have more.
const MANY: u64 = 10_000_000;

fn named(name: &str) -> Result<&'static Form, Refused> {
    form(name).ok_or(Refused::Missing("no such form"))
}

/// Every row, by key.
pub(super) async fn rows(request: HttpRequest, node: Data<SimNodeHandle>, name: Path<String>) -> Reply {
    no_page(&request)?;
    let form = named(&name)?;
    let rows = node.forms().rows(form);
    Ok(HttpResponse::Ok().json(rows.iter().map(|row| form.write(row)).collect::<Vec<Json>>()))
}

/// Every row as people export it there: a file with headings and words that are theirs.
pub(super) async fn export(request: HttpRequest, node: Data<SimNodeHandle>, name: Path<String>) -> Reply {
    no_page(&request)?;
    let form = named(&name)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells = |column: &Column, value: &Value| match (column.kind, value) {
        (_, Value::Null) => String::new(),
        (_, Value::Boolean(true)) => "Yes".into(),
        (_, Value::Boolean(false)) => "No".into(),
        (_, Value::Integer(number)) => number.to_string(),
        (Kind::Word(_), Value::Text(word)) => spelt(word),
        (_, Value::Text(text)) => text.clone(),
    };
    let mut write = || {
        writer.write_record(form.columns.iter().map(|column| spelt(column.name)))?;
        for row in node.forms().rows(form) {
            writer.write_record(form.columns.iter().zip(&row.0).map(|(column, value)| cells(column, value)))?;
        }
        writer.flush()
    };
    let written = write().and_then(|()| writer.into_inner().map_err(csv::IntoInnerError::into_error));
    let file = written.map_err(|fault| Refused::Bad(fault.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(file))
}

/// `device_id` as people read it: `Device Id`.
fn spelt(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// A row as it is to be, new or not.
    set: Option<Json>,
    /// Values of the columns that name a row.
    remove: Option<Vec<Json>>,
}

pub(super) async fn change(request: HttpRequest, node: Data<SimNodeHandle>, name: Path<String>, body: Bytes) -> Reply {
    no_page(&request)?;
    let form = named(&name)?;
    let asked = match parse::<Body>(&body)? {
        Body { set: Some(row), remove: None } => {
            Asked::Set(form.read(&row).map_err(|fault| Refused::Bad(format!("the row: {fault}")))?)
        }
        Body { set: None, remove: Some(key) } => Asked::Remove(read_key(form, &key)?),
        _ => return Err(Refused::Bad("one of set and remove".into())),
    };
    match configure(&node, form, asked).await {
        Ok(seq) => Ok(HttpResponse::Ok().json(json!({ "seq": seq }))),
        Err(NotDone::Gone) => Err(Refused::Missing("no such row")),
        Err(fault) => Err(Refused::Conflict(fault.to_string())),
    }
}

fn read_key(form: &Form, values: &[Json]) -> Result<Key, Refused> {
    let columns: Vec<_> = form.keys().map(|at| &form.columns[at]).collect();
    if columns.len() != values.len() {
        return Err(Refused::Bad(format!("the key has {} values", columns.len())));
    }
    let read = columns.iter().zip(values).map(|(column, value)| column.read(value));
    read.collect::<Result<_, RowFault>>().map_err(|fault| Refused::Bad(format!("the key: {fault}")))
}

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    #[serde(default)]
    epoch: bool,
    #[serde(default)]
    drop_change: bool,
    #[serde(default)]
    double: bool,
    #[serde(default)]
    wrong_type: bool,
    cut_after: Option<u64>,
    cut_page_after: Option<u64>,
    many_rows: Option<u64>,
    late_ms: Option<u64>,
}

pub(super) fn fault(body: &Bytes) -> Result<FormsFault, Refused> {
    let FaultBody { epoch, drop_change, double, wrong_type, cut_after, cut_page_after, many_rows, late_ms } =
        parse(body)?;
    let asked = [
        epoch.then_some(FormsFault::Epoch),
        drop_change.then_some(FormsFault::DropChange),
        double.then_some(FormsFault::DoubleChange),
        wrong_type.then_some(FormsFault::WrongType),
        cut_after.map(|after| FormsFault::CutStream { after }),
        cut_page_after.map(|after| FormsFault::CutPage { after }),
        many_rows.map(|rows| FormsFault::ManyRows { rows: rows.min(MANY) }),
        late_ms.map(|ms| FormsFault::Late { ms: ms.min(FAULT_MS.unsigned_abs()) }),
    ];
    let mut asked = asked.into_iter().flatten();
    match (asked.next(), asked.next()) {
        (Some(fault), None) => Ok(fault),
        _ => Err(Refused::Bad(
            "one of epoch, drop_change, double, wrong_type, cut_after, cut_page_after, many_rows and late_ms".into(),
        )),
    }
}
