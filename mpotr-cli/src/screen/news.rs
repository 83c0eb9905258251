//! What came while the person looked elsewhere: in another part of the talk or, where the terminal tells it, at another window. The
//! title of the window counts it, and a bell rings once where the person wants one. `docs/spec/09-chat-payload.md`, "Screen".

/// What came that the person has not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Texts of others.
    texts: usize,
    /// Whether one of them names the person, or something is asked of it.
    is_meant: bool,
    /// Whether a bell is to ring for that.
    rings: bool,
    /// What the person is called, in small letters.
    nick: String,
}

impl News {
    /// What the person is called.
    pub(super) fn call(&mut self, nick: &str) {
        self.nick = nick.to_lowercase();
    }

    /// A text has come, behind the name of its author.
    pub(super) fn text(&mut self, line: &str) {
        self.texts = self.texts.saturating_add(1);
        let text = line.split_once(": ").map_or(line, |(_, text)| text);
        if names(&text.to_lowercase(), &self.nick) {
            self.asks();
        }
    }

    /// Something is asked of the person.
    pub(super) fn asks(&mut self) {
        // Once, until it was looked at.
        self.rings |= !self.is_meant;
        self.is_meant = true;
    }

    /// What came in another room, too.
    pub(super) fn add(&mut self, other: &Self) {
        self.texts = self.texts.saturating_add(other.texts);
        self.is_meant |= other.is_meant;
    }

    /// All of it is looked at.
    pub(super) fn are_seen(&mut self) {
        self.texts = 0;
        self.is_meant = false;
        self.rings = false;
    }

    /// Whether a bell is to ring, once.
    pub(super) fn ring(&mut self) -> bool {
        core::mem::take(&mut self.rings)
    }

    /// How it is counted, with a sign where it is meant for the person; empty if there is nothing.
    pub(super) fn mark(&self) -> String {
        match (self.texts, self.is_meant) {
            (0, false) => String::new(),
            (0, true) => "(!)".to_owned(),
            (texts, false) => format!("({texts})"),
            (texts, true) => format!("({texts}!)"),
        }
    }
}

/// Whether a word is in a text, and not a part of another word.
fn names(text: &str, word: &str) -> bool {
    let is_letter = |it: char| it.is_alphanumeric();
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, rest) = text.split_at_checked(at).unwrap_or_default();
            let behind = rest.strip_prefix(word).unwrap_or_default();
            !before.ends_with(is_letter) && !behind.starts_with(is_letter)
        })
}

#[cfg(test)]
mod tests {
    use super::News;

    #[test]
    fn texts_are_counted_and_what_is_meant_for_the_person_rings_once() {
        let mut news = News::default();
        news.call("Alice");
        assert_eq!(news.mark(), "");
        news.text("bob: hello, malice");
        assert_eq!((news.mark().as_str(), news.ring()), ("(1)", false));
        news.text("alice2: not I");
        assert_eq!((news.mark().as_str(), news.ring()), ("(2)", false));
        news.text("bob: are you there, alice?");
        assert_eq!((news.mark().as_str(), news.ring()), ("(3!)", true));
        news.asks();
        news.text("bob: Alice!");
        assert_eq!((news.mark().as_str(), news.ring()), ("(4!)", false));
        news.are_seen();
        assert_eq!(news.mark(), "");
        news.asks();
        assert_eq!((news.mark().as_str(), news.ring()), ("(!)", true));
    }
}
