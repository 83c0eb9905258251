//! What the packets of both rounds share: their signatures, and what these have to do with blame.
//! `docs/spec/04-key-agreement.md`, "Blame".

use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, SignatureBytes};

use crate::fault::{Fault, FaultKind, RunError};
use crate::member::RunMember;
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::run::Run;

/// A packet that each member of a run sends once in a round.
pub trait RoundPacket: Clone + PartialEq {
    /// The index in the roster that it claims to come from.
    fn sender(&self) -> MemberIndex;

    /// Whether its sender signed it for this run.
    #[must_use]
    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool;

    /// Whether two packets say the same, whatever their signatures.
    fn says_the_same(&self, other: &Self) -> bool;

    /// The fault of a sender who signed this packet and another one for the same round of one run; `None` if the two say
    /// the same, or one was not signed by its sender. An honest member sends the same bytes again.
    #[must_use]
    fn equivocation<S: CryptoSuite>(&self, other: &Self, run: &Run<S>) -> Option<Fault> {
        let twice = self.sender() == other.sender()
            && !self.says_the_same(other)
            && self.is_authentic(run)
            && other.is_authentic(run);
        twice.then(|| Fault::of(FaultKind::Equivocation, self.sender()))
    }
}

/// Reads the index of a sender.
pub(super) fn decode_sender(input: &mut Decoder<'_>) -> Result<MemberIndex, DecodeError> {
    let at = input.offset();
    let sender = input.u16("sender")?;
    if usize::from(sender) >= MAX_MEMBERS {
        return Err(DecodeError::unknown(at, "sender", sender));
    }
    Ok(MemberIndex::new(sender))
}

/// Whether a signature is that of a member of the run.
pub(super) fn verify<S: CryptoSuite>(
    run: &Run<S>,
    sender: MemberIndex,
    signed: &[u8],
    signature: &SignatureBytes,
) -> bool {
    run.member(sender)
        .and_then(RunMember::verifying_key)
        .is_some_and(|key| key.verify(signed, signature).is_ok())
}

/// Checks that there is one packet of each member, in cycle order, and that the member's own is the one that it sent.
pub(super) fn check_complete<S: CryptoSuite, P: RoundPacket>(
    run: &Run<S>,
    packets: &[P],
    own: &P,
) -> Result<(), RunError> {
    let in_order = packets
        .iter()
        .map(RoundPacket::sender)
        .eq(MemberIndex::all(run.len()));
    if !in_order {
        return Err(RunError::Incomplete {
            given: packets.len(),
            members: run.len(),
        });
    }
    // Another packet in this member's own place is an echo that was changed on its way, whatever its signature.
    match packets.get(run.place()) {
        Some(echo) if echo == own => Ok(()),
        Some(_) | None => Err(RunError::NotReceived(vec![run.me()])),
    }
}

/// The result of a complete round whose packets are wrong together. Signatures come first: a packet without its
/// sender's was never received and names nobody, and nobody is looked for before every packet has one.
pub(super) fn blame<S: CryptoSuite, P: RoundPacket>(
    run: &Run<S>,
    packets: &[P],
    find: impl FnOnce() -> Fault,
) -> RunError {
    let forged: Vec<_> = packets
        .iter()
        .enumerate()
        // This member's own was compared byte for byte.
        .filter(|(index, packet)| *index != run.place() && !packet.is_authentic(run))
        .map(|(index, _)| MemberIndex::of(index))
        .collect();
    if forged.is_empty() {
        find().into()
    } else {
        RunError::NotReceived(forged)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::{CryptoSuite, IdentityKeyPair};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::RoundPacket;
    use crate::fault::{Fault, FaultKind};
    use crate::member::KnownIdentities;
    use crate::member_index::MemberIndex;
    use crate::methods::AgreementId;
    use crate::methods::AuthenticationId;
    use crate::methods::Methods;
    use crate::offer::OfferSecrets;
    use crate::room_name::RoomId;
    use crate::run::Run;
    use crate::sid::Sid;
    use crate::terms::Terms;

    /// A packet whose signer knows more than one signature of a text, as Ed25519 allows.
    #[derive(Clone, PartialEq)]
    struct Signed {
        sender: MemberIndex,
        text: u8,
        signature: u8,
    }

    impl RoundPacket for Signed {
        fn sender(&self) -> MemberIndex {
            self.sender
        }

        fn is_authentic<T: CryptoSuite>(&self, _run: &Run<T>) -> bool {
            self.signature > 0
        }

        fn says_the_same(&self, other: &Self) -> bool {
            self.text == other.text
        }
    }

    #[test]
    fn signing_one_text_twice_is_no_equivocation() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let identity = IdentityKeyPair::random::<S>(&mut rng);
        let (_, secrets) =
            OfferSecrets::<S>::generate(RoomId::new([1; 32]), None, &identity, 0, &mut rng);
        let member = secrets.member(&KnownIdentities::new()).unwrap();
        let terms = Terms {
            sid: Sid::new([1; 32]),
            methods: Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh),
            proposer: 0,
            commitments: None,
        };
        let run = Run::new(terms, vec![member], 0).unwrap();
        let packet = |sender, text, signature| Signed {
            sender: MemberIndex::new(sender),
            text,
            signature,
        };
        let fault = |a: Signed, b: Signed| a.equivocation(&b, &run);
        let twice = Fault::of(FaultKind::Equivocation, MemberIndex::new(0));
        assert_eq!(fault(packet(0, 1, 1), packet(0, 2, 1)), Some(twice));
        assert_eq!(fault(packet(0, 1, 1), packet(0, 1, 2)), None);
        assert_eq!(fault(packet(0, 1, 1), packet(0, 2, 0)), None);
        assert_eq!(fault(packet(0, 1, 0), packet(0, 2, 1)), None);
        assert_eq!(fault(packet(0, 1, 1), packet(1, 2, 1)), None);
    }
}
