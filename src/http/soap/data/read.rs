//! Reading tuples: all, one after the other, or those that a search finds.

use schemas::contract::da::{SearchResult, Tuples};
use schemas::contract::ops_data_access::{
    GetAllTuples, GetFirstTuple, GetNextTuple, SearchFirstNTuples, SearchNextNTuples,
};
use schemas::data::sql::{Page, Scope, Select};
use schemas::data::{Form, Key, Row, Value};
use schemas::domain::Ceid;
use schemas::fault::Ground;

use super::{Context, Given, No, Operation, Result, Visit, number, place, search, tuple};
use crate::data::store::{Cell, SelectError};

/// Tuples of one reply.
const MOST: u32 = 5_000;

impl Visit {
    /// Rows of a table that a condition is true of, after a place, so many at most; in the order of nodes and keys.
    async fn rows(
        &self,
        form: &'static Form,
        condition: Option<String>,
        after: Option<(Ceid, Key)>,
        most: u32,
    ) -> std::result::Result<Vec<(Ceid, Row)>, No> {
        let after = after.map(|after| search::after(form, &after));
        let all: Vec<String> = condition.into_iter().chain(after).collect();
        let condition = (!all.is_empty()).then(|| all.join(" AND "));
        let scope = Scope { cluster: true, advanced: self.advanced };
        let select = Select::of_view(form, None, condition.as_deref(), &[], scope);
        let select = select.map_err(|fault| No::from(format!("The search cannot be done: {fault}.")))?;
        let kinds = select.columns().iter().map(|column| column.kind).collect();
        let rendered = select.render(self.data.store.dialect(), None, Page { offset: 0, rows: most });
        let rows = self.data.store.select(rendered, kinds).await.map_err(|error| match error {
            SelectError::TooSlow | SelectError::TooMuch => No::because(Ground::TooMany, format!("{error}.")),
            SelectError::Busy => No::because(Ground::Unavailable, "The database is busy; try again later."),
            SelectError::Storage(error) => {
                tracing::warn!(%error, "data could not be read");
                No::because(Ground::Unavailable, "The data cannot be read now; try again later.")
            }
        })?;
        Ok(rows.into_iter().filter_map(row).collect())
    }
}

/// Its first column is the node.
fn row(cells: Vec<Cell>) -> Option<(Ceid, Row)> {
    let mut cells = cells.into_iter();
    let Some(Cell::Integer(ceid)) = cells.next() else { return None };
    let value = |cell| match cell {
        Cell::Null | Cell::Real(_) => Value::Null,
        Cell::Boolean(value) => Value::Boolean(value),
        Cell::Integer(number) => Value::Integer(number),
        Cell::Text(text) => Value::Text(text),
    };
    Some((u16::try_from(ceid).ok().and_then(|ceid| Ceid::new(ceid).ok())?, Row(cells.map(value).collect())))
}

fn found(rows: &[(Ceid, Row)]) -> Given<SearchResult> {
    let tuple = rows.iter().map(|(ceid, row)| tuple(*ceid, row)).collect();
    let tuples = Some(Tuples { tuple, number_of_tuples: number(rows.len()) });
    Given::Reply(SearchResult { error_description: None, tuples, result: true })
}

/// How many are wanted.
fn wanted(n: i32) -> std::result::Result<u32, No> {
    let within = u32::try_from(n).ok().filter(|n| (1..=MOST).contains(n));
    within.ok_or_else(|| format!("n is 1 to {MOST}.").into())
}

impl Operation for GetAllTuples {
    async fn run(self, context: &Context<'_>) -> Result<SearchResult> {
        let visit = context.data(self.session_id).await?;
        let rows = visit.rows(visit.form(self.dei_id)?, None, None, MOST + 1).await?;
        if rows.len() > MOST as usize {
            let text = format!("The table has more than {MOST} tuples; ask for some of them with searchFirstNTuples.");
            return Err(No::because(Ground::TooMany, text));
        }
        Ok(found(&rows))
    }
}

impl Operation for GetFirstTuple {
    async fn run(self, context: &Context<'_>) -> Result<SearchResult> {
        let visit = context.data(self.session_id).await?;
        Ok(found(&visit.rows(visit.form(self.dei_id)?, None, None, 1).await?))
    }
}

impl Operation for GetNextTuple {
    async fn run(self, context: &Context<'_>) -> Result<SearchResult> {
        let visit = context.data(self.session_id).await?;
        let form = visit.form(self.dei_id)?;
        let after = place(form, Some(self.current_tuple))?;
        Ok(found(&visit.rows(form, None, Some(after), 1).await?))
    }
}

impl Operation for SearchFirstNTuples {
    async fn run(self, context: &Context<'_>) -> Result<SearchResult> {
        let request = self.search_request;
        let visit = context.data(request.session_id).await?;
        let form = visit.form(request.dei_id)?;
        let condition = search::condition(form, request.search_condition.as_ref())?;
        Ok(found(&visit.rows(form, condition, None, wanted(request.n)?).await?))
    }
}

impl Operation for SearchNextNTuples {
    async fn run(self, context: &Context<'_>) -> Result<SearchResult> {
        let request = self.search_request;
        let visit = context.data(request.session_id).await?;
        let form = visit.form(request.dei_id)?;
        let condition = search::condition(form, request.search_condition.as_ref())?;
        let after = place(form, request.current_tuple)?;
        Ok(found(&visit.rows(form, condition, Some(after), wanted(request.n)?).await?))
    }
}
