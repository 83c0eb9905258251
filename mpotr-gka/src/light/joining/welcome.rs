//! WELCOME: what a joiner needs of SEED and CUT, and nothing of the parent. `docs/spec/14-light-runs.md`, "WELCOME".
//!
//! ```text
//! struct { opaque handle[16];  opaque sealed<16..2^20>; } Welcome;
//! sealed = seal(expand(extract(handle, y Q), "welcome", digest of the offer, 32), nonce 0, handle, of:)
//! struct {
//!   opaque policy<0..2^12>;  opaque A[32]<1..4096>;  JoinOffer offers<1..8>;  opaque W[32];
//!   ListedKeys keys<2..4096>;  opaque wrap[32];  opaque kc[32];
//! };                                         A, offers and keys in the order of the next epoch; counts of 16, 8 and 16 bits
//!
//! sid' = digest of H("light join sid", room, uint16 suite, handle, policy, list of A, list of offers, W, lambda)
//! ```

use std::collections::BTreeSet;

use mpotr_crypto::{
    AeadKey, CryptoSuite, DecodeError, Decoder, Digest32, ElementBytes, Encoder, IdentityKey,
    Secret, TranscriptHash, label, zeroize::Zeroizing,
};

use super::super::cut::{ListedKeys, keys_digest};
use super::super::seed::{Handle, MAX_POLICY, Seed, Wrap};
use super::MAX_JOINERS;
use super::hello::{Admitted, NONCE};
use super::offer::JoinOffer;
use crate::member_index::MemberIndex;
use crate::room_name::RoomId;
use crate::roster::MAX_MEMBERS;
use crate::sid::Sid;

/// The most bytes of a sealed welcome.
const MAX_SEALED: usize = 1 << 20;

/// What the session id of an epoch with joiners is made of: nothing of its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JoinTerms {
    pub(crate) room: RoomId,
    pub(crate) handle: Handle,
    pub(crate) policy: Vec<u8>,
    /// `A` of all who were members before.
    pub(crate) identities: Vec<IdentityKey>,
    pub(crate) offers: Vec<JoinOffer>,
    /// `W`.
    pub(crate) ephemeral: ElementBytes,
    /// `L'`.
    pub(crate) keys: Vec<ListedKeys>,
}

impl JoinTerms {
    /// `None` if nobody joins.
    pub(crate) fn of(
        room: RoomId,
        staying: impl Iterator<Item = IdentityKey>,
        seed: &Seed,
        keys: &[ListedKeys],
    ) -> Option<Self> {
        let terms = &seed.terms;
        (!seed.offers.is_empty()).then(|| Self {
            room,
            handle: terms.handle,
            policy: terms.policy.clone(),
            identities: staying.collect(),
            offers: seed.offers.clone(),
            ephemeral: seed.ephemeral,
            keys: keys.to_vec(),
        })
    }

    /// `lambda`.
    pub(in crate::light) fn keys_digest<S: CryptoSuite>(&self) -> Digest32 {
        keys_digest::<S>(&self.keys)
    }

    /// `sid'`, where the keys come to `lambda`.
    pub(in crate::light) fn sid<S: CryptoSuite>(&self, lambda: &Digest32) -> Sid {
        let sid = TranscriptHash::<S>::new(label::LIGHT_JOIN_SID)
            .bytes(self.room.as_bytes())
            .u16(S::ID.code())
            .bytes(self.handle.as_bytes())
            .bytes(&self.policy)
            .list(self.identities.iter())
            .list(self.offers.iter().map(JoinOffer::to_bytes))
            .bytes(self.ephemeral.as_bytes())
            .bytes(lambda.as_bytes())
            .digest();
        Sid::new(*sid.as_bytes())
    }

    /// Whether every offer is for this epoch and stands among the keys, every key is one that an honest member shows, and no
    /// identity stands twice.
    pub(in crate::light) fn is_sound<S: CryptoSuite>(&self) -> bool {
        let known = self.identities.len();
        let are_listed = self.keys.len() == self.members()
            && self.offers.iter().enumerate().all(|(joiner, offer)| {
                let place = known.saturating_add(joiner);
                self.keys.get(place) == Some(&offer.listed())
            });
        let are_keys = self
            .keys
            .iter()
            .all(|keys| keys.signing.is_strict() && *keys.receive.as_bytes() != [0; 32]);
        are_listed && are_keys && self.are_offers_sound::<S>()
    }

    /// Whether every offer is for this epoch, and no identity or key of a joiner stands twice.
    pub(in crate::light) fn are_offers_sound<S: CryptoSuite>(&self) -> bool {
        let mut identities: BTreeSet<_> = self.identities.iter().collect();
        let mut keys = BTreeSet::new();
        self.offers.len() <= MAX_JOINERS
            && self.members() <= MAX_MEMBERS
            && identities.len() == self.identities.len()
            && self.offers.iter().all(|offer| {
                offer.check::<S>(self.room, &self.handle).is_ok()
                    && identities.insert(&offer.identity)
                    && keys.insert(offer.trapdoor.as_bytes())
                    && keys.insert(offer.receive.as_bytes())
                    && keys.insert(offer.signing.as_bytes())
            })
    }

    /// Writes them; room and handle stand in the offers.
    pub(super) fn encode(&self, out: &mut Encoder) {
        out.opaque(&self.policy);
        out.list::<u16, _>(&self.identities, IdentityKey::encode);
        out.list::<u8, _>(&self.offers, JoinOffer::encode);
        self.ephemeral.encode(out);
        out.list::<u16, _>(&self.keys, ListedKeys::encode);
    }

    /// Reads them. Whether all offers are for one room and handle is for [`is_sound`](Self::is_sound).
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let policy = input.opaque(MAX_POLICY, "policy")?.to_vec();
        let identities = input.list::<u16, _>(1..=MAX_MEMBERS, "A", IdentityKey::decode)?;
        let at = input.offset();
        let offers = input.list::<u8, _>(1..=MAX_JOINERS, "offers", |input, _| {
            JoinOffer::decode(input)
        })?;
        let ephemeral = ElementBytes::decode(input, "W")?;
        let members = identities.len().saturating_add(offers.len());
        let keys = input.list::<u16, _>(members..=members, "keys", |input, _| {
            ListedKeys::decode(input)
        })?;
        let first = offers.first();
        let first = first.ok_or_else(|| DecodeError::unknown(at, "offers", 0_u16))?;
        let (room, handle) = (first.room, first.handle);
        Ok(Self {
            room,
            handle,
            policy,
            identities,
            offers,
            ephemeral,
            keys,
        })
    }

    /// How many are in the next epoch.
    pub(in crate::light) fn members(&self) -> usize {
        self.identities.len().saturating_add(self.offers.len())
    }

    /// The place of a joiner.
    pub(in crate::light) fn place_of(&self, joiner: usize) -> MemberIndex {
        MemberIndex::of(self.identities.len().saturating_add(joiner))
    }

    /// `A` in a place.
    pub(in crate::light) fn identity(&self, place: usize) -> Option<&IdentityKey> {
        let joiner = || {
            let place = place.checked_sub(self.identities.len())?;
            Some(&self.offers.get(place)?.identity)
        };
        self.identities.get(place).or_else(joiner)
    }
}

/// What a joiner is told, sealed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The name of the epoch.
    pub handle: Handle,
    sealed: Vec<u8>,
}

/// What a [`Welcome`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::light) struct Told {
    pub(super) terms: JoinTerms,
    pub(super) wrap: Wrap,
    /// `kc'`.
    pub(super) key_commitment: Digest32,
}

impl Welcome {
    /// Tells a joiner of these terms. The same bytes each time, for one CUT.
    pub(in crate::light) fn seal<S: CryptoSuite>(
        terms: JoinTerms,
        wrap: Wrap,
        key_commitment: Digest32,
        joiner: &Admitted,
    ) -> Self {
        let handle = terms.handle;
        let told = Told {
            terms,
            wrap,
            key_commitment,
        };
        let text = Encoder::encoded(|out| told.encode(out));
        let key = joiner.welcome_key::<S>();
        Self {
            handle,
            sealed: AeadKey::<S>::new(&key).seal(&NONCE, handle.as_bytes(), &text),
        }
    }

    /// What it tells; `None` if it does not open or decode.
    pub(super) fn open<S: CryptoSuite>(&self, key: &Secret<32>) -> Option<Told> {
        Decoder::whole(&self.text::<S>(key)?, Told::decode).ok()
    }

    /// The same as it was sealed.
    pub(super) fn text<S: CryptoSuite>(&self, key: &Secret<32>) -> Option<Zeroizing<Vec<u8>>> {
        let opened = AeadKey::<S>::new(key).open(&NONCE, self.handle.as_bytes(), &self.sealed);
        opened.ok()
    }

    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.handle.encode(out);
        out.opaque(&self.sealed);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: Handle::decode(input, "handle")?,
            sealed: input.opaque(MAX_SEALED, "sealed welcome")?.to_vec(),
        })
    }
}

impl Told {
    fn encode(&self, out: &mut Encoder) {
        self.terms.encode(out);
        self.wrap.encode(out);
        self.key_commitment.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            terms: JoinTerms::decode(input)?,
            wrap: Wrap::decode(input, "wrap")?,
            key_commitment: Digest32::decode(input, "kc")?,
        })
    }
}
