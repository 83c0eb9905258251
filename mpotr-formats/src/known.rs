//! The file of the people that a person knows: `docs/spec/13-trust.md`, "Known people".
//!
//! ```text
//! mpotr-known-v1
//! # a comment
//! <key, 64 hex digits> <how> <first YYYY-MM-DD> <last YYYY-MM-DD> <petname>
//! ```
//!
//! Names and judgements of one person about others: they are never sent and never signed. A file is taken whole or not at
//! all: one in which a line was lost would show a stranger where a friend was.

mod date;
mod fault;
mod how;
mod people;

pub use date::Date;
pub use fault::{KnownError, LineFault, PetnameError};
pub use how::How;
pub use people::{KnownPeople, Person};

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;

use crate::nick::Nick;
use crate::public_key;
use people::Twice;

/// The first line, without its version.
const KIND: &str = "mpotr-known-v";
/// The first line.
const HEAD: &str = "mpotr-known-v1";
/// What begins a comment.
const COMMENT: char = '#';
/// The most bytes of a file: some twenty thousand people.
pub const MAX_KNOWN_FILE: usize = 4 << 20;

/// The people in a file, in whatever order.
///
/// # Errors
/// The first thing that is wrong with it, by its line. Nothing of it is taken then.
pub fn parse<S: CryptoSuite>(file: &[u8]) -> Result<KnownPeople, KnownError> {
    if file.len() > MAX_KNOWN_FILE {
        return Err(KnownError::TooLong { length: file.len() });
    }
    let mut lines = (1..).zip(lines(file));
    let head = lines.next().map_or(&b""[..], |(_, line)| line);
    if head != HEAD.as_bytes() {
        return Err(match head.starts_with(KIND.as_bytes()) {
            true => KnownError::OtherVersion,
            false => KnownError::OtherKind,
        });
    }
    let mut people = KnownPeople::default();
    let mut comments = Vec::new();
    let mut read_at = BTreeMap::new();
    for (number, line) in lines {
        let at = |fault| KnownError::Line {
            line: number,
            fault,
        };
        let line = text(line).map_err(at)?;
        if line.starts_with(COMMENT) {
            comments.push(line.to_owned());
            continue;
        }
        let (key, person) = read_person::<S>(line).map_err(at)?;
        people
            .read(key, person, core::mem::take(&mut comments))
            .map_err(|twice| {
                let before = |key: &_| read_at.get(key).copied().unwrap_or(number);
                match twice {
                    Twice::Key => KnownError::KeyTwice {
                        lines: [before(&key), number],
                    },
                    Twice::Petname(by) => KnownError::PetnameTwice {
                        lines: [before(&by), number],
                    },
                }
            })?;
        read_at.insert(key, number);
    }
    people.end_with(comments);
    Ok(people)
}

/// The file of these people, sorted by key. A comment stays above the person that it stood above.
#[must_use]
pub fn render(people: &KnownPeople) -> String {
    let mut file = String::from(HEAD);
    file.push('\n');
    for line in people.lines() {
        file.push_str(&line);
        file.push('\n');
    }
    file
}

/// The lines of a file. The last may be without a line feed: people edit the file by hand.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    file.split(|byte| *byte == b'\n')
}

fn text(line: &[u8]) -> Result<&str, LineFault> {
    let text = core::str::from_utf8(line).map_err(|_| LineFault::NotUtf8)?;
    match text.contains('\r') {
        true => Err(LineFault::CarriageReturn),
        false => Ok(text),
    }
}

fn read_person<S: CryptoSuite>(
    line: &str,
) -> Result<(mpotr_crypto::IdentityKey, Person), LineFault> {
    let mut fields = line.split(' ');
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let (Some(key), Some(how), Some(first), Some(last), Some(petname), None) =
        (next(), next(), next(), next(), next(), next())
    else {
        return Err(LineFault::Fields);
    };
    // A blank too many is a field that is empty, wherever it stands.
    if line.split(' ').count() != 5 {
        return Err(LineFault::Fields);
    }
    let key = public_key::from_digits::<S>(key.as_bytes()).map_err(LineFault::Key)?;
    let date = |text: &str| text.parse::<Date>().map_err(|_| LineFault::Date);
    let person = Person {
        how: how.parse().map_err(|_| LineFault::How)?,
        first: date(first)?,
        last: date(last)?,
        petname: petname_of(petname).map_err(LineFault::Petname)?,
    };
    match person.first <= person.last {
        true => Ok((key, person)),
        false => Err(LineFault::Order),
    }
}

/// A petname: a nick by the rules of nicks, which let none have a `?`, as it stands behind the nicks of those whom nobody knows.
///
/// # Errors
/// The rule that it breaks.
pub fn petname_of(name: &str) -> Result<Nick, PetnameError> {
    Ok(Nick::new(name)?)
}

#[cfg(test)]
mod tests;
