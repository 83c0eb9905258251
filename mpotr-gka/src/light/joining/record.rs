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

use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, Digest32, Encoder, SuiteId};

use super::super::audit::{LightAudit, LightAuditError, RecordedEpoch, RecordedMember};
use super::offer::decode_key;
use super::welcome::JoinTerms;
use crate::audit::Unproven;
use crate::epoch_name::EpochName;

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
        self.suite.encode(out);
        self.parent.encode(out);
        self.terms.encode(out);
        self.key_commitment.encode(out);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            suite: SuiteId::decode(input, "suite")?,
            parent: EpochName::decode_name(input, "parent")?,
            terms: JoinTerms::decode(input)?,
            key_commitment: Digest32::decode(input, "kc")?,
        })
    }
}
