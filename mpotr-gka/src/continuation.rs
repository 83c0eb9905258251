//! What an epoch keeps for a light run that follows it. `docs/spec/14-light-runs.md`, "The parent".

use std::collections::BTreeSet;

use mpotr_crypto::{
    CryptoSuite, Digest32, Element, Group, JointKey, PartSecret, Secret, SecretScalar,
};

use crate::light::LightVote;
use crate::member_index::MemberIndex;
use crate::rounds::MemberKeys;
use crate::sid::Sid;

/// Why a member says nothing more for a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewPassed {
    /// It has entered a higher one. What it shows there must not be undone by what it says below.
    #[error("this member has entered view {0}, and says nothing for a view below")]
    Entered(u32),
    /// It has confirmed something in this view or above.
    #[error("this member has confirmed something in view {0}, and confirms in rising views only")]
    Confirmed(u32),
}

/// What an epoch keeps for a light run that follows it: its secrets that go into the next one, the keys of all members, and
/// what this member has said of its end. It is wiped when it is dropped: by the change that is installed, or with the epoch.
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
    /// What this member has said of the end of this epoch.
    pub(crate) said: Said,
}

/// What a member has said of the end of an epoch, in light runs and full ones. Never restored after a restart.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The highest view that was entered.
    entered: u32,
    /// What was confirmed last.
    confirmed: Option<LightVote>,
    /// The SEEDs of this view that were answered.
    answered: BTreeSet<Digest32>,
}

impl Said {
    /// Whether this view may still be spoken for.
    pub(crate) const fn may_speak(&self, view: u32) -> Result<(), ViewPassed> {
        if view < self.entered {
            return Err(ViewPassed::Entered(self.entered));
        }
        Ok(())
    }

    /// Whether something may be confirmed in this view.
    pub(crate) fn may_confirm(&self, view: u32) -> Result<(), ViewPassed> {
        self.may_speak(view)?;
        match self.confirmed {
            Some(before) if before.view >= view => Err(ViewPassed::Confirmed(before.view)),
            Some(_) | None => Ok(()),
        }
    }

    fn enter(&mut self, view: u32) -> Result<(), ViewPassed> {
        self.may_speak(view)?;
        if view > self.entered {
            self.entered = view;
            self.answered.clear();
        }
        Ok(())
    }

    /// Enters the view of a SEED that is answered; whether it was answered before.
    pub(crate) fn answer(&mut self, view: u32, seed: Digest32) -> Result<bool, ViewPassed> {
        self.enter(view)?;
        Ok(!self.answered.insert(seed))
    }
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
        self.said.confirmed.as_ref()
    }

    /// The highest view that this member has entered.
    #[must_use]
    pub const fn entered(&self) -> u32 {
        self.said.entered
    }

    /// Enters a view, of a light run or a full one: nothing is said for one below. Answering a SEED does it, too.
    ///
    /// # Errors
    /// [`ViewPassed`]: it is below the one entered.
    pub fn enter(&mut self, view: u32) -> Result<(), ViewPassed> {
        self.said.enter(view)
    }

    /// Enters the view of a vote, and remembers that this member confirms it. Full runs and light ones share it.
    ///
    /// # Errors
    /// [`ViewPassed`]: nothing leaves.
    pub fn confirm(&mut self, vote: LightVote) -> Result<(), ViewPassed> {
        self.said.may_confirm(vote.view)?;
        self.enter(vote.view)?;
        self.said.confirmed = Some(vote);
        Ok(())
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
