//! The folder of a journal: which files there are, and that no other process uses them.
//!
//! `segment-N` holds records in the order in which they were written; `state-N` everything that is needed of what lies
//! before segment N. Nobody but the gateway's user may read them: a session id is in them.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why a journal cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{0}: another gateway uses this folder")]
    Taken(PathBuf),
    #[error("{0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
}

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as the folder is used.
    _lock: File,
}

/// What a folder holds, by number.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) segments: BTreeSet<u64>,
    pub(super) states: BTreeSet<u64>,
}

impl Files {
    /// The number of what comes next.
    pub(super) fn next(&self) -> u64 {
        self.segments.iter().chain(&self.states).max().map_or(1, |last| last + 1)
    }
}

const SEGMENT: &str = "segment-";
const STATE: &str = "state-";
/// Of a state that is not whole yet.
const PART: &str = "part";

impl Folder {
    /// Makes the folder where there is none, and takes it.
    ///
    /// # Errors
    /// [`Unusable`].
    pub(super) fn open(path: &Path) -> Result<Self, Unusable> {
        let failed = |error| Unusable::Folder(path.to_owned(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = private().create(true).truncate(false).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                let folder = Self { path: path.to_owned(), _lock: lock };
                folder.remove_parts();
                Ok(folder)
            }
            Err(TryLockError::WouldBlock) => Err(Unusable::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// A process that was killed may have left one.
    fn remove_parts(&self) {
        let paths = fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path());
        for part in paths.filter(|path| path.extension().is_some_and(|extension| extension == PART)) {
            let _ = fs::remove_file(part); // nobody reads it
        }
    }

    pub(super) fn files(&self) -> io::Result<Files> {
        let mut files = Files::default();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let number = |before: &str| name.to_str()?.strip_prefix(before)?.parse::<u64>().ok();
            files.segments.extend(number(SEGMENT));
            files.states.extend(number(STATE));
        }
        Ok(files)
    }

    pub(super) fn read_segment(&self, number: u64) -> io::Result<impl Read + use<>> {
        self.read(SEGMENT, number)
    }

    pub(super) fn read_state(&self, number: u64) -> io::Result<impl Read + use<>> {
        self.read(STATE, number)
    }

    /// What is in the file now; what is added meanwhile is not read, so that reading ends.
    fn read(&self, kind: &str, number: u64) -> io::Result<impl Read + use<>> {
        let path = self.path_of(kind, number);
        // A pipe of that name would be waited for.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("is not a file"));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(file.take(length))
    }

    fn path_of(&self, kind: &str, number: u64) -> PathBuf {
        self.path.join(format!("{kind}{number:010}"))
    }

    pub(super) fn create_segment(&self, number: u64) -> io::Result<File> {
        private().create_new(true).open(self.path_of(SEGMENT, number))
    }

    /// A file to write a state to; [`Folder::finish_state`] makes it count.
    pub(super) fn create_state(&self, number: u64) -> io::Result<File> {
        private().create(true).truncate(true).open(self.part_of(number))
    }

    fn part_of(&self, number: u64) -> PathBuf {
        self.path_of(STATE, number).with_extension(PART)
    }

    /// The state is on the disk: from now on it counts, and what lies before it is not needed.
    pub(super) fn finish_state(&self, number: u64) -> io::Result<()> {
        fs::rename(self.part_of(number), self.path_of(STATE, number))?;
        self.sync()?;
        self.remove(|other| other < number);
        Ok(())
    }

    /// A state did not become whole, and the segment behind it is not needed either.
    pub(super) fn give_up(&self, number: u64) {
        let _ = fs::remove_file(self.part_of(number)); // it may not be there
        self.remove(|other| other == number);
    }

    /// Removes the files of these numbers; one that cannot be removed is tried again with the next ones.
    pub(super) fn remove(&self, which: impl Fn(u64) -> bool) {
        let Ok(files) = self.files() else { return };
        for (kind, numbers) in [(SEGMENT, files.segments), (STATE, files.states)] {
            for number in numbers.into_iter().filter(|number| which(*number)) {
                if let Err(error) = fs::remove_file(self.path_of(kind, number)) {
                    tracing::warn!(%error, number, "a file of the journal that is not needed cannot be removed");
                }
            }
        }
    }

    /// Names are on the disk, too.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}
