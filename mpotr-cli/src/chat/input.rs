//! The lines that a person types or a pipe brings, each of bounded length.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;

use super::LINES_AHEAD;

/// A line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A text to send, without its line end.
    Text(String),
    /// Longer than a message can be. The whole line is passed over.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
}

/// The lines of standard input. They are read by a thread of their own, which may wait in a read for as long as the
/// program runs: nothing waits for it.
///
/// # Errors
/// The system gives no thread.
pub(super) fn read_lines(limit: usize) -> io::Result<mpsc::Receiver<io::Result<Line>>> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            let mut input = io::stdin().lock();
            while let Some(line) = next_line(&mut input, limit).transpose() {
                let is_last = line.is_err();
                if sender.blocking_send(line).is_err() || is_last {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

/// The next line of at most `limit` bytes; `None` at the end of the input. Empty lines are lines too.
///
/// # Errors
/// The input cannot be read.
pub(super) fn next_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    // The line end may take two bytes more.
    let most = limit.saturating_add(2);
    let mut bytes = Vec::new();
    input
        .by_ref()
        .take(u64::try_from(most).unwrap_or(u64::MAX))
        .read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let ended = bytes.last() == Some(&b'\n');
    if ended {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    } else if bytes.len() >= most {
        pass_over_line(input)?;
    }
    Ok(Some(match bytes.len() > limit {
        true => Line::TooLong,
        false => String::from_utf8(bytes).map_or(Line::NotUtf8, Line::Text),
    }))
}

/// Reads to the end of a line without keeping it.
fn pass_over_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |end| end.saturating_add(1));
        input.consume(read);
        if end.is_some() || read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Line, next_line};

    const LIMIT: usize = 4;

    /// All lines, through a buffer smaller than a line.
    fn lines(input: &[u8]) -> Vec<Line> {
        let mut input = BufReader::with_capacity(3, input);
        core::iter::from_fn(|| next_line(&mut input, LIMIT).unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn both_line_ends_and_a_last_line_without_one_are_lines() {
        assert_eq!(
            lines(b"a\nb\r\n\nc"),
            [text("a"), text("b"), text(""), text("c")]
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_at_the_limit_is_taken_and_one_byte_more_is_not() {
        assert_eq!(
            lines(b"abcd\nabcd\r\nabcd"),
            [text("abcd"), text("abcd"), text("abcd")]
        );
        assert_eq!(
            lines(b"abcde\nabcde\r\nabcde"),
            [Line::TooLong, Line::TooLong, Line::TooLong]
        );
    }

    #[test]
    fn a_line_far_too_long_is_passed_over_whole() {
        let long = [&[b'x'; 100][..], b"\nok\n"].concat();
        assert_eq!(lines(&long), [Line::TooLong, text("ok")]);
        assert_eq!(lines(&[b'x'; 100]), [Line::TooLong]);
    }

    #[test]
    fn a_line_that_is_no_text_is_told_apart() {
        assert_eq!(lines(b"a\xff\nb\n"), [Line::NotUtf8, text("b")]);
    }
}
