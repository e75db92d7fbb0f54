//! Our private data: what CSTA has no service for, in a namespace of its own inside `privateData/private`.
//!
//! A switch that does not know it skips it, and a reader that meets something else there says so.
//! Used by `read` and `write` alone.

use super::message::{
    DeviceProfile, EventBody, GroupCall, PrivateFeature, PrivateRequest, PrivateResponse, ProfileLine,
};
use super::read::parts::{connection_needed, device_needed, id, id_needed, truth};
use super::read::{ReadFault, Result};
use super::words::{PRIVATE, PRIVATE_FEATURES, PRIVATE_PERMITTED, value, word};
use super::{group, hot_desk, presence};
use crate::domain::{Feature, Features};
use crate::xml::Element;

/// Lines of one set, and members of one group, that are read.
const LISTED: usize = 256;

/// The content of `privateData/private`: directly below (Escape, PrivateEvent), or in `extensions`.
fn content<'t, 'a>(e: Element<'t, 'a>) -> Option<Element<'t, 'a>> {
    let data = e.child("privateData").or_else(|| e.child("extensions")?.child("privateData"))?;
    data.child("private")
}

/// What is ours of it.
fn ours<'t, 'a>(e: Element<'t, 'a>) -> impl Iterator<Item = Element<'t, 'a>> {
    content(e).into_iter().flat_map(Element::children).filter(|c| c.namespace() == PRIVATE)
}

pub(super) fn request(e: Element<'_, '_>) -> Result<PrivateRequest> {
    let Some(asked) = ours(e).next() else { return Ok(PrivateRequest::Unsupported) };
    Ok(match asked.local() {
        "deviceProfile" => PrivateRequest::DeviceProfile { dn: id_needed(asked, "deviceProfile", "dn")? },
        "splitConference" => {
            PrivateRequest::SplitConference { connection: connection_needed(asked, "splitConference", "connection")? }
        }
        "newCall" => PrivateRequest::NewCall { connection: connection_needed(asked, "newCall", "connection")? },
        "tradeCall" => PrivateRequest::TradeCall { connection: connection_needed(asked, "tradeCall", "connection")? },
        "remoteRetrieve" => PrivateRequest::RemoteRetrieve {
            held: device_needed(asked, "remoteRetrieve", "held")?,
            requesting: device_needed(asked, "remoteRetrieve", "requesting")?,
        },
        "presence" | "presenceMonitor" | "presenceState" => presence::request(asked)?,
        _ => hot_desk::request(asked)?,
    })
}

pub(super) fn response(e: Element<'_, '_>) -> Result<PrivateResponse> {
    for told in ours(e) {
        match told.local() {
            "deviceProfile" => return profile(told).map(PrivateResponse::DeviceProfile),
            "hotDeskState" => return hot_desk::response(told),
            "presenceMonitor" => return presence::response(told),
            "presenceState" => return presence::states(told),
            _ => {}
        }
    }
    Ok(PrivateResponse::Done)
}

/// What a PrivateEvent tells; `None` when it is not ours.
pub(super) fn event(e: Element<'_, '_>) -> Result<Option<EventBody>> {
    for told in ours(e) {
        match told.local() {
            "hotDeskChanged" => return hot_desk::event(told).map(Some),
            "presenceChanged" => return presence::event(told).map(Some),
            _ => {}
        }
    }
    Ok(None)
}

pub(super) fn features(e: Element<'_, '_>) -> Vec<PrivateFeature> {
    let told = ours(e).filter(|c| c.local() == "features");
    let mut known: Vec<_> =
        told.flat_map(Element::children).filter_map(|c| value(&PRIVATE_FEATURES, c.local())).collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// `permitted` of an event, or of a snapshot's line, which names its call.
pub(super) fn permitted(e: Element<'_, '_>, call: Option<&str>) -> Features {
    let mut told = ours(e).filter(|c| c.local() == "permitted");
    let Some(told) = told.find(|p| p.attribute("", "call") == call) else { return Features::NONE };
    let words = told.children().filter(|c| truth(c.text()));
    words.filter_map(|c| value(&PRIVATE_PERMITTED, c.local())).collect()
}

/// Whether whom a call was transferred to still rings: the standard's event does not say it.
pub(super) fn ringing(e: Element<'_, '_>) -> bool {
    ours(e).any(|c| c.local() == "ringing")
}

/// What a call event says of groups: the standard's does not.
pub(super) fn groups(e: Element<'_, '_>) -> Result<GroupCall> {
    let mut told = GroupCall::default();
    for own in ours(e) {
        match own.local() {
            "group" => told.group = group::group(own)?,
            "handoff" => told.handoff = true,
            _ => {}
        }
    }
    Ok(told)
}

/// Whether the device of a snapshot is in service: the standard's answer does not say it.
pub(super) fn service(e: Element<'_, '_>) -> Option<bool> {
    let told = ours(e).find(|c| c.local() == "inService")?;
    Some(truth(told.text()))
}

/// Whether an account code was found in the node's list: the standard's event does not say it.
pub(super) fn verified(e: Element<'_, '_>) -> Option<bool> {
    let told = ours(e).find(|c| c.local() == "accountVerified")?;
    Some(truth(told.text()))
}

fn profile(e: Element<'_, '_>) -> Result<DeviceProfile> {
    let number = |field: &str| -> Result<Option<u16>> { Ok(id(e, field)?.and_then(|text| text.parse().ok())) };
    let lines = e.child("lines").into_iter().flat_map(Element::children).filter(|c| c.local() == "line");
    let line = |line: Element<'_, '_>| -> Result<Option<ProfileLine>> {
        let button = line.child_text("button").and_then(|t| t.trim().parse().ok());
        let dn = id(line, "dn")?;
        let ring = line.child_text("ring").is_some_and(truth);
        Ok(button.zip(dn).map(|(button, dn)| ProfileLine { button, dn, ring }))
    };
    let members = e.child("members").into_iter().flat_map(Element::children).filter(|c| c.local() == "member");
    Ok(DeviceProfile {
        name: id(e, "name")?,
        kind: id(e, "type")?,
        cos: id(e, "cos")?,
        lines: lines.take(LISTED).filter_map(|l| line(l).transpose()).collect::<Result<_>>()?,
        home: number("home")?,
        secondary: number("secondary")?,
        members: members
            .take(LISTED)
            .map(|m| super::read::bounded(m.text()).map(str::to_owned))
            .collect::<std::result::Result<_, ReadFault>>()?,
    })
}

/// The word for what a node announces.
pub(super) fn feature_word(feature: PrivateFeature) -> &'static str {
    word(&PRIVATE_FEATURES, feature, "permitted")
}

/// The words of what CSTA lacks, in a set of features.
pub(super) fn permitted_words(features: Features) -> impl Iterator<Item = &'static str> {
    PRIVATE_PERMITTED.iter().filter(move |(feature, _)| features.has(*feature)).map(|(_, word)| *word)
}

/// The features that only private data can permit.
#[must_use]
pub fn only_private() -> Features {
    Features::of(&[Feature::TradeCall, Feature::NewCall, Feature::SplitConferenceCall])
}
