//! The 8-byte framing under CSTA XML over TCP: format, length, invoke id, one document.
//!
//! Cuts and makes frames; what is in them is the business of `read` and `write`. Used by whoever
//! holds a socket: the `Node` actor's link and the simulated node.

/// Bytes before the document: u16 format (0), u16 length with these 8 bytes, 4 ASCII digits.
pub const HEADER: usize = 8;
/// Invoke ids of requests are from here …
pub const FIRST_REQUEST: u16 = 1;
/// … to here. What a peer asks with 0000 is answered with 0000.
pub const LAST_REQUEST: u16 = 9998;
/// The invoke id that events carry.
pub const EVENT: u16 = 9999;
/// Longest frame that we write: some peers read the length as signed.
pub const LARGEST: usize = 32_766;

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

/// Cuts a byte stream into frames.
///
/// The length has 16 bits, so that after [`Framing::next`] has said `None` less than 65,535 bytes
/// are kept, whatever a peer announces. A fault is final: where the next frame begins is not known.
#[derive(Debug, Default)]
pub struct Framing {
    buffer: Vec<u8>,
    /// Where the first frame that was not yet taken begins.
    start: usize,
}

impl Framing {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` until more is pushed.
    ///
    /// # Errors
    /// When the stream is not framed; nothing after it can be trusted.
    #[expect(clippy::should_implement_trait)] // an iterator would end, and could not fail
    pub fn next(&mut self) -> Result<Option<Frame>, FrameFault> {
        let rest = &self.buffer[self.start..];
        let Some(header) = rest.first_chunk::<HEADER>() else { return Ok(None) };
        let [f0, f1, l0, l1, digits @ ..] = *header;
        if [f0, f1] != [0, 0] {
            return Err(FrameFault::Format);
        }
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if length < HEADER {
            return Err(FrameFault::Length);
        }
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
/// [`FrameFault::TooLong`] above [`LARGEST`], [`FrameFault::Invoke`] above 9999; nothing is
/// appended then.
pub fn encode(invoke: u16, xml: &[u8], out: &mut Vec<u8>) -> Result<(), FrameFault> {
    let length = match u16::try_from(xml.len() + HEADER) {
        Ok(length) if usize::from(length) <= LARGEST => length,
        _ => return Err(FrameFault::TooLong),
    };
    if invoke > EVENT {
        return Err(FrameFault::Invoke);
    }
    let digit = |of: u16| b'0' + (invoke / of % 10) as u8; // one digit
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[digit(1000), digit(100), digit(10), digit(1)]);
    out.extend_from_slice(xml);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(frames: &[(u16, &str)]) -> Vec<u8> {
        let mut stream = Vec::new();
        for (invoke, xml) in frames {
            encode(*invoke, xml.as_bytes(), &mut stream).expect("short");
        }
        stream
    }

    fn drain(framing: &mut Framing) -> Vec<(u16, String)> {
        std::iter::from_fn(|| framing.next().expect("framed"))
            .map(|frame| (frame.invoke, String::from_utf8(frame.xml).expect("text")))
            .collect()
    }

    #[test]
    fn a_frame_is_these_bytes() {
        assert_eq!(stream(&[(7, "<a/>"), (9999, "")]), b"\x00\x00\x00\x0c0007<a/>\x00\x00\x00\x089999");
    }

    #[test]
    fn frames_come_out_as_they_went_in_wherever_the_stream_is_cut() {
        let frames = [(1, "<a/>"), (9999, "<bb/>"), (0, ""), (1234, "<c/>")];
        let stream = stream(&frames);
        let expected: Vec<_> = frames.iter().map(|(invoke, xml)| (*invoke, (*xml).to_owned())).collect();
        for cut in 0..=stream.len() {
            let mut framing = Framing::default();
            let mut seen = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                framing.push(part);
                seen.extend(drain(&mut framing));
            }
            assert_eq!(seen, expected, "cut at {cut}");
        }
        let mut framing = Framing::default();
        let mut seen = Vec::new();
        for byte in stream.chunks(1) {
            framing.push(byte);
            seen.extend(drain(&mut framing));
        }
        assert_eq!(seen, expected, "byte by byte");
    }

    #[test]
    fn less_than_one_frame_is_kept() {
        let mut largest = vec![0, 0, 0xff, 0xff];
        largest.extend_from_slice(b"0001");
        largest.resize(65_535, b' ');
        let mut framing = Framing::default();
        for _ in 0..3 {
            framing.push(&largest);
            framing.push(&largest[..65_534]);
            assert_eq!(framing.next().map(|f| f.map(|f| f.xml.len())), Ok(Some(65_527)));
            assert_eq!(framing.next(), Ok(None));
            framing.push(&largest[65_534..]);
            assert!(framing.buffer.len() <= 65_535);
            assert!(framing.next().is_ok_and(|f| f.is_some()));
            assert_eq!(framing.next(), Ok(None));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for (bytes, fault) in [
            (b"\x00\x01\x00\x0c0001<a/>", FrameFault::Format),
            (b"HTTP/1.1 400", FrameFault::Format),
            (b"\x00\x00\x00\x070001<a/>", FrameFault::Length),
            (b"\x00\x00\x00\x000001<a/>", FrameFault::Length),
            (b"\x00\x00\x00\x0c00x1<a/>", FrameFault::Invoke),
            (b"\x00\x00\x00\x0c-001<a/>", FrameFault::Invoke),
        ] {
            let mut framing = Framing::default();
            framing.push(bytes);
            assert_eq!(framing.next(), Err(fault));
            assert_eq!(framing.next(), Err(fault), "a fault is final");
        }
    }

    #[test]
    fn what_a_peer_could_misread_is_not_written() {
        let mut out = Vec::new();
        assert_eq!(encode(1, &[b' '; LARGEST - HEADER + 1], &mut out), Err(FrameFault::TooLong));
        assert_eq!(encode(1, &vec![b' '; 70_000], &mut out), Err(FrameFault::TooLong));
        assert_eq!(encode(10_000, b"", &mut out), Err(FrameFault::Invoke));
        assert!(out.is_empty());
        assert_eq!(encode(1, &[b' '; LARGEST - HEADER], &mut out), Ok(()));
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
