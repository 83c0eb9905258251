//! Sealed packets: everything that members say to each other inside an epoch. `docs/spec/05-wire.md`, "Sealed packet".
//!
//! ```text
//!  0         8                       31                              31 + n + 16
//!  +---------+-----------------------+------------------+------------+
//!  | hint, 8 | sealed header, 7 + 16 | sealed content, n | its tag, 16 |
//!  +---------+-----------------------+------------------+------------+
//!
//! struct { uint16 sender; uint8 stream; uint32 seq; } Header;            stream: content 0, statement 1
//! ```
//!
//! Content is sealed first, under a message key that seals once. The header is sealed with the epoch's header key and the
//! first 12 bytes of the content's tag as its nonce: no nonce is ever chosen, and none is sent. Outsiders see the hint,
//! which is the same for all packets of the epoch, and a length from a small set.

use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder,
    OpenError, SecretRef, byte_newtype,
};

use mpotr_crypto::zeroize::Zeroizing;

byte_newtype! {
    /// Routes a packet to its epoch: 8 bytes derived from the epoch secret.
    EpochHint, 8
}

/// Which of a sender's two streams a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Messages: every one counts.
    Content,
    /// Statements: the newest replaces the older.
    Statement,
}

/// Who sealed a packet, and under which message key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Index of the sender in the roster.
    pub sender: u16,
    /// The sender's stream.
    pub stream: Stream,
    /// The place in the stream, from 0.
    pub seq: u32,
}

const HEADER_LENGTH: usize = 7;
const SEALED_HEADER_LENGTH: usize = HEADER_LENGTH + AEAD_TAG_LENGTH;

impl Header {
    fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let [s0, s1] = self.sender.to_be_bytes();
        let stream = match self.stream {
            Stream::Content => 0,
            Stream::Statement => 1,
        };
        let [n0, n1, n2, n3] = self.seq.to_be_bytes();
        [s0, s1, stream, n0, n1, n2, n3]
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let sender = input.u16("sender")?;
        let at = input.offset();
        let stream = match input.u8("stream")? {
            0 => Stream::Content,
            1 => Stream::Statement,
            unknown => {
                let kind = DecodeErrorKind::UnknownValue(unknown.into());
                return Err(DecodeError::new(at, "stream", kind));
            }
        };
        Ok(Self {
            sender,
            stream,
            seq: input.u32("seq")?,
        })
    }

    /// Associated data of the content: `struct { uint16 suite; opaque hint[8]; Header header; }`.
    fn associated_data<S: CryptoSuite>(self, hint: EpochHint) -> [u8; 17] {
        let [s0, s1] = S::ID.to_u16().to_be_bytes();
        let [e0, e1, e2, e3, e4, e5, e6, e7] = *hint.as_bytes();
        let [h0, h1, h2, h3, h4, h5, h6] = self.to_bytes();
        [
            s0, s1, e0, e1, e2, e3, e4, e5, e6, e7, h0, h1, h2, h3, h4, h5, h6,
        ]
    }
}

/// A message or statement as it goes over the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPacket {
    /// The hint, the sealed content, the sealed header: what the header is bound to lies in one piece.
    bytes: Vec<u8>,
}

/// A message key seals once, so its nonce may be fixed.
const NONCE: [u8; 12] = [0; 12];

impl SealedPacket {
    /// Seals content under a message key, and its header under the header key.
    #[must_use]
    pub fn seal<'a, S: CryptoSuite>(
        hint: EpochHint,
        header: Header,
        header_key: &AeadKey<S>,
        message_key: impl Into<SecretRef<'a, 32>>,
        content: &[u8],
    ) -> Self {
        let data = header.associated_data::<S>(hint);
        let content = AeadKey::<S>::new(message_key).seal(&NONCE, &data, content);
        let bound = [hint.as_bytes().as_slice(), &content].concat();
        let sealed = header_key.seal(&nonce_of(&bound), &bound, &header.to_bytes());
        // Seven bytes and a tag: the conversion succeeds.
        let header = sealed.try_into().unwrap_or([0; SEALED_HEADER_LENGTH]);
        Self {
            bytes: [bound.as_slice(), &header].concat(),
        }
    }

    /// What the header is bound to, hint and sealed content, and the sealed header.
    fn parts(&self) -> (&[u8], &[u8; SEALED_HEADER_LENGTH]) {
        // Whichever way it was made, a header is behind.
        let parts = self.bytes.split_last_chunk();
        parts.unwrap_or((&[], &[0; SEALED_HEADER_LENGTH]))
    }

    /// The sealed content.
    fn content(&self) -> &[u8] {
        let (bound, _) = self.parts();
        bound.get(EpochHint::LENGTH..).unwrap_or_default()
    }

    /// Routes the packet.
    #[must_use]
    pub fn hint(&self) -> EpochHint {
        let hint = self.bytes.first_chunk();
        EpochHint::new(hint.copied().unwrap_or_default())
    }

    /// Opens the header. It authenticates the content's ciphertext as some member's, not yet as the sender's.
    ///
    /// # Errors
    /// No member of the epoch sealed it.
    pub fn open_header<S: CryptoSuite>(
        &self,
        header_key: &AeadKey<S>,
    ) -> Result<Header, OpenError> {
        let (bound, sealed) = self.parts();
        let (header, tag) = split_header(sealed);
        let header = header_key.open_array(&nonce_of(bound), bound, header, &tag)?;
        Decoder::whole(&header, Header::decode).map_err(|_malformed| OpenError)
    }

    /// Opens the content.
    ///
    /// # Errors
    /// It was sealed under another key or header.
    pub fn open_content<'a, S: CryptoSuite>(
        &self,
        header: Header,
        message_key: impl Into<SecretRef<'a, 32>>,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let data = header.associated_data::<S>(self.hint());
        AeadKey::<S>::new(message_key).open(&NONCE, &data, self.content())
    }

    /// The nonce under which the header is sealed.
    #[must_use]
    pub fn header_nonce(&self) -> [u8; 12] {
        let (bound, _) = self.parts();
        nonce_of(bound)
    }

    /// The bytes that it takes.
    pub(crate) const fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the packet.
    pub fn encode(&self, out: &mut Encoder) {
        let (_, header) = self.parts();
        self.hint().encode(out);
        out.raw(header);
        out.raw(self.content());
    }

    /// Reads a packet, to the end of the input.
    ///
    /// # Errors
    /// It is too short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let hint = EpochHint::decode(input, "epoch hint")?;
        let header: [u8; SEALED_HEADER_LENGTH] = input.array("header")?;
        let at = input.offset();
        let content = input.rest();
        if content.len() < AEAD_TAG_LENGTH {
            let kind = DecodeErrorKind::TooShort {
                length: content.len(),
                minimum: AEAD_TAG_LENGTH,
            };
            return Err(DecodeError::new(at, "content", kind));
        }
        Ok(Self {
            bytes: [hint.as_bytes().as_slice(), content, &header].concat(),
        })
    }
}

/// A sealed header, and its tag.
fn split_header(
    sealed: &[u8; SEALED_HEADER_LENGTH],
) -> ([u8; HEADER_LENGTH], [u8; AEAD_TAG_LENGTH]) {
    let [h0, h1, h2, h3, h4, h5, h6, tag @ ..] = *sealed;
    ([h0, h1, h2, h3, h4, h5, h6], tag)
}

/// The nonce of the header: the first 12 bytes of the content's tag.
fn nonce_of(bound: &[u8]) -> [u8; 12] {
    let tag: Option<&[u8; AEAD_TAG_LENGTH]> = bound.last_chunk();
    tag.and_then(|tag| tag.first_chunk())
        .copied()
        .unwrap_or_default()
}
