//! What an epoch keeps for a light run that follows it. `docs/spec/14-light-runs.md`, "The parent".

use std::collections::BTreeSet;

use mpotr_crypto::{
    CryptoSuite, Digest32, Element, Group, IdentityKey, JointKey, PartSecret, Secret, SecretScalar,
};

use crate::light::{Committed, JoinTerms, LightVote, ListedKeys, Opening, Seed, WrongOpening};
use crate::member_index::MemberIndex;
use crate::room_name::RoomId;
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
    pub(crate) room: RoomId,
    pub(crate) sid: Sid,
    /// `kc`.
    pub(crate) key_commitment: Digest32,
    pub(crate) me: MemberIndex,
    /// `init`: who is left out of the next epoch knows it, and outsiders do not.
    pub(crate) init: Secret<64>,
    /// `A` of all members, in cycle order.
    pub(crate) identities: Vec<IdentityKey>,
    /// `M`, `F` and `P` of all members, in cycle order. `F` is zero until its owner has shown it.
    pub(crate) keys: Vec<MemberKeys>,
    /// All `F` of the family, decoded.
    pub(crate) parts: Vec<Part<S>>,
    /// `T`: what each part was moved by since it was shown, if it was.
    pub(crate) moved: Option<Element<S>>,
    /// `f` of this member, moved like its part.
    pub(crate) part: PartSecret<S>,
    /// `p` of this member.
    pub(crate) receive: SecretScalar<S>,
    /// What this member has said of the end of this epoch.
    pub(crate) said: Said,
    /// What it says first in this epoch, if others joined.
    pub(crate) opening: Option<Opening>,
}

/// A part of joint keys, as it is known.
pub(crate) enum Part<S: CryptoSuite> {
    /// Its owner has shown it.
    Shown(Element<S>),
    /// Its owner has committed to it, and shows it with its first statement.
    Committed {
        /// By whom and for what.
        by: Committed,
        /// The commitment.
        to: Digest32,
    },
}

impl<S: CryptoSuite> Part<S> {
    const fn shown(&self) -> Option<&Element<S>> {
        match self {
            Self::Shown(element) => Some(element),
            Self::Committed { .. } => None,
        }
    }
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
    /// The room.
    #[must_use]
    pub const fn room(&self) -> RoomId {
        self.room
    }

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

    /// Who is in the epoch, in cycle order.
    #[must_use]
    pub fn identities(&self) -> &[IdentityKey] {
        &self.identities
    }

    /// What this member says with its first statement in an epoch that others joined: its part, and who it is. It shows that the
    /// epoch was installed, so it leaves in that epoch and nowhere else.
    #[must_use]
    pub const fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    /// Which of these members have not shown their part yet. A light run that any of them stays in needs it first.
    #[must_use]
    pub fn unopened(&self, of: &[MemberIndex]) -> Vec<MemberIndex> {
        let is_shown = |it: &MemberIndex| {
            let part = self.parts.get(it.place());
            part.is_some_and(|part| part.shown().is_some())
        };
        of.iter().filter(|it| !is_shown(it)).copied().collect()
    }

    /// Hears the part of a member, with its first statement in an epoch that others joined. It proves itself; a second one that
    /// is the same changes nothing.
    ///
    /// # Errors
    /// [`WrongOpening`]: nothing is kept. If the statement is signed, its author is at fault, else it was never received.
    pub fn hear_opening(
        &mut self,
        member: MemberIndex,
        opening: &Opening,
    ) -> Result<(), WrongOpening> {
        let wrong = WrongOpening(member);
        let keys = self.keys.get_mut(member.place()).ok_or(wrong)?;
        let part = self.parts.get_mut(member.place()).ok_or(wrong)?;
        match part {
            Part::Shown(_) if keys.part == opening.part => Ok(()),
            Part::Shown(_) => Err(wrong),
            Part::Committed { by, to } => {
                let element = by.open::<S>(to, &opening.part, &opening.salt);
                *part = Part::Shown(element.ok_or(wrong)?);
                keys.part = opening.part;
                Ok(())
            }
        }
    }

    /// What an epoch that others join is made of; `None` if nobody joins.
    pub(crate) fn join_terms(&self, seed: &Seed, keys: &[ListedKeys]) -> Option<JoinTerms> {
        let staying = seed.terms.staying.iter();
        let identities = staying.filter_map(|it| self.identities.get(it.place()).copied());
        JoinTerms::of(self.room, identities, seed, keys)
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

    /// The part of a member, moved; `None` if it has not shown it.
    pub(crate) fn part_of(&self, member: MemberIndex) -> Option<Element<S>> {
        let part = self.parts.get(member.place())?.shown()?;
        let moved = self.moved.as_ref();
        Some(moved.map_or_else(|| part.clone(), |by| S::Group::add(part, by)))
    }

    /// The joint key `X_S` of those who stay; `None` if it is the identity, or one of them is no member or has not
    /// shown its part.
    pub(crate) fn joint_key(&self, staying: &[MemberIndex]) -> Option<JointKey<S>> {
        let parts: Option<Vec<_>> = staying
            .iter()
            .map(|it| self.parts.get(it.place())?.shown())
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
