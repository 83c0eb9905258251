//! ristretto255: what decodes, and what its operations give.

use super::vectors::rfc_9496::{FROM_UNIFORM_BYTES, INVALID_ENCODINGS, MULTIPLES_OF_THE_GENERATOR};
use super::{TrialFault, ensure, hex};
use crate::group::Group;

/// L, and 2^512 - 1 modulo L.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const WIDEST: &str = "000f9c44e31106a447938568a71b0ed065bef517d273ecce3d9a307c1b419903";

pub(super) fn check<G: Group>() -> Result<(), TrialFault> {
    scalars::<G>()?;
    encodings::<G>()?;
    operations::<G>()
}

fn scalars<G: Group>() -> Result<(), TrialFault> {
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

fn encodings<G: Group>() -> Result<(), TrialFault> {
    for (fault, encodings) in INVALID_ENCODINGS {
        for encoding in encodings {
            ensure(G::decode(&hex(encoding)?).is_none(), fault)?;
        }
    }
    let identity = G::identity();
    ensure(
        G::decode(&[0; 32]).as_ref() == Some(&identity) && G::encode(&identity) == [0; 32],
        "it does not take 32 zero bytes for the identity",
    )?;
    let [_, one, two, _, _, five, .., fifteen] = MULTIPLES_OF_THE_GENERATOR;
    for (multiple, encoding) in [(1, one), (2, two), (5, five), (15, fifteen)] {
        let encoding = hex(encoding)?;
        let decoded = G::decode(&encoding);
        let product = G::mul_base(&G::scalar_from_u128(multiple));
        ensure(
            decoded.as_ref() == Some(&product) && G::encode(&product) == encoding,
            "it has other ristretto255 encodings",
        )?;
    }
    let [(uniform, element), ..] = FROM_UNIFORM_BYTES;
    ensure(
        G::encode(&G::from_uniform_bytes(&hex(uniform)?)) == hex(element)?,
        "it maps uniform bytes to other elements",
    )
}

/// Five ways to 15 G, and three to the identity.
fn operations<G: Group>() -> Result<(), TrialFault> {
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
