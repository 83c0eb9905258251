//! `xmpp:room@host[?account=me@host][&server=host:port][&sha256=..][&plain]`.

use mpotr_carrier::{Server, pins};
use mpotr_transport::Pin;
use percent_encoding::percent_decode_str;
use tokio_xmpp::jid::BareJid;

/// The port of connections that are encrypted once they are made.
const PORT: u16 = 5222;

/// Where a room is, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) room: BareJid,
    /// Who comes; a host alone has guests without an account.
    pub(crate) account: Option<BareJid>,
    /// The server of the account, where it is not to be looked up.
    pub(crate) server: Option<Server>,
    /// The keys that it may have; without any, an authority vouches for it.
    pub(crate) pins: Vec<Pin>,
    /// Whether the connection is not encrypted. It stays on this machine then.
    pub(crate) is_plain: bool,
}

impl Address {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let form = || "an address is like xmpp:room@muc.example?account=me@example".to_owned();
        let rest = text.strip_prefix("xmpp:").ok_or_else(form)?;
        let (room, asked) = rest.split_once('?').unwrap_or((rest, ""));
        let mut address = Self {
            room: named(room).ok_or_else(form)?,
            account: None,
            server: None,
            pins: Vec::new(),
            is_plain: false,
        };
        if address.room.node().is_none() {
            return Err(form());
        }
        for asked in asked.split('&').filter(|asked| !asked.is_empty()) {
            let (what, value) = asked.split_once('=').unwrap_or((asked, ""));
            match what {
                "account" => address.account = Some(account(value)?),
                "server" => address.server = Some(server(value)?),
                "sha256" => {
                    let form = || "after sha256= stand 64 hexadecimal digits".to_owned();
                    address.pins = pins(value).ok_or_else(form)?;
                }
                "plain" if value.is_empty() => address.is_plain = true,
                _ => {
                    return Err("behind the ? stand account=, server=, sha256= or plain".to_owned());
                }
            }
        }
        let is_here = address.server.as_ref().is_some_and(Server::is_here);
        match address.is_plain {
            true if !is_here => Err(
                "a connection that is not encrypted goes to this machine alone: plain needs server=localhost or 127.0.0.1"
                    .to_owned(),
            ),
            true if !address.pins.is_empty() => {
                Err("a key belongs to an encrypted connection: sha256= without plain".to_owned())
            }
            _ => Ok(address),
        }
    }
}

/// An account, as the address or the person names it.
pub(crate) fn account(text: &str) -> Result<BareJid, String> {
    named(text).ok_or_else(|| {
        "an account is like me@example.org, with no password and no resource".to_owned()
    })
}

/// What stands for a name of XMPP, with `%..` for what an address cannot hold.
fn named(text: &str) -> Option<BareJid> {
    let name = percent_decode_str(text).decode_utf8().ok()?;
    BareJid::new(&name).ok()
}

fn server(text: &str) -> Result<Server, String> {
    let text = percent_decode_str(text).decode_utf8_lossy();
    let server = Server::read(&text, PORT);
    server.ok_or_else(|| "a server is like xmpp.example:5222".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, Server};

    #[test]
    fn an_address_says_which_room_who_comes_and_how() {
        let address = Address::read("xmpp:tea@muc.example?account=me@example.org").unwrap();
        assert_eq!(address.room.to_string(), "tea@muc.example");
        assert_eq!(address.account.unwrap().to_string(), "me@example.org");
        assert!(address.server.is_none() && address.pins.is_empty() && !address.is_plain);
        let pin = "ab".repeat(32);
        let text =
            format!("xmpp:t%C3%A9a@muc.example?server=[::1]:5223&sha256={pin},{pin}&account=h");
        let address = Address::read(&text).unwrap();
        assert_eq!(address.room.to_string(), "t\u{e9}a@muc.example");
        assert_eq!(address.server, Server::read("[::1]:5223", 1));
        assert_eq!(address.pins.len(), 2);
        let address = Address::read("xmpp:a@b?server=h.example").unwrap();
        assert_eq!(address.server, Server::read("h.example:5222", 1));
    }

    #[test]
    fn nothing_goes_to_another_machine_without_encryption() {
        for server in ["localhost", "127.3.2.1:1", "[::1]:5222"] {
            let text = format!("xmpp:tea@muc.example?plain&server={server}");
            assert!(Address::read(&text).unwrap().is_plain, "{server}");
        }
        for asked in [
            "plain",
            "plain&server=example.org",
            "plain&server=localhost.example",
            "plain&server=10.0.0.1",
            "plain&server=127.0.0.1.example",
            "plain=yes&server=localhost",
        ] {
            assert!(
                Address::read(&format!("xmpp:tea@muc?{asked}")).is_err(),
                "{asked}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_address_of_xmpp_and_says_no_secret() {
        for text in [
            "",
            "tea@muc.example",
            "xmpp:",
            "xmpp:muc.example",
            "xmpp:@muc.example",
            "xmpp:tea@",
            "xmpp:tea@muc/nick",
            "xmpp:tea@muc?join",
            "xmpp:tea@muc?password=secret",
            "xmpp:tea@muc?account=me:secret@h",
            "xmpp:tea@muc?account=me@h/secret",
            "xmpp:tea@muc?server=",
            "xmpp:tea@muc?server=me@h",
            "xmpp:tea@muc?server=h:0",
            "xmpp:tea@muc?server=h:65536",
            "xmpp:tea@muc?sha256=00",
            "xmpp:tea@muc?sha256=",
            "xmpp:t%ffa@muc",
        ] {
            let refused = Address::read(text).unwrap_err();
            assert!(!refused.contains("secret"), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "xmpp:[a-z%@./:?&=\\[\\]0-9]{0,40}") {
            if let Ok(address) = Address::read(&text) {
                prop_assert!(address.room.node().is_some());
                prop_assert!(!address.is_plain || address.server.is_some());
            }
        }
    }
}
