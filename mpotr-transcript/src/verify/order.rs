//! The one order of an epoch's messages, every lock against it, and what is final. `docs/spec/05-wire.md`, "Order".
//!
//! ```text
//! order   = by (depth, id)
//! ordered = up to the greatest message that every member who still writes covers: what may be compared
//! final   = the longest prefix that is in the lock of every member who has not closed; all, if who moved on says so
//! ```

use std::collections::BTreeSet;

use mpotr_core::wire::ContentKind;
use mpotr_core::wire::{Lock, MessageId, Presence, cut_digest};
use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::light::{ChangeBody as _, Closing, Prefix};

use super::flaw::{Flaw, FlawKind};
use super::run::{CUT, place_in_run};
use super::said::Talk;
use crate::reader::{Place, Section};
use crate::run::SectionRun;

/// The order of an epoch.
#[derive(Debug)]
pub(super) struct Order {
    /// Indices in the graph.
    pub(super) indices: Vec<usize>,
    pub(super) final_lock: Lock,
}

impl Order {
    /// Orders an epoch, and checks what its members signed about the order.
    pub(super) fn of<S: CryptoSuite>(
        talk: &Talk,
        next: Option<&Section>,
        flaws: &mut Vec<Flaw>,
    ) -> Self {
        let indices = sorted(talk);
        if talk.torn {
            return Self {
                indices,
                final_lock: Lock::EMPTY,
            };
        }
        let ordered = ordered(talk, &indices);
        let prefixes = prefixes::<S>(talk, &indices);
        let locks = check_locks(talk, &prefixes, ordered, flaws);
        let agreed = check_cut::<S>(talk, next, &prefixes, flaws);
        let whole = prefixes.len().saturating_sub(1);
        let count = if agreed {
            whole
        } else {
            final_count(talk, &locks, ordered)
        };
        Self {
            indices,
            final_lock: prefixes.get(count).copied().unwrap_or(Lock::EMPTY),
        }
    }
}

/// All messages in order, by index in the graph.
pub(super) fn sorted(talk: &Talk) -> Vec<usize> {
    let mut indices: Vec<_> = (0..talk.graph.nodes().len()).collect();
    indices.sort_by_key(|index| talk.graph.node(*index).map(|node| (node.depth, node.id)));
    indices
}

/// The prefix of each length, the empty one first.
pub(super) fn prefixes<S: CryptoSuite>(talk: &Talk, indices: &[usize]) -> Vec<Lock> {
    let mut lock = Lock::EMPTY;
    let nodes = indices.iter().filter_map(|index| talk.graph.node(*index));
    let longer = nodes.map(|node| {
        lock = lock.then::<S>(&node.id);
        lock
    });
    core::iter::once(Lock::EMPTY).chain(longer).collect()
}

/// The heads of the prefix that a lock names, if it is one of these messages in order.
pub(super) fn heads(
    talk: &Talk,
    indices: &[usize],
    prefixes: &[Lock],
    lock: &Lock,
) -> Option<Vec<MessageId>> {
    let count = usize::try_from(lock.count).ok()?;
    prefixes.get(count).filter(|here| *here == lock)?;
    Some(talk.graph.heads_among(indices.get(..count)?))
}

/// What each statement names that has no heads and a lock, by its author. `docs/spec/05-wire.md`, "Statement".
pub(super) fn named_by_locks<S: CryptoSuite>(talk: &Talk) -> Vec<(u16, Vec<MessageId>)> {
    let indices = sorted(talk);
    let prefixes = prefixes::<S>(talk, &indices);
    let named = talk.statements.iter().filter_map(|it| {
        let lock = Some(it.statement.lock).filter(|_| it.statement.names_by_lock())?;
        Some((it.author, heads(talk, &indices, &prefixes, &lock)?))
    });
    named.collect()
}

/// How many messages are ordered: nothing that anyone still writes comes before the last of them.
fn ordered(talk: &Talk, indices: &[usize]) -> usize {
    let writes = |member: &u16| {
        let is_fin = |kind: ContentKind| kind == ContentKind::Fin;
        let fin = talk
            .messages
            .iter()
            .any(|it| it.author == *member && is_fin(it.content.kind));
        !fin && !has_closed_here(talk, *member)
    };
    let writing: Vec<_> = (0_u16..).take(talk.members).filter(writes).collect();
    let last = indices.iter().rposition(|index| {
        let node = talk.graph.node(*index);
        node.is_some_and(|node| writing.iter().all(|member| node.is_covered_by(*member)))
    });
    last.map_or(0, |last| last.saturating_add(1))
}

/// Whether a member has closed, and all that it wrote is here.
fn has_closed_here(talk: &Talk, member: u16) -> bool {
    let written = talk.messages.iter().filter(|it| it.author == member);
    let written = u32::try_from(written.count()).unwrap_or(u32::MAX);
    let mut closed = talk
        .statements
        .iter()
        .filter(|it| it.author == member && it.statement.presence == Presence::Closed);
    closed.any(|it| it.statement.sent <= written)
}

fn has_closed(talk: &Talk, member: u16) -> bool {
    let closed = |presence| presence == Presence::Closed;
    let mut stated = talk.statements.iter();
    stated.any(|it| it.author == member && closed(it.statement.presence))
}

/// Compares every lock with the order as far as it goes. Returns the longest lock of each member; 0 if one is wrong.
fn check_locks(
    talk: &Talk,
    prefixes: &[Lock],
    ordered: usize,
    flaws: &mut Vec<Flaw>,
) -> Vec<usize> {
    let mut longest = vec![0; talk.members];
    let mut wrong = vec![false; talk.members];
    let locks = locks(talk);
    for (place, author, lock) in locks {
        let count = usize::try_from(lock.count).unwrap_or(usize::MAX);
        let Some(here) = prefixes.get(count).filter(|_| count <= ordered) else {
            // A lock over messages that are not here, or whose order is still open here.
            continue;
        };
        let member = usize::from(author);
        if *here != lock {
            let count = lock.count;
            flaws.push(Flaw {
                place,
                kind: FlawKind::WrongLock { author, count },
            });
            if let Some(wrong) = wrong.get_mut(member) {
                *wrong = true;
            }
        } else if let Some(longest) = longest.get_mut(member) {
            *longest = count.max(*longest);
        }
    }
    let judged = longest.iter().zip(&wrong);
    judged
        .map(|(longest, wrong)| if *wrong { 0 } else { *longest })
        .collect()
}

/// Everything that a member has vouched for.
fn locks(talk: &Talk) -> impl Iterator<Item = (Place, u16, Lock)> {
    let wrote = talk.messages.iter();
    let stated = talk.statements.iter();
    wrote
        .map(|it| (it.place, it.author, it.content.lock))
        .chain(stated.map(|it| (it.place, it.author, it.statement.lock)))
}

fn final_count(talk: &Talk, locks: &[usize], ordered: usize) -> usize {
    let members = (0_u16..).zip(locks);
    let open = members.filter(|(member, _)| !has_closed(talk, *member));
    open.map(|(_, lock)| *lock)
        .min()
        .unwrap_or(ordered)
        .min(ordered)
}

/// Whether those who moved on into the next epoch of the file took along all that is here.
fn check_cut<S: CryptoSuite>(
    talk: &Talk,
    next: Option<&Section>,
    prefixes: &[Lock],
    flaws: &mut Vec<Flaw>,
) -> bool {
    let Some((next, order)) = next.zip(prefixes.last()) else {
        return false;
    };
    // Who comes in anew has gone on from nothing.
    let Some(successor) = next.run.spoken_of::<S>() else {
        return false;
    };
    let heads = talk.graph.heads();
    let (here, mut agreed) = match &next.run {
        SectionRun::Joined(_) => return false,
        SectionRun::Full(_) => (cut_digest::<S>(&successor, heads.iter(), order), None),
        SectionRun::Light(run) => {
            let is_here = check_closing(heads, prefixes, &run.cut.body().closing);
            if !is_here {
                flaws.push(Flaw {
                    place: place_in_run(next, CUT),
                    kind: FlawKind::OtherClosing,
                });
            }
            (run.cut.body().digest::<S>(), Some(is_here))
        }
    };
    for stated in &talk.statements {
        let mut confirmed = stated
            .statement
            .next
            .iter()
            .flat_map(|next| &next.confirmed);
        let Some((_, cut)) = confirmed.find(|(run, _)| *run == successor) else {
            continue;
        };
        agreed = Some(agreed.unwrap_or(true) && *cut == here);
        if *cut != here {
            let author = stated.author;
            flaws.push(Flaw {
                place: stated.place,
                kind: FlawKind::OtherCut { author },
            });
        }
    }
    agreed.unwrap_or(false)
}

/// Whether a CUT closes with all that is here, from a base that is a prefix of it.
fn check_closing(heads: &BTreeSet<MessageId>, prefixes: &[Lock], closing: &Closing) -> bool {
    let is =
        |lock: &Lock, prefix: &Prefix| (lock.count, lock.digest) == (prefix.count, prefix.digest);
    let base = usize::try_from(closing.base.count).ok();
    let base = base.and_then(|count| prefixes.get(count));
    base.is_some_and(|base| is(base, &closing.base))
        && prefixes
            .last()
            .is_some_and(|whole| is(whole, &closing.closed))
        && heads
            .iter()
            .map(MessageId::as_bytes)
            .eq(closing.heads.iter().map(Digest32::as_bytes))
}
