//! Call detail records for the gateways that ask for them: a report, and the next one when it was taken, so that who
//! does not read costs nothing.

use std::collections::VecDeque;

use schemas::csta::message::{CallRecord, Failure, RecordsRequest, RecordsResponse, Request, Response, TransferMode};

use super::{AssociationId, Effect, Exchange};
use crate::sim::switch::Switch;

/// Records in one report, which has to fit into a frame.
const REPORTED: usize = 20;

/// What a gateway has asked for.
pub(super) struct Transmission {
    cross_ref: String,
    /// What is still to be sent; `None` while nothing was asked for, or all of it was sent.
    left: Option<VecDeque<CallRecord>>,
}

/// The name of a service, as faults name it.
pub(super) fn name(request: &RecordsRequest) -> &'static str {
    match request {
        RecordsRequest::Start { .. } => "StartCDRTransmission",
        RecordsRequest::Send { .. } => "SendStoredCDR",
        RecordsRequest::Report { .. } => "CDRReport",
        RecordsRequest::Stop { .. } => "StopCDRTransmission",
    }
}

impl Exchange {
    pub(super) fn records(
        &mut self,
        id: AssociationId,
        invoke: u16,
        request: RecordsRequest,
        switch: &Switch,
        now_ms: i64,
        out: &mut Vec<Effect>,
    ) {
        let (service, sends) = (name(&request), matches!(request, RecordsRequest::Send { .. }));
        let answer = match switch.plan().records {
            true => self.records_asked(id, request, switch, now_ms),
            false => Err(Failure::operation("serviceNotSupported")),
        };
        let sends = sends && answer.is_ok();
        self.answer(id, invoke, service, answer.map(Response::Records), out);
        if sends {
            self.report(id, out);
        }
    }

    fn records_asked(
        &mut self,
        id: AssociationId,
        request: RecordsRequest,
        switch: &Switch,
        now_ms: i64,
    ) -> Result<RecordsResponse, Failure> {
        let cross_ref = self.number().to_string();
        let unknown = || Failure::operation("invalidCrossRefID");
        let place = self.associations.get_mut(&id).map(|association| &mut association.records).ok_or_else(unknown)?;
        match request {
            RecordsRequest::Start { mode: TransferMode::OnRequest } => {
                *place = Some(Transmission { cross_ref: cross_ref.clone(), left: None });
                Ok(RecordsResponse::Start { cross_ref, clock_ms: Some(now_ms) })
            }
            RecordsRequest::Start { .. } => Err(Failure::operation("invalidParameterValue")),
            RecordsRequest::Send { cross_ref, period } => {
                let transmission = place.as_mut().filter(|t| t.cross_ref == cross_ref).ok_or_else(unknown)?;
                transmission.left = Some(switch.records(period).cloned().collect());
                Ok(RecordsResponse::Send)
            }
            RecordsRequest::Stop { cross_ref } => {
                place.take_if(|t| t.cross_ref == cross_ref).ok_or_else(unknown)?;
                Ok(RecordsResponse::Stop)
            }
            RecordsRequest::Report { .. } => Err(Failure::operation("serviceNotSupported")),
        }
    }

    /// Sends what comes next; an empty report says that there is nothing.
    pub(super) fn report(&mut self, id: AssociationId, out: &mut Vec<Effect>) {
        let Some(transmission) = self.associations.get_mut(&id).and_then(|a| a.records.as_mut()) else { return };
        let Some(left) = &mut transmission.left else { return };
        let records: Vec<CallRecord> = left.drain(..left.len().min(REPORTED)).collect();
        let last = left.is_empty();
        if last {
            transmission.left = None;
        }
        let cross_ref = transmission.cross_ref.clone();
        self.ask(id, Request::Records(RecordsRequest::Report { cross_ref, records, last }), out);
    }
}
