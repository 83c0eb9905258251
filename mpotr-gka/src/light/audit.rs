//! A recorded light run, checked by an outsider. `docs/spec/10-transcripts.md`, "What is kept of a light run".
//!
//! A record has what its proposer signed, and `kc'`, which stands in no packet of the run. It has neither shares nor the
//! certificate: they are signatures under parts of joint keys, and the part of a member may never be published.

use mpotr_crypto::{CryptoSuite, Digest32, EphemeralKey, IdentityKey, PartKey};

use super::closing::may_follow;
use super::cut::LightCut;
use super::joining::{JoinTerms, decode_key};
use super::packet::{ChangeBody, Signed};
use super::schedule::sid_after;
use super::seed::{Seed, TermsError};
use crate::audit::Unproven;
use crate::room_name::RoomId;
use crate::sid::Sid;

/// What a member may keep of the light run that led to an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightRecord {
    /// The SEED.
    pub seed: Signed<Seed>,
    /// The CUT.
    pub cut: Signed<LightCut>,
    /// `kc'`, as its keeper tells it.
    pub key_commitment: Digest32,
}

/// An epoch, as its record shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEpoch {
    /// The room.
    pub room: RoomId,
    /// The session id.
    pub sid: Sid,
    /// The members, in cycle order.
    pub members: Vec<RecordedMember>,
}

/// A member, as the record of an epoch shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedMember {
    /// `A`.
    pub identity: IdentityKey,
    /// `M`, which verifies what it says; `None` if it is not to be read.
    pub signing: Option<EphemeralKey>,
    /// `F`, where it was shown: it stays the same until others join.
    pub part: Option<PartKey>,
}

/// What was found in a recorded light run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightAudit {
    /// The epoch that it leads to; `None` if it is so wrong that it leads nowhere.
    pub epoch: Option<RecordedEpoch>,
    /// What the record shows to members alone.
    pub unproven: Vec<Unproven>,
    /// All that is wrong.
    pub wrong: Vec<LightAuditError>,
}

/// What is wrong with a recorded light run. Members are named by their place in the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LightAuditError {
    /// It goes on from another epoch than the one before it.
    #[error("the light run goes on from another epoch than the one before it")]
    OtherParent,
    /// What its SEED says of the next epoch.
    #[error("the seed: {0}")]
    Terms(TermsError),
    /// An element of the SEED does not decode.
    #[error("the seed holds what is no element")]
    SeedElement,
    /// Offers of joiners are not as they should be.
    #[error("the offers of those who join are not what they should be")]
    Offers,
    /// The SEED was not signed by its proposer for this parent.
    #[error("the seed does not carry the signature of member {proposer}")]
    SeedSignature {
        /// Its index in the parent.
        proposer: u16,
    },
    /// The CUT goes on from another SEED, or is another's.
    #[error("the cut is not of this seed")]
    OtherSeed,
    /// The CUT was not signed by the proposer for this parent.
    #[error("the cut does not carry the signature of member {proposer}")]
    CutSignature {
        /// Its index in the parent.
        proposer: u16,
    },
    /// The CUT lists keys or FREEZEs too many or too few, or keys that do not follow those of the parent.
    #[error("the keys of the cut are not those that they should be")]
    Keys,
    /// The sums of nonces do not decode.
    #[error("the cut holds what is no element")]
    CutElement,
}

impl LightAuditError {
    /// Whether it shows in the CUT, and not in the SEED.
    #[must_use]
    pub const fn is_of_cut(&self) -> bool {
        match self {
            Self::OtherParent
            | Self::Terms(_)
            | Self::SeedElement
            | Self::Offers
            | Self::SeedSignature { .. } => false,
            Self::OtherSeed | Self::CutSignature { .. } | Self::Keys | Self::CutElement => true,
        }
    }
}

impl LightRecord {
    /// Checks what an outsider can check, beside the order of what was said in the parent.
    #[must_use]
    pub fn audit<S: CryptoSuite>(&self, parent: &RecordedEpoch) -> LightAudit {
        let (seed, mut wrong) = (self.seed.body(), Vec::new());
        let mut unproven = vec![Unproven::Consent];
        if !seed.offers.is_empty() {
            unproven.push(Unproven::Identities);
        }
        let epoch = if seed.parent == parent.sid {
            self.check_seed::<S>(parent, &mut wrong)
                .then(|| self.check_cut::<S>(parent, &mut wrong))
                .flatten()
        } else {
            wrong.push(LightAuditError::OtherParent);
            None
        };
        LightAudit {
            epoch,
            unproven,
            wrong,
        }
    }

    /// Whether those who stay are members.
    fn check_seed<S: CryptoSuite>(
        &self,
        parent: &RecordedEpoch,
        wrong: &mut Vec<LightAuditError>,
    ) -> bool {
        let seed = self.seed.body();
        let checked = seed.terms.check(parent.members.len());
        wrong.extend(checked.err().map(LightAuditError::Terms));
        if checked == Err(TermsError::Strangers) {
            return false;
        }
        if decode_key::<S>(seed.ephemeral.as_bytes()).is_none() {
            wrong.push(LightAuditError::SeedElement);
        }
        if !is_signed::<S, _>(&self.seed, parent) {
            let proposer = seed.proposer.get();
            wrong.push(LightAuditError::SeedSignature { proposer });
        }
        true
    }

    /// The epoch that the keys in CUT are of.
    fn check_cut<S: CryptoSuite>(
        &self,
        parent: &RecordedEpoch,
        wrong: &mut Vec<LightAuditError>,
    ) -> Option<RecordedEpoch> {
        let (seed, cut) = (self.seed.body(), self.cut.body());
        let staying = seed.terms.staying.len();
        if cut.seed != seed.digest::<S>() || cut.sender != seed.proposer {
            wrong.push(LightAuditError::OtherSeed);
        }
        if !is_signed::<S, _>(&self.cut, parent) {
            let proposer = cut.sender.get();
            wrong.push(LightAuditError::CutSignature { proposer });
        }
        if cut.nonces.elements::<S>().is_none() {
            wrong.push(LightAuditError::CutElement);
        }
        let members = staying.saturating_add(seed.offers.len());
        if cut.freezes.len() != staying || cut.keys.len() != members {
            wrong.push(LightAuditError::Keys);
            return None;
        }
        let lambda = cut.keys_digest::<S>();
        let before = seed.terms.staying.iter();
        let before: Vec<_> = before
            .filter_map(|it| parent.members.get(it.place()))
            .collect();
        let identities = before.iter().map(|it| it.identity);
        let joining = JoinTerms::of(parent.room, identities.clone(), seed, &cut.keys);
        if joining.as_ref().is_some_and(|it| !it.is_sound::<S>()) {
            wrong.push(LightAuditError::Offers);
        }
        let mut kept = before.iter().zip(&cut.keys);
        let are_kept = kept.all(|(before, keys)| {
            let signing = before.signing.as_ref();
            signing.is_none_or(|it| may_follow(seed, (it, before.part.as_ref()), keys))
        });
        if !are_kept {
            wrong.push(LightAuditError::Keys);
        }
        let sid = joining.map_or_else(
            || sid_after::<S>(parent.sid, seed, &lambda),
            |terms| terms.sid::<S>(&lambda),
        );
        let parts = before.iter().map(|it| it.part);
        let parts = parts.map(|part| part.filter(|_| !seed.renews_parts()));
        let parts = parts.chain(core::iter::repeat(None));
        let joiners = seed.offers.iter().map(|offer| offer.identity);
        let members = identities.chain(joiners).zip(&cut.keys).zip(parts);
        let members = members.map(|((identity, keys), part)| RecordedMember {
            identity,
            signing: Some(keys.signing),
            part,
        });
        Some(RecordedEpoch {
            room: parent.room,
            sid,
            members: members.collect(),
        })
    }
}

/// Whether its sender signed a packet for this parent.
fn is_signed<S: CryptoSuite, B: ChangeBody>(packet: &Signed<B>, parent: &RecordedEpoch) -> bool {
    let sender = parent.members.get(packet.body().sender().place());
    let key = sender.and_then(|it| it.signing.as_ref());
    key.is_some_and(|key| packet.is_signed_by::<S>(parent.sid, key))
}
