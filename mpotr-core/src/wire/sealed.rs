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
    OpenError, Secret, byte_newtype,
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
    fn encode(self, out: &mut Encoder) {
        out.u16(self.sender);
        out.u8(match self.stream {
            Stream::Content => 0,
            Stream::Statement => 1,
        });
        out.u32(self.seq);
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
    fn associated_data<S: CryptoSuite>(self, hint: EpochHint) -> Vec<u8> {
        let mut out = Encoder::with_capacity(2 + EpochHint::LENGTH + HEADER_LENGTH);
        S::ID.encode(&mut out);
        hint.encode(&mut out);
        self.encode(&mut out);
        out.finish()
    }
}

/// A message or statement as it goes over the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPacket {
    /// Routes the packet.
    pub hint: EpochHint,
    header: [u8; SEALED_HEADER_LENGTH],
    /// The hint once more and the sealed content: what the header is bound to.
    bound: Vec<u8>,
}

/// A message key seals once, so its nonce may be fixed.
const NONCE: [u8; 12] = [0; 12];

impl SealedPacket {
    /// Seals content under a message key, and its header under the header key.
    #[must_use]
    pub fn seal<S: CryptoSuite>(
        hint: EpochHint,
        header: Header,
        header_key: &AeadKey<S>,
        message_key: &Secret<32>,
        content: &[u8],
    ) -> Self {
        let content = AeadKey::<S>::new(message_key).seal(
            &NONCE,
            &header.associated_data::<S>(hint),
            content,
        );
        let bound = bound(hint, &content);
        let nonce = nonce_of(&bound);
        let sealed = header_key.seal(&nonce, &bound, &Encoder::encoded(|out| header.encode(out)));
        // Seven bytes and a tag: the conversion succeeds.
        let header = sealed.try_into().unwrap_or([0; SEALED_HEADER_LENGTH]);
        Self {
            hint,
            header,
            bound,
        }
    }

    /// The sealed content.
    fn content(&self) -> &[u8] {
        self.bound.get(EpochHint::LENGTH..).unwrap_or_default()
    }

    /// Opens the header. It authenticates the content's ciphertext as some member's, not yet as the sender's.
    ///
    /// # Errors
    /// No member of the epoch sealed it.
    pub fn open_header<S: CryptoSuite>(
        &self,
        header_key: &AeadKey<S>,
    ) -> Result<Header, OpenError> {
        let opened = header_key.open(&nonce_of(&self.bound), &self.bound, &self.header)?;
        Decoder::whole(&opened, Header::decode).map_err(|_malformed| OpenError)
    }

    /// Opens the content.
    ///
    /// # Errors
    /// It was sealed under another key or header.
    pub fn open_content<S: CryptoSuite>(
        &self,
        header: Header,
        message_key: &Secret<32>,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let data = header.associated_data::<S>(self.hint);
        AeadKey::<S>::new(message_key).open(&NONCE, &data, self.content())
    }

    /// The nonce under which the header is sealed.
    #[must_use]
    pub fn header_nonce(&self) -> [u8; 12] {
        nonce_of(&self.bound)
    }

    /// The bytes that it takes.
    pub(super) const fn length(&self) -> usize {
        SEALED_HEADER_LENGTH.saturating_add(self.bound.len())
    }

    /// Writes the packet.
    pub fn encode(&self, out: &mut Encoder) {
        self.hint.encode(out);
        out.raw(&self.header);
        out.raw(self.content());
    }

    /// Reads a packet, to the end of the input.
    ///
    /// # Errors
    /// It is too short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let hint = EpochHint::decode(input, "epoch hint")?;
        let header = input.array("header")?;
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
            hint,
            header,
            bound: bound(hint, content),
        })
    }
}

/// The associated data of the header: hint and sealed content.
fn bound(hint: EpochHint, content: &[u8]) -> Vec<u8> {
    [hint.as_bytes().as_slice(), content].concat()
}

/// The nonce of the header: the first 12 bytes of the content's tag.
fn nonce_of(bound: &[u8]) -> [u8; 12] {
    let tag = bound
        .len()
        .checked_sub(AEAD_TAG_LENGTH)
        .and_then(|start| bound.get(start..));
    tag.and_then(|tag| tag.first_chunk())
        .copied()
        .unwrap_or_default()
}
