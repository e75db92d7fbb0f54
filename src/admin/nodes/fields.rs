//! What a node's form has in it, as text: read from a node, or from what a browser sent, and made a node of.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use schemas::domain::DialPlan;

use crate::nodes::Specific;
use crate::settings::{Node, NodeTls};
use crate::web::Form;

/// The fields as they are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub ceid: String,
    pub name: String,
    pub address: String,
    pub port: String,
    pub sync_port: String,
    pub association: String,
    pub edition: String,
    pub secondary: String,
    pub kind: String,
    pub tls: bool,
    pub ca: String,
    pub server_name: String,
    pub client_certificate: String,
    pub client_key: String,
    pub plan: bool,
    pub extension_digits: String,
    pub outside_prefix: String,
    pub trunk_prefix: String,
    pub long_distance_prefix: String,
    pub international_prefix: String,
    pub country_code: String,
    pub local_area_codes: String,
    pub local_digits: String,
    pub national_digits: String,
}

/// Of a node that is not there yet.
impl Fields {
    pub(super) fn blank() -> Self {
        Self {
            port: "8882".into(),
            association: "server-first".into(),
            edition: "ed5".into(),
            kind: "MI_VB".into(),
            ..Self::default()
        }
    }

    /// # Errors
    /// What is wrong, for who filled the form in; the whole is judged by the settings.
    pub(super) fn node(&self) -> Result<Node, String> {
        let tls = || {
            let own = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            if self.ca.is_empty() {
                return Err("TLS needs the file of the issuers.".to_owned());
            }
            Ok(NodeTls {
                ca: self.ca.clone().into(),
                server_name: own(&self.server_name),
                client_certificate: own(&self.client_certificate).map(Into::into),
                client_key: own(&self.client_key).map(Into::into),
            })
        };
        Ok(Node {
            ceid: number("The number", &self.ceid)?,
            name: self.name.clone(),
            address: self.address.parse().map_err(|_| "The address must be an IP address.")?,
            port: number("The port", &self.port)?,
            sync_port: maybe("The port of its forms", &self.sync_port)?,
            association: word(&self.association).ok_or("Choose how the association begins.")?,
            edition: word(&self.edition).ok_or("Choose an edition of CSTA.")?,
            secondary: maybe("The secondary node", &self.secondary)?,
            application_specific_info: None,
            tls: self.tls.then(tls).transpose()?,
            kind: if self.kind.is_empty() { None } else { Some(word(&self.kind).ok_or("Choose a kind of node.")?) },
            dial_plan: self.plan.then(|| self.dial_plan()).transpose()?,
        })
    }

    fn dial_plan(&self) -> Result<DialPlan, String> {
        let own = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let codes = self.local_area_codes.split([',', ' ']).filter(|code| !code.is_empty());
        Ok(DialPlan {
            extension_digits: number("The digits of extensions", &self.extension_digits)?,
            outside_prefix: self.outside_prefix.clone(),
            trunk_prefix: own(&self.trunk_prefix),
            long_distance_prefix: self.long_distance_prefix.clone(),
            international_prefix: self.international_prefix.clone(),
            country_code: self.country_code.clone(),
            local_area_codes: codes.map(str::to_owned).collect(),
            local_digits: maybe("The digits of local numbers", &self.local_digits)?,
            national_digits: maybe("The digits of national numbers", &self.national_digits)?,
        })
    }
}

impl From<&Node> for Fields {
    fn from(node: &Node) -> Self {
        let tls = node.tls.as_ref();
        let file = |file: Option<&std::path::PathBuf>| file.map(|f| f.display().to_string()).unwrap_or_default();
        let plan = node.dial_plan.as_ref();
        let of_plan = |text: fn(&DialPlan) -> String| plan.map(text).unwrap_or_default();
        let digits = |digits: Option<u8>| digits.map(|digits| digits.to_string()).unwrap_or_default();
        Self {
            ceid: node.ceid.to_string(),
            name: node.name.clone(),
            address: node.address.to_string(),
            port: node.port.to_string(),
            sync_port: node.sync_port.map(|port| port.to_string()).unwrap_or_default(),
            association: spelt(node.association),
            edition: spelt(node.edition),
            secondary: node.secondary.map(|ceid| ceid.to_string()).unwrap_or_default(),
            kind: node.kind.map(spelt).unwrap_or_default(),
            tls: tls.is_some(),
            ca: file(tls.map(|tls| &tls.ca)),
            server_name: tls.and_then(|tls| tls.server_name.clone()).unwrap_or_default(),
            client_certificate: file(tls.and_then(|tls| tls.client_certificate.as_ref())),
            client_key: file(tls.and_then(|tls| tls.client_key.as_ref())),
            plan: plan.is_some(),
            extension_digits: of_plan(|plan| plan.extension_digits.to_string()),
            outside_prefix: of_plan(|plan| plan.outside_prefix.clone()),
            trunk_prefix: of_plan(|plan| plan.trunk_prefix.clone().unwrap_or_default()),
            long_distance_prefix: of_plan(|plan| plan.long_distance_prefix.clone()),
            international_prefix: of_plan(|plan| plan.international_prefix.clone()),
            country_code: of_plan(|plan| plan.country_code.clone()),
            local_area_codes: of_plan(|plan| plan.local_area_codes.join(", ")),
            local_digits: digits(plan.and_then(|plan| plan.local_digits)),
            national_digits: digits(plan.and_then(|plan| plan.national_digits)),
        }
    }
}

impl From<&Form> for Fields {
    fn from(form: &Form) -> Self {
        Self {
            ceid: form.text("ceid"),
            name: form.text("name"),
            address: form.text("address"),
            port: form.text("port"),
            sync_port: form.text("sync_port"),
            association: form.text("association"),
            edition: form.text("edition"),
            secondary: form.text("secondary"),
            kind: form.text("kind"),
            tls: form.get("tls") == "true",
            ca: form.text("ca"),
            server_name: form.text("server_name"),
            client_certificate: form.text("client_certificate"),
            client_key: form.text("client_key"),
            plan: form.get("plan") == "true",
            extension_digits: form.text("extension_digits"),
            outside_prefix: form.text("outside_prefix"),
            trunk_prefix: form.text("trunk_prefix"),
            long_distance_prefix: form.text("long_distance_prefix"),
            international_prefix: form.text("international_prefix"),
            country_code: form.text("country_code"),
            local_area_codes: form.text("local_area_codes"),
            local_digits: form.text("local_digits"),
            national_digits: form.text("national_digits"),
        }
    }
}

/// What a form says of the node's login: given anew, forgotten, or as it is.
pub(super) fn specific(form: &Form) -> Specific {
    match (form.get("application_specific_info"), form.get("forget_info")) {
        (_, "true") => Specific::Become(None),
        ("", _) => Specific::Keep,
        (info, _) => Specific::Become(Some(info.into())),
    }
}

fn number<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{what} must be a number within its bounds."))
}

fn maybe<T: std::str::FromStr>(what: &str, text: &str) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { number(what, text).map(Some) }
}

/// A word as the settings file spells it.
fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::from(word)).ok()
}

fn spelt(of: impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_shows_what_a_node_has_and_makes_the_same_node_of_it() {
        let full = Fields {
            ceid: "7".into(),
            name: "Head office".into(),
            address: "10.0.0.7".into(),
            secondary: "8".into(),
            sync_port: "8883".into(),
            tls: true,
            ca: "ca.pem".into(),
            server_name: "node.example".into(),
            client_certificate: "own.pem".into(),
            client_key: "own.key".into(),
            plan: true,
            extension_digits: "4".into(),
            outside_prefix: "9".into(),
            international_prefix: "011".into(),
            country_code: "1".into(),
            local_area_codes: "613, 343".into(),
            local_digits: "7".into(),
            ..Fields::blank()
        };
        let least = Fields { ceid: "8".into(), address: "::1".into(), kind: String::new(), ..Fields::blank() };
        for fields in [full, least] {
            let node = fields.node().expect("a node");
            assert_eq!(format!("{:?}", Fields::from(&node)), format!("{fields:?}"));
        }
    }

    #[test]
    fn what_no_node_can_have_is_said() {
        let blank = || Fields { ceid: "7".into(), address: "10.0.0.7".into(), ..Fields::blank() };
        for (fields, text) in [
            (Fields { ceid: "x".into(), ..blank() }, "The number"),
            (Fields { ceid: "70000".into(), ..blank() }, "The number"),
            (Fields { address: "node.example".into(), ..blank() }, "IP address"),
            (Fields { port: "-1".into(), ..blank() }, "The port"),
            (Fields { sync_port: "65536".into(), ..blank() }, "The port of its forms"),
            (Fields { association: "loud".into(), ..blank() }, "association"),
            (Fields { edition: "ed9".into(), ..blank() }, "edition"),
            (Fields { kind: "<b>".into(), ..blank() }, "kind"),
            (Fields { secondary: "two".into(), ..blank() }, "secondary"),
            (Fields { tls: true, ..blank() }, "issuers"),
            (Fields { plan: true, ..blank() }, "extensions"),
        ] {
            let fault = fields.node().expect_err("no node");
            assert!(fault.contains(text) && !fault.contains('<'), "{fault}");
        }
    }
}
