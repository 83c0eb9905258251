//! What members have said last, which others lack and this member holds. `docs/spec/05-wire.md`, "Recovery".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::{Effect, Epoch, Newest};
use crate::wire::{MemberBits, Next, Packet};

/// Whether what a member has said about the next epoch is further than what another, who is there itself, waits for.
fn helps(said: &Next, asker: &Next) -> bool {
    if said.installed.is_some() || said.view > asker.view {
        return true;
    }
    if said.view < asker.view || said.offer.is_none() {
        return false;
    }
    let confirmed = |next: &Next| next.confirmed.last().map(|(run, _)| *run);
    match asker.frozen {
        None => true,
        Some((run, _)) if confirmed(asker) == Some(run) => confirmed(said) == Some(run),
        Some((run, _)) => said.frozen.is_some_and(|(other, _)| other == run),
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// A member lacks the newest statements of some: tells of them, and of those that would help it.
    pub(super) fn hear_lacking(
        &mut self,
        asker: MemberIndex,
        number: u32,
        lacks: &MemberBits,
        (order, next): (u32, Option<&Next>),
    ) {
        if lacks.is_empty() {
            return;
        }
        let delivered = u32::try_from(self.delivery.graph.len()).unwrap_or(u32::MAX);
        let would_help = |member: &MemberIndex| {
            let Some(peer) = self.peers.get(*member).filter(|_| *member != asker) else {
                return false;
            };
            // Nobody names a last message that none may deliver: it is told of to all who wait for more of its author.
            if *member == self.me || self.delivery.holdback.last_word_of(*member).is_some() {
                return true;
            }
            match (next.filter(|next| next.offer.is_some()), &peer.next) {
                (Some(asker), Some(said)) => peer.newest.is_some() && helps(said, asker),
                (Some(_), None) => false,
                (None, _) => {
                    let locks = self.consensus.peers.get(*member);
                    let signed = locks.map_or(0, |peer| peer.locks.longest().count);
                    // Without a lock it says what its author has seen, and helps who waits for that.
                    let helps = |newest: &Newest| newest.locks || order < delivered;
                    peer.newest.as_ref().is_some_and(helps) && signed >= order
                }
            }
        };
        let members: Vec<_> = lacks.iter().filter(would_help).collect();
        let lacked = lacks
            .iter()
            .take_while(|it| it.place() < self.peers.members());
        self.effects.push_back(Effect::Lacking {
            asker,
            number,
            lacked: lacked.collect(),
            members,
        });
    }

    /// What a member has said last, as it was sent: its last message if that waits here, or else its newest statement.
    pub(crate) fn newest_word(&self, member: MemberIndex) -> Option<Vec<u8>> {
        if member == self.me {
            return self.last_statement().map(|stated| stated.packet.clone());
        }
        let packet = match self.delivery.holdback.last_word_of(member) {
            Some(held) => &held.packet,
            None => &self.peers.get(member)?.newest.as_ref()?.packet,
        };
        Some(Packet::Sealed(packet.clone()).to_bytes())
    }
}
