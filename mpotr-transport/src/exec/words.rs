//! What a program writes to its standard error: words for the person, in lines, as many and as long as a person reads.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::process::ChildStderr;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

/// The most characters of a line.
const MOST_OF_LINE: usize = 400;

/// The most bytes that are looked through for the end of a line.
const LINE_LIMIT: usize = 16 << 10;

/// The most lines that wait to be told, and that are told at once; after that one in a second is.
const MOST: usize = 32;

const SECOND: Duration = Duration::from_secs(1);

/// How long the last words of a program are waited for that has ended.
const LAST: Duration = Duration::from_secs(2);

/// What a program says.
#[derive(Debug)]
pub(super) struct Words {
    /// Lines to be told. Those for which there is no place are counted.
    heard: Mutex<Receiver<String>>,
    /// The last one, and whether it has a place.
    last: watch::Receiver<(String, bool)>,
}

impl Words {
    /// Reads what a program writes for as long as it does, so that it never waits for a reader.
    pub(super) fn of(pipe: ChildStderr) -> Self {
        let (said, heard) = mpsc::channel(MOST);
        let (latest, last) = watch::channel((String::new(), true));
        tokio::spawn(read(pipe, said, latest));
        let heard = Mutex::new(heard);
        Self { heard, last }
    }

    /// The next line. None comes after the end.
    pub(super) async fn next(&self) -> String {
        match self.heard.lock().await.recv().await {
            Some(line) => line,
            None => core::future::pending().await,
        }
    }

    /// The last line of a program that has ended, unless it was told.
    pub(super) async fn last(&self) -> Option<String> {
        let mut is_told = true;
        let reading = async {
            let mut heard = self.heard.lock().await;
            while heard.recv().await.is_some() {
                is_told = false;
            }
        };
        // Another program may hold the pipe open.
        let _in_time = timeout(LAST, reading).await;
        let (line, has_place) = self.last.borrow().clone();
        (!is_told || !has_place).then_some(line)
    }
}

async fn read(pipe: ChildStderr, said: Sender<String>, latest: watch::Sender<(String, bool)>) {
    let codec = AnyDelimiterCodec::new_with_max_length(vec![b'\n'], vec![], LINE_LIMIT);
    let mut lines = FramedRead::new(pipe, codec);
    let (mut missed, mut allowance) = (0_usize, Allowance::new(Instant::now()));
    loop {
        let line = match lines.next().await {
            Some(Ok(line)) => shown(&line),
            // The codec goes on behind it; between the two the stream says once that it has ended.
            Some(Err(AnyDelimiterCodecError::MaxChunkLengthExceeded)) => {
                let _not_the_end = lines.next().await;
                missed = missed.saturating_add(1);
                None
            }
            Some(Err(AnyDelimiterCodecError::Io(_))) | None => return,
        };
        let Some(line) = line else {
            continue;
        };
        let counted = match missed {
            0 => line.clone(),
            _ => format!("({missed} lines more, and then) {line}"),
        };
        let has_place = allowance.take(Instant::now()) && said.try_send(counted).is_ok();
        missed = if has_place {
            0
        } else {
            missed.saturating_add(1)
        };
        latest.send_replace((line, has_place));
    }
}

/// How many lines may be told.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    lines: usize,
    since: Instant,
}

impl Allowance {
    const fn new(now: Instant) -> Self {
        Self {
            lines: MOST,
            since: now,
        }
    }

    /// Whether one more may.
    fn take(&mut self, now: Instant) -> bool {
        while self.lines < MOST && now.saturating_duration_since(self.since) >= SECOND {
            self.lines = self.lines.saturating_add(1);
            self.since = self.since.checked_add(SECOND).unwrap_or(now);
        }
        if self.lines >= MOST {
            self.since = now;
        }
        let may = self.lines > 0;
        self.lines = self.lines.saturating_sub(1);
        may
    }
}

/// A line as it is told, if there is anything in it.
fn shown(line: &Bytes) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    let cut: String = line.chars().take(MOST_OF_LINE).collect();
    let is_whole = cut.len() == line.len();
    (!line.is_empty()).then(|| if is_whole { cut } else { cut + ".." })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::time::Instant;

    use super::{Allowance, MOST, SECOND, shown};

    #[test]
    fn many_lines_are_told_at_once_and_then_one_in_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let told = (0..1_000).filter(|_| allowance.take(start)).count();
        assert_eq!(told, MOST);
        let later = start + 3 * SECOND;
        let told = (0..1_000).filter(|_| allowance.take(later)).count();
        assert_eq!(told, 3);
        // After a long quiet time it is as at first, and no more.
        let later = later + 1_000 * SECOND;
        let told = (0..1_000).filter(|_| allowance.take(later)).count();
        assert_eq!(told, MOST);
    }

    #[test]
    fn a_line_is_cut_and_an_empty_one_is_none() {
        assert_eq!(shown(&Bytes::from_static(b" \r")), None);
        let line = shown(&Bytes::from_static(b"no \xff such host\r"));
        assert_eq!(line.as_deref(), Some("no \u{fffd} such host"));
        let long = "\u{e9}".repeat(500);
        let line = shown(&Bytes::from(long)).unwrap();
        assert_eq!(line.chars().count(), 402);
    }
}
