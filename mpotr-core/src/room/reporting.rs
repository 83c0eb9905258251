//! What happened in an epoch, as the room and the application are told. `docs/spec/06-epochs.md`, "Talking".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, Sid};

use super::context::Context;
use super::fates::Fates;
use super::membership::Membership;
use super::trust::Heard;
use crate::epoch::{Effect, Epoch, Evidence};
use crate::event::Event;
use crate::wire::MessageId;

/// What happened in an epoch that this member has to act on.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The fate of some message of this member is decided.
    pub(super) is_answered: bool,
    /// The final prefix has grown.
    pub(super) is_finalised: bool,
    /// A member accepts nothing more.
    pub(super) is_closed: bool,
    /// A member is a step further with its end, or that of the epoch.
    pub(super) is_ending: bool,
    /// A member that was behind when this one left comes nearer.
    pub(super) is_catching_up: bool,
    /// A member asks what the others have seen.
    pub(super) is_asked: bool,
    /// Who lacks whose newest statements, and the number of the statement that says so.
    pub(super) lacking: Vec<(MemberIndex, u32, Vec<MemberIndex>)>,
    /// Who lacks something of whom.
    pub(super) asking: Vec<(MemberIndex, Vec<MemberIndex>)>,
    /// Members whose newest statement was heard, or heard again.
    pub(super) repeated: Vec<MemberIndex>,
    /// Members that have stated something, no matter whether there is anything new in it.
    pub(super) stated: Vec<MemberIndex>,
    /// Members that have said something new about the epoch that follows.
    pub(super) spoke: Vec<MemberIndex>,
    /// Packets of messages that a member misses.
    pub(super) missing: Vec<(MessageId, Vec<u8>)>,
    /// Messages that a member misses, and how many rounds of others have their turn to send them before this one.
    pub(super) owed: Vec<(MessageId, usize)>,
    /// Messages that another member has sent again.
    pub(super) again: Vec<MessageId>,
    /// Members that are proven to have said two things in one place.
    pub(super) accused: Vec<IdentityKey>,
    /// A member lacks what this one committed to when others came.
    pub(super) asks_opening: bool,
    /// One that has come in was not convinced of all who are here.
    pub(super) is_declined: bool,
    /// Members that have shown and signed what they did not commit to.
    pub(super) wrongly_opened: Vec<MemberIndex>,
    /// What members say to find out who is who.
    pub(super) trust: Vec<Heard>,
}

impl<S: CryptoSuite> Membership<S> {
    /// Tells the application of all that happened in the epoch, and returns what is left to act on.
    pub(super) fn report(&mut self, cx: &mut Context<'_, S>, fates: &mut Fates) -> Report {
        let mut report = Report::default();
        for member in std::mem::take(&mut self.talk.arrived) {
            let fates = self
                .epoch
                .identity(member)
                .map(|it| fates.note_arrived(&it));
            cx.out.events.extend(fates.into_iter().flatten());
        }
        while let Some(effect) = self.epoch.poll_effect() {
            if let Effect::Trust {
                id,
                author,
                body,
                disputed,
            } = effect
            {
                report.note_trust(Heard { id, author, body }, disputed);
            } else {
                report.note(effect, &self.epoch, cx, fates);
            }
        }
        report
    }

    /// The epoch is over for this member, which goes on to the next one, or to none: the fate of all that it has sent here.
    /// Those who go on to the same hold the whole cut, whatever they have stated, and show it when they have installed it.
    pub(super) fn close_fates(
        &mut self,
        cx: &mut Context<'_, S>,
        fates: &mut Fates,
        successor: Option<Sid>,
    ) -> Report {
        let report = self.report(cx, fates);
        let awaited = self.epoch.awaited(successor);
        cx.out.events.extend(fates.end_crossing());
        if let Some(successor) = successor {
            fates.cross(self.epoch.crossing(successor), &awaited);
        }
        cx.out.events.extend(fates.end_epoch(&awaited));
        report
    }
}

impl Report {
    fn note<S: CryptoSuite>(
        &mut self,
        effect: Effect,
        epoch: &Epoch<S>,
        cx: &mut Context<'_, S>,
        fates: &mut Fates,
    ) {
        self.note_progress(&effect);
        let event = match effect {
            Effect::Equivocation {
                author,
                evidence,
                packets,
            } => {
                // The others find the same in the same packets.
                cx.out.pass_on(packets);
                let author = self.accuse(epoch.identity(author));
                author.map(|author| equivocation(author, evidence))
            }
            Effect::Contradicted { author } => {
                let member = self.accuse(epoch.identity(author));
                member.map(|member| Event::Contradicted { member })
            }
            Effect::Leaked { member } => {
                let member = self.accuse(epoch.identity(member));
                member.map(|member| Event::Leaked { member })
            }
            Effect::Answered { seq } => {
                // Who is not waited for moves nothing.
                self.is_answered |= fates.counts(seq);
                fates.decide(seq)
            }
            Effect::Missed { seq, by } => {
                let by = epoch.identity(by).into_iter();
                by.for_each(|by| fates.note_missed(seq, by));
                None
            }
            Effect::Missing { id, packet } => {
                self.missing.push((id, packet));
                None
            }
            Effect::Recorded(record) => {
                cx.out.records.push_back(record);
                None
            }
            told @ (Effect::Trust { .. }
            | Effect::Lacking { .. }
            | Effect::Repeated { .. }
            | Effect::Owed { .. }
            | Effect::Again { .. }
            | Effect::Asked
            | Effect::Next { .. }
            | Effect::Opening { .. }
            | Effect::Declined
            | Effect::CaughtUp
            | Effect::Closing
            | Effect::Delivered { .. }
            | Effect::Fin { .. }
            | Effect::Closed { .. }
            | Effect::Provisional { .. }
            | Effect::Final { .. }
            | Effect::Fork { .. }
            | Effect::Difference { .. }) => tell(epoch, told),
        };
        cx.out.events.extend(event);
    }

    /// Who lacks what, and whose statements were heard again.
    fn note_repair(&mut self, effect: &Effect) {
        if let Effect::Lacking {
            asker,
            number,
            lacked,
            members,
        } = effect
        {
            self.asking.push((*asker, lacked.clone()));
            if !members.is_empty() {
                self.lacking.push((*asker, *number, members.clone()));
            }
        }
        if let Effect::Repeated { member, is_new } = effect {
            self.repeated.push(*member);
            self.stated.extend(is_new.then_some(*member));
        }
    }

    /// Whether the epoch comes nearer to its end, or its order to its own.
    fn note_progress(&mut self, effect: &Effect) {
        self.note_repair(effect);
        self.note_owed(effect);
        self.is_ending |= matches!(
            effect,
            Effect::Fin { .. } | Effect::Closed { .. } | Effect::Closing
        );
        self.is_catching_up |= matches!(effect, Effect::CaughtUp);
        self.is_closed |= matches!(effect, Effect::Closed { .. });
        self.is_asked |= matches!(effect, Effect::Asked);
        if let Effect::Next { member } = effect {
            self.spoke.push(*member);
        }
        self.is_declined |= matches!(effect, Effect::Declined);
        if let Effect::Opening { wrong } = effect {
            self.asks_opening |= wrong.is_none();
            self.wrongly_opened.extend(wrong);
        }
        self.is_finalised |= matches!(effect, Effect::Final { .. });
    }

    /// What this member is to send again if nobody else does, and what others have sent.
    fn note_owed(&mut self, effect: &Effect) {
        if let Effect::Owed { id, rounds } = effect {
            self.owed.push((*id, *rounds));
        }
        if let Effect::Again { id } = effect {
            self.again.push(*id);
        }
    }

    /// A member says something to find out who is who. Who says two things is believed neither.
    fn note_trust(&mut self, heard: Heard, disputed: bool) {
        self.trust.extend((!disputed).then_some(heard));
    }

    /// There is proof against a member: what follows from that waits until all is reported.
    fn accuse(&mut self, member: Option<IdentityKey>) -> Option<IdentityKey> {
        self.accused.extend(member);
        member
    }
}

fn delivered(id: MessageId, author: IdentityKey, seq: u32, body: Vec<u8>, disputed: bool) -> Event {
    if disputed {
        Event::Disputed {
            id,
            author,
            seq,
            body,
        }
    } else {
        Event::Message {
            id,
            author,
            seq,
            body,
        }
    }
}

/// What the application is told of one who has written two messages for one.
fn equivocation(author: IdentityKey, evidence: Box<Evidence>) -> Event {
    Event::Equivocation {
        author,
        seq: evidence.seq(),
        ids: evidence.ids(),
        evidence,
    }
}

/// What is for the application alone.
fn tell<S: CryptoSuite>(epoch: &Epoch<S>, effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Delivered {
            id,
            author,
            seq,
            body,
            disputed,
        } => delivered(id, epoch.identity(author)?, seq, body, disputed),
        Effect::Fin { author } if author == epoch.me() => return None,
        Effect::Fin { author } => Event::Leaving {
            member: epoch.identity(author)?,
        },
        Effect::Closed { member } => Event::Left {
            member: epoch.identity(member)?,
        },
        Effect::Provisional { place, id } => Event::Provisional { id, place },
        Effect::Final { lock, ids } => Event::Final {
            count: lock.count,
            digest: lock.digest,
            ids,
        },
        Effect::Fork { member, lock } => Event::Fork {
            member: epoch.identity(member)?,
            count: lock.count,
        },
        Effect::Difference {
            member,
            place,
            here,
            there,
        } => Event::Difference {
            member: epoch.identity(member)?,
            place,
            here,
            there,
        },
        Effect::Trust { .. }
        | Effect::Equivocation { .. }
        | Effect::Contradicted { .. }
        | Effect::Leaked { .. }
        | Effect::Answered { .. }
        | Effect::Missed { .. }
        | Effect::Next { .. }
        | Effect::Missing { .. }
        | Effect::Owed { .. }
        | Effect::Again { .. }
        | Effect::Recorded(_)
        | Effect::Asked
        | Effect::Lacking { .. }
        | Effect::Repeated { .. }
        | Effect::Opening { .. }
        | Effect::Declined
        | Effect::CaughtUp
        | Effect::Closing => return None,
    })
}
