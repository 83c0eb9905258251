//! The system's source of randomness.

use getrandom::SysRng;
use mpotr_core::crypto::rand_core::UnwrapErr;

/// The system's source of randomness, as the rooms take it: `SystemRng::default()`.
///
/// It panics if the system has no randomness to give: to go on without would be worse, and to go back is too late.
pub type SystemRng = UnwrapErr<SysRng>;

#[cfg(test)]
mod tests {
    use mpotr_core::crypto::rand_core::CryptoRng;

    use super::SystemRng;

    #[test]
    fn it_is_fit_for_keys_and_does_not_repeat_itself() {
        fn draw(rng: &mut dyn CryptoRng) -> [u8; 32] {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            bytes
        }
        let mut rng = SystemRng::default();
        assert_ne!(draw(&mut rng), draw(&mut rng));
    }
}
