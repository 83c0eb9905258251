//! The end of this member's part, as the application asks for it and is told of it. `docs/spec/06-epochs.md`, "Leaving".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use super::membership::Membership;
use super::old::Old;
use super::phase::{Gathering, Phase};
use super::succession::Succession;
use crate::error::Rejection;
use crate::event::{Departure, DropReason, Event};
use crate::time::Timestamp;
use crate::wire::{EpochHint, Lock, Packet, Presence, Reveal, Vote};

impl<S: CryptoSuite> Room<S> {
    /// Takes what a member has published.
    pub(super) fn handle_reveal(&mut self, reveal: &Reveal) -> Result<(), Rejection> {
        let is_meant = |hint: EpochHint| hint == reveal.hint;
        if let Some(old) = self.old.as_mut().filter(|old| is_meant(old.epoch.hint())) {
            old.epoch.open_reveal(reveal)?;
            old.close(&mut self.common.out);
            return Ok(());
        }
        let epoch = self.phase.epoch_mut();
        let epoch = epoch.filter(|epoch| is_meant(epoch.hint()));
        epoch.ok_or(Rejection::UnknownEpoch)?.open_reveal(reveal)
    }

    /// The others did not answer, or leave, in time.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        let cx = &mut self.common.at(now);
        let (waits, asks) = match self.phase.member() {
            Some(member) => member.waits_for_others(cx, &self.fates, &mut self.departure),
            None => (false, false),
        };
        if asks {
            self.vote(now, Vote::Refresh);
        }
        if !waits {
            self.end(now);
        }
    }

    /// Others have gone on without this member, and it cannot follow: it asks to be let in again, unless they meant it, or another
    /// instance of it has its place.
    pub(super) fn abandon(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let me = self.common.me.public();
        let Some(situation) = self.situation(now) else {
            return;
        };
        let is_put_out = situation.is_put_out();
        let is_overtaken = self.is_overtaken(now);
        if !is_put_out && !situation.others_have_gone() && !is_overtaken {
            return;
        }
        let installed = situation.installed();
        let is_replaced = situation.member.is_replaced(&me);
        if is_put_out {
            let event = match is_replaced {
                true => Event::Replaced { member: me },
                false => Event::Removed,
            };
            self.be_removed(now, event);
            return;
        }
        self.set_aside(now);
        let outside = Phase::Gathering(Gathering {
            has_lost_epoch: true,
        });
        let Some(mut member) = self.phase.leave_for(outside) else {
            return;
        };
        let cx = &mut self.common.at(now);
        let last_word = if is_overtaken {
            member.epoch.seal_statement(Presence::Closed)
        } else {
            member.forsake_all(installed)
        };
        cx.out.state(last_word);
        // What it held for a cut is nobody's cut here, and may be shown.
        member.epoch.open_gate();
        // Whether those who have gone on have what was not acknowledged cannot be known here.
        let _told = member.close_fates(cx, &mut self.fates, None);
        cx.out.events.extend(self.trust.end_epoch());
        cx.out.tell(Event::Behind);
        cx.timers.end_epoch();
        let mut old = Old::new(member.into_epoch(), cx);
        // It answers those who are behind, and opens no text.
        old.epoch.expire();
        // Who misses that asks for nothing: it is said again.
        old.answer_soon(cx);
        self.lobby.turns.enter_again(now);
        self.lobby.offering.keep_own(|_| false);
        self.lobby.offering.follow(None);
        self.old = Some(old);
        self.succession.give_up();
        self.advertise(now, rng);
    }

    /// The epoch is too old: what opens its messages is erased. What was written in it and not acknowledged is told to be
    /// missed by those whose word is awaited; what waits goes on to the epoch that follows.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if let Some(member) = self.phase.member_mut() {
            member.talk.is_expired = true;
            let _told = member.close_fates(&mut self.common.at(now), &mut self.fates, None);
            member.epoch.expire();
        }
        if self.departure.is_asked {
            self.end(now);
        }
    }

    /// This member's part is over, since the others went on without it on purpose. What it has heard of the epoch is told before:
    /// after that it is in none.
    pub(super) fn be_removed(&mut self, now: Timestamp, event: Event) {
        if let Some(member) = self.phase.member_mut() {
            member.epoch.open_gate();
            let _told = member.report(&mut self.common.at(now), &mut self.fates);
        }
        self.common.out.tell(event);
        self.departure.is_asked = true;
        self.end(now);
    }

    /// Why what waits to be sent when this member's part ends never will be.
    fn drop_reason(&self, now: Timestamp) -> DropReason {
        let Some(situation) = self.situation(now) else {
            return DropReason::Left;
        };
        let member = situation.member;
        if situation.is_put_out() || situation.is_left_alone() {
            DropReason::Removed
        } else if member.epoch.is_alone() {
            DropReason::NobodyLeft
        } else if member.talk.is_expired {
            DropReason::Expired
        } else {
            DropReason::Left
        }
    }

    /// Ends this member's part: says so, and erases all keys.
    pub(super) fn end(&mut self, now: Timestamp) {
        let why = self.drop_reason(now);
        let has_lost_epoch =
            matches!(&self.phase, Phase::Gathering(outside) if outside.has_lost_epoch);
        let mut member = self.phase.leave_for(Phase::Ended);
        if let Some(member) = &mut member {
            member.epoch.open_gate();
            let _told = member.close_fates(&mut self.common.at(now), &mut self.fates, None);
        }
        self.common.out.events.extend(self.trust.end_epoch());
        self.common.out.events.extend(self.fates.drop_all(why));
        let is_none_lost = self.fates.is_none_lost();
        let departure = match member {
            Some(member) => self.depart(*member, is_none_lost),
            None => Departure {
                acknowledged: is_none_lost,
                // How the others ordered the end of an epoch that is lost is not known here.
                transcripts_equal: !has_lost_epoch,
                published: false,
                count: Lock::EMPTY.count,
                digest: Lock::EMPTY.digest,
            },
        };
        self.common.timers.clear();
        // The epoch before goes with this one: nobody drains it later.
        self.old = None;
        self.succession = Succession::default();
        self.lobby.offering.keep_own(|_| false);
        self.waits.end(&mut self.common.out);
        self.common.out.tell(Event::Ended(departure));
    }

    /// Says the last word in the epoch.
    fn depart(&mut self, member: Membership<S>, is_none_lost: bool) -> Departure {
        let out = &mut self.common.out;
        let may_publish = member.may_publish(&self.departure);
        let mut epoch = member.into_epoch();
        let reveal = may_publish.then(|| epoch.publish()).flatten();
        let published = reveal.is_some();
        if let Some(reveal) = reveal {
            out.transmit(&Packet::Reveal(reveal));
            out.tell(Event::Published { sid: epoch.sid() });
        } else {
            out.state(epoch.seal_statement(Presence::Closed));
        }
        out.records.extend(epoch.last_records());
        let Lock { count, digest } = epoch.final_lock();
        Departure {
            acknowledged: is_none_lost,
            transcripts_equal: epoch.is_final() && !epoch.is_forked(),
            published,
            count,
            digest,
        }
    }
}
