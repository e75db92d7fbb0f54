//! A wall clock of its own for a process, that can be put forward or back while it runs: libfaketime, which the scripts
//! install. What the process measures time spans by (the monotonic clock) is left alone, as when an operator or NTP sets
//! the clock of a machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Folder;

/// Where Debian has it, on any architecture.
const LIBRARIES: &str = "/usr/lib";

#[derive(Debug)]
pub struct WallClock {
    folder: Folder,
    ahead_ms: AtomicI64,
}

impl WallClock {
    /// One that is right.
    pub fn new() -> Self {
        let clock = Self { folder: Folder::new(), ahead_ms: AtomicI64::new(0) };
        clock.set(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ahead")
    }

    /// How far it is ahead of the machine's.
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Acquire)
    }

    /// Puts it so far ahead of the machine's clock, or behind it.
    pub fn set(&self, ahead_ms: i64) {
        let part = self.folder.path().join("part");
        let (sign, ms) = (if ahead_ms < 0 { '-' } else { '+' }, ahead_ms.unsigned_abs());
        // Renamed: the process reads it at each look at the clock.
        fs::write(&part, format!("{sign}{}.{:03}\n", ms / 1000, ms % 1000)).expect("the test's folder can be written");
        fs::rename(part, self.file()).expect("the test's folder can be written");
        self.ahead_ms.store(ahead_ms, Ordering::Release);
    }

    /// The command's process has this clock.
    pub fn rule(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

fn library() -> PathBuf {
    let name = Path::new("faketime/libfaketimeMT.so.1");
    let folders = fs::read_dir(LIBRARIES).expect("the machine has libraries");
    let found = folders.flatten().map(|folder| folder.path().join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no {} below {LIBRARIES}: scripts/test installs it", name.display()))
}
