//! What an application heard, and whether it is what the file expects: names for numbers, legs and
//! Global Call IDs, comparison, and printing in the file's own notation.
//!
//! Knows JSON in the contract's names and no wire. Called by `play`.

use std::collections::BTreeMap;

use oig::sim::plan::Plan;
use schemas::domain::Ceid;
use serde_json::Value;

use super::file::{Also, Call, Event, Feature, Nodes, Place, Scenario};

/// Who is who in one playing of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    /// Number of each phone of the file.
    numbers: BTreeMap<String, String>,
    /// Key lines and multicall groups: number, whether it is a key line, and where it shows.
    shared: Vec<(String, bool, Vec<Place>)>,
    /// Object ids of lines.
    pub objects: BTreeMap<Place, i64>,
    /// Legs by their names in the file.
    legs: BTreeMap<String, (Place, i64)>,
    /// Global Call IDs by their names in the file.
    calls: BTreeMap<String, String>,
    /// Global Call IDs in the order in which they came.
    came: Vec<String>,
}

impl Cast {
    pub fn of(scenario: &Scenario, nodes: Nodes) -> Self {
        let numbers = (0..).zip(&scenario.phones).map(|(i, phone)| {
            let node = match nodes {
                Nodes::One => 1,
                Nodes::Two => 1 + i32::from(i > 0),
                Nodes::Three => 1 + i % 3,
            };
            (phone.name.clone(), phone.fixed.clone().unwrap_or_else(|| (node * 1000 + i).to_string()))
        });
        let shared = scenario.shared.iter().map(|s| (s.number.clone(), s.key, s.at.clone())).collect();
        let named = scenario.shared.iter().map(|s| (s.name.clone(), s.number.clone()));
        Self { numbers: numbers.chain(named).collect(), shared, ..Self::default() }
    }

    /// The options of `oig lab` that give it what the file's phones share.
    pub fn options(&self) -> Vec<String> {
        let option = |(number, key, at): &(String, bool, Vec<Place>)| {
            let at: Vec<_> = at.iter().map(|p| format!("{}/{}", self.number(&p.phone), p.button)).collect();
            let option = if *key { "--key-line" } else { "--multicall-line" };
            [option.to_owned(), format!("{number}={}", at.join(","))]
        };
        self.shared.iter().flat_map(option).collect()
    }

    /// The number that shows at a button, where that is not its phone's.
    fn shown(&self, phone: &str, button: &str) -> Option<&str> {
        let here = |place: &Place| place.phone == phone && place.button.to_string() == button;
        self.shared.iter().find(|(_, _, at)| at.iter().any(here)).map(|(number, ..)| number.as_str())
    }

    /// The number that a word of the file stands for: a phone's, or the word itself.
    pub fn number<'a>(&'a self, word: &'a str) -> &'a str {
        self.numbers.get(word).map_or(word, String::as_str)
    }

    /// The node at which a phone is.
    pub fn node(&self, phone: &str) -> usize {
        let first = self.number(phone).chars().next().and_then(|c| c.to_digit(10));
        first.expect("the lab's numbers begin with their node's") as usize
    }

    pub fn leg(&self, name: &str) -> Option<i64> {
        self.legs.get(name).map(|(_, id)| *id)
    }

    fn word<'a>(&'a self, number: &'a str) -> &'a str {
        self.numbers.iter().find(|(_, n)| *n == number).map_or(number, |(name, _)| name.as_str())
    }

    pub fn place(&self, object: i64) -> Option<&Place> {
        self.objects.iter().find(|(_, id)| **id == object).map(|(place, _)| place)
    }

    /// Gives a leg a name, or says what contradicts it.
    fn bind_leg(&mut self, name: &str, at: &Place, id: i64) -> Option<String> {
        let there = (at.clone(), id);
        if let Some(known) = self.legs.get(name) {
            return (*known != there).then(|| format!("the leg is not {name}"));
        }
        if let Some((other, _)) = self.legs.iter().find(|(_, leg)| **leg == there) {
            return Some(format!("the leg is {other}"));
        }
        if !(1..1 << 53).contains(&id) {
            return Some(format!("{id} is no id of a leg"));
        }
        self.legs.insert(name.to_owned(), there);
        None
    }

    fn bind_call(&mut self, name: &str, gcid: Option<&str>, what: &str) -> Option<String> {
        let Some(gcid) = gcid else { return Some(format!("{what} is missing")) };
        if let Some(known) = self.calls.get(name) {
            return (known != gcid).then(|| format!("{what} is not {name}"));
        }
        if let Some((other, _)) = self.calls.iter().find(|(_, id)| *id == gcid) {
            return Some(format!("{what} is {other}"));
        }
        self.calls.insert(name.to_owned(), gcid.to_owned());
        None
    }
}

/// One event as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Since the step began.
    pub after_ms: u128,
    pub event: Value,
}

impl Heard {
    fn call(&self) -> Option<&Value> {
        self.event.get("callEvent").filter(|event| event.is_object())
    }

    fn text(&self, name: &str) -> &str {
        self.call().and_then(|event| event.get(name)).and_then(Value::as_str).unwrap_or("?")
    }

    fn long(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(-1)
    }

    fn items(&self, name: &str) -> &[Value] {
        self.call().and_then(|event| event.get(name)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// State of the link and number of the node, when this is news of one.
    pub fn system(&self) -> Option<(&str, &str, usize)> {
        let event = self.event.get("systemEvent")?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("?");
        Some((text("eventType"), text("connectionState"), text("icpId").parse().unwrap_or(0)))
    }

    /// Type, whether it is on, and the number that it names; when this is news of a feature.
    fn feature(&self) -> Option<(&str, Option<&str>, Option<&str>)> {
        let event = self.event.get("featureEvent").filter(|event| event.is_object())?;
        let kind = event.get("eventType").and_then(Value::as_str).unwrap_or("?");
        let attributes = event.get("featureEventAttribute").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let number = attribute(attributes, "FORWARD_DN").or_else(|| attribute(attributes, "USER_DN"));
        let number = number.or_else(|| attribute(attributes, "GROUP_DN"));
        Some((kind, attribute(attributes, "FEATURE_EVENT_STATE"), number))
    }

    pub fn is_feature(&self) -> bool {
        self.feature().is_some()
    }

    /// The object that it is about; -1 where there is none.
    fn object(&self) -> i64 {
        let of = ["callEvent", "featureEvent"].into_iter().find_map(|part| self.event.get(part)?.get("objectId"));
        of.and_then(Value::as_str).and_then(|id| id.parse().ok()).unwrap_or(-1)
    }

    /// Whose order it belongs to: an object's, or a node's.
    pub fn whose(&self, cast: &Cast) -> Whose {
        match self.system() {
            Some((_, _, node)) => Whose::Node(node),
            None => cast.place(self.object()).cloned().map_or(Whose::Nobody, Whose::Line),
        }
    }

    pub fn what(&self) -> [&str; 3] {
        ["type", "cause", "callState"].map(|name| self.text(name))
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        attribute(self.items("callEventAttribute"), name)
    }

    /// Roles without `_DEVICE`, and numbers with the button of a line appearance; `?` where there is none.
    fn devices(&self) -> Vec<(&str, String)> {
        self.items("device").iter().map(device_number).collect()
    }

    /// In the file's notation.
    pub fn show(&self, cast: &Cast) -> String {
        if let Some((kind, state, node)) = self.system() {
            return format!("system node {node}  {kind} / {state}");
        }
        let place = cast.place(self.object());
        if let Some((kind, state, number)) = self.feature() {
            let at = place.map_or_else(|| "?".to_owned(), Place::to_string);
            let state = match state {
                Some("true") => "on",
                Some("false") => "off",
                _ => "?",
            };
            return format!("{at} feature {kind} {state} {}", number.map_or("", |n| cast.word(n)))
                .trim_end()
                .to_owned();
        }
        let at = place.map_or_else(|| format!("object {}", self.text("objectId")), Place::to_string);
        let id = self.long("localCallId");
        let leg = match cast.legs.iter().find(|(_, (of, leg))| Some(of) == place && *leg == id) {
            Some((name, _)) => name.clone(),
            None if id == 0 => "-".to_owned(),
            None => "(new)".to_owned(),
        };
        let [kind, cause, state] = self.what();
        let devices: Vec<_> =
            self.devices().into_iter().map(|(role, number)| format!("{role} {}", cast.line_word(&number))).collect();
        let mut line = format!("{at} {leg}  {kind} / {cause} / {state}  {}", devices.join(", "));
        for (word, name) in [
            ("dialled", "DIALED_DIGITS"),
            ("call", "CURRENT_GLOBAL_CALL_ID"),
            ("primary", "PRIMARY_GLOBAL_CALLID"),
            ("secondary", "SECONDARY_GLOBAL_CALLID"),
        ] {
            if let Some(value) = self.attribute(name) {
                let name = cast.calls.iter().find(|(_, id)| *id == value).map(|(name, _)| name.as_str());
                line.push_str(&format!("; {word} {}", name.unwrap_or_else(|| cast.word(value))));
            }
        }
        let parties = self.parties();
        if !parties.is_empty() {
            let parties: Vec<_> = parties.into_iter().map(|number| cast.word(number)).collect();
            line.push_str(&format!("; parties {}", parties.join(" ")));
        }
        line
    }

    /// What is said of the way to or from outside, at whichever device.
    fn way(&self, name: &str) -> Option<&str> {
        let attributes = self.items("device").iter().filter_map(|device| device.get("deviceAttribute")?.as_array());
        attributes.into_iter().find_map(|attributes| attribute(attributes, name))
    }

    fn parties(&self) -> Vec<&str> {
        self.items("party").iter().map(party_number).collect()
    }

    /// What differs from what is expected; binds the names that are new.
    pub fn differs(&self, expected: &Event, cast: &mut Cast) -> Vec<String> {
        match (expected, self.system()) {
            (Event::System { phone, kind, state }, Some(came)) => {
                let wanted = (kind.as_str(), state.as_str(), cast.node(phone));
                if came == wanted { Vec::new() } else { vec![format!("it is {came:?}")] }
            }
            (Event::Feature(feature), None) if self.feature().is_some() => self.feature_differs(feature, cast),
            (Event::Call(call), None) if self.feature().is_none() => self.call_differs(call, cast),
            _ => vec!["it is of another kind".to_owned()],
        }
    }

    fn feature_differs(&self, feature: &Feature, cast: &Cast) -> Vec<String> {
        let mut wrong = Vec::new();
        let number = feature.number.as_deref().map(|word| cast.number(word));
        let state = if feature.on { "true" } else { "false" };
        let wanted = Some((feature.kind.as_str(), Some(state), number));
        if self.feature() != wanted {
            wrong.push("it is another feature".to_owned());
        }
        let attributes = self.event.pointer("/featureEvent/featureEventAttribute").and_then(Value::as_array);
        let attributes = attributes.map_or(&[][..], Vec::as_slice);
        let of = |name: &str| attribute(attributes, name).unwrap_or_default().to_owned();
        if of("DEVICE_NUMBER") != cast.number(&feature.at.phone) {
            wrong.push(format!("DEVICE_NUMBER is {:?}", of("DEVICE_NUMBER")));
        }
        if of("ICP_ID") != cast.node(&feature.at.phone).to_string() {
            wrong.push(format!("ICP_ID is {:?}", of("ICP_ID")));
        }
        let time = self.event.pointer("/featureEvent/time").and_then(Value::as_str).and_then(|t| t.parse().ok());
        if time.is_none_or(|time: i64| time <= 0) {
            wrong.push("it has no time".to_owned());
        }
        wrong
    }

    fn call_differs(&self, call: &Call, cast: &mut Cast) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, (came, wanted)) in ["type", "cause", "state"].iter().zip(self.what().into_iter().zip(&call.what)) {
            if came != wanted {
                wrong.push(format!("the {name} is {came}"));
            }
        }
        let id = self.long("localCallId");
        match &call.leg {
            None if id != 0 => wrong.push("it names a leg".to_owned()),
            None => {}
            Some(name) => wrong.extend(cast.bind_leg(name, &call.at, id)),
        }
        let wanted: Vec<_> = call.devices.iter().map(|(role, who)| (role.as_str(), cast.line_number(who))).collect();
        if self.devices() != wanted {
            wrong.push("the devices differ".to_owned());
        }
        let current = self.attribute("CURRENT_GLOBAL_CALL_ID");
        let mut current_told = false;
        for also in &call.also {
            let differs = match also {
                Also::Dialled(number) => {
                    let came = self.attribute("DIALED_DIGITS");
                    (came != Some(cast.number(number))).then(|| format!("DIALED_DIGITS is {came:?}"))
                }
                Also::Call(name) => {
                    current_told = true;
                    cast.bind_call(name, current, "CURRENT_GLOBAL_CALL_ID")
                }
                Also::Primary(name) => {
                    cast.bind_call(name, self.attribute("PRIMARY_GLOBAL_CALLID"), "PRIMARY_GLOBAL_CALLID")
                }
                Also::Secondary(name) => {
                    cast.bind_call(name, self.attribute("SECONDARY_GLOBAL_CALLID"), "SECONDARY_GLOBAL_CALLID")
                }
                Also::Allows(features) => {
                    let lacks = features.iter().find(|f| !self.allows(f));
                    lacks.map(|f| format!("{f} is not allowed"))
                }
                Also::Forbids(features) => {
                    let has = features.iter().find(|f| self.allows(f));
                    has.map(|f| format!("{f} is allowed"))
                }
                Also::Prg(number) => {
                    let came = self.way("PRG_NUMBER");
                    (came != Some(cast.number(number))).then(|| format!("PRG_NUMBER is {came:?}"))
                }
                Also::Trunk(number) => {
                    let came = (self.way("TRUNK_NUMBER"), self.way("TRUNK_NAME"));
                    let name = format!("Trunk {number}");
                    (came != (Some(number), Some(&name))).then(|| format!("the trunk is {came:?}"))
                }
                Also::Peer(name) => {
                    let came = self.way("PEER_NAME");
                    (came != Some(name)).then(|| format!("the peer is {came:?}"))
                }
                // Looked at in every event.
                Also::Node(_) => None,
                Also::Account { code, verified } => {
                    let kind = if *verified { "VERIFIED_ACCOUNT_CODE" } else { "UNVERIFIED_ACCOUNT_CODE" };
                    let came = (self.text("accountCode"), self.text("accountCodeType"));
                    (came != (code.as_str(), kind)).then(|| format!("the account code is {came:?}"))
                }
                Also::Parties(members) => {
                    let mut wanted: Vec<_> = members.iter().map(|word| cast.number(word)).collect();
                    let mut came = self.parties();
                    wanted.sort_unstable();
                    came.sort_unstable();
                    (wanted != came).then(|| "the parties differ".to_owned())
                }
            };
            wrong.extend(differs);
        }
        if call.leg.is_some() && !current_told && current.is_none() {
            wrong.push("CURRENT_GLOBAL_CALL_ID is missing".to_owned());
        }
        let speaks =
            call.also.iter().find_map(|also| if let Also::Node(node) = also { Some(node.clone()) } else { None });
        let speaks = speaks.unwrap_or_else(|| cast.node(&call.at.phone).to_string());
        wrong.extend(self.ill_formed(&call.at, &speaks, cast));
        wrong
    }

    fn allows(&self, feature: &str) -> bool {
        self.items("featuresAllowed").iter().any(|f| f.as_str() == Some(feature))
    }

    /// What every event of a call must be, without a word about it in the file.
    fn ill_formed(&self, at: &Place, node: &str, cast: &Cast) -> Vec<String> {
        let mut wrong = Vec::new();
        let icp = self.attribute("ICP_ID");
        if icp != Some(node) {
            wrong.push(format!("ICP_ID is {icp:?}"));
        }
        if self.long("callEventTime") <= 0 {
            wrong.push("it has no time".to_owned());
        }
        let own = cast.line_number(&at.to_string());
        if !self.devices().iter().any(|(_, number)| *number == own) {
            wrong.push("the monitored device is in no role".to_owned());
        }
        for device in self.items("device") {
            let attributes = device.get("deviceAttribute").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let Some(number) = attribute(attributes, "NUMBER") else { continue };
            let shared = cast.shared.iter().find(|(shared, ..)| shared == number);
            let shared = shared.map(|(_, key, _)| if *key { "KEYLINE" } else { "MULTICALL_GROUP" });
            let kind = attribute(attributes, "DEVICE_TYPE");
            if shared.is_some() && kind != shared {
                wrong.push(format!("{} is a {kind:?}", cast.word(number)));
            }
            let Some(name) = attribute(attributes, "NAME") else { continue };
            if listed(number).is_some_and(|listed| listed != name) {
                wrong.push(format!("{} is named {name:?}", cast.word(number)));
            }
        }
        wrong
    }

    /// The whole event without its time, and with numbers for ids in the order in which they came:
    /// equal in two playings that went the same way.
    pub fn neutral(&self, cast: &mut Cast) -> String {
        let mut event = self.event.clone();
        if let Some(event) = event.as_object_mut() {
            // How a poll is answered is the transport's.
            event.retain(|name, _| name.ends_with("Event") || name == "eventType");
        }
        if let Some(call) = event.get_mut("callEvent").and_then(Value::as_object_mut) {
            call.remove("callEventTime");
            let leg = call.remove("localCallId");
            for party in call.get_mut("party").and_then(Value::as_array_mut).into_iter().flatten() {
                // The members of a conference are told with the leg of the monitored device, as that of the event.
                if let Some(party) = party.as_object_mut().filter(|party| party.get("callId") == leg.as_ref()) {
                    party.remove("callId");
                }
            }
        }
        for part in ["systemEvent", "featureEvent"] {
            if let Some(part) = event.get_mut(part).and_then(Value::as_object_mut) {
                part.remove("time");
            }
        }
        for name in GLOBAL_CALL_IDS {
            if let Some(gcid) = self.attribute(name)
                && !cast.came.iter().any(|came| came == gcid)
            {
                cast.came.push(gcid.to_owned());
            }
        }
        let mut text = format!("{}\n{event}", self.show(cast));
        for (i, gcid) in cast.came.iter().enumerate() {
            text = text.replace(gcid, &format!("GCID-{i}"));
        }
        text
    }
}

const GLOBAL_CALL_IDS: [&str; 3] = ["CURRENT_GLOBAL_CALL_ID", "PRIMARY_GLOBAL_CALLID", "SECONDARY_GLOBAL_CALLID"];

impl Cast {
    /// A device as the file names it (`B`, `B.2`, a number, or `?` for none), with its number.
    fn line_number(&self, word: &str) -> String {
        match word.split_once('.') {
            Some((phone, button)) => {
                format!("{}.{button}", self.shown(phone, button).unwrap_or_else(|| self.number(phone)))
            }
            None => self.number(word).to_owned(),
        }
    }

    /// The other way round.
    fn line_word(&self, line: &str) -> String {
        match line.split_once('.') {
            Some((number, button)) => format!("{}.{button}", self.word(number)),
            None => self.word(line).to_owned(),
        }
    }
}

/// Whose order an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    Node(usize),
    Line(Place),
    Nobody,
}

impl Whose {
    pub fn of(event: &Event, cast: &Cast) -> Self {
        match event {
            Event::System { phone, .. } => Self::Node(cast.node(phone)),
            Event::Feature(feature) => Self::Line(feature.at.clone()),
            Event::Call(call) => Self::Line(call.at.clone()),
        }
    }
}

fn device_number(device: &Value) -> (&str, String) {
    let role = device.get("deviceName").and_then(Value::as_str).unwrap_or("?");
    let attributes = device.get("deviceAttribute").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let number = attribute(attributes, "NUMBER").unwrap_or("?");
    let line = match attribute(attributes, "LINE_APPEARANCE") {
        None | Some("1") => number.to_owned(),
        Some(button) => format!("{number}.{button}"),
    };
    (role.strip_suffix("_DEVICE").unwrap_or(role), line)
}

fn party_number(party: &Value) -> &str {
    let text = |name: &str| party.get(name).and_then(Value::as_str);
    text("memberNum").or_else(|| text("remoteMemberExt")).unwrap_or("?")
}

fn attribute<'a>(attributes: &'a [Value], name: &str) -> Option<&'a str> {
    let named = |a: &&Value| a.get("attributeName").and_then(Value::as_str) == Some(name);
    attributes.iter().find(named)?.get("attributeValue")?.as_str()
}

/// The name of a lab's phone in its directory.
fn listed(number: &str) -> Option<String> {
    let node = Ceid::new(number.get(..1)?.parse().ok()?).ok()?;
    let phone = Plan::lab(node).phones.into_iter().find(|phone| phone.dn.to_string() == number)?;
    Some(phone.name)
}
