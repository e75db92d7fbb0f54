//! Looking back after a gap: the node's records of its calls are asked for, taken, and the node is let go.

use std::collections::HashSet;

use schemas::csta::message::{
    CallRecord, EventBody, Failure, Message, RecordsRequest, RecordsResponse, Request, Response, TransferMode,
};
use schemas::domain::{CallKey, Dn};
use tokio::time::Instant;

use super::{Effect, Effects, Purpose, State};
use crate::node::unseen::{Gaps, Heard, Look};

impl State {
    /// The node was not heard for a time, or several, before this life.
    pub(crate) fn missed(&mut self, gaps: Gaps, now: Instant) {
        self.look = Look::back(gaps, now);
    }

    /// Calls that a device knew before the loss.
    pub(super) fn known(&mut self, calls: &[CallKey], out: &mut Effects) {
        self.look_on(out, |look| calls.iter().all(|call| look.knows(call.as_str())));
    }

    /// Calls of which the node tells something; in most lives nobody wants to know.
    pub(super) fn note_event(&mut self, event: &EventBody, out: &mut Effects) {
        self.look_on(out, |look| look.hears(event));
    }

    /// Calls that a device has now.
    pub(super) fn note_calls<'a>(&mut self, mut calls: impl Iterator<Item = &'a str>, out: &mut Effects) {
        self.look_on(out, |look| calls.all(|call| look.knows(call)));
    }

    fn look_on(&mut self, out: &mut Effects, fits: impl FnOnce(&mut Look) -> bool) {
        if let Some(look) = &mut self.look
            && !fits(look)
        {
            self.no_records("there are too many calls to tell which of them were seen", out);
        }
    }

    /// Begins when it is time to, and ends when the node takes too long.
    pub(super) fn look_back(&mut self, now: Instant, out: &mut Effects) {
        let Some(look) = &mut self.look else { return };
        if look.is_late(now) {
            self.looked(false, now, out);
        } else if look.due(now) {
            let start = RecordsRequest::Start { mode: TransferMode::OnRequest };
            self.ask_for_records(start, Purpose::RecordsStart, now, out);
        }
    }

    fn ask_for_records(&mut self, request: RecordsRequest, purpose: Purpose, now: Instant, out: &mut Effects) {
        match self.queue.push(Request::Records(request), purpose) {
            Ok(()) => self.let_go_on(now, out),
            Err(_) => self.no_records("too many requests wait for the node", out),
        }
    }

    /// The node keeps records.
    pub(super) fn records_begin(&mut self, cross_ref: String, clock_ms: Option<i64>, now: Instant, out: &mut Effects) {
        let Some(look) = &mut self.look else { return self.stop_records(cross_ref, now, out) };
        let period = Some(look.begins(cross_ref.clone(), clock_ms, now));
        self.ask_for_records(RecordsRequest::Send { cross_ref, period }, Purpose::RecordsSend, now, out);
    }

    pub(super) fn stop_records(&mut self, cross_ref: String, now: Instant, out: &mut Effects) {
        self.send(Request::Records(RecordsRequest::Stop { cross_ref }), Purpose::Unmonitor, now, out);
    }

    /// The node says something of its own accord about records.
    pub(super) fn records_requested(&mut self, invoke: u16, request: RecordsRequest, now: Instant, out: &mut Effects) {
        match request {
            RecordsRequest::Report { cross_ref, records, last } => {
                self.reported(invoke, &cross_ref, records, last, now, out);
            }
            RecordsRequest::Stop { cross_ref } => {
                self.reply(invoke, Message::Response(Response::Records(RecordsResponse::Stop)), out);
                if self.look.as_ref().is_some_and(|look| look.cross_ref() == Some(&cross_ref)) {
                    self.looked(false, now, out);
                }
            }
            // Nobody asks a gateway for records.
            RecordsRequest::Start { .. } | RecordsRequest::Send { .. } => {
                self.reply(invoke, Message::Failure(Failure::operation("serviceNotSupported")), out);
            }
        }
    }

    fn reported(
        &mut self,
        invoke: u16,
        cross_ref: &str,
        records: Vec<CallRecord>,
        last: bool,
        now: Instant,
        out: &mut Effects,
    ) {
        let heard = self.look.as_mut().map_or(Heard::Unasked, |look| look.reported(cross_ref, records, last));
        let answer = match heard {
            Heard::Unasked => Message::Failure(Failure::operation("invalidCrossRefID")),
            Heard::Part | Heard::Whole | Heard::TooMuch => {
                Message::Response(Response::Records(RecordsResponse::Report))
            }
        };
        self.reply(invoke, answer, out);
        match heard {
            Heard::Unasked | Heard::Part => {}
            Heard::Whole => self.looked(true, now, out),
            Heard::TooMuch => self.looked(false, now, out),
        }
    }

    /// What there is to know is known.
    fn looked(&mut self, whole: bool, now: Instant, out: &mut Effects) {
        let Some(look) = self.look.take() else { return };
        if let Some(cross_ref) = look.cross_ref() {
            self.stop_records(cross_ref.to_owned(), now, out);
        }
        let monitored: HashSet<Dn> = self.references.keys().map(|object| object.dn()).collect();
        out.push(Effect::Unseen(look.ends(whole, &monitored)));
    }

    /// The node keeps no records, or does not give them.
    pub(super) fn records_refused(&mut self, why: &'static str, now: Instant, out: &mut Effects) {
        if let Some(cross_ref) = self.look.as_ref().and_then(Look::cross_ref).map(str::to_owned) {
            self.stop_records(cross_ref, now, out);
        }
        self.no_records(why, out);
    }

    /// Nothing will be known of it.
    pub(super) fn no_records(&mut self, why: &'static str, out: &mut Effects) {
        if self.look.take().is_some() {
            out.push(Effect::NoRecords(why));
        }
    }
}
