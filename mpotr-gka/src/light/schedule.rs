//! From the fresh secret to the keys of the next epoch. `docs/spec/14-light-runs.md`, "Key schedule".
//!
//! ```text
//! lambda = H("light keys", list of keys in CUT)
//! sid'   = H("light sid", parent sid, sd, policy', lambda)                      32 bytes
//! es'    = extract(sid', init || r)                             where anyone joins, extract(sid', r) and another sid'
//! kc'    = expand(es', "commit", lambda)                                        32 bytes
//! epoch' = child(es', "messages", lambda)
//! init'  = expand(es', "init", lambda)                                          64 bytes
//! m      = H("light", parent sid, sd, cd, sid', kc', uint32 count, digest)      64 bytes; the whole closed order
//! tau    = H("light tweak", expand(es', "light tweak", lambda), parent sid) mod L      where a member is left out
//! ```

use mpotr_crypto::{
    CryptoSuite, Digest32, Secret, SecretScalar, TranscriptHash, kdf::Prk, label, wiping_stack,
    zeroize::Zeroizing,
};

use super::cut::LightCut;
use super::joining::JoinTerms;
use super::packet::ChangeBody;
use super::seed::Seed;
use super::wrapping::FreshSecret;
use crate::continuation::Continuation;
use crate::sid::Sid;

/// `sid'`, where nobody joins.
pub(super) fn sid_after<S: CryptoSuite>(parent: Sid, seed: &Seed, keys: &Digest32) -> Sid {
    let sid = TranscriptHash::<S>::new(label::LIGHT_SID)
        .bytes(parent.as_bytes())
        .bytes(seed.digest::<S>().as_bytes())
        .bytes(&seed.terms.policy)
        .bytes(keys.as_bytes())
        .digest();
    Sid::new(*sid.as_bytes())
}

/// The secrets of an epoch that a light run leads to.
pub(super) struct EpochSecrets {
    /// `sid'`.
    pub(super) sid: Sid,
    /// `kc'`.
    pub(super) key_commitment: Digest32,
    /// `lambda`.
    keys: Digest32,
    /// `es'`.
    secret: Prk,
}

impl EpochSecrets {
    /// Goes on from the parent: nobody joins.
    fn after<S: CryptoSuite>(
        parent: &Continuation<S>,
        seed: &Seed,
        fresh: &FreshSecret,
        keys: Digest32,
    ) -> Self {
        let sid = sid_after::<S>(parent.sid, seed, &keys);
        let secret = wiping_stack(|| {
            let init = parent.init.expose().as_slice();
            let both = Zeroizing::new([init, fresh.secret().expose()].concat());
            Prk::extract::<S>(sid.as_bytes(), &both)
        });
        Self::of::<S>(sid, keys, secret)
    }

    /// Of nothing but what a joiner is told.
    pub(super) fn with_joiners<S: CryptoSuite>(terms: &JoinTerms, fresh: &FreshSecret) -> Self {
        let keys = terms.keys_digest::<S>();
        let sid = terms.sid::<S>(&keys);
        let secret = Prk::extract::<S>(sid.as_bytes(), fresh.secret().expose());
        Self::of::<S>(sid, keys, secret)
    }

    fn of<S: CryptoSuite>(sid: Sid, keys: Digest32, secret: Prk) -> Self {
        let commitment = secret.expand::<S, 32>(label::KEY_COMMITMENT, keys.as_bytes());
        Self {
            sid,
            key_commitment: Digest32::new(*commitment.expose()),
            keys,
            secret,
        }
    }

    /// `lambda`.
    pub(super) const fn keys(&self) -> &Digest32 {
        &self.keys
    }

    /// `es'`.
    pub(super) const fn secret(&self) -> &Prk {
        &self.secret
    }

    /// `epoch'`.
    pub(super) fn messages<S: CryptoSuite>(&self) -> Prk {
        self.secret
            .child::<S>(label::MESSAGES, self.keys.as_bytes())
    }

    /// `init'`.
    pub(super) fn init<S: CryptoSuite>(&self) -> Secret<64> {
        self.secret
            .expand::<S, 64>(label::INIT, self.keys.as_bytes())
    }

    /// `tau`.
    pub(super) fn tweak<S: CryptoSuite>(&self, parent: Sid) -> SecretScalar<S> {
        wiping_stack(|| {
            let secret = self
                .secret
                .expand::<S, 64>(label::LIGHT_TWEAK, self.keys.as_bytes());
            SecretScalar::of_hash(
                TranscriptHash::<S>::new(label::LIGHT_TWEAK)
                    .bytes(secret.expose())
                    .bytes(parent.as_bytes()),
            )
        })
    }
}

/// What a SEED and a CUT make of the parent.
pub(super) struct Schedule {
    pub(super) epoch: EpochSecrets,
    /// `m`: what each share signs.
    pub(super) message: [u8; 64],
    /// `cd`.
    pub(super) cut: Digest32,
    /// What the epoch is made of, where anyone joins.
    pub(super) joining: Option<JoinTerms>,
}

impl Schedule {
    /// Goes on from the parent with a fresh secret.
    pub(super) fn new<S: CryptoSuite>(
        parent: &Continuation<S>,
        seed: &Seed,
        fresh: &FreshSecret,
        cut: &LightCut,
    ) -> Self {
        let joining = parent.join_terms(seed, &cut.keys);
        let epoch = match &joining {
            Some(terms) => EpochSecrets::with_joiners::<S>(terms, fresh),
            None => EpochSecrets::after(parent, seed, fresh, cut.keys_digest::<S>()),
        };
        let cut_digest = cut.digest::<S>();
        let message = TranscriptHash::<S>::new(label::LIGHT)
            .bytes(parent.sid.as_bytes())
            .bytes(seed.digest::<S>().as_bytes())
            .bytes(cut_digest.as_bytes())
            .bytes(epoch.sid.as_bytes())
            .bytes(epoch.key_commitment.as_bytes())
            .u32(cut.closing.closed.count)
            .bytes(cut.closing.closed.digest.as_bytes())
            .finish();
        Self {
            epoch,
            message,
            cut: cut_digest,
            joining,
        }
    }

    /// The first half of `m`: what a member remembers that it has confirmed.
    pub(super) fn what(&self) -> Digest32 {
        let mut what = [0; 32];
        for (to, from) in what.iter_mut().zip(self.message) {
            *to = from;
        }
        Digest32::new(what)
    }
}

impl core::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Schedule({})", self.epoch.sid)
    }
}
