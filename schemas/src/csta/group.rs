//! What events of calls say of groups in our private data: for which one a call rings, and that it was handed from one
//! member to others. The types, and how they are read; `write` writes them. CSTA itself has nothing of it.

use super::read::Result;
use super::read::parts::{device, id};
use super::words::{value, word};
use crate::domain::{DeviceRef, Group, GroupKind};
use crate::xml::Element;

/// Beside the standard's part of a call event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupCall {
    /// The group that the call rings for, or was answered for by this event.
    pub group: Option<Box<Group>>,
    /// One member gave the call to others, or took it from another.
    pub handoff: bool,
}

impl GroupCall {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const KINDS: [(GroupKind, &str); 1] = [(GroupKind::Personal, "personal")];

/// The element `group`; `None` where it does not say which.
pub(super) fn group(told: Element<'_, '_>) -> Result<Option<Box<Group>>> {
    let Some(named) = told.child("device") else { return Ok(None) };
    let device: DeviceRef = device(named)?;
    let kind = id(told, "kind")?.and_then(|kind| value(&KINDS, &kind));
    Ok((!device.number.is_empty()).then(|| Box::new(Group { device, kind })))
}

pub(super) fn kind_word(kind: GroupKind) -> &'static str {
    word(&KINDS, kind, "personal")
}
