//! Packets of a change that only members of the epoch that ends can read. `docs/spec/05-wire.md`, "Enclosed packet".
//!
//! ```text
//!  0         8           24                      24 + n        24 + n + 16
//!  +---------+-----------+-----------------------+-------------+
//!  | hint, 8 | fresh, 16 | sealed packet, n      | its tag, 16 |
//!  +---------+-----------+-----------------------+-------------+
//! ```
//!
//! One packet has one enclosed form: `fresh` follows from it and a secret of the epoch, so all who hold the packet send the
//! same bytes again, and no key seals two packets.

use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder,
    OpenError, byte_newtype, kdf::Prk, label, wiping_stack,
};

use super::{EpochHint, PacketKind};

byte_newtype! {
    /// What is another in each enclosed packet: 16 bytes that its key is derived from.
    EnclosedFresh, 16
}

/// Each key seals one packet.
const NONCE: [u8; 12] = [0; 12];

/// The least bytes of a packet: version and kind.
const SHORTEST: usize = 2;

/// An offer, a proposal, a packet of a run or of a light one, or a request, as it goes over the transport inside an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosedPacket {
    /// The epoch whose members can read it.
    pub hint: EpochHint,
    fresh: EnclosedFresh,
    sealed: Vec<u8>,
}

/// `struct { uint16 suite; opaque hint[8]; opaque fresh[16]; }`.
fn associated_data<S: CryptoSuite>(hint: EpochHint, fresh: EnclosedFresh) -> Vec<u8> {
    Encoder::encoded(|out| {
        out.u16(S::ID.code());
        hint.encode(out);
        fresh.encode(out);
    })
}

/// Another for each packet. It is keyed, so that it tells an outsider nothing of a packet that it guesses.
fn fresh_for<S: CryptoSuite>(secret: &Prk, packet: &[u8]) -> EnclosedFresh {
    EnclosedFresh::new(
        *secret
            .expand::<S, 16>(label::ENCLOSED_FRESH, packet)
            .expose(),
    )
}

impl EnclosedPacket {
    /// What a packet can be that is enclosed.
    #[must_use]
    pub const fn takes(kind: PacketKind) -> bool {
        matches!(
            kind,
            PacketKind::Offer
                | PacketKind::Proposal
                | PacketKind::Contribution
                | PacketKind::Confirmation
                | PacketKind::Light
                | PacketKind::Request
        )
    }

    /// Encloses a packet under the epoch's secret for that.
    #[must_use]
    pub fn enclose<S: CryptoSuite>(hint: EpochHint, secret: &Prk, packet: &[u8]) -> Self {
        let fresh = fresh_for::<S>(secret, packet);
        let data = associated_data::<S>(hint, fresh);
        let sealed = wiping_stack(|| {
            let key = secret.expand::<S, 32>(label::ENCLOSED_KEY, fresh.as_bytes());
            AeadKey::<S>::new(&key).seal(&NONCE, &data, packet)
        });
        Self {
            hint,
            fresh,
            sealed,
        }
    }

    /// The packet inside.
    ///
    /// # Errors
    /// No member of the epoch enclosed it, or not as every other would have.
    pub fn open<S: CryptoSuite>(&self, secret: &Prk) -> Result<Vec<u8>, OpenError> {
        let data = associated_data::<S>(self.hint, self.fresh);
        let packet = wiping_stack(|| {
            let key = secret.expand::<S, 32>(label::ENCLOSED_KEY, self.fresh.as_bytes());
            AeadKey::<S>::new(&key).open(&NONCE, &data, &self.sealed)
        })?;
        let kind = PacketKind::of(&packet).ok_or(OpenError)?;
        if !Self::takes(kind) || fresh_for::<S>(secret, &packet) != self.fresh {
            return Err(OpenError);
        }
        Ok(packet.to_vec())
    }

    /// Writes the packet.
    pub fn encode(&self, out: &mut Encoder) {
        self.hint.encode(out);
        self.fresh.encode(out);
        out.raw(&self.sealed);
    }

    /// Reads a packet, to the end of the input.
    ///
    /// # Errors
    /// It is too short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let hint = EpochHint::decode(input, "epoch hint")?;
        let fresh = EnclosedFresh::decode(input, "fresh")?;
        let at = input.offset();
        let sealed = input.rest();
        let minimum = SHORTEST.saturating_add(AEAD_TAG_LENGTH);
        if sealed.len() < minimum {
            let kind = DecodeErrorKind::TooShort {
                length: sealed.len(),
                minimum,
            };
            return Err(DecodeError::new(at, "sealed packet", kind));
        }
        Ok(Self {
            hint,
            fresh,
            sealed: sealed.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::{Aes256GcmSuite, ChaCha20Poly1305Suite};
    use mpotr_crypto::{AeadKey, CryptoSuite, kdf::Prk, label};

    use super::{EnclosedPacket, NONCE, associated_data, fresh_for};
    use crate::wire::{EpochHint, Packet, PacketKind, VERSION};

    const HINT: EpochHint = EpochHint::new([3; 8]);

    fn secret<S: CryptoSuite>(name: &str) -> Prk {
        Prk::extract::<S>(b"salt", name.as_bytes())
    }

    fn packet(kind: PacketKind, body: u8) -> Vec<u8> {
        [&[VERSION, kind.code()], &[body; 300][..]].concat()
    }

    fn one_packet_is_enclosed_in_one_way_and_read_by_members_alone<S: CryptoSuite>() {
        let secret_here = secret::<S>("here");
        let enclose = |packet: &[u8]| EnclosedPacket::enclose::<S>(HINT, &secret_here, packet);
        let offer = packet(PacketKind::Offer, 1);
        let enclosed = enclose(&offer);
        assert_eq!(enclosed.open::<S>(&secret_here).unwrap(), offer);
        assert_eq!(enclose(&offer), enclosed);
        assert!(enclosed.open::<S>(&secret::<S>("elsewhere")).is_err());
        let other = enclose(&packet(PacketKind::Offer, 2));
        assert_ne!(other.fresh, enclosed.fresh);
        // Nothing of one can be taken for another's.
        for mixed in [
            EnclosedPacket {
                hint: EpochHint::new([4; 8]),
                ..enclosed.clone()
            },
            EnclosedPacket {
                fresh: other.fresh,
                ..enclosed.clone()
            },
            EnclosedPacket {
                sealed: other.sealed,
                ..enclosed
            },
        ] {
            assert!(mixed.open::<S>(&secret_here).is_err());
        }
    }

    #[test]
    fn the_example_of_the_specification_is_what_is_made() {
        type S = ChaCha20Poly1305Suite;
        let secret = Prk::extract::<S>(b"salt", b"input key material");
        let packet = [&[VERSION, 1][..], &[0; 8]].concat();
        let enclosed = EnclosedPacket::enclose::<S>(HINT, &secret, &packet);
        let bytes = Packet::Enclosed(enclosed).to_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/05-wire.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (_, section) = page.split_once("\n### Enclosed packet\n").unwrap();
        let (_, example) = section.split_once("Example").unwrap();
        let (_, example) = example.split_once("```").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let example: String = example.split_whitespace().collect();
        assert_eq!(example, hex);
    }

    #[test]
    fn each_suite_encloses() {
        one_packet_is_enclosed_in_one_way_and_read_by_members_alone::<ChaCha20Poly1305Suite>();
        one_packet_is_enclosed_in_one_way_and_read_by_members_alone::<Aes256GcmSuite>();
    }

    #[test]
    fn a_member_encloses_no_packet_otherwise_and_no_other_packet() {
        type S = ChaCha20Poly1305Suite;
        let secret = secret::<S>("here");
        let of_run = packet(PacketKind::Proposal, 1);
        // Under what is fresh for another packet.
        let fresh = fresh_for::<S>(&secret, &packet(PacketKind::Proposal, 2));
        let key = secret.expand::<S, 32>(label::ENCLOSED_KEY, fresh.as_bytes());
        let data = associated_data::<S>(HINT, fresh);
        let sealed = AeadKey::<S>::new(&key).seal(&NONCE, &data, &of_run);
        let reused = EnclosedPacket {
            hint: HINT,
            fresh,
            sealed,
        };
        assert!(reused.open::<S>(&secret).is_err());
        for kind in PacketKind::ALL {
            let enclosed = EnclosedPacket::enclose::<S>(HINT, &secret, &packet(kind, 1));
            let opened = enclosed.open::<S>(&secret);
            assert_eq!(opened.is_ok(), EnclosedPacket::takes(kind), "{kind:?}");
        }
    }
}
