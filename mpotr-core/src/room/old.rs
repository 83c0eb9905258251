//! The epoch before, which answers those who are behind. `docs/spec/06-epochs.md`, "Changes" and "Publication".

use mpotr_crypto::CryptoSuite;

use super::context::Context;
use super::outbox::Outbox;
use crate::epoch::{Effect, Epoch};
use crate::error::Rejection;
use crate::event::Event;
use crate::time::part;
use crate::timers::Timer;
use crate::wire::{Packet, Presence, Reveal, SealedPacket};

/// Repetitions of an answer.
const MOST_ANSWERS: u32 = 2;

/// The epoch before.
pub(super) struct Old<S: CryptoSuite> {
    pub(super) epoch: Epoch<S>,
    /// What this member has published of it.
    published: Option<Reveal>,
}

impl<S: CryptoSuite> Old<S> {
    /// An epoch is over for this member, and answers for as long as a drain takes.
    pub(super) fn new(epoch: Epoch<S>, cx: &mut Context<'_, S>) -> Self {
        let drained = cx.now.after(cx.me.times().drain);
        cx.timers.set(Timer::Drain, drained);
        Self {
            epoch,
            published: None,
        }
    }

    /// Opens a packet: a member that is behind is answered. All of a roster say something new when they install what follows,
    /// so those who speak within a moment get one answer together.
    pub(super) fn open(
        &mut self,
        cx: &mut Context<'_, S>,
        sealed: &SealedPacket,
    ) -> Result<(), Rejection> {
        let opened = self.epoch.open(sealed);
        let mut answer = false;
        while let Some(effect) = self.epoch.poll_effect() {
            answer |= matches!(
                effect,
                Effect::Next { .. } | Effect::Asked | Effect::Lacking { .. }
            );
        }
        // What merely comes again is not answered, but what it gave rise to is forgotten.
        opened?;
        if answer {
            cx.timers.begin_anew(Timer::Answer);
            let soon = cx.now.after(part(cx.me.times().retry, 4));
            cx.timers.set_if_idle(Timer::Answer, soon);
        }
        self.close(cx.out);
        Ok(())
    }

    /// Says again how this member ended the epoch, and some more times later: packets get lost, and a member that misses this
    /// one cannot tell. Once it has published, that says it all, and nobody is behind.
    pub(super) fn answer(&self, cx: &mut Context<'_, S>) {
        if let Some(reveal) = &self.published {
            return cx.out.answer(&Packet::Reveal(reveal.clone()));
        }
        cx.out.state(self.epoch.last_statement().cloned());
        if cx.timers.repetitions(Timer::Answer) < MOST_ANSWERS {
            cx.timers.note_repetition(Timer::Answer);
            let wait = cx.timers.backed_off(Timer::Answer, cx.me.times().retry);
            cx.timers.set(Timer::Answer, cx.now.after(wait));
        }
    }

    /// Takes the next step to the end of the epoch, if all its members have gone on together: each says that all have
    /// installed the next, and when all have said that, publishes what signed for it.
    pub(super) fn close(&mut self, out: &mut Outbox) {
        let epoch = &mut self.epoch;
        let said = epoch.next_of(epoch.me());
        let Some((successor, done)) = said.and_then(|next| Some((next.installed?, next.done)))
        else {
            return;
        };
        if !epoch.have_all_installed(successor) {
            return;
        }
        if !done {
            if let Some(next) = epoch.own_next() {
                next.done = true;
            }
            out.state(epoch.seal_statement(Presence::Present));
        }
        if epoch.know_all_installed()
            && let Some(reveal) = epoch.publish()
        {
            out.transmit(&Packet::Reveal(reveal.clone()));
            self.published = Some(reveal);
            out.tell(Event::Published { sid: epoch.sid() });
        }
    }
}
