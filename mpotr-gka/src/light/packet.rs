//! What the packets of a light run have in common: a body, and a signature by the signing key of its sender in the parent epoch.
//! `docs/spec/14-light-runs.md`, "Packets".

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Encoder, EphemeralKey, EphemeralKeyPair,
    SignatureBytes, TranscriptHash, VerifyingKey, label,
};

use crate::continuation::Continuation;
use crate::fault::{Fault, FaultKind};
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::sid::Sid;

/// A packet of a light run without its signature.
pub trait ChangeBody: Clone + PartialEq + core::fmt::Debug {
    /// Which packet it is: no signature of one is that of another.
    const KIND: u8;
    /// The label of its digest.
    const LABEL: &'static str;

    /// The member, by its index in the parent epoch, that it claims to come from.
    fn sender(&self) -> MemberIndex;

    /// Writes it.
    fn encode(&self, out: &mut Encoder);

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// What a member says one thing for: two packets of one sender that differ, and are for the same, are a fault.
    fn slot(&self) -> Vec<u8>;

    /// The digest by which others name it. It leaves the signature out: one body has many.
    #[must_use]
    fn digest<S: CryptoSuite>(&self) -> Digest32 {
        TranscriptHash::<S>::new(Self::LABEL)
            .bytes(&Encoder::encoded(|out| self.encode(out)))
            .digest()
    }
}

/// A packet of a light run. Nobody looks at the signature while all goes well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<B> {
    body: B,
    signature: SignatureBytes,
}

impl<B: ChangeBody> Signed<B> {
    /// A body with a signature that came with it.
    #[must_use]
    pub const fn new(body: B, signature: SignatureBytes) -> Self {
        Self { body, signature }
    }

    /// Signs with the key by which the sender speaks in the parent epoch.
    #[must_use]
    pub fn sign<S: CryptoSuite>(body: B, parent: Sid, key: &EphemeralKeyPair<S>) -> Self {
        let signature = key.sign(&signed::<S, B>(&body, parent));
        Self { body, signature }
    }

    /// What it says.
    #[must_use]
    pub const fn body(&self) -> &B {
        &self.body
    }

    /// The signature that came with it.
    #[must_use]
    pub const fn signature(&self) -> &SignatureBytes {
        &self.signature
    }

    /// Whether the sender it claims signed it, for this parent.
    #[must_use]
    pub fn is_authentic<S: CryptoSuite>(&self, parent: &Continuation<S>) -> bool {
        let keys = parent.keys_of(self.body.sender());
        keys.is_some_and(|keys| self.is_signed_by::<S>(parent.sid(), &keys.signing))
    }

    /// Whether this key signed it, for this parent.
    pub(super) fn is_signed_by<S: CryptoSuite>(&self, parent: Sid, key: &EphemeralKey) -> bool {
        VerifyingKey::<S>::decode(key).is_some_and(|key| {
            let signed = signed::<S, B>(&self.body, parent);
            key.verify(&signed, &self.signature).is_ok()
        })
    }

    /// The digest of body and signature: what a CUT says of a FREEZE. So who lists one that is not signed is shown to.
    #[must_use]
    pub fn digest<S: CryptoSuite>(&self) -> Digest32 {
        TranscriptHash::<S>::new(B::LABEL)
            .bytes(&Encoder::encoded(|out| self.encode(out)))
            .digest()
    }

    /// The fault of a sender who signed this packet and another one for the same; `None` if the two say the same, or one was
    /// not signed by its sender. Both signatures are looked at.
    #[must_use]
    pub fn equivocation<S: CryptoSuite>(
        &self,
        other: &Self,
        parent: &Continuation<S>,
    ) -> Option<Fault> {
        let (one, two) = (&self.body, &other.body);
        let twice = one.sender() == two.sender()
            && one.slot() == two.slot()
            && one != two
            && self.is_authentic(parent)
            && other.is_authentic(parent);
        twice.then(|| Fault::of(FaultKind::Equivocation, one.sender()))
    }

    /// Writes body and signature.
    pub fn encode(&self, out: &mut Encoder) {
        self.body.encode(out);
        self.signature.encode(out);
    }

    /// Reads body and signature.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            body: B::decode(input)?,
            signature: SignatureBytes::decode(input, "signature")?,
        })
    }
}

fn signed<S: CryptoSuite, B: ChangeBody>(body: &B, parent: Sid) -> [u8; 64] {
    TranscriptHash::<S>::new(label::CHANGE)
        .bytes(parent.as_bytes())
        .u8(B::KIND)
        .bytes(&Encoder::encoded(|out| body.encode(out)))
        .finish()
}

/// Reads the index of a member of the parent epoch.
pub(super) fn decode_member(
    input: &mut Decoder<'_>,
    field: &'static str,
) -> Result<MemberIndex, DecodeError> {
    let at = input.offset();
    let member = input.u16(field)?;
    if usize::from(member) >= MAX_MEMBERS {
        return Err(DecodeError::unknown(at, field, member));
    }
    Ok(MemberIndex::new(member))
}
