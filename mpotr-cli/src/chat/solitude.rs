//! Whether a person is told that nobody else is in the room.

/// Whether the last one in a room knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Solitude {
    is_told: bool,
}

impl Solitude {
    /// What to say, if this member has come to be alone.
    pub(super) fn look(&mut self, is_alone: bool) -> Option<&'static str> {
        let is_news = is_alone && !self.is_told;
        self.is_told = is_alone;
        is_news.then_some(
            "nobody else is in the room now; the talk goes on if another member comes back",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Solitude;

    #[test]
    fn it_is_told_once_each_time() {
        let mut solitude = Solitude::default();
        assert_eq!(solitude.look(false), None);
        assert!(solitude.look(true).is_some());
        assert_eq!(solitude.look(true), None);
        assert_eq!(solitude.look(false), None);
        assert!(solitude.look(true).is_some());
    }
}
