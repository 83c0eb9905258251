//! [mls-rs](https://docs.rs/mls-rs) over its RustCrypto and its AWS-LC backends.
//!
//! Measures the scenario of [`crate::mls`] with suite 3 (X25519, ChaCha20-Poly1305, SHA-256,
//! Ed25519) and basic credentials. Left out: `write_to_storage` (mls-rs persists when it is told to,
//! so this figure holds no storage at all) and the crate's `rayon` feature.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use mls_rs::client_builder::{BaseConfig, WithCryptoProvider, WithIdentityProvider};
use mls_rs::error::IntoAnyError;
use mls_rs::group::ReceivedMessage;
use mls_rs::identity::SigningIdentity;
use mls_rs::identity::basic::{BasicCredential, BasicIdentityProvider};
use mls_rs::{CipherSuite, CipherSuiteProvider as _, Client, CryptoProvider, Group, MlsMessage};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

use crate::mls::{Added, Member};

const SUITE: CipherSuite = CipherSuite::CURVE25519_CHACHA;

type Config<P> = WithIdentityProvider<BasicIdentityProvider, WithCryptoProvider<P, BaseConfig>>;

/// A cryptographic backend of mls-rs.
pub trait Backend: CryptoProvider + Clone + Default + 'static {
    /// See [`Member::NAME`].
    const NAME: &'static str;
    /// See [`Member::PACKAGES`].
    const PACKAGES: &'static [&'static str];
}

impl Backend for RustCryptoProvider {
    const NAME: &'static str = "mls-rs/rustcrypto";
    const PACKAGES: &'static [&'static str] = &["mls-rs", "mls-rs-crypto-rustcrypto"];
}

impl Backend for AwsLcCryptoProvider {
    const NAME: &'static str = "mls-rs/awslc";
    const PACKAGES: &'static [&'static str] = &["mls-rs", "mls-rs-crypto-awslc"];
}

/// A member in mls-rs over backend `P`.
pub struct MlsRs<P: Backend> {
    client: Client<Config<P>>,
    group: Option<Group<Config<P>>>,
}

impl<P: Backend> fmt::Debug for MlsRs<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlsRs").finish_non_exhaustive()
    }
}

impl<P: Backend> MlsRs<P> {
    fn group(&mut self) -> Result<&mut Group<Config<P>>> {
        self.group.as_mut().context("in no group")
    }
}

impl<P: Backend> Member for MlsRs<P> {
    const NAME: &'static str = P::NAME;
    const PACKAGES: &'static [&'static str] = P::PACKAGES;

    fn new(name: &str) -> Result<Self> {
        let backend = P::default();
        let suite = backend
            .cipher_suite_provider(SUITE)
            .context("the backend lacks the suite")?;
        let (secret, public) = suite
            .signature_key_generate()
            .map_err(IntoAnyError::into_any_error)?;
        let credential = BasicCredential::new(name.as_bytes().to_vec()).into_credential();
        let client = Client::builder()
            .identity_provider(BasicIdentityProvider)
            .crypto_provider(backend)
            .signing_identity(SigningIdentity::new(credential, public), secret, SUITE)
            .build();
        Ok(Self {
            client,
            group: None,
        })
    }

    fn found(&mut self) -> Result<()> {
        self.group = Some(self.client.group_builder()?.build()?);
        Ok(())
    }

    fn key_package(&mut self) -> Result<Vec<u8>> {
        let message = self.client.generate_key_package_message(
            Default::default(),
            Default::default(),
            None,
        )?;
        Ok(message.to_bytes()?)
    }

    fn join(&mut self, welcome: &[u8]) -> Result<()> {
        let welcome = MlsMessage::from_bytes(welcome)?;
        // No tree beside it: the Welcome carries one.
        let (group, _) = self.client.join_group(None, &welcome, None)?;
        self.group = Some(group);
        Ok(())
    }

    fn leaf(&self) -> Result<u32> {
        let group = self.group.as_ref().context("in no group")?;
        Ok(group.current_member_index())
    }

    fn add(&mut self, key_packages: &[Vec<u8>]) -> Result<Added> {
        let group = self.group()?;
        let mut commit = group.commit_builder();
        for key_package in key_packages {
            commit = commit.add_member(MlsMessage::from_bytes(key_package)?)?;
        }
        let commit = commit.build()?;
        let [welcome] = commit.welcome_messages.as_slice() else {
            bail!("not one Welcome");
        };
        let added = Added {
            commit: commit.commit_message.to_bytes()?,
            welcome: welcome.to_bytes()?,
        };
        group.apply_pending_commit()?;
        Ok(added)
    }

    fn remove(&mut self, leaf: u32) -> Result<Vec<u8>> {
        let group = self.group()?;
        let commit = group.commit_builder().remove_member(leaf)?.build()?;
        group.apply_pending_commit()?;
        Ok(commit.commit_message.to_bytes()?)
    }

    fn update(&mut self) -> Result<Vec<u8>> {
        let group = self.group()?;
        let commit = group.commit(Vec::new())?;
        group.apply_pending_commit()?;
        Ok(commit.commit_message.to_bytes()?)
    }

    fn follow(&mut self, commit: &[u8]) -> Result<()> {
        let received = self
            .group()?
            .process_incoming_message(MlsMessage::from_bytes(commit)?)?;
        ensure!(
            matches!(received, ReceivedMessage::Commit(_)),
            "not a commit"
        );
        Ok(())
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>> {
        let message = self
            .group()?
            .encrypt_application_message(plaintext, Vec::new())?;
        Ok(message.to_bytes()?)
    }

    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let received = self
            .group()?
            .process_incoming_message(MlsMessage::from_bytes(message)?)?;
        let ReceivedMessage::ApplicationMessage(message) = received else {
            bail!("not an application message");
        };
        Ok(message.data().to_vec())
    }

    fn persist(&mut self) -> Result<()> {
        // Secrets of past epochs pile up in the group until they are written.
        Ok(self.group()?.write_to_storage()?)
    }
}
