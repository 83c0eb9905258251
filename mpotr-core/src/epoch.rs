//! One epoch: a fixed roster, its keys, its messages. `docs/spec/05-wire.md`, "Epoch".
//!
//! | file | what |
//! |---|---|
//! | `keys`, `ratchet` | the keys that members share, and those of each sender |
//! | `sealer`, `opener` | signing and encrypting, decrypting and verifying |
//! | `sending`, `receiving`, `backlog` | what this member says, and taking in one packet or many |
//! | `stated` | whether a newer statement makes up for one that has not left |
//! | `delivery`, `fitting` | what is delivered and what waits, and which message is next |
//! | `watched` | whether anything is missing, looked up once for each change |
//! | `delivering` | the causal order, and who has seen what |
//! | `holdback` | messages that wait for their parents |
//! | `unfinal` | how much is not final |
//! | `demand`, `demanding` | what others build upon |
//! | `graph`, `member_set` | what is delivered, and who covers what |
//! | `vouching` | what shows that a message is its author's |
//! | `evidence`, `equivocation` | members that say two things in one place |
//! | `examined` | signatures that were looked at in vain |
//! | `refused` | authentic messages that were refused, until anything changes |
//! | `consensus`, `order`, `locks` | the one order, what members have signed of it, and what is final |
//! | `finality` | what follows from what was delivered or stated |
//! | `comparing` | where another order begins to differ |
//! | `recovering` | what is missing, and who sends it again |
//! | `catching_up` | whether those who are behind move while this member leaves |
//! | `receipts`, `lagging` | whose word is awaited on what was sent, and who is not waited for |
//! | `late` | whether the others wait for this member |
//! | `states` | what is known of each message |
//! | `changing` | how the epoch ends: what its members bring along into the next |
//! | `holding` | what a cut names, held until it is shown |
//! | `joining` | what members show first where others have come in by one, and the epoch of who came |
//! | `light` | a light run that ends the epoch: its order, and the epoch that it leads to |
//! | `claims` | what they bring along and do not serve |
//! | `closing` | how it ends for good: when its signing keys may be published |
//! | `recorder` | what a member keeps of it, if it keeps anything |
//!
//! An epoch does not know the room around it: it reports what happened as [`Effect`]s.

mod backlog;
mod catching_up;
mod changing;
mod claims;
mod closing;
mod comparing;
mod consensus;
mod delivering;
mod delivery;
mod demand;
mod demanding;
mod equivocation;
mod evidence;
mod examined;
mod finality;
mod fitting;
mod goal;
mod graph;
mod holdback;
mod holding;
#[cfg(feature = "insider")]
mod insider;
#[cfg(feature = "inspect")]
mod inspect;
mod joining;
mod keys;
mod lacking;
mod lagging;
mod late;
mod light;
mod locks;
mod member_set;
mod opener;
mod order;
mod peer_key;
mod ratchet;
mod receipts;
mod receiving;
mod recorder;
mod recovering;
mod refused;
mod sealer;
mod sending;
mod stated;
mod states;
#[cfg(test)]
mod tests;
mod unfinal;
mod vouching;
mod watched;

use std::collections::VecDeque;
use std::sync::Arc;

use mpotr_crypto::{CryptoSuite, IdentityKey, Secret};
use mpotr_gka::{Continuation, Established, MemberIndex, PerMember, Sid, TrapdoorKey};

use crate::record::Record;
use crate::wire::{EpochHint, EpochId, Lock, MessageId, Next, SealedPacket};
pub(crate) use backlog::MAX_TOGETHER;
use catching_up::CatchingUp;
use changing::Cut;
pub(crate) use claims::Brought;
use closing::Ending;
use consensus::Consensus;
use delivery::Delivery;
pub use evidence::{Evidence, SignedChain, SigningKeyState};
use goal::Goal;
pub(crate) use joining::Glimpse;
use keys::EpochKeys;
pub(crate) use keys::{Door, Enclosure};
pub(crate) use light::{brought_by, name_of};
use opener::Opener;
use receipts::Receipts;
use recorder::Recorder;
use refused::Refused;
use sealer::Sealer;
pub(crate) use stated::{Gist, Stated};
use watched::Watched;

/// What happened in an epoch, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A message is delivered: all before it were.
    Delivered {
        id: MessageId,
        author: MemberIndex,
        seq: u32,
        body: Vec<u8>,
        /// Its author says two things in one place.
        disputed: bool,
    },
    /// A message by which members find out who is who is delivered.
    Trust {
        id: MessageId,
        author: MemberIndex,
        body: Vec<u8>,
        /// Its author says two things in one place.
        disputed: bool,
    },
    /// A member has said two things in one place: it is told once. The packets show it to all who have not seen both.
    Equivocation {
        author: MemberIndex,
        evidence: Box<Evidence>,
        packets: Vec<Vec<u8>>,
    },
    /// A member has signed something that contradicts something else it signed, which others need not have heard.
    Contradicted { author: MemberIndex },
    /// A member has sent its last message.
    Fin { author: MemberIndex },
    /// A member accepts and sends nothing more.
    Closed { member: MemberIndex },
    /// A member's secrets were published before everyone was done.
    Leaked { member: MemberIndex },
    /// A member has closed without having covered a message of this member.
    Missed { seq: u32, by: MemberIndex },
    /// Nobody's word on a message of this member is awaited from now on: all who were asked have covered it, or closed.
    Answered { seq: u32 },
    /// A message has a place in the order here, which is not final.
    Provisional { place: u32, id: MessageId },
    /// The final prefix has grown by these messages, in order.
    Final { lock: Lock, ids: Vec<MessageId> },
    /// A member has signed another order of as many messages.
    Fork { member: MemberIndex, lock: Lock },
    /// A member has said something new about the epoch that follows.
    Next { member: MemberIndex },
    /// The order of a member that has signed another one begins to differ here.
    Difference {
        member: MemberIndex,
        place: u32,
        here: MessageId,
        there: MessageId,
    },
    /// Another member misses a message that is at hand: its packet.
    Missing { id: MessageId, packet: Vec<u8> },
    /// Another member misses a message that is at hand, and so many rounds of others have their turn to send it before this
    /// one.
    Owed { id: MessageId, rounds: usize },
    /// A message that is at hand came again: who missed it has it by this.
    Again { id: MessageId },
    /// Something signed took effect, and is to be kept.
    Recorded(Record),
    /// A member asks everyone, over its signature, what they have seen.
    Asked,
    /// A member lacks the newest statements of some.
    Lacking {
        asker: MemberIndex,
        /// Of its statement.
        number: u32,
        /// All of whom it lacks something.
        lacked: Vec<MemberIndex>,
        /// Of which this one has something that would help, or is one of them.
        members: Vec<MemberIndex>,
    },
    /// A statement of a member was heard, for the first time or again.
    Repeated { member: MemberIndex, is_new: bool },
    /// A member has closed with the order of everything that is here: once each.
    Closing,
    /// A member lacks what this one committed to when others came; or what one has shown and signed is `wrong`.
    Opening { wrong: Option<MemberIndex> },
    /// One that has come into this epoch says first of all that it leaves: it was not convinced of all who are in it.
    Declined,
    /// A member that was behind when this one sent its last message has come nearer.
    CaughtUp,
}

impl Effect {
    /// A statement of a member was heard.
    const fn repeated(member: MemberIndex, is_new: bool) -> Self {
        Self::Repeated { member, is_new }
    }
}

/// How far a member is on the way out of the epoch.
struct Peer {
    identity: IdentityKey,
    /// `Y` of the offer with which it signs; `None` where it drew what it signs with later.
    trapdoor: Option<TrapdoorKey>,
    ending: Ending,
    /// What it said last about the epoch that follows.
    next: Option<Next>,
    /// Its newest statement, for those who lack it.
    newest: Option<Newest>,
}

impl Peer {
    /// A member of an epoch that begins.
    const fn new(identity: IdentityKey, trapdoor: Option<TrapdoorKey>) -> Self {
        Self {
            identity,
            trapdoor,
            ending: Ending::Open,
            next: None,
            newest: None,
        }
    }
}

/// The newest statement of another member.
struct Newest {
    packet: SealedPacket,
    /// Whether it states a lock.
    locks: bool,
}

/// What an epoch begins with.
struct Parts<S: CryptoSuite> {
    me: MemberIndex,
    sealer: Sealer<S>,
    opener: Opener<S>,
    peers: PerMember<Peer>,
    continuation: Continuation<S>,
}

/// One epoch as one member sees it.
pub(crate) struct Epoch<S: CryptoSuite> {
    me: MemberIndex,
    sealer: Sealer<S>,
    opener: Opener<S>,
    /// This member has said that everyone has closed.
    is_over: bool,
    /// In cycle order, this member among them.
    peers: PerMember<Peer>,
    delivery: Watched,
    refused: Refused,
    consensus: Consensus,
    /// Memory for what one member newly covers.
    newly: Vec<usize>,
    receipts: Receipts,
    /// From when this member has sent its last message.
    catching_up: Option<CatchingUp>,
    /// What the last statement asked for.
    goal: Option<Goal>,
    /// The cuts of runs that are held whole here, the newest first.
    cuts: Vec<Cut>,
    /// The epoch that follows is installed: no message counts here from now on.
    retired: bool,
    /// What a light run starts from that follows this epoch.
    continuation: Option<Continuation<S>>,
    recorder: Recorder,
    effects: VecDeque<Effect>,
}

impl<S: CryptoSuite> Epoch<S> {
    /// Starts the epoch of a run that all members confirmed.
    pub(crate) fn new(established: Established<S>) -> Self {
        let Established {
            run,
            statement,
            signing,
            signing_keys,
            trapdoor,
            secret,
            continuation,
        } = established;
        let members = run.members().len();
        let id = EpochId {
            sid: run.sid(),
            key_commitment: statement.key_commitment,
        };
        let me = run.me();
        let (keys, own, streams) = EpochKeys::derive(id, secret, members, me);
        let opener = Opener::new(keys, signing_keys.into_iter().zip(streams));
        let sealer = Sealer::new(me.get(), Arc::new(signing), Some(Arc::new(trapdoor)), own);
        let peers = run.members().iter();
        let peers = peers.map(|member| member.offer());
        let peers = peers.map(|offer| Peer::new(offer.identity, Some(offer.trapdoor)));
        Self::of(Parts {
            me,
            sealer,
            opener,
            peers: peers.collect(),
            continuation,
        })
    }

    /// An epoch in which nothing has been said.
    fn of(parts: Parts<S>) -> Self {
        let Parts {
            me,
            sealer,
            opener,
            peers,
            continuation,
        } = parts;
        let members = peers.members();
        Self {
            me,
            sealer,
            opener,
            is_over: false,
            peers,
            delivery: Watched::new(Delivery::new(me, members)),
            refused: Refused::default(),
            consensus: Consensus::new(me, members),
            newly: Vec::new(),
            receipts: Receipts::default(),
            catching_up: None,
            goal: None,
            cuts: Vec::new(),
            retired: false,
            continuation: Some(continuation),
            recorder: Recorder::default(),
            effects: VecDeque::new(),
        }
    }

    /// The session id.
    pub(crate) const fn sid(&self) -> Sid {
        self.opener.keys.id.sid
    }

    /// What packets of the epoch begin with.
    pub(crate) const fn hint(&self) -> EpochHint {
        self.opener.keys.hint
    }

    /// What encloses the packets of a change of this epoch.
    pub(crate) const fn enclosure(&self) -> &Arc<Enclosure<S>> {
        &self.opener.keys.enclosure
    }

    /// The identities of the roster, in cycle order.
    pub(crate) fn roster(&self) -> impl Iterator<Item = IdentityKey> {
        self.peers.values().map(|peer| peer.identity)
    }

    /// The identity of a member.
    pub(crate) fn identity(&self, member: MemberIndex) -> Option<IdentityKey> {
        self.peers.get(member).map(|peer| peer.identity)
    }

    /// This member's index.
    pub(crate) const fn me(&self) -> MemberIndex {
        self.me
    }

    /// The next thing that happened.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// A secret that all members share, for the application.
    pub(crate) fn export(&self, context: &[u8]) -> Secret<32> {
        self.opener.keys.export(context)
    }

    /// The lot of an identity, where nothing else says who goes first.
    pub(crate) fn lot_of(&self, identity: &IdentityKey) -> u64 {
        self.opener.keys.lot_of(identity)
    }

    /// The indices of all members.
    pub(crate) fn indices(&self) -> impl Iterator<Item = MemberIndex> + use<S> {
        self.peers.indices()
    }

    /// The indices of the others.
    pub(crate) fn other_members(&self) -> impl Iterator<Item = MemberIndex> + use<S> {
        let me = self.me;
        self.peers.indices().filter(move |member| *member != me)
    }

    /// Members of the roster.
    pub(crate) const fn members(&self) -> usize {
        self.peers.members()
    }

    fn own(&mut self) -> Option<&mut Peer> {
        self.peers.get_mut(self.me)
    }

    fn others(&self) -> impl Iterator<Item = &Peer> {
        self.peers
            .iter()
            .filter(|(index, _)| *index != self.me)
            .map(|(_, peer)| peer)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Epoch<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Epoch({})", self.opener.keys.id.sid)
    }
}
