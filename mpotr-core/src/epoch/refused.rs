//! Authentic messages that were refused, until anything changes. `docs/spec/05-wire.md`, "Receiving".
//!
//! Whether such a message counts depends on what is at hand: on what others build upon, on what contradicts it, on the room
//! there is. To find that out costs a look through what waits, and anyone can send the message again for ever. As long as
//! nothing of what is at hand has changed, the outcome is the same, so it is remembered.

use std::collections::BTreeMap;

use mpotr_crypto::SignatureBytes;

use crate::error::Rejection;
use crate::wire::MessageId;

/// The most refusals that are remembered. An insider that makes more messages than this can as well make new ones.
const MOST: usize = 1024;

/// A message and its signature: with another one, what shows whose it is is another, too.
type Message = (MessageId, SignatureBytes);

/// What was refused since something changed last.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// The number of the change that came before.
    after: u64,
    why: BTreeMap<Message, Rejection>,
}

impl Refused {
    /// Why a message is refused again, if nothing has changed since it was.
    pub(super) fn again(&self, changes: u64, message: &Message) -> Option<Rejection> {
        let why = self.why.get(message)?;
        (self.after == changes).then(|| why.clone())
    }

    /// An authentic message was refused, when so much had changed.
    pub(super) fn note(&mut self, changes: u64, message: Message, why: Rejection) {
        if self.after != changes {
            self.why.clear();
            self.after = changes;
        }
        if self.why.len() < MOST {
            self.why.insert(message, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u16) -> Message {
        let mut id = [0; 32];
        id[..2].copy_from_slice(&n.to_be_bytes());
        (MessageId::new(id), SignatureBytes::new([1; 64]))
    }

    #[test]
    fn a_refusal_holds_for_one_signature_until_something_changes() {
        let mut refused = Refused::default();
        refused.note(7, message(1), Rejection::Disputed);
        assert_eq!(refused.again(7, &message(1)), Some(Rejection::Disputed));
        assert_eq!(refused.again(8, &message(1)), None);
        assert_eq!(refused.again(7, &message(2)), None);
        let other = (message(1).0, SignatureBytes::new([2; 64]));
        assert_eq!(refused.again(7, &other), None);
        refused.note(8, message(2), Rejection::Quota);
        assert_eq!(refused.again(7, &message(1)), None);
        assert_eq!(refused.again(8, &message(1)), None);
        assert_eq!(refused.again(8, &message(2)), Some(Rejection::Quota));
    }

    #[test]
    fn so_many_are_remembered_and_no_more_and_none_gives_way() {
        let mut refused = Refused::default();
        let most = u16::try_from(MOST).unwrap();
        for n in 0..=most {
            refused.note(1, message(n), Rejection::Quota);
        }
        assert_eq!(refused.why.len(), MOST);
        assert_eq!(refused.again(1, &message(0)), Some(Rejection::Quota));
        assert_eq!(refused.again(1, &message(most)), None);
    }
}
