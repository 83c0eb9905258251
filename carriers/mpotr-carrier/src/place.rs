//! Where a server is, and by what it is known, as addresses of carriers have it.

use core::net::IpAddr;

use mpotr_transport::{Pin, check_address};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name or number.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Server {
    /// Reads `host[:port]`, where `port` is what such servers have most often.
    #[must_use]
    pub fn read(text: &str, port: u16) -> Option<Self> {
        if text.contains(['@', '/', '?', '#']) || check_address(&format!("x://{text}")).is_err() {
            return None;
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (text, port),
        };
        let host = host.strip_prefix('[').unwrap_or(host);
        let host = host.strip_suffix(']').unwrap_or(host).to_owned();
        Some(Self { host, port })
    }

    /// Whether what goes there stays on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        let number = self.host.parse::<IpAddr>();
        self.host == "localhost" || number.is_ok_and(|number| number.is_loopback())
    }
}

/// Reads the keys that a server may have: 64 hexadecimal digits each, with commas between.
#[must_use]
pub fn pins(text: &str) -> Option<Vec<Pin>> {
    text.split(',').map(Pin::from_hex).collect()
}

#[cfg(test)]
mod tests {
    use super::{Server, pins};

    #[test]
    fn a_server_is_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("h.example", "h.example", 7),
            ("h.example:8", "h.example", 8),
            ("[::1]", "::1", 7),
            ("[::1]:8", "::1", 8),
        ] {
            let server = Server::read(text, 7).unwrap();
            assert_eq!((server.host.as_str(), server.port), (host, port), "{text}");
        }
        for text in [
            "", "me@h", "h/x", "h?x", "h#x", "h:0", "h:65536", "h:x", "a b",
        ] {
            assert_eq!(Server::read(text, 7), None, "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_here() {
        for (text, is_here) in [
            ("localhost", true),
            ("127.3.2.1:1", true),
            ("[::1]:5", true),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(Server::read(text, 7).unwrap().is_here(), is_here, "{text}");
        }
    }

    #[test]
    fn a_key_has_64_digits() {
        let key = "ab".repeat(32);
        assert_eq!(
            pins(&format!("{key},{key}")).map(|keys| keys.len()),
            Some(2)
        );
        for text in ["", "00", &format!("{key},"), &"zz".repeat(32)] {
            assert!(pins(text).is_none(), "{text}");
        }
    }
}
