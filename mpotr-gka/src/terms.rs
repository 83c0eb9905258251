//! What the proposer of a run states besides the roster. `docs/spec/04-key-agreement.md`, "Terms".

use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, Encoder, Group, byte_newtype};

use crate::fault::{Fault, FaultKind};
use crate::member::RunMember;
use crate::methods::AuthenticationId;
use crate::methods::Methods;
use crate::roster::RosterError;
use crate::sid::Sid;
use mpotr_crypto::Element;

byte_newtype! {
    /// The sum of the knowledge commitments `R_j` of a roster, as its proposer states it: an encoded element, 32 bytes. A run
    /// of triple Diffie-Hellman, which has no joint-knowledge check, has none.
    CommitmentSum
}

/// What stands on the wire where no sum is stated.
const ZERO: CommitmentSum = CommitmentSum::new([0; 32]);

impl CommitmentSum {
    /// Writes what a proposer states: a sum, or 32 zero bytes for none.
    pub fn encode_stated(stated: Option<Self>, out: &mut Encoder) {
        stated.unwrap_or(ZERO).encode(out);
    }

    /// Reads what a proposer states.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn decode_stated(
        input: &mut Decoder<'_>,
        field: &'static str,
    ) -> Result<Option<Self>, DecodeError> {
        let stated = Self::decode(input, field)?;
        Ok((stated != ZERO).then_some(stated))
    }

    /// What an honest proposer states for a roster: `sum R_j` for a group proof, nothing otherwise.
    ///
    /// # Errors
    /// [`RosterError::UndecodableKey`] with the first member whose `R` is no element.
    pub fn of<'a, S: CryptoSuite>(
        authentication: AuthenticationId,
        members: impl IntoIterator<Item = &'a RunMember<S>>,
    ) -> Result<Option<Self>, RosterError> {
        match authentication {
            AuthenticationId::GroupProof => {
                let commitments = decode_all(members)
                    .map_err(|members| RosterError::undecodable(members.first().copied()))?;
                let sum = S::Group::encode(&S::Group::sum(&commitments));
                Ok(Some(Self::new(sum)))
            }
            AuthenticationId::TripleDh => Ok(None),
        }
    }

    /// The element that is stated. `None` inside where none is needed.
    pub(crate) fn element<S: CryptoSuite>(
        stated: Option<&Self>,
        authentication: AuthenticationId,
    ) -> Result<Option<Element<S>>, RosterError> {
        match (authentication, stated) {
            // Zero encodes the identity, to which the commitments of honest members do not add up.
            (AuthenticationId::GroupProof, Some(stated)) => S::Group::decode(stated.as_bytes())
                .filter(|_| *stated != ZERO)
                .map(Some)
                .ok_or(RosterError::CommitmentSum),
            (AuthenticationId::TripleDh, None) => Ok(None),
            (AuthenticationId::GroupProof, None) | (AuthenticationId::TripleDh, Some(_)) => {
                Err(RosterError::CommitmentSum)
            }
        }
    }

    /// The commitments of all members, if they add up to this sum.
    ///
    /// # Errors
    /// A fault of the members whose commitments do not decode and of the proposer who listed them, or of the proposer
    /// whose sum is wrong: an honest one has decoded and added up all of them.
    pub(crate) fn open<S: CryptoSuite>(
        &self,
        proposer: usize,
        members: &[RunMember<S>],
    ) -> Result<Vec<Element<S>>, Fault> {
        let commitments = decode_all(members).map_err(|mut culprits| {
            culprits.push(proposer);
            culprits.sort_unstable();
            culprits.dedup();
            Fault::at(FaultKind::UndecodableKey, culprits)
        })?;
        if S::Group::encode(&S::Group::sum(&commitments)) == *self.as_bytes() {
            Ok(commitments)
        } else {
            Err(Fault::at(FaultKind::WrongCommitmentSum, [proposer]))
        }
    }
}

/// All `R` of a roster, or the members whose `R` does not decode.
fn decode_all<'a, S: CryptoSuite>(
    members: impl IntoIterator<Item = &'a RunMember<S>>,
) -> Result<Vec<Element<S>>, Vec<usize>> {
    let mut elements = Vec::new();
    let mut undecodable = Vec::new();
    for (index, member) in members.into_iter().enumerate() {
        match member.commitment() {
            Some(element) => elements.push(element),
            None => undecodable.push(index),
        }
    }
    if undecodable.is_empty() {
        Ok(elements)
    } else {
        Err(undecodable)
    }
}

/// What a run is made on, besides its roster. All of it is in `sid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The session id.
    pub sid: Sid,
    /// Key agreement and authentication.
    pub methods: Methods,
    /// The proposer's index in the roster, whose signature over the terms the caller has verified.
    pub proposer: usize,
    /// The sum of the knowledge commitments, as the proposer states it; none in a run of triple Diffie-Hellman.
    pub commitments: Option<CommitmentSum>,
}
