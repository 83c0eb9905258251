//! `mailto:list@host[?account=me@host][&imap=host:port][&smtp=host:port][&folder=..][&every=30][&sha256=..]
//! [&starttls][&plain]`.

use core::time::Duration;

use lettre::Address as Mailbox;
use mpotr_carrier::{Server, pins};
use mpotr_transport::Pin;
use percent_encoding::percent_decode_str;

/// The ports of connections that are encrypted from their beginning (RFC 8314).
const IMAP: u16 = 993;
const SMTP: u16 = 465;

/// Those of connections that are encrypted later (RFC 9051, RFC 6409).
const LATER_IMAP: u16 = 143;
const LATER_SMTP: u16 = 587;

/// From one mail to the next, at least, where the address does not say it.
const EVERY: Duration = Duration::from_secs(30);

/// The longest that an address can ask for.
const LONGEST: u64 = 3_600;

/// Where a list is, and how mail goes there and comes from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) list: Mailbox,
    pub(crate) account: Option<Mailbox>,
    imap: Option<Server>,
    smtp: Option<Server>,
    /// Where in the account the mail of the list lies.
    pub(crate) folder: String,
    pub(crate) every: Duration,
    /// The keys that servers may have; without any, an authority vouches for them.
    pub(crate) pins: Vec<Pin>,
    /// Whether connections are not encrypted. They stay on this machine then.
    pub(crate) is_plain: bool,
    /// Whether connections begin in clear and are encrypted before all else.
    pub(crate) is_later: bool,
}

impl Address {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let form = || "an address is like mailto:list@lists.example?account=me@example".to_owned();
        let rest = text.strip_prefix("mailto:").ok_or_else(form)?;
        let (list, asked) = rest.split_once('?').unwrap_or((rest, ""));
        let mut address = Self {
            list: mailbox(&decoded(list).ok_or_else(form)?).ok_or_else(form)?,
            account: None,
            imap: None,
            smtp: None,
            folder: "INBOX".to_owned(),
            every: EVERY,
            pins: Vec::new(),
            is_plain: false,
            // Before the servers, whose ports go by it.
            is_later: asked.split('&').any(|asked| asked == "starttls"),
        };
        for asked in asked.split('&').filter(|asked| !asked.is_empty()) {
            let (what, value) = asked.split_once('=').unwrap_or((asked, ""));
            let value = decoded(value).ok_or_else(form)?;
            address.ask(what, &value)?;
        }
        let servers = || [&address.imap, &address.smtp].into_iter();
        let is_here = servers().all(|server| server.as_ref().is_some_and(Server::is_here));
        match address.is_plain {
            true if !is_here => Err(
                "connections that are not encrypted go to this machine alone: plain needs imap= and smtp= with localhost or \
                 127.0.0.1"
                    .to_owned(),
            ),
            true if !address.pins.is_empty() || address.is_later => Err(
                "a connection is encrypted or not: sha256= and starttls without plain".to_owned(),
            ),
            _ => Ok(address),
        }
    }

    fn ask(&mut self, what: &str, value: &str) -> Result<(), String> {
        let server = |port| {
            let server = Server::read(value, port);
            server.ok_or_else(|| format!("a server is like {what}=mail.example:{port}"))
        };
        match what {
            "account" => self.account = Some(account(value)?),
            "imap" => self.imap = Some(server(self.imap_port())?),
            "smtp" => self.smtp = Some(server(self.smtp_port())?),
            "folder" if is_line(value) => value.clone_into(&mut self.folder),
            "every" => {
                let seconds = value.parse().ok().filter(|it| (1..=LONGEST).contains(it));
                let form = || format!("every= has a number of seconds, 1 to {LONGEST}");
                self.every = Duration::from_secs(seconds.ok_or_else(form)?);
            }
            "sha256" => {
                let form = || "after sha256= stand 64 hexadecimal digits".to_owned();
                self.pins = pins(value).ok_or_else(form)?;
            }
            "plain" if value.is_empty() => self.is_plain = true,
            "starttls" if value.is_empty() && self.is_later => {}
            _ => {
                return Err(
                    "behind the ? stand account=, imap=, smtp=, folder=, every=, sha256=, starttls or plain"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    const fn imap_port(&self) -> u16 {
        if self.is_later { LATER_IMAP } else { IMAP }
    }

    const fn smtp_port(&self) -> u16 {
        if self.is_later { LATER_SMTP } else { SMTP }
    }

    /// Where the mail of an account is read.
    pub(crate) fn imap(&self, account: &Mailbox) -> Server {
        self.imap.clone().unwrap_or_else(|| Server {
            host: format!("imap.{}", account.domain()),
            port: self.imap_port(),
        })
    }

    /// Where the mail of an account is sent.
    pub(crate) fn smtp(&self, account: &Mailbox) -> Server {
        self.smtp.clone().unwrap_or_else(|| Server {
            host: format!("smtp.{}", account.domain()),
            port: self.smtp_port(),
        })
    }
}

/// An account, as the address or the person names it.
pub(crate) fn account(text: &str) -> Result<Mailbox, String> {
    mailbox(text).ok_or_else(|| "an account is like me@example.org, with no password".to_owned())
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let is_plain = is_line(text) && text.is_ascii() && !text.contains([':', ' ', '"']);
    text.parse().ok().filter(|_| is_plain)
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::{Address, Server};

    #[test]
    fn an_address_says_which_list_who_comes_and_by_what() {
        let address = Address::read("mailto:tea@lists.example?account=me@example.org").unwrap();
        assert_eq!(address.list.to_string(), "tea@lists.example");
        let me = address.account.clone().unwrap();
        assert_eq!(me.to_string(), "me@example.org");
        assert_eq!(
            Some(address.imap(&me)),
            Server::read("imap.example.org:993", 1)
        );
        assert_eq!(
            Some(address.smtp(&me)),
            Server::read("smtp.example.org:465", 1)
        );
        assert_eq!(
            (address.folder.as_str(), address.every),
            ("INBOX", Duration::from_secs(30))
        );
        let pin = "ab".repeat(32);
        let text = format!(
            "mailto:tea%2Btalk@lists.example?imap=h:1&smtp=[::1]:2&folder=Lists%2Ftea&every=5&sha256={pin}"
        );
        let address = Address::read(&text).unwrap();
        assert_eq!(address.list.to_string(), "tea+talk@lists.example");
        assert_eq!(Some(address.imap(&me)), Server::read("h:1", 1));
        assert_eq!(Some(address.smtp(&me)), Server::read("[::1]:2", 1));
        assert_eq!(
            (address.folder.as_str(), address.every),
            ("Lists/tea", Duration::from_secs(5))
        );
        assert_eq!(address.pins.len(), 1);
    }

    #[test]
    fn connections_that_are_encrypted_later_have_ports_of_their_own_wherever_that_is_said() {
        let me = "me@example.org".parse().unwrap();
        for asked in ["starttls", "imap=h&starttls&smtp=h", "starttls&imap=h:1"] {
            let address = Address::read(&format!("mailto:tea@h?{asked}")).unwrap();
            assert!(address.is_later && !address.is_plain, "{asked}");
            let ports = (address.imap(&me).port, address.smtp(&me).port);
            let own = if asked.contains("h:1") { 1 } else { 143 };
            assert_eq!(ports, (own, 587), "{asked}");
        }
        for asked in ["starttls=1", "plain&starttls&imap=localhost&smtp=localhost"] {
            assert!(
                Address::read(&format!("mailto:tea@h?{asked}")).is_err(),
                "{asked}"
            );
        }
    }

    #[test]
    fn nothing_goes_to_another_machine_without_encryption() {
        let read = |asked: &str| Address::read(&format!("mailto:tea@h?{asked}"));
        assert!(
            read("plain&imap=localhost:1&smtp=127.0.0.1:2")
                .unwrap()
                .is_plain
        );
        for asked in [
            "plain",
            "plain&imap=localhost:1",
            "plain&smtp=localhost:1",
            "plain&imap=localhost:1&smtp=example.org:2",
            "plain&imap=10.0.0.1:1&smtp=localhost:2",
            "plain=1&imap=localhost:1&smtp=localhost:2",
        ] {
            assert!(read(asked).is_err(), "{asked}");
        }
    }

    #[test]
    fn refuses_what_is_no_address_of_mail_and_says_no_secret() {
        for text in [
            "",
            "tea@lists.example",
            "mailto:",
            "mailto:lists.example",
            "mailto:@lists.example",
            "mailto:tea@",
            "mailto:a@b@c",
            "mailto:tea@h?subject=x",
            "mailto:tea@h?password=secret",
            "mailto:me:secret@h",
            "mailto:tea@h?account=me:secret@h",
            "mailto:tea@h?every=0",
            "mailto:tea@h?every=4000",
            "mailto:tea@h?folder=",
            "mailto:tea@h?folder=a%0D%0Ab",
            "mailto:tea%0D%0ARCPT@h",
            "mailto:tea@h?imap=me@h",
            "mailto:tea@h?smtp=h:0",
            "mailto:tea@h?sha256=00",
            "mailto:t%ffa@h",
        ] {
            let refused = Address::read(text).unwrap_err();
            assert!(!refused.contains("secret"), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "mailto:[a-z%@./:?&=\\[\\]0-9\"]{0,40}") {
            if let Ok(address) = Address::read(&text) {
                prop_assert!(address.list.to_string().is_ascii());
                prop_assert!(!address.is_plain);
            }
        }
    }
}
