//! What a member can send that deviates: feature `insider`, for simulators and tests. It gives nothing that a member could not
//! do with a program of its own: it has all keys of its epoch.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Encoder, IdentityKey};
use mpotr_gka::MemberIndex;
use mpotr_gka::light::{ChangeKind, Handle, LightTerms, Ready, Watch};

use super::Room;
use crate::time::Timestamp;
use crate::wire::{Admitted, Content, LightPacket, MessageId, Packet, Statement};

impl<S: CryptoSuite> Room<S> {
    /// A packet with a message of this member, whatever it has said before, with its signature or with junk in place of one;
    /// and the message's id. The room does not know of it. `None` without an epoch, or if the key of the place is used.
    pub fn forge_content(
        &mut self,
        content: Content,
        is_signed: bool,
    ) -> Option<(MessageId, Vec<u8>)> {
        self.phase.epoch_mut()?.forge_content(content, is_signed)
    }

    /// A packet with a statement of this member for a place of its stream, whatever it has said before. The room does not know
    /// of it. `None` without an epoch, or if the key of the place is used.
    pub fn forge_statement(&mut self, number: u32, statement: Statement) -> Option<Vec<u8>> {
        self.phase.epoch_mut()?.forge_statement(number, statement)
    }

    /// The same with a signature that is wrong.
    pub fn forge_unsigned(&mut self, number: u32, statement: Statement) -> Option<Vec<u8>> {
        self.phase.epoch_mut()?.forge_unsigned(number, statement)
    }

    /// A packet of a light run of the present epoch, in any name, with this member's signature in place of the
    /// one that it has. `None` without an epoch.
    #[must_use]
    pub fn sign_light(&self, packet: LightPacket) -> Option<Vec<u8>> {
        self.phase.epoch()?.sign_light(packet)
    }

    /// A SEED of this member by which all stay, for the first view from the present one that is its own, whether or not a light
    /// run may follow. The room does not know of it. `None` without an epoch.
    #[must_use]
    pub fn forge_seed(&self, now: Timestamp, rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let situation = self.situation(now)?;
        let epoch = situation.epoch();
        let mut handle = [0; 16];
        rng.fill_bytes(&mut handle);
        let view =
            (situation.view()..).find(|it| situation.proposer_of(*it) == Some(epoch.me()))?;
        let terms = LightTerms {
            view,
            handle: Handle::new(handle),
            policy: Encoder::encoded(|out| self.votes.policy.encode(out)),
            kind: ChangeKind::Refresh,
            watch: Watch::Lazy,
            reasons: Vec::new(),
            staying: epoch.indices().collect(),
        };
        let identity = &*self.common.me.identity;
        let proposed = epoch.propose(terms, &[], identity, u64::MAX, rng)?.ok()?;
        let seed = LightPacket::Seed(Box::new(proposed.seed().clone()));
        epoch.sign_light(seed)
    }

    /// The READY of one that comes in by the light run that this member has shared in, sealed anew with a wrong tag for who has
    /// this place. `None` if there is no such run.
    #[must_use]
    pub fn reseal_ready(&self, ready: &Ready, wrong_for: MemberIndex) -> Option<Vec<u8>> {
        let run = self.succession.light.as_ref()?;
        let resealed = run.shared()?.reseal_ready(ready, wrong_for)?;
        Some(Packet::Ready(Box::new(resealed)).to_bytes())
    }

    /// States from now on with its part that there were so many light runs since the last full one.
    pub const fn count_falsely(&mut self, runs: u8) {
        self.succession.false_count = Some(runs);
    }

    /// From now on its part is the one that it committed to, and its tags for those who come in are wrong.
    pub const fn spoil_tags(&mut self) {
        self.succession.spoils_tags = true;
    }

    /// Shows nobody from now on what it committed to when others came into the present epoch.
    pub fn withhold_opening(&mut self) {
        if let Some(next) = self.phase.epoch_mut().and_then(|epoch| epoch.own_next()) {
            next.joins.opening = None;
        }
    }

    /// States from now on that these have answered in the present epoch, true or not; replaces what was stated so before.
    pub fn invent(&mut self, newcomers: impl IntoIterator<Item = Admitted>) {
        if let Some(member) = self.phase.member_mut() {
            member.strangers.invented = newcomers.into_iter().collect();
        }
    }

    /// Says from now on that it has struck another member as often as counts, and proposes and judges by that.
    pub fn accuse(&mut self, identity: &IdentityKey) {
        if let Some(member) = self.phase.member_mut()
            && let Some(place) = member.place_of(identity)
        {
            member.changing.strikes.accuse(place);
        }
    }

    /// The ids of the messages that are delivered here and parent of none.
    #[must_use]
    pub fn heads(&self) -> Vec<MessageId> {
        let epoch = self.phase.epoch();
        epoch.map_or_else(Vec::new, |epoch| epoch.heads())
    }
}
