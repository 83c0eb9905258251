//! Very much said at one moment, by a pipe.

use crate::chat::Town;

/// More than two epochs' worth, and more than may be on its way at one time.
const LINES: usize = 700;

#[test]
fn all_lines_of_a_pipe_arrive_in_their_order_and_the_end_is_a_success() {
    let town = Town::new();
    let options = ["--open", "--members", "4"];
    let readers = ["alice", "bob", "carol"].map(|nick| town.chat(nick, &options));
    let mut writer = town.chat("ci", &options);
    let lines: Vec<_> = (0..LINES).map(|number| format!("line {number}")).collect();
    writer.type_in(&(lines.join("\n") + "\n"));
    writer.end_input();
    let finished = writer.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.err.contains("no agreement"), "{finished:?}");
    assert!(!finished.err.contains("not final"), "{finished:?}");
    for mut reader in readers {
        reader.end_input();
        let finished = reader.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let read: Vec<_> = finished
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("ci: "))
            .collect();
        assert_eq!(read, lines);
    }
}

#[test]
fn who_floods_a_room_leaves_room_for_the_others() {
    let town = Town::new();
    let options = ["--open", "--members", "3"];
    let mut alice = town.chat("alice", &options);
    let bob = town.chat("bob", &options);
    let mut flooder = town.chat("flooder", &options);
    bob.hears_err("the room is secure");
    let text: String = (0..8000).map(|number| format!("{number}\n")).collect();
    flooder.type_in(&text);
    bob.hears_out("flooder: 100\n");
    alice.type_in("may I?\n");
    let heard = bob.hears_out("alice: may I?\n");
    assert!(!heard.contains("flooder: 7999\n"), "only after the flood");
}
