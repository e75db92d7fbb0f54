//! A backup of the database.

use super::call::Call;
use super::endpoint::{Body, Download, Media};
use super::problem::Problem;
use crate::admin::work::backups::{self, NewBackup};

/// What is sealed.
pub(super) struct Sealed;

impl Media for Sealed {
    const KIND: &'static str = "application/octet-stream";
    const NAME: &'static str = "oig.backup";
}

pub(super) async fn make(call: Call, Body(new): Body<NewBackup>) -> Result<Download<Sealed>, Problem> {
    Ok(Download::of(backups::make(&call.admin, new, call.by()?).await?))
}
