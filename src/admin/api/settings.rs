//! The settings that people change.

use super::call::Call;
use super::endpoint::{ChangeTo, Tagged};
use super::problem::Problem;
use crate::admin::work::settings::{self, Settings, SettingsChange};

pub(super) async fn all(call: Call, (): ()) -> Result<Tagged<Settings>, Problem> {
    let all = settings::all(call.running()?).await?;
    Ok(Tagged(all.version, all))
}

pub(super) async fn change(
    call: Call,
    ChangeTo(seen, SettingsChange(wanted)): ChangeTo<SettingsChange>,
) -> Result<Tagged<Settings>, Problem> {
    let all = settings::change(call.running()?, seen, wanted, call.by()?).await?;
    Ok(Tagged(all.version, all))
}
