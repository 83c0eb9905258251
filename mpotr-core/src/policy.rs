//! What the members of a room hold in common: methods, and whose word each kind of change needs.
//! `docs/spec/05-wire.md`, "Proposal".

use core::num::NonZeroU16;
use std::collections::BTreeSet;

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder, IdentityKey, wire_enum};
use mpotr_gka::{AgreementId, AuthenticationId};

/// What all members of a room hold in common: part of `sid`, so members with different policies share no epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// The group key agreement.
    pub agreement: AgreementId,
    /// The group authentication.
    pub authentication: AuthenticationId,
    /// Whose word lets a person in.
    pub admit: Rule,
    /// Whose word leaves a member out.
    pub exclude: Rule,
    /// Whose word gives the room another policy.
    pub change: Rule,
    /// Whether a member is left out by votes only if it is proven to have cheated: each member looks at the proof itself. Who
    /// is silent, or has left, is left out without.
    pub evidence: bool,
    /// By which runs those who are in the room change their keys.
    pub rekey: Rekey,
}

/// By which runs those who are in a room change their keys, where nobody comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rekey {
    /// By light runs wherever these do, and by full ones elsewhere: `docs/spec/14-light-runs.md`.
    #[default]
    Light,
    /// By full runs: each proves who it is anew.
    Full,
}

impl Rekey {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Light, Self::Full];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Full => "full",
        }
    }
}

/// Whose word a change needs. A roster changes and its rules stay, so each rule says what holds when those it asks for are
/// no more there: nobody who leaves locks those who stay. Who is to be left out has no vote, so where a rule comes to ask for
/// all, nobody is left out by votes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// That of any one member.
    Anyone,
    /// That of so many members; of all, where these are fewer.
    Quorum(NonZeroU16),
    /// That of one of these, 1 to [`MAX_FOUNDERS`]; of all, where none of these is a member.
    Founders(BTreeSet<IdentityKey>),
}

wire_enum! {
    /// What a rule begins with.
    enum RuleKind: u8 {
        /// Nothing follows.
        Anyone = 0,
        /// The number of votes follows.
        Quorum = 1,
        /// The founders follow.
        Founders = 2,
    }
}

/// The most founders that a rule names.
pub const MAX_FOUNDERS: usize = 64;

/// Why a policy is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A rule names more founders than [`MAX_FOUNDERS`]: nobody would read it.
    #[error("a rule names {founders} founders, and {MAX_FOUNDERS} at most are read")]
    TooManyFounders {
        /// How many it names.
        founders: usize,
    },
    /// A rule asks for the votes of more members than there are.
    #[error("a rule asks for the votes of {votes} members, and there are {members}")]
    QuorumAboveRoster {
        /// The votes that it asks for.
        votes: NonZeroU16,
        /// How many members there are.
        members: usize,
    },
    /// A rule asks for the word of founders, and none of them is a member.
    #[error("a rule asks for the word of founders, none of whom is in the room")]
    NoFounder,
}

/// What a member says to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It asks for it.
    For,
    /// Nothing so far.
    Nothing,
    /// Whatever it says does not count: it is the one to be left out.
    NoVote,
}

impl Rule {
    /// Whether what the members say is enough.
    pub(crate) fn is_met(&self, words: &[(IdentityKey, Word)]) -> bool {
        let votes = words.iter().filter(|(_, word)| *word == Word::For).count();
        let members = words.len();
        let enough = match self {
            Self::Anyone => true,
            Self::Quorum(quorum) => votes >= usize::from(quorum.get()).min(members),
            Self::Founders(founders) => {
                let mut there = words.iter().filter(|(member, _)| founders.contains(member));
                let is_led = there.clone().next().is_some();
                there.any(|(_, word)| *word == Word::For) || (!is_led && votes == members)
            }
        };
        enough && votes > 0
    }

    /// How many members have to ask for it, of those who are there.
    pub(crate) fn need(&self, words: &[(IdentityKey, Word)]) -> usize {
        let members = words.len();
        match self {
            Self::Anyone => 1,
            Self::Quorum(quorum) => usize::from(quorum.get()).min(members),
            Self::Founders(founders) => {
                let is_led = words.iter().any(|(member, _)| founders.contains(member));
                if is_led { 1 } else { members }
            }
        }
    }

    /// How many of those ask for it whose word counts.
    pub(crate) fn have(&self, words: &[(IdentityKey, Word)]) -> usize {
        let votes = words.iter().filter(|(_, word)| *word == Word::For);
        votes
            .filter(|(member, _)| self.counts(member, words))
            .count()
    }

    /// Whether the word of a member can help to what the rule asks for, of those who are there.
    pub(crate) fn counts(&self, member: &IdentityKey, words: &[(IdentityKey, Word)]) -> bool {
        match self {
            Self::Anyone | Self::Quorum(_) => true,
            Self::Founders(founders) => {
                founders.contains(member) || !words.iter().any(|(it, _)| founders.contains(it))
            }
        }
    }

    fn is_readable(&self) -> Result<(), PolicyError> {
        match self {
            Self::Founders(founders) if founders.len() > MAX_FOUNDERS => {
                let founders = founders.len();
                Err(PolicyError::TooManyFounders { founders })
            }
            Self::Founders(founders) if founders.is_empty() => Err(PolicyError::NoFounder),
            Self::Anyone | Self::Quorum(_) | Self::Founders(_) => Ok(()),
        }
    }

    fn fits_size(&self, members: usize) -> Result<(), PolicyError> {
        match self {
            Self::Quorum(votes) if usize::from(votes.get()) > members => {
                let votes = *votes;
                Err(PolicyError::QuorumAboveRoster { votes, members })
            }
            Self::Anyone | Self::Quorum(_) | Self::Founders(_) => Ok(()),
        }
    }

    fn fits(&self, roster: &BTreeSet<IdentityKey>) -> Result<(), PolicyError> {
        match self {
            Self::Founders(founders) if founders.is_disjoint(roster) => Err(PolicyError::NoFounder),
            Self::Anyone | Self::Quorum(_) | Self::Founders(_) => self.fits_size(roster.len()),
        }
    }

    fn encode(&self, out: &mut Encoder) {
        match self {
            Self::Anyone => RuleKind::Anyone.encode(out),
            Self::Quorum(votes) => {
                RuleKind::Quorum.encode(out);
                out.u16(votes.get());
            }
            Self::Founders(founders) => {
                RuleKind::Founders.encode(out);
                out.list::<u8, _>(founders, IdentityKey::encode);
            }
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        match RuleKind::decode(input, "rule")? {
            RuleKind::Anyone => Ok(Self::Anyone),
            RuleKind::Quorum => NonZeroU16::new(input.u16("votes")?)
                .map(Self::Quorum)
                .ok_or(DecodeError::new(at, "rule", NO_VOTES)),
            RuleKind::Founders => {
                let founders =
                    input.set::<u8, _>(1..=MAX_FOUNDERS, "founders", IdentityKey::decode)?;
                Ok(Self::Founders(founders.into_iter().collect()))
            }
        }
    }
}

/// A rule that asks for nobody's word would be met by silence.
const NO_VOTES: DecodeErrorKind = DecodeErrorKind::TooShort {
    length: 0,
    minimum: 1,
};

impl Default for Policy {
    fn default() -> Self {
        Self {
            agreement: AgreementId::BurmesterDesmedt,
            authentication: AuthenticationId::GroupProof,
            admit: Rule::Anyone,
            exclude: Rule::Anyone,
            change: Rule::Anyone,
            evidence: false,
            rekey: Rekey::default(),
        }
    }
}

/// The bits of the last byte of a policy.
const EVIDENCE: u8 = 1;
const LIGHT: u8 = 2;

impl Policy {
    fn rules(&self) -> [&Rule; 3] {
        [&self.admit, &self.exclude, &self.change]
    }

    /// Whether others would read the policy.
    ///
    /// # Errors
    /// A rule names more founders than [`MAX_FOUNDERS`], or none.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.rules().into_iter().try_for_each(Rule::is_readable)
    }

    /// Whether so many members can give the votes that the rules ask for.
    pub(crate) fn check_size(&self, members: usize) -> Result<(), PolicyError> {
        let mut rules = self.rules().into_iter();
        rules.try_for_each(|rule| rule.fits_size(members))
    }

    /// Whether members of a room may ask for the policy: each rule asks for what these can give.
    ///
    /// # Errors
    /// Nobody would read it, or a rule asks for more votes than there are members, or for founders none of whom is one.
    pub fn check_for(&self, roster: &BTreeSet<IdentityKey>) -> Result<(), PolicyError> {
        self.check()?;
        let mut rules = self.rules().into_iter();
        rules.try_for_each(|rule| rule.fits(roster))
    }

    /// `struct { uint8 agreement; uint8 authentication; Rule admit; Rule exclude; Rule change; uint8 bits; } Policy;`, bits:
    /// evidence 1, light runs 2.
    pub fn encode(&self, out: &mut Encoder) {
        self.agreement.encode(out);
        self.authentication.encode(out);
        self.admit.encode(out);
        self.exclude.encode(out);
        self.change.encode(out);
        let evidence = if self.evidence { EVIDENCE } else { 0 };
        let light = match self.rekey {
            Rekey::Light => LIGHT,
            Rekey::Full => 0,
        };
        out.u8(evidence | light);
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// A method or a rule that does not exist, a rule that asks for nobody's word, or founders that are not strictly increasing.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let agreement = AgreementId::decode(input, "agreement")?;
        let authentication = AuthenticationId::decode(input, "authentication")?;
        let admit = Rule::decode(input)?;
        let exclude = Rule::decode(input)?;
        let change = Rule::decode(input)?;
        let bits = input.below((EVIDENCE | LIGHT).saturating_add(1), "bits")?;
        Ok(Self {
            agreement,
            authentication,
            admit,
            exclude,
            change,
            evidence: bits & EVIDENCE != 0,
            rekey: if bits & LIGHT != 0 {
                Rekey::Light
            } else {
                Rekey::Full
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;
    use std::collections::BTreeSet;

    use mpotr_crypto::{DecodeErrorKind, Decoder, Encoder, IdentityKey};

    use super::{MAX_FOUNDERS, Policy, PolicyError, Rule, Word};

    fn key(n: u8) -> IdentityKey {
        IdentityKey::new([n; 32])
    }

    fn quorum(votes: u16) -> Rule {
        Rule::Quorum(NonZeroU16::new(votes).unwrap())
    }

    fn founders(keys: impl IntoIterator<Item = u8>) -> Rule {
        Rule::Founders(keys.into_iter().map(key).collect())
    }

    fn words(said: &str) -> Vec<(IdentityKey, Word)> {
        let word = |letter| match letter {
            '+' => Word::For,
            '.' => Word::Nothing,
            _ => Word::NoVote,
        };
        let words = said.chars().map(word);
        (0..).map(key).zip(words).collect()
    }

    #[test]
    fn a_rule_that_asks_for_nobody_is_not_read() {
        // Methods, then the rule for who lets in: a quorum of none; no founder.
        for rule in [&[1, 0, 0][..], &[2, 0]] {
            let mut bytes = vec![1, 1];
            bytes.extend_from_slice(rule);
            bytes.extend_from_slice(&[0, 0, 0]);
            let error = Decoder::whole(&bytes, Policy::decode).unwrap_err();
            let (length, minimum) = (0, 1);
            assert_eq!(error.kind, DecodeErrorKind::TooShort { length, minimum });
        }
        let policy = Policy {
            admit: quorum(1),
            ..Policy::default()
        };
        let bytes = Encoder::encoded(|out| policy.encode(out));
        assert_eq!(Decoder::whole(&bytes, Policy::decode), Ok(policy));
    }

    #[test]
    fn silence_meets_no_rule() {
        for rule in [Rule::Anyone, quorum(1), quorum(9), founders([0])] {
            assert!(!rule.is_met(&words("...")));
            assert!(!rule.is_met(&words("-")));
            assert!(!rule.is_met(&[]));
            assert!(rule.is_met(&words("+++")));
        }
    }

    #[test]
    fn a_quorum_of_more_than_there_are_is_all_of_them() {
        assert!(quorum(2).is_met(&words("++.")));
        assert!(!quorum(2).is_met(&words("+..")));
        assert!(!quorum(9).is_met(&words("++.")));
        assert!(quorum(9).is_met(&words("+++")));
        // Who is to be left out has no vote: of two who need two votes, neither leaves out the other.
        assert!(quorum(2).is_met(&words("++-")));
        assert!(!quorum(2).is_met(&words("+-")));
        assert!(!quorum(9).is_met(&words("++-")));
    }

    #[test]
    fn without_a_founder_all_have_to_agree_and_a_founder_is_not_outvoted() {
        assert!(founders([2]).is_met(&words("..+")));
        assert!(!founders([2]).is_met(&words("++.")));
        assert!(founders([7]).is_met(&words("+++")));
        assert!(!founders([7]).is_met(&words("++.")));
        // All others cannot leave out the one founder.
        assert!(!founders([2]).is_met(&words("++-")));
    }

    #[test]
    fn a_policy_that_its_members_cannot_use_is_refused() {
        let roster: BTreeSet<_> = (0..3).map(key).collect();
        let check = |rule: Rule| {
            let policy = |admit, exclude, change| Policy {
                admit,
                exclude,
                change,
                ..Policy::default()
            };
            let any = || Rule::Anyone;
            let policies = [
                policy(rule.clone(), any(), any()),
                policy(any(), rule.clone(), any()),
                policy(any(), any(), rule),
            ];
            let checked = policies.map(|policy| policy.check_for(&roster));
            assert!(checked.iter().all(|other| *other == checked[0]));
            checked[0]
        };
        assert_eq!(check(quorum(3)), Ok(()));
        let votes = NonZeroU16::new(4).unwrap();
        let above = PolicyError::QuorumAboveRoster { votes, members: 3 };
        assert_eq!(check(quorum(4)), Err(above));
        assert_eq!(check(founders([2, 9])), Ok(()));
        assert_eq!(check(founders([8, 9])), Err(PolicyError::NoFounder));
        assert_eq!(check(founders([])), Err(PolicyError::NoFounder));
        let founders = MAX_FOUNDERS + 1;
        let many = Rule::Founders((0..).map(key).take(founders).collect());
        assert_eq!(check(many), Err(PolicyError::TooManyFounders { founders }));
    }
}
