//! `oig serve`: the gateway.

use std::path::PathBuf;

use clap::Args;

use super::in_system;
use crate::app;
use crate::connect::NodeConnect;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The settings file (TOML). Every key can be overridden by the environment:
    /// `OIG_HTTP__LISTEN=0.0.0.0:8080` is `http.listen`.
    #[arg(short, long, default_value = "oig.toml", env = "OIG_SETTINGS_FILE")]
    settings: PathBuf,
    /// Only read and check the settings.
    #[arg(long)]
    check: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.settings)?;
        if self.check {
            NodeConnect::load(&settings.nodes)?;
            settings.tls.load()?;
            println!(
                "{}: {} nodes, {} applications, no faults",
                self.settings.display(),
                settings.nodes.len(),
                settings.applications.len()
            );
            return Ok(());
        }
        in_system(&settings.log.clone(), async move {
            let running = app::start(&settings)?;
            app::asked_to_stop().await?;
            running.stop().await;
            Ok(())
        })
    }
}
