//! An event as sessions keep it: each form rendered once by whoever tells it, shared by every
//! session that hears it.
//!
//! The standard form is always there where an event has one; the advanced form is made when a
//! session that may read it watches. JSON is made of either by whoever first reads it so, and
//! shared by those who follow; who reads XML never looks at it. How a form stands in a reply is its
//! reader's business.

use std::sync::{Arc, OnceLock};

use actix::Message;
use schemas::contract::adv::{AdvEventMsg, AdvEventType};
use schemas::contract::cc::{
    CallEventAttributeNames, CallEventAttributeValue, CallEventType, EventCauseType, StandardEventMsg,
};
use schemas::contract::ops_call_control_advanced::AdvGetEvent;
use schemas::contract::ops_call_control_standard::GetEvent;
use schemas::contract::{Record, Request};
use schemas::domain::ObjectId;
use schemas::rest;
use schemas::xml::Writer;

use crate::journal::{Bytes, object_by_number, put_text};
use crate::node::flow::Settling;

/// A form that a reader may have an event in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Standard,
    Advanced,
}

/// Which forms somebody wants, besides the standard one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forms {
    pub advanced: bool,
}

impl Forms {
    /// For what is told to every session and is rare.
    pub const ALL: Forms = Forms { advanced: true };
}

/// What a monitor of an object is about, and who hears an event of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Topics {
    pub calls: bool,
    pub features: bool,
}

impl Topics {
    pub const CALLS: Topics = Topics { calls: true, features: false };
    pub const FEATURES: Topics = Topics { calls: false, features: true };
    pub const ALL: Topics = Topics { calls: true, features: true };

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { calls: self.calls || other.calls, features: self.features || other.features }
    }

    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self { calls: self.calls && !other.calls, features: self.features && !other.features }
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether something is in both.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        (self.calls && other.calls) || (self.features && other.features)
    }

    /// As bits of a byte, for the journal.
    #[must_use]
    pub(crate) fn bits(self) -> u8 {
        u8::from(self.calls) | u8::from(self.features) << 1
    }

    /// `None` for bits that are none of [`Topics::bits`].
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        (bits < 4).then_some(Self { calls: bits & 1 != 0, features: bits & 2 != 0 })
    }

    /// Those who hear an event: that a monitor failed is heard by whoever has one.
    fn of(message: &StandardEventMsg) -> Self {
        match (&message.call_event, &message.feature_event) {
            (Some(call), _) if call.kind != Some(CallEventType::MonitorFailedEvent) => Self::CALLS,
            (None, Some(_)) => Self::FEATURES,
            _ => Self::ALL,
        }
    }
}

/// What an event is about, for the flight record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brief {
    /// The contract's words; empty where there is none.
    pub kind: &'static str,
    pub cause: &'static str,
    /// 0 where it is about no leg.
    pub leg: u64,
    global_call_id: Short,
}

/// A text of a few characters, without an allocation; a longer one is cut.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Short {
    bytes: [u8; 11],
    length: u8,
}

impl Short {
    fn of(text: &str) -> Self {
        let mut short = Self::default();
        let mut end = text.len().min(short.bytes.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        short.bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        short.length = u8::try_from(end).unwrap_or(0);
        short
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl std::fmt::Debug for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Brief {
    pub(crate) fn of(kind: &'static str, cause: &'static str, leg: u64, global_call_id: Option<&str>) -> Self {
        Self { kind, cause, leg, global_call_id: global_call_id.map(Short::of).unwrap_or_default() }
    }

    /// Empty where the event has none.
    #[must_use]
    pub fn global_call_id(&self) -> &str {
        self.global_call_id.as_str()
    }

    fn of_message(message: &StandardEventMsg) -> Self {
        let Some(call) = &message.call_event else {
            let kind = if message.feature_event.is_some() { "FEATURE_EVENT" } else { "SYSTEM_EVENT" };
            return Self::of(kind, "", 0, None);
        };
        let is_id = |value: &&CallEventAttributeValue| {
            value.attribute_name == Some(CallEventAttributeNames::CurrentGlobalCallId)
        };
        let id = call.call_event_attribute.iter().find(is_id).and_then(|value| value.attribute_value.as_deref());
        let (kind, cause) =
            (call.kind.map_or("", CallEventType::as_str), call.cause.map_or("", EventCauseType::as_str));
        Self::of(kind, cause, u64::try_from(call.local_call_id).unwrap_or(0), id)
    }
}

/// One event. Its number belongs to a session's log, not to the event.
#[derive(Debug)]
pub struct Event {
    /// The monitored object; `None` for system events.
    pub object: Option<ObjectId>,
    /// Which monitors of the object hear it.
    pub topics: Topics,
    /// Of one that is read back from a journal nothing is known.
    pub brief: Brief,
    standard: Option<Box<str>>,
    advanced: Option<Advanced>,
    /// Members of the replies of getEvent and advGetEvent; empty where they could not be made.
    standard_json: OnceLock<Box<str>>,
    advanced_json: OnceLock<Box<str>>,
}

/// Two are the same when applications read the same.
impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        let read = |of: &Self| (of.object, of.topics);
        read(self) == read(other) && self.standard == other.standard && self.advanced == other.advanced
    }
}

impl Eq for Event {}

/// What stands inside the advanced event's element is the same wherever it is read; the elements
/// around it are not.
#[derive(Debug, PartialEq, Eq)]
struct Advanced {
    kind: AdvEventType,
    part: Part,
    /// Attributes, `>` and children of the part, with `adv:` prefixes.
    inner: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Call,
    Feature,
    System,
}

impl Event {
    /// An event that has a standard form.
    #[must_use]
    pub fn new(object: Option<ObjectId>, message: StandardEventMsg, forms: Forms) -> Self {
        let mut out = Writer::new();
        message.write_children(&mut out);
        let (topics, brief) = (Topics::of(&message), Brief::of_message(&message));
        let advanced = if forms.advanced { Advanced::render(&message.into()) } else { None };
        Self { brief, ..Self::of(object, topics, Some(kept(out)), advanced) }
    }

    /// An event that only advanced sessions can read; `getEvent` passes it over.
    #[must_use]
    pub fn advanced_only(object: Option<ObjectId>, message: &AdvEventMsg) -> Self {
        let topics = if message.feature_event.is_some() { Topics::FEATURES } else { Topics::CALLS };
        let brief = Brief::of(message.event_type.map_or("", AdvEventType::as_str), "", 0, None);
        Self { brief, ..Self::of(object, topics, None, Advanced::render(message)) }
    }

    fn of(object: Option<ObjectId>, topics: Topics, standard: Option<Box<str>>, advanced: Option<Advanced>) -> Self {
        let brief = Brief::default();
        Self {
            object,
            topics,
            brief,
            standard,
            advanced,
            standard_json: OnceLock::new(),
            advanced_json: OnceLock::new(),
        }
    }

    /// In the place of one that a damaged journal had: whoever reads is told that it was discarded.
    pub(crate) fn lost() -> Self {
        Self::of(None, Topics::ALL, None, None)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.standard.is_none() && self.advanced.is_none()
    }

    /// One with this text as its standard form.
    #[cfg(test)]
    pub(crate) fn of_text(object: Option<ObjectId>, standard: impl Into<String>) -> Self {
        Self::of(object, Topics::ALL, Some(standard.into().into_boxed_str()), None)
    }

    /// Whether there is this form of it.
    #[must_use]
    pub fn has(&self, form: Form) -> bool {
        match form {
            Form::Standard => self.standard.is_some(),
            Form::Advanced => self.advanced.is_some(),
        }
    }

    /// The children of a `standardEventMsg` or `numberedEventMsg`, with `cc:` prefixes.
    #[must_use]
    pub fn standard(&self) -> Option<&str> {
        self.standard.as_deref()
    }

    /// The children of an `advEventMsg`.
    #[must_use]
    pub fn advanced(&self) -> Option<String> {
        let Advanced { kind, part, inner } = self.advanced.as_ref()?;
        let name = match part {
            Part::Call => "adv:callEvent",
            Part::Feature => "adv:featureEvent",
            Part::System => "adv:systemEvent",
        };
        let mut out = Writer::new();
        out.element("adv:eventType", kind.as_str()).start(name).raw(inner).close(name);
        Some(out.finish())
    }

    /// The members of the reply of `getEvent`, or of `advGetEvent` for the advanced form, as JSON
    /// without braces; `None` when there is no such form.
    #[must_use]
    pub fn json(&self, form: Form) -> Option<&str> {
        let json = match form {
            Form::Standard => {
                let children = self.standard()?;
                self.standard_json.get_or_init(|| json(GetEvent::OPERATION, children))
            }
            Form::Advanced => {
                self.advanced.as_ref()?;
                let children = || self.advanced().unwrap_or_default();
                self.advanced_json.get_or_init(|| json(AdvGetEvent::OPERATION, &children()))
            }
        };
        (!json.is_empty()).then_some(json)
    }

    /// The children of a `numberedEventMsg` in an advanced session.
    #[must_use]
    pub fn advanced_numbered(&self) -> Option<String> {
        let Advanced { kind, part, inner } = self.advanced.as_ref()?;
        let mut out = Writer::new();
        // The contract has the type behind the call and before the rest.
        let kind = |out: &mut Writer| {
            out.element("cc:advEventType", kind.as_str());
        };
        let part_as = |out: &mut Writer, name: &str| {
            out.start(name).raw(inner).close(name);
        };
        match part {
            Part::Call => {
                part_as(&mut out, "cc:advCallEvent");
                kind(&mut out);
            }
            Part::Feature => {
                kind(&mut out);
                part_as(&mut out, "cc:advFeatureEvent");
            }
            Part::System => {
                kind(&mut out);
                part_as(&mut out, "cc:advSystemEvent");
            }
        }
        Some(out.finish())
    }

    /// Appends it as the journal keeps it: the forms as they are, but for JSON.
    pub(crate) fn keep(&self, out: &mut Vec<u8>) {
        let advanced = self.advanced.as_ref();
        out.extend_from_slice(&self.object.map_or(0, ObjectId::get).to_le_bytes());
        out.push(self.topics.bits());
        out.push(u8::from(self.standard.is_some()));
        put_text(out, self.standard.as_deref().unwrap_or_default());
        out.push(advanced.map_or(0, |advanced| advanced.part as u8 + 1));
        put_text(out, advanced.map_or("", |advanced| advanced.kind.as_str()));
        put_text(out, advanced.map_or("", |advanced| &advanced.inner));
    }

    /// Reads what [`Event::keep`] wrote; `None` for anything else.
    pub(crate) fn of_kept(bytes: &mut Bytes<'_>) -> Option<Self> {
        let object = match bytes.u64()? {
            0 => None,
            number => Some(object_by_number(number)?),
        };
        let topics = Topics::from_bits(bytes.u8()?)?;
        let (has_standard, standard) = (bytes.u8()? != 0, bytes.text()?);
        let (part, kind, inner) = (bytes.u8()?, bytes.text()?, bytes.text()?);
        let advanced = |part| Some(Advanced { kind: AdvEventType::from_wire(kind)?, part, inner: inner.into() });
        let advanced = match part {
            0 => None,
            1 => Some(advanced(Part::Call)?),
            2 => Some(advanced(Part::Feature)?),
            3 => Some(advanced(Part::System)?),
            _ => return None,
        };
        Some(Self::of(object, topics, has_standard.then(|| standard.into()), advanced))
    }

    /// What it counts against a log's bound: every form that is kept. It grows when somebody is the
    /// first to read JSON, and never shrinks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let advanced = self.advanced.as_ref().map_or(0, |a| a.inner.len());
        let json = [&self.standard_json, &self.advanced_json].into_iter().filter_map(OnceLock::get);
        let forms = self.standard.as_ref().map_or(0, |text| text.len()) + advanced;
        forms + json.map(|text| text.len()).sum::<usize>() + size_of::<Self>()
    }
}

fn json(operation: &schemas::contract::OperationRow, children: &str) -> Box<str> {
    rest::event_members(operation, children).unwrap_or_default().into_boxed_str()
}

/// Without the room that was left for more: it may be kept ten thousand times.
fn kept(out: Writer) -> Box<str> {
    out.finish().into_boxed_str()
}

impl Advanced {
    fn render(message: &AdvEventMsg) -> Option<Self> {
        fn inner(record: &impl Record) -> Box<str> {
            let mut out = Writer::new();
            record.write_attributes(&mut out);
            out.raw(">");
            record.write_children(&mut out);
            kept(out)
        }
        let (part, inner) = match (&message.call_event, &message.feature_event, &message.system_event) {
            (Some(call), _, _) => (Part::Call, inner(call)),
            (_, Some(feature), _) => (Part::Feature, inner(feature)),
            (_, _, Some(system)) => (Part::System, inner(system)),
            (None, None, None) => return None,
        };
        Some(Self { kind: message.event_type.unwrap_or(AdvEventType::Unknown), part, inner })
    }
}

/// Events for one session, in order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum Deliver {
    /// What was told before is in the log when this is dropped.
    Settled(Settling),
    One(Arc<Event>),
    Many(Vec<Arc<Event>>),
}

#[cfg(test)]
mod tests {
    use schemas::contract::cc::{
        CallEventMsg, CallState, EventCauseType, EventType, FeatureEventMsg, FeatureEventType, NumberedEventMsg,
        SystemEventMsg, SystemEventType,
    };
    use schemas::soap::{self, Envelope, Version};

    use super::*;

    fn call() -> StandardEventMsg {
        StandardEventMsg {
            event_type: Some(EventType::CallEvent),
            call_event: Some(CallEventMsg {
                kind: Some(CallEventType::InformationUpdateEvent),
                cause: Some(EventCauseType::GlobalCallidUpdated),
                call_state: Some(CallState::Established),
                local_call_id: 7,
                object_id: 9,
                ..CallEventMsg::default()
            }),
            result: true,
            ..StandardEventMsg::default()
        }
    }

    fn system() -> StandardEventMsg {
        StandardEventMsg {
            event_type: Some(EventType::SystemEvent),
            system_event: Some(SystemEventMsg {
                event_type: Some(SystemEventType::OigShutdown),
                ..SystemEventMsg::default()
            }),
            result: true,
            ..StandardEventMsg::default()
        }
    }

    fn feature() -> StandardEventMsg {
        StandardEventMsg {
            event_type: Some(EventType::FeatureEvent),
            feature_event: Some(FeatureEventMsg {
                event_type: Some(FeatureEventType::CfAlways),
                object_id: 9,
                ..FeatureEventMsg::default()
            }),
            result: true,
            ..StandardEventMsg::default()
        }
    }

    #[test]
    fn an_event_is_heard_by_the_monitors_that_it_is_about() {
        let topics = |message| Event::new(None, message, Forms::default()).topics;
        assert_eq!(topics(call()), Topics::CALLS);
        assert_eq!(topics(feature()), Topics::FEATURES);
        let mut failed = call();
        failed.call_event.as_mut().expect("a call event").kind = Some(CallEventType::MonitorFailedEvent);
        assert_eq!(topics(failed), Topics::ALL);
        assert!(!Topics::CALLS.meets(Topics::FEATURES) && Topics::ALL.meets(Topics::FEATURES));
        assert!(Topics::ALL.without(Topics::CALLS).with(Topics::CALLS) == Topics::ALL);
        assert!(Topics::CALLS.without(Topics::ALL).is_empty());
    }

    /// What an application reads in a reply of this operation.
    fn read<R: Request>(attributes: &[(&str, &str)], inner: &str) -> R::Reply
    where
        R::Reply: Record,
    {
        let reply = soap::reply_raw(Version::V1_1, R::OPERATION, attributes, inner);
        let envelope = Envelope::parse(reply.as_bytes()).expect("an envelope");
        soap::read_reply::<R>(&envelope).expect("a reply of the contract")
    }

    #[test]
    fn the_advanced_form_says_the_same_in_its_own_words() {
        use schemas::contract::ops_call_control_advanced::AdvGetEvent;
        for message in [call(), feature(), system()] {
            let event = Event::new(None, message.clone(), Forms::ALL);
            let heard = read::<AdvGetEvent>(&[("result", "true")], &event.advanced().expect("rendered"));
            assert_eq!(heard, AdvEventMsg::from(message));
        }
        let event = Event::new(None, call(), Forms::ALL).advanced().expect("rendered");
        assert!(event.contains(">INFORMATION_UPDATE<") && !event.contains("cc:"), "{event}");
    }

    #[test]
    fn a_numbered_event_has_the_advanced_form_in_elements_of_its_own() {
        use schemas::contract::ops_call_control_standard::GetNumberedEvent;
        let attributes = [("result", "true"), ("eventNumber", "3"), ("advanced", "true")];
        for message in [call(), feature(), system()] {
            let event = Event::new(None, message.clone(), Forms::ALL).advanced_numbered().expect("rendered");
            let heard: NumberedEventMsg = read::<GetNumberedEvent>(&attributes, &event);
            let expected = AdvEventMsg::from(message);
            assert_eq!(heard.adv_event_type, expected.event_type);
            assert_eq!((heard.adv_call_event, heard.adv_system_event), (expected.call_event, expected.system_event));
            assert_eq!(heard.adv_feature_event, expected.feature_event);
            assert_eq!((heard.event_type, heard.call_event, heard.advanced), (None, None, true));
        }
    }

    #[test]
    fn json_is_made_once_and_says_what_the_reply_by_xml_would() {
        fn as_before(operation: &schemas::contract::OperationRow, children: &str) -> String {
            let envelope = soap::reply_raw(Version::V1_1, operation, &[("result", "true")], children);
            rest::reply(operation, &envelope, None).expect("a reply")
        }
        for message in [call(), system()] {
            let event = Arc::new(Event::new(None, message, Forms::ALL));
            let before = event.bytes();
            // Two sessions hold the same event.
            let (one, other) = (event.clone(), event.clone());
            let members = one.json(Form::Standard).expect("rendered");
            assert!(std::ptr::eq(members, other.json(Form::Standard).expect("rendered")), "rendered twice");
            let attributes = [("result", "true")];
            let reply = rest::event_reply(GetEvent::OPERATION, &attributes, members);
            assert_eq!(reply, as_before(GetEvent::OPERATION, event.standard().expect("rendered")));
            assert_eq!(event.bytes(), before + members.len(), "it is kept, so it counts");
            let members = one.json(Form::Advanced).expect("rendered");
            assert!(std::ptr::eq(members, other.json(Form::Advanced).expect("rendered")), "rendered twice");
            let reply = rest::event_reply(AdvGetEvent::OPERATION, &attributes, members);
            assert_eq!(reply, as_before(AdvGetEvent::OPERATION, &event.advanced().expect("rendered")));
        }
        let only = Event::advanced_only(None, &call().into());
        assert!(only.json(Form::Standard).is_none() && only.json(Form::Advanced).is_some());
        let plain = Event::new(None, call(), Forms::default());
        assert!(plain.json(Form::Advanced).is_none());
    }

    #[test]
    fn what_is_not_rendered_is_not_paid_for_and_what_is_kept_counts() {
        let plain = Event::new(None, call(), Forms::default());
        let both = Event::new(None, call(), Forms::ALL);
        assert!(plain.has(Form::Standard) && !plain.has(Form::Advanced));
        assert!(plain.advanced().is_none() && plain.advanced_numbered().is_none());
        assert!(both.bytes() > plain.bytes() + both.advanced().expect("rendered").len() / 2);
        let only = Event::advanced_only(None, &call().into());
        assert!(!only.has(Form::Standard) && only.standard().is_none() && only.advanced().is_some());
    }
}
