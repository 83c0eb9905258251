//! Where a relay is, and how it is spoken to, as a person writes it. `docs/spec/07-transport.md`, "Addresses of relays".

use core::fmt;
use core::str::FromStr;
use std::net::SocketAddr;

use crate::address::{AddressError, Parts};
#[cfg(feature = "tls")]
use crate::tls::Pin;

/// The port of a relay, unless the address says another.
const PORT: u16 = 7_667;

/// The ports of WebSocket, not encrypted and encrypted: RFC 6455, section 3.
#[cfg(feature = "websocket")]
const WEB_PORTS: [u16; 2] = [80, 443];

/// Where a relay is, and how it is spoken to.
///
/// | address | what goes over TCP | port |
/// |---|---|---|
/// | `mpotr://host[:port]` | frames as they are | 7667 |
/// | `mpotrs://host[:port][#sha256=..]` | TLS | 7667 |
/// | `ws://host[:port][/path]` | WebSocket | 80 |
/// | `wss://host[:port][/path][#sha256=..]` | WebSocket in TLS | 443 |
///
/// `sha256` is the server's key, or those that it may have with commas between: 64 hexadecimal digits each. Without it, an
/// authority that the system trusts has to vouch for the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayAddress {
    host: String,
    port: u16,
    security: Security,
    /// What is asked for by WebSocket, with its first slash.
    path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    None,
    #[cfg(feature = "tls")]
    Tls(Vec<Pin>),
}

impl RelayAddress {
    /// Of frames as they are: `host` is a name or a number, one of IPv6 without brackets.
    #[must_use]
    pub fn plain(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security: Security::None,
            path: None,
        }
    }

    /// The name or number of the machine.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether what goes there is encrypted on its way to the relay.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        !matches!(self.security, Security::None)
    }

    pub(crate) const fn security(&self) -> &Security {
        &self.security
    }

    /// The URL of the WebSocket, if it is spoken. What is encrypted is so below it.
    #[cfg(feature = "websocket")]
    pub(crate) fn websocket(&self) -> Option<String> {
        let path = self.path.as_ref()?;
        Some(format!("ws://{}{path}", self.place()))
    }

    /// The address, without the keys that it names.
    #[must_use]
    pub fn without_keys(&self) -> String {
        let path = self.path.as_deref().filter(|path| *path != "/");
        let path = path.unwrap_or_default();
        format!("{}://{}{path}", self.scheme(), self.place())
    }

    /// Host and port, as addresses have them.
    #[must_use]
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    const fn scheme(&self) -> &'static str {
        match (self.is_encrypted(), self.path.is_some()) {
            (false, false) => "mpotr",
            (true, false) => "mpotrs",
            (false, true) => "ws",
            (true, true) => "wss",
        }
    }
}

impl From<SocketAddr> for RelayAddress {
    fn from(address: SocketAddr) -> Self {
        Self::plain(&address.ip().to_string(), address.port())
    }
}

impl FromStr for RelayAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parts = Parts::read(text)?;
        let (is_encrypted, is_web) = match parts.scheme {
            "mpotr" => (false, false),
            #[cfg(feature = "tls")]
            "mpotrs" => (true, false),
            #[cfg(feature = "websocket")]
            "ws" => (false, true),
            #[cfg(feature = "websocket")]
            "wss" => (true, true),
            _ => return Err(AddressError::Scheme),
        };
        if parts.user.is_some() {
            return Err(AddressError::User);
        }
        let path = parts.request();
        if !is_web && path != "/" {
            return Err(match path.strip_prefix("/?") {
                Some(query) if is_encrypted && query.starts_with("sha256") => AddressError::Key,
                Some(_) => AddressError::Query,
                None => AddressError::Path,
            });
        }
        Ok(Self {
            host: parts.host.to_owned(),
            port: parts.port.unwrap_or_else(|| port(is_encrypted, is_web)),
            security: security(is_encrypted, parts.fragment)?,
            path: is_web.then_some(path),
        })
    }
}

/// The port where none is said.
#[cfg_attr(
    not(feature = "websocket"),
    expect(clippy::missing_const_for_fn, reason = "with WebSocket it looks")
)]
fn port(is_encrypted: bool, is_web: bool) -> u16 {
    #[cfg(feature = "websocket")]
    if is_web {
        let [plain, encrypted] = WEB_PORTS;
        return if is_encrypted { encrypted } else { plain };
    }
    #[cfg(not(feature = "websocket"))]
    let _any = (is_encrypted, is_web);
    PORT
}

#[cfg(feature = "tls")]
fn security(is_encrypted: bool, fragment: Option<&str>) -> Result<Security, AddressError> {
    match (is_encrypted, fragment) {
        (false, None) => Ok(Security::None),
        (false, Some(key)) if key.starts_with("sha") => Err(AddressError::NotEncrypted),
        (false, Some(_)) => Err(AddressError::Fragment),
        (true, None) => Ok(Security::Tls(Vec::new())),
        (true, Some(fragment)) => {
            let keys = fragment.strip_prefix("sha256=");
            let keys = keys.ok_or(AddressError::Key)?.split(',');
            let pins: Option<_> = keys.map(Pin::from_hex).collect();
            Ok(Security::Tls(pins.ok_or(AddressError::Key)?))
        }
    }
}

#[cfg(not(feature = "tls"))]
fn security(_is_encrypted: bool, fragment: Option<&str>) -> Result<Security, AddressError> {
    match fragment {
        None => Ok(Security::None),
        Some(_) => Err(AddressError::Fragment),
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_keys())?;
        #[cfg(feature = "tls")]
        if let Security::Tls(pins) = &self.security
            && !pins.is_empty()
        {
            let pins: Vec<_> = pins.iter().map(|pin| pin.to_hex()).collect();
            write!(f, "#sha256={}", pins.join(","))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::RelayAddress;
    use crate::address::AddressError;

    fn read(text: &str) -> Result<RelayAddress, AddressError> {
        text.parse()
    }

    #[test]
    fn a_relay_has_a_port_of_its_own() {
        for (text, shown) in [
            ("mpotr://relay.example", "mpotr://relay.example:7667"),
            ("mpotr://relay.example/", "mpotr://relay.example:7667"),
            ("mpotr://127.0.0.1:80", "mpotr://127.0.0.1:80"),
            ("mpotr://[::1]", "mpotr://[::1]:7667"),
            ("mpotr://[::1]:9", "mpotr://[::1]:9"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), shown);
            assert_eq!(read(shown), read(text));
        }
    }

    #[test]
    fn refuses_what_is_no_address_of_a_relay() {
        for (text, error) in [
            ("relay.example:7667", AddressError::Scheme),
            ("http://a", AddressError::Scheme),
            ("mpotr://", AddressError::Host),
            ("mpotr://:7667", AddressError::Host),
            ("mpotr://a:0", AddressError::Port),
            ("mpotr://a:7667/room", AddressError::Path),
            ("mpotr://a?x=y", AddressError::Query),
            ("mpotr://a#b", AddressError::Fragment),
            ("mpotr://me@a", AddressError::User),
            ("mpotr://me:secret@a", AddressError::Password),
            ("mpotr://a b", AddressError::Character),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_key_is_named_by_an_encrypted_address_alone() {
        let key = "0a".repeat(32);
        let text = format!("mpotrs://relay.example:1#sha256={key},{key}");
        assert_eq!(read(&text).unwrap().to_string(), text);
        assert!(read("mpotrs://a").unwrap().is_encrypted());
        for text in [
            format!("mpotrs://a#sha={key}"),
            format!("mpotrs://a#sha256={key}0"),
            format!("mpotrs://a#sha256={key},"),
            "mpotrs://a#sha256=".to_owned(),
        ] {
            assert_eq!(read(&text), Err(AddressError::Key), "{text}");
        }
        // As an address of IRC has it.
        let text = format!("mpotrs://a?sha256={key}");
        assert_eq!(read(&text), Err(AddressError::Key));
        let text = format!("mpotr://a#sha256={key}");
        assert_eq!(read(&text), Err(AddressError::NotEncrypted));
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn a_websocket_has_a_path_and_the_ports_of_the_web() {
        for (text, shown, url) in [
            ("ws://a", "ws://a:80", "ws://a:80/"),
            ("wss://a/", "wss://a:443", "ws://a:443/"),
            (
                "ws://[::1]:9/b/c?d=e",
                "ws://[::1]:9/b/c?d=e",
                "ws://[::1]:9/b/c?d=e",
            ),
        ] {
            let address = read(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.websocket().as_deref(), Some(url));
        }
        assert_eq!(read("mpotr://a").unwrap().websocket(), None);
    }
}
