//! The rules of a room as a person writes them: whose word each kind of change needs.
//!
//! ```text
//! anyone          any member
//! 3               so many members together
//! alice,bob.pub   one of these: as `whom` reads them; at the command line, files alone
//! ```

use core::num::NonZeroU16;
use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;
use mpotr::{IdentityKey, MAX_FOUNDERS, Policy, Rekey, Rule};
use mpotr_formats::is_number;

use super::whom::Whom;

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WrittenRule {
    /// Any member.
    Anyone,
    /// So many members.
    Quorum(NonZeroU16),
    /// One of these.
    Founders(Vec<String>),
}

/// Which of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amendment {
    Admit(WrittenRule),
    Exclude(WrittenRule),
    Change(WrittenRule),
    Evidence(bool),
    Rekey(Rekey),
}

/// Whose word changes the rules, where a person has not said it, but has said whose word lets in or leaves out: no fewer. What any
/// one member could undo would bind nobody.
pub(super) fn change_beside(admit: &Rule, exclude: &Rule) -> Rule {
    match (admit, exclude) {
        (Rule::Quorum(admit), Rule::Quorum(exclude)) => Rule::Quorum(*admit.max(exclude)),
        (admit, exclude) if is_anyone(exclude) => admit.clone(),
        (_, exclude) => exclude.clone(),
    }
}

/// Whether any one member may change rules that ask for more than one.
pub(super) fn is_unguarded(policy: &Policy) -> bool {
    let asks_for_more = !is_anyone(&policy.admit) || !is_anyone(&policy.exclude) || policy.evidence;
    asks_for_more && is_anyone(&policy.change)
}

fn is_anyone(rule: &Rule) -> bool {
    match rule {
        Rule::Anyone => true,
        Rule::Quorum(votes) => votes.get() == 1,
        Rule::Founders(_) => false,
    }
}

/// Why a rule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    /// Not one of the forms.
    #[error("a rule is `anyone`, a number of members, or names, with commas between")]
    Form,
    /// More names than a rule can hold.
    #[error("a rule names {MAX_FOUNDERS} founders at most")]
    TooMany,
}

impl core::str::FromStr for WrittenRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text == "anyone" {
            return Ok(Self::Anyone);
        }
        if let Ok(votes) = text.parse() {
            return Ok(Self::Quorum(votes));
        }
        let names: Vec<_> = text.split(',').map(str::trim).map(str::to_owned).collect();
        // A wrong number, and not a fingerprint.
        if matches!(names.as_slice(), [one] if is_number(one) && Whom::parse(one).is_err()) {
            return Err(RuleError::Form);
        }
        if names.iter().any(String::is_empty) {
            return Err(RuleError::Form);
        }
        if names.len() > MAX_FOUNDERS {
            return Err(RuleError::TooMany);
        }
        Ok(Self::Founders(names))
    }
}

impl WrittenRule {
    /// The rule, with the identity that each name means.
    pub(super) fn resolve<E>(
        &self,
        identity: impl Fn(&str) -> Result<IdentityKey, E>,
    ) -> Result<Rule, E> {
        Ok(match self {
            Self::Anyone => Rule::Anyone,
            Self::Quorum(votes) => Rule::Quorum(*votes),
            Self::Founders(names) => Rule::Founders(
                names
                    .iter()
                    .map(|name| identity(name))
                    .collect::<Result<BTreeSet<_>, E>>()?,
            ),
        })
    }

    /// Reads a rule at the command line, where names are files.
    pub(super) fn parse_of_files(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: RuleError| error.of_files())
    }

    /// The rule, whose names are files with public keys.
    pub(super) fn of_files(&self) -> anyhow::Result<Rule> {
        let rule = self.resolve(|name| crate::identity::public_key(&PathBuf::from(name)));
        rule.with_context(|| RuleError::Form.of_files())
    }
}

impl RuleError {
    /// What to tell of it where names are files.
    fn of_files(&self) -> String {
        match self {
            Self::Form => "a rule is `anyone`, a number of members, or files with public keys, with commas between".to_owned(),
            Self::TooMany => self.to_string(),
        }
    }
}

impl Amendment {
    /// Reads what stands behind `/policy`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (which, rule) = text.split_once(' ')?;
        let rule = rule.trim();
        Some(match which {
            "admit" => Self::Admit(rule.parse().ok()?),
            "exclude" => Self::Exclude(rule.parse().ok()?),
            "change" => Self::Change(rule.parse().ok()?),
            "evidence" if rule == "on" => Self::Evidence(true),
            "evidence" if rule == "off" => Self::Evidence(false),
            "rekey" => Self::Rekey(Rekey::ALL.into_iter().find(|it| it.name() == rule)?),
            _ => return None,
        })
    }

    /// The policy with this amendment, for the identity that each name means.
    ///
    /// # Errors
    /// A name that means nobody, or might mean two.
    pub(super) fn apply<E>(
        &self,
        policy: &Policy,
        identity: impl Fn(&str) -> Result<IdentityKey, E>,
    ) -> Result<Policy, E> {
        let mut amended = policy.clone();
        match self {
            Self::Admit(rule) => amended.admit = rule.resolve(identity)?,
            Self::Exclude(rule) => amended.exclude = rule.resolve(identity)?,
            Self::Change(rule) => amended.change = rule.resolve(identity)?,
            Self::Evidence(evidence) => amended.evidence = *evidence,
            Self::Rekey(rekey) => amended.rekey = *rekey,
        }
        Ok(amended)
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Policy, Rekey, Rule};

    use super::{Amendment, RuleError, WrittenRule, change_beside, is_unguarded};

    fn bob(name: &str) -> Result<IdentityKey, String> {
        match name {
            "bob" => Ok(IdentityKey::new([2; 32])),
            _ => Err(name.to_owned()),
        }
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        assert_eq!("anyone".parse(), Ok(WrittenRule::Anyone));
        assert_eq!("3".parse(), Ok(WrittenRule::Quorum(3.try_into().unwrap())));
        let names = WrittenRule::Founders(vec!["alice".to_owned(), "#12".to_owned()]);
        assert_eq!("alice, #12".parse(), Ok(names));
        let whole = ["12345"; 8].join(" ");
        let founders = WrittenRule::Founders(vec![whole.clone(), "bob".to_owned()]);
        assert_eq!(format!("{whole}, bob").parse(), Ok(founders));
        for wrong in ["0", "70000", "3-4", "", "alice,,bob", ","] {
            assert_eq!(
                wrong.parse::<WrittenRule>(),
                Err(RuleError::Form),
                "{wrong}"
            );
        }
    }

    #[test]
    fn at_the_command_line_names_are_files() {
        assert_eq!(
            WrittenRule::parse_of_files("2"),
            "2".parse().map_err(|_| String::new())
        );
        let refused = WrittenRule::parse_of_files("0").unwrap_err();
        assert!(refused.contains("files with public keys"), "{refused}");
        let missing = WrittenRule::parse_of_files("any").unwrap().of_files();
        let missing = format!("{:#}", missing.unwrap_err());
        assert!(
            missing.contains("`anyone`") && missing.contains("cannot read any"),
            "{missing}"
        );
    }

    #[test]
    fn an_amendment_changes_one_rule() {
        let policy = Policy::default();
        let amended = |text: &str| Amendment::parse(text).unwrap().apply(&policy, bob);
        let exclude = amended("exclude 2").unwrap();
        assert_eq!(
            exclude,
            Policy {
                exclude: Rule::Quorum(2.try_into().unwrap()),
                ..policy.clone()
            }
        );
        let change = Rule::Founders([IdentityKey::new([2; 32])].into());
        assert_eq!(
            amended("change bob").unwrap(),
            Policy {
                change,
                ..policy.clone()
            }
        );
        assert!(amended("evidence on").unwrap().evidence);
        assert_eq!(amended("rekey full").unwrap().rekey, Rekey::Full);
        assert_eq!(amended("admit eve"), Err("eve".to_owned()));
    }

    #[test]
    fn rules_that_bind_are_not_changed_by_any_one_member() {
        let quorum = |votes: u16| Rule::Quorum(votes.try_into().unwrap());
        let founders = Rule::Founders([IdentityKey::new([2; 32])].into());
        for (admit, exclude, change) in [
            (Rule::Anyone, Rule::Anyone, Rule::Anyone),
            (Rule::Anyone, quorum(2), quorum(2)),
            (quorum(3), Rule::Anyone, quorum(3)),
            (quorum(3), quorum(2), quorum(3)),
            (quorum(3), quorum(1), quorum(3)),
            (founders.clone(), Rule::Anyone, founders.clone()),
            (quorum(2), founders.clone(), founders),
        ] {
            assert_eq!(
                change_beside(&admit, &exclude),
                change,
                "{admit:?} {exclude:?}"
            );
        }
        let rules = Policy {
            exclude: quorum(2),
            ..Policy::default()
        };
        assert!(is_unguarded(&rules) && !is_unguarded(&Policy::default()));
        assert!(!is_unguarded(&Policy {
            change: quorum(2),
            ..rules
        }));
    }

    #[test]
    fn what_is_no_amendment_is_none() {
        for text in [
            "",
            "admit",
            "admit 0",
            "evidence maybe",
            "rekey no",
            "kick anyone",
        ] {
            assert_eq!(Amendment::parse(text), None, "{text}");
        }
    }
}
