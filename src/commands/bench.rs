//! `oig bench`: measures this gateway on this machine.

use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Bench {}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("not yet")
    }
}
