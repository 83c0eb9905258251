//! Networks that programs of their own speak to.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::tempdir;

use crate::program::{Finished, mpotr};

/// Enters a room at an address, with no program on the search path but those in a folder.
fn enter(home: &Path, programs: &Path, at: &str, more: &[&str]) -> Finished {
    let arguments = [
        "chat", "--at", at, "--room", "tea", "--nick", "alice", "--open",
    ];
    let mut command = mpotr(home);
    command
        .env("PATH", programs)
        .args(arguments)
        .args(more)
        .output()
        .unwrap()
        .into()
}

#[test]
fn a_network_whose_program_is_not_there_is_told_by_the_name_of_the_program() {
    let home = tempdir().unwrap();
    for (at, program) in [
        ("nats://nats.example", "mpotr-transport-nats"),
        ("xmpp:tea@muc.example", "mpotr-transport-xmpp"),
        ("mailto:tea@lists.example", "mpotr-transport-mail"),
        ("exec:other", "mpotr-transport-other"),
    ] {
        let finished = enter(home.path(), home.path(), at, &[]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.err.contains(program), "{finished:?}");
        assert!(finished.err.contains("cannot enter by"), "{finished:?}");
    }
}

#[test]
fn the_program_of_a_network_is_told_the_address_and_who_comes_and_its_reason_is_shown() {
    let home = tempdir().unwrap();
    let program = home.path().join("mpotr-transport-nats");
    let told = home.path().join("told");
    // It says what it was told, and refuses: length 4, kind 1, code 1.
    let script = format!(
        "#!/bin/sh\necho \"$MPOTR_ADDRESS $MPOTR_NICK $MPOTR_ACCOUNT $MPOTR_PASSWORD_FILE\" >'{}'\n\
         printf '\\000\\000\\000\\011\\001\\001no tea!'\n",
        told.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let login = ["--account", "me", "--carrier-password", "/a/file"];
    let finished = enter(home.path(), home.path(), "nats://h:1", &login);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.err.contains("nats://h:1"), "{finished:?}");
    assert!(finished.err.contains("no tea!"), "{finished:?}");
    let told = std::fs::read_to_string(told).unwrap();
    assert_eq!(told, "nats://h:1 alice me /a/file\n");
}

#[test]
fn an_address_with_a_password_is_refused_before_anything_starts() {
    let home = tempdir().unwrap();
    for at in ["nats://me:secret@h", "xmpp:me:secret@h", "nats:h"] {
        let finished = enter(home.path(), home.path(), at, &[]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
    }
}
