//! The epoch before, which answers those who are behind. `docs/spec/06-epochs.md`, "Changes" and "Publication".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::Room;
use super::context::Context;
use super::light::Kept;
use super::lobby::answering::Answer;
use super::outbox::Outbox;
use crate::epoch::{Effect, Epoch};
use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Packet, Presence, Reveal, SealedPacket};

/// Repetitions of an answer.
const MOST_ANSWERS: u32 = 2;

/// The epoch before.
pub(super) struct Old<S: CryptoSuite> {
    pub(super) epoch: Epoch<S>,
    /// What this member has published of it.
    published: Option<Reveal>,
    /// What those who are behind may miss of the light run that followed it. Nothing is published of such an epoch, and so nobody
    /// has to know that all have gone on: it is said to those who are behind.
    pub(super) light: Option<Kept>,
    /// Whether it has said that it has gone on.
    pub(super) has_said_so: bool,
    /// Whether a member was left out that had not left. It hears of that by no packet of the run.
    pub(super) leaves_behind: bool,
    /// What was heard of repair since it was looked at last.
    heard: Repair,
}

/// What those who are behind lack of others, and what others have sent again.
#[derive(Debug, Default)]
struct Repair {
    /// Who lacks whose newest statements, and the number of the statement that says so.
    lacking: Vec<(MemberIndex, u32, Vec<MemberIndex>)>,
    /// Members whose newest statement was heard, or heard again.
    repeated: Vec<MemberIndex>,
}

impl<S: CryptoSuite> Old<S> {
    /// An epoch is over for this member, and answers for as long as a drain takes.
    pub(super) fn new(epoch: Epoch<S>, cx: &mut Context<'_, S>) -> Self {
        let drained = cx.now.after(cx.me.times().drain);
        cx.timers.set(Timer::Drain, drained);
        Self {
            epoch,
            published: None,
            light: None,
            has_said_so: true,
            leaves_behind: false,
            heard: Repair::default(),
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
            self.heard.note(effect);
        }
        // What merely comes again is not answered, but what it gave rise to is forgotten.
        opened?;
        if answer {
            self.answer_soon(cx);
        }
        self.close(cx.out);
        Ok(())
    }

    /// A member is behind: it is answered in a moment.
    pub(super) fn answer_soon(&self, cx: &mut Context<'_, S>) {
        cx.timers.begin_anew(Timer::Answer);
        let soon = cx.now.after(part(cx.me.times().retry, 4));
        cx.timers.set_if_idle(Timer::Answer, soon);
    }

    /// Says again how this member ended the epoch, and some more times later: packets get lost, and a member that misses this
    /// one cannot tell. Once it has published, that says it all, and nobody is behind.
    pub(super) fn answer(&mut self, cx: &mut Context<'_, S>) {
        if let Some(reveal) = &self.published {
            return cx.out.answer(&Packet::Reveal(reveal.clone()));
        }
        let stated = if self.has_said_so {
            self.epoch.last_statement().cloned()
        } else {
            self.has_said_so = true;
            self.epoch.seal_statement(Presence::Present)
        };
        cx.out.state(stated);
        if cx.timers.repetitions(Timer::Answer) < MOST_ANSWERS {
            cx.timers.note_repetition(Timer::Answer);
            let wait = cx.timers.backed_off(Timer::Answer, cx.me.times().retry);
            cx.timers.set(Timer::Answer, cx.now.after(wait));
        }
    }

    /// Takes the next step to the end of the epoch, if all its members have gone on together: each says that all have
    /// installed the next, and when all have said that, publishes what signed for it.
    pub(super) fn close(&mut self, out: &mut Outbox) {
        if self.light.is_some() {
            return;
        }
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

impl Repair {
    fn note(&mut self, effect: Effect) {
        if let Effect::Repeated { member, .. } = effect {
            self.repeated.push(member);
        }
        if let Effect::Lacking {
            asker,
            number,
            members,
            ..
        } = effect
        {
            self.lacking.push((asker, number, members));
        }
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Who is behind may miss what one member says and hear all others: what it lacks of that member is passed on here, too, by
    /// the same lots as in the epoch itself. What it lacks of this one is said in any case.
    pub(super) fn repair_before(&mut self, now: Timestamp) {
        let Some(old) = &mut self.old else {
            return;
        };
        let heard = std::mem::take(&mut old.heard);
        let place = (old.epoch.me(), old.epoch.members());
        let has_published = old.published.is_some();
        let cx = &mut self.common.at(now);
        for author in heard.repeated {
            self.lobby.overhear(cx, Answer::Before(author));
        }
        for (asker, number, mut lacking) in heard.lacking {
            lacking.retain(|author| *author != place.0 && !has_published);
            self.lobby
                .plan_statements(cx, (asker, number), place, (&lacking, Answer::Before));
        }
    }
}
