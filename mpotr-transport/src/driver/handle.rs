//! How the application speaks to a room that a driver runs.

use mpotr_core::crypto::rand_core::CryptoRng;
use mpotr_core::crypto::{CryptoSuite, IdentityKey};
use mpotr_core::{
    AttemptId, EpochName, LastHeard, Policy, PolicyError, Room, RoundId, Seen, SendError,
    SharedSecret, TextId, Timestamp, VerifyError, Vote, VoteError,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::tell_if_news;

/// What a handle asks of the driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Send a text.
    Send {
        body: Vec<u8>,
        seen: Seen,
        reply: oneshot::Sender<Result<TextId, SendError>>,
    },
    /// Let a text leave that is held.
    Release {
        text_id: TextId,
        seen: Seen,
        reply: oneshot::Sender<Result<(), SendError>>,
    },
    /// Take back a text that waits or is held.
    Discard {
        text_id: TextId,
        reply: oneshot::Sender<Option<Vec<u8>>>,
    },
    /// Let a person in.
    Admit {
        identity: IdentityKey,
        reply: oneshot::Sender<Result<(), VoteError>>,
    },
    /// Leave a member out.
    Exclude {
        identity: IdentityKey,
        reply: oneshot::Sender<Result<(), VoteError>>,
    },
    /// Become one with another room.
    Merge {
        name: EpochName,
        reply: oneshot::Sender<Result<(), VoteError>>,
    },
    /// Take back what was asked for about a person.
    Withdraw(Vote),
    /// Make an epoch with fresh keys.
    Refresh,
    /// Give the room another policy.
    ChangePolicy {
        policy: Policy,
        reply: oneshot::Sender<Result<(), PolicyError>>,
    },
    /// Ask a member whether it knows the same secret.
    VerifyStart {
        identity: IdentityKey,
        secret: SharedSecret,
        question: String,
        reply: oneshot::Sender<Result<AttemptId, VerifyError>>,
    },
    /// Answer a member that asks so.
    VerifyAnswer {
        attempt: AttemptId,
        secret: SharedSecret,
        reply: oneshot::Sender<Result<(), VerifyError>>,
    },
    /// Give an attempt up.
    VerifyAbort(AttemptId),
    /// Ask for the code of the room.
    RoomCode {
        reply: oneshot::Sender<Result<RoundId, VerifyError>>,
    },
    /// Tell how long ago others were heard.
    LastHeard { reply: oneshot::Sender<LastHeard> },
    /// Leave the room in order.
    Leave,
    /// Leave the room in order if it is secure and nobody has asked for that before, or else at once.
    Stop,
}

impl Command {
    /// Carries the command out on the room, and answers.
    pub(super) fn give_to<S: CryptoSuite>(
        self,
        room: &mut Room<S>,
        now: Timestamp,
        takes_texts: &watch::Sender<bool>,
        rng: &mut dyn CryptoRng,
    ) {
        match self {
            Self::Send { body, seen, reply } => {
                let taken = room.send(now, body, seen);
                // Before the answer: a caller that has it may look at once whether the next text is taken, too.
                tell_if_news(takes_texts, room.takes_texts());
                // A caller that no longer waits for the answer has dropped its end: nothing to do.
                let _ = reply.send(taken);
            }
            Self::Release {
                text_id,
                seen,
                reply,
            } => {
                let _ = reply.send(room.release(now, text_id, seen));
            }
            Self::Discard { text_id, reply } => {
                let body = room.discard(now, text_id);
                tell_if_news(takes_texts, room.takes_texts());
                let _ = reply.send(body);
            }
            Self::Admit { identity, reply } => {
                let _ = reply.send(room.admit(now, identity));
            }
            Self::Exclude { identity, reply } => {
                let _ = reply.send(room.exclude(now, identity));
            }
            Self::Merge { name, reply } => {
                let _ = reply.send(room.merge(now, name));
            }
            Self::Withdraw(vote) => {
                // If it was not asked for, there is nothing to take back.
                let _was_asked_for = room.withdraw(now, &vote);
            }
            Self::Refresh => room.refresh(now),
            Self::ChangePolicy { policy, reply } => {
                let _ = reply.send(room.change_policy(now, policy));
            }
            Self::VerifyStart {
                identity,
                secret,
                question,
                reply,
            } => {
                let _ = reply.send(room.verify_start(now, identity, &secret, &question, rng));
            }
            Self::VerifyAnswer {
                attempt,
                secret,
                reply,
            } => {
                let _ = reply.send(room.verify_answer(now, attempt, &secret, rng));
            }
            Self::VerifyAbort(attempt) => room.verify_abort(now, attempt, rng),
            Self::RoomCode { reply } => {
                let _ = reply.send(room.room_code(now, rng));
            }
            Self::LastHeard { reply } => {
                let _ = reply.send(room.last_heard(now));
            }
            Self::Leave => room.leave(now),
            Self::Stop => room.stop(now),
        }
    }
}

/// Speaks to a room that a driver runs. Clones speak to the same room; when the last one is dropped, the room is left.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    commands: mpsc::Sender<Command>,
    is_writable: watch::Receiver<bool>,
}

/// Why a room did not do what a handle asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The room did not take the text.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The members of the room could not fulfil the policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The room has as many requests open as it may.
    #[error(transparent)]
    Vote(#[from] VoteError),
    /// Nothing is found out about who is who.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The room has ended, or its transport is lost.
    #[error("the room has ended")]
    Ended,
}

impl RoomHandle {
    pub(super) fn new(
        capacity: usize,
        is_writable: watch::Receiver<bool>,
    ) -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(capacity);
        let handle = Self {
            commands,
            is_writable,
        };
        (handle, receiver)
    }

    /// Waits until the room takes a text of any length. An application with more to send than the room may have on its
    /// way waits here between two texts. It must go on reading events meanwhile, or no place becomes free.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn writable(&self) -> Result<(), HandleError> {
        let mut is_writable = self.is_writable.clone();
        let waited = is_writable.wait_for(|is_writable| *is_writable).await;
        waited.map(|_| ()).map_err(|_closed| HandleError::Ended)
    }

    /// Sends a text to the roster that its author has `seen`: [`Seen::Epoch`] names the one of the last
    /// [`Event::Secure`](mpotr_core::Event::Secure) that the application has shown. The answer is that of the room: the text
    /// is on its way, or waits. What becomes of it, events tell.
    ///
    /// # Errors
    /// The room does not take the text, or has ended. Of [`SendError::QueueFull`], [`RoomHandle::writable`] tells the end.
    pub async fn send(
        &self,
        body: impl Into<Vec<u8>> + Send,
        seen: Seen,
    ) -> Result<TextId, HandleError> {
        let body = body.into();
        let (reply, answer) = oneshot::channel();
        self.command(Command::Send { body, seen, reply }).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Lets a text leave that is held ([`Event::Held`](mpotr_core::Event::Held)): its author has `seen` who reads it now.
    ///
    /// # Errors
    /// It is not held, stays so for a reason, or the room has ended.
    pub async fn release(&self, text_id: TextId, seen: Seen) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Release {
            text_id,
            seen,
            reply,
        })
        .await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Takes a text back that waits or is held, and gives it back; `None` of any other.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn discard(&self, text_id: TextId) -> Result<Option<Vec<u8>>, HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Discard { text_id, reply }).await?;
        answer.await.map_err(|_dropped| HandleError::Ended)
    }

    /// Asks that a person be let in, where the policy of the room wants this member's word for it.
    ///
    /// # Errors
    /// Too much is asked for already, or the room has ended.
    pub async fn admit(&self, identity: IdentityKey) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Admit { identity, reply }).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Asks that a member be left out of the next epoch, as far as the policy of the room lets this member.
    ///
    /// # Errors
    /// Too much is asked for already, or the room has ended.
    pub async fn exclude(&self, identity: IdentityKey) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Exclude { identity, reply }).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Asks that this room and another become one, as far as the policy of the room lets this member.
    ///
    /// # Errors
    /// Too much is asked for already, or the room has ended.
    pub async fn merge(&self, name: EpochName) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Merge { name, reply }).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Takes back what was asked for, as far as the others have not acted on it.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn withdraw(&self, vote: Vote) -> Result<(), HandleError> {
        self.command(Command::Withdraw(vote)).await
    }

    /// Asks for an epoch with fresh keys.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn refresh(&self) -> Result<(), HandleError> {
        self.command(Command::Refresh).await
    }

    /// Asks for another policy, as far as the present one lets this member.
    ///
    /// # Errors
    /// The members of the room could not use it, or the room has ended.
    pub async fn change_policy(&self, policy: Policy) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::ChangePolicy { policy, reply })
            .await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Asks the person of another member whether it knows the same secret. An event tells what comes of it.
    ///
    /// # Errors
    /// The attempt has not begun, or the room has ended.
    pub async fn verify_start(
        &self,
        identity: IdentityKey,
        secret: SharedSecret,
        question: String,
    ) -> Result<AttemptId, HandleError> {
        let (reply, answer) = oneshot::channel();
        let start = Command::VerifyStart {
            identity,
            secret,
            question,
            reply,
        };
        self.command(start).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Answers a member that asks so, by what the person has typed.
    ///
    /// # Errors
    /// No such attempt waits for an answer, or the room has ended.
    pub async fn verify_answer(
        &self,
        attempt: AttemptId,
        secret: SharedSecret,
    ) -> Result<(), HandleError> {
        let (reply, answer) = oneshot::channel();
        let given = Command::VerifyAnswer {
            attempt,
            secret,
            reply,
        };
        self.command(given).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// Gives an attempt up, which counts as a failure on both sides.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn verify_abort(&self, attempt: AttemptId) -> Result<(), HandleError> {
        self.command(Command::VerifyAbort(attempt)).await
    }

    /// Takes part in a round of the room's code, or begins one. An event tells what comes of it.
    ///
    /// # Errors
    /// The room is not secure, or has ended.
    pub async fn room_code(&self) -> Result<RoundId, HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::RoomCode { reply }).await?;
        Ok(answer.await.map_err(|_dropped| HandleError::Ended)??)
    }

    /// How long ago others were heard.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn last_heard(&self) -> Result<LastHeard, HandleError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::LastHeard { reply }).await?;
        answer.await.map_err(|_dropped| HandleError::Ended)
    }

    /// Leaves the room in order: after what was sent before has reached the others. An event tells when that is done. Where the
    /// transport is lost, another is waited for, if the driver can make one, for a minute at most.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn leave(&self) -> Result<(), HandleError> {
        self.command(Command::Leave).await
    }

    /// Leaves the room as [`RoomHandle::leave`] does if it is secure. One that is not, or that is being left already, ends at
    /// once: what waits to be sent never is, and events say so. No other transport is waited for.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn stop(&self) -> Result<(), HandleError> {
        self.command(Command::Stop).await
    }

    async fn command(&self, command: Command) -> Result<(), HandleError> {
        self.commands
            .send(command)
            .await
            .map_err(|_closed| HandleError::Ended)
    }
}
