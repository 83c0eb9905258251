//! The address of a room, which a person gives to another: `docs/spec/13-trust.md`, "Link".
//!
//! ```text
//! mpotr:<room>?at=<address>[&key=<43 of base64url>]..[&once=<22 of base64url>]
//! ```
//!
//! It is written in one way. It is read in some more: by any sign that need not be escaped, and with parameters that a later
//! program knows.

use core::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, Group as _, IdentityKey, Secret};

/// What it begins with. The address of a relay goes on with two slashes, and no room is written so.
const SCHEME: &str = "mpotr:";
/// What a program begins with that a carrier's address names: none is started by an address that comes from elsewhere.
const PROGRAM: &[u8] = b"exec:";
/// The most bytes of one: what has room in a QR code that a camera reads from a screen.
pub const MAX_ROOM_ADDRESS: usize = 2_048;
/// The most keys of one.
pub const MAX_ROOM_ADDRESS_KEYS: usize = 8;
/// Bytes of what serves once.
pub const ONCE: usize = 16;

/// Where a room is, and with whom one talks there.
#[derive(Debug, PartialEq, Eq)]
pub struct RoomAddress {
    /// What the room is called.
    pub room: String,
    /// The address of its carrier. Nothing is known of it but that it is no program's, and of printed ASCII.
    pub at: String,
    /// Who is let in, and nobody else; first who has made the address. With none, the person is asked.
    pub keys: Vec<IdentityKey>,
    /// What shows the maker that one comes by this very address.
    pub once: Option<Secret<ONCE>>,
}

/// Why a text is not the address of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {fault}")]
pub struct RoomAddressError {
    /// Where what is wrong begins.
    pub offset: usize,
    /// What is wrong.
    pub fault: RoomAddressFault,
}

/// What is wrong with the address of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomAddressFault {
    /// Over [`MAX_ROOM_ADDRESS`].
    #[error("it has more than {MAX_ROOM_ADDRESS} bytes")]
    TooLong,
    /// It is another kind of address, or none.
    #[error("it does not begin with {SCHEME} and the name of a room")]
    Scheme,
    /// A sign that is written otherwise.
    #[error("such a sign is written as % and two hexadecimal digits")]
    Sign,
    /// `%` without two digits behind it.
    #[error("% stands before two hexadecimal digits")]
    Percent,
    /// Escapes of what is no text.
    #[error("it is no text in UTF-8")]
    NotUtf8,
    /// A parameter without a value.
    #[error("a parameter is NAME=VALUE")]
    Parameter,
    /// A parameter that says what has been said.
    #[error("it is there twice")]
    Twice,
    /// A parameter that has to be understood, and is not.
    #[error("this program is too old for it")]
    TooNew,
    /// There is no `at`.
    #[error("it does not say where the room meets")]
    NowhereToMeet,
    /// It would start a program.
    #[error("an address starts no program")]
    Program,
    /// Not 43 digits of an element that is not the identity.
    #[error("it is no public key")]
    Key,
    /// Over [`MAX_ROOM_ADDRESS_KEYS`].
    #[error("it has more than {MAX_ROOM_ADDRESS_KEYS} keys")]
    TooManyKeys,
    /// Not 22 digits of 16 bytes.
    #[error("it is nothing that serves once")]
    Once,
    /// `once` without a key: nobody could be asked for it.
    #[error("what serves once is there, and nobody's key")]
    OnceForNobody,
}

/// Whether a text is meant to be the address of a room, and not that of a relay.
#[must_use]
pub fn is_room_address(text: &str) -> bool {
    let room = text.strip_prefix(SCHEME);
    room.is_some_and(|room| !room.starts_with("//"))
}

/// Reads the address of a room.
///
/// # Errors
/// The first thing that is wrong with it, and where.
pub fn parse<S: CryptoSuite>(text: &str) -> Result<RoomAddress, RoomAddressError> {
    check_signs(text)?;
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut read = RoomAddress {
        room: room(path)?,
        at: String::new(),
        keys: Vec::new(),
        once: None,
    };
    let mut offset = path.len().saturating_add(1);
    let mut once_at = 0;
    for parameter in query.split('&').filter(|_| !query.is_empty()) {
        let had_once = read.once.is_some();
        read.take::<S>(parameter, offset)?;
        if read.once.is_some() && !had_once {
            once_at = offset;
        }
        offset = offset.saturating_add(parameter.len()).saturating_add(1);
    }
    if read.at.is_empty() {
        return Err(RoomAddressFault::NowhereToMeet.at(text.len()));
    }
    if read.once.is_some() && read.keys.is_empty() {
        return Err(RoomAddressFault::OnceForNobody.at(once_at));
    }
    Ok(read)
}

/// Looks at a text as a whole: its length, how it begins, and its signs.
fn check_signs(text: &str) -> Result<(), RoomAddressError> {
    if text.len() > MAX_ROOM_ADDRESS {
        return Err(RoomAddressFault::TooLong.at(MAX_ROOM_ADDRESS));
    }
    if !is_room_address(text) {
        return Err(RoomAddressFault::Scheme.at(0));
    }
    let is_sign = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    match text.bytes().position(|byte| !is_sign(byte)) {
        Some(offset) => Err(RoomAddressFault::Sign.at(offset)),
        None => Ok(()),
    }
}

/// The name of the room, behind the scheme.
fn room(path: &str) -> Result<String, RoomAddressError> {
    let offset = SCHEME.len();
    let room = unescaped(path.get(offset..).unwrap_or_default(), offset)?;
    match String::from_utf8(room) {
        Ok(room) if room.is_empty() => Err(RoomAddressFault::Scheme.at(offset)),
        Ok(room) => Ok(room),
        Err(_) => Err(RoomAddressFault::NotUtf8.at(offset)),
    }
}

impl RoomAddressFault {
    const fn at(self, offset: usize) -> RoomAddressError {
        RoomAddressError {
            offset,
            fault: self,
        }
    }
}

impl RoomAddress {
    /// Takes a parameter that stands at an offset.
    fn take<S: CryptoSuite>(
        &mut self,
        parameter: &str,
        offset: usize,
    ) -> Result<(), RoomAddressError> {
        let (name, value) = parameter
            .split_once('=')
            .ok_or(RoomAddressFault::Parameter.at(offset))?;
        let value_at = offset.saturating_add(name.len()).saturating_add(1);
        let twice = RoomAddressFault::Twice.at(offset);
        match name {
            "at" if !self.at.is_empty() => return Err(twice),
            "at" => self.at = carrier(value, value_at)?,
            "key" => {
                let key = key::<S>(value).ok_or(RoomAddressFault::Key.at(value_at))?;
                if self.keys.contains(&key) {
                    return Err(twice);
                }
                if self.keys.len() == MAX_ROOM_ADDRESS_KEYS {
                    return Err(RoomAddressFault::TooManyKeys.at(offset));
                }
                self.keys.push(key);
            }
            "once" if self.once.is_some() => return Err(twice),
            "once" => {
                let once = once(value).ok_or(RoomAddressFault::Once.at(value_at))?;
                self.once = Some(once);
            }
            _ if name.starts_with('!') => return Err(RoomAddressFault::TooNew.at(offset)),
            _ => {}
        }
        Ok(())
    }

    /// The address as it is given to another. It holds what serves once.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        // It has room in what it begins with: what it outgrew would not be wiped.
        let mut text = Zeroizing::new(String::with_capacity(MAX_ROOM_ADDRESS));
        text.push_str(SCHEME);
        escape(&self.room, b"", &mut text);
        text.push_str("?at=");
        escape(&self.at, b":/?=,@", &mut text);
        for key in &self.keys {
            text.push_str("&key=");
            BASE64URL.encode_string(key.as_bytes(), &mut text);
        }
        if let Some(once) = &self.once {
            text.push_str("&once=");
            BASE64URL.encode_string(once.expose(), &mut text);
        }
        text
    }
}

/// The address of a carrier.
fn carrier(value: &str, offset: usize) -> Result<String, RoomAddressError> {
    let at = |fault: RoomAddressFault| fault.at(offset);
    let carrier = unescaped(value, offset)?;
    if carrier.is_empty() {
        return Err(at(RoomAddressFault::NowhereToMeet));
    }
    if !carrier.iter().all(u8::is_ascii_graphic) {
        return Err(at(RoomAddressFault::Sign));
    }
    let begin = carrier.get(..PROGRAM.len());
    if begin.is_some_and(|begin| begin.eq_ignore_ascii_case(PROGRAM)) {
        return Err(at(RoomAddressFault::Program));
    }
    String::from_utf8(carrier).map_err(|_| at(RoomAddressFault::NotUtf8))
}

fn key<S: CryptoSuite>(value: &str) -> Option<IdentityKey> {
    let mut key = [0; IdentityKey::LENGTH];
    let is_read = BASE64URL.decode_slice(value, &mut key) == Ok(key.len());
    let is_key = is_read && key != [0; 32] && S::Group::decode(&key).is_some();
    is_key.then(|| IdentityKey::new(key))
}

/// What serves once.
fn once(value: &str) -> Option<Secret<ONCE>> {
    let mut is_read = false;
    let once = Secret::fill_with(|once| {
        is_read = BASE64URL.decode_slice(value, once) == Ok(ONCE);
    });
    is_read.then_some(once)
}

/// What escapes stand for.
fn unescaped(text: &str, offset: usize) -> Result<Vec<u8>, RoomAddressError> {
    let mut read = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            read.push(byte);
            continue;
        }
        let mut digit = || {
            let (_, digit) = bytes.next()?;
            char::from(digit).to_digit(16)
        };
        let escaped = digit().zip(digit()).map(|(high, low)| high << 4 | low);
        let escaped = escaped.and_then(|byte| u8::try_from(byte).ok());
        let wrong = RoomAddressFault::Percent.at(offset.saturating_add(at));
        read.push(escaped.ok_or(wrong)?);
    }
    Ok(read)
}

/// Writes a text, with escapes of all but letters and digits of ASCII, `-._~` and these signs.
fn escape(text: &str, signs: &[u8], out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || signs.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A string takes all of it.
            let _done = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests;
