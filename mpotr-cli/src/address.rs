//! Addresses as the command line names them.

use core::fmt;
use core::str::FromStr;

use mpotr_formats::room_address::is_room_address;
#[cfg(feature = "irc")]
use mpotr_transport::irc::IrcAddress;
use mpotr_transport::{AddressError, ExecConnect, RelayAddress, check_address, check_addresses};

/// Whether a text is the name of a host, or its number, of IPv6 in brackets, and nothing besides.
fn is_host(text: &str) -> bool {
    let is_of_host = |sign: char| !sign.is_whitespace() && !":/?#@[]".contains(sign);
    let in_brackets = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match in_brackets {
        Some(number) => number.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !text.is_empty() && text.chars().all(is_of_host),
    }
}

/// Takes what can be looked up: `relay.example:7667`, `192.0.2.1:7667`, `[2001:db8::1]:7667`.
pub(crate) fn host_and_port(text: &str) -> Result<String, &'static str> {
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
    /// On a network that a program which comes with this one speaks to.
    Network(NetworkAddress),
    /// By a program of the person's own.
    Program {
        /// Its name, without what all such names begin with.
        name: String,
        /// What it is told.
        address: Option<String>,
    },
}

/// An address that a program `mpotr-transport-NAME` reads further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkAddress {
    /// NAME.
    pub(crate) program: &'static str,
    /// The whole address.
    pub(crate) address: String,
}

/// What addresses of such networks begin with, and the program that each is for.
const NETWORKS: &[(&str, &str)] = &[
    ("nats", "nats"),
    ("natss", "nats"),
    ("xmpp", "xmpp"),
    ("mailto", "mail"),
];

impl NetworkAddress {
    /// Reads an address, if it begins as one of those does.
    pub(crate) fn read(text: &str) -> Option<Result<Self, String>> {
        let (scheme, rest) = text.split_once(':')?;
        let (_, program) = NETWORKS.iter().find(|(known, _)| *known == scheme)?;
        let is_of_server = rest.starts_with("//");
        let checked = match (*program, is_of_server) {
            ("nats", true) => check_addresses(text).map_err(|error| error.to_string()),
            ("nats", false) => Err(format!("it is like {scheme}://HOST[:PORT]")),
            (_, true) => Err(format!("it is like {scheme}:NAME@HOST")),
            (_, false) if !rest.contains('@') => {
                Err(format!("it has no @: it is like {scheme}:NAME@HOST"))
            }
            (_, false) => {
                room_at(rest).map_err(|error| format!("{error}: it is like {scheme}:NAME@HOST"))
            }
        };
        let address = text.to_owned();
        Some(checked.map(|()| Self { program, address }))
    }
}

impl NetworkAddress {
    /// The address without the account at the network.
    fn shared(&self) -> String {
        let address = self.address.as_str();
        match self.program {
            "nats" => {
                let parts = address.split_once("://");
                let whole = parts.and_then(|(scheme, rest)| {
                    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                    let (authority, behind) = rest.split_at_checked(end)?;
                    let (_, hosts) = authority.rsplit_once('@')?;
                    Some(format!("{scheme}://{hosts}{behind}"))
                });
                whole.unwrap_or_else(|| address.to_owned())
            }
            // What stands behind it are the account and its servers.
            _ => {
                let (place, _) = address.split_once('?').unwrap_or((address, ""));
                place.to_owned()
            }
        }
    }
}

/// Whether anything stands behind the host of an address.
#[cfg(feature = "irc")]
fn names_a_path(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let behind = rest.split_once(['/', '#']).map_or("", |(_, behind)| behind);
    !behind.is_empty()
}

/// Checks what names a room or a list on a host.
fn room_at(text: &str) -> Result<(), AddressError> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AddressError::Character);
    }
    let (place, _) = text.split_once('?').unwrap_or((text, ""));
    let (name, host) = place.rsplit_once('@').ok_or(AddressError::User)?;
    if name.contains(':') {
        return Err(AddressError::Password);
    }
    if name.is_empty() || name.contains('@') {
        return Err(AddressError::User);
    }
    check_address(&format!("x://{host}"))
}

impl fmt::Display for NetworkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(network) = NetworkAddress::read(text) {
            return network.map(Self::Network);
        }
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
        if is_room_address(text) && text.contains('?') {
            return Err("that is the link of a room, for --link".to_owned());
        }
        match text.split_once("://") {
            #[cfg(feature = "irc")]
            Some(("irc" | "ircs", _)) => match text.parse() {
                Ok(address) => Ok(Self::Irc(address)),
                Err(AddressError::Path) if !names_a_path(text) => Err(format!(
                    "it names no channel: add one, {}/tea for example",
                    text.trim_end_matches('/')
                )),
                Err(error) => Err(error.to_string()),
            },
            _ => match text.parse() {
                Ok(address) => Ok(Self::Relay(address)),
                Err(AddressError::Scheme) if names_host(meant(text)) => Err(format!(
                    "an address begins with what it is one of: mpotr://{} is that of a relay",
                    meant(text)
                )),
                Err(AddressError::Scheme) => Err(format!(
                    "it begins with {}, xmpp:, mailto: or exec:",
                    schemes().join("://, ") + "://"
                )),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// Whether a text is a host, with a port or without.
fn names_host(text: &str) -> bool {
    is_host(text) || host_and_port(text).is_ok()
}

/// What stands behind the beginning of an address, if it has one.
fn meant(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

/// What addresses of relays begin with in this program.
const RELAY_SCHEMES: &[&str] = match (cfg!(feature = "websocket"), cfg!(feature = "tls")) {
    (true, _) => &["mpotr", "mpotrs", "ws", "wss"],
    (false, true) => &["mpotr", "mpotrs"],
    (false, false) => &["mpotr"],
};

/// What addresses begin with in this program, but those of programs that it starts.
pub(crate) fn schemes() -> Vec<&'static str> {
    let irc: &[&str] = match cfg!(feature = "irc") {
        true => &["irc", "ircs"],
        false => &[],
    };
    [RELAY_SCHEMES, irc, &["nats", "natss"]].concat()
}

/// Takes the address of a relay that speaks frames as they are: `HOST:PORT`, or `HOST` alone for the port of relays.
pub(crate) fn relay(text: &str) -> Result<RelayAddress, String> {
    if text.contains("://") {
        // What --at would refuse, too, is refused for its own reason.
        return Err(match text.parse::<Place>() {
            Ok(_) => format!("that is an address, for --at: --at {text}"),
            Err(why) => why,
        });
    }
    if !names_host(text) {
        return Err(
            "it is HOST or HOST:PORT: relay.example, relay.example:7667 or [2001:db8::1]:7667 for example"
                .to_owned(),
        );
    }
    let address = format!("mpotr://{text}").parse();
    address.map_err(|error: AddressError| error.to_string())
}

/// Takes either: an address, or the host of a relay, with its port or without.
pub(crate) fn any(text: &str) -> Result<Place, String> {
    if names_host(text) {
        return relay(text).map(Place::Relay);
    }
    if !text.contains(':') {
        return Err(format!(
            "it is HOST or HOST:PORT of a relay, or an address that begins with {}://, xmpp:, mailto: or exec:",
            schemes().join("://, ")
        ));
    }
    text.parse()
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
            Self::Network(address) => write!(f, "{address}"),
            Self::Program { name, .. } => write!(f, "mpotr-transport-{name}"),
        }
    }
}

impl Place {
    /// Whether one logs in there, or can.
    pub(crate) const fn asks_who_comes(&self) -> bool {
        match self {
            Self::Relay(_) => false,
            #[cfg(feature = "irc")]
            Self::Irc(_) => true,
            Self::Network(_) | Self::Program { .. } => true,
        }
    }

    /// Whether this program itself shows the carrier who comes, and no program of the carrier.
    pub(crate) const fn logs_in_itself(&self) -> bool {
        match self {
            Self::Relay(_) | Self::Network(_) | Self::Program { .. } => false,
            #[cfg(feature = "irc")]
            Self::Irc(_) => true,
        }
    }

    /// What looks at a place that is not reached.
    pub(crate) fn asks_doctor(&self) -> String {
        let address = match self {
            Self::Relay(address) => address.to_string(),
            #[cfg(feature = "irc")]
            Self::Irc(address) => {
                let scheme = if address.tls { "ircs" } else { "irc" };
                let channel = address.channel.trim_start_matches('#');
                format!("{scheme}://{}:{}/{channel}", address.host, address.port)
            }
            Self::Network(network) => network.address.clone(),
            Self::Program { name, address } => {
                let words = ["exec", name].into_iter().chain(address.as_deref());
                words.collect::<Vec<_>>().join(":")
            }
        };
        format!("`mpotr doctor --at {address}` looks at what is wrong")
    }

    /// The address for another person to take: without what this one is called there.
    ///
    /// # Errors
    /// Why nobody else can take it: a program of this person's own is not that of another.
    pub(crate) fn shared(&self) -> Result<String, &'static str> {
        match self {
            Self::Relay(address) => Ok(address.to_string()),
            #[cfg(feature = "irc")]
            Self::Irc(address) => Ok(address.shared()),
            Self::Network(network) => Ok(network.shared()),
            Self::Program { .. } => Err(
                "what another person gets starts no program: a room that is reached by exec: has no link",
            ),
        }
    }

    /// What such a place is to a person.
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Relay(_) => "relay",
            #[cfg(feature = "irc")]
            Self::Irc(_) => "channel",
            Self::Network(_) => "network",
            Self::Program { .. } => "program",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NetworkAddress, Place, any, relay};

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
        for text in ["a/b:1", "a/b", "h:0", "h:", ":1", "h h", "[h]", ""] {
            assert!(relay(text).is_err(), "{text}");
        }
        // The port of relays is known.
        for text in ["relay.example", "localhost", "192.0.2.1", "[2001:db8::1]"] {
            let whole = format!("{text}:7667");
            assert_eq!(relay(text), relay(&whole), "{text}");
            assert_eq!(any(text), any(&whole), "{text}");
        }
        assert!(
            any("h h")
                .unwrap_err()
                .starts_with("it is HOST or HOST:PORT")
        );
    }

    #[test]
    fn what_an_address_begins_with_is_told_by_the_one_that_is_meant() {
        for text in ["relay.example:7719", "http://relay.example:7719/"] {
            let refused = text.parse::<Place>().unwrap_err();
            assert!(
                refused.contains("mpotr://relay.example:7719 is that of a relay"),
                "{refused}"
            );
        }
        let refused = "relay.example".parse::<Place>().unwrap_err();
        assert!(refused.contains("mpotr://relay.example is"), "{refused}");
        let refused = "http://relay.example/room".parse::<Place>().unwrap_err();
        assert!(refused.contains("it begins with mpotr://"), "{refused}");
    }

    #[test]
    fn no_option_sends_to_another_that_refuses_the_same() {
        let told = relay("irc://irc.example/tea").unwrap_err();
        assert_eq!(
            told,
            "that is an address, for --at: --at irc://irc.example/tea"
        );
        for text in ["http://relay.example", "ftp://a", "irc://irc.example"] {
            let refused = relay(text).unwrap_err();
            assert_eq!(refused, text.parse::<Place>().unwrap_err(), "{text}");
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

    #[test]
    fn what_another_gets_names_no_account_and_starts_no_program() {
        let shared = |text: &str| text.parse::<Place>().unwrap().shared();
        let pinned = format!("mpotrs://relay.example:1#sha256={}", "0a".repeat(32));
        for (text, expected) in [
            ("mpotr://relay.example", "mpotr://relay.example:7667"),
            (pinned.as_str(), pinned.as_str()),
            (
                "natss://me@one.example,two.example:4223",
                "natss://one.example,two.example:4223",
            ),
            ("nats://nats.example", "nats://nats.example"),
            (
                "xmpp:tea@muc.example?account=me@example.org",
                "xmpp:tea@muc.example",
            ),
            (
                "mailto:tea@lists.example?account=me@mail.example&plain",
                "mailto:tea@lists.example",
            ),
        ] {
            assert_eq!(shared(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(shared("exec:udp").is_err());
    }

    #[cfg(feature = "irc")]
    #[test]
    fn what_another_gets_of_a_channel_is_its_whole_address() {
        let place: Place = "irc://me@irc.example/tea".parse().unwrap();
        assert_eq!(place.shared().as_deref(), Ok("irc://irc.example:6667/tea"));
    }

    #[test]
    fn a_network_is_known_by_what_its_address_begins_with() {
        let network = |program: &'static str, address: &str| {
            let address = address.to_owned();
            Ok(Place::Network(NetworkAddress { program, address }))
        };
        for (text, program) in [
            ("nats://nats.example", "nats"),
            ("natss://me@[::1]:4222", "nats"),
            ("nats://one.example,two.example:4223", "nats"),
            ("xmpp:tea@muc.example?account=me@example.org", "xmpp"),
            ("mailto:tea@lists.example", "mail"),
        ] {
            let place: Result<Place, _> = text.parse();
            assert_eq!(place, network(program, text), "{text}");
            assert_eq!(place.unwrap().to_string(), text);
        }
        for text in [
            "nats:nats.example",
            "nats://",
            "nats://a b",
            "nats://h:0",
            "xmpp:muc.example",
            "xmpp://tea@muc.example",
            "xmpp:@muc.example",
            "xmpp:a@b@c",
            "mailto:tea@",
            "mailto:tea@lists.example:x",
            "mailto:t\u{e9}@h",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        for text in [
            "nats://me:secret@h",
            "xmpp:me:secret@h",
            "mailto:me:secret@h",
        ] {
            let refused = text.parse::<Place>().unwrap_err();
            assert!(
                refused.contains("password") && !refused.contains("secret"),
                "{refused}"
            );
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
