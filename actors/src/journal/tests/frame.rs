//! Records in a file: cut at every byte, with noise before, between and behind, and with every byte wrong once.

use std::io::{self, Read};

use super::super::frame::{Damage, Frames, LARGEST, put};

/// Three records, and where each ends.
fn three() -> (Vec<u8>, [usize; 3]) {
    let mut bytes = Vec::new();
    let ends = [&b"one"[..], b"", &[b'3'; 300]].map(|record| {
        assert!(put(&mut bytes, |out| out.extend_from_slice(record)));
        bytes.len()
    });
    (bytes, ends)
}

fn read(source: impl Read) -> (Vec<Vec<u8>>, Damage) {
    let mut frames = Frames::new(source);
    let mut records = Vec::new();
    while let Some(record) = frames.next().expect("it can be read") {
        records.push(record.to_vec());
    }
    (records, frames.damage())
}

/// What a disk may hold in place of what was written; the same at each run.
fn noise(length: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_u32;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_file_that_ends_anywhere_has_the_records_that_are_whole() {
    let (bytes, ends) = three();
    let (whole, _) = read(&bytes[..]);
    assert_eq!(whole, [b"one".to_vec(), Vec::new(), vec![b'3'; 300]]);
    for length in 0..=bytes.len() {
        let (records, damage) = read(&bytes[..length]);
        let there = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(records, whole[..there], "cut to {length}");
        let lost = length - there.checked_sub(1).map_or(0, |last| ends[last]);
        assert_eq!((damage.bytes, damage.places), (lost as u64, u64::from(lost > 0)), "cut to {length}");
    }
}

#[test]
fn a_byte_that_is_wrong_costs_its_own_record() {
    let (bytes, ends) = three();
    let (whole, _) = read(&bytes[..]);
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let hit = ends.iter().filter(|end| **end <= at).count();
            let begin = hit.checked_sub(1).map_or(0, |before| ends[before]);
            let (records, damage) = read(&bytes[..]);
            let wanted: Vec<_> = whole.iter().enumerate().filter(|(n, _)| *n != hit).map(|(_, r)| r.clone()).collect();
            assert_eq!(records, wanted, "byte {at}");
            assert_eq!((damage.bytes, damage.places), ((ends[hit] - begin) as u64, 1), "byte {at}");
        }
    }
}

#[test]
fn noise_hides_no_record_and_is_none() {
    let (bytes, ends) = three();
    let (whole, _) = read(&bytes[..]);
    // Noise with the mark in it, a head that claims much, and one that lies on two pieces of the file.
    let claims: Vec<u8> = [&b"oig\x1e"[..], &[0xff; 12]].concat();
    let mut cut = Vec::new();
    put(&mut cut, |out| out.extend_from_slice(&[1; 200]));
    cut.truncate(100);
    for noise in [vec![0; 5000], b"oig\x1e".repeat(40), claims.repeat(7), noise(200_000), cut] {
        for place in [0, ends[0], ends[1], ends[2]] {
            let spoilt = [&bytes[..place], &noise, &bytes[place..]].concat();
            let (records, damage) = read(&spoilt[..]);
            assert_eq!(records, whole, "{} bytes at {place}", noise.len());
            assert_eq!(damage, Damage { bytes: noise.len() as u64, places: 1 });
        }
    }
    let (records, damage) = read(&noise(70_000)[..]);
    assert_eq!((records.len(), damage), (0, Damage { bytes: 70_000, places: 1 }));
}

#[test]
fn what_is_too_large_is_not_written_and_not_believed() {
    let mut bytes = b"before".to_vec();
    assert!(!put(&mut bytes, |out| out.resize(out.len() + LARGEST + 1, 0)));
    assert_eq!(bytes, b"before");
    let mut largest = Vec::new();
    assert!(put(&mut largest, |out| out.resize(out.len() + LARGEST, 7)));
    let (records, damage) = read(&largest[..]);
    assert_eq!((records[0].len(), damage), (LARGEST, Damage::default()));
    // A head that is whole, by chance or by somebody's hand, and claims more.
    let mut claims = Vec::new();
    put(&mut claims, |_| {});
    claims[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let sum = crc32fast::hash(&claims[..12]);
    claims[12..16].copy_from_slice(&sum.to_le_bytes());
    let (records, damage) = read(&[claims, largest].concat()[..]);
    assert_eq!((records.len(), damage), (1, Damage { bytes: 16, places: 1 }));
}

/// Gives a byte at a time, after an interruption, and breaks at its end.
struct Slow<'a>(&'a [u8], bool, bool);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.0.split_first() {
            Some((byte, rest)) => {
                (buffer[0], self.0) = (*byte, rest);
                Ok(1)
            }
            None if self.2 => Err(io::Error::other("a bad sector")),
            None => Ok(0),
        }
    }
}

#[test]
fn how_a_disk_gives_its_bytes_does_not_matter() {
    let (bytes, _) = three();
    assert_eq!(read(Slow(&bytes, false, false)), read(&bytes[..]));
    let mut frames = Frames::new(Slow(&bytes, false, true));
    for _ in 0..3 {
        assert!(frames.next().expect("before the bad sector").is_some());
    }
    assert_eq!(frames.next().expect_err("the bad sector").to_string(), "a bad sector");
}
