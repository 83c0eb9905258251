//! Who is to be left out, and why one is out.

use mpotr::{IdentityKey, Told, Vote, Waiting, WaitingReason};

use super::conversation::Conversation;

impl Conversation {
    /// Why a member is no longer in the room: it has left, or others asked for that, or else it took no part in the last change.
    pub(super) fn why_out(&mut self, member: &IdentityKey) -> String {
        let asked = self.as_asked(&Vote::Exclude(*member));
        let has_left = self.have_left.remove(member);
        match (asked.is_empty(), has_left) {
            (false, _) => format!("is out{asked},"),
            (true, true) => "is out".to_owned(),
            (true, false) => "no longer answered, is out".to_owned(),
        }
    }

    /// Takes note of who is to be left out.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are of no exclusion"
    )]
    pub(super) fn notes_exclusion(&mut self, event: &Told) {
        match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Excluding { identity },
                ..
            }) => {
                self.to_leave_out.insert(*identity);
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Excluding { identity },
            }) => {
                self.to_leave_out.remove(identity);
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::AskedOut { .. },
            }) => self.asked_out_here = None,
            Told::Waiting(Waiting::For {
                reason:
                    WaitingReason::VoteHere {
                        vote: Vote::Exclude(member),
                        by,
                        ..
                    },
                ..
            }) => {
                self.asked_out.insert(*member, by.clone());
            }
            Told::Waiting(Waiting::Over {
                reason:
                    WaitingReason::VoteHere {
                        vote: Vote::Exclude(member),
                        ..
                    },
            }) => {
                self.asked_out.remove(member);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
