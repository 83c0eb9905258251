//! What the relay sends to a client.

use bytes::Bytes;
use mpotr_crypto::{DecodeError, Decoder, wire_enum};

use super::{FrameCodec, MAX_PACKET, Refusal, Report, SenderHint};

wire_enum! {
    /// What a frame of the relay begins with.
    enum ServerFrameKind: u8 {
        /// The sender's number and the packet follow.
        Packet = 0,
        /// A refusal follows.
        Refused = 1,
        /// Nothing follows.
        Joined = 2,
        /// A report follows.
        Report = 3,
    }
}

/// A frame from the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// Kind 0, `uint64 sender; opaque packet[1..2^20];`: what another client of the room sent.
    Packet {
        /// The relay's number for the connection that it came from.
        sender: SenderHint,
        /// The packet, 1 to 2^20 bytes.
        packet: Bytes,
    },
    /// Kind 1: why the relay closes the connection. Nothing follows.
    Refused(Refusal),
    /// Kind 2: the room is joined; what others send from now on comes.
    Joined,
    /// Kind 3: what a carrier of its own tells of itself. A relay never sends it.
    Report(Report),
}

impl ServerFrame {
    /// The most bytes of the payload: a packet, its kind and its sender.
    pub const MAX: usize = MAX_PACKET + 9;

    /// The whole frame, with its length.
    #[must_use]
    pub fn to_frame(&self) -> Bytes {
        match self {
            Self::Packet { sender, packet } => FrameCodec::encode(&[
                &[ServerFrameKind::Packet.code()],
                &sender.to_u64().to_be_bytes(),
                packet,
            ]),
            Self::Refused(refusal) => FrameCodec::encode(&[
                &[ServerFrameKind::Refused.code(), refusal.code().code()],
                refusal.text().as_bytes(),
            ]),
            Self::Joined => FrameCodec::encode(&[&[ServerFrameKind::Joined.code()]]),
            Self::Report(report) => {
                FrameCodec::encode(&[&[ServerFrameKind::Report.code()], &report.to_bytes()])
            }
        }
    }

    /// Reads the payload of a frame, without copying the packet.
    ///
    /// # Errors
    /// A kind or a code without meaning, a packet that is empty or too long, a text that is too long or not
    /// printable ASCII, or bytes after the end.
    pub fn decode(payload: &Bytes) -> Result<Self, DecodeError> {
        Decoder::whole(payload, |input| {
            match ServerFrameKind::decode(input, "kind")? {
                ServerFrameKind::Packet => Ok(Self::Packet {
                    sender: SenderHint::from_u64(input.u64("sender")?),
                    packet: payload.slice_ref(input.rest_within(1..=MAX_PACKET, "packet")?),
                }),
                ServerFrameKind::Refused => Refusal::decode(input).map(Self::Refused),
                ServerFrameKind::Joined => Ok(Self::Joined),
                ServerFrameKind::Report => Report::decode(input).map(Self::Report),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mpotr_core::LinkReport;
    use mpotr_crypto::DecodeErrorKind;
    use proptest::prelude::*;

    use super::ServerFrame;
    use crate::frame::{LENGTH_PREFIX, MAX_PACKET, Refusal, RefusalCode, Report, SenderHint};

    fn packet(bytes: &'static [u8]) -> ServerFrame {
        ServerFrame::Packet {
            sender: SenderHint::from_u64(7),
            packet: Bytes::from_static(bytes),
        }
    }

    fn report() -> Report {
        Report {
            max_packet: Some(65_536),
            unit: None,
            echoes: true,
            ordered: false,
            link: LinkReport {
                rate: Some(151),
                queued: 7,
                latency: None,
            },
        }
    }

    #[test]
    fn a_report_has_zero_for_what_is_not_known() {
        let bytes = [
            &b"\0\0\0\x16\x03"[..],
            b"\0\x01\0\0\0\0\0\0\x01",
            b"\0\0\0\x97\0\0\0\x07\0\0\0\0",
        ];
        assert_eq!(ServerFrame::Report(report()).to_frame(), bytes.concat());
    }

    #[test]
    fn refuses_a_report_with_a_flag_without_meaning() {
        let mut payload = ServerFrame::Report(report()).to_frame()[LENGTH_PREFIX..].to_vec();
        payload[9] = 4;
        assert_eq!(refusal(&payload), DecodeErrorKind::UnknownValue(4));
    }

    fn refusal(bytes: &[u8]) -> DecodeErrorKind {
        ServerFrame::decode(&Bytes::copy_from_slice(bytes))
            .unwrap_err()
            .kind
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        assert_eq!(
            packet(b"hello").to_frame(),
            &b"\x00\x00\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x00\x07hello"[..]
        );
        assert_eq!(
            ServerFrame::Refused(Refusal::new(RefusalCode::Full)).to_frame(),
            &b"\x00\x00\x00\x13\x01\x06the relay is full"[..]
        );
        assert_eq!(ServerFrame::Joined.to_frame(), &b"\x00\x00\x00\x01\x02"[..]);
    }

    #[test]
    fn every_frame_comes_back_and_is_refused_when_cut() {
        let frames = [
            packet(b"x"),
            ServerFrame::Refused(Refusal::new(RefusalCode::Silent)),
            ServerFrame::Joined,
            ServerFrame::Report(report()),
        ];
        for frame in frames {
            let payload = frame.to_frame().slice(LENGTH_PREFIX..);
            assert_eq!(ServerFrame::decode(&payload), Ok(frame.clone()));
            for length in 0..payload.len() {
                // A shorter text is another refusal; everything else is no frame.
                let cut = ServerFrame::decode(&payload.slice(..length));
                assert_ne!(cut.as_ref(), Ok(&frame));
                assert!(cut.is_err() || matches!(cut, Ok(ServerFrame::Refused(_))));
            }
        }
    }

    #[test]
    fn refuses_a_kind_without_meaning() {
        assert_eq!(refusal(&[4]), DecodeErrorKind::UnknownValue(4));
    }

    #[test]
    fn refuses_an_empty_packet() {
        assert_eq!(
            refusal(&[0; 9]),
            DecodeErrorKind::TooShort {
                length: 0,
                minimum: 1
            }
        );
    }

    #[test]
    fn refuses_a_packet_over_the_limit_and_takes_one_of_the_limit() {
        assert!(ServerFrame::decode(&vec![0; ServerFrame::MAX].into()).is_ok());
        let kind = DecodeErrorKind::TooLong {
            length: MAX_PACKET + 1,
            limit: MAX_PACKET,
        };
        assert_eq!(refusal(&vec![0; ServerFrame::MAX + 1]), kind);
    }

    #[test]
    fn refuses_bytes_after_joined() {
        assert_eq!(refusal(&[2, 0]), DecodeErrorKind::Trailing { extra: 1 });
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(
            kind in 0_u8..5,
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let payload = Bytes::from([&[kind], &rest[..]].concat());
            if let Ok(frame) = ServerFrame::decode(&payload) {
                prop_assert_eq!(frame.to_frame().slice(LENGTH_PREFIX..), payload);
            }
        }
    }
}
