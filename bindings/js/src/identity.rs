//! Identities.

use mpotr::json::Hex;
use mpotr::{DefaultSuite, IdentityKey, IdentityKeyPair, new_identity};
use mpotr_formats::identity::{is_sealed, parse, render};
use mpotr_json::{Failure, Params};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::thrown;

/// A long-term identity: a key pair, by which others know a member.
#[derive(Debug)]
#[wasm_bindgen]
pub struct Identity(IdentityKeyPair);

impl Identity {
    /// For a member: an identity may be that of members of several rooms.
    pub(crate) fn copy(&self) -> Result<IdentityKeyPair, Failure> {
        let copy = IdentityKeyPair::from_secret::<DefaultSuite>(self.0.secret());
        copy.ok_or_else(Failure::internal)
    }
}

#[wasm_bindgen]
impl Identity {
    /// A new one.
    #[wasm_bindgen(constructor)]
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it draws random bytes")]
    pub fn new() -> Self {
        Self(new_identity())
    }

    /// The one in a file.
    ///
    /// # Errors
    /// `passphrase` of a file under one, which this library does not open; `identity_file` of any other file.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if is_sealed(file) {
            let failure = Failure::passphrase("files under a passphrase are not opened here");
            return Err(thrown(failure));
        }
        let identity = parse::<DefaultSuite>(file).map_err(Failure::identity_file);
        identity.map(Self).map_err(thrown)
    }

    /// Its file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        render(&self.0).to_vec()
    }

    /// Its public key.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn key(&self) -> String {
        self.0.public().to_string()
    }
}

/// What people compare of a key: eight groups of five digits.
///
/// # Errors
/// `params` of a text that is no key.
#[wasm_bindgen]
pub fn fingerprint(key: &str) -> Result<String, String> {
    let Hex(key): Hex<IdentityKey> = Params::one("identity", key).map_err(thrown)?;
    Ok(mpotr::fingerprint(&key).to_string())
}
