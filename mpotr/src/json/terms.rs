//! Rules, votes, who is let in, and what an author has seen.

use core::num::NonZeroU16;
use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::{AgreementId, AuthenticationId, EpochName, Sid};
use mpotr_core::{Admission, Policy, Rekey, Rule, Seen, Vote};

use super::{FromHex as _, Hex, word};

/// Keys, each once.
type Keys = BTreeSet<Hex<IdentityKey>>;

fn keys(of: &BTreeSet<IdentityKey>) -> Keys {
    of.iter().copied().map(Hex).collect()
}

fn identities(keys: Keys) -> BTreeSet<IdentityKey> {
    keys.into_iter().map(|Hex(key)| key).collect()
}

/// A [`Rule`]: `"anyone"`, `{"quorum":2}` or `{"founders":[key]}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleJson {
    /// That of any one member.
    Anyone,
    /// That of so many members.
    Quorum(NonZeroU16),
    /// That of one of these.
    Founders(Keys),
}

impl From<&Rule> for RuleJson {
    fn from(rule: &Rule) -> Self {
        match rule {
            Rule::Anyone => Self::Anyone,
            Rule::Quorum(votes) => Self::Quorum(*votes),
            Rule::Founders(founders) => Self::Founders(keys(founders)),
        }
    }
}

impl From<RuleJson> for Rule {
    fn from(rule: RuleJson) -> Self {
        match rule {
            RuleJson::Anyone => Self::Anyone,
            RuleJson::Quorum(votes) => Self::Quorum(votes),
            RuleJson::Founders(founders) => Self::Founders(identities(founders)),
        }
    }
}

/// A [`Policy`], whole where it is written. Where it is read, what is not named stays as it is: [`PolicyJson::over`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyJson {
    #[serde(with = "agreement", skip_serializing_if = "Option::is_none")]
    agreement: Option<AgreementId>,
    #[serde(with = "authentication", skip_serializing_if = "Option::is_none")]
    authentication: Option<AuthenticationId>,
    admit: Option<RuleJson>,
    exclude: Option<RuleJson>,
    change: Option<RuleJson>,
    evidence: Option<bool>,
    #[serde(with = "rekey", skip_serializing_if = "Option::is_none")]
    rekey: Option<Rekey>,
}

impl PolicyJson {
    /// A policy, changed as it is written here.
    #[must_use]
    pub fn over(self, policy: &Policy) -> Policy {
        let rule = |change: Option<RuleJson>, rule: &Rule| match change {
            Some(change) => change.into(),
            None => rule.clone(),
        };
        Policy {
            agreement: self.agreement.unwrap_or(policy.agreement),
            authentication: self.authentication.unwrap_or(policy.authentication),
            admit: rule(self.admit, &policy.admit),
            exclude: rule(self.exclude, &policy.exclude),
            change: rule(self.change, &policy.change),
            evidence: self.evidence.unwrap_or(policy.evidence),
            rekey: self.rekey.unwrap_or(policy.rekey),
        }
    }
}

impl From<&Policy> for PolicyJson {
    fn from(policy: &Policy) -> Self {
        Self {
            agreement: Some(policy.agreement),
            authentication: Some(policy.authentication),
            admit: Some((&policy.admit).into()),
            exclude: Some((&policy.exclude).into()),
            change: Some((&policy.change).into()),
            evidence: Some(policy.evidence),
            rekey: Some(policy.rekey),
        }
    }
}

/// What has a name in a policy, as modules for serde.
macro_rules! named {
    ($($module:ident: $name:ident)+) => {
        $(mod $module {
            use super::*;

            pub(super) fn serialize<S: Serializer>(id: &Option<$name>, serializer: S) -> Result<S::Ok, S::Error> {
                id.map($name::name).serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$name>, D::Error> {
                word(deserializer, &$name::ALL, $name::name).map(Some)
            }
        })+
    };
}

named! {
    agreement: AgreementId
    authentication: AuthenticationId
    rekey: Rekey
}

/// A [`Vote`]: `{"admit":key}`, `{"exclude":key}`, `{"policy":policy}`, `{"merge":epoch}` or `"refresh"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteJson {
    /// Fresh keys.
    Refresh,
    /// That an identity be let in.
    Admit(Hex<IdentityKey>),
    /// That a member be left out.
    Exclude(Hex<IdentityKey>),
    /// Other rules. To be read, it is whole.
    Policy(PolicyJson),
    /// That this room and that of an epoch become one.
    Merge(Hex<EpochName>),
}

impl From<&Vote> for VoteJson {
    fn from(vote: &Vote) -> Self {
        match vote {
            Vote::Refresh => Self::Refresh,
            Vote::Admit(identity) => Self::Admit(Hex(*identity)),
            Vote::Exclude(identity) => Self::Exclude(Hex(*identity)),
            Vote::Policy(policy) => Self::Policy(policy.into()),
            Vote::Merge(epoch) => Self::Merge(Hex(*epoch)),
        }
    }
}

impl From<VoteJson> for Vote {
    fn from(vote: VoteJson) -> Self {
        match vote {
            VoteJson::Refresh => Self::Refresh,
            VoteJson::Admit(Hex(identity)) => Self::Admit(identity),
            VoteJson::Exclude(Hex(identity)) => Self::Exclude(identity),
            VoteJson::Policy(policy) => Self::Policy(policy.over(&Policy::default())),
            VoteJson::Merge(Hex(epoch)) => Self::Merge(epoch),
        }
    }
}

/// An [`Admission`]: `{"only":[key]}`, `{"ask":[key]}` or `"open"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionJson {
    /// These and no others.
    Only(Keys),
    /// These; others by `admit`.
    Ask(Keys),
    /// Anyone.
    Open,
}

impl From<AdmissionJson> for Admission {
    fn from(admission: AdmissionJson) -> Self {
        match admission {
            AdmissionJson::Only(keys) => Self::Only(identities(keys)),
            AdmissionJson::Ask(keys) => Self::Ask(identities(keys)),
            AdmissionJson::Open => Self::Open,
        }
    }
}

/// What an author has [`Seen`]: the `sid` of a `secure` event, or `"expected"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenJson(
    /// What it has seen.
    pub Seen,
);

impl<'de> Deserialize<'de> for SeenJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| match text {
            "expected" => Some(Self(Seen::Expected)),
            sid => Sid::from_hex(sid).map(Seen::Epoch).map(Self),
        };
        let expected = "a sid in lower-case hexadecimal, or \"expected\"";
        deserializer.deserialize_str(super::Text(read, expected, core::marker::PhantomData))
    }
}
