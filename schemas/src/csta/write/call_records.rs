//! Call detail records.

use super::super::call_records::{CallRecord, RecordsRequest, RecordsResponse, write_time};
use super::super::words::{CALL_ENDS, TRANSFER_MODES, word};
use super::Out;
use crate::domain::Party;

const CROSS_REF: &str = "cdrCrossRefID";

impl Out {
    pub(super) fn records_request(&mut self, request: &RecordsRequest) {
        match request {
            RecordsRequest::Start { mode } => self.root("StartCDRTransmission", |out| {
                out.text("transferMode", word(&TRANSFER_MODES, *mode, "transferOnRequest"));
            }),
            RecordsRequest::Send { cross_ref, period } => self.root("SendStoredCDR", |out| {
                out.text(CROSS_REF, cross_ref);
                if let Some(period) = period {
                    out.inside("timePeriod", |out| {
                        out.text("beginningOfCDR", &write_time(period.from_ms));
                        out.text("endOfCDR", &write_time(period.to_ms));
                    });
                }
            }),
            RecordsRequest::Report { cross_ref, records, last } => self.root("CDRReport", |out| {
                out.text(CROSS_REF, cross_ref);
                out.text("numberOfRecordsSent", &records.len().to_string());
                out.inside("cdrInfo", |out| records.iter().for_each(|record| out.record(record)));
                out.text("lastStoredCDRReportSent", if *last { "true" } else { "false" });
            }),
            RecordsRequest::Stop { cross_ref } => {
                self.root("StopCDRTransmission", |out| out.text(CROSS_REF, cross_ref));
            }
        }
    }

    pub(super) fn records_response(&mut self, response: &RecordsResponse) {
        match response {
            RecordsResponse::Start { cross_ref, clock_ms } => self.root("StartCDRTransmissionResponse", |out| {
                out.text(CROSS_REF, cross_ref);
                if let Some(at_ms) = clock_ms {
                    out.inside("extensions", |out| {
                        out.inside("security", |out| out.text("timeStamp", &write_time(*at_ms)));
                    });
                }
            }),
            RecordsResponse::Send => self.root("SendStoredCDRResponse", |_| {}),
            RecordsResponse::Report => self.root("CDRReportResponse", |_| {}),
            RecordsResponse::Stop => self.root("StopCDRTransmissionResponse", |_| {}),
        }
    }

    fn record(&mut self, record: &CallRecord) {
        self.inside("cdrInformationItem", |out| {
            if let Some(number) = record.number {
                out.text("recordNumber", &number.to_string());
            }
            out.moment("recordCreationTime", record.created_ms);
            out.party_told("callingDevice", &record.calling);
            out.party_told("calledDevice", &record.called);
            out.party_told("associatedCallingDevice", &record.associated_calling);
            out.party_told("associatedCalledDevice", &record.associated_called);
            if let Some(call) = &record.call {
                out.connection("recordedCall", call);
            }
            out.moment("connectionStart", record.began_ms);
            out.moment("connectionEnd", record.ended_ms);
            if let Some(seconds) = record.lasted_s {
                out.text("connectionDuration", &seconds.to_string());
            }
            if let Some(end) = record.end {
                out.text("reasonForTerm", word(&CALL_ENDS, end, "other"));
            }
        });
    }

    fn moment(&mut self, name: &str, at_ms: Option<i64>) {
        if let Some(at_ms) = at_ms {
            self.text(name, &write_time(at_ms));
        }
    }

    fn party_told(&mut self, name: &str, party: &Party) {
        if *party != Party::NotKnown {
            self.party(name, party);
        }
    }
}
