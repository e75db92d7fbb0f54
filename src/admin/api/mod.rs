//! The administration for programs: JSON under `/admin/api/v1`, with bearer tokens. What can be asked for is one table
//! (`table`); routes, the check of what a token may, and the OpenAPI document are made of it. What is done is in
//! `work`.
//!
//! No cookie counts here, so no page elsewhere can make a browser use it. Every refusal is a problem of RFC 9457.

mod accounts;
mod applications;
mod backups;
mod bearer;
mod call;
mod certificates;
mod data;
mod document;
mod documents;
mod endpoint;
mod log;
mod nodes;
mod page;
mod problem;
mod record;
mod sessions;
mod settings;
mod status;
mod support;
mod texts;
mod tokens;
mod users;

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use tokio::sync::OwnedSemaphorePermit;

use self::call::Sent;
use self::endpoint::{Access, Endpoint, delete, get, patch, post, put};
pub use self::page::Page;
use self::problem::Problem;
pub use self::problem::ProblemDetails;
pub use self::tokens::OwnToken;
use super::scope::Scope;
use super::{Admin, LARGEST_FORM_FILE};
use crate::http::caller::Caller;
use crate::web::{LARGEST_FORM, SLOWEST_FORM, SLOWEST_UPLOAD, WebFault, guard};

/// Where it is.
pub const BASE: &str = "/admin/api/v1";

/// Everything that can be asked for. A line is a method, a path, the scope, what it does, and a function, whose types
/// say what it takes and gives.
#[rustfmt::skip]
fn table() -> Vec<Endpoint> {
    use Scope::*;
    vec![
        get("/openapi.json", Access::Anybody, "This document.", document::served),
        get("/token", Access::AnyToken, "The token itself, and what it may do now.", tokens::own),
        get("/status", StatusRead, "What the gateway does now.", status::now),
        get("/applications", ApplicationsRead, "List the applications, the oldest first.", applications::some),
        post("/applications", ApplicationsWrite, "Let another application enter.", applications::add),
        get("/applications/{id}", ApplicationsRead, "An application.", applications::one),
        delete("/applications/{id}", ApplicationsWrite, "Remove it; its sessions end.", applications::remove),
        put("/applications/{id}/local-password", ApplicationsWrite, "Change its local password.",
            applications::give_password),
        post("/applications/{id}/revoke", ApplicationsWrite, "Revoke it; its sessions end.", applications::revoke),
        post("/applications/{id}/reinstate", ApplicationsWrite, "Let it enter again.", applications::reinstate),
        get("/sessions", SessionsRead, "List the sessions, the oldest first.", sessions::some),
        get("/sessions/{handle}", SessionsRead, "A session.", sessions::one),
        delete("/sessions/{handle}", SessionsEnd, "End a session.", sessions::end),
        get("/nodes", NodesRead, "List the nodes, by number.", nodes::some),
        post("/nodes", NodesWrite, "Add a node; it is being connected to.", nodes::add),
        // Before what a number stands in.
        post("/nodes/test", NodesWrite, "Try whether a node could be connected to so.", nodes::test),
        get("/nodes/{ceid}", NodesRead, "A node, and how it stands with it.", nodes::one),
        put("/nodes/{ceid}", NodesWrite, "Change how it is reached.", nodes::change).may(StatusCode::CONFLICT),
        delete("/nodes/{ceid}", NodesWrite, "Remove it; its connection ends.", nodes::remove),
        post("/nodes/{ceid}/reconnect", NodesReconnect, "Connect to it anew.", nodes::reconnect),
        get("/data", DataRead, "How it stands with the copies of the nodes' forms, by number of the node.", data::some),
        post("/data/{ceid}/copy", DataCopy, "Copy all forms of a node anew, as soon as it is heard.", data::copy),
        post("/data/{ceid}/compare", DataCopy, "Compare the forms of a node now, and copy those that differ.",
            data::compare),
        get("/data/{ceid}/forms/{form}", DataRead, "What is kept of a form of a node, as a file.", data::export),
        post("/data/{ceid}/forms/{form}/import", DataImport,
            "Take a form of a node that does not serve its forms from a file: all of it or nothing. Rows that are not in the \
             file are removed.", data::import)
            .may(StatusCode::PRECONDITION_FAILED).of_bytes(LARGEST_FORM_FILE),
        get("/users", UsersRead, "List the users of the integrations, the oldest first.", users::some),
        post("/users", UsersWrite, "Add a user.", users::add),
        // Before what an id stands in.
        post("/users/import", UsersImport, "Add and change users by a file: all of it or nothing.", users::import)
            .may(StatusCode::PRECONDITION_FAILED),
        post("/users/export", UsersExport, "All users as a file, without passwords.", users::export),
        get("/users/{id}", UsersRead, "A user.", users::one),
        put("/users/{id}", UsersWrite, "Change a user; sessions that may not go on end.", users::change),
        delete("/users/{id}", UsersWrite, "Remove a user; the sessions end.", users::remove),
        put("/users/{id}/password", UsersWrite, "Change the password; the sessions end.", users::give_password),
        get("/record", RecordRead, "The flight record of a number or of a call.", record::found)
            .may(StatusCode::UNPROCESSABLE_ENTITY),
        get("/settings", SettingsRead, "The settings that can be changed.", settings::all),
        patch("/settings", SettingsWrite, "Change some of them, or take changes back.", settings::change),
        get("/certificates", CertificateRead, "The certificates of HTTPS.", certificates::all),
        get("/certificates/{number}", CertificateRead, "A certificate of HTTPS.", certificates::one),
        put("/certificates/{number}", CertificateWrite, "Install another in its place.", certificates::install),
        post("/certificates/{number}/request", CertificateWrite,
            "Make a key, which stays, and a request for its certificate (CSR).", certificates::request),
        post("/backup", BackupMake, "All that the database has, in a file that opens with a passphrase.", backups::make),
        post("/backup/restore", BackupRestore,
            "Put a backup in the place of all that the database has: accounts and tokens are those that it has, and \
             everybody is signed out.", backups::restore),
        post("/support-bundle", SupportMake,
            "What somebody who helps from afar needs to see of this gateway, as a file without secrets.", support::make),
        get("/accounts", AccountsRead, "List the accounts, the oldest first.", accounts::some),
        post("/accounts", AccountsWrite, "Make an account.", accounts::add),
        get("/accounts/{id}", AccountsRead, "An account.", accounts::one),
        delete("/accounts/{id}", AccountsWrite, "Remove it, with its tokens.", accounts::remove),
        put("/accounts/{id}/role", AccountsWrite, "Change its role; it is signed out.", accounts::give_role),
        put("/accounts/{id}/password", AccountsWrite, "Change its password.", accounts::give_password),
        get("/access-control-list", ListRead, "The access control list as this gateway has it.", documents::list),
        get("/access-control-list/entries", ListRead, "Its entries, in its order.", documents::entries)
            .may(StatusCode::CONFLICT),
        post("/access-control-list/fetch", ListFetch, "Fetch it from the certificate server.", documents::fetch_list)
            .may(StatusCode::NOT_FOUND).may(StatusCode::BAD_GATEWAY),
        get("/licence", LicenceRead, "The licence of this gateway.", documents::licence),
        post("/licence/fetch", LicenceFetch, "Fetch it from the licence server.", documents::fetch_licence)
            .may(StatusCode::NOT_FOUND).may(StatusCode::BAD_GATEWAY),
        put("/licence", LicenceInstall, "Take it from a file of the licence server.", documents::install_licence)
            .may(StatusCode::NOT_FOUND),
        get("/log", LogRead, "Lines of the audit log, the newest first.", log::some),
        get("/texts", TextsRead, "List the languages that the pages are in, besides English.", texts::all),
        get("/texts/{language}", TextsRead, "What the pages say, in a language.", texts::one),
        post("/texts/{language}/import", TextsWrite, "Change translations of a language, or make it.", texts::import)
            .may(StatusCode::CONFLICT).large(),
        delete("/texts/{language}", TextsWrite, "Remove a language; its pages are English.", texts::remove),
        get("/tokens", TokensRead, "List everybody's tokens, the oldest first.", tokens::some),
        delete("/tokens/{id}", TokensRemove, "Remove a token.", tokens::remove),
    ]
}

/// The lines of the table to which more than a form is sent.
struct Files(Vec<Arc<Endpoint>>);

/// What the body of a request may be.
struct Bounds {
    bytes: usize,
    slowest: Duration,
    /// More than a form is in memory.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Files {
    /// The line for this request, where a file is expected.
    fn taken(&self, request: &ServiceRequest) -> Option<&Endpoint> {
        let path = request.path().strip_prefix(BASE)?;
        let same = |endpoint: &Endpoint| {
            let (own, parts) = (endpoint.path.split('/'), path.split('/'));
            own.clone().count() == parts.clone().count()
                && own.zip(parts).all(|(own, part)| own.starts_with('{') || own == part)
        };
        let is = |endpoint: &&Arc<Endpoint>| same(endpoint) && endpoint.method == *request.method();
        self.0.iter().find(is).map(Arc::as_ref)
    }
}

/// The routes.
pub(super) fn scope(
    admin: &Arc<Admin>,
) -> actix_web::Scope<
    impl actix_web::dev::ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let table: Vec<_> = table().into_iter().map(Arc::new).collect();
    let files = table.iter().filter(|endpoint| endpoint.described.largest > LARGEST_FORM).cloned().collect();
    let mut scope = web::scope(BASE).app_data(Data::new(admin.clone())).app_data(Data::new(Files(files)));
    for resource in resources(&table) {
        scope = scope.service(resource);
    }
    scope.default_service(web::to(|| async { Err::<HttpResponse, _>(Problem::NoSuchPath) })).wrap(from_fn(guarded))
}

/// A resource for each path of the table: its methods, and for any other the refusal that names them.
fn resources(table: &[Arc<Endpoint>]) -> Vec<impl HttpServiceFactory + use<>> {
    let mut paths: Vec<&str> = Vec::new();
    for endpoint in table {
        if !paths.contains(&endpoint.path) {
            paths.push(endpoint.path);
        }
    }
    let resource = |path: &&str| {
        let own: Vec<_> = table.iter().filter(|endpoint| endpoint.path == *path).cloned().collect();
        web::resource(*path).to(move |call: call::Arrived| {
            let found = endpoint::find(&own, call.method());
            async move { found?.serve(call).await }
        })
    };
    paths.iter().map(resource).collect()
}

/// Whether a path is one of programs.
pub(super) fn is_of(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer before the gateway runs.
pub(super) fn busy() -> HttpResponse {
    Problem::Web(WebFault::Busy).error_response()
}

/// The answer to a request that came in clear, from another machine.
pub(super) fn in_clear() -> HttpResponse {
    Problem::InClear.error_response()
}

/// What may be in a request: where a file is expected, who sends it is asked before it is read.
async fn known(request: &ServiceRequest) -> Result<Bounds, Problem> {
    let Some(endpoint) = request.app_data::<Data<Files>>().and_then(|files| files.taken(request)) else {
        return Ok(Bounds { bytes: LARGEST_FORM, slowest: SLOWEST_FORM, _turn: None });
    };
    let admin = request.app_data::<Data<Arc<Admin>>>().ok_or(Problem::Web(WebFault::Busy))?;
    let program = bearer::program(&admin.site, request.request()).await?;
    program.may(endpoint.access)?;
    request.extensions_mut().insert(program);
    let _turn = Some(admin.site.upload_turn()?);
    Ok(Bounds { bytes: endpoint.described.largest, slowest: SLOWEST_UPLOAD, _turn })
}

/// Around every route: reads bodies within their bounds, says in every answer what may be done with it, logs refusals.
async fn guarded(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Caller { ip: address, secure } = Caller::of(request.request());
    let method = request.method().clone();
    let mut payload = request.take_payload();
    let bounds = match known(&request).await {
        Ok(bounds) => bounds,
        Err(problem) => {
            tracing::warn!(%address, why = %problem, "refused");
            let mut answer = guard::unread(request, problem.error_response(), payload);
            guard::dress(&mut answer, secure);
            return Ok(answer);
        }
    };
    let mut answer = match guard::read(&request, &mut payload, bounds.bytes, bounds.slowest).await {
        Ok(body) => {
            request.extensions_mut().insert(Sent(body));
            next.call(request).await?.map_into_boxed_body()
        }
        Err(fault) => guard::unread(request, Problem::Web(fault).error_response(), payload),
    };
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        let why = answer.response().error().map(ToString::to_string);
        let path = answer.request().match_pattern().unwrap_or_else(|| "no route".into());
        let why = why.as_deref().unwrap_or("refused before it was looked at");
        tracing::warn!(%address, %method, path, status = status.as_u16(), why, "refused");
    }
    guard::dress(&mut answer, secure);
    Ok(answer)
}
