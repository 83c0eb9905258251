//! Whether a member can be left out by votes, by the rule and those who are there: who is to be left out has no vote.
//! `docs/spec/06-epochs.md`, "Changes".

use std::collections::BTreeSet;

use mpotr::{IdentityKey, Rule};

use super::wording::count;

/// Why there cannot be the votes to leave a member out of a room of these, if there cannot. `name` tells what it is called.
pub(super) fn why_never_out(
    rule: &Rule,
    member: &IdentityKey,
    roster: &BTreeSet<IdentityKey>,
    name: impl Fn(&IdentityKey) -> String,
) -> Option<String> {
    let voters = roster.len().saturating_sub(1);
    match rule {
        Rule::Anyone => None,
        Rule::Quorum(votes) => (usize::from(votes.get()) > voters).then(|| {
            format!(
                "it takes {}, and {} can give one: {} has none on itself",
                count(votes.get().into(), "vote"),
                count(voters, "member"),
                name(member)
            )
        }),
        Rule::Founders(founders) => {
            let mut others = founders.intersection(roster).filter(|it| *it != member);
            let is_led = !founders.is_disjoint(roster);
            match others.next() {
                Some(_) => None,
                None if is_led => Some(format!(
                    "it takes the vote of a founder, and {} is the only one here",
                    name(member)
                )),
                None => Some(format!(
                    "no founder is here, so that all have to vote, and {} has no vote on itself",
                    name(member)
                )),
            }
        }
    }
}

/// What to tell of a rule by which nobody is ever left out of a room of so many.
pub(super) fn leaves_nobody_out(rule: &Rule, members: usize) -> Option<String> {
    match rule {
        Rule::Quorum(votes) if usize::from(votes.get()) >= members => Some(format!(
            "nobody can be left out of a room of {members} by {}: who is to be left out has none",
            count(votes.get().into(), "vote")
        )),
        Rule::Quorum(_) | Rule::Anyone | Rule::Founders(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mpotr::{IdentityKey, Rule};

    use super::{leaves_nobody_out, why_never_out};

    fn key(number: u8) -> IdentityKey {
        IdentityKey::new([number; 32])
    }

    fn quorum(votes: u16) -> Rule {
        Rule::Quorum(votes.try_into().unwrap())
    }

    fn founders(numbers: impl IntoIterator<Item = u8>) -> Rule {
        Rule::Founders(numbers.into_iter().map(key).collect())
    }

    #[test]
    fn who_is_to_be_left_out_gives_no_vote() {
        let roster: BTreeSet<_> = (1..=3).map(key).collect();
        let why =
            |rule: Rule, who: u8| why_never_out(&rule, &key(who), &roster, |_| "bob".to_owned());
        for rule in [
            Rule::Anyone,
            quorum(1),
            quorum(2),
            founders([1]),
            founders([1, 2]),
        ] {
            assert_eq!(why(rule.clone(), 2), None, "{rule:?}");
        }
        assert_eq!(
            why(quorum(3), 2).unwrap(),
            "it takes 3 votes, and 2 members can give one: bob has none on itself"
        );
        assert!(why(founders([2]), 2).unwrap().contains("the only one here"));
        assert!(
            why(founders([9]), 2)
                .unwrap()
                .contains("no founder is here")
        );
    }

    #[test]
    fn a_rule_that_leaves_nobody_out_is_told_by_the_number_of_members() {
        assert_eq!(leaves_nobody_out(&quorum(2), 3), None);
        assert_eq!(leaves_nobody_out(&Rule::Anyone, 2), None);
        assert_eq!(
            leaves_nobody_out(&quorum(3), 3).unwrap(),
            "nobody can be left out of a room of 3 by 3 votes: who is to be left out has none"
        );
    }
}
