//! The code of a room, which people read to one another. `docs/spec/13-trust.md`, "Room code".
//!
//! ```text
//! c_i  = first 32 bytes of H("code commit", sid, round, uint16 i, A_i, n_i)
//! code = uint64(first 8 bytes of H("code", sid, round, list(A_1 .. A_N), list(n_1 .. n_N))) mod 10^12
//! ```

use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey, TranscriptHash, label};
use mpotr_gka::Sid;

use crate::wire::{CodeNonce, RoundId};

/// How many codes there are.
const CODES: u64 = 1_000_000_000_000;
/// Digits of a group, of which there are three.
const GROUP: u64 = 10_000;

/// A code of twelve digits, the same for all members of a room unless another is between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomCode(u64);

impl core::fmt::Display for RoomCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (upper, last) = (self.0 / GROUP, self.0 % GROUP);
        write!(f, "{:04} {:04} {last:04}", upper / GROUP, upper % GROUP)
    }
}

/// A round of the code in an epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundName {
    pub(crate) sid: Sid,
    pub(crate) round: RoundId,
}

impl RoundName {
    /// What the member of this place, who is this, commits to its part by.
    pub(crate) fn commitment<S: CryptoSuite>(
        &self,
        place: u16,
        identity: &IdentityKey,
        nonce: &CodeNonce,
    ) -> Digest32 {
        TranscriptHash::<S>::new(label::CODE_COMMITMENT)
            .bytes(self.sid.as_bytes())
            .bytes(self.round.as_bytes())
            .u16(place)
            .bytes(identity.as_bytes())
            .bytes(nonce.as_bytes())
            .digest()
    }

    /// The code of all identities and parts, in the order of the roster.
    pub(crate) fn code<S: CryptoSuite>(
        &self,
        identities: &[IdentityKey],
        nonces: &[CodeNonce],
    ) -> RoomCode {
        let hash = TranscriptHash::<S>::new(label::CODE)
            .bytes(self.sid.as_bytes())
            .bytes(self.round.as_bytes())
            .list(identities.iter())
            .list(nonces.iter())
            .finish();
        let first = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        RoomCode(first % CODES)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::IdentityKey;
    use mpotr_gka::Sid;

    use super::{CodeNonce, RoomCode, RoundId, RoundName};

    const NAME: RoundName = RoundName {
        sid: Sid::new([1; 32]),
        round: RoundId::new([2; 16]),
    };
    const ALICE: IdentityKey = IdentityKey::new([3; 32]);
    const BOB: IdentityKey = IdentityKey::new([4; 32]);
    const NONCES: [CodeNonce; 2] = [CodeNonce::new([5; 32]), CodeNonce::new([6; 32])];

    #[test]
    fn the_vectors_are_those_of_the_specification() {
        let commitment = NAME.commitment::<Suite>(1, &BOB, &NONCES[1]);
        let code = NAME.code::<Suite>(&[ALICE, BOB], &NONCES);
        let page = include_str!("../../../../docs/spec/13-trust.md");
        for value in [commitment.to_string(), code.to_string()] {
            assert!(page.contains(&value), "{value}");
        }
    }

    #[test]
    fn a_code_is_three_groups_of_four_digits() {
        for (code, shown) in [
            (0, "0000 0000 0000"),
            (42, "0000 0000 0042"),
            (999_999_999_999, "9999 9999 9999"),
            (123_456_789_012, "1234 5678 9012"),
        ] {
            assert_eq!(RoomCode(code).to_string(), shown);
        }
    }

    #[test]
    fn everything_that_goes_in_changes_what_comes_out() {
        let commitment = |name: RoundName, place, identity, nonce| {
            name.commitment::<Suite>(place, identity, nonce)
        };
        let one = commitment(NAME, 1, &BOB, &NONCES[1]);
        let round = RoundId::new([9; 16]);
        let sid = Sid::new([9; 32]);
        for other in [
            commitment(RoundName { round, ..NAME }, 1, &BOB, &NONCES[1]),
            commitment(RoundName { sid, ..NAME }, 1, &BOB, &NONCES[1]),
            commitment(NAME, 2, &BOB, &NONCES[1]),
            commitment(NAME, 1, &ALICE, &NONCES[1]),
            commitment(NAME, 1, &BOB, &NONCES[0]),
        ] {
            assert_ne!(one, other);
        }
        let code = NAME.code::<Suite>(&[ALICE, BOB], &NONCES);
        let swapped = [NONCES[1], NONCES[0]];
        for other in [
            NAME.code::<Suite>(&[BOB, ALICE], &NONCES),
            NAME.code::<Suite>(&[ALICE, BOB], &swapped),
            RoundName { round, ..NAME }.code::<Suite>(&[ALICE, BOB], &NONCES),
            RoundName { sid, ..NAME }.code::<Suite>(&[ALICE, BOB], &NONCES),
        ] {
            assert_ne!(code, other);
        }
    }
}
