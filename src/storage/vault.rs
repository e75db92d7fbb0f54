//! Secrets that the gateway must say again itself, sealed in the database: whoever reads the database, or a copy of it, and
//! not the key's file beside it, reads none of them. What is only compared is kept as a hash instead, by `secret`.
//!
//! AES-256-GCM with a random nonce each; what a secret belongs to is sealed with it, so that it opens in no other place.
//! The key is 32 random bytes in a file for the gateway's user alone, made where there is none. Called by the tables that
//! have such a column.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::StorageError;

/// What a sealed text begins with; no secret of the settings does.
const MARK: &str = "sealed:1:";
const KEY: usize = 32;

/// The key of one database.
pub struct Vault {
    key: LessSafeKey,
    /// Where it is; nowhere when the database is in memory.
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads the key, or makes one where there is none; without a file it is gone with the process.
    ///
    /// # Errors
    /// [`StorageError::Key`] when there is neither.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, StorageError> {
        let key = match file {
            Some(file) => kept(file).map_err(|fault| StorageError::Key(format!("{}: {fault}", file.display())))?,
            None => fresh().map_err(|fault| StorageError::Key(fault.into()))?,
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| StorageError::Key(UNUSABLE.into()))?;
        Ok(Self { key: LessSafeKey::new(key), file: file.map(Path::to_owned) })
    }

    /// Seals a secret for the place that it is kept in.
    ///
    /// # Errors
    /// [`StorageError::Key`] when the system gives no random bytes.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<String, StorageError> {
        let unsealed = || StorageError::Key("nothing can be sealed with it".into());
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| unsealed())?;
        let mut bytes = secret.expose_secret().as_bytes().to_vec();
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut bytes,
        );
        sealed.map_err(|_| unsealed())?;
        Ok(format!("{MARK}{}", STANDARD.encode([&nonce[..], &bytes].concat())))
    }

    /// Opens what was sealed for this place; `None` when the key is another, or it was changed. A text that was never
    /// sealed is the secret itself: one of a database from before there was a key.
    #[must_use]
    pub fn open_text(&self, place: &str, text: &str) -> Option<SecretString> {
        let Some(sealed) = text.strip_prefix(MARK) else { return Some(text.to_owned().into()) };
        let mut bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let secret = self.key.open_in_place(nonce, Aad::from(place.as_bytes()), sealed).ok()?;
        Some(String::from_utf8(secret.to_vec()).ok()?.into())
    }

    /// Where the key is, as texts say it.
    #[must_use]
    pub fn label(&self) -> String {
        self.file.as_ref().map_or_else(|| "memory".into(), |file| file.display().to_string())
    }
}

/// Whether a text was sealed, with whatever key.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

const UNUSABLE: &str = "is no key of this program";

/// The key of a file; of those who make one at once, one is kept.
fn kept(file: &Path) -> Result<[u8; KEY], String> {
    if let Some(key) = read(file)? {
        return Ok(key);
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| error.to_string())?;
    }
    let key = fresh()?;
    // Whole under another name first: nobody ever reads a part of a key.
    let mut part = file.file_name().unwrap_or_default().to_owned();
    static MADE: AtomicU32 = AtomicU32::new(0);
    part.push(format!(".{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
    let part = file.with_file_name(part);
    let written = (|| {
        let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        writeln!(open, "{}", STANDARD.encode(key))?;
        open.sync_all()?;
        // Unlike a renaming it never takes the place of a key that another has made meanwhile.
        std::fs::hard_link(&part, file)
    })();
    let _ = std::fs::remove_file(&part); // it may not be there
    match written {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(file)?.ok_or_else(|| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// `None` when there is no such file.
fn read(file: &Path) -> Result<Option<[u8; KEY]>, String> {
    let open = match std::fs::File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        open => open.map_err(|error| error.to_string())?,
    };
    let mut text = String::new();
    open.take(256).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let key = STANDARD.decode(text.trim_end()).ok().and_then(|bytes| bytes.try_into().ok());
    key.map(Some).ok_or_else(|| UNUSABLE.into())
}

fn fresh() -> Result<[u8; KEY], &'static str> {
    let mut key = [0; KEY];
    SystemRandom::new().fill(&mut key).map_err(|_| "the system gives no random bytes")?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::tests::Folder;
    use super::*;

    fn opened(vault: &Vault, place: &str, text: &str) -> Option<String> {
        vault.open_text(place, text).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_opens_with_its_key_at_its_place_alone() {
        let (own, other) = (Vault::open(None).expect("a key"), Vault::open(None).expect("another"));
        let secret = SecretString::from("open-sesame");
        let sealed = own.seal("node 1", &secret).expect("sealed");
        assert!(is_sealed(&sealed) && !sealed.contains("sesame"));
        assert_ne!(sealed, own.seal("node 1", &secret).expect("sealed"), "a nonce each");
        assert_eq!(opened(&own, "node 1", &sealed).as_deref(), Some("open-sesame"));
        let mut changed = STANDARD.decode(&sealed[MARK.len()..]).expect("base64");
        changed[NONCE_LEN] ^= 1;
        for (vault, place, text) in [
            (&other, "node 1", sealed.clone()),
            (&own, "node 2", sealed.clone()),
            (&own, "node 1", format!("{MARK}{}", STANDARD.encode(changed))),
            (&own, "node 1", sealed[..sealed.len() - 4].to_owned()),
            (&own, "node 1", format!("{MARK}AAAA")),
            (&own, "node 1", format!("{MARK}no base64!")),
            (&own, "node 1", MARK.to_owned()),
        ] {
            assert_eq!(opened(vault, place, &text), None, "{place} {text}");
        }
        assert_eq!(opened(&own, "node 1", "<login/>").as_deref(), Some("<login/>"), "of before there was a key");
        assert!(!format!("{own:?}").contains("key"), "{own:?}");
    }

    #[test]
    fn a_key_is_made_once_for_its_user_alone_and_never_replaced() {
        let folder = Folder::new();
        let file = folder.0.join("deep/oig.key");
        let sealed = Vault::open(Some(&file)).and_then(|v| v.seal("a", &"open-sesame".into())).expect("sealed");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
        let again = Vault::open(Some(&file)).expect("read");
        assert_eq!(opened(&again, "a", &sealed).as_deref(), Some("open-sesame"));
        assert_eq!(std::fs::read_dir(folder.0.join("deep")).expect("a folder").count(), 1, "nothing is left beside it");
        for text in ["", "no key", "AAAA", &STANDARD.encode([1; 33]), &"A".repeat(4096)] {
            std::fs::write(&file, text).expect("written");
            let fault = Vault::open(Some(&file)).expect_err("no key").to_string();
            assert!(fault.contains("oig.key"), "{fault}");
            assert_eq!(std::fs::read_to_string(&file).expect("read"), text, "it stays as it is");
        }
    }

    #[test]
    fn of_those_who_make_a_key_at_once_all_have_the_same() {
        let folder = Folder::new();
        let file = folder.0.join("oig.key");
        let vaults: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| Vault::open(Some(&file)).expect("a key"))).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        let sealed = vaults[0].seal("a", &"open-sesame".into()).expect("sealed");
        for vault in &vaults {
            assert_eq!(opened(vault, "a", &sealed).as_deref(), Some("open-sesame"));
        }
    }
}
