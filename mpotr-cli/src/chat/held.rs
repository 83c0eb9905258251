//! Texts that did not leave since others came in who would read them, and how a person says what becomes of them.
//! `docs/spec/09-chat-payload.md`, "Texts that are held".

use std::collections::BTreeMap;

use mpotr::{Message, TextId, Told};
use mpotr_formats::Escaped;

use super::wording::enumerated;

/// What is told the first time.
const HINT: &str = "/release sends what is held to all who are here now, /discard takes it back; a number behind it \
                    means one text alone";

/// Texts that have not left.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldTexts {
    /// What was taken and is not sent.
    waiting: BTreeMap<TextId, String>,
    /// What has left, and whose fate is not known yet.
    on_way: BTreeMap<TextId, String>,
    /// Those of them that are held, by the numbers that the person knows them by.
    held: BTreeMap<u32, TextId>,
    /// Those that are held and were not given to the room.
    early: BTreeMap<u32, (String, Why)>,
    last: u32,
}

/// Why a text is held that the room was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// These came in, who would read it.
    CameIn(Vec<String>),
    /// It may answer what another asks.
    MayAnswer,
}

impl HeldTexts {
    /// The room has taken a text.
    pub(super) fn take(&mut self, text_id: TextId, text: String) {
        self.waiting.insert(text_id, text);
    }

    /// Takes note of what becomes of a text. Returns what to tell, if it is held: `names` has those who came in.
    pub(super) fn hear(&mut self, event: &Told, names: &[String]) -> Vec<String> {
        if let Told::Message(Message::Sent { text_id, .. })
        | Told::Message(Message::Dropped { text_id, .. }) = event
        {
            let text = self.waiting.remove(text_id);
            self.on_way.extend(text.map(|text| (*text_id, text)));
            self.held.retain(|_, held| held != text_id);
        }
        if let Told::Message(Message::Acknowledged { text_id }) = event {
            self.on_way.remove(text_id);
        }
        let Told::Message(Message::Held { text_id, .. }) = event else {
            return Vec::new();
        };
        let text = self.waiting.get(text_id).map_or("", String::as_str);
        let (number, told) = self.number(text, names);
        self.last = number;
        self.held.insert(number, *text_id);
        told
    }

    /// Holds a text that the room was not given. Returns what to tell: `names` has those who came in.
    pub(super) fn hold_early(&mut self, text: String, names: Vec<String>) -> Vec<String> {
        let (number, told) = self.number(&text, &names);
        self.last = number;
        self.early.insert(number, (text, Why::CameIn(names)));
        told
    }

    /// Holds a text that may answer what one of these asks. Returns what to tell.
    pub(super) fn hold_answer(&mut self, text: String, names: &[String]) -> Vec<String> {
        self.last = self.last.saturating_add(1);
        let number = self.last;
        let how = match names {
            [one] => format!("/answer gives an answer to {one} alone"),
            _ => "/answer and a name gives an answer to that one alone".to_owned(),
        };
        let told = vec![
            format!(
                "not sent, for it may be the answer to {}, and would go to all: {number}: {}",
                enumerated(names),
                Escaped(&text)
            ),
            format!("{how}; /release {number} sends this to all, /discard {number} takes it back"),
        ];
        self.early.insert(number, (text, Why::MayAnswer));
        told
    }

    /// Takes back what was held since it may be this answer, and is. Returns whether there was any.
    pub(super) fn was_answer(&mut self, answer: &str) -> bool {
        let before = self.early.len();
        let answer = answer.trim();
        self.early
            .retain(|_, (text, why)| *why != Why::MayAnswer || text.trim() != answer);
        self.early.len() < before
    }

    /// Whether the text of a number is held since it may be an answer.
    pub(super) fn may_answer(&self, number: u32) -> bool {
        let held = self.early.get(&number);
        held.is_some_and(|(_, why)| *why == Why::MayAnswer)
    }

    /// The number of the next text that is held, and what is told of it.
    fn number(&self, text: &str, names: &[String]) -> (u32, Vec<String>) {
        let is_first = self.held.is_empty() && self.early.is_empty();
        let number = self.last.saturating_add(1);
        let line = format!(
            "not sent, for {} came in who would read it: {number}: {}",
            names.join(", "),
            Escaped(text)
        );
        let hint = is_first.then(|| HINT.to_owned());
        (number, core::iter::once(line).chain(hint).collect())
    }

    /// The numbers of the texts that a person means and that the room was not given: the one with a number, or all.
    pub(super) fn meant_early(&self, number: Option<u32>) -> Vec<u32> {
        let numbers = self.early.keys().copied();
        numbers
            .filter(|it| number.is_none_or(|number| number == *it))
            .collect()
    }

    /// The text of such a number.
    pub(super) fn early(&self, number: u32) -> Option<&str> {
        self.early.get(&number).map(|(text, _)| text.as_str())
    }

    /// The texts that a person means and that the room was not given: the one with a number, or all. They are held no longer.
    pub(super) fn take_early(&mut self, number: Option<u32>) -> Vec<String> {
        let taken = match number {
            Some(number) => self.early.remove(&number).into_iter().collect(),
            None => core::mem::take(&mut self.early)
                .into_values()
                .collect::<Vec<_>>(),
        };
        taken.into_iter().map(|(text, _)| text).collect()
    }

    /// Why each text is held that is and that the room was not given. They are held no longer.
    pub(super) fn never_given(&mut self) -> impl Iterator<Item = Why> {
        let early = core::mem::take(&mut self.early).into_values();
        early.map(|(_, why)| why)
    }

    /// The text that an event tells the loss of.
    pub(super) fn lost(&mut self, event: &Told) -> Option<String> {
        if let Told::Message(Message::Missed { text_id, .. })
        | Told::Message(Message::Dropped { text_id, .. }) = event
        {
            self.on_way.remove(text_id)
        } else {
            None
        }
    }

    /// All that the room has and that has not left, held or not.
    pub(super) fn unsent(&self) -> Vec<TextId> {
        self.waiting.keys().copied().collect()
    }

    /// How many are not known to have reached all members.
    pub(super) fn undelivered(&self) -> usize {
        self.waits().saturating_add(self.on_way.len())
    }

    /// Those that are held, by their numbers.
    pub(super) fn listed(&self) -> Vec<(u32, &str)> {
        let given = self.held.iter();
        let given = given.map(|(number, text_id)| (*number, self.waiting.get(text_id)));
        let given = given.map(|(number, text)| (number, text.map_or("", String::as_str)));
        let early = self.early.iter();
        let early = early.map(|(number, (text, _))| (*number, text.as_str()));
        let mut listed: Vec<_> = given.chain(early).collect();
        listed.sort_unstable();
        listed
    }

    /// What the room was never given, and may be.
    pub(super) fn ungiven(&self) -> impl Iterator<Item = &str> {
        self.early.values().map(|(text, _)| text.as_str())
    }

    /// How many have not left.
    pub(super) fn waits(&self) -> usize {
        self.waiting.len().saturating_add(self.early.len())
    }

    /// The texts that a person means: the one with a number, or all that are held.
    pub(super) fn meant(&self, number: Option<u32>) -> Vec<TextId> {
        match number {
            Some(number) => self.held.get(&number).into_iter().copied().collect(),
            None => self.held.values().copied().collect(),
        }
    }

    /// A text is not held any longer: it waits for its turn, or is taken back.
    pub(super) fn is_decided(&mut self, text_id: TextId) {
        self.held.retain(|_, held| *held != text_id);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use mpotr::{DropReason, Message, TextId, Told};

    use super::{HINT, HeldTexts, Why};
    use crate::chat::testing::{self, EVE};

    /// Two texts.
    pub(crate) fn texts() -> [TextId; 2] {
        testing::texts(2).try_into().unwrap()
    }

    fn hold(held: &mut HeldTexts, text_id: TextId) -> Vec<String> {
        let event = Told::Message(Message::Held {
            text_id,
            added: vec![EVE],
        });
        held.hear(&event, &["eve".to_owned()])
    }

    #[test]
    fn a_text_that_is_held_is_told_by_its_number_and_how_to_decide_once() {
        let mut held = HeldTexts::default();
        let [one, two] = texts();
        held.take(one, "for bob\u{1b}".to_owned());
        held.take(two, "for bob, too".to_owned());
        let told = hold(&mut held, one);
        let expected = "not sent, for eve came in who would read it: 1: for bob\\u{1b}";
        assert_eq!(told, [expected, HINT]);
        assert_eq!(hold(&mut held, two).len(), 1);
        assert_eq!(held.meant(Some(2)), [two]);
        assert_eq!(held.meant(Some(3)), []);
        assert_eq!(held.meant(None), [one, two]);
    }

    #[test]
    fn what_the_room_was_not_given_is_held_by_a_number_of_the_same_row() {
        let mut held = HeldTexts::default();
        let [one, two] = texts();
        held.take(one, "one".to_owned());
        hold(&mut held, one);
        let told = held.hold_early("early".to_owned(), vec!["eve".to_owned()]);
        assert_eq!(
            told,
            ["not sent, for eve came in who would read it: 2: early"]
        );
        held.take(two, "two".to_owned());
        hold(&mut held, two);
        assert_eq!(held.meant(None), [one, two]);
        assert_eq!(held.waits(), 3);
        assert!(held.take_early(Some(1)).is_empty());
        assert_eq!(held.take_early(Some(2)), ["early"]);
        assert!(held.take_early(None).is_empty());
        assert_eq!(held.meant(Some(3)), [two]);
    }

    /// Whether the room takes it shows when it is given: until then it is held under its number.
    #[test]
    fn what_is_released_and_not_taken_stays_held() {
        let mut held = HeldTexts::default();
        for text in ["one", "two"] {
            held.hold_early(text.to_owned(), vec!["eve".to_owned()]);
        }
        for _ in 0..2 {
            assert_eq!(held.meant_early(None), [1, 2]);
            assert_eq!(held.early(2), Some("two"));
        }
        assert_eq!(held.take_early(Some(2)), ["two"]);
        assert_eq!((held.meant_early(None), held.early(2)), (vec![1], None));
    }

    #[test]
    fn what_waits_can_be_taken_back_though_it_is_not_held() {
        let mut held = HeldTexts::default();
        let [one, two] = texts();
        held.take(one, "waits".to_owned());
        held.take(two, "is held".to_owned());
        hold(&mut held, two);
        assert_eq!(held.unsent(), [one, two]);
        let why = DropReason::Discarded;
        held.hear(&Told::Message(Message::Dropped { text_id: one, why }), &[]);
        assert_eq!(held.unsent(), [two]);
    }

    #[test]
    fn what_may_be_an_answer_is_held_until_it_was_or_is_sent_as_a_text() {
        let mut held = HeldTexts::default();
        let told = held.hold_answer("at the mill".to_owned(), &["bob".to_owned()]);
        assert!(told[0].contains("the answer to bob") && told[0].ends_with("1: at the mill"));
        assert!(told[1].starts_with("/answer gives an answer to bob alone; /release 1"));
        let names = ["bob", "carol"].map(str::to_owned);
        let told = held.hold_answer("hello".to_owned(), &names);
        assert!(told[0].contains("the answer to bob and carol"), "{told:?}");
        assert!(told[1].starts_with("/answer and a name"), "{told:?}");
        assert!(held.may_answer(1) && held.may_answer(2));
        assert!(!held.was_answer("the mill") && held.was_answer(" at the mill "));
        assert_eq!(held.listed(), [(2, "hello")]);
        held.hold_early("hello".to_owned(), vec!["eve".to_owned()]);
        assert!(!held.may_answer(3) && held.was_answer("hello"));
        assert_eq!(
            held.never_given().collect::<Vec<_>>(),
            [Why::CameIn(vec!["eve".to_owned()])]
        );
    }

    #[test]
    fn what_is_lost_is_known_and_what_has_arrived_is_forgotten() {
        let mut held = HeldTexts::default();
        let [one, two] = texts();
        for (text_id, text) in [(one, "first"), (two, "second")] {
            held.take(text_id, text.to_owned());
            let id = mpotr::MessageId::new([7; 32]);
            held.hear(&Told::Message(Message::Sent { text_id, id }), &[]);
        }
        held.hear(&Told::Message(Message::Acknowledged { text_id: one }), &[]);
        let missed = |text_id| {
            Told::Message(Message::Missed {
                text_id,
                by: vec![EVE],
            })
        };
        assert_eq!(held.lost(&missed(one)), None);
        assert_eq!(held.lost(&missed(two)), Some("second".to_owned()));
        assert!(held.on_way.is_empty());
    }

    #[test]
    fn what_has_left_or_is_taken_back_is_not_held() {
        let mut held = HeldTexts::default();
        let [one, two] = texts();
        for text_id in [one, two] {
            held.take(text_id, String::new());
            hold(&mut held, text_id);
        }
        held.is_decided(one);
        assert_eq!(held.meant(None), [two]);
        let why = DropReason::Left;
        let dropped = Told::Message(Message::Dropped { text_id: two, why });
        assert!(held.hear(&dropped, &[]).is_empty());
        assert!(held.meant(None).is_empty());
        assert_eq!(held.waiting.len(), 1);
    }
}
