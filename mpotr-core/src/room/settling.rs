//! What is known of each message, and a warning when it is not final in time. `docs/spec/06-epochs.md`, "States".

use mpotr_crypto::CryptoSuite;

use super::Room;
use crate::event::{Event, MessageState};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::MessageId;

/// Messages that should be final soon.
#[derive(Debug)]
pub(super) struct Unsettled {
    since: Timestamp,
    /// How many, from the first of the epoch.
    target: usize,
    /// Whether the application was warned.
    is_told: bool,
}

impl<S: CryptoSuite> Room<S> {
    /// What is known of a message of the present epoch: who has seen it, where it stands, whether that is final. `None` if
    /// it is not delivered, or of another epoch: then all who moved on have it.
    #[must_use]
    pub fn message_state(&self, id: &MessageId) -> Option<MessageState> {
        let epoch = self.epoch.as_ref()?;
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

    /// Watches what is not final.
    pub(super) fn watch_leeway(&mut self, now: Timestamp) {
        let Some(epoch) = &self.epoch else { return };
        let delivered = epoch.delivered();
        let settled = usize::try_from(epoch.final_lock().count).unwrap_or(usize::MAX);
        if self
            .unsettled
            .as_ref()
            .is_some_and(|unsettled| settled >= unsettled.target)
        {
            self.settle();
        }
        let Some(epoch) = self.epoch.as_ref().filter(|_| settled < delivered) else {
            return;
        };
        let leeway = self.config.timers.leeway;
        let unsettled = self.unsettled.get_or_insert(Unsettled {
            since: now,
            target: delivered,
            is_told: false,
        });
        let deadline = unsettled.since.after(leeway);
        let count = delivered.saturating_sub(settled);
        if !unsettled.is_told && (now >= deadline || count > self.config.leeway) {
            unsettled.is_told = true;
            unsettled.target = delivered;
            let waiting_for = epoch.waiting_for(delivered);
            self.events.push_back(Event::Unsettled {
                since: unsettled.since,
                count,
                waiting_for: waiting_for
                    .into_iter()
                    .filter_map(|member| epoch.identity(member))
                    .collect(),
            });
        }
        if unsettled.is_told {
            self.timers.stop(Timer::Leeway);
        } else {
            self.timers.set(Timer::Leeway, deadline);
        }
    }

    /// All that was watched is final.
    pub(super) fn settle(&mut self) {
        self.timers.stop(Timer::Leeway);
        if self
            .unsettled
            .take()
            .is_some_and(|unsettled| unsettled.is_told)
        {
            self.events.push_back(Event::Settled);
        }
    }
}
