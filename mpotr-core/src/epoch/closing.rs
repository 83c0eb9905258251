//! The end of an epoch: when its signing keys may be published. `docs/spec/06-epochs.md`, "Publication".
//!
//! ```text
//! fin of all ─> closing: "I accept nothing more, and this is the order"
//!            ─> done:    "everyone has said so, of the same order"
//!            ─> reveal:  everyone has said that, too
//! ```
//!
//! An honest member reveals its keys only when every other has said *done*, so nobody that is honest accepts anything new
//! under them, and a forged *closing* or *done* could only repeat the truth. A member that leaves alone, or falls silent, never
//! says *done*: such an epoch's keys are destroyed unpublished.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, Sid};

use super::delivery::{Author, Delivery, Standing};
use super::order::MAX_FORESEEN;
use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{Lock, Presence, Reveal, Statement};

/// How far a member is with the end of the epoch for all together, by its own word. An insider closes as often as it likes, before
/// its last message, too, so this says nothing of its standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It has not closed.
    Open,
    /// It has closed with this order.
    Closing(Lock),
    /// It knows that everyone has closed: it says so with an order, or its secrets, published, say it for it.
    Done(Option<Lock>),
}

impl Ending {
    /// The order with which it has closed last.
    pub(super) const fn lock(self) -> Option<Lock> {
        match self {
            Self::Open => None,
            Self::Closing(lock) => Some(lock),
            Self::Done(lock) => lock,
        }
    }

    /// Whether it knows that everyone has closed.
    pub(super) const fn is_done(self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// It closes with an order.
    const fn close(&mut self, lock: Lock) {
        *self = match self {
            Self::Done(_) => Self::Done(Some(lock)),
            Self::Open | Self::Closing(_) => Self::Closing(lock),
        };
    }

    /// It knows that everyone has closed; whether that is new.
    const fn finish(&mut self) -> bool {
        let was_done = self.is_done();
        *self = Self::Done(self.lock());
        !was_done
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// Whether every member has sent its last message, all of them are delivered here, and nobody has left alone or is known
    /// to have cheated: nothing can be added to this epoch from now on.
    pub(crate) fn is_complete(&self) -> bool {
        self.may_become_complete()
            && self.have_all_finished()
            && !self.misses_messages()
            && usize::try_from(self.consensus.order.lock().count) == Ok(self.delivery.graph.len())
    }

    /// Whether every member has sent its last message. Nobody has closed alone.
    fn have_all_finished(&self) -> bool {
        let mut authors = self.delivery.authors.values();
        authors.all(|author| author.standing == Standing::Fin)
    }

    /// Whether the lock of a statement names all that this member has seen, so that the heads need not be named: everything is
    /// ordered here, and all that are asked for their word hold it, so they can compare the lock. That is so when all have
    /// stated to have seen the one head that there is; or when all have sent their last message, after which there are as many
    /// heads as members that left at one moment. The last word of one that leaves alone names the heads, as does one that is to
    /// be counted on in a change.
    pub(super) fn is_named_by_lock(&self, presence: Presence) -> bool {
        presence != Presence::Closed
            && !self.retired
            && !self.is_frozen()
            && (self.is_complete() || self.is_seen_by_all())
    }

    /// Whether everything that is delivered is ordered and comes before one message that all have seen, nobody is known to have
    /// cheated, and no change is under way. The others have signed what is final here, so what they have to foresee to compare
    /// the lock is not final: no more of that than they do foresee.
    fn is_seen_by_all(&self) -> bool {
        let Delivery { graph, authors, .. } = &*self.delivery;
        let mut heads = graph.heads().iter();
        let (Some(head), None) = (heads.next().and_then(|id| graph.get(id)), heads.next()) else {
            return false;
        };
        let has_seen = |(member, author): (MemberIndex, &Author)| {
            !author.is_exposed()
                && (author.standing == Standing::Closed || head.covered.contains(member))
        };
        let said = self.next_of(self.me);
        let [ordered, finals] = [self.consensus.order.lock(), self.final_lock()]
            .map(|lock| usize::try_from(lock.count).unwrap_or(usize::MAX));
        ordered == graph.len()
            && ordered.saturating_sub(finals) <= MAX_FORESEEN
            && authors.iter().all(has_seen)
            && said.is_none()
            && !self.is_forked()
    }

    /// Whether the epoch can still become complete.
    pub(crate) fn may_become_complete(&self) -> bool {
        let mut others = self.other_members();
        others.all(|member| !self.is_closed(member) && !self.is_exposed(member))
            && !self.is_forked()
    }

    /// Whether every other member has closed with the order that is here.
    pub(crate) fn have_all_closed(&self) -> bool {
        let lock = self.consensus.order.lock();
        self.others().all(|peer| peer.ending.lock() == Some(lock))
    }

    /// Whether every other member knows that everyone has closed.
    pub(crate) fn are_all_done(&self) -> bool {
        self.others().all(|peer| peer.ending.is_done())
    }

    /// Notes how far a member is with the end of the epoch. It takes a step when it closes with the order of everything that
    /// is here, which it does once and cannot take back: with anything else it could hold up those who wait for the end, as
    /// often as it thinks of another lock.
    pub(super) fn note_ending(&mut self, member: MemberIndex, statement: &Statement) {
        let whole = self.is_complete().then(|| self.consensus.order.lock());
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        let has_closed = whole.is_some() && peer.ending.lock() == whole;
        if matches!(statement.presence, Presence::Closing | Presence::Done) && !has_closed {
            peer.ending.close(statement.lock);
            if peer.ending.lock() == whole {
                self.effects.push_back(Effect::Closing);
            }
        }
        if statement.presence == Presence::Done {
            self.note_done(member);
        }
    }

    fn note_done(&mut self, member: MemberIndex) {
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        if peer.ending.finish() && !self.retired {
            self.effects.push_back(Effect::Closed { member });
        }
    }

    /// Whether every member has said that it has installed the epoch that follows.
    pub(crate) fn have_all_installed(&self, successor: Sid) -> bool {
        let mut members = self.peers.indices();
        members.all(|member| {
            let said = self.next_of(member).and_then(|next| next.installed);
            said == Some(successor) && !self.is_exposed(member)
        })
    }

    /// Whether every other member knows that everyone has installed the epoch that follows.
    pub(crate) fn know_all_installed(&self) -> bool {
        self.others()
            .all(|peer| peer.ending.is_done() || peer.next.as_ref().is_some_and(|next| next.done))
    }

    /// Takes the published secrets of a member: it had heard that everyone is done.
    ///
    /// # Errors
    /// They are not those of this member.
    pub(crate) fn open_reveal(&mut self, reveal: &Reveal) -> Result<(), Rejection> {
        let member = MemberIndex::new(reveal.sender);
        let peer = self.peers.get(member).ok_or(Rejection::UnknownSender)?;
        let key = self.opener.key_of(member).ok_or(Rejection::UnknownSender)?;
        if !reveal.is_of::<S>(&key.encoded(), peer.trapdoor.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        let author = self.delivery.authors.get_mut(member);
        let author = author.ok_or(Rejection::UnknownSender)?;
        if author.revealed || member == self.me {
            return Err(Rejection::Replayed);
        }
        author.revealed = true;
        if self.retired || self.is_over {
            self.note_done(member);
        } else {
            self.effects.push_back(Effect::Leaked { member });
        }
        Ok(())
    }

    /// This member has said that everyone has closed: nothing that others say changes what it holds.
    pub(crate) const fn end(&mut self) {
        self.is_over = true;
    }

    /// This member publishes its secrets: once, and never those that sign on elsewhere.
    pub(crate) fn publish(&mut self) -> Option<Reveal> {
        self.sealer.publish(&self.opener.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mpotr_crypto::Digest32;

    #[test]
    fn who_is_done_may_close_with_another_order_and_stays_done() {
        let [one, other] = [1, 2].map(|count| Lock {
            count,
            digest: Digest32::new([0; 32]),
        });
        let mut ending = Ending::Open;
        ending.close(one);
        assert_eq!((ending, ending.lock()), (Ending::Closing(one), Some(one)));
        assert!(ending.finish() && !ending.finish());
        ending.close(other);
        assert_eq!(ending, Ending::Done(Some(other)));
        let mut published = Ending::Open;
        assert!(published.finish());
        assert_eq!(published.lock(), None);
    }
}
