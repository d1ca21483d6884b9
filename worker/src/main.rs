//! `kubently-worker`: takes commands from its cluster, runs them, answers.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubently_worker::main()
}
