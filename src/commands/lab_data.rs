//! The lab's data folder: the CA that its gateway trusts, the gateway's own certificate for HTTPS, and the certificates and
//! keys of its two advanced applications. Made at the first start and kept; missing ones are issued anew.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::lab::COMPANY;
use crate::certs::settings::Http;
use crate::certs::{self, Keys};
use crate::issue::{Authority, Issued, Valid};
use crate::tls::CertificateFiles;

/// The lab's applications with Advanced service, and the names of their files.
pub(super) const ADVANCED: [(&str, &str); 2] = [("Console", "console"), ("Recorder", "recorder")];

/// What the gateway's certificate is for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
const GATEWAY: &str = "gateway";

/// The files of the gateway's HTTPS.
#[must_use]
pub(super) fn https(folder: &Path) -> CertificateFiles {
    CertificateFiles { chain: certificate(folder, GATEWAY), key: key(folder, GATEWAY) }
}

/// Makes what is missing in the folder; gives the file of the CA's certificate.
///
/// # Errors
/// When the folder cannot be used, with what cannot be read or written.
pub fn prepare(folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // Two labs may start at once with one folder; the lock goes with the file.
    let lock = File::create(folder.join(".lock")).with_context(|| folder.display().to_string())?;
    lock.lock().context("the lab's data folder cannot be locked")?;
    let now_s = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()).cast_signed();
    let valid = Valid::for_25_years(now_s);
    let ca = folder.join("ca.cert.pem");
    let mut authority = None;
    if !ca.exists() {
        let (made, kept) = Authority::create(valid)?;
        write(folder, "ca", &kept)?;
        authority = Some(made);
    }
    let names = ADVANCED.iter().map(|(application, name)| (*name, Some(*application))).chain([(GATEWAY, None)]);
    for (name, application) in names {
        if certificate(folder, name).exists() {
            continue;
        }
        let authority = match &mut authority {
            Some(authority) => authority,
            none => none.insert(kept_authority(folder)?),
        };
        let issued = match application {
            Some(application) => authority.issue(COMPANY, application, valid)?,
            None => authority.issue_server(&NAMES.map(String::from), valid)?,
        };
        write(folder, name, &issued)?;
    }
    // Here, where no other lab does the same: its servers find it made.
    let Http { names, .. } = Http::default();
    Keys::open(folder, now_s)?.https(folder, &certs::settings::Tls::default(), &names, now_s)?;
    Ok(ca)
}

/// The password of the lab's `admin`, made at the first start and kept for its owner alone; another one for each lab.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn password(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join("admin.password");
    if let Ok(kept) = fs::read_to_string(&file) {
        return Ok(kept.trim_end().to_owned());
    }
    let made = new_password()?;
    let mut open = OpenOptions::new();
    let open = open.write(true).create_new(true).mode(0o600).open(&file);
    open.and_then(|mut open| writeln!(open, "{made}")).with_context(|| file.display().to_string())?;
    Ok(made)
}

/// # Errors
/// When the system has no random numbers.
pub(super) fn new_password() -> anyhow::Result<String> {
    let mut random = [0; 12];
    SystemRandom::new().fill(&mut random).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// The lab that uses the folder's databases, as long as this lives.
///
/// # Errors
/// When another one does.
pub(super) fn own(folder: &Path) -> anyhow::Result<File> {
    let lock = File::create(folder.join(".running")).with_context(|| folder.display().to_string())?;
    lock.try_lock().map_err(|_| {
        let folder = folder.display();
        anyhow::anyhow!(
            "{folder}: another lab runs with it; give this one a folder of its own (--data), or --in-memory"
        )
    })?;
    Ok(lock)
}

fn kept_authority(folder: &Path) -> anyhow::Result<Authority> {
    let read = |file: PathBuf| fs::read_to_string(&file).with_context(|| file.display().to_string());
    let kept = Issued { certificate: read(certificate(folder, "ca"))?, key: read(key(folder, "ca"))? };
    Authority::from_pem(&kept).with_context(|| format!("the CA in {}", folder.display()))
}

pub(super) fn certificate(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.cert.pem"))
}

pub(super) fn key(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key.pem"))
}

/// The certificate comes last and whole: where it is, the pair is.
fn write(folder: &Path, name: &str, issued: &Issued) -> anyhow::Result<()> {
    for (file, text) in [(key(folder, name), &issued.key), (certificate(folder, name), &issued.certificate)] {
        let is_key = file == key(folder, name);
        let part = file.with_extension("part");
        let written = (|| {
            // One that a process left half written may have other permissions.
            let _ = fs::remove_file(&part);
            let mode = if is_key { 0o600 } else { 0o644 };
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?.write_all(text.as_bytes())?;
            fs::rename(&part, &file)
        })();
        written.with_context(|| file.display().to_string())?;
    }
    Ok(())
}
