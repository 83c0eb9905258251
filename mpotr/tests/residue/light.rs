//! The secrets of light runs, computed from each member's identity and draws: `docs/spec/14-light-runs.md`, written down a second
//! time.

use mpotr_core::crypto::hkdf::GenericHkdf;
use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::zeroize::Zeroizing;
use mpotr_core::crypto::{
    CryptoSuite, Digest32, EphemeralKeyPair, Group, IdentityKeyPair, Secret, SecretScalar,
    TranscriptHash, label,
};
use mpotr_core::gka::Sid;
use mpotr_core::gka::light::{ChangeBody as _, ChangeKind, Freeze, LightCut, Seed};
use mpotr_core::wire::{LightPacket, Packet};

use crate::rooms::{Scene, identity};
use crate::secrets::{Kind, Needle};

/// A member of an epoch, with what it keeps there for a light run that follows.
pub(crate) struct Member<S: CryptoSuite> {
    pub(crate) seat: usize,
    /// `f`.
    pub(crate) part: SecretScalar<S>,
    /// `p`.
    pub(crate) receive: SecretScalar<S>,
}

/// What a light run starts from.
pub(crate) struct Parent<S: CryptoSuite> {
    pub(crate) sid: Sid,
    pub(crate) init: Secret<64>,
    /// What encloses the packets of the run.
    pub(crate) enclosed: Prk,
    pub(crate) members: Vec<Member<S>>,
}

/// A member of the run.
struct Person<'a> {
    seat: usize,
    identity: IdentityKeyPair,
    drawn: &'a [Vec<u8>],
}

/// What a fresh secret comes to.
struct Schedule<S: CryptoSuite> {
    found: Vec<Needle>,
    init: Secret<64>,
    root: Prk,
    /// `tau`.
    tweak: Option<SecretScalar<S>>,
}

/// The packets of a run.
struct Run {
    seed: Seed,
    cut: LightCut,
    freezes: Vec<Freeze>,
}

impl Run {
    fn digest<S: CryptoSuite>(&self) -> Digest32 {
        self.seed.digest::<S>()
    }

    /// `sid'`.
    fn sid<S: CryptoSuite>(&self) -> Sid {
        let sid = TranscriptHash::<S>::new(label::LIGHT_SID)
            .bytes(self.seed.parent.as_bytes())
            .bytes(self.digest::<S>().as_bytes())
            .bytes(&self.seed.terms.policy)
            .bytes(self.lambda::<S>().as_bytes())
            .digest();
        Sid::new(*sid.as_bytes())
    }

    fn lambda<S: CryptoSuite>(&self) -> Digest32 {
        let keys = self.cut.keys.iter();
        TranscriptHash::<S>::new(label::LIGHT_KEYS)
            .list(keys.map(|it| {
                [
                    it.signing.as_bytes().as_slice(),
                    it.part.as_bytes(),
                    it.receive.as_bytes(),
                ]
                .concat()
            }))
            .digest()
    }
}

impl<S: CryptoSuite> Parent<S> {
    /// The secrets of the light run that has led to an epoch, and what the one after it starts from.
    pub(crate) fn next(
        &self,
        scene: Scene,
        to: Sid,
        packets: &[Packet],
        draws: &[&[Vec<u8>]],
    ) -> (Vec<Needle>, Self) {
        let run = self.run(to, packets);
        let staying = run.seed.terms.staying.iter();
        let members = staying.map(|it| &self.members[it.place()]);
        let members: Vec<_> = members.collect();
        let people = members.iter().map(|member| Person {
            seat: member.seat,
            identity: identity::<S>(scene, member.seat),
            drawn: draws[member.seat],
        });
        let people: Vec<_> = people.collect();
        let proposer = run.seed.place(run.seed.proposer).unwrap();
        let schedule = self.schedule(&run, to, &people[proposer]);
        let mut found = schedule.found;
        let mut next = Vec::new();
        for ((person, member), freeze) in people.iter().zip(&members).zip(&run.freezes) {
            let nonces = self.nonces(&run, person, member, freeze);
            let tweak = schedule.tweak.as_ref();
            next.push(add_member(
                &mut found,
                &run,
                person,
                (member, freeze),
                &nonces,
                tweak,
            ));
        }
        let next = Self {
            sid: to,
            init: schedule.init,
            enclosed: schedule.root.child::<S>(label::ENCLOSED, &[]),
            members: next,
        };
        (found, next)
    }

    /// From the fresh secret to those of the epoch that follows.
    fn schedule(&self, run: &Run, to: Sid, proposer: &Person<'_>) -> Schedule<S> {
        let mut found = Vec::new();
        let mut add = |name: &str, kind, bytes: &[u8]| found.push(Needle::new(name, kind, bytes));
        let [fresh, exponent] = fresh::<S>(&run.seed, proposer);
        add("r", Kind::Spent, fresh.expose());
        add("w", Kind::Spent, exponent.expose());
        add("init before", Kind::Spent, self.init.expose());
        let ikm = Zeroizing::new([self.init.expose().as_slice(), fresh.expose()].concat());
        let (es, _) = GenericHkdf::<S::Hmac>::extract(Some(to.as_bytes()), &ikm);
        add("es", Kind::Spent, &es);
        let es = Prk::extract::<S>(to.as_bytes(), &ikm);
        let lambda = run.lambda::<S>();
        let root = es.expand::<S, 64>(label::MESSAGES, lambda.as_bytes());
        add("root", Kind::Spent, root.expose());
        let init = es.expand::<S, 64>(label::INIT, lambda.as_bytes());
        add("init", Kind::Running, init.expose());
        let tweak = (run.seed.terms.kind == ChangeKind::Exclusion).then(|| {
            let secret = es.expand::<S, 64>(label::LIGHT_TWEAK, lambda.as_bytes());
            add("what makes tau", Kind::Spent, secret.expose());
            SecretScalar::<S>::of_hash(
                TranscriptHash::<S>::new(label::LIGHT_TWEAK)
                    .bytes(secret.expose())
                    .bytes(self.sid.as_bytes()),
            )
        });
        if let Some(tweak) = &tweak {
            add("tau", Kind::Spent, tweak.encoded().expose());
        }
        Schedule {
            found,
            init,
            root: es.child::<S>(label::MESSAGES, lambda.as_bytes()),
            tweak,
        }
    }

    /// The run of this epoch that has led to another.
    fn run(&self, to: Sid, packets: &[Packet]) -> Run {
        let (mut seeds, mut cuts, mut freezes) = (Vec::new(), Vec::new(), Vec::new());
        for packet in packets {
            let Packet::Enclosed(enclosed) = packet else {
                continue;
            };
            let opened = enclosed.open::<S>(&self.enclosed);
            let opened = opened.ok().and_then(|it| Packet::from_bytes(&it).ok());
            match opened {
                Some(Packet::Light(LightPacket::Seed(seed))) => seeds.push(seed.body().clone()),
                Some(Packet::Light(LightPacket::Cut(cut))) => cuts.push(cut.body().clone()),
                Some(Packet::Light(LightPacket::Freeze(it))) => freezes.push(it.body().clone()),
                _ => {}
            }
        }
        let mut runs = seeds.into_iter().filter_map(|seed| {
            let digest = seed.digest::<S>();
            let cut = cuts.iter().find(|cut| cut.seed == digest)?.clone();
            let of = |member| {
                let mut of_seed = freezes.iter().filter(|it| it.seed == digest);
                of_seed.find(|it| it.sender == member).cloned()
            };
            let freezes = seed.terms.staying.iter().map(|it| of(*it));
            let freezes = freezes.collect::<Option<Vec<_>>>()?;
            Some(Run { seed, cut, freezes })
        });
        runs.find(|run| run.sid::<S>() == to).unwrap()
    }

    /// `k_1` and `k_2`.
    fn nonces(
        &self,
        run: &Run,
        person: &Person<'_>,
        member: &Member<S>,
        freeze: &Freeze,
    ) -> [SecretScalar<S>; 2] {
        let purpose = [
            self.sid.as_bytes().as_slice(),
            &run.seed.terms.view.to_be_bytes(),
            run.digest::<S>().as_bytes(),
            b"light",
        ]
        .concat();
        let fresh = person.drawn.iter().filter(|it| it.len() == 32);
        let mut pairs = fresh.map(|fresh| {
            [1, 2].map(|which| {
                SecretScalar::<S>::of_hash(
                    TranscriptHash::<S>::new(label::JOINT_NONCE)
                        .bytes(member.part.encoded().expose())
                        .bytes(fresh)
                        .bytes(&purpose)
                        .u8(which),
                )
            })
        });
        let is_it = |pair: &[SecretScalar<S>; 2]| {
            let said = pair.each_ref().map(|it| S::Group::encode(&it.mul_base()));
            said.concat() == freeze.nonces.as_bytes()
        };
        pairs.find(is_it).unwrap()
    }
}

/// The secrets of a member in a run; what it keeps for the one after that.
fn add_member<S: CryptoSuite>(
    found: &mut Vec<Needle>,
    run: &Run,
    person: &Person<'_>,
    (member, freeze): (&Member<S>, &Freeze),
    nonces: &[SecretScalar<S>; 2],
    tweak: Option<&SecretScalar<S>>,
) -> Member<S> {
    let seat = person.seat;
    let mut add = |name: &str, kind, bytes: &Secret<32>| {
        found.push(Needle::new(
            format!("{name} of {seat}"),
            kind,
            bytes.expose(),
        ));
    };
    add("a", Kind::Identity, person.identity.secret());
    add("p", Kind::Spent, member.receive.encoded());
    for (name, nonce) in ["k1", "k2"].into_iter().zip(nonces) {
        add(name, Kind::Spent, nonce.encoded());
    }
    let (receive, signing) = drawn_for::<S>(run, person, freeze);
    add("p'", Kind::Running, receive.encoded());
    if let Some(signing) = signing {
        add("m'", Kind::Running, &signing);
    }
    let part = match tweak {
        Some(tweak) => {
            add("f before", Kind::Spent, member.part.encoded());
            let moved =
                tweak.with(|tweak| member.part.with(|part| S::Group::scalar_add(part, tweak)));
            SecretScalar::new(moved)
        }
        None => member.part.duplicate(),
    };
    add("f", Kind::Running, part.encoded());
    Member {
        seat,
        part,
        receive,
    }
}

/// `r` and `w`, as the proposer drew them.
fn fresh<S: CryptoSuite>(seed: &Seed, proposer: &Person<'_>) -> [Secret<32>; 2] {
    let wide = proposer.drawn.iter().filter(|it| it.len() == 64);
    let most = u64::try_from(proposer.drawn.len()).unwrap();
    let mut tries = wide.flat_map(|random| (0..most).map(move |count| (random, count)));
    let found = tries.find_map(|(random, count)| {
        let secret = TranscriptHash::<S>::new(label::LIGHT_SECRET)
            .bytes(proposer.identity.secret().expose())
            .bytes(random)
            .u64(count)
            .finish_secret()
            .first_half();
        let exponent = SecretScalar::<S>::of_hash(
            TranscriptHash::<S>::new(label::LIGHT_EXPONENT)
                .bytes(secret.expose())
                .bytes(seed.terms.handle.as_bytes()),
        );
        let is_it = S::Group::encode(&exponent.mul_base()) == *seed.ephemeral.as_bytes();
        is_it.then(|| [secret, Secret::new(*exponent.encoded().expose())])
    });
    found.unwrap()
}

/// `p'` of a member, and the seed of `M'` where that is fresh.
fn drawn_for<S: CryptoSuite>(
    run: &Run,
    person: &Person<'_>,
    freeze: &Freeze,
) -> (SecretScalar<S>, Option<Secret<32>>) {
    let wide = person.drawn.iter().filter(|it| it.len() == 64);
    let mut tries = wide.map(|random| {
        let secret = |which| {
            TranscriptHash::<S>::new(label::LIGHT_KEY_SECRET)
                .bytes(person.identity.secret().expose())
                .bytes(random)
                .bytes(run.digest::<S>().as_bytes())
                .u16(freeze.sender.get())
                .u8(which)
        };
        let signing = secret(1).finish_secret().first_half();
        (SecretScalar::<S>::of_hash(secret(0)), signing)
    });
    let is_it = |(receive, _): &(SecretScalar<S>, _)| {
        S::Group::encode(&receive.mul_base()) == *freeze.receive.as_bytes()
    };
    let (receive, signing) = tries.find(is_it).unwrap();
    let public = EphemeralKeyPair::<S>::from_seed(&signing).public();
    let is_fresh = freeze.signing.inspect(|it| assert_eq!(*it, public));
    (receive, is_fresh.map(|_| signing))
}
