//! What a carrier of its own tells of itself.

use mpotr_core::LinkReport;
use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder};

/// It gives a member its own packets back.
const ECHOES: u8 = 1;
/// All members get packets in one order.
const ORDERED: u8 = 2;

/// `struct { uint32 max_packet, unit; uint8 flags; uint32 rate, queued, latency; } Report;`, where 0 stands for what is not
/// known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The most bytes of a packet.
    pub max_packet: Option<usize>,
    /// What it carries costs as much as so many bytes, however short it is.
    pub unit: Option<usize>,
    /// Whether it gives a member its own packets back.
    pub echoes: bool,
    /// Whether all members get packets in one order.
    pub ordered: bool,
    /// How fast it is.
    pub link: LinkReport,
}

impl Report {
    /// Reads what follows the kind.
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let known = |number: u32| (number > 0).then_some(number);
        let size = |number: u32| usize::try_from(number).ok();
        let max_packet = known(input.u32("max_packet")?).and_then(size);
        let unit = known(input.u32("unit")?).and_then(size);
        let at = input.offset();
        let flags = input.u8("flags")?;
        if flags & !(ECHOES | ORDERED) != 0 {
            let kind = DecodeErrorKind::UnknownValue(flags.into());
            return Err(DecodeError::new(at, "flags", kind));
        }
        Ok(Self {
            max_packet,
            unit,
            echoes: flags & ECHOES != 0,
            ordered: flags & ORDERED != 0,
            link: LinkReport {
                rate: known(input.u32("rate")?),
                queued: size(input.u32("queued")?).unwrap_or(usize::MAX),
                latency: known(input.u32("latency")?),
            },
        })
    }

    /// Writes what follows the kind.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Encoder::encoded(|out| {
            out.u32(self.max_packet.map_or(0, number));
            out.u32(self.unit.map_or(0, number));
            out.u8(flag(self.echoes, ECHOES) | flag(self.ordered, ORDERED));
            out.u32(self.link.rate.unwrap_or(0));
            out.u32(number(self.link.queued));
            out.u32(self.link.latency.unwrap_or(0));
        })
    }
}
