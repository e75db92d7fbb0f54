//! The access control list as gateways fetch it: signed, and signed anew from time to time though it did not change, so
//! that a gateway sees that the server is there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, WWW_AUTHENTICATE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Keys, Server};
use crate::acl::Document;
use crate::storage::certs::entry;
use crate::storage::change::now_ms;
use crate::storage::{Storage, StorageError};
use crate::web::WebFault;

/// For so long one signature will do.
const FRESH: Duration = Duration::from_secs(60);

/// The list, signed.
pub(super) struct SignedList {
    storage: Storage,
    keys: Arc<Keys>,
    token: Option<SecretString>,
    signed: Mutex<Option<Signed>>,
    /// One at a time signs.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Signed {
    version: i64,
    at: Instant,
    text: Bytes,
}

impl SignedList {
    pub(super) fn new(storage: Storage, keys: Arc<Keys>, token: Option<SecretString>) -> Self {
        Self { storage, keys, token, signed: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    async fn version(&self) -> Result<i64, StorageError> {
        self.storage.with(entry::version).await
    }

    fn kept(&self, version: i64) -> Option<Signed> {
        let signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        signed.filter(|signed| signed.version >= version && signed.at.elapsed() < FRESH)
    }

    async fn signed(&self, version: i64) -> Result<Signed, StorageError> {
        if let Some(kept) = self.kept(version) {
            return Ok(kept);
        }
        let _turn = self.turn.lock().await;
        if let Some(kept) = self.kept(version) {
            return Ok(kept);
        }
        let keys = self.keys.clone();
        let signed = self.storage.with(move |c| {
            let (version, entries) = entry::list(c)?;
            let document = Document { version, issued_at_ms: now_ms(), entries };
            let text = document.sign(&keys.signer).map_err(|fault| StorageError::Refused(fault.to_string()))?;
            Ok(Signed { version, at: Instant::now(), text: text.into() })
        });
        let signed = signed.await?;
        *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed.clone());
        Ok(signed)
    }

    /// Whether the caller may have it.
    fn lets(&self, request: &HttpRequest) -> bool {
        let Some(token) = &self.token else { return true };
        let given = request.headers().get(AUTHORIZATION).and_then(|given| given.to_str().ok());
        let given = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
        // Of hashes: the time to compare tells nothing of the token.
        let hash = |text: &str| digest(&SHA256, text.as_bytes());
        hash(given.trim()).as_ref() == hash(token.expose_secret()).as_ref()
    }
}

/// `GET /acl`.
pub(super) async fn serve(request: HttpRequest, server: Data<Server>) -> Result<HttpResponse, WebFault> {
    if !server.list.lets(&request) {
        return Ok(HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish());
    }
    let version = server.list.version().await?;
    let known = request.headers().get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag(version)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag(version))).finish());
    }
    let signed = server.list.signed(version).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/jose"))
        .insert_header((ETAG, tag(signed.version)))
        .body(signed.text))
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// `GET /ca.cert.pem`: whom gateways believe.
pub(super) async fn authority(server: Data<Server>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/x-pem-file")).body(server.keys.certificate.clone())
}

/// `GET /healthz`.
pub(super) async fn health(server: Data<Server>) -> Result<HttpResponse, WebFault> {
    let version = server.list.version().await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ok", "acl_version": version })))
}
