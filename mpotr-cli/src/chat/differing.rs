//! What keeps others from being in a room with this member: other rules, and what each would type to have the same; another program
//! with the identity of one who is in.

use std::collections::BTreeSet;
use std::time::Duration;

use mpotr::{IdentityKey, Membership, Policy, Rekey, Rule, Told, Waiting, WaitingReason};

use super::conversation::Conversation;
use super::rules::change_beside;
use super::wording::{count, enumerated};

/// Who keeps other rules than this member, as far as that was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Differing(Vec<(Policy, Vec<IdentityKey>)>);

impl Differing {
    /// Takes note of what happens.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no rules")]
    pub(super) fn hear(&mut self, event: &Told) {
        match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::RulesDiffer { policy, by },
                ..
            }) => self.0.push((policy.clone(), by.clone())),
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::RulesDiffer { policy, by },
            }) => self.0.retain(|(of, who)| (of, who) != (policy, by)),
            Told::Membership(Membership::Secure { .. }) => self.0.clear(),
            _ => {}
        }
    }

    /// Whether one does.
    pub(super) fn has(&self, member: &IdentityKey) -> bool {
        self.0.iter().any(|(_, by)| by.contains(member))
    }

    /// Whether anyone does.
    pub(super) const fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// All who do.
    fn all(&self) -> BTreeSet<IdentityKey> {
        self.0.iter().flat_map(|(_, by)| by).copied().collect()
    }
}

impl Conversation {
    /// Who keeps other rules, with its verb.
    pub(super) fn who_keep(&self) -> String {
        let who: Vec<_> = self
            .differing
            .all()
            .iter()
            .map(|it| self.called(it))
            .collect();
        match who.len() {
            0 => "others keep".to_owned(),
            1 => format!("{} keeps", enumerated(&who)),
            _ => format!("{} keep", enumerated(&who)),
        }
    }

    /// What to say now and then as long as others keep other rules.
    pub(super) fn still_differ(&self) -> String {
        let keep = self.who_keep();
        format!(
            "no room begins, since {keep} other rules than you: one of you starts again, with the options that were named"
        )
    }

    /// What to say of others who keep these rules, where the own ones are other.
    pub(super) fn rules_differ(
        &self,
        theirs: &Policy,
        by: &[IdentityKey],
        own: &Policy,
    ) -> Vec<String> {
        let who = match by {
            [] => "others keep".to_owned(),
            [one] => format!("{} keeps", self.called(one)),
            several => {
                let names: Vec<_> = several.iter().map(|it| self.called(it)).collect();
                format!("{} keep", enumerated(&names))
            }
        };
        let mut them = match by {
            [one] => self.called(one),
            _ => "each of them".to_owned(),
        };
        // Of others who are to be there nothing else was heard: they may keep the same.
        let rest = self.door.expected().filter(|it| !by.contains(it));
        let rest: Vec<_> = rest.map(|it| self.called(it)).collect();
        if !by.is_empty() && !rest.is_empty() {
            them = format!(
                "{them}, and {} if the rules are the same there",
                enumerated(&rest)
            );
        }
        let name = |it: &IdentityKey| self.name(it);
        let first = format!(
            "{who} other rules than you, and all who are in one room keep the same; one of you starts again:"
        );
        let you = format!("  you, {}", options(theirs, name));
        match self.is_room_there {
            // Those who are in a room change its rules by /policy alone.
            true => vec![first, you],
            false => vec![first, you, format!("  or {them}, {}", options(own, name))],
        }
    }

    /// What one is called that has said nothing yet, as far as anything is known: the file that it was given by, too.
    pub(super) fn called(&self, member: &IdentityKey) -> String {
        let is_named = self.names.has_nick(member) || self.names.petname(member).is_some();
        let file = match is_named {
            true => String::new(),
            false => self.names.file(member).replace("  ", " "),
        };
        format!("{}{file}", self.name(member))
    }

    /// What to say of another program of a member's identity that wants to come in, for which the member is asked whether it is
    /// there for so long.
    pub(super) fn another_instance(
        &self,
        identity: &IdentityKey,
        lasts: Option<Duration>,
    ) -> Vec<String> {
        let name = self.called(identity);
        let seconds = lasts.map(|lasts| usize::try_from(lasts.as_secs()).unwrap_or(usize::MAX));
        let lasts = match seconds {
            Some(seconds) => format!("for {}", count(seconds, "second")),
            None => "for some time".to_owned(),
        };
        vec![format!(
            "{name} wants to come in from another program, with the same identity: the one that is in the room is asked whether \
             it is there, and gives way if it says nothing {lasts}"
        )]
    }
}

/// The options by which a member begins with these rules.
fn options(policy: &Policy, name: impl Fn(&IdentityKey) -> String) -> String {
    let Policy {
        agreement,
        authentication,
        admit,
        exclude,
        change,
        evidence,
        rekey,
    } = policy;
    let usual = Policy::default();
    if (*agreement, *authentication) != (usual.agreement, usual.authentication) {
        return "with another key agreement, for which this program has no option".to_owned();
    }
    let mut options = Vec::new();
    for (option, rule, default) in [
        ("--admit", admit, &Rule::Anyone),
        ("--exclude", exclude, &Rule::Anyone),
        ("--change", change, &change_beside(admit, exclude)),
    ] {
        if rule != default {
            options.push(format!("{option} {}", written(rule, &name)));
        }
    }
    if *evidence {
        options.push("--evidence".to_owned());
    }
    if *rekey != Rekey::default() {
        options.push(format!("--rekey {}", rekey.name()));
    }
    match options.is_empty() {
        true => "without --admit, --exclude, --change, --evidence and --rekey".to_owned(),
        false => format!("with {} and no other rules", options.join(" ")),
    }
}

/// A rule as the command line takes it: of people by the files with their keys.
fn written(rule: &Rule, name: impl Fn(&IdentityKey) -> String) -> String {
    match rule {
        Rule::Anyone => "anyone".to_owned(),
        Rule::Quorum(votes) if votes.get() == 1 => "anyone".to_owned(),
        Rule::Quorum(votes) => votes.to_string(),
        Rule::Founders(founders) => {
            let names: Vec<_> = founders.iter().map(name).collect();
            format!("FILE.. (the public keys of {})", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr::{IdentityKey, Policy, Rekey, Rule, Told, Waiting, WaitingReason};
    use mpotr_formats::Nick;

    use super::options;
    use crate::chat::conversation::Conversation;
    use crate::chat::door::Door;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);

    fn room() -> Conversation {
        Conversation::new(ME, &Nick::new("me").unwrap(), Door::Open)
    }

    fn by_two() -> Policy {
        let two = Rule::Quorum(2.try_into().unwrap());
        Policy {
            exclude: two.clone(),
            change: two,
            ..Policy::default()
        }
    }

    #[test]
    fn who_keeps_which_rules_is_told_with_what_each_would_type() {
        let mut room = room();
        let bob = room.name(&BOB);
        let own = Policy::default();
        let [first, you, other] = &room.rules_differ(&by_two(), &[BOB], &own)[..] else {
            panic!()
        };
        assert!(
            first.starts_with(&format!("{bob} keeps other rules")),
            "{first}"
        );
        assert_eq!(you, "  you, with --exclude 2 and no other rules");
        assert_eq!(
            *other,
            format!("  or {bob}, without --admit, --exclude, --change, --evidence and --rekey")
        );
        // Rules of a room that is there are those of who comes, or nobody comes.
        room.hear(Told::Waiting(Waiting::For {
            reason: WaitingReason::Outside,
            since: 0,
            until: None,
        }));
        assert_eq!(room.rules_differ(&by_two(), &[BOB], &own).len(), 2);
    }

    /// Of those who are to be there and were not heard nobody knows which rules they keep.
    #[test]
    fn all_who_would_have_to_begin_again_are_named() {
        const CAROL: IdentityKey = IdentityKey::new([3; 32]);
        const DAVE: IdentityKey = IdentityKey::new([4; 32]);
        let files = [(BOB, "bob.pub"), (CAROL, "carol.pub"), (DAVE, "dave.pub")];
        let with = files.map(|(key, file)| (key, file.to_owned()));
        let room = Conversation::new(ME, &Nick::new("me").unwrap(), Door::With(with.into()));
        let own = Policy::default();
        let last = |by: &[IdentityKey]| room.rules_differ(&by_two(), by, &own).pop().unwrap();
        let one = last(&[BOB]);
        let each = |it: &IdentityKey| room.called(it);
        let (bob, rest) = (each(&BOB), [CAROL, DAVE].map(|it| each(&it)).join(" and "));
        assert!(
            one.starts_with(&format!(
                "  or {bob}, and {rest} if the rules are the same there, without"
            )),
            "{one}"
        );
        let all = last(&[BOB, CAROL, DAVE]);
        assert!(all.starts_with("  or each of them, without"), "{all}");
    }

    #[test]
    fn rules_are_written_as_options_are() {
        let name = |_: &IdentityKey| "bob".to_owned();
        let founders = Rule::Founders([BOB].into());
        for (policy, expected) in [
            (
                Policy {
                    change: Rule::Anyone,
                    ..by_two()
                },
                "with --exclude 2 --change anyone and no other rules",
            ),
            (
                Policy {
                    admit: founders.clone(),
                    change: founders,
                    evidence: true,
                    rekey: Rekey::Full,
                    ..Policy::default()
                },
                "with --admit FILE.. (the public keys of bob) --evidence --rekey full and no other rules",
            ),
        ] {
            assert_eq!(options(&policy, name), expected);
        }
    }

    #[test]
    fn another_program_at_the_door_is_told_with_how_long_the_first_has() {
        let told = room().another_instance(&BOB, Some(Duration::from_secs(15)));
        assert!(
            told[0].contains("gives way if it says nothing for 15 seconds"),
            "{told:?}"
        );
    }
}
