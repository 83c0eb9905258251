//! [OpenMLS](https://docs.rs/openmls) over `openmls_rust_crypto`.
//!
//! Measures the scenario of [`crate::mls`] with suite 3 (X25519, ChaCha20-Poly1305, SHA-256,
//! Ed25519) and basic credentials. OpenMLS writes its state to storage at every step and cannot be
//! told not to: the in-memory storage it ships with, which encodes every value as JSON, is on the
//! clock. Left out: its parallel tree hashing, since all contenders run in one thread.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use openmls::prelude::tls_codec::{DeserializeBytes as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, LeafNodeIndex, LeafNodeParameters,
    MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    OpenMlsProvider as _, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent,
    ProtocolMessage, ProtocolVersion, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::mls::{Added, Member};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;

/// A member in OpenMLS.
pub struct OpenMls {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
    group: Option<MlsGroup>,
}

impl fmt::Debug for OpenMls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenMls").finish_non_exhaustive()
    }
}

fn config() -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .build()
}

fn body(message: &[u8]) -> Result<MlsMessageBodyIn> {
    Ok(MlsMessageIn::tls_deserialize_exact_bytes(message)?.extract())
}

fn protocol_message(message: &[u8]) -> Result<ProtocolMessage> {
    Ok(MlsMessageIn::tls_deserialize_exact_bytes(message)?.try_into_protocol_message()?)
}

impl Member for OpenMls {
    const NAME: &'static str = "openmls/rustcrypto";
    const PACKAGES: &'static [&'static str] = &["openmls", "openmls_rust_crypto"];

    fn new(name: &str) -> Result<Self> {
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm())?;
        let credential = CredentialWithKey {
            credential: BasicCredential::new(name.as_bytes().to_vec()).into(),
            signature_key: signer.to_public_vec().into(),
        };
        Ok(Self {
            provider: OpenMlsRustCrypto::default(),
            signer,
            credential,
            group: None,
        })
    }

    fn found(&mut self) -> Result<()> {
        let group = MlsGroup::new(
            &self.provider,
            &self.signer,
            &config(),
            self.credential.clone(),
        )?;
        self.group = Some(group);
        Ok(())
    }

    fn key_package(&mut self) -> Result<Vec<u8>> {
        let bundle = KeyPackage::builder().build(
            SUITE,
            &self.provider,
            &self.signer,
            self.credential.clone(),
        )?;
        Ok(MlsMessageOut::from(bundle.into_key_package()).tls_serialize_detached()?)
    }

    fn join(&mut self, welcome: &[u8]) -> Result<()> {
        let MlsMessageBodyIn::Welcome(welcome) = body(welcome)? else {
            bail!("not a Welcome");
        };
        // No tree beside it: the Welcome carries one.
        let staged =
            StagedWelcome::new_from_welcome(&self.provider, config().join_config(), welcome, None)?;
        self.group = Some(staged.into_group(&self.provider)?);
        Ok(())
    }

    fn leaf(&self) -> Result<u32> {
        let group = self.group.as_ref().context("in no group")?;
        Ok(group.own_leaf_index().u32())
    }

    fn add(&mut self, key_packages: &[Vec<u8>]) -> Result<Added> {
        let group = self.group.as_mut().context("in no group")?;
        let key_packages = key_packages
            .iter()
            .map(|key_package| {
                let MlsMessageBodyIn::KeyPackage(key_package) = body(key_package)? else {
                    bail!("not a key package");
                };
                Ok(key_package.validate(self.provider.crypto(), ProtocolVersion::Mls10)?)
            })
            .collect::<Result<Vec<_>>>()?;
        let (commit, welcome, _) =
            group.add_members_without_update(&self.provider, &self.signer, &key_packages)?;
        group.merge_pending_commit(&self.provider)?;
        Ok(Added {
            commit: commit.tls_serialize_detached()?,
            welcome: welcome.tls_serialize_detached()?,
        })
    }

    fn remove(&mut self, leaf: u32) -> Result<Vec<u8>> {
        let group = self.group.as_mut().context("in no group")?;
        let (commit, ..) =
            group.remove_members(&self.provider, &self.signer, &[LeafNodeIndex::new(leaf)])?;
        group.merge_pending_commit(&self.provider)?;
        Ok(commit.tls_serialize_detached()?)
    }

    fn update(&mut self) -> Result<Vec<u8>> {
        let group = self.group.as_mut().context("in no group")?;
        let bundle =
            group.self_update(&self.provider, &self.signer, LeafNodeParameters::default())?;
        group.merge_pending_commit(&self.provider)?;
        Ok(bundle.into_commit().tls_serialize_detached()?)
    }

    fn follow(&mut self, commit: &[u8]) -> Result<()> {
        let group = self.group.as_mut().context("in no group")?;
        let processed = group.process_message(&self.provider, protocol_message(commit)?)?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            bail!("not a commit");
        };
        Ok(group.merge_staged_commit(&self.provider, *staged)?)
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>> {
        let group = self.group.as_mut().context("in no group")?;
        let message = group.create_message(&self.provider, &self.signer, plaintext)?;
        Ok(message.tls_serialize_detached()?)
    }

    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let group = self.group.as_mut().context("in no group")?;
        let processed = group.process_message(&self.provider, protocol_message(message)?)?;
        let ProcessedMessageContent::ApplicationMessage(message) = processed.into_content() else {
            bail!("not an application message");
        };
        Ok(message.into_bytes())
    }
}
