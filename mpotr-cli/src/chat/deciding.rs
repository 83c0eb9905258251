//! What members have decided, and who asked for it: the room tells that when the votes are there, and of what comes of it later.

use std::collections::BTreeMap;

use mpotr::{IdentityKey, Membership, Policy, Told, Vote};

use super::conversation::{Conversation, Say, notice};
use super::describing;
use super::wording::{enumerated, purpose};

/// What was decided in this epoch and in the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Decided {
    now: BTreeMap<Vote, Vec<IdentityKey>>,
    before: BTreeMap<Vote, Vec<IdentityKey>>,
}

impl Decided {
    /// Takes note of what happens.
    pub(super) fn hear(&mut self, event: &Told) {
        if let Told::Membership(Membership::Voted { vote, by }) = event {
            self.now.insert(vote.clone(), by.clone());
        }
        if let Told::Membership(Membership::Secure { .. }) = event {
            self.before = core::mem::take(&mut self.now);
        }
    }

    /// Whether the members have decided to become one with another room, of late.
    pub(super) fn is_merging(&self) -> bool {
        let mut votes = self.now.keys().chain(self.before.keys());
        votes.any(|vote| matches!(vote, Vote::Merge(_)))
    }

    /// Who has asked for something that was decided.
    fn by(&self, vote: &Vote) -> &[IdentityKey] {
        let by = self.now.get(vote).or_else(|| self.before.get(vote));
        by.map_or(&[], Vec::as_slice)
    }
}

impl Conversation {
    /// `, as alice asks`, if it is known who asks for something.
    pub(super) fn as_asked(&self, vote: &Vote) -> String {
        match self.decided.by(vote) {
            [] => String::new(),
            [one] if *one == self.me => ", as you ask".to_owned(),
            [one] => format!(", as {} asks", self.called(one)),
            several => format!(", as {} ask", self.names_of(several)),
        }
    }

    /// What these are called, this member last.
    pub(super) fn names_of(&self, members: &[IdentityKey]) -> String {
        let others = members.iter().filter(|it| **it != self.me);
        let mut names: Vec<_> = others.map(|it| self.called(it)).collect();
        if members.contains(&self.me) {
            names.push("you".to_owned());
        }
        enumerated(&names)
    }

    /// What to say when the others have gone on without this member, by the rules that they keep.
    pub(super) fn was_left_out(&self, policy: &Policy) -> Vec<String> {
        vec![format!(
            "the others have left you out{}; to come back, start again: {} may let you in, by /admit {}",
            self.as_asked(&Vote::Exclude(self.me)),
            describing::whose(&policy.admit),
            self.my_fingerprint(),
        )]
    }

    /// What to print of something that was decided, where nothing else tells of it.
    pub(super) fn hears_of_decision(&self, vote: &Vote, by: &[IdentityKey]) -> Vec<Say> {
        let is_own = by == [self.me];
        match vote {
            // The room tells what waits for that, and when it comes.
            Vote::Exclude(_) | Vote::Refresh => Vec::new(),
            _ if is_own => Vec::new(),
            Vote::Policy(_) | Vote::Merge(_) | Vote::Admit(_) => {
                let ask = match by {
                    [one] if *one != self.me => "asks",
                    _ => "ask",
                };
                let is_again = matches!(vote, Vote::Admit(_));
                notice(format!(
                    "{} {ask} {}{}, and the votes for that are there",
                    self.names_of(by),
                    purpose(vote, |it| self.name(it)),
                    if is_again { " again" } else { "" }
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Membership, Told, Vote};
    use mpotr_formats::Nick;

    use crate::chat::conversation::{Conversation, Say};
    use crate::chat::door::Door;
    use crate::chat::testing::secure;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn voted(vote: &Vote, by: &[IdentityKey]) -> Told {
        Told::Membership(Membership::Voted {
            vote: vote.clone(),
            by: by.to_vec(),
        })
    }

    #[test]
    fn who_asked_is_known_until_the_epoch_after_the_one_that_brought_it() {
        let mut room = Conversation::new(ME, &Nick::new("me").unwrap(), Door::Open);
        let out = Vote::Exclude(CAROL);
        assert_eq!(room.as_asked(&out), "");
        assert_eq!(room.hear(voted(&out, &[BOB])), []);
        let bob = room.name(&BOB);
        assert_eq!(room.as_asked(&out), format!(", as {bob} asks"));
        room.hear(secure(9, &[]));
        assert_eq!(room.as_asked(&out), format!(", as {bob} asks"));
        room.hear(secure(9, &[]));
        assert_eq!(room.as_asked(&out), "");
        room.hear(voted(&out, &[ME, BOB]));
        assert_eq!(room.as_asked(&out), format!(", as {bob} and you ask"));
        room.hear(voted(&out, &[ME]));
        assert_eq!(room.as_asked(&out), ", as you ask");
    }

    /// Who has said nothing yet has no name but its digits, and the file by which the person itself has named it.
    #[test]
    fn who_asks_and_has_said_nothing_is_told_with_the_file_of_its_key() {
        let door = Door::With([(BOB, "bob.pub".to_owned())].into());
        let mut room = Conversation::new(ME, &Nick::new("me").unwrap(), door);
        let out = Vote::Exclude(ME);
        room.hear(voted(&out, &[BOB]));
        let digits = room.name(&BOB);
        assert_eq!(room.as_asked(&out), format!(", as {digits} (bob.pub) asks"));
        room.names.note(BOB, &Nick::new("bob").unwrap());
        assert_eq!(room.as_asked(&out), ", as bob asks");
    }

    #[test]
    fn what_shows_by_nothing_else_is_told_with_who_asks() {
        let mut room = Conversation::new(ME, &Nick::new("me").unwrap(), Door::Open);
        let again = Vote::Admit(CAROL);
        let told = room.hear(voted(&again, &[BOB]));
        let [Say::Notice(line)] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(
            line.starts_with(&format!("{} asks to let", room.name(&BOB))),
            "{line}"
        );
        assert!(line.contains(" in again"), "{line}");
        // The person knows what it has asked for itself.
        assert_eq!(room.hear(voted(&again, &[ME])), []);
    }
}
