//! The nodes that the gateway connects to: all that `[[node]]` has. `nodes` follows them; a change leaves a line in
//! the audit log. What a node asks for at the login is sealed (`vault`).

use std::path::PathBuf;

use diesel::prelude::*;
use schemas::domain::DialPlan;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::audit;
use super::change::{By, Changes, Field};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::node;
use super::vault::{self, Vault};
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
    sync_port: Option<i64>,
}

/// A node, and what is known of its row.
#[derive(Debug, Clone)]
pub struct Kept {
    pub node: Node,
    /// To be said by whoever changes it.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
    /// The login as its row has it.
    sealed: Option<String>,
}

impl Kept {
    /// Whether the row has a login that does not open with this gateway's key: it has to be given anew, or the key brought
    /// back.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.sealed.is_some() && self.node.application_specific_info.is_none()
    }

    /// So that a change leaves no login, not even one that does not open.
    pub fn forget_login(&mut self) {
        (self.sealed, self.node.application_specific_info) = (None, None);
    }
}

/// What the login of a node is sealed for.
fn place(ceid: i64) -> String {
    format!("node {ceid} application_specific_info")
}

/// As the audit log names it.
#[must_use]
pub fn object(node: &Node) -> String {
    format!("node {}", node.ceid)
}

/// All of them, by number.
///
/// # Errors
/// [`StorageError::Invalid`] when a row cannot be read; see [`StorageError`]. A login that does not open is none
/// ([`Kept::is_locked`]).
pub fn all(connection: &mut DbConnection, vault: &Vault) -> Result<Vec<Kept>, StorageError> {
    let rows = node::table.order(node::ceid).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(|row| Kept::read(row, vault)).collect()
}

/// Logins that are in clear: of a database from before there was a key.
fn clear(connection: &mut DbConnection) -> Result<Vec<(i64, String)>, StorageError> {
    let rows: Vec<(i64, Option<String>)> =
        node::table.select((node::ceid, node::application_specific_info)).load(connection)?;
    let clear = |(ceid, login): (i64, Option<String>)| Some((ceid, login.filter(|login| !vault::is_sealed(login))?));
    Ok(rows.into_iter().filter_map(clear).collect())
}

/// Whether there are logins in clear.
///
/// # Errors
/// See [`StorageError`].
pub(super) fn has_clear(connection: &mut DbConnection) -> Result<bool, StorageError> {
    Ok(!clear(connection)?.is_empty())
}

/// Seals them. Gives how many.
///
/// # Errors
/// See [`StorageError`].
pub(super) fn seal(connection: &mut DbConnection, vault: &Vault) -> Result<usize, StorageError> {
    let clear = clear(connection)?;
    for (ceid, login) in &clear {
        let sealed = vault.seal(&place(*ceid), &login.as_str().into())?;
        let row = node::ceid.eq(ceid).and(node::application_specific_info.eq(login));
        diesel::update(node::table.filter(row)).set(node::application_specific_info.eq(sealed)).execute(connection)?;
    }
    Ok(clear.len())
}

/// A login as a backup has it: in clear, since the backup is sealed itself; and back.
pub(super) fn carried(vault: &Vault, row: &mut Map<String, Value>, opens: bool) -> Result<(), StorageError> {
    let Some(ceid) = row.get("ceid").and_then(Value::as_i64) else { return Ok(()) };
    let Some(login) = row.get_mut("application_specific_info") else { return Ok(()) };
    let Some(text) = login.as_str() else { return Ok(()) };
    let place = place(ceid);
    // One that does not open stays as it is: with its key brought back, it opens.
    if opens && let Some(secret) = vault.open_text(&place, text) {
        *login = secret.expose_secret().into();
    } else if !opens && !vault::is_sealed(text) {
        *login = vault.seal(&place, &text.into())?.into();
    }
    Ok(())
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`] when there is one of that number, or at that address and port.
pub fn add(
    connection: &mut DbConnection,
    vault: &Vault,
    new: &Node,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let sealed = sealed(vault, new)?;
    let kept = Kept { node: new.clone(), version: 1, changed_at_ms: now_ms, changed_by: by.who.clone(), sealed };
    let added = diesel::insert_into(node::table).values(Row::try_from(&kept)?).execute(connection);
    added.map_err(StorageError::of(object(new)))?;
    let changes = Changes::between(None, Some(&fields(new)));
    audit::note(connection, by, now_ms, "add", &object(new), &changes)?;
    Ok(kept)
}

/// The login of a node, for its row.
fn sealed(vault: &Vault, node: &Node) -> Result<Option<String>, StorageError> {
    let seal = |info| vault.seal(&place(node.ceid.into()), info);
    node.application_specific_info.as_ref().map(seal).transpose()
}

/// Makes it what `to` says, where nobody has changed it since `read` was read. Its number stays; a login that does not
/// open does where `to` has none.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has.
pub fn change(
    connection: &mut DbConnection,
    vault: &Vault,
    read: &Kept,
    to: &Node,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let object = object(&read.node);
    if to.ceid != read.node.ceid {
        return Err(StorageError::invalid(object, "the number of a node cannot change"));
    }
    let info = |node: &Node| node.application_specific_info.as_ref().map(|info| info.expose_secret().to_owned());
    let sealed = if info(to) == info(&read.node) { read.sealed.clone() } else { sealed(vault, to)? };
    let version = read.version + 1;
    let kept = Kept { node: to.clone(), version, changed_at_ms: now_ms, changed_by: by.who.clone(), sealed };
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
        Field::open("sync_port", node.sync_port),
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
        let Kept { node, version, changed_at_ms, changed_by, sealed } = kept;
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
            application_specific_info: sealed.clone(),
            tls_ca: path("tls.ca", tls.map(|tls| &tls.ca))?,
            tls_server_name: tls.and_then(|tls| tls.server_name.clone()),
            tls_client_certificate: path("tls.client_certificate", tls.and_then(|t| t.client_certificate.as_ref()))?,
            tls_client_key: path("tls.client_key", tls.and_then(|tls| tls.client_key.as_ref()))?,
            kind: word(node.kind),
            dial_plan: node.dial_plan.as_ref().map(|plan| value(plan).to_string()),
            version: *version,
            changed_at_ms: *changed_at_ms,
            changed_by: changed_by.clone(),
            sync_port: node.sync_port.map(i64::from),
        })
    }
}

impl Kept {
    fn read(row: Row, vault: &Vault) -> Result<Self, StorageError> {
        let fault =
            |column: &str| StorageError::invalid(format!("node {}", row.ceid), format!("{column} cannot be read"));
        let number = |column: &str, value: i64| u16::try_from(value).map_err(|_| fault(column));
        let dial_plan: Option<Option<DialPlan>> = row.dial_plan.as_deref().map(|text| serde_json::from_str(text).ok());
        let sealed = row.application_specific_info.as_deref();
        let node = Node {
            ceid: number("ceid", row.ceid)?,
            name: row.name.clone(),
            address: row.address.parse().map_err(|_| fault("address"))?,
            port: number("port", row.port)?,
            sync_port: row.sync_port.map(|port| number("sync_port", port)).transpose()?,
            association: of_word(&row.association).ok_or_else(|| fault("association"))?,
            edition: of_word(&row.edition).ok_or_else(|| fault("edition"))?,
            secondary: row.secondary.map(|ceid| number("secondary", ceid)).transpose()?,
            application_specific_info: sealed.and_then(|text| vault.open_text(&place(row.ceid), text)),
            tls: row.tls_ca.clone().map(|ca| NodeTls {
                ca: ca.into(),
                server_name: row.tls_server_name.clone(),
                client_certificate: row.tls_client_certificate.clone().map(Into::into),
                client_key: row.tls_client_key.clone().map(Into::into),
            }),
            kind: row.kind.as_deref().map(|kind| of_word(kind).ok_or_else(|| fault("kind"))).transpose()?,
            dial_plan: dial_plan.map(|plan| plan.ok_or_else(|| fault("dial_plan"))).transpose()?,
        };
        let Row { version, changed_at_ms, changed_by, application_specific_info: sealed, .. } = row;
        Ok(Self { node, version, changed_at_ms, changed_by, sealed })
    }
}
