//! Another instance of a member that has shown itself outside, and whether it takes its place. `docs/spec/06-epochs.md`,
//! "One identity, one member".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, OfferDigest};

use super::Situation;
use crate::reason::WaitingReason;
use crate::room::waiting::Holds;
use crate::time::Timestamp;
use crate::wire::Admitted;

impl<'a, S: CryptoSuite> Situation<'a, S> {
    /// Whether the place of a member may go to another instance of its identity, which has shown itself by this offer: the member
    /// does not object, and the last time is long ago.
    pub(crate) fn may_replace(&self, newcomer: &Admitted) -> bool {
        let identity = &newcomer.identity;
        let place = self.member.place_of(identity);
        place.is_some_and(|place| place != self.epoch().me() && !self.has_installed(place))
            && !self.is_excluded(identity)
            && self.votes.replacements.allow(identity)
            && !self.member.is_objected(identity, &newcomer.offer)
    }

    /// Whether it goes to it now: the member was asked, and has said nothing for long.
    pub(crate) fn is_replacement(&self, newcomer: &Admitted) -> bool {
        let suspect = self.me.times().suspect;
        let from = self.member.replaced_from(&newcomer.identity, suspect);
        self.may_replace(newcomer)
            && self.answered().contains(newcomer)
            && from.is_some_and(|from| self.now >= from)
    }

    /// When the next member counts as dead of which another instance has shown itself.
    pub(crate) fn next_replacement(&self) -> Option<Timestamp> {
        let members = self.epoch().indices();
        let from = members.filter_map(|member| self.dead_from(member));
        from.filter(|from| *from > self.now).min()
    }

    /// From when on a member counts as dead of which another instance has shown itself.
    pub(super) fn dead_from(&self, member: MemberIndex) -> Option<Timestamp> {
        let identity = self.epoch().identity(member)?;
        let suspect = self.me.times().suspect;
        self.member.replaced_from(&identity, suspect)
    }

    /// Whether a member is to be left out for silence since another instance waits that may not take its place yet.
    pub(crate) fn is_silence_due(&self) -> bool {
        let identity = |member: &MemberIndex| self.epoch().identity(*member);
        let may_not = |it: IdentityKey| !self.votes.replacements.allow(&it);
        self.present().any(|member| {
            let is_silent = self
                .silent_from(member)
                .is_some_and(|from| self.now >= from);
            is_silent && identity(&member).is_some_and(may_not)
        })
    }

    /// Other instances of members that have said nothing since they were asked.
    pub(crate) fn instances_waiting(&self) -> impl Iterator<Item = Holds> {
        self.present().filter_map(|member| {
            let until = self.silent_from(member)?;
            let identity = self.epoch().identity(member)?;
            Some(Holds {
                reason: WaitingReason::AnotherInstance { identity },
                until: Some(until),
            })
        })
    }

    /// Whether a roster has another instance of a member in its place.
    pub(crate) fn is_replaced(&self, member: MemberIndex, offers: &[OfferDigest]) -> bool {
        let identity = self.epoch().identity(member);
        let answered = self.answered().into_iter();
        let mut twins = answered.filter(|it| Some(it.identity) == identity);
        twins.any(|it| offers.contains(&it.offer) && self.is_replacement(&it))
    }
}
