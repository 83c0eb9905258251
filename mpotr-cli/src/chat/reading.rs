//! What others write, and by which names it is shown. `docs/spec/09-chat-payload.md`, "Nicks".

use mpotr::IdentityKey;
use mpotr_formats::{Escaped, Nick, Payload};

use super::conversation::{Conversation, Say, notice};
use super::door::{Door, Trust};
use super::names::Naming;
use super::remembering::Learned;
use super::wording::{self, fingerprint};

impl Conversation {
    pub(super) fn reads(&mut self, author: IdentityKey, body: &[u8]) -> Vec<Say> {
        if author == self.me {
            return Vec::new();
        }
        match Payload::from_bytes(body) {
            Ok(Payload { .. }) if self.is_muted(&author) => Vec::new(),
            Ok(Payload { nick, text }) => {
                let heard = self.names.note(author, &nick);
                let text = wording::with_blanks_for_tabs(&text);
                let text = Say::Text(format!("{}: {}", self.name(&author), Escaped(&text)));
                let judged = self.judge(author, &nick, &heard);
                let heard = heard.iter().map(|naming| Say::Notice(self.tell(naming)));
                heard.chain([text]).chain(judged).collect()
            }
            Err(error) => notice(format!(
                "{} sent a message that this program cannot read: {error}",
                self.name(&author),
            )),
        }
    }

    /// What follows, where strangers are trusted at first use, from what one of them calls itself.
    pub(super) fn judge(&self, author: IdentityKey, nick: &Nick, heard: &[Naming]) -> Option<Say> {
        if !matches!(self.door, Door::Trust(Trust::FirstUse, _))
            || self.names.petname(&author).is_some()
        {
            return None;
        }
        let is_impostor =
            |naming: &Naming| matches!(naming, Naming::OtherKey { .. } | Naming::OtherFile { .. });
        if heard.iter().any(is_impostor) {
            return Some(Say::LeaveOut(author));
        }
        // A petname that looks like the own nick would be that of two people.
        let is_stranger = !self.names.is_impostor(&author) && !self.names.is_mine(nick);
        is_stranger.then(|| Say::Remember(Learned::Stranger(author, nick.clone())))
    }

    pub(super) fn tell(&self, naming: &Naming) -> String {
        match naming {
            Naming::Renamed { before, after } => format!("{before} is called {after} from now on"),
            Naming::Clash(names) => format!(
                "WARNING: the names of {} look alike: each is shown with digits of its fingerprint from now on",
                names.join(" and "),
            ),
            Naming::OtherKey {
                identity, known, ..
            } => format!(
                "WARNING: {} is another than the {} you know: this is {}, and the one you know is {}",
                self.name(identity),
                self.name(known),
                fingerprint(identity),
                fingerprint(known),
            ),
            Naming::OtherFile {
                identity,
                file,
                given,
            } => format!(
                "WARNING: {} is another than the one in {}: this is {}, and the key in that file is that of {}",
                self.name(identity),
                Escaped(file),
                fingerprint(identity),
                fingerprint(given),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
