//! Lines to standard output, from a thread of their own: a host that does not read holds up nothing but what is read of it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use mpotr_transport::CancellationToken;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// Lines that are unread before nothing more is read.
const MOST_LINES: usize = 4_096;

/// Bytes of them.
const MOST_BYTES: usize = 8 << 20;

/// What waits to be written.
#[derive(Debug, Default)]
struct Unread {
    lines: AtomicUsize,
    bytes: AtomicUsize,
    written: Notify,
}

/// Writes lines.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Option<mpsc::UnboundedSender<String>>,
    unread: Arc<Unread>,
    /// The reader is gone, or all is written.
    over: CancellationToken,
    failed: CancellationToken,
    /// Why nothing more could be written.
    why: Arc<OnceLock<io::Error>>,
}

impl Writer {
    /// Begins.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(mut to: impl Write + Send + 'static) -> anyhow::Result<Self> {
        let (sender, mut lines) = mpsc::unbounded_channel::<String>();
        let unread = Arc::new(Unread::default());
        let (over, failed) = (CancellationToken::new(), CancellationToken::new());
        let writer = Self {
            lines: Some(sender),
            unread: Arc::clone(&unread),
            over: over.clone(),
            failed: failed.clone(),
            why: Arc::default(),
        };
        let why = Arc::clone(&writer.why);
        let write = move || {
            let mut write = |line: &str| -> io::Result<()> {
                to.write_all(line.as_bytes())?;
                to.write_all(b"\n")?;
                to.flush()
            };
            while let Some(line) = lines.blocking_recv() {
                if let Err(error) = write(&line) {
                    // It is said once.
                    let _said = why.set(error);
                    failed.cancel();
                    break;
                }
                unread.lines.fetch_sub(1, Ordering::Relaxed);
                unread.bytes.fetch_sub(line.len(), Ordering::Relaxed);
                unread.written.notify_one();
            }
            over.cancel();
        };
        thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(write)
            .context("cannot write to standard output")?;
        Ok(writer)
    }

    /// Writes a line, when its turn comes.
    pub(super) fn write(&self, line: String) {
        self.unread.lines.fetch_add(1, Ordering::Relaxed);
        self.unread.bytes.fetch_add(line.len(), Ordering::Relaxed);
        // If the reader is gone, the loop learns of it.
        let _unwritten = self.lines.as_ref().map(|lines| lines.send(line));
    }

    /// Whether so much is unread that nothing more is to be read.
    pub(super) fn is_full(&self) -> bool {
        self.unread.lines.load(Ordering::Relaxed) >= MOST_LINES
            || self.unread.bytes.load(Ordering::Relaxed) >= MOST_BYTES
    }

    /// Waits until that is over.
    pub(super) async fn drained(&self) {
        while self.is_full() {
            self.unread.written.notified().await;
        }
    }

    /// Waits until nobody reads what is written.
    pub(super) async fn gone(&self) {
        self.failed.cancelled().await;
    }

    /// Writes what waits, as long as it may take.
    ///
    /// # Errors
    /// The reader is gone, or does not read.
    pub(super) async fn finish(&mut self, limit: Duration) -> anyhow::Result<()> {
        self.lines = None;
        let written = timeout(limit, self.over.cancelled()).await;
        written.context("standard output is not read")?;
        match self.why.get() {
            None => Ok(()),
            Some(why) if why.kind() == io::ErrorKind::BrokenPipe => {
                anyhow::bail!("standard output is closed")
            }
            Some(why) => anyhow::bail!("cannot write to standard output: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::{MOST_BYTES, MOST_LINES, Writer};

    /// A host that reads when it is told to.
    struct Slow(mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.recv().map_err(io::Error::other)
        }
    }

    fn writer() -> (Writer, mpsc::Sender<()>) {
        let (reads, host) = mpsc::channel();
        (Writer::start(Slow(host)).unwrap(), reads)
    }

    #[tokio::test]
    async fn so_much_is_unread_and_then_the_host_is_waited_for() {
        let (mut writer, reads) = writer();
        for _ in 1..MOST_LINES {
            writer.write("{}".to_owned());
        }
        assert!(!writer.is_full());
        writer.write("{}".to_owned());
        assert!(writer.is_full());
        reads.send(()).unwrap();
        writer.drained().await;
        assert!(!writer.is_full());
        writer.write("x".repeat(MOST_BYTES));
        assert!(writer.is_full());
        for _ in 0..MOST_LINES {
            reads.send(()).unwrap();
        }
        writer.finish(Duration::from_secs(60)).await.unwrap();
    }

    #[tokio::test]
    async fn a_host_that_is_gone_is_noticed_and_one_that_does_not_read_is_not_waited_for_long() {
        let (mut writer, reads) = writer();
        writer.write("{}".to_owned());
        assert!(writer.finish(Duration::from_millis(10)).await.is_err());
        drop(reads);
        writer.gone().await;
        assert!(writer.finish(Duration::from_secs(60)).await.is_err());
    }

    #[tokio::test]
    async fn why_nothing_can_be_written_is_told() {
        struct Full(io::ErrorKind);
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, told) in [
            (io::ErrorKind::BrokenPipe, "standard output is closed"),
            (
                io::ErrorKind::StorageFull,
                "cannot write to standard output: no storage space",
            ),
        ] {
            let mut writer = Writer::start(Full(kind)).unwrap();
            writer.write("{}".to_owned());
            writer.gone().await;
            let failed = writer.finish(Duration::from_secs(60)).await;
            assert_eq!(failed.unwrap_err().to_string(), told);
        }
    }
}
