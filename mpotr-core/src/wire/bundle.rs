//! Several packets that travel as one. `docs/spec/05-wire.md`, "Bundle".
//!
//! ```text
//! struct {
//!   uint8 zero = 0;                    where a packet has its version, which is never 0
//!   opaque packet<1..2^20>[2..64];     one after the other, each with a 32-bit length, none of them a bundle
//! } Bundle;                            at most 2^20 bytes
//! ```
//!
//! A carrier that counts lines or mails carries a short packet at the price of a long one, so what waits at the same time
//! travels together. A bundle says nothing by itself: each packet in it counts as if it had come alone, and one that counts
//! for nothing costs the others nothing.

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder};

use super::MAX_PACKET;

/// What a bundle begins with.
const BUNDLE: u8 = 0;
/// Bytes of a bundle besides its packets and their lengths.
const HEAD: usize = 1;
/// Bytes of a length.
const LENGTH: usize = 4;
/// The most packets of a bundle: about as many of the shortest as a line of a chat network holds twice over, and few enough
/// that none of the limits for packets that come together means anything else.
pub const MAX_BUNDLED: usize = 64;

/// Packets that leave together: one or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    packets: Vec<Vec<u8>>,
}

impl Bundle {
    /// With a first packet.
    #[must_use]
    pub fn begin(first: Vec<u8>) -> Self {
        Self {
            packets: vec![first],
        }
    }

    /// The most bytes of one more packet, where the whole is to have `limit` bytes at most; `None` if there is room for none.
    #[must_use]
    pub fn room(&self, limit: usize) -> Option<usize> {
        if self.packets.len() >= MAX_BUNDLED {
            return None;
        }
        let taken = self.packets.iter().map(|packet| {
            let length = packet.len();
            length.saturating_add(LENGTH)
        });
        let taken = taken.fold(HEAD, usize::saturating_add);
        let left = limit.min(MAX_PACKET).checked_sub(taken)?;
        left.checked_sub(LENGTH).filter(|room| *room > 0)
    }

    /// Adds a packet.
    pub fn push(&mut self, packet: Vec<u8>) {
        self.packets.push(packet);
    }

    /// The bytes: of one packet as it is, of more as a bundle.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.packets.len() == 1
            && let Some(packet) = self.packets.pop()
        {
            return packet;
        }
        Encoder::encoded(|out| {
            out.u8(BUNDLE);
            for packet in &self.packets {
                out.opaque(packet);
            }
        })
    }

    /// The packets in what came: one that is no bundle stands for itself.
    ///
    /// # Errors
    /// A bundle of fewer packets than two or of more than [`MAX_BUNDLED`], of one that is empty or a bundle itself, or that is
    /// not canonical.
    pub fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, DecodeError> {
        if bytes.first() != Some(&BUNDLE) {
            return Ok(vec![bytes]);
        }
        DecodeError::unless_within(0, "bundle", bytes.len(), 0..=MAX_PACKET)?;
        Decoder::whole(bytes, |input| {
            input.exactly(BUNDLE, "bundle")?;
            let mut packets = Vec::new();
            while input.offset() < bytes.len() {
                let at = input.offset();
                if packets.len() >= MAX_BUNDLED {
                    return Err(DecodeError::new(
                        at,
                        "packets",
                        DecodeErrorKind::NotCanonical,
                    ));
                }
                let packet = input.opaque(MAX_PACKET, "packet")?;
                if packet.first().is_none_or(|first| *first == BUNDLE) {
                    return Err(DecodeError::new(
                        at,
                        "packet",
                        DecodeErrorKind::NotCanonical,
                    ));
                }
                packets.push(packet);
            }
            if packets.len() < 2 {
                let at = input.offset();
                return Err(DecodeError::new(
                    at,
                    "packets",
                    DecodeErrorKind::NotCanonical,
                ));
            }
            Ok(packets)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(packets: &[&[u8]]) -> Vec<u8> {
        let mut packets = packets.iter().map(|packet| packet.to_vec());
        let mut bundle = Bundle::begin(packets.next().unwrap());
        packets.for_each(|packet| bundle.push(packet));
        bundle.into_bytes()
    }

    #[test]
    fn what_is_put_together_comes_apart_as_it_was() {
        let packets: [&[u8]; 3] = [&[2, 1], &[2], &[2, 5, 0, 0]];
        let together = bundle(&packets);
        assert_eq!(
            together,
            [0, 0, 0, 0, 2, 2, 1, 0, 0, 0, 1, 2, 0, 0, 0, 4, 2, 5, 0, 0]
        );
        assert_eq!(Bundle::split(&together).unwrap(), packets);
        // One packet is no bundle, nor is what has another first byte.
        assert_eq!(bundle(&[&[2, 1]]), [2, 1]);
        assert_eq!(Bundle::split(&[2, 1]).unwrap(), [[2, 1]]);
        assert_eq!(Bundle::split(&[]).unwrap(), [[0_u8; 0]]);
    }

    #[test]
    fn refuses_a_bundle_of_none_or_one_or_too_many() {
        for packets in [0, 1, MAX_BUNDLED + 1] {
            let mut bytes = vec![BUNDLE];
            bytes.extend([0, 0, 0, 1, 2].repeat(packets));
            assert!(Bundle::split(&bytes).is_err(), "{packets}");
        }
        let most = vec![&[2_u8][..]; MAX_BUNDLED];
        assert_eq!(Bundle::split(&bundle(&most)).unwrap(), most);
    }

    #[test]
    fn refuses_a_bundle_in_a_bundle_and_an_empty_packet() {
        let inner = bundle(&[&[2], &[2]]);
        assert!(Bundle::split(&bundle(&[&[2], &inner])).is_err());
        assert!(Bundle::split(&bundle(&[&[2], &[]])).is_err());
    }

    #[test]
    fn refuses_a_bundle_that_is_cut_or_goes_on() {
        let whole = bundle(&[&[2, 1], &[2, 3]]);
        for end in 1..whole.len() {
            assert!(Bundle::split(&whole[..end]).is_err(), "{end}");
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(Bundle::split(&longer).is_err());
        assert!(Bundle::split(&vec![0; MAX_PACKET + 1]).is_err());
    }

    #[test]
    fn a_bundle_has_room_up_to_its_limit_and_no_further() {
        let mut bundle = Bundle::begin(vec![2; 100]);
        assert_eq!(bundle.room(105), None);
        assert_eq!(bundle.room(110), Some(1));
        bundle.push(vec![2]);
        assert_eq!(bundle.clone().into_bytes().len(), 110);
        assert_eq!(bundle.room(110), None);
        assert_eq!(bundle.room(usize::MAX), Some(MAX_PACKET - 110 - 4));
        for _ in 2..MAX_BUNDLED {
            bundle.push(vec![2]);
        }
        assert_eq!(bundle.room(usize::MAX), None);
    }
}
