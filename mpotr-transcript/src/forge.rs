//! Makes a transcript of a talk that never was, from public identity keys and a script. `docs/security/deniability.md`.
//!
//! | file | what |
//! |---|---|
//! | `script` | who says what, who comes and who goes |
//! | `stage` | rooms on a network in memory, on invented time |
//!
//! Nothing is imitated: the members are ordinary rooms that agree on keys, talk, acknowledge and leave by the ordinary code.
//! They differ from real ones in one thing: their group proofs are made with the logarithm of the trapdoor, which whoever
//! invents all members knows, and not with the secrets of their identities, which it does not.

mod script;
mod stage;

pub use script::{Line, Script, ScriptError, ScriptErrorKind};
pub use stage::{Weather, perform};

use mpotr_core::{Room, RoomConfig, SendError};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};
use mpotr_gka::{Forger, RoomId};

/// What happens in a talk. Members are named by their place in [`Play::members`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A member says something.
    Say(usize, Vec<u8>),
    /// A member comes in, and an epoch begins.
    Join(usize),
    /// A member leaves, and an epoch begins without it.
    Leave(usize),
}

/// A talk to be performed.
#[derive(Clone, Debug)]
pub struct Play {
    /// The room.
    pub room: RoomId,
    /// The identity keys of all who ever take part.
    pub members: Vec<IdentityKey>,
    /// What happens. Whoever does not join is there from the beginning.
    pub acts: Vec<Act>,
    /// How the network is that they talk over.
    pub weather: Weather,
}

impl Play {
    /// Who is there from the beginning: all but those whose first act is to join.
    #[must_use]
    pub fn cast(&self) -> Vec<usize> {
        let joins_first = |member: usize| {
            let mut own = self.acts.iter().filter_map(|act| match act {
                Act::Join(who) => (*who == member).then_some(true),
                Act::Leave(who) | Act::Say(who, _) => (*who == member).then_some(false),
            });
            own.next().unwrap_or(false)
        };
        let members = 0..self.members.len();
        members.filter(|member| !joins_first(*member)).collect()
    }
}

/// Why a talk could not be performed. Acts are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeError {
    /// The backend cannot compute the suite on this machine.
    #[error(transparent)]
    Suite(#[from] UnsupportedSuite),
    /// Fewer than two people are there at the beginning.
    #[error("a talk needs two members at its beginning; this one has {members}")]
    TooFew {
        /// Who is there.
        members: usize,
    },
    /// Somebody acts who is not in the room, or joins who is.
    #[error("act {act}: member {member} cannot do this, for where it is")]
    NotThere {
        /// The act.
        act: usize,
        /// Who acts.
        member: usize,
    },
    /// A text is not taken.
    #[error("act {act}: {error}")]
    Send {
        /// The act.
        act: usize,
        /// Why.
        error: SendError,
    },
    /// The members did not come to what an act needs: so two identity keys are equal, or one is no key.
    #[error("act {act}: the members did not agree; is every identity key a key, and there once?")]
    Stuck {
        /// The act; as many as there are for the end.
        act: usize,
    },
}

/// The transcript of an invented talk, as its first member who was there from the beginning would have kept it.
///
/// # Errors
/// Why the script cannot be performed.
pub fn forge<S: CryptoSuite>(play: &Play, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, ForgeError> {
    let forger = Forger::<S>::new();
    let enter = |identity: IdentityKey, config: RoomConfig, now, rng: &mut dyn CryptoRng| {
        Room::new(config, forger.invent(identity), now, rng)
    };
    let files = perform(play, enter, rng)?;
    let keeper = play.cast().first().copied().unwrap_or(0);
    Ok(files.into_iter().nth(keeper).unwrap_or_default())
}
