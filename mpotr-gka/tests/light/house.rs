//! Members of one epoch in one process, and the messages that they hold.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::{Digest32, EphemeralKeyPair, IdentityKeyPair};
use mpotr_gka::light::{
    Admitted, Attempts, CertifyError, ChangeKind, Closing, Context, CutError, Cutting, Freeze,
    FreezeError, Frozen, Handle, Heard, Held, Installed, Joiners, Joint, LightCut, LightTerms,
    Opening, Order, Prefix, ProposeError, Proposed, Proposing, Ready, Seed, Seeded, Share,
    ShareError, Shared, Signed, Standing, TermsWithJoiners, Watch,
};
use mpotr_gka::{AgreementId, AuthenticationId, Continuation, MemberIndex, Methods, simulation};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The message at a place of the line.
pub(crate) fn message(place: u8) -> Digest32 {
    Digest32::new([place; 32])
}

/// Messages that stand in a line, each built on the one before it: as many of them as a member holds.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) held: u8,
    pub(crate) locked: u8,
}

impl Line {
    pub(crate) fn prefix(count: u8) -> Prefix {
        Prefix {
            count: count.into(),
            digest: Digest32::new([0x80 | count; 32]),
        }
    }

    fn place(head: &Digest32) -> u8 {
        head.as_bytes()[0]
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            frontier: (self.held > 0)
                .then(|| message(self.held))
                .into_iter()
                .collect(),
            lock: Self::prefix(self.locked),
            last_final: Self::prefix(self.locked.saturating_sub(1)),
            confirmed: None,
            installed: None,
        }
    }
}

impl Order for Line {
    fn close(&self, standings: &[&Standing]) -> Option<Closing> {
        let frontiers = standings.iter().flat_map(|it| &it.frontier);
        let head = frontiers.map(Self::place).max();
        let base = standings
            .iter()
            .map(|it| it.lock)
            .max_by_key(|lock| lock.count)?;
        let head_place = head.unwrap_or(0);
        (head_place <= self.held && self.agrees(&base)).then(|| Closing {
            heads: head.map(message).into_iter().collect(),
            base,
            closed: Self::prefix(head_place),
        })
    }

    fn holds(&self, heads: &[Digest32]) -> bool {
        heads.iter().all(|head| Self::place(head) <= self.held)
    }

    fn covers(&self, heads: &[Digest32], frontier: &[Digest32]) -> bool {
        let highest = |of: &[Digest32]| of.iter().map(Self::place).max().unwrap_or(0);
        highest(frontier) <= highest(heads)
    }

    fn agrees(&self, prefix: &Prefix) -> bool {
        prefix.count <= self.held.into()
            && *prefix == Self::prefix(u8::try_from(prefix.count).unwrap())
    }

    fn closed(&self, _base: &Prefix, heads: &[Digest32]) -> Option<Prefix> {
        let head = heads.iter().map(Self::place).max().unwrap_or(0);
        (head <= self.held).then(|| Self::prefix(head))
    }
}

/// One member.
pub(crate) struct Inhabitant {
    pub(crate) identity: IdentityKeyPair,
    pub(crate) signing: EphemeralKeyPair<S>,
    pub(crate) parent: Continuation<S>,
    pub(crate) line: Line,
}

impl Inhabitant {
    pub(crate) fn context(&self) -> Context<'_, S> {
        Context {
            order: &self.line,
            signing: &self.signing,
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            confirmed: self.parent.confirmed().copied(),
            ..self.line.standing()
        }
    }
}

/// All members of an epoch.
pub(crate) struct House {
    pub(crate) members: Vec<Inhabitant>,
    pub(crate) rng: ChaCha20Rng,
    count: u64,
}

pub(crate) fn members(places: &[usize]) -> Vec<MemberIndex> {
    places.iter().map(|place| MemberIndex::of(*place)).collect()
}

pub(crate) const DEFAULT: Methods =
    Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);

impl House {
    pub(crate) fn new(members: usize) -> Self {
        Self::seeded(members, 1)
    }

    /// Another seed gives another epoch.
    pub(crate) fn seeded(members: usize, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identities = std::iter::repeat_with(|| IdentityKeyPair::random::<S>(&mut rng));
        let identities: Vec<_> = identities.take(members).collect();
        let copies = identities.iter().map(copy_of).collect();
        let candidates = simulation::Candidates::<S>::of(copies, &mut rng);
        let (established, _) = simulation::form_group_of(candidates, DEFAULT, &mut rng).unwrap();
        let members = established
            .into_iter()
            .zip(identities)
            .map(|(established, identity)| Inhabitant {
                identity,
                signing: established.signing,
                parent: established.continuation,
                line: Line { held: 5, locked: 3 },
            })
            .collect();
        Self {
            members,
            rng,
            count: 0,
        }
    }

    pub(crate) fn terms(&mut self, view: u32, kind: ChangeKind, staying: &[usize]) -> LightTerms {
        let mut handle = [0; 16];
        self.rng.fill_bytes(&mut handle);
        LightTerms {
            view,
            handle: Handle::new(handle),
            policy: b"policy".to_vec(),
            kind,
            watch: Attempts::first(kind),
            reasons: Vec::new(),
            staying: members(staying),
        }
    }

    pub(crate) fn propose(&mut self, proposer: usize, terms: LightTerms) -> Proposed {
        self.count += 1;
        let it = &self.members[proposer];
        Proposed::new(
            &it.parent,
            terms,
            &it.identity,
            &it.signing,
            self.count,
            &mut self.rng,
        )
        .unwrap()
    }

    pub(crate) fn try_propose_with(
        &mut self,
        terms: LightTerms,
        joiners: &[&Admitted],
    ) -> Result<Proposed, ProposeError> {
        self.count += 1;
        let it = &self.members[0];
        let (count, rng) = (self.count, &mut self.rng);
        let (identity, signing) = (&it.identity, &it.signing);
        let terms = TermsWithJoiners { terms, joiners };
        Proposed::with_joiners(&it.parent, terms, identity, signing, count, rng)
    }

    pub(crate) fn open(&self, member: usize, seed: &Signed<Seed>) -> Seeded {
        Seeded::open(&self.members[member].parent, seed.clone(), Watch::Eager).unwrap()
    }

    pub(crate) fn freeze(&mut self, member: usize, seeded: Seeded) -> Frozen<S> {
        self.try_freeze(member, seeded).unwrap()
    }

    pub(crate) fn try_freeze(
        &mut self,
        member: usize,
        seeded: Seeded,
    ) -> Result<Frozen<S>, Box<Held<Seeded, FreezeError>>> {
        let it = &mut self.members[member];
        let standing = it.standing();
        let (parent, rng) = (&mut it.parent, &mut self.rng);
        seeded.freeze(parent, standing, &it.identity, &it.signing, rng)
    }

    pub(crate) fn freeze_own(&mut self, proposed: Proposed, proposer: usize) -> Proposing<S> {
        let it = &mut self.members[proposer];
        let standing = it.standing();
        let (parent, rng) = (&mut it.parent, &mut self.rng);
        let frozen = proposed.freeze(parent, standing, &it.identity, &it.signing, rng);
        frozen.unwrap()
    }

    /// All who stay have answered a SEED of the first of them.
    pub(crate) fn begin(&mut self, view: u32, kind: ChangeKind, staying: &[usize]) -> Round {
        let terms = self.terms(view, kind, staying);
        self.begin_with(terms, staying)
    }

    pub(crate) fn begin_with(&mut self, terms: LightTerms, staying: &[usize]) -> Round {
        let proposed = self.propose(staying[0], terms);
        self.answer(proposed, staying)
    }

    /// All who stay answer a SEED of the first of them.
    pub(crate) fn answer(&mut self, proposed: Proposed, staying: &[usize]) -> Round {
        let seed = proposed.seed().clone();
        let proposing = self.freeze_own(proposed, staying[0]);
        let answer = |member: &usize| {
            let seeded = self.open(*member, &seed);
            (*member, self.freeze(*member, seeded))
        };
        Round {
            proposer: staying[0],
            proposing,
            frozen: staying[1..].iter().map(answer).collect(),
        }
    }

    /// The CUT of all FREEZEs as they are, and the round with it.
    pub(crate) fn cut(&self, round: Round) -> Closed {
        let freezes = round.freezes();
        self.cut_of(round, freezes).unwrap()
    }

    /// The same of these FREEZEs.
    pub(crate) fn cut_of(
        &self,
        round: Round,
        freezes: Vec<Signed<Freeze>>,
    ) -> Result<Closed, CutError> {
        let it = &self.members[round.proposer];
        let cutting = round.proposing.cut(&it.parent, &freezes, &it.context());
        Ok(Closed {
            proposer: round.proposer,
            cutting: cutting.map_err(|held| held.error)?,
            frozen: round.frozen,
            freezes,
        })
    }

    pub(crate) fn share(
        &mut self,
        member: usize,
        frozen: Frozen<S>,
        cut: &Signed<LightCut>,
    ) -> Result<Shared<S>, Box<Held<Frozen<S>, ShareError>>> {
        self.share_after(member, frozen, cut, &Heard::default())
    }

    pub(crate) fn share_after(
        &mut self,
        member: usize,
        frozen: Frozen<S>,
        cut: &Signed<LightCut>,
        heard: &Heard<'_>,
    ) -> Result<Shared<S>, Box<Held<Frozen<S>, ShareError>>> {
        let it = &mut self.members[member];
        let context = Context {
            order: &it.line,
            signing: &it.signing,
        };
        frozen.share(&mut it.parent, cut.clone(), heard, &context)
    }

    /// The same, where others join who have shown this.
    pub(crate) fn share_with(
        &mut self,
        member: usize,
        frozen: Frozen<S>,
        cut: &Signed<LightCut>,
        (heard, readies): (&Heard<'_>, &[Ready]),
    ) -> Result<Shared<S>, Box<Held<Frozen<S>, ShareError>>> {
        let it = &mut self.members[member];
        let context = Context {
            order: &it.line,
            signing: &it.signing,
        };
        let joiners = Joiners {
            identity: &it.identity,
            readies,
        };
        frozen.share_with(&mut it.parent, cut.clone(), heard, &joiners, &context)
    }

    pub(crate) fn share_own(&mut self, proposer: usize, cutting: Cutting<S>) -> Shared<S> {
        self.share_own_with(proposer, cutting, &[])
    }

    pub(crate) fn share_own_with(
        &mut self,
        proposer: usize,
        cutting: Cutting<S>,
        readies: &[Ready],
    ) -> Shared<S> {
        let it = &mut self.members[proposer];
        let context = Context {
            order: &it.line,
            signing: &it.signing,
        };
        let joiners = Joiners {
            identity: &it.identity,
            readies,
        };
        let shared = match readies {
            [] => cutting.share(&mut it.parent, &Heard::default(), &context),
            _ => cutting.share_with(&mut it.parent, &Heard::default(), &joiners, &context),
        };
        shared.unwrap()
    }

    /// All who answered share, and see what came before.
    pub(crate) fn share_all(&mut self, round: Round) -> Sharing {
        let closed = self.cut(round);
        self.share_closed(closed)
    }

    pub(crate) fn share_closed(&mut self, closed: Closed) -> Sharing {
        self.share_closed_with(closed, &[])
    }

    pub(crate) fn share_closed_with(&mut self, closed: Closed, readies: &[Ready]) -> Sharing {
        let Closed {
            proposer,
            cutting,
            frozen,
            freezes,
        } = closed;
        let cut = cutting.cut().clone();
        let mut shared = vec![(proposer, self.share_own_with(proposer, cutting, readies))];
        let others = frozen.into_iter();
        shared.extend(others.map(|(at, it)| {
            let share = match readies {
                [] => self.share(at, it, &cut),
                _ => self.share_with(at, it, &cut, (&Heard::default(), readies)),
            };
            (at, share.unwrap())
        }));
        Sharing { freezes, shared }
    }

    pub(crate) fn certify(&self, sharing: &Sharing) -> Signed<Joint> {
        self.certify_with(sharing, &sharing.shares()).unwrap()
    }

    pub(crate) fn certify_with(
        &self,
        sharing: &Sharing,
        shares: &[Signed<Share>],
    ) -> Result<Signed<Joint>, CertifyError> {
        let (member, shared) = &sharing.shared[0];
        let it = &self.members[*member];
        shared.certify(&it.parent, &sharing.freezes, shares, &it.context())
    }

    /// A whole change: the house after it.
    pub(crate) fn change(mut self, view: u32, kind: ChangeKind, staying: &[usize]) -> Self {
        let round = self.begin(view, kind, staying);
        let sharing = self.share_all(round);
        let joint = self.certify(&sharing);
        self.install(sharing, &joint).0
    }

    /// All who shared install. What came of it, and the house after it.
    pub(crate) fn install(self, sharing: Sharing, joint: &Signed<Joint>) -> (Self, Vec<Keys>) {
        let (house, keys, _) = self.install_open(sharing, joint);
        (house, keys)
    }

    /// The same, with what each says first in the next epoch.
    pub(crate) fn install_open(
        self,
        sharing: Sharing,
        joint: &Signed<Joint>,
    ) -> (Self, Vec<Keys>, Vec<Option<Opening>>) {
        let Self {
            members,
            rng,
            count,
        } = self;
        let mut shared: Vec<_> = sharing
            .shared
            .into_iter()
            .map(|(at, it)| (at, Some(it)))
            .collect();
        let mut keys = Vec::new();
        let mut openings = Vec::new();
        let mut next = Vec::new();
        for (at, it) in members.into_iter().enumerate() {
            let of = shared.iter_mut().find(|(member, _)| *member == at);
            let Some(shared) = of.and_then(|(_, shared)| shared.take()) else {
                continue;
            };
            let installed = shared.install(it.parent, joint);
            let Installed {
                sid,
                key_commitment,
                signing,
                signing_keys,
                secret,
                continuation,
                ..
            } = installed.map_err(|held| held.error).unwrap();
            openings.push(continuation.opening().cloned());
            keys.push(Keys {
                sid,
                key_commitment,
                secret: *secret.expand::<S, 32>("message", b"").expose(),
                signing_keys,
            });
            next.push(Inhabitant {
                identity: it.identity,
                signing: signing.unwrap_or(it.signing),
                parent: continuation,
                line: it.line,
            });
        }
        let members = next;
        let house = Self {
            members,
            rng,
            count,
        };
        (house, keys, openings)
    }
}

/// The same identity in a second place.
pub(crate) fn copy_of(identity: &IdentityKeyPair) -> IdentityKeyPair {
    IdentityKeyPair::from_secret::<S>(identity.secret()).unwrap()
}

/// What a member has of the epoch that it installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) sid: mpotr_gka::Sid,
    pub(crate) key_commitment: Digest32,
    pub(crate) secret: [u8; 32],
    pub(crate) signing_keys: Vec<mpotr_crypto::EphemeralKey>,
}

/// All who stay, after FREEZE.
pub(crate) struct Round {
    pub(crate) proposer: usize,
    pub(crate) proposing: Proposing<S>,
    /// All others.
    pub(crate) frozen: Vec<(usize, Frozen<S>)>,
}

impl Round {
    /// The proposer's first.
    pub(crate) fn freezes(&self) -> Vec<Signed<Freeze>> {
        let others = self.frozen.iter().map(|(_, it)| it.freeze());
        let all = std::iter::once(self.proposing.freeze()).chain(others);
        all.cloned().collect()
    }
}

/// All who stay, after CUT.
pub(crate) struct Closed {
    pub(crate) proposer: usize,
    pub(crate) cutting: Cutting<S>,
    pub(crate) frozen: Vec<(usize, Frozen<S>)>,
    pub(crate) freezes: Vec<Signed<Freeze>>,
}

/// All who stay, after SHARE.
pub(crate) struct Sharing {
    pub(crate) freezes: Vec<Signed<Freeze>>,
    pub(crate) shared: Vec<(usize, Shared<S>)>,
}

impl Sharing {
    pub(crate) fn shares(&self) -> Vec<Signed<Share>> {
        self.shared
            .iter()
            .map(|(_, it)| it.share().clone())
            .collect()
    }
}
