//! The gateway's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubently_gateway::run()
}
