//! Messages that others miss, and when it is this member's turn to send them again. `docs/spec/05-wire.md`, "Recovery".
//!
//! Any member that holds a message can send it to who misses it. If all did, each message that is late for one would
//! come from all.

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;

use crate::room::context::Context;
use crate::room::membership::Membership;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::MessageId;

/// Those whose turn is later have it all together: there may be few who have it, and all of them may be last.
const LAST_ROUND: usize = 8;

/// Messages that others miss and that this member holds.
#[derive(Debug, Default)]
pub(crate) struct Owing {
    /// When to send each, unless another member does before.
    due: BTreeMap<MessageId, Timestamp>,
}

impl<S: CryptoSuite> Membership<S> {
    /// Messages are asked for that others have their turn to send before this member, and others came again: those are
    /// no longer missed.
    pub(crate) fn owe(
        &mut self,
        cx: &mut Context<'_, S>,
        owed: Vec<(MessageId, usize)>,
        again: &[MessageId],
    ) {
        let due = &mut self.talk.owing.due;
        for id in again {
            due.remove(id);
        }
        // So long takes what another sends again to be heard.
        let round = part(cx.me.times().retry, 2);
        for (id, rounds) in owed {
            let rounds = u32::try_from(rounds.min(LAST_ROUND)).unwrap_or(0);
            let at = cx.now.after(round.saturating_mul(rounds));
            let at = *due.entry(id).or_insert(at);
            cx.timers.set_earlier(Timer::Serve, at);
        }
        if due.is_empty() {
            cx.timers.stop(Timer::Serve);
        }
    }

    /// Sends again what nobody else has sent in time.
    pub(crate) fn serve(&mut self, cx: &mut Context<'_, S>) {
        let due = &mut self.talk.owing.due;
        let now_due = due.extract_if(.., |_, at| *at <= cx.now);
        let now_due: Vec<_> = now_due.map(|(id, _)| id).collect();
        if let Some(next) = due.values().min() {
            cx.timers.set(Timer::Serve, *next);
        }
        for id in now_due {
            self.epoch.send_again(&id);
        }
    }
}
