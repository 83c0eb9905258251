//! Links by which people ask one another in and find out who is who: `/link`, and `mpotr chat --link`.

use std::fs;

use crate::admitting::Person;
use crate::chat::Town;
use crate::program::{Running, run, succeed};
use crate::relay::Relay;

const COMES: &str = "if it comes by your link, it shows that by itself once it is in";

impl Town {
    /// The file of the people that one knows.
    fn people(&self, of: &str) -> String {
        let path = self.home.path().join(format!("people-of-{of}"));
        path.to_str().unwrap().to_owned()
    }

    fn knows(&self, of: &str) -> String {
        succeed(
            self.home.path(),
            &["people", "list", "--people", &self.people(of)],
        )
    }

    /// One who makes a link, for one to be kept by a name or for anyone.
    fn makes_link(&self, person: &Person, name: &str) -> (Running, String) {
        let people = self.people(person.name);
        let mut maker = self.enters(person, &["--ask", "--commands", "--people", &people]);
        maker.type_in(&format!("/link {name}\n"));
        let link = link_of(&maker);
        (maker, link)
    }

    /// One who opens a link.
    fn opens(&self, person: &Person, link: &str, more: &[&str]) -> Running {
        let people = self.people(person.name);
        let nick = [
            "chat",
            "--nick",
            person.name,
            "--identity",
            &person.identity,
        ];
        let more = [&["--link", link, "--people", &people, "--commands"], more].concat();
        Running::start(self.home.path(), &[&nick[..], &more].concat())
    }
}

/// The link that was printed last, when it is there.
fn link_of(maker: &Running) -> String {
    let printed = maker.hears_out("&once=");
    let printed = match printed.ends_with('\n') {
        true => printed,
        // The line ends in a moment.
        false => {
            maker.hears_err("who comes by it is let in as others are");
            maker.hears_out("")
        }
    };
    let link = printed.lines().rfind(|line| line.starts_with("mpotr:"));
    link.unwrap().to_owned()
}

/// The same link with something else that serves once.
fn with_other_secret(link: &str) -> String {
    let (link, _) = link.split_once("&once=").unwrap();
    format!("{link}&once=AAAAAAAAAAAAAAAAAAAAAA")
}

#[test]
fn by_a_link_two_know_each_other_and_type_nothing_for_it() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let (mut maker, link) = town.makes_link(&alice, "bobby");
    let opener = town.opens(&bob, &link, &["--link-of", "ally", "--scanned"]);
    maker.hears_err(COMES);
    maker.type_in(&format!("/admit {}\n", bob.fingerprint));
    maker.hears_err(
        "bobby came by your link: nobody is between you, if nobody else could see or change it",
    );
    opener.hears_err("ally has made the link by which you came: nobody is between you\n");
    assert!(town.knows("alice").contains("  bobby  qr  "));
    assert!(town.knows("bob").contains("  ally  qr  "));
    // It has served.
    let mut opener = opener;
    opener.type_in("hello\n");
    opener.end_input();
    let finished = opener.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    maker.hears_err("bobby has left");
    let late = town.opens(&carol, &link, &[]);
    maker.hears_err(&format!("{} wants to come in", carol.fingerprint));
    maker.type_in(&format!("/admit {}\n", carol.fingerprint));
    maker.hears_err("comes by a link that does not serve any longer, or that you have not given");
    late.hears_err("the link does not serve any longer: it was used");
    assert_eq!(town.knows("carol"), "");
    maker.end_input();
    // What was printed is the link and what others said.
    let finished = maker.finish();
    assert_eq!(finished.out, format!("{link}\nbobby: hello\n"));
}

/// Who has changed the secret of a link on its way, or has none, has one guess, and both sides are told of it.
#[test]
fn a_middleman_is_caught_by_a_link_in_one_try() {
    let town = Town::new();
    let [alice, bob, mallory] = ["alice", "bob", "mallory"].map(|name| town.person(name));
    let (mut maker, link) = town.makes_link(&alice, "");
    // Mallory sits between: to Bob it gives a link of its own, to a room of the same name elsewhere.
    let elsewhere = Relay::start(town.home.path());
    let own = ["chat", "--relay", &elsewhere.address, "--room", "tea"];
    let who = ["--nick", "alice", "--identity", &mallory.identity];
    let mut between = Running::start(
        town.home.path(),
        &[&own[..], &who, &["--ask", "--commands"]].concat(),
    );
    between.type_in(&format!("/link\n/admit {}\n", bob.fingerprint));
    let own_link = link_of(&between);
    let misled = town.opens(&bob, &own_link, &["--link-of", "alice"]);
    // What came over a network, and may have been changed there, is no verification.
    misled.hears_err("nobody is between you, if nobody could change the link on its way to you");
    assert!(town.knows("bob").contains("  alice  seen  "));
    // In the true room it has to show that it has the link that Alice gave.
    let forged = with_other_secret(&link);
    let other_side = town.opens(&mallory, &forged, &[]);
    maker.hears_err(COMES);
    maker.type_in(&format!("/admit {}\n", mallory.fingerprint));
    maker.hears_err("comes by a link that is not the one you gave: if you gave it to ");
    maker.hears_err("failed with ");
    other_side.hears_err("has not made the link by which you came");
    assert_eq!(town.knows("alice"), "");
    // Whom the link was for comes by it all the same, and a second guess is one, too, and told.
    let honest = town.opens(&bob, &link, &[]);
    maker.hears_err(&format!("{} wants to come in", bob.fingerprint));
    other_side.hears_err("is not one of those of the link, and stays outside");
    drop(other_side);
    maker.type_in(&format!("/kick {}\n", mallory.fingerprint));
    maker.hears_err("can read nothing from here on");
    maker.type_in(&format!("/admit {}\n", bob.fingerprint));
    honest.hears_err("nobody is between you");
    maker.hears_err("came by your link, which was for nobody by name");
}

/// Who is known by another name, or as another key, is not verified by a link that was for another.
#[test]
fn a_link_for_one_verifies_nobody_else() {
    let town = Town::new();
    let [alice, bob] = ["alice", "bob"].map(|name| town.person(name));
    let key = |person: &Person| fs::read_to_string(&person.public).unwrap();
    let knows = |who: &str, key: &str, name: &str| {
        let people = town.people(who);
        let add = ["people", "add", key.trim(), name, "--people", &people];
        succeed(town.home.path(), &add);
    };
    knows("alice", &key(&bob), "bob");
    let (mut maker, link) = town.makes_link(&alice, "carol");
    let opener = town.opens(&bob, &link, &[]);
    maker.hears_err(COMES);
    maker.type_in(&format!("/admit {}\n", bob.fingerprint));
    maker.hears_err("WARNING: bob, whom you know, came by your link, and not carol");
    assert!(town.knows("alice").contains("  bob  seen  "));
    assert!(!maker.hears_err("").contains("nobody is between you"));
    opener.hears_err("has made the link by which you came");
    // The other way round: who is known by another key has not made this link, and nothing is begun.
    let other = town.person("mallory");
    knows("mallory", &key(&bob), "alice");
    let refused = town.opens(&other, &link, &["--link-of", "alice"]).finish();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("you know alice by the key"),
        "{refused:?}"
    );
    knows("mallory", &key(&alice), "eve");
    let refused = town.opens(&other, &link, &["--link-of", "dave"]).finish();
    assert!(
        refused
            .err
            .contains("the link is that of eve, whom you know"),
        "{refused:?}"
    );
    maker.end_input();
}

/// The room of who opens a link is for those whom it names.
#[test]
fn whom_the_link_does_not_name_stays_outside() {
    let town = Town::new();
    let [alice, bob, eve] = ["alice", "bob", "eve"].map(|name| town.person(name));
    let (maker, link) = town.makes_link(&alice, "");
    maker.hears_err("waiting for others");
    drop(maker);
    let mut opener = town.opens(&bob, &link, &[]);
    let stranger = town.enters(&eve, &["--open"]);
    let told = opener.hears_err("is not one of those of the link, and stays outside");
    assert!(told.contains(&eve.fingerprint), "{told}");
    opener.type_in(&format!("/admit {}\n", eve.fingerprint));
    opener.hears_err("start again by a link that names it");
    assert!(!stranger.hears_err("").contains("secure"));
}

/// A link that is made in a room names those who are in it; its maker alone is found out by it.
#[test]
fn a_link_names_those_who_are_in_the_room() {
    let town = Town::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| town.person(name));
    let mut maker = town.enters(&alice, &["--open", "--commands"]);
    let other = town.enters(&bob, &["--open"]);
    maker.hears_err("secure: 2 members");
    maker.type_in("/link\n");
    let link = link_of(&maker);
    assert_eq!(link.matches("&key=").count(), 2, "{link}");
    // Nothing is written over, and that is told with what can be done.
    let taken = town.home.path().join("taken");
    fs::write(&taken, "mine").unwrap();
    for (file, step) in [
        (&taken, "name another file"),
        (&taken.join("link"), "a folder of your own"),
    ] {
        maker.type_in(&format!("/link to {}\n", file.display()));
        let told = maker.hears_err(step);
        let tried = format!("the link was not written into {}", file.display());
        assert!(told.contains(&tried), "{told}");
    }
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    // In a file, which nobody sees who looks at the command lines of others, and broken as mail breaks it.
    let file = town.home.path().join("link");
    let (begin, end) = link.split_at(60);
    fs::write(&file, format!("{begin}\r\n {end}\n")).unwrap();
    let opener = town.opens(&carol, file.to_str().unwrap(), &["--scanned"]);
    for member in [&maker, &other, &opener] {
        member.hears_err("secure: 3 members");
    }
    maker.hears_err("came by your link, which was for nobody by name");
    let told = opener.hears_err("has made the link by which you came");
    // Who is in no list is not kept without a name, and one that it gets is no verification.
    let key = fs::read_to_string(&alice.public).unwrap();
    let key = key.trim();
    assert!(
        told.contains(&format!("`mpotr people add {key} NAME`")),
        "{told}"
    );
    let people = town.people("carol");
    let add = ["people", "add", key, "alice", "--people", &people];
    succeed(town.home.path(), &add);
    let mut opener = opener;
    opener.type_in("/members\n");
    opener.hears_err("alice  (the link)  (known, not verified)");
    assert!(town.knows("carol").contains("  alice  seen  "));
    assert!(!other.hears_err("").contains("link"));
}

#[test]
fn a_link_that_is_none_is_told_with_its_place_and_one_that_is_ones_own_opens_nothing() {
    let town = Town::new();
    let home = town.home.path();
    let alice = town.person("alice");
    let (maker, link) = town.makes_link(&alice, "");
    drop(maker);
    let opens = |link: &str, more: &[&str]| {
        let chat = ["chat", "--nick", "alice", "--link", link];
        run(home, &[&chat[..], more].concat())
    };
    for (wrong, why) in [
        (
            "mpotr:tea",
            "at byte 9: it does not say where the room meets",
        ),
        (
            "mpotr:tea?at=exec:sh",
            "at byte 13: an address starts no program",
        ),
        ("mpotr:tea?at=nowhere", "where it says that the room meets"),
        (
            "mpotr://relay.example",
            "that is the address of a relay, for --at",
        ),
    ] {
        let finished = opens(wrong, &[]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains(why), "{finished:?}");
    }
    for more in [&["--open"][..], &["--relay", "r:1"], &["--room", "x"]] {
        assert_eq!(opens(&link, more).code, Some(2), "{more:?}");
    }
    let own = opens(&link, &["--identity", &alice.identity]);
    assert_eq!(own.code, Some(1), "{own:?}");
    assert!(own.err.contains("this link is your own"), "{own:?}");
    let missing = opens("./nowhere", &[]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("no link in ./nowhere"), "{missing:?}");
    // One that names nobody asks who comes in, which takes a terminal.
    let nobody = opens("mpotr:tea?at=mpotr://127.0.0.1:1", &[]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    let at = run(home, &["doctor", "--at", "mpotr:tea?at=mpotr://r"]);
    assert_eq!(at.code, Some(2), "{at:?}");
    assert!(
        at.err.contains("that is the link of a room, for --link"),
        "{at:?}"
    );
}
