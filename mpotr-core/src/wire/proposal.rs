//! A proposal: the roster, policy and suite of the next epoch. `docs/spec/05-wire.md`, "Proposal".
//!
//! ```text
//! struct {
//!   uint16 suite;
//!   opaque room[32];
//!   opaque parent[16];          name of the parent epoch;   zero for a first epoch
//!   opaque name[16];            of the proposed epoch: random, drawn by the proposer, not zero
//!   uint32 view;
//!   opaque host[16];            epoch into which the members of this one go over; zero for none
//!   Policy policy;
//!   uint16 proposer;            index into offers
//!   opaque commitments[32];     sum of the R of all offers; zero where the policy has no joint-knowledge check
//!   opaque offers[32]<1..4096>; digests in cycle order, strictly increasing, 32-bit count
//! } Head;
//! struct { Head head; opaque signature[64]; } Proposal;
//!
//! sid       = H("sid", head, offers in full)
//! signature = by E of the proposer's offer over H("proposal", head)
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, EphemeralKeyPair, SignatureBytes, SuiteId,
    TranscriptHash, VerifyingKey, label,
};
use mpotr_gka::{CommitmentSum, EpochName, MAX_MEMBERS, Offer, OfferDigest, RoomId, Sid, Terms};

use crate::policy::Policy;

/// A roster, policy and suite for the next epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The suite of the epoch.
    pub suite: SuiteId,
    /// The room.
    pub room: RoomId,
    /// The epoch that this one follows; none for a first one.
    pub parent: Option<EpochName>,
    /// The name of the epoch.
    pub name: EpochName,
    /// The attempt, from 0.
    pub view: u32,
    /// The epoch into which the members of this one go over, if they do.
    pub host: Option<EpochName>,
    /// What all members hold in common.
    pub policy: Policy,
    /// Index of the proposer in the roster.
    pub proposer: u16,
    /// The sum of the knowledge commitments of all offers, where the policy's authentication has a joint-knowledge check.
    pub commitments: Option<CommitmentSum>,
    /// The roster in cycle order: strictly increasing, so that one set of members has one cycle.
    pub offers: Vec<OfferDigest>,
    /// By the proposer's ephemeral key.
    pub signature: SignatureBytes,
}

impl Proposal {
    fn encode_head(&self, out: &mut Encoder) {
        self.suite.encode(out);
        self.room.encode(out);
        EpochName::encode_parent(self.parent, out);
        self.name.encode(out);
        out.u32(self.view);
        EpochName::encode_parent(self.host, out);
        self.policy.encode(out);
        out.u16(self.proposer);
        CommitmentSum::encode_stated(self.commitments, out);
        out.list::<u32, _>(&self.offers, OfferDigest::encode);
    }

    fn head(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode_head(out))
    }

    /// Writes the proposal.
    pub fn encode(&self, out: &mut Encoder) {
        self.encode_head(out);
        self.signature.encode(out);
    }

    /// Reads a proposal.
    ///
    /// # Errors
    /// The first field that is unknown, over its limit or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let suite = SuiteId::decode(input, "suite")?;
        let room = RoomId::decode(input, "room")?;
        let parent = EpochName::decode_parent(input, "parent")?;
        let name = EpochName::decode_name(input, "name")?;
        let view = input.u32("view")?;
        let host = EpochName::decode_parent(input, "host")?;
        let policy = Policy::decode(input)?;
        let proposer_at = input.offset();
        let proposer = input.u16("proposer")?;
        let commitments = CommitmentSum::decode_stated(input, "commitments")?;
        let offers = input.set::<u32, _>(1..=MAX_MEMBERS, "offers", OfferDigest::decode)?;
        if usize::from(proposer) >= offers.len() {
            return Err(DecodeError::unknown(proposer_at, "proposer", proposer));
        }
        let signature = SignatureBytes::decode(input, "signature")?;
        Ok(Self {
            suite,
            room,
            parent,
            name,
            view,
            host,
            policy,
            proposer,
            commitments,
            offers,
            signature,
        })
    }

    /// Signs the proposal with the key of the proposer's offer.
    #[must_use]
    pub fn sign<S: CryptoSuite>(mut self, key: &EphemeralKeyPair<S>) -> Self {
        self.signature = key.sign(&self.signed::<S>());
        self
    }

    /// Whether the proposer signed the proposal.
    #[must_use]
    pub fn is_authentic<S: CryptoSuite>(&self, proposer: Option<&VerifyingKey<S>>) -> bool {
        proposer.is_some_and(|key| key.verify(&self.signed::<S>(), &self.signature).is_ok())
    }

    fn signed<S: CryptoSuite>(&self) -> [u8; 64] {
        TranscriptHash::<S>::new(label::PROPOSAL)
            .bytes(&self.head())
            .finish()
    }

    /// The session id, over the proposal and all its offers in full.
    #[must_use]
    pub fn sid<'a, S: CryptoSuite>(&self, offers: impl ExactSizeIterator<Item = &'a Offer>) -> Sid {
        Sid::of::<S>(&self.head(), offers)
    }

    /// What a run of this session id is made on.
    #[must_use]
    pub fn terms(&self, sid: Sid) -> Terms {
        Terms {
            sid,
            methods: mpotr_gka::Methods::new(self.policy.agreement, self.policy.authentication),
            proposer: usize::from(self.proposer),
            commitments: self.commitments,
        }
    }
}
