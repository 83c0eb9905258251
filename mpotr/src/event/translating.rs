//! From what a room of one suite tells to what every program hears.

use std::collections::BTreeSet;

use mpotr_core::crypto::{IdentityKey, SuiteId};
use mpotr_core::gka::{EpochName, Sid};
use mpotr_core::{Event as E, MemberInfo, Policy, Timestamp};

use super::{Ended, Event, Membership, Message, Misconduct, Order, Told, Verification, Waiting};

/// Numbers events, and knows the epoch in which each happens.
#[derive(Debug)]
pub(crate) struct Translator {
    suite: SuiteId,
    policy: Policy,
    sid: Option<Sid>,
    /// The roster that was told last.
    roster: BTreeSet<IdentityKey>,
    /// The number of the next event.
    n: u64,
}

impl Translator {
    /// Of a room with this suite, whose member is ready for this policy.
    pub(crate) const fn new(suite: SuiteId, policy: Policy) -> Self {
        Self {
            suite,
            policy,
            sid: None,
            roster: BTreeSet::new(),
            n: 0,
        }
    }

    /// The epoch in force, as far as was told.
    pub(crate) const fn sid(&self) -> Option<Sid> {
        self.sid
    }

    /// There is no epoch from now on.
    pub(crate) const fn outside(&mut self) {
        self.sid = None;
    }

    /// The event of something that happens now.
    pub(crate) const fn event(&mut self, at: u64, told: Told) -> Event {
        let n = self.n;
        self.n = n.saturating_add(1);
        let sid = self.sid;
        Event { n, at, sid, told }
    }

    /// The events of what a room tells at once, without those that `hides` is true of.
    pub(crate) fn translate(
        &mut self,
        at: u64,
        told: Vec<E>,
        hides: impl Fn(&Told) -> bool,
    ) -> Vec<Event> {
        let mut events = Vec::with_capacity(told.len());
        let mut told = told.into_iter().peekable();
        while let Some(event) = told.next() {
            // An epoch with other rules is told of first, and its rules next.
            if let (E::Secure { .. }, Some(E::PolicyChanged { policy })) = (&event, told.peek()) {
                self.policy.clone_from(policy);
            }
            let is_behind = matches!(event, E::Behind);
            let published = if let E::Published { sid } = &event {
                Some(*sid)
            } else {
                None
            };
            if let Some(told) = self.of(event).filter(|told| !hides(told)) {
                let event = self.event(at, told);
                // What is published may be of the epoch before.
                let sid = published.or(event.sid);
                events.push(Event { sid, ..event });
            }
            if is_behind {
                self.sid = None;
            }
        }
        events
    }

    /// What a room tells, in the words of all programs.
    #[expect(
        clippy::too_many_lines,
        reason = "one line for each event that there is"
    )]
    fn of(&mut self, event: E) -> Option<Told> {
        Some(match event {
            E::WantsIn { claimed } => Membership::WantsIn {
                claimed,
                voted_out: false,
            }
            .into(),
            E::ExcludedWaiting { claimed } => Membership::WantsIn {
                claimed,
                voted_out: true,
            }
            .into(),
            E::Agreeing { claimed } => Membership::Agreeing { claimed }.into(),
            E::Joining { claimed } => Membership::Joining { claimed }.into(),
            E::AgreementFailed { fault, claimed } => {
                Membership::AgreementFailed { claimed, fault }.into()
            }
            E::Secure {
                sid,
                name,
                parent,
                roster,
            } => self.secure(sid, name, parent, roster).into(),
            E::Joined { member: identity } => Membership::Joined { identity }.into(),
            E::Leaving { member: identity } => Membership::Leaving { identity }.into(),
            E::Left { member: identity } => Membership::Left { identity }.into(),
            E::LeftOut { member: identity } => Membership::LeftOut { identity }.into(),
            E::Voted { vote, by } => Membership::Voted { vote, by }.into(),
            E::PolicyChanged { policy } => {
                self.policy.clone_from(&policy);
                Membership::PolicyChanged { policy }.into()
            }
            E::OtherEpoch {
                name: epoch,
                members,
            } => Membership::OtherEpoch { epoch, members }.into(),
            E::Behind => Membership::Behind.into(),
            E::Removed => Membership::Removed.into(),
            E::Message {
                id,
                author,
                seq,
                body,
            } => Message::Text {
                id,
                author,
                seq,
                body,
            }
            .into(),
            E::Sent { text_id, id } => Message::Sent { text_id, id }.into(),
            E::Held { text_id, added } => Message::Held { text_id, added }.into(),
            E::Acknowledged { text_id } => Message::Acknowledged { text_id }.into(),
            E::Missed { text_id, by } => Message::Missed { text_id, by }.into(),
            E::Dropped { text_id, why } => Message::Dropped { text_id, why }.into(),
            E::Provisional { id, place } => Order::Provisional { id, place }.into(),
            E::Final { count, digest, ids } => Order::Final { count, digest, ids }.into(),
            E::Unsettled {
                since,
                count,
                waiting_for,
            } => {
                let since = since.as_millis();
                Order::Unsettled {
                    since,
                    count,
                    waiting_for,
                }
                .into()
            }
            E::Settled => Order::Settled.into(),
            E::Fork {
                member: identity,
                count,
            } => Order::Fork { identity, count }.into(),
            E::Difference {
                member: identity,
                place,
                here,
                there,
            } => Order::Difference {
                identity,
                place,
                here,
                there,
            }
            .into(),
            E::Lagging { member: identity } => Order::Lagging { identity }.into(),
            E::Cheated {
                member: identity,
                kind: fault,
            } => Misconduct::Cheated { identity, fault }.into(),
            E::Equivocation {
                author: identity,
                seq,
                ids,
                evidence,
            } => Misconduct::Equivocation {
                identity,
                seq,
                ids,
                evidence,
            }
            .into(),
            E::Contradicted { member: identity } => Misconduct::Contradicted { identity }.into(),
            E::Disputed {
                id,
                author,
                seq,
                body,
            } => Misconduct::Disputed {
                id,
                author,
                seq,
                body,
            }
            .into(),
            E::Leaked { member: identity } => Misconduct::Leaked { identity }.into(),
            E::Replaced { member: identity } => Misconduct::Replaced { identity }.into(),
            E::IdentityInUse => Misconduct::IdentityInUse.into(),
            E::Waiting {
                reason,
                since,
                until,
            } => {
                let (since, until) = (since.as_millis(), until.map(Timestamp::as_millis));
                Waiting::For {
                    reason,
                    since,
                    until,
                }
                .into()
            }
            E::WaitingOver { reason } => Waiting::Over { reason }.into(),
            E::Published { sid: _ } => Ended::Published.into(),
            E::Ended(departure) => Ended::Ended(departure).into(),
            E::Code {
                round,
                code,
                roster,
            } => Verification::Code {
                round,
                code,
                roster,
            }
            .into(),
            E::CodeAsked {
                round,
                by: identity,
            } => Verification::CodeAsked { round, identity }.into(),
            E::CodeFailed {
                round,
                why,
                who,
                tries,
            } => Verification::CodeFailed {
                round,
                why,
                who,
                tries,
            }
            .into(),
            E::SecretAsked {
                attempt,
                identity,
                question,
                failures,
            } => Verification::SecretAsked {
                attempt,
                identity,
                question,
                failures,
            }
            .into(),
            E::SecretResult {
                attempt,
                identity,
                result,
                failures,
            } => Verification::SecretResult {
                attempt,
                identity,
                result,
                failures,
            }
            .into(),
            // A lint finds what is not named above, and the core has.
            _ => return None,
        })
    }

    fn secure(
        &mut self,
        sid: Sid,
        epoch: EpochName,
        parent: Option<EpochName>,
        roster: Vec<MemberInfo>,
    ) -> Membership {
        let now: BTreeSet<_> = roster.iter().map(|member| member.identity).collect();
        let added = now.difference(&self.roster).copied().collect();
        let removed = self.roster.difference(&now).copied().collect();
        self.roster = now;
        self.sid = Some(sid);
        Membership::Secure {
            sid,
            epoch,
            parent,
            suite: self.suite,
            policy: self.policy.clone(),
            roster,
            added,
            removed,
        }
    }
}

/// Each group is something that is told.
macro_rules! groups {
    ($($group:ident)+) => {
        $(impl From<$group> for Told {
            fn from(told: $group) -> Self {
                Self::$group(told)
            }
        })+
    };
}

groups! { Membership Message Order Verification Misconduct Waiting Ended }
