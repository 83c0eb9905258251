//! `mpotr transcript`, and `mpotr chat --save-transcript`.

use std::fs;
use std::path::PathBuf;

use tempfile::{TempDir, tempdir};

use crate::program::{Running, fail, run, succeed};
use crate::relay::Relay;

#[cfg(unix)]
#[test]
fn of_a_transcript_that_finds_no_room_nothing_is_left() {
    let desk = Desk::new();
    let arguments = desk.forge("alice: hello\n", "t");
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -f 1 && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_mpotr"))
        .args(&arguments)
        .env("HOME", desk.0.path());
    let limited = limited.output().unwrap();
    let error = String::from_utf8_lossy(&limited.stderr);
    assert_eq!(limited.status.code(), Some(1), "{error}");
    assert!(error.contains("cannot write to"), "{error}");
    assert!(!desk.path("t").exists());
    desk.forges("alice: hello\n", "t");
}

/// A home folder with files in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The public key of a person, in a file: its secret is gone.
    fn public_key(&self, name: &str) -> String {
        let identity = self.name("identity");
        let made = ["identity", "new", "--public", "--identity", &identity];
        let key = succeed(self.0.path(), &made);
        fs::remove_file(&identity).unwrap();
        let file = format!("{name}.pub");
        fs::write(self.path(&file), key).unwrap();
        self.name(&file)
    }

    fn forge(&self, script: &str, out: &str) -> Vec<String> {
        fs::write(self.path("script"), script).unwrap();
        let members = ["alice", "bob", "carol"].map(|name| {
            let file = self.name(&format!("{name}.pub"));
            if self.path(&format!("{name}.pub")).exists() {
                file
            } else {
                self.public_key(name)
            }
        });
        let arguments = [
            "transcript",
            "forge",
            "--members",
            &members.join(","),
            "--script",
            &self.name("script"),
            "--out",
            &self.name(out),
        ];
        arguments.map(str::to_owned).to_vec()
    }

    fn forges(&self, script: &str, out: &str) -> String {
        let arguments = self.forge(script, out);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        succeed(self.0.path(), &arguments)
    }

    fn forges_not(&self, script: &str, out: &str) -> String {
        let arguments = self.forge(script, out);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        fail(self.0.path(), &arguments)
    }

    fn verified(&self, file: &str) -> String {
        succeed(self.0.path(), &["transcript", "verify", &self.name(file)])
    }
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_forged_transcript_verifies_and_convinces_nobody() {
    let desk = Desk::new();
    let script =
        "# never said\nalice: I did it\nbob: so did I\n+carol\n3: hello\n-bob\nalice: bye\n";
    desk.forges(script, "t");
    let shown = desk.verified("t");
    for text in [
        "alice: I did it",
        "bob: so did I",
        "carol: hello",
        "alice: bye",
    ] {
        assert!(shown.contains(text), "{shown}");
    }
    // How often the room made new keys on the way is the rooms' own affair: the last one is that of the two who are left.
    let last = shown.lines().rfind(|line| line.contains("epoch ")).unwrap();
    assert!(last.contains(": 2 members"), "{shown}");
    // Nobody was voted out: bob left.
    assert!(!shown.contains("left out"), "{shown}");
    assert!(shown.contains("This convinces nobody"), "{shown}");
    #[cfg(unix)]
    assert_eq!(mode(&desk.path("t")), 0o600);
}

#[test]
fn what_is_wrong_with_a_transcript_is_shown_with_its_place_and_exit_code_1() {
    let desk = Desk::new();
    desk.forges("alice: I did it\nbob: what\n", "t");
    let mut file = fs::read(desk.path("t")).unwrap();
    let last = file.len() - 10;
    file[last] ^= 1;
    fs::write(desk.path("bad"), &file).unwrap();
    let finished = run(desk.0.path(), &["transcript", "verify", &desk.name("bad")]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.out.contains("WRONG: record "), "{finished:?}");
    assert!(
        finished.out.contains("does not carry its signature"),
        "{finished:?}"
    );
    assert!(!finished.out.contains("verifies"), "{finished:?}");
    assert!(finished.err.contains("1 thing is wrong"), "{finished:?}");

    fs::write(desk.path("cut"), &file[..last - 9]).unwrap();
    let finished = run(desk.0.path(), &["transcript", "verify", &desk.name("cut")]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.out.contains("the input ends"), "{finished:?}");
}

#[test]
fn what_is_typed_in_a_chat_can_be_forged_and_kept_by_anybody() {
    let desk = Desk::new();
    let script = "alice: who was it?\ncarol: /kick bob\nalice: /kick bob\ncarol: gone\n\
                  +bob\nalice: /admit bob\ncarol: /admit bob\nbob: here again\n\
                  alice: /policy change alice\n!carol\nbob: //me waves\n-alice,bob\n";
    let mut arguments = desk.forge(script, "t");
    for option in [
        "--keeper",
        "carol",
        "--policy",
        "exclude 2",
        "--policy",
        "authentication 3dh",
    ] {
        arguments.push(option.to_owned());
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    succeed(desk.0.path(), &arguments);
    let finished = run(desk.0.path(), &["transcript", "verify", &desk.name("t")]);
    // Who asked for what, and who was left out by that. The places of members in a roster are as their keys are.
    let asked = |end: &str| -> Vec<_> {
        let lines = finished.out.lines().map(str::trim);
        let votes = lines.filter_map(|line| line.strip_prefix("vote: member ")?.strip_suffix(end));
        votes
            .map(|vote| vote.split_once(" asks that ").unwrap())
            .collect()
    };
    let [(one, bob), (other, again)] = asked(" be left out")[..] else {
        panic!("{finished:?}");
    };
    assert!(one != other && bob == again, "{finished:?}");
    let by = [[one, other], [other, one]].map(|[one, other]| {
        format!("left out: {bob}, as members {one}, {other} of the epoch before asked")
    });
    assert!(
        by.iter().any(|told| finished.out.contains(told)),
        "{finished:?}"
    );
    let admits = asked(" be let in");
    assert!(admits.iter().any(|(_, whom)| *whom == bob), "{finished:?}");
    assert_eq!(asked("the rules be others").len(), 1, "{finished:?}");
    for text in ["carol: gone", "bob: here again", "triple Diffie-Hellman"] {
        assert!(finished.out.contains(text), "{finished:?}");
    }
    // She died, and her transcript ends nowhere.
    assert!(!finished.out.contains("me waves"), "{finished:?}");
    assert!(
        finished.out.contains("stops before its end"),
        "{finished:?}"
    );
}

#[test]
fn a_name_that_two_files_have_means_neither() {
    let desk = Desk::new();
    let mut arguments = desk.forge("alice: a\nbob: b\n", "t");
    let folder = desk.path("other");
    fs::create_dir(&folder).unwrap();
    fs::copy(desk.path("carol.pub"), folder.join("alice.pub")).unwrap();
    let files = [
        desk.name("alice.pub"),
        desk.name("bob.pub"),
        desk.name("other/alice.pub"),
    ];
    arguments[3] = files.join(",");
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let error = fail(desk.0.path(), &arguments);
    assert!(
        error.contains("two of the files are called alice"),
        "{error}"
    );
}

#[test]
fn a_forger_is_told_what_it_cannot_do() {
    let desk = Desk::new();
    let error = desk.forges_not("alice: a\neve: b\n", "t");
    assert!(error.contains("line 2") && error.contains("eve"), "{error}");
    let error = desk.forges_not("+carol\n-bob\nbob: still here\n", "t");
    assert!(
        error.contains("line 3") && error.contains("bob is not there"),
        "{error}"
    );
    let error = desk.forges_not("alice: a\nalice: /nick al\n", "t");
    assert!(
        error.contains("line 2") && error.contains("/nick al"),
        "{error}"
    );
    for (option, value) in [("--keeper", "eve"), ("--policy", "admit 0")] {
        let mut arguments = desk.forge("alice: a\n", "t");
        arguments.extend([option, value].map(str::to_owned));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let error = fail(desk.0.path(), &arguments);
        assert!(error.contains(value), "{error}");
    }
    assert!(!desk.path("t").exists());
    fs::write(desk.path("t"), "mine").unwrap();
    let error = desk.forges_not("alice: a\n", "t");
    assert!(error.contains("not overwritten"), "{error}");
    assert_eq!(fs::read(desk.path("t")).unwrap(), b"mine");
    fs::write(desk.path("alice.pub"), "00".repeat(32)).unwrap();
    let error = desk.forges_not("alice: a\n", "u");
    assert!(error.contains("alice.pub"), "{error}");
}

#[test]
fn what_a_member_keeps_of_a_talk_verifies_and_holds_no_secret() {
    let desk = Desk::new();
    let relay = Relay::start(desk.0.path());
    let members = ["alice", "bob"].map(|nick| {
        let home = desk.0.path();
        let identity = desk.name(&format!("{nick}.id"));
        succeed(home, &["identity", "new", "--identity", &identity]);
        let kept = desk.name(&format!("{nick}.transcript"));
        let arguments = [
            "chat",
            "--relay",
            &relay.address,
            "--room",
            "tea",
            "--nick",
            nick,
            "--open",
            "--members",
            "2",
            "--identity",
            &identity,
            "--save-transcript",
            &kept,
        ];
        let mut member = Running::start(home, &arguments);
        member.type_in(&format!("the word of {nick}\n"));
        member.end_input();
        member
    });
    for member in members {
        let finished = member.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    for nick in ["alice", "bob"] {
        let file = format!("{nick}.transcript");
        let shown = desk.verified(&file);
        for author in ["alice", "bob"] {
            let text = format!("{author}: the word of {author}");
            assert!(shown.contains(&text), "{shown}");
        }
        let bytes = fs::read(desk.path(&file)).unwrap();
        let identity = fs::read_to_string(desk.path(&format!("{nick}.id"))).unwrap();
        let digits = identity.trim_end().rsplit(' ').next().unwrap();
        let secret = decode(digits);
        assert!(!bytes.windows(32).any(|part| part == secret));
        #[cfg(unix)]
        assert_eq!(mode(&desk.path(&file)), 0o600);
    }
}

#[test]
fn a_transcript_is_never_written_over_another_file() {
    let desk = Desk::new();
    fs::write(desk.path("t"), "mine").unwrap();
    // Before anything is connected to: there is no relay.
    let error = fail_after_notices(&desk, "t");
    assert!(error.contains("not overwritten"), "{error}");
    assert_eq!(fs::read(desk.path("t")).unwrap(), b"mine");
    // Of a talk that never began there is nothing to keep.
    let error = fail_after_notices(&desk, "new");
    assert!(error.contains("cannot enter by the relay"), "{error}");
    assert!(!desk.path("new").exists());
}

fn fail_after_notices(desk: &Desk, file: &str) -> String {
    let arguments = [
        "chat",
        "--relay",
        "127.0.0.1:1",
        "--room",
        "tea",
        "--nick",
        "alice",
        "--open",
        "--save-transcript",
        &desk.name(file),
    ];
    let finished = run(desk.0.path(), &arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    finished.err
}

fn decode(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// What an endless file is refused with, and not read to its end.
#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_refused() {
    let desk = Desk::new();
    let endless = "/dev/zero";
    let out = desk.name("out");
    let alice = desk.public_key("alice");
    fs::write(desk.path("script"), "alice: hi\n").unwrap();
    let script = desk.name("script");
    let forge = |members: &str, script: &str| {
        let arguments = [
            "transcript",
            "forge",
            "--members",
            members,
            "--script",
            script,
            "--out",
            &out,
        ];
        fail(desk.0.path(), &arguments)
    };
    let chat = [
        "chat",
        "--relay",
        "127.0.0.1:1",
        "--room",
        "tea",
        "--nick",
        "a",
    ];
    let rule = |option, value| {
        let arguments = [&chat[..], &["--open", option, value]].concat();
        run(desk.0.path(), &arguments).err
    };
    #[cfg(feature = "irc")]
    {
        let irc = "chat --at irc://127.0.0.1:1/tea --room tea --nick a --open --carrier-password /dev/zero";
        let irc: Vec<_> = irc.split(' ').collect();
        let error = run(desk.0.path(), &irc).err;
        assert!(error.contains("over 1024 bytes"), "{error}");
    }
    for error in [
        fail(desk.0.path(), &["transcript", "verify", endless]),
        forge(&alice, endless),
        forge(endless, &script),
        run(desk.0.path(), &[&chat[..], &["--with", endless]].concat()).err,
        rule("--admit", endless),
    ] {
        assert!(
            error.contains(endless) && error.contains(" bytes"),
            "{error}"
        );
    }
}
