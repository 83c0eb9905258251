//! What the room waits for at this moment, for whom sees it at any time.

use mpotr::{Membership, Policy, Told, Waiting, WaitingReason};

use super::conversation::Conversation;
use super::view::{Kind, Pinned};
use super::wording::{enumerated, fingerprint};
use super::{voting, wording};

/// What the room waits for, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Reasons {
    reasons: Vec<WaitingReason>,
    /// Whether members agree on a key.
    is_agreeing: bool,
}

impl Reasons {
    /// Takes note of what the room tells.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others begin and end no waiting"
    )]
    pub(super) fn hear(&mut self, event: &Told) {
        match event {
            Told::Waiting(Waiting::For { reason, .. }) => {
                self.reasons.retain(|it| it != reason);
                self.reasons.push(reason.clone());
            }
            Told::Waiting(Waiting::Over { reason }) => self.reasons.retain(|it| it != reason),
            Told::Membership(Membership::Agreeing { .. }) => self.is_agreeing = true,
            Told::Membership(Membership::AgreementFailed { .. })
            | Told::Membership(Membership::Secure { .. })
            | Told::Membership(Membership::Behind)
            | Told::Membership(Membership::Removed) => self.is_agreeing = false,
            _ => {}
        }
    }

    /// Whether members agree on a key.
    pub(super) const fn is_agreeing(&self) -> bool {
        self.is_agreeing
    }

    /// Whether nobody else is there.
    pub(super) fn is_alone(&self) -> bool {
        self.reasons.contains(&WaitingReason::Alone)
    }

    /// A line for each, votes first.
    pub(super) fn pinned(&self, conversation: &Conversation, policy: &Policy) -> Vec<Pinned> {
        let pinned = self.reasons.iter();
        let mut pinned: Vec<_> = pinned
            .filter_map(|it| pin(it, conversation, policy))
            .collect();
        pinned.sort_by_key(|it| it.kind != Kind::Vote);
        pinned
    }
}

/// The line for what the room waits for.
fn pin(reason: &WaitingReason, conversation: &Conversation, policy: &Policy) -> Option<Pinned> {
    if let Some(line) = vote(reason, conversation, policy) {
        let kind = Kind::Vote;
        return Some(Pinned { kind, line });
    }
    let name = |it: &_| conversation.name(it);
    if let WaitingReason::AdmitHere { claimed, .. } = reason {
        // Those are listed by what is done about them.
        return (!is_at_door(conversation, claimed)).then(|| Pinned {
            kind: Kind::Door,
            line: format!(
                "{} waits for your word: /admit {}",
                name(claimed),
                fingerprint(claimed)
            ),
        });
    }
    let line = wait(reason, conversation)?;
    let kind = Kind::Waits;
    Some(Pinned { kind, line })
}

/// What members decide about, if it is that.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no vote")]
fn vote(reason: &WaitingReason, conversation: &Conversation, policy: &Policy) -> Option<String> {
    let name = |it: &_| conversation.name(it);
    let (me, roster) = (&conversation.me, conversation.inside().collect());
    Some(match reason {
        WaitingReason::VoteHere { vote, by, need } => {
            let word = |it: &_| conversation.word_for_anyone(it);
            voting::asked(vote, by, *need, policy, name, word).join("; ")
        }
        WaitingReason::NeedsVotes { vote, have, need } => {
            voting::needed((vote, *have, *need), policy, (me, &roster), name)
        }
        WaitingReason::AskedOut { by, have, need } => {
            voting::asked_out((by, *have, *need), policy, (me, &roster), name)
        }
        WaitingReason::Excluding { identity } if identity == me => {
            "the others are leaving you out; what you type waits".to_owned()
        }
        WaitingReason::Excluding { identity } => {
            format!("what you type waits until {} is out", name(identity))
        }
        _ => return None,
    })
}

/// What else the room waits for.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others are told in the same words as when they begin"
)]
fn wait(reason: &WaitingReason, conversation: &Conversation) -> Option<String> {
    let name = |it: &_| conversation.name(it);
    let names = |members: &[_]| {
        let names: Vec<_> = members.iter().map(name).collect();
        enumerated(&names)
    };
    Some(match reason {
        WaitingReason::Alone => "nobody else is here".to_owned(),
        WaitingReason::NotFinal { waiting_for } => format!(
            "what was said is not final yet, for want of a word from {}",
            names(waiting_for)
        ),
        WaitingReason::AnotherInstance { identity } => {
            format!("another program of {} asks to come in", name(identity))
        }
        WaitingReason::NotAdmitted { identity, missing } => {
            conversation.keeps_out(identity, missing)
        }
        WaitingReason::RulesDiffer { by, .. } => format!("other rules than yours: {}", names(by)),
        other => return wording::waiting(other, name),
    })
}

/// Whether one waits outside for this person's word.
pub(super) fn is_at_door(conversation: &Conversation, claimed: &mpotr::IdentityKey) -> bool {
    conversation.door.can_admit(claimed)
        && conversation.needs_word(claimed)
        && conversation.waiting.listed().contains(claimed)
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Policy, Told, Vote, Waiting, WaitingReason};
    use mpotr_formats::Nick;

    use super::Reasons;
    use crate::chat::conversation::Conversation;
    use crate::chat::door::Door;
    use crate::chat::view::Kind;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn waits(reason: WaitingReason) -> Told {
        Told::Waiting(Waiting::For {
            reason,
            since: 0,
            until: None,
        })
    }

    #[test]
    fn what_the_room_waits_for_is_there_until_it_is_over_and_votes_come_first() {
        let nick = Nick::new("me").unwrap();
        let conversation = Conversation::new(ME, &nick, Door::Open);
        let mut reasons = Reasons::default();
        let asked = WaitingReason::VoteHere {
            vote: Vote::Exclude(EVE),
            by: vec![BOB],
            need: 2,
        };
        reasons.hear(&waits(WaitingReason::Alone));
        reasons.hear(&waits(asked.clone()));
        // Told again, it is one reason.
        reasons.hear(&waits(asked.clone()));
        assert!(reasons.is_alone());
        let policy = Policy::default();
        let pinned = reasons.pinned(&conversation, &policy);
        let kinds: Vec<_> = pinned.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [Kind::Vote, Kind::Waits]);
        let line = &pinned[0].line;
        assert!(
            line.contains("it takes 2 votes") && line.contains("to agree: /kick "),
            "{line}"
        );
        reasons.hear(&Told::Waiting(Waiting::Over { reason: asked }));
        reasons.hear(&Told::Waiting(Waiting::Over {
            reason: WaitingReason::Alone,
        }));
        assert_eq!(reasons.pinned(&conversation, &policy), []);
    }

    #[test]
    fn each_reason_has_a_line_of_its_own() {
        let nick = Nick::new("me").unwrap();
        let conversation = Conversation::new(ME, &nick, Door::Open);
        let all = [
            WaitingReason::Alone,
            WaitingReason::Outside,
            WaitingReason::AdmitHere {
                claimed: BOB,
                by: vec![EVE],
            },
            WaitingReason::Gathering { have: 1, want: 3 },
            WaitingReason::Agreeing { missing: vec![BOB] },
            WaitingReason::Changing { missing: vec![BOB] },
            WaitingReason::RulesDiffer {
                policy: Policy::default(),
                by: vec![BOB],
            },
            WaitingReason::OtherSuite { theirs: vec![1] },
            WaitingReason::OtherVersion { theirs: vec![2] },
            WaitingReason::IdentityInRoom,
            WaitingReason::AnotherInstance { identity: BOB },
            WaitingReason::Excluding { identity: BOB },
            WaitingReason::Excluding { identity: ME },
            WaitingReason::NeedsVotes {
                vote: Vote::Admit(BOB),
                have: 1,
                need: 2,
            },
            WaitingReason::AskedOut {
                by: vec![BOB],
                have: 1,
                need: 2,
            },
            WaitingReason::NotAdmitted {
                identity: BOB,
                missing: vec![EVE],
            },
            WaitingReason::NotFinal {
                waiting_for: vec![BOB],
            },
            WaitingReason::Expired,
        ];
        let mut reasons = Reasons::default();
        for reason in &all {
            reasons.hear(&waits(reason.clone()));
        }
        let pinned = reasons.pinned(&conversation, &Policy::default());
        assert_eq!(pinned.len(), all.len());
        let lines: std::collections::BTreeSet<_> = pinned.iter().map(|it| &it.line).collect();
        assert_eq!(lines.len(), all.len());
    }
}
