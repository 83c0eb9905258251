//! Group key agreement: how the members of a run come to one secret. `docs/spec/04-key-agreement.md`, "Agreement".

mod burmester_desmedt;
mod dleq;
mod pairwise;

pub use burmester_desmedt::BurmesterDesmedt;
pub use pairwise::Pairwise;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Secret};

use crate::fault::Fault;
use crate::run::{Run, Scalar};

/// A key agreement in one round of broadcasts: one object per member and run, its secrets inside.
pub trait GroupKeyAgreement<S: CryptoSuite>: Send {
    /// This member's payload of the contribution.
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8>;

    /// The secret that the payloads of all members, in cycle order, give. On success this member's secrets of the
    /// agreement are erased: a second call fails.
    ///
    /// # Errors
    /// A fault that names who sent what no honest member sends.
    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, Fault>;

    /// Who of all members sent a wrong payload, when the members' results differ. Increasing; empty if none can
    /// be named.
    fn blame(&self, run: &Run<S>, payloads: &[&[u8]]) -> Vec<usize>;
}

/// The key agreements, by their id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AgreementId {
    /// 1: [`BurmesterDesmedt`], the default.
    BurmesterDesmedt,
    /// 2: [`Pairwise`], the naive exchange.
    Pairwise,
}

impl AgreementId {
    /// Every key agreement.
    pub const ALL: [Self; 2] = [Self::BurmesterDesmedt, Self::Pairwise];

    /// The id on the wire.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::BurmesterDesmedt => 1,
            Self::Pairwise => 2,
        }
    }

    /// The short name: `bd` or `pairwise`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BurmesterDesmedt => "bd",
            Self::Pairwise => "pairwise",
        }
    }

    /// Reads an id.
    ///
    /// # Errors
    /// An id that no key agreement has.
    pub fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let at = input.offset();
        let id = input.u8(field)?;
        Self::ALL
            .into_iter()
            .find(|agreement| agreement.to_u8() == id)
            .ok_or_else(|| DecodeError::new(at, field, DecodeErrorKind::UnknownValue(id.into())))
    }

    /// Starts one member's part in a run with its share `z`.
    pub(crate) fn start<S: CryptoSuite>(
        self,
        share: Zeroizing<Scalar<S>>,
    ) -> Box<dyn GroupKeyAgreement<S>> {
        match self {
            Self::BurmesterDesmedt => Box::new(BurmesterDesmedt::new(share)),
            Self::Pairwise => Box::new(Pairwise::new(share)),
        }
    }
}
