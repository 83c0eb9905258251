//! [vodozemac](https://docs.rs/vodozemac): the room of Matrix, Megolm keys sent over pairwise Olm.
//!
//! Measures, with Olm v1 and Megolm v1 (X25519, AES-256-CBC with truncated HMAC-SHA-256, Ed25519):
//! each member publishes signed one-time keys, each pair opens one Olm session, each member makes
//! an outbound Megolm session and sends its key to every other member over Olm, each member makes an
//! inbound session of every key it got; then one member sends one message and everyone else reads it.
//!
//! One session for a pair, n(n-1)/2 in all, is the cheapest shape in which everyone can send: the one
//! who opened it sends its key in the pre-key message, the other answers with its own. Members that
//! all speak first at once would open n(n-1). Which of the two opens alternates, so that the load
//! is even.
//!
//! On the clock: one-time keys, their signatures and the check of them, and the encoding to bytes.
//! Off the clock: accounts (identity keys are long-lived), the homeserver, JSON and base64 of
//! Matrix, storage. Changes are not measured: an add is n more pairs and sessions, a remove is n - 1
//! fresh Megolm keys from everyone.

use anyhow::{Context as _, Result, bail};
use vodozemac::megolm::{self, GroupSession, InboundGroupSession, MegolmMessage, SessionKey};
use vodozemac::olm::{self, Account, OlmMessage};
use vodozemac::{Curve25519PublicKey, Ed25519Signature};

use crate::cost::{Cost, CpuClock, Ledger};
use crate::peer::{FormOnly, MESSAGE, ensure_all_read};

/// This peer's line in the list of contenders.
pub const PEER: FormOnly = FormOnly {
    name: "vodozemac",
    suite: "Olm v1 + Megolm v1: X25519, AES-256-CBC, HMAC-SHA-256, Ed25519",
    packages: &["vodozemac"],
    form: form_group,
};

const OLM: olm::SessionConfig = olm::SessionConfig::version_1();
const MEGOLM: megolm::SessionConfig = megolm::SessionConfig::version_1();

/// A one-time key as it is published: the key and its owner's signature.
struct SignedKey {
    key: Curve25519PublicKey,
    signature: Ed25519Signature,
}

impl SignedKey {
    fn to_bytes(&self) -> Vec<u8> {
        [&self.key.to_bytes()[..], &self.signature.to_bytes()[..]].concat()
    }
}

/// One member's side of the room.
struct Device {
    account: Account,
    published: Vec<SignedKey>,
    outbound: Option<GroupSession>,
    /// Inbound sessions, by sender.
    inbound: Vec<Option<InboundGroupSession>>,
}

impl Device {
    fn new(n: usize) -> Self {
        Self {
            account: Account::new(),
            published: Vec::new(),
            outbound: None,
            inbound: std::iter::repeat_with(|| None).take(n).collect(),
        }
    }

    /// Makes and signs `count` one-time keys, and the member's own Megolm session.
    fn prepare(&mut self, count: usize) {
        self.account.generate_one_time_keys(count);
        self.published = self
            .account
            .one_time_keys()
            .into_values()
            .map(|key| SignedKey {
                key,
                signature: self.account.sign(key.as_bytes()),
            })
            .collect();
        self.account.mark_keys_as_published();
        self.outbound = Some(GroupSession::new(MEGOLM));
    }

    fn outbound(&mut self) -> Result<&mut GroupSession> {
        self.outbound.as_mut().context("no outbound session")
    }

    fn session_key(&mut self) -> Result<Vec<u8>> {
        Ok(self.outbound()?.session_key().to_bytes())
    }

    fn accept(&mut self, sender: usize, session_key: &[u8]) -> Result<()> {
        let session_key = SessionKey::from_bytes(session_key)?;
        let slot = self.inbound.get_mut(sender).context("no such sender")?;
        *slot = Some(InboundGroupSession::new(&session_key, MEGOLM));
        Ok(())
    }

    fn open(&mut self, sender: usize, message: &[u8]) -> Result<Vec<u8>> {
        let session = self.inbound.get_mut(sender).and_then(Option::as_mut);
        let session = session.context("no session key of this sender")?;
        let message = MegolmMessage::from_bytes(message)?;
        Ok(session.decrypt(&message)?.plaintext)
    }
}

/// Whether member `a` opens the session with member `b`: of each pair just one does.
fn opens(a: usize, b: usize) -> bool {
    (a < b) == ((a + b) % 2 == 1) && a != b
}

/// Forms a room of `n` until every member has read one message.
pub fn form_group(n: usize) -> Result<Cost> {
    let mut devices: Vec<_> = (0..n).map(|_| Device::new(n)).collect();
    let mut ledger = Ledger::new(n);

    let clock = CpuClock::start();
    for (index, device) in devices.iter_mut().enumerate() {
        device.prepare((0..n).filter(|other| opens(*other, index)).count());
        for key in &device.published {
            ledger.sent(index, &key.to_bytes());
        }
    }
    for a in 0..n {
        for b in (0..n).filter(|b| opens(a, *b)) {
            exchange_session_keys(&mut devices, a, b, &mut ledger)?;
        }
    }
    let (sender, readers) = devices.split_first_mut().context("a group of none")?;
    let message = sender.outbound()?.encrypt(MESSAGE).to_bytes();
    ledger.sent(0, &message);
    let read = readers
        .iter_mut()
        .map(|reader| reader.open(0, &message))
        .collect::<Result<Vec<_>>>()?;
    let cpu = clock.stop();

    ensure_all_read(&read, n.saturating_sub(1))?;
    Ok(Cost::new(cpu, &ledger))
}

/// Opens an Olm session from `a` to `b`, on which each sends the other its Megolm session key.
fn exchange_session_keys(
    devices: &mut [Device],
    a: usize,
    b: usize,
    ledger: &mut Ledger,
) -> Result<()> {
    let [alice, bob] = devices.get_disjoint_mut([a, b])?;

    let one_time = bob.published.pop().context("out of one-time keys")?;
    bob.account
        .ed25519_key()
        .verify(one_time.key.as_bytes(), &one_time.signature)?;
    let mut session =
        alice
            .account
            .create_outbound_session(OLM, bob.account.curve25519_key(), one_time.key)?;

    let opening = session.encrypt(alice.session_key()?)?.to_parts();
    ledger.sent(a, &opening.1);
    let OlmMessage::PreKey(opening) = OlmMessage::from_parts(opening.0, &opening.1)? else {
        bail!("not a pre-key message");
    };
    let mut received =
        bob.account
            .create_inbound_session(OLM, alice.account.curve25519_key(), &opening)?;
    bob.accept(a, &received.plaintext)?;

    let answer = received.session.encrypt(bob.session_key()?)?.to_parts();
    ledger.sent(b, &answer.1);
    let answer = session.decrypt(&OlmMessage::from_parts(answer.0, &answer.1)?)?;
    alice.accept(b, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_pair_opens() {
        for n in [2, 3, 8, 9] {
            for a in 0..n {
                assert!(!opens(a, a));
                for b in (0..n).filter(|b| *b != a) {
                    assert!(opens(a, b) != opens(b, a));
                }
            }
        }
    }

    #[test]
    fn openings_are_spread_evenly() {
        let n = 9;
        for a in 0..n {
            assert_eq!((0..n).filter(|b| opens(a, *b)).count(), (n - 1) / 2);
        }
    }

    #[test]
    fn every_member_can_send() {
        let n = 4;
        let mut devices: Vec<_> = (0..n).map(|_| Device::new(n)).collect();
        devices.iter_mut().for_each(|device| device.prepare(n));
        for a in 0..n {
            for b in (0..n).filter(|b| opens(a, *b)) {
                exchange_session_keys(&mut devices, a, b, &mut Ledger::new(n)).unwrap();
            }
        }

        for sender in 0..n {
            let message = devices[sender].outbound().unwrap().encrypt("hi").to_bytes();
            for reader in (0..n).filter(|reader| *reader != sender) {
                assert_eq!(devices[reader].open(sender, &message).unwrap(), b"hi");
            }
        }
    }
}
