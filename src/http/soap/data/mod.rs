//! Handlers of DataAccessService: the nodes' forms as tables ("DEI") and rows ("tuples").
//!
//! The service names no node, so a table has the rows of all: a tuple's viewId is the number of the node that it is of. What
//! is visible, and who may change it, is as by REST; predicates become conditions of `schemas::data::sql`.

mod notify;
mod read;
mod search;
mod write;

pub(crate) use self::notify::notification;

use std::borrow::Cow;

use schemas::contract::da::{
    DeiDescriptor, DeiLevel, DeiMetaData, FieldDescriptor, FieldType, GetDeiMetaDataResult, Outcome, Tuple, ViewId,
};
use schemas::contract::ops_data_access::{
    DeleteTuple, DeregisterDeisForNotification, GetAllTuples, GetDeiMetaData, GetFirstTuple, GetNextTuple,
    GetNotification, InsertTuple, RegisterDeisForNotification, RegisterNotificationHandler, SearchFirstNTuples,
    SearchNextNTuples, UpdateTuple,
};
use schemas::data::{Column, FORMS, Form, Key, Kind, Row, Value};
use schemas::domain::Ceid;
use schemas::fault::Ground;

use super::operation::{Context, Given, Handler, No, Operation, Result, run};
use crate::data::Data;

pub(in crate::http) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "getDeiMetaData" => run::<GetDeiMetaData>,
        "getAllTuples" => run::<GetAllTuples>,
        "getFirstTuple" => run::<GetFirstTuple>,
        "getNextTuple" => run::<GetNextTuple>,
        "searchFirstNTuples" => run::<SearchFirstNTuples>,
        "searchNextNTuples" => run::<SearchNextNTuples>,
        "updateTuple" => run::<UpdateTuple>,
        "insertTuple" => run::<InsertTuple>,
        "deleteTuple" => run::<DeleteTuple>,
        "registerDeisForNotification" => run::<RegisterDeisForNotification>,
        "deregisterDeisForNotification" => run::<DeregisterDeisForNotification>,
        "registerNotificationHandler" => run::<RegisterNotificationHandler>,
        "getNotification" => run::<GetNotification>,
        _ => return None,
    })
}

/// What a session may do with data.
struct Visit {
    data: Data,
    session: actors::session_supervisor::SessionRef,
    advanced: bool,
}

impl Context<'_> {
    async fn data(&self, session_id: i64) -> std::result::Result<Visit, No> {
        let session = self.session(session_id).await?;
        let data = self.gateway.data.clone();
        let data = data.ok_or_else(|| No::because(Ground::Unavailable, "This gateway keeps no data of nodes."))?;
        let advanced = session.standing.service() == actors::standing::Service::Advanced;
        Ok(Visit { data, session, advanced })
    }
}

impl Visit {
    fn sees(&self, form: &Form) -> bool {
        form.standard || self.advanced
    }

    fn form(&self, dei_id: i32) -> std::result::Result<&'static Form, No> {
        let form = FORMS.iter().find(|form| form.dei_id == dei_id && self.sees(form));
        form.ok_or_else(|| No::because(Ground::Unknown, "There is no such table for this session."))
    }
}

/// A number of our own descriptions, which are small.
fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

impl Operation for GetDeiMetaData {
    async fn run(self, context: &Context<'_>) -> Result<GetDeiMetaDataResult> {
        let visit = context.data(self.session_id).await?;
        let tables = FORMS.iter().filter(|form| visit.sees(form)).map(described).collect();
        let dei_metadata = Some(DeiMetaData { dei_desctiptor: tables });
        Ok(Given::Reply(GetDeiMetaDataResult { error_description: None, dei_metadata, result: true }))
    }
}

/// A table: fields are numbered from 1, in their order; a tuple has a text for each.
fn described(form: &Form) -> DeiDescriptor {
    let number_column = form.columns.iter().position(|column| column.number);
    DeiDescriptor {
        field: form.columns.iter().enumerate().map(|(at, column)| field(at, column)).collect(),
        view_id: Some(ViewId { view_name: Some(form.title.into()), db_id: 1, view_id: form.dei_id }),
        db_table_name: Some(form.name.into()),
        dei_level: Some(DeiLevel::Common),
        key_field: form.keys().map(|at| number(at + 1)).collect(),
        introduced_in_version: Some("1".into()),
        dei_id: form.dei_id,
        number_of_fields: number(form.columns.len()),
        dn_field_id: number_column.map_or(0, |at| number(at + 1)),
        dei_version: 1,
        allow_deletes: form.grows,
    }
}

fn field(at: usize, column: &Column) -> FieldDescriptor {
    let (kind, size, min, max) = match column.kind {
        Kind::Boolean => (FieldType::Boolean, 5, 0, 1),
        Kind::Integer { min, max } => (FieldType::Integer, max.to_string().len(), min, max),
        Kind::Text { max } => (FieldType::String, max, 0, 0),
        Kind::Word(words) => (FieldType::Enum, words.iter().map(|word| word.len()).max().unwrap_or(0), 0, 0),
    };
    let checked: Cow<'_, str> = match column.kind {
        Kind::Word(words) => words.join("|").into(),
        _ if column.number => "DN".into(),
        Kind::Boolean => "true|false".into(),
        Kind::Integer { .. } => "RANGE".into(),
        Kind::Text { .. } => "TEXT".into(),
    };
    FieldDescriptor {
        field_name: Some(column.name.into()),
        field_validation_type: Some(checked.into_owned()),
        field_type: Some(kind),
        field_id: number(at + 1),
        field_is_deprecated: false,
        field_is_key: column.key,
        field_is_non_writable_key_for_change: column.key,
        field_is_mandatory: column.required,
        field_size: number(size),
        max_value: max,
        min_value: i32::try_from(min).unwrap_or(i32::MIN),
    }
}

/// A row of a node as the wire has it; what has no value is an empty text.
fn tuple(ceid: Ceid, row: &Row) -> Tuple {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    };
    let field: Vec<String> = row.0.iter().map(text).collect();
    Tuple { number_of_fields: number(field.len()), field, view_id: i32::from(ceid.get()), is_shared: false }
}

/// The row that a tuple is, and the node that it is of.
fn row(form: &'static Form, tuple: Option<Tuple>) -> std::result::Result<(Ceid, Row), No> {
    let tuple = tuple.ok_or("The tuple is missing.")?;
    let ceid = node(&tuple)?;
    if tuple.field.len() != form.columns.len() {
        return Err(format!("A tuple of this table has {} fields.", form.columns.len()).into());
    }
    let values = form.columns.iter().zip(&tuple.field).map(|(column, text)| column.read_text(text));
    let values = values.collect::<std::result::Result<_, _>>().map_err(|fault| format!("{fault}."))?;
    Ok((ceid, Row(values)))
}

fn node(tuple: &Tuple) -> std::result::Result<Ceid, No> {
    let ceid = u16::try_from(tuple.view_id).ok().and_then(|number| Ceid::new(number).ok());
    ceid.ok_or_else(|| "The tuple's viewId is no node of this gateway.".into())
}

/// Where a tuple stands among the rows of its table.
fn place(form: &'static Form, tuple: Option<Tuple>) -> std::result::Result<(Ceid, Key), No> {
    let (ceid, row) = row(form, tuple)?;
    Ok((ceid, form.key(&row)))
}

fn done() -> Given<Outcome> {
    Given::Reply(Outcome { error_description: None, result: true, error_code: 0 })
}
