//! Who is shown under which name.
//!
//! A nick belongs to the identity that used it first. Another member that uses it is shown with the first ten digits of
//! its fingerprint behind it, `bob#04711-80815`; a nick can hold no `#`, so nobody can call itself that. A member that
//! has said nothing yet is shown by the digits alone.

use std::collections::BTreeMap;

use mpotr::crypto::{Fingerprint, IdentityKey};

use super::nick::Nick;
use crate::suite::AnySuite;

/// Nicks that one member can come to own. With more it is shown by its fingerprint, so that nobody takes them all.
const MAX_OWNED: usize = 8;

/// The names of the members of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Who used a nick first.
    owners: BTreeMap<Nick, IdentityKey>,
    /// The nick that each member used last.
    current: BTreeMap<IdentityKey, Nick>,
}

impl Names {
    /// Notes that `member` calls itself `nick`. Returns its old name and the new one if the change is one that people
    /// should hear of.
    pub(super) fn note(&mut self, member: IdentityKey, nick: &Nick) -> Option<(String, String)> {
        let before = self.name(&member);
        let owned = self
            .owners
            .values()
            .filter(|owner| **owner == member)
            .count();
        if owned < MAX_OWNED {
            self.owners.entry(nick.clone()).or_insert(member);
        }
        let known = self.current.insert(member, nick.clone());
        let after = self.name(&member);
        (known.is_some() && before != after).then_some((before, after))
    }

    /// The member that is shown under a name, among these.
    pub(super) fn find(
        &self,
        name: &str,
        mut among: impl Iterator<Item = IdentityKey>,
    ) -> Option<IdentityKey> {
        among.find(|member| {
            self.name(member) == name || short(member) == name.trim_start_matches('#')
        })
    }

    /// The name to show for `member`.
    pub(super) fn name(&self, member: &IdentityKey) -> String {
        match self.current.get(member) {
            Some(nick) if self.owners.get(nick) == Some(member) => nick.to_string(),
            Some(nick) => format!("{nick}#{}", short(member)),
            None => format!("#{}", short(member)),
        }
    }
}

/// The first two groups of a fingerprint: 10 digits.
fn short(member: &IdentityKey) -> String {
    let fingerprint = Fingerprint::of::<AnySuite>(member).to_string();
    fingerprint.split(' ').take(2).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use mpotr::crypto::IdentityKey;

    use super::{MAX_OWNED, Names, short};
    use crate::chat::nick::Nick;

    const ALICE: IdentityKey = IdentityKey::new([1; 32]);
    const MALLORY: IdentityKey = IdentityKey::new([2; 32]);

    fn nick(name: &str) -> Nick {
        Nick::new(name).unwrap()
    }

    #[test]
    fn the_first_to_use_a_nick_is_shown_by_it() {
        let mut names = Names::default();
        assert_eq!(names.note(ALICE, &nick("alice")), None);
        assert_eq!(names.name(&ALICE), "alice");
    }

    #[test]
    fn a_member_that_uses_anothers_nick_is_shown_with_its_fingerprint() {
        let mut names = Names::default();
        names.note(ALICE, &nick("alice"));
        assert_eq!(names.note(MALLORY, &nick("alice")), None);
        assert_eq!(names.name(&MALLORY), format!("alice#{}", short(&MALLORY)));
        assert_eq!(names.name(&ALICE), "alice");
    }

    #[test]
    fn a_nick_stays_with_its_first_owner_after_it_took_another() {
        let mut names = Names::default();
        names.note(ALICE, &nick("alice"));
        names.note(ALICE, &nick("al"));
        names.note(MALLORY, &nick("alice"));
        assert!(names.name(&MALLORY).starts_with("alice#"));
        assert_eq!(
            names.note(ALICE, &nick("alice")),
            Some(("al".into(), "alice".into()))
        );
    }

    #[test]
    fn a_change_of_nick_is_told_with_both_names() {
        let mut names = Names::default();
        names.note(ALICE, &nick("alice"));
        names.note(MALLORY, &nick("mallory"));
        let change = names.note(MALLORY, &nick("alice")).unwrap();
        assert_eq!(
            change,
            ("mallory".into(), format!("alice#{}", short(&MALLORY)))
        );
        assert_eq!(names.note(MALLORY, &nick("alice")), None);
    }

    #[test]
    fn nobody_comes_to_own_more_than_a_few_nicks() {
        let mut names = Names::default();
        for number in 0..MAX_OWNED {
            names.note(MALLORY, &nick(&format!("nick{number}")));
            assert!(!names.name(&MALLORY).contains('#'));
        }
        names.note(MALLORY, &nick("alice"));
        assert!(names.name(&MALLORY).starts_with("alice#"));
        names.note(ALICE, &nick("alice"));
        assert_eq!(names.name(&ALICE), "alice");
    }

    #[test]
    fn a_member_that_said_nothing_is_shown_by_ten_digits() {
        let name = Names::default().name(&ALICE);
        assert_eq!(name, format!("#{}", short(&ALICE)));
        assert_eq!(name.len(), 1 + 5 + 1 + 5);
    }
}
