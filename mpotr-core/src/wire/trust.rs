//! Messages by which members find out who is who: the body of a content message of kind *trust*. `docs/spec/13-trust.md`,
//! "Messages of trust".
//!
//! ```text
//! struct {
//!   uint8  what;
//!   opaque id[16];                       of the round, or of the attempt
//!   select (what) {
//!     case 1: opaque commitment[32];     to a part of the code
//!     case 2: opaque nonce[32];          the part
//!     case 3: uint16 to; opaque share[32]; opaque question<0..255>;
//!     case 4: opaque share[32]; opaque confirmation[64];
//!     case 5: uint8 same; opaque confirmation[64] if same is 1;
//!     case 6: ;
//!   }
//! } TrustMessage;
//! ```
//!
//! A body that holds none of these counts for nothing: it is delivered and ordered all the same.

use mpotr_crypto::cpace::ConfirmationTag;
use mpotr_crypto::{
    DecodeError, DecodeErrorKind, Decoder, Digest32, ElementBytes, Encoder, byte_newtype,
};

/// The most bytes of a question.
pub const MAX_QUESTION: usize = 255;
/// The most bytes of a message of trust.
pub const MAX_TRUST: usize = 1 + 16 + 2 + 32 + 4 + MAX_QUESTION;

byte_newtype! {
    /// Names a round of the room's code in an epoch.
    RoundId, 16
}

byte_newtype! {
    /// Names an attempt of two members to find out whether they share a secret.
    AttemptId, 16
}

byte_newtype! {
    /// A member's part of a room's code.
    CodeNonce
}

/// A message of trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustMessage {
    /// Takes part in a round of the code.
    Commit {
        /// Which.
        round: RoundId,
        /// To the part that its author reveals later.
        commitment: Digest32,
    },
    /// Reveals a part of the code.
    Reveal {
        /// Of which round.
        round: RoundId,
        /// The part.
        nonce: CodeNonce,
    },
    /// Asks one member whether it knows the same secret.
    Start {
        /// The new attempt.
        attempt: AttemptId,
        /// Whom, by its place in the roster.
        to: u16,
        /// `Ya`.
        share: ElementBytes,
        /// What the other's person is asked. Every member can read it.
        question: String,
    },
    /// Answers that.
    Answer {
        /// Which.
        attempt: AttemptId,
        /// `Yb`.
        share: ElementBytes,
        /// `Tb`.
        confirmation: ConfirmationTag,
    },
    /// Says whether the secrets are the same.
    Result {
        /// Of which attempt.
        attempt: AttemptId,
        /// `Ta`, if they are.
        confirmation: Option<ConfirmationTag>,
    },
    /// Gives an attempt up.
    Abort {
        /// Which.
        attempt: AttemptId,
    },
}

const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
const START: u8 = 3;
const ANSWER: u8 = 4;
const RESULT: u8 = 5;
const ABORT: u8 = 6;

impl TrustMessage {
    /// The body of the content message.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| match self {
            Self::Commit { round, commitment } => {
                out.u8(COMMIT);
                round.encode(out);
                commitment.encode(out);
            }
            Self::Reveal { round, nonce } => {
                out.u8(REVEAL);
                round.encode(out);
                nonce.encode(out);
            }
            Self::Start {
                attempt,
                to,
                share,
                question,
            } => {
                out.u8(START);
                attempt.encode(out);
                out.u16(*to);
                share.encode(out);
                out.opaque(question.as_bytes());
            }
            Self::Answer {
                attempt,
                share,
                confirmation,
            } => {
                out.u8(ANSWER);
                attempt.encode(out);
                share.encode(out);
                confirmation.encode(out);
            }
            Self::Result {
                attempt,
                confirmation,
            } => {
                out.u8(RESULT);
                attempt.encode(out);
                out.flag(confirmation.is_some());
                if let Some(confirmation) = confirmation {
                    confirmation.encode(out);
                }
            }
            Self::Abort { attempt } => {
                out.u8(ABORT);
                attempt.encode(out);
            }
        })
    }

    /// The message in a body.
    ///
    /// # Errors
    /// The body holds none.
    pub fn from_bytes(body: &[u8]) -> Result<Self, DecodeError> {
        Decoder::whole(body, Self::decode)
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        let what = input.u8("what")?;
        Ok(match what {
            COMMIT => Self::Commit {
                round: RoundId::decode(input, "id")?,
                commitment: Digest32::decode(input, "commitment")?,
            },
            REVEAL => Self::Reveal {
                round: RoundId::decode(input, "id")?,
                nonce: CodeNonce::decode(input, "nonce")?,
            },
            START => Self::Start {
                attempt: AttemptId::decode(input, "id")?,
                to: input.u16("to")?,
                share: ElementBytes::decode(input, "share")?,
                question: question(input)?,
            },
            ANSWER => Self::Answer {
                attempt: AttemptId::decode(input, "id")?,
                share: ElementBytes::decode(input, "share")?,
                confirmation: ConfirmationTag::decode(input, "confirmation")?,
            },
            RESULT => {
                let attempt = AttemptId::decode(input, "id")?;
                let confirmation = match input.flag("same")? {
                    true => Some(ConfirmationTag::decode(input, "confirmation")?),
                    false => None,
                };
                Self::Result {
                    attempt,
                    confirmation,
                }
            }
            ABORT => Self::Abort {
                attempt: AttemptId::decode(input, "id")?,
            },
            other => return Err(DecodeError::unknown(at, "what", other)),
        })
    }
}

fn question(input: &mut Decoder<'_>) -> Result<String, DecodeError> {
    let at = input.offset();
    let bytes = input.opaque(MAX_QUESTION, "question")?;
    let text = core::str::from_utf8(bytes);
    let text = text.map_err(|_| DecodeError::new(at, "question", DecodeErrorKind::NotCanonical))?;
    Ok(text.to_owned())
}
