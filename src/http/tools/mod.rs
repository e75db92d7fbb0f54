//! Tools for those who write applications, as pages of the gateway: the data browser at `/tools/data`.
//!
//! A page is an application like any other: it logs in by REST and does what its session may. The gateway gives it nothing but its
//! files, so there is no session here, and no cookie.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::header};

/// Path below `/tools`, type, text.
const FILES: [(&str, &str, &str); 4] = [
    ("/data", "text/html; charset=utf-8", include_str!("page/data.html")),
    ("/data.css", "text/css; charset=utf-8", include_str!("page/data.css")),
    ("/data.js", "text/javascript; charset=utf-8", include_str!("page/data.js")),
    ("/keep.js", "text/javascript; charset=utf-8", include_str!("page/keep.js")),
];

/// A page runs its own script alone, speaks to where it came from alone, and is in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Everything below `/tools`.
pub(super) fn routes(config: &mut ServiceConfig) {
    let headers = DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
        .add((CACHE_CONTROL, "no-store"));
    let nowhere = || async { HttpResponse::NotFound().content_type("text/plain").body("Not found.\n") };
    let mut scope = web::scope("/tools").wrap(headers).default_service(web::to(nowhere));
    for (path, kind, text) in FILES {
        let file = move || async move { HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).body(text) };
        scope = scope.route(path, web::get().to(file));
    }
    let there = || async { HttpResponse::SeeOther().insert_header((header::LOCATION, "/tools/data")).finish() };
    config.service(scope.route("/data/", web::get().to(there)));
}
