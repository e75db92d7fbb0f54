//! The lab's console: a web page on which a person sees the phones of all nodes live, operates
//! them, and breaks nodes.
//!
//! `hub` knows what every node shows and tells every page that looks; `visitors` says who may ask.
//! What is done is done by the hands themselves, which are served here once more, for this page.
//! `oig lab` puts the routes beside those of its gateway; no other command has them.

mod hub;
mod visitors;

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, ResponseError as _};
use tokio::task::JoinHandle;

use self::hub::Hub;
use super::hands::{self, Refused};
use super::node::SimNodeHandle;
use crate::app::Beside;

/// The page's files: path below `/lab`, type, text.
const FILES: [(&str, &str, &str); 5] = [
    ("", "text/html; charset=utf-8", include_str!("page/console.html")),
    ("/", "text/html; charset=utf-8", include_str!("page/console.html")),
    ("/console.css", "text/css; charset=utf-8", include_str!("page/console.css")),
    ("/console.js", "text/javascript; charset=utf-8", include_str!("page/console.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// The page runs its own script alone, speaks to where it came from alone, and is in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// A running console: what watches the nodes, and the routes of its page.
pub struct Console {
    nodes: Vec<SimNodeHandle>,
    hub: Arc<Hub>,
    watching: Vec<JoinHandle<()>>,
}

impl Console {
    /// Begins to watch the nodes; must be called on a tokio runtime.
    #[must_use]
    pub fn start(nodes: impl IntoIterator<Item = SimNodeHandle>) -> Self {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let hub = Arc::new(Hub::new());
        let watching = nodes.iter().map(|node| tokio::spawn(hub::watch(node.clone(), Arc::clone(&hub)))).collect();
        Self { nodes, hub, watching }
    }

    /// Everything below `/lab`.
    #[must_use]
    pub fn routes(&self) -> Beside {
        let (nodes, hub) = (self.nodes.clone(), Data::from(Arc::clone(&self.hub)));
        Arc::new(move |config| routes(config, &nodes, &hub))
    }

    /// Ends the streams of every page.
    pub fn stop(&self) {
        for watching in &self.watching {
            watching.abort();
        }
        self.hub.close();
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stop();
    }
}

fn routes(config: &mut ServiceConfig, nodes: &[SimNodeHandle], hub: &Data<Hub>) {
    let headers = DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
        .add((CACHE_CONTROL, "no-store"));
    let mut scope = web::scope("/lab")
        .app_data(hub.clone())
        .wrap(from_fn(visitors::look))
        .wrap(headers)
        .default_service(web::to(nowhere))
        .route("/events", web::get().to(events));
    for (path, kind, text) in FILES {
        let file = move || async move { HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).body(text) };
        scope = scope.route(path, web::get().to(file));
    }
    for node in nodes {
        let hands = web::scope(&format!("/nodes/{}", node.ceid().get()))
            .app_data(Data::new(node.clone()))
            .app_data(hands::Looked)
            .configure(hands::routes);
        scope = scope.service(hands);
    }
    config.service(scope);
}

async fn events(hub: Data<Hub>) -> HttpResponse {
    match Arc::clone(&hub).look() {
        Some(stream) => HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/event-stream")).streaming(stream),
        None => Refused::Full.error_response(),
    }
}

async fn nowhere() -> Result<HttpResponse, Refused> {
    Err(Refused::Missing("no such path"))
}

#[cfg(test)]
mod tests;
