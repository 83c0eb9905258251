//! A member of the demonstration: writes when it is its turn, and tells what it sees.
//!
//! The members take turns: who has read message `k - 1` and is `k mod N` writes message `k`. So each message has the one
//! before it as its parent, as in a talk.

use std::sync::Arc;

use mpotr::{
    Departure, Digest32, Ended, Event, IdentityKey, Member, Membership, Message, MessageId, Order,
    Sid, Told,
};
use mpotr_formats::{Nick, Payload};
use mpotr_transport::{DriverEvent, RoomHandle};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::Sight;
use crate::entry::Entered;

/// What a member saw.
#[derive(Debug)]
pub(super) enum Seen {
    /// The room is secure, with this roster.
    Secure { sid: Sid, roster: Vec<IdentityKey> },
    /// A key agreement failed; it is tried again.
    AgreementFailed { reason: String },
    /// A message, its own ones too.
    Message {
        id: MessageId,
        author: IdentityKey,
        body: Vec<u8>,
    },
    /// The order is final up to here.
    Final { count: u32, digest: Digest32 },
    /// Another member has another order.
    Fork { member: IdentityKey },
    /// Its part is over.
    Ended(Departure),
    /// It lost the relay, or could not write.
    Failed { reason: String },
}

/// A member of the demonstration.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) index: usize,
    /// By which it is told to ask for fresh keys.
    pub(super) ask: Arc<Notify>,
    pub(super) nick: Nick,
    pub(super) members: usize,
    pub(super) messages: u32,
    pub(super) seen: mpsc::Sender<Sight>,
    /// Cancelled when it is time to leave.
    pub(super) leave: CancellationToken,
}

impl Actor {
    /// Takes part until the room has ended.
    pub(super) async fn play(self, entered: Entered) {
        let Entered { handle, mut events } = entered;
        let mut read = 0;
        let mut roster = mpotr::Seen::Expected;
        let mut has_left = false;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.ask.notified() => {
                    // As with leaving.
                    let _ended = handle.refresh().await;
                    continue;
                }
                () = self.leave.cancelled(), if !has_left => {
                    has_left = true;
                    // A room that has ended says so by an event.
                    let _ended = handle.leave().await;
                    continue;
                }
            };
            let Some(seen) = see(event) else { continue };
            let is_last = matches!(seen, Seen::Ended(_) | Seen::Failed { .. });
            match seen {
                Seen::Secure { sid, .. } => {
                    roster = mpotr::Seen::Epoch(sid);
                    self.write_if_turn(&handle, roster, read).await;
                }
                Seen::Message { .. } => {
                    read = read.saturating_add(1);
                    self.write_if_turn(&handle, roster, read).await;
                }
                Seen::AgreementFailed { .. }
                | Seen::Final { .. }
                | Seen::Fork { .. }
                | Seen::Ended(_)
                | Seen::Failed { .. } => {}
            }
            self.tell(seen).await;
            if is_last {
                return;
            }
        }
    }

    /// Writes to those whom it has seen.
    async fn write_if_turn(&self, handle: &RoomHandle<Member>, seen: mpotr::Seen, number: u32) {
        let turn = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .checked_rem(self.members);
        if number >= self.messages || turn != Some(self.index) {
            return;
        }
        let text = format!("message {} of {}", number.saturating_add(1), self.messages);
        let body = Payload {
            nick: self.nick.clone(),
            text,
        }
        .to_bytes();
        if let Err(error) = handle.send(body, seen).await {
            self.tell(Seen::Failed {
                reason: error.to_string(),
            })
            .await;
        }
    }

    async fn tell(&self, seen: Seen) {
        // Nobody listens once the demonstration was given up.
        let _unheard = self
            .seen
            .send(Sight {
                member: self.index,
                seen,
            })
            .await;
    }
}

/// What of the room's events the demonstration is about.
fn see(event: Option<DriverEvent<Event>>) -> Option<Seen> {
    let event = match event {
        Some(DriverEvent::Room(event)) => event.told,
        Some(DriverEvent::Disconnected(closed)) => {
            return Some(Seen::Failed {
                reason: closed.text,
            });
        }
        Some(_) => return None,
        None => {
            return Some(Seen::Failed {
                reason: "the room stopped without an end".to_owned(),
            });
        }
    };
    Some(match event {
        Told::Membership(Membership::Secure { sid, roster, .. }) => Seen::Secure {
            sid,
            roster: roster.iter().map(|member| member.identity).collect(),
        },
        Told::Membership(Membership::AgreementFailed { fault, .. }) => Seen::AgreementFailed {
            reason: fault.map_or("a member was silent".to_owned(), |fault| fault.to_string()),
        },
        Told::Message(Message::Text {
            id, author, body, ..
        }) => Seen::Message { id, author, body },
        Told::Order(Order::Final { count, digest, .. }) => Seen::Final { count, digest },
        Told::Order(Order::Fork {
            identity: member, ..
        }) => Seen::Fork { member },
        Told::Ended(Ended::Ended(departure)) => Seen::Ended(departure),
        Told::Membership(Membership::WantsIn {
            voted_out: false, ..
        })
        | Told::Membership(Membership::Agreeing { .. })
        | Told::Message(Message::Sent { .. })
        | Told::Message(Message::Acknowledged { .. })
        | Told::Message(Message::Missed { .. })
        | Told::Message(Message::Dropped { .. })
        | Told::Membership(Membership::Leaving { .. })
        | Told::Membership(Membership::Left { .. })
        | _ => return None,
    })
}
