//! The naive agreement: every member sends every other a fresh part under a key of the two.
//! `docs/spec/04-key-agreement.md`, "Pairwise".
//!
//! ```text
//! r_i = first 32 bytes of H("pairwise part", z_i, 32 random bytes, sid)
//! k_ij = expand(extract(sid, z_i Z_j), "pairwise", i || j)                  32 bytes, for the direction i to j
//! com_i = H("pairwise commitment", sid, i, r_i)
//! K    = H("pairwise secret", sid, r_0, .., r_{N-1})
//!
//! struct { opaque com[32]; opaque sealed[48][N - 1]; } payload;            r_i for each other member in cycle order
//! ```
//!
//! O(N) work and bytes for each member, O(N^2) in all: the baseline that Burmester-Desmedt is measured against. Both
//! directions of a pair share one multiplication. A part that does not open, or is not the one that the sender
//! committed to before all, is seen by its receiver alone, so a fault here names only in the receiver's own eyes.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, Digest32, Encoder, Group, Secret, SecretScalar,
    TranscriptHash, kdf::Prk, label,
};

use super::GroupKeyAgreement;
use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::list::{place_among_others, whole_chunks};
use crate::run::Run;

const PART_LENGTH: usize = 32;
const SEALED_LENGTH: usize = PART_LENGTH + AEAD_TAG_LENGTH;

/// One member's part in a pairwise run.
pub struct Pairwise<S: CryptoSuite> {
    /// `z`, until the pair keys are made from it.
    share: Option<SecretScalar<S>>,
    /// This member's own part and the pair keys with every member, made by `contribute`.
    made: Option<Made>,
}

struct Made {
    part: Secret<PART_LENGTH>,
    /// In cycle order; `None` for this member itself.
    pairs: Vec<Option<Prk>>,
}

/// A payload taken apart: the commitment, and the parts in cycle order without the sender's.
struct Payload<'a> {
    commitment: &'a [u8; Digest32::LENGTH],
    parts: &'a [[u8; SEALED_LENGTH]],
}

impl<'a> Payload<'a> {
    /// `None` if there are more or fewer bytes than a roster of `members` wants.
    fn decode(bytes: &'a [u8], members: usize) -> Option<Self> {
        let (commitment, parts) = bytes.split_first_chunk()?;
        Some(Self {
            commitment,
            parts: whole_chunks(parts, members.checked_sub(1)?)?,
        })
    }
}

impl<S: CryptoSuite> Pairwise<S> {
    pub(super) const fn new(share: SecretScalar<S>) -> Self {
        Self {
            share: Some(share),
            made: None,
        }
    }

    fn pair_keys(run: &Run<S>, share: &SecretScalar<S>) -> Vec<Option<Prk>> {
        // A pairwise run is one in which all shares have decoded.
        let pair_key = |index| {
            let other = run.share(index).filter(|_| index != run.place())?;
            let shared = Zeroizing::new(share.mul(other));
            let encoded = Zeroizing::new(S::Group::encode(&shared));
            Some(Prk::extract::<S>(run.sid().as_bytes(), &*encoded))
        };
        (0..run.len()).map(pair_key).collect()
    }

    /// This member's part: hedged like the nonce of a DLEQ proof.
    fn part(run: &Run<S>, share: &SecretScalar<S>, rng: &mut dyn CryptoRng) -> Secret<PART_LENGTH> {
        let fresh = Secret::<PART_LENGTH>::random(rng);
        TranscriptHash::<S>::new(label::PAIRWISE_PART)
            .bytes(share.encoded().expose())
            .bytes(fresh.expose())
            .bytes(run.sid().as_bytes())
            .finish_secret()
            .first_half()
    }

    fn commitment(run: &Run<S>, sender: usize, part: &[u8]) -> Digest32 {
        TranscriptHash::<S>::new(label::PAIRWISE_COMMITMENT)
            .bytes(run.sid().as_bytes())
            .u32(index_u32(sender))
            .bytes(part)
            .digest()
    }

    /// Opens the part that `sender` sealed for this member; `None` if it does not open or is not the committed one.
    fn open_part(
        run: &Run<S>,
        pair: &Prk,
        sender: usize,
        payload: &Payload<'_>,
    ) -> Option<Secret<PART_LENGTH>> {
        let sealed = payload
            .parts
            .get(place_among_others(sender, run.place())?)?;
        let opened = direction_key::<S>(pair, sender, run.place())
            .open(&NONCE, &[], sealed)
            .ok()?;
        let part: &[u8; PART_LENGTH] = opened.as_slice().try_into().ok()?;
        let committed = Self::commitment(run, sender, part);
        (committed.as_bytes() == payload.commitment)
            .then(|| Secret::fill_with(|out| out.copy_from_slice(part)))
    }
}

/// Every key seals once.
const NONCE: [u8; 12] = [0; 12];

fn direction_key<S: CryptoSuite>(pair: &Prk, from: usize, to: usize) -> AeadKey<S> {
    let context = Encoder::encoded(|out| {
        out.u32(index_u32(from));
        out.u32(index_u32(to));
    });
    AeadKey::new(&pair.expand::<S, 32>(label::PAIRWISE, &context))
}

/// A roster has at most 4,096 members.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl<S: CryptoSuite> GroupKeyAgreement<S> for Pairwise<S> {
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let Some(share) = self.share.take() else {
            return Vec::new();
        };
        let part = Self::part(run, &share, rng);
        let pairs = Self::pair_keys(run, &share);
        let payload = Encoder::encoded(|out| {
            Self::commitment(run, run.place(), part.expose()).encode(out);
            for (to, pair) in pairs.iter().enumerate() {
                if let Some(pair) = pair {
                    let key = direction_key::<S>(pair, run.place(), to);
                    out.raw(&key.seal(&NONCE, &[], part.expose()));
                }
            }
        });
        self.made = Some(Made { part, pairs });
        payload
    }

    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, CheckFailed> {
        let made = self.made.as_ref().ok_or(CheckFailed)?;
        let mut hash = TranscriptHash::<S>::new(label::PAIRWISE_SECRET).bytes(run.sid().as_bytes());
        for (sender, (payload, pair)) in payloads.iter().zip(&made.pairs).enumerate() {
            let payload = Payload::decode(payload, run.len()).ok_or(CheckFailed)?;
            let Some(pair) = pair else {
                hash = hash.bytes(made.part.expose());
                continue;
            };
            let part = Self::open_part(run, pair, sender, &payload).ok_or(CheckFailed)?;
            hash = hash.bytes(part.expose());
        }
        self.made = None;
        Ok(hash.finish_secret().first_half())
    }

    /// Before this member has agreed: whose payload is malformed, or else whose part for it is wrong. Nobody's afterwards:
    /// who confirmed has opened every part to the one that its sender committed to before all, so all who confirmed the same
    /// contributions hold the same parts, or say what is not so.
    fn blame(&self, run: &Run<S>, payloads: &[&[u8]]) -> Fault {
        let (mut malformed, mut wrong) = (Vec::new(), Vec::new());
        let pairs = self.made.iter().flat_map(|made| &made.pairs);
        for (sender, (payload, pair)) in payloads.iter().zip(pairs).enumerate() {
            let payload = Payload::decode(payload, run.len());
            let opens = |payload, pair| Self::open_part(run, pair, sender, payload).is_some();
            match (&payload, pair) {
                (None, _) => malformed.push(sender),
                (Some(payload), Some(pair)) if !opens(payload, pair) => wrong.push(sender),
                (Some(_), _) => {}
            }
        }
        let (kind, culprits) = if malformed.is_empty() {
            (FaultKind::WrongPart, wrong)
        } else {
            (FaultKind::MalformedContribution, malformed)
        };
        Fault::at(kind, culprits)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Pairwise<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pairwise(..)")
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::{IdentityKeyPair, Secret};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::Pairwise;
    use crate::member::KnownIdentities;
    use crate::methods::AgreementId;
    use crate::methods::AuthenticationId;
    use crate::methods::Methods;
    use crate::offer::OfferSecrets;
    use crate::room_name::RoomId;
    use crate::run::Run;
    use crate::sid::Sid;
    use crate::terms::Terms;

    #[test]
    fn a_source_that_repeats_itself_repeats_no_part() {
        let part = |offer, sid, draws| {
            let mut rng = ChaCha20Rng::seed_from_u64(offer);
            let identity = IdentityKeyPair::random::<S>(&mut rng);
            let room = RoomId::new([1; 32]);
            let (_, secrets) = OfferSecrets::<S>::generate(room, None, &identity, 0, &mut rng);
            let terms = Terms {
                sid: Sid::new([sid; 32]),
                methods: Methods::new(AgreementId::Pairwise, AuthenticationId::TripleDh),
                proposer: 0,
                commitments: None,
            };
            let member = secrets.member(&KnownIdentities::new()).unwrap();
            let run = Run::new(terms, vec![member], 0).unwrap();
            Pairwise::part(&run, &secrets.share, &mut ChaCha20Rng::seed_from_u64(draws))
        };
        let first: Secret<32> = part(1, 1, 1);
        assert_eq!(first, part(1, 1, 1));
        for (offer, sid, draws) in [(2, 1, 1), (1, 2, 1), (1, 1, 2)] {
            assert_ne!(first, part(offer, sid, draws), "{offer} {sid} {draws}");
        }
    }
}
