//! Where a room of a host meets.

use mpotr_json::Failure;

use super::failure;
use crate::address::{Place, schemes};

/// What begins the address of a program that carries packets.
const PROGRAM: &str = "exec";

/// What begins addresses that have no `//` behind it.
const WITHOUT_SERVER: [&str; 3] = [PROGRAM, "xmpp", "mailto"];

/// The carriers of this program, as `hello` names them.
pub(super) fn carriers(programs: bool) -> Vec<&'static str> {
    let mut carriers = schemes();
    let others = WITHOUT_SERVER.into_iter();
    carriers.extend(others.filter(|it| programs || *it != PROGRAM));
    carriers
}

/// The place of an address. Programs of any name are started only where who started this one says so: a host may pass on an
/// address that another has sent.
///
/// # Errors
/// It is no address, or one of a carrier that this program has not.
pub(super) fn place(at: &str, programs: bool) -> Result<Place, Failure> {
    let scheme = at.split_once(':').map_or("", |(scheme, _)| scheme);
    if !at.contains("://") && !WITHOUT_SERVER.contains(&scheme) {
        let message = "an address is like mpotr://host:7667";
        return Err(failure::carrier("bad_address", message, false));
    }
    if !carriers(programs).contains(&scheme) {
        let message = match scheme {
            PROGRAM => "programs are started for who starts this one with --programs".to_owned(),
            scheme => format!("this program has no carrier {scheme:?}"),
        };
        return Err(failure::carrier("no_such_carrier", message, false));
    }
    at.parse()
        .map_err(|error: String| failure::carrier("bad_address", error, false))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn an_address_is_a_host_and_perhaps_a_port() {
        for (at, expected) in [
            ("mpotr://relay.example", "relay.example:7667"),
            ("mpotr://127.0.0.1:80", "127.0.0.1:80"),
            ("mpotr://[::1]", "[::1]:7667"),
            ("mpotr://[::1]:9", "[::1]:9"),
            #[cfg(feature = "irc")]
            ("irc://irc.example/tea", "#tea on irc.example"),
            ("nats://nats.example", "nats://nats.example"),
        ] {
            assert_eq!(place(at, false).unwrap().to_string(), expected);
        }
        for (at, code) in [
            ("relay.example:7667", "bad_address"),
            ("mpotr://", "bad_address"),
            ("mpotr://:7667", "bad_address"),
            ("mpotr://a:0", "bad_address"),
            ("mpotr://a:65536", "bad_address"),
            ("mpotr://a:7667/room", "bad_address"),
            ("mpotr://::1:7667", "bad_address"),
            ("mpotr://me:secret@a", "bad_address"),
            ("mpotr://a b", "bad_address"),
            #[cfg(feature = "irc")]
            ("irc://me:secret@a/tea", "bad_address"),
            #[cfg(feature = "irc")]
            ("irc://a", "bad_address"),
            ("xmpp://a", "bad_address"),
            ("gopher://a", "no_such_carrier"),
            ("exec://sh", "no_such_carrier"),
            ("exec:udp", "no_such_carrier"),
        ] {
            let refused = place(at, false).unwrap_err().into_json();
            assert_eq!(refused["data"]["code"], code, "{at}");
        }
    }

    #[test]
    fn a_program_is_started_for_who_asks_for_that() {
        let program = place("exec:udp:239.0.0.1", true).unwrap();
        assert_eq!(program.to_string(), "mpotr-transport-udp");
        for at in ["exec://sh", "exec:../sh"] {
            let refused = place(at, true).unwrap_err().into_json();
            assert_eq!(refused["data"]["code"], "bad_address", "{at}");
        }
    }
}
