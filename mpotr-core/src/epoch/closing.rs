//! The end of an epoch: when its signing keys may be published. `docs/spec/06-epochs.md`, "Publication".
//!
//! ```text
//! fin of all ─> closing: "I accept nothing more, and this is the order"
//!            ─> done:    "everyone has said so, of the same order"
//!            ─> reveal:  everyone has said that, too
//! ```
//!
//! An honest member reveals its keys only when every other has said *done*, so nobody that is honest accepts anything new
//! under them, and a forged *closing* or *done* could only repeat the truth. Whoever leaves alone, or falls silent, never
//! says *done*: such an epoch's keys are destroyed unpublished.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::Sid;

use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{Presence, Reveal, Statement};

impl<S: CryptoSuite> Epoch<S> {
    /// Whether every member has sent its last message, all of them are delivered here, and nobody has left alone or is known
    /// to have cheated: nothing can be added to this epoch any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.may_become_complete()
            && self.delivery.authors.iter().all(|peer| peer.fin)
            && !self.misses_messages()
            && usize::try_from(self.consensus.order.lock().count) == Ok(self.delivery.graph.len())
    }

    /// Whether the lock of a statement names all that this member has seen, so that the heads, of which there are as many as
    /// members that left at one moment, need not be named. Everything is final but for the word of the others, and orders
    /// wait for no word once all have sent their last message: so whoever has delivered all can compare the lock. The last
    /// word of one that leaves alone names the heads, as does one that is to be counted on in a change.
    pub(super) fn is_named_by_lock(&self, presence: Presence) -> bool {
        presence != Presence::Closed && !self.retired && !self.is_frozen() && self.is_complete()
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
        self.others().all(|peer| peer.closing == Some(lock))
    }

    /// Whether every other member knows that everyone has closed.
    pub(crate) fn are_all_done(&self) -> bool {
        self.others().all(|peer| peer.done)
    }

    /// Notes how far a member is with the end of the epoch. It takes a step when it closes with the order of everything that
    /// is here, which it does once and cannot take back: with anything else it could hold up those who wait for the end, as
    /// often as it thinks of another lock.
    pub(super) fn note_ending(&mut self, member: usize, statement: &Statement) {
        let whole = self.is_complete().then(|| self.consensus.order.lock());
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        let has_closed = whole.is_some() && peer.closing == whole;
        if matches!(statement.presence, Presence::Closing | Presence::Done) && !has_closed {
            peer.closing = Some(statement.lock);
            if peer.closing == whole {
                self.effects.push_back(Effect::Closing);
            }
        }
        if statement.presence == Presence::Done {
            self.note_done(member);
        }
    }

    fn note_done(&mut self, member: usize) {
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        if !peer.done {
            peer.done = true;
            if !self.retired {
                self.effects.push_back(Effect::Closed { member });
            }
        }
    }

    /// Whether every member has said that it has installed the epoch that follows.
    pub(crate) fn have_all_installed(&self, successor: Sid) -> bool {
        let mut members = 0..self.peers.len();
        members.all(|member| {
            let said = self.next_of(member).and_then(|next| next.installed);
            said == Some(successor) && !self.is_exposed(member)
        })
    }

    /// Whether every other member knows that everyone has installed the epoch that follows.
    pub(crate) fn know_all_installed(&self) -> bool {
        self.others()
            .all(|peer| peer.done || peer.next.as_ref().is_some_and(|next| next.done))
    }

    /// Takes the published secrets of a member: it had heard that everyone is done.
    ///
    /// # Errors
    /// They are not those of this member.
    pub(crate) fn open_reveal(&mut self, reveal: &Reveal) -> Result<(), Rejection> {
        let member = usize::from(reveal.sender);
        let peer = self.peers.get(member).ok_or(Rejection::UnknownSender)?;
        let key = self.opener.key_of(member).ok_or(Rejection::UnknownSender)?;
        if !reveal.is_of::<S>(&key.encoded(), &peer.trapdoor) {
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

    /// This member publishes its secrets: once.
    pub(crate) const fn publish(&mut self) -> bool {
        self.sealer.publish()
    }

    /// The secrets of this member's offer, to be published.
    pub(crate) fn reveal(&self) -> Reveal {
        self.sealer.reveal(&self.opener.keys)
    }
}
