//! Signatures on the edge of what Ed25519 is, with the verdict of the strict predicate: `docs/spec/02-suites.md`,
//! "Signature". The classes are those of Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs" (2020).
//!
//! The conformance suite says of each what its equation is, with arithmetic of its own.

/// A signature that is to be accepted, or is not.
#[derive(Clone, Copy, Debug)]
pub struct SignatureCase {
    /// What is said of a backend that gives the other verdict.
    pub fault: &'static str,
    /// E, in hexadecimal.
    pub key: &'static str,
    /// What is signed.
    pub message: &'static [u8],
    /// R and S, in hexadecimal.
    pub signature: [&'static str; 2],
    /// The verdict of the predicate.
    pub accepted: bool,
}

/// An honest key.
const KEY: &str = "872749f4c3cdfa7e423d7c74b36f8c4bff6cc1e0b2f8488ab215458c7fee4d2a";
/// That key and a point of order 8.
const KEY_AND_8: &str = "ae0726e70c76e34293fe2384b58cc959ed0ad4ea75e8410d21aa79be7bdf6f08";
/// That key and a point of order 4.
const KEY_AND_4: &str = "816d791029af5a9a64b39e07a37b98a1603fdf1dcd395dcaf791b9104c79fba3";
/// That key and the point of order 2.
const KEY_AND_2: &str = "66d8b60b3c320581bdc2838b4c9073b400933e1f4d07b7754deaba738011b2d5";
/// An honest R.
const R: &str = "7db0dc9222f3c183457ddde4c708de8e5ea6bf3d5c4404cca14b32729a05c32a";
/// That R and a point of order 8.
const R_AND_8: &str = "5f594a7414d133f7fe042937d3925011d6d32d617499674446b3a994a6b27456";
/// That R and a point of order 4.
const R_AND_4: &str = "94a3980cc7fa86d16b8f7d0fc9446f42d8df636d711dc9f929d2e82fdc799d4d";
/// That R and the point of order 2.
const R_AND_2: &str = "704f236ddd0c3e7cba82221b38f72171a15940c2a3bbfb335eb4cd8d65fa3cd5";
/// The logarithm of R: S where the key adds nothing.
const LOG_R: &str = "b168de3a00000000000000000000000000000000000000000000000000000000";
/// The identity, of order 1.
const IDENTITY: &str = "0100000000000000000000000000000000000000000000000000000000000000";
/// What no point encodes to.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

/// What the predicate says.
const ACCEPT: bool = true;
const REFUSE: bool = false;

/// A case: the verdict, and what is said of a backend that gives the other; key, message, R and S.
macro_rules! cases {
    ($($accepted:ident, $fault:literal: $key:expr, $message:literal, $r:expr, $s:expr;)+) => {
        &[$(SignatureCase {
            fault: $fault,
            key: $key,
            message: $message,
            signature: [$r, $s],
            accepted: $accepted,
        }),+]
    };
}

/// The signatures on the edge by which a backend is tried.
pub const SIGNATURES: &[SignatureCase] = cases! {
    ACCEPT, "it refuses an honest signature":
        KEY, b"attempt 0", R, "4b209bed1be556a68ee81e341f0eeedf71ed290f4158b2a0ee6a3fc44582f600";
    REFUSE, "it takes a signature of another message":
        KEY, b"attempt 0!", R, "4b209bed1be556a68ee81e341f0eeedf71ed290f4158b2a0ee6a3fc44582f600";
    REFUSE, "it takes a signature with S + L in place of S":
        KEY, b"attempt 0", R, "38f4904a364869fe648516d7fd07cdf471ed290f4158b2a0ee6a3fc44582f610";
    REFUSE, "it takes a signature with a high bit of S set":
        KEY, b"attempt 0", R, "4b209bed1be556a68ee81e341f0eeedf71ed290f4158b2a0ee6a3fc44582f680";
    REFUSE, "it takes a signature whose R is off by a point of order 8":
        KEY, b"attempt 0", R_AND_8, "a0e9dfee869d2c303858dae2679371757a805a68b63114b7aa94f02f0f245803";
    ACCEPT, "it refuses a signature under a key with a part of order 8 that the equation cancels":
        KEY_AND_8, b"attempt 37", R, "7de5f1a8b3dae143fb5890b183afe1043d3c90b71b6111f29dfe8c3bf5c99802";
    REFUSE, "it takes a signature under a key with a part of order 8 that the equation keeps":
        KEY_AND_8, b"attempt 0", R, "6409c09f892a19cd1a496979c1c9b59c5e0d038f1ac34c2c0b13a9c0dc1f7e0f";
    ACCEPT, "it refuses a signature whose R cancels the part of order 8 of its key":
        KEY_AND_8, b"attempt 8", R_AND_8, "fc82cedf7e915883527a593f1647db901478e03cda64de0b0e3d624306258e0a";
    ACCEPT, "it does not reduce k before it multiplies the key":
        KEY_AND_8, b"attempt 7", R, "b8b99058e8f7e1cabd0335d6b14676521dac9b0bff3ea2653f5b0b5f2ba7d600";
    REFUSE, "it multiplies the key by k as it is, not reduced":
        KEY_AND_8, b"attempt 40", R, "1eebbd9628025689c2a4ebb7124c9e738cc170ab7f2e142538bf0696b1b78100";
    REFUSE, "it takes a signature whose R is off by a point of order 4":
        KEY, b"attempt 0", R_AND_4, "dfe2bb675b71f09e84d9e2c144d20b2b2c8699dbae6edd692eae786e21c09109";
    ACCEPT, "it refuses a signature under a key with a part of order 4 that the equation cancels":
        KEY_AND_4, b"attempt 6", R, "b5c333be9a92adae73428a1e13abd64773d9ed75745318b7221d583cae9d3b0f";
    REFUSE, "it takes a signature under a key with a part of order 4 that the equation keeps":
        KEY_AND_4, b"attempt 0", R, "b56470dd165b8b30a866c70e83322c0559c20b037799856bbc1a9033a1a2a701";
    ACCEPT, "it refuses a signature whose R cancels the part of order 4 of its key":
        KEY_AND_4, b"attempt 1", R_AND_4, "b5636be66235b711efd4f43cbad3f9c5828e300267cb84b498e1e50b17bb7d05";
    REFUSE, "it takes a signature whose R is off by a point of order 8":
        KEY, b"attempt 0", "84662a34aed9ffa3cda76d0e391547db4cef8f741000ed0450ba225faf34ed0f",
        "2de7266e2ffe081a370857d844f297ed730bdf001d4933755f793837dc51c60b";
    REFUSE, "it takes a signature whose R is off by a point of order 2":
        KEY, b"attempt 0", R_AND_2, "fbc435c18d3665902c686c184c9bf8e77837b69aaccb61bec63e547f23f53106";
    ACCEPT, "it refuses a signature under a key with a part of order 2 that the equation cancels":
        KEY_AND_2, b"attempt 14", R, "8c0cef3b845d8147d94fd25857b5f0cf2db2388cc1537c2398cc917a675b0307";
    REFUSE, "it takes a signature under a key with a part of order 2 that the equation keeps":
        KEY_AND_2, b"attempt 0", R, "03b51e1bef5f67aba307fcd9debc74a0056294a64f101738a83ce07ffb2b2c0a";
    ACCEPT, "it refuses a signature whose R cancels the part of order 2 of its key":
        KEY_AND_2, b"attempt 8", R_AND_2, "a11e43f788e113d4c6dd28b21ab9342d3ebc1e362ad625d886cc523275b6c808";
    REFUSE, "it takes a signature whose R is off by a point of order 8":
        KEY, b"attempt 0", "8ea6b58beb2ecc0801fbd6c82c6dafee292cd29e8b6698bbb94c566b594d8ba9",
        "1bd5486709311e4960135e9c2aae96812d513dd6e4d5be8d77d7b7a5f5fa4e06";
    REFUSE, "it takes a signature whose R is off by a point of order 4":
        KEY, b"attempt 0", "595c67f33805792e947082f036bb90bd27209c928ee23606d62d17d0238662b2",
        "6a0d0eb0e44a03305bb485dc5363a59b9d891ab03b78823163b5ce107bf58e09";
    REFUSE, "it takes a signature whose R is off by a point of order 8":
        KEY, b"attempt 0", "6999d5cb5126005c325892f1c6eab824b310708befff12fbaf45dda050cb12f0",
        "684ef8cef8120f776c08a4ff6f92617a772be9dba4cdd2588d7e866892733f06";
    REFUSE, "it takes the identity for a key, whose signature (identity, 0) holds for every message":
        IDENTITY, b"anything", IDENTITY, "0000000000000000000000000000000000000000000000000000000000000000";
    REFUSE, "it takes a key of small order":
        IDENTITY, b"attempt 15", R, LOG_R;
    REFUSE, "it takes an R of small order":
        KEY, b"attempt 0", IDENTITY, "927fb04784134c9b14c74affe6d671e4619706e9449edc15d90937f0cf742901";
    REFUSE, "it takes a key of small order":
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", b"attempt 5", R, LOG_R;
    REFUSE, "it takes an R of small order":
        KEY, b"attempt 0", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "82bccd486b0c5abe180da24ee47b0b49001eef6530528a7d7ca35526f22a3108";
    REFUSE, "it takes a key of small order":
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", b"attempt 10", R, LOG_R;
    REFUSE, "it takes an R of small order":
        KEY, b"attempt 0", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "e27f0c62669c1dc312a2b75fb6008369b612da22796015e75febae8631a4dd0e";
    REFUSE, "it takes a key of small order":
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", b"attempt 17", R, LOG_R;
    REFUSE, "it takes an R of small order":
        KEY, b"attempt 0", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "2913a17c6b411a2fefaf9c1e0d6dcd5abdbfbd3f7212b0d94351e3b6267a5e05";
    REFUSE, "it takes a key of small order":
        "0000000000000000000000000000000000000000000000000000000000000000", b"attempt 4", R, LOG_R;
    REFUSE, "it takes an R of small order":
        KEY, b"attempt 0", "0000000000000000000000000000000000000000000000000000000000000000",
        "6cc11b883e24b91acfbc2572e05ef494367ce564d777e5a260b2922a57a73c00";
    REFUSE, "it takes a key of small order that is not canonical":
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", b"attempt 7", R, LOG_R;
    REFUSE, "it takes an R of small order that is not canonical":
        KEY, b"attempt 0", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0f33ddbcaeec4a1d515cc14c31d2d5d381f6c8271ee938647e655ac1902b6b07";
    REFUSE, "it takes a key that is no point for the base point":
        NO_POINT, b"attempt 0", R, "d5edcc27261f046653e2dade47a81570ab2daa124a4501bedbdc4bb2e8a9e20d";
    REFUSE, "it takes a key that is no point for the identity":
        NO_POINT, b"attempt 0", R, LOG_R;
};
