//! The secrets of an epoch, computed from each member's identity and draws: `docs/spec/04-key-agreement.md` and
//! `docs/spec/05-wire.md`, written down a second time.

use std::marker::PhantomData;
use std::ops::Range;

use mpotr_core::crypto::hkdf::GenericHkdf;
use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::zeroize::Zeroizing;
use mpotr_core::crypto::{
    AeadKey, CryptoSuite, Encoder, EphemeralKeyPair, Group, IdentityKeyPair, Secret, SecretScalar,
    TranscriptHash, label,
};
use mpotr_core::gka::{
    AgreementId, AuthenticationId, Confirmation, Contribution, KeyStatement, Methods, Offer, Sid,
};
use mpotr_core::wire::{Packet, SidHint};

use crate::light::{Member, Parent};
use crate::rooms::{Scene, identity, text};

/// How long a secret has to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As long as its owner.
    Identity,
    /// As long as the epoch, and is published when all have left it together.
    Signing,
    /// The same, of what some libraries make of the key that signs.
    Derived,
    /// As long as the epoch.
    Running,
    /// As long as messages may be written and read in it, which ends at `expire`.
    Writing,
    /// Until the run is over or the message final.
    Spent,
}

/// What is looked for.
pub(crate) struct Needle {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl Needle {
    pub(crate) fn new(name: impl Into<String>, kind: Kind, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            kind,
            bytes: Zeroizing::new(bytes.to_vec()),
        }
    }
}

/// A member of the run, with all that it knows.
struct Person<S: CryptoSuite> {
    seat: usize,
    identity: IdentityKeyPair,
    e: Secret<32>,
    y: SecretScalar<S>,
    z: SecretScalar<S>,
    r: SecretScalar<S>,
    /// What it drew, 32 bytes at a time.
    drawn: Vec<[u8; 32]>,
    /// What it drew, 64 bytes at a time.
    wide: Vec<Vec<u8>>,
}

impl<S: CryptoSuite> Person<S> {
    /// The member that made an offer.
    fn of(scene: Scene, offer: &Offer, draws: &[&[Vec<u8>]]) -> Self {
        let (member, identity) = (0..draws.len())
            .map(|member| (member, identity::<S>(scene, member)))
            .find(|(_, identity)| identity.public() == offer.identity)
            .unwrap();
        let wide = draws[member].iter().filter(|drawn| drawn.len() == 64);
        let wide: Vec<_> = wide.collect();
        // The keys of runs are drawn between offers, from as many bytes.
        let most = u64::try_from(wide.len()).unwrap();
        let tries = wide
            .iter()
            .flat_map(|fresh| (0..most).map(move |count| (count, fresh)));
        for (count, fresh) in tries {
            let secret = |which| {
                TranscriptHash::<S>::new(label::OFFER_SECRET)
                    .bytes(identity.secret().expose())
                    .bytes(fresh)
                    .u64(count)
                    .bytes(offer.room.as_bytes())
                    .bytes(&offer.parent.map_or([0; 16], |parent| *parent.as_bytes()))
                    .u8(which)
            };
            let y = SecretScalar::<S>::of_hash(secret(1));
            if S::Group::encode(&y.mul_base()) == *offer.trapdoor.as_bytes() {
                let z = SecretScalar::<S>::of_hash(secret(2));
                assert_eq!(S::Group::encode(&z.mul_base()), *offer.share.as_bytes());
                let r = SecretScalar::<S>::of_hash(secret(3));
                assert_eq!(
                    S::Group::encode(&r.mul_base()),
                    *offer.commitment.as_bytes()
                );
                let narrow = draws[member].iter();
                let narrow = narrow.filter_map(|drawn| drawn.as_slice().try_into().ok());
                return Self {
                    seat: member,
                    e: secret(0).finish_secret().first_half(),
                    y,
                    z,
                    r,
                    drawn: narrow.collect(),
                    wide: wide.into_iter().cloned().collect(),
                    identity,
                };
            }
        }
        panic!("nobody drew this offer");
    }
}

/// All that the secrets of one epoch are computed from.
pub(crate) struct Source<S: CryptoSuite> {
    scene: Scene,
    sid: Sid,
    methods: Methods,
    statement: KeyStatement,
    offers: Vec<Offer>,
    people: Vec<Person<S>>,
    contributions: Vec<Contribution>,
    confirmations: Vec<Confirmation>,
    suite: PhantomData<S>,
}

impl<S: CryptoSuite> Source<S> {
    pub(crate) fn new(scene: Scene, sid: Sid, packets: &[Packet], draws: &[&[Vec<u8>]]) -> Self {
        let offers: Vec<_> = packets
            .iter()
            .filter_map(|packet| match packet {
                Packet::Offer(offer) => Some((offer.digest::<S>(), offer)),
                _ => None,
            })
            .collect();
        let of = |wanted| offers.iter().find(|(digest, _)| *digest == wanted);
        let (proposal, offers) = packets
            .iter()
            .find_map(|packet| {
                let Packet::Proposal(proposal) = packet else {
                    return None;
                };
                let digests = proposal.offers.iter();
                let listed: Option<Vec<Offer>> =
                    digests.map(|digest| Some(of(*digest)?.1.clone())).collect();
                let listed = listed?;
                (proposal.sid::<S>(listed.iter()) == sid).then_some((proposal, listed))
            })
            .unwrap();
        let (mut contributions, mut confirmations) = (Vec::new(), Vec::new());
        for packet in packets {
            match packet {
                Packet::Contribution(hint, it) if *hint == SidHint::of(&sid) => {
                    contributions.push(it.clone());
                }
                Packet::Confirmation(hint, it) if *hint == SidHint::of(&sid) => {
                    confirmations.push(it.clone());
                }
                _ => {}
            }
        }
        contributions.sort_by_key(|it| it.sender);
        contributions.dedup();
        confirmations.sort_by_key(|it| it.sender);
        confirmations.dedup();
        assert_eq!(
            (contributions.len(), confirmations.len()),
            (offers.len(), offers.len())
        );
        Self {
            scene,
            sid,
            methods: Methods::new(proposal.policy.agreement, proposal.policy.authentication),
            statement: confirmations[0].statement,
            people: offers
                .iter()
                .map(|offer| Person::of(scene, offer, draws))
                .collect(),
            offers,
            contributions,
            confirmations,
            suite: PhantomData,
        }
    }

    fn len(&self) -> usize {
        self.people.len()
    }

    /// All of them; the texts are those of these numbers.
    pub(crate) fn secrets(&self, texts: Range<u32>) -> Vec<Needle> {
        let mut found = Vec::new();
        for (index, person) in self.people.iter().enumerate() {
            let (signing, [part, receive]) = self.inner(index);
            for (name, kind, bytes) in [
                ("a", Kind::Identity, person.identity.secret()),
                ("e", Kind::Spent, &person.e),
                ("m", Kind::Signing, &signing),
                ("f", Kind::Running, part.encoded()),
                ("p", Kind::Running, receive.encoded()),
                ("y", Kind::Signing, person.y.encoded()),
                ("z", Kind::Spent, person.z.encoded()),
                ("r", Kind::Spent, person.r.encoded()),
            ] {
                found.push(Needle::new(
                    format!("{name} of {index}"),
                    kind,
                    bytes.expose(),
                ));
            }
            add_expanded_seed::<S>(&format!("e of {index}"), &person.e, &mut found);
            add_expanded_seed::<S>(&format!("m of {index}"), &signing, &mut found);
        }
        let key = self.agreed(&mut found);
        found.push(Needle::new("K", Kind::Spent, key.expose()));
        let (es, _) = GenericHkdf::<S::Hmac>::extract(Some(self.sid.as_bytes()), key.expose());
        found.push(Needle::new("epoch secret", Kind::Spent, &es));
        let es = Prk::extract::<S>(self.sid.as_bytes(), key.expose());
        let digest = self.statement.contributions;
        let kc = es.expand::<S, 32>(label::KEY_COMMITMENT, digest.as_bytes());
        assert_eq!(kc.expose(), self.statement.key_commitment.as_bytes());
        let init = es.expand::<S, 64>(label::INIT, digest.as_bytes());
        found.push(Needle::new("init", Kind::Running, init.expose()));
        self.add_nonces(&es, &mut found);
        if self.methods.authentication == AuthenticationId::TripleDh {
            self.add_pair_keys(&mut found);
        }
        let root = es.expand::<S, 64>(label::MESSAGES, digest.as_bytes());
        found.push(Needle::new("root", Kind::Spent, root.expose()));
        self.add_message_keys(
            &es.child::<S>(label::MESSAGES, digest.as_bytes()),
            &mut found,
        );
        for number in texts {
            let text = Zeroizing::new(text::<S>(self.scene, number));
            found.push(Needle::new(format!("text {number}"), Kind::Spent, &text));
        }
        found
    }

    /// What encloses the packets of the run that follows.
    pub(crate) fn enclosed(&self) -> Prk {
        let digest = self.statement.contributions;
        let root = self
            .epoch_secret()
            .child::<S>(label::MESSAGES, digest.as_bytes());
        root.child::<S>(label::ENCLOSED, &[])
    }

    fn epoch_secret(&self) -> Prk {
        let key = self.agreed(&mut Vec::new());
        Prk::extract::<S>(self.sid.as_bytes(), key.expose())
    }

    /// What a light run that follows starts from.
    pub(crate) fn parent(&self) -> Parent<S> {
        let digest = self.statement.contributions;
        let members = (0..self.len()).map(|index| {
            let (_, [part, receive]) = self.inner(index);
            Member {
                seat: self.people[index].seat,
                part,
                receive,
            }
        });
        Parent {
            sid: self.sid,
            init: self
                .epoch_secret()
                .expand::<S, 64>(label::INIT, digest.as_bytes()),
            enclosed: self.enclosed(),
            members: members.collect(),
        }
    }

    /// `K`, and what it is made of.
    fn agreed(&self, found: &mut Vec<Needle>) -> Secret<32> {
        if self.methods.agreement == AgreementId::BurmesterDesmedt {
            self.agreed_in_a_cycle(found)
        } else {
            self.agreed_in_pairs(found)
        }
    }

    fn agreed_in_a_cycle(&self, found: &mut Vec<Needle>) -> Secret<32> {
        let members = self.len();
        let mut sum = Zeroizing::new(S::Group::identity());
        for (index, person) in self.people.iter().enumerate() {
            let next = S::Group::decode(self.offers[(index + 1) % members].share.as_bytes());
            let link = Zeroizing::new(person.z.mul(&next.unwrap()));
            let encoded = Secret::new(S::Group::encode(&link));
            found.push(Needle::new(
                format!("link {index}"),
                Kind::Spent,
                encoded.expose(),
            ));
            *sum = S::Group::add(&sum, &link);
        }
        for (index, contribution) in self.contributions.iter().enumerate() {
            // c and s, and k = s - c z.
            let payload = &contribution.body.agreement;
            if members < 3 {
                continue;
            }
            let [c, s] = [&payload[32..64], &payload[64..96]]
                .map(|bytes| S::Group::decode_scalar(bytes.try_into().unwrap()).unwrap());
            let nonce = self.people[index]
                .z
                .times(&c)
                .with(|cz| S::Group::scalar_sub(&s, cz));
            let nonce = SecretScalar::<S>::new(nonce);
            let name = format!("nonce of the share of {index}");
            found.push(Needle::new(name, Kind::Spent, nonce.encoded().expose()));
        }
        Secret::new(S::Group::encode(&sum))
    }

    fn agreed_in_pairs(&self, found: &mut Vec<Needle>) -> Secret<32> {
        let mut hash = TranscriptHash::<S>::new(label::PAIRWISE_SECRET).bytes(self.sid.as_bytes());
        for (index, person) in self.people.iter().enumerate() {
            let committed = &self.contributions[index].body.agreement[..32];
            let part = person.drawn.iter().find_map(|fresh| {
                let part = TranscriptHash::<S>::new(label::PAIRWISE_PART)
                    .bytes(person.z.encoded().expose())
                    .bytes(fresh)
                    .bytes(self.sid.as_bytes())
                    .finish_secret()
                    .first_half();
                let commitment = TranscriptHash::<S>::new(label::PAIRWISE_COMMITMENT)
                    .bytes(self.sid.as_bytes())
                    .u32(u32::try_from(index).unwrap())
                    .bytes(part.expose())
                    .digest();
                (commitment.as_bytes() == committed).then_some(part)
            });
            let part = part.unwrap();
            found.push(Needle::new(
                format!("part of {index}"),
                Kind::Spent,
                part.expose(),
            ));
            hash = hash.bytes(part.expose());
            for (other, offer) in self.offers.iter().enumerate().skip(index + 1) {
                let share = S::Group::decode(offer.share.as_bytes()).unwrap();
                let shared = Secret::new(S::Group::encode(&person.z.mul(&share)));
                let (pair, _) =
                    GenericHkdf::<S::Hmac>::extract(Some(self.sid.as_bytes()), shared.expose());
                let name = format!("of the pair of {index} and {other}");
                found.push(Needle::new(
                    format!("value {name}"),
                    Kind::Spent,
                    shared.expose(),
                ));
                found.push(Needle::new(format!("key {name}"), Kind::Spent, &pair));
            }
        }
        hash.finish_secret().first_half()
    }

    /// The seed of a member's signing key, its part of joint keys and its receive key.
    fn inner(&self, index: usize) -> (Secret<32>, [SecretScalar<S>; 2]) {
        let person = &self.people[index];
        let owner = u16::try_from(index).unwrap();
        let drawn = person.wide.iter().map(|fresh| {
            let secret = |which| {
                TranscriptHash::<S>::new(label::INNER_KEY_SECRET)
                    .bytes(person.identity.secret().expose())
                    .bytes(fresh)
                    .bytes(self.sid.as_bytes())
                    .u16(owner)
                    .u8(which)
            };
            let seed = secret(0).finish_secret().first_half();
            let scalars = [2, 3].map(|which| SecretScalar::<S>::of_hash(secret(which)));
            let [part, receive] = scalars
                .each_ref()
                .map(|scalar| S::Group::encode(&scalar.mul_base()));
            let signing = *EphemeralKeyPair::<S>::from_seed(&seed).public().as_bytes();
            let committed = TranscriptHash::<S>::new(label::INNER_KEYS)
                .bytes(self.sid.as_bytes())
                .u16(owner)
                .bytes(&[signing, part, receive].concat())
                .bytes(secret(1).digest().as_bytes())
                .digest();
            ((seed, scalars), committed)
        });
        let body = &self.contributions[index].body;
        let found = { drawn }.find(|(_, committed)| *committed == body.inner_keys);
        found.unwrap().0
    }

    /// The keys of the confirmations, and the nonces of the proofs in them.
    fn add_nonces(&self, es: &Prk, found: &mut Vec<Needle>) {
        let keys = es.expand::<S, 256>(label::CONFIRMATION_KEY, &[0, 0]);
        let KeyStatement {
            contributions,
            key_commitment,
        } = self.statement;
        for (index, confirmation) in self.confirmations.iter().enumerate() {
            let key = keys.part::<32>(index).unwrap();
            let name = format!("key of the confirmation of {index}");
            found.push(Needle::new(name, Kind::Spent, key.expose()));
            let data = Encoder::encoded(|out| {
                self.sid.encode(out);
                out.u16(confirmation.sender.get());
                contributions.encode(out);
                key_commitment.encode(out);
            });
            let payload = AeadKey::<S>::new(key).open(&[0; 12], &data, &confirmation.sealed);
            let payload = payload.unwrap();
            if self.methods.authentication != AuthenticationId::GroupProof {
                continue;
            }
            let person = &self.people[index];
            let nonce = |fresh: &[u8; 32], which| {
                SecretScalar::<S>::of_hash(
                    TranscriptHash::<S>::new(label::PROOF_NONCE)
                        .bytes(person.identity.secret().expose())
                        .bytes(fresh)
                        .bytes(self.sid.as_bytes())
                        .u32(u32::try_from(index).unwrap())
                        .bytes(contributions.as_bytes())
                        .bytes(key_commitment.as_bytes())
                        .u8(which),
                )
            };
            // w is in the payload, behind the inner keys, R and s, where every member reads it.
            let is_drawn =
                |fresh: &&[u8; 32]| nonce(fresh, 1).encoded().expose() == &payload[192..];
            let fresh = person.drawn.iter().find(is_drawn).unwrap();
            let name = format!("nonce of the proof of {index}");
            let nonce = nonce(fresh, 0);
            found.push(Needle::new(name, Kind::Spent, nonce.encoded().expose()));
        }
    }

    /// Of triple Diffie-Hellman: the shared values and keys of each pair.
    fn add_pair_keys(&self, found: &mut Vec<Needle>) {
        for low in 0..self.len() {
            for high in low + 1..self.len() {
                let [a, b] = [low, high].map(|index| &self.people[index]);
                let [offer, other] = [low, high].map(|index| &self.offers[index]);
                let [key, trapdoor] = [other.identity.as_bytes(), other.trapdoor.as_bytes()]
                    .map(|bytes| S::Group::decode(bytes).unwrap());
                let values = [
                    a.identity.scalar::<S>().mul(&trapdoor),
                    a.y.mul(&key),
                    b.y.mul(&a.y.mul_base()),
                ];
                let values = values.map(|value| Secret::new(S::Group::encode(&value)));
                let mut ikm = Zeroizing::new(Vec::with_capacity(96));
                for value in &values {
                    let name = format!("value of {low} and {high}");
                    found.push(Needle::new(name, Kind::Spent, value.expose()));
                    ikm.extend_from_slice(value.expose());
                }
                let context = Encoder::encoded(|out| {
                    out.u32(u32::try_from(low).unwrap());
                    out.u32(u32::try_from(high).unwrap());
                    for offer in [offer, other] {
                        offer.identity.encode(out);
                        offer.ephemeral.encode(out);
                        offer.trapdoor.encode(out);
                    }
                });
                let pair = Prk::extract::<S>(self.sid.as_bytes(), &ikm);
                let pair = pair.expand::<S, 32>(label::TRIPLE_DH, &context);
                // It made the tag that stands first in the first payload.
                found.push(Needle::new(
                    format!("key of {low} and {high}"),
                    Kind::Spent,
                    pair.expose(),
                ));
            }
        }
    }

    /// The chains, and the keys of the first places of each.
    fn add_message_keys(&self, root: &Prk, found: &mut Vec<Needle>) {
        let exporter = root.expand::<S, 64>(label::EXPORTER, &[]);
        found.push(Needle::new("exporter", Kind::Running, exporter.expose()));
        let enclosed = root.expand::<S, 64>(label::ENCLOSED, &[]);
        found.push(Needle::new("enclosed", Kind::Running, enclosed.expose()));
        for sender in 0..self.len() {
            let index = u16::try_from(sender).unwrap().to_be_bytes();
            for stream in [label::CONTENT_CHAIN, label::STATEMENT_CHAIN] {
                let first = root.expand::<S, 64>(stream, &index);
                let name = format!("{stream} 0 of {sender}");
                found.push(Needle::new(name, Kind::Spent, first.expose()));
            }
            let chain = root.child::<S>(label::CONTENT_CHAIN, &index);
            let next = chain.expand::<S, 64>(label::CHAIN_STEP, &[]);
            let name = format!("content chain 1 of {sender}");
            found.push(Needle::new(name, Kind::Writing, next.expose()));
            let keys = chain.expand::<S, 1024>(label::MESSAGE_KEY, &[]);
            // Two messages are final; the keys behind are derived already, and wait for theirs to be final.
            let places = [
                (0, Kind::Spent),
                (1, Kind::Spent),
                (2, Kind::Writing),
                (31, Kind::Writing),
            ];
            for (place, kind) in places {
                let key = keys.part::<32>(place).unwrap();
                let name = format!("message key {place} of {sender}");
                found.push(Needle::new(name, kind, key.expose()));
            }
            let chain = root.child::<S>(label::STATEMENT_CHAIN, &index);
            let keys = chain.expand::<S, 1024>(label::MESSAGE_KEY, &[]);
            let name = format!("statement key 0 of {sender}");
            found.push(Needle::new(
                name,
                Kind::Spent,
                keys.part::<32>(0).unwrap().expose(),
            ));
        }
    }
}

/// What Ed25519 makes of a seed, which is as good: some libraries keep that.
fn add_expanded_seed<S: CryptoSuite>(of: &str, seed: &Secret<32>, found: &mut Vec<Needle>) {
    use mpotr_core::crypto::digest::Digest;
    let mut hash = Zeroizing::new(<[u8; 64]>::from(S::Hash::digest(seed.expose())));
    hash[0] &= 248;
    hash[31] = (hash[31] & 63) | 64;
    let mut wide = Zeroizing::new([0; 64]);
    wide[..32].copy_from_slice(&hash[..32]);
    let reduced = SecretScalar::<S>::new(S::Group::scalar_from_wide(&wide));
    // Whether a library keeps it is its own affair: it must be gone with the seed. Its halves may stand apart.
    for (name, bytes) in [
        ("scalar", &hash[..32]),
        ("reduced scalar", reduced.encoded().expose().as_slice()),
        ("prefix", &hash[32..]),
    ] {
        let name = format!("{name} of {of}");
        found.push(Needle::new(name, Kind::Derived, bytes));
    }
}
