//! READY: a joiner shows its part, and each other one that it is who it says. `docs/spec/14-light-runs.md`, "READY".
//!
//! ```text
//! struct { opaque handle[16];  uint16 joiner;  opaque sealed<16..2^17>; } Ready;      its place in the next epoch
//! sealed = seal(expand(es', "ready", digest of the offer, 32), nonce 0, handle || joiner, of:)
//! struct { opaque F[32];  opaque salt[32];  opaque tags[16]<1..4095>; };              for each but itself, in order
//! ```

use mpotr_crypto::{
    AeadKey, CryptoSuite, DecodeError, Decoder, Element, Encoder, PartKey, Secret, SecretScalar,
    label,
};

use super::super::packet::decode_member;
use super::super::schedule::EpochSecrets;
use super::super::seed::Handle;
use super::hello::NONCE;
use super::offer::{JoinOffer, decode_key};
use super::opening::Committed;
use super::pairs::{JoinTag, Pair, PairKey, Products, To, product, product_of_identity};
use super::welcome::JoinTerms;
use crate::identity::Identity;
use crate::list::place_among_others;
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::rounds::ReceiveKey;

/// The most bytes of a sealed READY.
const MAX_SEALED: usize = 1 << 17;

/// A joiner's part and tags, sealed for all of the epoch that it comes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The name of the epoch.
    pub handle: Handle,
    /// The place of the joiner in it.
    pub joiner: MemberIndex,
    sealed: Vec<u8>,
}

/// What a [`Ready`] holds.
pub(super) struct Shown {
    pub(super) part: PartKey,
    pub(super) salt: [u8; 32],
    pub(super) tags: Vec<JoinTag>,
}

impl Ready {
    /// Seals what a joiner shows, once for its offer.
    pub(super) fn seal<S: CryptoSuite>(
        shown: &Shown,
        secrets: &EpochSecrets,
        offer: &JoinOffer,
        joiner: MemberIndex,
    ) -> Self {
        let text = Encoder::encoded(|out| {
            shown.part.encode(out);
            out.raw(&shown.salt);
            out.list::<u16, _>(&shown.tags, JoinTag::encode);
        });
        let mut ready = Self {
            handle: offer.handle,
            joiner,
            sealed: Vec::new(),
        };
        let key = ready_key::<S>(secrets, offer);
        ready.sealed = AeadKey::<S>::new(&key).seal(&NONCE, &ready.associated(), &text);
        ready
    }

    pub(super) fn open<S: CryptoSuite>(
        &self,
        secrets: &EpochSecrets,
        offer: &JoinOffer,
    ) -> Option<Shown> {
        let key = ready_key::<S>(secrets, offer);
        let opened = AeadKey::<S>::new(&key).open(&NONCE, &self.associated(), &self.sealed);
        let decode = |input: &mut Decoder<'_>| {
            Ok(Shown {
                part: PartKey::decode(input, "F")?,
                salt: input.array("salt")?,
                tags: input.list::<u16, _>(1..=MAX_MEMBERS, "tags", JoinTag::decode)?,
            })
        };
        Decoder::whole(&opened.ok()?, decode).ok()
    }

    /// The same with another tag for who is in this place.
    #[cfg(feature = "insider")]
    pub(in crate::light) fn resealed<S: CryptoSuite>(
        &self,
        secrets: &EpochSecrets,
        offer: &JoinOffer,
        wrong_for: MemberIndex,
    ) -> Option<Self> {
        let mut shown = self.open::<S>(secrets, offer)?;
        let place = place_among_others(self.joiner.place(), wrong_for.place())?;
        *shown.tags.get_mut(place)? = JoinTag::new([0x5a; 16]);
        Some(Self::seal::<S>(&shown, secrets, offer, self.joiner))
    }

    fn associated(&self) -> Vec<u8> {
        Encoder::encoded(|out| {
            self.handle.encode(out);
            out.u16(self.joiner.get());
        })
    }

    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.handle.encode(out);
        out.u16(self.joiner.get());
        out.opaque(&self.sealed);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: Handle::decode(input, "handle")?,
            joiner: decode_member(input, "joiner")?,
            sealed: input.opaque(MAX_SEALED, "sealed ready")?.to_vec(),
        })
    }
}

pub(super) fn ready_key<S: CryptoSuite>(secrets: &EpochSecrets, offer: &JoinOffer) -> Secret<32> {
    secrets
        .secret()
        .expand::<S, 32>(label::READY, offer.digest::<S>().as_bytes())
}

/// Why a joiner is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::light) enum ReadyError {
    /// No READY of it is here that opens.
    Missing,
    /// What one who knows the keys of the epoch has sealed has a wrong part or tag.
    Wrong,
}

/// A joiner that a member has checked.
pub(in crate::light) struct Arrival<S: CryptoSuite> {
    pub(in crate::light) part: PartKey,
    pub(in crate::light) element: Element<S>,
    /// What convinces the joiner that this member is who it is listed as. It leaves with the first statement.
    pub(in crate::light) tag: JoinTag,
}

/// A member in a lower place than a joiner, as it checks it and convinces it.
pub(in crate::light) struct Host<'a, S: CryptoSuite> {
    pub(in crate::light) terms: &'a JoinTerms,
    pub(in crate::light) secrets: &'a EpochSecrets,
    /// Its place.
    pub(in crate::light) me: MemberIndex,
    pub(in crate::light) identity: &'a dyn Identity<S>,
    /// `p'`; `y` of a joiner.
    pub(in crate::light) exchange: &'a SecretScalar<S>,
}

impl<S: CryptoSuite> Host<'_, S> {
    /// Checks a joiner by what it has sent: its part opens what it committed to, and it is who it says. Insiders can seal a
    /// READY in its name, so one that is right among these is enough.
    pub(in crate::light) fn check(
        &self,
        joiner: usize,
        readies: &[Ready],
    ) -> Result<Arrival<S>, ReadyError> {
        let place = self.terms.place_of(joiner);
        let offer = self.terms.offers.get(joiner).ok_or(ReadyError::Wrong)?;
        let of_joiner = |it: &&Ready| it.handle == self.terms.handle && it.joiner == place;
        let found = readies.iter().filter(of_joiner);
        // Anyone outside can send what does not open.
        let mut found = found
            .filter_map(|ready| ready.open::<S>(self.secrets, offer))
            .peekable();
        if found.peek().is_none() {
            return Err(ReadyError::Missing);
        }
        let key = self.key(place, offer).ok_or(ReadyError::Wrong)?;
        let (keys, kc) = (self.secrets.keys(), &self.secrets.key_commitment);
        let arrival = found.find_map(|shown| {
            let is_whole = shown.tags.len() == self.terms.members().checked_sub(1)?;
            let tag = shown
                .tags
                .get(place_among_others(place.place(), self.me.place())?)
                .filter(|_| is_whole)?;
            let committed = Committed::Joiner(offer.trapdoor);
            let element = committed.open::<S>(&offer.commitment, &shown.part, &shown.salt)?;
            key.is_right::<S>(tag, To::Lower, keys, kc)
                .then_some(Arrival {
                    part: shown.part,
                    element,
                    tag: key.tag::<S>(To::Joiner, keys, kc),
                })
        });
        arrival.ok_or(ReadyError::Wrong)
    }

    fn key(&self, joiner: MemberIndex, offer: &JoinOffer) -> Option<PairKey> {
        let elements = offer.elements::<S>()?;
        let trapdoor = offer.trapdoor.as_bytes();
        let products = Products([
            product_of_identity(self.identity, trapdoor, &elements.trapdoor)?,
            product::<S>(self.exchange, &elements.identity)?,
            product::<S>(self.exchange, &elements.trapdoor)?,
        ]);
        let pair = Pair {
            sid: self.secrets.sid,
            lower: self.me,
            identity: self.terms.identity(self.me.place())?,
            entry: self.terms.keys.get(self.me.place())?,
            joiner,
            offer,
        };
        Some(pair.key::<S>(&products))
    }

    /// The tag for a joiner.
    pub(super) fn tag_for(&self, joiner: usize) -> Option<JoinTag> {
        let offer = self.terms.offers.get(joiner)?;
        let key = self.key(self.terms.place_of(joiner), offer)?;
        let (keys, kc) = (self.secrets.keys(), &self.secrets.key_commitment);
        Some(key.tag::<S>(To::Joiner, keys, kc))
    }
}

/// A joiner, as it convinces one in a lower place and checks it.
pub(super) struct Guest<'a, S: CryptoSuite> {
    pub(super) terms: &'a JoinTerms,
    pub(super) secrets: &'a EpochSecrets,
    /// Its number among the joiners.
    pub(super) me: usize,
    pub(super) identity: &'a dyn Identity<S>,
    /// `y`.
    pub(super) trapdoor: &'a SecretScalar<S>,
}

impl<S: CryptoSuite> Guest<'_, S> {
    /// The key with who is in a lower place; `None` if a key there is no element, or a product is the identity.
    fn key(&self, lower: MemberIndex) -> Option<PairKey> {
        let (identity, exchange) = self.keys_of(lower)?;
        let element = decode_key::<S>(&identity)?;
        let exchanged = decode_key::<S>(&exchange)?;
        let products = Products([
            product::<S>(self.trapdoor, &element)?,
            product_of_identity(self.identity, &exchange, &exchanged)?,
            product::<S>(self.trapdoor, &exchanged)?,
        ]);
        let pair = Pair {
            sid: self.secrets.sid,
            lower,
            identity: self.terms.identity(lower.place())?,
            entry: self.terms.keys.get(lower.place())?,
            joiner: self.terms.place_of(self.me),
            offer: self.terms.offers.get(self.me)?,
        };
        Some(pair.key::<S>(&products))
    }

    /// `A`, and what is exchanged with: `P'` of a member, `Y` of a joiner.
    fn keys_of(&self, lower: MemberIndex) -> Option<([u8; 32], [u8; 32])> {
        let place = lower.place();
        let identity = *self.terms.identity(place)?.as_bytes();
        let exchange = match place.checked_sub(self.terms.identities.len()) {
            Some(joiner) => *self.terms.offers.get(joiner)?.trapdoor.as_bytes(),
            None => *receive_of(self.terms, place)?.as_bytes(),
        };
        Some((identity, exchange))
    }

    /// The tag for who is in a lower place.
    pub(super) fn tag_for(&self, lower: MemberIndex) -> Option<JoinTag> {
        let key = self.key(lower)?;
        let (keys, kc) = (self.secrets.keys(), &self.secrets.key_commitment);
        Some(key.tag::<S>(To::Lower, keys, kc))
    }

    /// Whether who is in a lower place made this tag for this joiner.
    pub(super) fn is_right(&self, lower: MemberIndex, tag: &JoinTag) -> bool {
        let (keys, kc) = (self.secrets.keys(), &self.secrets.key_commitment);
        let key = self.key(lower);
        key.is_some_and(|key| key.is_right::<S>(tag, To::Joiner, keys, kc))
    }
}

fn receive_of(terms: &JoinTerms, place: usize) -> Option<&ReceiveKey> {
    Some(&terms.keys.get(place)?.receive)
}
