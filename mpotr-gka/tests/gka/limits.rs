//! The limits of what is sent, each at its edge.

use mpotr_crypto::{DecodeErrorKind, Digest32, Encoder, SignatureBytes};
use mpotr_gka::{
    AgreementId, AuthenticationId, Confirmation, Contribution, ContributionBody, KeyStatement,
    MemberIndex, Offer,
};

use crate::codec::{AgreementIdByte, AuthenticationIdByte, Wire};

/// The error of bytes that are those of a value but for one place.
fn refusal<T: Wire>(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> (usize, DecodeErrorKind) {
    bytes[at..at + with.len()].copy_from_slice(with);
    let error = T::parse(&bytes).unwrap_err();
    (error.offset, error.kind)
}

#[test]
fn lists_of_versions_and_suites_are_short_and_strictly_increasing() {
    let offer = |versions: &[u8], suites: &[u16]| {
        Encoder::encoded(|out| {
            out.u8(u8::try_from(versions.len()).unwrap());
            out.raw(versions);
            out.u8(u8::try_from(suites.len()).unwrap());
            suites.iter().for_each(|suite| out.u16(*suite));
            out.raw(&[1; 16 + 7 * 32]);
        })
    };
    let refused = |versions: &[u8], suites: &[u16]| {
        let error = Offer::parse(&offer(versions, suites)).unwrap_err();
        (error.field, error.offset, error.kind)
    };
    assert!(Offer::parse(&offer(&[1], &[1])).is_ok());
    assert!(
        Offer::parse(&offer(
            &[1, 2, 3, 4, 5, 6, 7, 8],
            &[0, 1, 2, 3, 4, 5, 6, 0xffff]
        ))
        .is_ok()
    );
    let order = DecodeErrorKind::NotStrictlyIncreasing;
    for versions in [[1, 1], [2, 1]] {
        assert_eq!(refused(&versions, &[1]), ("versions", 0, order));
    }
    for suites in [[1, 1], [2, 1], [0x0100, 0x00ff]] {
        assert_eq!(refused(&[1], &suites), ("suites", 2, order));
    }
    let empty = DecodeErrorKind::TooShort {
        length: 0,
        minimum: 1,
    };
    assert_eq!(refused(&[], &[1]), ("versions", 0, empty));
    assert_eq!(refused(&[1], &[]), ("suites", 2, empty));
    let long = DecodeErrorKind::TooLong {
        length: 9,
        limit: 8,
    };
    assert_eq!(
        refused(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[1]),
        ("versions", 0, long)
    );
    assert_eq!(
        refused(&[1], &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("suites", 2, long)
    );
}

#[test]
fn lengths_over_their_limits_are_refused_before_their_bytes_are_looked_for() {
    let contribution = Contribution {
        sender: MemberIndex::new(4095),
        body: ContributionBody {
            agreement: vec![1; 96],
            knowledge_share: vec![1; 32],
            inner_keys: Digest32::new([1; 32]),
        },
        signature: SignatureBytes::new([1; 64]),
    };
    let bytes = contribution.bytes();
    let too_long = |length, limit| DecodeErrorKind::TooLong { length, limit };
    let (agreement, share) = (1_u32 << 18, 32_u32);
    assert_eq!(
        refusal::<Contribution>(bytes.clone(), 2, &(agreement + 1).to_be_bytes()),
        (2, too_long((1 << 18) + 1, 1 << 18))
    );
    assert_eq!(
        refusal::<Contribution>(bytes.clone(), 102, &(share + 1).to_be_bytes()),
        (102, too_long(33, 32))
    );
    for sender in [4096_u16, u16::MAX] {
        assert_eq!(
            refusal::<Contribution>(bytes.clone(), 0, &sender.to_be_bytes()),
            (0, DecodeErrorKind::UnknownValue(sender.into()))
        );
    }
    let confirmation = Confirmation {
        sender: MemberIndex::new(4095),
        statement: KeyStatement {
            contributions: Digest32::new([1; 32]),
            key_commitment: Digest32::new([2; 32]),
        },
        sealed: vec![1; 112],
        signature: SignatureBytes::new([1; 64]),
    };
    let bytes = confirmation.bytes();
    assert_eq!(
        refusal::<Confirmation>(bytes.clone(), 66, &((1_u32 << 17) + 1).to_be_bytes()),
        (66, too_long((1 << 17) + 1, 1 << 17))
    );
    assert_eq!(
        refusal::<Confirmation>(bytes.clone(), 66, &15_u32.to_be_bytes()),
        (
            66,
            DecodeErrorKind::TooShort {
                length: 15,
                minimum: 16
            }
        )
    );
    assert_eq!(
        refusal::<Confirmation>(bytes, 0, &4096_u16.to_be_bytes()),
        (0, DecodeErrorKind::UnknownValue(4096))
    );
}

#[test]
fn payloads_of_the_largest_roster_fit_their_limits() {
    // 32 bytes and a part of 48 for each other; 64 of keys, a tag of 16 for each other, and one of the seal.
    for (agreement, sealed) in [(32 + 48 * 4095, 64 + 16 * 4095 + 16), (1 << 18, 1 << 17)] {
        Contribution {
            sender: MemberIndex::new(0),
            body: ContributionBody {
                agreement: vec![3; agreement],
                knowledge_share: Vec::new(),
                inner_keys: Digest32::new([1; 32]),
            },
            signature: SignatureBytes::new([1; 64]),
        }
        .check();
        Confirmation {
            sender: MemberIndex::new(0),
            statement: KeyStatement {
                contributions: Digest32::new([1; 32]),
                key_commitment: Digest32::new([2; 32]),
            },
            sealed: vec![3; sealed],
            signature: SignatureBytes::new([1; 64]),
        }
        .check();
    }
}

#[test]
fn ids_of_methods_are_those_that_exist() {
    for id in AgreementId::ALL {
        AgreementIdByte(id).check();
    }
    for id in AuthenticationId::ALL {
        AuthenticationIdByte(id).check();
    }
    for id in [0, 3, 255] {
        let unknown = DecodeErrorKind::UnknownValue(id.into());
        assert_eq!(AgreementIdByte::parse(&[id]).unwrap_err().kind, unknown);
        assert_eq!(
            AuthenticationIdByte::parse(&[id]).unwrap_err().kind,
            unknown
        );
    }
    assert_eq!(AgreementId::ALL.map(AgreementId::code), [1, 2]);
    assert_eq!(AuthenticationId::ALL.map(AuthenticationId::code), [1, 2]);
}
