//! Around every route of a site: reads bodies within their bounds before a handler runs, says in every answer what a
//! browser may do with it, gives every fault a page, and logs what was refused.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use futures_util::StreamExt as _;

use super::form::Body;
use super::{LARGEST_FORM, SLOWEST_FORM, SLOWEST_UPLOAD, Site, WebFault, fault};
use crate::http::caller::{Caller, keep_secure};

/// Pages have no script, no inline style, nothing from elsewhere, and are in no frame.
const POLICY: &str = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The same where pages renew themselves, by the one script that the site serves.
const LIVE_POLICY: &str = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
                           form-action 'self'; frame-ancestors 'none'";

/// For `middleware::from_fn`.
///
/// # Errors
/// None of its own: what goes wrong is a page.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let site = request.app_data::<Data<Site>>();
    let spoken = site.map(|site| site.spoken(request.request())).unwrap_or_default();
    spoken.within(guarded(request, next)).await
}

async fn guarded(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Caller { ip: address, secure } = Caller::of(request.request());
    let method = request.method().clone();
    let mut payload = request.take_payload();
    // More than a form is read of those who are signed in alone, and where a file is expected.
    let site = request.app_data::<Data<Site>>();
    let upload = site.and_then(|site| Some((site.takes_upload(request.request())?, site.upload_turn())));
    let (is_upload, turn) = (upload.is_some(), upload.map(|(most, turn)| turn.map(|turn| (most, turn))).transpose());
    let read = match &turn {
        Ok(None) => read(&request, &mut payload, LARGEST_FORM, SLOWEST_FORM).await,
        Ok(Some((most, _))) => read(&request, &mut payload, *most, SLOWEST_UPLOAD).await,
        Err(_) => Err(WebFault::Busy),
    };
    let answer = match read {
        Ok(bytes) => {
            request.extensions_mut().insert(Body { bytes, upload: is_upload });
            next.call(request).await?.map_into_boxed_body()
        }
        Err(fault) => unread(request, fault.error_response(), payload),
    };
    let status = answer.status();
    let mut answer = if (status.is_client_error() || status.is_server_error()) && !is_page(&answer) {
        let text = match status {
            StatusCode::NOT_FOUND => WebFault::NotFound.to_string(),
            StatusCode::METHOD_NOT_ALLOWED => WebFault::Method.to_string(),
            _ => "This cannot be done.".into(),
        };
        let (request, before) = answer.into_parts();
        let mut page = fault::page(status, text);
        for (name, value) in before.headers().iter().filter(|(name, _)| *name != CONTENT_TYPE) {
            page.headers_mut().insert(name.clone(), value.clone());
        }
        ServiceResponse::new(request, page)
    } else {
        answer
    };
    if status.is_client_error() || status.is_server_error() {
        let why = answer.response().error().map(ToString::to_string);
        let path = answer.request().match_pattern().unwrap_or_else(|| "no route".into());
        let why = why.as_deref().unwrap_or("no page");
        tracing::warn!(%address, %method, path, status = status.as_u16(), why, "refused");
    }
    dress(&mut answer, secure);
    Ok(answer)
}

/// The body of a request, of so many bytes at most, which has so long to arrive.
///
/// # Errors
/// [`WebFault::TooLarge`], [`WebFault::TooSlow`], [`WebFault::NoForm`] when it does not come.
pub(crate) async fn read(
    request: &ServiceRequest,
    payload: &mut Payload,
    most: usize,
    slowest: Duration,
) -> Result<Bytes, WebFault> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(WebFault::TooLarge);
    }
    let reading = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| WebFault::NoForm)?;
            if body.len() + chunk.len() > most {
                return Err(WebFault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(slowest, reading).await.unwrap_or(Err(WebFault::TooSlow))
}

fn is_page(answer: &ServiceResponse<BoxBody>) -> bool {
    let body = !matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0));
    body && answer.headers().get(CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"))
}

/// Answers a request whose body was not read.
pub(crate) fn unread(request: ServiceRequest, answer: HttpResponse, rest: Payload) -> ServiceResponse<BoxBody> {
    let answer = answer.map_body(|_, body| Unread { body: Some(body), _rest: rest });
    request.into_response(answer).map_into_boxed_body()
}

/// What every answer says of itself.
pub(crate) fn dress(answer: &mut ServiceResponse<BoxBody>, secure: bool) {
    let is_file = answer.request().match_pattern().is_some_and(|path| path.contains("/static/"));
    let live = answer.request().app_data::<Data<Site>>().is_some_and(|site| site.live);
    let headers = answer.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    say(CONTENT_SECURITY_POLICY, if live { LIVE_POLICY } else { POLICY });
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(X_FRAME_OPTIONS, "DENY");
    // Not `no-referrer`: then a browser would say of a form that it comes from nowhere.
    say(REFERRER_POLICY, "same-origin");
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
    keep_secure(secure, headers);
    if !headers.contains_key(CACHE_CONTROL) {
        let kept = if is_file { "no-cache" } else { "no-store" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    }
}

/// The answer to a request that was not read to its end, with what is left of it: were it dropped before, the server
/// would first read it all. The connection is closed afterwards.
struct Unread {
    body: Option<BoxBody>,
    _rest: Payload,
}

impl MessageBody for Unread {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.body.as_ref().map_or(BodySize::None, BoxBody::size)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        // A page is in memory: nothing of it can fail.
        Pin::new(body).poll_next(cx).map(|bytes| bytes.and_then(Result::ok).map(Ok))
    }
}
