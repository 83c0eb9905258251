//! What is sent decodes to itself and to nothing else, and arbitrary bytes are an error and no more.

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32, Encoder, EphemeralKey,
    IdentityKey, SignatureBytes,
};
use mpotr_gka::{
    AgreementId, AuthenticationId, Confirmation, Contribution, ContributionBody, CycleShare,
    EpochName, FaultKind, KeyStatement, KnowledgeCommitment, MemberIndex, Methods, Nonce, Offer,
    OfferDigest, RoomId, RunError, Sid, TrapdoorKey,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::combinations;
use crate::crew::{Contributed, Crew};

checks!(
    packets_of_a_run_decode_to_themselves,
    payloads_of_other_runs_are_refused_whole
);

/// A type that is sent.
pub(crate) trait Wire: Sized + PartialEq + std::fmt::Debug {
    fn write(&self, out: &mut Encoder);
    fn read(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    fn bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.write(out))
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        Decoder::whole(bytes, Self::read)
    }

    /// Round trip, truncation at each offset, a trailing byte.
    fn check(&self) {
        let bytes = self.bytes();
        assert_eq!(&Self::parse(&bytes).unwrap(), self);
        // Long payloads: the ends, and a hundred places between.
        let step = (bytes.len() / 100).max(1);
        let cuts = (0..bytes.len()).filter(|cut| cut % step == 0 || *cut + 100 > bytes.len());
        for cut in cuts {
            let error = Self::parse(&bytes[..cut]).unwrap_err();
            assert!(error.offset <= cut, "{error}");
            assert!(
                matches!(error.kind, DecodeErrorKind::Truncated { .. }),
                "{error}"
            );
        }
        let trailing = [bytes.as_slice(), &[0]].concat();
        let error = Self::parse(&trailing).unwrap_err();
        assert_eq!(
            (error.offset, error.kind),
            (bytes.len(), DecodeErrorKind::Trailing { extra: 1 })
        );
    }

    /// What decodes is the one encoding of what it decodes to.
    fn is_canonical(bytes: &[u8]) -> bool {
        Self::parse(bytes).map_or(true, |value| value.bytes() == bytes)
    }
}

macro_rules! wire {
    ($($type:ty),+) => { $(
        impl Wire for $type {
            fn write(&self, out: &mut Encoder) {
                self.encode(out);
            }

            fn read(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Self::decode(input)
            }
        }
    )+ };
}

wire!(Offer, Contribution, Confirmation);

macro_rules! wire_with_field {
    ($($type:ty),+) => { $(
        impl Wire for $type {
            fn write(&self, out: &mut Encoder) {
                self.encode(out);
            }

            fn read(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Self::decode(input, "field")
            }
        }
    )+ };
}

wire_with_field!(
    RoomId,
    TrapdoorKey,
    CycleShare,
    KnowledgeCommitment,
    Nonce,
    OfferDigest,
    Sid,
    AgreementIdByte,
    AuthenticationIdByte
);

/// Ids are written as their byte.
#[derive(Debug, PartialEq)]
pub(crate) struct AgreementIdByte(pub(crate) AgreementId);

impl AgreementIdByte {
    fn encode(&self, out: &mut Encoder) {
        self.0.encode(out);
    }

    fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        AgreementId::decode(input, field).map(Self)
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct AuthenticationIdByte(pub(crate) AuthenticationId);

impl AuthenticationIdByte {
    fn encode(&self, out: &mut Encoder) {
        self.0.encode(out);
    }

    fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        AuthenticationId::decode(input, field).map(Self)
    }
}

fn offers() -> impl Strategy<Value = Offer> {
    let lists = (
        btree_set(any::<u8>(), 1..=8),
        btree_set(any::<u16>(), 1..=8),
    );
    (lists, any::<[u8; 16]>(), any::<[[u8; 32]; 7]>()).prop_map(
        |((versions, suites), parent, [room, a, e, y, z, r, nonce])| Offer {
            versions: versions.into_iter().collect(),
            suites: suites.into_iter().collect(),
            room: RoomId::new(room),
            parent: Some(EpochName::new(parent)),
            identity: IdentityKey::new(a),
            ephemeral: EphemeralKey::new(e),
            trapdoor: TrapdoorKey::new(y),
            share: CycleShare::new(z),
            commitment: KnowledgeCommitment::new(r),
            nonce: Nonce::new(nonce),
        },
    )
}

fn signatures() -> impl Strategy<Value = SignatureBytes> {
    any::<[[u8; 32]; 2]>()
        .prop_map(|halves| SignatureBytes::new(halves.concat().try_into().unwrap()))
}

fn bodies() -> impl Strategy<Value = ContributionBody> {
    let share = vec(any::<u8>(), 0..=32);
    (vec(any::<u8>(), 0..300), share, any::<[u8; 32]>()).prop_map(|(agreement, share, keys)| {
        ContributionBody {
            agreement,
            knowledge_share: share,
            inner_keys: Digest32::new(keys),
        }
    })
}

fn contributions() -> impl Strategy<Value = Contribution> {
    (0_u16..4096, bodies(), signatures()).prop_map(|(sender, body, signature)| Contribution {
        sender: MemberIndex::new(sender),
        body,
        signature,
    })
}

fn confirmations() -> impl Strategy<Value = Confirmation> {
    (
        0_u16..4096,
        any::<[[u8; 32]; 2]>(),
        vec(any::<u8>(), 16..300),
        signatures(),
    )
        .prop_map(|(sender, [d, kc], sealed, signature)| Confirmation {
            sender: MemberIndex::new(sender),
            statement: KeyStatement {
                contributions: Digest32::new(d),
                key_commitment: Digest32::new(kc),
            },
            sealed,
            signature,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn offers_decode_to_themselves(offer in offers()) {
        offer.check();
    }

    #[test]
    fn contributions_decode_to_themselves(contribution in contributions()) {
        contribution.check();
    }

    #[test]
    fn confirmations_decode_to_themselves(confirmation in confirmations()) {
        confirmation.check();
    }

    #[test]
    fn ids_and_keys_decode_to_themselves(bytes: [u8; 32]) {
        RoomId::new(bytes).check();
        TrapdoorKey::new(bytes).check();
        CycleShare::new(bytes).check();
        KnowledgeCommitment::new(bytes).check();
        Nonce::new(bytes).check();
        OfferDigest::new(bytes).check();
        Sid::new(bytes).check();
    }

    #[test]
    fn arbitrary_bytes_are_canonical_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(Offer::is_canonical(&bytes));
        prop_assert!(Contribution::is_canonical(&bytes));
        prop_assert!(Confirmation::is_canonical(&bytes));
        prop_assert!(AgreementIdByte::is_canonical(&bytes));
        prop_assert!(AuthenticationIdByte::is_canonical(&bytes));
    }

    #[test]
    fn changed_bytes_are_canonical_or_an_error(
        (offer, contribution, confirmation) in (offers(), contributions(), confirmations()),
        (at, to) in (0_usize..600, any::<u8>()),
    ) {
        let change = |mut bytes: Vec<u8>| {
            let at = at % bytes.len();
            bytes[at] = to;
            bytes
        };
        prop_assert!(Offer::is_canonical(&change(offer.bytes())));
        prop_assert!(Contribution::is_canonical(&change(contribution.bytes())));
        prop_assert!(Confirmation::is_canonical(&change(confirmation.bytes())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_arbitrary_contribution_names_its_sender(body in bodies(), of_size in any::<bool>()) {
        use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
        for methods in combinations() {
            let mut run: Contributed<S> = Crew::new(3, methods).contribute();
            let mut body = body.clone();
            if of_size {
                let honest = &run.contributions[1].body;
                body.agreement.resize(honest.agreement.len(), 7);
                body.knowledge_share.resize(honest.knowledge_share.len(), 7);
            }
            run.lie(1, |said| *said = body);
            for (_, error) in run.errors() {
                let RunError::Fault(fault) = error else { panic!("no fault: {error:?}") };
                prop_assert_eq!(fault.culprits, [MemberIndex::new(1)]);
            }
        }
    }

    #[test]
    fn an_arbitrary_payload_names_its_sender(payload in vec(any::<u8>(), 0..200)) {
        use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
        for authentication in AuthenticationId::ALL {
            for length in [payload.len(), 96, 32] {
                let methods = Methods::new(AgreementId::BurmesterDesmedt, authentication);
                let mut run = Crew::<S>::new(3, methods).contribute().confirm();
                let mut payload = payload.clone();
                payload.resize(length, 7);
                run.prove(1, &payload);
                run.assert_fault(FaultKind::WrongProof, &[1]);
            }
        }
    }
}

fn packets_of_a_run_decode_to_themselves<S: CryptoSuite>() {
    for methods in combinations() {
        let crew = Crew::<S>::new(4, methods);
        crew.offers.iter().for_each(Wire::check);
        let contributed = crew.contribute();
        contributed.contributions.iter().for_each(Wire::check);
        contributed
            .confirm()
            .confirmations
            .values()
            .for_each(Wire::check);
    }
}

/// A payload that is right for another number of members is not for this one.
fn payloads_of_other_runs_are_refused_whole<S: CryptoSuite>() {
    for methods in combinations() {
        for (members, other) in [(2, 3), (3, 2), (2, 1), (4, 3), (3, 4)] {
            let larger = Crew::<S>::new(other, methods).contribute();
            let payload = larger.contributions[0].body.agreement.clone();
            let mut run = Crew::<S>::new(members, methods).contribute();
            if payload.len() == run.contributions[0].body.agreement.len() {
                continue;
            }
            run.lie(0, |body| body.agreement = payload);
            run.assert_fault(FaultKind::MalformedContribution, &[0]);
        }
    }
}
