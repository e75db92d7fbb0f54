//! The last good document on disk, as it was signed: what a gateway begins with, whether the server is there or not.
//! Everything blocks.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

/// The signed form, if there is a file.
///
/// # Errors
/// When it cannot be read, or is no text.
pub(super) fn read(file: &Path, largest: usize) -> io::Result<Option<String>> {
    let open = match File::open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    open.take(largest as u64 + 1).read_to_string(&mut text)?;
    Ok(Some(text)) // one that is too large is refused by who reads it
}

/// Keeps the signed form: whole or not at all, whenever the process or the machine stops.
///
/// # Errors
/// When it cannot be written; what was there stays.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // By process: a command may fetch while the gateway does.
    let part = file.with_extension(format!("{}.part", std::process::id()));
    let written = (|| {
        let mut to = options().open(&part)?;
        to.write_all(text.as_bytes())?;
        to.sync_all()?;
        fs::rename(&part, file)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Hashes of passwords are in it: for its owner alone.
fn options() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// When it was written last; `None` while there is none.
pub(super) fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|about| about.modified()).ok()
}
