//! The command line itself.

use tempfile::tempdir;

use crate::program::{run, succeed};

#[test]
fn a_typo_gets_the_nearest_word_and_exit_code_2() {
    let home = tempdir().unwrap();
    for (arguments, hint) in [
        (&["identify"][..], "'identity'"),
        (&["identity", "shwo"][..], "'show'"),
        (&["identity", "show", "--pubic"][..], "'--public'"),
    ] {
        let finished = run(home.path(), arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.out, "");
        assert!(finished.err.contains(hint), "{finished:?}");
    }
}

#[test]
fn without_a_terminal_whom_to_let_in_is_named_beside_all_else_that_is_missing() {
    let home = tempdir().unwrap();
    let place = ["--relay", "127.0.0.1:1"];
    for (arguments, missing) in [
        (
            &["chat"][..],
            &["--relay", "--room", "--nick", "--open"][..],
        ),
        (&["chat", "--room", "tea", "--open"], &["--relay", "--nick"]),
        (&["chat", "--room", "tea", "--nick", "a"], &["--open"]),
    ] {
        let arguments = match missing.len() {
            1 => [arguments, &place].concat(),
            _ => arguments.to_vec(),
        };
        let finished = run(home.path(), &arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        for option in ["--relay", "--room", "--nick", "--open"] {
            assert_eq!(
                finished.err.contains(option),
                missing.contains(&option),
                "{option}: {finished:?}"
            );
        }
    }
}

/// An option that does nothing is not passed over: an address of the room beside it makes it no less wrong.
#[test]
fn what_is_said_of_a_link_takes_one() {
    let home = tempdir().unwrap();
    let room = [
        "chat",
        "--relay",
        "127.0.0.1:1",
        "--room",
        "tea",
        "--nick",
        "a",
        "--open",
    ];
    for option in [&["--scanned"][..], &["--link-of", "bob"]] {
        for begin in [&room[..], &["chat"], &["chat", "--nick", "a"]] {
            let finished = run(home.path(), &[begin, option].concat());
            assert_eq!(finished.code, Some(2), "{finished:?}");
            assert!(finished.err.contains("--link LINK"), "{finished:?}");
            assert!(finished.err.contains(option[0]), "{finished:?}");
            assert_eq!(finished.err.lines().count(), 1, "{finished:?}");
        }
    }
}

/// An error of the system alone says neither what was tried nor what can be done.
#[test]
fn what_the_system_refuses_is_told_with_what_was_tried_and_the_next_step() {
    let home = tempdir().unwrap();
    std::fs::write(home.path().join("taken"), "x").unwrap();
    let folder = home.path().to_str().unwrap();
    let looks = format!("`ls {folder}` shows");
    let makes = format!("`mkdir -p {folder}/lost`");
    for (line, tried, step) in [
        ("CHAT --link HERE/missing", "missing", &*looks),
        ("CHAT IN --with HERE/missing", "missing", &looks),
        (
            "CHAT IN --with HERE/lost/file",
            "lost/file",
            "there is no folder",
        ),
        (
            "CHAT IN --open --save-transcript HERE/lost/file",
            "lost/file",
            &makes,
        ),
        (
            "CHAT IN --open --save-transcript HERE/taken",
            "taken",
            "name another",
        ),
        ("people add HERE/missing.pub bob", "missing.pub", &looks),
        ("transcript verify HERE/missing", "missing", &looks),
        (
            "identity new --identity HERE/new --passphrase-file HERE/missing",
            "missing",
            &looks,
        ),
        (
            "identity new --identity HERE/taken/new",
            "taken",
            "a folder of your own",
        ),
        ("relay --listen 192.0.2.1:7667", "192.0.2.1:7667", "0.0.0.0"),
        ("relay --listen nowhere.invalid:1", "nowhere", "HOST:PORT"),
    ] {
        let line = line
            .replace("CHAT", "chat --nick a")
            .replace("HERE", folder);
        let line = line.replace("IN", "--relay 127.0.0.1:1 --room tea");
        let arguments: Vec<_> = line.split_whitespace().collect();
        let finished = run(home.path(), &arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let told = finished.err.lines().last().unwrap();
        assert!(told.contains(tried) && told.contains(step), "{told}");
    }
}

#[test]
fn the_help_says_what_a_signal_does_and_when() {
    let help = succeed(tempdir().unwrap().path(), &["chat", "--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "leaves in order once the room is secure",
        "Before that, it ends the program at once",
        "128 and its number",
    ] {
        assert!(help.contains(told), "{told}: {help}");
    }
}

#[test]
fn a_room_whose_name_begins_or_ends_with_a_blank_is_a_usage_error() {
    let home = tempdir().unwrap();
    for name in [" tea", "tea "] {
        let arguments = [
            "chat",
            "--relay",
            "127.0.0.1:1",
            "--nick",
            "a",
            "--open",
            "--room",
            name,
        ];
        let finished = run(home.path(), &arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains("white space"), "{finished:?}");
    }
}

#[test]
fn without_arguments_the_help_is_shown_and_the_exit_code_is_2() {
    let home = tempdir().unwrap();
    let finished = run(home.path(), &[]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.contains("Usage: mpotr"), "{finished:?}");
}

#[test]
fn two_ways_to_a_passphrase_at_once_are_a_usage_error() {
    let home = tempdir().unwrap();
    let finished = run(
        home.path(),
        &["identity", "new", "--passphrase", "--passphrase-file", "x"],
    );
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn the_help_lists_the_backends_that_are_built_in_and_another_is_refused_at_once() {
    let home = tempdir().unwrap();
    let help = run(home.path(), &["chat", "--help"]).out;
    let (_, backends) = help.split_once("--backend").unwrap();
    let (backends, _) = backends.split_once("--suite").unwrap();
    for (name, is_built_in) in [
        ("rustcrypto", cfg!(feature = "backend-rustcrypto")),
        ("ring", cfg!(feature = "backend-ring")),
        ("sodium", cfg!(feature = "backend-sodium")),
    ] {
        assert_eq!(backends.contains(name), is_built_in, "{backends}");
        if is_built_in {
            continue;
        }
        let arguments = crate::talk::arguments("127.0.0.1:1", "a", &["--backend", name]);
        let finished = run(home.path(), &arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(
            finished.err.contains(&format!("`backend-{name}`")),
            "{finished:?}"
        );
        assert!(!finished.err.contains("you are"), "{finished:?}");
    }
}

#[test]
fn a_room_that_no_relay_could_hold_and_a_name_that_no_room_has_are_usage_errors() {
    let home = tempdir().unwrap();
    let long = "x".repeat(256);
    for (option, value, reason) in [
        ("--members", "513", "512"),
        ("--room", "", "at least one byte"),
        ("--room", &long, "at most 255 bytes"),
    ] {
        let arguments = ["chat", "--relay", "127.0.0.1:1", "--nick", "a", "--open"];
        let finished = run(home.path(), &[&arguments[..], &[option, value]].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains(reason), "{finished:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_told() {
    for asked in ["--help", "--version"] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let told = std::process::Command::new(env!("CARGO_BIN_EXE_mpotr"))
            .arg(asked)
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(told.status.code(), Some(1));
        let error = String::from_utf8(told.stderr).unwrap();
        assert!(error.contains("cannot write to standard output"), "{error}");
    }
}

#[test]
fn an_address_that_names_no_host_is_told_what_it_lacks() {
    for relay in ["a b", "::1", "host:", ":1", "host:70000"] {
        let told = std::process::Command::new(env!("CARGO_BIN_EXE_mpotr"))
            .args([
                "chat", "--open", "--room", "r", "--nick", "a", "--relay", relay,
            ])
            .output()
            .unwrap();
        assert_eq!(told.status.code(), Some(2), "{relay}");
        let error = String::from_utf8(told.stderr).unwrap();
        assert!(error.contains("it is HOST or HOST:PORT"), "{error}");
    }
}

#[cfg(not(feature = "lab"))]
#[test]
fn a_build_without_the_lab_says_where_its_commands_are() {
    let home = tempdir().unwrap();
    let help = succeed(home.path(), &["--help"]);
    assert!(help.contains("Cargo feature lab"), "{help}");
    for command in ["gka", "sim"] {
        assert_eq!(run(home.path(), &[command]).code, Some(2));
    }
}

/// What is wrong with a command line quotes it, and people paste addresses that strangers gave them.
#[test]
fn what_was_typed_is_quoted_without_its_control_characters() {
    let home = tempdir().unwrap();
    for arguments in [
        &[
            "chat",
            "--room",
            "r",
            "--nick",
            "n",
            "--at",
            "x\u{1b}[31m\u{7}",
        ][..],
        &["relay", "--listen", "x\u{9b}2J"],
        &["no\u{1b}such"],
    ] {
        let finished = run(home.path(), arguments);
        assert_eq!(finished.code, Some(2));
        let is_raw = |c: char| c.is_control() && c != '\n';
        assert!(!finished.err.contains(is_raw), "{:?}", finished.err);
        assert!(finished.err.starts_with("error: "), "{:?}", finished.err);
    }
}

/// What a person types first, and wrong, is told with what it would have been.
#[test]
fn what_is_nearly_an_address_a_rule_or_a_file_is_told_with_what_was_meant() {
    let home = tempdir().unwrap();
    let chat = ["chat", "--room", "tea", "--nick", "a"];
    let fails = |more: &[&str]| {
        let finished = run(home.path(), &[&chat[..], more].concat());
        assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
        finished.err
    };
    #[cfg(feature = "irc")]
    {
        let told = fails(&["--at", "irc://127.0.0.1", "--open"]);
        assert!(told.contains("add one, irc://127.0.0.1/tea"), "{told}");
    }
    let told = fails(&["--relay", "mpotr://127.0.0.1:1", "--open"]);
    assert!(told.contains("--at mpotr://127.0.0.1:1"), "{told}");
    let told = fails(&["--at", "127.0.0.1:7719", "--open"]);
    assert!(
        told.contains("mpotr://127.0.0.1:7719 is that of a relay"),
        "{told}"
    );
    let told = fails(&["--at", "xmpp:tea", "--open"]);
    assert!(
        told.contains("it has no @: it is like xmpp:NAME@HOST"),
        "{told}"
    );
    let relay = ["--relay", "127.0.0.1:1"];
    let told = fails(&[&relay[..], &["--open", "--exclude", "two"]].concat());
    assert!(told.contains("a number of members"), "{told}");
    let file = home.path().join("bob");
    let name = file.to_str().unwrap();
    succeed(home.path(), &["identity", "new", "--identity", name]);
    let key = succeed(
        home.path(),
        &["identity", "show", "--public", "--identity", name],
    );
    let friend = home.path().join("carol");
    std::fs::write(friend.with_extension("pub"), key).unwrap();
    let told = fails(&[&relay[..], &["--with", friend.to_str().unwrap()]].concat());
    assert!(told.contains("carol.pub, and none of this name"), "{told}");
}

#[test]
fn without_a_terminal_all_that_is_missing_is_named_at_once() {
    let home = tempdir().unwrap();
    let finished = run(home.path(), &["chat", "--open"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    for option in ["--relay", "--at", "--room", "--nick"] {
        assert!(finished.err.contains(option), "{finished:?}");
    }
    assert_eq!(finished.err.lines().count(), 1, "{finished:?}");
}
