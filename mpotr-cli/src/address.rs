//! Addresses as the command line names them.

use core::fmt;
use core::str::FromStr;

#[cfg(feature = "irc")]
use mpotr_transport::irc::IrcAddress;
use mpotr_transport::{AddressError, ExecConnect, RelayAddress};

/// Takes what can be looked up: `relay.example:7667`, `192.0.2.1:7667`, `[2001:db8::1]:7667`.
pub(crate) fn host_and_port(text: &str) -> Result<String, &'static str> {
    let is_of_host = |sign: char| !sign.is_whitespace() && !":/?#@".contains(sign);
    let is_host = |host: &str| !host.is_empty() && host.chars().all(is_of_host);
    let is_named = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    if is_named || text.parse::<std::net::SocketAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("it is HOST:PORT, relay.example:7667 or [2001:db8::1]:7667 for example")
    }
}

/// Where a room meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a relay.
    Relay(RelayAddress),
    /// In a channel of IRC.
    #[cfg(feature = "irc")]
    Irc(IrcAddress),
    /// By a program of the person's own.
    Program {
        /// Its name, without what all such names begin with.
        name: String,
        /// What it is told.
        address: Option<String>,
    },
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(program) = text.strip_prefix("exec:") {
            let (name, address) = match program.split_once(':') {
                Some((name, address)) => (name, Some(address.to_owned())),
                None => (program, None),
            };
            if !ExecConnect::is_name(name) {
                return Err(
                    "it is exec:NAME or exec:NAME:ADDRESS, for a program mpotr-transport-NAME"
                        .to_owned(),
                );
            }
            let name = name.to_owned();
            return Ok(Self::Program { name, address });
        }
        match text.split_once("://") {
            #[cfg(feature = "irc")]
            Some(("irc" | "ircs", _)) => match text.parse() {
                Ok(address) => Ok(Self::Irc(address)),
                Err(error) => Err(error.to_string()),
            },
            _ => match text.parse() {
                Ok(address) => Ok(Self::Relay(address)),
                Err(AddressError::Scheme) => Err(format!(
                    "it begins with {} or exec:",
                    schemes().join("://, ") + "://"
                )),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// What addresses of relays begin with in this program.
pub(crate) const RELAY_SCHEMES: &[&str] = match (cfg!(feature = "websocket"), cfg!(feature = "tls"))
{
    (true, _) => &["mpotr", "mpotrs", "ws", "wss"],
    (false, true) => &["mpotr", "mpotrs"],
    (false, false) => &["mpotr"],
};

/// What addresses begin with, but those of programs.
fn schemes() -> Vec<&'static str> {
    let irc: &[&str] = match cfg!(feature = "irc") {
        true => &["irc", "ircs"],
        false => &[],
    };
    [RELAY_SCHEMES, irc].concat()
}

/// Takes the address of a relay that speaks frames as they are: `HOST:PORT`.
pub(crate) fn relay(text: &str) -> Result<RelayAddress, String> {
    let place = host_and_port(text)?;
    let address = format!("mpotr://{place}").parse();
    address.map_err(|error: AddressError| error.to_string())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(address)
                if *address == RelayAddress::plain(address.host(), address.port()) =>
            {
                f.write_str(&address.place())
            }
            Self::Relay(address) => f.write_str(&address.without_keys()),
            #[cfg(feature = "irc")]
            Self::Irc(address) => write!(f, "{address}"),
            Self::Program { name, .. } => write!(f, "mpotr-transport-{name}"),
        }
    }
}

impl Place {
    /// What such a place is to a person.
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Relay(_) => "relay",
            #[cfg(feature = "irc")]
            Self::Irc(_) => "channel",
            Self::Program { .. } => "program",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, relay};

    #[test]
    fn a_relay_is_an_address_or_a_host_and_a_port() {
        let place = "mpotr://relay.example".parse::<Place>().unwrap();
        assert_eq!(place.to_string(), "relay.example:7667");
        assert_eq!(Place::Relay(relay("relay.example:7667").unwrap()), place);
        for text in [
            "mpotr://",
            "mpotr://h/room",
            "mpotr://h?sha=00",
            "relay.example:1",
            "http://h",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        for text in ["relay.example", "a/b:1", "h:0", ""] {
            assert!(relay(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_follows_a_host_is_not_taken_for_part_of_it() {
        assert!(super::host_and_port("relay.example:7667").is_ok());
        for text in ["h/room:1", "h?sha256=00:1", "me@h:1", "h#a:1", "h h:1"] {
            assert!(
                super::host_and_port(text).is_err() && relay(text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_program_is_named_and_told_the_rest() {
        let program = |name: &str, address: Option<&str>| Place::Program {
            name: name.to_owned(),
            address: address.map(str::to_owned),
        };
        assert_eq!("exec:udp".parse(), Ok(program("udp", None)));
        assert_eq!(
            "exec:folder:/mnt/a:b".parse(),
            Ok(program("folder", Some("/mnt/a:b")))
        );
        for text in ["exec:", "exec:../sh", "exec:/bin/sh", "exec:A"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[cfg(feature = "irc")]
    #[test]
    fn a_channel_is_named_and_a_password_is_refused() {
        let place: Place = "irc://alice@irc.example:6668/tea".parse().unwrap();
        assert_eq!(
            (place.to_string().as_str(), place.what()),
            ("#tea on irc.example", "channel")
        );
        let refused = "irc://alice:secret@irc.example/tea"
            .parse::<Place>()
            .unwrap_err();
        assert!(
            refused.contains("password") && !refused.contains("secret"),
            "{refused}"
        );
    }
}
