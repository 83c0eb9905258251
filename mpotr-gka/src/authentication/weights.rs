//! Random weights, with which many equations are verified as one sum. `docs/spec/04-key-agreement.md`, "Group proof".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Secret, TranscriptHash, label};

use super::KeyStatement;
use crate::sid::Sid;

/// 128-bit weights from a hash over the statement, all proofs in order and 32 local random bytes, so that no prover
/// predicts them. An endless sequence, four from each hash.
pub(super) fn weights<S: CryptoSuite>(
    sid: Sid,
    statement: &KeyStatement,
    payloads: &[&[u8]],
    rng: &mut dyn CryptoRng,
) -> impl Iterator<Item = u128> + use<S> {
    let local = Secret::<32>::random(rng);
    let seed = TranscriptHash::<S>::new(label::BATCH)
        .bytes(sid.as_bytes())
        .bytes(statement.contributions.as_bytes())
        .bytes(statement.key_commitment.as_bytes())
        .list(payloads.iter())
        .bytes(local.expose())
        .finish();
    (0_u32..).flat_map(move |block| {
        let hash = TranscriptHash::<S>::new(label::BATCH)
            .bytes(&seed)
            .u32(block)
            .finish();
        let mut weights = [0; 4];
        for (weight, bytes) in weights.iter_mut().zip(hash.as_chunks::<16>().0) {
            *weight = u128::from_le_bytes(*bytes);
        }
        weights
    })
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::Digest32;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::weights;
    use crate::authentication::KeyStatement;
    use crate::sid::Sid;

    fn first(seed: u64, sid: u8, payloads: &[&[u8]]) -> Vec<u128> {
        let statement = KeyStatement {
            contributions: Digest32::new([1; 32]),
            key_commitment: Digest32::new([2; 32]),
        };
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let weights = weights::<S>(Sid::new([sid; 32]), &statement, payloads, &mut rng);
        weights.take(9).collect()
    }

    #[test]
    fn no_prover_predicts_the_weights_of_a_batch() {
        let all = first(1, 1, &[b"one", b"two"]);
        assert_eq!(all, first(1, 1, &[b"one", b"two"]));
        // Of 128 bits, and each its own.
        assert!(all.iter().all(|weight| *weight > 1 << 100));
        let mut distinct = all.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 9);
        // They depend on the verifier's own randomness, on the run and on every proof.
        assert_ne!(all, first(2, 1, &[b"one", b"two"]));
        assert_ne!(all, first(1, 2, &[b"one", b"two"]));
        assert_ne!(all, first(1, 1, &[b"one", b"tw0"]));
        assert_ne!(all, first(1, 1, &[b"onet", b"wo"]));
    }
}
