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
    label, wiping_stack, zeroize::Zeroizing,
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
        wiping_stack(|| {
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
        })
    }

    /// The one of an example.
    #[cfg(test)]
    pub(super) const fn of(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// `r`, for the key schedule.
    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// `w`.
    fn exponent<S: CryptoSuite>(&self, handle: &Handle) -> SecretScalar<S> {
        wiping_stack(|| {
            SecretScalar::of_hash(
                TranscriptHash::<S>::new(label::LIGHT_EXPONENT)
                    .bytes(self.0.expose())
                    .bytes(handle.as_bytes()),
            )
        })
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
        let secret = wiping_stack(|| {
            let shared = Zeroizing::new(receive.mul(&element));
            let pad = pad::<S>(&shared, handle, ephemeral, own, me);
            Self(xor(wrap.as_bytes(), &pad))
        });
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
    /// `w`.
    #[cfg(test)]
    pub(super) const fn exponent(&self) -> &SecretScalar<S> {
        &self.exponent
    }

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
        Some(wiping_stack(|| {
            let shared = Zeroizing::new(self.exponent.mul(&element));
            let pad = pad::<S>(&shared, &self.handle, &self.ephemeral, receive, member);
            Wrap::new(*xor(secret.0.expose(), &pad).expose())
        }))
    }
}

/// What a wrap is hidden by. Who calls this wipes the stack.
fn pad<S: CryptoSuite>(
    shared: &Element<S>,
    handle: &Handle,
    ephemeral: &ElementBytes,
    receive: &ReceiveKey,
    member: MemberIndex,
) -> Secret<32> {
    let encoded = Secret::new(S::Group::encode(shared));
    let prk = Prk::extract::<S>(handle.as_bytes(), encoded.expose());
    let context = [
        ephemeral.as_bytes().as_slice(),
        receive.as_bytes(),
        &member.get().to_be_bytes(),
    ]
    .concat();
    prk.expand::<S, 32>(label::LIGHT_WRAP, &context)
}

fn xor(bytes: &[u8; 32], pad: &Secret<32>) -> Secret<32> {
    Secret::fill_with(|out| {
        let pairs = bytes.iter().zip(pad.expose());
        for (to, (byte, pad)) in out.iter_mut().zip(pairs) {
            *to = byte ^ pad;
        }
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::{Group, IdentityKeyPair, SecretScalar};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::FreshSecret;
    use crate::light::seed::Handle;
    use crate::member_index::MemberIndex;
    use crate::rounds::ReceiveKey;

    /// What lies on the stack below who looks. All is made before, so that looking itself writes over little of it.
    struct Below {
        memory: std::fs::File,
        bytes: Vec<u8>,
    }

    impl Below {
        fn new() -> Self {
            Self {
                memory: std::fs::File::open("/proc/self/mem").unwrap(),
                bytes: vec![0; 24 * 1024],
            }
        }

        fn look(&mut self) {
            let here = 0_u8;
            let at = std::ptr::from_ref(&here)
                .addr()
                .saturating_sub(self.bytes.len());
            std::os::unix::fs::FileExt::read_exact_at(
                &self.memory,
                &mut self.bytes,
                u64::try_from(at).unwrap(),
            )
            .unwrap();
        }

        /// Whether half of a secret was there.
        fn holds(&self, secret: &[u8]) -> bool {
            secret
                .chunks_exact(16)
                .any(|half| self.bytes.windows(16).any(|at| at == half))
        }
    }

    /// A fresh secret is drawn, wrapped and opened: neither it nor its exponent is left on the stack.
    #[test]
    fn a_fresh_secret_is_not_left_on_the_stack() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let identity = IdentityKeyPair::random::<S>(&mut rng);
        let receive = SecretScalar::<S>::random(&mut rng);
        let element = receive.mul_base();
        let public = ReceiveKey::new(<S as mpotr_crypto::CryptoSuite>::Group::encode(&element));
        let handle = Handle::new([1; 16]);
        let me = MemberIndex::new(0);

        let mut below = Below::new();
        let fresh = FreshSecret::draw::<S>(&identity, 0, &mut rng);
        below.look();
        assert!(!below.holds(fresh.0.expose()), "r, drawn");
        assert!(!below.holds(identity.secret().expose()), "a");
        let wrapping = fresh.wrapping::<S>(&handle);
        below.look();
        assert!(!below.holds(fresh.0.expose()), "r, for its exponent");
        assert!(!below.holds(wrapping.exponent.encoded().expose()), "w");
        let wrap = wrapping.wrap(&fresh, &public, me).unwrap();
        below.look();
        assert!(!below.holds(fresh.0.expose()), "r, wrapped");
        let ephemeral = wrapping.ephemeral;
        let opened = FreshSecret::open::<S>(&wrap, &ephemeral, &handle, &receive, &public, me);
        below.look();
        let opened = opened.unwrap();
        assert!(!below.holds(opened.0.expose()), "r, opened");
        assert!(!below.holds(receive.encoded().expose()), "p");
    }
}
