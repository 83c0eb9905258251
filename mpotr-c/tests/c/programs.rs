//! Programs that are built on the library: in C by this machine's compiler, and in Python by ctypes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Where the library lies: beside this test.
fn library(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let found = [deps, deps.parent().unwrap()].map(|folder| folder.join(name));
    let mut found = found.into_iter().filter(|path| path.exists());
    found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {}", deps.display()))
}

/// A program of C, on the static library.
fn compiled(source: &str, into: &TempDir) -> PathBuf {
    let program = into.path().join("program");
    let made = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g"])
        .arg(format!("-I{FOLDER}/include"))
        .arg(Path::new(FOLDER).join(source))
        .arg(library("libmpotr_c.a"))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap();
    succeeded(&made, source);
    program
}

#[track_caller]
fn succeeded(output: &Output, what: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{what}: {}\n{said}\n{errors}",
        output.status
    );
}

/// Runs a program under valgrind, if that is here: no memory is read that was not written, and none is lost. What can still be
/// reached at the end is what the process has once: pages of secrets, and which backends were tried.
fn clean(program: &Path) {
    let command = Command::new("valgrind")
        .args(["--quiet", "--leak-check=full", "--error-exitcode=99"])
        .arg("--errors-for-leak-kinds=definite,indirect,possible")
        .arg(format!("--suppressions={FOLDER}/tests/c/valgrind.supp"))
        .arg("--")
        .arg(program)
        .output();
    match command {
        Ok(output) => succeeded(&output, "under valgrind"),
        Err(error) if std::env::var_os("MPOTR_VALGRIND").is_none() => {
            eprintln!("SKIPPED: no valgrind ({error}); MPOTR_VALGRIND=1 makes that a failure");
        }
        Err(error) => panic!("no valgrind: {error}"),
    }
}

#[test]
fn a_room_of_two_in_c_talks_and_leaves_no_memory_behind() {
    let folder = tempdir().unwrap();
    let program = compiled("examples/two_in_memory.c", &folder);
    let output = Command::new(&program).output().unwrap();
    succeeded(&output, "two_in_memory");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said.matches(" has left, and all that it said has arrived")
            .count(),
        2,
        "{said}"
    );
    clean(&program);
}

#[test]
fn the_member_on_a_relay_in_c_is_compiled_and_says_how_it_is_called() {
    let folder = tempdir().unwrap();
    let program = compiled("examples/on_a_relay.c", &folder);
    let output = Command::new(&program).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("on_a_relay HOST PORT"));
}

#[test]
fn bad_input_from_c_leaves_no_memory_behind() {
    let folder = tempdir().unwrap();
    let program = compiled("tests/c/bad_input.c", &folder);
    succeeded(&Command::new(&program).output().unwrap(), "bad_input");
    clean(&program);
}

#[test]
fn python_plays_each_conversation_by_ctypes() {
    let output = Command::new("python3")
        .arg(Path::new(FOLDER).join("tests/c/by_ctypes.py"))
        .arg(library("libmpotr_c.so"))
        .output()
        .unwrap();
    succeeded(&output, "by_ctypes.py");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("hello: played"), "{said}");
}
