//! The nodes: how it stands with each, and its settings: added, changed, tried, removed, connected anew. What changes is
//! configured when a function returns. The login that a node asks for besides is taken, and never given.

use std::net::IpAddr;
use std::sync::Arc;

use actors::cluster::Stand;
use actors::device_supervisor::CountByNode;
use actors::probe::Probed;
use schemas::domain::DialPlan;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, Type};

use super::status::Link;
use super::{Seen, maybe_whole, said, whole};
use crate::admin::{Running, note};
use crate::nodes::Specific;
use crate::settings::{self, AssociationStyle, CstaEdition, NodeKind, NodeTls, csta_port};
use crate::storage::By;
use crate::storage::node::{self, Kept};
use crate::web::WebFault;

/// Characters of what a node wants to know besides.
const LONGEST_INFO: usize = 4000;

/// A node, and the connection to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its number in the cluster.
    #[schema(minimum = 1, maximum = 999, example = 7)]
    pub ceid: u16,
    pub settings: NodeSettings,
    /// What the node wants to know besides is set; it is never shown.
    pub has_application_specific_info: bool,
    /// It does not open with this gateway's key: it has to be given anew, or the key brought back.
    pub is_locked: bool,
    /// Empty where the gateway has not configured it yet.
    pub connection: Option<Connection>,
    /// Grows with each change of the settings; the number in its `ETag`.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// How it stands with a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NodeConnection)]
pub struct Connection {
    pub state: Link,
    /// Since when it is so, in ms since 1970.
    pub since_ms: Option<i64>,
    /// What ended the connection last, or kept it from being made.
    pub last_fault: Option<LastFault>,
    /// That the node lists; empty where it has not told them.
    pub numbers: Option<usize>,
    /// Of devices there, of all applications.
    pub monitors: usize,
}

/// What went wrong with a connection, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastFault {
    pub at_ms: i64,
    pub fault: String,
}

/// How a node is reached, as the settings file has it under `[[node]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    #[serde(default)]
    #[schema(max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "Head office")]
    pub name: String,
    /// An IP address.
    #[schema(value_type = String, min_length = 2, max_length = 45, example = "10.0.0.7")]
    pub address: IpAddr,
    /// Of CSTA: 8882 unless it is said.
    #[serde(default = "csta_port", deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 65535, example = 8882)]
    pub port: u16,
    /// Where it serves its configuration forms; without it they are not copied.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 65535, example = 8883)]
    pub sync_port: Option<u16>,
    /// `server-first` unless it is said.
    #[serde(default)]
    pub association: AssociationStyle,
    /// That the gateway speaks until the node has said something: `ed5` unless it is said.
    #[serde(default)]
    pub edition: CstaEdition,
    /// The node at which its resilient phones come up when it is down.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 999)]
    pub secondary: Option<u16>,
    /// What kind of system it is, for applications that ask.
    #[serde(default)]
    pub kind: Option<NodeKind>,
    /// Without it the link is plain TCP.
    #[serde(default)]
    pub tls: Option<NodeTls>,
    /// How its telephones dial; without it no number is converted for this node.
    #[serde(default)]
    #[schema(schema_with = dial_plan)]
    pub dial_plan: Option<DialPlan>,
}

/// The form of a dial plan, whose crate knows no documents.
fn dial_plan() -> Object {
    let text = |pattern: &str, about: &str| {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).description(Some(about)).build()
    };
    let count = |most: f64, about: &str| {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1.0)).maximum(Some(most));
        number.description(Some(about)).build()
    };
    let maybe = |object: Object, kind: Type| {
        ObjectBuilder::from(object).schema_type(SchemaType::from_iter([kind, Type::Null])).build()
    };
    let digits = "^[0-9]{0,8}$";
    let code = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,6}$"));
    let mut plan = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some("How its telephones dial; without it no number is converted for this node."))
        .property("extension_digits", count(7.0, "Numbers of up to so many digits are extensions."))
        .property("outside_prefix", text(digits, "Dialled first for a number outside; may be empty."))
        .property(
            "trunk_prefix",
            maybe(text(digits, "Seizes a trunk; the outside prefix where it is not set."), Type::String),
        )
        .property("long_distance_prefix", text(digits, "Before a number of another area; may be empty."))
        .property("international_prefix", text("^[0-9]{1,8}$", "Before a country code."))
        .property("country_code", text("^[1-9][0-9]{0,2}$", "Of the node's own country."))
        .property(
            "local_area_codes",
            ArrayBuilder::new()
                .items(code)
                .max_items(Some(64))
                .description(Some("Areas that are dialled without their code.")),
        )
        .property("local_digits", maybe(count(15.0, "Digits of a number within an area."), Type::Integer))
        .property("national_digits", maybe(count(15.0, "Digits of a number with its area's code."), Type::Integer))
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)));
    for key in ["extension_digits", "outside_prefix", "international_prefix", "country_code"] {
        plan = plan.required(key);
    }
    plan.build()
}

/// A node that is to be, or is to be tried.
// No `Debug`: a login may be in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "ceid": 7,
    "settings": { "name": "Head office", "address": "10.0.0.7", "port": 8882, "association": "server-first" },
})))]
pub struct NewNode {
    /// Its number in the cluster.
    #[serde(deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 999, example = 7)]
    pub ceid: u16,
    pub settings: NodeSettings,
    /// With the association `session`: what the node wants to know besides, such as its login; text, or XML elements. In a
    /// test what is not said is as the node has it.
    #[schema(value_type = Option<String>, format = Password, max_length = 4000)]
    pub application_specific_info: Option<SecretString>,
}

/// What a node is to become.
// No `Debug`: a login may be in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "settings": { "name": "Head office", "address": "10.0.0.7", "port": 8882, "association": "server-first" },
})))]
pub struct NodeChange {
    pub settings: NodeSettings,
    /// What the node wants to know besides: what is not said stays as it is, and `null` forgets it.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = Password, max_length = 4000)]
    pub application_specific_info: Option<Option<SecretString>>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeTest {
    /// The association was made.
    pub answers: bool,
    /// That it lists; empty where it does not in time.
    pub numbers: Option<usize>,
    /// Why there is no connection.
    pub fault: Option<String>,
}

/// A login that could be one.
fn info(text: SecretString) -> Result<SecretString, WebFault> {
    if text.expose_secret().chars().count() <= LONGEST_INFO {
        Ok(text)
    } else {
        Err(WebFault::Refused(format!("What the node wants to know besides has at most {LONGEST_INFO} characters.")))
    }
}

impl NewNode {
    /// As it is kept, and what is to become of a login that is there.
    ///
    /// # Errors
    /// [`WebFault::Refused`] with what is wrong by itself.
    pub(in crate::admin) fn node(self) -> Result<(settings::Node, Specific), WebFault> {
        // What is empty is none, as in a form.
        let info = self.application_specific_info.filter(|info| !info.expose_secret().is_empty());
        let info = info.map(self::info).transpose()?;
        let specific = info.clone().map_or(Specific::Keep, |info| Specific::Become(Some(info)));
        Ok((settings::Node { application_specific_info: info, ..self.settings.node(self.ceid) }, specific))
    }
}

impl NodeChange {
    /// The same for the node of this number.
    ///
    /// # Errors
    /// [`WebFault::Refused`] with what is wrong by itself.
    pub(in crate::admin) fn node(self, ceid: u16) -> Result<(settings::Node, Specific), WebFault> {
        let specific = match self.application_specific_info {
            None => Specific::Keep,
            Some(to) => Specific::Become(to.map(info).transpose()?),
        };
        Ok((self.settings.node(ceid), specific))
    }
}

impl NodeSettings {
    pub(crate) fn node(self, ceid: u16) -> settings::Node {
        let Self { name, address, port, sync_port, association, edition, secondary, kind, tls, dial_plan } = self;
        settings::Node {
            ceid,
            name,
            address,
            port,
            sync_port,
            association,
            edition,
            secondary,
            application_specific_info: None,
            tls,
            kind,
            dial_plan,
        }
    }
}

impl From<&settings::Node> for NodeSettings {
    fn from(node: &settings::Node) -> Self {
        let settings::Node {
            name,
            address,
            port,
            sync_port,
            association,
            edition,
            secondary,
            tls,
            kind,
            dial_plan,
            ..
        } = node.clone();
        Self { name, address, port, sync_port, association, edition, secondary, kind, tls, dial_plan }
    }
}

impl Node {
    pub(crate) fn of(kept: &Kept, standing: Option<&Standing>) -> Self {
        let Kept { node, version, changed_at_ms, changed_by, .. } = kept;
        let connection = standing.map(|standing| Connection {
            state: standing.state,
            since_ms: standing.since_ms,
            last_fault: standing
                .last_fault
                .as_ref()
                .map(|(at_ms, fault)| LastFault { at_ms: *at_ms, fault: fault.to_string() }),
            numbers: standing.listed,
            monitors: standing.monitors,
        });
        Self {
            ceid: node.ceid,
            settings: node.into(),
            has_application_specific_info: kept.is_locked() || node.application_specific_info.is_some(),
            is_locked: kept.is_locked(),
            connection,
            version: *version,
            changed_at_ms: *changed_at_ms,
            changed_by: changed_by.clone(),
        }
    }
}

/// How it stands with a node that is configured.
pub struct Standing {
    pub ceid: u16,
    pub name: String,
    pub at: String,
    pub state: Link,
    pub connected: bool,
    pub since_ms: Option<i64>,
    pub last_fault: Option<(i64, Arc<str>)>,
    pub listed: Option<usize>,
    pub monitors: usize,
}

/// Of all that are configured.
pub(in crate::admin) async fn standings(running: &Running) -> Vec<Standing> {
    let tree = &running.gateway.tree;
    let monitors = tree.device_supervisor.send(CountByNode).await.unwrap_or_default();
    let standing = |node: actors::cluster::NodeSettings| {
        let Stand { link, since_ms, last_fault, listed } = tree.env.cluster.stand(node.ceid).unwrap_or_default();
        let state = Link::from(link);
        Standing {
            ceid: node.ceid.get(),
            at: node.socket().to_string(),
            name: node.name,
            connected: state == Link::Connected,
            state,
            since_ms,
            last_fault,
            listed,
            monitors: monitors.get(&node.ceid).copied().unwrap_or(0),
        }
    };
    tree.env.cluster.settings().into_iter().map(standing).collect()
}

async fn shown(running: &Running, kept: &Kept) -> Node {
    let standings = standings(running).await;
    Node::of(kept, standings.iter().find(|standing| standing.ceid == kept.node.ceid))
}

/// The first so many after that of a number, by number; and whether there are more.
pub(in crate::admin) async fn some(running: &Running, after: u16, most: usize) -> Result<(Vec<Node>, bool), WebFault> {
    let mut kept = running.storage.nodes().await?;
    kept.retain(|kept| kept.node.ceid > after);
    let more = kept.len() > most;
    kept.truncate(most);
    let standings = standings(running).await;
    let of = |kept: &Kept| Node::of(kept, standings.iter().find(|standing| standing.ceid == kept.node.ceid));
    Ok((kept.iter().map(of).collect(), more))
}

/// The one of this number, as it is kept.
pub(in crate::admin) async fn kept(running: &Running, ceid: u16) -> Result<Kept, WebFault> {
    let kept = running.storage.nodes().await?.into_iter().find(|kept| kept.node.ceid == ceid);
    kept.ok_or(WebFault::NotFound)
}

/// The one of this number.
pub(in crate::admin) async fn one(running: &Running, ceid: u16) -> Result<Node, WebFault> {
    Ok(shown(running, &kept(running, ceid).await?).await)
}

/// Adds one; it is being connected to when this returns.
pub(in crate::admin) async fn add(running: &Running, new: settings::Node, by: &By) -> Result<Node, WebFault> {
    let kept = running.nodes.add(new, by.clone()).await?;
    Ok(shown(running, &kept).await)
}

/// Makes one what `to` says; its number stays.
pub(in crate::admin) async fn change(
    running: &Running,
    version: Seen,
    to: settings::Node,
    specific: Specific,
    by: &By,
) -> Result<Node, WebFault> {
    let version = seen(running, to.ceid, version).await?;
    let kept = running.nodes.change(version, to, specific, by.clone()).await?;
    Ok(shown(running, &kept).await)
}

/// Removes one.
pub(in crate::admin) async fn remove(running: &Running, ceid: u16, version: Seen, by: &By) -> Result<(), WebFault> {
    let version = seen(running, ceid, version).await?;
    Ok(running.nodes.remove(ceid, version, by.clone()).await?)
}

async fn seen(running: &Running, ceid: u16, version: Seen) -> Result<i64, WebFault> {
    let kept = kept(running, ceid).await?;
    Ok(version.unwrap_or(kept.version))
}

/// Tries whether a node could be connected to as these settings say, beside the connection that there may be.
pub(in crate::admin) async fn test(
    running: &Running,
    node: settings::Node,
    specific: Specific,
    by: &By,
) -> Result<NodeTest, WebFault> {
    note(running, by.clone(), "test", node::object(&node)).await?;
    Ok(match running.nodes.probe(node, specific).await? {
        Ok(Probed { listed }) => NodeTest { answers: true, numbers: listed, fault: None },
        Err(why) => NodeTest { answers: false, numbers: None, fault: Some(why.to_string()) },
    })
}

/// Ends the connection to one and makes it anew.
pub(in crate::admin) async fn reconnect(running: &Running, ceid: u16, by: &By) -> Result<(), WebFault> {
    let kept = kept(running, ceid).await?;
    note(running, by.clone(), "reconnect", node::object(&kept.node)).await?;
    Ok(running.nodes.reconnect(ceid).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_with_the_defaults_of_the_settings_file_and_given_back_without_its_login() {
        let text = r#"{ "ceid": 7.0, "settings": { "address": "10.0.0.7", "association": "session" },
                        "application_specific_info": "a secret" }"#;
        let new: NewNode = serde_json::from_str(text).expect("a node");
        let (node, _) = new.node().expect("it can be one");
        assert_eq!((node.ceid, node.port, node.edition), (7, 8882, CstaEdition::Ed5));
        let given = NodeSettings::from(&node);
        let text = serde_json::to_string(&given).expect("JSON");
        assert!(!text.contains("secret"), "{text}");
        let again: NodeSettings = serde_json::from_str(&text).expect("the same");
        assert_eq!(again, given, "what was given can be sent back");
    }

    #[test]
    fn a_login_stays_is_forgotten_or_becomes_another_as_the_change_says() {
        let change = |more: &str| {
            let text = format!(r#"{{ "settings": {{ "address": "10.0.0.7" }}{more} }}"#);
            let change: NodeChange = serde_json::from_str(&text).expect("a change");
            change.node(7).map(|(_, specific)| specific)
        };
        assert!(matches!(change(""), Ok(Specific::Keep)));
        assert!(matches!(change(r#", "application_specific_info": null"#), Ok(Specific::Become(None))));
        assert!(matches!(change(r#", "application_specific_info": "x""#), Ok(Specific::Become(Some(_)))));
        let long = format!(r#", "application_specific_info": "{}""#, "x".repeat(LONGEST_INFO + 1));
        assert!(matches!(change(&long), Err(WebFault::Refused(_))));
    }

    #[test]
    fn what_no_node_can_have_is_not_read() {
        for text in [
            r#"{ "address": "node.example" }"#,
            r#"{ "address": "10.0.0.7", "port": 65536 }"#,
            r#"{ "address": "10.0.0.7", "port": 1.5 }"#,
            r#"{ "address": "10.0.0.7", "secondary": -1 }"#,
            r#"{ "address": "10.0.0.7", "edition": "ed9" }"#,
            r#"{ "address": "10.0.0.7", "loud": true }"#,
            r#"{ "port": 1 }"#,
        ] {
            assert!(serde_json::from_str::<NodeSettings>(text).is_err(), "{text}");
        }
    }
}
