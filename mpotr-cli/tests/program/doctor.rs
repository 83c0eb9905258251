//! `mpotr doctor`: what is wrong is said, with what to do about it, and is the exit code.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{Finished, run, succeed};
use crate::relay::Relay;

/// The line about one thing.
fn line(finished: &Finished, what: &str) -> String {
    let found = finished
        .out
        .lines()
        .find(|line| line.get(7..).is_some_and(|it| it.starts_with(what)));
    found
        .unwrap_or_else(|| panic!("no {what} in {finished:?}"))
        .to_owned()
}

fn doctor(home: &Path, more: &[&str]) -> Finished {
    run(home, &[&["doctor"][..], more].concat())
}

#[test]
fn where_all_is_well_the_exit_code_is_0() {
    let home = tempdir().unwrap();
    succeed(home.path(), &["identity", "new"]);
    let relay = Relay::start(home.path());
    let finished = doctor(home.path(), &["--relay", &relay.address]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for what in ["identity: ", "clock: ", "memory: "] {
        assert!(line(&finished, what).starts_with("ok "), "{finished:?}");
    }
    let reached = line(&finished, "address: ");
    assert!(
        reached.starts_with("ok ") && reached.contains("reached in"),
        "{reached}"
    );
    assert!(
        line(&finished, "terminal: ").starts_with("note "),
        "{finished:?}"
    );
    assert_eq!(finished.err, "");
}

#[test]
fn a_place_that_is_not_reached_is_wrong() {
    let home = tempdir().unwrap();
    for place in [
        "mpotr://127.0.0.1:1",
        "irc://127.0.0.1:1/tea",
        "exec:nowhere",
        "nats://127.0.0.1:1",
    ] {
        let finished = doctor(home.path(), &["--at", place]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(
            line(&finished, "address: ").starts_with("wrong "),
            "{finished:?}"
        );
        assert!(finished.err.contains("1 of these is wrong"), "{finished:?}");
    }
    let finished = doctor(home.path(), &["--relay", "127.0.0.1:1"]);
    let told = line(&finished, "address: ");
    assert!(
        told.contains("is it running (`mpotr relay --listen 127.0.0.1:1`)"),
        "{told}"
    );
    // What takes a connection is not for that a server of IRC.
    #[cfg(feature = "irc")]
    {
        let relay = Relay::start(home.path());
        let at = format!("irc://{}/tea", relay.address);
        let finished = doctor(home.path(), &["--at", &at]);
        assert!(
            line(&finished, "address: ").starts_with("note "),
            "{finished:?}"
        );
    }
    // Without one there is nothing to reach, and with no identity there is one for each room.
    let finished = doctor(home.path(), &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for what in ["address: ", "identity: ", "people: "] {
        assert!(line(&finished, what).starts_with("note "), "{finished:?}");
    }
}

/// What `mpotr chat` asked for, and would offer, is what is looked at where nothing is named.
#[test]
fn what_a_chat_remembers_is_looked_at() {
    let home = tempdir().unwrap();
    let told = line(&doctor(home.path(), &[]), "answers: ");
    assert!(told.starts_with("note "), "{told}");
    let folder = home.path().join(".config/mpotr");
    fs::create_dir_all(&folder).unwrap();
    let keep = |text: &str| {
        let file = folder.join("chat.toml");
        fs::write(&file, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        doctor(home.path(), &[])
    };
    let relay = Relay::start(home.path());
    let address = &relay.address;
    let finished = keep(&format!(
        "at = \"{address}\"\nroom = \"tea\"\nnick = \"alice\"\n"
    ));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let reached = line(&finished, "address: ");
    assert!(
        reached.starts_with("ok ") && reached.contains(address),
        "{reached}"
    );
    let told = line(&finished, "answers: ");
    assert!(
        told.starts_with("ok ") && told.contains("room = \"tea\", nick = \"alice\""),
        "{told}"
    );
    // An option wins.
    let other = doctor(home.path(), &["--relay", "127.0.0.1:1"]);
    assert!(
        line(&other, "address: ").contains("127.0.0.1:1"),
        "{other:?}"
    );
    for (wrong, named) in [
        ("at = \"h h\"\n", "at = \"h h\""),
        ("nick = \"a:b\"\n", "nick"),
        ("at", "chat.toml"),
    ] {
        let finished = keep(wrong);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let told = line(&finished, "answers: ");
        assert!(told.starts_with("wrong ") && told.contains(named), "{told}");
    }
}

#[test]
fn a_host_that_does_not_exist_is_told_as_that() {
    let home = tempdir().unwrap();
    // RFC 6761, section 6.4: no such name exists.
    let finished = doctor(home.path(), &["--relay", "relay.invalid"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told = line(&finished, "address: ");
    assert!(
        told.contains("no host relay.invalid is known here") && told.contains("spelled right"),
        "{told}"
    );
    assert!(!told.contains("is it running"), "{told}");
}

#[test]
fn an_identity_that_others_can_read_or_that_is_none_is_wrong() {
    let home = tempdir().unwrap();
    let file = home.path().join("alice");
    let name = file.to_str().unwrap();
    let missing = doctor(home.path(), &["--identity", name]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    succeed(home.path(), &["identity", "new", "--identity", name]);
    #[cfg(unix)]
    {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let finished = doctor(home.path(), &["--identity", name]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let told = line(&finished, "identity: ");
        assert!(
            told.starts_with("wrong ") && told.contains("chmod"),
            "{told}"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(doctor(home.path(), &["--identity", name]).code, Some(0));
    fs::write(&file, "nonsense").unwrap();
    let finished = doctor(home.path(), &["--identity", name]);
    assert!(
        line(&finished, "identity: ").starts_with("wrong "),
        "{finished:?}"
    );
}

#[test]
fn a_list_of_people_with_a_wrong_line_is_wrong() {
    let home = tempdir().unwrap();
    let file = home.path().join("known");
    fs::write(&file, "mpotr-known-v1\nnonsense\n").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let finished = doctor(home.path(), &["--people", file.to_str().unwrap()]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told = line(&finished, "people: ");
    assert!(
        told.starts_with("wrong ") && told.contains("line 2"),
        "{told}"
    );
}
