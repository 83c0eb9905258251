//! Which views are light, and how one ends without an epoch. `docs/spec/14-light-runs.md`, "In a room".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{ChangeKind, NextView, ViewEnd};

use super::mending::Objected;
use crate::room::Room;
use crate::time::{Timestamp, part};
use crate::wire::MAX_CONFIRMED;

/// So many views one member may have installed a full run before another.
const VIEWS_APART: u32 = 2;

impl<S: CryptoSuite> Room<S> {
    /// Whether a view begins as one of a light run.
    pub(in crate::room) fn goes_light(&self, now: Timestamp) -> bool {
        self.is_so(now, |situation| situation.may_go_light())
    }

    /// Whether this member answers a SEED, as far as it goes by how many light runs there were and for how long. Others have
    /// installed the last full run a little later.
    pub(super) fn may_answer_light(&self, now: Timestamp) -> bool {
        let later = self.common.me.times().view;
        let refresh = self.common.me.times().refresh;
        let later = later.saturating_mul(VIEWS_APART);
        self.succession.may_go_on_light(now, refresh, later)
    }

    /// The view waits for FREEZEs: each is the answer to a SEED, and has the time that a member's word has. While others come it goes
    /// on, and when all are here as a run does.
    pub(super) fn await_freezes(&mut self, now: Timestamp) {
        let Some(run) = self.succession.light.as_ref() else {
            return;
        };
        if !run.awaits_freezes() {
            return self.move_on(now);
        }
        let times = self.common.me.times();
        let until = self.phase.change_mut().map(|change| {
            let answered = change.entered.after(times.suspect);
            let latest = change.entered.after(times.view);
            let least = answered.max(now.after(part(times.suspect, 2)));
            change.answered_by(now, least.min(latest))
        });
        if let Some(until) = until {
            self.end_view_at(until);
        }
    }

    /// The view of a light run is over without an epoch; how, unless nothing was said in it that is wrong.
    pub(in crate::room) fn leave_light_view(&mut self, now: Timestamp, how: Option<ViewEnd>) {
        let is_passed_on = self.is_so(now, |situation| situation.is_passed_on());
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let run = self.succession.light.take();
        member.changing.light.silent.clear();
        let was_light = member
            .changing
            .change
            .as_ref()
            .is_some_and(|it| it.is_light);
        if !was_light && run.is_none() {
            if member.changing.change.is_some() {
                // For want of whom a full run failed is settled by full runs: a light one in between would let it begin anew.
                member.changing.light.next = NextView::Full;
            }
            return;
        }
        let mut is_cut_short = false;
        if let Some(change) = &mut member.changing.change {
            change.is_light = false;
            is_cut_short = change.is_cut_short;
        }
        let is_noisy = run.as_ref().is_some_and(|run| run.is_noisy);
        let silence = if is_noisy {
            ViewEnd::Unsigned
        } else {
            ViewEnd::Silence
        };
        let kind = run.as_ref().map(|run| run.seed.body().terms.kind);
        let kind = kind.unwrap_or(ChangeKind::Refresh);
        // For want of those who would come in a view has failed by no try of the members.
        let is_of_joiners = run.as_ref().map_or(is_passed_on, |run| {
            let waits = is_cut_short || !run.awaited_joiners().is_empty();
            run.has_joiners() && how.is_none() && waits
        });
        let views = &mut member.changing.light;
        if !is_of_joiners {
            views.next = views.attempts.failed(how.unwrap_or(silence), kind);
        }
        let Some(mut run) = run else {
            return;
        };
        views.silent = run.silent();
        if !run.objections().is_empty() {
            self.succession.objected = Some(Objected::of(&run));
        }
        let heard = run.heard(&member.epoch);
        member.changing.have_spoken(now, heard);
        if run.has_shared() {
            if self.succession.shared.len() >= MAX_CONFIRMED {
                self.succession.shared.remove(0);
            }
            self.succession.shared.push(run);
        }
    }
}
