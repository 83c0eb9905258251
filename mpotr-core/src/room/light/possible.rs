//! Whether a light run may follow, and newcomers come in by one, by what has been. `docs/spec/14-light-runs.md`, "In a room".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;
use mpotr_gka::light::NextView;

use crate::policy::Rekey;
use crate::room::situation::Situation;

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether a full run has to follow for what others want: this epoch is to go over into another or that into this one, another
    /// instance of a member waits, or others have made offers.
    pub(in crate::room) fn is_full_run_wanted(&self) -> bool {
        self.is_merge_wanted() || self.is_twin_wanted() || self.is_full()
    }

    /// Whether all of these have shown what they committed to when others came in.
    pub(in crate::room) fn are_open(&self, members: &[MemberIndex]) -> bool {
        let continuation = self.epoch().continuation();
        continuation.is_some_and(|it| it.unopened(members).is_empty())
    }

    /// Whether those who come in do so by a light run, as far as this member can tell.
    pub(in crate::room) fn joins_light(&self) -> bool {
        let all: Vec<_> = self.epoch().indices().collect();
        self.may_go_on_light
            && self.may_follow_light()
            && !self.newcomers.prove_to_all()
            && !self.is_full_run_wanted()
            && self.are_open(&all)
    }

    /// Whether a light run may follow, by what has been: the policy says so, no view of this change was one of a full run or is to
    /// be, and nobody is to be left out for what it did.
    pub(in crate::room) fn may_follow_light(&self) -> bool {
        self.votes.policy.rekey == Rekey::Light
            && self.member.changing.light.next != NextView::Full
            && self.epoch().continuation().is_some()
            && !self.is_any_at_fault()
    }

    pub(in crate::room) fn is_merge_wanted(&self) -> bool {
        self.member.goes_over.is_some() || self.next_host().is_some() || self.guests().is_some()
    }

    /// Whether others have made offers for the epoch that follows, for whatever view: they go by a full run.
    pub(in crate::room) fn is_full(&self) -> bool {
        self.is_full_by(u32::MAX)
    }

    /// Whether others have made offers for this view or one before.
    pub(in crate::room) fn is_full_by(&self, view: u32) -> bool {
        let epoch = self.epoch();
        let mut others = self.present().filter(|it| *it != epoch.me());
        others.any(|it| {
            let said = epoch.next_of(it);
            said.is_some_and(|next| next.offer.is_some() && next.view <= view)
        })
    }

    /// Whether the order is in doubt, or a member was shown to have cheated: a full run settles that.
    pub(in crate::room) fn is_any_at_fault(&self) -> bool {
        let epoch = self.epoch();
        let mut members = epoch.indices();
        let mut roster = epoch.roster();
        epoch.is_forked()
            || members.any(|it| epoch.is_exposed(it))
            || roster.any(|it| self.votes.proven.contains(&it))
    }

    /// Whether another instance of a member asks to take its place: that is for full runs.
    pub(in crate::room) fn is_twin_wanted(&self) -> bool {
        let until = self.member.strangers.twin_until;
        let mut answered = self.answered().into_iter();
        until.is_some_and(|until| self.now < until)
            || answered.any(|it| self.member.place_of(&it.identity).is_some())
    }
}
