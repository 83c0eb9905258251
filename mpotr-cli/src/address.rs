//! Addresses as the command line names them.

/// Takes what can be looked up: `relay.example:7667`, `192.0.2.1:7667`, `[2001:db8::1]:7667`.
pub(crate) fn host_and_port(text: &str) -> Result<String, &'static str> {
    let is_host = |host: &str| !host.is_empty() && !host.contains(':');
    let is_named = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    if is_named || text.parse::<std::net::SocketAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("it is HOST:PORT, relay.example:7667 or [2001:db8::1]:7667 for example")
    }
}
