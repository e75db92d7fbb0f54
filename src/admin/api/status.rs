//! What the gateway does now.

use super::call::Call;
use super::endpoint::Json;
use super::problem::Problem;
use crate::admin::work::status::{self, Status};
use crate::storage::change::now_ms;

pub(super) async fn now(call: Call, (): ()) -> Result<Json<Status>, Problem> {
    Ok(Json(status::now(call.running()?, now_ms())))
}
