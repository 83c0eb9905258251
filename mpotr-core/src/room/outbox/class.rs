//! Which packets leave before which.

use crate::wire::PacketKind;

/// What a packet waits among. All of a class that comes before leave first; within a class, those that came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// All wait for the last one.
    Confirmation,
    /// The same, a round before.
    Contribution,
    /// What begins a run, and asks for what a run needs.
    Proposal,
    /// What a run is made of, and where to offer it.
    Offer,
    /// Texts, and what this member states.
    Talk,
    /// What others have said, for those who missed it.
    Answer,
}

impl Class {
    /// Of a packet of a round of a run, the first or the second.
    pub(super) const fn of_round(round: u8) -> Self {
        match round {
            1 => Self::Contribution,
            _ => Self::Confirmation,
        }
    }

    /// Of a packet of this kind.
    pub(super) const fn of(kind: PacketKind) -> Self {
        match kind {
            PacketKind::Confirmation => Self::Confirmation,
            PacketKind::Contribution => Self::Contribution,
            PacketKind::Proposal
            | PacketKind::Request
            | PacketKind::Light
            | PacketKind::Welcome
            | PacketKind::Ready => Self::Proposal,
            PacketKind::Offer
            | PacketKind::Knock
            | PacketKind::Hello
            | PacketKind::Answer
            | PacketKind::JoinRequest
            | PacketKind::Advert
            | PacketKind::Heard
            | PacketKind::Guests => Self::Offer,
            // What is revealed comes after the last that was said. What is enclosed has the class of what is inside.
            PacketKind::Sealed | PacketKind::Reveal | PacketKind::Enclosed => Self::Talk,
        }
    }
}
