//! The lab's data folder: the CA that its gateway trusts, the gateway's own certificate for HTTPS, and the certificates and
//! keys of its two advanced applications. Made at the first start and kept; missing ones are issued anew.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::lab::COMPANY;
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
    Ok(ca)
}

fn kept_authority(folder: &Path) -> anyhow::Result<Authority> {
    let read = |file: PathBuf| fs::read_to_string(&file).with_context(|| file.display().to_string());
    let kept = Issued { certificate: read(certificate(folder, "ca"))?, key: read(key(folder, "ca"))? };
    Authority::from_pem(&kept).with_context(|| format!("the CA in {}", folder.display()))
}

fn certificate(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.cert.pem"))
}

fn key(folder: &Path, name: &str) -> PathBuf {
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
