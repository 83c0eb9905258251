//! Where a channel of IRC is: `irc(s)://[nick@]host[:port]/channel[?carrier=lines|tags][&sha256=..]`.

use core::fmt;
use core::str::FromStr;

use crate::address::{AddressError, Parts, encoded};
use crate::tls::Pin;

/// The port of IRC, and of IRC over TLS (RFC 7194).
const PORTS: [u16; 2] = [6_667, 6_697];

/// The most bytes of a channel's name.
const MOST_OF_CHANNEL: usize = 64;

/// The most bytes of a nick.
const MOST_OF_NICK: usize = 31;

/// What a channel's name begins with.
const CHANNEL_SIGNS: [char; 4] = ['#', '&', '+', '!'];

/// Which form of messages carries packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Tags where server and channel have them, else lines.
    #[default]
    Best,
    /// Lines of text, which every server passes on.
    Lines,
    /// Tags, or no connection.
    Tags,
}

/// Where a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IrcAddress {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The channel, with its sign.
    pub channel: String,
    /// What to be called there, if the address says so.
    pub nick: Option<String>,
    /// What carries packets.
    pub form: Form,
    /// The server's key, or one of those it may have; none to ask the authorities that the system trusts.
    pub pins: Vec<Pin>,
}

impl FromStr for IrcAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parts = Parts::read(text)?;
        let tls = match parts.scheme {
            "irc" => false,
            "ircs" => true,
            _ => return Err(AddressError::Scheme),
        };
        let (mut form, mut pins) = (Form::default(), Vec::new());
        for (name, value) in parts.query() {
            match (name, value) {
                ("carrier", "lines") => form = Form::Lines,
                ("carrier", "tags") => form = Form::Tags,
                ("sha256", pin) if tls => {
                    pins.push(Pin::from_hex(pin).ok_or(AddressError::Query)?);
                }
                _ => return Err(AddressError::Query),
            }
        }
        let nick = parts.user.map(|nick| match is_nick(nick) {
            true => Ok(nick.to_owned()),
            false => Err(AddressError::User),
        });
        let channel = parts.fragment_as_path()?;
        let channel = match channel.starts_with(CHANNEL_SIGNS) {
            true => channel,
            false => format!("#{channel}"),
        };
        if !is_channel(&channel) {
            return Err(AddressError::Path);
        }
        let [plain, encrypted] = PORTS;
        Ok(Self {
            host: parts.host.to_owned(),
            port: parts.port.unwrap_or(if tls { encrypted } else { plain }),
            tls,
            channel,
            nick: nick.transpose()?,
            form,
            pins,
        })
    }
}

impl IrcAddress {
    /// The address for another person to take: without what this one is called there.
    #[must_use]
    pub fn shared(&self) -> String {
        let scheme = if self.tls { "ircs" } else { "irc" };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let channel = self.channel.strip_prefix('#').unwrap_or(&self.channel);
        // What would be read as the sign of a channel that has none is written with it.
        let channel = match channel.starts_with(CHANNEL_SIGNS) {
            true => encoded(&self.channel),
            false => encoded(channel),
        };
        let form = match self.form {
            Form::Best => None,
            Form::Lines => Some("carrier=lines".to_owned()),
            Form::Tags => Some("carrier=tags".to_owned()),
        };
        let pins = self
            .pins
            .iter()
            .map(|pin| format!("sha256={}", pin.to_hex()));
        let query: Vec<_> = form.into_iter().chain(pins).collect();
        let query = match query.is_empty() {
            true => String::new(),
            false => format!("?{}", query.join("&")),
        };
        format!("{scheme}://{host}:{}/{channel}{query}", self.port)
    }
}

impl fmt::Display for IrcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.channel, self.host)
    }
}

fn is_channel(name: &str) -> bool {
    let is_fit = |character: char| !character.is_control() && !matches!(character, ' ' | ',' | ':');
    name.chars().all(is_fit) && (2..=MOST_OF_CHANNEL).contains(&name.len())
}

/// Whether a server can take this for a nick (RFC 2812 section 2.3.1; most servers take longer ones).
pub(super) fn is_nick(nick: &str) -> bool {
    let begins = !nick.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    nick.bytes().all(is_of_nick) && begins && (1..=MOST_OF_NICK).contains(&nick.len())
}

fn is_of_nick(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_[]\\`^{}|".contains(&byte)
}

/// The nearest nick that a server can take to what a person is called elsewhere.
#[must_use]
pub fn nick_like(name: &str) -> String {
    let fitting = name.chars().filter_map(|character| match character {
        ' ' => Some('_'),
        _ => u8::try_from(character)
            .ok()
            .filter(|byte| is_of_nick(*byte))
            .map(char::from),
    });
    let nick: String = fitting.take(16).collect();
    let nick = nick.trim_start_matches(|first: char| first.is_ascii_digit() || first == '-');
    match nick.is_empty() {
        true => "mpotr".to_owned(),
        false => nick.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, IrcAddress, is_nick, nick_like};
    use crate::address::AddressError;

    #[test]
    fn an_address_says_where_and_what_it_leaves_out_is_as_usual() {
        let address: IrcAddress = "irc://irc.example/tea".parse().unwrap();
        let usual = IrcAddress {
            host: "irc.example".to_owned(),
            port: 6667,
            tls: false,
            channel: "#tea".to_owned(),
            nick: None,
            form: Form::Best,
            pins: Vec::new(),
        };
        assert_eq!(address, usual);
        let address = "ircs://alice@[2001:db8::1]:7000/&tea%20?carrier=lines".parse::<IrcAddress>();
        assert_eq!(address, Err(AddressError::Path));
        let address: IrcAddress = "ircs://al_ice@[2001:db8::1]:7000/%26te%C3%A9?carrier=tags"
            .parse()
            .unwrap();
        assert_eq!((address.host.as_str(), address.port), ("2001:db8::1", 7000));
        assert_eq!((address.tls, address.channel.as_str()), (true, "&teé"));
        assert_eq!(
            (address.nick.as_deref(), address.form),
            (Some("al_ice"), Form::Tags)
        );
        let address: IrcAddress = "ircs://irc.example/#tea".parse().unwrap();
        assert_eq!((address.port, address.channel.as_str()), (6697, "#tea"));
        assert_eq!(address.to_string(), "#tea on irc.example");
        let pin = "0".repeat(64);
        let address: IrcAddress = format!("ircs://irc.example/#tea?sha256={pin}")
            .parse()
            .unwrap();
        assert_eq!((address.pins.len(), address.channel.as_str()), (1, "#tea"));
        // A question mark of a name is written as one of any other part is.
        let address: IrcAddress = "irc://irc.example/#what%3F".parse().unwrap();
        assert_eq!(address.channel, "#what?");
    }

    #[test]
    fn what_is_shared_is_the_same_place_without_what_one_is_called_there() {
        let pin = "0a".repeat(32);
        for (text, shared) in [
            (
                "irc://irc.example/tea",
                "irc://irc.example:6667/tea".to_owned(),
            ),
            (
                "ircs://alice@[2001:db8::1]:7000/%26te%C3%A9?carrier=tags",
                "ircs://[2001:db8::1]:7000/%26te%C3%A9?carrier=tags".to_owned(),
            ),
            ("irc://h/%23%23tea", "irc://h:6667/%23%23tea".to_owned()),
            ("irc://h/#what%3F", "irc://h:6667/what%3F".to_owned()),
            (
                &format!("ircs://h/tea?carrier=lines&sha256={pin}&sha256={pin}"),
                format!("ircs://h:6697/tea?carrier=lines&sha256={pin}&sha256={pin}"),
            ),
        ] {
            let address: IrcAddress = text.parse().unwrap();
            assert_eq!(address.shared(), shared);
            let again: IrcAddress = shared.parse().unwrap();
            let nick = None;
            assert_eq!(again, IrcAddress { nick, ..address });
        }
    }

    const NOT_ENCRYPTED: &str =
        "irc://h/a?sha256=0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn refuses_what_could_be_more_than_an_address() {
        for (text, error) in [
            ("irc://alice:secret@irc.example/tea", AddressError::Password),
            ("irc://irc.example", AddressError::Path),
            ("irc://irc.example/", AddressError::Path),
            ("irc://irc.example/a%0D%0AQUIT", AddressError::Path),
            ("irc://irc.example/a,b", AddressError::Path),
            ("irc://irc.example/a b", AddressError::Character),
            ("irc://a!b@irc.example/a", AddressError::User),
            ("irc://irc.example/a?carrier=pigeon", AddressError::Query),
            ("irc://irc.example/a?key=secret", AddressError::Query),
            ("ircs://irc.example/a?sha256=00", AddressError::Query),
            ("ircs://irc.example/a?sha=00", AddressError::Query),
            // What people write who write the sign.
            ("ircs://irc.example/#a?sha256=00", AddressError::Query),
            ("ircs://irc.example/#a?sha=00", AddressError::Query),
            ("irc://irc.example/#a?carrier=pigeon", AddressError::Query),
            (
                "irc://irc.example/?carrier=lines#a?sha=00",
                AddressError::Query,
            ),
            // There is no key to pin.
            (NOT_ENCRYPTED, AddressError::Query),
            ("http://irc.example/a", AddressError::Scheme),
        ] {
            assert_eq!(text.parse::<IrcAddress>(), Err(error), "{text}");
        }
    }

    #[test]
    fn what_a_person_is_called_becomes_a_nick() {
        for (name, nick) in [
            ("alice", "alice"),
            ("Ann Lee", "Ann_Lee"),
            ("9-lives", "lives"),
            ("J\u{f6}rg\r\nQUIT", "JrgQUIT"),
            ("\u{4e16}\u{754c}", "mpotr"),
            ("a_very_long_name_indeed", "a_very_long_name"),
        ] {
            assert_eq!(nick_like(name), nick);
            assert!(is_nick(nick));
        }
    }
}
