//! What is known of each message, and a warning when it is not final in time. `docs/spec/06-epochs.md`, "States".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};

use crate::event::{Event, MessageState};
use crate::room::Room;
use crate::room::context::Context;
use crate::room::membership::Membership;
use crate::room::membership::talking::Talk;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::MessageId;

/// Messages that should be final soon.
#[derive(Debug)]
pub(crate) struct Unsettled {
    since: Timestamp,
    /// How many, from the first of the epoch.
    target: usize,
    /// Whether the application was warned.
    is_told: bool,
    /// Without whose word it could not be final, when the application was warned.
    waiting_for: Vec<IdentityKey>,
}

impl Talk {
    /// Without whose word something is not final that should be, if the application was warned of it.
    pub(crate) fn unsettled_for(&self) -> Option<&[IdentityKey]> {
        let unsettled = self.unsettled.as_ref().filter(|it| it.is_told);
        unsettled.map(|unsettled| unsettled.waiting_for.as_slice())
    }
}

impl<S: CryptoSuite> Room<S> {
    /// What is known of a message of the present epoch: who has seen it, where it stands, whether that is final. `None` if
    /// it is not delivered, or of another epoch: then all who moved on have it.
    #[must_use]
    pub fn message_state(&self, id: &MessageId) -> Option<MessageState> {
        let epoch = self.phase.epoch()?;
        let state = epoch.state_of(id)?;
        let seen_by = state.seen_by.into_iter();
        Some(MessageState {
            author: epoch.identity(state.author)?,
            seen_by: seen_by
                .filter_map(|member| epoch.identity(member))
                .collect(),
            place: state.place,
            is_final: state.is_final,
        })
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Without whose word that is not final now of which the application was warned.
    pub(crate) fn still_waits_for(&self) -> BTreeSet<IdentityKey> {
        let told = self.talk.unsettled.as_ref().filter(|it| it.is_told);
        let waiting_for = told.map(|it| self.epoch.waiting_for(it.target));
        let waiting_for = waiting_for.into_iter().flatten();
        waiting_for
            .filter_map(|member| self.epoch.identity(member))
            .collect()
    }

    /// Watches what is not final.
    pub(crate) fn watch_leeway(&mut self, cx: &mut Context<'_, S>) {
        let delivered = self.epoch.delivered();
        let settled = usize::try_from(self.epoch.final_lock().count).unwrap_or(usize::MAX);
        let unsettled = self.talk.unsettled.as_ref();
        if unsettled.is_some_and(|unsettled| settled >= unsettled.target) {
            self.settle(cx);
        }
        if settled >= delivered {
            return;
        }
        let epoch = &self.epoch;
        let unsettled = self.talk.unsettled.get_or_insert(Unsettled {
            since: cx.now,
            target: delivered,
            is_told: false,
            waiting_for: Vec::new(),
        });
        let deadline = unsettled.since.after(cx.me.times().leeway);
        let count = delivered.saturating_sub(settled);
        if !unsettled.is_told && (cx.now >= deadline || count > cx.me.config.leeway) {
            unsettled.is_told = true;
            unsettled.target = delivered;
            let waiting_for = epoch.waiting_for(delivered).into_iter();
            unsettled.waiting_for = waiting_for
                .filter_map(|member| epoch.identity(member))
                .collect();
            cx.out.tell(Event::Unsettled {
                since: unsettled.since,
                count,
                waiting_for: unsettled.waiting_for.clone(),
            });
        }
        if unsettled.is_told {
            cx.timers.stop(Timer::Leeway);
        } else {
            cx.timers.set(Timer::Leeway, deadline);
        }
    }

    /// All that was watched is final.
    pub(crate) fn settle(&mut self, cx: &mut Context<'_, S>) {
        cx.timers.stop(Timer::Leeway);
        let unsettled = self.talk.unsettled.take();
        if unsettled.is_some_and(|unsettled| unsettled.is_told) {
            cx.out.tell(Event::Settled);
        }
    }
}
