//! The rules of a room as a script writes them: `docs/spec/10-transcripts.md`, "Script".
//!
//! ```text
//! admit 3                     so many members together
//! exclude alice,bob           one of these
//! change anyone               any member
//! evidence on                 votes leave out only who is proven to have cheated
//! rekey light                 light runs where these do
//! agreement pairwise          the key agreement
//! authentication 3dh          how members prove who they are
//! ```

use core::num::NonZeroU16;

use mpotr_core::gka::{AgreementId, AuthenticationId};
use mpotr_core::{MAX_FOUNDERS, Policy, Rekey, Rule};
use mpotr_crypto::IdentityKey;

/// Whose word a change needs. Members are named by their place, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The word of any member.
    Anyone,
    /// The word of so many members.
    Together(NonZeroU16),
    /// The word of one of these, at most 64.
    OneOf(Vec<usize>),
}

/// A change of one field of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// Whose word lets a person in.
    Admit(Whose),
    /// Whose word leaves a member out.
    Exclude(Whose),
    /// Whose word changes the policy.
    Change(Whose),
    /// Whether votes leave out only who is proven to have cheated.
    Evidence(bool),
    /// By which runs those who are in the room change their keys.
    Rekey(Rekey),
    /// The key agreement.
    Agreement(AgreementId),
    /// The authentication.
    Authentication(AuthenticationId),
}

impl Amendment {
    /// Reads an amendment about members of these names. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str, names: &[String]) -> Option<Self> {
        let (what, how) = text.trim().split_once(' ')?;
        let how = how.trim();
        let whose = || Whose::parse(how, names);
        match what {
            "admit" => whose().map(Self::Admit),
            "exclude" => whose().map(Self::Exclude),
            "change" => whose().map(Self::Change),
            "evidence" => match how {
                "on" => Some(Self::Evidence(true)),
                "off" => Some(Self::Evidence(false)),
                _ => None,
            },
            "rekey" => {
                let mut all = Rekey::ALL.into_iter();
                all.find(|it| it.name() == how).map(Self::Rekey)
            }
            "agreement" => {
                let mut all = AgreementId::ALL.into_iter();
                all.find(|it| it.name() == how).map(Self::Agreement)
            }
            "authentication" => {
                let mut all = AuthenticationId::ALL.into_iter();
                all.find(|it| it.name() == how).map(Self::Authentication)
            }
            _ => None,
        }
    }

    /// The policy with this amendment, among members of these identities.
    #[must_use]
    pub fn apply(&self, policy: &Policy, members: &[IdentityKey]) -> Policy {
        let mut amended = policy.clone();
        match self {
            Self::Admit(whose) => amended.admit = whose.rule(members),
            Self::Exclude(whose) => amended.exclude = whose.rule(members),
            Self::Change(whose) => amended.change = whose.rule(members),
            Self::Evidence(evidence) => amended.evidence = *evidence,
            Self::Rekey(rekey) => amended.rekey = *rekey,
            Self::Agreement(agreement) => amended.agreement = *agreement,
            Self::Authentication(authentication) => amended.authentication = *authentication,
        }
        amended
    }
}

impl Whose {
    fn parse(text: &str, names: &[String]) -> Option<Self> {
        if text == "anyone" {
            return Some(Self::Anyone);
        }
        if let Ok(votes) = text.parse() {
            return Some(Self::Together(votes));
        }
        let place = |name: &str| names.iter().position(|other| other == name.trim());
        let founders: Vec<_> = text.split(',').map(place).collect::<Option<_>>()?;
        (founders.len() <= MAX_FOUNDERS).then_some(Self::OneOf(founders))
    }

    fn rule(&self, members: &[IdentityKey]) -> Rule {
        match self {
            Self::Anyone => Rule::Anyone,
            Self::Together(votes) => Rule::Quorum(*votes),
            Self::OneOf(founders) => {
                let founders = founders.iter().filter_map(|place| members.get(*place));
                Rule::Founders(founders.copied().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::gka::{AgreementId, AuthenticationId};
    use mpotr_core::{Policy, Rekey, Rule};
    use mpotr_crypto::IdentityKey;

    use super::Amendment;

    const MEMBERS: [IdentityKey; 2] = [IdentityKey::new([1; 32]), IdentityKey::new([2; 32])];

    fn amended(text: &str) -> Option<Policy> {
        let names = ["alice", "bob"].map(str::to_owned);
        let amendment = Amendment::parse(text, &names)?;
        Some(amendment.apply(&Policy::default(), &MEMBERS))
    }

    #[test]
    fn an_amendment_changes_one_thing() {
        let default = Policy::default;
        let admit = Rule::Quorum(2.try_into().unwrap());
        let change = Rule::Founders([MEMBERS[1], MEMBERS[0]].into());
        for (text, policy) in [
            ("admit 2", Policy { admit, ..default() }),
            ("exclude anyone", default()),
            (
                "change bob, alice",
                Policy {
                    change,
                    ..default()
                },
            ),
            (
                "evidence on",
                Policy {
                    evidence: true,
                    ..default()
                },
            ),
            (
                "rekey full",
                Policy {
                    rekey: Rekey::Full,
                    ..default()
                },
            ),
            (
                "agreement pairwise",
                Policy {
                    agreement: AgreementId::Pairwise,
                    ..default()
                },
            ),
            (
                "authentication 3dh",
                Policy {
                    authentication: AuthenticationId::TripleDh,
                    ..default()
                },
            ),
        ] {
            assert_eq!(amended(text), Some(policy), "{text}");
        }
    }

    #[test]
    fn what_is_no_amendment_is_none() {
        for text in [
            "",
            "admit",
            "admit 0",
            "admit 70000",
            "admit eve",
            "admit alice,",
            "evidence maybe",
            "agreement x",
            "kick anyone",
        ] {
            assert_eq!(amended(text), None, "{text}");
        }
    }
}
