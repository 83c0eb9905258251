//! A peer: one stack that can form a group, and the list of those that are measured.

use anyhow::{Result, ensure};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

use crate::cost::Cost;
use crate::mls::Mls;
use crate::{mls_rs::MlsRs, mpotr, olm, openmls::OpenMls};

/// The message that every other member must read before a group counts as formed.
pub const MESSAGE: &[u8] = b"one message that everyone can read";

/// A stack that is measured.
pub trait Peer {
    /// The name in the report and for `--only`: library, then backend.
    fn name(&self) -> &'static str;

    /// Key agreement, AEAD, hash, signature.
    fn suite(&self) -> &'static str;

    /// The packages whose versions the report states.
    fn packages(&self) -> &'static [&'static str];

    /// Forms a group of `n` until every member has read one message.
    fn form(&self, n: usize) -> Result<Cost>;

    /// A group of `n` to change, or `None` if this stack's changes are not measured.
    fn group(&self, _n: usize) -> Result<Option<Box<dyn Group>>> {
        Ok(None)
    }
}

/// An existing group. Each change is measured, then undone off the clock.
pub trait Group {
    /// One member joins; the cost of all `n + 1`.
    fn add(&mut self) -> Result<Cost>;

    /// One member is removed; the cost of the `n - 1` that stay.
    fn remove(&mut self) -> Result<Cost>;
}

/// A peer that is measured at forming a group only.
#[derive(Debug)]
pub struct FormOnly {
    /// See [`Peer::name`].
    pub name: &'static str,
    /// See [`Peer::suite`].
    pub suite: &'static str,
    /// See [`Peer::packages`].
    pub packages: &'static [&'static str],
    /// See [`Peer::form`].
    pub form: fn(usize) -> Result<Cost>,
}

impl Peer for FormOnly {
    fn name(&self) -> &'static str {
        self.name
    }

    fn suite(&self) -> &'static str {
        self.suite
    }

    fn packages(&self) -> &'static [&'static str] {
        self.packages
    }

    fn form(&self, n: usize) -> Result<Cost> {
        (self.form)(n)
    }
}

/// All contenders, in the order of the report.
pub fn contenders() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(mpotr::OnRustCrypto::default()),
        Box::new(mpotr::OnRing::default()),
        Box::new(mpotr::AGREEMENT),
        Box::new(Mls::<MlsRs<RustCryptoProvider>>::default()),
        Box::new(Mls::<MlsRs<AwsLcCryptoProvider>>::default()),
        Box::new(Mls::<OpenMls>::default()),
        Box::new(olm::PEER),
    ]
}

/// Holds a stack to its claim: `readers` members each read [`MESSAGE`], whole and unchanged.
pub fn ensure_all_read(read: &[Vec<u8>], readers: usize) -> Result<()> {
    ensure!(
        read.len() == readers,
        "{} of {readers} members read the message",
        read.len()
    );
    ensure!(
        read.iter().all(|plaintext| plaintext == MESSAGE),
        "a member read another message"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_reads_the_message_in_a_formed_group() {
        for peer in contenders() {
            for n in [2, 3, 5] {
                let cost = peer
                    .form(n)
                    .unwrap_or_else(|e| panic!("{} at {n}: {e:#}", peer.name()));

                assert!(cost.bytes_total > n * MESSAGE.len(), "{}", peer.name());
                assert!(cost.bytes_max_member < cost.bytes_total, "{}", peer.name());
            }
        }
    }

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<_> = contenders().iter().map(|peer| peer.name()).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), contenders().len());
    }

    #[test]
    fn rejects_missing_reader() {
        assert!(ensure_all_read(&[MESSAGE.to_vec()], 2).is_err());
    }

    #[test]
    fn rejects_another_message() {
        assert!(ensure_all_read(&[MESSAGE.to_vec(), b"other".to_vec()], 2).is_err());
    }
}
