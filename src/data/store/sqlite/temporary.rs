//! Folders for copies that go with the process. It holds a lock on its folder for as long as it lives, however it ends: who
//! makes a new one removes those that nobody holds any more.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Begins the name of each.
const NAME: &str = "oig-copies-";
/// Folders that others may take away before they are held.
const TRIES: usize = 8;

/// A folder of this process alone; gone with this.
pub(super) struct Temporary {
    path: PathBuf,
    /// Held until the folder is removed. `None` where folders cannot be locked: nobody removes it then but its owner.
    _lock: Option<File>,
}

impl Temporary {
    /// A new one in a folder that others may write to, too; what processes of this user left behind there is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn within(parent: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let path = parent.join(format!("{NAME}{:016x}", random()?));
            DirBuilder::new().mode(0o700).create(&path)?;
            let own = match File::open(&path) {
                Ok(own) => own,
                // Somebody found it before it was held.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let lock = match own.try_lock() {
                Ok(()) => Some(own),
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(_)) => None,
            };
            // Held, and not removed between: from here on nobody else may.
            if let Ok(made) = fs::symlink_metadata(&path) {
                remove_left_behind(parent, &made);
                return Ok(Self { path, _lock: lock });
            }
        }
        Err(io::Error::other("others remove every new folder"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What stays is a copy of what the nodes have, for this user alone; the next one removes it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn random() -> io::Result<u64> {
    let mut random = [0; 8];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(u64::from_ne_bytes(random))
}

/// Those of the same user as this one; what cannot be looked at or removed stays.
fn remove_left_behind(parent: &Path, own: &Metadata) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME))
            && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == own.uid());
        let Some(folder) = is_ours.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        // Held while it is removed: who has just made it sees that it is lost.
        if folder.try_lock().is_ok() {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => {
                    tracing::info!(folder = %entry.path().display(), "copies of a process that is gone are removed")
                }
                Err(error) => {
                    tracing::warn!(folder = %entry.path().display(), %error, "copies of a process that is gone stay")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removed with it.
    struct Parent(PathBuf);

    impl Parent {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("oig-temporary-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("the temporary folder can be written");
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("read").map(|entry| entry.expect("read").file_name());
            let mut names: Vec<_> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
            names.sort();
            names
        }
    }

    impl Drop for Parent {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn name(of: &Temporary) -> String {
        of.path().file_name().and_then(|name| name.to_str()).expect("a name").to_owned()
    }

    #[test]
    fn what_a_killed_process_left_behind_is_removed_and_nothing_else() {
        let parent = Parent::new("left");
        let left = parent.0.join(format!("{NAME}0123456789abcdef"));
        fs::create_dir(&left).expect("made");
        fs::write(left.join("forms.db"), "rows").expect("written");
        fs::create_dir(parent.0.join("another")).expect("made");
        fs::write(parent.0.join(format!("{NAME}no-folder")), "").expect("written");
        let elsewhere = Parent::new("elsewhere");
        std::os::unix::fs::symlink(&elsewhere.0, parent.0.join(format!("{NAME}no-link"))).expect("made");
        let living = Temporary::within(&parent.0).expect("made");
        let second = Temporary::within(&parent.0).expect("made");
        let mut expected = vec!["another".into(), format!("{NAME}no-folder"), format!("{NAME}no-link")];
        expected.extend([name(&living), name(&second)]);
        expected.sort();
        assert_eq!(parent.names(), expected);
        assert!(elsewhere.0.exists(), "a link leads nowhere");
        expected.retain(|kept| *kept != name(&living) && *kept != name(&second));
        drop((living, second));
        assert_eq!(parent.names(), expected, "each goes with its owner");
    }

    #[test]
    fn many_that_begin_at_once_have_a_folder_each() {
        let parent = Parent::new("many");
        let made: Vec<Temporary> = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..16).map(|_| scope.spawn(|| Temporary::within(&parent.0).expect("made"))).collect();
            begun.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        let mut names: Vec<_> = made.iter().map(name).collect();
        names.sort();
        assert_eq!(parent.names(), names);
    }
}
