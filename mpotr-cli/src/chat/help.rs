//! What `/help` says, and which command is meant by a word that is nearly one. `docs/spec/09-chat-payload.md`, "Commands".

use mpotr_formats::Escaped;

/// All of them, as they begin a line.
pub(super) const NAMES: [&str; 21] = [
    "/admit",
    "/answer",
    "/bell",
    "/code",
    "/decline",
    "/discard",
    "/exit",
    "/help",
    "/kick",
    "/leave",
    "/link",
    "/members",
    "/merge",
    "/mute",
    "/policy",
    "/quit",
    "/refresh",
    "/release",
    "/unmute",
    "/verify",
    "/withdraw",
];

/// A command as `/help` shows it.
struct Help {
    /// How it is typed.
    usage: &'static str,
    /// What it does, in few words.
    brief: &'static str,
    /// What `/help` with its name says besides.
    more: &'static str,
}

/// All commands, as `/help` lists them.
const HELP: [Help; 18] = [
    Help {
        usage: "/members",
        brief: "who is in the room, and who waits",
        more: "",
    },
    Help {
        usage: "/admit WHO",
        brief: "let a person in, now or when it comes",
        more: "A stranger is let in by a whole fingerprint or a file with a public key, or by # and its first ten digits, which \
               show the rest first; a person who was in the room before by its name, too. Nobody is in a room with one whom it \
               has not let in itself.",
    },
    Help {
        usage: "/kick WHO",
        brief: "leave a member out from the next keys on",
        more: "",
    },
    Help {
        usage: "/withdraw WHO",
        brief: "take back /admit or /kick before it has come true",
        more: "",
    },
    Help {
        usage: "/mute WHO",
        brief: "show no more of a member's texts; /unmute shows them again",
        more: "",
    },
    Help {
        usage: "/code",
        brief: "a code that is the same for all: read it to one another",
        more: "/code and the last four digits say that all have read the same. That is remembered of those whom you know.",
    },
    Help {
        usage: "/verify WHO Q? A",
        brief: "ask a member what only it and you know",
        more: "/verify bob where? there. The question can be left out; WHO is one word here. All can read the question, nobody the \
               answer, and who guesses has one guess. Capitals and blanks do not count in an answer, all else does: dots and \
               commas, too.",
    },
    Help {
        usage: "/answer A",
        brief: "answer one who asks so; /decline gives up what is asked",
        more: "With the name before the answer if more than one asks. Capitals and blanks do not count, all else does.",
    },
    Help {
        usage: "/link NAME",
        brief: "a link that asks one person in, by which you know each other",
        more: "Who comes by it is kept under NAME; without NAME it verifies nobody. It serves once, within a day, as long as this chat runs; \
               another /link ends it, a wrong answer does not. `/link NAME to FILE` writes it into a \
               new file. The other opens it by `mpotr chat --link`. /admit lets in who comes, as ever.",
    },
    Help {
        usage: "/policy",
        brief: "the rules of the room, or ask for another",
        more: "/policy WHAT RULE: WHAT is admit, exclude or change, RULE is anyone, a number of members, or people with commas \
               between; or evidence on, evidence off; or rekey light, rekey full: by which runs the keys are made anew.",
    },
    Help {
        usage: "/release",
        brief: "send what is held since others came in before it left",
        more: "All of it, or one text by its number: /release 2.",
    },
    Help {
        usage: "/discard",
        brief: "take back what has not left: nobody reads it",
        more: "All of it, held or not, or one text that is held by its number.",
    },
    Help {
        usage: "/refresh",
        brief: "make fresh keys",
        more: "",
    },
    Help {
        usage: "/merge NAME",
        brief: "vote to become one with another room",
        more: "All of it or none; the people of both have to, and each has to let in whom it does not know.",
    },
    Help {
        usage: "/bell on",
        brief: "ring when you are named or asked elsewhere; /bell off",
        more: "On a screen. `bell = true` in chat.toml does it each time.",
    },
    Help {
        usage: "/help COMMAND",
        brief: "more of one of these",
        more: "",
    },
    Help {
        usage: "/quit",
        brief: "leave the room; ctrl-d and ctrl-c do, too",
        more: "",
    },
    Help {
        usage: "//text",
        brief: "send a text that begins with a slash",
        more: "",
    },
];

/// What is behind the list.
const WHO: &str = "WHO is a whole fingerprint (40 digits), a file with a public key (alice.pub, ./alice), a name that one person \
                   alone has, or # and the first ten digits. A word that may mean two people means neither, and both are shown. Who \
                   has said nothing yet has no name but that.";

/// How `/verify` is written.
pub(super) const VERIFY: &str = "/verify WHO QUESTION? ANSWER: asks a member whether it knows the same; the question can be left out";

/// Columns of what is typed in the list.
const USAGE: usize = 17;

/// What `/help` prints: a line each, which fits into 80 columns.
pub(super) fn help() -> Vec<String> {
    let lines = HELP
        .iter()
        .map(|it| format!("{:USAGE$} {}", it.usage, it.brief));
    lines.chain([WHO.to_owned()]).collect()
}

/// What it prints of one command, if there is one of that name.
pub(super) fn help_on(name: &str) -> Vec<String> {
    let name = name.trim_start_matches('/');
    let name = match name {
        "unmute" => "mute",
        "exit" | "leave" => "quit",
        "decline" => "answer",
        other => other,
    };
    let is_it = |it: &&Help| {
        let usage = it.usage.trim_start_matches('/');
        usage.split(' ').next() == Some(name)
    };
    match HELP.iter().find(is_it) {
        None => vec![format!("{}; /help lists them", no_such(name))],
        Some(it) => {
            let lines = [format!("{}: {}", it.usage, it.brief), it.more.to_owned()];
            let who = it.usage.contains("WHO").then(|| WHO.to_owned());
            let lines = lines.into_iter().chain(who);
            lines.filter(|line| !line.is_empty()).collect()
        }
    }
}

/// That there is no such command, and the one that was meant, most likely. `line` begins with its name, without a slash.
pub(super) fn no_such(line: &str) -> String {
    let name = line.split(' ').next().unwrap_or(line);
    let meant = elsewhere(name).or_else(|| nearest(name));
    let meant = meant.map(|it| format!(" (did you mean {it}?)"));
    let line = Escaped(line);
    format!("no such command: /{line}{}", meant.unwrap_or_default())
}

/// The command that does what one of this name does in other chats.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "who" | "names" | "users" | "list" => "/members",
        "invite" | "accept" | "allow" => "/admit",
        "ban" | "remove" => "/kick",
        "ignore" => "/mute",
        "part" | "bye" | "close" => "/quit",
        _ => return None,
    })
}

/// The command whose name is most like this one, if any is like it: it alone begins so, or it differs by a slip or two.
fn nearest(name: &str) -> Option<&'static str> {
    let typed = format!("/{}", name.to_lowercase());
    let mut begin_so = NAMES.into_iter().filter(|it| it.starts_with(&typed));
    if let (Some(only), None) = (begin_so.next(), begin_so.next())
        && name.len() >= LEAST_TYPED
    {
        return Some(only);
    }
    let slips = |it: &&str| strsim::osa_distance(&typed, it);
    let nearest = NAMES.into_iter().min_by_key(slips)?;
    let most = name.len().saturating_sub(1).min(MOST_SLIPS);
    (slips(&nearest) <= most).then_some(nearest)
}

/// With fewer letters, nothing shows what was meant.
const LEAST_TYPED: usize = 2;

/// So many letters are wrong, missing, too many or in the wrong order at most.
const MOST_SLIPS: usize = 2;

#[cfg(test)]
mod tests {
    use crate::chat::command::Command;
    use crate::chat::input::Line;

    fn parse(text: &str) -> Command {
        Command::parse(Line::Text(text.to_owned()), true).unwrap()
    }

    #[test]
    fn each_command_that_is_completed_is_one() {
        for name in super::NAMES {
            assert!(
                !matches!(parse(name), Command::Unknown(_) | Command::Say(_)),
                "{name}"
            );
        }
        let helped = super::HELP
            .iter()
            .filter_map(|it| it.usage.split(' ').next());
        for command in helped.filter(|word| !word.starts_with("//")) {
            assert!(super::NAMES.contains(&command), "{command}");
        }
        for name in super::NAMES {
            assert!(!super::help_on(name)[0].starts_with("no such"), "{name}");
        }
    }

    #[test]
    fn the_list_of_commands_fits_on_a_screen() {
        let lines = super::help();
        let (who, list) = lines.split_last().unwrap();
        assert!(lines.len() + who.len() / 70 < 24);
        for line in list {
            // `* ` stands before it.
            assert!(line.len() <= 78, "{line}");
        }
        let verify = super::help_on("/verify");
        assert!(
            verify[1].contains("Capitals and blanks do not count"),
            "{verify:?}"
        );
        assert_eq!(super::help_on("nothing").len(), 1);
    }

    #[test]
    fn a_command_that_is_typed_wrong_gets_the_one_that_was_meant() {
        for (typed, meant) in [
            ("kcik bob", "/kick"),
            ("memebrs", "/members"),
            ("mem", "/members"),
            ("QUIT", "/quit"),
            ("wihtdraw bob", "/withdraw"),
            ("hlep", "/help"),
            ("who", "/members"),
            ("Invite bob", "/admit"),
        ] {
            let told = super::no_such(typed);
            let hint = format!("no such command: /{typed} (did you mean {meant}?)");
            assert_eq!(told, hint);
            assert!(
                super::help_on(typed.split(' ').next().unwrap())[0].contains(meant),
                "{typed}"
            );
        }
        for typed in ["", "m", "x", "etc/passwd was read", "me waves"] {
            assert_eq!(super::no_such(typed), format!("no such command: /{typed}"));
        }
    }

    #[test]
    fn each_command_is_listed_once() {
        let lines = super::help();
        let lists = |name: &str| lines.iter().filter(|it| it.starts_with(name)).count();
        let named = |name: &str| lines.iter().any(|it| it.contains(name));
        for name in super::NAMES {
            assert!(lists(name) <= 1, "{name}");
            assert!(named(name) || ["/exit", "/leave"].contains(&name), "{name}");
        }
        assert_eq!(lines.join(" ").matches("/decline").count(), 1);
    }
}
