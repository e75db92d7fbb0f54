//! Data access by REST: which databases there are, their views and columns, rows of a view, and SQL over them.
//!
//! Whoever has a session reads; what is visible goes by its service. Statements are read and bounded by `schemas::data::sql`
//! and run by `data::store`; no statement and no value reaches a log.

mod databases;
mod rows;
mod statement;
mod triggers;

use std::collections::BTreeMap;
use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use actors::cluster::NodeSettings;
use actors::refusal;
use actors::session_supervisor::SessionRef;
use actors::standing::Service as Standing;
use schemas::contract::{OperationRow, Service, operation};
use schemas::data::sql::Scope;
use schemas::domain::Ceid;
use serde_json::{Value, json};

use super::{credentials, faulted, other_method, start};
use crate::data::Data;
use crate::data::store::{SelectError, Store};
use crate::http::operation::No;
use crate::http::{Gateway, Shared};
use schemas::fault::{Fault, Ground};
use schemas::rest::JsonFault;

/// The resources, those with shorter paths last.
pub(super) fn routes(config: &mut web::ServiceConfig, base: &str) {
    let get = |path: &str, route: actix_web::Route| {
        web::resource(format!("{base}{path}"))
            .route(route)
            .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "GET, OPTIONS") }))
    };
    config
        .service(get("/databases", web::get().to(databases::databases)))
        .service(get("/databases/views", web::get().to(databases::views)))
        .service(get("/databases/views/columns", web::get().to(databases::columns)))
        .service(get("/databases/views/rows", web::get().to(rows::rows)))
        .service(get("/databases/views/events", web::get().to(triggers::told)))
        .service(
            web::resource(format!("{base}/databases/views/triggers"))
                .route(web::post().to(triggers::create))
                .route(web::delete().to(triggers::remove))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "POST, DELETE, OPTIONS") })),
        )
        .service(
            web::resource(format!("{base}/databases/sql"))
                .route(web::get().to(statement::select))
                .route(web::post().to(statement::insert))
                .route(web::put().to(statement::update))
                .route(web::delete().to(statement::delete))
                .default_service(web::to(|r: HttpRequest| async move {
                    other_method(&r, "GET, POST, PUT, DELETE, OPTIONS")
                })),
        );
}

/// What a request is answered with instead of what it wants.
type Refused = Box<HttpResponse>;
type Answer<T> = Result<T, Refused>;

/// Of which node, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Node(Ceid),
    Cluster,
}

impl Database {
    fn ceid(self) -> Option<Ceid> {
        if let Self::Node(ceid) = self { Some(ceid) } else { None }
    }
}

/// A session that asks for data.
struct Visit<'a> {
    request: &'a HttpRequest,
    gateway: &'a Gateway,
    data: Data,
    advanced: bool,
    query: BTreeMap<String, String>,
}

/// Whose operation of SOAP asks for the same right.
fn reads() -> &'static OperationRow {
    operation(Service::DataAccessService, "getAllTuples").expect("the contract has it")
}

fn writes() -> &'static OperationRow {
    operation(Service::DataAccessService, "updateTuple").expect("the contract has it")
}

const NO_SESSION: &str = "The session is not known or has ended.";

impl<'a> Visit<'a> {
    /// Finds the session of a request, and looks whether it may have data.
    async fn begin(
        request: &'a HttpRequest,
        gateway: &'a Shared,
        right: &'static OperationRow,
    ) -> Answer<(Self, SessionRef)> {
        let gateway: &Gateway = gateway;
        let caller = gateway.ways.caller(request);
        if !gateway.ways.are_open_to(caller) {
            return Err(faulted(request, Fault::InClear, None).into());
        }
        // Whatever names none is no session, also what is no number.
        let named = credentials::session(request).map_err(|text| told(request, 401, text))?;
        let named = named.ok_or_else(|| told(request, 401, NO_SESSION))?;
        let session = gateway.session(caller.ip, named, right).await.map_err(|refused| {
            let refused = match refused {
                refusal::Refused::NeedsAdvanced(_) => {
                    No::because(Ground::NotPermitted, "Changes of data need Advanced service.")
                }
                other => No::from(other),
            };
            told(request, refused.ground.status(), &refused.text)
        })?;
        metrics::counter!("oig_requests_total", "operation" => "data", "result" => "true").increment(1);
        let unavailable = || told(request, Ground::Unavailable.status(), "This gateway keeps no data of nodes.");
        let data = gateway.data.clone().ok_or_else(unavailable)?;
        let advanced = session.standing.service() == Standing::Advanced;
        let mut query = BTreeMap::new();
        for (name, value) in credentials::query(request.query_string()) {
            if name != "sessionId" && query.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(told(request, 400, "A parameter is given twice."));
            }
        }
        Ok((Self { request, gateway, data, advanced, query }, session))
    }

    fn store(&self) -> &Store {
        &self.data.store
    }

    /// A refusal of what was asked.
    fn refuse(&self, status: u16, text: &str) -> Refused {
        told(self.request, status, text)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The nodes whose forms are followed, or came by files, by number.
    fn nodes(&self) -> Vec<NodeSettings> {
        let mut nodes = self.gateway.tree.env.cluster.settings();
        nodes.retain(|node| self.data.followers.standings().of(node.ceid).is_some());
        nodes.sort_by_key(|node| node.ceid);
        nodes
    }

    /// The database of this name: a node's address, or `cluster`.
    fn named(&self, name: &str) -> Answer<Database> {
        if name == "cluster" {
            return Ok(Database::Cluster);
        }
        let node = name.parse::<IpAddr>().ok().and_then(|ip| self.nodes().into_iter().find(|node| node.address == ip));
        let unknown = || self.refuse(Ground::Unknown.status(), "There is no such database.");
        node.map(|node| Database::Node(node.ceid)).ok_or_else(unknown)
    }

    /// The database that the request names.
    fn database(&self) -> Answer<Database> {
        match self.parameter("database") {
            Some(name) => self.named(name),
            None => Err(self.refuse(400, "The parameter database is missing.")),
        }
    }

    fn scope(&self, database: Database) -> Scope {
        Scope { cluster: database == Database::Cluster, advanced: self.advanced }
    }

    fn failed(&self, error: &SelectError) -> Refused {
        let (status, text) = match error {
            SelectError::TooSlow | SelectError::TooMuch => (422, sentence(error)),
            SelectError::Busy => (503, "The database is busy; try again later.".into()),
            SelectError::Storage(error) => {
                // Its words are about the database, not about what was asked.
                tracing::warn!(%error, "data could not be read");
                (503, "The data cannot be read now; try again later.".into())
            }
        };
        self.refuse(status, &text)
    }
}

fn told(request: &HttpRequest, status: u16, text: &str) -> Refused {
    super::told(request, status, text).into()
}

/// A reason as a sentence.
fn sentence(reason: impl std::fmt::Display) -> String {
    let text = reason.to_string();
    let mut characters = text.trim_end_matches('.').chars();
    let begun: String =
        characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default();
    format!("{begun}.")
}

/// A body that is an object of this form: a list of its values would do for serde.
fn parsed<T: serde::de::DeserializeOwned>(request: &HttpRequest, bytes: &[u8]) -> Answer<T> {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let parsed = is_object.then(|| serde_json::from_slice(bytes).ok()).flatten();
    parsed.ok_or_else(|| faulted(request, Fault::BadJson(JsonFault::Malformed), None).into())
}

fn reply(value: &Value) -> HttpResponse {
    start(200, false).body(value.to_string())
}

/// A time, or another number of 64 bits, as all of REST says them.
fn long(number: i64) -> Value {
    json!(number.to_string())
}
