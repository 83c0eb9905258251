//! Makes a transcript of a talk that never was, from public identity keys and a script. `docs/security/deniability.md`.
//!
//! | file | what |
//! |---|---|
//! | `act` | what happens in a talk |
//! | `amendment` | rules of a room, as a script writes them |
//! | `script` | acts as a person writes them |
//! | `stage` | rooms on a network in memory, on invented time |
//! | `stage/acting` | what members do on it |
//! | `stage/place` | a member |
//!
//! Nothing is imitated: the members are ordinary rooms that agree on keys, talk, vote, acknowledge, die and leave by
//! the ordinary code. They differ from real ones in one thing: their proofs are made with the secrets of the trapdoor
//! keys, which the forger knows since it invents all members, and not with the secrets of their identities, which it
//! lacks. A member that says two things in one place is two rooms with one set of keys, as in a real talk.

mod act;
mod amendment;
mod script;
mod stage;

pub use act::Act;
pub use amendment::{Amendment, Whose};
pub use script::{Script, ScriptError, ScriptErrorKind};
pub use stage::{Part, perform};

use mpotr_core::{Policy, Room, RoomConfig, SendError, VoteError};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};
use mpotr_gka::{Forger, RoomId};
use mpotr_netem::Weather;

/// The default network of a talk: a relay not far away, and no packet lost.
const WEATHER: Weather = Weather::fair(20).jitter(60);
/// The default for the longest pause between two acts: the time that it takes to write a line.
const PAUSE_MS: u64 = 6_000;

/// A talk to be performed.
#[derive(Clone, Debug)]
pub struct Play {
    /// The room.
    pub room: RoomId,
    /// The identity keys of all who ever take part.
    pub members: Vec<IdentityKey>,
    /// What happens. Members that never join are there from the beginning.
    pub acts: Vec<Act>,
    /// The policy of the room at its beginning.
    pub policy: Policy,
    /// Whether members let nobody in but by [`Act::Admit`], of each of them. Those who are there from the beginning have let
    /// each other in.
    pub ask: bool,
    /// The weather of the network that they talk over.
    pub weather: Weather,
    /// The longest pause between one act and the next, in milliseconds.
    pub pause_ms: u64,
}

impl Play {
    /// A talk in a room with the rules that rooms have by default.
    #[must_use]
    pub fn new(room: RoomId, members: Vec<IdentityKey>, acts: Vec<Act>) -> Self {
        Self {
            room,
            members,
            acts,
            policy: Policy::default(),
            ask: false,
            weather: WEATHER,
            pause_ms: PAUSE_MS,
        }
    }

    /// The members that are there from the beginning: all but those whose first act is to join.
    #[must_use]
    pub fn cast(&self) -> Vec<usize> {
        let joins_first = |member: usize| {
            let mut own = self.acts.iter().filter_map(|act| act.comes_in(member));
            own.next().unwrap_or(false)
        };
        let members = 0..self.members.len();
        members.filter(|member| !joins_first(*member)).collect()
    }
}

/// Why a talk could not be performed. Acts are counted from 0; [`ForgeError::act`] says at which one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeError {
    /// The backend cannot compute the suite on this machine.
    #[error(transparent)]
    Suite(#[from] UnsupportedSuite),
    /// Fewer than two people are there at the beginning.
    #[error("a talk needs two members at its beginning; this one has {members}")]
    TooFew {
        /// How many are there.
        members: usize,
    },
    /// The transcript asked for is that of a person who does not take part.
    #[error("the keeper of the transcript never was in the room")]
    NoKeeper,
    /// A person acts who is not in the room, or joins who is.
    #[error("member {member} {why}")]
    NotThere {
        /// The index of the act.
        act: usize,
        /// The member, by its place in the play.
        member: usize,
        /// Why it cannot.
        why: Obstacle,
    },
    /// A vote is not taken.
    #[error("{error}")]
    Vote {
        /// The index of the act.
        act: usize,
        /// What the room answered.
        error: VoteError,
    },
    /// A text is not taken.
    #[error("{error}")]
    Send {
        /// The index of the act.
        act: usize,
        /// What the room answered.
        error: SendError,
    },
    /// The members did not come to what an act needs: so two identity keys are equal, or one is no key.
    #[error("the members did not agree; is every identity key a key, and there once?")]
    Stuck {
        /// The act; as many as there are for the end.
        act: usize,
    },
}

/// What keeps a member from an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// It comes in, and has not left.
    #[error("is there already, and cannot come in a second time")]
    Here,
    /// It has not come in, or has left or died.
    #[error("is not there: it has not come in, or has left or died")]
    Away,
    /// It is there and in no epoch: the others left it out, or have not let it in.
    #[error(
        "is there and not in the room: the others have left it out, or not let it in; who says two things is left out"
    )]
    Outside,
    /// It is on its way out.
    #[error("is leaving, and says no more")]
    Leaving,
    /// It has said two things already, or was left out since.
    #[error("cannot say two things at this point: it has done so before, or was left out since")]
    NoTwin,
}

impl ForgeError {
    /// The act at which it came to that.
    #[must_use]
    pub const fn act(&self) -> Option<usize> {
        match self {
            Self::NotThere { act, .. }
            | Self::Send { act, .. }
            | Self::Vote { act, .. }
            | Self::Stuck { act } => Some(*act),
            Self::Suite(_) | Self::TooFew { .. } | Self::NoKeeper => None,
        }
    }
}

/// The transcript of an invented talk, as `keeper` would have kept it, or, without one, the first member who was there
/// from the beginning. A keeper that came back keeps what was said since. If the keeper died last, the transcript has
/// no end.
///
/// # Errors
/// Why the script cannot be performed.
pub fn forge<S: CryptoSuite>(
    play: &Play,
    keeper: Option<usize>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, ForgeError> {
    let forger = Forger::<S>::new();
    let enter = |identity: IdentityKey, config: RoomConfig, now, rng: &mut dyn CryptoRng| {
        Room::new(config, forger.invent(identity), now, rng)
    };
    let keeper = keeper.or_else(|| play.cast().first().copied());
    let parts = perform(play, enter, rng)?;
    let part = keeper.and_then(|keeper| parts.into_iter().nth(keeper));
    part.map(|part| part.transcript)
        .filter(|transcript| !transcript.is_empty())
        .ok_or(ForgeError::NoKeeper)
}
