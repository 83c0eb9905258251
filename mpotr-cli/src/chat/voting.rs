//! What other members ask for, and what a person types to ask for it too.

use mpotr::{IdentityKey, Policy, Rule, Vote};

use super::wording::{count, enumerated, fingerprint};

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

    use super::asked;
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
}
