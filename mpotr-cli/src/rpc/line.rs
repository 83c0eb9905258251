//! Lines of standard input: of bounded length, whatever comes.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// The most bytes of a line: a packet of the greatest length in base64, and what is around it.
pub(super) const MOST: usize = 1 << 21;

/// A line of the host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end.
    Whole(Vec<u8>),
    /// Over [`MOST`]: it was skipped.
    TooLong,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        let reader = BufReader::new(reader);
        Self { reader }
    }

    /// The next line; none at the end. What follows the last line feed is a line if it has a byte.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Some(Vec::new());
        let mut is_empty = true;
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                return Ok((!is_empty).then(|| ended(line)));
            }
            is_empty = false;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
            let fits = |line: &Vec<u8>| line.len().saturating_add(part.len()) <= MOST;
            line = line.filter(fits);
            if let Some(line) = &mut line {
                line.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(end.is_some()));
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(ended(line)));
            }
        }
    }
}

fn ended(line: Option<Vec<u8>>) -> Line {
    line.map_or(Line::TooLong, Line::Whole)
}

/// Reads lines in the background, one ahead.
pub(super) fn read<R: AsyncRead + Unpin + Send + 'static>(
    mut lines: Lines<R>,
) -> mpsc::Receiver<io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(line) = lines.next().await.transpose() {
            let is_over = line.is_err();
            if sender.send(line).await.is_err() || is_over {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines, MOST};

    async fn lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(input);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(line);
        }
        read
    }

    fn whole(text: &[u8]) -> Line {
        Line::Whole(text.to_vec())
    }

    #[tokio::test]
    async fn lines_end_with_a_line_feed_and_the_last_one_with_the_input() {
        assert_eq!(lines(b"").await, []);
        assert_eq!(
            lines(b"a\n\nb").await,
            [whole(b"a"), whole(b""), whole(b"b")]
        );
        assert_eq!(lines(b"a\r\n").await, [whole(b"a\r")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_one_is_read() {
        let most = vec![b'x'; MOST];
        let input = [&most[..], b"\n", &most, b"x\nok\n", &most, b"xx"].concat();
        let read = lines(&input).await;
        assert_eq!(
            read,
            [
                Line::Whole(most),
                Line::TooLong,
                whole(b"ok"),
                Line::TooLong
            ]
        );
    }
}
