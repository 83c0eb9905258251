//! Opening many packets at once: one signature for each author, the rest by hash. `docs/spec/05-wire.md`, "Backlog".
//!
//! ```text
//! candidate   = a packet that opens; every member could have sealed it
//! from an author's last place down: authentic, if the authentic message of the next place names it as prev, and the
//!                                   signature that covers that is near; else, if its own signature verifies;
//!                                   else it leaves no trace
//! ```
//!
//! A message names its author's previous one by hash, so a signature vouches for all that lies behind it. Every candidate
//! is judged before the call ends, by the same rule as one that comes alone: a forged one displaces nothing, and what is
//! authentic does not depend on how packets are bundled.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mpotr_crypto::{CryptoSuite, SignatureBytes};
use mpotr_gka::MemberIndex;

use super::Epoch;
use super::receiving::Opened;
use super::vouching::Warrant;
use crate::error::Rejection;
use crate::wire::{Header, MessageId, SealedPacket, Stream};

/// The most packets that are opened together. What opens of them is all in memory at once.
pub(crate) const MAX_TOGETHER: usize = 4096;

/// A content packet that opens.
struct Candidate {
    /// Which of the packets.
    index: usize,
    author: MemberIndex,
    opened: Opened,
    packet: SealedPacket,
}

impl Candidate {
    /// The author, and the place of the message.
    const fn place(&self) -> (MemberIndex, u32) {
        (self.author, self.opened.content.seq)
    }

    /// The message, and its signature.
    const fn message(&self) -> (MessageId, SignatureBytes) {
        (self.opened.id, self.opened.signature)
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// Opens packets of this epoch, in any order, and says for each who sent it or why it changed nothing. Of statements
    /// the newest of each member counts.
    pub(crate) fn open_together(
        &mut self,
        packets: Vec<SealedPacket>,
    ) -> Vec<Result<MemberIndex, Rejection>> {
        let mut results = Vec::with_capacity(packets.len());
        let mut candidates = Vec::with_capacity(packets.len());
        let mut statements: Vec<(Header, usize, SealedPacket)> = Vec::new();
        for (index, packet) in packets.into_iter().enumerate() {
            let opened = self.header_of(&packet).and_then(|(author, header)| {
                match header.stream {
                    Stream::Statement => statements.push((header, index, packet)),
                    Stream::Content => {
                        let mut opened = self.read(header, &packet);
                        if matches!(opened, Err(Rejection::TooFarAhead)) && !candidates.is_empty() {
                            // It may not be, once those that came before it are accepted.
                            self.take_candidates(&mut candidates, &mut results);
                            opened = self.read(header, &packet);
                        }
                        let opened = opened?;
                        candidates.push(Candidate {
                            index,
                            author,
                            opened,
                            packet,
                        });
                    }
                }
                Ok(author)
            });
            results.push(opened);
        }
        self.take_candidates(&mut candidates, &mut results);
        let mut is_any_stated = false;
        // The newest first: it takes the keys of the others along.
        statements.sort_by_key(|(header, ..)| Reverse(header.seq));
        for (header, index, packet) in statements {
            let sender = MemberIndex::new(header.sender);
            let opened = self.open_statement(sender, header, &packet);
            is_any_stated |= opened.is_ok();
            set(&mut results, index, opened.map(|()| sender));
        }
        if is_any_stated {
            // There may be room for what they name.
            self.accept_all(Vec::new(), &mut results);
        }
        if results.iter().any(Result::is_ok) {
            self.advance();
        }
        results
    }

    fn take_candidates(
        &mut self,
        candidates: &mut Vec<Candidate>,
        results: &mut [Result<MemberIndex, Rejection>],
    ) {
        let authentic = self.authentic(std::mem::take(candidates), results);
        let changes = self.delivery.changes();
        let again = |candidate: &Candidate| self.refused.again(changes, &candidate.message());
        let whys: Option<Vec<_>> = authentic.iter().map(|(_, it)| again(it)).collect();
        match whys {
            // Each was refused before, and nothing else is new.
            Some(whys) => {
                for ((_, candidate), why) in authentic.iter().zip(whys) {
                    set(results, candidate.index, Err(why));
                }
            }
            None => self.accept_all(authentic, results),
        }
    }

    /// Judges all candidates, from each author's last place down, and keeps those that are authentic.
    fn authentic(
        &mut self,
        candidates: Vec<Candidate>,
        results: &mut [Result<MemberIndex, Rejection>],
    ) -> Vec<(Warrant, Candidate)> {
        let mut judged: Vec<_> = candidates
            .iter()
            .map(|candidate| (candidate.place(), candidate, None::<Warrant>))
            .collect();
        judged.sort_unstable_by_key(|(place, ..)| Reverse(*place));
        // What the authentic messages of the place above, and of this one, name as their previous ones.
        let (mut named, mut next): (Vec<(MessageId, Warrant)>, Vec<_>) = (Vec::new(), Vec::new());
        let mut above = None;
        for place in judged.chunk_by_mut(|(a, ..), (b, ..)| a == b) {
            let Some((author, seq)) = place.first().map(|(place, ..)| *place) else {
                continue;
            };
            if above != Some((author, seq)) {
                named.clear();
            }
            named.extend(self.delivery.vouched_for(author, seq));
            for (_, candidate, warrant) in place {
                let Candidate { opened, packet, .. } = *candidate;
                let vouched = named.iter().find(|(named, _)| *named == opened.id);
                *warrant = vouched.map(|(_, warrant)| *warrant).or_else(|| {
                    self.opener
                        .is_signed(author, &opened.id, &opened.signature)
                        .then_some(Warrant::Own)
                });
                let before = warrant.and_then(|warrant| warrant.before(packet));
                next.extend(opened.content.prev.zip(before));
            }
            std::mem::swap(&mut named, &mut next);
            next.clear();
            above = seq.checked_sub(1).map(|below| (author, below));
        }
        let mut warrants = vec![None; results.len()];
        for (_, candidate, warrant) in judged {
            if warrant.is_none() {
                set(results, candidate.index, Err(Rejection::NotAuthentic));
            }
            if let Some(slot) = warrants.get_mut(candidate.index) {
                *slot = warrant;
            }
        }
        candidates
            .into_iter()
            .filter_map(|candidate| Some((warrants.get(candidate.index).copied()??, candidate)))
            .collect()
    }

    /// Takes all that is authentic, and delivers what can be.
    fn accept_all(
        &mut self,
        mut authentic: Vec<(Warrant, Candidate)>,
        results: &mut [Result<MemberIndex, Rejection>],
    ) {
        // Those of one place together, as they came: as a rule, what each comes after is there already.
        authentic.sort_by_key(|(_, candidate)| (candidate.opened.content.seq, candidate.index));
        // What may wait, to be told if it finds no room.
        let mut accepted = Vec::new();
        // If nothing else is new, nothing that waits can be delivered.
        let is_still = !authentic.is_empty()
            && authentic.iter().all(|(_, candidate)| {
                let opened = &candidate.opened;
                let said = (&opened.id, &opened.content);
                let bytes = candidate.packet.length();
                self.delivery.finds_no_room(candidate.author, said, bytes)
            });
        // Those that were refused, and of how many.
        let (mut refused, all) = (Vec::new(), authentic.len());
        for (warrant, candidate) in authentic {
            let (author, seq) = candidate.place();
            let message = candidate.message();
            let Candidate {
                index,
                opened,
                packet,
                ..
            } = candidate;
            let (id, signature) = (opened.id, opened.signature);
            if self.delivery.is_at_hand(author, seq, &id) {
                set(results, index, Err(Rejection::Replayed));
                continue;
            }
            if is_still {
                let why = self.refuse_for_room(&id, &signature, warrant);
                refused.push((message, why.clone()));
                set(results, index, Err(why));
                continue;
            }
            match self.accept_opened(author, opened, packet, warrant) {
                Ok(()) if self.delivery.holdback.is_empty() => {}
                Ok(()) => accepted.push((id, (index, signature, warrant))),
                Err(why) => {
                    refused.push((message, why.clone()));
                    set(results, index, Err(why));
                }
            }
        }
        if !is_still {
            self.deliver_all(&accepted.into_iter().collect(), results, &mut refused);
        }
        if refused.len() == all {
            // Nothing has changed.
            for (message, why) in refused {
                self.note_refused(message, why);
            }
        }
    }

    /// Delivers what can be, and refuses what finds no room.
    fn deliver_all(
        &mut self,
        accepted: &BTreeMap<MessageId, (usize, SignatureBytes, Warrant)>,
        results: &mut [Result<MemberIndex, Rejection>],
        refused: &mut Vec<((MessageId, SignatureBytes), Rejection)>,
    ) {
        self.deliver_ready();
        for id in self.delivery.trim() {
            if let Some((index, signature, warrant)) = accepted.get(&id) {
                let why = self.refuse_for_room(&id, signature, *warrant);
                refused.push(((id, *signature), why.clone()));
                set(results, *index, Err(why));
            }
        }
    }
}

fn set(
    results: &mut [Result<MemberIndex, Rejection>],
    index: usize,
    result: Result<MemberIndex, Rejection>,
) {
    if let Some(slot) = results.get_mut(index) {
        *slot = result;
    }
}
