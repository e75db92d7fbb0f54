//! Records to bytes and back.

use schemas::contract::adv::{AdvEventMsg, AdvEventType, AdvFeatureEventMsg};
use schemas::contract::cc::{EventType, StandardEventMsg, SystemEventMsg};

use super::*;
use crate::event::Forms;

fn bytes(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.put(&mut bytes);
    bytes
}

#[test]
fn every_record_is_read_as_it_was_written() {
    for record in all() {
        assert_eq!(Record::read(&bytes(&record)).as_ref(), Some(&record));
    }
}

#[test]
fn an_event_keeps_every_form_that_it_has() {
    let system = StandardEventMsg {
        event_type: Some(EventType::SystemEvent),
        system_event: Some(SystemEventMsg::default()),
        ..StandardEventMsg::default()
    };
    let feature = AdvEventMsg {
        event_type: Some(AdvEventType::FeatureEvent),
        feature_event: Some(AdvFeatureEventMsg::default()),
        ..AdvEventMsg::default()
    };
    for event in [
        Event::new(None, system.clone(), Forms::default()),
        Event::new(None, system, Forms { advanced: true }),
        Event::advanced_only(Some(phone("1001")), &feature),
        Event::lost(),
    ] {
        let record = Record::Event { session: session(1), number: 2, oldest: 1, event: Arc::new(event) };
        let read = Record::read(&bytes(&record)).expect("whole");
        assert_eq!(read, record);
        let (Record::Event { event: was, .. }, Record::Event { event: is, .. }) = (&record, &read) else {
            panic!("not events")
        };
        assert_eq!((is.standard(), is.advanced()), (was.standard(), was.advanced()));
        assert_eq!(is.advanced_numbered(), was.advanced_numbered());
        assert_eq!((is.json(Form::Standard), is.bytes()), (was.json(Form::Standard), was.bytes()));
    }
}

#[test]
fn what_is_cut_or_has_something_behind_it_or_is_of_no_kind_is_no_record() {
    for record in all() {
        let whole = bytes(&record);
        for length in 0..whole.len() {
            assert_eq!(Record::read(&whole[..length]), None, "{record:?} cut to {length}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(Record::read(&longer), None, "{record:?}");
        let mut other = whole;
        other[0] = 200;
        assert_eq!(Record::read(&other), None, "{record:?}");
    }
}

#[test]
fn bytes_of_any_kind_are_read_without_harm() {
    for record in all() {
        let whole = bytes(&record);
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut other = whole.clone();
                other[at] = value;
                if let Some(read) = Record::read(&other) {
                    // Whatever it is, it is written as it was read.
                    assert_eq!(Record::read(&bytes(&read)).as_ref(), Some(&read), "byte {at} of {record:?}");
                }
            }
        }
    }
}
