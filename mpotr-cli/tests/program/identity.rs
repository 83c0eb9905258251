//! `mpotr identity`.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::program::{Finished, fail, mpotr, run, succeed};
use crate::talk::in_tea;

/// A home folder and a file in it, as text for the command line.
struct Home {
    folder: TempDir,
    file: String,
}

impl Home {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let file = folder.path().join("id").to_str().unwrap().to_owned();
        Self { folder, file }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of mode 0600 with a passphrase in it.
    fn passphrase(&self, name: &str, passphrase: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, passphrase).unwrap();
        close(&path);
        path.to_str().unwrap().to_owned()
    }
}

#[cfg(unix)]
fn close(path: &Path) {
    set_mode(path, 0o600);
}

#[cfg(not(unix))]
fn close(_path: &Path) {}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The value behind a label of `identity show`.
fn field<'a>(shown: &'a str, label: &str) -> &'a str {
    shown
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .unwrap()
        .trim()
}

#[test]
fn what_new_made_show_shows() {
    let home = Home::new();
    let made = succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    let shown = succeed(home.path(), &["identity", "show", "--identity", &home.file]);
    assert_eq!(field(&made, "identity"), home.file);
    assert_eq!(
        made.lines().skip(1).collect::<Vec<_>>(),
        shown.lines().collect::<Vec<_>>()
    );

    let groups: Vec<_> = field(&shown, "fingerprint").split(' ').collect();
    assert_eq!(groups.len(), 8, "{shown}");
    assert!(
        groups
            .iter()
            .all(|group| group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit())),
        "{shown}",
    );
    let key = field(&shown, "public key");
    assert!(
        key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{shown}"
    );
}

#[test]
fn public_is_the_public_key_alone() {
    let home = Home::new();
    let made = succeed(
        home.path(),
        &["identity", "new", "--public", "--identity", &home.file],
    );
    let shown = succeed(
        home.path(),
        &["identity", "show", "--public", "--identity", &home.file],
    );
    assert_eq!(made, shown);
    assert_eq!(shown.len(), 64 + 1);
    let full = succeed(home.path(), &["identity", "show", "--identity", &home.file]);
    assert_eq!(field(&full, "public key"), shown.trim());
}

#[test]
fn the_file_is_the_documented_line_and_holds_the_shown_key() {
    let home = Home::new();
    succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    let file = fs::read_to_string(&home.file).unwrap();
    assert_eq!(file.len(), 83);
    assert!(file.starts_with("mpotr-identity-v1 ") && file.ends_with('\n'));

    // The scalar 1 has the generator as its public key (RFC 9496 appendix A.1).
    fs::write(
        &home.file,
        format!("mpotr-identity-v1 01{}\n", "00".repeat(31)),
    )
    .unwrap();
    assert_eq!(
        succeed(
            home.path(),
            &["identity", "show", "--public", "--identity", &home.file]
        )
        .trim(),
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    );
}

#[test]
fn without_a_name_the_file_is_in_the_users_data_folder() {
    let home = Home::new();
    let made = succeed(home.path(), &["identity", "new"]);
    let file = home.path().join(".local/share/mpotr/identity");
    assert_eq!(field(&made, "identity"), file.to_str().unwrap());
    assert!(file.is_file());
    succeed(home.path(), &["identity", "show"]);
}

#[test]
fn an_existing_identity_is_never_overwritten() {
    let home = Home::new();
    succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    let before = fs::read(&home.file).unwrap();
    let error = fail(home.path(), &["identity", "new", "--identity", &home.file]);
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(fs::read(&home.file).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused_with_the_chmod_that_closes_it() {
    let home = Home::new();
    succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    set_mode(Path::new(&home.file), 0o644);
    let error = fail(home.path(), &["identity", "show", "--identity", &home.file]);
    assert!(error.contains("mode 0644"), "{error}");
    assert!(
        error.contains(&format!("`chmod 600 {}`", home.file)),
        "{error}"
    );
    set_mode(Path::new(&home.file), 0o600);
    succeed(home.path(), &["identity", "show", "--identity", &home.file]);
}

#[test]
fn a_missing_file_is_told_with_the_command_that_makes_one() {
    let home = Home::new();
    let error = fail(home.path(), &["identity", "show", "--identity", &home.file]);
    assert!(error.contains("mpotr identity new"), "{error}");
}

#[test]
fn a_damaged_file_is_told_by_what_is_wrong_with_it() {
    let home = Home::new();
    succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    let whole = fs::read_to_string(&home.file).unwrap();
    for (file, reason) in [
        (String::new(), "no identity file"),
        (whole.replace("-v1", "-v2"), "version"),
        (format!("{whole}\n"), "84 bytes long"),
        (
            whole.replacen(' ', " G", 1).replacen("\n", "", 1),
            "line feed",
        ),
        (
            format!("mpotr-identity-v1 {}\n", "0".repeat(64)),
            "not those of an identity",
        ),
    ] {
        fs::write(&home.file, &file).unwrap();
        let error = fail(home.path(), &["identity", "show", "--identity", &home.file]);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_passphrase_opens_what_it_closed_and_no_other_does() {
    let home = Home::new();
    let right = home.passphrase("right", "correct horse\n");
    let wrong = home.passphrase("wrong", "battery staple\n");
    let show = |passphrase: &str| {
        let file = home.file.clone();
        [
            "identity",
            "show",
            "--public",
            "--identity",
            &file,
            "--passphrase-file",
            passphrase,
        ]
        .map(str::to_owned)
    };
    let made = succeed(
        home.path(),
        &[
            "identity",
            "new",
            "--public",
            "--identity",
            &home.file,
            "--passphrase-file",
            &right,
        ],
    );
    let file = fs::read(&home.file).unwrap();
    assert!(file.starts_with(b"age-encryption.org/v1\n"));
    assert!(!file.windows(14).any(|part| part == b"mpotr-identity"));

    let right = show(&right);
    let right: Vec<_> = right.iter().map(String::as_str).collect();
    assert_eq!(succeed(home.path(), &right), made);
    let wrong = show(&wrong);
    let wrong: Vec<_> = wrong.iter().map(String::as_str).collect();
    let error = fail(home.path(), &wrong);
    assert!(error.contains("the passphrase is wrong"), "{error}");
}

#[test]
fn a_passphrase_for_a_file_that_has_none_is_an_error() {
    let home = Home::new();
    let passphrase = home.passphrase("passphrase", "correct horse\n");
    succeed(home.path(), &["identity", "new", "--identity", &home.file]);
    let error = fail(
        home.path(),
        &[
            "identity",
            "show",
            "--identity",
            &home.file,
            "--passphrase-file",
            &passphrase,
        ],
    );
    assert!(error.contains("not under a passphrase"), "{error}");
}

#[test]
fn an_empty_passphrase_makes_no_file() {
    let home = Home::new();
    let empty = home.passphrase("empty", "\n");
    let error = fail(
        home.path(),
        &[
            "identity",
            "new",
            "--identity",
            &home.file,
            "--passphrase-file",
            &empty,
        ],
    );
    assert!(error.contains("passphrase is empty"), "{error}");
    assert!(!Path::new(&home.file).exists());
}

#[test]
fn who_makes_a_file_without_a_passphrase_is_told_what_that_means() {
    let home = Home::new();
    let open = run(home.path(), &["identity", "new", "--identity", &home.file]);
    assert_eq!(open.code, Some(0), "{open:?}");
    assert!(
        open.err.contains("no passphrase: who reads it is you"),
        "{open:?}"
    );
    let passphrase = home.passphrase("passphrase", "correct horse\n");
    let sealed = run(
        home.path(),
        &[
            "identity",
            "new",
            "--identity",
            &format!("{}2", home.file),
            "--passphrase-file",
            &passphrase,
        ],
    );
    assert_eq!(sealed.code, Some(0), "{sealed:?}");
    assert_eq!(sealed.err, "");
}

#[test]
fn a_passphrase_is_the_same_in_whatever_form_a_system_writes_it() {
    let home = Home::new();
    let forms = [
        ("one", "caf\u{e9}\n"),
        ("apart", "cafe\u{301}\n"),
        ("marked", "\u{feff}cafe\u{301}\r\n"),
    ];
    let files = forms.map(|(name, passphrase)| home.passphrase(name, passphrase));
    let command = |what, passphrase| {
        let file = home.file.as_str();
        [
            "identity",
            what,
            "--public",
            "--identity",
            file,
            "--passphrase-file",
            passphrase,
        ]
    };
    let made = succeed(home.path(), &command("new", &files[1]));
    for file in &files {
        assert_eq!(succeed(home.path(), &command("show", file)), made);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_anyone_can_write_to_holds_no_identity() {
    let home = Home::new();
    let folder = home.path().join("open");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("id").to_str().unwrap().to_owned();
    let command = |what| ["identity", what, "--identity", &file];
    set_mode(&folder, 0o777);
    let error = fail(home.path(), &command("new"));
    assert!(error.contains("chmod o-w"), "{error}");
    assert!(!Path::new(&file).exists());
    set_mode(&folder, 0o755);
    succeed(home.path(), &command("new"));
    set_mode(&folder, 0o777);
    let error = fail(home.path(), &command("show"));
    assert!(error.contains("anyone can write to the folder"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_identity_that_is_made_and_cannot_be_shown_is_told() {
    let home = Home::new();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let finished: Finished = mpotr(home.path())
        .args(["identity", "new", "--identity", &home.file])
        .stdout(full)
        .output()
        .unwrap()
        .into();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let made = format!("the identity is made and in {}", home.file);
    assert!(finished.err.contains(&made), "{finished:?}");
    assert!(
        finished
            .err
            .contains("mpotr: error: cannot write to standard output"),
        "{finished:?}"
    );
    succeed(home.path(), &["identity", "show", "--identity", &home.file]);
}

#[test]
fn a_file_name_steers_no_terminal() {
    let home = Home::new();
    let error = fail(
        home.path(),
        &[
            "identity",
            "show",
            "--identity",
            "a\u{1b}[2J\u{202e}b\nmpotr: c",
        ],
    );
    assert!(
        error.contains("a\\u{1b}[2J\\u{202e}b\\nmpotr: c"),
        "{error}"
    );
}

#[test]
fn a_chat_takes_the_identity_that_is_made_where_none_is_named() {
    let home = tempdir().unwrap();
    let made = succeed(home.path(), &["identity", "new"]);
    let fingerprint = made
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint  "))
        .unwrap();
    let chat = in_tea("127.0.0.1:1", "a", &["--open"]);
    let told = run(home.path(), &chat).err;
    assert!(
        told.contains(&format!("* you are a, {fingerprint}")),
        "{told}"
    );
    assert!(
        told.contains("* your identity is in ") && told.contains("mpotr/identity;"),
        "{told}"
    );
    let told = run(home.path(), &[&chat[..], &["--throw-away"]].concat()).err;
    assert!(
        told.contains("a new identity for this room alone"),
        "{told}"
    );
    assert!(!told.contains(fingerprint), "{told}");
    // One that cannot be read is not passed over.
    let file = home.path().join(".local/share/mpotr/identity");
    fs::write(&file, "nonsense").unwrap();
    let told = run(home.path(), &chat);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.err.contains("cannot open the identity"), "{told:?}");
}

#[test]
fn a_public_key_in_place_of_an_identity_is_told_as_one() {
    let home = tempdir().unwrap();
    let file = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    succeed(
        home.path(),
        &["identity", "new", "--identity", &file("alice")],
    );
    let show = ["identity", "show", "--identity"];
    let key = succeed(
        home.path(),
        &["identity", "show", "--public", "--identity", &file("alice")],
    );
    fs::write(file("alice.pub"), key).unwrap();
    for mode in [0o644, 0o600] {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(file("alice.pub"), mode).unwrap();
        }
        let told = fail(home.path(), &[&show[..], &[&file("alice.pub")]].concat());
        assert!(told.contains("is a public key"), "{told}");
    }
}
