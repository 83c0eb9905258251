//! Evidence that a member said two things in one place. `docs/spec/05-wire.md`, "Equivocation".
//!
//! ```text
//! a message (seq, id, prev) claims:   the author's message seq is id, and its message seq - 1 is prev
//! chain   = messages of one author, each the prev of the next; the last one's signature covers all of them
//! evidence = two chains whose first messages claim different ids for one seq
//! ```
//!
//! Every member holds every message key, so that a packet opens says nothing about who sealed it: only signatures count,
//! each checked by itself. The evidence verifies from the author's E, the session id and the key commitment alone.

use mpotr_crypto::{CryptoSuite, SignatureBytes, VerifyingKey};

use crate::wire::{Content, EpochId, MessageId, Unsigned};

/// The most messages of one side of evidence: one that is not signed itself, and those that vouch for it.
pub(super) const MAX_LINKS: usize = 64;

/// What a member signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedChain {
    chain: Vec<Unsigned<Content>>,
    signature: SignatureBytes,
}

/// What became of the key that signs for a member in an epoch, as far as is known to who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// Nobody but the member has it.
    Secret,
    /// It was published, in order when all were done, or before: anyone can sign with it.
    Published,
}

/// Two things that a member signed and that cannot both be.
///
/// It accuses the owner of a key of one epoch, E, and says nothing of the person: that a person owns E is known to the members of
/// that epoch alone, and nothing in here shows it to others.
///
/// **It has a lifetime.** When an epoch ends in order its members publish what signed for them (`docs/spec/06-epochs.md`,
/// "Publication"). From then on anyone can make evidence like this against any of them, so none counts, nor does
/// what was made before, since nothing tells the two apart: see [`Evidence::verify`].
///
/// **It is not for posting.** It holds up to 64 messages of each side with their texts in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    author: u16,
    seq: u32,
    ids: [MessageId; 2],
    sides: [SignedChain; 2],
}

impl SignedChain {
    /// Messages of one author in order, each the previous one of the next, with the signature of the last.
    pub(super) const fn new(chain: Vec<Unsigned<Content>>, signature: SignatureBytes) -> Self {
        Self { chain, signature }
    }

    /// The messages; all but the last are vouched for by the one that follows.
    #[must_use]
    pub fn messages(&self) -> &[Unsigned<Content>] {
        &self.chain
    }

    /// What the first message claims, by place.
    fn claims<S: CryptoSuite>(&self, epoch: &EpochId, author: u16) -> Vec<(u32, MessageId)> {
        let Some(first) = self.chain.first() else {
            return Vec::new();
        };
        let seq = first.fields().seq;
        let before = seq.checked_sub(1).zip(first.fields().prev);
        let own = (seq, first.id::<S>(epoch, author));
        std::iter::once(own).chain(before).collect()
    }

    fn verify<S: CryptoSuite>(&self, epoch: &EpochId, author: u16, key: &VerifyingKey<S>) -> bool {
        let linked = self.chain.windows(2).all(|pair| match pair {
            [before, after] => {
                after.fields().prev == Some(before.id::<S>(epoch, author))
                    && before.fields().seq.checked_add(1) == Some(after.fields().seq)
            }
            _ => false,
        });
        let signed = self.chain.last().is_some_and(|last| {
            let signed = last.id::<S>(epoch, author).signed::<S>(epoch);
            key.verify(&signed, &self.signature).is_ok()
        });
        linked && signed
    }
}

impl Evidence {
    /// Two chains of one author, if they contradict each other.
    pub(super) fn new<S: CryptoSuite>(
        epoch: &EpochId,
        author: u16,
        sides: [SignedChain; 2],
    ) -> Option<Self> {
        let [first, second] = &sides;
        let (seq, ids) = contradiction(
            &first.claims::<S>(epoch, author),
            &second.claims::<S>(epoch, author),
        )?;
        Some(Self {
            author,
            seq,
            ids,
            sides,
        })
    }

    /// The author's index in the roster.
    #[must_use]
    pub const fn author(&self) -> u16 {
        self.author
    }

    /// The place for which two messages are claimed.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        self.seq
    }

    /// Their ids.
    #[must_use]
    pub const fn ids(&self) -> [MessageId; 2] {
        self.ids
    }

    /// What was signed.
    #[must_use]
    pub const fn sides(&self) -> &[SignedChain; 2] {
        &self.sides
    }

    /// Whether the owner of E, `key`, the `author` of an epoch's roster, signed both sides, and they contradict each
    /// other; and whether that still means anything: never once the key is published. It needs nothing else.
    #[must_use]
    pub fn verify<S: CryptoSuite>(
        &self,
        epoch: &EpochId,
        key: &VerifyingKey<S>,
        state: SigningKeyState,
    ) -> bool {
        if state == SigningKeyState::Published {
            return false;
        }
        let [first, second] = &self.sides;
        let claimed = contradiction(
            &first.claims::<S>(epoch, self.author),
            &second.claims::<S>(epoch, self.author),
        );
        claimed == Some((self.seq, self.ids))
            && self
                .sides
                .iter()
                .all(|side| side.verify(epoch, self.author, key))
    }
}

/// The place for which two lists of claims have different ids.
fn contradiction(
    first: &[(u32, MessageId)],
    second: &[(u32, MessageId)],
) -> Option<(u32, [MessageId; 2])> {
    first.iter().find_map(|(seq, id)| {
        let other = second.iter().find(|(at, other)| at == seq && other != id)?;
        Some((*seq, [*id, other.1]))
    })
}
