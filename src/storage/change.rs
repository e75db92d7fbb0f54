//! What differs between an object as it was and as it is to be, by the names of its fields: for the audit log, for the
//! log, and for people who ask what an import would do. What is secret is only said to differ.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value};

/// Who changes something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub who: String,
    /// An address, or what else says from where: `command line`, `settings file`.
    pub origin: String,
}

impl By {
    /// Both are cut to what a column shows.
    #[must_use]
    pub fn new(who: &str, origin: &str) -> Self {
        let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(128).collect();
        Self { who: cut(who), origin: cut(origin) }
    }

    /// The gateway itself, as it takes its settings file over.
    #[must_use]
    pub fn settings_file() -> Self {
        Self::new("gateway", "settings file")
    }
}

/// A field of an object: its name as in the settings file, and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: &'static str,
    value: Value,
    secret: bool,
}

impl Field {
    pub(super) fn open(name: &'static str, value: impl Into<Value>) -> Self {
        Self { name, value: value.into(), secret: false }
    }

    pub(super) fn secret(name: &'static str, value: Option<&str>) -> Self {
        Self { name, value: value.into(), secret: true }
    }

    /// What may be shown of it.
    fn shown(&self) -> Value {
        if self.secret && !self.value.is_null() { Value::from("(secret)") } else { self.value.clone() }
    }
}

/// The fields that differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes(Vec<(&'static str, Option<Value>, Option<Value>)>);

impl Changes {
    /// Between two forms of one object, either of which may not exist.
    #[must_use]
    pub fn between(before: Option<&[Field]>, after: Option<&[Field]>) -> Self {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let of = |fields: &[Field], name| fields.iter().find(|field| field.name == name).cloned();
        let names = before.iter().chain(after.iter().filter(|a| before.iter().all(|b| b.name != a.name)));
        let changed = names.filter_map(|field| {
            let (was, is) = (of(before, field.name), of(after, field.name));
            let value = |field: &Option<Field>| field.as_ref().map_or(Value::Null, |field| field.value.clone());
            let shown = |field: Option<Field>| field.map(|field| field.shown());
            (value(&was) != value(&is)).then(|| (field.name, shown(was), shown(is)))
        });
        Self(changed.collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names alone.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, ..)| *name).collect()
    }

    /// What was, as a JSON object; `None` when there was nothing.
    pub(super) fn before(&self) -> Option<String> {
        Self::object(self.0.iter().map(|(name, was, _)| (*name, was)))
    }

    /// What is, likewise.
    pub(super) fn after(&self) -> Option<String> {
        Self::object(self.0.iter().map(|(name, _, is)| (*name, is)))
    }

    fn object<'a>(fields: impl Iterator<Item = (&'static str, &'a Option<Value>)>) -> Option<String> {
        let there = fields.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let object: Map<String, Value> = there.collect();
        (!object.is_empty()).then(|| Value::Object(object).to_string())
    }
}

impl std::fmt::Display for Changes {
    /// `port 8882 -> 8883, local_password (secret) -> (secret)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".into(), Value::to_string);
        for (i, (name, was, is)) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {} -> {}", shown(was), shown(is))?;
        }
        Ok(())
    }
}

/// A new id: it sorts by the time at which it was made, within a process also in one millisecond.
pub(super) fn new_id(now_ms: i64) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0xF_FFFF;
    let mut random = [0; 6];
    // Without chance two processes could meet in one millisecond: then the second is refused, and nothing is lost.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random);
    let random = random.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{:012x}{count:05x}{random}", now_ms.max(0))
}

/// The wall clock, in ms.
#[must_use]
pub fn now_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis());
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_secrets_are_not_shown() {
        let fields = |port: u16, secret: Option<&str>| [Field::open("port", port), Field::secret("password", secret)];
        let (a, b) = (fields(1, Some("open-sesame")), fields(2, Some("close-sesame")));
        let changes = Changes::between(Some(&a), Some(&b));
        assert_eq!(changes.names(), ["port", "password"]);
        assert_eq!(changes.before().as_deref(), Some(r#"{"password":"(secret)","port":1}"#));
        assert_eq!(changes.after().as_deref(), Some(r#"{"password":"(secret)","port":2}"#));
        assert_eq!(changes.to_string(), r#"port 1 -> 2, password "(secret)" -> "(secret)""#);
        assert!(!format!("{changes:?}").contains("sesame"));
        assert!(Changes::between(Some(&a), Some(&a)).is_empty());
        let made = Changes::between(None, Some(&fields(1, None)));
        assert_eq!((made.names(), made.before()), (vec!["port"], None), "what is not set is not told");
    }

    #[test]
    fn ids_sort_by_the_time_at_which_they_were_made() {
        let ids = [new_id(1_790_000_000_000), new_id(1_790_000_000_000), new_id(1_790_000_000_001)];
        assert!(ids.is_sorted() && ids[0] != ids[1], "{ids:?}");
        assert_eq!(ids[0].len(), 29);
    }
}
