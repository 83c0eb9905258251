//! What others no longer ask for. The room tells that a vote no longer waits for this member's both when it was taken back and
//! when it comes true: which of the two shows in the moments after, and a vote that was taken back is told.

use std::time::Duration;

use mpotr::{IdentityKey, Membership, Told, Vote, Waiting, WaitingReason};
use tokio::time::Instant;

use super::wording::{enumerated, purpose};

/// After such a time, a vote that comes true has shown that it does.
const SHOWS: Duration = Duration::from_secs(3);

/// Votes of others that wait no longer, and who asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Fading {
    votes: Vec<(Vote, Vec<IdentityKey>)>,
    due: Option<Instant>,
    /// Whether the others are leaving this member out: then votes end because it hears no more of them, and nobody took one back.
    is_put_out: bool,
}

impl Fading {
    /// Takes note of what happens.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no vote")]
    pub(super) fn hear(&mut self, event: &Told, me: &IdentityKey, now: Instant) {
        match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Excluding { identity },
                ..
            }) if identity == me => {
                self.is_put_out = true;
                self.votes.clear();
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Excluding { identity },
            }) if identity == me => self.is_put_out = false,
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::AskedOut { by, .. },
            }) => self.fades(Vote::Exclude(*me), by, now),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::AskedOut { .. },
                ..
            }) => self.votes.retain(|(it, _)| *it != Vote::Exclude(*me)),
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::VoteHere { vote, by, .. },
            }) => self.fades(vote.clone(), by, now),
            // Fewer ask for it, or more.
            Told::Waiting(Waiting::For {
                reason: WaitingReason::VoteHere { vote, .. },
                ..
            }) => self.votes.retain(|(it, _)| it != vote),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Excluding { .. } | WaitingReason::Changing { .. },
                ..
            })
            | Told::Membership(Membership::Secure { .. })
            | Told::Membership(Membership::PolicyChanged { .. })
            | Told::Membership(Membership::LeftOut { .. })
            | Told::Membership(Membership::Left { .. })
            | Told::Membership(Membership::Behind)
            | Told::Membership(Membership::Removed) => self.votes.clear(),
            _ => {}
        }
    }

    /// A vote waits no longer, for which these have asked.
    fn fades(&mut self, vote: Vote, by: &[IdentityKey], now: Instant) {
        if self.is_put_out {
            return;
        }
        self.votes.push((vote, by.to_vec()));
        self.due = Some(now.checked_add(SHOWS).unwrap_or(now));
    }

    /// When there may be something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.votes.is_empty())
    }

    /// What was taken back, without what this member asks for itself. `name` tells what a member is called.
    pub(super) fn tell(
        &mut self,
        is_own: impl Fn(&Vote) -> bool,
        name: impl Fn(&IdentityKey) -> String,
    ) -> Vec<String> {
        self.due = None;
        let votes = core::mem::take(&mut self.votes).into_iter();
        let others = votes.filter(|(vote, _)| !is_own(vote));
        let lines = others.map(|(vote, by)| {
            let names: Vec<_> = by.iter().map(&name).collect();
            let ask = if by.len() == 1 { "asks" } else { "ask" };
            format!(
                "{} no longer {ask} {}",
                enumerated(&names),
                purpose(&vote, &name)
            )
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Membership, Told, Vote, Waiting, WaitingReason};
    use tokio::time::Instant;

    use super::{Fading, SHOWS};

    const ALICE: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const ME: IdentityKey = IdentityKey::new([9; 32]);

    fn asked() -> WaitingReason {
        WaitingReason::VoteHere {
            vote: Vote::Exclude(BOB),
            by: vec![ALICE],
            need: 2,
        }
    }

    fn name(key: &IdentityKey) -> String {
        match *key {
            ALICE => "alice".to_owned(),
            ME => "you".to_owned(),
            _ => "bob".to_owned(),
        }
    }

    #[test]
    fn a_vote_that_waits_no_longer_and_does_not_come_true_was_taken_back() {
        let mut fading = Fading::default();
        let now = Instant::now();
        fading.hear(&Told::Waiting(Waiting::Over { reason: asked() }), &ME, now);
        assert_eq!(fading.due(), Some(now + SHOWS));
        let told = fading.tell(|_| false, name);
        assert_eq!(told, ["alice no longer asks to leave bob out"]);
        assert_eq!(fading.due(), None);
    }

    #[test]
    fn who_is_being_left_out_is_not_told_that_votes_were_taken_back() {
        let mut fading = Fading::default();
        let now = Instant::now();
        let out = WaitingReason::Excluding { identity: ME };
        let asked_out = || WaitingReason::AskedOut {
            by: vec![ALICE, BOB],
            have: 2,
            need: 2,
        };
        let begins = Waiting::For {
            reason: out.clone(),
            since: 0,
            until: None,
        };
        fading.hear(&Told::Waiting(begins), &ME, now);
        for reason in [asked_out(), asked()] {
            fading.hear(&Told::Waiting(Waiting::Over { reason }), &ME, now);
        }
        assert_eq!(fading.due(), None);
        // They have taken it back, and then others are heard.
        fading.hear(&Told::Waiting(Waiting::Over { reason: out }), &ME, now);
        let over = Waiting::Over {
            reason: asked_out(),
        };
        fading.hear(&Told::Waiting(over), &ME, now);
        assert_eq!(fading.tell(|_| false, name).len(), 1);
    }

    #[test]
    fn what_comes_true_or_is_asked_by_this_member_too_is_not_told() {
        let mut fading = Fading::default();
        let now = Instant::now();
        fading.hear(&Told::Waiting(Waiting::Over { reason: asked() }), &ME, now);
        fading.hear(
            &Told::Membership(Membership::LeftOut { identity: BOB }),
            &ME,
            now,
        );
        assert_eq!(fading.due(), None);
        fading.hear(&Told::Waiting(Waiting::Over { reason: asked() }), &ME, now);
        assert_eq!(
            fading.tell(|vote| *vote == Vote::Exclude(BOB), name),
            [""; 0]
        );
    }

    #[test]
    fn a_vote_on_this_member_that_was_taken_back_is_told_too() {
        let mut fading = Fading::default();
        let now = Instant::now();
        let asked = |by| WaitingReason::AskedOut {
            by,
            have: 1,
            need: 3,
        };
        let over = |by| Told::Waiting(Waiting::Over { reason: asked(by) });
        fading.hear(&over(vec![ALICE]), &ME, now);
        // Another asks for it, too: told anew.
        let more = Told::Waiting(Waiting::For {
            reason: asked(vec![ALICE, BOB]),
            since: 0,
            until: None,
        });
        fading.hear(&more, &ME, now);
        assert_eq!(fading.due(), None);
        fading.hear(&over(vec![ALICE]), &ME, now);
        assert_eq!(
            fading.tell(|_| false, name),
            ["alice no longer asks to leave you out"]
        );
    }
}
