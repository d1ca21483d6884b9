//! `kubently-worker`: takes commands from its cluster, runs them, answers.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match kubently_worker::run(kubently_worker::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the start may fail before there are logs"
)]
fn report(error: &anyhow::Error) {
    eprintln!("kubently-worker: {error:#}");
}
