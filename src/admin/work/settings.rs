//! The settings that people change while the gateway runs: some or all of them at a time, in one version of all. What is
//! at once is valid when a function returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Seen;
use crate::admin::Running;
use crate::live_settings::{Shown, Wanted};
use crate::settings::editable::{EDITABLE, Kind};
use crate::storage::By;
use crate::web::WebFault;

/// The settings that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GatewaySettings)]
pub struct Settings {
    /// Of all of them together; the number in their `ETag`. 0 before any was changed.
    pub version: i64,
    /// In the order of the page.
    pub settings: Vec<Setting>,
}

/// A setting that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// As the settings file names it.
    #[schema(pattern = r"^[a-z_]+(\.[a-z_]+)+$", example = "limits.sessions")]
    pub key: String,
    /// What it is.
    pub label: String,
    /// What it can be.
    pub hint: String,
    /// As it is to be, as text: several things stand on a line each, and empty is the gateway's own default.
    #[schema(example = "1500")]
    pub value: String,
    pub source: SettingSource,
    /// What it is when the change is taken back.
    pub in_file: String,
    pub valid: SettingValid,
    /// The gateway runs with another until its next start.
    pub waits: bool,
    /// The least that a number can be.
    pub minimum: Option<u64>,
    /// The most that a number can be.
    pub maximum: Option<u64>,
}

/// Where the value of a setting is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// The settings file, or what is usual.
    File,
    /// Somebody has changed it.
    Changed,
}

/// When a change is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingValid {
    AtOnce,
    AtNextStart,
}

impl From<Shown> for Setting {
    fn from(shown: Shown) -> Self {
        let is_changed = shown.is_changed();
        let Shown { editable, now, in_file, waits } = shown;
        let (minimum, maximum) = match editable.kind {
            Kind::Number { from, to } => (Some(from), Some(to)),
            Kind::Text | Kind::Lines => (None, None),
        };
        Self {
            key: editable.key.into(),
            label: editable.label.into(),
            hint: editable.hint.into(),
            value: now,
            source: if is_changed { SettingSource::Changed } else { SettingSource::File },
            in_file,
            valid: if editable.at_once { SettingValid::AtOnce } else { SettingValid::AtNextStart },
            waits,
            minimum,
            maximum,
        }
    }
}

/// What some settings are to be, by their keys: what is not among them stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsChange(pub BTreeMap<String, Option<String>>);

// By hand: its properties are the rows of the one table.
impl PartialSchema for SettingsChange {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new()
            .description(Some("Some settings by their keys: a text each, `null` for what the file has."))
            .examples([serde_json::json!({ "limits.application.monitors": "5000", "log.filter": null })])
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        for editable in EDITABLE {
            let text = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .max_length(Some(crate::settings::editable::LONGEST))
                .description(Some(format!("{}: {}", editable.label, editable.hint)));
            object = object.property(editable.key, text);
        }
        object.into()
    }
}

impl ToSchema for SettingsChange {}

/// All of them.
pub(in crate::admin) async fn all(running: &Running) -> Result<Settings, WebFault> {
    let (shown, version) = running.settings.all().await?;
    Ok(Settings { version, settings: shown.into_iter().map(Setting::from).collect() })
}

/// Changes some of them.
pub(in crate::admin) async fn change(
    running: &Running,
    version: Seen,
    wanted: Wanted,
    by: &By,
) -> Result<Settings, WebFault> {
    running.settings.change(version, wanted, by.clone()).await?;
    all(running).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_can_be_changed_is_described_by_its_key() {
        let schema = serde_json::to_value(SettingsChange::schema()).expect("JSON");
        let described: Vec<_> = schema["properties"].as_object().expect("properties").keys().cloned().collect();
        let mut keys: Vec<_> = EDITABLE.iter().map(|editable| editable.key.to_owned()).collect();
        keys.sort();
        let mut sorted = described;
        sorted.sort();
        assert_eq!(sorted, keys);
        assert_eq!(schema["additionalProperties"], false);
    }
}
