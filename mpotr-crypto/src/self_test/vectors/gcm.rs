//! AES-256-GCM with a 96-bit nonce: test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation",
//! appendix B, on which NIST SP 800-38D rests.

use super::AeadVector;

const KEY: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const NONCE: &str = "cafebabefacedbaddecaf888";
const ZERO_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ZERO_NONCE: &str = "000000000000000000000000";

/// The test cases.
pub const AES_256_GCM: [AeadVector; 4] = [
    AeadVector {
        name: "test case 13",
        key: ZERO_KEY,
        nonce: ZERO_NONCE,
        associated_data: "",
        text: "",
        sealed: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    AeadVector {
        name: "test case 14",
        key: ZERO_KEY,
        nonce: ZERO_NONCE,
        associated_data: "",
        text: "00000000000000000000000000000000",
        sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    },
    AeadVector {
        name: "test case 15",
        key: KEY,
        nonce: NONCE,
        associated_data: "",
        text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
               1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad\
                 b094dac5d93471bdec1a502270e3cc6c",
    },
    AeadVector {
        name: "test case 16",
        key: KEY,
        nonce: NONCE,
        associated_data: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
               1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
                 76fc6ece0f4e1768cddf8853bb2d551b",
    },
];
