//! The strict codec: `docs/spec/03-encoding.md`, "Codec".

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, ElementBytes, Encoder, SuiteId};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::{array, collection};

const LIMIT: usize = 40;

/// One field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    Array([u8; 32]),
    Raw(Vec<u8>),
    Opaque(Vec<u8>),
    List(Vec<u16>),
    Newtype(ElementBytes),
    Suite(SuiteId),
}

impl Field {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            any::<u8>().prop_map(Self::U8),
            any::<u16>().prop_map(Self::U16),
            any::<u32>().prop_map(Self::U32),
            any::<u64>().prop_map(Self::U64),
            array::uniform32(any::<u8>()).prop_map(Self::Array),
            collection::vec(any::<u8>(), 0..9).prop_map(Self::Raw),
            collection::vec(any::<u8>(), 0..=LIMIT).prop_map(Self::Opaque),
            collection::vec(any::<u16>(), 0..=LIMIT).prop_map(Self::List),
            array::uniform32(any::<u8>()).prop_map(|bytes| Self::Newtype(ElementBytes::new(bytes))),
            prop_oneof![Just(SuiteId::ALL[0]), Just(SuiteId::ALL[1])].prop_map(Self::Suite),
        ]
    }

    fn encode(&self, out: &mut Encoder) {
        match self {
            Self::U8(value) => out.u8(*value),
            Self::U16(value) => out.u16(*value),
            Self::U32(value) => out.u32(*value),
            Self::U64(value) => out.u64(*value),
            Self::Array(bytes) => out.raw(bytes),
            Self::Raw(bytes) => out.raw(bytes),
            Self::Opaque(bytes) => out.opaque(bytes),
            Self::List(values) => {
                out.list::<u32, _>(values, |value, out| out.u16(*value));
            }
            Self::Newtype(bytes) => bytes.encode(out),
            Self::Suite(suite) => suite.encode(out),
        }
    }

    /// Decodes a field of the kind (and, for raw bytes, the length) of `self`.
    fn decode_alike(&self, input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match self {
            Self::U8(_) => Self::U8(input.u8("u8")?),
            Self::U16(_) => Self::U16(input.u16("u16")?),
            Self::U32(_) => Self::U32(input.u32("u32")?),
            Self::U64(_) => Self::U64(input.u64("u64")?),
            Self::Array(_) => Self::Array(input.array("array")?),
            Self::Raw(bytes) => Self::Raw(input.raw(bytes.len(), "raw")?.to_vec()),
            Self::Opaque(_) => Self::Opaque(input.opaque(LIMIT, "opaque")?.to_vec()),
            Self::List(_) => Self::List(input.list::<u32, _>(0..=LIMIT, "list", Decoder::u16)?),
            Self::Newtype(_) => Self::Newtype(ElementBytes::decode(input, "newtype")?),
            Self::Suite(_) => Self::Suite(SuiteId::decode(input, "suite")?),
        })
    }
}

fn encode(fields: &[Field]) -> Vec<u8> {
    Encoder::encoded(|out| fields.iter().for_each(|field| field.encode(out)))
}

fn decode_alike(fields: &[Field], bytes: &[u8]) -> Result<Vec<Field>, DecodeError> {
    Decoder::whole(bytes, |input| {
        fields
            .iter()
            .map(|field| field.decode_alike(input))
            .collect()
    })
}

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_itself(fields in collection::vec(Field::any(), 0..8)) {
        prop_assert_eq!(decode_alike(&fields, &encode(&fields)).unwrap(), fields);
    }

    #[test]
    fn an_encoding_cut_short_at_any_byte_is_refused(fields in collection::vec(Field::any(), 1..6)) {
        let bytes = encode(&fields);
        for length in 0..bytes.len() {
            let error = decode_alike(&fields, &bytes[..length]).unwrap_err();
            prop_assert!(matches!(error.kind, DecodeErrorKind::Truncated { .. }), "{error}");
            prop_assert!(error.offset <= length, "{error}, of {length} bytes");
        }
    }

    #[test]
    fn bytes_behind_the_end_are_refused(
        fields in collection::vec(Field::any(), 0..6),
        trailing in collection::vec(any::<u8>(), 1..5),
    ) {
        let mut bytes = encode(&fields);
        let end = bytes.len();
        bytes.extend_from_slice(&trailing);
        let error = decode_alike(&fields, &bytes).unwrap_err();
        let kind = DecodeErrorKind::Trailing { extra: trailing.len() };
        prop_assert_eq!(error, DecodeError::new(end, "end", kind));
    }

    #[test]
    fn what_decodes_at_all_encodes_to_the_bytes_it_came_from(
        shape in collection::vec(Field::any(), 1..5),
        noise in collection::vec(any::<u8>(), 0..200),
    ) {
        // Any bytes, read as the fields of any message: one value has one encoding.
        let mut input = Decoder::new(&noise);
        let decoded: Result<Vec<_>, _> =
            shape.iter().map(|field| field.decode_alike(&mut input)).collect();
        if let Ok(fields) = decoded {
            prop_assert_eq!(encode(&fields), &noise[..input.offset()]);
            prop_assert_eq!(input.rest(), &noise[noise.len().min(encode(&fields).len())..]);
        }
    }
}

#[test]
fn integers_are_big_endian_and_lengths_take_four_bytes() {
    let bytes = Encoder::encoded(|out| {
        out.u8(0x01);
        out.u16(0x0203);
        out.u32(0x0405_0607);
        out.u64(0x0809_0a0b_0c0d_0e0f);
        out.opaque(b"ab");
        out.raw(b"cd");
        out.count::<u32>(5);
    });
    assert_eq!(
        hex::encode(bytes),
        "0102030405060708090a0b0c0d0e0f0000000261626364".to_owned() + "00000005"
    );
}

#[test]
fn each_kind_of_field_says_what_is_missing_and_where() {
    let input = [0; 40];
    let error = |length: usize, read: fn(&mut Decoder<'_>) -> Option<DecodeError>| {
        let mut decoder = Decoder::new(&input[..length]);
        decoder.raw(1, "before").unwrap();
        let error = read(&mut decoder).unwrap();
        assert_eq!((error.offset, error.field), (1, "here"));
        assert_eq!(decoder.offset(), 1, "what fails reads nothing");
        error.kind
    };
    let missing = |missing| DecodeErrorKind::Truncated { missing };
    assert_eq!(error(1, |input| input.u8("here").err()), missing(1));
    assert_eq!(error(2, |input| input.u16("here").err()), missing(1));
    assert_eq!(error(2, |input| input.u32("here").err()), missing(3));
    assert_eq!(error(3, |input| input.u64("here").err()), missing(6));
    assert_eq!(
        error(3, |input| input.array::<32>("here").err()),
        missing(30)
    );
    assert_eq!(error(3, |input| input.raw(7, "here").err()), missing(5));
    assert_eq!(
        error(3, |input| input.count::<u32>(0..=9, "here").err()),
        missing(2)
    );
}

#[test]
fn a_count_may_be_its_minimum_and_its_limit_and_nothing_beyond() {
    let count = |value: u32| {
        Decoder::whole(&value.to_be_bytes(), |input| {
            input.count::<u32>(2..=4, "members")
        })
        .map_err(|error| (error.offset, error.field, error.kind))
    };
    for value in 2..=4 {
        assert_eq!(count(value), Ok(usize::try_from(value).unwrap()));
    }
    let too_short = |length| DecodeErrorKind::TooShort { length, minimum: 2 };
    let too_long = |length| DecodeErrorKind::TooLong { length, limit: 4 };
    assert_eq!(count(0), Err((0, "members", too_short(0))));
    assert_eq!(count(1), Err((0, "members", too_short(1))));
    assert_eq!(count(5), Err((0, "members", too_long(5))));
    assert_eq!(count(u32::MAX), Err((0, "members", too_long(0xffff_ffff))));
}

#[test]
fn an_opaque_of_its_limit_decodes_and_one_more_byte_does_not() {
    let bytes = |length| Encoder::encoded(|out| out.opaque(&vec![7; length]));
    let decode = |bytes: &[u8]| {
        Decoder::whole(bytes, |input| input.opaque(LIMIT, "body").map(<[u8]>::len))
            .map_err(|error| error.kind)
    };
    assert_eq!(decode(&bytes(LIMIT)), Ok(LIMIT));
    let refused = DecodeErrorKind::TooLong {
        length: LIMIT + 1,
        limit: LIMIT,
    };
    assert_eq!(decode(&bytes(LIMIT + 1)), Err(refused));
}

#[test]
fn the_rest_is_all_that_is_left_and_then_nothing() {
    let mut input = Decoder::new(&[1, 2, 3]);
    assert_eq!(input.u8("first").unwrap(), 1);
    assert_eq!(input.rest(), [2, 3]);
    assert_eq!(input.offset(), 3);
    assert_eq!(input.rest(), []);
    input.finish().unwrap();
}

#[test]
fn only_the_suites_that_exist_have_an_id() {
    for id in 0..=u16::MAX {
        let decoded = Decoder::whole(&id.to_be_bytes(), |input| SuiteId::decode(input, "suite"));
        match (id, decoded) {
            (1, suite) => assert_eq!(suite, Ok(SuiteId::ChaCha20Poly1305)),
            (2, suite) => assert_eq!(suite, Ok(SuiteId::Aes256Gcm)),
            (_, refused) => {
                let kind = DecodeErrorKind::UnknownValue(id.into());
                assert_eq!(refused, Err(DecodeError::new(0, "suite", kind)));
            }
        }
    }
    for suite in SuiteId::ALL {
        assert_eq!(SuiteId::from_code(suite.code()), Some(suite));
    }
    let names: Vec<_> = SuiteId::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["chacha20poly1305", "aes256gcm"]);
}
