//! Fixed-size secrets: wiped when dropped, compared in constant time, never printed, never copied by accident.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes.
///
/// There is no `Clone`: a key that is used once is moved into its use. `Debug` prints the length only.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes bytes that are secret already. The caller wipes what it copied them from.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// `N` bytes from `rng`.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Self([0; N]);
        rng.fill_bytes(&mut bytes.0);
        bytes
    }

    /// Lets `fill` write the secret in place.
    pub fn fill_with(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Self([0; N]);
        fill(&mut bytes.0);
        bytes
    }

    /// The bytes, for the computation that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> core::fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use zeroize::{Zeroize, ZeroizeOnDrop};

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new([0xab; 4])), "Secret<4>(..)");
    }

    #[test]
    fn secrets_are_equal_when_all_their_bytes_are() {
        let secret = Secret::new([1, 2, 3, 4]);
        assert_eq!(secret, Secret::fill_with(|out| *out = [1, 2, 3, 4]));
        for index in 0..4 {
            let mut other = [1, 2, 3, 4];
            other[index] ^= 0x80;
            assert_ne!(secret, Secret::new(other), "byte {index}");
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
}
