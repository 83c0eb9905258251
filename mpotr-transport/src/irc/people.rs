//! Who is in the channel: a number for each client, for as long as it is there.

use std::collections::BTreeMap;

use crate::transport::SenderHint;

/// The most clients that are told apart. A channel has fewer; all beyond share a number.
const MOST: usize = 8_192;

/// The number of those who are not told apart.
const OTHERS: SenderHint = SenderHint::from_u64(0);

/// The clients of a channel. A nick is only what a client is found by: it may change, and another may take it.
#[derive(Debug, Default)]
pub(super) struct People {
    by_nick: BTreeMap<String, SenderHint>,
    last: u64,
}

/// A nick as servers compare it (RFC 2812 section 2.2).
pub(super) fn folded(nick: &str) -> String {
    let fold = |character: char| match character {
        '[' => '{',
        ']' => '}',
        '\\' => '|',
        '^' => '~',
        _ => character.to_ascii_lowercase(),
    };
    nick.chars().map(fold).collect()
}

impl People {
    /// The number of a client.
    pub(super) fn hint(&mut self, nick: &str) -> SenderHint {
        let nick = folded(nick);
        if let Some(known) = self.by_nick.get(&nick) {
            return *known;
        }
        if self.by_nick.len() >= MOST {
            return OTHERS;
        }
        self.last = self.last.saturating_add(1);
        let hint = SenderHint::from_u64(self.last);
        self.by_nick.insert(nick, hint);
        hint
    }

    /// Whether a client is known.
    pub(super) fn knows(&self, nick: &str) -> bool {
        self.by_nick.contains_key(&folded(nick))
    }

    /// A client is gone; its number, if it was known.
    pub(super) fn goes(&mut self, nick: &str) -> Option<SenderHint> {
        self.by_nick.remove(&folded(nick))
    }

    /// A client has another nick from now on.
    pub(super) fn renames(&mut self, nick: &str, new: &str) {
        if let Some(hint) = self.by_nick.remove(&folded(nick)) {
            self.by_nick.insert(folded(new), hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, OTHERS, People};

    #[test]
    fn a_number_belongs_to_a_client_and_not_to_a_nick() {
        let mut people = People::default();
        let alice = people.hint("alice");
        assert_eq!(people.hint("ALICE"), alice);
        people.renames("Alice", "al[ice]");
        assert_eq!(people.hint("AL{ICE}"), alice);
        assert!(!people.knows("alice"));
        // Another takes the old nick, and one that comes again is a new client.
        assert_ne!(people.hint("alice"), alice);
        assert_eq!(people.goes("al[ice]"), Some(alice));
        assert_ne!(people.hint("al[ice]"), alice);
        assert_eq!(people.goes("bob"), None);
    }

    #[test]
    fn there_is_an_end_to_those_who_are_told_apart() {
        let mut people = People::default();
        for number in 0..MOST {
            assert_ne!(people.hint(&number.to_string()), OTHERS);
        }
        assert_eq!(people.hint("one too many"), OTHERS);
    }
}
