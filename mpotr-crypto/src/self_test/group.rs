//! ristretto255: what decodes, and what its operations give.

use super::{Fault, ensure, hex};
use crate::group::Group;

/// RFC 9496 appendix A.1: G, 2G, 5G and 15G.
const MULTIPLES: [(u128, &str); 4] = [
    (
        1,
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    ),
    (
        2,
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    ),
    (
        5,
        "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
    ),
    (
        15,
        "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
    ),
];

/// RFC 9496 appendix A.2: encodings that are refused, by what takes them.
const INVALID: [(&str, &[&str]); 5] = [
    (
        "it takes a ristretto255 encoding that is not canonical",
        &[
            "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ],
    ),
    (
        "it takes a ristretto255 encoding that is negative",
        &[
            "0100000000000000000000000000000000000000000000000000000000000000",
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
            "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
            "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
            "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
            "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
            "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
        ],
    ),
    (
        "it takes a ristretto255 encoding whose x^2 is no square",
        &[
            "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
            "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
            "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
            "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
            "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
            "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
            "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
            "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
        ],
    ),
    (
        "it takes a ristretto255 encoding whose x y is negative",
        &[
            "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
            "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
            "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
            "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
            "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
            "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
            "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
            "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
        ],
    ),
    (
        "it takes a ristretto255 encoding whose y is 0, or whose high bit is set",
        &[
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",
        ],
    ),
];

/// RFC 9496 appendix A.3: an element from uniform bytes.
const UNIFORM: &str = "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1\
                       4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6";
const FROM_UNIFORM: &str = "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46";

/// L, and 2^512 - 1 modulo L.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const WIDEST: &str = "000f9c44e31106a447938568a71b0ed065bef517d273ecce3d9a307c1b419903";

pub(super) fn check<G: Group>() -> Result<(), Fault> {
    scalars::<G>()?;
    encodings::<G>()?;
    operations::<G>()
}

fn scalars<G: Group>() -> Result<(), Fault> {
    let order: [u8; 32] = hex(ORDER)?;
    let mut below = order;
    if let Some(first) = below.first_mut() {
        *first = first.wrapping_sub(1);
    }
    ensure(
        G::decode_scalar(&order).is_none() && G::decode_scalar(&[0xff; 32]).is_none(),
        "it takes a scalar that is not below L",
    )?;
    let minus_one = G::scalar_sub(&G::scalar_zero(), &G::scalar_from_u128(1));
    ensure(
        G::decode_scalar(&below).map(|scalar| G::encode_scalar(&scalar)) == Some(below)
            && G::encode_scalar(&minus_one) == below,
        "it does not take the scalar L - 1",
    )?;
    ensure(
        G::encode_scalar(&G::scalar_from_wide(&[0xff; 64])) == hex(WIDEST)?,
        "it reduces scalars to others",
    )?;
    let square = G::scalar_mul(&minus_one, &minus_one);
    let sum = G::scalar_add(&square, &minus_one);
    ensure(
        G::encode_scalar(&sum) == [0; 32],
        "its scalars are no field modulo L",
    )
}

fn encodings<G: Group>() -> Result<(), Fault> {
    for (fault, encodings) in INVALID {
        for encoding in encodings {
            ensure(G::decode(&hex(encoding)?).is_none(), fault)?;
        }
    }
    let identity = G::identity();
    ensure(
        G::decode(&[0; 32]).as_ref() == Some(&identity) && G::encode(&identity) == [0; 32],
        "it does not take 32 zero bytes for the identity",
    )?;
    for (multiple, encoding) in MULTIPLES {
        let encoding = hex(encoding)?;
        let decoded = G::decode(&encoding);
        let product = G::mul_base(&G::scalar_from_u128(multiple));
        ensure(
            decoded.as_ref() == Some(&product) && G::encode(&product) == encoding,
            "it has other ristretto255 encodings",
        )?;
    }
    ensure(
        G::encode(&G::from_uniform_bytes(&hex(UNIFORM)?)) == hex(FROM_UNIFORM)?,
        "it maps uniform bytes to other elements",
    )
}

/// Five ways to 15 G, and three to the identity.
fn operations<G: Group>() -> Result<(), Fault> {
    let [one, two, three, five] = [1, 2, 3, 5].map(G::scalar_from_u128);
    let (base, tripled) = (G::mul_base(&one), G::mul_base(&three));
    let expected = G::mul_base(&G::scalar_from_u128(15));
    let thirteen = G::scalar_from_u128(13);
    ensure(
        [
            G::mul(&tripled, &five),
            G::add(&G::mul_base(&thirteen), &G::mul_base(&two)),
            G::sub(&G::mul_base(&G::scalar_from_u128(16)), &base),
            // 9 G + 2 (3 G), and 13 G + 2 G.
            G::vartime_double_scalar_mul(&G::scalar_from_u128(9), &two, &tripled),
            G::vartime_multi_scalar_mul(&[thirteen, two], &[base.clone(), base.clone()]),
        ]
        .iter()
        .all(|way| *way == expected),
        "its ristretto255 is not the group",
    )?;
    let identity = G::identity();
    ensure(
        [
            G::mul(&base, &G::scalar_zero()),
            G::sub(&base, &base),
            G::mul_base(&G::scalar_zero()),
        ]
        .iter()
        .all(|way| *way == identity),
        "it fails where a result is the identity",
    )
}
