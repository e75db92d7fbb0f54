//! The description of REST as an OpenAPI 3.1 document, made of the same rows as everything else.
//!
//! Made once, when it is first asked for. Its examples are the samples of `schemas/samples`, kept as
//! JSON in `rest.examples.json` by the tests that keep those.

mod data;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::contract::record::{Card, EnumRow, Ty, TypeRow};
use crate::contract::{OPERATIONS, OperationRow, Permission, SERVER_VERSION};
use crate::fault::Ground;

/// Where the resources are.
pub const BASE: &str = "/mitel/oig/rest/resources/v1";

static EXAMPLES: &str = include_str!("../../samples/rest.examples.json");

/// The document.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| made().to_string());
    &DOCUMENT
}

fn made() -> Value {
    let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let mut schemas = Map::new();
    schemas.insert(
        "Long".into(),
        json!({
            "description": "A whole number of 64 bits: written as a string, read as a string or a number.",
            "type": ["string", "integer"], "format": "int64", "pattern": "^\\s*[+-]?[0-9]+\\s*$",
        }),
    );
    schemas.insert(
        "Refusal".into(),
        json!({
            "description": "Not done, and why. Whatever else the operation's reply must have is there, too.",
            "type": "object",
            "required": ["result", "errorDescription"],
            "properties": { "result": { "const": false }, "errorDescription": { "type": "string" } },
        }),
    );
    schemas.insert(
        "Problem".into(),
        json!({
            "description": "The same refusal for clients that accept application/problem+json.",
            "allOf": [{ "$ref": "#/components/schemas/Refusal" }],
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" },
                "status": { "type": "integer" }, "detail": { "type": "string" },
            },
        }),
    );
    let mut paths = Map::new();
    for row in &OPERATIONS {
        described(row.request, &mut schemas);
        described(row.reply, &mut schemas);
        let example = |kind: &str| examples.get(row.name).and_then(|e| e.get(kind)).cloned().unwrap_or_default();
        let item = operation(row, &example("request"), &example("reply"));
        paths.insert(format!("/cc/{}", row.name), json!({ "post": item }));
    }
    session_paths(&mut paths);
    data::describe(&mut paths, &mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Open Integration Gateway",
            "version": SERVER_VERSION,
            "description": "Call control, sessions and data of a cluster of PBX nodes. Every operation of the SOAP \
                contract, by the same rules and with the same texts. A reply whose `result` is false tells why in \
                `errorDescription`; the end of a poll without an event is one, with status 200.",
        },
        "servers": [{ "url": BASE }],
        "security": [{ "bearer": [] }, { "query": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "The session id of the login." },
                "query": { "type": "apiKey", "in": "query", "name": "sessionId" },
            },
        },
    })
}

/// The refusals of each status, by the status as a name.
fn refusals() -> Map<String, Value> {
    let mut all = Map::new();
    for ground in Ground::ALL.into_iter().filter(|g| g.status() != 200) {
        all.insert(
            format!("R{}", ground.status()),
            json!({
                "description": ground.meaning(),
                "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } },
                    "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
                },
            }),
        );
    }
    all
}

fn operation(row: &OperationRow, request: &Value, reply: &Value) -> Value {
    let (permission, word) = match row.permission {
        Permission::Open => ("open", "Anybody may call it."),
        Permission::Standard => ("standard", "For any session that is logged in."),
        Permission::Advanced => ("advanced", "For sessions that have Advanced service."),
    };
    let mut item = json!({
        "operationId": row.name,
        "tags": [row.service.name()],
        "description": word,
        "x-permission": permission,
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": reference(row.request), "example": request } },
        },
        "responses": responses(row.reply, reply),
    });
    if row.permission == Permission::Open {
        item["security"] = json!([]);
    }
    item
}

fn responses(reply: &TypeRow, example: &Value) -> Map<String, Value> {
    let mut responses = Map::new();
    responses.insert(
        "200".into(),
        json!({
            "description": "Done; or, of a poll, nothing to tell.",
            "content": { "application/json": { "schema": reference(reply), "example": example } },
        }),
    );
    for ground in Ground::ALL.into_iter().filter(|g| g.status() != 200) {
        let status = ground.status();
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/R{status}") }));
    }
    responses
}

/// The resources that are operations of SessionService under other paths.
fn session_paths(paths: &mut Map<String, Value>) {
    let row = |name: &str| OPERATIONS.iter().find(|row| row.name == name);
    let (Some(login), Some(reset), Some(logout), Some(authenticate)) =
        (row("loginEx"), row("resetSessionTimer"), row("logout"), row("authenticate"))
    else {
        return;
    };
    let fields = |operation: &OperationRow| {
        let inner = operation.request.fields.iter().find_map(|f| match f.ty {
            Ty::Record(ty) => Some(ty),
            _ => None,
        });
        reference(inner.unwrap_or(operation.request))
    };
    let body = |schema: Value| json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    let item = |id: &str, row: &OperationRow, security: Value| {
        json!({
            "operationId": id, "tags": ["sessions"], "security": security,
            "responses": responses(row.reply, &json!({ "result": true, "sessionId": "6417203348891337" })),
        })
    };
    let named = |name: &str, place: &str| json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } });
    let mut post = item("createSession", login, json!([]));
    post["requestBody"] = body(fields(login));
    let mut get = item("createSessionByQuery", login, json!([]));
    get["description"] = "For old clients: a query ends up in the logs of proxies; prefer POST.".into();
    let names = ["companyName", "applicationName", "applicationPassword", "localPassword", "certificate", "version"];
    let by_header = names.map(|name| named(&format!("X-OIG-{name}"), "header"));
    get["parameters"] = names.iter().map(|name| named(name, "query")).chain(by_header).collect();
    paths.insert("/sessions".into(), json!({ "get": get, "post": post }));
    let id = json!([named("id", "path")]);
    let (mut put, mut delete) = (item("keepSession", reset, json!([])), item("endSession", logout, json!([])));
    let mut proof = item("proveSession", authenticate, json!([]));
    proof["requestBody"] = body(json!({
        "type": "object", "required": ["signedAuthenticationData"],
        "properties": { "signedAuthenticationData": { "type": "string" } },
    }));
    for one in [&mut put, &mut delete, &mut proof] {
        one["parameters"] = id.clone();
    }
    paths.insert("/sessions/{id}".into(), json!({ "put": put, "delete": delete }));
    paths.insert("/sessions/{id}/authenticate".into(), json!({ "post": proof }));
}

fn name_of(ty: &TypeRow) -> String {
    format!("{}.{}", ty.ns.prefix(), ty.name)
}

fn name_of_enum(row: &EnumRow) -> String {
    format!("{}.{}", row.ns.prefix(), row.name)
}

fn reference(ty: &TypeRow) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", name_of(ty)) })
}

/// Puts the schema of a type, and of all that it holds, among the schemas.
fn described(ty: &TypeRow, schemas: &mut Map<String, Value>) {
    let name = name_of(ty);
    if schemas.contains_key(&name) {
        return;
    }
    schemas.insert(name.clone(), Value::Null); // a type may hold itself
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in ty.fields {
        let one = match field.ty {
            Ty::Long => json!({ "$ref": "#/components/schemas/Long" }),
            Ty::Int => json!({ "type": "integer", "format": "int32" }),
            Ty::Boolean => json!({ "type": "boolean" }),
            Ty::Text => json!({ "type": "string" }),
            Ty::Enum(row) => {
                let name = name_of_enum(row);
                schemas.entry(name.clone()).or_insert_with(|| json!({ "type": "string", "enum": row.values }));
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
            Ty::Record(inner) => {
                described(inner, schemas);
                reference(inner)
            }
        };
        let schema = if field.card == Card::Many { json!({ "type": "array", "items": one }) } else { one };
        properties.insert(field.name.into(), schema);
        // What the transport names need not be in the body, and a version may be left out.
        if field.card == Card::One && !matches!(field.name, "sessionId" | "version") {
            required.push(field.name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schemas.insert(name, schema);
}
