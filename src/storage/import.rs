//! The settings file and the database: the file seeds an empty database, is compared with one that is not, and is read
//! again when somebody asks for it. `[[node]]` and `[[application]]` are kept there, and what people changed of the rest.

use serde_json::json;

use super::change::{By, Changes};
use super::connection::DbConnection;
use super::error::StorageError;
use super::vault::Vault;
use super::{application, audit, changed_settings, node, setting};
use crate::admission::Registered;
use crate::settings::{Application, Node, Settings};

/// What the database knows.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub applications: Vec<application::Kept>,
    pub nodes: Vec<node::Kept>,
    /// What people changed of the settings.
    pub settings: changed_settings::Kept,
}

impl Known {
    /// All of it.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn read(connection: &mut DbConnection, vault: &Vault) -> Result<Self, StorageError> {
        let (applications, nodes) = (application::all(connection)?, node::all(connection, vault)?);
        Ok(Self { applications, nodes, settings: changed_settings::read(connection)? })
    }

    /// The applications as admission takes them.
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        self.applications.iter().map(|kept| kept.registered.clone()).collect()
    }

    /// The file's settings, with what people changed of them and the nodes and applications of the database.
    #[must_use]
    pub fn over(&self, settings: &Settings) -> Settings {
        Settings {
            nodes: self.nodes.iter().map(|kept| kept.node.clone()).collect(),
            applications: self.applications.iter().map(|kept| kept.registered.application.clone()).collect(),
            ..settings.over_changed(&self.settings.changed)
        }
    }
}

/// What to do about objects that the file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Keep,
    Remove,
}

/// How the file and the database differ in one object.
#[derive(Debug, Clone)]
pub enum Differs {
    /// The file alone has it.
    InFile(Changes),
    /// Both have it.
    Changed(Changes),
    /// The database alone has it.
    InDatabase(Changes),
}

enum Target {
    Application(Option<Box<application::Kept>>, Option<Box<Registered>>),
    Node(Option<Box<node::Kept>>, Option<Box<Node>>),
}

struct Step {
    object: String,
    differs: Differs,
    target: Target,
}

/// All that differs; what an import would do.
#[derive(Default)]
pub struct Plan(Vec<Step>);

impl Plan {
    /// Compares what the database knows with a file.
    #[must_use]
    pub fn of(known: &Known, file: &Settings) -> Self {
        let mut steps = Vec::new();
        // Nodes that go make room for addresses of those that come.
        for kept in &known.nodes {
            if file.nodes.iter().all(|node| node.ceid != kept.node.ceid) {
                let gone = Changes::between(Some(&node::fields(&kept.node)), None);
                let (object, target) = (node::object(&kept.node), Target::Node(Some(Box::new(kept.clone())), None));
                steps.push(Step { object, differs: Differs::InDatabase(gone), target });
            }
        }
        for to in &file.nodes {
            let read = known.nodes.iter().find(|kept| kept.node.ceid == to.ceid);
            let before = read.map(|kept| node::fields(&kept.node));
            let changes = Changes::between(before.as_deref(), Some(&node::fields(to)));
            if let Some(differs) = Differs::of(before.is_some(), changes) {
                let target = Target::Node(read.cloned().map(Box::new), Some(Box::new(to.clone())));
                steps.push(Step { object: node::object(to), differs, target });
            }
        }
        let is = |a: &Application, b: &Application| a.company == b.company && a.name == b.name;
        for kept in &known.applications {
            let own = &kept.registered.application;
            if file.applications.iter().all(|a| !is(a, own)) {
                let gone = Changes::between(Some(&application::fields(&kept.registered)), None);
                let target = Target::Application(Some(Box::new(kept.clone())), None);
                steps.push(Step { object: application::object(own), differs: Differs::InDatabase(gone), target });
            }
        }
        for to in &file.applications {
            let read = known.applications.iter().find(|kept| is(to, &kept.registered.application));
            let before = read.map(|kept| application::file_fields(&kept.registered.application));
            let changes = Changes::between(before.as_deref(), Some(&application::file_fields(to)));
            if let Some(differs) = Differs::of(before.is_some(), changes) {
                let target =
                    Target::Application(read.cloned().map(Box::new), Some(Box::new(replaced(read, to, &differs))));
                steps.push(Step { object: application::object(to), differs, target });
            }
        }
        Self(steps)
    }

    /// Object by object.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &Differs)> {
        self.0.iter().map(|step| (step.object.as_str(), &step.differs))
    }

    /// Does it; in the transaction of the caller. Gives how many objects were changed.
    ///
    /// # Errors
    /// [`StorageError::Changed`] when somebody was first; see [`StorageError`].
    pub fn apply(
        self,
        connection: &mut DbConnection,
        vault: &Vault,
        removal: Removal,
        by: &By,
        now_ms: i64,
    ) -> Result<usize, StorageError> {
        let mut done = 0;
        for step in self.0 {
            match step.target {
                Target::Application(Some(read), Some(to)) => {
                    application::change(connection, &read, &to, by, now_ms)?;
                }
                Target::Application(None, Some(to)) => drop(application::add(connection, &to, by, now_ms)?),
                Target::Node(Some(read), Some(to)) => drop(node::change(connection, vault, &read, &to, by, now_ms)?),
                Target::Node(None, Some(to)) => drop(node::add(connection, vault, &to, by, now_ms)?),
                _ if removal == Removal::Keep => continue,
                Target::Application(Some(read), None) => application::remove(connection, &read, by, now_ms)?,
                Target::Node(Some(read), None) => node::remove(connection, &read, by, now_ms)?,
                Target::Application(None, None) | Target::Node(None, None) => continue,
            }
            done += 1;
        }
        Ok(done)
    }
}

/// What an application becomes: a local password that the file changes replaces at once what is under way.
fn replaced(read: Option<&application::Kept>, to: &Application, differs: &Differs) -> Registered {
    let next = read.and_then(|kept| kept.registered.next_local.clone());
    let given = matches!(differs, Differs::Changed(changes) if changes.names().contains(&"local_password"));
    Registered { application: to.clone(), next_local: next.filter(|_| !given) }
}

impl Differs {
    fn of(is_known: bool, changes: Changes) -> Option<Self> {
        match is_known {
            true if changes.is_empty() => None,
            true => Some(Self::Changed(changes)),
            false => Some(Self::InFile(changes)),
        }
    }
}

/// Takes the file's nodes and applications over, where no file ever was: whole, or not at all. `true` when it was done.
///
/// # Errors
/// See [`StorageError`].
pub(super) fn seed(
    connection: &mut DbConnection,
    vault: &Vault,
    file: &Settings,
    by: &By,
    now_ms: i64,
) -> Result<bool, StorageError> {
    if setting::get(connection, setting::SEEDED)?.is_some() {
        return Ok(false); // the usual start only reads
    }
    connection.write(|connection| {
        if setting::get(connection, setting::SEEDED)?.is_some() {
            return Ok(false); // another gateway was first
        }
        setting::set(connection, setting::SEEDED, &json!({ "at_ms": now_ms }), None, by, now_ms)?;
        let known = Known::read(connection, vault)?;
        audit::note(connection, by, now_ms, "seed", "database", &Changes::default())?;
        Plan::of(&known, file).apply(connection, vault, Removal::Keep, by, now_ms)?;
        Ok(true)
    })
}

/// Names of objects that are said in the log when the file differs.
const NAMED: usize = 20;

/// Says in the log how the file differs from what rules.
fn say(plan: &Plan) {
    let all = plan.differences().count();
    if all == 0 {
        return;
    }
    tracing::warn!(
        differences = all,
        "the settings file has other nodes or applications than the database, which rules; \
         `oig admin import` takes them over"
    );
    for (object, differs) in plan.differences().take(NAMED) {
        match differs {
            Differs::InFile(_) => tracing::warn!(object, "is in the file alone"),
            Differs::InDatabase(_) => tracing::warn!(object, "is in the database alone"),
            Differs::Changed(changes) => tracing::warn!(object, differs = changes.names().join(", "), "differs"),
        }
    }
}

impl super::Storage {
    /// What a gateway with this settings file begins with: the file is taken over when it is the first, else compared.
    /// Blocks: for the start.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn begin(&self, file: &Settings, now_ms: i64) -> Result<Known, StorageError> {
        self.blocking(self.sealing(|connection, vault| {
            let seeded = seed(connection, vault, file, &By::settings_file(), now_ms)?;
            let known = Known::read(connection, vault)?;
            let locked: Vec<_> = known.nodes.iter().filter(|kept| kept.is_locked()).map(|k| k.node.ceid).collect();
            if !locked.is_empty() {
                let (nodes, key) = (format!("{locked:?}"), vault.label());
                tracing::error!(
                    nodes,
                    key,
                    "LOGINS OF NODES DO NOT OPEN with this key: bring its file back, or give them anew"
                );
            }
            if seeded {
                let (nodes, applications) = (known.nodes.len(), known.applications.len());
                tracing::debug!(nodes, applications, "the settings file was taken over into the database");
            } else {
                say(&Plan::of(&known, file));
            }
            Ok(known)
        }))
    }
}
