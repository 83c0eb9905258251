//! The views of a change: whose turn each is, and which follows. `docs/spec/06-epochs.md`, "Changes".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::Situation;

impl<'a, S: CryptoSuite> Situation<'a, S> {
    /// The first view from this one on whose proposer takes part and has not gone on, does not count as dead, has not been silent in
    /// the view before where all others answered, and is not to be left out by votes or strikes.
    pub(crate) fn first_view_from(&self, view: u32) -> u32 {
        let has_ended = |member| {
            !self.epoch().is_present(member)
                || self.has_installed(member)
                || self.is_member_excluded(member)
        };
        let is_silent = |member| self.member.changing.light.is_silent(member);
        let lives = |view: &u32| {
            let proposer = self.proposer_of(*view);
            let dead_from = proposer.and_then(|proposer| self.dead_from(proposer));
            dead_from.is_none_or(|from| self.now < from)
                && !proposer
                    .is_some_and(|it| has_ended(it) || self.is_passed_over(it) || is_silent(it))
        };
        let mut views = view..=self.view_of_turns(view);
        views.find(lives).unwrap_or(view)
    }

    /// The view that more than half of the others have come to that take part, if it is later than this member's; of those
    /// the one that has every proposer once, if it is further: what one member states moves nobody by itself, and what many
    /// state nobody by more than that at a time.
    pub(crate) fn later_view(&self) -> Option<u32> {
        let (epoch, change) = (self.epoch(), self.change()?);
        let takes_part =
            |member: &MemberIndex| *member != epoch.me() && !self.may_be_left_out(*member);
        let others = self.present().filter(takes_part);
        let said = others.filter_map(|member| epoch.next_of(member));
        let mut views: Vec<_> = said
            // In a view of a light run nobody makes an offer, and who has entered none states 0.
            .filter(|next| next.offer.is_some() || next.view > 0)
            .map(|next| next.view)
            .collect();
        views.sort_unstable();
        let most_have_come = views.len().checked_sub(1)?.checked_div(2)?;
        let view = (*views.get(most_have_come)?).min(self.view_of_turns(change.view));
        (view > change.view).then_some(view)
    }

    /// The first later view whose proposer has not left it, if that of this member's view has left this one: nobody who has not
    /// taken part here will. How far a proposer says that it has gone moves nobody.
    pub(crate) fn view_of_proposer(&self) -> Option<u32> {
        let view = self.change()?.view;
        let has_left = |view: u32| {
            let proposer = self.proposer_of(view);
            let said = proposer.and_then(|proposer| self.epoch().next_of(proposer));
            said.is_some_and(|next| next.installed.is_none() && next.view > view)
        };
        if !has_left(view) {
            return None;
        }
        let mut later = view.checked_add(1)?..=self.view_of_turns(view);
        later.find(|view| !has_left(*view))
    }

    /// The last of the views from this one on in which each member has had its turn.
    fn view_of_turns(&self, view: u32) -> u32 {
        let members = u32::try_from(self.epoch().members()).unwrap_or(u32::MAX);
        view.saturating_add(members)
    }

    /// The proposer of a view: the members of the old roster take turns, from one that its name picks. The last view, which
    /// none follows, has none: it would be one member's for ever.
    pub(crate) fn proposer_of(&self, view: u32) -> Option<MemberIndex> {
        view.checked_add(1)?;
        let members = u64::try_from(self.epoch().members()).ok()?;
        let name = self.member.name;
        let first = name.as_bytes().first_chunk();
        let first = first.map(|bytes| u64::from_be_bytes(*bytes))?;
        let turn = first.checked_rem(members)?.checked_add(u64::from(view))?;
        let turn = usize::try_from(turn.checked_rem(members)?).ok()?;
        Some(MemberIndex::of(turn))
    }
}
