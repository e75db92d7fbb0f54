//! `oig secret`: a password's hash for the settings file.

use std::io::{BufRead, stdin};

use clap::Args;
use secrecy::SecretString;

use crate::admission::hash_secret;

#[derive(Debug, Args)]
pub(super) struct Secret {}

impl Secret {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut line = String::new();
        stdin().lock().read_line(&mut line)?;
        let text = line.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(!text.is_empty(), "the password is empty");
        let hash = hash_secret(&SecretString::from(text)).map_err(|e| anyhow::anyhow!("cannot be hashed: {e}"))?;
        println!("{hash}");
        Ok(())
    }
}
