//! Which pages may speak with the relay: `docs/spec/07-transport.md`, "Pages of other origins".
//!
//! A browser says of each WebSocket which page asks for it (`Origin`, RFC 6454), and no page can have it say otherwise. What is no
//! browser says nothing of the kind, and is let in like any client.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use tokio_tungstenite::tungstenite::http::{HeaderMap, Uri, header};

/// The origin of pages that may speak with a relay, beside the one that it serves itself: `https://chat.example`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(Which);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Any,
    /// As a browser writes it: in lower case, without the port that the scheme has anyway.
    One {
        scheme: String,
        authority: String,
    },
}

/// A text is no origin of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is like https://chat.example or http://host:7667, or * for all")]
pub struct WebOriginError;

impl FromStr for WebOrigin {
    type Err = WebOriginError;

    fn from_str(text: &str) -> Result<Self, WebOriginError> {
        if text == "*" {
            return Ok(Self(Which::Any));
        }
        let uri: Uri = text.parse().map_err(|_no_uri| WebOriginError)?;
        let scheme = uri.scheme_str().unwrap_or_default();
        let default = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return Err(WebOriginError),
        };
        let authority = uri.authority().ok_or(WebOriginError)?.as_str();
        if uri.path() != "/" || uri.query().is_some() || authority.contains('@') {
            return Err(WebOriginError);
        }
        let authority = authority.strip_suffix(default).unwrap_or(authority);
        Ok(Self(Which::One {
            scheme: scheme.to_owned(),
            authority: authority.to_ascii_lowercase(),
        }))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Which::Any => f.write_str("*"),
            Which::One { scheme, authority } => write!(f, "{scheme}://{authority}"),
        }
    }
}

/// All that a relay was told to let in.
#[derive(Debug, Default)]
pub(super) struct WebOrigins(Vec<WebOrigin>);

impl WebOrigins {
    pub(super) const fn new(origins: Vec<WebOrigin>) -> Self {
        Self(origins)
    }

    /// Whether the page is served under this name. Others may have named a host of theirs like this machine (DNS rebinding), so
    /// that a browser takes their page for one of the relay: it knows its own names only if it is told them.
    pub(super) fn serves(&self, host: &str) -> bool {
        let is_it = |origin: &WebOrigin| match &origin.0 {
            Which::Any => true,
            Which::One { authority, .. } => authority.eq_ignore_ascii_case(host),
        };
        is_no_name(host) || self.0.iter().any(is_it)
    }

    /// Whether one who asks for a WebSocket by these headers is let in.
    pub(super) fn let_in(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
        let mut origins = headers.get_all(header::ORIGIN).iter();
        origins.all(|origin| {
            origin
                .to_str()
                .is_ok_and(|origin| self.lets_in(origin, host.unwrap_or_default()))
        })
    }

    fn lets_in(&self, origin: &str, host: &str) -> bool {
        let parsed = origin.parse::<WebOrigin>().ok();
        let is_it = |it: &WebOrigin| it.0 == Which::Any || Some(it) == parsed.as_ref();
        self.0.iter().any(is_it) || is_own(origin, host)
    }
}

/// Whether a page is one that this relay serves under this name, which is no one's to give.
fn is_own(origin: &str, host: &str) -> bool {
    let Some((_scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    authority.eq_ignore_ascii_case(host) && is_no_name(host)
}

/// Whether this is an address, or the name that means this machine everywhere, with a port or without.
fn is_no_name(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    host.parse::<SocketAddr>().is_ok()
        || host.parse::<Ipv4Addr>().is_ok()
        || inner.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok())
        || (name.eq_ignore_ascii_case("localhost") && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{WebOrigin, WebOriginError, WebOrigins};

    fn origin(text: &str) -> WebOrigin {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("*", "*"),
            ("https://chat.example", "https://chat.example"),
            ("https://Chat.Example:443/", "https://chat.example"),
            ("http://chat.example:80", "http://chat.example"),
            ("http://chat.example:443", "http://chat.example:443"),
            ("http://[::1]:7667", "http://[::1]:7667"),
        ] {
            assert_eq!(origin(text).to_string(), written);
        }
        for text in [
            "",
            "null",
            "chat.example",
            "https://",
            "ws://chat.example",
            "https://chat.example/path",
            "https://chat.example?query",
            "https://me@chat.example",
            "https://*.example/*",
            "https://chat.example https://other.example",
        ] {
            assert_eq!(text.parse::<WebOrigin>(), Err(WebOriginError), "{text}");
        }
    }

    #[test]
    fn a_page_of_the_relay_itself_is_let_in_where_nobody_else_can_give_the_name() {
        let origins = WebOrigins::default();
        for host in [
            "127.0.0.1:7667",
            "localhost:7667",
            "LOCALHOST",
            "[::1]:7667",
            "192.0.2.1",
        ] {
            assert!(origins.serves(host), "{host}");
            for scheme in ["http", "https"] {
                assert!(origins.lets_in(&format!("{scheme}://{host}"), host));
            }
        }
        for host in [
            "",
            "evil.example:7667",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@127.0.0.1",
            "127.0.0.1:7667/",
            "[::1].evil.example",
            "::1",
            "localhost:port",
        ] {
            assert!(!origins.serves(host), "{host}");
            assert!(!origins.lets_in(&format!("http://{host}"), host), "{host}");
        }
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:7668",
            "http://localhost:7667",
            "127.0.0.1:7667",
        ] {
            assert!(!origins.lets_in(origin, "127.0.0.1:7667"), "{origin}");
        }
    }

    #[test]
    fn others_are_let_in_by_name() {
        let origins = WebOrigins::new(vec![origin("https://chat.example")]);
        assert!(origins.serves("chat.example"));
        assert!(!origins.serves("other.example"));
        assert!(origins.lets_in("https://chat.example", "relay.example:7667"));
        for other in [
            "http://chat.example",
            "https://chat.example:7667",
            "https://other.example",
            "null",
        ] {
            assert!(!origins.lets_in(other, "relay.example:7667"), "{other}");
        }
        let all = WebOrigins::new(vec![origin("*")]);
        assert!(all.serves("other.example"));
        for other in ["http://other.example", "null"] {
            assert!(all.lets_in(other, "relay.example"), "{other}");
        }
    }
}
