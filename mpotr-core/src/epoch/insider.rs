//! What a member can seal that an honest one never does. Feature `insider`, for simulators and tests.

use mpotr_crypto::{CryptoSuite, SignatureBytes};
use mpotr_gka::light::{ChangeBody, Signed};

use super::Epoch;
use crate::wire::{
    Content, Fields, Header, LightPacket, MessageId, Packet, SealedPacket, Statement, Stream,
    Unsigned,
};

impl<S: CryptoSuite> Epoch<S> {
    /// Seals a message of this member, whatever it has said before; without a signature of its own if so wanted.
    pub(crate) fn forge_content(
        &mut self,
        content: Content,
        is_signed: bool,
    ) -> Option<(MessageId, Vec<u8>)> {
        let seq = content.seq;
        let content = Unsigned::new(content);
        let id = content.id::<S>(&self.opener.keys.id, self.me.get());
        let signature = if is_signed {
            self.sealer
                .signing()
                .sign(&id.signed::<S>(&self.opener.keys.id))
        } else {
            SignatureBytes::new([0; 64])
        };
        let packet = self.forge(Stream::Content, seq, &content, &signature)?;
        Some((id, packet))
    }

    /// Seals a statement of this member for a place in its stream.
    pub(crate) fn forge_statement(&mut self, number: u32, statement: Statement) -> Option<Vec<u8>> {
        let statement = Unsigned::new(statement);
        let signed = statement.signed::<S>(&self.opener.keys.id, self.me.get(), number);
        let signature = self.sealer.signing().sign(&signed);
        self.forge(Stream::Statement, number, &statement, &signature)
    }

    /// Seals a statement whose signature is wrong for a place in this member's stream.
    pub(crate) fn forge_unsigned(&mut self, number: u32, statement: Statement) -> Option<Vec<u8>> {
        let signature = SignatureBytes::new([0; 64]);
        self.forge(
            Stream::Statement,
            number,
            &Unsigned::new(statement),
            &signature,
        )
    }

    /// A packet of a light run with this member's signature, enclosed.
    pub(crate) fn sign_light(&self, packet: LightPacket) -> Option<Vec<u8>> {
        fn sign<S: CryptoSuite, B: ChangeBody>(
            epoch: &Epoch<S>,
            packet: &Signed<B>,
        ) -> Box<Signed<B>> {
            let body = packet.body().clone();
            Box::new(Signed::sign(body, epoch.sid(), epoch.sealer.signing()))
        }
        let signed = match packet {
            LightPacket::Seed(packet) => LightPacket::Seed(sign(self, &packet)),
            LightPacket::Freeze(packet) => LightPacket::Freeze(sign(self, &packet)),
            LightPacket::Cut(packet) => LightPacket::Cut(sign(self, &packet)),
            LightPacket::Share(packet) => LightPacket::Share(sign(self, &packet)),
            LightPacket::Joint(packet) => LightPacket::Joint(sign(self, &packet)),
            LightPacket::Object(packet) => LightPacket::Object(sign(self, &packet)),
        };
        let packet = Packet::Light(signed).to_bytes();
        Some(self.enclosure().enclose(&packet))
    }

    /// States another count of light runs with its part.
    pub(crate) fn count_falsely(&mut self, runs: u8) {
        if let Some((count, _)) = self.own_next().and_then(|it| it.joins.opening.as_mut()) {
            *count = runs;
        }
    }

    /// Its part is the one that it committed to, and its tags for those who come in are wrong.
    pub(crate) fn spoil_tags(&mut self) {
        if let Some((_, opening)) = self.own_next().and_then(|it| it.joins.opening.as_mut()) {
            opening
                .tags
                .fill(mpotr_gka::light::JoinTag::new([0x5a; 16]));
        }
    }

    /// The heads of what is delivered here.
    pub(crate) fn heads(&self) -> Vec<MessageId> {
        self.delivery.graph.heads().iter().copied().collect()
    }

    fn forge<T: Fields>(
        &mut self,
        stream: Stream,
        seq: u32,
        fields: &Unsigned<T>,
        signature: &SignatureBytes,
    ) -> Option<Vec<u8>> {
        let header = Header {
            sender: self.me.get(),
            stream,
            seq,
        };
        let streams = &mut self.sealer.streams;
        let ratchet = match stream {
            Stream::Content => &mut streams.content,
            Stream::Statement => &mut streams.statements,
        };
        let key = ratchet.key::<S>(seq).ok()?;
        let text = fields.with_signature(signature);
        let keys = &self.opener.keys;
        let packet = SealedPacket::seal::<S>(keys.hint, header, &keys.header, key, &text);
        Some(Packet::Sealed(packet).to_bytes())
    }
}
