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
    /// Of a packet of this kind.
    pub(super) const fn of(kind: PacketKind) -> Self {
        match kind {
            PacketKind::Confirmation => Self::Confirmation,
            PacketKind::Contribution => Self::Contribution,
            PacketKind::Proposal | PacketKind::Request => Self::Proposal,
            PacketKind::Offer
            | PacketKind::Knock
            | PacketKind::Hello
            | PacketKind::Answer
            | PacketKind::Advert
            | PacketKind::Heard
            | PacketKind::Guests => Self::Offer,
            // What is revealed comes after the last that was said.
            PacketKind::Sealed | PacketKind::Reveal => Self::Talk,
        }
    }
}
