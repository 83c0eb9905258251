//! How the application speaks to a room that a driver runs.

use core::fmt;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::{
    AttemptId, EpochName, LastHeard, Participant, Policy, RoundId, Seen, SendError, SharedSecret,
    TextId, Timestamp, VerifyError, Vote, VoteError,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::course::Course;
use super::tell_if_news;

/// What a member is to do, and then to answer.
type Act<M> = Box<dyn FnOnce(&mut M, Timestamp, &watch::Sender<bool>) + Send>;

/// What a handle asks of the driver.
pub(super) enum Command<M> {
    /// Have the member do something.
    Act(Act<M>),
    /// Leave the room in order.
    Leave,
    /// Leave the room in order if it is secure and nobody has asked for that before, or else at once.
    Stop,
}

impl<M: Participant> Command<M> {
    /// Carries the command out on the room, and answers.
    pub(super) fn give_to(
        self,
        room: &mut M,
        course: &mut Course,
        takes_texts: &watch::Sender<bool>,
    ) {
        let now = course.now();
        match self {
            Self::Act(act) => act(room, now, takes_texts),
            Self::Leave => {
                course.leave();
                room.leave(now);
            }
            Self::Stop => {
                course.stop();
                room.stop(now);
            }
        }
    }
}

impl<M> fmt::Debug for Command<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Act(_) => "Act",
            Self::Leave => "Leave",
            Self::Stop => "Stop",
        })
    }
}

/// Speaks to a room that a driver runs. Clones speak to the same room; when the last one is dropped, the room is left.
#[derive(Debug)]
pub struct RoomHandle<M> {
    commands: mpsc::Sender<Command<M>>,
    is_writable: watch::Receiver<bool>,
}

impl<M> Clone for RoomHandle<M> {
    fn clone(&self) -> Self {
        Self {
            commands: self.commands.clone(),
            is_writable: self.is_writable.clone(),
        }
    }
}

/// Why a room did not do what a handle asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The room did not take the text.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The others are not asked.
    #[error(transparent)]
    Vote(#[from] VoteError),
    /// Nothing is found out about who is who.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The room has ended, or its transport is lost.
    #[error("the room has ended")]
    Ended,
}

impl<M: Participant> RoomHandle<M> {
    pub(super) fn new(
        capacity: usize,
        is_writable: watch::Receiver<bool>,
    ) -> (Self, mpsc::Receiver<Command<M>>) {
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
    /// event `Secure` that the application has shown. The answer is that of the room: the text
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
        Ok(self
            .act(move |room, now| room.send(now, body, seen))
            .await??)
    }

    /// Lets a text leave that is held (the event `Held`): its author has `seen` who reads it now.
    ///
    /// # Errors
    /// It is not held, stays so for a reason, or the room has ended.
    pub async fn release(&self, text_id: TextId, seen: Seen) -> Result<(), HandleError> {
        let release = move |room: &mut M, now| room.release(now, text_id, seen);
        Ok(self.act(release).await??)
    }

    /// Takes a text back that waits or is held, and gives it back; `None` of any other.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn discard(&self, text_id: TextId) -> Result<Option<Vec<u8>>, HandleError> {
        self.act(move |room, now| room.discard(now, text_id)).await
    }

    /// Asks that a person be let in, where the policy of the room wants this member's word for it.
    ///
    /// # Errors
    /// The others are not asked, or the room has ended.
    pub async fn admit(&self, identity: IdentityKey) -> Result<(), HandleError> {
        Ok(self
            .act(move |room, now| room.admit(now, identity))
            .await??)
    }

    /// Asks that a member be left out of the next epoch, as far as the policy of the room lets this member.
    ///
    /// # Errors
    /// The others are not asked, or the room has ended.
    pub async fn exclude(&self, identity: IdentityKey) -> Result<(), HandleError> {
        Ok(self
            .act(move |room, now| room.exclude(now, identity))
            .await??)
    }

    /// Asks that this room and another become one, as far as the policy of the room lets this member.
    ///
    /// # Errors
    /// The others are not asked, or the room has ended.
    pub async fn merge(&self, name: EpochName) -> Result<(), HandleError> {
        Ok(self.act(move |room, now| room.merge(now, name)).await??)
    }

    /// Takes back what was asked for, as far as the others have not acted on it.
    ///
    /// # Errors
    /// It was not asked for, or the room has ended.
    pub async fn withdraw(&self, vote: Vote) -> Result<(), HandleError> {
        Ok(self
            .act(move |room, now| room.withdraw(now, &vote))
            .await??)
    }

    /// Asks for an epoch with fresh keys.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn refresh(&self) -> Result<(), HandleError> {
        self.act(|room, now| room.refresh(now)).await
    }

    /// Asks for another policy, as far as the present one lets this member.
    ///
    /// # Errors
    /// The members of the room could not use it, or the room has ended.
    pub async fn change_policy(&self, policy: Policy) -> Result<(), HandleError> {
        let change = move |room: &mut M, now| room.change_policy(now, policy);
        Ok(self.act(change).await??)
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
        let start = move |room: &mut M, now| room.verify_start(now, identity, &secret, &question);
        Ok(self.act(start).await??)
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
        let answer = move |room: &mut M, now| room.verify_answer(now, attempt, &secret);
        Ok(self.act(answer).await??)
    }

    /// Gives an attempt up, which counts as a failure on both sides.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn verify_abort(&self, attempt: AttemptId) -> Result<(), HandleError> {
        self.act(move |room, now| room.verify_abort(now, attempt))
            .await
    }

    /// Takes part in a round of the room's code, or begins one. An event tells what comes of it.
    ///
    /// # Errors
    /// The room is not secure, or has ended.
    pub async fn room_code(&self) -> Result<RoundId, HandleError> {
        Ok(self.act(|room, now| room.room_code(now)).await??)
    }

    /// How long ago others were heard.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn last_heard(&self) -> Result<LastHeard, HandleError> {
        self.act(|room, now| room.last_heard(now)).await
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

    /// Has the member do something, at its time in milliseconds, and gives back what comes of it: all that there is no method for
    /// here, such as `state`, `members`, `mute` and `export` of a `mpotr::Member`.
    ///
    /// The driver does nothing else meanwhile. To leave, there is [`RoomHandle::leave`], of which the driver has to know.
    ///
    /// # Errors
    /// The room has ended.
    pub async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut M, u64) -> T + Send + 'static,
    ) -> Result<T, HandleError> {
        self.act(|room, now| act(room, now.as_millis())).await
    }

    async fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut M, Timestamp) -> T + Send + 'static,
    ) -> Result<T, HandleError> {
        let (reply, answer) = oneshot::channel();
        let act = move |room: &mut M, now: Timestamp, takes_texts: &watch::Sender<bool>| {
            let done = act(room, now);
            // Before the answer: a caller that has it may look at once whether the next text is taken, too.
            tell_if_news(takes_texts, room.takes_texts());
            // A caller that no longer waits for the answer has dropped its end: nothing to do.
            let _ = reply.send(done);
        };
        self.command(Command::Act(Box::new(act))).await?;
        answer.await.map_err(|_dropped| HandleError::Ended)
    }

    async fn command(&self, command: Command<M>) -> Result<(), HandleError> {
        self.commands
            .send(command)
            .await
            .map_err(|_closed| HandleError::Ended)
    }
}
