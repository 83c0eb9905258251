//! That nobody took back what it had signed to have seen. `docs/spec/05-wire.md`, "Receiving".
//!
//! A member's own signatures have an order of their own, whatever the order in which they came: a statement that says `sent`
//! messages lies between the messages `sent - 1` and `sent`, and statements of one such place by their number. Each names
//! all that the ones before it named, or what comes after that.

use mpotr_core::wire::{Lock, MessageId};
use mpotr_crypto::CryptoSuite;

use super::flaw::{Flaw, FlawKind};
use super::order::{heads, prefixes, sorted};
use super::said::{Stated, Talk, Written};

/// Something that a member signed.
enum Step<'a> {
    Wrote(&'a Written),
    Stated(&'a Stated),
}

impl Step<'_> {
    const fn key(&self) -> (u32, u8, u32) {
        match self {
            Self::Stated(it) => (it.statement.sent, 0, it.number),
            Self::Wrote(it) => (it.content.seq, 1, 0),
        }
    }
}

/// Goes along the line of each member.
pub(super) fn check<S: CryptoSuite>(talk: &Talk, flaws: &mut Vec<Flaw>) {
    if talk.torn {
        return;
    }
    let indices = sorted(talk);
    let prefixes = prefixes::<S>(talk, &indices);
    let heads = |lock: &Lock| heads(talk, &indices, &prefixes, lock);
    for member in (0_u16..).take(talk.members) {
        let wrote = talk.messages.iter().filter(|it| it.author == member);
        let stated = talk.statements.iter().filter(|it| it.author == member);
        let mut steps: Vec<_> = wrote
            .map(Step::Wrote)
            .chain(stated.map(Step::Stated))
            .collect();
        steps.sort_by_key(Step::key);
        check_line(talk, &heads, &steps, flaws);
    }
}

/// `heads` are those of a prefix of the order here, if it is one.
fn check_line(
    talk: &Talk,
    heads: &impl Fn(&Lock) -> Option<Vec<MessageId>>,
    steps: &[Step<'_>],
    flaws: &mut Vec<Flaw>,
) {
    let mut seen: Vec<MessageId> = Vec::new();
    let mut lock = 0;
    for step in steps {
        match step {
            Step::Wrote(it) => {
                let (author, seq) = (it.author, it.content.seq);
                let ancestors: Vec<_> = it.content.ancestors().collect();
                let mut flaw = |kind| {
                    let place = it.place;
                    flaws.push(Flaw { place, kind });
                };
                if !talk.graph.all_before(&seen, &ancestors) {
                    flaw(FlawKind::MessageTakesBack { author, seq });
                }
                if it.content.lock.count < lock {
                    flaw(FlawKind::ShorterLock { author, seq });
                }
                lock = it.content.lock.count;
                seen = vec![it.id];
            }
            Step::Stated(it) => {
                let statement = &it.statement;
                if statement.names_held() {
                    // What its author holds it need not have seen yet.
                    continue;
                }
                let frontier = if statement.names_by_lock() {
                    heads(&statement.lock)
                } else {
                    Some(statement.frontier.clone())
                };
                let Some(frontier) = frontier else {
                    // It names an order that is not here; whether that is wrong, its lock tells.
                    continue;
                };
                if frontier.iter().any(|id| talk.graph.index(id).is_none()) {
                    // It names messages that are not here, and so nothing follows from it.
                    continue;
                }
                if talk.graph.all_before(&seen, &frontier) {
                    seen = frontier;
                } else {
                    let (author, number) = (it.author, it.number);
                    flaws.push(Flaw {
                        place: it.place,
                        kind: FlawKind::StatementTakesBack { author, number },
                    });
                }
            }
        }
    }
}
