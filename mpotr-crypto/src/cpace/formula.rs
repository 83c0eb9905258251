//! The formulas of CPace, each by the name that it has in the draft.

use digest::Digest as _;
use hkdf::HmacImpl as _;
use zeroize::Zeroizing;

use super::ConfirmationTag;
use crate::bytes::ElementBytes;
use crate::group::Group;
use crate::secret::Secret;
use crate::secret_scalar::SecretScalar;
use crate::stack::wiping_stack;
use crate::suite::{CryptoSuite, Element};

/// `G.DSI` (section 8.3).
const DSI: &[u8] = b"CPaceRistretto255";
/// `G.DSI || "_ISK"`.
const DSI_ISK: &[u8] = b"CPaceRistretto255_ISK";
/// What the key of the tags is hashed with (section 10.4).
const MAC: &[u8] = b"CPaceMac";
/// `H.s_in_bytes`: bytes of a block of SHA-512.
const BLOCK: usize = 128;

/// What both sides know of a run before it begins, and nobody keeps secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// `CI`: who the two are.
    pub channel: Vec<u8>,
    /// `sid`: which run this is.
    pub session: Vec<u8>,
    /// `ADa`: what the initiator says besides.
    pub initiator_data: Vec<u8>,
    /// `ADb`: what the responder says besides.
    pub responder_data: Vec<u8>,
}

/// `LEB128(length) || bytes`, handed on piece by piece: one of them may be secret.
fn prepend_len(bytes: &[u8], out: &mut impl FnMut(&[u8])) {
    let mut rest = bytes.len();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        if rest == 0 {
            out(&[low]);
            break;
        }
        out(&[low | 0x80]);
    }
    out(bytes);
}

/// The length of `prepend_len`.
fn length_of(bytes: &[u8]) -> usize {
    let mut length = 0_usize;
    prepend_len(bytes, &mut |part| {
        length = length.saturating_add(part.len());
    });
    length
}

impl Context {
    /// `lv_cat`: of parts that are public.
    #[must_use]
    pub fn lv_cat(parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in parts {
            prepend_len(part, &mut |piece| bytes.extend_from_slice(piece));
        }
        bytes
    }
}

/// `calculate_generator`: the element that stands for the secret in this run.
#[must_use]
pub fn generator<S: CryptoSuite>(secret: &[u8], context: &Context) -> Zeroizing<Element<S>> {
    let filled = length_of(DSI).saturating_add(length_of(secret));
    let zeros = [0; BLOCK];
    let zeros = zeros.get(..BLOCK.saturating_sub(1).saturating_sub(filled));
    wiping_stack(|| {
        let mut hash = S::Hash::default();
        let parts = [
            DSI,
            secret,
            zeros.unwrap_or_default(),
            &context.channel,
            &context.session,
        ];
        for part in parts {
            prepend_len(part, &mut |piece| hash.update(piece));
        }
        let uniform = Secret::<64>::fill_with(|out| hash.finalize_into(out.into()));
        Zeroizing::new(S::Group::from_uniform_bytes(uniform.expose()))
    })
}

/// `Y = y g`.
pub(super) fn share<S: CryptoSuite>(
    generator: &Element<S>,
    scalar: &SecretScalar<S>,
) -> ElementBytes {
    ElementBytes::new(S::Group::encode(&scalar.mul(generator)))
}

/// `scalar_mult_vfy`: `K`, unless it is the identity or the share is no element.
pub(super) fn common<S: CryptoSuite>(
    scalar: &SecretScalar<S>,
    share: &ElementBytes,
) -> Option<Secret<32>> {
    let element = S::Group::decode(share.as_bytes())?;
    let product = Zeroizing::new(scalar.mul(&element));
    (*product != S::Group::identity()).then(|| Secret::new(S::Group::encode(&product)))
}

/// `ISK`, of `K` and the shares of initiator and responder.
#[must_use]
pub fn session_key<S: CryptoSuite>(
    context: &Context,
    k: &Secret<32>,
    initiator: &ElementBytes,
    responder: &ElementBytes,
) -> Secret<64> {
    wiping_stack(|| {
        let mut hash = S::Hash::default();
        let parts: [&[u8]; 7] = [
            DSI_ISK,
            &context.session,
            k.expose(),
            initiator.as_bytes(),
            &context.initiator_data,
            responder.as_bytes(),
            &context.responder_data,
        ];
        for part in parts {
            prepend_len(part, &mut |piece| hash.update(piece));
        }
        Secret::fill_with(|out| hash.finalize_into(out.into()))
    })
}

/// `Ta` or `Tb`: of a share and what its maker said besides.
#[must_use]
pub fn tag<S: CryptoSuite>(
    context: &Context,
    session_key: &Secret<64>,
    share: &ElementBytes,
    data: &[u8],
) -> ConfirmationTag {
    wiping_stack(|| {
        let mut hash = S::Hash::default();
        hash.update(MAC);
        hash.update(&context.session);
        hash.update(session_key.expose());
        let key = Secret::<64>::fill_with(|out| hash.finalize_into(out.into()));
        let mut mac = S::Hmac::new_from_slice(key.expose());
        for part in [share.as_bytes(), data] {
            prepend_len(part, &mut |piece| mac.update(piece));
        }
        ConfirmationTag::new(mac.finalize().into())
    })
}
