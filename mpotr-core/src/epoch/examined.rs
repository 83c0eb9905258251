//! Signatures that were looked at in vain. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the keys of all, so it can seal what another never signed, and an outsider can send that again for ever.
//! Whether a signature verifies depends on nothing but what it covers and whose it is, and does not change: what is remembered
//! here saves work, and decides nothing. So nothing that a member needs is refused for it, no matter who sent it first.

use std::collections::{BTreeMap, VecDeque};

use mpotr_crypto::SignatureBytes;

/// The most signatures that are remembered. An outsider repeats what insiders forged; an insider that forges more than
/// this can as well forge anew.
const MOST: usize = 1024;

/// What is signed, and by what. What is signed names the author.
type Examination = ([u8; 64], SignatureBytes);

/// Signatures of packets that were refused after they were looked at, the oldest first, and whether they verify.
#[derive(Debug, Default)]
pub(super) struct Examined {
    verdicts: BTreeMap<Examination, bool>,
    order: VecDeque<Examination>,
    /// How many signatures were verified.
    #[cfg(test)]
    pub(super) verified: usize,
    /// How often all that waits was looked through.
    #[cfg(test)]
    pub(super) looked: usize,
}

impl Examined {
    /// What was found, if it was looked at.
    pub(super) fn verdict(&self, signed: &[u8; 64], signature: &SignatureBytes) -> Option<bool> {
        self.verdicts.get(&(*signed, *signature)).copied()
    }

    /// A packet was refused after its signature was looked at.
    pub(super) fn note(&mut self, signed: [u8; 64], signature: SignatureBytes, is_valid: bool) {
        let examination = (signed, signature);
        if self.verdicts.insert(examination, is_valid).is_some() {
            return;
        }
        self.order.push_back(examination);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.verdicts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(n: u16) -> [u8; 64] {
        let mut signed = [0; 64];
        signed[..2].copy_from_slice(&n.to_be_bytes());
        signed
    }

    #[test]
    fn a_verdict_is_of_one_signature_under_one_thing() {
        let mut examined = Examined::default();
        let [one, other] = [1, 2].map(|n| SignatureBytes::new([n; 64]));
        examined.note(signed(1), one, false);
        examined.note(signed(2), one, true);
        assert_eq!(examined.verdict(&signed(1), &one), Some(false));
        assert_eq!(examined.verdict(&signed(2), &one), Some(true));
        assert_eq!(examined.verdict(&signed(1), &other), None);
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_nothing_is_counted_twice() {
        let mut examined = Examined::default();
        let signature = SignatureBytes::new([1; 64]);
        let most = u16::try_from(MOST).unwrap();
        for n in 0..most {
            examined.note(signed(n), signature, false);
            examined.note(signed(n), signature, false);
        }
        assert_eq!(examined.verdict(&signed(0), &signature), Some(false));
        examined.note(signed(most), signature, false);
        assert_eq!(examined.verdict(&signed(0), &signature), None);
        assert_eq!(examined.verdict(&signed(1), &signature), Some(false));
        assert_eq!(
            (examined.verdicts.len(), examined.order.len()),
            (MOST, MOST)
        );
    }
}
