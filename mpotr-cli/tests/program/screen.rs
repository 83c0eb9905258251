//! The screen of a chat, as people sit at it: in terminals of tmux, whose cells are looked at.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::{TempDir, tempdir};

use crate::program::{Running, mind_signals, poll};
use crate::relay::Relay;
use crate::talk::{arguments, kill};

/// What is typed to take all modes of a terminal and what it shows into account.
pub(crate) const AFTER: &str = "; echo ended $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon' | tr '\\n' ,; exec cat";

/// A server of tmux of its own. Ended when dropped.
pub(crate) struct Tmux {
    folder: TempDir,
    home: PathBuf,
}

/// A terminal in it.
pub(crate) struct Pane<'a> {
    tmux: &'a Tmux,
    name: &'static str,
}

impl Tmux {
    /// Says so if there is no tmux.
    pub(crate) fn new(home: &Path) -> Option<Self> {
        mind_signals();
        let version = Command::new("tmux")
            .arg("-V")
            .stdout(Stdio::null())
            .status();
        if version.is_err() {
            let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
            assert!(!wanted, "tmux is not installed");
            // Past the capture of tests: who runs them is to see it.
            let told = b"SKIPPED, nothing is tested: tmux is not installed\n";
            std::io::stderr().write_all(told).unwrap();
            return None;
        }
        Some(Self {
            folder: tempdir().unwrap(),
            home: home.to_owned(),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .args(["-f", "/dev/null"])
            .env_remove("TMUX")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("RUST_LOG")
            .env_remove("LC_ALL")
            .env_remove("NO_COLOR")
            .env("LANG", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .env("HOME", &self.home);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A terminal of a size, in which a line of the shell runs.
    #[track_caller]
    pub(crate) fn open(
        &self,
        name: &'static str,
        (width, height): (u16, u16),
        line: &str,
    ) -> Pane<'_> {
        let [width, height] = [width, height].map(|length| length.to_string());
        self.run(&[
            "new-session",
            "-d",
            "-s",
            name,
            "-x",
            &width,
            "-y",
            &height,
            line,
        ]);
        Pane { tmux: self, name }
    }

    /// A member at a screen.
    #[track_caller]
    fn chat(&self, name: &'static str, size: (u16, u16), relay: &str, more: &[&str]) -> Pane<'_> {
        let arguments = arguments(relay, name, more).join(" ");
        let program = env!("CARGO_BIN_EXE_mpotr");
        // A shell that is interrupted with the program would end as well.
        self.open(
            name,
            size,
            &format!("trap : INT; {program} {arguments}{AFTER}"),
        )
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ended = self.command().arg("kill-server").output();
    }
}

impl Pane<'_> {
    /// Keys by their names in tmux.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux
            .run(&[&["send-keys", "-t", self.name], keys].concat());
    }

    #[track_caller]
    pub(crate) fn type_in(&self, text: &str) {
        self.press(&["-l", "--", text]);
    }

    #[track_caller]
    pub(crate) fn say(&self, text: &str) {
        self.type_in(text);
        self.press(&["Enter"]);
    }

    #[track_caller]
    pub(crate) fn paste(&self, text: &str) {
        let file = self.tmux.folder.path().join("pasted");
        std::fs::write(&file, text).unwrap();
        self.tmux.run(&["load-buffer", file.to_str().unwrap()]);
        self.tmux.run(&["paste-buffer", "-p", "-t", self.name]);
    }

    #[track_caller]
    pub(crate) fn resize(&self, width: u16, height: u16) {
        let [width, height] = [width, height].map(|length| length.to_string());
        self.tmux.run(&[
            "resize-window",
            "-t",
            self.name,
            "-x",
            &width,
            "-y",
            &height,
        ]);
    }

    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.tmux.run(&["capture-pane", "-p", "-t", self.name]);
        rows.lines().map(str::to_owned).collect()
    }

    /// What tmux knows of it.
    #[track_caller]
    pub(crate) fn knows(&self, what: &str) -> String {
        let format = format!("#{{{what}}}");
        let known = self
            .tmux
            .run(&["display-message", "-p", "-t", self.name, &format]);
        known.trim_end().to_owned()
    }

    /// Waits until rows are so.
    #[track_caller]
    pub(crate) fn shows_rows(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let rows = poll(|| Some(self.rows()).filter(|rows| is_so(rows)));
        rows.unwrap_or_else(|| panic!("{} has no {what:?} in {:#?}", self.name, self.rows()))
    }

    /// Waits until a row has a text in it.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> Vec<String> {
        self.shows_rows(text, |rows| rows.iter().any(|row| row.contains(text)))
    }

    /// Waits until no row has it.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) {
        self.shows_rows(&format!("no {text}"), |rows| {
            !rows.iter().any(|row| row.contains(text))
        });
    }

    /// Waits until tmux knows something of it.
    #[track_caller]
    pub(crate) fn is(&self, what: &str, value: &str) {
        let known = poll(|| (self.knows(what) == value).then_some(()));
        assert!(known.is_some(), "{what} is {:?}", self.knows(what));
    }

    /// The link that is in letters on a page of its own.
    #[track_caller]
    pub(crate) fn link_in_letters(&self) -> String {
        self.shows("ctrl-o, or return, goes back");
        let rows = self.rows();
        assert!(rows[0].contains("link for one person"), "{rows:#?}");
        let letters = rows.iter().skip(1).take_while(|row| !row.is_empty());
        letters.cloned().collect()
    }

    /// What a camera reads on the screen.
    pub(crate) fn code(&self) -> Option<String> {
        const SIDE: usize = 4;
        const DARK: usize = 8;
        let rows: Vec<Vec<char>> = self
            .rows()
            .iter()
            .map(|row| row.chars().collect())
            .collect();
        let width = rows.iter().map(Vec::len).max()?;
        let is_bright = |x: usize, y: usize| match rows.get(y / 2).and_then(|row| row.get(x)) {
            Some('█') => true,
            Some('▀') => y.is_multiple_of(2),
            Some('▄') => !y.is_multiple_of(2),
            Some(_) | None => false,
        };
        let with_dark = |length: usize| length.saturating_add(2 * DARK).saturating_mul(SIDE);
        let size = (with_dark(width), with_dark(rows.len().saturating_mul(2)));
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(size.0, size.1, |x, y| {
            let at = (x / SIDE)
                .checked_sub(DARK)
                .zip((y / SIDE).checked_sub(DARK));
            if at.is_some_and(|(x, y)| is_bright(x, y)) {
                255
            } else {
                0
            }
        });
        let grids = image.detect_grids();
        let (_, text) = grids.first()?.decode().ok()?;
        Some(text)
    }

    /// The program has ended so, and the terminal is as it was before.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32) -> Vec<String> {
        let rows = self.shows(&format!("ended {code}"));
        self.is("alternate_on", "0");
        self.shows_rows("echo", |rows| {
            let modes = rows.iter().rfind(|row| !row.is_empty());
            modes.is_some_and(|modes| modes == "icanon,echo," || modes == "echo,icanon,")
        });
        rows
    }
}

/// Rows that a talk needs, at each of them.
pub(crate) const FULL: (u16, u16) = (80, 24);
pub(crate) const SMALL: (u16, u16) = (40, 12);

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one evening, of which each part needs those before it"
)]
fn three_people_sit_at_screens_for_an_evening() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let more = ["--members", "3", "--exclude", "2", "--screen"];
    let alice = tmux.chat("alice", FULL, &address, &more);
    let bob = tmux.chat("bob", FULL, &address, &more);
    let carol = tmux.chat("carol", SMALL, &address, &more);
    for member in [&alice, &bob, &carol] {
        member.shows("secure, 3 members");
        assert_eq!(member.knows("alternate_on"), "1");
    }
    // A text is final everywhere, and says so by a sign.
    alice.say("hello");
    for member in [&alice, &bob, &carol] {
        member.shows_rows("= alice: hello", |rows| {
            rows.iter().any(|row| row.starts_with("= alice: hello"))
        });
    }
    // What is typed stays where it is, and the cursor with it.
    alice.type_in("half");
    alice.press(&["Left", "Left"]);
    bob.say("in between");
    carol.say("me, too");
    alice.shows("carol: me, too");
    alice.shows("= bob: in between");
    alice.shows("> half");
    alice.is("cursor_x", "4");
    alice.is("cursor_y", "22");
    alice.say("X");
    bob.shows("alice: haXlf");
    // Names are completed, what was typed before comes back, and who is there is seen.
    alice.type_in("car");
    alice.press(&["Tab"]);
    alice.shows("> carol:");
    alice.press(&["C-u", "Up"]);
    alice.shows("> haXlf");
    alice.press(&["C-u"]);
    alice.shows_rows("the list of members", |rows| {
        let list: Vec<_> = rows.iter().filter_map(|row| row.rsplit_once('|')).collect();
        ["3 members", "alice (you)", "bob", "carol"]
            .iter()
            .all(|name| list.iter().any(|(_, row)| row.trim() == *name))
    });
    // Whose key is the smaller comes first.
    let are_with = |names: [&str; 2]| {
        let [one, other] = names;
        let both = [
            format!("with {one}, {other}"),
            format!("with {other}, {one}"),
        ];
        move |rows: &[String]| rows.iter().any(|row| both.contains(row))
    };
    carol.shows_rows("alice and bob", are_with(["alice", "bob"]));
    // Any size.
    alice.resize(SMALL.0, SMALL.1);
    alice.shows_rows("bob and carol", are_with(["bob", "carol"]));
    alice.resize(FULL.0, FULL.1);
    alice.shows("| 3 members");
    // Pasted lines are asked about, and are no commands.
    alice.paste("one\n/kick bob\n");
    alice.shows("2 lines were pasted: y sends each of them as a text, n sends none");
    alice.press(&["n"]);
    alice.hides("were pasted");
    alice.paste("two\n/kick bob\n");
    alice.shows("2 lines were pasted");
    alice.press(&["y"]);
    let rows = bob.shows("alice: /kick bob");
    assert!(
        rows.iter().any(|row| row.contains("alice: two")),
        "{rows:#?}"
    );
    assert!(
        !rows.iter().any(|row| row.contains("alice: one")),
        "{rows:#?}"
    );
    // A single line is a part of what is typed.
    alice.paste("part\n");
    alice.shows("> part");
    alice.press(&["C-u"]);
    // What waits for others, or for the person, stays where it is seen.
    alice.say("/kick carol");
    alice.shows("vote: 1 more vote needed to leave carol out");
    bob.shows("vote: alice asks to leave carol out;");
    alice.say("for bob alone");
    alice.shows("~ alice: for bob alone");
    let mut dave = Running::start(home.path(), &arguments(&address, "dave", &[]));
    alice.shows("held: 1: for bob alone");
    carol.shows("secure, 4 members");
    alice.say("/discard 1");
    alice.shows("taken back: nobody has read it");
    alice.hides("held: 1");
    bob.say("/kick carol");
    for member in [&alice, &bob] {
        member.shows("secure, 3 members");
        member.hides("vote:");
    }
    // Who is out is told why, where it can still read it.
    let rows = carol.ends(0);
    assert!(
        rows.iter().any(|row| row.contains("the others")),
        "{rows:#?}"
    );
    dave.end_input();
    assert_eq!(dave.finish().code, Some(0));
    for member in [&alice, &bob] {
        member.shows("secure, 2 members");
    }
    // The way to the room is lost, and comes back.
    drop(relay);
    alice.shows("NO WAY TO IT");
    alice.say("meanwhile");
    alice.shows("~ alice: meanwhile");
    alice.shows("waits: the relay");
    bob.shows("NO WAY TO IT");
    let _relay = Relay::start_on(home.path(), &address);
    bob.shows("alice: meanwhile");
    alice.hides("NO WAY TO IT");
    // Pages, and what came meanwhile.
    for _ in 0..12 {
        alice.press(&["PageUp"]);
    }
    alice.shows("you are alice");
    bob.say("news");
    alice.shows("1 new below: PgDn");
    for _ in 0..12 {
        alice.press(&["PageDown"]);
    }
    alice.shows("--- new since you looked ---");
    alice.shows("bob: news");
    alice.say("seen");
    alice.hides("--- new since you looked ---");
    bob.shows("alice: seen");
    // Nothing of it is left behind: on the terminal's own screen, above it, or as its title.
    assert!(!alice.knows("pane_title").contains("tea"));
    alice.say("/quit");
    alice.ends(0);
    let all = tmux.run(&["capture-pane", "-p", "-S", "-", "-t", "alice"]);
    assert!(
        all.contains("you are alice") && !all.contains("hello"),
        "{all}"
    );
    bob.shows("alice has left");
    bob.press(&["C-c"]);
    bob.ends(0);
}

/// On a small screen nothing of a link is cut without a way to see it.
#[test]
fn a_link_is_seen_whole_on_a_small_screen() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--screen"];
    let alice = tmux.chat("alice", FULL, &relay.address, &more);
    alice.shows("| tea |");
    // A code that a camera reads at once, and the same in letters that can be copied.
    alice.say("/link dave");
    let code = poll(|| alice.code()).unwrap_or_else(|| panic!("{:#?}", alice.rows()));
    alice.press(&["PageDown"]);
    assert_eq!(alice.link_in_letters(), code);
    alice.press(&["PageUp"]);
    alice.shows("PgDn: in letters");
    alice.press(&["Enter"]);
    alice.shows("| tea |");
    let file = home.path().join("link");
    let named = file.to_str().unwrap();
    alice.say(&format!("/link dave to {named}"));
    alice.shows("* the link that you made before for dave does not");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written.starts_with("mpotr:tea?at=") && written != code,
        "{written}"
    );
    // Nothing is written over.
    alice.say(&format!("/link dave to {named}"));
    alice.shows("the link was not written into");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    // Where the code has no room it is said what to do.
    let bob = tmux.chat("bob", SMALL, &relay.address, &more);
    bob.shows("| tea |");
    bob.say("/link dave");
    assert!(bob.link_in_letters().starts_with("mpotr:tea?at="));
    bob.shows("For its QR code this window is too");
    bob.press(&["C-o"]);
    bob.shows("| tea |");
}

/// Behind a link nobody sees what is typed, or asked about what is pasted: return goes back to it, and sends nothing.
#[test]
fn what_is_typed_behind_a_link_is_seen_before_it_is_sent() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let alice = tmux.chat(
        "alice",
        FULL,
        &relay.address,
        &[&more[..], &["--screen"]].concat(),
    );
    let bob = Running::start(home.path(), &arguments(&relay.address, "bob", &more));
    alice.shows("secure, 2 members");
    bob.hears_err("the room is secure");
    alice.say("/link dave");
    alice.shows(" link for one person");
    alice.type_in("unseen");
    alice.press(&["Enter"]);
    alice.shows("> unseen");
    alice.press(&["C-u"]);
    alice.say("/link dave");
    alice.shows(" link for one person");
    alice.paste("unseen, too\nunseen\n");
    alice.shows("2 lines were pasted");
    alice.press(&["n"]);
    alice.hides("were pasted");
    alice.say("seen");
    assert_eq!(bob.hears_out("seen\n"), "alice: seen\n");
}

/// On a small screen what is asked of the person is seen whole on pages in place of the talk.
#[test]
fn what_is_asked_is_seen_whole_on_a_small_screen() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--members", "3", "--exclude", "2", "--screen"];
    let [alice, bob, carol] =
        ["alice", "bob", "carol"].map(|name| tmux.chat(name, SMALL, &relay.address, &more));
    for member in [&alice, &bob, &carol] {
        member.shows("secure, 3 members");
    }
    // Who has said something has a name.
    for member in [&alice, &bob, &carol] {
        member.say("hello");
    }
    for name in ["alice", "bob", "carol"] {
        for member in [&alice, &bob, &carol] {
            member.shows(&format!("{name}: hello"));
        }
    }
    // Votes, of which only some have room beside the talk.
    alice.say("/kick carol");
    bob.shows("vote: ");
    bob.say("/kick alice");
    bob.shows("not whole here: ctrl-o");
    bob.type_in("meanwhile");
    bob.press(&["C-o"]);
    bob.shows("asked of you, 1 of ");
    bob.shows("> meanwhile");
    let seen = |bob: &Pane<'_>| {
        let rows = bob.rows().join("\n").replace("\n  | ", " ");
        ["asks to leave carol out", "needed to leave alice out"].map(|text| rows.contains(text))
    };
    let first = seen(&bob);
    bob.press(&["PageDown"]);
    let is_seen = poll(|| {
        let second = seen(&bob);
        let both = first.iter().zip(second).all(|(one, other)| *one || other);
        both.then_some(())
    });
    assert!(is_seen.is_some(), "{first:?} {:#?}", bob.rows());
    bob.press(&["C-o"]);
    bob.shows("secure, 3 members");
    bob.shows("> meanwhile");
}

/// Several rooms are on one screen: what is typed goes into the one that is seen, and what came in others is marked.
#[test]
fn several_rooms_are_on_one_screen_and_each_is_a_talk_of_its_own() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let alice = tmux.chat(
        "alice",
        FULL,
        &relay.address,
        &["--room", "coffee", "--screen"],
    );
    let bob = tmux.chat("bob", SMALL, &relay.address, &["--screen"]);
    let of_coffee = arguments(&relay.address, "carol", &["--screen"]).join(" ");
    let of_coffee = of_coffee.replace("--room tea", "--room coffee");
    let program = env!("CARGO_BIN_EXE_mpotr");
    let carol = tmux.open("carol", FULL, &format!("{program} {of_coffee}"));
    for member in [&alice, &bob, &carol] {
        member.shows("secure, 2 members");
    }
    alice.shows("| tea |");
    alice.shows("alt- 2 coffee");
    // What is typed stays with its room.
    alice.type_in("for tea");
    alice.press(&["M-2"]);
    alice.shows("| coffee |");
    alice.hides("> for tea");
    alice.shows("secure, 2 members");
    bob.say("from tea");
    alice.shows("alt- 1 tea (1)");
    bob.say("are you there, Alice?");
    alice.shows("alt- 1 tea (2!)");
    carol.say("from coffee");
    alice.shows("carol: from coffee");
    alice.say("for coffee");
    carol.shows("alice: for coffee");
    alice.press(&["M-n"]);
    alice.shows("| tea |");
    alice.shows("> for tea");
    alice.shows("bob: from tea");
    alice.shows("--- new since you looked ---");
    alice.press(&["Enter"]);
    bob.shows("alice: for tea");
    let has = |pane: &Pane<'_>, text: &str| pane.rows().iter().any(|row| row.contains(text));
    assert!(!has(&bob, "for coffee") && !has(&carol, "for tea"));
    assert!(!has(&alice, "coffee:"));
    // Each is left alone, and nothing goes into one that is.
    alice.say("/quit");
    bob.shows("alice has left");
    alice.shows("this room is left");
    alice.say("lost");
    alice.shows("nothing was sent: this room is left");
    alice.shows("> lost");
    alice.press(&["M-2"]);
    alice.shows("alt- 1 tea left");
    carol.say("still here");
    alice.shows("carol: still here");
    alice.press(&["C-d"]);
    carol.shows("alice has left");
    alice.ends(0);
}

/// The program ends as the room that ended worst.
#[test]
fn several_rooms_end_as_the_worst_of_them() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--room", "empty", "--screen", "--wait", "20"];
    let alice = tmux.chat("alice", FULL, &relay.address, &more);
    let bob = tmux.chat("bob", SMALL, &relay.address, &["--screen"]);
    for member in [&alice, &bob] {
        member.shows("secure, 2 members");
    }
    alice.press(&["M-2"]);
    alice.shows("| empty |");
    alice.shows("this room is left");
    alice.press(&["M-1"]);
    alice.say("/quit");
    let rows = alice.ends(124);
    assert!(
        rows.iter().any(|row| row.contains("in the room \"empty\"")),
        "{rows:#?}"
    );
    // Without a screen there is one.
    let line = arguments(&relay.address, "carol", &["--room", "coffee"]).join(" ");
    let program = env!("CARGO_BIN_EXE_mpotr");
    let plain = tmux.open("plain", FULL, &format!("{program} {line}; exec cat"));
    plain.shows("several rooms take a screen");
}

/// What came meanwhile is counted in the title, and what is meant for the person rings once, if it wants that.
#[test]
fn the_title_counts_what_came_meanwhile_and_a_bell_rings_where_it_is_wanted() {
    const AWAY: [&str; 4] = ["-H", "1b", "5b", "4f"];
    const BACK: [&str; 4] = ["-H", "1b", "5b", "49"];
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--screen", "--members", "2"];
    let [alice, bob] = ["alice", "bob"].map(|name| tmux.chat(name, FULL, &relay.address, &more));
    for member in [&alice, &bob] {
        member.shows("secure, 2 members");
        member.is("pane_title", "mpotr");
    }
    let written = home.path().join("written");
    let piped = format!("exec cat > {}", written.display());
    tmux.run(&["pipe-pane", "-t", "alice", &piped]);
    // A title ends with the same sign.
    let rings = || {
        let written = std::fs::read_to_string(&written).unwrap_or_default();
        let titles = written.matches("\x1b]2;").count();
        written.matches('\x07').count().saturating_sub(titles)
    };
    bob.say("seen at once");
    alice.shows("seen at once");
    alice.is("pane_title", "mpotr");
    alice.press(&AWAY);
    bob.say("one");
    alice.is("pane_title", "mpotr (1)");
    bob.say("are you there, alice?");
    alice.is("pane_title", "mpotr (2!)");
    assert_eq!(rings(), 0);
    alice.press(&BACK);
    alice.is("pane_title", "mpotr");
    alice.say("/bell on");
    alice.shows("a bell rings when you are named");
    alice.press(&AWAY);
    for number in 1..=3 {
        bob.say("Alice!");
        alice.is("pane_title", &format!("mpotr ({number}!)"));
    }
    assert!(
        poll(|| (rings() == 1).then_some(())).is_some(),
        "{}",
        rings()
    );
    // Where one has scrolled back, too.
    alice.press(&BACK);
    alice.is("pane_title", "mpotr");
    alice.press(&["C-o"]);
    bob.say("two");
    alice.is("pane_title", "mpotr (1)");
    alice.press(&["C-o"]);
    alice.is("pane_title", "mpotr");
    alice.say("/quit");
    alice.ends(0);
    assert!(!alice.knows("pane_title").contains("mpotr"));
}

/// Whatever ends or stops the program, the terminal is what it was.
#[test]
fn the_terminal_is_given_back_by_a_program_that_is_stopped_or_ended() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let line = arguments(&relay.address, "alice", &["--screen"]).join(" ");
    let program = env!("CARGO_BIN_EXE_mpotr");
    // A shell that minds jobs.
    let shell = tmux.open("shell", FULL, "bash --norc --noprofile -i");
    shell.say(&format!("PS1=; {program} {line}"));
    shell.shows("not secure yet | tea");
    shell.is("alternate_on", "1");
    shell.type_in("half a line");
    shell.shows("> half a line");
    shell.press(&["C-z"]);
    shell.is("alternate_on", "0");
    shell.shows("Stopped");
    shell.say("stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon' | tr '\\n' ,");
    shell.shows_rows("echo", |rows| {
        rows.iter().any(|row| row.contains("icanon,echo,"))
    });
    shell.say("fg");
    shell.is("alternate_on", "1");
    shell.shows("> half a line");
    // A signal, once, asks it to leave; three times, it is not waited for. A terminal may be held (ctrl-s).
    for (name, times, is_held) in [("once", 1, false), ("thrice", 3, false), ("held", 1, true)] {
        let pane = tmux.chat(name, FULL, &relay.address, &["--screen", "--members", "9"]);
        pane.is("alternate_on", "1");
        pane.shows("| tea |");
        let shell = pane.knows("pane_pid");
        let children = Command::new("pgrep").args(["-P", &shell]).output().unwrap();
        let child = String::from_utf8(children.stdout).unwrap();
        let child: u32 = child.trim().parse().unwrap();
        if is_held {
            pane.press(&["C-s"]);
            pane.type_in("more to show");
        }
        kill("-TERM", child);
        for _ in 1..times {
            // It may have ended by then.
            let mut again = Command::new("kill");
            let again = again.args(["-TERM", &child.to_string()]);
            let _status = again.stderr(Stdio::null()).status().unwrap();
        }
        // Where a screen was not left before its program ended it stays. The shell may be held, too, if the key came late.
        if is_held {
            let is_there = || {
                let mut asked = Command::new("kill");
                let asked = asked.args(["-0", &child.to_string()]).stderr(Stdio::null());
                asked.status().unwrap().success()
            };
            poll(|| (!is_there()).then_some(())).unwrap();
            pane.press(&["C-q"]);
        }
        let rows = pane.shows("ended ");
        pane.is("alternate_on", "0");
        pane.shows_rows("echo", |rows| {
            rows.iter().any(|row| row.contains("icanon,echo,"))
        });
        assert!(!rows.iter().any(|row| row.contains("| tea |")), "{rows:#?}");
    }
}

/// A program that does not hear of it by a signal sees by what it draws that its terminal is gone.
#[test]
fn a_program_whose_terminal_is_gone_ends() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let line = arguments(&relay.address, "alice", &["--screen"]).join(" ");
    let program = env!("CARGO_BIN_EXE_mpotr");
    let pane = tmux.open(
        "closed",
        FULL,
        &format!("trap '' HUP; exec {program} {line}"),
    );
    pane.shows("| tea |");
    let id = pane.knows("pane_pid");
    // There is another pane, so that the server of tmux stays.
    let _other = tmux.open("other", FULL, "exec cat");
    tmux.run(&["kill-session", "-t", "closed"]);
    let is_there = || {
        let mut asked = Command::new("kill");
        let asked = asked.args(["-0", &id]).stderr(Stdio::null());
        asked.status().unwrap().success()
    };
    assert!(
        poll(|| (!is_there()).then_some(())).is_some(),
        "it is there"
    );
}

/// Line by line is the default, and is there where there can be no screen.
#[test]
fn a_screen_is_there_where_it_is_wanted_and_can_be() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let line = |more: &[&str]| {
        let program = env!("CARGO_BIN_EXE_mpotr");
        format!(
            "{program} {}",
            arguments(&relay.address, "alice", more).join(" ")
        )
    };
    let plain = tmux.open("plain", FULL, &line(&[]));
    plain.shows("a line that you type goes to all members");
    plain.is("alternate_on", "0");
    let dumb = tmux.open("dumb", FULL, &format!("TERM=dumb {}", line(&["--screen"])));
    dumb.shows("there is no screen here");
    dumb.is("alternate_on", "0");
    let folder = home.path().join(".config").join("mpotr");
    std::fs::create_dir_all(&folder).unwrap();
    let remember = |text: &str| {
        let mut file = std::fs::OpenOptions::new();
        let file = file.write(true).create(true).truncate(true).mode(0o600);
        let mut file = file.open(folder.join("chat.toml")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    remember("screen = true\n");
    let remembered = tmux.open("remembered", FULL, &line(&[]));
    remembered.is("alternate_on", "1");
    let not_this_time = tmux.open("not-this-time", FULL, &line(&["--plain"]));
    not_this_time.shows("a line that you type goes to all members");
    not_this_time.is("alternate_on", "0");
    remember("screen = 7\n");
    let unread = tmux.open("unread", FULL, &line(&[]));
    unread.shows("whether to show a screen is not known");
    unread.shows("a line that you type goes to all members");
}

/// Colour says nothing that is not said without it, and is left out where it is not wanted.
#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let home = tempdir().unwrap();
    let Some(tmux) = Tmux::new(home.path()) else {
        return;
    };
    let relay = Relay::start(home.path());
    let more = ["--screen", "--members", "2"];
    let line = arguments(&relay.address, "bob", &more).join(" ");
    let program = env!("CARGO_BIN_EXE_mpotr");
    let alice = tmux.chat("alice", FULL, &relay.address, &more);
    let bob = tmux.open("bob", FULL, &format!("NO_COLOR=1 {program} {line}"));
    for member in [&alice, &bob] {
        member.shows("secure, 2 members");
        member.say("mine");
        member.shows("= ");
    }
    let coloured = |name| {
        let rows = tmux.run(&["capture-pane", "-p", "-e", "-t", name]);
        ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"]
            .iter()
            .any(|colour| rows.contains(colour))
    };
    // What bob says has arrived when bob is told so, and is drawn a moment later.
    assert!(poll(|| coloured("alice").then_some(())).is_some());
    assert!(!coloured("bob"));
}
