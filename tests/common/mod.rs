//! What the tests of the whole gateway share: processes, applications, raw HTTP, and waiting.
//!
//! Every test starts its own processes on free ports; they are killed when it ends, however it
//! ends. Nothing here sleeps to synchronise: [`eventually`] looks again until its patience is over.

pub mod advanced;
pub mod app;
pub mod chaos;
pub mod clock;
pub mod cluster;
pub mod handler;
pub mod handling;
pub mod hands;
pub mod http;
pub mod process;
pub mod rest;
pub mod scripted;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long anything may take that takes milliseconds on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Looks again and again until there is something; fails the test when `patience` is over.
pub async fn within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// [`within`] the common patience.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// A number that no other test of this machine is likely to have now.
pub fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::process::id().wrapping_mul(251).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A folder of its own for a test, gone when the test ends.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("oig-test-{}-{}", std::process::id(), unique()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
