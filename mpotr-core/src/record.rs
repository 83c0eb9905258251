//! What a member may keep of a talk: everything signed, as it was signed, and no key. `docs/spec/10-transcripts.md`.
//!
//! A room hands out records only if [`RoomConfig::record`](crate::RoomConfig::record) asks for them. They are the plain
//! objects that were verified here, in the order in which they took effect here. Nothing in them opens a packet: not that of
//! another member, and not one of this member's own.

use mpotr_gka::light::{JoinRecord, LightRecord};
use mpotr_gka::{Confirmation, Contribution, Offer};

use crate::wire::Proposal;

/// Something that a member may keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An epoch begins: all that follows is said in it.
    Run(Box<RunRecord>),
    /// An epoch begins to which a light run led on from the one before.
    LightRun(Box<LightRecord>),
    /// An epoch begins into which this member has come by a light run.
    Joined(Box<JoinRecord>),
    /// A message was delivered, or written by this member.
    Content {
        /// The author's index in the roster.
        author: u16,
        /// Fields, padding and signature: what [`Unverified`](crate::wire::Unverified) decodes.
        signed: Vec<u8>,
    },
    /// A statement was received, or made by this member.
    Statement {
        /// The author's index in the roster.
        author: u16,
        /// Its place in the author's stream of statements.
        number: u32,
        /// Fields, padding and signature: what [`Unverified`](crate::wire::Unverified) decodes.
        signed: Vec<u8>,
    },
}

/// The full run that led to an epoch. Lists are in cycle order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The proposal.
    pub proposal: Proposal,
    /// The offers that it names.
    pub offers: Vec<Offer>,
    /// Round 1.
    pub contributions: Vec<Contribution>,
    /// Round 2.
    pub confirmations: Vec<Confirmation>,
    /// What the confirmations sealed, in clear.
    pub payloads: Vec<Vec<u8>>,
}
