//! An epoch made by hand: the test holds every key, and signs what no room signs.

use mpotr_core::wire::{
    Content, ContentKind, EpochId, EpochName, Fields, Lock, MessageId, Presence, Proposal,
    Statement, Unsigned,
};
use mpotr_core::{Policy, RunRecord};
use mpotr_crypto::{
    CryptoSuite, Encoder, EphemeralKeyPair, IdentityKeyPair, SignatureBytes,
    TranscriptHash as Hash, label,
};
use mpotr_gka::light::{ChangeBody, LightRecord, Signed as LightSigned};
use mpotr_gka::{
    AgreementId, AuthenticationId, CommitmentSum, Contributing, KnownIdentities, Methods, Offer,
    OfferSecrets, RoomId, Run, RunMember,
};
use mpotr_transcript::{
    Ending, FlawKind, Place, Said, Section, SectionRun, Signed, Transcript, verify,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::Suite;

const NOWHERE: Place = Place {
    record: 0,
    offset: 0,
};

/// An epoch and the keys of all its members.
pub(crate) struct Hand {
    pub(crate) section: Section,
    /// What signs in the epoch.
    pub(crate) keys: Vec<EphemeralKeyPair<Suite>>,
    /// What signs in the run: the secrets of the offers, drawn a second time.
    run_keys: Vec<OfferSecrets<Suite>>,
    pub(crate) epoch: EpochId,
    statements: u32,
}

impl Hand {
    #[expect(
        clippy::too_many_lines,
        reason = "a run from offers to keys, step by step"
    )]
    pub(crate) fn new(members: usize, methods: Methods) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let room = RoomId::of_name::<Suite>("tea");
        let mut run_keys = Vec::new();
        let mut people: Vec<(IdentityKeyPair, Offer, OfferSecrets<Suite>)> = (0..members)
            .map(|_| {
                let identity = IdentityKeyPair::random::<Suite>(&mut rng);
                let (_, again) = OfferSecrets::generate(room, None, &identity, 0, &mut rng.clone());
                run_keys.push(again);
                let (offer, secrets) = OfferSecrets::generate(room, None, &identity, 0, &mut rng);
                (identity, offer, secrets)
            })
            .collect();
        people.sort_by_key(|(_, offer, _)| offer.digest::<Suite>());
        run_keys.sort_by_key(|secrets: &OfferSecrets<Suite>| secrets.offer().digest::<Suite>());
        let offers: Vec<_> = people.iter().map(|(_, offer, _)| offer.clone()).collect();
        let strangers = KnownIdentities::new();
        let roster: Vec<_> = offers
            .iter()
            .map(|offer| RunMember::decode(offer.clone(), &strangers).unwrap())
            .collect();
        let proposal = Proposal {
            suite: Suite::ID,
            room,
            parent: None,
            name: EpochName::new([1; 16]),
            view: 0,
            host: None,
            policy: Policy {
                agreement: methods.agreement,
                authentication: methods.authentication,
                ..Policy::default()
            },
            proposer: 0,
            commitments: CommitmentSum::of(methods.authentication, &roster).unwrap(),
            offers: offers.iter().map(Offer::digest::<Suite>).collect(),
            signature: SignatureBytes::new([0; 64]),
        }
        .sign(people[0].2.ephemeral());
        let sid = proposal.sid::<Suite>(offers.iter());
        let terms = proposal.terms(sid);
        let mut identities = Vec::new();
        let mut phases = Vec::new();
        for (me, (identity, _, secrets)) in people.into_iter().enumerate() {
            let run = Run::new(terms, roster.clone(), me).unwrap();
            phases.push(Contributing::start(run, &identity, secrets, &mut rng));
            identities.push(identity);
        }
        let contributions: Vec<_> = phases.iter().map(|it| it.contribution().clone()).collect();
        let phases: Vec<_> = phases
            .into_iter()
            .zip(&identities)
            .map(|(phase, identity)| {
                phase
                    .confirm(contributions.clone(), identity, &mut rng)
                    .unwrap()
            })
            .collect();
        let confirmations: Vec<_> = phases.iter().map(|it| it.confirmation().clone()).collect();
        let payloads = phases[0].open(&confirmations).unwrap();
        let epoch = EpochId {
            sid,
            key_commitment: confirmations[0].statement.key_commitment,
        };
        let keys = phases
            .into_iter()
            .map(|phase| phase.establish(&confirmations, &mut rng).unwrap().signing)
            .collect();
        Self {
            section: Section {
                place: NOWHERE,
                run: SectionRun::Full(Box::new(RunRecord {
                    proposal,
                    offers,
                    contributions,
                    confirmations,
                    payloads,
                })),
                said: Vec::new(),
            },
            keys,
            run_keys,
            epoch,
            statements: 0,
        }
    }

    /// The default methods.
    pub(crate) fn of(members: usize) -> Self {
        Self::new(
            members,
            Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof),
        )
    }

    fn push(&mut self, author: u16, signed: Signed) {
        self.section.said.push(Said {
            place: NOWHERE,
            author,
            signed,
        });
    }

    /// A member writes a message, and its id.
    pub(crate) fn write(&mut self, author: u16, content: Content) -> MessageId {
        let unsigned = Unsigned::new(content);
        let id = unsigned.id::<Suite>(&self.epoch, author);
        let signature = self.keys[usize::from(author)].sign(&id.signed::<Suite>(&self.epoch));
        self.push(
            author,
            Signed::Content(unsigned.with_signature(&signature).to_vec()),
        );
        id
    }

    /// A member states something.
    pub(crate) fn state(&mut self, author: u16, statement: Statement) {
        let number = self.statements;
        self.statements += 1;
        let unsigned = Unsigned::new(statement);
        let covered = unsigned.signed::<Suite>(&self.epoch, author, number);
        let signature = self.keys[usize::from(author)].sign(&covered);
        let signed = unsigned.with_signature(&signature).to_vec();
        self.push(author, Signed::Statement(number, signed));
    }

    /// Signs a contribution again, as its sender.
    pub(crate) fn sign_contribution(&mut self, member: usize) {
        let it = &mut full(&mut self.section).contributions[member];
        let body = Encoder::encoded(|out| {
            out.opaque(&it.body.agreement);
            out.opaque(&it.body.knowledge_share);
            it.body.inner_keys.encode(out);
        });
        let signed = Hash::<Suite>::new(label::CONTRIBUTION)
            .bytes(self.epoch.sid.as_bytes())
            .u16(it.sender.get())
            .bytes(&body)
            .finish();
        it.signature = self.run_keys[member].ephemeral().sign(&signed);
    }

    /// Signs a confirmation again, as its sender.
    pub(crate) fn sign_confirmation(&mut self, member: usize) {
        let it = &mut full(&mut self.section).confirmations[member];
        let signed = Hash::<Suite>::new(label::CONFIRMATION)
            .bytes(self.epoch.sid.as_bytes())
            .u16(it.sender.get())
            .bytes(it.statement.contributions.as_bytes())
            .bytes(it.statement.key_commitment.as_bytes())
            .bytes(&it.sealed)
            .finish();
        it.signature = self.run_keys[member].ephemeral().sign(&signed);
    }

    /// The lock of these messages.
    pub(crate) fn lock(&self, ids: &[MessageId]) -> Lock {
        ids.iter()
            .fold(Lock::EMPTY, |lock, id| lock.then::<Suite>(id))
    }

    /// What is wrong with the transcript, as it is read from a file.
    pub(crate) fn flaws(&self) -> Vec<FlawKind> {
        flaws(vec![self.section.clone()])
    }
}

/// The full run of an epoch, to be damaged.
pub(crate) fn full(section: &mut Section) -> &mut RunRecord {
    section.run.full_mut().unwrap()
}

/// The light run of an epoch, to be damaged.
pub(crate) fn light(section: &mut Section) -> &mut LightRecord {
    section.run.light_mut().unwrap()
}

/// A packet of a light run with another body, under the signature that it had.
pub(crate) fn with<B: ChangeBody>(
    packet: &LightSigned<B>,
    change: impl FnOnce(&mut B),
) -> LightSigned<B> {
    let mut body = packet.body().clone();
    change(&mut body);
    LightSigned::new(body, *packet.signature())
}

/// What is wrong with a transcript of these epochs.
pub(crate) fn flaws(sections: Vec<Section>) -> Vec<FlawKind> {
    let file = Transcript {
        sections,
        ending: Ending::Whole,
    }
    .to_bytes();
    let report = verify::<Suite>(&Transcript::read(&file), &mut ChaCha20Rng::seed_from_u64(1));
    report.flaws.into_iter().map(|flaw| flaw.kind).collect()
}

pub(crate) fn text(
    seq: u32,
    prev: impl Into<Option<MessageId>>,
    parents: &[MessageId],
    lock: Lock,
) -> Content {
    let mut parents = parents.to_vec();
    parents.sort_unstable();
    Content {
        kind: ContentKind::Text,
        seq,
        prev: prev.into(),
        parents,
        lock,
        body: b"text".to_vec().into(),
    }
}

pub(crate) fn seen(sent: u32, frontier: &[MessageId], lock: Lock) -> Statement {
    let mut frontier = frontier.to_vec();
    frontier.sort_unstable();
    Statement {
        sent,
        frontier,
        lock,
        ..Statement::empty(Presence::Present)
    }
}

/// The fields of something that was signed.
pub(crate) fn fields<T: Fields + Clone>(signed: &[u8]) -> T {
    let unverified = mpotr_core::wire::Unverified::<T>::decode(signed).unwrap();
    unverified.unsigned().fields().clone()
}
