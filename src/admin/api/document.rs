//! The OpenAPI document, made of the table: each line describes itself by the types of its handler, and what can be
//! refused follows from what it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, Object, ObjectBuilder, OpenApiBuilder, PathsBuilder,
    Ref, RefOr, Required, ResponseBuilder, Schema, ServerBuilder, Type,
};
use utoipa::{IntoParams, ToSchema};

use super::call::{Call, FORM};
use super::endpoint::{Access, Endpoint, Output};
use super::problem::{Problem, ProblemDetails};
use super::{BASE, table};
use crate::admin::LARGEST_RESTORE;
use crate::users::csv::LARGEST_FILE;
use crate::web::{LARGEST_FORM, LARGEST_UPLOAD};

type Schemas = Vec<(String, RefOr<Schema>)>;

const JSON: &str = "application/json";

/// As tokens are sent, to the document.
const BEARER: &str = "token";

/// What is sent.
struct Sent {
    kind: &'static str,
    schema: RefOr<Schema>,
    example: Option<Value>,
}

/// Those that a type gives of itself.
fn examples(schema: &RefOr<Schema>) -> Vec<Value> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.examples.clone(),
        _ => Vec::new(),
    }
}

/// What is known of a line of the table.
pub(super) struct Described {
    access: Access,
    parameters: Vec<Parameter>,
    body: Option<Sent>,
    /// Bytes of the body.
    pub largest: usize,
    /// What it gives when it is done.
    given: StatusCode,
    gives: Option<(&'static str, RefOr<Schema>)>,
    headers: Vec<(&'static str, &'static str)>,
    /// How it can be refused.
    refusals: BTreeSet<u16>,
    schemas: Schemas,
}

impl Described {
    pub fn new(method: &Method, path: &str, access: Access) -> Self {
        let mut described = Self {
            access,
            parameters: Vec::new(),
            body: None,
            largest: LARGEST_FORM,
            given: StatusCode::OK,
            gives: None,
            headers: Vec::new(),
            refusals: BTreeSet::new(),
            schemas: Vec::new(),
        };
        // A body that is too large, too slow or not asked for; before the gateway is up.
        described.refused(&[400, 408, 413, 503]);
        if access != Access::Anybody {
            described.refused(&[401, 403, 429]);
        }
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            described.parameters.push(part(name));
            described.refused(&[404]);
        }
        if method != Method::GET {
            // What would be wrong: the last administrator, say.
            described.refused(&[422]);
        }
        described
    }

    fn refused(&mut self, statuses: &[u16]) {
        self.refusals.extend(statuses);
    }

    pub fn may(&mut self, status: StatusCode) {
        self.refusals.insert(status.as_u16());
    }

    pub fn query<Q: IntoParams>(&mut self) {
        self.parameters.extend(Q::into_params(|| Some(ParameterIn::Query)));
    }

    pub fn body<B: ToSchema>(&mut self) {
        let example = examples(&B::schema()).into_iter().next();
        self.body = Some(Sent { kind: JSON, schema: self.schema::<B>(), example });
        self.refused(&[415, 422]);
    }

    pub fn file(&mut self, kind: &'static str, example: &str) {
        let text = ObjectBuilder::new().schema_type(Type::String);
        self.body = Some(Sent { kind, schema: text.into(), example: Some(example.into()) });
        self.largest = LARGEST_UPLOAD;
        self.refused(&[415, 422]);
    }

    /// A form of several parts, of so many bytes.
    pub fn form(&mut self, parts: Object, largest: usize) {
        let schema = parts.into();
        let example = examples(&schema).into_iter().next();
        self.body = Some(Sent { kind: FORM, schema, example });
        self.largest = largest;
        self.refused(&[415, 422]);
    }

    pub fn condition(&mut self) {
        let tag = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^(\*|"[0-9]{1,18}")$"#));
        let header = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("The ETag of what was seen; * for whatever is there."))
            .schema(Some(tag));
        self.parameters.push(header.build());
        self.refused(&[412, 428]);
    }

    pub fn gives<T: ToSchema>(&mut self, status: StatusCode) {
        self.given = status;
        self.gives = Some((JSON, self.schema::<T>()));
    }

    pub fn gives_file(&mut self, kind: &'static str) {
        self.gives = Some((kind, ObjectBuilder::new().schema_type(Type::String).into()));
        self.kept_as_file();
    }

    pub fn kept_as_file(&mut self) {
        self.headers.push(("Content-Disposition", "The name of the file."));
    }

    pub fn gives_nothing(&mut self) {
        self.given = StatusCode::NO_CONTENT;
    }

    pub fn tagged(&mut self) {
        self.headers.push(("ETag", "Its version: to be sent as If-Match by whoever changes it."));
    }

    pub fn located(&mut self) {
        self.headers.push(("Location", "Where it is."));
    }

    pub fn gives_any(&mut self) {
        self.gives = Some((JSON, ObjectBuilder::new().schema_type(Type::Object).into()));
    }

    /// The reference to a type's schema, which the document then has, with all that it refers to.
    fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name()).into()
    }

    fn security(&self) -> Vec<SecurityRequirement> {
        match self.access {
            Access::Anybody => vec![SecurityRequirement::default()],
            Access::AnyToken => vec![SecurityRequirement::new(BEARER, Vec::<String>::new())],
            Access::Scope(scope) => vec![SecurityRequirement::new(BEARER, [scope.word()])],
        }
    }
}

/// A part of a path.
fn part(name: &str) -> Parameter {
    let pattern = match name {
        "handle" => "^[0-9]{1,15}-session-[0-9a-f]{1,8}$",
        "ceid" => "^[1-9][0-9]{0,2}$",
        "number" => "^[1-9][0-9]?$",
        "form" => "^[a-z_]{1,40}$",
        "language" => "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        _ => "^[0-9a-f]{29}$",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))))
        .build()
}

fn method(endpoint: &Endpoint) -> HttpMethod {
    match endpoint.method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// As in `put_accounts_role`.
fn id(endpoint: &Endpoint) -> String {
    let mut id = endpoint.method.as_str().to_lowercase();
    for part in endpoint.path.split('/').filter(|part| !part.is_empty()) {
        let word = part.trim_matches(['{', '}']).replace(['-', '.'], "_");
        id = format!("{id}_{word}");
    }
    id
}

fn why(status: u16) -> &'static str {
    match status {
        400 => "The query, the body or a header cannot be read.",
        401 => "There is no token, or it is not valid any more.",
        403 => "The token has not the scope, or its account may not do this any more.",
        404 => "There is no such thing.",
        408 => "The body took too long to arrive.",
        409 => "It is there already, or has become another since the page before.",
        412 => "It has been changed since it was seen.",
        413 => "The body is too large.",
        415 => "The body is of another media type.",
        422 => "It cannot be done; the sentence says why.",
        428 => "If-Match is missing.",
        429 => "Too many wrong tokens came from this address.",
        502 => "The other server did not give it; the sentence says why.",
        _ => "The gateway cannot do it at this time.",
    }
}

fn operation(endpoint: &Endpoint) -> OperationBuilder {
    let described = &endpoint.described;
    let tag = endpoint.path.split('/').nth(1).unwrap_or_default();
    let mut given = ResponseBuilder::new().description("It is done.");
    if let Some((kind, schema)) = &described.gives {
        given = given.content(*kind, ContentBuilder::new().schema(Some(schema.clone())).build());
    }
    for (name, about) in &described.headers {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let mut header = Header::new(text);
        header.description = Some((*about).into());
        given = given.header(*name, header);
    }
    let problem = || {
        let schema = Ref::from_schema_name(ProblemDetails::name());
        ContentBuilder::new().schema(Some(schema)).build()
    };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id(endpoint)))
        .summary(Some(endpoint.summary))
        .tag(tag)
        .securities(Some(described.security()))
        .response(described.given.as_str(), given);
    if let Access::Scope(scope) = described.access {
        let text = format!("Needs the scope `{}`, for {}s at least.", scope.word(), scope.role().word());
        operation = operation.description(Some(text));
    }
    for parameter in &described.parameters {
        operation = operation.parameter(parameter.clone());
    }
    if let Some(Sent { kind, schema, example }) = &described.body {
        let content = ContentBuilder::new().schema(Some(schema.clone())).example(example.clone()).build();
        let body = RequestBodyBuilder::new().content(*kind, content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for status in &described.refusals {
        let refusal = ResponseBuilder::new().description(why(*status)).content("application/problem+json", problem());
        operation = operation.response(status.to_string(), refusal);
    }
    operation
}

fn made() -> Value {
    let table = table();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    schemas.insert(ProblemDetails::name().into_owned(), <ProblemDetails as utoipa::PartialSchema>::schema());
    let mut paths = PathsBuilder::new();
    let mut items: BTreeMap<&str, PathItem> = BTreeMap::new();
    for endpoint in &table {
        schemas.extend(endpoint.described.schemas.iter().cloned());
        let item = PathItem::new(method(endpoint), operation(endpoint));
        match items.get_mut(endpoint.path) {
            Some(known) => known.merge_operations(item),
            None => drop(items.insert(endpoint.path, item)),
        }
    }
    for (path, item) in items {
        paths = paths.path(path, item);
    }
    let tags: BTreeSet<_> = table.iter().filter_map(|endpoint| endpoint.path.split('/').nth(1)).collect();
    let about = format!(
        "Programs administer the gateway by it, over HTTPS, with a token of an account (`/admin/tokens`, \
         `oig admin add-token`). Times are milliseconds since 1970. Lists are paged: `next` of a page is `after` of \
         the next. Whoever changes something sends its ETag as If-Match. Bodies have at most {LARGEST_FORM} bytes, \
         a file {LARGEST_FILE}, a form with a backup {LARGEST_RESTORE}."
    );
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("oig_ and 64 hexadecimal digits");
    let document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Administration of the Open Integration Gateway")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(about)),
        )
        .servers(Some([ServerBuilder::new().url(BASE).build()]))
        .paths(paths)
        .tags(Some(tags.into_iter().map(|tag| TagBuilder::new().name(tag).build())))
        .components(Some(
            ComponentsBuilder::new()
                .schemas_from_iter(schemas)
                .security_scheme(BEARER, SecurityScheme::Http(scheme.build()))
                .build(),
        ))
        .build();
    // Made of our own types alone; without them there is nothing to say.
    serde_json::to_value(document).unwrap_or_else(|_| json!({}))
}

/// The document, as it is served.
fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| made().to_string())
}

/// The document.
pub(super) struct Document;

impl Output for Document {
    fn answer(self) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::Ok().content_type("application/json").body(text()))
    }

    fn describe(to: &mut Described) {
        to.gives_any();
    }
}

pub(super) async fn served(_: Call, (): ()) -> Result<Document, Problem> {
    Ok(Document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::scope::SCOPES;

    #[test]
    fn every_line_of_the_table_is_in_the_document_with_its_scope_its_problems_and_an_example_of_its_body() {
        let document = made();
        assert_eq!(document["openapi"], "3.1.0");
        let mut operations = 0;
        for endpoint in table() {
            let method = endpoint.method.as_str().to_lowercase();
            let operation = &document["paths"][endpoint.path][&method];
            let scopes = match endpoint.access {
                Access::Anybody => json!([{}]),
                Access::AnyToken => json!([{ "token": [] }]),
                Access::Scope(scope) => json!([{ "token": [scope.word()] }]),
            };
            assert_eq!(operation["security"], scopes, "{method} {}", endpoint.path);
            let bodies = operation["requestBody"]["content"].as_object();
            for (kind, body) in bodies.into_iter().flatten() {
                assert!(!body["example"].is_null(), "{method} {}: no example of {kind}", endpoint.path);
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let is_problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(is_problem, status.as_str() >= "400", "{method} {} {status}", endpoint.path);
            }
            operations += 1;
        }
        let counted = document["paths"].as_object().expect("paths").values();
        assert_eq!(counted.map(|item| item.as_object().expect("an item").len()).sum::<usize>(), operations);
    }

    #[test]
    fn every_scope_is_good_for_something_and_what_changes_names_what_it_saw() {
        let table = table();
        for scope in SCOPES {
            let used = table.iter().any(|endpoint| endpoint.access == Access::Scope(*scope));
            assert!(used, "nothing needs {}", scope.word());
        }
        for endpoint in &table {
            let sees = endpoint.described.refusals.contains(&428);
            let has_version =
                ["{id}", "{ceid}", "{language}", "/settings"].iter().any(|part| endpoint.path.contains(part));
            // A token has no version, and neither a connection nor a copy is one of a node's settings.
            let changes = has_version
                && endpoint.method != Method::GET
                && !endpoint.path.starts_with("/tokens")
                && !endpoint.path.starts_with("/data")
                && !endpoint.path.ends_with("/reconnect");
            assert_eq!(sees, changes, "{} {}", endpoint.method, endpoint.path);
            if endpoint.method == Method::GET {
                let reads = match endpoint.access {
                    Access::Scope(scope) => scope.word().ends_with(":read"),
                    _ => true,
                };
                assert!(reads, "{}", endpoint.path);
            }
        }
    }
}
