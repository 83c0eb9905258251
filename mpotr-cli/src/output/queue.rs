//! Lines on their way out. A thread of its own writes them: a reader that does not read keeps nobody else waiting.
//!
//! One thread writes to both streams, so that lines are in the order in which things happened, wherever both are shown. Who
//! has more to print asks first whether there is room: what one event or one command prints is taken whole, so the queue
//! is bounded by [`ROOM`] and the most that one of these prints.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::{OutputError, Stream};

/// With so many bytes that wait there is no room for more.
const ROOM: usize = 1 << 18;

/// A line for a stream.
struct Piece {
    stream: Stream,
    shown: String,
    /// What is done once it is written.
    then: Option<Then>,
}

/// What is done in the thread that writes.
pub(super) type Then = Box<dyn FnOnce() + Send>;

/// What is still to be written.
#[derive(Debug, Default)]
struct State {
    bytes: usize,
    /// Lines of standard output.
    results: usize,
    /// Why standard output takes nothing more, until it is told.
    failed: Option<OutputError>,
}

/// Lines on their way out.
#[derive(Debug)]
pub(super) struct Queue {
    pieces: Sender<Piece>,
    state: Arc<watch::Sender<State>>,
    /// Closed when all is written and the thread has ended.
    ended: Receiver<()>,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn start() -> io::Result<Self> {
        let (pieces, receiver) = channel();
        let (alive, ended) = channel();
        let state = Arc::new(watch::Sender::new(State::default()));
        let shared = Arc::clone(&state);
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || {
                write_all(&receiver, &shared);
                drop(alive);
            })?;
        Ok(Self {
            pieces,
            state,
            ended,
        })
    }

    /// Takes a line.
    pub(super) fn push(&self, stream: Stream, shown: String, then: Option<Then>) {
        self.state.send_modify(|state| {
            state.bytes = state.bytes.saturating_add(shown.len());
            let results = usize::from(stream == Stream::Results);
            state.results = state.results.saturating_add(results);
        });
        // The thread lives as long as this does.
        let _taken = self.pieces.send(Piece {
            stream,
            shown,
            then,
        });
    }

    /// Whether there is room for what an event may print.
    pub(super) fn has_room(&self) -> bool {
        self.state.borrow().bytes < ROOM
    }

    /// Waits for room.
    pub(super) async fn room(&self) {
        self.until(|state| state.bytes < ROOM).await;
    }

    /// Waits until all is written.
    pub(super) async fn empty(&self) {
        self.until(|state| state.bytes == 0).await;
    }

    /// Waits until standard output takes nothing more.
    pub(super) async fn failure(&self) -> OutputError {
        loop {
            self.until(|state| state.failed.is_some()).await;
            if let Some(error) = self.failed() {
                return error;
            }
        }
    }

    /// Why standard output takes nothing more, once.
    pub(super) fn failed(&self) -> Option<OutputError> {
        let mut failed = None;
        self.state.send_if_modified(|state| {
            failed = state.failed.take();
            false
        });
        failed
    }

    /// Lines of standard output that are not written.
    pub(super) fn unwritten(&self) -> usize {
        self.state.borrow().results
    }

    /// Ends the thread, and waits for that for so long. Returns whether all is written.
    pub(super) fn end(self, limit: Duration) -> bool {
        drop(self.pieces);
        matches!(
            self.ended.recv_timeout(limit),
            Err(RecvTimeoutError::Disconnected)
        )
    }

    async fn until(&self, is_so: impl FnMut(&State) -> bool) {
        // The sender lives as long as this does.
        let mut state = self.state.subscribe();
        let _reached = state.wait_for(is_so).await;
    }
}

/// Writes what comes, to the end. After its first error standard output is left alone.
fn write_all(pieces: &Receiver<Piece>, state: &watch::Sender<State>) {
    let mut is_broken = false;
    for Piece {
        stream,
        shown,
        then,
    } in pieces
    {
        let written = match stream {
            Stream::Results if is_broken => Ok(()),
            Stream::Results => stream.write(&shown),
            Stream::Notices => {
                // There is nowhere left to tell that standard error is closed, and no result depends on it.
                let _unheard = stream.write(&shown);
                Ok(())
            }
        };
        is_broken |= written.is_err();
        if let Some(then) = then {
            then();
        }
        state.send_modify(|state| {
            state.bytes = state.bytes.saturating_sub(shown.len());
            let results = usize::from(stream == Stream::Results);
            state.results = state.results.saturating_sub(results);
            if let Err(error) = written {
                state.failed = Some(error.into());
            }
        });
    }
}
