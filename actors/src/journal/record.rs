//! What the journal says, a record at a time. Each names its session or object and says how something is from now on,
//! so that a record read twice changes nothing.

use std::sync::Arc;

use schemas::domain::{
    CallKey, DeviceFeature, Dn, Forwarding, GlobalCallId, LegId, ObjectId, ObjectKind, SessionId, Setting,
};

use super::bytes::{Bytes, put_text};
use crate::device::messages::{KnownLeg, Memory};
use crate::event::{Event, Form, Topics};
use crate::session::Cursors;
use crate::session_supervisor::Door;
use crate::standing::Service;
use crate::user::{Integration, SessionUser};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    /// Leg ids below this were given, or are by the process that writes.
    LegsBelow(u64),
    SessionBegan {
        session: SessionId,
        application: Arc<str>,
        service: Service,
        door: Door,
        user: Option<SessionUser>,
    },
    /// The session has Advanced service from now on.
    Proven(SessionId),
    SessionEnded(SessionId),
    /// What the session monitors of an object; nothing when there are no topics.
    Monitor {
        session: SessionId,
        object: ObjectId,
        topics: Topics,
    },
    /// An event, and the oldest number that the session's log keeps.
    Event {
        session: SessionId,
        number: u32,
        oldest: u32,
        event: Arc<Event>,
    },
    /// Where the session's readers are, and the number that its next event has at the least.
    Cursors {
        session: SessionId,
        next: u32,
        at: Cursors,
    },
    /// Events are handed over there; an empty URL ends it.
    Handler {
        session: SessionId,
        form: Form,
        url: Arc<str>,
    },
    /// Who is told of a successor; an empty URL is nobody.
    Callback {
        session: SessionId,
        url: Arc<str>,
    },
    /// What is known of an object: calls with their ids, features, who is absent.
    Object {
        object: ObjectId,
        memory: Memory,
    },
}

impl Record {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::LegsBelow(leg) => {
                out.push(1);
                put_u64(out, *leg);
            }
            Self::SessionBegan { session, application, service, door, user } => {
                put_head(out, if user.is_some() { 12 } else { 2 }, *session);
                out.push(match service {
                    Service::Standard => 0,
                    Service::Unproven => 1,
                    Service::Advanced => 2,
                });
                out.push(match door {
                    Door::Soap => 0,
                    Door::Rest => 1,
                });
                if let Some(user) = user {
                    put_user(out, *user);
                }
                put_text(out, application);
            }
            Self::Proven(session) => put_head(out, 3, *session),
            Self::SessionEnded(session) => put_head(out, 4, *session),
            Self::Monitor { session, object, topics } => {
                put_head(out, 5, *session);
                put_u64(out, object.get());
                out.push(topics.bits());
            }
            Self::Event { session, number, oldest, event } => {
                put_head(out, 6, *session);
                put_u32(out, *number);
                put_u32(out, *oldest);
                event.keep(out);
            }
            Self::Cursors { session, next, at } => {
                put_head(out, 7, *session);
                put_u32(out, *next);
                out.push(u8::from(at.was_read));
                for cursor in [at.standard, at.advanced, at.handler] {
                    put_u32(out, cursor.unwrap_or(0)); // numbers begin at 1
                }
            }
            Self::Handler { session, form, url } => {
                put_head(out, 8, *session);
                out.push(u8::from(*form == Form::Advanced));
                put_text(out, url);
            }
            Self::Callback { session, url } => {
                put_head(out, 9, *session);
                put_text(out, url);
            }
            Self::Object { object, memory } => {
                out.push(11);
                put_u64(out, object.get());
                put_memory(out, memory);
            }
        }
    }

    /// `None` for what none of ours can be.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let record = match bytes.u8()? {
            1 => Self::LegsBelow(bytes.u64()?),
            kind @ (2 | 12) => Self::SessionBegan {
                session: session(&mut bytes)?,
                service: match bytes.u8()? {
                    0 => Service::Standard,
                    1 => Service::Unproven,
                    2 => Service::Advanced,
                    _ => return None,
                },
                door: match bytes.u8()? {
                    0 => Door::Soap,
                    1 => Door::Rest,
                    _ => return None,
                },
                user: if kind == 12 { Some(user(&mut bytes)?) } else { None },
                application: bytes.text()?.into(),
            },
            3 => Self::Proven(session(&mut bytes)?),
            4 => Self::SessionEnded(session(&mut bytes)?),
            5 => Self::Monitor {
                session: session(&mut bytes)?,
                object: object(bytes.u64()?)?,
                topics: Topics::from_bits(bytes.u8()?)?,
            },
            6 => Self::Event {
                session: session(&mut bytes)?,
                number: bytes.u32()?,
                oldest: bytes.u32()?,
                event: Arc::new(Event::of_kept(&mut bytes)?),
            },
            7 => {
                let (session, next, was_read) = (session(&mut bytes)?, bytes.u32()?, bytes.u8()? != 0);
                let mut cursor = || bytes.u32().map(|number| (number > 0).then_some(number));
                let (standard, advanced, handler) = (cursor()?, cursor()?, cursor()?);
                Self::Cursors { session, next, at: Cursors { was_read, standard, advanced, handler } }
            }
            8 => Self::Handler {
                session: session(&mut bytes)?,
                form: if bytes.u8()? == 0 { Form::Standard } else { Form::Advanced },
                url: bytes.text()?.into(),
            },
            9 => Self::Callback { session: session(&mut bytes)?, url: bytes.text()?.into() },
            // 10 was an object whose calls had no Global Call ID.
            11 => Self::Object { object: object(bytes.u64()?)?, memory: memory(&mut bytes)? },
            _ => return None,
        };
        bytes.is_empty().then_some(record)
    }
}

fn put_user(out: &mut Vec<u8>, SessionUser { id, integration, generation, token }: SessionUser) {
    put_u32(out, id.cast_unsigned());
    out.push(match integration {
        Integration::Salesforce => 0,
        Integration::Google => 1,
    });
    put_u64(out, generation.cast_unsigned());
    put_u64(out, token);
}

fn user(bytes: &mut Bytes<'_>) -> Option<SessionUser> {
    let id = bytes.u32()?.cast_signed();
    let integration = match bytes.u8()? {
        0 => Integration::Salesforce,
        1 => Integration::Google,
        _ => return None,
    };
    Some(SessionUser { id, integration, generation: bytes.u64()?.cast_signed(), token: bytes.u64()? })
}

fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// A feature's number in the file is its place here, so that it stays there.
const FEATURES: [DeviceFeature; 9] = [
    DeviceFeature::DoNotDisturb,
    DeviceFeature::MessageWaiting,
    DeviceFeature::AutoAnswer,
    DeviceFeature::HotDeskUser,
    DeviceFeature::Forward(Forwarding::Always),
    DeviceFeature::Forward(Forwarding::BusyInternal),
    DeviceFeature::Forward(Forwarding::BusyExternal),
    DeviceFeature::Forward(Forwarding::NoAnswerInternal),
    DeviceFeature::Forward(Forwarding::NoAnswerExternal),
];

fn put_count(out: &mut Vec<u8>, count: usize) {
    // So many make a record that is not written.
    put_u32(out, u32::try_from(count).unwrap_or(u32::MAX));
}

fn put_memory(out: &mut Vec<u8>, Memory { legs, settings, absent }: &Memory) {
    put_count(out, legs.len());
    for KnownLeg { call, id, global_call_id, held_for_consultation } in legs {
        put_text(out, call.as_str());
        put_u64(out, id.get());
        out.extend([*held_for_consultation, global_call_id.is_some()].map(u8::from));
        put_text(out, global_call_id.as_ref().map(GlobalCallId::as_str).unwrap_or_default());
    }
    let settings = settings.iter().filter_map(|s| Some((FEATURES.iter().position(|f| *f == s.feature)?, s)));
    put_count(out, settings.clone().count());
    for (place, setting) in settings {
        out.extend([place as u8, u8::from(setting.on), u8::from(setting.number.is_some())]);
        put_text(out, setting.number.as_deref().unwrap_or_default());
    }
    out.push(u8::from(absent.is_some()));
    put_count(out, absent.as_ref().map_or(0, |absent| absent.len()));
    for (group, member) in absent.iter().flat_map(|absent| &**absent) {
        put_text(out, &group.to_string());
        put_text(out, &member.to_string());
    }
}

fn memory(bytes: &mut Bytes<'_>) -> Option<Memory> {
    let mut memory = Memory::default();
    for _ in 0..bytes.u32()? {
        let (call, id) = (CallKey::from(bytes.text()?), LegId::new(bytes.u64()?));
        let (held_for_consultation, has_id, global) = (bytes.u8()? != 0, bytes.u8()? != 0, bytes.text()?);
        let global_call_id = has_id.then(|| GlobalCallId::from(global));
        memory.legs.push(KnownLeg { call, id, global_call_id, held_for_consultation });
    }
    for _ in 0..bytes.u32()? {
        let feature = *FEATURES.get(usize::from(bytes.u8()?))?;
        let (on, has_number, number) = (bytes.u8()? != 0, bytes.u8()? != 0, bytes.text()?);
        memory.settings.push(Setting { feature, on, number: has_number.then(|| number.to_owned()) });
    }
    memory.absent = (bytes.u8()? != 0).then(Box::default);
    for _ in 0..bytes.u32()? {
        let pair = (bytes.text()?.parse::<Dn>().ok()?, bytes.text()?.parse::<Dn>().ok()?);
        memory.absent.as_mut()?.insert(pair);
    }
    Some(memory)
}

fn put_head(out: &mut Vec<u8>, kind: u8, session: SessionId) {
    out.push(kind);
    out.extend_from_slice(&session.as_long().to_le_bytes());
}

fn session(bytes: &mut Bytes<'_>) -> Option<SessionId> {
    SessionId::try_from(bytes.u64()?.cast_signed()).ok()
}

/// An object by its number, one of presence, too.
pub(crate) fn object(number: u64) -> Option<ObjectId> {
    let long = number.cast_signed();
    let presence = || {
        let ceid = schemas::domain::Ceid::new((number >> 34 & 0x3ff) as u16).ok()?;
        let object = ObjectId::presence(ceid);
        debug_assert_eq!(object.kind(), ObjectKind::Presence);
        (object.get() == number).then_some(object)
    };
    ObjectId::try_from(long).ok().or_else(presence)
}
