//! HKDF-SHA-512 (RFC 5869) under labels: `docs/spec/02-suites.md`, "Key derivation".
//!
//! ```text
//! extract(salt, ikm)         = HKDF-Extract(salt, ikm)                                          64 bytes
//! expand(prk, label, ctx, n) = HKDF-Expand(prk, item("mpotr v1 " || label) || item(ctx) || u16 n, n)
//! item(x)                    = u64 big-endian length || x
//! ```

use hkdf::GenericHkdf;
use zeroize::Zeroize;

use crate::label;
use crate::secret::Secret;
use crate::stack::wiping_stack;
use crate::suite::CryptoSuite;
use crate::transcript::item_length;

/// A pseudo-random key of 64 bytes: the state from which keys are expanded.
#[derive(Debug)]
pub struct Prk(Secret<64>);

impl Prk {
    /// HKDF-Extract. `salt` is public, `ikm` is wiped by its owner.
    #[must_use]
    pub fn extract<S: CryptoSuite>(salt: &[u8], ikm: &[u8]) -> Self {
        wiping_stack(|| {
            let (mut prk, _) = GenericHkdf::<S::Hmac>::extract(Some(salt), ikm);
            let secret = Secret::fill_with(|out| out.copy_from_slice(&prk));
            prk.as_mut_slice().zeroize();
            Self(secret)
        })
    }

    /// HKDF-Expand to `N` bytes under a label and a context.
    #[must_use]
    pub fn expand<S: CryptoSuite, const N: usize>(&self, label: &str, context: &[u8]) -> Secret<N> {
        const { assert!(N <= 255 * 64, "HKDF-SHA-512 yields at most 255 blocks") };
        let info: [&[u8]; 6] = [
            &item_length(label::PREFIX.len().saturating_add(label.len())),
            label::PREFIX.as_bytes(),
            label.as_bytes(),
            &item_length(context.len()),
            context,
            &u16::try_from(N).unwrap_or(u16::MAX).to_be_bytes(),
        ];
        wiping_stack(|| {
            Secret::fill_with(|out| {
                let expanded = GenericHkdf::<S::Hmac>::from_prk(self.0.expose())
                    .map(|hkdf| hkdf.expand_multi_info(&info, out));
                // A key has 64 bytes by its type and N is checked above: neither call can fail.
                debug_assert!(matches!(expanded, Ok(Ok(()))));
            })
        })
    }

    /// Another pseudo-random key under a label and a context.
    #[must_use]
    pub fn child<S: CryptoSuite>(&self, label: &str, context: &[u8]) -> Self {
        Self(self.expand::<S, 64>(label, context))
    }
}
