//! The copies of the nodes' forms, and forms as files. Their rows are read by applications, with their own interface.

use super::call::Call;
use super::endpoint::{Asked, Done, Download, Json, Media, Upload};
use super::nodes::{Number, Which, ceid};
use super::page::{Limit, Page};
use super::problem::Problem;
use super::users::How;
use crate::admin::work::data::{self, NodeCopy};
use crate::admin::work::forms::{self, FormImport};
use crate::data::import::Progress;

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<NodeCopy>>, Problem> {
    let after = which.after.map_or(0, |Number(after)| after);
    let (items, more) = data::some(call.running()?, after, Limit::of(which.limit)).await?;
    let next = items.last().filter(|_| more).map(|last| last.ceid.to_string());
    Ok(Json(Page { items, next }))
}

pub(super) async fn copy(call: Call, (): ()) -> Result<Done, Problem> {
    data::copy(call.running()?, ceid(&call)?, call.by()?).await?;
    Ok(Done)
}

pub(super) async fn compare(call: Call, (): ()) -> Result<Done, Problem> {
    data::compare(call.running()?, ceid(&call)?, call.by()?).await?;
    Ok(Done)
}

pub(super) async fn export(call: Call, (): ()) -> Result<Download<FormFile>, Problem> {
    let form = forms::form(call.part("form"))?;
    Ok(Download::of(forms::export(call.running()?, ceid(&call)?, form).await?))
}

pub(super) async fn import(call: Call, Upload(how, file): Upload<How, FormFile>) -> Result<Json<FormImport>, Problem> {
    let (form, running, progress) = (forms::form(call.part("form"))?, call.running()?, Progress::default());
    let plan = forms::plan(running, ceid(&call)?, form, file.into_bytes(), &progress).await?;
    if how.dry_run {
        return Ok(Json(FormImport::of(&plan)));
    }
    Ok(Json(forms::import(running, &plan, &progress, call.by()?).await?))
}

/// A form as comma separated values.
pub(super) struct FormFile;

impl Media for FormFile {
    const KIND: &'static str = "text/csv";
    const NAME: &'static str = "form.csv";
    const EXAMPLE: &'static str = "number,name,one_busy_all_busy\n1000,\"Major, Mary\",no\n";
}
