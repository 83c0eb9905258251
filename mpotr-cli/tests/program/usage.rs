//! The command line itself.

use tempfile::tempdir;

use crate::program::run;

#[test]
fn a_typo_gets_the_nearest_word_and_exit_code_2() {
    let home = tempdir().unwrap();
    for (arguments, hint) in [
        (&["identify"][..], "'identity'"),
        (&["identity", "shwo"][..], "'show'"),
        (&["identity", "show", "--pubic"][..], "'--public'"),
    ] {
        let finished = run(home.path(), arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.out, "");
        assert!(finished.err.contains(hint), "{finished:?}");
    }
}

#[test]
fn without_arguments_the_help_is_shown_and_the_exit_code_is_2() {
    let home = tempdir().unwrap();
    let finished = run(home.path(), &[]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.contains("Usage: mpotr"), "{finished:?}");
}

#[test]
fn two_ways_to_a_passphrase_at_once_are_a_usage_error() {
    let home = tempdir().unwrap();
    let finished = run(
        home.path(),
        &["identity", "new", "--passphrase", "--passphrase-file", "x"],
    );
    assert_eq!(finished.code, Some(2), "{finished:?}");
}
