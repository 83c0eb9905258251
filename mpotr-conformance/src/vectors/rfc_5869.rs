//! HKDF: the inputs of RFC 5869 appendix A.1 to A.3, with the RFC's outputs for SHA-256 and the outputs for SHA-512, for
//! which the RFC has none. Those were computed with Python's `hmac`, by a program that gives the RFC's for SHA-256.

pub(crate) struct Vector {
    pub(crate) name: &'static str,
    pub(crate) input: &'static str,
    pub(crate) salt: &'static str,
    pub(crate) info: &'static str,
    pub(crate) sha_256: Output,
    pub(crate) sha_512: Output,
}

/// The pseudo-random key, and what it is expanded to.
pub(crate) struct Output {
    pub(crate) prk: &'static str,
    pub(crate) okm: &'static str,
}

pub(crate) const HKDF: &[Vector] = &[
    Vector {
        name: "A.1",
        input: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        salt: "000102030405060708090a0b0c",
        info: "f0f1f2f3f4f5f6f7f8f9",
        sha_256: Output {
            prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf\
                  34007208d5b887185865",
        },
        sha_512: Output {
            prk: "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26\
                  c36238127d8661b88cf80ef802d57e2f7cebcf1e00e083848be19929c61b4237",
            okm: "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c14815793\
                  38da362cb8d9f925d7cb",
        },
    },
    Vector {
        name: "A.2",
        input: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
                202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\
                404142434445464748494a4b4c4d4e4f",
        salt: "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f\
               808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f\
               a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        info: "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf\
               d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef\
               f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        sha_256: Output {
            prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
                  59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
                  cc30c58179ec3e87c14c01d5c1f3434f1d87",
        },
        sha_512: Output {
            prk: "35672542907d4e142c00e84499e74e1de08be86535f924e022804ad775dde27e\
                  c86cd1e5b7d178c74489bdbeb30712beb82d4f97416c5a94ea81ebdf3e629e4a",
            okm: "ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1\
                  b695b48cbd1c8388441137b3ce28f16aa64ba33ba466b24df6cfcb021ecff235\
                  f6a2056ce3af1de44d572097a8505d9e7a93",
        },
    },
    Vector {
        name: "A.3",
        input: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        salt: "",
        info: "",
        sha_256: Output {
            prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d\
                  9d201395faa4b61a96c8",
        },
        sha_512: Output {
            prk: "fd200c4987ac491313bd4a2a13287121247239e11c9ef82802044b66ef357e5b\
                  194498d0682611382348572a7b1611de54764094286320578a863f36562b0df6",
            okm: "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90f\
                  ff22d04836d0e2343bac",
        },
    },
];
