//! Logs and metrics of the process.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, OnceLock, PoisonError};

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
    let colours = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Tee).with_ansi(colours);
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

/// Lines of the log that are kept for a support bundle, and characters of one.
const RECENT: usize = 2000;
const LONGEST_LINE: usize = 1000;

/// The newest lines, as the logs are the process's.
static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The newest lines of the log, the oldest first.
#[must_use]
pub fn recent() -> Vec<String> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// Standard error, and the newest lines in memory.
#[derive(Debug, Clone, Copy)]
struct Tee;

impl io::Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line: String = text.trim_end().chars().take(LONGEST_LINE).collect();
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= RECENT {
            lines.pop_front();
        }
        lines.push_back(line);
        drop(lines);
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Tee {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
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
