//! Group key agreement: how the members of a run come to one secret. `docs/spec/04-key-agreement.md`, "Agreement".

mod burmester_desmedt;
mod dleq;
mod pairwise;

pub use burmester_desmedt::BurmesterDesmedt;
pub use pairwise::Pairwise;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Secret, SecretScalar};

use crate::fault::{CheckFailed, Fault};
use crate::methods::AgreementId;
use crate::run::Run;

/// A key agreement in one round of broadcasts: one object per member and run, its secrets inside.
pub trait GroupKeyAgreement<S: CryptoSuite>: Send {
    /// This member's payload of the contribution.
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8>;

    /// The secret that the payloads of all members, in cycle order, give. On success this member's secrets of the
    /// agreement are erased: a second call fails.
    ///
    /// # Errors
    /// Some payload is one that no honest member sends. [`blame`](Self::blame) says whose.
    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, CheckFailed>;

    /// What is wrong with the payloads, and who sent those that are: after [`agree`](Self::agree) has failed, or when the
    /// members' results differ. Without culprits if none can be named.
    fn blame(&self, run: &Run<S>, payloads: &[&[u8]]) -> Fault;
}

impl AgreementId {
    /// Starts one member's part in a run with its share `z`.
    pub(crate) fn start<S: CryptoSuite>(
        self,
        share: SecretScalar<S>,
    ) -> Box<dyn GroupKeyAgreement<S>> {
        match self {
            Self::BurmesterDesmedt => Box::new(BurmesterDesmedt::new(share)),
            Self::Pairwise => Box::new(Pairwise::new(share)),
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::IdentityKeyPair;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{AgreementId, GroupKeyAgreement};
    use crate::fault::{CheckFailed, FaultKind};
    use crate::member::KnownIdentities;
    use crate::methods::AuthenticationId;
    use crate::methods::Methods;
    use crate::offer::OfferSecrets;
    use crate::room_name::RoomId;
    use crate::run::Run;
    use crate::sid::Sid;
    use crate::terms::Terms;

    /// A party and its view of the run.
    type Party = (Run<S>, Box<dyn GroupKeyAgreement<S>>);

    /// The parties of a run of three, and what they sent.
    fn parties(id: AgreementId) -> (Vec<Party>, Vec<Vec<u8>>) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let room = RoomId::of_name::<S>("room");
        let secrets: Vec<OfferSecrets<S>> = (0..3)
            .map(|_| {
                let identity = IdentityKeyPair::random::<S>(&mut rng);
                OfferSecrets::generate(room, None, &identity, 0, &mut rng).1
            })
            .collect();
        let strangers = KnownIdentities::new();
        let members: Vec<_> = secrets
            .iter()
            .map(|secrets| secrets.member(&strangers).unwrap())
            .collect();
        let mut parties: Vec<_> = secrets
            .into_iter()
            .enumerate()
            .map(|(me, secrets)| {
                let terms = Terms {
                    sid: Sid::new([1; 32]),
                    methods: Methods::new(id, AuthenticationId::TripleDh),
                    proposer: 0,
                    commitments: None,
                };
                let run = Run::new(terms, members.clone(), me).unwrap();
                (run, id.start::<S>(secrets.share))
            })
            .collect();
        let sent = parties
            .iter_mut()
            .map(|(run, party)| party.contribute(run, &mut rng))
            .collect();
        (parties, sent)
    }

    #[test]
    fn the_key_is_computed_once_and_its_secrets_are_gone() {
        for id in AgreementId::ALL {
            let (mut parties, sent) = parties(id);
            let payloads: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
            let keys: Vec<_> = parties
                .iter_mut()
                .map(|(run, party)| party.agree(run, &payloads).unwrap())
                .collect();
            assert!(keys.iter().all(|key| key == &keys[0]));
            for (run, party) in &mut parties {
                assert_eq!(
                    party.agree(run, &payloads).unwrap_err(),
                    CheckFailed,
                    "{}",
                    id.name()
                );
                assert!(party.blame(run, &payloads).culprits.is_empty());
            }
        }
    }

    #[test]
    fn a_failure_keeps_the_secrets_for_another_try() {
        for id in AgreementId::ALL {
            let (mut parties, sent) = parties(id);
            let (run, party) = &mut parties[0];
            let mut wrong = sent.clone();
            wrong[1][0] ^= 1;
            let wrong: Vec<&[u8]> = wrong.iter().map(Vec::as_slice).collect();
            let right: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
            assert_eq!(party.agree(run, &wrong).unwrap_err(), CheckFailed);
            let fault = party.blame(run, &wrong);
            assert_eq!(
                fault.culprits,
                [crate::MemberIndex::new(1)],
                "{}",
                id.name()
            );
            assert_ne!(fault.kind, FaultKind::WrongKeyCommitment);
            assert!(party.agree(run, &right).is_ok(), "{}", id.name());
        }
    }
}
