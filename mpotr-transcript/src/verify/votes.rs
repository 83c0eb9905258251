//! What members asked for, and who was left out. `docs/spec/06-epochs.md`, "Changes".
//!
//! Whether votes were enough is a matter of the rules of the room, and of what its members remember of earlier epochs: it is
//! shown who asked, and not judged.

use mpotr_core::wire::{ContentKind, Vote};
use mpotr_crypto::IdentityKey;

use super::EpochReport;
use super::said::Stated;
use crate::reader::Place;

/// A member votes for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastVote {
    /// Where it does so first.
    pub place: Place,
    /// Its place in the roster.
    pub voter: u16,
    /// What it votes for.
    pub vote: Vote,
}

/// A member of the epoch before whom others there asked to leave out, and who is not in this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The identity key.
    pub identity: IdentityKey,
    /// Who asked for it, by the places in the roster of the epoch before.
    pub by: Vec<u16>,
}

/// What is asked for in statements, each once of a member.
pub(super) fn of(statements: &[Stated]) -> Vec<CastVote> {
    let mut cast: Vec<CastVote> = Vec::new();
    for Stated {
        place,
        author,
        statement,
        ..
    } in statements
    {
        let votes = statement.next.iter().flat_map(|next| &next.votes);
        for vote in votes.filter(|vote| **vote != Vote::Refresh) {
            let is_known = |it: &CastVote| it.voter == *author && it.vote == *vote;
            if !cast.iter().any(is_known) {
                cast.push(CastVote {
                    place: *place,
                    voter: *author,
                    vote: vote.clone(),
                });
            }
        }
    }
    cast
}

/// Who of an epoch was asked to be left out, had not left by itself, and is not in the roster of the next.
pub(super) fn left_out(before: &EpochReport, roster: &[IdentityKey]) -> Vec<LeftOut> {
    let has_left = |member: usize| {
        let mut last_words = before.messages.iter();
        last_words.any(|it| it.kind == ContentKind::Fin && usize::from(it.author) == member)
    };
    let gone = before.roster.iter().enumerate();
    let gone = gone.filter(|(member, identity)| !roster.contains(identity) && !has_left(*member));
    gone.filter_map(|(_, identity)| {
        let against = |it: &&CastVote| it.vote == Vote::Exclude(*identity);
        let by: Vec<_> = before
            .votes
            .iter()
            .filter(against)
            .map(|it| it.voter)
            .collect();
        (!by.is_empty()).then_some(LeftOut {
            identity: *identity,
            by,
        })
    })
    .collect()
}
