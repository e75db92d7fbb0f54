//! Rows of a view, or of a statement: a page at a time, with what names the next one, and an `ETag`.
//!
//! A page is as the data is when it is read: who reads page after page while rows come and go may miss some or see them twice.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use schemas::data::sql::{Page, Select};
use serde_json::{Value, json};

use super::{Answer, Database, Refused, Visit, reads, sentence, start};
use crate::data::store::Cell;
use crate::http::Shared;

/// Rows of a page, at most and unless another number is asked for.
const MOST: u32 = 10_000;
const USUAL: u32 = 1_000;
/// Whole numbers that every reader of JSON holds.
const EXACT: i64 = 1 << 53;

/// GET `/databases/views/rows`: `columns=a,b`, `where=`, `sort=a,-b`.
pub(super) async fn rows(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, _) = Visit::begin(&request, &gateway, reads()).await?;
        let database = visit.database()?;
        let form = visit.form()?;
        let columns: Option<Vec<&str>> = visit.parameter("columns").map(|names| names.split(',').collect());
        let sort: Vec<(&str, bool)> = visit
            .parameter("sort")
            .map(|names| names.split(',').map(|name| (name.trim_start_matches('-'), name.starts_with('-'))).collect())
            .unwrap_or_default();
        let select = Select::of_view(form, columns.as_deref(), visit.parameter("where"), &sort, visit.scope(database));
        let select = select.map_err(|fault| visit.refuse(400, &sentence(fault)))?;
        visit.page_of(&select, database).await
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

impl Visit<'_> {
    fn number<T: std::str::FromStr>(&self, name: &str, text: &str) -> Answer<T> {
        text.parse().map_err(|_| self.refuse(400, &format!("The parameter {name} is not what it should be.")))
    }

    /// The page that the request wants of what a statement selects.
    pub(super) async fn page_of(&self, select: &Select, database: Database) -> Answer<HttpResponse> {
        let wanted = self.parameter("rows").map(|text| self.number("rows", text)).transpose()?.unwrap_or(USUAL);
        if !(1..=MOST).contains(&wanted) {
            return Err(self.refuse(400, &format!("The parameter rows is 1 to {MOST}.")));
        }
        let offset: u64 = self.parameter("next").map(|text| self.number("next", text)).transpose()?.unwrap_or(0);
        let tag = self.tag(select, database, offset, wanted).await?;
        if let Some(tag) = &tag
            && self.request.headers().get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| names(v, tag))
        {
            return Ok(HttpResponse::NotModified().insert_header((ETAG, tag.clone())).finish());
        }
        // One more says whether more follow.
        let page = Page { offset, rows: wanted + 1 };
        let rendered = select.render(self.store().dialect(), database.ceid().map(|ceid| ceid.get()), page);
        let kinds = select.columns().iter().map(|column| column.kind).collect();
        let mut rows = self.store().select(rendered, kinds).await.map_err(|error| self.failed(&error))?;
        let more = rows.len() > wanted as usize;
        rows.truncate(wanted as usize);
        let names: Vec<&str> = select.columns().iter().map(|column| column.name.as_str()).collect();
        let rows: Vec<Vec<Value>> = rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
        let mut told = json!({ "columns": names, "rows": rows, "more": more });
        if more {
            told["next"] = (offset + u64::from(wanted)).to_string().into();
        }
        let mut response = start(200, false);
        if let Some(tag) = tag {
            response.insert_header((ETAG, tag));
        }
        Ok(response.body(told.to_string()))
    }

    /// Changes when a row of the forms does that are read, or when something else is asked; none while a form is being copied.
    async fn tag(&self, select: &Select, database: Database, offset: u64, rows: u32) -> Answer<Option<String>> {
        use ring::digest::{Context, SHA256};
        let nodes = match database {
            Database::Node(ceid) => vec![ceid],
            Database::Cluster => self.nodes().iter().map(|node| node.ceid).collect(),
        };
        let mut hash = Context::new(&SHA256);
        for ceid in nodes {
            let stand = self.store().stand(ceid).await.map_err(|error| self.failed(&error.into()))?;
            for stand in stand.into_iter().flat_map(|stand| stand.forms).filter(|s| select.forms().contains(&s.form)) {
                if stand.whole != crate::data::store::Whole::Yes {
                    return Ok(None);
                }
                let of_form = format!("{ceid} {} {} {:x}\n", stand.form.name, stand.digest.rows, stand.digest.sum());
                hash.update(of_form.as_bytes());
            }
        }
        let rendered =
            select.render(self.store().dialect(), database.ceid().map(|ceid| ceid.get()), Page { offset, rows });
        hash.update(rendered.sql.as_bytes());
        hash.update(format!("{:?}", rendered.binds).as_bytes());
        hash.update(format!("{:?}", select.columns()).as_bytes());
        let hash = hash.finish();
        let hex: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(format!("\"{hex}\"")))
    }
}

/// Whether If-None-Match names a tag.
fn names(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => value.into(),
        Cell::Integer(number) if (-EXACT..=EXACT).contains(&number) => number.into(),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Real(number) => number.into(),
        Cell::Text(text) => text.into(),
    }
}
