//! Light runs by size and kind: a whole change, from SEED to the next epoch of all who stay, in CPU time of all members
//! together. Order and packets are not part of it: the computation alone.
//!
//! A lazy change looks at no signature but the joint one; an exclusion is eager. By a join one more comes in, all check it and
//! are checked by it, and the parts of the new family are decoded. Beside them a full run, from offers to the epoch.

#![expect(
    clippy::expect_used,
    reason = "what all members do here is honest, and a bench that measures anything else should stop"
)]

mod cpu_time;

use criterion::measurement::Measurement;
use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::{Digest32, EphemeralKeyPair, IdentityKeyPair};
use mpotr_core::gka::light::{
    Attempts, ChangeKind, Closing, Context, Cutting, Freeze, Frozen, Handle, Heard, Joiners,
    Joining, LightTerms, Order, OwnHello, Prefix, Proposed, Ready, Seeded, Signed, Standing,
    TermsWithJoiners, Watch,
};
use mpotr_core::gka::simulation::{Candidates, form_group_of};
use mpotr_core::gka::{AgreementId, AuthenticationId, Continuation, MemberIndex, Methods};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const SIZES: [usize; 3] = [8, 32, 128];

/// A member before the change.
struct Member {
    identity: IdentityKeyPair,
    parent: Continuation<Suite>,
    signing: EphemeralKeyPair<Suite>,
}

/// Nothing was said in the parent epoch, by anyone.
struct Silence;

const NOTHING: Prefix = Prefix {
    count: 0,
    digest: Digest32::new([0; 32]),
};

impl Order for Silence {
    fn close(&self, _standings: &[&Standing]) -> Option<Closing> {
        Some(Closing {
            heads: Vec::new(),
            base: NOTHING,
            closed: NOTHING,
        })
    }

    fn holds(&self, _heads: &[Digest32]) -> bool {
        true
    }

    fn covers(&self, _heads: &[Digest32], _frontier: &[Digest32]) -> bool {
        true
    }

    fn agrees(&self, prefix: &Prefix) -> bool {
        *prefix == NOTHING
    }

    fn closed(&self, _base: &Prefix, _heads: &[Digest32]) -> Option<Prefix> {
        Some(NOTHING)
    }
}

fn standing() -> Standing {
    Standing {
        frontier: Vec::new(),
        lock: NOTHING,
        last_final: NOTHING,
        confirmed: None,
        installed: None,
    }
}

fn with(signing: &EphemeralKeyPair<Suite>) -> Context<'_, Suite> {
    Context {
        order: &Silence,
        signing,
    }
}

/// The epoch before the change.
fn form(members: usize, rng: &mut ChaCha20Rng) -> Vec<Member> {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let identities = std::iter::repeat_with(|| IdentityKeyPair::random::<Suite>(rng));
    let identities: Vec<_> = identities.take(members).collect();
    let copies = identities.iter().map(|it| {
        IdentityKeyPair::from_secret::<Suite>(it.secret()).expect("the secret of an identity")
    });
    let candidates = Candidates::<Suite>::of(copies.collect(), rng);
    let (established, _) = form_group_of(candidates, methods, rng).expect("honest members agree");
    let members = established.into_iter().zip(identities);
    let members = members.map(|(it, identity)| Member {
        identity,
        parent: it.continuation,
        signing: it.signing,
    });
    members.collect()
}

/// All but the last, if anyone goes, come to the next epoch.
fn change(
    mut members: Vec<Member>,
    kind: ChangeKind,
    identity: &IdentityKeyPair,
    rng: &mut ChaCha20Rng,
) -> usize {
    let watch = Attempts::first(kind);
    if kind != ChangeKind::Refresh {
        members.pop();
    }
    let terms = LightTerms {
        kind,
        watch,
        ..terms_of_all(members.len())
    };
    let proposer = members.first().expect("a member stays");
    let proposed = Proposed::new(&proposer.parent, terms, identity, &proposer.signing, 0, rng);
    let proposed = proposed.expect("all keys decode");
    let seed = proposed.seed().clone();
    let (proposer, others) = members.split_first_mut().expect("a member stays");
    let (parent, key) = (&mut proposer.parent, &proposer.signing);
    let own = proposed
        .freeze(parent, standing(), identity, key, rng)
        .expect("answered once");
    let mut frozen = Vec::new();
    for it in others.iter_mut() {
        let seeded = Seeded::open(&it.parent, seed.clone(), watch).expect("an honest seed");
        let answer = seeded.freeze(&mut it.parent, standing(), identity, &it.signing, rng);
        frozen.push(answer.expect("answered once"));
    }
    let answers = frozen.iter().map(|it| it.freeze());
    let freezes: Vec<_> = std::iter::once(own.freeze())
        .chain(answers)
        .cloned()
        .collect();
    let cutting = own
        .cut(parent, &freezes, &with(key))
        .expect("honest answers");
    let cut = cutting.cut().clone();
    let heard = Heard::default();
    let share = cutting.share(parent, &heard, &with(key));
    let mut shared = vec![share.expect("its own cut")];
    for (frozen, it) in frozen.into_iter().zip(others) {
        let share = frozen.share(&mut it.parent, cut.clone(), &heard, &with(&it.signing));
        shared.push(share.expect("an honest cut"));
    }
    let shares: Vec<_> = shared.iter().map(|it| it.share().clone()).collect();
    let it = members.first().expect("a member stays");
    let adder = shared.first().expect("a member shared");
    let joint = adder
        .certify(&it.parent, &freezes, &shares, &with(&it.signing))
        .expect("honest shares");
    let installed = shared.into_iter().zip(members).map(|(shared, it)| {
        let installed = shared.install(it.parent, &joint);
        installed
            .map_err(|held| held.error)
            .expect("a right certificate")
    });
    installed.count()
}

fn terms_of_all(members: usize) -> LightTerms {
    LightTerms {
        view: 1,
        handle: Handle::new([1; 16]),
        policy: vec![1; 6],
        kind: ChangeKind::Refresh,
        watch: Watch::Lazy,
        reasons: Vec::new(),
        staying: MemberIndex::all(members).collect(),
    }
}

/// The proposer's CUT, and all others up to FREEZE.
struct Closed {
    own: Cutting<Suite>,
    others: Vec<Frozen<Suite>>,
    freezes: Vec<Signed<Freeze>>,
}

/// All answer and the proposer closes.
fn close(members: &mut [Member], proposed: Proposed, rng: &mut ChaCha20Rng) -> Closed {
    let seed = proposed.seed().clone();
    let (proposer, rest) = members.split_first_mut().expect("a member stays");
    let (parent, identity) = (&mut proposer.parent, &proposer.identity);
    let own = proposed
        .freeze(parent, standing(), identity, &proposer.signing, rng)
        .expect("answered once");
    let mut others = Vec::new();
    for it in rest {
        let seeded = Seeded::open(&it.parent, seed.clone(), Watch::Lazy).expect("an honest seed");
        let answer = seeded.freeze(&mut it.parent, standing(), &it.identity, &it.signing, rng);
        others.push(answer.expect("answered once"));
    }
    let answers = others.iter().map(|it| it.freeze());
    let freezes: Vec<_> = std::iter::once(own.freeze())
        .chain(answers)
        .cloned()
        .collect();
    let own = own
        .cut(&proposer.parent, &freezes, &with(&proposer.signing))
        .expect("honest answers");
    Closed {
        own,
        others,
        freezes,
    }
}

/// All share, one adds up, and all install.
fn certify(mut members: Vec<Member>, closed: Closed, ready: &Ready) -> Vec<Continuation<Suite>> {
    let cut = closed.own.cut().clone();
    let readies = std::slice::from_ref(ready);
    let heard = Heard::default();
    let mut shared = Vec::new();
    let mut own = Some(closed.own);
    let mut others = closed.others.into_iter();
    for it in &mut members {
        let joiners = Joiners {
            identity: &it.identity,
            readies,
        };
        let (parent, context) = (&mut it.parent, with(&it.signing));
        let share = match own.take() {
            Some(own) => own
                .share_with(parent, &heard, &joiners, &context)
                .expect("its own cut"),
            None => {
                let frozen = others.next().expect("all answered");
                let share = frozen.share_with(parent, cut.clone(), &heard, &joiners, &context);
                share.expect("an honest cut")
            }
        };
        shared.push(share);
    }
    let shares: Vec<_> = shared.iter().map(|it| it.share().clone()).collect();
    let it = members.first().expect("a member stays");
    let adder = shared.first().expect("a member shared");
    let joint = adder
        .certify(&it.parent, &closed.freezes, &shares, &with(&it.signing))
        .expect("honest shares");
    let installed = shared.into_iter().zip(members).map(|(shared, it)| {
        let installed = shared.install(it.parent, &joint);
        let installed = installed.map_err(|held| held.error);
        installed.expect("a right certificate").continuation
    });
    installed.collect()
}

/// One more comes to the next epoch with all.
fn join(mut members: Vec<Member>, guest: &IdentityKeyPair, rng: &mut ChaCha20Rng) -> usize {
    let terms = terms_of_all(members.len());
    let proposer = members.first().expect("a member stays");
    let (identity, room) = (&proposer.identity, proposer.parent.room());
    let hello = OwnHello::<Suite>::draw(terms.handle, identity, rng);
    let joining = Joining::<Suite>::answer(hello.hello(), room, guest, rng).expect("a key");
    let admitted = hello
        .admit(joining.request(), room)
        .expect("an honest joiner");
    let terms = TermsWithJoiners {
        terms,
        joiners: &[&admitted],
    };
    let (parent, signing) = (&proposer.parent, &proposer.signing);
    let proposed = Proposed::with_joiners(parent, terms, identity, signing, 0, rng);
    let closed = close(&mut members, proposed.expect("all keys decode"), rng);
    let proposer = members.first().expect("a member stays");
    let welcome = closed.own.welcome(&proposer.parent, &admitted);
    let welcomed = joining.welcome(&welcome.expect("it is listed"));
    let mut arrived = welcomed
        .expect("an honest welcome")
        .ready(guest)
        .expect("all keys decode");
    let ready = arrived.ready().clone();
    let mut next = certify(members, closed, &ready);
    let openings: Vec<_> = next
        .iter()
        .map(|it| it.opening().cloned().expect("another joined"))
        .collect();
    for (place, opening) in openings.iter().enumerate() {
        let place = MemberIndex::of(place);
        for it in &mut next {
            it.hear_opening(place, opening).expect("an honest opening");
        }
        arrived
            .hear_opening(place, opening, guest)
            .expect("an honest opening");
    }
    let joined = arrived.finish().expect("all are verified");
    joined.identities.len()
}

fn light<M: Measurement + 'static>(criterion: &mut Criterion<M>) {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let identity = IdentityKeyPair::random::<Suite>(&mut rng);
    let mut group = criterion.benchmark_group("light");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (name, kind) in [
        ("refresh", ChangeKind::Refresh),
        ("leave", ChangeKind::Leave),
        ("exclusion", ChangeKind::Exclusion),
    ] {
        for members in SIZES {
            let (mut before, mut during) = (rng.clone(), rng.clone());
            group.bench_function(BenchmarkId::new(name, members), |b| {
                b.iter_batched(
                    || form(members, &mut before),
                    |members| change(members, kind, &identity, &mut during),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    let guest = IdentityKeyPair::random::<Suite>(&mut rng);
    for members in SIZES {
        let mut full = rng.clone();
        group.bench_function(BenchmarkId::new("full", members), |b| {
            b.iter(|| form(members, &mut full).len());
        });
        let (mut before, mut during) = (rng.clone(), rng.clone());
        group.bench_function(BenchmarkId::new("join", members), |b| {
            b.iter_batched(
                || form(members, &mut before),
                |members| join(members, &guest, &mut during),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = light_runs;
    config = cpu_time::short(500);
    targets = light
}
criterion_main!(light_runs);
