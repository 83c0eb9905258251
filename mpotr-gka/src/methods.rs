//! The two methods of a run, by their ids on the wire. `docs/spec/04-key-agreement.md`, "Terms".

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder};

/// The key agreements, by their id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AgreementId {
    /// 1: [`BurmesterDesmedt`](crate::BurmesterDesmedt), the default.
    BurmesterDesmedt,
    /// 2: [`Pairwise`](crate::Pairwise), the naive exchange.
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

    /// Whether a member needs the shares `Z` of all others to contribute, and not only those of its neighbours.
    pub(crate) const fn needs_all_shares(self) -> bool {
        match self {
            Self::BurmesterDesmedt => false,
            Self::Pairwise => true,
        }
    }
}

/// The group authentications, by their id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AuthenticationId {
    /// 1: [`GroupProof`](crate::GroupProof), the default.
    GroupProof,
    /// 2: [`TripleDh`](crate::TripleDh), the conservative baseline.
    TripleDh,
}

impl AuthenticationId {
    /// Every group authentication.
    pub const ALL: [Self; 2] = [Self::GroupProof, Self::TripleDh];

    /// The id on the wire.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::GroupProof => 1,
            Self::TripleDh => 2,
        }
    }

    /// The short name: `proof` or `3dh`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GroupProof => "proof",
            Self::TripleDh => "3dh",
        }
    }

    /// Reads an id.
    ///
    /// # Errors
    /// An id that no group authentication has.
    pub fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let at = input.offset();
        let id = input.u8(field)?;
        Self::ALL
            .into_iter()
            .find(|authentication| authentication.to_u8() == id)
            .ok_or_else(|| DecodeError::new(at, field, DecodeErrorKind::UnknownValue(id.into())))
    }
}
