//! The 8-byte framing under CSTA XML over TCP: format, length, invoke id, one document.
//!
//! Cuts and makes frames; what is in them is the business of `read` and `write`.

/// Bytes before the document: u16 format (0), u16 length with these 8 bytes, 4 ASCII digits.
pub const HEADER: usize = 8;
/// Invoke ids of requests.
pub const FIRST_REQUEST: u16 = 1;
pub const LAST_REQUEST: u16 = 9998;
/// The invoke id that events carry.
pub const EVENT: u16 = 9999;
/// Some peers read the length as signed.
const LARGEST: usize = 32_767;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub invoke: u16,
    pub xml: Vec<u8>,
}

/// What is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    #[error("the format of a frame is not 0")]
    Format,
    #[error("the length of a frame is shorter than its header")]
    Length,
    #[error("the invoke id of a frame is not four digits")]
    Invoke,
    #[error("a message is too long for a frame")]
    TooLong,
}

/// Cuts a byte stream into frames. Holds at most one whole frame and what was pushed behind it.
#[derive(Debug, Default)]
pub struct Framing {
    buffer: Vec<u8>,
    start: usize,
}

impl Framing {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` until more is pushed.
    ///
    /// # Errors
    /// When the stream is not framed; nothing after it can be trusted.
    #[allow(clippy::should_implement_trait)] // fails, and does not end
    pub fn next(&mut self) -> Result<Option<Frame>, FrameFault> {
        let rest = &self.buffer[self.start..];
        let Some(header) = rest.first_chunk::<HEADER>() else { return Ok(None) };
        if header[0..2] != [0, 0] {
            return Err(FrameFault::Format);
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if length < HEADER {
            return Err(FrameFault::Length);
        }
        let digits = &header[4..8];
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(FrameFault::Invoke);
        }
        let invoke = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        let Some(xml) = rest.get(HEADER..length) else { return Ok(None) };
        let frame = Frame { invoke, xml: xml.to_vec() };
        self.start += length;
        Ok(Some(frame))
    }
}

/// Appends a frame.
///
/// # Errors
/// [`FrameFault::TooLong`], [`FrameFault::Invoke`] above 9999; nothing is appended then.
pub fn encode(invoke: u16, xml: &[u8], out: &mut Vec<u8>) -> Result<(), FrameFault> {
    let length = xml.len() + HEADER;
    if length > LARGEST {
        return Err(FrameFault::TooLong);
    }
    if invoke > EVENT {
        return Err(FrameFault::Invoke);
    }
    let length = u16::try_from(length).map_err(|_| FrameFault::TooLong)?;
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(format!("{invoke:04}").as_bytes());
    out.extend_from_slice(xml);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in_wherever_the_stream_is_cut() {
        let mut stream = Vec::new();
        for (invoke, xml) in [(1, "<a/>"), (9999, "<bb/>"), (0, "")] {
            encode(invoke, xml.as_bytes(), &mut stream).expect("short");
        }
        for cut in 0..stream.len() {
            let mut framing = Framing::default();
            let mut seen = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                framing.push(part);
                while let Some(frame) = framing.next().expect("framed") {
                    seen.push((frame.invoke, String::from_utf8(frame.xml).expect("text")));
                }
            }
            assert_eq!(seen, [(1, "<a/>".into()), (9999, "<bb/>".into()), (0, String::new())], "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for (bytes, fault) in [
            (b"\x00\x01\x00\x0c0001<a/>", FrameFault::Format),
            (b"\x00\x00\x00\x070001<a/>", FrameFault::Length),
            (b"\x00\x00\x00\x0c00x1<a/>", FrameFault::Invoke),
        ] {
            let mut framing = Framing::default();
            framing.push(bytes);
            assert_eq!(framing.next(), Err(fault));
        }
        let mut out = Vec::new();
        assert_eq!(encode(1, &vec![b' '; 40_000], &mut out), Err(FrameFault::TooLong));
        assert_eq!(encode(10_000, b"", &mut out), Err(FrameFault::Invoke));
        assert!(out.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_framing(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut framing = Framing::default();
            framing.push(&bytes);
            while let Ok(Some(_)) = framing.next() {}
        }
    }
}
