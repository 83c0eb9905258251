//! The `mpotr` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mpotr_cli::run()
}
