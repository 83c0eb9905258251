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

/// What to tell of a rule by which some of a room of these cannot be left out, or nobody can, and of one that can be met. `name` tells
/// what one is called.
pub(super) fn never_out_by(
    rule: &Rule,
    roster: &BTreeSet<IdentityKey>,
    name: impl Fn(&IdentityKey) -> String,
) -> Option<String> {
    // Nobody can be left out of a room of one by whatever rule.
    let others = roster.len().checked_sub(1).filter(|others| *others > 0)?;
    match rule {
        Rule::Anyone => None,
        Rule::Quorum(_) => leaves_nobody_out(rule, roster.len()).map(|told| {
            format!("{told}; /policy exclude {others} asks for as many as there can be")
        }),
        Rule::Founders(founders) => {
            let mut here = founders.intersection(roster);
            match (here.next(), here.next()) {
                (None, _) => Some(
                    "nobody can be left out as long as no founder is here: all have to vote then, and who is to be left out has \
                     no vote on itself"
                        .to_owned(),
                ),
                (Some(only), None) => Some(format!(
                    "{} cannot be left out: it is the only founder here, and has no vote on itself",
                    name(only)
                )),
                (Some(_), Some(_)) => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mpotr::{IdentityKey, Rule};

    use super::{leaves_nobody_out, never_out_by, why_never_out};

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

    #[test]
    fn a_rule_that_some_or_none_can_be_left_out_by_is_told_with_one_that_can_be_met() {
        let roster: BTreeSet<_> = (1..=3).map(key).collect();
        let told = |rule: &Rule| never_out_by(rule, &roster, |_| "bob".to_owned());
        for rule in [
            Rule::Anyone,
            quorum(2),
            founders([1, 2]),
            founders([1, 2, 9]),
        ] {
            assert_eq!(told(&rule), None, "{rule:?}");
        }
        assert_eq!(
            told(&quorum(3)).unwrap(),
            "nobody can be left out of a room of 3 by 3 votes: who is to be left out has none; /policy exclude 2 asks for as many \
             as there can be"
        );
        assert!(
            told(&founders([2, 9]))
                .unwrap()
                .starts_with("bob cannot be left out")
        );
        assert!(told(&founders([9])).unwrap().contains("no founder is here"));
        let alone = [key(1)].into();
        assert_eq!(never_out_by(&quorum(3), &alone, |_| String::new()), None);
    }
}
