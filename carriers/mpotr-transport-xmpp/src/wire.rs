//! A stream whose two directions go on side by side: what waits to leave never keeps from reading.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::VecDeque;
use std::io;

use futures::{Sink, Stream as _};
use mpotr_carrier::{CloseCode, Closed};
use tokio_xmpp::connect::AsyncReadAndWrite;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::ping::Ping;
use tokio_xmpp::parsers::stanza::Stanza;
use tokio_xmpp::xmlstream::{ReadError, Timeouts, XmlStream};

/// A connection, encrypted or not.
pub(crate) type Io = Box<dyn AsyncReadAndWrite>;

/// A server that says nothing for so long is asked for a word, and is gone if none comes. One that holds back what it reads may
/// be silent for as long as it holds.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    read_timeout: Duration::from_secs(30),
    response_timeout: Duration::from_secs(40),
};

/// Stanzas that wait to leave. Beyond that nothing is answered.
const WAITING: usize = 64;

/// A stream, and what is to leave by it.
pub(crate) struct Wire {
    stream: XmlStream<Io, Element>,
    waiting: VecDeque<Stanza>,
    asked: u64,
}

impl Wire {
    pub(crate) fn new(stream: XmlStream<Io, Element>) -> Self {
        Self {
            stream,
            waiting: VecDeque::new(),
            asked: 0,
        }
    }

    /// Something leaves as soon as the connection takes it.
    pub(crate) fn say(&mut self, stanza: impl Into<Stanza>) {
        self.waiting.push_back(stanza.into());
    }

    /// The same for an answer, which is left out where many wait.
    pub(crate) fn answer(&mut self, stanza: impl Into<Stanza>) {
        if self.waiting.len() < WAITING {
            self.say(stanza);
        }
    }

    /// Writes what waits, and reads what comes next if that is wanted; else it waits for ever. It may be dropped at any time, and
    /// nothing is lost by that.
    pub(crate) async fn next(&mut self, is_read: bool) -> Result<Element, Closed> {
        poll_fn(|context| {
            loop {
                self.write(context)?;
                if !is_read {
                    return Poll::Pending;
                }
                match Pin::new(&mut self.stream).poll_next(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Ok(element))) => return Poll::Ready(Ok(element)),
                    // No element that can be used: it has been read to its end.
                    Poll::Ready(Some(Err(ReadError::ParseError(_bad)))) => {}
                    Poll::Ready(Some(Err(ReadError::SoftTimeout))) => self.ask(),
                    Poll::Ready(Some(Err(ReadError::HardError(error)))) => {
                        return Poll::Ready(Err(lost(&error)));
                    }
                    Poll::Ready(None | Some(Err(ReadError::StreamFooterReceived))) => {
                        let text = "the server has closed the connection";
                        return Poll::Ready(Err(Closed::new(CloseCode::Lost, text)));
                    }
                }
            }
        })
        .await
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Closed> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            match Sink::<&Stanza>::poll_ready(stream.as_mut(), context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Err(lost(&error)),
                Poll::Pending => return Ok(()),
            }
            let Some(next) = self.waiting.pop_front() else {
                break;
            };
            let started = Sink::<&Stanza>::start_send(stream.as_mut(), &next);
            started.map_err(|error| lost(&error))?;
        }
        match Sink::<&Stanza>::poll_flush(stream, context) {
            Poll::Ready(Err(error)) => Err(lost(&error)),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Asks the server for a word.
    fn ask(&mut self) {
        self.asked = self.asked.saturating_add(1);
        let id = format!("ping{}", self.asked);
        self.answer(Iq::from_get(id, Ping));
    }

    /// Writes all that waits, and the end.
    pub(crate) async fn close(mut self) -> Result<(), Closed> {
        poll_fn(|context| {
            if let Err(closed) = self.write(context) {
                return Poll::Ready(Err(closed));
            }
            match self.waiting.is_empty() {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            }
        })
        .await?;
        let shut = self.stream.shutdown().await;
        shut.map_err(|error| lost(&error))
    }
}

/// What broke a connection.
fn lost(error: &io::Error) -> Closed {
    Closed::new(CloseCode::Lost, format!("the connection broke: {error}"))
}

/// Whether an element is what a server says last, and what it says.
pub(crate) fn last_words(element: &Element) -> Option<Closed> {
    if !element.is("error", ns::STREAM) {
        return None;
    }
    let conditions = || {
        element
            .children()
            .filter(|child| child.has_ns(ns::XMPP_STREAMS))
    };
    let condition = conditions().find(|child| child.name() != "text");
    let condition = condition.map_or("no reason", Element::name);
    let words = conditions().find(|child| child.name() == "text");
    let words = words.map(|words| format!(" ({})", brief(&words.text())));
    let text = format!(
        "the server ends the connection: {condition}{}",
        words.unwrap_or_default()
    );
    let closed = match condition {
        "system-shutdown" => Closed::new(CloseCode::ShuttingDown, text),
        // The same account is there by another connection that calls itself the same.
        "conflict" => Closed::new(CloseCode::Kicked, text),
        "not-authorized" | "host-gone" | "host-unknown" => Closed::new(CloseCode::Refused, text),
        "policy-violation" | "resource-constraint" => {
            Closed::new(CloseCode::Refused, text).retrying(true)
        }
        _ => Closed::new(CloseCode::Lost, text),
    };
    Some(closed)
}

/// A short text of others, on one line.
pub(crate) fn brief(text: &str) -> String {
    let clean = |sign: char| if sign.is_control() { ' ' } else { sign };
    text.chars().map(clean).take(200).collect()
}

#[cfg(test)]
mod tests {
    use mpotr_carrier::CloseCode;
    use tokio_xmpp::minidom::Element;

    use super::last_words;

    fn words(inside: &str) -> (CloseCode, bool, String) {
        let streams = "urn:ietf:params:xml:ns:xmpp-streams";
        let text = format!(
            "<error xmlns='http://etherx.jabber.org/streams'>{}</error>",
            inside.replace("/>", &format!(" xmlns='{streams}'/>"))
        );
        let closed = last_words(&text.parse::<Element>().unwrap()).unwrap();
        (closed.code, closed.retry, closed.text)
    }

    #[test]
    fn what_a_server_says_last_tells_whether_another_connection_helps() {
        for (condition, code, retry) in [
            ("<system-shutdown/>", CloseCode::ShuttingDown, true),
            ("<conflict/>", CloseCode::Kicked, false),
            ("<host-unknown/>", CloseCode::Refused, false),
            ("<policy-violation/>", CloseCode::Refused, true),
            ("<reset/>", CloseCode::Lost, true),
            ("", CloseCode::Lost, true),
        ] {
            let (is_code, is_retried, text) = words(condition);
            assert_eq!((is_code, is_retried), (code, retry), "{text}");
        }
        assert!(last_words(&Element::bare("error", "jabber:client")).is_none());
    }
}
