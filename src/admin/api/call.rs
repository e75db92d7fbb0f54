//! A request of a program: as it arrived, and as a handler has it.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, IF_MATCH};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;
use super::bearer::Program;
use crate::admin::work::Seen;
use crate::admin::{Admin, Running, is_id};
use crate::storage::By;
use crate::web::WebFault;
use crate::web::multipart::{self, Part};

/// A form of several parts.
pub(super) const FORM: &str = "multipart/form-data";

/// The body of a request, as the guard leaves it.
pub(super) struct Sent(pub Bytes);

/// A request that nobody has looked at.
pub(super) struct Arrived {
    pub request: HttpRequest,
    pub admin: Arc<Admin>,
}

impl FromRequest for Arrived {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admin = request.app_data::<Data<Arc<Admin>>>().map(|admin| Arc::clone(&***admin));
        ready(admin.map(|admin| Self { request: request.clone(), admin }).ok_or(Problem::Web(WebFault::Busy)))
    }
}

impl Arrived {
    pub fn method(&self) -> &Method {
        self.request.method()
    }
}

/// A request of a program that may ask for this.
pub(super) struct Call {
    pub request: HttpRequest,
    pub admin: Arc<Admin>,
    /// `None` where anybody may ask.
    pub program: Option<Program>,
}

impl Call {
    pub fn running(&self) -> Result<&Running, Problem> {
        Ok(self.admin.running()?)
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`Problem::NoToken`] where anybody may.
    pub fn program(&self) -> Result<&Program, Problem> {
        self.program.as_ref().ok_or(Problem::NoToken)
    }

    /// For the audit log.
    ///
    /// # Errors
    /// See [`Self::program`].
    pub fn by(&self) -> Result<&By, Problem> {
        Ok(&self.program()?.by)
    }

    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// The id in the path: what cannot be one is nothing's.
    ///
    /// # Errors
    /// [`WebFault::NotFound`].
    pub fn id(&self) -> Result<&str, Problem> {
        let id = self.part("id");
        if is_id(id) { Ok(id) } else { Err(WebFault::NotFound.into()) }
    }

    fn sent(&self) -> Bytes {
        self.request.extensions().get::<Sent>().map(|sent| sent.0.clone()).unwrap_or_default()
    }

    /// # Errors
    /// [`Problem::Body`] when there is one.
    pub fn no_body(&self) -> Result<(), Problem> {
        if self.sent().is_empty() { Ok(()) } else { Err(Problem::Body) }
    }

    /// The body, which is of this kind.
    ///
    /// # Errors
    /// [`Problem::MediaType`].
    pub fn body(&self, wanted: &'static str) -> Result<Bytes, Problem> {
        let kind = self.request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(wanted) { Ok(self.sent()) } else { Err(Problem::MediaType(wanted)) }
    }

    /// The parts of a form, which is of the kind that takes files.
    ///
    /// # Errors
    /// [`Problem::MediaType`], [`Problem::NoForm`].
    pub fn parts(&self) -> Result<Vec<Part>, Problem> {
        let kind = self.request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = multipart::boundary(kind).ok_or(Problem::MediaType(FORM))?;
        multipart::read(&self.sent(), &boundary).ok_or(Problem::NoForm)
    }

    /// # Errors
    /// [`Problem::MediaType`], [`Problem::NoJson`], [`Problem::NotAsDescribed`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body("application/json")?).map_err(|error| match error.classify() {
            Category::Data => Problem::NotAsDescribed(error.line(), error.column()),
            _ => Problem::NoJson(error.line(), error.column()),
        })
    }

    /// # Errors
    /// [`Problem::Query`].
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Query::from_query(self.request.query_string()).map(Query::into_inner).map_err(|_| Problem::Query)
    }

    /// Which version is to be changed.
    ///
    /// # Errors
    /// [`Problem::NoCondition`], [`Problem::BadCondition`].
    pub fn seen(&self) -> Result<Seen, Problem> {
        let mut all = self.request.headers().get_all(IF_MATCH);
        let (first, second) = (all.next().ok_or(Problem::NoCondition)?, all.next());
        let text = first.to_str().map_err(|_| Problem::BadCondition)?.trim();
        if second.is_some() {
            return Err(Problem::BadCondition);
        }
        if text == "*" {
            return Ok(None);
        }
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let number = number.filter(|text| text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit()));
        number.and_then(|text| text.parse().ok()).map(Some).ok_or(Problem::BadCondition)
    }
}
