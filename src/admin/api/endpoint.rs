//! A line of the table: who may ask for it, what it takes and gives, what does it. What a handler takes ([`Input`]) and
//! gives ([`Output`]) are its types, of which the document is made as well: neither can say anything else.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpMessage as _;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use super::bearer::Program;
use super::call::{Arrived, Call};
use super::document::Described;
use super::{BASE, Problem, bearer};
use crate::admin::scope::Scope;
use crate::admin::work::Seen;
use crate::web::LARGEST_UPLOAD;

/// Who may ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Anybody,
    AnyToken,
    Scope(Scope),
}

impl From<Scope> for Access {
    fn from(scope: Scope) -> Self {
        Self::Scope(scope)
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<HttpResponse, Problem>>>>;

/// Something that can be asked for.
pub(super) struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// A sentence.
    pub summary: &'static str,
    pub described: Described,
    answer: Box<dyn Fn(Call) -> Answering>,
}

impl Endpoint {
    fn new<I: Input + 'static, O: Output + 'static, F: Future<Output = Result<O, Problem>> + 'static>(
        method: Method,
        path: &'static str,
        access: impl Into<Access>,
        summary: &'static str,
        handler: impl Fn(Call, I) -> F + Clone + 'static,
    ) -> Self {
        let access = access.into();
        let mut described = Described::new(&method, path, access);
        I::describe(&mut described);
        O::describe(&mut described);
        let answer = move |call: Call| -> Answering {
            let handler = handler.clone();
            Box::pin(async move {
                let input = I::read(&call)?;
                handler(call, input).await?.answer()
            })
        };
        Self { method, path, access, summary, described, answer: Box::new(answer) }
    }

    /// It may be refused so, too.
    pub fn may(mut self, status: StatusCode) -> Self {
        self.described.may(status);
        self
    }

    /// Its body may be as large as a file, of who may send it.
    pub fn large(self) -> Self {
        self.of_bytes(LARGEST_UPLOAD)
    }

    /// Its body may have so many bytes, of who may send it.
    pub fn of_bytes(mut self, largest: usize) -> Self {
        self.described.largest = largest;
        self
    }

    /// Answers a request for it: first who asks, then what.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn serve(&self, arrived: Arrived) -> Result<HttpResponse, Problem> {
        let Arrived { request, admin } = arrived;
        let program = match self.access {
            Access::Anybody => None,
            access => {
                // Of whoever sends a file it was asked before the file was read.
                let known = request.extensions_mut().remove::<Program>();
                let program = match known {
                    Some(program) => program,
                    None => bearer::program(&admin.site, &request).await?,
                };
                program.may(access)?;
                Some(program)
            }
        };
        (self.answer)(Call { request, admin, program }).await
    }
}

/// The line of this method, of those of one path.
///
/// # Errors
/// [`Problem::Method`] with those that there are.
pub(super) fn find(own: &[Arc<Endpoint>], method: &Method) -> Result<Arc<Endpoint>, Problem> {
    // HEAD is GET without what it says.
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let found = own.iter().find(|endpoint| endpoint.method == *wanted).cloned();
    found.ok_or_else(|| {
        let methods = own.iter().map(|endpoint| endpoint.method.as_str());
        let head = own.iter().any(|endpoint| endpoint.method == Method::GET).then_some("HEAD");
        Problem::Method(methods.chain(head).collect::<Vec<_>>().join(", "))
    })
}

macro_rules! verbs {
    ($($verb:ident $method:ident)*) => {$(
        pub(super) fn $verb<I: Input + 'static, O: Output + 'static, F: Future<Output = Result<O, Problem>> + 'static>(
            path: &'static str,
            access: impl Into<Access>,
            summary: &'static str,
            handler: impl Fn(Call, I) -> F + Clone + 'static,
        ) -> Endpoint {
            Endpoint::new(Method::$method, path, access, summary, handler)
        }
    )*};
}

verbs! { get GET post POST put PUT patch PATCH delete DELETE }

/// What a handler takes besides the path.
pub(super) trait Input: Sized {
    /// # Errors
    /// Why it cannot be taken.
    fn read(call: &Call) -> Result<Self, Problem>;
    fn describe(to: &mut Described);
}

/// Nothing.
impl Input for () {
    fn read(call: &Call) -> Result<Self, Problem> {
        call.no_body()
    }

    fn describe(_: &mut Described) {}
}

/// A query.
pub(super) struct Asked<Q>(pub Q);

impl<Q: DeserializeOwned + IntoParams> Input for Asked<Q> {
    fn read(call: &Call) -> Result<Self, Problem> {
        call.no_body()?;
        call.query().map(Self)
    }

    fn describe(to: &mut Described) {
        to.query::<Q>();
    }
}

/// A body.
pub(super) struct Body<B>(pub B);

impl<B: DeserializeOwned + ToSchema> Input for Body<B> {
    fn read(call: &Call) -> Result<Self, Problem> {
        call.json().map(Self)
    }

    fn describe(to: &mut Described) {
        to.body::<B>();
    }
}

/// A change of something that was seen, without a body.
pub(super) struct Change(pub Seen);

impl Input for Change {
    fn read(call: &Call) -> Result<Self, Problem> {
        call.no_body()?;
        call.seen().map(Self)
    }

    fn describe(to: &mut Described) {
        to.condition();
    }
}

/// A change of something that was seen, with a body.
pub(super) struct ChangeTo<B>(pub Seen, pub B);

impl<B: DeserializeOwned + ToSchema> Input for ChangeTo<B> {
    fn read(call: &Call) -> Result<Self, Problem> {
        let body = call.json()?;
        Ok(Self(call.seen()?, body))
    }

    fn describe(to: &mut Described) {
        to.body::<B>();
        to.condition();
    }
}

/// A file, with a query. It may be larger than other bodies: only who may send it is listened to.
pub(super) struct Upload<Q, M>(pub Q, pub File<M>);

/// What is in a file of this kind.
pub(super) struct File<M>(Bytes, PhantomData<M>);

impl<M> File<M> {
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl<M> std::ops::Deref for File<M> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A kind of file.
pub(super) trait Media {
    /// As in `text/csv`.
    const KIND: &'static str;
    /// What it is called where it is kept.
    const NAME: &'static str;
    /// One, where it is a text that somebody writes.
    const EXAMPLE: &'static str = "";
}

impl<Q: DeserializeOwned + IntoParams, M: Media> Input for Upload<Q, M> {
    fn read(call: &Call) -> Result<Self, Problem> {
        let file = call.body(M::KIND)?;
        Ok(Self(call.query()?, File(file, PhantomData)))
    }

    fn describe(to: &mut Described) {
        to.query::<Q>();
        to.file(M::KIND, M::EXAMPLE);
    }
}

/// What a handler gives.
pub(super) trait Output {
    /// # Errors
    /// When it cannot be written.
    fn answer(self) -> Result<HttpResponse, Problem>;
    fn describe(to: &mut Described);
}

/// Nothing: it is done.
pub(super) struct Done;

impl Output for Done {
    fn answer(self) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::NoContent().finish())
    }

    fn describe(to: &mut Described) {
        to.gives_nothing();
    }
}

/// Something.
pub(super) struct Json<T>(pub T);

impl<T: Serialize + ToSchema> Output for Json<T> {
    fn answer(self) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::Ok().json(self.0))
    }

    fn describe(to: &mut Described) {
        to.gives::<T>(StatusCode::OK);
    }
}

/// A file.
pub(super) struct Download<M>(Vec<u8>, PhantomData<M>);

impl<M> Download<M> {
    pub fn of(file: Vec<u8>) -> Self {
        Self(file, PhantomData)
    }
}

impl<M: Media> Output for Download<M> {
    fn answer(self) -> Result<HttpResponse, Problem> {
        let disposition = format!("attachment; filename=\"{}\"", M::NAME);
        let mut answer = HttpResponse::Ok();
        Ok(answer.insert_header((CONTENT_DISPOSITION, disposition)).content_type(M::KIND).body(self.0))
    }

    fn describe(to: &mut Described) {
        to.gives_file(M::KIND);
    }
}

/// Something in a version, which a change of it has to name.
pub(super) struct Tagged<T>(pub i64, pub T);

fn tag(version: i64) -> (actix_web::http::header::HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

impl<T: Serialize + ToSchema> Output for Tagged<T> {
    fn answer(self) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::Ok().insert_header(tag(self.0)).json(self.1))
    }

    fn describe(to: &mut Described) {
        to.gives::<T>(StatusCode::OK);
        to.tagged();
    }
}

/// Something new: its path below the base, its version, and itself.
pub(super) struct Made<T>(pub String, pub i64, pub T);

impl<T: Serialize + ToSchema> Output for Made<T> {
    fn answer(self) -> Result<HttpResponse, Problem> {
        let place = (LOCATION, format!("{BASE}{}", self.0));
        Ok(HttpResponse::Created().insert_header(place).insert_header(tag(self.1)).json(self.2))
    }

    fn describe(to: &mut Described) {
        to.gives::<T>(StatusCode::CREATED);
        to.tagged();
        to.located();
        to.may(StatusCode::CONFLICT);
    }
}
