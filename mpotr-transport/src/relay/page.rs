//! A page that the relay serves on its port, for people who come with a browser: `docs/spec/07-transport.md`, "A page".
//!
//! It is files of a folder, read once. Each request is answered from memory and ends its connection.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

use super::web_origins::WebOrigins;
use crate::frame::RefusalCode;
use crate::socket::Duplex;

/// The most bytes of all files together. They stay in memory.
const MOST_BYTES: u64 = 32 << 20;

/// The most bytes of the head of a request. Browsers send one or two thousand.
const MOST_HEAD: u64 = 16 << 10;

/// The most lines of it.
const MOST_HEADERS: usize = 64;

/// How long an answer may take: a file on a slow line.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a file is called that is compressed already, beside the one that is not.
const COMPRESSED: &str = "gz";

/// What the page may do: run its own code, and speak with the relay that it comes from. Nothing of any other address.
const HEADERS: &str = "\
Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
trusted-types 'none'\r\n\
Cross-Origin-Embedder-Policy: require-corp\r\n\
Cross-Origin-Opener-Policy: same-origin\r\n\
Cross-Origin-Resource-Policy: same-origin\r\n\
Referrer-Policy: no-referrer\r\n\
X-Content-Type-Options: nosniff\r\n\
Cache-Control: no-store\r\n\
Connection: close\r\n";

/// The status of an answer that is no file, and words for who reads it.
type Refused = (&'static str, &'static str);

const BAD_REQUEST: Refused = ("400 Bad Request", "this is no request of HTTP/1.1\n");
const NOT_FOUND: Refused = ("404 Not Found", "there is no such file\n");
const NOT_ALLOWED: Refused = ("405 Method Not Allowed", "a page is read by GET\n");
const MISDIRECTED: Refused = (
    "421 Misdirected Request",
    "This relay serves its page under its address or as localhost. To serve it under a name, it has to be told the name: \
     mpotr relay --web FOLDER --origin https://NAME\n",
);
const FULL: Refused = (
    "503 Service Unavailable",
    "the relay has as many clients as it takes\n",
);

/// Why a folder is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// It, or something in it, cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no file to begin with.
    #[error("there is no index.html in it")]
    NoIndex,
    /// The name of a file does not say what it is.
    #[error("{} is no kind of file that a page is made of", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// There is too much in it.
    #[error("it has more than {} MiB", MOST_BYTES >> 20)]
    TooLarge,
}

/// The files of a page.
#[derive(Debug)]
pub struct Page {
    /// By the path that asks for it.
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    bytes: Bytes,
    compressed: Option<Bytes>,
}

impl Page {
    /// Reads all files of a folder and of those in it.
    ///
    /// # Errors
    /// It cannot be read, or is no page.
    pub fn read(folder: &Path) -> Result<Self, PageError> {
        let mut read = BTreeMap::new();
        let mut left = MOST_BYTES;
        read_into(folder, "/", &mut left, &mut read)?;
        let mut files = BTreeMap::new();
        for (path, bytes) in &read {
            let (stem, ending) = path.rsplit_once('.').unwrap_or((path, ""));
            if ending == COMPRESSED && read.contains_key(stem) {
                continue;
            }
            let Some(kind) = kind_of(ending) else {
                let path = folder.join(path.trim_start_matches('/'));
                return Err(PageError::Kind { path });
            };
            let file = File {
                kind,
                bytes: bytes.clone(),
                compressed: read.get(&format!("{path}.{COMPRESSED}")).cloned(),
            };
            files.insert(path.clone(), file);
        }
        let index = files.remove("/index.html").ok_or(PageError::NoIndex)?;
        files.insert("/".to_owned(), index);
        Ok(Self { files })
    }

    /// The file that a request is for, or why it gets no file.
    fn file(
        &self,
        request: &httparse::Request<'_, '_>,
        origins: &WebOrigins,
    ) -> Result<&File, Refused> {
        let mut hosts = values(request.headers, "host");
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(BAD_REQUEST);
        };
        if !origins.serves(host) {
            return Err(MISDIRECTED);
        }
        if request.method != Some("GET") {
            return Err(NOT_ALLOWED);
        }
        let path = request.path.unwrap_or_default();
        let path = path.split_once('?').map_or(path, |(path, _query)| path);
        self.files.get(path).ok_or(NOT_FOUND)
    }
}

fn read_into(
    folder: &Path,
    at: &str,
    left: &mut u64,
    read: &mut BTreeMap<String, Bytes>,
) -> Result<(), PageError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| PageError::Read { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let is_plain = |name: &&str| name.bytes().all(is_plain) && !name.starts_with('.');
        let Some(name) = name.filter(is_plain) else {
            return Err(PageError::Kind { path });
        };
        // A link may lead out of the folder, or back into it: it is neither of these.
        let about = path.symlink_metadata().map_err(failed(&path))?;
        if about.is_dir() {
            read_into(&path, &format!("{at}{name}/"), left, read)?;
        } else if about.is_file() {
            // What it says of its length may change until it is read.
            *left = left.checked_sub(about.len()).ok_or(PageError::TooLarge)?;
            let bytes = std::fs::read(&path).map_err(failed(&path))?;
            read.insert(format!("{at}{name}"), bytes.into());
        } else {
            return Err(PageError::Kind { path });
        }
    }
    Ok(())
}

/// Whether a byte of a name stands for itself in the path of a request.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn kind_of(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// What one who speaks HTTP wants.
pub(super) enum Asked {
    /// A WebSocket: this is the stream as it was before the request was read.
    WebSocket(Box<dyn Duplex>),
    /// Anything else, which is answered.
    Other(Answer),
}

/// Reads the head of a request, which is to be a WebSocket's or for a file of the page.
pub(super) async fn asked(
    stream: Box<dyn Duplex>,
    page: &Page,
    origins: &WebOrigins,
) -> io::Result<Asked> {
    let mut stream = BufReader::new(stream);
    let head = head(&mut stream).await?;
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(&head);
    // Where the request ends is said once, by both.
    let is_whole = matches!(parsed, Ok(httparse::Status::Complete(length)) if length == head.len());
    let answer = match (is_whole, &request) {
        (true, request) if says(request.headers, "upgrade", "websocket") => {
            let (reader, writer) = tokio::io::split(stream);
            let reader = Cursor::new(head).chain(reader);
            return Ok(Asked::WebSocket(Box::new(tokio::io::join(reader, writer))));
        }
        (true, request) => match page.file(request, origins) {
            Ok(file) => {
                let takes_compressed = says(request.headers, "accept-encoding", "gzip");
                Answer::file(stream, file, takes_compressed)
            }
            Err(refused) => Answer::plain(stream, refused),
        },
        (false, _) => Answer::plain(stream, BAD_REQUEST),
    };
    Ok(Asked::Other(answer))
}

/// The head of a request, up to and with the empty line behind it, as far as it comes.
async fn head(stream: &mut BufReader<Box<dyn Duplex>>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut lines = stream.take(MOST_HEAD);
    loop {
        let before = head.len();
        lines.read_until(b'\n', &mut head).await?;
        let line = head.get(before..).unwrap_or_default();
        if matches!(line, b"" | b"\n" | b"\r\n") {
            return Ok(head);
        }
    }
}

/// The values of a header, as often as it is there.
fn values<'a>(headers: &'a [httparse::Header<'_>], name: &'a str) -> impl Iterator<Item = &'a str> {
    let of_name = headers.iter();
    let of_name = of_name.filter(move |header| header.name.eq_ignore_ascii_case(name));
    of_name.map(|header| core::str::from_utf8(header.value).unwrap_or_default())
}

/// Whether a header has a word among those that it lists.
fn says(headers: &[httparse::Header<'_>], name: &str, word: &str) -> bool {
    let mut words = values(headers, name).flat_map(|value| value.split(','));
    // Behind `;` are how much it is liked, and other details.
    words.any(|it| {
        let it = it.split(';').next().unwrap_or_default();
        it.trim().eq_ignore_ascii_case(word)
    })
}

/// An answer to a request.
pub(super) struct Answer {
    stream: BufReader<Box<dyn Duplex>>,
    head: String,
    body: Bytes,
}

impl Answer {
    fn plain(stream: BufReader<Box<dyn Duplex>>, (status, words): Refused) -> Self {
        let body = Bytes::from_static(words.as_bytes());
        let kind = "text/plain; charset=utf-8";
        Self::new(stream, status, kind, "", body)
    }

    fn file(stream: BufReader<Box<dyn Duplex>>, file: &File, takes_compressed: bool) -> Self {
        let compressed = file.compressed.clone().filter(|_| takes_compressed);
        let more = match (&file.compressed, &compressed) {
            (None, _) => "",
            (Some(_), None) => "Vary: Accept-Encoding\r\n",
            (Some(_), Some(_)) => "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n",
        };
        let body = compressed.unwrap_or_else(|| file.bytes.clone());
        Self::new(stream, "200 OK", file.kind, more, body)
    }

    fn new(
        stream: BufReader<Box<dyn Duplex>>,
        status: &str,
        kind: &str,
        more: &str,
        body: Bytes,
    ) -> Self {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}{HEADERS}\r\n"
        );
        Self { stream, head, body }
    }

    /// Answers, and ends the connection.
    pub(super) async fn give(mut self) -> io::Result<()> {
        let given = async {
            self.stream.write_all(self.head.as_bytes()).await?;
            self.stream.write_all(&self.body).await?;
            self.stream.shutdown().await?;
            // One who has more to say than is read here would lose the answer with the connection.
            let mut rest = (&mut self.stream).take(MOST_HEAD);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
            Ok(())
        };
        let late = io::ErrorKind::TimedOut;
        timeout(PATIENCE, given)
            .await
            .unwrap_or_else(|_late| Err(late.into()))
    }

    /// Says that the relay takes no more.
    pub(super) async fn refuse(self, code: RefusalCode) -> io::Result<()> {
        tracing::debug!(%code, "a request is turned away");
        Self::plain(self.stream, FULL).give().await
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use tokio::io::{AsyncReadExt as _, BufReader, duplex};
    use tokio::time::Instant;

    use super::{Answer, Duplex, PATIENCE};

    fn answer(room: usize) -> (Answer, tokio::io::DuplexStream) {
        let (ours, theirs) = duplex(room);
        let body = Bytes::from(vec![7; 1 << 16]);
        let ours: Box<dyn Duplex> = Box::new(ours);
        let answer = Answer::new(BufReader::new(ours), "200 OK", "text/plain", "", body);
        (answer, theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_take_its_answer_is_given_up() {
        let (answer, _theirs) = answer(1 << 10);
        let began = Instant::now();
        let error = answer.give().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_keeps_its_connection_after_the_answer_is_given_up() {
        let (answer, mut theirs) = answer(1 << 20);
        let given = tokio::spawn(answer.give());
        let mut taken = Vec::new();
        theirs.read_to_end(&mut taken).await.unwrap();
        assert!(taken.ends_with(&[7; 1 << 16]));
        let began = Instant::now();
        assert!(given.await.unwrap().is_err());
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
