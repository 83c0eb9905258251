//! Where a carrier is: addresses of relays.

use mpotr_transport::{AddressError, RelayAddress};

use super::failure::Failure;
use crate::address::RELAY_SCHEMES;

/// The carriers of this program, as `hello` names them.
pub(super) const CARRIERS: &[&str] = RELAY_SCHEMES;

/// The relay of an address.
///
/// # Errors
/// It is no address, or one of another carrier.
pub(super) fn relay(at: &str) -> Result<RelayAddress, Failure> {
    at.parse()
        .map_err(|error| match (error, at.split_once("://")) {
            (AddressError::Scheme, Some((scheme, _))) => {
                let message = format_args!("this program has no carrier {scheme:?}");
                Failure::carrier("no_such_carrier", message, false)
            }
            (AddressError::Scheme, None) => {
                let message = "an address is like mpotr://host:7667";
                Failure::carrier("bad_address", message, false)
            }
            (error, _) => Failure::carrier("bad_address", error, false),
        })
}

#[cfg(test)]
mod tests {
    use super::relay;

    #[test]
    fn an_address_is_a_host_and_perhaps_a_port() {
        for (at, expected) in [
            ("mpotr://relay.example", "relay.example:7667"),
            ("mpotr://127.0.0.1:80", "127.0.0.1:80"),
            ("mpotr://[::1]", "[::1]:7667"),
            ("mpotr://[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(relay(at).unwrap().place(), expected);
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
            ("xmpp://a", "no_such_carrier"),
            ("exec://sh", "no_such_carrier"),
        ] {
            let refused = relay(at).unwrap_err().into_json();
            assert_eq!(refused["data"]["code"], code, "{at}");
        }
    }
}
