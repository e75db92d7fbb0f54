//! What we write we read again as it was, and nothing that anyone sends stops the reader.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use schemas::csta::message::{CallEvent, Event, EventBody, GroupCall, Message};
use schemas::csta::{frame, read, write};
use schemas::domain::Cause;

use crate::generate::{self, EDITIONS};

proptest! {
    #[test]
    fn any_message_survives_writer_and_reader(message in generate::message(), edition in select(&EDITIONS[..])) {
        let xml = write::write(&message, edition);
        let (read, spoken) = read::parse(xml.as_bytes()).map_err(|e| TestCaseError::fail(format!("{e}: {xml}")))?;
        prop_assert_eq!(&read, &message, "{}", xml);
        prop_assert_eq!(spoken, edition);
    }

    #[test]
    fn any_message_of_a_session_survives(message in generate::session()) {
        let xml = write::write(&message, EDITIONS[1]);
        let (read, _) = read::parse(xml.as_bytes()).map_err(|e| TestCaseError::fail(format!("{e}: {xml}")))?;
        prop_assert_eq!(&read, &message, "{}", xml);
    }

    #[test]
    fn messages_come_through_a_stream_wherever_it_is_cut(
        messages in proptest::collection::vec(generate::message(), 1..4),
        cuts in proptest::collection::vec(any::<Index>(), 0..6),
    ) {
        let mut stream = Vec::new();
        for (invoke, message) in (frame::FIRST_REQUEST..).zip(&messages) {
            frame::encode(invoke, write::write(message, EDITIONS[2]).as_bytes(), &mut stream).unwrap();
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut framing = frame::Framing::default();
        let mut heard = Vec::new();
        for part in cuts.windows(2) {
            framing.push(&stream[part[0]..part[1]]);
            while let Some(frame) = framing.next().unwrap() {
                prop_assert_eq!(usize::from(frame.invoke), heard.len() + 1);
                heard.push(read::parse(&frame.xml).unwrap().0);
            }
        }
        prop_assert_eq!(heard, messages);
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read::parse(&bytes);
    }

    #[test]
    fn no_damaged_message_panics_the_reader(
        message in prop_oneof![generate::message(), generate::session()],
        at in any::<Index>(),
        damage in prop_oneof![any::<u8>().boxed(), select(&b"<>/&;\"'= \0"[..]).boxed()],
        length in 0..4_usize,
    ) {
        let mut xml = write::write(&message, EDITIONS[2]).into_bytes();
        let at = at.index(xml.len());
        let end = (at + length).min(xml.len());
        xml.splice(at..end, [damage]);
        let _ = read::parse(&xml);
    }

    /// Whatever a peer named, what we say of it is well-formed.
    #[test]
    fn what_was_read_can_be_written_again(name in "[A-Za-z&;:._<>/ -]{1,12}", ending in select(&["", "Event", "Response"][..])) {
        let xml = format!("<{name}{ending}><monitorCrossRefID>1</monitorCrossRefID></{name}{ending}>");
        if let Ok((message, edition)) = read::parse(xml.as_bytes()) {
            let again = write::write(&message, edition);
            prop_assert!(read::parse(again.as_bytes()).is_ok(), "{} of {}", again, xml);
        }
    }
}

#[test]
fn a_cause_without_a_word_of_its_own_is_written_as_normal() {
    let event = |cause| {
        let body = CallEvent {
            kind: generate::KINDS[2],
            connection: schemas::csta::message::ConnectionId { call: Some("1".into()), device: None },
            subject: Default::default(),
            calling: Default::default(),
            called: Default::default(),
            last_redirection: Default::default(),
            new_destination: Default::default(),
            network: Default::default(),
            local: None,
            cause,
            permitted: None,
            global_call_id: None,
            groups: GroupCall::default(),
        };
        Message::Event(Event { cross_ref: "1".into(), body: EventBody::Call(body) })
    };
    let read = read::parse(write::write(&event(Cause::Other), EDITIONS[2]).as_bytes()).unwrap().0;
    assert_eq!(read, event(Cause::Normal));
}
