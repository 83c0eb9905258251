//! Messages and acknowledgements in an epoch. `docs/spec/06-epochs.md`, "Talking".

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::hurry::Hurry;
use super::owing::Owing;
use super::settling::Unsettled;
use super::window::Window;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::event::Event;
use crate::room::context::Context;
use crate::room::fates::Fates;
use crate::room::leaving::Departing;
use crate::room::membership::Membership;
use crate::room::reporting::Report;
use crate::room::votes::Votes;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{ContentKind, MessageId, Presence, SealedPacket};

/// Members ask at different moments of a round trip, so many of them.
const ASKING_TURNS: u32 = 8;
/// The wait before a question grows by a third so many times at most, and to so many times the first one.
const MOST_GROWTHS: u32 = 20;
const MOST_FIRST_WAITS: u32 = 8;

/// Own messages that are sent again at one time.
const REPEATED_AT_ONCE: usize = 32;

/// What a member knows of the talk in its epoch, beside the epoch itself.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) began: Timestamp,
    /// When a member was heard last, by index.
    heard: BTreeMap<MemberIndex, Timestamp>,
    /// How much this member has said, and when it last said something new.
    said: u64,
    spoke: Timestamp,
    /// Of how many messages the longest order was that this member has signed, and when it did so.
    locked: Option<(u32, Timestamp)>,
    /// Members that were heard for the first time: they have installed this epoch.
    pub(crate) arrived: Vec<MemberIndex>,
    /// How long texts are held up.
    pub(crate) window: Window,
    /// Messages that should be final soon.
    pub(crate) unsettled: Option<Unsettled>,
    /// Messages that were sent again on request, and when.
    resent: BTreeMap<MessageId, Timestamp>,
    /// Messages that others miss, and that this member sends if nobody else does.
    pub(crate) owing: Owing,
    /// Whether a member has asked what this one has seen.
    is_asked: bool,
    /// When this member sent its last statement once more.
    repeated: Option<Timestamp>,
    /// The epoch is too old to be written in.
    pub(crate) is_expired: bool,
}

impl Talk {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            began: now,
            heard: BTreeMap::new(),
            said: 0,
            spoke: now,
            locked: None,
            arrived: Vec::new(),
            window: Window::default(),
            unsettled: None,
            resent: BTreeMap::new(),
            owing: Owing::default(),
            is_asked: false,
            repeated: None,
            is_expired: false,
        }
    }

    /// A member was heard in the epoch.
    fn hear(&mut self, now: Timestamp, member: MemberIndex) {
        if self.heard.insert(member, now).is_none() {
            self.arrived.push(member);
        }
    }

    /// This member has said so much: when it last said something new.
    fn note_said(&mut self, now: Timestamp, said: u64) {
        if said != self.said {
            self.said = said;
            self.spoke = now;
        }
    }

    /// This member has signed the order of so many messages: when it did so first.
    fn note_locked(&mut self, now: Timestamp, count: u32) {
        let before = self.locked.map_or(0, |(count, _)| count);
        if count > before {
            self.locked = Some((count, now));
        }
    }

    /// When a member was heard in the epoch last.
    pub(crate) fn heard_at(&self, member: MemberIndex) -> Option<Timestamp> {
        self.heard.get(&member).copied()
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Whether a member may still be at the run that led to this epoch: it was not heard here, and the epoch is no older than
    /// `drain`. Who is behind for longer asks to be let in.
    pub(crate) fn is_anyone_behind(&self, now: Timestamp, drain: Duration) -> bool {
        let mut others = self.epoch.other_members();
        now.since(self.talk.began) <= drain
            && others.any(|member| self.talk.heard_at(member).is_none())
    }

    /// Opens a packet of the epoch.
    pub(crate) fn open(&mut self, now: Timestamp, sealed: &SealedPacket) -> Result<(), Rejection> {
        let sender = self.epoch.open(sealed)?;
        self.talk.hear(now, sender);
        Ok(())
    }

    /// Opens packets of the epoch together, and says for each why it changed nothing, if so.
    pub(crate) fn open_together(
        &mut self,
        now: Timestamp,
        packets: Vec<SealedPacket>,
        results: &mut Vec<Result<(), Rejection>>,
    ) {
        for opened in self.epoch.open_together(packets) {
            results.push(opened.map(|sender| self.talk.hear(now, sender)));
        }
    }

    /// Seals what waits, as far as it may be on its way now, and the last message after it; whether there was anything to
    /// seal.
    pub(crate) fn seal_waiting(
        &mut self,
        cx: &mut Context<'_, S>,
        fates: &mut Fates,
        departure: &mut Departing,
        votes: &mut Votes,
    ) -> bool {
        let is_any_waiting = fates.is_any_waiting();
        let is_withheld = is_any_waiting && self.withholds_texts(votes);
        let epoch = &mut self.epoch;
        if epoch.is_frozen() || !epoch.is_present(epoch.me()) || self.talk.is_expired || is_withheld
        {
            return false;
        }
        let is_alone = epoch.is_alone();
        let mut sealed_any = false;
        while !is_alone && let Some((text_id, mut draft)) = fates.next_to_seal() {
            let body = std::mem::take(&mut *draft.body);
            let (seq, id, packet) = match epoch.seal_content(ContentKind::Text, body) {
                Ok(sealed) => sealed,
                Err(body) => {
                    // 2^32 messages: the epoch is used up, and this one is for the next.
                    draft.body = body.into();
                    fates.put_back(text_id, draft);
                    votes.want_refresh();
                    cx.timers.set(Timer::Change, cx.now);
                    break;
                }
            };
            fates.note_sealed(cx.now, seq, text_id, packet.len());
            cx.out.write([packet]);
            cx.out.tell(Event::Sent { text_id, id });
            sealed_any = true;
        }
        if departure.is_asked && sealed_any {
            departure.wait(cx);
        }
        // In a change the others count on this member: it says its last word after it.
        let may_go = is_alone || (self.changing.change.is_none() && !fates.is_any_waiting());
        if departure.is_asked && may_go {
            self.send_fin(cx, departure);
            return true;
        }
        sealed_any
    }

    /// Acts on what happened in the epoch.
    pub(crate) fn see_to(
        &mut self,
        cx: &mut Context<'_, S>,
        report: Report,
        departure: &mut Departing,
        is_in_run: bool,
    ) {
        if report.is_closed || !report.spoke.is_empty() {
            cx.timers.set(Timer::Change, cx.now);
        }
        self.changing.have_spoken(cx.now, report.spoke);
        if self.changing.change.as_ref().is_some_and(|it| it.is_light) {
            // Who waits for a SEED says that it is there, though it has nothing new to say.
            self.changing.have_spoken(cx.now, report.stated);
        }
        if report.is_finalised {
            // What the others have signed since is asked for anew, and not at the interval of long ago.
            cx.timers.begin_anew(Timer::Query);
            cx.timers.stop(Timer::Query);
        }
        self.talk.note_said(cx.now, self.epoch.said());
        self.talk.note_locked(cx.now, self.epoch.signed());
        self.talk.is_asked |= report.is_asked;
        self.send_missing(cx, report.missing);
        self.owe(cx, report.owed, &report.again);
        self.watch_leeway(cx);
        // Time runs out where nothing moves, and not for want of the end of much that does.
        if report.is_answered && !is_in_run {
            cx.timers.begin_anew(Timer::Retry);
            cx.timers.stop(Timer::Retry);
            cx.timers.stop(Timer::Silent);
        }
        if report.is_catching_up {
            // It is awaited, and not silent.
            cx.timers.stop(Timer::Silent);
        }
        let has_moved = report.is_answered || report.is_ending || report.is_catching_up;
        if departure.is_asked && (has_moved || report.is_finalised) {
            if has_moved {
                departure.wait(cx);
            } else {
                departure.wait_for_order(cx);
            }
            // Who hears that the others are on their way out need not ask whether they are.
            cx.timers.stop(Timer::Query);
            if !is_in_run {
                cx.timers.stop(Timer::Retry);
            }
        }
        if report.is_asked && !self.epoch.misses_messages() {
            // All answer to all: once is enough. What is missing here each asks for itself.
            cx.timers.stop(Timer::Query);
        }
    }

    /// Plans what has to be said, and when.
    pub(crate) fn plan_statements(&self, cx: &mut Context<'_, S>, departure: &Departing) {
        let epoch = &self.epoch;
        let (now, times) = (cx.now, cx.me.times());
        let hurry = Hurry::of(epoch, departure.is_asked, times);
        let is_late = hurry.is_none() && epoch.acknowledges_late();
        let acknowledge = now.after(hurry.wait_if(is_late, times.acknowledge));
        if epoch.owes_acknowledgement() {
            cx.timers.set_earlier(Timer::Acknowledge, acknowledge);
        } else if self.talk.is_asked {
            // The same once more, for all who ask within a while.
            let pause = times.acknowledge.max(part(times.retry, 2));
            let again = self.talk.repeated.map(|at| at.after(pause));
            let again = acknowledge.max(again.unwrap_or(acknowledge));
            cx.timers.set_earlier(Timer::Acknowledge, again);
        }
        // Who has frozen has said how far it is, and nothing more is final before the change is over; who leaves needs that word.
        let is_held = hurry.is_none() && epoch.is_frozen();
        if epoch.owes_lock() && !is_held {
            let is_calm = hurry.is_none() && !epoch.locks_late();
            let soon = now.after(hurry.wait_if(hurry.is_none(), times.lock));
            let last = self.talk.locked.filter(|_| is_calm);
            // No more of them in a while than one, and the first of a while waits for nothing.
            let lock = last.map_or(soon, |(_, last)| soon.max(last.after(times.lock)));
            cx.timers.set_earlier(Timer::Lock, lock);
        }
        if epoch.misses_messages() {
            // If all came that was asked for, there is no need to wait before the next part is. Nor is there long before the first
            // question, if what is missing is lost.
            let is_first = cx.timers.repetitions(Timer::Query) == 0 && hurry.is_none();
            let pause = if epoch.may_ask_again() {
                8
            } else if is_first && epoch.is_told_what_it_misses() {
                4
            } else {
                1
            };
            let soon = now.after(part(times.retry, pause));
            cx.timers.set_earlier(Timer::Query, soon);
        } else if epoch.is_settled() && departure.presence == Presence::Present {
            cx.timers.begin_anew(Timer::Query);
            cx.timers.stop(Timer::Query);
        } else {
            let first = hurry.wait_to_ask(times.query);
            let wait = cx.timers.backed_off(Timer::Query, first);
            cx.timers.set_if_idle(Timer::Query, now.after(wait));
        }
    }

    /// Whether this member stays, and another has sent its last message and not closed.
    fn is_last_word_awaited(&self) -> bool {
        let epoch = &self.epoch;
        let is_leaving = |member| !epoch.is_present(member) && !epoch.is_closed(member);
        epoch.is_present(epoch.me()) && epoch.other_members().any(is_leaving)
    }

    /// Plans what is done while messages of this member are not acknowledged, or one that leaves has not closed: those are sent
    /// again, and both are a reason for a change when they take too long.
    pub(crate) fn await_answers(&self, cx: &mut Context<'_, S>, is_in_run: bool) {
        let (now, times) = (cx.now, cx.me.times());
        if !self.epoch.is_acknowledged() {
            cx.timers
                .set_if_idle(Timer::Silent, now.after(times.silent));
        } else if self.is_last_word_awaited() {
            // It closes when nothing has moved for so long: then its word of that is lost.
            let closed = times.finish.saturating_add(times.suspect);
            cx.timers.set_if_idle(Timer::Silent, now.after(closed));
        } else {
            cx.timers.stop(Timer::Silent);
        }
        if self.is_unanswered() {
            let patience = now.after(times.patience());
            cx.timers.set_if_idle(Timer::Retry, patience);
        } else if !is_in_run {
            cx.timers.begin_anew(Timer::Retry);
            cx.timers.stop(Timer::Retry);
        }
    }

    /// Whether so much is delivered, or so much not final or not acknowledged, that the epoch should get fresh keys.
    pub(crate) fn is_full(&self, cx: &Context<'_, S>, fates: &Fates) -> bool {
        self.epoch.delivered() >= cx.me.config.refresh_messages
            || self.epoch.is_crowded()
            || fates.must_have_an_end()
    }

    /// Sends what others miss, each message once in a while: who asks, asks all, and may ask for too much.
    pub(crate) fn send_missing(
        &mut self,
        cx: &mut Context<'_, S>,
        missing: impl IntoIterator<Item = (MessageId, Vec<u8>)>,
    ) {
        let mut missing = missing.into_iter().peekable();
        if missing.peek().is_none() {
            return;
        }
        let (now, pause) = (cx.now, part(cx.me.times().retry, 2));
        let resent = &mut self.talk.resent;
        resent.retain(|_, at| now.since(*at) < pause);
        for (id, packet) in missing {
            if let Entry::Vacant(entry) = resent.entry(id) {
                entry.insert(now);
                cx.out.pass_on([packet]);
            }
        }
    }

    /// States what was seen: what is owed, or else the last statement once more for who asked again. Returns whether it has
    /// stated anything new.
    pub(crate) fn state(&mut self, cx: &mut Context<'_, S>, departure: &Departing) -> bool {
        let epoch = &mut self.epoch;
        let owed = epoch.owes_acknowledgement() || epoch.owes_lock();
        let asked = std::mem::take(&mut self.talk.is_asked);
        let stated = match epoch.last_statement() {
            Some(last) if asked && !owed => {
                self.talk.repeated = Some(cx.now);
                Some(last.clone())
            }
            Some(_) | None if asked => epoch.seal_statement(departure.presence),
            Some(_) | None if owed => epoch.seal_word(departure.presence),
            Some(_) | None => None,
        };
        let has_stated = owed && stated.is_some();
        cx.out.state(stated);
        cx.timers.stop(Timer::Acknowledge);
        cx.timers.stop(Timer::Lock);
        has_stated
    }

    /// Sends the last statement once more, to who has asked for it. If it does not say all, a new one does.
    pub(crate) fn state_again(&mut self, cx: &mut Context<'_, S>, departure: &Departing) {
        match self.epoch.last_statement() {
            Some(last) => cx.out.pass_on([last.packet.clone()]),
            None => cx.out.state(self.epoch.seal_statement(departure.presence)),
        }
    }

    /// Says that this member is still there, if it has said nothing for long. Returns whether another has not.
    pub(crate) fn beat(&mut self, cx: &mut Context<'_, S>) -> bool {
        let heartbeat = cx.me.times().heartbeat;
        self.talk.note_said(cx.now, self.epoch.said());
        let due = self.talk.spoke.after(heartbeat);
        if due <= cx.now && self.changing.change.is_none() {
            cx.out.state(self.epoch.seal_statement(Presence::Present));
        }
        let next = if due > cx.now {
            due
        } else {
            cx.now.after(heartbeat)
        };
        cx.timers.set(Timer::Heartbeat, next);
        let patience = part(heartbeat.saturating_mul(5), 2);
        let (epoch, talk) = (&self.epoch, &self.talk);
        let mut others = epoch
            .indices()
            .filter(|member| *member != epoch.me() && epoch.is_present(*member));
        others.any(|member| {
            let heard = talk.heard.get(&member).copied().unwrap_or(talk.began);
            cx.now.since(heard) > patience
        })
    }

    /// Asks the others to state again what they have seen: something is not final that should be by now.
    pub(crate) fn query(&mut self, cx: &mut Context<'_, S>, departure: &Departing) {
        cx.out.state(self.epoch.seal_statement(Presence::Asking));
        let times = cx.me.times();
        let hurry = Hurry::of(&self.epoch, departure.is_asked, times);
        let first = hurry.wait_to_ask(times.query);
        let wait = self.wait_to_ask_again(cx, first);
        cx.timers.set(Timer::Query, cx.now.after(wait));
    }

    /// The wait before the next question: a little more than an answer takes, and longer each time.
    fn wait_to_ask_again(&self, cx: &mut Context<'_, S>, first: Duration) -> Duration {
        let round_trip = cx.me.times().round_trip;
        let turn = part(round_trip, ASKING_TURNS);
        let turns = u32::from(self.epoch.me().get()) % ASKING_TURNS;
        let mut wait = round_trip.saturating_add(part(round_trip, 4));
        for _ in 0..cx.timers.repetitions(Timer::Query).min(MOST_GROWTHS) {
            wait = part(wait.saturating_mul(13), 10);
        }
        cx.timers.note_repetition(Timer::Query);
        let wait = wait.min(first.saturating_mul(MOST_FIRST_WAITS));
        wait.saturating_add(turn.saturating_mul(turns))
    }

    /// Sends again what was not answered.
    pub(crate) fn repeat(&mut self, cx: &mut Context<'_, S>, departure: &Departing) {
        let unanswered = self.epoch.unanswered(REPEATED_AT_ONCE).into_iter();
        let packets: Vec<_> = unanswered.map(<[u8]>::to_vec).collect();
        let is_unanswered = !packets.is_empty();
        cx.out.write_again(packets);
        if self.changing.change.is_some() {
            cx.out.state(self.epoch.last_statement().cloned());
        }
        if is_unanswered && departure.presence == Presence::Present {
            // A packet that comes again is answered by nobody, for anyone may send it: what is signed is.
            cx.out.state(self.epoch.seal_statement(Presence::Asking));
        }
    }

    /// Whether a message of this member is not answered.
    pub(crate) fn is_unanswered(&self) -> bool {
        !self.epoch.unanswered(1).is_empty()
    }

    /// The epoch, which is over for this member.
    pub(crate) fn into_epoch(self) -> Epoch<S> {
        self.epoch
    }
}
