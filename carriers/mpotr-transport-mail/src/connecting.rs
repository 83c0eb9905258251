//! A connection to a server of mail, encrypted from its beginning, by a word before all else, or, on this machine, not.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;

use lettre::transport::smtp::client::AsyncTokioStream;
use mpotr_carrier::{CloseCode, Closed, Server};
use mpotr_transport::Tls;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For a connection, and for each word and its answer: a server that is gone says nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The most that a server says in clear.
const MOST_IN_CLEAR: usize = 16_384;

/// What a server of mail speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// RFC 9051.
    Imap,
    /// RFC 5321.
    Smtp,
}

impl Speaks {
    /// What a server says first, which one that has encrypted a connection does not say again.
    const fn greeting(self) -> &'static [u8] {
        match self {
            Self::Imap => b"* OK encrypted\r\n",
            Self::Smtp => b"220 encrypted\r\n",
        }
    }
}

/// How a connection is encrypted.
#[derive(Clone, Debug)]
pub(crate) enum Encrypts {
    /// From its beginning: RFC 8314.
    AtOnce(Tls),
    /// Once the server was asked to (STARTTLS). Before, nothing is said that matters.
    Later(Tls),
    /// Never: it stays on this machine.
    Never,
}

trait Way: AsyncRead + AsyncWrite + Send + Sync + Unpin + core::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + core::fmt::Debug> Way for T {}

/// A connection, encrypted or not.
#[derive(Debug)]
pub(crate) struct Stream {
    way: Box<dyn Way>,
    place: SocketAddr,
    /// What is read before all that comes.
    greeting: &'static [u8],
}

impl Stream {
    /// Connects, and encrypts if that is asked for.
    pub(crate) async fn to(
        server: &Server,
        encrypts: &Encrypts,
        speaks: Speaks,
    ) -> Result<Self, Closed> {
        within(PATIENCE, async {
            let reached = TcpStream::connect((server.host.as_str(), server.port)).await;
            let place = |error: io::Error| {
                let text = format!("no connection to {}:{}: {error}", server.host, server.port);
                Closed::new(CloseCode::Unreachable, text)
            };
            let mut reached = reached.map_err(place)?;
            let addr = reached.peer_addr().map_err(place)?;
            let (way, greeting): (Box<dyn Way>, &[u8]) = match encrypts {
                Encrypts::AtOnce(tls) => {
                    let way = tls.connect(&server.host, reached).await?;
                    (Box::new(way), &[])
                }
                Encrypts::Later(tls) => {
                    ask_to_encrypt(&mut reached, speaks).await?;
                    let way = tls.connect(&server.host, reached).await?;
                    (Box::new(way), speaks.greeting())
                }
                Encrypts::Never => (Box::new(reached), &[]),
            };
            Ok(Self {
                way,
                place: addr,
                greeting,
            })
        })
        .await
    }
}

/// Asks a server to encrypt a connection that it has just taken.
///
/// # Errors
/// It does not: then nothing more is said to it.
async fn ask_to_encrypt(way: &mut TcpStream, speaks: Speaks) -> Result<(), Closed> {
    let mut clear = Clear { way, read: 0 };
    let is_willing = match speaks {
        Speaks::Imap => {
            clear.line().await?;
            clear.say("a STARTTLS\r\n").await?;
            loop {
                let line = clear.line().await?.to_ascii_uppercase();
                if let Some(answer) = line.strip_prefix("A ") {
                    break answer.starts_with("OK");
                }
            }
        }
        Speaks::Smtp => {
            clear.reply().await? == "220"
                && {
                    clear.say("EHLO [127.0.0.1]\r\n").await?;
                    clear.reply().await? == "250"
                }
                && {
                    clear.say("STARTTLS\r\n").await?;
                    clear.reply().await? == "220"
                }
        }
    };
    match is_willing {
        true => Ok(()),
        false => Err(Closed::new(
            CloseCode::Tls,
            "the mail server does not encrypt connections (STARTTLS)",
        )),
    }
}

/// A connection in clear. It is read byte by byte: what stands behind the word to encrypt is the encryption's, and who has put
/// something else there has broken it.
struct Clear<'a> {
    way: &'a mut TcpStream,
    read: usize,
}

impl Clear<'_> {
    async fn say(&mut self, words: &str) -> Result<(), Closed> {
        let said = self.way.write_all(words.as_bytes()).await;
        said.map_err(|error| Closed::new(CloseCode::Unreachable, error))
    }

    async fn line(&mut self) -> Result<String, Closed> {
        let mut line = Vec::new();
        loop {
            let byte = self.way.read_u8().await;
            let byte = byte.map_err(|error| Closed::new(CloseCode::Unreachable, error))?;
            self.read = self.read.saturating_add(1);
            if self.read > MOST_IN_CLEAR {
                let text = "what answers is no server of mail";
                return Err(Closed::new(CloseCode::Protocol, text));
            }
            if byte == b'\n' {
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            line.push(byte);
        }
    }

    /// The code of a reply of SMTP, which may have many lines.
    async fn reply(&mut self) -> Result<String, Closed> {
        loop {
            let line = self.line().await?;
            match line.split_at_checked(3) {
                Some((_, more)) if more.starts_with('-') => {}
                Some((code, _)) => return Ok(code.to_owned()),
                None => return Ok(line),
            }
        }
    }
}

/// Waits for something for so long.
pub(crate) async fn within<T>(
    time: Duration,
    what: impl Future<Output = Result<T, Closed>>,
) -> Result<T, Closed> {
    match timeout(time, what).await {
        Ok(done) => done,
        Err(_elapsed) => Err(Closed::new(
            CloseCode::Unreachable,
            "the mail server does not answer in time",
        )),
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.place)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let fits = self.greeting.len().min(into.remaining());
            let (now, later) = self.greeting.split_at(fits);
            into.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.way).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.way).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_carrier::{CloseCode, Server, pins};
    use mpotr_transport::Tls;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{Encrypts, Speaks, Stream};

    /// What a connection comes to whose server says these things, one after each thing that it is told, and all that it was told.
    async fn told(speaks: Speaks, says: &[&str]) -> (CloseCode, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let server = Server::read(&at, 1).unwrap();
        let tls = Tls::new(&pins(&"00".repeat(32)).unwrap(), None).unwrap();
        let encrypts = Encrypts::Later(tls);
        let served = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            for (number, words) in says.iter().enumerate() {
                if number > 0 {
                    let mut line = [0; 1_024];
                    let length = stream.read(&mut line).await.unwrap();
                    heard.extend_from_slice(&line[..length]);
                }
                stream.write_all(words.as_bytes()).await.unwrap();
            }
            stream.shutdown().await.unwrap();
            // It may hang up with what it was told unread.
            let _rest = stream.read_to_end(&mut heard).await;
            heard
        };
        let (stream, heard) = tokio::join!(Stream::to(&server, &encrypts, speaks), served);
        let heard = String::from_utf8_lossy(&heard).into_owned();
        (stream.unwrap_err().code, heard)
    }

    #[tokio::test]
    async fn a_server_that_does_not_encrypt_is_told_nothing_more() {
        let imap = told(Speaks::Imap, &["* OK hello\r\n", "* 1\r\na BAD no\r\n"]).await;
        assert_eq!(imap, (CloseCode::Tls, "a STARTTLS\r\n".to_owned()));
        let hello = "250-mail\r\n250 SIZE 5\r\n";
        let smtp = told(Speaks::Smtp, &["220 hello\r\n", hello, "502 no\r\n"]).await;
        let said = "EHLO [127.0.0.1]\r\nSTARTTLS\r\n".to_owned();
        assert_eq!(smtp, (CloseCode::Tls, said));
        let busy = told(Speaks::Smtp, &["554-not\r\n554 now\r\n"]).await;
        assert_eq!(busy, (CloseCode::Tls, String::new()));
    }

    /// One who is on the way could else say something in clear that is taken for a word of the server.
    #[tokio::test]
    async fn what_stands_behind_the_word_to_encrypt_is_never_read_as_the_servers() {
        let more = "a OK go on\r\na OK you are logged in\r\n";
        let (code, heard) = told(Speaks::Imap, &["* OK hello\r\n", more]).await;
        assert_eq!(code, CloseCode::Tls);
        assert!(heard.starts_with("a STARTTLS\r\n\u{16}"), "{heard:?}");
    }

    #[tokio::test]
    async fn what_says_too_much_in_clear_is_no_server_of_mail() {
        let long = "x".repeat(super::MOST_IN_CLEAR + 1);
        let (code, _) = told(Speaks::Smtp, &[&long]).await;
        assert_eq!(code, CloseCode::Protocol);
    }
}
