//! Adapters from the interface that a library has to the RustCrypto traits. `docs/spec/02-suites.md`, "Backends".
//!
//! | a backend writes | and gets |
//! |---|---|
//! | [`InPlaceAead`]: seal and open one buffer | [`AeadAdapter`], an AEAD of a suite |
//! | [`Sha512State`]: begin, take bytes, finish | [`HashAdapter`], a hash of a suite |

mod aead;
mod hash;

/// A `Debug` of types with secrets inside, which shows their name alone.
#[macro_export]
macro_rules! opaque_debug {
    ($($name:ident),+ $(,)?) => {
        $(impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })+
    };
}

pub use aead::{AeadAdapter, InPlaceAead};
pub use hash::{HashAdapter, Sha512State};
