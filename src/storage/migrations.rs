//! The tables' making and changing: `migrations/`, embedded in the program.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationConnection as _, MigrationSource};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::DbConnection;
use super::error::StorageError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// A migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub applied: bool,
}

type Backend = <DbConnection as Connection>::Backend;

/// All that this program knows, in their order.
fn known() -> Result<Vec<Box<dyn Migration<Backend>>>, StorageError> {
    let mut all = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(refused)?;
    all.sort_unstable_by(|a, b| a.name().version().cmp(&b.name().version()));
    Ok(all)
}

fn refused(error: Box<dyn std::error::Error + Send + Sync>) -> StorageError {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => (*error).into(),
        Err(error) => StorageError::Refused(error.to_string()),
    }
}

/// Which migrations the database has; it is only read.
///
/// # Errors
/// [`StorageError::Newer`] when it has one that this program does not know.
pub(super) fn status(connection: &mut DbConnection) -> Result<Vec<Step>, StorageError> {
    let known = known()?;
    let applied = applied(connection)?;
    is_known(&known, &applied)?;
    let steps = known.iter().map(|migration| {
        let name = migration.name();
        Step { name: name.to_string(), applied: applied.contains(&name.version().to_string()) }
    });
    Ok(steps.collect())
}

diesel::table! {
    /// Diesel's own.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// The versions that the database has. Diesel's own way of asking would make their table.
fn applied(connection: &mut DbConnection) -> Result<BTreeSet<String>, StorageError> {
    use __diesel_schema_migrations::{table, version};
    match table.select(version).load::<String>(connection) {
        Ok(applied) => Ok(applied.into_iter().collect()),
        // Before the first there is none.
        Err(diesel::result::Error::DatabaseError(_, told)) if told.message().contains("__diesel_schema_migrations") => {
            Ok(BTreeSet::new())
        }
        Err(error) => Err(error.into()),
    }
}

fn is_known(known: &[Box<dyn Migration<Backend>>], applied: &BTreeSet<String>) -> Result<(), StorageError> {
    let newer = applied.iter().find(|version| known.iter().all(|k| k.name().version().to_string() != **version));
    newer.map_or(Ok(()), |version| Err(StorageError::Newer(version.clone())))
}

/// Brings the database up to date, all or nothing, and one process at a time; gives the names of what was applied.
///
/// # Errors
/// [`StorageError::Newer`], before anything is changed; whatever the database refuses.
pub(super) fn apply(connection: &mut DbConnection) -> Result<Vec<String>, StorageError> {
    apply_first(connection, usize::MAX)
}

/// The first so many.
pub(super) fn apply_first(connection: &mut DbConnection, count: usize) -> Result<Vec<String>, StorageError> {
    let steps = status(connection)?;
    if steps.iter().take(count).all(|step| step.applied) {
        return Ok(Vec::new()); // the usual start only reads
    }
    // Makes the table of migrations. Of two who do so at once PostgreSQL refuses one, though it is said to be made only
    // where it is not there; then it is there.
    if connection.setup().is_err() {
        connection.setup()?;
    }
    connection.write(|connection| {
        let known = known()?;
        let applied = applied(connection)?;
        is_known(&known, &applied)?;
        let mut done = Vec::new();
        for migration in known.iter().take(count) {
            if !applied.contains(&migration.name().version().to_string()) {
                connection.run_migration(migration).map_err(refused)?;
                done.push(migration.name().to_string());
            }
        }
        Ok(done)
    })
}
