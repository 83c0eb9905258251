//! Addresses of carriers, as a person writes them: `scheme://[user@]host[:port][/path][?query][#fragment]`.

/// The most bytes of an address.
const MOST: usize = 2_048;

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It names no carrier that is built in.
    #[error("it does not begin with the name of a carrier, irc:// for example")]
    Scheme,
    /// It has a password. Addresses are shown, kept and passed on: no secret belongs there.
    #[error("a password does not belong in an address")]
    Password,
    /// Its user part is not one.
    #[error("what stands before the @ cannot be a name there")]
    User,
    /// Its host is missing or is not one.
    #[error("it has no host")]
    Host,
    /// Its port is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// Its path is missing or names nothing that the carrier has.
    #[error("what stands after the host names nothing there")]
    Path,
    /// It asks for something that the carrier does not know.
    #[error("what stands after the ? means nothing there")]
    Query,
    /// What stands after the # is to be the key of a server, and is not.
    #[error("after the # stands sha256= and the key of the relay, 64 hexadecimal digits")]
    Key,
    /// It names the key of a server, and the connection is not encrypted.
    #[error("a key belongs to an encrypted address, one of mpotrs:// or wss://")]
    NotEncrypted,
    /// What stands after the # means nothing.
    #[error("what stands after the # means nothing there")]
    Fragment,
    /// It holds a blank, or a character that is not printable ASCII.
    #[error("it holds a blank or a character that has to be written as %..")]
    Character,
    /// It is longer than any address has to be.
    #[error("it is over {MOST} bytes long")]
    Length,
}

/// Whether a text is an address of some server, with no secret in it: for one that a program of its own reads further.
///
/// # Errors
/// Why it is not.
pub fn check_address(text: &str) -> Result<(), AddressError> {
    Parts::read(text).map(|_parts| ())
}

/// The same for one that may name several servers of one network, with commas between.
///
/// # Errors
/// Why one of them is not.
pub fn check_addresses(text: &str) -> Result<(), AddressError> {
    if text.len() > MOST {
        return Err(AddressError::Length);
    }
    let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at_checked(end).ok_or(AddressError::Host)?;
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    for host in hosts.split(',') {
        check_address(&format!("{scheme}://{user}{host}{behind}"))?;
    }
    Ok(())
}

/// The parts of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    path: Option<&'a str>,
    query: &'a str,
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, AddressError> {
        if text.len() > MOST {
            return Err(AddressError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AddressError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (rest, None),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // Who writes the sign of a channel as it is writes what is asked for behind it. It is not to be part of a name, and so
        // to go unheard: a key that is pinned would not be.
        let (fragment, query) = match fragment.and_then(|it| it.split_once('?')) {
            Some((fragment, after)) if query.is_empty() => (Some(fragment), after),
            Some(_) => return Err(AddressError::Query),
            None => (fragment, query),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(AddressError::Password);
        }
        let (host, port) = host_and_port(place)?;
        Ok(Self {
            scheme,
            user,
            host,
            port,
            path,
            query,
            fragment,
        })
    }

    /// What a request of HTTP asks for: the path with its first slash, and the query, as they are.
    pub(crate) fn request(&self) -> String {
        let path = self.path.unwrap_or_default();
        match self.query {
            "" => format!("/{path}"),
            query => format!("/{path}?{query}"),
        }
    }

    /// The pairs of the query.
    #[cfg(any(feature = "irc", test))]
    pub(crate) fn query(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The path without its first slash, decoded. People write the sign of a channel as it is, by which a fragment begins:
    /// `irc://irc.example/#tea`.
    #[cfg(any(feature = "irc", test))]
    pub(crate) fn fragment_as_path(&self) -> Result<String, AddressError> {
        let path = self.path.ok_or(AddressError::Path)?;
        match self.fragment {
            Some(fragment) if path.is_empty() => decoded(fragment).map(|name| format!("#{name}")),
            Some(_) => Err(AddressError::Fragment),
            None => decoded(path),
        }
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), AddressError> {
    let (host, port) = match place.strip_prefix('[') {
        Some(numeric) => {
            let (host, port) = numeric.split_once(']').ok_or(AddressError::Host)?;
            let is_numeric = host.parse::<core::net::Ipv6Addr>().is_ok();
            let port = match port {
                "" => None,
                _ => Some(port.strip_prefix(':').ok_or(AddressError::Port)?),
            };
            (is_numeric.then_some(host).ok_or(AddressError::Host)?, port)
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() {
        return Err(AddressError::Host);
    }
    let is_digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.map(|port| match port.parse() {
        Ok(number @ 1_u16..) if is_digits(port) => Ok(number),
        _ => Err(AddressError::Port),
    });
    Ok((host, port.transpose()?))
}

/// A part with its `%..` decoded.
#[cfg(any(feature = "irc", test))]
fn decoded(part: &str) -> Result<String, AddressError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or(AddressError::Character)?;
        rest = after;
        let digits = str::from_utf8(digits).map_err(|_not_ascii| AddressError::Character)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        bytes.push(byte.ok_or(AddressError::Character)?);
    }
    String::from_utf8(bytes).map_err(|_not_text| AddressError::Character)
}

/// A part in which all is `%..` but letters and digits of ASCII and `-._~`.
#[cfg(feature = "irc")]
pub(crate) fn encoded(part: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let written = part.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    written.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AddressError, Parts, check_addresses};

    #[test]
    fn an_address_falls_into_its_parts() {
        let parts = Parts::read("x://u@h.example:1/p?a=b&c#f").unwrap();
        let seen = (
            parts.scheme,
            parts.user,
            parts.host,
            parts.port,
            parts.fragment,
        );
        assert_eq!(seen, ("x", Some("u"), "h.example", Some(1), Some("f")));
        assert!(parts.query().eq([("a", "b"), ("c", "")]));
        assert_eq!(parts.fragment_as_path(), Err(AddressError::Fragment));
        let parts = Parts::read("x://h/#f?a=b").unwrap();
        assert!(parts.query().eq([("a", "b")]));
        assert_eq!(parts.fragment_as_path().as_deref(), Ok("#f"));
        let numeric = Parts::read("x://[::1]:65535").unwrap();
        assert_eq!((numeric.host, numeric.port), ("::1", Some(65_535)));
        assert_eq!(Parts::read("x://[::1]").unwrap().port, None);
    }

    #[test]
    fn several_servers_are_each_one_and_none_has_a_password() {
        for text in ["x://h", "x://h:1,[::1]:2,i", "x://u@h,i/#f"] {
            assert_eq!(check_addresses(text), Ok(()), "{text}");
        }
        for (text, error) in [
            ("h,i", AddressError::Scheme),
            ("x://h,", AddressError::Host),
            ("x://,h", AddressError::Host),
            ("x://h:1,i:0", AddressError::Port),
            ("x://u:p@h,i", AddressError::Password),
            ("x://h,v:p@i", AddressError::Password),
        ] {
            assert_eq!(check_addresses(text), Err(error), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (text, error) in [
            ("", AddressError::Scheme),
            ("host:1", AddressError::Scheme),
            ("x://", AddressError::Host),
            ("x://:1", AddressError::Host),
            ("x://[::1", AddressError::Host),
            ("x://[host]", AddressError::Host),
            ("x://[::1]1", AddressError::Port),
            ("x://h:", AddressError::Port),
            ("x://h:0", AddressError::Port),
            ("x://h:+1", AddressError::Port),
            ("x://h:65536", AddressError::Port),
            ("x://h/?a#f?b", AddressError::Query),
            ("x://u:p@h", AddressError::Password),
            ("x://h\u{7f}", AddressError::Character),
            ("x://h\u{e9}", AddressError::Character),
        ] {
            assert_eq!(Parts::read(text).err(), Some(error), "{text}");
        }
        let long = format!("x://{}", "h".repeat(2_048));
        assert_eq!(Parts::read(&long).err(), Some(AddressError::Length));
        for path in ["%", "%0", "%+1", "%ff", "%zz"] {
            let text = format!("x://h/{path}");
            let parts = Parts::read(&text).unwrap();
            assert_eq!(
                parts.fragment_as_path(),
                Err(AddressError::Character),
                "{path}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(x://)?[a-z0-9:@/?#%\\[\\]=&]{0,30}") {
            if let Ok(parts) = Parts::read(&text) {
                let _any = parts.fragment_as_path();
            }
        }
    }
}
