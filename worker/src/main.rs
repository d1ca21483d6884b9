//! `kubently-worker`: takes commands from its cluster, runs them, answers.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kubently_worker::main()
}
