//! A seeded run over every operation of a suite, written down: `docs/spec/02-suites.md`, "Backends".
//!
//! Two backends compute one suite if their journals are the same, entry by entry.

use mpotr_crypto::cpace::{Context, Initiator, Responder};
use mpotr_crypto::kdf::Prk;
use mpotr_crypto::{
    AeadKey, CryptoSuite, Digest32, EphemeralKey, EphemeralKeyPair, Fingerprint, Group,
    IdentityKeyPair, JointChallenge, JointKey, JointSignature, NoncePair, NonceSum, PartSecret,
    Secret, SecretScalar, SignatureBytes, TranscriptHash, VerifyingKey, hash_to_scalar, label,
    random_scalar, vartime_double_scalar_mul,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What one operation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which round of the run it was.
    pub round: u32,
    /// The operation.
    pub operation: &'static str,
    /// Its result.
    pub result: Vec<u8>,
}

/// Everything that the operations of a suite give in so many rounds on inputs drawn from a seed.
#[must_use]
pub fn journal<S: CryptoSuite>(seed: u64, rounds: u32) -> Vec<Entry> {
    let mut run = SeededRun {
        rng: ChaCha20Rng::seed_from_u64(seed),
        round: 0,
        entries: Vec::new(),
    };
    for round in 0..rounds {
        run.round = round;
        run.scalars::<S>();
        run.elements::<S>();
        run.hashes::<S>();
        run.seals::<S>();
        run.signatures::<S>();
        run.identities::<S>();
        run.joint_signatures::<S>();
        run.pake::<S>();
    }
    run.entries
}

/// A run can be repeated, and another seed gives another one.
pub fn a_journal_depends_on_its_seed_alone<S: CryptoSuite>() {
    assert_eq!(journal::<S>(1, 2), journal::<S>(1, 2));
    assert_ne!(journal::<S>(1, 2), journal::<S>(2, 2));
}

struct SeededRun {
    rng: ChaCha20Rng,
    round: u32,
    entries: Vec<Entry>,
}

impl SeededRun {
    fn write(&mut self, operation: &'static str, result: impl AsRef<[u8]>) {
        let result = result.as_ref().to_vec();
        self.entries.push(Entry {
            round: self.round,
            operation,
            result,
        });
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Up to 600 bytes: several blocks of everything.
    fn message(&mut self) -> Vec<u8> {
        let length = self.rng.next_u32() % 600;
        let mut message = vec![0; usize::try_from(length).unwrap()];
        self.rng.fill_bytes(&mut message);
        message
    }

    /// One of the bits of `bytes` changed.
    fn mutated<const N: usize>(&mut self, mut bytes: [u8; N]) -> [u8; N] {
        let bit = usize::try_from(self.rng.next_u32()).unwrap() % (N * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    }

    fn scalars<S: CryptoSuite>(&mut self) {
        let encode = S::Group::encode_scalar;
        let [a, b] = [(); 2].map(|()| S::Group::scalar_from_wide(&self.bytes()));
        self.write("scalar from wide bytes", encode(&a));
        self.write("scalar sum", encode(&S::Group::scalar_add(&a, &b)));
        self.write("scalar difference", encode(&S::Group::scalar_sub(&a, &b)));
        self.write("scalar product", encode(&S::Group::scalar_mul(&a, &b)));
        let random = encode(&random_scalar::<S::Group>(&mut self.rng));
        self.write("random scalar", random);
        // Random bytes are nearly always too large, and with the high bits cleared half of them are not.
        let mut candidate: [u8; 32] = self.bytes();
        candidate[31] &= 0x1f;
        for bytes in [candidate, self.bytes(), self.mutated(encode(&a))] {
            let decoded = S::Group::decode_scalar(&bytes);
            self.write(
                "decode scalar",
                decoded.map_or(vec![], |scalar| encode(&scalar).to_vec()),
            );
        }
    }

    fn elements<S: CryptoSuite>(&mut self) {
        let encode = S::Group::encode;
        let [a, b] = [(); 2].map(|()| S::Group::from_uniform_bytes(&self.bytes()));
        let [x, y] = [(); 2].map(|()| S::Group::scalar_from_wide(&self.bytes()));
        self.write("element from uniform bytes", encode(&a));
        self.write("element sum", encode(&S::Group::add(&a, &b)));
        self.write("element difference", encode(&S::Group::sub(&a, &b)));
        self.write("element product", encode(&S::Group::mul(&a, &x)));
        self.write("base product", encode(&S::Group::mul_base(&x)));
        self.write(
            "double product",
            encode(&vartime_double_scalar_mul::<S::Group>(&x, &y, &a)),
        );
        // One in sixteen random strings is an element.
        for bytes in [
            self.bytes(),
            self.mutated(encode(&a)),
            self.mutated([0; 32]),
        ] {
            let decoded = S::Group::decode(&bytes);
            self.write(
                "decode element",
                decoded.map_or(vec![], |element| encode(&element).to_vec()),
            );
        }
        let terms = usize::try_from(self.rng.next_u32() % 6).unwrap();
        let scalars: Vec<_> = (0..terms)
            .map(|_| S::Group::scalar_from_wide(&self.bytes()))
            .collect();
        let elements: Vec<_> = (0..terms)
            .map(|_| S::Group::from_uniform_bytes(&self.bytes()))
            .collect();
        let product = S::Group::vartime_multi_scalar_mul(&scalars, &elements);
        self.write("multi-scalar product", encode(&product));
    }

    fn hashes<S: CryptoSuite>(&mut self) {
        let message = self.message();
        let transcript = TranscriptHash::<S>::new(label::OFFER)
            .bytes(&message)
            .u32(self.round);
        self.write("transcript", transcript.clone().finish());
        let scalar = hash_to_scalar::<S>(transcript);
        self.write("hash to scalar", S::Group::encode_scalar(&scalar));
        let prk = Prk::extract::<S>(&self.bytes::<32>(), &message);
        let child = prk.child::<S>(label::CHAIN_STEP, &message);
        self.write(
            "key",
            child.expand::<S, 32>(label::MESSAGE_KEY, b"").expose(),
        );
        self.write(
            "keys",
            child.expand::<S, 200>(label::EXPORTER, &message).expose(),
        );
    }

    fn seals<S: CryptoSuite>(&mut self) {
        let key = AeadKey::<S>::new(&Secret::new(self.bytes()));
        let (nonce, data, text) = (self.bytes(), self.message(), self.message());
        let mut sealed = key.seal(&nonce, &data, &text);
        self.write("sealed", &sealed);
        let opened = key.open(&nonce, &data, &sealed);
        self.write("opened", opened.map_or(vec![], |text| text.to_vec()));
        let at = usize::try_from(self.rng.next_u32()).unwrap() % sealed.len();
        sealed[at] ^= 1;
        self.write(
            "opened, damaged",
            [u8::from(key.open(&nonce, &data, &sealed).is_ok())],
        );
    }

    fn signatures<S: CryptoSuite>(&mut self) {
        let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new(self.bytes()));
        let (public, message) = (*pair.public().as_bytes(), self.message());
        let signature = *pair.sign(&message).as_bytes();
        self.write("verification key", public);
        self.write("signature", signature);
        for (key, signature) in [
            (public, signature),
            (public, self.mutated(signature)),
            (self.mutated(public), signature),
            (self.bytes(), signature),
        ] {
            let key = VerifyingKey::<S>::decode(&EphemeralKey::new(key));
            self.write("decode verification key", [u8::from(key.is_some())]);
            let signature = SignatureBytes::new(signature);
            let verified = key.is_some_and(|key| key.verify(&message, &signature).is_ok());
            self.write("verify", [u8::from(verified)]);
        }
    }

    fn pake<S: CryptoSuite>(&mut self) {
        let secret = self.message();
        let context = Context {
            channel: self.message(),
            session: self.bytes::<16>().to_vec(),
            initiator_data: self.message(),
            responder_data: Vec::new(),
        };
        let start = Initiator::<S>::start(&secret, context.clone(), &mut self.rng);
        let (share, rng) = (*start.share(), &mut self.rng);
        let (waits, answer, confirmation) =
            Responder::answer::<S>(&secret, &context, &share, rng).unwrap();
        self.write("share", share);
        self.write("answer", answer);
        self.write("confirmation of the answer", confirmation);
        let last = start.finish(&answer, &confirmation).unwrap();
        self.write("confirmation of the share", last);
        self.write("the same secret", [u8::from(waits.check(&last))]);
    }

    fn identities<S: CryptoSuite>(&mut self) {
        let pair = IdentityKeyPair::random::<S>(&mut self.rng);
        self.write("identity", pair.public());
        self.write("identity secret", pair.secret().expose());
        self.write(
            "fingerprint",
            Fingerprint::of::<S>(&pair.public()).to_string(),
        );
        let stored = IdentityKeyPair::from_secret::<S>(pair.secret()).unwrap();
        self.write("identity, restored", stored.public());
    }

    /// One to three members sign together; what they made is verified as it is and with a bit changed.
    fn joint_signatures<S: CryptoSuite>(&mut self) {
        let kc = Digest32::new(self.bytes());
        let (message, purpose) = (self.message(), self.message());
        let members = 1 + self.rng.next_u32() % 3;
        let parts: Vec<_> = (0..members)
            .map(|_| PartSecret::<S>::new(SecretScalar::random(&mut self.rng)))
            .collect();
        let key = JointKey::sum(parts.iter().map(PartSecret::element)).unwrap();
        self.write("joint key", key.as_bytes());
        let pairs: Vec<_> = parts
            .iter()
            .map(|part| NoncePair::draw(part, &purpose, &mut self.rng))
            .collect();
        let nonces: Vec<_> = pairs
            .iter()
            .map(|pair| pair.commitment().elements::<S>().unwrap())
            .collect();
        let sums = NonceSum::of::<S>(&nonces);
        self.write("sums of nonces", sums);
        let challenge = JointChallenge::new(&kc, &key, &sums, &message).unwrap();
        self.write("joint challenge", challenge.values().concat());
        let shares: Vec<_> = pairs
            .into_iter()
            .zip(&parts)
            .map(|(pair, part)| pair.share(part, &challenge).unwrap())
            .collect();
        for share in &shares {
            self.write("joint share", share);
        }
        let signature = *challenge.sum(&shares).unwrap().as_bytes();
        self.write("joint signature", signature);
        for signature in [signature, self.mutated(signature), self.bytes()] {
            let verified = JointSignature::new(signature).verify::<S>(&kc, &key, &message);
            self.write("verify a joint signature", [u8::from(verified.is_ok())]);
        }
    }
}
