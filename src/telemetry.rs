//! Logs and metrics of the process.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::settings::{Log, LogFormat};

/// Sends logs to standard error. A second call changes nothing (tests start many gateways).
///
/// # Errors
/// When the filter cannot be read.
pub fn logs(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|e| anyhow::anyhow!("log.filter: {e}"))?;
    // Colours for people only: a file or a collector must not find escapes in its lines.
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let begun = match log.format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.try_init().map(|()| Box::new(move |filter| handle.reload(filter).is_ok()) as Refilter)
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.try_init().map(|()| Box::new(move |filter| handle.reload(filter).is_ok()) as Refilter)
        }
    };
    if let Ok(refilter) = begun {
        let _ = REFILTER.set(refilter); // the first of this process, as the logs are
    }
    Ok(())
}

type Refilter = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// Logs are the process's, and so is their filter.
static REFILTER: OnceLock<Refilter> = OnceLock::new();

/// From now on this is logged.
pub fn refilter(filter: &str) {
    if let (Some(refilter), Ok(filter)) = (REFILTER.get(), EnvFilter::try_new(filter)) {
        refilter(filter);
    }
}

/// Whether a text says what is logged.
#[must_use]
pub fn is_filter(text: &str) -> bool {
    !text.is_empty() && EnvFilter::try_new(text).is_ok()
}

/// The process's recorder; `None` when another one is installed already.
#[must_use]
pub fn metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}
