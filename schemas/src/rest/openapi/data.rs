//! Data access in the OpenAPI document: databases, views, SQL, triggers.

use serde_json::{Map, Value, json};

use crate::data::FORMS;
use crate::fault::Ground;

/// Whole numbers that every reader of JSON holds.
const EXACT: u64 = (1 << 53) - 1;

/// What the statuses mean that no ground has.
fn meaning(status: u16) -> &'static str {
    match status {
        408 => "The body did not arrive in time.",
        413 => "The body is larger than is allowed.",
        415 => "The body is not said to be JSON.",
        _ => "The statement is right, and cannot be done: it asks for too much, or the node refuses.",
    }
}

fn refusals(also: &[u16]) -> Map<String, Value> {
    let usual = [
        Ground::BadInput.status(),
        Ground::NoSession.status(),
        Ground::NotPermitted.status(),
        Ground::TooMany.status(),
        Ground::Lost.status(),
        Ground::Unavailable.status(),
    ];
    let mut all = Map::new();
    for status in usual.into_iter().chain(also.iter().copied()) {
        let known = Ground::ALL.iter().any(|ground| ground.status() == status);
        let refusal = if known {
            json!({ "$ref": format!("#/components/responses/R{status}") })
        } else {
            json!({
                "description": meaning(status),
                "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } },
                    "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
                },
            })
        };
        all.insert(status.to_string(), refusal);
    }
    all
}

fn answers(schema: &Value, also: &[u16]) -> Value {
    let mut all = refusals(also);
    let content = json!({ "application/json": { "schema": schema } });
    all.insert("200".into(), json!({ "description": "Done.", "content": content }));
    Value::Object(all)
}

fn item(id: &str, summary: &str, parameters: &[Value], schema: &Value, also: &[u16]) -> Value {
    json!({
        "operationId": id, "tags": ["data"], "summary": summary, "parameters": parameters, "responses": answers(schema, also),
    })
}

fn list(of: &str) -> Value {
    json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{of}") } })
}

fn reference(to: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{to}") })
}

fn query(name: &str, required: bool, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "required": required, "description": description, "schema": schema })
}

fn with_body(mut item: Value, schema: &Value, example: &Value) -> Value {
    let content = json!({ "application/json": { "schema": schema, "example": example } });
    item["requestBody"] = json!({ "required": true, "content": content });
    for (status, refusal) in refusals(&[408, 413, 415]) {
        item["responses"][status] = refusal;
    }
    item
}

/// Puts the resources among the paths, and what they say among the schemas.
pub(super) fn describe(paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    describe_schemas(schemas);
    let names: Vec<&str> = FORMS.iter().map(|form| form.name).collect();
    let text = json!({ "type": "string", "minLength": 1 });
    let database = query(
        "database",
        true,
        "A node's address, or `cluster`.",
        &json!({ "type": "string", "examples": ["127.0.0.11"] }),
    );
    let view = query("view", true, "A view.", &json!({ "type": "string", "enum": names }));
    let count = json!({ "type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000 });
    let rows = query("rows", false, "Rows of the answer, at most.", &count);
    let next =
        query("next", false, "`next` of the answer before.", &json!({ "type": "string", "pattern": "^[0-9]{1,18}$" }));
    let known = json!({ "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "An `ETag` of before: 304 when nothing has changed since." });
    let tagged = |mut item: Value| {
        item["responses"]["304"] = json!({ "description": "As it was." });
        item["responses"]["200"]["headers"] = json!({ "ETag": { "schema": { "type": "string" } } });
        item
    };

    let databases = item(
        "listDatabases",
        "The nodes whose configuration is kept, and all of them together.",
        &[],
        &list("Database"),
        &[],
    );
    paths.insert("/databases".into(), json!({ "get": databases }));
    let views = item(
        "listViews",
        "The views that the session may see.",
        std::slice::from_ref(&database),
        &list("View"),
        &[404],
    );
    paths.insert("/databases/views".into(), json!({ "get": views }));
    let of_view = [database.clone(), view.clone()];
    let columns = item("listColumns", "The columns of a view.", &of_view, &list("Column"), &[404]);
    paths.insert("/databases/views/columns".into(), json!({ "get": columns }));

    let condition = query("where", false, "What stands after WHERE in SQL.", &text);
    let chosen = query("columns", false, "Names with commas between; all without it.", &text);
    let sort = query("sort", false, "Names with commas between, each with a `-` before it for descending.", &text);
    let of_rows = [database.clone(), view, chosen, condition, sort, rows.clone(), next.clone(), known.clone()];
    let read = item("readRows", "Rows of a view.", &of_rows, &reference("Rows"), &[404, 422]);
    paths.insert("/databases/views/rows".into(), json!({ "get": tagged(read) }));

    let sql = query(
        "sql",
        true,
        "One SELECT over the visible views.",
        &json!({ "type": "string", "minLength": 1, "maxLength": 16384,
        "examples": ["SELECT number, name FROM phones WHERE name LIKE 'A%' ORDER BY name"] }),
    );
    let select =
        item("select", "What a SELECT yields.", &[database, sql, rows, next, known], &reference("Rows"), &[404, 422]);
    let change = |id: &str, word: &str, example: &str| {
        let summary =
            format!("One {word}: done by the node that has the rows, and seen by readers when this is answered.");
        let mut item = with_body(
            item(id, &summary, &[], &reference("Written"), &[404, 422]),
            &reference("Statement"),
            &json!({ "database": "127.0.0.11", "sql": example }),
        );
        item["x-permission"] = "advanced".into();
        let conflict = json!({ "description": "A row has changed meanwhile: as it is now.",
            "content": { "application/json": { "schema": reference("Conflict") } } });
        item["responses"]["409"] = conflict;
        let not_known = Ground::NotKnown.status().to_string();
        item["responses"][&not_known] = json!({ "$ref": format!("#/components/responses/R{not_known}") });
        item
    };
    paths.insert(
        "/databases/sql".into(),
        json!({
            "get": tagged(select),
            "post": change("insert", "INSERT", "INSERT INTO telephone_directory (name, number, privacy) VALUES ('Archer, Maya', '1000', FALSE)"),
            "put": change("update", "UPDATE", "UPDATE phones SET department = 'Sales' WHERE number = '1000'"),
            "delete": change("remove", "DELETE", "DELETE FROM telephone_directory WHERE number = '1000'"),
        }),
    );

    let create = with_body(
        item(
            "createTrigger",
            "From now on the session hears of changes of a view.",
            &[],
            &reference("TriggerCreated"),
            &[404],
        ),
        &reference("Trigger"),
        &json!({ "database": "cluster", "view": "phones", "columns": ["name"], "where": "number LIKE '1%'" }),
    );
    let id = query("triggerId", true, "As it was told.", &text);
    let remove = item("removeTrigger", "It does not hear of them any more.", &[id], &reference("Done"), &[404]);
    paths.insert("/databases/views/triggers".into(), json!({ "post": create, "delete": remove }));
    let timeout = json!({ "type": "integer", "minimum": 0, "maximum": EXACT, "default": 0 });
    let after = json!({ "type": "integer", "minimum": 0, "maximum": EXACT });
    let of_events = [
        query("timeout", false, "How long it may wait for a change, in ms; never longer than 120000.", &timeout),
        query("after", false, "Changes after this number; without it those that the session was not told yet.", &after),
    ];
    let mut events =
        item("pollChanges", "Changes that the session's triggers are for.", &of_events, &reference("Changes"), &[]);
    events["description"] =
        "With `Accept: text/event-stream` they come as server-sent events, and `Last-Event-ID` says where to \
        go on."
            .into();
    events["responses"]["200"]["content"]["text/event-stream"] = json!({ "schema": { "type": "string" } });
    paths.insert("/databases/views/events".into(), json!({ "get": events }));
}

fn describe_schemas(schemas: &mut Map<String, Value>) {
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    let text = || json!({ "type": "string" });
    let long = || reference("Long");
    let row =
        || json!({ "type": "object", "additionalProperties": { "type": ["string", "integer", "boolean", "null"] } });
    let all = [
        (
            "Database",
            object(
                &["database", "name", "state"],
                json!({
                    "database": text(), "name": text(), "element": { "type": "integer" },
                    "state": { "enum": ["CURRENT", "COPYING", "CONNECTING", "AWAY", "IMPORTED"] }, "asOf": long(),
                }),
            ),
        ),
        (
            "View",
            object(
                &["view", "description", "rows"],
                json!({ "view": text(), "description": text(), "rows": { "type": "integer" } }),
            ),
        ),
        (
            "Column",
            object(
                &["column", "type", "size", "key", "required", "description"],
                json!({
                    "column": text(), "type": { "enum": ["text", "integer", "boolean"] }, "size": { "type": "integer" },
                    "key": { "type": "boolean" }, "required": { "type": "boolean" }, "description": text(),
                    "min": { "type": "integer" }, "max": { "type": "integer" },
                    "values": { "type": "array", "items": text() },
                }),
            ),
        ),
        (
            "Rows",
            object(
                &["columns", "rows", "more"],
                json!({
                    "columns": { "type": "array", "items": text() },
                    "rows": { "type": "array", "items": { "type": "array", "items": { "type": ["string", "number", "boolean", "null"] } } },
                    "more": { "type": "boolean" }, "next": text(),
                }),
            ),
        ),
        ("Statement", {
            let mut statement = object(
                &["database", "sql"],
                json!({ "database": text(), "sql": { "type": "string", "maxLength": 16384 } }),
            );
            statement["additionalProperties"] = false.into();
            statement
        }),
        ("Written", object(&["result", "rows"], json!({ "result": { "const": true }, "rows": { "type": "integer" } }))),
        (
            "Conflict",
            object(
                &["result", "errorDescription", "rows", "row"],
                json!({
                    "result": { "const": false }, "errorDescription": text(), "rows": { "type": "integer" },
                    "row": { "anyOf": [row(), { "type": "null" }] },
                }),
            ),
        ),
        ("Trigger", {
            let names: Vec<&str> = FORMS.iter().map(|form| form.name).collect();
            let mut trigger = object(
                &["database", "view"],
                json!({
                    "database": text(), "view": { "type": "string", "enum": names },
                    "columns": { "type": "array", "items": text(), "maxItems": 64 },
                    "where": { "type": ["string", "null"], "maxLength": 16384 },
                }),
            );
            trigger["additionalProperties"] = false.into();
            trigger
        }),
        (
            "TriggerCreated",
            object(&["result", "triggerId"], json!({ "result": { "const": true }, "triggerId": long() })),
        ),
        ("Done", object(&["result"], json!({ "result": { "const": true } }))),
        (
            "Changes",
            object(
                &["events"],
                json!({
                    "events": {
                        "type": "array",
                        "items": object(
                            &["number", "triggerId", "operation", "element", "view", "time"],
                            json!({
                                "number": { "type": "integer" }, "triggerId": long(),
                                "operation": { "enum": ["INSERT", "UPDATE", "DELETE"] },
                                "database": { "type": ["string", "null"] }, "element": { "type": "integer" }, "view": text(),
                                "before": row(), "after": row(), "time": long(),
                            }),
                        ),
                    },
                    "discardedUpTo": { "type": "integer" },
                }),
            ),
        ),
    ];
    for (name, schema) in all {
        schemas.insert(name.into(), schema);
    }
}
