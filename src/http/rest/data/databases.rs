//! Which databases there are, which views they have, and which columns those have.

use actix_web::{HttpRequest, HttpResponse};
use schemas::data::{Column, FORMS, Form, Kind};
use serde_json::{Value, json};

use super::{Answer, Database, Refused, Visit, long, reads, reply};
use crate::data::follow::{Standing, State};
use crate::http::Shared;

/// GET `/databases`.
pub(super) async fn databases(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let (visit, _) = match Visit::begin(&request, &gateway, reads()).await {
        Ok(visit) => visit,
        Err(refused) => return *refused,
    };
    let standings = visit.data.followers.standings();
    let nodes = visit.nodes();
    let of: Vec<_> = nodes.iter().map(|node| (node, standings.of(node.ceid))).collect();
    let mut all: Vec<Value> = of
        .iter()
        .map(|(node, standing)| {
            let mut one = json!({
                "database": node.address.to_string(), "name": node.name, "element": node.ceid.get(),
                "state": standing.as_ref().map_or(State::Connecting, |standing| standing.state).word(),
            });
            if let Some(at) = standing.as_ref().and_then(|standing| standing.as_of_ms) {
                one["asOf"] = long(at);
            }
            one
        })
        .collect();
    all.push(cluster(&of.into_iter().map(|(_, standing)| standing).collect::<Vec<_>>()));
    reply(&Value::Array(all))
}

/// All nodes together: as current as the one that is least so.
fn cluster(standings: &[Option<Standing>]) -> Value {
    let rank = |state: State| match state {
        State::Away => 0,
        State::Connecting => 1,
        State::Copying => 2,
        State::Imported => 3,
        State::Current => 4,
    };
    let state = |standing: &Option<Standing>| standing.as_ref().map_or(State::Connecting, |standing| standing.state);
    let least = standings.iter().map(state).min_by_key(|state| rank(*state)).unwrap_or(State::Current);
    let mut all = json!({ "database": "cluster", "name": "All nodes", "state": least.word() });
    let times: Option<Vec<i64>> = standings.iter().map(|standing| standing.as_ref()?.as_of_ms).collect();
    if let Some(oldest) = times.and_then(|times| times.into_iter().min()) {
        all["asOf"] = long(oldest);
    }
    all
}

/// GET `/databases/views`.
pub(super) async fn views(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, _) = Visit::begin(&request, &gateway, reads()).await?;
        let database = visit.database()?;
        let nodes = match database {
            Database::Node(ceid) => vec![ceid],
            Database::Cluster => visit.nodes().iter().map(|node| node.ceid).collect(),
        };
        let mut stands = Vec::with_capacity(nodes.len());
        for ceid in nodes {
            let stand = visit.store().stand(ceid).await.map_err(|error| visit.failed(&error.into()))?;
            stands.extend(stand.into_iter().flat_map(|stand| stand.forms));
        }
        let rows = |form: &Form| stands.iter().filter(|s| s.form == form).map(|s| s.digest.rows).sum::<u64>();
        let shown = FORMS.iter().filter(|form| form.standard || visit.advanced);
        let views = shown.map(|form| json!({ "view": form.name, "description": form.title, "rows": rows(form) }));
        Ok(reply(&Value::Array(views.collect())))
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

/// GET `/databases/views/columns`.
pub(super) async fn columns(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, _) = Visit::begin(&request, &gateway, reads()).await?;
        let database = visit.database()?;
        let form = visit.form()?;
        let element = (database == Database::Cluster).then(|| {
            json!({
                "column": "element", "type": "integer", "size": 3, "key": true, "required": true,
                "description": "Node that the row is of, by its number.", "min": 1, "max": 999,
            })
        });
        Ok(reply(&Value::Array(element.into_iter().chain(form.columns.iter().map(described)).collect())))
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

impl Visit<'_> {
    /// The view that the request names, if the session may see it.
    pub(super) fn form(&self) -> Answer<&'static Form> {
        let name = self.parameter("view").ok_or_else(|| self.refuse(400, "The parameter view is missing."))?;
        self.view(name)
    }
}

/// A column; its size is that of the longest text, of a number that of its digits.
fn described(column: &Column) -> Value {
    let mut told = json!({
        "column": column.name, "key": column.key, "required": column.required, "description": column.description,
    });
    match column.kind {
        Kind::Boolean => (told["type"], told["size"]) = ("boolean".into(), 1.into()),
        Kind::Integer { min, max } => {
            (told["type"], told["size"]) = ("integer".into(), max.to_string().len().into());
            (told["min"], told["max"]) = (min.into(), max.into());
        }
        Kind::Text { max } => (told["type"], told["size"]) = ("text".into(), max.into()),
        Kind::Word(words) => {
            let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
            (told["type"], told["size"]) = ("text".into(), longest.into());
            told["values"] = words.into();
        }
    }
    told
}
