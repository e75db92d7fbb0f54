//! Lines of the audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::storage::audit;

/// A line of the audit log: who did what, when, from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// It sorts by time.
    #[schema(pattern = "^[0-9a-f]{29}$")]
    pub id: String,
    pub at_ms: i64,
    /// An account, with the token by which it acted; or who sat at the machine.
    pub who: String,
    /// An address, `command line`, `settings file` …
    pub origin: String,
    pub action: String,
    pub object: String,
    /// The fields that changed, as they were. What is secret is only said to be there.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Value>>)]
    pub before: Option<Value>,
    /// As they are.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Value>>)]
    pub after: Option<Value>,
}

impl From<audit::Entry> for LogLine {
    fn from(entry: audit::Entry) -> Self {
        let audit::Entry { id, at_ms, who, origin, action, object, before, after } = entry;
        // Written by us as JSON.
        let read = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self { id, at_ms, who, origin, action, object, before: read(before), after: read(after) }
    }
}
