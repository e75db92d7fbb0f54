//! Follows what people change in the database while the gateway runs: settings, applications, nodes and texts of pages. What cannot
//! be read is said once, and once when it can be read again; until then everything stays as it is known.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::applications::Applications;
use crate::live_settings::LiveSettings;
use crate::nodes::Nodes;
use crate::storage::StorageError;
use crate::texts::Texts;

/// Between two looks at the database: what is changed there is valid within so long.
const LOOK: Duration = Duration::from_secs(2);

/// Never ends.
pub(crate) async fn follow(settings: LiveSettings, applications: Applications, nodes: Nodes, texts: Texts) {
    let mut fault: Option<String> = None;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // One that cannot be used keeps none of the others.
        let read = [
            settings.reread().await,
            applications.reread().await.map(drop),
            nodes.reread().await,
            texts.reread().await,
        ];
        let reached = |read: &Result<(), StorageError>| !matches!(read, Err(error) if error.is_away());
        metrics::gauge!("oig_storage_readable").set(f64::from(u8::from(read.iter().all(reached))));
        let now = read.into_iter().find_map(Result::err).map(|error| error.to_string());
        match (&fault, &now) {
            (None, Some(error)) => warn!(error, "THE DATABASE CANNOT BE READ: what it had before stays valid"),
            (Some(_), None) => warn!("the database can be read again"),
            _ => {}
        }
        fault = now;
    }
}
