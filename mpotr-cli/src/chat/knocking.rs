//! Who wants to come in, and what a person is told of it. `docs/spec/09-chat-payload.md`, "Whom it talks to".

use mpotr::IdentityKey;

use super::conversation::{Conversation, Say, notice};
use super::door::{Door, Trust};
use super::waiting::News;
use super::wording::fingerprint;

impl Conversation {
    /// What the person should know about who comes in.
    pub(super) fn door(&self) -> &'static str {
        match self.door {
            Door::With(_) if self.door.is_of_link() => {
                "only those come in whom the link names, and the room begins when all of them are there"
            }
            Door::With(_) => {
                "only those of --with come in, and the room begins when all of them are there"
            }
            Door::Trust(Trust::FirstUse, _) => {
                "anyone may come in who knows the name of the room, and is known from then on; who calls itself as \
                 a person is called whom you know, and is another, is left out"
            }
            Door::Trust(Trust::List, _) => {
                "those whom you know come in, and nobody else before you say so by /admit"
            }
            Door::Trust(Trust::Verified, _) => {
                "those come in whose keys you have verified, and nobody else before you say so by /admit"
            }
            Door::Ask => {
                "nobody comes in before you say so: type /admit and a whole fingerprint, or the name of a file \
                 with a public key"
            }
            Door::Open => "anyone may come in who knows the name of the room: compare fingerprints",
        }
    }

    /// Whether one that waits comes in by the person's word alone, which it has not given.
    pub(super) fn needs_word(&self, claimed: &IdentityKey) -> bool {
        let is_trusted = match &self.door {
            Door::With(_) | Door::Open | Door::Trust(Trust::FirstUse, _) => true,
            Door::Trust(Trust::List | Trust::Verified, trusted) => trusted.contains(claimed),
            Door::Ask => false,
        };
        !is_trusted && !self.awaited.is_admitted(claimed)
    }

    pub(super) fn waits(&mut self, claimed: IdentityKey) -> Vec<Say> {
        let is_known = self.names.knows(&claimed) || self.names.petname(&claimed).is_some();
        let news = self.waiting.comes(claimed, is_known);
        let whole = fingerprint(&claimed);
        if let Some(awaited) = self.comes_as_awaited(&claimed) {
            return awaited;
        }
        match news {
            News::None => Vec::new(),
            News::TooMany => notice(
                "many more want to come in and are not told of one by one: /members lists the newest, and /admit lets \
                 in whom it names, listed or not"
                    .to_owned(),
            ),
            News::Person => {
                let name = match is_known {
                    true => format!(" ({})", self.name(&claimed)),
                    false => self.names.file(&claimed),
                };
                let wants = format!("{whole}{name} wants to come in");
                match &self.door {
                    Door::With(keys) if keys.contains_key(&claimed) => {
                        notice(format!("{wants}, as expected; nothing is proven yet"))
                    }
                    Door::With(_) => notice(format!(
                        "{wants}, is not one of {}, and stays outside; {}",
                        self.door.named_by(),
                        self.door.names_another()
                    )),
                    Door::Trust(_, trusted) if trusted.contains(&claimed) => {
                        notice(format!("{wants}, whom you know; nothing is proven yet"))
                    }
                    Door::Trust(Trust::FirstUse, _) if self.names.is_impostor(&claimed) => notice(format!(
                        "{wants} again, and stays outside: it has called itself as another is called"
                    )),
                    Door::Trust(Trust::FirstUse, _) => vec![
                        Say::Notice(format!("{wants}, and is let in as a stranger; nothing is proven yet")),
                        Say::Admit(claimed),
                    ],
                    Door::Trust(Trust::Verified | Trust::List, _) | Door::Ask => {
                        let told = [
                            format!("{wants}; nothing is proven yet"),
                            format!("to let it in: /admit {whole}"),
                        ];
                        let told = told.into_iter().chain(self.may_come_by_link());
                        told.map(Say::Notice).collect()
                    }
                    Door::Open => notice(format!("{wants}; nothing is proven yet")),
                }
            }
        }
    }

    /// A whole fingerprint, and the name that is known for it.
    pub(super) fn whole(&self, member: &IdentityKey) -> String {
        let key = fingerprint(member);
        let is_named = self.names.knows(member) || self.names.petname(member).is_some();
        match is_named {
            true => format!("{key} ({})", self.name(member)),
            false => format!("{key}{}", self.names.file(member)),
        }
    }

    /// Who was left out by a vote is told of each time that the room tells of it: nobody lets it in but by name.
    pub(super) fn waits_again(&mut self, claimed: IdentityKey) -> Vec<Say> {
        let is_known = true;
        let _told_here = self.waiting.comes(claimed, is_known);
        if let Some(awaited) = self.comes_as_awaited(&claimed) {
            return awaited;
        }
        let (whole, name) = (fingerprint(&claimed), self.name(&claimed));
        let wants = format!(
            "{whole} ({name}), who was left out, wants to come in again; nothing is proven yet"
        );
        vec![
            Say::Notice(wants),
            Say::Notice(format!("to let it in: /admit {whole}")),
        ]
    }

    /// A person has come who was admitted before.
    pub(super) fn comes_as_awaited(&mut self, claimed: &IdentityKey) -> Option<Vec<Say>> {
        self.awaited.comes(claimed).then(|| {
            self.awaited.admit(*claimed);
            let whole = self.whole(claimed);
            let line = format!("{whole} has come, whom you asked to let in; nothing is proven yet");
            vec![Say::Notice(line), Say::Admit(*claimed)]
        })
    }
}

#[cfg(test)]
mod tests;
