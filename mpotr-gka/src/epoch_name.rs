//! The random name of an epoch. `docs/spec/04-key-agreement.md`, "Offer"; `docs/spec/05-wire.md`, "Proposal".

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, TranscriptHash, byte_newtype, label,
};

byte_newtype! {
    /// The random name of an epoch: 16 bytes, drawn by its proposer, not all zero. It commits to nothing, so that nothing
    /// that a member says in one epoch vouches for an earlier one.
    EpochName, 16
}

/// What stands on the wire where there is no epoch.
const ZERO: EpochName = EpochName::new([0; EpochName::LENGTH]);

impl EpochName {
    /// The name that is shown by these 32 hexadecimal digits; `None` if they are not that.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        let is_name = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u128::from_str_radix(digits, 16).ok().filter(|_| is_name)?;
        Some(Self::new(number.to_be_bytes()))
    }

    /// Reads the name of an epoch.
    ///
    /// # Errors
    /// The input ends too early, or the name is zero, which stands for no epoch.
    pub fn decode_name(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let at = input.offset();
        Self::decode_parent(input, field)?.ok_or_else(|| DecodeError::unknown(at, field, 0_u8))
    }

    /// Reads the name of an epoch that another one follows: `None` for a first epoch, which follows no other.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn decode_parent(
        input: &mut Decoder<'_>,
        field: &'static str,
    ) -> Result<Option<Self>, DecodeError> {
        let name = Self::decode(input, field)?;
        Ok((name != ZERO).then_some(name))
    }

    /// What the offers of those follow who come into an epoch of this name as guests, all members of another or none: the first
    /// 16 bytes of `H("guest", name)`. They are no newcomers, whom an epoch lets in one by one.
    #[must_use]
    pub fn of_guests<S: CryptoSuite>(self) -> Self {
        let digest = TranscriptHash::<S>::new(label::GUEST)
            .bytes(self.as_bytes())
            .digest();
        let name = digest.as_bytes().first_chunk().copied();
        Self::new(name.unwrap_or_default())
    }

    /// Whether offers to follow these two are for one run: that of one epoch, by members, newcomers and guests.
    pub(crate) fn are_of_one_run<S: CryptoSuite>(one: Option<Self>, other: Option<Self>) -> bool {
        let follows = |host: Option<Self>, guest| {
            host.is_some_and(|host| Some(host.of_guests::<S>()) == guest)
        };
        one == other || follows(one, other) || follows(other, one)
    }

    /// Writes the name of an epoch that another one follows, zero for none.
    pub fn encode_parent(parent: Option<Self>, out: &mut Encoder) {
        Self::parent_bytes(parent.as_ref()).encode(out);
    }

    /// What stands on the wire for the epoch that another one follows.
    pub(crate) fn parent_bytes(parent: Option<&Self>) -> &Self {
        parent.unwrap_or(&ZERO)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{DecodeErrorKind, Decoder, Encoder};

    use super::EpochName;

    #[test]
    fn zero_is_no_epoch_and_no_name_of_one() {
        let name = EpochName::new([7; 16]);
        for parent in [None, Some(name)] {
            let bytes = Encoder::encoded(|out| EpochName::encode_parent(parent, out));
            let read = EpochName::decode_parent(&mut Decoder::new(&bytes), "parent");
            assert_eq!(read, Ok(parent));
        }
        let read = |bytes: &[u8]| EpochName::decode_name(&mut Decoder::new(bytes), "name");
        assert_eq!(read(&[7; 16]), Ok(name));
        let error = read(&[0; 16]).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::UnknownValue(0));
    }
}
