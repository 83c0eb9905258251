//! What a word that is begun may be: a command at the beginning of a line, or the name of one who is here.

/// What can be named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// With their slash.
    pub(crate) commands: Vec<String>,
    /// Names and digits of people.
    pub(crate) names: Vec<String>,
}

/// As many are shown where several fit.
const MOST_SHOWN: usize = 24;

/// What is done about a word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// So many bytes of it go.
    pub(super) erase: usize,
    /// This comes in their place.
    pub(super) insert: String,
    /// What it may be, where that is not decided.
    pub(super) choices: Vec<String>,
}

/// What can be made of the word at the end of a line; none if nothing fits.
pub(super) fn complete(before: &str, words: &Words) -> Option<Completion> {
    let is_command = before.starts_with('/') && !before.starts_with("//");
    let parts = |it: char| it == ' ' || (is_command && it == ',');
    let begins = before.rfind(parts).map_or(0, |at| at.saturating_add(1));
    let word = before.get(begins..).unwrap_or_default();
    let (known, behind) = match (begins, is_command) {
        (0, true) => (&words.commands, " "),
        (0, false) => (&words.names, ": "),
        (_, _) => (&words.names, " "),
    };
    // In the midst of a text, a word that is not begun could be anything.
    if word.is_empty() && !is_command {
        return None;
    }
    let fits = |it: &&String| begins_with(it, word);
    let mut fitting: Vec<_> = known.iter().filter(fits).cloned().collect();
    fitting.sort();
    fitting.dedup();
    let common = common(&fitting)?;
    if let [one] = fitting.as_slice() {
        return Some(Completion {
            erase: word.len(),
            insert: format!("{one}{behind}"),
            choices: Vec::new(),
        });
    }
    let is_longer = common.len() > word.len();
    Some(Completion {
        erase: if is_longer { word.len() } else { 0 },
        insert: if is_longer { common } else { String::new() },
        choices: match is_longer {
            true => Vec::new(),
            false => shown(fitting),
        },
    })
}

fn shown(mut fitting: Vec<String>) -> Vec<String> {
    let more = fitting.len().saturating_sub(MOST_SHOWN);
    fitting.truncate(MOST_SHOWN);
    fitting.extend((more > 0).then(|| format!("and {more} more")));
    fitting
}

/// Whether a name begins with a word, by letters of either case.
fn begins_with(name: &str, word: &str) -> bool {
    let mut name = name.chars().flat_map(char::to_lowercase);
    let mut word = word.chars().flat_map(char::to_lowercase);
    word.all(|letter| name.next() == Some(letter))
}

/// What all of them begin with; none of no words.
fn common(words: &[String]) -> Option<String> {
    let mut words = words.iter();
    let mut common = words.next()?.clone();
    for word in words {
        let same = common
            .chars()
            .zip(word.chars())
            .take_while(|(one, other)| one == other);
        let length = same.map(|(letter, _)| letter.len_utf8());
        common.truncate(length.sum());
    }
    Some(common)
}

#[cfg(test)]
mod tests {
    use super::{Completion, Words, complete};

    fn words() -> Words {
        let all = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Words {
            commands: all(&["/kick", "/members", "/merge"]),
            names: all(&["Bob", "bobby#04711-80815?", "ñandú"]),
        }
    }

    #[track_caller]
    fn becomes(before: &str, after: &str) {
        let done = complete(before, &words()).unwrap();
        let kept = before.len().checked_sub(done.erase).unwrap();
        let kept = &before[..kept];
        assert_eq!(format!("{kept}{}", done.insert), after);
        assert_eq!(done.choices, [""; 0]);
    }

    #[test]
    fn a_command_and_a_name_are_completed() {
        becomes("/k", "/kick ");
        becomes("/m", "/me");
        becomes("/kick bobb", "/kick bobby#04711-80815? ");
        becomes("/policy admit bobby,ñ", "/policy admit bobby,ñandú ");
        becomes("Ñ", "ñandú: ");
        becomes("tell ñ", "tell ñandú ");
    }

    #[test]
    fn where_several_fit_they_are_shown() {
        let done = complete("/me", &words()).unwrap();
        assert_eq!(done.choices, ["/members", "/merge"]);
        assert_eq!((done.erase, done.insert.as_str()), (0, ""));
        assert_eq!(complete("/kick ", &words()).unwrap().choices.len(), 3);
        // Letters of either case, of which none is common.
        assert_eq!(
            complete("b", &words()).unwrap().choices,
            ["Bob", "bobby#04711-80815?"]
        );
    }

    #[test]
    fn what_nothing_fits_stays() {
        for before in ["", "hello ", "/quux", "carol", "//k", "a  "] {
            assert_eq!(complete(before, &words()), None::<Completion>, "{before:?}");
        }
    }
}
