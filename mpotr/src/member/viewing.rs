//! Keeps what a screen shows, as it follows from the events alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_core::crypto::{Fingerprint, IdentityKey, SuiteId};
use mpotr_core::gka::{EpochName, RoomName, Sid};
use mpotr_core::{Policy, TextId, Vote, WaitingReason};

use super::view::{Alert, MemberView, OutsideView, Phase, Presence, RoomView, TextState, TextView};
use crate::DefaultSuite;
use crate::backend::Backend;
use crate::event::{
    Ended, Event, Membership, Message, Misconduct, Order, Told, Verification, Waiting,
};

/// Those outside that are shown, and the alerts: the newest of each. Anyone can claim identities.
const MOST: usize = 64;

/// What the events have told.
#[derive(Debug)]
pub(super) struct Viewing {
    me: IdentityKey,
    name: RoomName,
    suite: SuiteId,
    backend: Backend,
    /// The list of [`Admission::Only`](mpotr_core::Admission::Only), to which nobody is added.
    only: Option<BTreeSet<IdentityKey>>,
    policy: Policy,
    epoch: Option<EpochName>,
    is_agreeing: bool,
    is_leaving: bool,
    has_ended: bool,
    roster: Vec<(IdentityKey, Presence)>,
    outside: VecDeque<OutsideView>,
    texts: BTreeMap<TextId, TextState>,
    waiting: Vec<Event>,
    alerts: VecDeque<Alert>,
}

impl Viewing {
    pub(super) const fn new(
        me: IdentityKey,
        name: RoomName,
        suite: SuiteId,
        backend: Backend,
        policy: Policy,
        only: Option<BTreeSet<IdentityKey>>,
    ) -> Self {
        Self {
            me,
            name,
            suite,
            backend,
            only,
            policy,
            epoch: None,
            is_agreeing: false,
            is_leaving: false,
            has_ended: false,
            roster: Vec::new(),
            outside: VecDeque::new(),
            texts: BTreeMap::new(),
            waiting: Vec::new(),
            alerts: VecDeque::new(),
        }
    }

    /// A text was taken.
    pub(super) fn take(&mut self, text: TextId) {
        self.texts.insert(text, TextState::Queued);
    }

    /// A text that was held may leave.
    pub(super) fn release(&mut self, text: TextId) {
        self.take(text);
    }

    /// This member is told to leave.
    pub(super) const fn leave(&mut self) {
        self.is_leaving = true;
    }

    /// A person has seen an alert.
    pub(super) fn dismiss(&mut self, n: u64) -> bool {
        let before = self.alerts.len();
        self.alerts.retain(|alert| alert.n != n);
        self.alerts.len() < before
    }

    /// Whether an identity is in the roster.
    pub(super) fn is_member(&self, identity: &IdentityKey) -> bool {
        self.roster.iter().any(|(member, _)| member == identity)
    }

    /// Whether this member can ever be in a roster with an identity.
    pub(super) fn may_be_admitted(&self, identity: &IdentityKey) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.contains(identity))
    }

    /// Something has happened.
    pub(super) fn note(&mut self, event: &Event) {
        match &event.told {
            Told::Membership(told) => self.membership(told),
            Told::Message(told) => self.message(told),
            Told::Verification(Verification::OtherKey { identity, .. }) => {
                self.alert(event, Some(*identity));
            }
            Told::Verification(_) => {}
            Told::Order(told) => {
                let identity = match told {
                    Order::Fork { identity, .. } | Order::Difference { identity, .. } => identity,
                    Order::Provisional { .. }
                    | Order::Final { .. }
                    | Order::Unsettled { .. }
                    | Order::Settled
                    | Order::Lagging { .. } => return,
                };
                self.alert(event, Some(*identity));
            }
            Told::Misconduct(told) => self.alert(event, culprit(told)),
            Told::Waiting(told) => self.waits(event, told),
            Told::Ended(told) => match told {
                Ended::Published => {}
                Ended::Ended(_) => self.end(),
                Ended::Closed { .. } => self.alert(event, None),
            },
        }
    }

    fn membership(&mut self, told: &Membership) {
        match told {
            Membership::WantsIn { claimed, voted_out } => self.wants_in(*claimed, *voted_out),
            Membership::Agreeing { .. } => self.is_agreeing = true,
            Membership::AgreementFailed { .. } => self.is_agreeing = false,
            Membership::Secure {
                epoch,
                policy,
                roster,
                ..
            } => {
                self.is_agreeing = false;
                self.epoch = Some(*epoch);
                self.policy.clone_from(policy);
                let members = roster.iter().map(|it| (it.identity, Presence::Here));
                self.roster = members.collect();
                let roster = &self.roster;
                let is_in = |claimed| roster.iter().any(|(member, _)| *member == claimed);
                self.outside.retain(|it| !is_in(it.claimed));
            }
            Membership::Leaving { identity } => self.set(identity, Presence::Leaving),
            Membership::Left { identity } => self.set(identity, Presence::Left),
            Membership::PolicyChanged { policy } => self.policy.clone_from(policy),
            Membership::Behind | Membership::Removed => self.is_agreeing = false,
            Membership::Joining { .. }
            | Membership::Joined { .. }
            | Membership::LeftOut { .. }
            | Membership::Voted { .. }
            | Membership::OtherEpoch { .. } => {}
        }
    }

    fn message(&mut self, told: &Message) {
        match told {
            Message::Text { .. } => {}
            Message::Sent { text_id, id } => {
                self.texts.insert(*text_id, TextState::Sent { id: *id });
            }
            Message::Held { text_id, added } => {
                let added = added.clone();
                self.texts.insert(*text_id, TextState::Held { added });
            }
            Message::Acknowledged { text_id }
            | Message::Missed { text_id, .. }
            | Message::Dropped { text_id, .. } => {
                self.texts.remove(text_id);
            }
        }
    }

    fn waits(&mut self, event: &Event, told: &Waiting) {
        match told {
            Waiting::For { .. } => self.waiting.push(event.clone()),
            Waiting::Reconnecting { .. } => {
                self.reconnected();
                self.waiting.push(event.clone());
            }
            Waiting::Over { reason: over } => self.waiting.retain(|event| {
                !matches!(&event.told, Told::Waiting(Waiting::For { reason, .. }) if reason == over)
            }),
            Waiting::Reconnected => self.reconnected(),
        }
    }

    fn reconnected(&mut self) {
        self.waiting
            .retain(|event| !matches!(event.told, Told::Waiting(Waiting::Reconnecting { .. })));
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.epoch = None;
        self.roster.clear();
        self.outside.clear();
        self.waiting.clear();
        self.texts.clear();
    }

    fn wants_in(&mut self, claimed: IdentityKey, voted_out: bool) {
        self.outside.retain(|it| it.claimed != claimed);
        if self.outside.len() >= MOST {
            self.outside.pop_front();
        }
        self.outside.push_back(OutsideView { claimed, voted_out });
    }

    fn set(&mut self, identity: &IdentityKey, presence: Presence) {
        let found = self.roster.iter_mut().find(|(it, _)| it == identity);
        if let Some((_, now)) = found {
            *now = presence;
        }
    }

    fn alert(&mut self, event: &Event, identity: Option<IdentityKey>) {
        if self.alerts.len() >= MOST {
            self.alerts.pop_front();
        }
        let (n, at, code) = (event.n, event.at, event.code());
        self.alerts.push_back(Alert {
            n,
            at,
            code,
            identity,
        });
    }

    /// The roster in force.
    pub(super) fn members(&self, muted: &BTreeSet<IdentityKey>) -> Vec<MemberView> {
        let members = self.roster.iter().map(|(identity, presence)| MemberView {
            identity: *identity,
            fingerprint: Fingerprint::of::<DefaultSuite>(identity),
            me: *identity == self.me,
            muted: muted.contains(identity),
            presence: *presence,
        });
        members.collect()
    }

    /// All that is shown.
    pub(super) fn state(
        &self,
        is_secure: bool,
        sid: Option<Sid>,
        votes: Vec<Vote>,
        muted: &BTreeSet<IdentityKey>,
    ) -> RoomView {
        let texts = self.texts.iter().map(|(text_id, state)| TextView {
            text_id: *text_id,
            state: state.clone(),
        });
        RoomView {
            name: self.name.as_str().to_owned(),
            phase: self.phase(is_secure),
            sid,
            epoch: self.epoch.filter(|_| is_secure),
            suite: self.suite,
            backend: self.backend,
            policy: self.policy.clone(),
            members: match is_secure {
                true => self.members(muted),
                false => Vec::new(),
            },
            outside: self.outside.iter().copied().collect(),
            texts: texts.collect(),
            waiting: self.waiting.clone(),
            votes,
            alerts: self.alerts.iter().copied().collect(),
        }
    }

    fn phase(&self, is_secure: bool) -> Phase {
        let is_alone = |event: &Event| {
            let alone = WaitingReason::Alone;
            matches!(&event.told, Told::Waiting(Waiting::For { reason, .. }) if *reason == alone)
        };
        if self.has_ended {
            Phase::Ended
        } else if self.is_leaving {
            Phase::Leaving
        } else if is_secure {
            Phase::Secure
        } else if self.is_agreeing {
            Phase::Agreeing
        } else if self.waiting.iter().any(is_alone) {
            Phase::Alone
        } else {
            Phase::Gathering
        }
    }
}

/// Who has done it.
const fn culprit(told: &Misconduct) -> Option<IdentityKey> {
    match told {
        Misconduct::Cheated { identity, .. }
        | Misconduct::Equivocation { identity, .. }
        | Misconduct::Contradicted { identity }
        | Misconduct::Leaked { identity }
        | Misconduct::Replaced { identity } => Some(*identity),
        Misconduct::Disputed { author, .. } => Some(*author),
        Misconduct::IdentityInUse => None,
    }
}
