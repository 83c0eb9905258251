//! Whom `mpotr chat` talks to, and whom it is told to let in or leave out.

use std::fs;

use tempfile::tempdir;

use crate::chat::Town;
use crate::program::{Running, poll, run, succeed};
#[cfg(unix)]
use crate::talk::{in_tea, kill};

/// A person with an identity in a file.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) identity: String,
    /// The file with the public key.
    pub(crate) public: String,
    pub(crate) fingerprint: String,
}

impl Town {
    pub(crate) fn person(&self, name: &'static str) -> Person {
        let home = self.home.path();
        let file = |name: &str| home.join(name).to_str().unwrap().to_owned();
        let identity = file(name);
        let made = succeed(home, &["identity", "new", "--identity", &identity]);
        let fingerprint = made
            .lines()
            .find_map(|line| line.strip_prefix("fingerprint"));
        let key = succeed(
            home,
            &["identity", "show", "--public", "--identity", &identity],
        );
        let public = file(&format!("{name}.pub"));
        fs::write(&public, key).unwrap();
        Person {
            name,
            identity,
            public,
            fingerprint: fingerprint.unwrap().trim().to_owned(),
        }
    }

    pub(crate) fn enters(&self, person: &Person, more: &[&str]) -> Running {
        self.enters_as(person, person.name, more)
    }

    /// The same by another nick.
    fn enters_as(&self, person: &Person, nick: &str, more: &[&str]) -> Running {
        let who = ["--identity", &person.identity];
        self.chat(nick, &[&who, more].concat())
    }

    /// Two who are in a room, into which it takes the word of both to let anyone in.
    fn two_who_let_in_together(&self, people: [&Person; 2]) -> [Running; 2] {
        let asks = ["--ask", "--commands", "--admit", "2"];
        let mut two = people.map(|person| self.enters(person, &asks));
        for (member, other) in two.iter_mut().zip(people.iter().rev()) {
            member.type_in(&format!("/admit {}\n", other.fingerprint));
        }
        for member in &two {
            member.hears_err("secure: 2 members");
        }
        two
    }

    /// Three who are in a room in which it takes two votes to leave one out.
    fn three_where_two_leave_one_out(&self, people: [&Person; 3]) -> [Running; 3] {
        let rules = ["--open", "--members", "3", "--commands", "--exclude", "2"];
        let three = people.map(|person| self.enters(person, &rules));
        for member in &three {
            member.hears_err("secure: 3 members");
        }
        three
    }
}

#[test]
fn what_is_meant_for_somebody_is_read_by_nobody_else() {
    let town = Town::new();
    let (ci, alice) = (town.person("ci"), town.person("alice"));
    let mut build = town.enters(&ci, &["--with", &alice.public]);
    build.type_in("the build is green\n");
    build.end_input();
    let mut stranger = town.chat("stranger", &["--open", "--members", "2"]);
    let told = build.hears_err("stays outside");
    assert!(!told.contains("secure"), "{told}");
    stranger.hears_err("wants to come in");

    let mut reader = town.enters(&alice, &["--with", &ci.public, &alice.public]);
    reader.hears_out("ci: the build is green\n");
    reader.end_input();
    for member in [build, reader] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    stranger.end_input();
    assert!(!stranger.hears_err("").contains("secure"));
    assert_eq!(stranger.hears_out(""), "");
}

#[test]
fn a_text_for_two_waits_until_both_are_there() {
    let town = Town::new();
    let [ci, alice, bob] = ["ci", "alice", "bob"].map(|name| town.person(name));
    let all = [&ci, &alice, &bob].map(|person| person.public.as_str());
    let with = ["--with", &all.join(",")];
    let mut build = town.enters(&ci, &with);
    build.type_in("for both\n");
    build.end_input();
    let mut first = town.enters(&alice, &with);
    first.hears_err("as expected");
    let mut second = town.enters(&bob, &with);
    for member in [&mut first, &mut second] {
        assert_eq!(member.hears_out("\n"), "ci: for both\n");
        member.end_input();
    }
    for member in [build, first, second] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.err.contains("secure: 3 members"), "{finished:?}");
        assert!(!finished.err.contains("secure: 2 members"), "{finished:?}");
    }
}

/// Two of three who have named each other, ci and alice, when bob has left; and what bob is called then.
fn whom_bob_has_left(town: &Town) -> ([Running; 2], String) {
    let [ci, alice, bob] = ["ci", "alice", "bob"].map(|name| town.person(name));
    let all = [&ci, &alice, &bob].map(|person| person.public.as_str());
    let with = ["--with", &all.join(",")];
    let [build, first, mut second] = [&ci, &alice, &bob].map(|person| town.enters(person, &with));
    build.hears_err("secure: 3 members");
    second.end_input();
    assert_eq!(second.finish().code, Some(0));
    build.hears_err("secure: 2 members");
    ([build, first], bob.fingerprint[..11].replace(' ', "-"))
}

#[test]
fn a_text_that_leaves_when_one_it_is_meant_for_has_left_is_a_failure() {
    let town = Town::new();
    let ([mut build, mut first], digits) = whom_bob_has_left(&town);
    build.type_in("too late for bob\n");
    build.end_input();
    first.hears_out("too late for bob\n");
    first.end_input();
    assert_eq!(first.finish().code, Some(0));
    let finished = build.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .err
            .contains(&format!("not in the room: #{digits}")),
        "{finished:?}"
    );
}

/// Before the one whose it is has said anything.
#[test]
fn who_takes_the_name_of_another_that_with_names_is_warned_of_at_once() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let all = [&alice, &bob, &carol].map(|person| person.public.as_str());
    let with = ["--with", &all.join(",")];
    let mut first = town.enters(&alice, &with);
    let mut second = town.enters(&bob, &with);
    let mut mallory = town.enters_as(&carol, "bob", &with);
    mallory.type_in("it is me, bob\n");
    let digits = carol.fingerprint[..11].replace(' ', "-");
    first.hears_out(&format!("bob#{digits}: it is me, bob\n"));
    let told = first.hears_err(&format!(
        "WARNING: bob#{digits} is another than the one in bob.pub"
    ));
    for person in [&bob, &carol] {
        assert!(told.contains(person.fingerprint.as_str()), "{told}");
    }
    second.type_in("no, it is me\n");
    first.hears_out("\nbob: no, it is me\n");
    for member in [&mut first, &mut second, &mut mallory] {
        member.end_input();
    }
    for member in [first, second, mallory] {
        assert_eq!(member.finish().code, Some(0));
    }
}

/// Whatever else went wrong.
#[test]
fn who_was_not_there_for_how_many_texts_is_told_beside_what_was_not_sent() {
    let town = Town::new();
    let ([mut build, mut first], digits) = whom_bob_has_left(&town);
    build.type_in_bytes(b"one\na\xff\ntwo\n");
    build.end_input();
    first.hears_out("ci: two\n");
    first.end_input();
    assert_eq!(first.finish().code, Some(0));
    let finished = build.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let last = finished.err.lines().last().unwrap();
    for told in [
        format!("not in the room: #{digits} (2 texts)"),
        "and a line was not sent: it is no UTF-8 text".to_owned(),
    ] {
        assert!(last.contains(&told), "{finished:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_text_that_waits_while_one_it_is_meant_for_is_left_out_is_a_failure() {
    let town = Town::new();
    let all = ["ci", "alice", "bob", "carol"].map(|name| town.person(name));
    let files = all.each_ref().map(|person| person.public.as_str());
    let with = ["--with", &files.join(","), "--commands"];
    let [mut build, mut alice, bob, mut carol] =
        all.each_ref().map(|person| town.enters(person, &with));
    for member in [&build, &alice, &bob, &carol] {
        member.hears_err("secure: 4 members");
    }
    // The room cannot go on to the next epoch, and texts wait for it.
    kill("-STOP", carol.id());
    alice.type_in(&format!("/kick {}\n", all[2].public));
    build.hears_err("is to be left out, as ");
    build.type_in("not for bob\n");
    build.end_input();
    kill("-CONT", carol.id());
    alice.hears_out("ci: not for bob\n");
    alice.end_input();
    carol.end_input();
    let finished = build.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.err.contains("not in the room: #"), "{finished:?}");
    assert_eq!(bob.hears_out(""), "");
}

/// What waits for a member to go is not sent, is shown as what it is, and can be taken back.
#[cfg(unix)]
#[test]
fn what_is_typed_while_somebody_is_to_go_is_said_to_wait_and_can_be_taken_back() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let open = ["--open", "--members", "3", "--commands"];
    let mut one = town.enters(&alice, &open);
    let _other = town.enters(&bob, &open);
    let mut third = town.enters(&carol, &open);
    for member in [&one, &third] {
        member.hears_err("secure: 3 members");
    }
    // The room cannot go on to the next epoch.
    kill("-STOP", third.id());
    one.type_in(&format!("/kick {}\n", bob.public));
    one.hears_err("any member may let it in again by /admit");
    one.hears_err("is to be left out");
    one.type_in("about bob\n");
    one.hears_err("not sent yet: that text waits until");
    // What was typed for all but one does not go to that one, whatever becomes of the vote.
    one.type_in(&format!("/withdraw {}\n", bob.public));
    one.hears_err("nothing is taken back: 1 text that you typed would go to");
    one.type_in("/discard\n");
    one.hears_err("taken back: nobody has read it");
    one.type_in("/discard\n");
    one.hears_err("nothing waits");
    kill("-CONT", third.id());
    one.hears_err("and can read nothing");
    one.type_in("to carol\n");
    let read = third.hears_out("alice: to carol\n");
    assert!(!read.contains("about bob"), "{read}");
    third.end_input();
}

/// Who has to agree is told who asks for what, and what to type; one vote more is what it takes.
#[test]
fn who_is_asked_for_a_vote_is_told_what_to_type() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let [mut one, mut other, third] = town.three_where_two_leave_one_out([&alice, &bob, &carol]);
    one.type_in(&format!("/kick {}\n", carol.public));
    one.hears_err("1 more vote needed to leave");
    let told = other.hears_err("to agree: /kick ");
    assert!(
        told.contains("it takes 2 votes, and yours is not given"),
        "{told}"
    );
    other.type_in("/members\n");
    other.hears_err(" to leave it out)");
    // Who is to go knows how far that is.
    third.hears_err(" asks to leave you out: 1 of the 2 votes that it takes is there");
    other.type_in(&format!("/kick {}\n", carol.fingerprint));
    let told = third.hears_err("the others have left you out");
    assert!(!told.contains("to agree:"), "{told}");
}

#[test]
fn a_vote_that_is_taken_back_is_told_to_those_who_were_asked() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let [mut one, other, third] = town.three_where_two_leave_one_out([&alice, &bob, &carol]);
    one.type_in(&format!("/kick {}\n", carol.public));
    other.hears_err("to agree: /kick ");
    third.hears_err(" asks to leave you out");
    one.type_in(&format!("/withdraw {}\n", carol.public));
    for (member, whom) in [(&other, ""), (&third, " you out")] {
        let told = member.hears_err(&format!("no longer asks to leave{whom}"));
        assert!(!told.contains("is out"), "{told}");
    }
    // Who has taken it back knows that.
    assert!(!one.hears_err("taken back for").contains("no longer asks"));
}

/// Who lets nobody in by itself is told that others do, and what to type: without its word nobody comes.
#[test]
fn whose_word_is_missing_for_a_newcomer_is_told_what_others_ask() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let [mut one, mut other] = town.two_who_let_in_together([&alice, &bob]);
    let third = town.enters(&carol, &["--open"]);
    other.hears_err("wants to come in");
    one.type_in(&format!("/admit {}\n", carol.fingerprint));
    let told = other.hears_err("asks to let in");
    assert!(
        told.contains(&format!("asks to let in {}", carol.fingerprint)),
        "{told}"
    );
    other.type_in(&format!("/admit {}\n", carol.fingerprint));
    for member in [one, other, third] {
        member.hears_err("secure: 3 members");
    }
}

/// Who begins under other rules is named, with the options that each would begin with.
#[test]
fn who_keeps_other_rules_is_named_with_what_to_type() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let with = |other: &str| ["--with".to_owned(), other.to_owned()];
    let to_bob = with(&bob.public);
    let rules: Vec<_> = to_bob
        .iter()
        .map(String::as_str)
        .chain(["--exclude", "2"])
        .collect();
    let one = town.enters(&alice, &rules);
    let other = town.enters(&bob, &["--with", &alice.public]);
    let told = other.hears_err("  or ");
    assert!(
        told.contains("(alice.pub) keeps other rules than you"),
        "{told}"
    );
    assert!(
        told.contains("  you, with --exclude 2 and no other rules"),
        "{told}"
    );
    let told = one.hears_err("  or ");
    assert!(
        told.contains("(bob.pub) keeps other rules than you"),
        "{told}"
    );
    assert!(
        told.contains("with --exclude 2 and no other rules"),
        "{told}"
    );
}

#[test]
fn what_was_not_asked_is_not_taken_back_and_said_so() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let mut one = town.enters(&alice, &["--with", &bob.public, "--commands"]);
    let mut other = town.enters(&bob, &["--with", &alice.public]);
    one.hears_err("secure: 2 members");
    other.type_in("hi\n");
    one.hears_out("bob: hi");
    one.type_in("/withdraw bob\n");
    one.hears_err("you have asked nothing about bob");
    one.type_in("/release\n");
    one.hears_err("nothing is held");
    one.type_in("/verify bob\n");
    one.hears_err("/verify WHO QUESTION? ANSWER");
    one.type_in("/policy exclude 9\n");
    let told = one.hears_err("the votes of 9 members");
    assert!(!told.contains("may still change the rules"), "{told}");
}

/// Who is left out knows by whom, and how to come back; the others, who asked.
#[test]
fn who_leaves_one_out_is_told_to_all() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let open = ["--open", "--members", "3", "--commands"];
    let mut one = town.enters(&alice, &open);
    let other = town.enters(&bob, &open);
    let third = town.enters(&carol, &open);
    for member in [&one, &other, &third] {
        member.hears_err("secure: 3 members");
    }
    one.type_in("hi\n");
    for member in [&other, &third] {
        member.hears_out("alice: hi");
    }
    one.type_in(&format!("/kick {}\n", carol.fingerprint));
    other.hears_err("is to be left out, as alice asks");
    other.hears_err("is out, as alice asks, and can read nothing");
    let told = third.hears_err("to come back, start again");
    assert!(
        told.contains("the others are leaving you out, as alice asks"),
        "{told}"
    );
    assert!(
        told.contains(&format!(
            "any member may let you in, by /admit {}\n",
            carol.fingerprint
        )),
        "{told}"
    );
}

/// Two votes to leave out, and one to change that, would be one vote to leave out.
#[test]
fn who_has_two_votes_to_leave_out_needs_two_to_change_that() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let rules = ["--open", "--members", "3", "--commands", "--exclude", "2"];
    let mut one = town.enters(&alice, &rules);
    let other = town.enters(&bob, &rules);
    let third = town.enters(&carol, &rules);
    one.hears_err("2 members together may change the rules");
    for member in [&one, &other, &third] {
        member.hears_err("secure: 3 members");
    }
    one.type_in("/policy exclude anyone\n");
    one.hears_err("1 more vote needed for other rules");
    other.hears_err("asks for other rules");
    one.type_in("/policy\n");
    one.hears_err("2 members together may leave a member out");
}

#[test]
fn who_has_left_is_not_meant_by_a_kick() {
    let town = Town::new();
    let open = ["--open", "--members", "3", "--commands"];
    let mut one = town.chat("alice", &open);
    let mut other = town.chat("bob", &open);
    let mut third = town.chat("bob", &open);
    for member in [&one, &other, &third] {
        member.hears_err("secure: 3 members");
    }
    other.type_in("first\n");
    third.type_in("second\n");
    one.hears_out("second");
    one.hears_err("look alike");
    one.type_in("/kick bob\n");
    one.hears_err("bob may mean any of these");
    other.end_input();
    one.hears_err("has left");
    one.type_in("/kick bob\n");
    third.hears_err("the others are leaving you out");
}

#[test]
fn without_a_terminal_it_must_be_said_whom_to_let_in() {
    let home = tempdir().unwrap();
    let chat = in_tea("127.0.0.1:1", "a", &[]);
    for (more, named) in [
        (&[][..], &["--with", "--open", "--ask"][..]),
        (&["--members", "2"], &["--with", "--open", "--ask"]),
        (&["--ask"], &["--commands"]),
    ] {
        let finished = run(home.path(), &[&chat[..], more].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.err.lines().count(), 1, "{finished:?}");
        for option in named {
            assert!(finished.err.contains(option), "{finished:?}");
        }
    }
}

#[test]
fn a_file_that_holds_no_key_is_an_error_before_anything_is_sent() {
    let town = Town::new();
    let alice = town.person("alice");
    for (file, reason) in [
        (alice.identity.as_str(), "no public key in"),
        ("/nowhere/bob.pub", "/nowhere/bob.pub"),
        (alice.public.as_str(), "nobody but this member itself"),
    ] {
        let member = town.enters(&alice, &["--with", file]);
        let finished = member.finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.err.contains(reason), "{finished:?}");
        assert!(!finished.err.contains("waiting"), "{finished:?}");
    }
}

#[test]
fn lines_of_a_pipe_are_texts_whatever_they_begin_with() {
    let town = Town::new();
    let mut log = town.chat("log", &["--open", "--members", "3"]);
    let mut bob = town.chat("bob", &["--open", "--members", "3"]);
    let mut carol = town.chat("carol", &["--open", "--members", "3"]);
    bob.type_in("hi\n");
    log.hears_out("bob: hi\n");
    log.type_in("/kick bob\n/policy admit 2\n//\n");
    log.end_input();
    for member in [&mut bob, &mut carol] {
        let read = member.hears_out("log: //\n");
        assert!(
            read.contains("log: /kick bob\nlog: /policy admit 2\n"),
            "{read}"
        );
        member.end_input();
    }
    for member in [log, bob, carol] {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(!finished.err.contains("is out"), "{finished:?}");
    }
}

#[test]
fn where_anybody_may_come_in_a_kick_says_what_it_is_worth() {
    let town = Town::new();
    let mut alice = town.chat("alice", &["--open", "--members", "3", "--commands"]);
    let mut bob = town.chat("bob", &["--open", "--members", "3"]);
    let _carol = town.chat("carol", &["--open", "--members", "3"]);
    bob.type_in("hi\n");
    alice.hears_out("bob: hi\n");
    alice.type_in("/kick bob\n");
    alice.hears_err("can come again under another identity");
    alice.hears_err("bob is out");
}

#[test]
fn who_was_not_heard_yet_is_let_in_when_it_comes() {
    for by_file in [true, false] {
        let town = Town::new();
        let (alice, bob) = (town.person("alice"), town.person("bob"));
        let mut asked = town.enters(&alice, &["--ask", "--commands"]);
        let who = if by_file {
            &bob.public
        } else {
            &bob.fingerprint
        };
        asked.type_in(&format!("/admit {who}\n"));
        asked.hears_err("let in when it comes");
        // Another person is not.
        let _stranger = town.chat("stranger", &["--open"]);
        asked.hears_err("to let it in: /admit ");
        let mut comes = town.enters(&bob, &["--with", &alice.public]);
        asked.hears_err("the room is secure");
        asked.type_in("who is there?\n");
        comes.hears_out("alice: who is there?\n");
        comes.type_in("here I am\n");
        asked.hears_out("bob: here I am\n");
        comes.end_input();
        asked.end_input();
        for member in [comes, asked] {
            let finished = member.finish();
            assert_eq!(finished.code, Some(0), "{finished:?}");
        }
    }
}

#[test]
fn what_is_written_before_a_reader_is_known_is_not_sent() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let let_in_later = format!("/admit {}\n", bob.fingerprint);
    for (behind, ends) in [("", true), (&*let_in_later, true), (&*let_in_later, false)] {
        let mut asked = town.enters(&alice, &["--ask", "--commands"]);
        asked.type_in("who is there?\n");
        asked.hears_err("nobody is let in yet: that text is held when the room is secure");
        asked.type_in(behind);
        if ends {
            asked.end_input();
        } else {
            asked.type_in("/quit\n");
        }
        asked.hears_err("nobody knows who would read it");
        let finished = asked.finish();
        assert_eq!(finished.code, Some(1), "{finished:?}");
    }
}

/// What a line says is for those whom the lines before it name.
#[test]
fn a_text_of_a_script_goes_to_nobody_whom_a_later_line_lets_in() {
    for is_released in [true, false] {
        let town = Town::new();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
        let mut script = town.enters(&alice, &["--ask", "--commands"]);
        script.type_in(&format!(
            "for nobody\n/admit {}\nfor bob alone\n/admit {}\nfor both\n",
            bob.public, carol.public
        ));
        let mut others = [(&bob, &carol), (&carol, &bob)]
            .map(|(me, other)| town.enters(me, &["--with", &alice.public, &other.public]));
        for other in &others {
            let read = other.hears_out("for both\n");
            assert_eq!(read, "alice: for both\n");
        }
        script.hears_err("came in who would read it: 1: for nobody\n");
        script.hears_err("came in who would read it: 2: for bob alone\n");
        if is_released {
            script.type_in("/release 2\n");
            for other in &others {
                other.hears_out("alice: for bob alone\n");
            }
            script.type_in("/discard 1\n");
            script.hears_err("taken back: nobody has read it");
            script.type_in("/release\n");
            script.hears_err("nothing is held");
        }
        script.end_input();
        let finished = script.finish();
        let code = if is_released { 0 } else { 1 };
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert_eq!(
            finished.err.contains("2 lines were not sent"),
            !is_released,
            "{finished:?}"
        );
        for other in &mut others {
            other.end_input();
            assert!(!other.hears_out("").contains("for nobody"));
        }
    }
}

#[test]
fn what_waits_for_a_reader_is_taken_back_by_discard() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let mut script = town.enters(&alice, &["--ask", "--commands"]);
    script.type_in(&format!("/admit {}\nhello\n/discard\n", bob.public));
    let told = script.hears_err("taken back: nobody has read it");
    assert!(!told.contains("nothing waits"), "{told}");
    script.end_input();
    assert_eq!(script.finish().code, Some(0));
}

/// Forty digits say less than the name of the file by which they were given.
#[test]
fn whom_a_file_lets_in_is_told_by_the_name_of_that() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let mut script = town.enters(&alice, &["--ask", "--commands"]);
    script.type_in(&format!("/admit {}\n", bob.public));
    script.hears_err("(bob.pub) was not heard yet and is let in when it comes");
    let _comes = town.enters(&bob, &["--with", &alice.public]);
    script.hears_err("(bob.pub) has come, whom you asked to let in");
    script.hears_err("the room is secure");
}

#[test]
fn a_script_that_lets_somebody_in_and_ends_sends_what_it_says_when_there_is_a_reader() {
    for quits in [false, true] {
        let town = Town::new();
        let (alice, bob) = (town.person("alice"), town.person("bob"));
        let mut script = town.enters(&alice, &["--ask", "--commands"]);
        let lets_in = format!("/admit {}\nhello\n/members\n", bob.fingerprint);
        script.type_in(&lets_in);
        if quits {
            // What is behind it is not for this program.
            script.type_in("/quit\nls\n");
            script.hears_err("not sent, since the room has not begun: 1 text");
        } else {
            script.end_input();
        }
        // What is behind a text that waits is a command still.
        script.hears_err("alice (you)");
        let mut comes = town.enters(&bob, &["--with", &alice.public]);
        comes.hears_out("alice: hello\n");
        comes.end_input();
        for member in [comes, script] {
            let finished = member.finish();
            assert_eq!(finished.code, Some(0), "{finished:?}");
            assert!(!finished.out.contains("ls"), "{finished:?}");
        }
    }
}

#[test]
fn who_is_not_awaited_any_more_stays_outside() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let mut asked = town.enters(&alice, &["--ask", "--commands"]);
    asked.type_in(&format!(
        "/admit {}\n/withdraw {}\n",
        bob.public, bob.fingerprint
    ));
    asked.hears_err("not let in when it comes");
    let comes = town.enters(&bob, &["--with", &alice.public]);
    let told = asked.hears_err("to let it in: /admit");
    assert!(told.contains("wants to come in"), "{told}");
    comes.hears_err("as expected");
    asked.type_in(&format!("/admit {}\n", bob.fingerprint));
    comes.hears_err("secure: 2 members");
}

/// Another key with the same ten digits is found in hours: who types them sees the rest before anyone comes in.
#[test]
fn who_is_meant_by_ten_digits_is_shown_whole_and_let_in_by_the_same_line_once_more() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let mut asked = town.enters(&alice, &["--ask", "--commands"]);
    let comes = town.enters(&bob, &["--with", &alice.public]);
    asked.hears_err("wants to come in");
    let digits = bob.fingerprint[..11].replace(' ', "-");
    let whole = &bob.fingerprint;
    asked.type_in(&format!("/admit #{digits}\n"));
    asked.hears_err(&format!("that is {whole}: compare all of it"));
    // Without their mark they are no name, and another word has come between.
    asked.type_in(&format!("/admit {digits}\n/admit #{digits}\n"));
    let shown = || asked.hears_err("").matches("compare all of it").count();
    poll(|| (shown() == 2).then_some(())).unwrap();
    let told = asked.hears_err("digits are no name");
    assert!(!told.contains("letting"), "{told}");
    asked.type_in("/members\n/admit\n/kick alice\n");
    asked.hears_err("/admit WHO: lets a person in");
    asked.hears_err("that is you");
    asked.type_in(&format!("/admit #{digits}\n"));
    asked.hears_err(&format!("letting {whole} in"));
    for member in [asked, comes] {
        member.hears_err("secure: 2 members");
    }
}

/// The last digit of a fingerprint, or of its beginning, that is typed wrong lets nobody in, now or later.
#[test]
fn a_digit_that_is_typed_wrong_is_told_with_who_may_be_meant() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let mut asked = town.enters(&alice, &["--ask", "--commands"]);
    let comes = town.enters(&bob, &["--with", &alice.public]);
    asked.hears_err("wants to come in");
    let whole = &bob.fingerprint;
    let slip = |right: &str| {
        let (begin, last) = right.split_at(right.len() - 1);
        let wrong = if last == "0" { "1" } else { "0" };
        format!("{begin}{wrong}")
    };
    for wrong in [slip(whole), format!("#{}", slip(&whole[..11]))] {
        asked.type_in(&format!("/admit {wrong}\n"));
        let told = asked.hears_err(&format!("{wrong} is nobody's here, and nothing was done"));
        let (_, behind) = told
            .rsplit_once("all but a digit or two are those of:")
            .unwrap();
        assert!(
            behind.contains(whole) || asked.hears_err(&format!("  {whole}")).contains(whole),
            "{told}"
        );
        assert!(!told.contains("let in when it comes"), "{told}");
    }
    // Half of all digits cannot be made to fit.
    asked.type_in(&format!("/admit #{}\n", whole[..23].replace(' ', "-")));
    asked.hears_err(&format!("letting {whole} in"));
    comes.hears_err("secure: 2 members");
}

/// A nick means nobody who waits outside, and what to type is told.
#[test]
fn a_nick_of_a_stranger_is_told_with_what_to_type() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let mut asked = town.enters(&alice, &["--ask", "--commands"]);
    let comes = town.enters(&bob, &["--with", &alice.public]);
    asked.hears_err("wants to come in");
    asked.type_in("/admit bob\n");
    let told = asked.hears_err("a nick proves nothing of a stranger outside");
    let typed = format!("  /admit {}", bob.fingerprint);
    let told = told + &asked.hears_err(&typed);
    assert!(!told.contains("letting"), "{told}");
    asked.type_in(&format!("{}\n", typed.trim()));
    comes.hears_err("secure: 2 members");
}

/// A rule that can never be met is told with numbers, to who asks for it and to all whom it is made for.
#[test]
fn a_rule_by_which_nobody_can_be_left_out_is_told_when_it_is_made() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let open = ["--open", "--members", "3", "--commands"];
    let [mut one, other, third] = [&alice, &bob, &carol].map(|it| town.enters(it, &open));
    for member in [&one, &other, &third] {
        member.hears_err("secure: 3 members");
    }
    let told = "nobody can be left out of a room of 3 by 3 votes: who is to be left out has none; /policy exclude 2 asks";
    one.type_in("/policy exclude 3\n");
    for member in [&one, &other, &third] {
        member.hears_err(told);
    }
    assert_eq!(
        one.hears_err("3 members together may leave a member out")
            .matches(told)
            .count(),
        1
    );
    one.type_in(&format!("/policy exclude {}\n", alice.fingerprint));
    other.hears_err("cannot be left out: it is the only founder here");
}

/// Who is dead without a word is left out by name like any other, and is not meant any longer then.
#[test]
fn who_is_dead_is_left_out_and_then_told_to_be_out() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let open = ["--open", "--members", "3", "--commands"];
    let [mut one, mut dead, _third] = [&alice, &bob, &carol].map(|it| town.enters(it, &open));
    dead.type_in("hi\n");
    one.hears_out("bob: hi");
    one.hears_err("secure: 3 members");
    drop(dead);
    one.type_in("/kick bob\n");
    one.hears_err("asking that bob be left out");
    one.hears_err("secure: 2 members");
    one.type_in("/kick bob\n/mute bob\n");
    let told = || {
        one.hears_err("")
            .matches("bob is not in the room any longer")
            .count()
    };
    poll(|| (told() == 2).then_some(())).unwrap();
}

#[test]
fn where_two_have_to_let_somebody_in_the_word_of_both_does() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let [mut one, mut other] = town.two_who_let_in_together([&alice, &bob]);
    let third = town.enters(&carol, &["--open"]);
    let wants = format!("{} wants to come in", carol.fingerprint);
    for member in [&mut one, &mut other] {
        member.hears_err(&wants);
        member.type_in(&format!("/admit {}\n", carol.public));
    }
    for member in [one, other, third] {
        member.hears_err("secure: 3 members");
    }
}

#[test]
fn where_two_have_to_let_somebody_in_and_both_let_anybody_in_it_comes_in() {
    let town = Town::new();
    let begins = ["--open", "--members", "2", "--admit", "2"];
    let one = town.chat("alice", &begins);
    let other = town.chat("bob", &begins);
    one.hears_err("secure: 2 members");
    let third = town.chat("carol", &["--open"]);
    for member in [one, other, third] {
        member.hears_err("secure: 3 members");
    }
}

#[test]
fn who_was_left_out_is_shown_when_it_comes_again_and_let_in_by_name() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let open = ["--open", "--members", "3", "--commands"];
    let mut one = town.enters(&alice, &open);
    let _other = town.enters(&bob, &open);
    let mut third = town.enters(&carol, &open);
    third.type_in("hi\n");
    one.hears_out("carol: hi\n");
    one.type_in("/kick carol\n");
    one.hears_err("carol is out");
    drop(third);

    let again = town.enters(&carol, &["--open"]);
    let told = one.hears_err("was left out, wants to come in again");
    assert!(
        told.contains(&format!("{} (carol), who was left out", carol.fingerprint)),
        "{told}"
    );
    one.type_in("/members\n");
    one.hears_err("carol (waits; nothing is proven)");
    one.type_in("/admit carol\n");
    again.hears_err("secure: 3 members");
}

#[test]
fn a_secret_identity_in_place_of_a_public_key_is_told_apart_and_not_shown() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let who = ["--identity", &alice.identity, "--with", &bob.identity];
    let room = in_tea(&town.relay.address, "alice", &[]);
    let finished = run(town.home.path(), &[&room[..], &who].concat());
    assert_ne!(finished.code, Some(0), "{finished:?}");
    let told = format!("`mpotr identity show --public --identity {}`", bob.identity);
    assert!(
        finished.err.contains("it is an identity, which is secret"),
        "{finished:?}"
    );
    assert!(finished.err.contains(&told), "{finished:?}");
    let secret = fs::read_to_string(&bob.identity).unwrap();
    let is_shown = |word: &str| word.len() > 16 && finished.err.contains(word);
    assert!(!secret.split_whitespace().any(is_shown), "{finished:?}");
}

/// Rules that those who are to be there can never meet are told before anyone hears of them.
#[test]
fn rules_that_can_never_be_met_are_refused_or_told_at_the_start() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let starts = |more: &[&str]| town.enters(&alice, more);
    let refused = starts(&["--with", &bob.public, "--exclude", "5"]).finish();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let why = "the rules cannot be kept by those of --with: a rule asks for the votes of 5 members, and there are 2";
    assert!(refused.err.contains(why), "{refused:?}");
    assert!(!refused.err.contains("waiting for others"), "{refused:?}");
    let told = "nobody can be left out of a room of 3 by 3 votes";
    starts(&["--open", "--members", "3", "--exclude", "3"]).hears_err(told);
    starts(&["--with", &bob.public, "--exclude", "2"])
        .hears_err("nobody can be left out of a room of 2");
}

/// A vote that cannot come true would only keep back the texts of who gives it.
#[test]
fn a_kick_that_cannot_come_true_is_not_asked_for_and_the_talk_goes_on() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let [mut one, mut other, mut third] =
        town.three_where_two_leave_one_out([&alice, &bob, &carol]);
    one.type_in(&format!("/kick {}\n", carol.public));
    one.hears_err("1 more vote needed");
    // The one whose vote was missing goes.
    other.end_input();
    let told =
        one.hears_err("cannot be left out any longer: it takes 2 votes, and 1 member can give one");
    assert!(told.contains(" takes your vote back"), "{told}");
    one.type_in(&format!("/withdraw {}\n", carol.public));
    one.hears_err("taken back for");
    one.type_in(&format!("/kick {}\n", carol.public));
    one.hears_err("cannot be left out, and nothing was asked");
    one.type_in("/policy\n");
    one.hears_err("nobody can be left out of a room of 2 by 2 votes");
    one.type_in("still here\n");
    third.hears_out("alice: still here");
    third.end_input();
}

/// No command lets in whom --with does not name: each is told what does.
#[test]
fn where_one_does_not_name_another_each_is_told_of_the_new_start_that_does() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let one = town.enters(&alice, &["--with", &bob.public]);
    let other = town.enters(&bob, &["--with", &alice.public, &carol.public]);
    let third = town.enters(&carol, &["--with", &alice.public, &bob.public]);
    let there = "a new start by one that names";
    other.hears_err(&format!("/admit {} does it there", carol.fingerprint));
    for member in [&other, &third] {
        member.hears_err(there);
    }
    let starts = "to let it in, too, start again with --with bob.pub FILE";
    one.hears_err(&format!("stays outside; {starts}"));
}

/// Two who let nobody in by themselves, of whom one has decided.
#[test]
fn who_has_let_in_another_and_is_not_let_in_is_told_so_and_so_is_the_other() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let asks = ["--ask", "--commands"];
    let [mut one, mut other] = [&alice, &bob].map(|person| town.enters(person, &asks));
    one.type_in("/kick zed\n");
    one.hears_err("the room has not begun: nobody is in it with you yet");
    one.type_in(&format!("/admit {}\n", bob.fingerprint));
    let told = one.hears_err("to let you in, which has not done as far as it has said");
    assert!(
        told.contains(&format!("/admit {} does it there", alice.fingerprint)),
        "{told}"
    );
    assert!(!told.contains("this takes a moment"), "{told}");
    let told = other.hears_err("has let you in, and waits for you to let it in");
    assert!(told.contains(&alice.fingerprint), "{told}");
    other.type_in(&format!("/admit {}\n", alice.fingerprint));
    for member in [&one, &other] {
        member.hears_err("secure: 2 members");
    }
    // A code is the same for all: the second who asks is shown it.
    one.type_in("/code\n");
    one.hears_err("asked for a code of the room; it takes a part of #");
    other.hears_err("the code of this room is ");
    other.type_in("/code\n");
    other.hears_err(": it is the same as long as the keys are");
    // What is no news is not asked for.
    one.type_in("/policy exclude anyone\n");
    one.hears_err("that is the rule already");
    one.type_in(&format!(
        "/verify {} where? there\n/verify {0} when? then\n",
        bob.public
    ));
    one.hears_err("not asked: ");
    one.hears_err("has not answered yet what you asked before");
    other.hears_err("asks you to be sure");
    other.type_in("/decline\n");
    one.hears_err("has declined, or given no answer in time");
}
