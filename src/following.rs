//! Looks at something outside again and again, and says once when it cannot be read, and once when it can again.
//!
//! For what in the database a running gateway follows: applications and nodes.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

/// Between two looks at the database: what is changed there is valid within so long.
const LOOK: Duration = Duration::from_secs(2);

/// Never ends. `look` reads what there is, and gives why it could not; then everything stays as it is known.
pub(crate) async fn follow(what: &'static str, look: impl AsyncFn() -> Result<(), String>) {
    let mut fault: Option<String> = None;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = look().await.err();
        if fault != now {
            match &now {
                Some(error) => warn!(error, "THE {what} OF THE DATABASE CANNOT BE READ: they stay as they are known"),
                None => warn!("the {what} of the database can be read again"),
            }
        }
        fault = now;
    }
}
