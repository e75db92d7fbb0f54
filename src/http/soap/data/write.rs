//! Changing tuples: done by the node that has them, and answered when it has confirmed it.

use schemas::contract::da::{Outcome, UpdateTupleResult};
use schemas::contract::ops_data_access::{DeleteTuple, InsertTuple, UpdateTuple};
use schemas::data::sync::Wanted;
use schemas::data::{Form, Row};
use schemas::domain::Ceid;
use schemas::fault::Ground;

use super::{Context, Given, No, Operation, Result, Visit, done, row, tuple};
use crate::http::data_words::not_written;

fn alone(distribution_only: bool) -> std::result::Result<(), No> {
    match distribution_only {
        false => Ok(()),
        true => Err(No::because(
            Ground::NotSupported,
            "distributionOnly is not supported: the node that has a tuple changes it.",
        )),
    }
}

impl Visit {
    async fn write(&self, ceid: Ceid, form: &'static Form, wanted: Wanted) -> std::result::Result<(), No> {
        self.data.write(ceid, form, &wanted).await.map_err(|fault| {
            let (ground, text) = not_written(&fault);
            No::because(ground.unwrap_or(Ground::State), text)
        })
    }
}

fn written(ceid: Ceid, row: &Row) -> Given<UpdateTupleResult> {
    Given::Reply(UpdateTupleResult { error_description: None, ret_tuple: Some(tuple(ceid, row)), result: true })
}

impl Operation for InsertTuple {
    async fn run(self, context: &Context<'_>) -> Result<UpdateTupleResult> {
        let request = self.insert_tuple_request;
        let visit = context.data(request.session_id).await?;
        let form = visit.form(request.dei_id)?;
        alone(request.distribution_only)?;
        let (ceid, after) = row(form, request.new_tuple)?;
        visit.write(ceid, form, Wanted { before: None, after: Some(after.clone()) }).await?;
        Ok(written(ceid, &after))
    }
}

impl Operation for UpdateTuple {
    async fn run(self, context: &Context<'_>) -> Result<UpdateTupleResult> {
        let request = self.update_tuple_request;
        let visit = context.data(request.session_id).await?;
        let form = visit.form(request.dei_id)?;
        alone(request.distribution_only)?;
        let (ceid, before) = row(form, request.old_tuple)?;
        let (same, after) = row(form, request.new_tuple)?;
        if same != ceid || form.key(&before) != form.key(&after) {
            return Err("What names a tuple does not change: its node and its key.".into());
        }
        visit.write(ceid, form, Wanted { before: Some(before), after: Some(after.clone()) }).await?;
        Ok(written(ceid, &after))
    }
}

impl Operation for DeleteTuple {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let request = self.delete_tuple_request;
        let visit = context.data(request.session_id).await?;
        let form = visit.form(request.dei_id)?;
        alone(request.distribution_only)?;
        let (ceid, before) = row(form, request.tuple)?;
        visit.write(ceid, form, Wanted { before: Some(before), after: None }).await?;
        Ok(done())
    }
}
