//! What happened in an epoch, as the room and the application are told. `docs/spec/06-epochs.md`, "Talking".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::Sid;

use super::Room;
use crate::epoch::{Effect, Epoch};
use crate::event::Event;

impl<S: CryptoSuite> Room<S> {
    /// Takes note of what happened, and tells the application if it is something for it.
    pub(super) fn report(&mut self, effect: Effect) {
        let event = match effect {
            Effect::Equivocation {
                author,
                evidence,
                packets,
            } => {
                // The others find the same in the same packets.
                self.transmits.extend(packets);
                let author = self.accuse(author);
                author.map(|author| Event::Equivocation {
                    author,
                    seq: evidence.seq(),
                    ids: evidence.ids(),
                    evidence,
                })
            }
            Effect::Contradicted { author } => self
                .accuse(author)
                .map(|member| Event::Contradicted { member }),
            Effect::Leaked { member } => self.accuse(member).map(|member| Event::Leaked { member }),
            Effect::Answered { seq } => self.fates.decide(seq),
            Effect::Missed { seq, by } => {
                if let Some(by) = self.epoch.as_ref().and_then(|epoch| epoch.identity(by)) {
                    self.fates.note_missed(seq, by);
                }
                None
            }
            Effect::Next { member } => {
                self.something_new.push(member);
                None
            }
            Effect::Missing { id, packet } => {
                self.missing.push((id, packet));
                None
            }
            Effect::Recorded(record) => {
                self.records.push_back(record);
                None
            }
            Effect::Asked => {
                self.asked = true;
                None
            }
            Effect::Closing => None,
            told @ (Effect::Delivered { .. }
            | Effect::Fin { .. }
            | Effect::Closed { .. }
            | Effect::Provisional { .. }
            | Effect::Final { .. }
            | Effect::Fork { .. }
            | Effect::Difference { .. }) => self.epoch.as_ref().and_then(|epoch| tell(epoch, told)),
        };
        self.events.extend(event);
    }

    /// The epoch is over for this member, which goes on to the next one, or to none: the fate of all that it has sent here.
    /// Those who go on to the same have delivered the whole cut, whatever they have stated.
    pub(super) fn close_fates(&mut self, successor: Option<Sid>) {
        let Some(epoch) = &self.epoch else { return };
        let awaited = epoch.awaited(successor);
        while let Some(effect) = self.epoch.as_mut().and_then(Epoch::poll_effect) {
            self.report(effect);
        }
        self.events.extend(self.fates.end_epoch(&awaited));
    }

    /// There is proof against a member: what follows from that waits until all is reported.
    fn accuse(&mut self, member: usize) -> Option<IdentityKey> {
        let identity = self.epoch.as_ref()?.identity(member)?;
        self.accused.push(identity);
        Some(identity)
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
        } => {
            let author = epoch.identity(author)?;
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
        Effect::Equivocation { .. }
        | Effect::Contradicted { .. }
        | Effect::Leaked { .. }
        | Effect::Answered { .. }
        | Effect::Missed { .. }
        | Effect::Next { .. }
        | Effect::Missing { .. }
        | Effect::Recorded(_)
        | Effect::Asked
        | Effect::Closing => return None,
    })
}
