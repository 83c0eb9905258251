//! The strict codec of every packet: the presentation language of TLS 1.3 (RFC 8446 section 3), big-endian.
//!
//! Decoding is canonical: one value has one encoding, nothing may follow it, and every length and count is checked
//! against its limit before anything is allocated. An error names the field and its offset. Why not a derive:
//! `docs/decisions/0002-codec.md`.

mod list;
mod wire_enum;

pub use list::Count;

use zeroize::Zeroize;

/// Bytes that do not decode: where, in which field, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}, field `{field}`: {kind}")]
pub struct DecodeError {
    /// Offset of the field from the start of the input, in bytes.
    pub offset: usize,
    /// The field, by the name that the specification gives it.
    pub field: &'static str,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

impl DecodeError {
    /// An error at an offset.
    #[must_use]
    pub const fn new(offset: usize, field: &'static str, kind: DecodeErrorKind) -> Self {
        Self {
            offset,
            field,
            kind,
        }
    }

    /// A code or number that means nothing in its field.
    #[must_use]
    pub fn unknown(offset: usize, field: &'static str, value: impl Into<u64>) -> Self {
        Self::new(offset, field, DecodeErrorKind::UnknownValue(value.into()))
    }
}

/// What is wrong with bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside the field.
    #[error("the input ends {missing} bytes too early")]
    Truncated {
        /// Bytes missing.
        missing: usize,
    },
    /// Bytes follow the last field.
    #[error("{extra} bytes follow the end")]
    Trailing {
        /// Bytes too many.
        extra: usize,
    },
    /// A length or a count is over its limit.
    #[error("{length} is over the limit of {limit}")]
    TooLong {
        /// The length or count.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A length or a count is under its minimum.
    #[error("{length} is under the minimum of {minimum}")]
    TooShort {
        /// The length or count.
        length: usize,
        /// The minimum.
        minimum: usize,
    },
    /// A code point without a meaning in this field.
    #[error("the value {0} means nothing here")]
    UnknownValue(u64),
    /// Not the one canonical encoding of any value.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// The identity element, where it must not be.
    #[error("the identity element is not allowed")]
    Identity,
    /// The same value twice, or out of order.
    #[error("a value stands twice or out of order")]
    NotStrictlyIncreasing,
}

/// Reads fields one after the other.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Decoder<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self {
            rest: input,
            length: input.len(),
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.length.saturating_sub(self.rest.len())
    }

    /// An error in a field that starts here.
    #[must_use]
    pub const fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(self.offset(), field, kind)
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn raw(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(length) else {
            let missing = length.saturating_sub(self.rest.len());
            return Err(self.error(field, DecodeErrorKind::Truncated { missing }));
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            let missing = N.saturating_sub(self.rest.len());
            return Err(self.error(field, DecodeErrorKind::Truncated { missing }));
        };
        self.rest = rest;
        Ok(*head)
    }

    /// `uint8`.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_be_bytes)
    }

    /// `uint16`.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// `uint32`.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// `uint64`.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// `opaque <0..limit>` with a 32-bit length.
    ///
    /// # Errors
    /// The length is over `limit`, or the input ends too early.
    pub fn opaque(&mut self, limit: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.count::<u32>(0..=limit, field)?;
        self.raw(length, field)
    }

    /// A byte below `end`: a set of so many bits, say.
    ///
    /// # Errors
    /// A byte that means nothing, or the input ends too early.
    pub fn below(&mut self, end: u8, field: &'static str) -> Result<u8, DecodeError> {
        let at = self.offset();
        match self.u8(field)? {
            value if value < end => Ok(value),
            value => Err(DecodeError::unknown(at, field, value)),
        }
    }

    /// A byte that has one value.
    ///
    /// # Errors
    /// Another byte, or the input ends too early.
    pub fn exactly(&mut self, value: u8, field: &'static str) -> Result<(), DecodeError> {
        let at = self.offset();
        match self.u8(field)? {
            read if read == value => Ok(()),
            other => Err(DecodeError::unknown(at, field, other)),
        }
    }

    /// A byte that is 0 or 1.
    ///
    /// # Errors
    /// Another byte, or the input ends too early.
    pub fn flag(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        self.below(2, field).map(|flag| flag == 1)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Ends the decoding.
    ///
    /// # Errors
    /// Bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(self.error("end", DecodeErrorKind::Trailing { extra })),
        }
    }

    /// Decodes a value that must take up the whole input.
    ///
    /// # Errors
    /// Those of `decode`, or bytes are left.
    pub fn whole<T>(
        input: &'a [u8],
        decode: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut decoder = Self::new(input);
        let value = decode(&mut decoder)?;
        decoder.finish()?;
        Ok(value)
    }
}

/// Writes fields one after the other. Lengths are bounded by the types that are written.
///
/// What is written may be secret: the memory that it outgrows is wiped. What [`Encoder::finish`] gives is the caller's.
#[derive(Debug, Default)]
pub struct Encoder(Vec<u8>);

impl Encoder {
    /// Nothing written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Nothing written yet, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Bytes without a length.
    pub fn raw(&mut self, bytes: &[u8]) {
        let length = self.0.len().saturating_add(bytes.len());
        if length > self.0.capacity() {
            self.grow(length);
        }
        self.0.extend_from_slice(bytes);
    }

    /// Moves to where there is room for `length` bytes, and for as many more, and leaves nothing behind.
    fn grow(&mut self, length: usize) {
        let mut larger = Vec::with_capacity(length.saturating_mul(2).max(64));
        larger.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = larger;
    }

    /// `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    /// `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    /// `uint64`.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// A byte that is 0 or 1.
    pub fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// `opaque <..>` with a 32-bit length.
    pub fn opaque(&mut self, bytes: &[u8]) {
        self.count::<u32>(bytes.len());
        self.raw(bytes);
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// The encoding that `encode` writes.
    #[must_use]
    pub fn encoded(encode: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut out = Self::new();
        encode(&mut out);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodeErrorKind, Decoder, Encoder};

    #[test]
    fn a_length_over_its_limit_is_refused_before_the_bytes_are_looked_for() {
        let input = Encoder::encoded(|out| out.u32(u32::MAX));
        let error = Decoder::new(&input).opaque(16, "body").unwrap_err();
        assert_eq!(error.offset, 0);
        assert!(matches!(
            error.kind,
            DecodeErrorKind::TooLong { limit: 16, .. }
        ));
    }

    #[test]
    fn an_error_names_offset_and_field() {
        let error = Decoder::whole(&[0, 1, 2], |input| {
            input.u16("first")?;
            input.u16("second")
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "at byte 2, field `second`: the input ends 1 bytes too early"
        );
    }

    #[test]
    fn what_is_written_is_whole_however_often_it_moves() {
        let mut out = Encoder::new();
        let mut expected = Vec::new();
        for length in 0..200_u8 {
            out.raw(&vec![length; length.into()]);
            expected.extend(vec![length; length.into()]);
        }
        assert_eq!(out.finish(), expected);
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let error = Decoder::whole(&[0, 1, 2], |input| input.u16("only")).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::Trailing { extra: 1 });
    }
}
