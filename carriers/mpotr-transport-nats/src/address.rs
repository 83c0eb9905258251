//! `nats://[account@]host[:port]`, of several servers of one cluster with commas between, and `natss://` with `#sha256=..` for the key of a server that no authority vouches for.

use mpotr_carrier::{Server, pins};
use mpotr_transport::{Pin, check_addresses};

/// The port of servers of NATS.
const PORT: u16 = 4222;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As the client library takes them: without account and key.
    pub(crate) servers: Vec<String>,
    pub(crate) account: Option<String>,
    /// If the connection is to be encrypted, the keys that the server may have; without any, an authority vouches for it.
    pub(crate) tls: Option<Vec<Pin>>,
    places: Vec<Server>,
}

impl Address {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        check_addresses(text).map_err(|error| error.to_string())?;
        let form = || "an address is like nats://host:4222 or natss://host:4222".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(form)?;
        let (rest, key) = match rest.split_once('#') {
            Some((rest, key)) => (rest, Some(key)),
            None => (rest, None),
        };
        let tls = match (scheme, key) {
            ("nats", None) => None,
            ("nats", Some(_)) => return Err("a key belongs to a natss:// address".to_owned()),
            ("natss", None) => Some(Vec::new()),
            ("natss", Some(key)) => Some(keys(key)?),
            _ => return Err(form()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?']) {
            return Err("nothing stands behind the host and its port".to_owned());
        }
        let (account, places) = match rest.rsplit_once('@') {
            Some(("", _)) => return Err("the account before the @ is empty".to_owned()),
            Some((account, places)) => (Some(account.to_owned()), places),
            None => (None, rest),
        };
        let scheme = if tls.is_some() { "tls" } else { "nats" };
        let servers = places.split(',').map(|place| Server::read(place, PORT));
        Ok(Self {
            servers: places
                .split(',')
                .map(|place| format!("{scheme}://{place}"))
                .collect(),
            account,
            tls,
            places: servers.collect::<Option<_>>().ok_or_else(form)?,
        })
    }

    /// Whether what goes there stays on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.places.iter().all(Server::is_here)
    }
}

fn keys(key: &str) -> Result<Vec<Pin>, String> {
    let keys = key.strip_prefix("sha256=").and_then(pins);
    keys.ok_or_else(|| "after the # stands sha256= and 64 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Address;

    #[test]
    fn an_address_says_where_who_and_how() {
        let address = Address::read("nats://me@[::1]:4223/").unwrap();
        assert_eq!(address.servers, ["nats://[::1]:4223"]);
        assert_eq!(address.account.as_deref(), Some("me"));
        assert!(address.tls.is_none() && address.is_here());
        let pin = "ab".repeat(32);
        let address = Address::read(&format!("natss://nats.example#sha256={pin},{pin}")).unwrap();
        assert_eq!(address.servers, ["tls://nats.example"]);
        assert_eq!(address.tls.as_ref().map(Vec::len), Some(2));
        assert!(!address.is_here());
        for (text, is_here) in [
            ("nats://localhost", true),
            ("nats://127.3.2.1:1", true),
            ("nats://localhost.example", false),
            ("nats://10.0.0.1", false),
            ("nats://localhost,127.0.0.1:2", true),
            ("nats://localhost,nats.example", false),
        ] {
            assert_eq!(Address::read(text).unwrap().is_here(), is_here, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address_of_nats() {
        for text in [
            "",
            "nats.example",
            "http://h",
            "nats://",
            "nats://h:0",
            "nats://me:secret@h",
            "nats://@h",
            "nats://h/subject",
            "nats://h?x",
            "nats://h,",
            "nats://h#sha256=00",
            "natss://h#sha256=00",
            "natss://h#key",
        ] {
            assert!(Address::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(natss?://)?[a-z0-9:@/?#,%\\[\\]=&]{0,30}") {
            if let Ok(address) = Address::read(&text) {
                prop_assert!(address.servers.iter().all(|server| !server.contains(['@', '#'])));
            }
        }
    }
}
