//! The last steps of a joiner: it shows its part, and checks everyone. `docs/spec/14-light-runs.md`, "READY" and "Opening".

use mpotr_crypto::{
    CryptoSuite, Digest32, Element, EphemeralKey, EphemeralKeyPair, IdentityKey, PartKey, kdf::Prk,
    wiping_stack,
};

use super::super::freezing::Held;
use super::super::schedule::EpochSecrets;
use super::answering::{JoinerSecrets, Joining};
use super::offer::OfferError;
use super::opening::{Committed, Opening, WrongOpening};
use super::pairs::JoinTag;
use super::ready::{Guest, Host, Ready, ReadyError, Shown};
use super::record::JoinRecord;
use super::welcome::JoinTerms;
use crate::continuation::{Continuation, Part, Said};
use crate::epoch_name::EpochName;
use crate::identity::Identity;
use crate::list::place_among_others;
use crate::member_index::MemberIndex;
use crate::rounds::MemberKeys;
use crate::sid::Sid;

/// A joiner that has been told who is there, and has not yet said that it comes. Its user decides.
pub struct Welcomed<S: CryptoSuite> {
    joining: Joining<S>,
    terms: JoinTerms,
    secrets: EpochSecrets,
    /// Its number among the joiners.
    me: usize,
}

impl<S: CryptoSuite> Welcomed<S> {
    pub(super) const fn new(
        joining: Joining<S>,
        terms: JoinTerms,
        secrets: EpochSecrets,
        me: usize,
    ) -> Self {
        Self {
            joining,
            terms,
            secrets,
            me,
        }
    }

    /// Who claims to be in the next epoch, in the order of their places: all members, and all joiners.
    pub fn identities(&self) -> impl Iterator<Item = IdentityKey> + '_ {
        (0..self.terms.members()).filter_map(|place| self.terms.identity(place).copied())
    }

    /// The policy of the next epoch, as the room encodes it.
    #[must_use]
    pub fn policy(&self) -> &[u8] {
        &self.terms.policy
    }

    /// Shows its part, and a tag to everyone. Its user admits all who are listed.
    ///
    /// # Errors
    /// A key of one of them is no element: nothing has left.
    pub fn ready(
        self,
        identity: &dyn Identity<S>,
    ) -> Result<Arrived<S>, Box<Held<Self, OfferError>>> {
        let Some(ready) = wiping_stack(|| self.make_ready(identity)) else {
            let error = OfferError::UndecodableKey;
            return Err(Box::new(Held { phase: self, error }));
        };
        let Self {
            joining,
            terms,
            secrets,
            me,
        } = self;
        let others = MemberIndex::all(terms.members()).map(|_| None).collect();
        Ok(Arrived {
            joining,
            terms,
            secrets,
            me,
            ready,
            others,
        })
    }

    fn make_ready(&self, identity: &dyn Identity<S>) -> Option<Ready> {
        let me = self.terms.place_of(self.me);
        let drawn = &self.joining.secrets;
        let (guest, host) = both(&self.joining, &self.terms, &self.secrets, self.me, identity);
        let others = MemberIndex::all(self.terms.members()).filter(|it| *it != me);
        let tags: Option<Vec<_>> = others
            .map(|other| {
                if other < me {
                    return guest.tag_for(other);
                }
                let members = self.terms.identities.len();
                host.tag_for(other.place().checked_sub(members)?)
            })
            .collect();
        let shown = Shown {
            part: drawn.part.public(),
            salt: drawn.salt,
            tags: tags?,
        };
        let offer = &self.joining.offer;
        Some(Ready::seal::<S>(&shown, &self.secrets, offer, me))
    }
}

/// A joiner towards those before it, and towards the joiners after it.
fn both<'a, S: CryptoSuite>(
    joining: &'a Joining<S>,
    terms: &'a JoinTerms,
    secrets: &'a EpochSecrets,
    me: usize,
    identity: &'a dyn Identity<S>,
) -> (Guest<'a, S>, Host<'a, S>) {
    let trapdoor = &joining.secrets.trapdoor;
    let guest = Guest {
        terms,
        secrets,
        me,
        identity,
        trapdoor,
    };
    let host = Host {
        terms,
        secrets,
        me: terms.place_of(me),
        identity,
        exchange: trapdoor,
    };
    (guest, host)
}

impl<S: CryptoSuite> core::fmt::Debug for Welcomed<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Welcomed({})", self.secrets.sid)
    }
}

/// A joiner that has shown its part, and waits until all have convinced it. Until then it writes nothing, and who it says is
/// there is not verified.
pub struct Arrived<S: CryptoSuite> {
    joining: Joining<S>,
    terms: JoinTerms,
    secrets: EpochSecrets,
    me: usize,
    ready: Ready,
    /// The parts of those who have convinced it.
    others: Vec<Option<(PartKey, Element<S>)>>,
}

/// Why what came from another does not convince a joiner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrivedError {
    /// No member or joiner stands in that place, or it is this joiner's own.
    #[error("nobody else is in place {0}")]
    Nobody(MemberIndex),
    /// The part is not the one committed to.
    #[error(transparent)]
    Opening(#[from] WrongOpening),
    /// The tag is not that of who is listed there. It was never received, until the statement that holds it is known to be signed.
    #[error("{0} is not shown to be who is listed there")]
    WrongTag(MemberIndex),
}

/// These have not convinced a joiner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} have not shown who they are")]
pub struct Unverified(pub Vec<MemberIndex>);

impl<S: CryptoSuite> Arrived<S> {
    /// What is sent: the same bytes each time.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What this joiner may keep of how it came in; `parent` is the name of the epoch whose member asked.
    #[must_use]
    pub fn record(&self, parent: EpochName) -> JoinRecord {
        JoinRecord {
            suite: S::ID,
            parent,
            terms: self.terms.clone(),
            key_commitment: self.secrets.key_commitment,
        }
    }

    /// How many were members before: they have the first places.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.terms.identities.len()
    }

    /// `sid'`.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.secrets.sid
    }

    /// `kc'`.
    #[must_use]
    pub const fn key_commitment(&self) -> Digest32 {
        self.secrets.key_commitment
    }

    /// The secret from which the epoch's keys are derived: in it come the tags of the members.
    #[must_use]
    pub fn epoch_secret(&self) -> Prk {
        self.secrets.messages::<S>()
    }

    /// What each verifies with, in the order of their places.
    pub fn signing_keys(&self) -> impl Iterator<Item = EphemeralKey> + '_ {
        self.terms.keys.iter().map(|keys| keys.signing)
    }

    /// Hears the first statement of a member in the epoch.
    ///
    /// # Errors
    /// [`ArrivedError`]: nothing is kept of it.
    pub fn hear_opening(
        &mut self,
        member: MemberIndex,
        opening: &Opening,
        identity: &dyn Identity<S>,
    ) -> Result<(), ArrivedError> {
        let nobody = ArrivedError::Nobody(member);
        let listed = self.terms.keys.get(member.place()).ok_or(nobody)?;
        if member.place() >= self.terms.identities.len() {
            return Err(nobody);
        }
        let committed = Committed::Member(self.terms.handle, member);
        let element = committed.open::<S>(
            &Digest32::new(*listed.part.as_bytes()),
            &opening.part,
            &opening.salt,
        );
        let element = element.ok_or(WrongOpening(member))?;
        let (guest, _) = both(&self.joining, &self.terms, &self.secrets, self.me, identity);
        let tag = opening.tags.get(self.me);
        let is_right = wiping_stack(|| tag.is_some_and(|tag| guest.is_right(member, tag)))
            && opening.tags.len() == self.terms.offers.len();
        if !is_right {
            return Err(ArrivedError::WrongTag(member));
        }
        self.keep(member, opening.part, element);
        Ok(())
    }

    /// Hears another joiner.
    ///
    /// # Errors
    /// [`ArrivedError`]: nothing is kept of it.
    pub fn hear_ready(
        &mut self,
        ready: &Ready,
        identity: &dyn Identity<S>,
    ) -> Result<(), ArrivedError> {
        let other = ready.joiner;
        let nobody = ArrivedError::Nobody(other);
        let wrong = ArrivedError::WrongTag(other);
        let me = self.terms.place_of(self.me);
        let joiner = other.place().checked_sub(self.terms.identities.len());
        let joiner = joiner.filter(|_| other != me).ok_or(nobody)?;
        let offer = self.terms.offers.get(joiner).ok_or(nobody)?;
        let (guest, host) = both(&self.joining, &self.terms, &self.secrets, self.me, identity);
        if other > me {
            let arrival = wiping_stack(|| host.check(joiner, core::slice::from_ref(ready)));
            let arrival = arrival.map_err(|_: ReadyError| wrong)?;
            self.keep(other, arrival.part, arrival.element);
            return Ok(());
        }
        let shown = ready.open::<S>(&self.secrets, offer).ok_or(wrong)?;
        let place = place_among_others(other.place(), me.place()).ok_or(nobody)?;
        let is_right = shown.tags.len() == self.terms.members().saturating_sub(1)
            && shown
                .tags
                .get(place)
                .is_some_and(|tag: &JoinTag| wiping_stack(|| guest.is_right(other, tag)));
        if !is_right {
            return Err(wrong);
        }
        let committed = Committed::Joiner(offer.trapdoor);
        let element = committed.open::<S>(&offer.commitment, &shown.part, &shown.salt);
        let element = element.ok_or(WrongOpening(other))?;
        self.keep(other, shown.part, element);
        Ok(())
    }

    fn keep(&mut self, other: MemberIndex, part: PartKey, element: Element<S>) {
        if let Some(place) = self.others.get_mut(other.place()) {
            *place = Some((part, element));
        }
    }

    /// Who has not convinced this joiner yet.
    #[must_use]
    pub fn unverified(&self) -> Vec<MemberIndex> {
        let me = self.terms.place_of(self.me);
        let others = MemberIndex::all(self.others.len()).zip(&self.others);
        others
            .filter(|(other, heard)| *other != me && heard.is_none())
            .map(|(other, _)| other)
            .collect()
    }

    /// All have shown who they are: the joiner is a member. What it drew to convince them is erased.
    ///
    /// # Errors
    /// [`Unverified`] with the phase as it was.
    pub fn finish(self) -> Result<Joined<S>, Box<Held<Self, Unverified>>> {
        let unverified = self.unverified();
        if !unverified.is_empty() {
            let error = Unverified(unverified);
            return Err(Box::new(Held { phase: self, error }));
        }
        Ok(wiping_stack(|| self.go_on()))
    }

    /// What one has of an epoch to say there that it does not come: it was not convinced of all. Who is not verified has a part there
    /// that is nobody's, so it goes on to no other.
    #[must_use]
    pub fn decline(self) -> Joined<S> {
        wiping_stack(|| self.go_on())
    }

    fn go_on(self) -> Joined<S> {
        let Self {
            joining,
            terms,
            secrets,
            me,
            others,
            ..
        } = self;
        let JoinerSecrets {
            signing,
            receive,
            part,
            ..
        } = joining.secrets;
        let own = (part.public(), part.element().clone());
        let parts: Vec<_> = others
            .into_iter()
            .map(|it| it.unwrap_or_else(|| own.clone()))
            .collect();
        let keys = terms.keys.iter().zip(&parts);
        let keys = keys.map(|(listed, (part, _))| MemberKeys {
            signing: listed.signing,
            part: *part,
            receive: listed.receive,
        });
        let (sid, key_commitment) = (secrets.sid, secrets.key_commitment);
        let me = terms.place_of(me);
        let identities = (0..terms.members()).filter_map(|place| terms.identity(place).copied());
        let identities: Vec<_> = identities.collect();
        Joined {
            sid,
            key_commitment,
            me,
            signing,
            signing_keys: terms.keys.iter().map(|keys| keys.signing).collect(),
            secret: secrets.messages::<S>(),
            continuation: Continuation {
                room: terms.room,
                sid,
                key_commitment,
                me,
                init: secrets.init::<S>(),
                keys: keys.collect(),
                parts: parts.into_iter().map(|(_, it)| Part::Shown(it)).collect(),
                moved: None,
                part,
                receive,
                said: Said::default(),
                opening: None,
                identities: identities.clone(),
            },
            identities,
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Arrived<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Arrived({})", self.secrets.sid)
    }
}

/// The epoch that a joiner has come into, and all of whose members it has verified.
pub struct Joined<S: CryptoSuite> {
    /// `sid'`.
    pub sid: Sid,
    /// `kc'`.
    pub key_commitment: Digest32,
    /// Its place.
    pub me: MemberIndex,
    /// Who is in it, in order.
    pub identities: Vec<IdentityKey>,
    /// `m`.
    pub signing: EphemeralKeyPair<S>,
    /// What each member signs with.
    pub signing_keys: Vec<EphemeralKey>,
    /// The secret from which the epoch's keys are derived.
    pub secret: Prk,
    /// What the change after this one starts from.
    pub continuation: Continuation<S>,
}

impl<S: CryptoSuite> core::fmt::Debug for Joined<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Joined({})", self.sid)
    }
}
