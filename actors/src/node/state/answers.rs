//! What an answer of the node, or its refusal, means for the question that it is for.

use std::time::Duration;

use schemas::csta::convert;
use schemas::csta::message::{Edition, Failure, PresenceMonitor, PrivateResponse, RecordsResponse, Request, Response};
use schemas::domain::{CallKey, Done, FeatureGroup, HotDeskAnswer, ObjectId, RefusalKind};
use tokio::time::Instant;

use super::{Effect, Effects, Purpose, State};
use crate::node::messages::{CallDetails, Told};

impl State {
    pub(super) fn answered(&mut self, purpose: Purpose, response: Response, now: Instant, out: &mut Effects) {
        match (purpose, response) {
            (Purpose::StartSession, Response::StartApplicationSession { session, version, duration_s }) => {
                self.edition = edition_of(&version).unwrap_or(self.edition);
                let half = Duration::from_secs(u64::from(duration_s).max(2)) / 2;
                self.session = Some((session, now + half, half));
                self.up(now, out);
            }
            (Purpose::ResetTimer, Response::ResetApplicationSessionTimer { duration_s }) => {
                if let Some((_, at, half)) = &mut self.session {
                    *half = Duration::from_secs(u64::from(duration_s).max(2)) / 2;
                    *at = now + *half;
                }
            }
            (Purpose::Register, Response::SystemRegister { .. }) | (Purpose::Greeting, _) => self.up(now, out),
            (Purpose::Directory, Response::GetSwitchingFunctionDevices { cross_ref }) => {
                self.directory.begins(cross_ref, now);
            }
            (Purpose::Sharing(number), Response::GetLogicalDeviceInformation { appearances }) => {
                self.told_sharing(number, Some(appearances), now, out);
            }
            (Purpose::Monitor(object), Response::MonitorStart { cross_ref }) => {
                self.refers(object, cross_ref, now, out);
                if self.queue.has_room() {
                    out.push(Effect::Full(false));
                }
                out.push(Effect::Tell(object, Told::Monitored(Ok(()))));
            }
            (Purpose::Presence(object), Response::Escape(PrivateResponse::PresenceMonitor(monitor))) => {
                let absent = convert::absent(&monitor);
                self.refers(object, monitor.cross_ref, now, out);
                out.push(Effect::Tell(object, Told::Presence(Ok(absent))));
            }
            (
                Purpose::Unwanted,
                Response::MonitorStart { cross_ref }
                | Response::Escape(PrivateResponse::PresenceMonitor(PresenceMonitor { cross_ref, .. })),
            ) => {
                self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
            }
            (Purpose::Unmonitor, _) => {}
            (Purpose::Legs(object), Response::SnapshotDevice { connections, in_service }) => {
                out.extend(in_service.map(|on| Effect::Tell(object, Told::Service(on))));
                self.note_calls(connections.iter().filter_map(|leg| leg.connection.call.as_deref()), out);
                let legs = connections.into_iter().filter_map(convert::leg).collect();
                out.push(Effect::Tell(object, Told::Legs(Ok(legs))));
            }
            (Purpose::Line(object, line), Response::SnapshotDevice { connections, .. }) => {
                let legs = connections.into_iter().filter_map(convert::leg).collect();
                out.push(Effect::Tell(object, Told::Line(line, Ok(legs))));
            }
            (Purpose::Details(object, call), Response::SnapshotCall { calling, called, devices, .. }) => {
                let details = CallDetails { calling, called, parties: convert::parties(&devices) };
                out.push(Effect::Tell(object, Told::Details(call, Ok(details))));
            }
            (Purpose::Features, Response::GetCstaFeatures { private }) => self.private = private,
            (Purpose::RecordsStart, Response::Records(RecordsResponse::Start { cross_ref, clock_ms })) => {
                self.records_begin(cross_ref, clock_ms, now, out);
            }
            (Purpose::RecordsSend, Response::Records(RecordsResponse::Send)) => {}
            (Purpose::Profile(ticket), Response::Escape(PrivateResponse::DeviceProfile(profile))) => {
                out.push(Effect::Profile(ticket, Ok(profile)));
            }
            (Purpose::Settings(object, group), Response::Feature(answer)) => match convert::settings(group, &answer) {
                Some(settings) => out.push(Effect::Tell(object, Told::Settings(group, Ok(settings)))),
                None => self.failed(Purpose::Settings(object, group), &Failure::operation("generic"), now, out),
            },
            (Purpose::Settings(object, FeatureGroup::HotDesk), Response::Escape(PrivateResponse::HotDesk(state))) => {
                let settings = vec![convert::hot_desk_change(&state)];
                out.push(Effect::Tell(object, Told::Settings(FeatureGroup::HotDesk, Ok(settings))));
            }
            (
                Purpose::Settings(object, FeatureGroup::Presence),
                Response::Escape(PrivateResponse::PresenceState(states)),
            ) => {
                let settings = convert::presence_settings(&states);
                out.push(Effect::Tell(object, Told::Settings(FeatureGroup::Presence, Ok(settings))));
            }
            (Purpose::Absent(object), Response::Escape(PrivateResponse::PresenceState(states))) => {
                let states = states.iter().filter_map(convert::presence).filter(|state| !state.present);
                let absent = states.map(|state| (state.group, state.member)).collect();
                out.push(Effect::Tell(object, Told::Absent(Ok(absent))));
            }
            (Purpose::HotDesk(ticket), Response::Escape(PrivateResponse::HotDesk(state))) => {
                out.push(Effect::HotDesk(ticket, Ok(convert::hot_desk_answer(state))));
            }
            (Purpose::HotDesk(ticket), Response::Escape(PrivateResponse::Done)) => {
                out.push(Effect::HotDesk(ticket, Ok(HotDeskAnswer::default())));
            }
            (Purpose::Perform(object, ticket), response) => {
                let call = match response {
                    Response::MakeCall { calling: named, .. }
                    | Response::ConsultationCall { initiated: named, .. }
                    | Response::TransferCall { transferred: named }
                    | Response::ConferenceCall { conference: named }
                    | Response::DirectedPickupCall { picked: named } => named.call.as_deref().map(CallKey::from),
                    _ => None,
                };
                out.push(Effect::Tell(object, Told::Outcome(ticket, Ok(Done { call }))));
            }
            // An answer of another service than was asked: as good as none.
            (purpose, _) => self.failed(purpose, &Failure::operation("generic"), now, out),
        }
    }

    /// The events of a monitor are about an object.
    pub(super) fn refers(&mut self, object: ObjectId, cross_ref: String, now: Instant, out: &mut Effects) {
        let old = self.references.insert(object, cross_ref.clone()).filter(|old| *old != cross_ref);
        self.by_reference.insert(cross_ref, object);
        // Of a device that died without letting go: the node must not tell everything twice.
        if let Some(cross_ref) = old {
            self.by_reference.remove(&cross_ref);
            self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
        }
    }

    pub(super) fn failed(&mut self, purpose: Purpose, failure: &Failure, now: Instant, out: &mut Effects) {
        match purpose {
            Purpose::StartSession => out.push(Effect::Stop(refused_session(failure))),
            // A node without SystemRegister or SystemStatus still answers the rest.
            Purpose::Register | Purpose::Greeting => self.up(now, out),
            Purpose::ResetTimer => {
                self.session = None;
                out.push(Effect::Stop("the node does not go on with the application session"));
            }
            // A node that refuses the heartbeat lives.
            Purpose::Heartbeat => {}
            Purpose::Directory => {
                let never = convert::refusal(failure).kind == RefusalKind::NotSupported;
                if never {
                    out.push(Effect::NoDirectory(self.directory.never()));
                } else {
                    self.directory.refused(now);
                }
            }
            Purpose::Sharing(number) => {
                if let Some(sharings) = &mut self.sharings
                    && convert::refusal(failure).kind == RefusalKind::NotSupported
                {
                    sharings.never();
                }
                self.told_sharing(number, None, now, out);
            }
            Purpose::Unmonitor | Purpose::Unwanted => {}
            // A foreign switch: it knows nothing of our private data.
            Purpose::Features => {}
            Purpose::RecordsStart | Purpose::RecordsSend => {
                self.records_refused("the node gives no records of its calls", now, out);
            }
            other => {
                let full = matches!(other, Purpose::Monitor(_)) && failure.value.ends_with("LimitExceeded");
                self.refuse(other, convert::refusal(failure), out);
                if full {
                    self.is_full(now, out);
                }
            }
        }
    }
}

/// The edition that an application session was agreed on in.
fn edition_of(version: &str) -> Option<Edition> {
    [("ed3", Edition::Ed3), ("ed4", Edition::Ed4), ("ed5", Edition::Ed5), ("ed6", Edition::Ed6)]
        .into_iter()
        .find(|(suffix, _)| version.trim_end().ends_with(suffix))
        .map(|(_, edition)| edition)
}

/// Why a node gave no application session, in our words.
fn refused_session(failure: &Failure) -> &'static str {
    match failure.value.as_str() {
        "invalidApplicationInfo" => "the node does not accept the login of the application session",
        "requestedProtocolVersionNotSupported" => "the node speaks none of the editions that the gateway offers",
        "maxNumberSessions" => "the node has no application session left",
        "serverResourcesBusy" => "the node is too busy for an application session",
        _ => "the node refused the application session",
    }
}
