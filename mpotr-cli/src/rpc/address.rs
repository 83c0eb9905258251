//! Where a carrier is: `mpotr://host[:port]`.

use super::failure::Failure;

/// The carriers of this program, as `hello` names them.
pub(super) const CARRIERS: [&str; 1] = ["mpotr"];

/// Where relays listen unless it is said.
const PORT: u16 = 7667;

/// The relay of an address, as `host:port`.
///
/// # Errors
/// It is no address, or one of another carrier.
pub(super) fn relay(at: &str) -> Result<String, Failure> {
    let bad = |message: &str| Failure::carrier("bad_address", message, false);
    let (scheme, host) = at
        .split_once("://")
        .ok_or_else(|| bad("an address is like mpotr://host:7667"))?;
    if !CARRIERS.contains(&scheme) {
        let message = format_args!("this program has no carrier {scheme:?}");
        return Err(Failure::carrier("no_such_carrier", message, false));
    }
    if host.contains('@') {
        return Err(bad("an address holds no name and no password"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    if !host.chars().all(is_plain) {
        return Err(bad("a host is letters, digits, points and hyphens"));
    }
    // The last colon parts the port, but those of a number of IPv6, which is in brackets.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        Some(_) | None => (host, None),
    };
    let is_number = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    if name.is_empty() || port.is_some_and(|port| !is_number(port)) {
        return Err(bad("a host has a name, and a port is 1 to 65535"));
    }
    if name.contains([':', '[', ']']) && !is_bracketed {
        return Err(bad("a number of IPv6 is in brackets"));
    }
    Ok(match port {
        Some(port) => format!("{name}:{port}"),
        None => format!("{name}:{PORT}"),
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
            assert_eq!(relay(at).as_deref(), Ok(expected));
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
