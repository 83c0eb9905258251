//! The keys that a member draws for the epoch after a light run. `docs/spec/14-light-runs.md`, "FREEZE".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, EphemeralKeyPair, Group, PartSecret, Secret, SecretScalar, TranscriptHash, label,
    wiping_stack,
};

use super::joining::remember;
use super::packet::ChangeBody;
use super::seed::Seed;
use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::rounds::ReceiveKey;

/// The keys that a member draws for the next epoch.
pub(super) struct Fresh<S: CryptoSuite> {
    pub(super) receive: SecretScalar<S>,
    pub(super) public: ReceiveKey,
    /// `m'`, where it is fresh.
    pub(super) signing: Option<EphemeralKeyPair<S>>,
    /// `f'`, where it is fresh.
    pub(super) part: Option<FreshPart<S>>,
}

/// A part that is committed to now, and shown in the next epoch.
pub(super) struct FreshPart<S: CryptoSuite> {
    pub(super) secret: PartSecret<S>,
    pub(super) salt: [u8; 32],
}

impl<S: CryptoSuite> Fresh<S> {
    /// Hedged as inner keys are: by the identity's secret, and by what they are for.
    pub(super) fn draw(
        seed: &Seed,
        me: MemberIndex,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        wiping_stack(|| {
            let random = Secret::<64>::random(rng);
            let secret = match identity.speaker() {
                Speaker::Holder(identity) => identity.secret().expose().as_slice(),
                Speaker::Forger(_) => &[],
            };
            let shared = TranscriptHash::<S>::new(label::LIGHT_KEY_SECRET)
                .bytes(secret)
                .bytes(random.expose())
                .bytes(seed.digest::<S>().as_bytes())
                .u16(me.get());
            let which = |which| shared.clone().u8(which);
            let receive = SecretScalar::<S>::of_hash(which(0));
            let signing = seed
                .renews_signing()
                .then(|| EphemeralKeyPair::from_seed(&which(1).finish_secret().first_half()));
            let part = seed.renews_parts().then(|| FreshPart {
                secret: PartSecret::new(SecretScalar::of_hash(which(2))),
                salt: *which(3).digest().as_bytes(),
            });
            let public = ReceiveKey::new(S::Group::encode(&receive.mul_base()));
            remember(identity, public.as_bytes(), &receive);
            Self {
                public,
                receive,
                signing,
                part,
            }
        })
    }
}
