//! What a program writes to its standard error: words for the person, in lines, as many and as long as a person reads.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::process::ChildStderr;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

/// The most characters of a line.
const MOST_OF_LINE: usize = 400;

/// The most bytes that are looked through for the end of a line.
const LINE_LIMIT: usize = 16 << 10;

/// The most lines that wait to be told.
const MOST: usize = 32;

/// How long the last words of a program are waited for that has ended.
const LAST: Duration = Duration::from_secs(2);

/// What a program says.
#[derive(Debug)]
pub(super) struct Words {
    /// Lines to be told. Those for which there is no place are counted.
    heard: Mutex<Receiver<String>>,
    /// The last one, with or without a place.
    last: watch::Receiver<String>,
}

impl Words {
    /// Reads what a program writes for as long as it does, so that it never waits for a reader.
    pub(super) fn of(pipe: ChildStderr) -> Self {
        let (said, heard) = mpsc::channel(MOST);
        let (latest, last) = watch::channel(String::new());
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
        (!is_told).then(|| self.last.borrow().clone())
    }
}

async fn read(pipe: ChildStderr, said: Sender<String>, latest: watch::Sender<String>) {
    let codec = AnyDelimiterCodec::new_with_max_length(vec![b'\n'], vec![], LINE_LIMIT);
    let mut lines = FramedRead::new(pipe, codec);
    let mut missed = 0_usize;
    loop {
        let line = match lines.next().await {
            Some(Ok(line)) => shown(&line),
            // The codec goes on behind it; between the two the stream says once that it has ended.
            Some(Err(AnyDelimiterCodecError::MaxChunkLengthExceeded)) => {
                let _not_the_end = lines.next().await;
                None
            }
            Some(Err(AnyDelimiterCodecError::Io(_))) | None => return,
        };
        let Some(line) = line else {
            continue;
        };
        latest.send_replace(line.clone());
        let line = match missed {
            0 => line,
            _ => format!("({missed} lines more, and then) {line}"),
        };
        match said.try_send(line) {
            Ok(()) => missed = 0,
            Err(_full_or_unheard) => missed = missed.saturating_add(1),
        }
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

    use super::shown;

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
