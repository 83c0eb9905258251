//! What an epoch does in a light run that ends it, and the epoch that such a run leads to. `docs/spec/14-light-runs.md`.
//!
//! Members speak of a light run by the digest of its SEED, as they speak of a full one by its session id. With FREEZE this
//! member freezes, as it does when it contributes to a full run; with SHARE it holds the cut, and shows nothing more.

mod order;

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, EphemeralKeyPair};
use mpotr_gka::light::{
    Admitted, CertifyError, ChangeBody as _, Closing, Context, CutError, Cutting, Freeze,
    FreezeError, Frozen, Heard, Held, InstallError, Installed, Joiners, Joint, LightCut,
    LightTerms, LightVote, Object, Objection, ProposeError, Proposed, Proposing, Seed, SeedError,
    Seeded, Share, ShareError, Shared, Signed, Standing, TermsWithJoiners, Watch, Welcome,
    complain,
};
use mpotr_gka::{Continuation, Identity, MemberIndex, Sid, ViewPassed};

use super::changing::Cut;
use super::claims::Brought;
use super::keys::EpochKeys;
use super::opener::Opener;
use super::sealer::Sealer;
use super::{Epoch, Parts, Peer};
use crate::wire::EpochId;
use order::{CutOrder, id_of, prefix_of};

/// What a FREEZE brings into the cut.
pub(crate) fn brought_by(freeze: &Freeze) -> Brought {
    let frontier = freeze.standing.frontier.iter().map(id_of);
    (freeze.sender, frontier.collect())
}

/// By what members speak of the light run of a SEED.
pub(crate) const fn name_of(seed: &Digest32) -> Sid {
    Sid::new(*seed.as_bytes())
}

/// An epoch in a light run that ends it: what the steps of that need of it.
struct Parting<'a, S: CryptoSuite> {
    parent: &'a mut Continuation<S>,
    signing: &'a EphemeralKeyPair<S>,
    order: CutOrder<'a, S>,
}

impl<S: CryptoSuite> Parting<'_, S> {
    /// A step, of what the epoch keeps for the run.
    fn step<T>(&mut self, step: impl FnOnce(&mut Continuation<S>, &Context<'_, S>) -> T) -> T {
        let context = Context {
            order: &self.order,
            signing: self.signing,
        };
        step(self.parent, &context)
    }
}

/// A step of a light run that was taken, or the phase as it was.
type Step<P, Q, E> = Result<Q, Box<Held<P, E>>>;

/// Another epoch has followed: nothing of this one goes on.
fn has_passed<P, E>(phase: P, error: E) -> Box<Held<P, E>> {
    Box::new(Held { phase, error })
}

impl<S: CryptoSuite> Epoch<S> {
    /// What a light run that ends this epoch needs of it; `None` if another epoch has followed.
    fn parting(&mut self) -> Option<Parting<'_, S>> {
        let Self {
            continuation,
            sealer,
            delivery,
            consensus,
            opener,
            ..
        } = self;
        Some(Parting {
            parent: continuation.as_mut()?,
            signing: sealer.signing(),
            order: CutOrder::new(delivery, consensus, opener),
        })
    }

    /// What the light run that follows this epoch starts from.
    pub(crate) const fn continuation(&self) -> Option<&Continuation<S>> {
        self.continuation.as_ref()
    }

    /// This member enters a view, whichever kind it is: it says nothing for one below.
    ///
    /// # Errors
    /// It is below the one entered.
    pub(crate) fn enter(&mut self, view: u32) -> Result<(), ViewPassed> {
        let continuation = self.continuation.as_mut();
        continuation.map_or(Ok(()), |it| it.enter(view))
    }

    /// Remembers that this member confirms a full run, before its confirmation leaves: a share is such a vote, too.
    ///
    /// # Errors
    /// It has confirmed something in this view, or in a later one, or entered one.
    pub(crate) fn vote(&mut self, view: u32, run: &Sid) -> Result<(), ViewPassed> {
        let what = Digest32::new(*run.as_bytes());
        let continuation = self.continuation.as_mut();
        continuation.map_or(Ok(()), |it| it.confirm(LightVote { view, what }))
    }

    /// Proposes a change, by which these come in; `None` if another epoch has followed. `count` differs for each SEED that this
    /// member makes.
    ///
    /// # Errors
    /// As [`Proposed::with_joiners`].
    pub(crate) fn propose(
        &self,
        terms: LightTerms,
        joiners: &[&Admitted],
        identity: &dyn Identity<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> Option<Result<Proposed, ProposeError>> {
        let parent = self.continuation.as_ref()?;
        let signing = self.sealer.signing();
        let terms = TermsWithJoiners { terms, joiners };
        Some(Proposed::with_joiners(
            parent, terms, identity, signing, count, rng,
        ))
    }

    /// Tells one who comes in who is there; `None` if its offer is not listed, or another epoch has followed.
    pub(crate) fn welcome(&self, phase: &Cutting<S>, joiner: &Admitted) -> Option<Welcome> {
        phase.welcome(self.continuation.as_ref()?, joiner)
    }

    /// Opens a SEED that another proposes; `None` if another epoch has followed.
    ///
    /// # Errors
    /// As [`Seeded::open`].
    pub(crate) fn open_seed(
        &self,
        seed: Signed<Seed>,
        expected: Watch,
    ) -> Option<Result<Seeded, SeedError>> {
        let parent = self.continuation.as_ref()?;
        Some(Seeded::open(parent, seed, expected))
    }

    /// Answers its own SEED with FREEZE, as [`Epoch::answer`] does.
    ///
    /// # Errors
    /// As [`Proposed::freeze`]. Another epoch has followed: [`FreezeError::Answered`].
    pub(crate) fn answer_own(
        &mut self,
        proposed: Proposed,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Step<Proposed, Proposing<S>, FreezeError> {
        let seed = proposed.seed().body();
        let (view, run) = (seed.terms.view, name_of(&seed.digest::<S>()));
        if let Err(error) = self.freeze_for(view, run) {
            return Err(has_passed(proposed, error));
        }
        let standing = self.standing();
        let Some(parent) = &mut self.continuation else {
            return Err(has_passed(proposed, FreezeError::Answered));
        };
        proposed.freeze(parent, standing, identity, self.sealer.signing(), rng)
    }

    /// Answers a SEED with FREEZE: from here on this member writes and delivers nothing more.
    ///
    /// # Errors
    /// As [`Seeded::freeze`]. Another epoch has followed: [`FreezeError::Answered`].
    pub(crate) fn answer(
        &mut self,
        seeded: Seeded,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Step<Seeded, Frozen<S>, FreezeError> {
        let seed = seeded.seed().body();
        let (view, run) = (seed.terms.view, name_of(&seed.digest::<S>()));
        if let Err(error) = self.freeze_for(view, run) {
            return Err(has_passed(seeded, error));
        }
        let standing = self.standing();
        let Some(parent) = &mut self.continuation else {
            return Err(has_passed(seeded, FreezeError::Answered));
        };
        seeded.freeze(parent, standing, identity, self.sealer.signing(), rng)
    }

    /// Freezes for a light run of a view that may still be spoken for.
    fn freeze_for(&mut self, view: u32, run: Sid) -> Result<(), FreezeError> {
        let parent = self.continuation.as_mut().ok_or(FreezeError::Answered)?;
        parent.enter(view)?;
        self.freeze(run);
        Ok(())
    }

    /// Where this member stands, having frozen.
    fn standing(&self) -> Standing {
        let me = self.delivery.authors.get(self.me);
        let frozen = me.and_then(|me| me.frozen.as_ref());
        let frontier = frozen.map_or(&[][..], |frozen| &frozen.frontier);
        let confirmed = self.continuation.as_ref().and_then(Continuation::confirmed);
        Standing {
            frontier: frontier.iter().map(order::digest_of).collect(),
            lock: prefix_of(&self.sealer.signed_lock()),
            last_final: prefix_of(&self.final_lock()),
            confirmed: confirmed.copied(),
            installed: None,
        }
    }

    /// Complains about a wrap that does not open; `None` if another epoch has followed.
    pub(crate) fn complain(&self, seed: &Seed) -> Option<Signed<Object>> {
        let parent = self.continuation.as_ref()?;
        Some(complain(parent, seed, self.sealer.signing()))
    }

    /// Objects to a CUT; `None` if another epoch has followed.
    pub(crate) fn object(&self, phase: &Frozen<S>, why: Objection) -> Option<Signed<Object>> {
        let parent = self.continuation.as_ref()?;
        let object = Object {
            seed: phase.freeze().body().seed,
            sender: parent.me(),
            why,
            own: Some(phase.freeze().clone()),
        };
        Some(Signed::sign(object, parent.sid(), self.sealer.signing()))
    }

    /// Makes CUT of the FREEZEs of all who stay.
    ///
    /// # Errors
    /// As [`Proposing::cut`]. Another epoch has followed: [`CutError::NotHeld`].
    pub(crate) fn close_light(
        &mut self,
        phase: Proposing<S>,
        freezes: &[Signed<Freeze>],
    ) -> Step<Proposing<S>, Cutting<S>, CutError> {
        let Some(mut parting) = self.parting() else {
            return Err(has_passed(phase, CutError::NotHeld));
        };
        parting.step(|parent, context| phase.cut(parent, freezes, context))
    }

    /// All have said what they bring into the cut, and it is not closed: what is not here of it is asked for, so that the cut is
    /// held when it comes, and so that it is known who brings what nobody serves.
    pub(crate) fn look_for(&mut self, brought: &[Brought]) {
        if self.delivery.is_frozen() {
            let named = brought.iter().flat_map(|(_, frontier)| frontier);
            self.delivery.open_cut(named.copied().collect());
        }
    }

    /// Shares in its own CUT, as [`Epoch::share`] does.
    ///
    /// # Errors
    /// As [`Cutting::share`]. Another epoch has followed: [`ShareError::OtherSeed`].
    pub(crate) fn share_own(
        &mut self,
        phase: Cutting<S>,
        objections: &[Signed<Object>],
        joiners: &Joiners<'_, S>,
    ) -> Step<Cutting<S>, Shared<S>, ShareError> {
        let Some(mut parting) = self.parting() else {
            return Err(has_passed(phase, ShareError::OtherSeed));
        };
        let heard = Heard { objections };
        let shared =
            parting.step(|parent, context| phase.share_with(parent, &heard, joiners, context))?;
        self.hold_cut(shared.cut().body());
        Ok(shared)
    }

    /// Checks CUT and shares: this member holds the cut from here on, and shows nothing before it installs.
    ///
    /// # Errors
    /// As [`Frozen::share`]. Another epoch has followed: [`ShareError::OtherSeed`].
    pub(crate) fn share(
        &mut self,
        phase: Frozen<S>,
        cut: Signed<LightCut>,
        objections: &[Signed<Object>],
        joiners: &Joiners<'_, S>,
    ) -> Step<Frozen<S>, Shared<S>, ShareError> {
        let Some(mut parting) = self.parting() else {
            return Err(has_passed(phase, ShareError::OtherSeed));
        };
        let heard = Heard { objections };
        let shared = parting
            .step(|parent, context| phase.share_with(parent, cut, &heard, joiners, context))?;
        self.hold_cut(shared.cut().body());
        Ok(shared)
    }

    /// Adds up the shares of all who stay; `None` if another epoch has followed.
    ///
    /// # Errors
    /// As [`Shared::certify`].
    pub(crate) fn certify(
        &mut self,
        phase: &Shared<S>,
        freezes: &[Signed<Freeze>],
        shares: &[Signed<Share>],
    ) -> Option<Result<Signed<Joint>, CertifyError>> {
        let mut parting = self.parting()?;
        Some(parting.step(|parent, context| phase.certify(parent, freezes, shares, context)))
    }

    /// This member has shared for a cut, which is held whole.
    fn hold_cut(&mut self, cut: &LightCut) {
        let (run, digest) = (name_of(&cut.seed), cut.digest::<S>());
        let Closing { heads, base, .. } = &cut.closing;
        self.keep_cut(Cut {
            run,
            heads: heads.iter().map(id_of).collect(),
            base: base.count,
            digest,
        });
        if let Some(next) = self.own_next() {
            next.note_confirmed(run, digest);
        }
    }

    /// Looks at JOINT, whether or not this member may install what it certifies.
    ///
    /// # Errors
    /// As [`Shared::verify`]. Another epoch has followed: [`InstallError::OtherChange`].
    pub(crate) fn check(
        &self,
        phase: &mut Shared<S>,
        joint: &Signed<Joint>,
    ) -> Result<(), InstallError> {
        let continuation = self.continuation.as_ref();
        let continuation = continuation.ok_or(InstallError::OtherChange)?;
        phase.verify(continuation, joint)
    }

    /// The epoch that JOINT leads to: what this member confirmed last, or what it `adopts`. This one is to be retired for it, by
    /// the name of the run.
    ///
    /// # Errors
    /// As [`Shared::install`] and [`Shared::adopt`], with the phase as it was. Another epoch has followed: [`InstallError::OtherChange`].
    pub(crate) fn install(
        &mut self,
        phase: Shared<S>,
        joint: &Signed<Joint>,
        adopts: bool,
    ) -> Result<Self, Box<Held<Shared<S>, InstallError>>> {
        let Some(continuation) = self.continuation.take() else {
            let error = InstallError::OtherChange;
            return Err(Box::new(Held { phase, error }));
        };
        let cut = (name_of(&joint.body().seed), joint.body().cut);
        let is_all_final = phase.cut().body().closing.closed.count <= self.final_lock().count;
        let installed = if adopts {
            phase.adopt(continuation, joint)
        } else {
            phase.install(continuation, joint)
        };
        match installed {
            Ok(installed) => {
                self.note_certified(cut, &installed.staying);
                let mut next = self.next_epoch(installed);
                if !is_all_final {
                    // Who wrote what was on its way waits for a word of each who has gone on, and here nobody states that it has.
                    next.receipts.owe();
                }
                Ok(next)
            }
            Err(held) => {
                let Held {
                    phase: (phase, continuation),
                    error,
                } = *held;
                self.continuation = Some(continuation);
                Err(Box::new(Held { phase, error }))
            }
        }
    }

    /// The certificate says of each who stays that it has confirmed the run with this cut, and so that it holds the cut.
    fn note_certified(&mut self, (run, cut): (Sid, Digest32), staying: &[MemberIndex]) {
        for member in staying.iter().filter(|member| **member != self.me) {
            let Some(peer) = self.peers.get_mut(*member) else {
                continue;
            };
            let next = peer.next.get_or_insert_default();
            if !next.confirmed.contains(&(run, cut)) {
                next.note_confirmed(run, cut);
            }
        }
    }

    /// The same members, but for those who are gone, and with those who have come in, under fresh keys. Where nobody was left out they go on to sign with the
    /// keys that they have, so nothing of this epoch is published; and what a key signed that another may still accept is
    /// never.
    fn next_epoch(&mut self, installed: Installed<S>) -> Self {
        let Installed {
            sid,
            key_commitment,
            staying,
            signing,
            signing_keys,
            secret,
            continuation,
        } = installed;
        let me = continuation.me();
        let id = EpochId {
            sid,
            key_commitment,
        };
        let identities = continuation.identities();
        let (keys, own, streams) = EpochKeys::derive(id, secret, identities.len(), me);
        let opener = Opener::new(keys, signing_keys.into_iter().zip(streams));
        // A fresh key goes with no offer: when what it signs is over it is published alone.
        let is_fresh = signing.is_some();
        let sealer = match signing {
            Some(fresh) => Sealer::new(me.get(), Arc::new(fresh), None, own),
            None => self.sealer.go_on(me.get(), own),
        };
        self.sealer.keep_secret();
        let peers = staying.iter().filter_map(|it| self.peers.get(*it));
        let peers = peers.map(|peer| {
            let trapdoor = peer.trapdoor.filter(|_| !is_fresh);
            Peer::new(peer.identity, trapdoor)
        });
        let joining = identities.iter().skip(staying.len());
        let peers = peers.chain(joining.map(|it| Peer::new(*it, None)));
        let peers = peers.collect();
        Self::of(Parts {
            me,
            sealer,
            opener,
            peers,
            continuation,
        })
    }
}
