//! Which messages others build upon. `docs/spec/05-wire.md`, "Equivocation" and "What is not final".

use std::collections::BTreeMap;

use mpotr_gka::MemberIndex;

use crate::wire::MessageId;

/// Who names a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// This member alone.
    One(MemberIndex),
    /// More than one, or the cut.
    Many,
}

/// The messages that members name, and which members.
#[derive(Debug, Default)]
pub(super) struct Demand(BTreeMap<MessageId, By>);

impl Demand {
    /// A member names a message.
    pub(super) fn name(&mut self, id: MessageId, by: MemberIndex) {
        let named = self.0.entry(id).or_insert(By::One(by));
        if *named != By::One(by) {
            *named = By::Many;
        }
    }

    /// A message is named, no matter who wrote it.
    pub(super) fn require(&mut self, id: MessageId) {
        self.0.insert(id, By::Many);
    }

    /// Whether another than its author names a message.
    pub(super) fn is_for(&self, author: MemberIndex, id: &MessageId) -> bool {
        match self.0.get(id) {
            None => false,
            Some(By::One(by)) => *by != author,
            Some(By::Many) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: MessageId = MessageId::new([1; 32]);

    #[test]
    fn nobody_demands_what_it_wrote_itself() {
        let mut demand = Demand::default();
        let [alice, bob] = [0, 1].map(MemberIndex::new);
        assert!(!demand.is_for(alice, &ID));
        demand.name(ID, alice);
        demand.name(ID, alice);
        assert!(!demand.is_for(alice, &ID));
        assert!(demand.is_for(bob, &ID));
        demand.name(ID, bob);
        assert!(demand.is_for(alice, &ID));
    }

    #[test]
    fn a_cut_demands_whatever_it_names() {
        let mut demand = Demand::default();
        demand.require(ID);
        assert!(demand.is_for(MemberIndex::new(0), &ID));
    }
}
