//! The header is that of the crate.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

use std::path::Path;

/// If it is set, the header is written anew.
const WRITE: &str = "MPOTR_WRITE_HEADER";

/// What the header is to be.
fn made() -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let config = cbindgen::Config::from_root_or_default(folder);
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_crate(folder)
        .generate()
        .unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).unwrap();
    // What Rust calls safety is in C what the caller sees to.
    header.replace(" * # Safety\n", " * To be seen to by the caller:\n")
}

#[test]
fn the_header_is_what_the_crate_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/mpotr.h");
    let made = made();
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "mpotr-c/include/mpotr.h is of another version of the crate: run this test again with {WRITE}=1"
    );
}
