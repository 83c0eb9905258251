//! Sealed packets: everything that members say to each other inside an epoch. `docs/spec/05-wire.md`, "Sealed packet".
//!
//! ```text
//!  0         8                       31          43                  43 + n        43 + n + 16
//!  +---------+-----------------------+-----------+-------------------+-------------+
//!  | hint, 8 | sealed header, 7 + 16 | nonce, 12 | sealed content, n | its tag, 16 |
//!  +---------+-----------------------+-----------+-------------------+-------------+
//!
//! struct { uint16 sender; uint8 stream; uint32 seq; } Header;            stream: content 0, statement 1
//! ```
//!
//! Content is sealed first, under a message key that seals once; its nonce is a hash of that key and the content, so that two
//! copies of one machine, which have the same keys, do not seal two contents under one key and nonce
//! (`docs/decisions/0010-two-copies-of-one-member.md`). The header is sealed with the epoch's header key and the
//! first 12 bytes of the content's tag as its nonce: no nonce is ever chosen. Outsiders see the hint,
//! which is the same for all packets of the epoch, and a length from a small set.

use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder,
    OpenError, SecretRef, TranscriptHash, byte_newtype, label, wiping_stack, wire_enum,
};

use mpotr_crypto::zeroize::Zeroizing;

byte_newtype! {
    /// Routes a packet to its epoch: 8 bytes derived from the epoch secret.
    EpochHint, 8
}

wire_enum! {
    /// Which of a sender's two streams a packet belongs to.
    pub enum Stream: u8 {
        /// Messages: every one counts.
        Content = 0,
        /// Statements: the newest replaces the older.
        Statement = 1,
    }
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
        let stream = self.stream.code();
        let [n0, n1, n2, n3] = self.seq.to_be_bytes();
        [s0, s1, stream, n0, n1, n2, n3]
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let sender = input.u16("sender")?;
        let stream = Stream::decode(input, "stream")?;
        Ok(Self {
            sender,
            stream,
            seq: input.u32("seq")?,
        })
    }

    /// Associated data of the content: `struct { uint16 suite; opaque hint[8]; Header header; }`.
    fn associated_data<S: CryptoSuite>(self, hint: EpochHint) -> [u8; 17] {
        let [s0, s1] = S::ID.code().to_be_bytes();
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

/// The bytes of a nonce.
const NONCE_LENGTH: usize = 12;

/// The bytes of a content of which nothing is left but nonce and tag.
const SHORTEST: usize = NONCE_LENGTH + AEAD_TAG_LENGTH;

/// The nonce of a content: another for each content, no matter who else has the key. Without the key in it, it would
/// tie a transcript, which holds contents and no key, to packets that were recorded.
fn nonce_for<S: CryptoSuite>(key: SecretRef<'_, 32>, content: &[u8]) -> [u8; NONCE_LENGTH] {
    let hash = TranscriptHash::<S>::new(label::CONTENT_NONCE)
        .bytes(key.expose())
        .bytes(content)
        .finish();
    hash.first_chunk().copied().unwrap_or_default()
}

impl SealedPacket {
    /// The bytes of a packet beside what is signed: version and kind, hint, header, nonce and tag.
    pub const OVERHEAD: usize = 2 + EpochHint::LENGTH + SEALED_HEADER_LENGTH + SHORTEST;

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
        let key = message_key.into();
        let (nonce, content) = wiping_stack(|| {
            let nonce = nonce_for::<S>(key, content);
            let sealed = AeadKey::<S>::new(key).seal(&nonce, &data, content);
            (nonce, sealed)
        });
        let bound = [hint.as_bytes().as_slice(), &nonce, &content].concat();
        let sealed = header_key.seal(&nonce_of(&bound), &bound, &header.to_bytes());
        // Seven bytes and a tag: the conversion succeeds.
        let header = sealed.try_into().unwrap_or([0; SEALED_HEADER_LENGTH]);
        Self {
            bytes: [bound.as_slice(), &header].concat(),
        }
    }

    /// What the header is bound to, hint, nonce and sealed content, and the sealed header.
    fn parts(&self) -> (&[u8], &[u8; SEALED_HEADER_LENGTH]) {
        // Whichever way it was made, a header is behind.
        let parts = self.bytes.split_last_chunk();
        parts.unwrap_or((&[], &[0; SEALED_HEADER_LENGTH]))
    }

    /// The nonce of the content, and the sealed content.
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
        let (nonce, content) = self.content().split_first_chunk().ok_or(OpenError)?;
        let key = message_key.into();
        wiping_stack(|| AeadKey::<S>::new(key).open(nonce, &data, content))
    }

    /// The nonce under which the header is sealed.
    #[cfg(test)]
    pub(crate) fn header_nonce(&self) -> [u8; 12] {
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
        if content.len() < SHORTEST {
            let kind = DecodeErrorKind::TooShort {
                length: content.len(),
                minimum: SHORTEST,
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
fn nonce_of(bound: &[u8]) -> [u8; NONCE_LENGTH] {
    let tag: Option<&[u8; AEAD_TAG_LENGTH]> = bound.last_chunk();
    tag.and_then(|tag| tag.first_chunk())
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::{Aes256GcmSuite, ChaCha20Poly1305Suite};
    use mpotr_crypto::{AeadKey, CryptoSuite, Secret};

    use super::{EpochHint, Header, SealedPacket, Stream};

    /// What a member seals in one place of one epoch. A copy of its machine has the same keys.
    fn sealed<S: CryptoSuite>(content: &[u8]) -> SealedPacket {
        let header = Header {
            sender: 1,
            stream: Stream::Content,
            seq: 7,
        };
        let [header_key, message_key] = [[1; 32], [2; 32]].map(Secret::new);
        let header_key = AeadKey::new(&header_key);
        SealedPacket::seal::<S>(
            EpochHint::new([3; 8]),
            header,
            &header_key,
            &message_key,
            content,
        )
    }

    fn copies_share_no_keystream<S: CryptoSuite>() {
        let contents = [[b'a'; 224], [b'b'; 224]];
        let [one, other] = contents.map(|it| sealed::<S>(&it).content().to_vec());
        // Under one key and nonce, each byte of one differs from that of the other as the texts do.
        let alike = one
            .iter()
            .zip(&other)
            .filter(|(a, b)| *a ^ *b == b'a' ^ b'b');
        assert!(alike.count() < 20);
        assert_ne!(one[..12], other[..12], "the nonces");
        // Of one text both make one packet.
        let again = sealed::<S>(&contents[0]);
        assert_eq!(again.content(), one);
    }

    #[test]
    fn two_copies_of_one_member_share_no_keystream() {
        copies_share_no_keystream::<ChaCha20Poly1305Suite>();
        copies_share_no_keystream::<Aes256GcmSuite>();
    }
}
