//! What this member holds of runs, and can send as it was sent. `docs/spec/06-epochs.md`, "Anyone repairs".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use crate::room::Room;
use crate::room::lobby::answering::Answer;
use crate::room::succession::attempt::Attempt;
use crate::wire::{Packet, SidHint};

impl<S: CryptoSuite> Room<S> {
    /// The run of this name, under way or confirmed.
    pub(super) fn attempt(&self, run: SidHint) -> Option<&Attempt<S>> {
        let succession = &self.succession;
        let mut attempts = succession.current.iter().chain(&succession.confirmed);
        attempts.find(|attempt| attempt.hint == run)
    }

    pub(super) fn proposer_in(&self, run: SidHint) -> Option<MemberIndex> {
        let attempt = self.attempt(run);
        attempt.map(|attempt| MemberIndex::new(attempt.proposal.proposer))
    }

    /// This member's place in a run, and how many are in it.
    pub(super) fn place_in(&self, run: SidHint) -> Option<(MemberIndex, usize)> {
        if let Some(attempt) = self.attempt(run) {
            return Some((attempt.run().me(), attempt.run().members().len()));
        }
        let member = self.phase.member()?;
        (member.certificate.hint == run).then(|| (member.epoch.me(), member.epoch.members()))
    }

    /// What is asked for, as it was sent, if this member holds it.
    pub(crate) fn held_packet(&self, answer: Answer) -> Option<Vec<u8>> {
        match answer {
            Answer::Advert
            | Answer::Greeting
            | Answer::Guests
            | Answer::Offer(_)
            | Answer::Light(_) => None,
            Answer::Ready(handle, place) => self.held_ready(handle, place),
            Answer::Statement(member) => self.phase.epoch()?.newest_word(member),
            Answer::Before(member) => self.old.as_ref()?.epoch.newest_word(member),
            Answer::Proposal(run) => {
                let attempt = self.attempt(run)?;
                let proposal = Packet::Proposal(attempt.proposal.clone());
                Some(attempt.as_sent(&proposal))
            }
            Answer::Round(claim) => {
                if let Some(attempt) = self.attempt(claim.run) {
                    let packet = attempt.packet_of(claim.round, claim.sender)?;
                    return Some(attempt.as_sent(&packet));
                }
                let certificate = &self.phase.member()?.certificate;
                let held = (certificate.hint == claim.run).then_some(&certificate.all)?;
                held.get(&(claim.round, claim.sender)).cloned()
            }
        }
    }
}
