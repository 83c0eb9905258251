//! What members do, and what befalls them.

use mpotr_core::TextId;

use super::World;
use crate::draw::below;
use crate::ledger::{Asked, Written};
use crate::party::{Act, Seat};
use crate::script::Role;

impl World {
    /// A member writes a text.
    pub fn say(&mut self, seat: Seat) {
        if !self.is_there(seat) {
            return;
        }
        let length = self.text_bytes;
        let text = format!("{seat} says {}", self.messages);
        let text = format!("{text:.<length$}");
        let is_outside = self.ledger.epoch_of(seat).is_none();
        if let Some(person) = self.ledger.person_mut(seat)
            && person.is_honest
            && is_outside
        {
            // Nobody knows yet who would read it: the person waits.
            person.unsaid.push(text);
            self.messages = self.messages.saturating_add(1);
            return;
        }
        if self.write(seat, text) {
            self.messages = self.messages.saturating_add(1);
        }
        self.collect(seat);
    }

    /// The room is secure: a person says what it could not say before.
    pub(super) fn say_at_last(&mut self, seat: Seat) {
        let person = self.ledger.person_mut(seat);
        let unsaid = person.map(|person| std::mem::take(&mut person.unsaid));
        for text in unsaid.unwrap_or_default() {
            self.write(seat, text);
        }
    }

    /// Hands a text to a party; whether it is one of an honest member that is taken.
    fn write(&mut self, seat: Seat, text: String) -> bool {
        let now = self.now;
        let Some(place) = self.places.get_mut(seat.0) else {
            return false;
        };
        let is_honest = place.role == Role::Honest;
        let taken = place.party.send(now, text.as_bytes());
        let Some(text_id) = taken.filter(|_| is_honest) else {
            return false;
        };
        self.trace.note(now, seat, format_args!("writes: {text}"));
        let for_whom = self.ledger.seen_by(seat);
        if let Some(person) = self.ledger.person_mut(seat) {
            person
                .written
                .insert(text_id, Written { at: now, for_whom });
            person.unsent.insert(text_id, text.into_bytes());
            person.open.insert(text_id, None);
        }
        true
    }

    /// A text of an honest member is held: its person looks who has come in, and lets it leave or takes it back.
    pub(super) fn decide(&mut self, seat: Seat, text_id: TextId) {
        let leaves = below(2, &mut self.rng) == 0;
        let now = self.now;
        self.trace
            .note(now, seat, format_args!("lets {text_id:?} leave: {leaves}"));
        let for_whom = self.ledger.seen_by(seat);
        if let Some(person) = self.ledger.person_mut(seat) {
            if leaves {
                person.release(text_id, for_whom);
            } else {
                person.discarded.insert(text_id);
            }
        }
        if let Some(place) = self.places.get_mut(seat.0) {
            place.party.decide(now, text_id, leaves);
        }
    }

    /// Some honest member that stays writes a text.
    pub fn somebody_says(&mut self) {
        let staying: Vec<_> = self.ledger.staying().map(|(seat, _)| seat).collect();
        let count = u64::try_from(staying.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(below(count, &mut self.rng)).unwrap_or(0);
        if let Some(seat) = staying.get(turn) {
            self.say(*seat);
        }
    }

    /// A member asks something of its room.
    pub fn act(&mut self, seat: Seat, act: Act) {
        if !self.is_there(seat) {
            return;
        }
        let now = self.now;
        self.trace.note(now, seat, format_args!("asks: {act:?}"));
        if let Some(person) = self.ledger.person_mut(seat) {
            person.is_leaving |= act == Act::Leave;
            if person.is_honest {
                self.note_act(seat, act);
            }
        }
        if let Some(place) = self.places.get_mut(seat.0) {
            place.party.act(now, act);
        }
        self.collect(seat);
    }

    /// An honest member asks something of its room.
    fn note_act(&mut self, seat: Seat, act: Act) {
        let ledger = &mut self.ledger;
        ledger.now = self.now;
        let Some(person) = ledger.person_mut(seat) else {
            return;
        };
        match act {
            Act::Leave => {
                let own = person.identity;
                self.is_leaving = true;
                ledger.ask(Asked::Out(own));
            }
            Act::Refresh => ledger.ask(Asked::Refresh),
            Act::Exclude(identity) => {
                person.rejects.insert(identity);
                // The votes of the others are for the same change.
                if ledger.excluded.insert(identity) {
                    ledger.ask(Asked::Out(identity));
                }
            }
            // Rooms become one when the people of both have voted: that is no change of one room.
            Act::Merge(name) => {
                ledger.merges.entry(seat).or_default().insert(name);
            }
            Act::Admit(identity) => {
                person.rejects.remove(&identity);
                ledger.admitted.entry(seat).or_default().insert(identity);
            }
        }
    }

    /// A member asks that another be let in.
    pub fn admit(&mut self, by: Seat, whom: Seat) {
        if let Some(place) = self.places.get(whom.0) {
            let identity = place.identity.public();
            self.act(by, Act::Admit(identity));
        }
    }

    /// A member asks that another be left out.
    pub fn exclude(&mut self, by: Seat, whom: Seat) {
        let whom = self.places.get(whom.0).map(|it| it.identity.public());
        let present = self.ledger.epoch_of(by).map(|(_, record)| &record.roster);
        // Whom a person does not see in the room it cannot ask to be left out.
        let seen = whom.filter(|whom| present.is_some_and(|roster| roster.contains(whom)));
        if let Some(identity) = seen {
            self.act(by, Act::Exclude(identity));
        }
    }

    /// A member dies.
    pub fn kill(&mut self, seat: Seat) {
        if self.is_there(seat) {
            self.trace.note(self.now, seat, "dies");
            self.ledger.bury(seat);
        }
    }

    /// Insiders die.
    pub(crate) fn kill_insiders(&mut self) {
        let insiders: Vec<_> = (0..)
            .map(Seat)
            .zip(&self.places)
            .filter(|(_, place)| matches!(place.role, Role::Insider(_)))
            .map(|(seat, _)| seat)
            .collect();
        for seat in insiders {
            self.kill(seat);
        }
    }

    /// Whether a party is alive and has not left.
    pub(super) fn is_there(&self, seat: Seat) -> bool {
        let person = self.ledger.person(seat);
        person.is_some_and(|person| person.is_alive && !person.has_left)
    }
}
