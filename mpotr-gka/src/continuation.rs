//! What an epoch keeps for a light run that follows it. `docs/spec/14-light-runs.md`, "The parent".

use mpotr_crypto::{
    CryptoSuite, Digest32, Element, Group, JointKey, PartSecret, Secret, SecretScalar,
};

use crate::light::LightVote;
use crate::member_index::MemberIndex;
use crate::rounds::MemberKeys;
use crate::sid::Sid;

/// A view is not above all in which this member has confirmed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this member has confirmed something in view {0}, and confirms in rising views only")]
pub struct NotRising(pub u32);

/// What an epoch keeps for a light run that follows it: its secrets that go into the next one, the keys of all members, and
/// what this member has confirmed. It is wiped when it is dropped: by the change that is installed, or with the epoch.
pub struct Continuation<S: CryptoSuite> {
    pub(crate) sid: Sid,
    /// `kc`.
    pub(crate) key_commitment: Digest32,
    pub(crate) me: MemberIndex,
    /// `init`: who is left out of the next epoch knows it, and outsiders do not.
    pub(crate) init: Secret<64>,
    /// `M`, `F` and `P` of all members, in cycle order.
    pub(crate) keys: Vec<MemberKeys>,
    /// All `F` of the family, decoded.
    pub(crate) parts: Vec<Element<S>>,
    /// `T`: what each part was moved by since it was shown, if it was.
    pub(crate) moved: Option<Element<S>>,
    /// `f` of this member, moved like its part.
    pub(crate) part: PartSecret<S>,
    /// `p` of this member.
    pub(crate) receive: SecretScalar<S>,
    /// What this member confirmed last, in a light run or a full one.
    pub(crate) confirmed: Option<LightVote>,
}

impl<S: CryptoSuite> Continuation<S> {
    /// The session id of the epoch.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.sid
    }

    /// `kc` of the epoch.
    #[must_use]
    pub const fn key_commitment(&self) -> &Digest32 {
        &self.key_commitment
    }

    /// This member's index.
    #[must_use]
    pub const fn me(&self) -> MemberIndex {
        self.me
    }

    /// The keys of all members that they alone see, in cycle order.
    #[must_use]
    pub fn keys(&self) -> &[MemberKeys] {
        &self.keys
    }

    /// The keys of a member.
    #[must_use]
    pub fn keys_of(&self, member: MemberIndex) -> Option<&MemberKeys> {
        self.keys.get(member.place())
    }

    /// What this member confirmed last.
    #[must_use]
    pub const fn confirmed(&self) -> Option<&LightVote> {
        self.confirmed.as_ref()
    }

    /// Remembers that this member confirms something. Full runs and light ones share it.
    ///
    /// # Errors
    /// [`NotRising`]: nothing leaves.
    pub fn confirm(&mut self, vote: LightVote) -> Result<(), NotRising> {
        match self.confirmed {
            Some(before) if before.view >= vote.view => Err(NotRising(before.view)),
            Some(_) | None => {
                self.confirmed = Some(vote);
                Ok(())
            }
        }
    }

    /// The part of a member, moved.
    pub(crate) fn part_of(&self, member: MemberIndex) -> Option<Element<S>> {
        let part = self.parts.get(member.place())?;
        let moved = self.moved.as_ref();
        Some(moved.map_or_else(|| part.clone(), |by| S::Group::add(part, by)))
    }

    /// The joint key `X_S` of those who stay; `None` if it is the identity, or one of them is no member.
    pub(crate) fn joint_key(&self, staying: &[MemberIndex]) -> Option<JointKey<S>> {
        let parts: Option<Vec<_>> = staying
            .iter()
            .map(|it| self.parts.get(it.place()))
            .collect();
        let sum = S::Group::sum(parts?);
        let Some(moved) = &self.moved else {
            return JointKey::new(sum);
        };
        let members = u128::try_from(staying.len()).ok()?;
        let times = S::Group::vartime_multi_scalar_mul(
            &[S::Group::scalar_from_u128(members)],
            core::slice::from_ref(moved),
        );
        JointKey::new(S::Group::add(&sum, &times))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Continuation<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Continuation({})", self.sid)
    }
}
