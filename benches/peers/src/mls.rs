//! What is measured of every MLS library (RFC 9420): one scenario, so that all do the same work.
//!
//! `form`: one member founds the group, the other n - 1 make a key package each, one commit adds them
//! all, each of them joins from the one Welcome, which carries the ratchet tree; then the founder
//! sends one application message and everyone else reads it.
//!
//! `add`, `remove`: one change in a group whose ratchet tree is full, the state that a group tends to
//! as its members commit, and the one in which commits are O(log n) bytes. In a group just formed
//! the nodes are blank: its first removal is O(n) bytes, though there is less to hash. The clock
//! stops when all members are in the new epoch.
//!
//! On the clock: key packages, the group's founding, signing, encoding, decoding and validation as
//! each library does them by default, and the merge of the committer's own commit.
//!
//! Off the clock: signature keys and credentials (they are long-lived), the delivery service, durable
//! storage, what a removed member does with the commit.
//!
//! Alike for all: an add carries no path (RFC 9420 §12.4 lets it go without), and handshake messages
//! are PublicMessage (§6.2). Both are the cheaper choice.
//!
//! Not counted: the commit that forms the group, since it is for no one but its author.

use std::marker::PhantomData;

use anyhow::{Context as _, Result};

use crate::cost::{Cost, CpuClock, Ledger};
use crate::peer::{Group, MESSAGE, Peer, ensure_all_read};

/// What a commit that adds members leaves to send.
#[derive(Debug)]
pub struct Added {
    /// For those who are in the group.
    pub commit: Vec<u8>,
    /// For those who are to join it.
    pub welcome: Vec<u8>,
}

/// One member, in one library. All that passes between members is bytes.
pub trait Member: Sized + 'static {
    /// See [`Peer::name`].
    const NAME: &'static str;
    /// See [`Peer::packages`].
    const PACKAGES: &'static [&'static str];

    /// A member with a credential and its signature key, in no group.
    fn new(name: &str) -> Result<Self>;

    /// Founds a group of one.
    fn found(&mut self) -> Result<()>;

    /// Makes a key package and keeps its secrets.
    fn key_package(&mut self) -> Result<Vec<u8>>;

    /// Joins a group.
    fn join(&mut self, welcome: &[u8]) -> Result<()>;

    /// This member's leaf.
    fn leaf(&self) -> Result<u32>;

    /// Commits to adding members, without a path, and applies the commit.
    fn add(&mut self, key_packages: &[Vec<u8>]) -> Result<Added>;

    /// Commits to removing the member at `leaf` and applies the commit.
    fn remove(&mut self, leaf: u32) -> Result<Vec<u8>>;

    /// Commits to nothing but fresh keys on this member's path and applies the commit.
    fn update(&mut self) -> Result<Vec<u8>>;

    /// Verifies and applies another member's commit.
    fn follow(&mut self, commit: &[u8]) -> Result<()>;

    /// Encrypts an application message.
    fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>>;

    /// Decrypts an application message.
    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>>;

    /// Writes state held back for storage, in a library that leaves this to its caller.
    fn persist(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The scenario for members of library `M`.
#[derive(Debug)]
pub struct Mls<M>(PhantomData<M>);

impl<M> Default for Mls<M> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<M: Member> Peer for Mls<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn suite(&self) -> &'static str {
        "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 (0x0003)"
    }

    fn packages(&self) -> &'static [&'static str] {
        M::PACKAGES
    }

    fn form(&self, n: usize) -> Result<Cost> {
        let mut members = strangers::<M>(n)?;
        let mut ledger = Ledger::new(n);

        let clock = CpuClock::start();
        form(&mut members, &mut ledger)?;
        let read = say(&mut members, Some(&mut ledger))?;
        let cpu = clock.stop();

        ensure_all_read(&read, n.saturating_sub(1))?;
        Ok(Cost::new(cpu, &ledger))
    }

    fn group(&self, n: usize) -> Result<Option<Box<dyn Group>>> {
        Ok(Some(Box::new(FullGroup::<M>::new(n)?)))
    }
}

fn strangers<M: Member>(n: usize) -> Result<Vec<M>> {
    (0..n).map(stranger).collect()
}

/// The `number`th member there ever was. All names have one length: they are part of the bytes sent.
fn stranger<M: Member>(number: usize) -> Result<M> {
    M::new(&format!("member {number:06}"))
}

fn form<M: Member>(members: &mut [M], ledger: &mut Ledger) -> Result<()> {
    let (founder, joiners) = members.split_first_mut().context("a group of none")?;
    founder.found()?;

    let key_packages = joiners
        .iter_mut()
        .map(Member::key_package)
        .collect::<Result<Vec<_>>>()?;
    for (index, key_package) in key_packages.iter().enumerate() {
        ledger.sent(index + 1, key_package);
    }

    let added = founder.add(&key_packages)?;
    ledger.sent(0, &added.welcome);
    for joiner in joiners {
        joiner.join(&added.welcome)?;
    }
    Ok(())
}

/// The first member sends [`MESSAGE`]; returns what each of the others read.
fn say<M: Member>(members: &mut [M], ledger: Option<&mut Ledger>) -> Result<Vec<Vec<u8>>> {
    let (sender, readers) = members.split_first_mut().context("a group of none")?;
    let message = sender.seal(MESSAGE)?;
    if let Some(ledger) = ledger {
        ledger.sent(0, &message);
    }
    readers
        .iter_mut()
        .map(|reader| reader.open(&message))
        .collect()
}

/// A group with no blank node in its ratchet tree, members in the order of their leaves.
struct FullGroup<M> {
    members: Vec<M>,
    /// How many members there ever were, those who left included.
    born: usize,
}

impl<M: Member> FullGroup<M> {
    fn new(n: usize) -> Result<Self> {
        let mut members = strangers(n)?;
        form(&mut members, &mut Ledger::new(n))?;
        let mut group = Self { members, born: n };
        // Each parent node lies on the path of an even leaf.
        for index in (0..n).step_by(2) {
            group.refresh(index)?;
        }
        Ok(group)
    }

    /// The member at `index` commits, which fills the nodes on its path.
    fn refresh(&mut self, index: usize) -> Result<()> {
        let commit = self.member(index)?.update()?;
        self.follow(index, &commit)?;
        self.members.iter_mut().try_for_each(Member::persist)
    }

    fn stranger(&mut self) -> Result<M> {
        self.born += 1;
        stranger(self.born)
    }

    fn member(&mut self, index: usize) -> Result<&mut M> {
        self.members.get_mut(index).context("no such member")
    }

    /// Everyone but `author` applies the commit.
    fn follow(&mut self, author: usize, commit: &[u8]) -> Result<()> {
        self.members
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| *index != author)
            .try_for_each(|(_, member)| member.follow(commit))
    }

    fn ensure_sound(&mut self) -> Result<()> {
        let read = say(&mut self.members, None)?;
        ensure_all_read(&read, self.members.len().saturating_sub(1))
    }

    /// The first member adds `newcomer`, who is not yet among the members when this returns.
    fn admit(&mut self, newcomer: &mut M, ledger: &mut Ledger) -> Result<()> {
        let key_package = newcomer.key_package()?;
        ledger.sent(self.members.len(), &key_package);
        let added = self.member(0)?.add(&[key_package])?;
        ledger.sent(0, &added.commit);
        ledger.sent(0, &added.welcome);
        self.follow(0, &added.commit)?;
        newcomer.join(&added.welcome)
    }
}

impl<M: Member> Group for FullGroup<M> {
    fn add(&mut self) -> Result<Cost> {
        let n = self.members.len();
        let mut ledger = Ledger::new(n + 1);
        let mut newcomer = self.stranger()?;

        let clock = CpuClock::start();
        self.admit(&mut newcomer, &mut ledger)?;
        let cpu = clock.stop();

        self.members.push(newcomer);
        self.ensure_sound()?;

        let leaver = self.members.pop().context("no newcomer")?;
        let commit = self.member(0)?.remove(leaver.leaf()?)?;
        self.follow(0, &commit)?;
        self.refresh(n - 1)?;
        Ok(Cost::new(cpu, &ledger))
    }

    fn remove(&mut self) -> Result<Cost> {
        let n = self.members.len();
        let mut ledger = Ledger::new(n);
        // Far from the committer, so that the two paths share the root only.
        let index = n / 2;
        let leaver = self.members.remove(index);
        let leaf = leaver.leaf()?;

        let clock = CpuClock::start();
        let commit = self.member(0)?.remove(leaf)?;
        ledger.sent(0, &commit);
        self.follow(0, &commit)?;
        let cpu = clock.stop();

        self.ensure_sound()?;

        let mut newcomer = self.stranger()?;
        self.admit(&mut newcomer, &mut Ledger::new(n))?;
        self.members.insert(index, newcomer);
        self.refresh(index)?;
        Ok(Cost::new(cpu, &ledger))
    }
}

#[cfg(test)]
mod tests {
    use mls_rs_crypto_awslc::AwsLcCryptoProvider;
    use mls_rs_crypto_rustcrypto::RustCryptoProvider;

    use super::*;
    use crate::mls_rs::MlsRs;
    use crate::openmls::OpenMls;

    /// A removal is encrypted to one node for each level of a full tree, and to more of any other: if
    /// its bytes repeat, each change was undone.
    fn check_changes_are_undone<M: Member>() {
        for n in [2, 3, 5, 8] {
            let mut group = FullGroup::<M>::new(n).unwrap();
            let removals: Vec<_> = (0..3)
                .map(|_| {
                    group.add().unwrap();
                    group.remove().unwrap().bytes_total
                })
                .collect();

            let leaves: Vec<_> = group.members.iter().map(|m| m.leaf().unwrap()).collect();
            assert!(leaves.into_iter().eq(0..u32::try_from(n).unwrap()));
            assert!(removals.iter().all(|bytes| *bytes == removals[0]), "at {n}");
        }
    }

    fn check_newcomer_reads_and_leaver_cannot<M: Member>() {
        let mut group = FullGroup::<M>::new(3).unwrap();
        let mut newcomer = group.stranger().unwrap();
        group.admit(&mut newcomer, &mut Ledger::new(4)).unwrap();
        let mut leaver = group.members.remove(1);
        group.members.push(newcomer);

        let commit = group.members[0].remove(leaver.leaf().unwrap()).unwrap();
        group.follow(0, &commit).unwrap();
        let message = group.members[0].seal(MESSAGE).unwrap();

        assert_eq!(group.members[2].open(&message).unwrap(), MESSAGE);
        assert!(leaver.open(&message).is_err());
    }

    macro_rules! check {
        ($name:ident, $member:ty) => {
            mod $name {
                use super::*;

                #[test]
                fn changes_are_undone() {
                    check_changes_are_undone::<$member>();
                }

                #[test]
                fn newcomer_reads_and_leaver_cannot() {
                    check_newcomer_reads_and_leaver_cannot::<$member>();
                }
            }
        };
    }

    check!(mls_rs_rustcrypto, MlsRs<RustCryptoProvider>);
    check!(mls_rs_awslc, MlsRs<AwsLcCryptoProvider>);
    check!(openmls_rustcrypto, OpenMls);
}
