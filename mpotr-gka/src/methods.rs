//! The two methods of a run, by their ids on the wire. `docs/spec/04-key-agreement.md`, "Terms".

use mpotr_crypto::wire_enum;

wire_enum! {
    /// The key agreements, by their id on the wire.
    #[non_exhaustive]
    pub enum AgreementId: u8 {
        /// 1: [`BurmesterDesmedt`](crate::BurmesterDesmedt), the default.
        BurmesterDesmedt = 1 => "bd",
        /// 2: [`Pairwise`](crate::Pairwise), the naive exchange.
        Pairwise = 2 => "pairwise",
    }
}

impl AgreementId {
    /// Whether a member needs the shares `Z` of all others to contribute, and not only those of its neighbours.
    pub(crate) const fn needs_all_shares(self) -> bool {
        match self {
            Self::BurmesterDesmedt => false,
            Self::Pairwise => true,
        }
    }
}

wire_enum! {
    /// The group authentications, by their id on the wire.
    #[non_exhaustive]
    pub enum AuthenticationId: u8 {
        /// 1: [`GroupProof`](crate::GroupProof), the default.
        GroupProof = 1 => "proof",
        /// 2: [`TripleDh`](crate::TripleDh), the conservative baseline.
        TripleDh = 2 => "3dh",
    }
}

/// The two methods of a run, by which it makes a key and authenticates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods {
    /// How the key is made.
    pub agreement: AgreementId,
    /// How the members show who they are.
    pub authentication: AuthenticationId,
}

impl Methods {
    /// These two.
    #[must_use]
    pub const fn new(agreement: AgreementId, authentication: AuthenticationId) -> Self {
        Self {
            agreement,
            authentication,
        }
    }
}
