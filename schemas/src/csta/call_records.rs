//! Call detail records: what a node keeps of calls that are over, and how it is asked for them.
//!
//! The types, and how they are read; `write` writes them. Which records count for something is for the `Node` actor to
//! say.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::message::ConnectionId;
use super::read::parts::{connection_needed, id_needed, party, truth};
use super::read::{ReadFault, Result};
use super::words::{CALL_ENDS, TRANSFER_MODES, value};
use crate::domain::Party;
use crate::xml::Element;

/// Records that are read in one report; a frame has no room for more that say anything.
const LISTED: usize = 1_024;

/// When records are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferMode {
    AtEndOfCall,
    OnRequest,
    OnThresholdReached,
}

/// The services on call detail records. `Report` goes from the node to the gateway, `Stop` either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsRequest {
    Start {
        mode: TransferMode,
    },
    /// The records that are kept of a time, or all of them.
    Send {
        cross_ref: String,
        period: Option<Period>,
    },
    Report {
        cross_ref: String,
        records: Vec<CallRecord>,
        /// No report follows of what was asked for.
        last: bool,
    },
    Stop {
        cross_ref: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsResponse {
    Start {
        cross_ref: String,
        /// What the node's own clock says, where it puts a time stamp to its answer.
        clock_ms: Option<i64>,
    },
    Send,
    Report,
    Stop,
}

/// A time by the node's clock, in milliseconds since the epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from_ms: i64,
    pub to_ms: i64,
}

/// What is kept of a call; all of it may be missing. Times are the node's, in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallRecord {
    pub number: Option<u64>,
    pub created_ms: Option<i64>,
    pub calling: Party,
    pub called: Party,
    /// The node's own device that was in the call for the one called or calling, where that was another.
    pub associated_calling: Party,
    pub associated_called: Party,
    pub call: Option<ConnectionId>,
    pub began_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub lasted_s: Option<u32>,
    pub end: Option<CallEnd>,
}

/// reasonForTerm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    Normal,
    /// It was never answered.
    Unsuccessful,
    Abnormal,
    Transferred,
    Other,
}

/// The services by their element's name.
pub(super) fn is_service(name: &str) -> bool {
    matches!(name, "StartCDRTransmission" | "SendStoredCDR" | "CDRReport" | "StopCDRTransmission")
}

const CROSS_REF: &str = "cdrCrossRefID";

/// A request of one of these services.
pub(super) fn request(e: Element<'_, '_>) -> Result<RecordsRequest> {
    Ok(match e.local() {
        "StartCDRTransmission" => {
            let (message, field) = ("StartCDRTransmission", "transferMode");
            let mode = e.child_text(field).and_then(|word| value(&TRANSFER_MODES, word));
            RecordsRequest::Start { mode: mode.ok_or(ReadFault::Missing { message, field })? }
        }
        "SendStoredCDR" => RecordsRequest::Send {
            cross_ref: id_needed(e, "SendStoredCDR", CROSS_REF)?,
            period: e.child("timePeriod").map(period).transpose()?,
        },
        "CDRReport" => RecordsRequest::Report {
            cross_ref: id_needed(e, "CDRReport", CROSS_REF)?,
            records: e.child("cdrInfo").map(records).transpose()?.unwrap_or_default(),
            last: e.child_text("lastStoredCDRReportSent").is_some_and(truth),
        },
        _ => RecordsRequest::Stop { cross_ref: id_needed(e, "StopCDRTransmission", CROSS_REF)? },
    })
}

/// A response of one of these services.
pub(super) fn response(e: Element<'_, '_>) -> Result<RecordsResponse> {
    Ok(match e.local() {
        "StartCDRTransmissionResponse" => {
            let security = e.child("extensions").and_then(|extensions| extensions.child("security"));
            RecordsResponse::Start {
                cross_ref: id_needed(e, "StartCDRTransmissionResponse", CROSS_REF)?,
                clock_ms: security.and_then(|security| moment(security, "timeStamp")),
            }
        }
        "SendStoredCDRResponse" => RecordsResponse::Send,
        "CDRReportResponse" => RecordsResponse::Report,
        _ => RecordsResponse::Stop,
    })
}

fn period(e: Element<'_, '_>) -> Result<Period> {
    let needed = |field| moment(e, field).ok_or(ReadFault::Missing { message: "SendStoredCDR", field });
    Ok(Period { from_ms: needed("beginningOfCDR")?, to_ms: needed("endOfCDR")? })
}

/// The number of records that a report says it has is not believed.
fn records(list: Element<'_, '_>) -> Result<Vec<CallRecord>> {
    list.children().filter(|c| c.local() == "cdrInformationItem").take(LISTED).map(record).collect()
}

fn record(e: Element<'_, '_>) -> Result<CallRecord> {
    Ok(CallRecord {
        number: number(e, "recordNumber"),
        created_ms: moment(e, "recordCreationTime"),
        calling: party(e, "callingDevice")?,
        called: party(e, "calledDevice")?,
        associated_calling: party(e, "associatedCallingDevice")?,
        associated_called: party(e, "associatedCalledDevice")?,
        call: e.child("recordedCall").map(|_| connection_needed(e, "CDRReport", "recordedCall")).transpose()?,
        began_ms: moment(e, "connectionStart"),
        ended_ms: moment(e, "connectionEnd"),
        lasted_s: number(e, "connectionDuration"),
        end: e.child_text("reasonForTerm").and_then(|word| value(&CALL_ENDS, word)),
    })
}

/// A number; what is none is not there.
fn number<N: std::str::FromStr>(e: Element<'_, '_>, field: &str) -> Option<N> {
    e.child_text(field)?.trim().parse().ok()
}

/// A time; what is none is not there.
fn moment(e: Element<'_, '_>, field: &str) -> Option<i64> {
    read_time(e.child_text(field)?)
}

/// Digits and marks of a text, one after the other.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Takes one of these marks, if it comes next.
    fn skip(&mut self, marks: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        marks.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn digit(&mut self) -> Option<u16> {
        self.skip(b"0123456789").map(|digit| u16::from(digit - b'0'))
    }

    /// A number of exactly so many digits, five at most.
    fn digits(&mut self, count: usize) -> Option<u16> {
        (0..count).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// The same as one of the parts of a date or time.
    fn two(&mut self) -> Option<u8> {
        u8::try_from(self.digits(2)?).ok()
    }
}

/// Milliseconds since the epoch of a time as nodes write it: `2026-11-26T14:56:11.5Z`, or `20261126145611.5Z`. One that
/// names no zone is taken as UTC.
#[must_use]
pub fn read_time(text: &str) -> Option<i64> {
    let mut c = Cursor(text.trim().as_bytes());
    let year = c.digits(4)?;
    c.skip(b"-");
    let month = c.two()?;
    c.skip(b"-");
    let date = Date::from_calendar_date(year.into(), Month::try_from(month).ok()?, c.two()?).ok()?;
    c.skip(b"T ");
    let hour = c.two()?;
    c.skip(b":");
    let minute = c.two()?;
    c.skip(b":");
    let second = c.two()?;
    let mut milliseconds = 0;
    if c.skip(b".,").is_some() {
        for place in [100, 10, 1] {
            milliseconds += c.digit().unwrap_or_default() * place;
        }
        while c.digit().is_some() {}
    }
    let zone = match c.skip(b"Z+-") {
        None | Some(b'Z') => UtcOffset::UTC,
        Some(sign) => {
            let hours = i8::try_from(c.two()?).ok()?;
            c.skip(b":");
            let minutes = i8::try_from(c.two()?).ok()?;
            let sign = if sign == b'-' { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
    };
    let time = Time::from_hms_milli(hour, minute, second, milliseconds).ok()?;
    let at = PrimitiveDateTime::new(date, time).assume_offset(zone);
    c.0.is_empty().then(|| at.unix_timestamp() * 1000 + i64::from(at.millisecond()))
}

/// A time as it is written: in UTC, to the millisecond. What no calendar reaches is the epoch.
#[must_use]
pub fn write_time(at_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        at_ms.rem_euclid(1000),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_nodes_write_it() {
        const AT: i64 = 1_795_704_971_000;
        for (text, expected) in [
            ("2026-11-26T14:56:11Z", Some(AT)),
            (" 2026-11-26 14:56:11 ", Some(AT)),
            ("20261126145611", Some(AT)),
            ("20261126145611.5Z", Some(AT + 500)),
            ("2026-11-26T14:56:11,0429999Z", Some(AT + 42)),
            ("2026-11-26T15:56:11+01:00", Some(AT)),
            ("20261126092611-0530", Some(AT)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-26T24:00:00Z", None),
            ("2026-11-26T14:56Z", None),
            ("2026-11-26T14:56:11+1", None),
            ("2026-11-26T14:56:11+99:00", None),
            ("2026-11-26T14:56:11Zulu", None),
            ("26 November 2026", None),
            ("²026-11-26T14:56:11Z", None),
            ("-999999999999", None),
            ("", None),
        ] {
            assert_eq!(read_time(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_that_is_written_is_read_again() {
        for at_ms in [0, -1, 1_795_704_971_042, 253_402_300_799_999] {
            assert_eq!(read_time(&write_time(at_ms)), Some(at_ms));
        }
        assert_eq!(write_time(1_795_704_971_042), "2026-11-26T14:56:11.042Z");
        // No calendar reaches it: still something that can be read.
        assert!(read_time(&write_time(i64::MAX)).is_some());
    }
}
