//! What the program says of texts that not everyone got.

use std::process::Command;

use crate::chat::Town;
use crate::program::Running;

fn signal(name: &str, member: &Running) {
    let sent = Command::new("kill")
        .args([name, &member.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn who_leaves_without_the_word_of_a_member_that_is_stopped_is_told_so_and_fails() {
    let town = Town::new();
    let options = ["--open", "--members", "3"];
    let mut alice = town.chat("alice", &options);
    let mut bob = town.chat("bob", &options);
    let carol = town.chat("carol", &options);
    for member in [&alice, &bob, &carol] {
        member.hears_err("the room is secure");
    }
    bob.type_in("here I am\n");
    alice.hears_out("bob: here I am");
    signal("-STOP", &bob);
    alice.type_in("SALARY is 100\n");
    alice.end_input();
    carol.hears_out("alice: SALARY is 100");
    let finished = alice.finish();
    signal("-CONT", &bob);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for told in [
        "a text of yours is not known to have reached bob\n",
        "not everyone acknowledged what was sent; not known to have it: bob\n",
    ] {
        assert!(finished.err.contains(told), "{finished:?}");
    }
    assert!(
        !finished.err.contains("all of them are final"),
        "{finished:?}"
    );
}
