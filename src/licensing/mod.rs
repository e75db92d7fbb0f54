//! The licence server: gives each gateway that asks over HTTPS its licence, signed for it, and a trial to one that asks
//! for the first time. What is given is decided at the command line (`oig licences`) and kept in its database.
//!
//! A gateway is known by its id alone, which nobody can guess. What a licence is worth is decided by the gateway
//! (`licence`).

pub mod settings;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

pub use self::settings::Settings;
use crate::certs::{Keys, https};
use crate::jws::JwsFault;
use crate::licence::{Kind, Licence};
use crate::storage::change::now_ms;
use crate::storage::licence_grant::{self, Grant, Kept, is_gateway};
use crate::storage::{By, DbConnection, Storage, StorageError};

const DAY_MS: i64 = 86_400_000;
/// A gateway asks every few hours.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const HEAD: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 256;

/// What handlers share.
struct Server {
    storage: Storage,
    keys: Keys,
    trial: settings::Trial,
}

/// A running licence server.
pub struct Running {
    pub address: SocketAddr,
    pub storage: Storage,
    server: ServerHandle,
    following: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.following.abort();
        self.server.stop(true).await;
    }
}

/// Opens the database, makes what keys are missing, and serves; within an actix system. Blocks until it does.
///
/// # Errors
/// When the database or a key cannot be used, or the port cannot be bound.
pub fn start(settings: &Settings) -> io::Result<Running> {
    let options = settings.storage.options().map_err(|fault| io::Error::other(format!("storage.url: {fault}")))?;
    let storage = Storage::open(&options).map_err(io::Error::other)?;
    let now_s = now_ms() / 1000;
    let keys = Keys::open(&settings.ca.folder, now_s)?;
    let https = https(keys.https(&settings.ca.folder, &settings.tls, &settings.http.names, now_s)?)?;
    let shared = web::Data::new(Arc::new(Server { storage: storage.clone(), keys, trial: settings.trial.clone() }));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .route("/licences/{gateway}", web::get().to(licence))
            .route("/ca.cert.pem", web::get().to(ca))
            .route("/healthz", web::get().to(healthz))
            .default_service(web::to(|| async { none("Not found.\n") }))
    })
    .workers(1)
    .max_connections(CONNECTIONS)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD)
    .h1_allow_half_closed(false)
    .disable_signals()
    .bind_rustls_0_23(settings.http.listen, https.server_config())
    .map_err(|error| io::Error::new(error.kind(), format!("http.listen: {}: {error}", settings.http.listen)))?;
    let address = server.addrs().first().copied().unwrap_or(settings.http.listen);
    let server = server.run();
    let handle = server.handle();
    actix::spawn(async move {
        if let Err(fault) = server.await {
            warn!(%fault, "the licence server's HTTP ended");
        }
    });
    info!(%address, "licence server started");
    Ok(Running { address, storage, server: handle, following: actix::spawn(https.follow()) })
}

/// The signed form of what a gateway was given, as of now.
///
/// # Errors
/// When the key cannot sign.
pub fn signed(kept: &Kept, keys: &Keys, now_ms: i64) -> Result<String, JwsFault> {
    let Grant { gateway, site: _, kind, integrations_only, sessions, valid_until_ms, revoked } = kept.grant.clone();
    let version = kept.version;
    let licence =
        Licence { version, issued_at_ms: now_ms, gateway, kind, integrations_only, sessions, valid_until_ms, revoked };
    licence.sign(&keys.signer)
}

impl Server {
    /// What a gateway has, or what one gets that asks for the first time.
    async fn given(&self, gateway: String, now_ms: i64) -> Result<Option<Kept>, StorageError> {
        let id = gateway.clone();
        if let Some(kept) = self.storage.with(move |connection| licence_grant::find(connection, &id)).await? {
            return Ok(Some(kept));
        }
        let trial = self.trial.clone();
        self.storage.write(move |connection| begin_trial(connection, &gateway, &trial, now_ms)).await
    }
}

fn begin_trial(
    connection: &mut DbConnection,
    gateway: &str,
    trial: &settings::Trial,
    now_ms: i64,
) -> Result<Option<Kept>, StorageError> {
    // It may have asked twice at once.
    if let Some(kept) = licence_grant::find(connection, gateway)? {
        return Ok(Some(kept));
    }
    if trial.days == 0 || licence_grant::count(connection, Kind::Trial)? >= i64::from(trial.most) {
        return Ok(None);
    }
    let grant = Grant {
        gateway: gateway.to_owned(),
        site: "Trial".into(),
        kind: Kind::Trial,
        integrations_only: false,
        sessions: trial.sessions,
        valid_until_ms: Some(now_ms + i64::from(trial.days) * DAY_MS),
        revoked: false,
    };
    licence_grant::add(connection, &grant, &By::new("licence server", "trial"), now_ms).map(Some)
}

async fn licence(gateway: web::Path<String>, server: web::Data<Arc<Server>>) -> HttpResponse {
    if !is_gateway(&gateway) {
        return none("This is not the id of a gateway.\n");
    }
    let now_ms = now_ms();
    let kept = match server.given(gateway.into_inner(), now_ms).await {
        Ok(Some(kept)) => kept,
        Ok(None) => return none("There is no licence for this gateway.\n"),
        Err(fault) => {
            error!(%fault, "a licence could not be read");
            return HttpResponse::ServiceUnavailable()
                .content_type(ContentType::plaintext())
                .body("Try again later.\n");
        }
    };
    let own = server.clone();
    match web::block(move || signed(&kept, &own.keys, now_ms)).await {
        Ok(Ok(text)) => {
            HttpResponse::Ok().content_type("application/jose").insert_header((CACHE_CONTROL, "no-store")).body(text)
        }
        _ => HttpResponse::InternalServerError().finish(),
    }
}

async fn ca(server: web::Data<Arc<Server>>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/x-pem-file").body(server.keys.certificate.clone())
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::plaintext()).body("ok\n")
}

fn none(text: &'static str) -> HttpResponse {
    HttpResponse::NotFound().content_type(ContentType::plaintext()).body(text)
}
