//! Options of simulated nodes for numbers that show at buttons of several sets.

use anyhow::Context as _;
use clap::Args;

use crate::sim::plan::{Plan, Sharing, Shows};

#[derive(Debug, Clone, Default, Args)]
pub struct SharedLines {
    /// A key line: its number, and the buttons at which it shows, as in `1600=1012/3,1013/3` (set and button). One call at
    /// a time, which any of them takes back from hold. Can be given several times.
    #[arg(long = "key-line", value_name = "NUMBER=SET/BUTTON,…")]
    pub key_lines: Vec<Shows>,
    /// A multicall group, in the same form: each button may have a call of its own. Can be given several times.
    #[arg(long = "multicall-line", value_name = "NUMBER=SET/BUTTON,…")]
    pub multicall_lines: Vec<Shows>,
}

impl SharedLines {
    /// Adds those that `here` says are the plan's.
    ///
    /// # Errors
    /// Which option cannot be done, and why.
    pub fn add_to(&self, plan: &mut Plan, here: impl Fn(&Plan, &Shows) -> bool) -> anyhow::Result<()> {
        let kinds = [
            ("--key-line", &self.key_lines, Sharing::Key),
            ("--multicall-line", &self.multicall_lines, Sharing::Multicall),
        ];
        for (option, lines, sharing) in kinds {
            for shows in lines {
                if here(plan, shows) {
                    plan.share(shows.clone(), sharing).with_context(|| format!("{option} {shows}"))?;
                }
            }
        }
        Ok(())
    }

    /// Every number, with its option.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Shows)> {
        let keys = self.key_lines.iter().map(|shows| ("--key-line", shows));
        keys.chain(self.multicall_lines.iter().map(|shows| ("--multicall-line", shows)))
    }
}
