//! How records lie in a file: each with a mark, its length and checksums, so that after a place that cannot be read
//! the next whole record is found. Knows nothing of what is in them.
//!
//! The head has a checksum of its own: a length that was damaged is not believed, and noise that happens to hold the
//! mark costs nothing.

use std::io::{self, Read};

const MARK: [u8; 4] = *b"oig\x1e";
/// Mark, length, checksum of what follows the head, checksum of the head before it; 4 bytes each.
const HEAD: usize = 16;
/// Largest record that is written or believed, in bytes. The largest are events, of a few KiB.
pub(super) const LARGEST: usize = 1024 * 1024;
/// Read at a time.
const PIECE: usize = 64 * 1024;

/// Appends a record to `out`; `false`, and nothing appended, when it is larger than [`LARGEST`].
pub(super) fn put(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let begin = out.len();
    out.extend_from_slice(&[0; HEAD]);
    write(out);
    let length = out.len() - begin - HEAD;
    let Some(length) = u32::try_from(length).ok().filter(|_| length <= LARGEST) else {
        out.truncate(begin);
        return false;
    };
    let sum = crc32fast::hash(&out[begin + HEAD..]);
    let head = &mut out[begin..begin + HEAD];
    head[..4].copy_from_slice(&MARK);
    head[4..8].copy_from_slice(&length.to_le_bytes());
    head[8..12].copy_from_slice(&sum.to_le_bytes());
    let of_head = crc32fast::hash(&head[..12]);
    head[12..].copy_from_slice(&of_head.to_le_bytes());
    true
}

/// Bytes that belong to no whole record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) bytes: u64,
    pub(super) places: u64,
}

/// The whole records of a file, one after the other.
pub(super) struct Frames<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// In the middle of a place that cannot be read.
    lost: bool,
    damage: Damage,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), at: 0, ended: false, lost: false, damage: Damage::default() }
    }

    pub(super) fn damage(&self) -> Damage {
        self.damage
    }

    /// The next whole record; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let length = loop {
            if !self.fill(HEAD)? {
                self.skip(self.buffer.len() - self.at);
                return Ok(None);
            }
            if let Some((length, sum)) = head(&self.buffer[self.at..self.at + HEAD])
                && self.fill(HEAD + length)?
                && crc32fast::hash(&self.buffer[self.at + HEAD..self.at + HEAD + length]) == sum
            {
                break length;
            }
            let behind = &self.buffer[self.at + 1..];
            let next = behind.iter().position(|byte| *byte == MARK[0]).unwrap_or(behind.len());
            self.skip(1 + next);
        };
        self.lost = false;
        let begin = self.at + HEAD;
        self.at = begin + length;
        Ok(Some(&self.buffer[begin..begin + length]))
    }

    fn skip(&mut self, bytes: usize) {
        if bytes > 0 {
            self.at += bytes;
            self.damage.bytes += bytes as u64;
            self.damage.places += u64::from(!std::mem::replace(&mut self.lost, true));
        }
    }

    /// Whether so many bytes are there, once they were read.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        while self.buffer.len() - self.at < wanted && !self.ended {
            self.buffer.drain(..self.at);
            self.at = 0;
            let had = self.buffer.len();
            self.buffer.resize(had + PIECE, 0);
            let read = loop {
                match self.source.read(&mut self.buffer[had..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
            self.ended = read? == 0;
        }
        Ok(self.buffer.len() - self.at >= wanted)
    }
}

/// Length and checksum of what follows, when this is a head.
fn head(bytes: &[u8]) -> Option<(usize, u32)> {
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let whole = bytes.starts_with(&MARK) && number(12)? == crc32fast::hash(&bytes[..12]);
    let length = number(4)? as usize;
    (whole && length <= LARGEST).then_some((length, number(8)?))
}
