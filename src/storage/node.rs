//! The nodes that the gateway connects to: all that `[[node]]` has. `nodes` follows them; a change leaves a line in
//! the audit log.

use std::path::PathBuf;

use diesel::prelude::*;
use schemas::domain::DialPlan;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::audit;
use super::change::{By, Changes, Field};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::node;
use crate::settings::{Node, NodeTls};

/// A row as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = node, primary_key(ceid), treat_none_as_null = true)]
struct Row {
    ceid: i64,
    name: String,
    address: String,
    port: i64,
    association: String,
    edition: String,
    secondary: Option<i64>,
    application_specific_info: Option<String>,
    tls_ca: Option<String>,
    tls_server_name: Option<String>,
    tls_client_certificate: Option<String>,
    tls_client_key: Option<String>,
    kind: Option<String>,
    dial_plan: Option<String>,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// A node, and what is known of its row.
#[derive(Debug, Clone)]
pub struct Kept {
    pub node: Node,
    /// To be said by whoever changes it.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// As the audit log names it.
#[must_use]
pub fn object(node: &Node) -> String {
    format!("node {}", node.ceid)
}

/// All of them, by number.
///
/// # Errors
/// [`StorageError::Invalid`] when a row cannot be read; see [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Kept>, StorageError> {
    let rows = node::table.order(node::ceid).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`] when there is one of that number, or at that address and port.
pub fn add(connection: &mut DbConnection, new: &Node, by: &By, now_ms: i64) -> Result<Kept, StorageError> {
    let kept = Kept { node: new.clone(), version: 1, changed_at_ms: now_ms, changed_by: by.who.clone() };
    let added = diesel::insert_into(node::table).values(Row::try_from(&kept)?).execute(connection);
    added.map_err(StorageError::of(object(new)))?;
    let changes = Changes::between(None, Some(&fields(new)));
    audit::note(connection, by, now_ms, "add", &object(new), &changes)?;
    Ok(kept)
}

/// Makes it what `to` says, where nobody has changed it since `read` was read. Its number stays.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has.
pub fn change(
    connection: &mut DbConnection,
    read: &Kept,
    to: &Node,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let object = object(&read.node);
    if to.ceid != read.node.ceid {
        return Err(StorageError::invalid(object, "the number of a node cannot change"));
    }
    let kept = Kept { node: to.clone(), version: read.version + 1, changed_at_ms: now_ms, changed_by: by.who.clone() };
    let row = node::ceid.eq(i64::from(read.node.ceid)).and(node::version.eq(read.version));
    let changed = diesel::update(node::table.filter(row)).set(Row::try_from(&kept)?).execute(connection);
    if changed.map_err(StorageError::of(object.clone()))? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&read.node)), Some(&fields(to)));
    audit::note(connection, by, now_ms, "change", &object, &changes)?;
    Ok(kept)
}

/// Removes it, where nobody has changed it since it was read.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has, or it is gone.
pub fn remove(connection: &mut DbConnection, read: &Kept, by: &By, now_ms: i64) -> Result<(), StorageError> {
    let object = object(&read.node);
    let row = node::ceid.eq(i64::from(read.node.ceid)).and(node::version.eq(read.version));
    if diesel::delete(node::table.filter(row)).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&read.node)), None);
    audit::note(connection, by, now_ms, "remove", &object, &changes)
}

/// Its fields as the settings file names them.
pub(super) fn fields(node: &Node) -> Vec<Field> {
    let tls = node.tls.as_ref();
    let path = |file: Option<&PathBuf>| file.map(|file| file.display().to_string());
    let info = node.application_specific_info.as_ref().map(|info| info.expose_secret());
    vec![
        Field::open("name", node.name.clone()),
        Field::open("address", node.address.to_string()),
        Field::open("port", node.port),
        Field::open("association", value(node.association)),
        Field::open("edition", value(node.edition)),
        Field::open("secondary", node.secondary),
        Field::secret("application_specific_info", info),
        Field::open("tls.ca", path(tls.map(|tls| &tls.ca))),
        Field::open("tls.server_name", tls.and_then(|tls| tls.server_name.clone())),
        Field::open("tls.client_certificate", path(tls.and_then(|tls| tls.client_certificate.as_ref()))),
        Field::open("tls.client_key", path(tls.and_then(|tls| tls.client_key.as_ref()))),
        Field::open("kind", value(node.kind)),
        Field::open("dial_plan", value(&node.dial_plan)),
    ]
}

/// Its JSON; none of these can fail to have one.
fn value(of: impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

/// An enumeration's word, as the settings file spells it.
fn word(of: impl Serialize) -> Option<String> {
    value(of).as_str().map(str::to_owned)
}

/// And back.
fn of_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::from(word)).ok()
}

impl TryFrom<&Kept> for Row {
    type Error = StorageError;

    fn try_from(kept: &Kept) -> Result<Self, StorageError> {
        let Kept { node, version, changed_at_ms, changed_by } = kept;
        let path = |name: &str, file: Option<&PathBuf>| match file.map(|file| file.to_str()) {
            Some(None) => Err(StorageError::invalid(object(node), format!("{name} is not text"))),
            text => Ok(text.flatten().map(str::to_owned)),
        };
        let tls = node.tls.as_ref();
        Ok(Self {
            ceid: node.ceid.into(),
            name: node.name.clone(),
            address: node.address.to_string(),
            port: node.port.into(),
            association: word(node.association).unwrap_or_default(),
            edition: word(node.edition).unwrap_or_default(),
            secondary: node.secondary.map(i64::from),
            application_specific_info: node
                .application_specific_info
                .as_ref()
                .map(|info| info.expose_secret().to_owned()),
            tls_ca: path("tls.ca", tls.map(|tls| &tls.ca))?,
            tls_server_name: tls.and_then(|tls| tls.server_name.clone()),
            tls_client_certificate: path("tls.client_certificate", tls.and_then(|t| t.client_certificate.as_ref()))?,
            tls_client_key: path("tls.client_key", tls.and_then(|tls| tls.client_key.as_ref()))?,
            kind: word(node.kind),
            dial_plan: node.dial_plan.as_ref().map(|plan| value(plan).to_string()),
            version: *version,
            changed_at_ms: *changed_at_ms,
            changed_by: changed_by.clone(),
        })
    }
}

impl TryFrom<Row> for Kept {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let fault =
            |column: &str| StorageError::invalid(format!("node {}", row.ceid), format!("{column} cannot be read"));
        let number = |column: &str, value: i64| u16::try_from(value).map_err(|_| fault(column));
        let dial_plan: Option<Option<DialPlan>> = row.dial_plan.as_deref().map(|text| serde_json::from_str(text).ok());
        let node = Node {
            ceid: number("ceid", row.ceid)?,
            name: row.name.clone(),
            address: row.address.parse().map_err(|_| fault("address"))?,
            port: number("port", row.port)?,
            association: of_word(&row.association).ok_or_else(|| fault("association"))?,
            edition: of_word(&row.edition).ok_or_else(|| fault("edition"))?,
            secondary: row.secondary.map(|ceid| number("secondary", ceid)).transpose()?,
            application_specific_info: row.application_specific_info.clone().map(Into::into),
            tls: row.tls_ca.clone().map(|ca| NodeTls {
                ca: ca.into(),
                server_name: row.tls_server_name.clone(),
                client_certificate: row.tls_client_certificate.clone().map(Into::into),
                client_key: row.tls_client_key.clone().map(Into::into),
            }),
            kind: row.kind.as_deref().map(|kind| of_word(kind).ok_or_else(|| fault("kind"))).transpose()?,
            dial_plan: dial_plan.map(|plan| plan.ok_or_else(|| fault("dial_plan"))).transpose()?,
        };
        let Row { version, changed_at_ms, changed_by, .. } = row;
        Ok(Self { node, version, changed_at_ms, changed_by })
    }
}
