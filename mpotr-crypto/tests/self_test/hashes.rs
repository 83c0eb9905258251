//! Hashes and MACs that are other functions.

use mpotr_crypto::adapter::{HashAdapter, Sha512State};
use mpotr_crypto::digest::{Digest, Output, OutputSizeUser};
use mpotr_crypto::hkdf::HmacImpl;

use super::{RealHash, RealHmac, WithHash, WithHmac, fault_of};

/// SHA-512 of what came last.
#[derive(Clone)]
struct OfTheLastPiece(RealHash);

impl Sha512State for OfTheLastPiece {
    fn new() -> Self {
        Self(RealHash::new())
    }

    fn update(&mut self, data: &[u8]) {
        self.0 = RealHash::new().chain_update(data);
    }

    fn finish(self, hash: &mut [u8; 64]) {
        *hash = self.0.finalize().into();
    }
}

#[test]
fn refuses_a_hash_of_the_last_piece() {
    assert_eq!(
        fault_of::<WithHash<HashAdapter<OfTheLastPiece>>>(),
        "its SHA-512 is another function"
    );
}

/// HMAC of what came first, under a key of so many bytes at most.
#[derive(Clone)]
struct OtherMac<const KEY: usize, const ONE_PIECE: bool> {
    mac: RealHmac,
    has_begun: bool,
}

impl<const KEY: usize, const ONE_PIECE: bool> OutputSizeUser for OtherMac<KEY, ONE_PIECE> {
    type OutputSize = <RealHmac as OutputSizeUser>::OutputSize;
}

impl<const KEY: usize, const ONE_PIECE: bool> HmacImpl for OtherMac<KEY, ONE_PIECE> {
    fn new_from_slice(key: &[u8]) -> Self {
        Self {
            mac: HmacImpl::new_from_slice(&key[..key.len().min(KEY)]),
            has_begun: false,
        }
    }

    fn update(&mut self, data: &[u8]) {
        if !ONE_PIECE || !self.has_begun {
            HmacImpl::update(&mut self.mac, data);
        }
        self.has_begun = true;
    }

    fn finalize(self) -> Output<Self> {
        HmacImpl::finalize(self.mac)
    }
}

#[test]
fn refuses_a_mac_under_a_part_of_the_key() {
    assert_eq!(
        fault_of::<WithHmac<OtherMac<3, false>>>(),
        "its HMAC-SHA-512 is another function"
    );
}

/// Where HMAC is computed of one piece it is right; a key is expanded from more.
#[test]
fn refuses_a_mac_with_which_keys_expand_to_others() {
    assert_eq!(
        fault_of::<WithHmac<OtherMac<64, true>>>(),
        "its HKDF-SHA-512 is another function"
    );
}
