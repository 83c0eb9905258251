//! What other members ask for, and what a person types to ask for it too.

use std::collections::BTreeSet;

use mpotr::{IdentityKey, Policy, Rule, Vote};

use super::wording::{count, enumerated, fingerprint, purpose};

/// The lines for a vote of others that waits for this member's. `name` tells what a member is called, `word` what means a founder in a
/// command.
pub(super) fn asked(
    vote: &Vote,
    by: &[IdentityKey],
    need: usize,
    present: &Policy,
    name: impl Fn(&IdentityKey) -> String,
    word: impl Fn(&IdentityKey) -> String,
) -> Vec<String> {
    let asks = if by.len() == 1 { "asks" } else { "ask" };
    let names: Vec<_> = by.iter().map(&name).collect();
    let asks = |what: String| {
        let names = enumerated(&names);
        let needed = count(need, "vote");
        format!("{names} {asks} {what}; it takes {needed}, and yours is not given")
    };
    match vote {
        Vote::Exclude(member) => vec![
            asks(format!("to leave {} out", name(member))),
            format!("to agree: /kick {}", fingerprint(member)),
        ],
        Vote::Admit(identity) => vec![
            asks(format!("to let {} in", name(identity))),
            format!("to agree: /admit {}", fingerprint(identity)),
        ],
        Vote::Merge(room) => vec![
            asks(format!("to become one with the room of {room}")),
            format!("to agree: /merge {room}"),
        ],
        Vote::Refresh => vec![asks("for fresh keys".to_owned())],
        Vote::Policy(wanted) => {
            let first = asks("for other rules".to_owned());
            let agree = match &amendments(present, wanted, word)[..] {
                _ if !is_by_commands(present, wanted) => {
                    "they change how keys are agreed on, which this program cannot vote for"
                        .to_owned()
                }
                [one] => format!("to agree: /policy {one}"),
                // Each command asks for one rule, and takes the place of the one before.
                several => format!(
                    "they change {} of the rules at once, which this program cannot vote for: {}",
                    several.len(),
                    several.join("; ")
                ),
            };
            vec![first, agree]
        }
    }
}

/// The lines for what this member asks for, and which takes the votes of others, too. `roster` has the members, `me` is one of them.
pub(super) fn needed(
    (vote, have, need): (&Vote, usize, usize),
    present: &Policy,
    (me, roster): (&IdentityKey, &BTreeSet<IdentityKey>),
    name: impl Fn(&IdentityKey) -> String,
) -> String {
    let what = purpose(vote, &name);
    let more = count(need.saturating_sub(have), "more vote");
    let given = match vote {
        Vote::Admit(identity) => format!("; /admit {} gives it", fingerprint(identity)),
        Vote::Exclude(identity) => format!("; /kick {} gives it", fingerprint(identity)),
        Vote::Merge(room) => format!("; /merge {room} gives it"),
        Vote::Policy(_) | Vote::Refresh => String::new(),
    };
    let out = match vote {
        Vote::Exclude(identity) => Some(identity),
        Vote::Admit(_) | Vote::Merge(_) | Vote::Policy(_) | Vote::Refresh => None,
    };
    match founders_here(rule_on(vote, present), roster, out) {
        Some(founders) => {
            let others = founders.iter().filter(|it| *it != me);
            let names: Vec<_> = others.map(&name).collect();
            format!("{} is needed {what}{given}", vote_of(&names))
        }
        None => format!("{more} needed {what}{given}"),
    }
}

/// The line for votes on this member, `me`, which are fewer than it takes.
pub(super) fn asked_out(
    (by, have, need): (&[IdentityKey], usize, usize),
    present: &Policy,
    (me, roster): (&IdentityKey, &BTreeSet<IdentityKey>),
    name: impl Fn(&IdentityKey) -> String,
) -> String {
    let names: Vec<_> = by.iter().map(&name).collect();
    let ask = if by.len() == 1 { "asks" } else { "ask" };
    let takes = match founders_here(&present.exclude, roster, Some(me)) {
        Some(founders) => {
            let names: Vec<_> = founders.iter().map(&name).collect();
            format!("it takes {} which is not given", vote_of(&names))
        }
        None => {
            let are = if have == 1 { "is" } else { "are" };
            format!(
                "{have} of the {} that it takes {are} there",
                count(need, "vote")
            )
        }
    };
    format!(
        "{} {ask} to leave you out: {takes}; you have none on yourself",
        enumerated(&names)
    )
}

/// Whose word something takes.
fn rule_on<'a>(vote: &Vote, policy: &'a Policy) -> &'a Rule {
    match vote {
        Vote::Admit(_) | Vote::Merge(_) => &policy.admit,
        Vote::Exclude(_) => &policy.exclude,
        Vote::Policy(_) => &policy.change,
        Vote::Refresh => &Rule::Anyone,
    }
}

/// The founders that are here and have a vote, where these decide: who is to be left out has none.
fn founders_here(
    rule: &Rule,
    roster: &BTreeSet<IdentityKey>,
    out: Option<&IdentityKey>,
) -> Option<Vec<IdentityKey>> {
    let Rule::Founders(founders) = rule else {
        return None;
    };
    let here = founders.intersection(roster).copied();
    let here: Vec<_> = here.filter(|it| Some(it) != out).collect();
    (!here.is_empty()).then_some(here)
}

/// The vote of one of these.
fn vote_of(founders: &[String]) -> String {
    match founders {
        [one] => format!("the vote of {one}, the founder who is here,"),
        several => format!("the vote of a founder ({})", enumerated(several)),
    }
}

/// Whether commands can make these other rules: there are some for all rules but those of the agreement on keys.
fn is_by_commands(present: &Policy, wanted: &Policy) -> bool {
    let Policy {
        agreement,
        authentication,
        admit: _,
        exclude: _,
        change: _,
        evidence: _,
        rekey: _,
    } = wanted;
    present.agreement == *agreement && present.authentication == *authentication
}

/// What makes other rules of these, each as it is typed behind `/policy`.
fn amendments(
    present: &Policy,
    wanted: &Policy,
    word: impl Fn(&IdentityKey) -> String,
) -> Vec<String> {
    let rules = [
        ("admit", &present.admit, &wanted.admit),
        ("exclude", &present.exclude, &wanted.exclude),
        ("change", &present.change, &wanted.change),
    ];
    let rules = rules.into_iter().filter(|(_, now, then)| now != then);
    let rules = rules.map(|(what, _, then)| format!("{what} {}", written(then, &word)));
    let evidence = (present.evidence != wanted.evidence).then(|| {
        let on = if wanted.evidence { "on" } else { "off" };
        format!("evidence {on}")
    });
    let rekey = (present.rekey != wanted.rekey).then(|| format!("rekey {}", wanted.rekey.name()));
    rules.chain(evidence).chain(rekey).collect()
}

/// A rule as it is typed.
fn written(rule: &Rule, word: impl Fn(&IdentityKey) -> String) -> String {
    match rule {
        Rule::Anyone => "anyone".to_owned(),
        Rule::Quorum(votes) => votes.to_string(),
        Rule::Founders(founders) => {
            let founders = founders.iter().map(word);
            founders.collect::<Vec<_>>().join(",")
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Policy, Rule, Vote};

    use super::{asked, asked_out, needed};
    use crate::chat::rules::Amendment;
    use crate::chat::wording::fingerprint;

    const ALICE: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);

    fn name(key: &IdentityKey) -> String {
        match *key {
            ALICE => "alice".to_owned(),
            _ => "bob".to_owned(),
        }
    }

    fn word(key: &IdentityKey) -> String {
        fingerprint(key).to_string()
    }

    #[test]
    fn what_is_to_be_typed_is_the_same_vote() {
        let present = Policy::default();
        let founders = Rule::Founders([ALICE, BOB].into());
        for wanted in [
            Policy {
                exclude: Rule::Quorum(2.try_into().unwrap()),
                ..present.clone()
            },
            Policy {
                admit: founders,
                ..present.clone()
            },
            Policy {
                evidence: true,
                ..present.clone()
            },
            Policy {
                rekey: mpotr::Rekey::Full,
                ..present.clone()
            },
        ] {
            let lines = asked(
                &Vote::Policy(wanted.clone()),
                &[ALICE],
                3,
                &present,
                name,
                word,
            );
            let [said, typed] = &lines[..] else {
                panic!("{lines:?}");
            };
            assert_eq!(
                said,
                "alice asks for other rules; it takes 3 votes, and yours is not given"
            );
            let typed = typed.strip_prefix("to agree: /policy ").unwrap();
            let same = Amendment::parse(typed).unwrap().apply(&present, |whole| {
                let all = [ALICE, BOB];
                let meant = all
                    .into_iter()
                    .find(|key| fingerprint(key).to_string() == whole);
                meant.ok_or(whole.to_owned())
            });
            assert_eq!(same, Ok(wanted));
        }
    }

    /// A command that asks for a part of a vote would ask for something else.
    #[test]
    fn rules_that_no_command_changes_are_not_agreed_to_by_one_that_changes_others() {
        let present = Policy::default();
        let pairwise = Policy {
            agreement: mpotr::AgreementId::Pairwise,
            ..present.clone()
        };
        for wanted in [
            Policy {
                admit: Rule::Quorum(2.try_into().unwrap()),
                ..pairwise.clone()
            },
            pairwise,
        ] {
            let lines = asked(&Vote::Policy(wanted), &[ALICE], 3, &present, name, word);
            assert_eq!(
                lines[1],
                "they change how keys are agreed on, which this program cannot vote for"
            );
        }
    }

    #[test]
    fn several_ask_and_one_is_to_go() {
        let lines = asked(
            &Vote::Exclude(BOB),
            &[ALICE, BOB],
            1,
            &Policy::default(),
            name,
            word,
        );
        assert_eq!(
            lines,
            [
                "alice and bob ask to leave bob out; it takes 1 vote, and yours is not given"
                    .to_owned(),
                format!("to agree: /kick {}", fingerprint(&BOB)),
            ]
        );
    }

    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    /// A number says nothing to who looks for those that have to vote.
    #[test]
    fn whose_vote_is_missing_is_told_with_what_is_typed_for_it() {
        let roster = [ALICE, BOB, CAROL].into();
        let by_founders = Policy {
            admit: Rule::Founders([ALICE].into()),
            exclude: Rule::Founders([ALICE, BOB, IdentityKey::new([9; 32])].into()),
            ..Policy::default()
        };
        let kick = format!("/kick {}", fingerprint(&CAROL));
        let admit = format!("/admit {}", fingerprint(&CAROL));
        let told = |vote: &Vote, policy: &Policy, numbers: (usize, usize)| {
            let (have, need) = numbers;
            needed((vote, have, need), policy, (&CAROL, &roster), name)
        };
        assert_eq!(
            told(&Vote::Admit(CAROL), &by_founders, (0, 1)),
            format!(
                "the vote of alice, the founder who is here, is needed to let bob in; {admit} gives it"
            )
        );
        assert_eq!(
            told(&Vote::Exclude(CAROL), &by_founders, (0, 1)),
            format!(
                "the vote of a founder (alice and bob) is needed to leave bob out; {kick} gives it"
            )
        );
        let by_two = Policy {
            exclude: Rule::Quorum(2.try_into().unwrap()),
            ..Policy::default()
        };
        assert_eq!(
            told(&Vote::Exclude(CAROL), &by_two, (1, 2)),
            format!("1 more vote needed to leave bob out; {kick} gives it")
        );
        // Without a founder all have to vote.
        let absent = Policy {
            exclude: Rule::Founders([IdentityKey::new([9; 32])].into()),
            ..Policy::default()
        };
        assert_eq!(
            told(&Vote::Exclude(CAROL), &absent, (1, 3)),
            format!("2 more votes needed to leave bob out; {kick} gives it")
        );
    }

    #[test]
    fn who_is_asked_to_be_left_out_is_told_the_votes_that_there_are() {
        let roster = [ALICE, BOB, CAROL].into();
        let told = |policy: &Policy, numbers: (usize, usize)| {
            let (have, need) = numbers;
            asked_out((&[BOB], have, need), policy, (&CAROL, &roster), name)
        };
        let by_two = Policy {
            exclude: Rule::Quorum(2.try_into().unwrap()),
            ..Policy::default()
        };
        assert_eq!(
            told(&by_two, (1, 2)),
            "bob asks to leave you out: 1 of the 2 votes that it takes is there; you have none on yourself"
        );
        let by_alice = Policy {
            exclude: Rule::Founders([ALICE].into()),
            ..Policy::default()
        };
        assert_eq!(
            told(&by_alice, (0, 1)),
            "bob asks to leave you out: it takes the vote of alice, the founder who is here, which is not given; you have none on \
             yourself"
        );
    }
}
