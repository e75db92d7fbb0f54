//! The HTTP side: all routes on one screen, and what every request passes.
//!
//! Handlers parse, find the session, send one message, render. No socket of a node, no decision
//! about calls.

pub mod body;
pub mod caller;
pub mod contract_files;
mod data_words;
pub mod gateway;
pub mod observe;
mod operation;
mod pin_tries;
pub mod rest;
pub mod soap;
pub(crate) mod throttle;
mod tools;

use std::sync::Arc;

use actix_web::{HttpResponse, web};

pub use self::gateway::{Gateway, Numbering};
pub(crate) use self::soap::data::notification;

/// The gateway as handlers get it.
pub type Shared = web::Data<Arc<Gateway>>;

/// Every route of the gateway.
pub fn routes(config: &mut web::ServiceConfig) {
    // Plain paths first: they are compared, the patterns below are matched.
    for path in contract_files::service_paths() {
        config.service(web::resource(path).route(web::get().to(contract_files::get)).route(web::post().to(soap::post)));
    }
    rest::routes(config);
    tools::routes(config);
    config
        .route("/healthz", web::get().to(observe::healthz))
        .route("/metrics", web::get().to(observe::metrics))
        // Services, their WSDL and their schemas share paths: `contract_files::Place` tells them apart.
        .route("/mitel/oig/{tail:.*}", web::get().to(contract_files::get))
        .route("/mitel/oig/{tail:.*}", web::post().to(soap::post))
        .route("/axis2/services/{tail:.*}", web::get().to(contract_files::get))
        .route("/axis2/services/{tail:.*}", web::post().to(soap::post))
        .default_service(web::to(|| async {
            HttpResponse::NotFound().content_type("text/plain").body("Not found.\n")
        }));
}
