//! Where a frame starts and ends in a stream of bytes.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use mpotr_crypto::{DecodeError, DecodeErrorKind};
use tokio_util::codec::Decoder;

use super::LENGTH_PREFIX;

/// Cuts a stream into payloads of 1 to `limit` bytes.
///
/// The length is checked as soon as it is there, and nothing is allocated on its word: the buffer grows with what
/// has arrived.
#[derive(Clone, Copy, Debug)]
pub struct FrameCodec {
    limit: usize,
}

impl FrameCodec {
    /// Takes payloads of 1 to `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// Takes payloads of 1 to `limit` bytes from the next frame on.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// A frame: the length of `parts` together, then `parts`. At most `u32::MAX` bytes; all callers are far below.
    #[must_use]
    pub fn encode(parts: &[&[u8]]) -> Bytes {
        let length = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let mut frame = BytesMut::with_capacity(length.saturating_add(LENGTH_PREFIX));
        frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        parts.iter().for_each(|part| frame.extend_from_slice(part));
        frame.freeze()
    }

    /// The length that the next frame announces, once it is there.
    fn length(self, input: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Some(prefix) = input.first_chunk::<LENGTH_PREFIX>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        let kind = match length {
            0 => DecodeErrorKind::TooShort { length, minimum: 1 },
            _ if length > self.limit => DecodeErrorKind::TooLong {
                length,
                limit: self.limit,
            },
            _ => return Ok(Some(length)),
        };
        Err(DecodeError::new(0, "length", kind))
    }
}

impl Decoder for FrameCodec {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(length) = self.length(input)? else {
            return Ok(None);
        };
        if input.len().saturating_sub(LENGTH_PREFIX) < length {
            return Ok(None);
        }
        input.advance(LENGTH_PREFIX);
        Ok(Some(input.split_to(length).freeze()))
    }

    fn decode_eof(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        if let Some(frame) = self.decode(input)? {
            return Ok(Some(frame));
        }
        if input.is_empty() {
            return Ok(None);
        }
        let whole = self
            .length(input)?
            .unwrap_or(0)
            .saturating_add(LENGTH_PREFIX);
        let kind = DecodeErrorKind::Truncated {
            missing: whole.saturating_sub(input.len()),
        };
        Err(DecodeError::new(input.len(), "frame", kind).into())
    }
}

/// Why a stream gives no further frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes are no frame. The offset is counted from the start of the frame.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use mpotr_crypto::DecodeErrorKind;
    use proptest::prelude::*;
    use tokio_util::codec::Decoder;

    use super::{FrameCodec, FrameError};

    fn kind(error: FrameError) -> DecodeErrorKind {
        match error {
            FrameError::Decode(error) => error.kind,
            FrameError::Io(error) => panic!("{error}"),
        }
    }

    #[test]
    fn refuses_a_length_over_the_limit_before_the_payload_is_there() {
        let mut input = BytesMut::from(&[0, 0, 0, 9][..]);
        let before = input.capacity();
        let error = FrameCodec::new(8).decode(&mut input).unwrap_err();
        assert_eq!(
            kind(error),
            DecodeErrorKind::TooLong {
                length: 9,
                limit: 8
            }
        );
        assert_eq!(input.capacity(), before);
    }

    #[test]
    fn allocates_nothing_on_the_word_of_a_length() {
        let mut input = BytesMut::from(&[0, 0x10, 0, 0, 1][..]);
        let before = input.capacity();
        assert!(
            FrameCodec::new(1 << 20)
                .decode(&mut input)
                .unwrap()
                .is_none()
        );
        assert_eq!(input.capacity(), before);
    }

    #[test]
    fn refuses_an_empty_payload() {
        let error = FrameCodec::new(8)
            .decode(&mut BytesMut::from(&[0; 4][..]))
            .unwrap_err();
        assert_eq!(
            kind(error),
            DecodeErrorKind::TooShort {
                length: 0,
                minimum: 1
            }
        );
    }

    #[test]
    fn takes_a_payload_of_the_very_limit() {
        let mut input = BytesMut::from(&FrameCodec::encode(&[&[7; 8]])[..]);
        assert_eq!(
            FrameCodec::new(8).decode(&mut input).unwrap().unwrap(),
            &[7; 8][..]
        );
    }

    #[test]
    fn an_end_inside_a_frame_says_how_much_is_missing() {
        let frame = FrameCodec::encode(&[b"four"]);
        for length in 1..frame.len() {
            let error = FrameCodec::new(8).decode_eof(&mut BytesMut::from(&frame[..length]));
            // Before the length is known, only the rest of the length is known to be missing.
            let whole = if length < 4 { 4 } else { 8 };
            let missing = whole - length;
            assert_eq!(
                kind(error.unwrap_err()),
                DecodeErrorKind::Truncated { missing }
            );
        }
    }

    #[test]
    fn an_end_between_frames_is_an_end() {
        assert!(
            FrameCodec::new(8)
                .decode_eof(&mut BytesMut::new())
                .unwrap()
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
            cut in 1_usize..50,
        ) {
            let stream: Vec<u8> =
                payloads.iter().flat_map(|payload| FrameCodec::encode(&[payload])).collect();
            let (mut codec, mut buffer, mut seen) = (FrameCodec::new(40), BytesMut::new(), Vec::new());
            for piece in stream.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(payload) = codec.decode(&mut buffer).unwrap() {
                    seen.push(payload.to_vec());
                }
            }
            prop_assert!(codec.decode_eof(&mut buffer).unwrap().is_none());
            prop_assert_eq!(seen, payloads);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_what_decodes_encodes_to_the_same_bytes(
            stream in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut buffer = BytesMut::from(&stream[..]);
            let mut again = Vec::new();
            while let Ok(Some(payload)) = FrameCodec::new(8).decode_eof(&mut buffer) {
                again.extend_from_slice(&FrameCodec::encode(&[&payload]));
            }
            prop_assert_eq!(&again[..], &stream[..again.len()]);
        }
    }
}
