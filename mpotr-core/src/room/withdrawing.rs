//! What a member asked for and takes back. `docs/spec/06-epochs.md`, "Changes".

use mpotr_crypto::CryptoSuite;

use super::Room;
use crate::config::Admission;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::Wish;

impl<S: CryptoSuite> Room<S> {
    /// Takes back what this member asked for: by [`Room::admit`], [`Room::exclude`], [`Room::change_policy`] or
    /// [`Room::refresh`]. An identity whose admission is taken back before it is in is asked about again, under
    /// [`Admission::Ask`]. Returns whether there was anything to take back. What the others have acted on already stays.
    pub fn withdraw(&mut self, now: Timestamp, wish: &Wish) -> bool {
        let mut is_withdrawn = self.wishes.remove(wish);
        if let (Wish::Admit(identity), Admission::Ask(identities)) =
            (wish, &mut self.config.admission)
        {
            let mut members = self.epoch.iter().flat_map(|epoch| epoch.roster());
            let is_in = members.any(|member| member == *identity);
            is_withdrawn |= !is_in && identities.remove(identity);
        }
        if is_withdrawn && self.epoch.is_some() {
            // A vote counts until the others have heard that it does not.
            self.say_next();
            self.timers.set(Timer::Change, now);
        }
        self.after_epoch(now);
        is_withdrawn
    }
}
