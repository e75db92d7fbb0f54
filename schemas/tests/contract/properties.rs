//! Properties: no bytes panic the reader, and whatever a row allows survives reader and writer.

use std::fmt::Debug;

use proptest::prelude::*;
use schemas::contract::record::{Card, EnumRow, Ty};
use schemas::contract::{self, OPERATIONS, Request, Visitor};
use schemas::fault::Refusal;
use schemas::soap::{self, Envelope, Version};

use crate::sample::{self, Source};

/// Values by chance; a small generator of its own, since rows are walked and not strategies.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

impl Source for Chance {
    fn text(&mut self, _: &str) -> String {
        const PARTS: [&str; 12] = ["", " ", "2001", "<", "&amp;", "\"", "'", "]]>", "ü", "\u{1f4de}", "\r\n", "\t"];
        (0..self.below(6)).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }

    fn number(&mut self, _: &str, ty: Ty) -> i64 {
        let any = self.next() as i64;
        match ty {
            Ty::Int => i64::from(any as i32),
            _ => [any, 0, -1, i64::MAX, i64::MIN][self.below(5)],
        }
    }

    fn boolean(&mut self, _: &str) -> bool {
        self.below(2) == 0
    }

    fn value(&mut self, _: &str, row: &'static EnumRow) -> &'static str {
        row.values[self.below(row.values.len())]
    }

    fn count(&mut self, _: &str, card: Card) -> usize {
        match card {
            Card::One => 1,
            Card::Opt => self.below(2),
            Card::Many => self.below(4),
        }
    }
}

struct RoundTrip<'a> {
    chance: &'a mut Chance,
    only: &'a str,
}

impl Visitor for RoundTrip<'_> {
    fn operation<R: Request + Clone + PartialEq + Debug>(&mut self)
    where
        R::Reply: Clone + PartialEq + Debug,
    {
        let row = R::OPERATION;
        if row.name != self.only {
            return;
        }
        let text = sample::request(row, self.chance);
        let request = R::read(Envelope::parse(text.as_bytes()).unwrap().body()).unwrap();
        let written = soap::request(Version::V1_1, &request);
        assert_eq!(R::read(Envelope::parse(written.as_bytes()).unwrap().body()).unwrap(), request);

        let text = sample::reply(row, self.chance);
        let answer = soap::read_reply::<R>(&Envelope::parse(text.as_bytes()).unwrap()).unwrap();
        let written = soap::reply(Version::V1_2, row, &answer);
        assert_eq!(soap::read_reply::<R>(&Envelope::parse(written.as_bytes()).unwrap()).unwrap(), answer);
        assert_eq!(soap::reply(Version::V1_2, row, &answer), written);
    }
}

/// Reads bytes as far as they can be read, and refuses what could be read.
fn read_as_far_as_it_goes(bytes: &[u8]) {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    let refusal = Refusal::new("No.");
    for service in contract::Service::SERVED {
        if let Ok(row) = soap::identify(service, None, envelope.body()) {
            let written = soap::refusal(envelope.version(), row, Some(envelope.body()), &refusal);
            Envelope::parse(written.as_bytes()).expect("a refusal is always readable");
        }
    }
    for row in &OPERATIONS {
        let _ = contract::ops_session::Call::read(row, envelope.body());
        let _ = contract::ops_call_control_standard::Call::read(row, envelope.body());
        let _ = contract::ops_call_control_advanced::Call::read(row, envelope.body());
        let _ = contract::ops_data_access::Call::read(row, envelope.body());
    }
}

proptest! {
    #[test]
    fn any_message_that_a_row_allows_survives(operation in 0..OPERATIONS.len(), seed in any::<u64>()) {
        let mut chance = Chance(seed);
        contract::visit(&mut RoundTrip { chance: &mut chance, only: OPERATIONS[operation].name });
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_as_far_as_it_goes(&bytes);
    }

    #[test]
    fn no_damaged_request_panics_the_reader(
        operation in 0..OPERATIONS.len(),
        seed in any::<u64>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut bytes = sample::request(&OPERATIONS[operation], &mut Chance(seed)).into_bytes();
        for (at, byte, how) in cuts {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes[at] ^= 1,
            }
        }
        read_as_far_as_it_goes(&bytes);
    }
}
