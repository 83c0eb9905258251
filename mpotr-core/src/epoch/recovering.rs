//! What this member misses, and what it sends again to those who miss it. `docs/spec/05-wire.md`, "Recovery".

use std::collections::{BTreeSet, VecDeque};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, PerMember};

use super::Effect;
use super::delivery::{Author, Delivery, Standing};
use super::opener::Opener;
use crate::wire::{MAX_RANGES, MAX_WANTED, MessageId, Packet, Range};

/// The most places of one author that are asked for at once: as many messages may wait.
const MAX_OF_AUTHOR: u32 = 256;
/// The most places that are asked for, and sent again, at once.
const MAX_PLACES: usize = 1024;
/// How many of those who hold a message send it again when its place is asked for.
const SERVERS: usize = 2;

impl Delivery {
    /// Messages that others name and that are not at hand, nor came and found no room yet. Those who name them take turns, from another one with each `turn`:
    /// a member that names much, whether or not it exists, takes no place of what others name.
    pub(super) fn missing(&self, turn: u32) -> Vec<MessageId> {
        let is_missing = |id: &MessageId| self.is_missing(id);
        let mut named = PerMember::new(self.authors.members(), |_| BTreeSet::new());
        let mut name = |member: MemberIndex, ids: &mut dyn Iterator<Item = MessageId>| {
            if let Some(named) = named.get_mut(member) {
                named.extend(ids.filter(|id| is_missing(id)));
            }
        };
        for (author, held) in self.holdback.iter() {
            name(author, &mut held.content.ancestors());
        }
        for (member, peer) in self.authors.iter() {
            let waiting = peer.waiting.iter().flat_map(|said| &said.frontier);
            name(member, &mut waiting.copied());
        }
        if self.gate.is_cut() {
            for (member, peer) in self.authors.iter() {
                let frozen = peer.frozen.iter().flat_map(|said| &said.frontier);
                name(
                    member,
                    &mut frozen.copied().filter(|id| self.gate.names(id)),
                );
            }
        }
        let of_cut = self
            .gate
            .is_cut()
            .then(|| self.gate.missing().filter(is_missing).collect());
        let named = named.into_values().chain(of_cut);
        let named = named.map(BTreeSet::into_iter).collect();
        let mut wanted = BTreeSet::new();
        for id in in_turn(named, turn) {
            if wanted.len() >= MAX_WANTED {
                break;
            }
            wanted.insert(id);
        }
        wanted.into_iter().collect()
    }

    /// Whether a message is neither at hand nor came and found no room.
    pub(super) fn is_missing(&self, id: &MessageId) -> bool {
        !self.graph.contains(id)
            && self.holdback.get(id).is_none()
            && self.holdback.dropped_of(id).is_none()
    }

    /// Places of messages that their authors have sent and that are not at hand, the first ones of each author. Authors take
    /// turns as in [`Delivery::missing`].
    pub(super) fn missing_ranges(&self, turn: u32) -> Vec<Range> {
        let behind = self.behind_locks();
        let authors = self.authors.iter().map(|(author, peer)| {
            if author == self.me || self.is_closed(author) || peer.is_exposed() {
                return Vec::new().into_iter();
            }
            self.missing_of(author, peer, behind).into_iter()
        });
        let mut left = MAX_PLACES;
        let mut ranges: Vec<Range> = Vec::new();
        for mut range in in_turn(authors.collect(), turn) {
            let most = u32::try_from(left).unwrap_or(u32::MAX);
            range.count = range.count.min(most);
            if range.count == 0 || ranges.len() >= MAX_RANGES {
                break;
            }
            left = left.saturating_sub(range.places().count());
            ranges.push(range);
        }
        ranges.sort_unstable_by_key(|range| (range.author, range.first));
        ranges
    }

    /// The places of one author, where a lock names so many messages more than are delivered.
    fn missing_of(&self, author: MemberIndex, peer: &Author, behind: u32) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        let held: BTreeSet<u32> = self
            .holdback
            .of(author)
            .map(|held| held.content.seq)
            .collect();
        let stated = peer.waiting.as_ref().map_or(0, |said| said.sent);
        // Whose last message is not here has sent it, and some before it, if a lock names all that was sent.
        let unnamed = if peer.standing == Standing::Fin {
            0
        } else {
            peer.delivered.saturating_add(behind)
        };
        let end = held.last().copied().unwrap_or(0).max(stated).max(unnamed);
        let end = self
            .room_until(author, stated)
            .map(|room| room.max(unnamed))
            .map_or(end, |room| end.min(room));
        // What waits for a cut is not asked for again, and there is room for what comes after it.
        let mut first = peer.delivered;
        let mut room = MAX_OF_AUTHOR;
        if self.is_frozen() {
            while held.contains(&first) {
                first = first.saturating_add(1);
            }
            room = u32::try_from(self.holdback.room()).unwrap_or(u32::MAX);
        }
        let end = end.min(peer.delivered.saturating_add(room));
        let window = first..end.min(first.saturating_add(MAX_OF_AUTHOR));
        for place in window.filter(|place| !held.contains(place)) {
            match ranges.last_mut() {
                Some(last) if last.first.saturating_add(last.count) == place => {
                    last.count = last.count.saturating_add(1);
                }
                _ => ranges.push(Range {
                    author: author.get(),
                    first: place,
                    count: 1,
                }),
            }
        }
        ranges
    }

    /// Up to which place there is room for messages of an author, if not for all: the others are not asked for.
    fn room_until(&self, author: MemberIndex, stated: u32) -> Option<u32> {
        let peer = self.authors.get(author)?;
        self.unfinal.is_crowded(author).then(|| {
            let stated = if self.unfinal.has_margin(author) {
                stated
            } else {
                0
            };
            peer.demanded.max(stated)
        })
    }

    /// Whether messages are missing that others name.
    pub(super) fn misses_messages(&self) -> bool {
        let waits = !self.holdback.is_empty()
            || self.authors.values().any(|peer| peer.waiting.is_some())
            || self.gate.is_cut();
        // As a rule, nothing waits, and there is nothing to look for.
        waits && self.names_what_is_missing()
    }

    fn names_what_is_missing(&self) -> bool {
        self.is_any_named_missing() || !self.missing_ranges(0).is_empty()
    }

    /// Whether [`Delivery::missing`] names any: it looks no further than to the first.
    fn is_any_named_missing(&self) -> bool {
        let is_missing = |id: &MessageId| self.is_missing(id);
        let mut waiting = self.authors.values().flat_map(|peer| &peer.waiting);
        if waiting.any(|said| said.frontier.iter().any(is_missing)) {
            return true;
        }
        let mut held_back = self.holdback.iter();
        if held_back.any(|(_, held)| held.content.ancestors().any(|id| is_missing(&id))) {
            return true;
        }
        // What members froze with counts only as far as the cut names it.
        self.gate.missing().any(|id| is_missing(&id))
    }

    /// Sends again what another member misses, as far as it is at hand, with what shows it to who has not accepted it.
    /// What is asked for in a cut by name, all who hold it send. What is asked for else, two of them do, others each
    /// time; and what is asked for by name the others owe in turn, until they hear it.
    pub(super) fn serve<S: CryptoSuite>(
        &mut self,
        (wanted, missing): (&[MessageId], &[Range]),
        (number, is_in_cut): (u32, bool),
        opener: &mut Opener<S>,
        effects: &mut VecDeque<Effect>,
    ) {
        let all_send = is_in_cut || self.is_frozen();
        let mut asked = Vec::new();
        for id in wanted {
            let Some(place) = self.place_of(id) else {
                continue;
            };
            let turn = self.turn_of(id, number);
            if all_send || turn < SERVERS {
                asked.push((place, *id));
                continue;
            }
            // Who wrote it has it for certain.
            let turn = if place.0 == self.me { SERVERS } else { turn };
            let rounds = turn.checked_div(SERVERS).unwrap_or(0);
            effects.push_back(Effect::Owed { id: *id, rounds });
        }
        let places = missing.iter().flat_map(|range| {
            let author = MemberIndex::new(range.author);
            range.places().map(move |place| (author, place))
        });
        let by_place = places
            .take(MAX_PLACES)
            .filter_map(|place| Some((place, self.id_at(place.0, place.1)?)))
            .filter(|(_, id)| self.turn_of(id, number) < SERVERS);
        asked.extend(by_place);
        self.send_all_again(asked, opener, effects);
    }

    /// Sends messages again, each once, with what shows it to who has not accepted it.
    pub(super) fn send_all_again<S: CryptoSuite>(
        &mut self,
        asked: impl IntoIterator<Item = ((MemberIndex, u32), MessageId)>,
        opener: &mut Opener<S>,
        effects: &mut VecDeque<Effect>,
    ) {
        let mut sent = BTreeSet::new();
        for ((author, place), id) in asked {
            if sent.contains(&id) {
                continue;
            }
            for shown in self.line_of((author, place), id, opener) {
                if sent.insert(shown) {
                    self.send_again(shown, effects);
                }
            }
        }
    }

    fn send_again(&self, id: MessageId, effects: &mut VecDeque<Effect>) {
        if let Some(packet) = self.packet_of(&id).cloned() {
            let packet = Packet::Sealed(packet).to_bytes();
            effects.push_back(Effect::Missing { id, packet });
        }
    }

    /// Whose turn this member's is, of all: by message, and by how often it was asked for.
    fn turn_of(&self, id: &MessageId, number: u32) -> usize {
        let turn = id
            .as_bytes()
            .first_chunk()
            .map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let turn = usize::try_from(turn.wrapping_add(number)).unwrap_or(0);
        turn.wrapping_add(self.me.place())
            .checked_rem(self.authors.members())
            .unwrap_or(0)
    }
}

/// The first of each, then the second of each, and so on; who is first moves on with each `turn`.
fn in_turn<T>(mut lists: Vec<impl Iterator<Item = T>>, turn: u32) -> impl Iterator<Item = T> {
    let first = usize::try_from(turn)
        .unwrap_or(0)
        .checked_rem(lists.len())
        .unwrap_or(0);
    lists.rotate_left(first);
    let mut lists: VecDeque<_> = lists.into();
    core::iter::from_fn(move || {
        loop {
            let mut list = lists.pop_front()?;
            if let Some(item) = list.next() {
                lists.push_back(list);
                return Some(item);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn who_names_much_takes_no_turn_of_others() {
        let lists = || vec![vec![1, 2, 3, 4], vec![], vec![5], vec![6, 7]];
        let taken = |turn| {
            let lists = lists().into_iter().map(Vec::into_iter).collect();
            in_turn(lists, turn).collect::<Vec<_>>()
        };
        assert_eq!(taken(0), [1, 5, 6, 2, 7, 3, 4]);
        assert_eq!(taken(3), [6, 1, 5, 7, 2, 3, 4]);
        assert_eq!(taken(4), taken(0));
        assert_eq!(in_turn(Vec::<std::vec::IntoIter<u8>>::new(), 7).count(), 0);
    }
}
