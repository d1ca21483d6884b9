//! `kubently-worker`: takes commands from its cluster, runs them, answers.

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    kubently_worker::run(kubently_worker::Args::parse())
}
