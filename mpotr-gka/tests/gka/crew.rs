//! People in one run, all of whose secrets the test knows.

mod confirmed;
mod contributed;

pub(crate) use confirmed::Confirmed;
pub(crate) use contributed::Contributed;

use std::collections::BTreeMap;

use mpotr_crypto::{
    CryptoSuite, Digest32, EphemeralKeyPair, Group, IdentityKeyPair, Secret, TranscriptHash,
    hash_to_scalar, label,
};
use mpotr_gka::{
    AuthenticationId, CommitmentSum, Contributing, ContributionBody, EpochName, Fault, FaultKind,
    KnownIdentities, MemberIndex, Methods, Offer, OfferSecrets, RoomId, RosterError, Run, RunError,
    RunMember, Sid, Terms,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::Scalar;
use crate::spec::Spec;

/// The epoch that all runs of these tests follow.
pub(crate) const PARENT: EpochName = EpochName::new([3; 16]);

/// How many bytes inner keys have: `M || F || P || salt`.
pub(crate) const INNER: usize = 128;

/// The inner keys, `M || F || P || salt`, of an insider that contributes by hand.
pub(crate) fn keys_by_hand<S: CryptoSuite>(member: usize) -> [u8; INNER] {
    let number = u8::try_from(member).unwrap();
    let pair = EphemeralKeyPair::<S>::from_seed(&Secret::new([number; 32]));
    let point = |scalar: u128| {
        let scalar = S::Group::scalar_from_u128(scalar + 2 * u128::from(number));
        S::Group::encode(&S::Group::mul_base(&scalar))
    };
    let keys = [
        *pair.public().as_bytes(),
        point(1000),
        point(1001),
        [number; 32],
    ];
    keys.concat().try_into().unwrap()
}

/// The secrets of one offer.
#[derive(Clone)]
pub(crate) struct Known<S: CryptoSuite> {
    e: [u8; 32],
    pub(crate) y: Scalar<S>,
    pub(crate) z: Scalar<S>,
    pub(crate) r: Scalar<S>,
}

impl<S: CryptoSuite> Known<S> {
    /// An offer that the crate makes, and its secrets: two generators of one seed give the same draws, and the identity
    /// is at hand.
    pub(crate) fn offer(
        room: RoomId,
        identity: &IdentityKeyPair,
        seed: u64,
    ) -> (Offer, OfferSecrets<S>, Self) {
        let (offer, secrets) = OfferSecrets::generate(
            room,
            Some(PARENT),
            identity,
            seed,
            &mut ChaCha20Rng::seed_from_u64(seed),
        );
        let fresh = Secret::<64>::random(&mut ChaCha20Rng::seed_from_u64(seed));
        let hash = |which| {
            TranscriptHash::<S>::new(label::OFFER_SECRET)
                .bytes(identity.secret().expose())
                .bytes(fresh.expose())
                .u64(seed)
                .bytes(room.as_bytes())
                .bytes(PARENT.as_bytes())
                .u8(which)
        };
        let e = *hash(0).digest().as_bytes();
        let [y, z, r] = [1, 2, 3].map(|which| hash_to_scalar::<S>(hash(which)));
        assert_eq!(offer.nonce.as_bytes(), hash(4).digest().as_bytes());
        let public = |scalar| S::Group::encode(&S::Group::mul_base(scalar));
        assert_eq!(offer.trapdoor.as_bytes(), &public(&y));
        assert_eq!(offer.share.as_bytes(), &public(&z));
        assert_eq!(offer.commitment.as_bytes(), &public(&r));
        let known = Self { e, y, z, r };
        assert_eq!(offer.ephemeral, known.e().public());
        (offer, secrets, known)
    }

    /// `e`.
    pub(crate) fn e(&self) -> EphemeralKeyPair<S> {
        EphemeralKeyPair::from_seed(&Secret::new(self.e))
    }
}

/// People with an unused offer each.
pub(crate) struct Crew<S: CryptoSuite> {
    pub(crate) head: Vec<u8>,
    pub(crate) methods: Methods,
    pub(crate) proposer: usize,
    /// What the proposer states, if it is not the sum of the commitments.
    pub(crate) stated: Option<CommitmentSum>,
    pub(crate) identities: Vec<IdentityKeyPair>,
    pub(crate) offers: Vec<Offer>,
    pub(crate) secrets: Vec<OfferSecrets<S>>,
    pub(crate) known: Vec<Known<S>>,
    pub(crate) rng: ChaCha20Rng,
}

impl<S: CryptoSuite> Crew<S> {
    pub(crate) fn new(members: usize, methods: Methods) -> Self {
        Self::seeded(members, methods, 0)
    }

    /// Another seed gives other people.
    pub(crate) fn seeded(members: usize, methods: Methods, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identities = (0..members)
            .map(|_| IdentityKeyPair::random::<S>(&mut rng))
            .collect();
        Self::of(identities, methods, RoomId::of_name::<S>("room"), seed)
    }

    pub(crate) fn of(
        identities: Vec<IdentityKeyPair>,
        methods: Methods,
        room: RoomId,
        seed: u64,
    ) -> Self {
        let mut crew = Self {
            head: format!("{methods:?}").into_bytes(),
            methods,
            proposer: 0,
            stated: None,
            identities: Vec::new(),
            offers: Vec::new(),
            secrets: Vec::new(),
            known: Vec::new(),
            rng: ChaCha20Rng::seed_from_u64(!seed),
        };
        for (member, identity) in (0..).zip(identities) {
            let (offer, secrets, known) =
                Known::offer(room, &identity, seed << 32 | 1 << 31 | member);
            crew.identities.push(identity);
            crew.offers.push(offer);
            crew.secrets.push(secrets);
            crew.known.push(known);
        }
        crew
    }

    /// `sum R_j`, as the proposer states it.
    fn commitments(&self) -> Option<CommitmentSum> {
        if let Some(stated) = self.stated {
            return Some(stated);
        }
        match self.methods.authentication {
            AuthenticationId::GroupProof => {
                // A commitment that does not decode adds nothing.
                let commitments: Vec<_> = self
                    .offers
                    .iter()
                    .filter_map(|offer| S::Group::decode(offer.commitment.as_bytes()))
                    .collect();
                Some(CommitmentSum::new(S::Group::encode(&S::Group::sum(
                    &commitments,
                ))))
            }
            AuthenticationId::TripleDh | _ => None,
        }
    }

    pub(crate) fn spec(&self) -> Spec {
        let commitments = self.commitments();
        let mut head = self.head.clone();
        head.extend_from_slice(&commitments.map_or([0; 32], |sum| *sum.as_bytes()));
        Spec {
            sid: Sid::of::<S>(&head, self.offers.iter()),
            commitments,
            offers: self.offers.clone(),
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        let Spec {
            sid, commitments, ..
        } = self.spec();
        Terms {
            sid,
            methods: self.methods,
            proposer: self.proposer,
            commitments,
        }
    }

    /// The run as one member sees it.
    pub(crate) fn run(&self, me: usize) -> Result<Run<S>, RosterError> {
        let strangers = KnownIdentities::new();
        let members = self
            .offers
            .iter()
            .map(|offer| RunMember::decode(offer.clone(), &strangers).unwrap())
            .collect();
        Run::new(self.terms(), members, me)
    }

    /// All but these insiders contribute; the places of the insiders hold nothing yet.
    pub(crate) fn contribute_but(mut self, insiders: &[usize]) -> Contributed<S> {
        let spec = self.spec();
        let mut phases = BTreeMap::new();
        let mut contributions = Vec::new();
        for (me, secrets) in std::mem::take(&mut self.secrets).into_iter().enumerate() {
            if insiders.contains(&me) {
                let nothing = ContributionBody {
                    agreement: Vec::new(),
                    knowledge_share: Vec::new(),
                    inner_keys: Digest32::new([0; 32]),
                };
                contributions.push(spec.contribution(me, nothing, &self.known[me].e()));
                continue;
            }
            let run = self.run(me).unwrap();
            let identity = &self.identities[me];
            let phase = Contributing::start(run, identity, secrets, &mut self.rng);
            contributions.push(phase.contribution().clone());
            phases.insert(me, phase);
        }
        Contributed {
            spec,
            methods: self.methods,
            identities: self.identities,
            known: self.known,
            phases,
            contributions,
            rng: self.rng,
        }
    }

    pub(crate) fn contribute(self) -> Contributed<S> {
        self.contribute_but(&[])
    }
}

fn assert_all(errors: Vec<(usize, RunError)>, expected: &RunError) {
    assert!(!errors.is_empty(), "nobody honest is left to look");
    for (me, error) in errors {
        assert_eq!(&error, expected, "as member {me} sees it");
    }
}

/// The members in these places.
pub(crate) fn at(places: &[usize]) -> Vec<MemberIndex> {
    places.iter().copied().map(MemberIndex::of).collect()
}

/// Every honest member blames these, for this.
fn assert_fault(errors: Vec<(usize, RunError)>, kind: FaultKind, culprits: &[usize]) {
    let culprits = at(culprits);
    assert_all(errors, &Fault { kind, culprits }.into());
}

/// No honest member has received what these sent.
fn assert_not_received(errors: Vec<(usize, RunError)>, members: &[usize]) {
    assert_all(errors, &RunError::NotReceived(at(members)));
}

/// A signature that nobody made.
pub(crate) const UNSIGNED: mpotr_crypto::SignatureBytes =
    mpotr_crypto::SignatureBytes::new([7; 64]);
