//! The fresh secret of a light run, wrapped for each who stays. `docs/spec/14-light-runs.md`, "SEED".
//!
//! ```text
//! r      = first 32 bytes of H("light r", a, 64 random bytes, uint64 count)
//! w      = H("light w", r, handle) mod L,  W = w G
//! wrap_j = r xor expand(extract(handle, w P_j), "light wrap", W || P_j || uint16 j, 32)
//! ```
//!
//! `w` is a hash of `r`: who holds `r` recomputes every wrap, and knows whose word is true about one of them.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, Element, ElementBytes, Group, Secret, SecretScalar, TranscriptHash, kdf::Prk,
    label, wiping_stack,
};

use super::seed::{Handle, Wrap};
use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::rounds::ReceiveKey;

/// `r`: what all who stay learn, and nobody else.
pub(super) struct FreshSecret(Secret<32>);

impl FreshSecret {
    /// Draws one, hedged as the secrets of an offer are. `count` differs for each that the caller draws.
    pub(super) fn draw<S: CryptoSuite>(
        identity: &dyn Identity<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let fresh = Secret::<64>::random(rng);
        let secret = match identity.speaker() {
            Speaker::Holder(identity) => identity.secret().expose().as_slice(),
            Speaker::Forger(_) => &[],
        };
        let hash = TranscriptHash::<S>::new(label::LIGHT_SECRET)
            .bytes(secret)
            .bytes(fresh.expose())
            .u64(count);
        Self(hash.finish_secret().first_half())
    }

    /// `r`, for the key schedule.
    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// `w`.
    fn exponent<S: CryptoSuite>(&self, handle: &Handle) -> SecretScalar<S> {
        SecretScalar::of_hash(
            TranscriptHash::<S>::new(label::LIGHT_EXPONENT)
                .bytes(self.0.expose())
                .bytes(handle.as_bytes()),
        )
    }

    /// `w` and `W`, to wrap for all.
    pub(super) fn wrapping<S: CryptoSuite>(&self, handle: &Handle) -> Wrapping<S> {
        let exponent = self.exponent(handle);
        let ephemeral = ElementBytes::new(S::Group::encode(&exponent.mul_base()));
        Wrapping {
            exponent,
            ephemeral,
            handle: *handle,
        }
    }

    /// Opens a wrap of this member's; `None` if it does not open to a secret whose `W` this is.
    pub(super) fn open<S: CryptoSuite>(
        wrap: &Wrap,
        ephemeral: &ElementBytes,
        handle: &Handle,
        receive: &SecretScalar<S>,
        own: &ReceiveKey,
        me: MemberIndex,
    ) -> Option<Self> {
        if *ephemeral.as_bytes() == [0; 32] {
            return None;
        }
        let element = S::Group::decode(ephemeral.as_bytes())?;
        let shared = receive.mul(&element);
        let pad = pad::<S>(&shared, handle, ephemeral, own, me);
        let secret = Self(xor(wrap.as_bytes(), &pad));
        let is_it = secret.wrapping::<S>(handle).ephemeral == *ephemeral;
        is_it.then_some(secret)
    }
}

impl core::fmt::Debug for FreshSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FreshSecret(..)")
    }
}

/// What wraps one fresh secret.
pub(super) struct Wrapping<S: CryptoSuite> {
    exponent: SecretScalar<S>,
    /// `W`.
    pub(super) ephemeral: ElementBytes,
    handle: Handle,
}

impl<S: CryptoSuite> Wrapping<S> {
    /// The wrap for a member; `None` if its receive key is no element, or the identity.
    pub(super) fn wrap(
        &self,
        secret: &FreshSecret,
        receive: &ReceiveKey,
        member: MemberIndex,
    ) -> Option<Wrap> {
        if *receive.as_bytes() == [0; 32] {
            return None;
        }
        let element = S::Group::decode(receive.as_bytes())?;
        let shared = self.exponent.mul(&element);
        let pad = pad::<S>(&shared, &self.handle, &self.ephemeral, receive, member);
        Some(Wrap::new(*xor(secret.0.expose(), &pad).expose()))
    }
}

/// What a wrap is hidden by.
fn pad<S: CryptoSuite>(
    shared: &Element<S>,
    handle: &Handle,
    ephemeral: &ElementBytes,
    receive: &ReceiveKey,
    member: MemberIndex,
) -> Secret<32> {
    wiping_stack(|| {
        let encoded = Secret::new(S::Group::encode(shared));
        let prk = Prk::extract::<S>(handle.as_bytes(), encoded.expose());
        let context = [
            ephemeral.as_bytes().as_slice(),
            receive.as_bytes(),
            &member.get().to_be_bytes(),
        ]
        .concat();
        prk.expand::<S, 32>(label::LIGHT_WRAP, &context)
    })
}

fn xor(bytes: &[u8; 32], pad: &Secret<32>) -> Secret<32> {
    Secret::fill_with(|out| {
        let pairs = bytes.iter().zip(pad.expose());
        for (to, (byte, pad)) in out.iter_mut().zip(pairs) {
            *to = byte ^ pad;
        }
    })
}
