//! `mpotr people`, and what `mpotr chat` makes of the people that are known.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::tempdir;

use crate::chat::Town;
use crate::program::{Finished, Running, fail, run, succeed};

fn known(home: &Path) -> PathBuf {
    home.join(".local/share/mpotr/known-peers")
}

#[test]
fn people_are_added_listed_renamed_and_forgotten() {
    let town = Town::new();
    let home = town.home.path();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let key = fs::read_to_string(&bob.public).unwrap();
    let added = succeed(
        home,
        &["people", "add", &alice.public, "alice", "--compared"],
    );
    assert!(
        added.starts_with(&format!("{}  alice  compared  20", alice.fingerprint)),
        "{added}"
    );
    succeed(home, &["people", "add", key.trim(), "bob"]);
    let listed = succeed(home, &["people", "list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].contains("  alice  compared  ") && lines[1].contains("  bob  seen  "));
    // Nobody else gets a name that looks like one that is taken, and what is known stays.
    let taken = fail(home, &["people", "name", "bob", "\u{430}lice"]);
    assert!(taken.contains("nobody can tell the two apart") && taken.contains(&alice.fingerprint));
    succeed(home, &["people", "name", &bob.fingerprint, "robert"]);
    succeed(home, &["people", "add", &alice.public, "alice"]);
    // Nor does anyone get another name by being added again.
    let renamed = fail(home, &["people", "add", key.trim(), "bob"]);
    let way_out = "known already, as robert";
    assert!(
        renamed.contains(way_out) && renamed.contains("`mpotr people name robert bob`"),
        "{renamed}"
    );
    let again = succeed(home, &["people", "list"]);
    assert!(again.contains("  robert  seen  ") && again.contains("  alice  compared  "));
    for (who, left) in [("robert", 1), (alice.public.as_str(), 0)] {
        let finished = run(home, &["people", "forget", who]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(succeed(home, &["people", "list"]).lines().count(), left);
    }
    let nobody = fail(home, &["people", "forget", "robert"]);
    assert!(nobody.contains("nobody is known as robert;"), "{nobody}");
}

#[test]
fn a_file_with_a_bad_line_is_not_loaded_and_the_line_is_named() {
    let town = Town::new();
    let home = town.home.path();
    let alice = town.person("alice");
    succeed(home, &["people", "add", &alice.public, "alice"]);
    let path = known(home);
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}# fine\n{good}")).unwrap();
    for command in [
        &["people", "list"][..],
        &["people", "forget", "alice"],
        &[
            "chat",
            "--relay",
            "127.0.0.1:1",
            "--room",
            "tea",
            "--nick",
            "bob",
            "--open",
        ],
    ] {
        let finished = run(home, command);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let told = finished.err;
        assert!(told.contains("cannot load the known people"), "{told}");
        assert!(told.contains("line 4: it has not five fields"), "{told}");
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{good}# fine\n{good}")
    );
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let town = Town::new();
    let home = town.home.path();
    let alice = town.person("alice");
    succeed(home, &["people", "add", &alice.public, "alice"]);
    let mode = fs::metadata(known(home)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    fs::set_permissions(known(home), Permissions::from_mode(0o644)).unwrap();
    let told = fail(home, &["people", "list"]);
    assert!(told.contains("chmod 600"), "{told}");
}

#[test]
fn a_name_that_is_no_petname_is_a_command_line_that_makes_no_sense() {
    let home = tempdir().unwrap();
    for name in ["alice?", "04711", "a b", "you"] {
        let finished = run(home.path(), &["people", "add", "alice.pub", name]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
    }
    assert!(!known(home.path()).exists());
}

/// Ends each, which must be good.
fn end(members: Vec<Running>) -> Vec<Finished> {
    let end = |mut member: Running| {
        member.end_input();
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished
    };
    members.into_iter().map(end).collect()
}

#[test]
fn a_known_person_is_shown_by_its_petname_and_another_of_that_name_is_told_loudly() {
    let town = Town::new();
    let [alice, bob, mallory] = ["alice", "bob", "mallory"].map(|name| town.person(name));
    let file = town.home.path().join("known-of-bob");
    let people = ["--people", file.to_str().unwrap()];
    let add = ["people", "add", &alice.public, "alice", "--compared"];
    succeed(town.home.path(), &[&add[..], &people].concat());
    let open = ["--open", "--members", "3"];
    let reader = town.enters(&bob, &[&open[..], &people].concat());
    let who = ["--identity", &alice.identity];
    let mut writer = town.chat("queen", &[&who[..], &open].concat());
    let who = ["--identity", &mallory.identity];
    let mut other = town.chat("alice", &[&who[..], &open].concat());
    writer.type_in("it is me\n");
    reader.hears_out("alice: it is me\n");
    other.type_in("no, me\n");
    let digits = mallory.fingerprint[..11].replace(' ', "-");
    reader.hears_out(&format!("alice#{digits}?: no, me\n"));
    let told = reader.hears_err(&format!(
        "WARNING: alice#{digits}? is another than the alice you know"
    ));
    assert!(told.contains("alice  (verified: compared)"), "{told}");
    end(vec![reader, writer, other]);
}

#[test]
fn strangers_are_trusted_at_first_use_and_remembered() {
    let town = Town::new();
    let (alice, bob) = (town.person("alice"), town.person("bob"));
    let files = ["one", "two"].map(|name| town.home.path().join(name));
    let trust = |file: &Path| {
        ["--trust", "first-use", "--people", file.to_str().unwrap()].map(str::to_owned)
    };
    let enter = |person, file: &Path| {
        let more = trust(file);
        town.enters(person, &more.each_ref().map(String::as_str))
    };
    let mut one = enter(&alice, &files[0]);
    let mut two = enter(&bob, &files[1]);
    one.type_in("hello\n");
    two.hears_out("alice?: hello\n");
    two.hears_err("alice is known from now on");
    two.type_in("hello, too\n");
    one.hears_err("bob is known from now on");
    end(vec![one, two]);
    let listed = succeed(
        town.home.path(),
        &["people", "list", "--people", files[0].to_str().unwrap()],
    );
    assert!(
        listed.starts_with(&format!("{}  bob  seen  ", bob.fingerprint)),
        "{listed}"
    );

    // From then on the list alone is enough, and a key that is only seen is not verified.
    let list =
        |file: &Path| ["--trust", "list", "--people", file.to_str().unwrap()].map(str::to_owned);
    let mut one = town.enters(&alice, &list(&files[0]).each_ref().map(String::as_str));
    let two = town.enters(&bob, &list(&files[1]).each_ref().map(String::as_str));
    one.type_in("again\n");
    two.hears_out("alice: again\n");
    end(vec![one, two]);
    let verified = [
        "--trust",
        "verified",
        "--people",
        files[0].to_str().unwrap(),
    ];
    let refused = town.enters(&alice, &verified).finish();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("--trust lets nobody in"),
        "{refused:?}"
    );
}

#[test]
fn with_a_list_strangers_stay_outside() {
    let town = Town::new();
    let [alice, bob, eve] = ["alice", "bob", "eve"].map(|name| town.person(name));
    let file = |person: &str| {
        town.home
            .path()
            .join(format!("known-of-{person}"))
            .to_str()
            .unwrap()
            .to_owned()
    };
    for (owner, other) in [("alice", &bob), ("bob", &alice)] {
        let add = [
            "people",
            "add",
            &other.public,
            other.name,
            "--people",
            &file(owner),
        ];
        succeed(town.home.path(), &add);
    }
    let stranger = town.enters(&eve, &["--open"]);
    let mut one = town.enters(&alice, &["--trust", "list", "--people", &file("alice")]);
    let two = town.enters(&bob, &["--trust", "list", "--people", &file("bob")]);
    one.type_in("for bob alone\n");
    two.hears_out("alice: for bob alone\n");
    let told = one.hears_err("wants to come in; nothing is proven yet");
    assert!(!told.contains("secure: 3"), "{told}");
    end(vec![one, two]);
    assert!(!stranger.hears_err("").contains("secure"));
    assert_eq!(stranger.hears_out(""), "");
}

/// The code that a member was shown.
fn code(member: &Running) -> String {
    let told = member.hears_err("the code of this room is ");
    let (_, after) = told.rsplit_once("the code of this room is ").unwrap();
    after[..14].to_owned()
}

/// What another program writes into the list while a chat runs is known to it.
#[test]
fn people_who_are_added_while_a_chat_runs_are_known_to_it() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let file = town.home.path().join("known");
    let people = ["--people", file.to_str().unwrap()];
    let one = town.enters(&alice, &["--with", &bob.public]);
    let with = ["--with", &alice.public, "--commands"];
    let mut other = town.enters(&bob, &[&with[..], &people].concat());
    other.hears_err("secure: 2 members");
    other.type_in("/code\n");
    let told = other.hears_err("read it to one another");
    let code = told.split("the code of this room is ").nth(1).unwrap();
    let end = &code[10..14];
    other.type_in(&format!("/code {end}\n"));
    other.hears_err("and not of ");
    let add = ["people", "add", &alice.public, "alice"];
    succeed(town.home.path(), &[&add[..], &people].concat());
    other.type_in(&format!("/code {end}\n"));
    other.hears_err("remembered of all of them");
    let listed = succeed(
        town.home.path(),
        &[&["people", "list"][..], &people].concat(),
    );
    assert!(listed.contains("  alice  code  "), "{listed}");
    drop(one);
}

#[test]
fn people_compare_a_code_or_ask_for_a_secret_and_the_program_remembers() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let file = town.home.path().join("known-of-bob");
    let people = ["--people", file.to_str().unwrap()];
    let add = ["people", "add", &alice.public, "alice"];
    succeed(town.home.path(), &[&add[..], &people].concat());
    let open = ["--open", "--members", "2", "--commands"];
    let mut one = town.enters(&alice, &open);
    let mut other = town.enters(&bob, &[&open[..], &people].concat());
    one.type_in("/code\n");
    assert_eq!(code(&one), code(&other));
    // What was read is the code of others, or of an earlier time.
    let wrong = if code(&one).ends_with("0000") {
        "1111"
    } else {
        "0000"
    };
    other.type_in(&format!("/code {wrong}\n"));
    other.hears_err("that one is of other people");
    other.type_in(&format!("/code {}\n", &code(&one)[10..]));
    other.hears_err("nobody is between you");
    let listed = || {
        succeed(
            town.home.path(),
            &[&["people", "list"][..], &people].concat(),
        )
    };
    assert!(listed().contains("  alice  code  "), "{}", listed());

    other.hears_err("secure: 2 members");
    other.type_in("/verify alice where did we meet? At the  Mill\n");
    one.hears_err("to be sure that it is you: where did we meet?");
    one.type_in("/answer at the mill\n");
    for member in [&one, &other] {
        member.hears_err("knows the secret: nobody is between you");
    }
    assert!(listed().contains("  alice  secret  "), "{}", listed());

    other.type_in("/verify alice where? here\n");
    one.hears_err("to be sure that it is you: where?");
    one.type_in("/answer there\n");
    for member in [&one, &other] {
        member.hears_err("gave other answers, where all but capitals and blanks counts");
    }
    // What is known never sinks by itself.
    assert!(listed().contains("  alice  secret  "), "{}", listed());
    // One had another code in its input than all have.
    for (mut member, code) in [(one, 0), (other, 3)] {
        member.end_input();
        let finished = member.finish();
        assert_eq!(finished.code, Some(code), "{finished:?}");
        // Nothing of it is a text.
        assert_eq!(finished.out, "", "{finished:?}");
    }
}
