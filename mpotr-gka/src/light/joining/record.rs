//! What a joiner may keep of the light run by which it came in. `docs/spec/10-transcripts.md`, "What is kept of a light run".
//!
//! ```text
//! struct {
//!   uint16 suite;  opaque parent[16];  opaque policy<0..2^12>;  opaque A[32]<1..4096>;  JoinOffer offers<1..8>;  opaque W[32];
//!   ListedKeys keys<2..4096>;  opaque kc[32];
//! } JoinRecord;                                      parent: the name of the epoch whose member has asked; the rest as in WELCOME
//! ```
//!
//! It is what it was told, without the wrap. Nobody signed that, and its members are proven to itself alone.

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, ElementBytes, Encoder, IdentityKey, SuiteId,
};

use super::super::audit::{LightAudit, LightAuditError, RecordedEpoch, RecordedMember};
use super::super::cut::ListedKeys;
use super::super::seed::MAX_POLICY;
use super::MAX_JOINERS;
use super::offer::{JoinOffer, decode_key};
use super::welcome::JoinTerms;
use crate::audit::Unproven;
use crate::epoch_name::EpochName;
use crate::roster::MAX_MEMBERS;

/// What a joiner may keep of the light run by which it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRecord {
    /// The suite of the epoch.
    pub suite: SuiteId,
    /// The name of the epoch whose member let it in.
    pub parent: EpochName,
    pub(super) terms: JoinTerms,
    /// `kc'`, as it computed it.
    pub key_commitment: Digest32,
}

impl JoinRecord {
    /// The name of the epoch.
    #[must_use]
    pub const fn name(&self) -> EpochName {
        EpochName::new(*self.terms.handle.as_bytes())
    }

    /// The policy of the epoch, as the room encodes it.
    #[must_use]
    pub fn policy(&self) -> &[u8] {
        &self.terms.policy
    }

    /// Checks what an outsider can check.
    #[must_use]
    pub fn audit<S: CryptoSuite>(&self) -> LightAudit {
        let terms = &self.terms;
        let mut wrong = Vec::new();
        if !terms.is_sound::<S>() {
            wrong.push(LightAuditError::Offers);
        }
        if decode_key::<S>(terms.ephemeral.as_bytes()).is_none() {
            wrong.push(LightAuditError::SeedElement);
        }
        let members = (0..terms.members()).zip(&terms.keys);
        let members = members.filter_map(|(place, keys)| {
            Some(RecordedMember {
                identity: *terms.identity(place)?,
                signing: Some(keys.signing),
                part: None,
            })
        });
        let epoch = RecordedEpoch {
            room: terms.room,
            sid: terms.sid::<S>(&terms.keys_digest::<S>()),
            members: members.collect(),
        };
        LightAudit {
            epoch: Some(epoch),
            unproven: vec![Unproven::Consent, Unproven::Identities],
            wrong,
        }
    }

    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        let terms = &self.terms;
        self.suite.encode(out);
        self.parent.encode(out);
        out.opaque(&terms.policy);
        out.list::<u16, _>(&terms.identities, IdentityKey::encode);
        out.list::<u8, _>(&terms.offers, JoinOffer::encode);
        terms.ephemeral.encode(out);
        out.list::<u16, _>(&terms.keys, ListedKeys::encode);
        self.key_commitment.encode(out);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let suite = SuiteId::decode(input, "suite")?;
        let parent = EpochName::decode_name(input, "parent")?;
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
            suite,
            parent,
            terms: JoinTerms {
                room,
                handle,
                policy,
                identities,
                offers,
                ephemeral,
                keys,
            },
            key_commitment: Digest32::decode(input, "kc")?,
        })
    }
}
