//! What the members of a room hold in common: methods, and whose word each kind of change needs.
//! `docs/spec/05-wire.md`, "Proposal".

use std::collections::BTreeSet;

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder, IdentityKey};
use mpotr_gka::{AgreementId, AuthenticationId};

/// What all members of a room hold in common: part of `sid`, so members with different policies share no epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// The group key agreement.
    pub agreement: AgreementId,
    /// The group authentication.
    pub authentication: AuthenticationId,
    /// Whose word lets somebody in.
    pub admit: Rule,
    /// Whose word leaves somebody out.
    pub exclude: Rule,
    /// Whose word gives the room another policy.
    pub change: Rule,
    /// Whether a member is left out by votes only if it is proven to have cheated: each member looks at the proof itself. Who
    /// is silent, or has left, is left out without.
    pub evidence: bool,
}

/// Whose word a change needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// That of any one member.
    Anyone,
    /// That of so many members.
    Quorum(u16),
    /// That of one of these.
    Founders(BTreeSet<IdentityKey>),
}

/// The most founders that a rule names.
pub const MAX_FOUNDERS: usize = 64;

impl Rule {
    fn encode(&self, out: &mut Encoder) {
        match self {
            Self::Anyone => out.u8(0),
            Self::Quorum(votes) => {
                out.u8(1);
                out.u16(*votes);
            }
            Self::Founders(founders) => {
                out.u8(2);
                out.u8(u8::try_from(founders.len()).unwrap_or(u8::MAX));
                for founder in founders {
                    founder.encode(out);
                }
            }
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        let error = |kind| DecodeError::new(at, "rule", kind);
        match input.u8("rule")? {
            0 => Ok(Self::Anyone),
            1 => input.u16("votes").map(Self::Quorum),
            2 => {
                let length = usize::from(input.u8("founders")?);
                if length > MAX_FOUNDERS {
                    return Err(error(DecodeErrorKind::TooLong {
                        length,
                        limit: MAX_FOUNDERS,
                    }));
                }
                let founders = (0..length)
                    .map(|_| IdentityKey::decode(input, "founders"))
                    .collect::<Result<Vec<_>, _>>()?;
                if !founders.is_sorted_by(|a, b| a < b) {
                    return Err(error(DecodeErrorKind::NotStrictlyIncreasing));
                }
                Ok(Self::Founders(founders.into_iter().collect()))
            }
            unknown => Err(error(DecodeErrorKind::UnknownValue(unknown.into()))),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            agreement: AgreementId::BurmesterDesmedt,
            authentication: AuthenticationId::GroupProof,
            admit: Rule::Anyone,
            exclude: Rule::Anyone,
            change: Rule::Anyone,
            evidence: false,
        }
    }
}

impl Policy {
    /// Whether no rule names more founders than others would read.
    pub(crate) fn is_readable(&self) -> bool {
        [&self.admit, &self.exclude, &self.change]
            .into_iter()
            .all(|rule| !matches!(rule, Rule::Founders(founders) if founders.len() > MAX_FOUNDERS))
    }

    /// `struct { uint8 agreement; uint8 authentication; Rule admit; Rule exclude; Rule change; uint8 evidence; } Policy;`
    pub fn encode(&self, out: &mut Encoder) {
        out.u8(self.agreement.to_u8());
        out.u8(self.authentication.to_u8());
        self.admit.encode(out);
        self.exclude.encode(out);
        self.change.encode(out);
        out.u8(u8::from(self.evidence));
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// A method or a rule that does not exist, or founders that are not strictly increasing.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let agreement = AgreementId::decode(input, "agreement")?;
        let authentication = AuthenticationId::decode(input, "authentication")?;
        let admit = Rule::decode(input)?;
        let exclude = Rule::decode(input)?;
        let change = Rule::decode(input)?;
        let at = input.offset();
        let evidence = match input.u8("evidence")? {
            0 => false,
            1 => true,
            unknown => {
                let kind = DecodeErrorKind::UnknownValue(unknown.into());
                return Err(DecodeError::new(at, "evidence", kind));
            }
        };
        Ok(Self {
            agreement,
            authentication,
            admit,
            exclude,
            change,
            evidence,
        })
    }
}
