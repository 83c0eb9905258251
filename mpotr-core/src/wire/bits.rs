//! Some of the members of a roster, a bit each. `docs/spec/05-wire.md`, "Request".
//!
//! ```text
//! opaque bits<0..512>;            member i is bit i % 8 of byte i / 8, the lowest first; the last byte is not 0; 16-bit length
//! ```

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder};
use mpotr_gka::{MAX_MEMBERS, MemberIndex};

/// Members to a byte.
const BITS: usize = 8;
/// The most bytes.
const MAX_BYTES: usize = MAX_MEMBERS / BITS;

/// Some of the members of a roster, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberBits(Vec<u8>);

impl MemberBits {
    /// Whether it names no member.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a member is among them.
    #[must_use]
    pub fn contains(&self, member: MemberIndex) -> bool {
        let byte = self.0.get(member.place() / BITS).copied().unwrap_or(0);
        byte & bit(member) != 0
    }

    /// Whether all of these are among them.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|member| self.contains(member))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = MemberIndex> {
        let most = self.0.len().saturating_mul(BITS);
        MemberIndex::all(most).filter(|member| self.contains(*member))
    }

    /// Writes them.
    pub fn encode(&self, out: &mut Encoder) {
        out.list::<u16, _>(&self.0, |byte, out| out.u8(*byte));
    }

    /// Reads them.
    ///
    /// # Errors
    /// They are cut short, name more members than there may be, or end with a byte of none.
    pub fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let at = input.offset();
        let bytes = input.list::<u16, _>(0..=MAX_BYTES, field, Decoder::u8)?;
        if bytes.last() == Some(&0) {
            return Err(DecodeError::new(at, field, DecodeErrorKind::NotCanonical));
        }
        Ok(Self(bytes))
    }
}

/// The bit of a member in its byte.
fn bit(member: MemberIndex) -> u8 {
    let shift = u32::try_from(member.place() % BITS).unwrap_or(0);
    1_u8.checked_shl(shift).unwrap_or(0)
}

impl FromIterator<MemberIndex> for MemberBits {
    /// Members from the 4,097th on are left out.
    fn from_iter<T: IntoIterator<Item = MemberIndex>>(members: T) -> Self {
        let mut bytes: Vec<u8> = Vec::new();
        let may_be = |member: &MemberIndex| member.place() < MAX_MEMBERS;
        for member in members.into_iter().filter(may_be) {
            let place = member.place() / BITS;
            if bytes.len() <= place {
                bytes.resize(place.saturating_add(1), 0);
            }
            if let Some(byte) = bytes.get_mut(place) {
                *byte |= bit(member);
            }
        }
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{Decoder, Encoder};

    use super::{MemberBits, MemberIndex};

    #[test]
    fn members_come_back_in_order_and_in_one_way_alone() {
        let members = [0, 7, 8, 63, 4095].map(MemberIndex::new);
        let bits: MemberBits = members.into_iter().rev().collect();
        assert_eq!(bits.iter().collect::<Vec<_>>(), members);
        let [last, beside, beyond] = [63, 64, u16::MAX].map(MemberIndex::new);
        assert!(bits.contains(last) && !bits.contains(beside) && !bits.contains(beyond));
        let bytes = Encoder::encoded(|out| bits.encode(out));
        assert_eq!(bytes.len(), 2 + 512);
        let read = |bytes: &[u8]| Decoder::whole(bytes, |input| MemberBits::decode(input, "bits"));
        assert_eq!(read(&bytes).unwrap(), bits);
        assert!(read(&[0, 0]).unwrap().is_empty());
        assert!(read(&[0, 1, 0]).is_err() && read(&[0, 2, 1, 0]).is_err());
        assert!(MemberBits::from_iter([MemberIndex::new(4096)]).is_empty());
    }

    #[test]
    fn more_cover_fewer() {
        let bits = |members: &[u16]| {
            let members = members.iter().copied().map(MemberIndex::new);
            members.collect::<MemberBits>()
        };
        assert!(bits(&[1, 9]).covers(&bits(&[9])) && bits(&[1]).covers(&bits(&[])));
        assert!(!bits(&[1]).covers(&bits(&[1, 9])));
    }
}
