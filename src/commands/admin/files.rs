//! Files that people send and take.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

/// What is in a file, and one byte more than there may be: one that is too large is said to be, however large it is.
pub(super) fn read(file: &Path, largest: usize) -> anyhow::Result<Vec<u8>> {
    let named = || file.display().to_string();
    let mut bytes = Vec::new();
    File::open(file).with_context(named)?.take(largest as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
    Ok(bytes)
}
