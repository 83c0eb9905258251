//! Messages, acknowledgements and repetition in an epoch. `docs/spec/06-epochs.md`, "Talking".

use std::collections::btree_map::Entry;

use mpotr_crypto::CryptoSuite;

use super::Room;
use super::reporting::Report;
use crate::config::Timers;
use crate::epoch::{Effect, Epoch};
use crate::error::{Rejection, SendError};
use crate::event::{Event, SendHandle};
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{ContentKind, MAX_BODY, MessageId, Presence, SealedPacket, Wish};

/// Own messages that are sent again at one time.
const REPEATED_AT_ONCE: usize = 32;
/// Repetitions of an answer in the epoch before.
const MOST_ANSWERS: u32 = 2;
/// The time between repetitions doubles so many times.
const MAX_DOUBLINGS: u32 = 3;

impl<S: CryptoSuite> Room<S> {
    /// Takes a text to be sent to the room: now if it is secure and few others are on their way, or else as soon as that is
    /// so. An event tells its fate: [`Event::Acknowledged`], [`Event::Missed`] or [`Event::Dropped`].
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send(&mut self, now: Timestamp, body: Vec<u8>) -> Result<SendHandle, SendError> {
        if body.len() > MAX_BODY {
            return Err(SendError::TooLong { length: body.len() });
        }
        if self.leaving {
            return Err(SendError::Leaving);
        }
        if self.epoch.as_ref().is_some_and(Epoch::is_alone) {
            return Err(SendError::NobodyLeft);
        }
        let handle = self.fates.take(body)?;
        self.seal_waiting(now);
        self.after_epoch(now);
        Ok(handle)
    }

    /// Whether [`Room::send`] takes a text of any length. Whoever has much to send waits while it does not.
    #[must_use]
    pub fn takes_texts(&self) -> bool {
        self.fates.has_room()
    }

    /// Seals what waits, as far as it may be on its way now, and the last message after it; whether there was anything to
    /// seal.
    pub(super) fn seal_waiting(&mut self, now: Timestamp) -> bool {
        let expired = self.expired;
        let may_write =
            |epoch: &&mut Epoch<S>| !epoch.is_frozen() && epoch.is_present(epoch.me()) && !expired;
        let Some(epoch) = self.epoch.as_mut().filter(may_write) else {
            return false;
        };
        let is_alone = epoch.is_alone();
        let mut sealed_any = false;
        while !is_alone && let Some((handle, body)) = self.fates.next_to_seal() {
            let (seq, id, packet) = match epoch.seal_content(ContentKind::Text, body) {
                Ok(sealed) => sealed,
                Err(body) => {
                    // 2^32 messages: the epoch is used up, and this one is for the next.
                    self.fates.put_back(handle, body);
                    self.wishes.insert(Wish::Refresh);
                    self.timers.set(Timer::Change, now);
                    break;
                }
            };
            self.fates.note_sealed(now, seq, handle, packet.len());
            self.transmits.push_back(packet);
            self.events.push_back(Event::Sent { handle, id });
            sealed_any = true;
        }
        if self.leaving && sealed_any {
            self.wait_to_leave(now);
        }
        // In a change the others count on this member: it says its last word after it.
        let may_go = is_alone || (self.change.is_none() && !self.fates.is_any_waiting());
        if self.leaving && may_go {
            self.send_fin(now);
            return true;
        }
        sealed_any
    }

    pub(super) fn handle_sealed(
        &mut self,
        now: Timestamp,
        sealed: &SealedPacket,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        let Some(epoch) = &mut self.epoch else {
            return self.keep_early(sealed, packet);
        };
        if epoch.hint() != sealed.hint() {
            return match self.open_retired(now, sealed) {
                // Of an epoch that others have installed already, it may be.
                Err(Rejection::UnknownEpoch) => match self.keep_early(sealed, packet) {
                    Err(Rejection::UnknownEpoch) => {
                        // Or of another room in this channel, which may not know of this one.
                        self.tell_newcomers(now, packet);
                        Err(Rejection::UnknownEpoch)
                    }
                    other => other,
                },
                other => other,
            };
        }
        let opened = epoch.open(sealed);
        if let Ok(sender) = opened {
            self.heard.insert(sender, now);
        }
        opened.map(|_sender| ())
    }

    /// Keeps a packet of an epoch to be: there is none before this member has confirmed its run.
    fn keep_early(&mut self, sealed: &SealedPacket, packet: &[u8]) -> Result<(), Rejection> {
        let mut runs = self.attempt.iter().chain(&self.confirmed);
        let sender = runs.find_map(|run| run.sender_of(sealed));
        let sender = sender.ok_or(Rejection::UnknownEpoch)?;
        self.early.keep_of_epoch(sender, packet)
    }

    /// Opens packets of the epoch together.
    pub(super) fn open_together(
        &mut self,
        now: Timestamp,
        packets: &mut Vec<SealedPacket>,
        results: &mut Vec<Result<(), Rejection>>,
    ) {
        let packets = std::mem::take(packets);
        let Some(epoch) = self.epoch.as_mut().filter(|_| !packets.is_empty()) else {
            return;
        };
        for opened in epoch.open_together(packets) {
            if let Ok(sender) = opened {
                self.heard.insert(sender, now);
            }
            results.push(opened.map(|_sender| ()));
        }
        self.after_epoch(now);
    }

    /// Opens a packet of the epoch before: whoever is behind is answered. All of a roster say something new when they
    /// install what follows, so those who speak within a moment get one answer together.
    fn open_retired(&mut self, now: Timestamp, sealed: &SealedPacket) -> Result<(), Rejection> {
        let old = self
            .retired
            .as_mut()
            .filter(|old| old.hint() == sealed.hint());
        let old = old.ok_or(Rejection::UnknownEpoch)?;
        let opened = old.open(sealed);
        let mut answer = false;
        while let Some(effect) = old.poll_effect() {
            answer |= matches!(effect, Effect::Next { .. } | Effect::Asked);
        }
        // What merely comes again is not answered, but what it gave rise to is forgotten.
        opened?;
        if answer {
            self.answers = 0;
            let soon = now.after(part(self.config.timers.retry, 4));
            self.timers.set_if_idle(Timer::Answer, soon);
        }
        self.close_retired();
        Ok(())
    }

    /// Says again how this member ended the epoch before, and some more times later: packets get lost, and who misses this
    /// one cannot tell.
    pub(super) fn answer_retired(&mut self, now: Timestamp) {
        let Some(old) = &self.retired else { return };
        self.transmits
            .extend(old.last_statement().map(<[u8]>::to_vec));
        if self.answers < MOST_ANSWERS {
            let wait = backed_off(self.config.timers.retry, &mut self.answers);
            self.timers.set(Timer::Answer, now.after(wait));
        }
    }

    /// Sees to all that an input gave rise to in the epoch: called once after every input.
    pub(super) fn after_epoch(&mut self, now: Timestamp) {
        let mut accused = Vec::new();
        loop {
            let mut report = self.report();
            accused.append(&mut report.accused);
            self.see_to(now, report);
            let Some(epoch) = &self.epoch else { return };
            // Where much is owed, its author may not write on before it knows that this is here.
            if epoch.owes_much() && self.state(now) {
                continue;
            }
            self.plan_statements(now);
            if self.fates.is_any_waiting() && self.seal_waiting(now) {
                continue;
            }
            self.await_answers(now);
            self.watch_window(now);
            if self.end_if_final(now) {
                continue;
            }
            let mut votes = false;
            for identity in accused.drain(..) {
                votes |= self.prove(now, identity);
            }
            if !votes {
                return;
            }
        }
    }

    /// Acts on what happened in the epoch.
    fn see_to(&mut self, now: Timestamp, report: Report) {
        if report.is_closed || !report.spoke.is_empty() {
            self.timers.set(Timer::Change, now);
        }
        for member in report.spoke {
            self.spoke.insert(member, now);
        }
        if report.is_finalised {
            // What the others have signed since is asked for anew, and not at the interval of long ago.
            self.queries = 0;
            self.timers.stop(Timer::Query);
        }
        self.asked |= report.is_asked;
        self.send_missing(now, report.missing);
        self.watch_leeway(now);
        // Time runs out where nothing moves, and not for want of the end of much that does.
        if report.is_answered && !self.is_in_run() {
            self.retries = 0;
            self.timers.stop(Timer::Retry);
            self.timers.stop(Timer::Silent);
        }
        if self.leaving && (report.is_answered || report.is_finalised || report.is_ending) {
            self.wait_to_leave(now);
            // Who hears that the others are on their way out need not ask whether they are.
            self.timers.stop(Timer::Query);
            if !self.is_in_run() {
                self.timers.stop(Timer::Retry);
            }
        }
        let misses = self.epoch.as_ref().is_some_and(Epoch::misses_messages);
        if report.is_asked && !misses {
            // All answer to all: once is enough. What is missing here each asks for itself.
            self.timers.stop(Timer::Query);
        }
    }

    /// Plans what has to be said, and when.
    fn plan_statements(&mut self, now: Timestamp) {
        let Some(epoch) = &self.epoch else { return };
        self.fates.count(|seq| epoch.is_awaited(seq));
        let timers = &self.config.timers;
        let hurry = Hurry::of(epoch, self.leaving, timers);
        let acknowledge = now.after(hurry.wait(timers.acknowledge));
        if epoch.owes_acknowledgement() {
            self.timers.set_earlier(Timer::Acknowledge, acknowledge);
        } else if self.asked {
            // The same once more, for all who ask within a while.
            let again = self.repeated.after(timers.acknowledge);
            self.timers
                .set_earlier(Timer::Acknowledge, acknowledge.max(again));
        }
        if epoch.owes_lock() {
            self.timers
                .set_earlier(Timer::Lock, now.after(hurry.wait(timers.lock)));
        }
        let is_full = epoch.delivered() >= self.config.refresh_messages
            || epoch.is_crowded()
            || self.fates.must_have_an_end();
        if is_full && self.change.is_none() && self.wishes.insert(Wish::Refresh) {
            self.timers.set(Timer::Change, now);
        }
        if epoch.misses_messages() {
            // If all came that was asked for, there is no need to wait before the next part is.
            let pause = if epoch.may_ask_again() { 8 } else { 1 };
            self.timers
                .set_earlier(Timer::Query, now.after(part(timers.retry, pause)));
        } else if epoch.is_settled() && self.presence == Presence::Present {
            self.queries = 0;
            self.timers.stop(Timer::Query);
        } else {
            let wait = backed_off_by(hurry.wait_to_ask(timers.query), self.queries);
            self.timers.set_if_idle(Timer::Query, now.after(wait));
        }
    }

    /// What has not been acknowledged is sent again, and is a reason for a change when that takes too long.
    fn await_answers(&mut self, now: Timestamp) {
        let Some(epoch) = &self.epoch else { return };
        let timers = &self.config.timers;
        if epoch.is_acknowledged() {
            self.timers.stop(Timer::Silent);
        } else {
            self.timers
                .set_if_idle(Timer::Silent, now.after(timers.silent));
        }
        if epoch.unanswered(1).is_empty() {
            if !self.is_in_run() {
                self.retries = 0;
                self.timers.stop(Timer::Retry);
            }
        } else {
            // The answer takes its time: a quiet acknowledgement.
            let patience = timers
                .retry
                .saturating_add(timers.acknowledge.saturating_mul(2));
            self.timers.set_if_idle(Timer::Retry, now.after(patience));
        }
    }

    /// Sends what others miss, each message once in a while: whoever asks, asks all, and may ask for too much.
    pub(super) fn send_missing(
        &mut self,
        now: Timestamp,
        missing: impl IntoIterator<Item = (MessageId, Vec<u8>)>,
    ) {
        let pause = part(self.config.timers.retry, 2);
        self.messages_resent.retain(|_, at| now.since(*at) < pause);
        for (id, packet) in missing {
            if let Entry::Vacant(entry) = self.messages_resent.entry(id) {
                entry.insert(now);
                self.transmits.push_back(packet);
            }
        }
    }

    /// Whether a run, or a change, is under way.
    pub(super) fn is_in_run(&self) -> bool {
        self.attempt.is_some() || !self.confirmed.is_empty() || self.change.is_some()
    }

    /// States what was seen: what is owed, or else the last statement once more for who asked again.
    /// Returns whether it has stated anything new.
    pub(super) fn state(&mut self, now: Timestamp) -> bool {
        let Some(epoch) = &mut self.epoch else {
            return false;
        };
        let owed = epoch.owes_acknowledgement() || epoch.owes_lock();
        let asked = std::mem::take(&mut self.asked);
        let packet = match epoch.last_statement() {
            Some(last) if asked && !owed => {
                self.repeated = now;
                Some(last.to_vec())
            }
            Some(_) | None if owed || asked => epoch.seal_statement(self.presence),
            Some(_) | None => None,
        };
        let has_stated = owed && packet.is_some();
        self.transmits.extend(packet);
        self.timers.stop(Timer::Acknowledge);
        self.timers.stop(Timer::Lock);
        has_stated
    }

    /// Says that this member is still there, if it has said nothing for long, and looks who has not.
    pub(super) fn beat(&mut self, now: Timestamp) {
        let Some(epoch) = &mut self.epoch else { return };
        let heartbeat = self.config.timers.heartbeat;
        if self.change.is_none() {
            self.transmits
                .extend(epoch.seal_statement(Presence::Present));
        }
        let patience = part(heartbeat.saturating_mul(5), 2);
        let (me, members) = (epoch.me(), epoch.members());
        let is_silent = |member: &usize| {
            let heard = self.heard.get(member).copied().unwrap_or(self.epoch_began);
            now.since(heard) > patience
        };
        let silent = (0..members)
            .filter(|member| *member != me && epoch.is_present(*member))
            .any(|member| is_silent(&member));
        if silent {
            self.ask_for_refresh(now);
        }
        self.timers.set(Timer::Heartbeat, now.after(heartbeat));
    }

    /// Asks the others to state again what they have seen: something is not final that should be by now.
    pub(super) fn query(&mut self, now: Timestamp) {
        let Some(epoch) = &mut self.epoch else { return };
        self.transmits
            .extend(epoch.seal_statement(Presence::Asking));
        let hurry = Hurry::of(epoch, self.leaving, &self.config.timers);
        let wait = backed_off(
            hurry.wait_to_ask(self.config.timers.query),
            &mut self.queries,
        );
        self.timers.set(Timer::Query, now.after(wait));
    }

    /// Sends again what was not answered, at growing intervals.
    ///
    /// Where the transport has not taken what was sent before, `is_stalled`, and repeating it helps nobody.
    pub(super) fn retry(&mut self, now: Timestamp, is_stalled: bool) {
        if !is_stalled {
            self.repeat_round();
        }
        if let Some(epoch) = self.epoch.as_ref().filter(|_| !is_stalled) {
            let packets: Vec<_> = epoch
                .unanswered(REPEATED_AT_ONCE)
                .into_iter()
                .map(<[u8]>::to_vec)
                .collect();
            let is_unanswered = !packets.is_empty();
            self.transmits.extend(packets);
            if self.change.is_some() {
                self.transmits
                    .extend(epoch.last_statement().map(<[u8]>::to_vec));
            }
            if is_unanswered && self.presence == Presence::Present {
                // A packet that comes again is answered by nobody, for anyone may send it: what is signed is.
                let asking = self.epoch.as_mut();
                let asking = asking.and_then(|epoch| epoch.seal_statement(Presence::Asking));
                self.transmits.extend(asking);
            }
        }
        let wait = backed_off(self.config.timers.retry, &mut self.retries);
        let unanswered = self
            .epoch
            .as_ref()
            .is_some_and(|epoch| !epoch.unanswered(1).is_empty());
        if self.is_in_run() || unanswered {
            self.timers.set(Timer::Retry, now.after(wait));
        }
    }
}

/// How soon those who leave are answered.
#[derive(Clone, Copy, Debug)]
struct Hurry {
    /// Members that are leaving; none: no hurry.
    leaving: u32,
    /// The longest wait, where it is not the calm one.
    most: Option<Duration>,
}

impl Hurry {
    fn of<S: CryptoSuite>(epoch: &Epoch<S>, am_leaving: bool, timers: &Timers) -> Self {
        let leaving = epoch.leaving().max(usize::from(am_leaving));
        let most = epoch
            .owes_to_leavers_alone()
            .then(|| part(timers.finish, 4));
        Self {
            leaving: u32::try_from(leaving).unwrap_or(u32::MAX),
            most,
        }
    }

    /// The wait before a statement that takes so long otherwise. Who leaves waits for the others, so they answer in an eighth
    /// of the time. Of many who leave together each answers the more seldom, and there are no more answers in a while than
    /// with one: what they wait for is the last messages of all, and not what each has seen of them so far.
    fn wait(self, calm: Duration) -> Duration {
        let first = part(calm, 8);
        let most = self.most.unwrap_or(calm).max(first);
        match self.leaving {
            0 => calm,
            leaving => first.saturating_mul(leaving).min(most),
        }
    }

    /// The wait before a question to all, of which each answer is heard by all: up to eight members ask as soon as one.
    fn wait_to_ask(self, calm: Duration) -> Duration {
        match self.leaving {
            0 => calm,
            leaving => part(calm, 8).saturating_mul(leaving.div_ceil(8)).min(calm),
        }
    }
}

/// The wait before the next repetition: it doubles with each, up to eight times.
fn backed_off(first: Duration, repetitions: &mut u32) -> Duration {
    *repetitions = repetitions.saturating_add(1);
    backed_off_by(first, *repetitions)
}

fn backed_off_by(first: Duration, repetitions: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(repetitions.min(MAX_DOUBLINGS)))
}
