//! Fixed-size secrets: in one place, wiped when dropped, compared in constant time, never printed, never copied by accident.
//! `docs/decisions/0007-where-secrets-live.md`.

mod pages;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes, in one place on the heap for all their life.
///
/// Moving one moves a reference. The place is a slot of a page that the system is asked to keep out of swap and of core
/// dumps. There is no `Clone`: a key that is used once is moved into its use. `Debug` prints the length only.
pub struct Secret<const N: usize> {
    /// Nothing only while it is dropped.
    slot: Option<&'static mut [u8; N]>,
}

impl<const N: usize> Secret<N> {
    /// Zeros, to be written over.
    fn zeros() -> Self {
        // A slot has the length that it was taken for.
        Self {
            slot: pages::take(N).try_into().ok(),
        }
    }

    /// Takes bytes that are secret already. The caller wipes what it copied them from.
    #[must_use]
    pub fn new(mut bytes: [u8; N]) -> Self {
        let secret = Self::fill_with(|out| out.copy_from_slice(&bytes));
        bytes.zeroize();
        secret
    }

    /// `N` bytes from `rng`.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::fill_with(|out| rng.fill_bytes(out))
    }

    /// Lets `fill` write the secret in place.
    pub fn fill_with(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self::zeros();
        if let Some(slot) = &mut secret.slot {
            fill(slot);
        }
        secret
    }

    /// The bytes, for the computation that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        self.slot.as_deref().unwrap_or(const { &[0; N] })
    }

    /// `M` of the bytes, the `index`th part of that length: a key among others. `None` beyond the last whole one.
    #[must_use]
    pub fn part<const M: usize>(&self, index: usize) -> Option<SecretRef<'_, M>> {
        let (parts, _) = self.expose().as_chunks();
        parts.get(index).map(SecretRef)
    }

    /// Wipes that part, and leaves the others.
    pub fn wipe_part<const M: usize>(&mut self, index: usize) {
        if let Some(slot) = &mut self.slot {
            let (parts, _) = slot.as_chunks_mut::<M>();
            if let Some(part) = parts.get_mut(index) {
                part.zeroize();
            }
        }
    }
}

impl Secret<64> {
    /// The first 32 bytes: of a hash, as many as a key takes.
    #[must_use]
    pub fn first_half(&self) -> Secret<32> {
        Secret::fill_with(|out| {
            for (to, from) in out.iter_mut().zip(self.expose()) {
                *to = *from;
            }
        })
    }
}

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        if let Some(slot) = &mut self.slot {
            slot.zeroize();
        }
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.zeroize();
            pages::give_back(slot);
        }
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> core::fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

/// Secret bytes where they lie: all of a [`Secret`], or one key among many. Compared and printed like it.
#[derive(Clone, Copy)]
pub struct SecretRef<'a, const N: usize>(&'a [u8; N]);

impl<'a, const N: usize> SecretRef<'a, N> {
    /// The bytes, for the computation that needs them.
    #[must_use]
    pub const fn expose(self) -> &'a [u8; N] {
        self.0
    }
}

impl<'a, const N: usize> From<&'a Secret<N>> for SecretRef<'a, N> {
    fn from(secret: &'a Secret<N>) -> Self {
        Self(secret.expose())
    }
}

impl<const N: usize> PartialEq for SecretRef<'_, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0).into()
    }
}

impl<const N: usize> Eq for SecretRef<'_, N> {}

impl<const N: usize> core::fmt::Debug for SecretRef<'_, N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SecretRef<{N}>(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretRef};
    use zeroize::{Zeroize, ZeroizeOnDrop};

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        let secret = Secret::new([0xab; 4]);
        assert_eq!(format!("{secret:?}"), "Secret<4>(..)");
        assert_eq!(
            format!("{:?}", SecretRef::from(&secret)),
            "SecretRef<4>(..)"
        );
    }

    #[test]
    fn secrets_are_equal_when_all_their_bytes_are() {
        let secret = Secret::new([1, 2, 3, 4]);
        assert_eq!(secret, Secret::fill_with(|out| *out = [1, 2, 3, 4]));
        for index in 0..4 {
            let mut other = [1, 2, 3, 4];
            other[index] ^= 0x80;
            let other = Secret::new(other);
            assert_ne!(secret, other, "byte {index}");
            assert_ne!(SecretRef::from(&secret), SecretRef::from(&other));
        }
    }

    #[test]
    fn wiping_a_secret_leaves_zeros_and_dropping_it_wipes() {
        fn wiped_when_dropped<T: ZeroizeOnDrop>(_: &T) {}
        let mut secret = Secret::new([0xab; 40]);
        wiped_when_dropped(&secret);
        secret.zeroize();
        assert_eq!(secret.expose(), &[0; 40]);
    }

    #[test]
    fn a_place_that_is_given_back_holds_zeros_and_no_two_secrets_share_one() {
        // A length that no other test takes, so that the places are those of this one.
        let mut secrets: Vec<_> = (1..=100).map(|byte| Secret::new([byte; 41])).collect();
        for (secret, byte) in secrets.iter().zip(1..) {
            assert_eq!(secret.expose(), &[byte; 41]);
        }
        secrets.truncate(50);
        for _ in 0..50 {
            secrets.push(Secret::fill_with(|out| assert_eq!(out, &[0; 41])));
        }
    }

    #[test]
    fn moving_a_secret_leaves_it_where_it_is() {
        let secret = Secret::new([7; 42]);
        let place = secret.expose().as_ptr();
        let moved = Box::new(Some(vec![secret]));
        assert_eq!((*moved).unwrap().remove(0).expose().as_ptr(), place);
    }

    #[test]
    fn a_part_is_wiped_alone() {
        let mut secret = Secret::<10>::fill_with(|out| *out = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
        assert_eq!(secret.part::<4>(1).unwrap().expose(), &[2; 4]);
        assert_eq!(secret.part::<4>(2), None);
        secret.wipe_part::<4>(0);
        secret.wipe_part::<4>(2);
        assert_eq!(secret.expose(), &[0, 0, 0, 0, 2, 2, 2, 2, 3, 3]);
    }
}
