//! How fast the monitors of a node are restored after its return, by what it says of itself. Pure.

use std::time::Duration;

use schemas::csta::message::SystemStatus;

use crate::load::Load;
use crate::policy;

/// Monitors in one go, and the pause before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) batch: usize,
    pub(super) pause: Duration,
}

/// The one decision. `None` is a node that has said nothing of itself.
pub(super) fn pace(status: Option<SystemStatus>) -> Pace {
    match status.map(Load::from).unwrap_or_default() {
        Load::Usual => Pace { batch: policy::RESTORE_BATCH, pause: policy::RESTORE_PAUSE },
        Load::Near => Pace { batch: policy::RESTORE_BATCH, pause: policy::RESTORE_PAUSE_LOADED },
        Load::Over => Pace { batch: policy::RESTORE_BATCH_OVERLOADED, pause: policy::RESTORE_PAUSE_OVERLOADED },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_in_trouble_is_restored_more_slowly() {
        for (status, a_second) in [
            (None, 500),
            (Some(SystemStatus::Normal), 500),
            (Some(SystemStatus::OverloadImminent), 100),
            (Some(SystemStatus::OverloadReached), 10),
            (Some(SystemStatus::OverloadRelieved), 500),
            (Some(SystemStatus::MessagesLost), 500),
        ] {
            let Pace { batch, pause } = pace(status);
            assert_eq!(batch as u128 * 1_000 / pause.as_millis(), a_second, "{status:?}");
        }
    }
}
