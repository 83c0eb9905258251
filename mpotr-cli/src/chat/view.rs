//! What there is to see of a room, whatever shows it: `/members` prints the people of it line by line, and the screen shows all
//! of it at any time. It follows from what the room has told and from what the person has said, and is never kept anywhere.

use mpotr::Phase;

/// How one who is shown stands to the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// This member.
    Me,
    /// Another member.
    Member,
    /// Waits outside, or has waited.
    Outside,
    /// Nobody in particular, or one who is not here: the line says it all.
    Elsewhere,
}

/// One who is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) standing: Standing,
    /// What it is called, for where there is little room.
    pub(crate) name: String,
    /// How it is known whose its key is; empty where that is said nowhere.
    pub(crate) how: String,
    /// All of it: the fingerprint, what it is called, and how that is known.
    pub(crate) line: String,
    /// What else there is to say of it.
    pub(crate) notes: Vec<String>,
}

/// What a line is that stays where it is seen for as long as it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Members decide about something, or this one has to.
    Vote,
    /// One outside waits for this member's word.
    Door,
    /// A text that did not leave.
    Held,
    /// A question of who is who.
    Asked,
    /// What the room waits for.
    Waits,
}

impl Kind {
    /// Its name, before the line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::Door => "door",
            Self::Held => "held",
            Self::Asked => "asked",
            Self::Waits => "waits",
        }
    }
}

/// A line that stays where it is seen for as long as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    pub(crate) kind: Kind,
    pub(crate) line: String,
}

/// All that there is to see of a room but for what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Its name.
    pub(crate) room: String,
    /// Where it meets.
    pub(crate) place: String,
    /// How far it is: in the words that other programs know, too.
    pub(crate) phase: Phase,
    /// Whether the way to it is lost.
    pub(crate) is_away: bool,
    /// Who is there, and who waits.
    pub(crate) people: Vec<Person>,
    /// What stays where it is seen, the most urgent first.
    pub(crate) pinned: Vec<Pinned>,
}

impl View {
    /// How many members there are, this one included.
    pub(crate) fn members(&self) -> usize {
        let is_member = |it: &&Person| matches!(it.standing, Standing::Me | Standing::Member);
        self.people.iter().filter(is_member).count()
    }
}

impl Person {
    /// As a list has it.
    pub(super) fn row(&self) -> String {
        let notes = self.notes.iter().map(|note| format!(" ({note})"));
        format!("  {}{}", self.line, notes.collect::<String>())
    }

    /// A line of its own.
    pub(super) fn elsewhere(line: String) -> Self {
        Self {
            standing: Standing::Elsewhere,
            name: String::new(),
            how: String::new(),
            line,
            notes: Vec::new(),
        }
    }
}
