//! Who has nothing yet, and finds out at a screen who the others are, in each way that there is.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::relay::Relay;
use crate::screen::{AFTER, FULL, Pane, SMALL, Tmux};

/// What was said and told on rows, without what stands beside it and without the breaks.
fn unbroken(rows: &[String]) -> String {
    let said = rows.iter().map(|row| {
        let row: String = row.chars().take(SAID).collect();
        row.trim_end().to_owned()
    });
    // A row that goes on begins with a mark, behind the sign of the line.
    said.collect::<Vec<_>>().join("\n").replace("\n    | ", " ")
}

/// Columns of what was said, beside which is who is there.
const SAID: usize = 54;

impl Pane<'_> {
    /// Waits until a line is there, however it is broken.
    #[track_caller]
    fn tells(&self, text: &str) -> String {
        let rows = self.shows_rows(text, |rows| unbroken(rows).contains(text));
        unbroken(&rows)
    }

    /// The fingerprint that the program has told of itself.
    #[track_caller]
    fn fingerprint(&self, nick: &str) -> String {
        // On the screen, and not on the terminal's own before there is one.
        self.shows("| tea |");
        let told = format!("you are {nick}, ");
        let said = self.tells(&told);
        let (_, behind) = said.split_once(&told).unwrap();
        behind.chars().take(47).collect()
    }

    /// The link that is on the page behind its code, put together. The talk is there again then.
    #[track_caller]
    fn link(&self) -> String {
        self.press(&["PageDown"]);
        let link = self.link_in_letters();
        self.press(&["C-o"]);
        self.shows("| tea |");
        link
    }

    /// A member that is known so stands in the list.
    #[track_caller]
    fn lists(&self, how: &str) {
        let row = format!("|  verified: {how}");
        self.shows(&row);
    }
}

/// A person at a screen, at home in a folder of its own.
#[track_caller]
fn sits<'a>(
    tmux: &'a Tmux,
    home: &Path,
    name: &'static str,
    size: (u16, u16),
    more: &str,
) -> Pane<'a> {
    let folder = home.join(name);
    fs::create_dir(&folder).unwrap();
    let program = env!("CARGO_BIN_EXE_mpotr");
    let folder = folder.display();
    tmux.open(
        name,
        size,
        &format!("trap : INT; HOME={folder} {program} chat --screen {more}{AFTER}"),
    )
}

/// A link in a file, for one who opens it as whom.
fn opened(home: &Path, link: &str, nick: &str) -> String {
    let file = home.join(format!("link-for-{nick}"));
    fs::write(&file, link).unwrap();
    format!("--nick {nick} --link {}", file.display())
}

/// Rows that a screen takes on which a QR code is seen whole.
const HIGH: (u16, u16) = (80, 50);

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one evening, of which each part needs those before it"
)]
fn two_who_have_nothing_find_out_in_each_way_who_the_other_is() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    // From nothing: what is not known is asked, before there is a screen.
    let alice = sits(&tmux, home.path(), "alice", HIGH, "");
    for (question, answer) in [
        ("Where does the room meet?", relay.address.as_str()),
        ("What is the room called", "tea"),
        ("What are you called?", "alice"),
        ("Keep a new identity for the next time", "yes"),
    ] {
        alice.shows(question);
        alice.say(answer);
    }
    alice.shows("| tea |");
    assert_eq!(alice.knows("alternate_on"), "1");
    // By a link, which is there for a camera, too.
    alice.say("/link bob");
    alice.shows("████ ▄▄▄▄▄ █");
    let link = alice.link();
    let more = opened(home.path(), &link, "bob");
    let bob = sits(
        &tmux,
        home.path(),
        "bob",
        FULL,
        &format!("{more} --link-of alice --scanned"),
    );
    let who = bob.fingerprint("bob");
    alice.tells("if it comes by your link");
    alice.shows("door: ");
    alice.say(&format!("/admit {who}"));
    alice.tells("bob came by your link: nobody is between you");
    bob.tells("alice has made the link by which you came: nobody is between you");
    alice.resize(FULL.0, FULL.1);
    for member in [&alice, &bob] {
        member.shows("secure, 2 members");
        member.lists("qr");
        member.hides("door: ");
    }
    // By a code that all read to one another.
    bob.say("/code");
    let code = |member: &Pane<'_>| {
        let said = member.tells("the code of this room is ");
        let (_, code) = said.rsplit_once("the code of this room is ").unwrap();
        code[..14].to_owned()
    };
    assert_eq!(code(&alice), code(&bob));
    for member in [&alice, &bob] {
        member.say(&format!("/code {}", &code(member)[10..]));
        member.tells("nobody is between you; that is remembered of all of them");
        member.lists("code");
    }
    // By what both know. One answer is wrong, and the next question says so.
    alice.say("/verify bob where? at the  Station");
    bob.shows("asked: alice asks what only you two know: /answer or /decline");
    bob.say("/answer at the mill");
    for (member, other) in [(&alice, "bob"), (&bob, "alice")] {
        let told = format!("failed with {other} so far: 1");
        assert!(member.tells(&told).contains("gave other answers"));
    }
    alice.say("/verify bob where? at the mill");
    bob.tells("failed with alice so far: 1)");
    bob.say("/answer At the  Mill");
    for (member, other) in [(&alice, "bob"), (&bob, "alice")] {
        member.tells(&format!("{other} knows the secret: nobody is between you"));
        member.lists("secret");
        member.hides("asked: ");
        let rows = member.rows().join("\n").to_lowercase();
        assert!(
            !rows.contains("mill") && !rows.contains("station"),
            "{rows}"
        );
    }
    // Muted, a member is read by the program and not by the person.
    alice.say("/mute bob");
    alice.shows("|  muted");
    bob.say("nobody hears me");
    bob.shows("= bob: nobody hears me");
    alice.say("/unmute bob");
    alice.hides("|  muted");
    bob.say("do you hear me?");
    let rows = alice.shows("bob: do you hear me?");
    assert!(!rows.join("\n").contains("nobody hears me"), "{rows:#?}");
    // Ten kilobytes: of one line, and of many.
    let long = format!("{}the end", "word ".repeat(2000));
    alice.paste(&long);
    alice.shows("the end");
    alice.press(&["Enter"]);
    bob.tells("the end");
    let many: Vec<_> = (0..200)
        .map(|number| format!("line {number}: {}", "x".repeat(40)))
        .collect();
    alice.paste(&many.join("\n"));
    alice.shows("200 lines were pasted: y sends each of them as a text, n sends none");
    alice.resize(SMALL.0, SMALL.1);
    alice.shows("200 lines were pasted");
    alice.press(&["y"]);
    bob.shows("alice: line 199: xxxx");
    alice.shows("with bob");
    alice.resize(FULL.0, FULL.1);
    alice.shows_rows("the last line is final", |rows| {
        rows.iter()
            .any(|row| row.starts_with("= alice: line 199: "))
    });
    // One that comes by another link than the one that was given is told in one try, and until it is seen.
    bob.say("/quit");
    bob.ends(0);
    alice.tells("bob has left");
    alice.say("/link carol");
    alice.shows("ctrl-o: the talk");
    alice.press(&["C-o"]);
    alice.tells("who comes by it is let in as others are");
    let forged = format!("{}AAAAAAAAAAAAAAAAAAAAAA", &link[..link.len() - 22]);
    let more = opened(home.path(), &forged, "carol");
    let eve = sits(&tmux, home.path(), "carol", SMALL, &more);
    let told = alice.tells("to let it in: /admit ");
    let (_, who) = told.rsplit_once("to let it in: /admit ").unwrap();
    alice.say(&format!("/admit {}", &who[..47]));
    alice.shows("comes by a link that is not the one you gave");
    alice.shows("(ctrl-g: seen)");
    eve.shows("WARNING");
    alice.press(&["C-g"]);
    alice.hides("(ctrl-g: seen)");
    alice.shows("|  not known");
    for member in [&eve, &alice] {
        member.say("/quit");
        member.ends(0);
    }
}
