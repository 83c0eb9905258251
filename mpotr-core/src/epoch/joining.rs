//! An epoch that others have come into by a light run: what its members show first, and the epoch as one has it who came.
//! `docs/spec/14-light-runs.md`, "Opening".
//!
//! An opening stands in what its maker states of the epoch that follows, until all others have stated there that they lack it no
//! more. Who came states nothing before it has the openings of all, so its first word says so.

use std::sync::Arc;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;
use mpotr_gka::light::{Arrived, Joined};

use super::keys::EpochKeys;
use super::opener::Opener;
use super::sealer::Sealer;
use super::{Effect, Epoch, Parts, Peer};
use crate::wire::{EpochHint, EpochId, Joins, MemberBits, Next, SealedPacket, Stream};

impl<S: CryptoSuite> Epoch<S> {
    /// The epoch that this member has come into, and all of whose members it has verified.
    pub(crate) fn joined(joined: Joined<S>) -> Self {
        let Joined {
            sid,
            key_commitment,
            me,
            identities,
            signing,
            signing_keys,
            secret,
            continuation,
        } = joined;
        let id = EpochId {
            sid,
            key_commitment,
        };
        let (keys, own, streams) = EpochKeys::derive(id, secret, identities.len(), me);
        let opener = Opener::new(keys, signing_keys.into_iter().zip(streams));
        let peers = identities.into_iter().map(|it| Peer::new(it, None));
        Self::of(Parts {
            me,
            sealer: Sealer::new(me.get(), Arc::new(signing), None, own),
            opener,
            peers: peers.collect(),
            continuation,
        })
    }

    /// The members that have not shown what they committed to when others came.
    pub(crate) fn unopened(&self) -> Vec<MemberIndex> {
        let all: Vec<_> = self.indices().collect();
        let continuation = self.continuation.as_ref();
        let unopened = continuation.map(|it| it.unopened(&all));
        let others = unopened.unwrap_or_default().into_iter();
        others.filter(|it| *it != self.me).collect()
    }

    /// Whether a member has come into this epoch by a light run, and not been in the one before, as far as one can tell that was: such
    /// a one has stated nothing yet, and has shown its part.
    pub(super) fn has_come(&self, member: MemberIndex) -> bool {
        let continuation = self.continuation.as_ref();
        continuation.is_some_and(|it| it.opening().is_some()) && !self.unopened().contains(&member)
    }

    /// The epoch begins, so many light runs after the last full one: this member shows its part with its first word, if it has to.
    /// Returns whether it has.
    pub(crate) fn begin_opening(&mut self, runs: u8) -> bool {
        let continuation = self.continuation.as_ref();
        let opening = continuation.and_then(|it| it.opening()).cloned();
        let unopened = self.unopened();
        let Some(opening) = opening else {
            return false;
        };
        if let Some(next) = self.own_next() {
            next.joins.opening = Some((runs, opening));
            next.joins.unopened = unopened.into_iter().collect();
        }
        true
    }

    /// A member has stated what it committed to, and whose it lacks.
    pub(super) fn hear_opened(&mut self, sender: MemberIndex, opened: &Joins) {
        if opened.unopened.contains(self.me) {
            self.effects.push_back(Effect::Opening { wrong: None });
        }
        let opening = opened.opening.as_ref();
        let heard = self.continuation.as_mut().zip(opening);
        let heard = heard.map(|(it, (_, opening))| it.hear_opening(sender, opening));
        if let Some(Err(_wrong)) = heard {
            let wrong = Some(sender);
            self.effects.push_back(Effect::Opening { wrong });
        }
    }

    /// Whether this member states what it committed to, or whose it lacks.
    pub(crate) fn is_opening(&self) -> bool {
        let own = self.next_of(self.me);
        own.is_some_and(|next| is_opening(&next.joins))
    }

    /// Whether a member lacks the opening of this one, by its word, or has said nothing yet.
    fn lacks_own(&self, member: MemberIndex) -> bool {
        self.peers.get(member).is_none_or(|peer| {
            let lacks = |next: &Next| next.joins.unopened.contains(self.me);
            peer.newest.is_none() || peer.next.as_ref().is_some_and(lacks)
        })
    }

    /// Goes by what was heard: this member states no longer what all have, nor that it lacks what it has. Returns whether the
    /// others wait to hear that.
    pub(crate) fn note_opened(&mut self) -> bool {
        let before = self.next_of(self.me).map(|next| next.joins.clone());
        let Some(before) = before.filter(is_opening) else {
            return false;
        };
        let unopened: MemberBits = self.unopened().into_iter().collect();
        let is_awaited = self.other_members().any(|it| self.lacks_own(it));
        let is_news = unopened.is_empty() && !before.unopened.is_empty();
        if let Some(next) = self.own_next() {
            next.joins.unopened = unopened;
            if !is_awaited {
                next.joins.opening = None;
            }
        }
        self.forget_nothing();
        is_news
    }

    /// What says nothing of the epoch that follows is not stated.
    fn forget_nothing(&mut self) {
        if let Some(me) = self.own() {
            me.next.take_if(|next| *next == Next::default());
        }
    }
}

/// Whether this says what a member committed to, or whose it lacks.
fn is_opening(joins: &Joins) -> bool {
    joins.opening.is_some() || !joins.unopened.is_empty()
}

/// What one reads of an epoch who has shown that it comes, and has not verified all who are in it: statements alone, for in those
/// stand the openings. It seals nothing, and keeps nothing of what it reads.
pub(crate) struct Glimpse<S: CryptoSuite> {
    opener: Opener<S>,
}

impl<S: CryptoSuite> Glimpse<S> {
    pub(crate) fn of(arrived: &Arrived<S>) -> Self {
        let id = EpochId {
            sid: arrived.sid(),
            key_commitment: arrived.key_commitment(),
        };
        let signing: Vec<_> = arrived.signing_keys().collect();
        let me = arrived.ready().joiner;
        let secret = arrived.epoch_secret();
        let (keys, _own, streams) = EpochKeys::derive(id, secret, signing.len(), me);
        Self {
            opener: Opener::new(keys, signing.into_iter().zip(streams)),
        }
    }

    pub(crate) const fn hint(&self) -> EpochHint {
        self.opener.keys.hint
    }

    /// Who sealed a packet, by its own word, and what it states of the epoch that follows; `None` if no member did.
    pub(crate) fn read(&mut self, packet: &SealedPacket) -> Option<(MemberIndex, Option<Joins>)> {
        if packet.hint() != self.hint() {
            return None;
        }
        let header = self.opener.header(packet).ok()?;
        let sender = MemberIndex::new(header.sender);
        if header.stream == Stream::Content {
            return Some((sender, None));
        }
        let opened = self.opener.statement(header, packet).ok();
        let next = opened.and_then(|it| it.statement.next);
        Some((sender, next.map(|next| next.joins)))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Glimpse<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Glimpse({})", self.hint())
    }
}
