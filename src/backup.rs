//! A backup of the database: all that people decided, in one file that opens with a passphrase alone. It is made while the
//! gateway runs, and restored as a whole or not at all, into either kind of database.
//!
//! The file is a line of JSON that says what it is, and what is sealed: rows as lines, by AES-256-GCM with a key that
//! argon2id makes of the passphrase; the first line is sealed with them, so that nobody changes it. The settings file and the
//! files that it names are not in it. Called by the administration and by `oig admin`.

use argon2::Argon2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::settings::SettingsFault;
use crate::storage::{By, Changes, DbConnection, Known, StorageError, Vault, audit, dump};

/// Bytes of a backup's file.
pub const LARGEST: usize = 64 * 1024 * 1024;
/// Characters of a passphrase.
pub const PASSPHRASE: std::ops::RangeInclusive<usize> = 12..=128;
/// Bytes of the first line.
const LONGEST_HEAD: usize = 64 * 1024;
const FORM: u32 = 1;
const SALT: usize = 16;

/// Why there is no backup, or it is not restored; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    #[error("the passphrase must have {} to {} characters", PASSPHRASE.start(), PASSPHRASE.end())]
    Passphrase,
    #[error("this is no backup of a gateway")]
    NoBackup,
    #[error("the passphrase is another, or the backup is damaged")]
    NotOpened,
    #[error("the backup is of another version of this program: {0}")]
    Version(String),
    #[error("the backup is larger than 64 MiB")]
    TooLarge,
    #[error("the backup cannot be sealed")]
    Seal,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    oig_backup: u32,
    pub made_at_ms: i64,
    /// The migrations that its database had.
    migrations: Vec<String>,
    salt: String,
    nonce: String,
}

/// All rows, sealed. Blocks.
///
/// # Errors
/// See [`BackupFault`].
pub fn make(
    connection: &mut DbConnection,
    vault: &Vault,
    passphrase: &SecretString,
    now_ms: i64,
) -> Result<Vec<u8>, BackupFault> {
    let mut random = [0; SALT + NONCE_LEN];
    SystemRandom::new().fill(&mut random).map_err(|_| BackupFault::Seal)?;
    let (salt, nonce) = random.split_at(SALT);
    let key = key(passphrase, salt)?;
    // One reading: nothing changes between two tables.
    let (migrations, rows) = connection.read_whole(|c| Ok((dump::version(c)?, dump::read(c, vault)?)))?;
    let (salt, nonce_text) = (STANDARD.encode(salt), STANDARD.encode(nonce));
    let head = Head { oig_backup: FORM, made_at_ms: now_ms, migrations, salt, nonce: nonce_text };
    let head = serde_json::to_string(&head).map_err(|_| BackupFault::Seal)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| BackupFault::Seal)?;
    let mut sealed = rows.into_bytes();
    key.seal_in_place_append_tag(nonce, Aad::from(head.as_bytes()), &mut sealed).map_err(|_| BackupFault::Seal)?;
    let file = [head.as_bytes(), b"\n", &sealed].concat();
    if file.len() > LARGEST { Err(BackupFault::TooLarge) } else { Ok(file) }
}

/// Opens a backup: what it says of itself, and its rows. Blocks.
///
/// # Errors
/// See [`BackupFault`].
pub fn open(file: &[u8], passphrase: &SecretString) -> Result<(Head, String), BackupFault> {
    if file.len() > LARGEST {
        return Err(BackupFault::TooLarge);
    }
    let end = file.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n').ok_or(BackupFault::NoBackup)?;
    let (line, sealed) = (&file[..end], &file[end + 1..]);
    let head: Head = serde_json::from_slice(line).map_err(|_| BackupFault::NoBackup)?;
    if head.oig_backup != FORM {
        return Err(BackupFault::Version(format!("its form is {}", head.oig_backup)));
    }
    let bytes = |text: &str| STANDARD.decode(text).map_err(|_| BackupFault::NoBackup);
    let (salt, nonce) = (bytes(&head.salt)?, bytes(&head.nonce)?);
    if salt.len() != SALT {
        return Err(BackupFault::NoBackup);
    }
    let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| BackupFault::NoBackup)?;
    let mut sealed = sealed.to_vec();
    let rows = key(passphrase, &salt)?.open_in_place(nonce, Aad::from(line), &mut sealed);
    let rows = rows.map_err(|_| BackupFault::NotOpened)?.to_vec();
    Ok((head, String::from_utf8(rows).map_err(|_| BackupFault::NoBackup)?))
}

/// Puts what was opened in the place of all that there is, where both are of one version and a gateway would start with
/// it; gives the number of rows.
///
/// # Errors
/// See [`BackupFault`]; then nothing is changed.
pub fn restore(
    connection: &mut DbConnection,
    vault: &Vault,
    (head, rows): &(Head, String),
    fits: impl FnOnce(&Known) -> Result<(), SettingsFault>,
    by: &By,
    now_ms: i64,
) -> Result<usize, BackupFault> {
    let own = dump::version(connection)?;
    if own != head.migrations {
        let newest = |of: &[String]| of.last().cloned().unwrap_or_default();
        let text = format!("its database ends with {}, this one with {}", newest(&head.migrations), newest(&own));
        return Err(BackupFault::Version(text));
    }
    let restored = connection.write(|connection| {
        let restored = dump::replace(connection, vault, rows)?;
        let unfit = |fault: SettingsFault| StorageError::Invalid { object: "it".into(), fault: fault.in_short() };
        fits(&Known::read(connection, vault)?).map_err(unfit)?;
        audit::note(connection, by, now_ms, "restore", "the database", &Changes::default())?;
        Ok(restored)
    })?;
    Ok(restored)
}

fn key(passphrase: &SecretString, salt: &[u8]) -> Result<LessSafeKey, BackupFault> {
    if !PASSPHRASE.contains(&passphrase.expose_secret().chars().count()) {
        return Err(BackupFault::Passphrase);
    }
    let mut key = [0; 32];
    let made = Argon2::default().hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut key);
    made.map_err(|_| BackupFault::Seal)?;
    UnboundKey::new(&AES_256_GCM, &key).map(LessSafeKey::new).map_err(|_| BackupFault::Seal)
}
