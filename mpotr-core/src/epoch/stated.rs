//! A statement that was sealed, and whether a newer one makes up for it if it never leaves. `docs/spec/06-epochs.md`, "Sending".
//!
//! Where a line is slow a statement waits, and by the time that it could leave there may be a newer one. What its author has
//! seen the newer one says too. What it says once only is kept: a freeze that a cut needs, a question, a step to the end.

use crate::wire::{EpochHint, Lock, MAX_WANTED, Next, Presence, Question, Statement};

/// A statement that was sealed.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    /// The packet.
    pub(crate) packet: Vec<u8>,
    pub(crate) gist: Gist,
}

/// What of a statement decides whether another makes up for it.
#[derive(Clone, Debug)]
pub(crate) struct Gist {
    /// Of which epoch.
    hint: EpochHint,
    presence: Presence,
    lock: Lock,
    /// Whether it asks for messages, and whether there may be more that it would ask for.
    asks: bool,
    asks_for_a_part: bool,
    question: Option<Question>,
    lists: bool,
    next: Option<Next>,
    /// Whether it says something about the epoch that follows that has not left before.
    is_of_change: bool,
}

impl Gist {
    /// Of a statement in an epoch; `stated` is what its author stated last about the epoch that follows.
    pub(crate) fn of(hint: EpochHint, statement: &Statement, stated: Option<&Next>) -> Self {
        Self {
            hint,
            presence: statement.presence,
            lock: statement.lock,
            asks: !statement.wanted.is_empty()
                || !statement.missing.is_empty()
                || !statement.lacks.is_empty(),
            asks_for_a_part: statement.wanted.len() >= MAX_WANTED,
            question: statement.question,
            lists: statement.listing.is_some(),
            next: statement.next.clone(),
            is_of_change: statement.next.as_ref() != stated,
        }
    }

    /// What the author says about the epoch that follows.
    pub(crate) const fn next(&self) -> Option<&Next> {
        self.next.as_ref()
    }

    /// The epoch.
    pub(crate) const fn hint(&self) -> EpochHint {
        self.hint
    }

    /// Whether a change waits for it: it says something new about the epoch that follows.
    pub(crate) const fn is_of_change(&self) -> bool {
        self.is_of_change
    }

    /// Takes the place of an older one that has not left: what was news there is news here.
    pub(crate) const fn inherit(&mut self, older: &Self) {
        self.is_of_change |= older.is_of_change;
    }

    /// Whether it says nothing but what its author has seen and in which order, as its author's next text does, too.
    pub(crate) const fn only_acknowledges(&self) -> bool {
        matches!(self.presence, Presence::Present)
            && !self.asks
            && self.question.is_none()
            && !self.lists
            && !self.is_of_change
    }

    /// Whether nothing is lost if an older statement of the same author never leaves, and this one does.
    pub(crate) fn makes_up_for(&self, older: &Self) -> bool {
        // *Done* says *closing*, too.
        let is_as_far = older.presence == Presence::Present
            || older.presence == self.presence
            || (older.presence, self.presence) == (Presence::Closing, Presence::Done);
        let asks_as_much =
            older.question.is_none_or(|_| self.question.is_some()) && (!older.lists || self.lists);
        self.hint == older.hint
            && is_as_far
            && asks_as_much
            && self.lock.count >= older.lock.count
            && match (&self.next, &older.next) {
                (_, None) => true,
                (None, Some(_)) => false,
                // A part of what is missing in a cut is asked for in turn, and who does not serve it is left out.
                (Some(_), Some(next)) if older.asks_for_a_part && next.frozen.is_some() => false,
                (Some(newer), Some(older)) => says_as_much(newer, older),
            }
    }
}

/// Whether what a member says about the epoch that follows still has all in it that it said before.
fn says_as_much(newer: &Next, older: &Next) -> bool {
    let is_later = newer.view > older.view;
    let has_confirmed = |run| {
        newer
            .confirmed
            .iter()
            .any(|(confirmed, _)| *confirmed == run)
    };
    // Who has gone to a later view without having confirmed is bound no more, and nobody has confirmed without having heard
    // of the freeze.
    let keeps_freeze = match older.frozen {
        None => true,
        Some((run, _)) => {
            newer.frozen == older.frozen
                || (is_later && newer.frozen.is_none() && !has_confirmed(run))
        }
    };
    let keeps_view = is_later
        || (newer.view == older.view
            && older.offer.is_none_or(|_| newer.offer == older.offer)
            && older
                .proposed
                .is_none_or(|_| newer.proposed == older.proposed));
    keeps_freeze
        && keeps_view
        && older
            .installed
            .is_none_or(|_| newer.installed == older.installed)
        && (newer.done || !older.done)
        && (older.joins.opening.is_none() || newer.joins.opening == older.joins.opening)
        && newer.struck.covers(&older.struck)
        && newer.struck_twice.covers(&older.struck_twice)
        && older
            .confirmed
            .iter()
            .all(|run| newer.confirmed.contains(run))
        && older
            .forsaken
            .iter()
            .all(|run| newer.forsaken.contains(run))
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::Digest32;
    use mpotr_gka::{OfferDigest, Sid};

    use super::*;
    use crate::wire::{Listing, MessageId};

    const RUN: Sid = Sid::new([7; 32]);
    const HINT: EpochHint = EpochHint::new([1; 8]);

    fn statement() -> Statement {
        Statement::empty(Presence::Present)
    }

    fn gist(change: impl FnOnce(&mut Statement)) -> Gist {
        let mut statement = statement();
        change(&mut statement);
        Gist::of(HINT, &statement, None)
    }

    fn about_next(change: impl FnOnce(&mut Next)) -> Gist {
        let mut next = Next::default();
        change(&mut next);
        gist(|it| it.next = Some(next))
    }

    #[test]
    fn a_newer_statement_makes_up_for_one_that_only_acknowledges() {
        let plain = gist(|_| {});
        assert!(plain.only_acknowledges() && plain.makes_up_for(&plain));
        let lock = Lock {
            count: 3,
            digest: Digest32::new([3; 32]),
        };
        let longer = gist(|it| it.lock = lock);
        assert!(longer.makes_up_for(&plain) && !plain.makes_up_for(&longer));
        let elsewhere = Gist::of(EpochHint::new([2; 8]), &statement(), None);
        assert!(!elsewhere.makes_up_for(&plain));
    }

    #[test]
    fn what_is_asked_listed_or_said_of_the_end_is_not_lost() {
        let plain = gist(|_| {});
        let listing = Listing {
            from: 0,
            ids: vec![MessageId::new([1; 32])],
        };
        let kept = [
            gist(|it| it.presence = Presence::Asking),
            gist(|it| it.presence = Presence::Closing),
            gist(|it| it.question = Some(Question { member: 1, from: 0 })),
            gist(|it| it.listing = Some(listing)),
            about_next(|next| next.view = 1),
        ];
        for kept in kept {
            assert!(!plain.makes_up_for(&kept), "{kept:?}");
            assert!(kept.makes_up_for(&kept) && kept.makes_up_for(&plain));
            assert!(!kept.only_acknowledges());
        }
        // A question to all, and then a step to the end: neither says what the other does.
        let (asking, closing) = (Presence::Asking, Presence::Closing);
        let [asking, closing] = [asking, closing].map(|presence| gist(|it| it.presence = presence));
        assert!(!asking.makes_up_for(&closing) && !closing.makes_up_for(&asking));
    }

    #[test]
    fn a_freeze_is_not_lost_while_anyone_can_need_it() {
        let frozen = about_next(|next| next.frozen = Some((RUN, Lock::EMPTY)));
        let thawed = about_next(|_| {});
        assert!(!thawed.makes_up_for(&frozen));
        let later = about_next(|next| next.view = 1);
        assert!(later.makes_up_for(&frozen));
        // Who has confirmed may yet install that run, and the others need the freeze to confirm it.
        let cut = Digest32::new([4; 32]);
        let confirmed = |view, frozen: bool| {
            about_next(|next| {
                next.view = view;
                next.frozen = frozen.then_some((RUN, Lock::EMPTY));
                next.confirmed = vec![(RUN, cut)];
            })
        };
        assert!(confirmed(0, true).makes_up_for(&frozen));
        assert!(!confirmed(1, false).makes_up_for(&frozen));
        assert!(!frozen.makes_up_for(&confirmed(0, true)));
    }

    #[test]
    fn a_part_of_what_is_missing_in_a_cut_is_asked_for_as_it_was_noted() {
        let asks = |count: u8| {
            gist(|it| {
                it.wanted = (0..count).map(|n| MessageId::new([n; 32])).collect();
                it.next = Some(Next {
                    frozen: Some((RUN, Lock::EMPTY)),
                    ..Next::default()
                });
            })
        };
        assert!(asks(1).makes_up_for(&asks(2)));
        assert!(!asks(1).makes_up_for(&asks(64)));
    }

    #[test]
    fn what_was_stated_about_the_next_epoch_before_is_no_news() {
        let next = Next {
            offer: Some(OfferDigest::new([1; 32])),
            ..Next::default()
        };
        let mut statement = statement();
        statement.next = Some(next.clone());
        assert!(Gist::of(HINT, &statement, None).is_of_change());
        let mut repeated = Gist::of(HINT, &statement, Some(&next));
        assert!(!repeated.is_of_change());
        let older = Gist::of(HINT, &statement, None);
        repeated.inherit(&older);
        assert!(repeated.is_of_change());
    }
}
