//! `cargo run -p kubently-kubectl --example kubectl -- KUBECONFIG VERB [ARGS…]`: runs one command
//! as the worker would, to compare it with the real kubectl. `BENCH=n` repeats it and tells the
//! median time; `SECRETS=redact` lets secrets through without their values.
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::policy::{Policy, Secrets};
use kubently_core::verb::Verb;
use kubently_kubectl::{Cluster, Limits, config_from_kubeconfig, run};

type Failed = Box<dyn std::error::Error>;

struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "a program for the terminal")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failed> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: kubectl KUBECONFIG VERB [ARGS...]";
    let (kubeconfig, verb) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?);
    let config = config_from_kubeconfig(Path::new(&kubeconfig)).await?;
    let mut limits = Limits::default();
    let cluster = if std::env::var_os("SECRETS").is_some_and(|it| it == "redact") {
        limits.policy = Arc::new(Policy {
            secrets: Secrets::Redact,
            ..Policy::default()
        });
        Cluster::with_secrets(config, Arc::new(MachineClock))?
    } else {
        Cluster::new(config, Arc::new(MachineClock))?
    };
    let args: Vec<String> = args.collect();
    let command = verb
        .parse::<Verb>()
        .map_err(|refusal| format!("{refusal:?}"))
        .and_then(|verb| {
            let secrets = limits.policy.secrets;
            Command::parse_with(verb, &args, None, secrets)
                .map_err(|refusal| format!("{refusal:?}"))
        })?;
    let output = run(&cluster, &command, &limits).await?;
    std::io::stdout().write_all(&output.stdout)?;
    std::io::stderr().write_all(&output.stderr)?;
    if let Some(rounds) = std::env::var_os("BENCH").and_then(|it| it.to_str()?.parse().ok()) {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            run(&cluster, &command, &limits).await?;
            times.push(start.elapsed());
        }
        times.sort();
        eprintln!("median {:?} of {rounds}", times.get(times.len() / 2));
    }
    Ok(ExitCode::from(u8::try_from(output.exit_code)?))
}
