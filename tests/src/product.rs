//! The product itself: its real binaries, built once, started as an operator starts them.

mod build;

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::guard::{Ending, GuardError, Guarded, Signal, Spec};
use crate::http::Http;
use crate::wait::{self, Probe};
use crate::{place, ports};

pub use build::{Programs, build_guard, programs};

/// How long a binary may take until `/readyz` says yes.
const READY: Duration = Duration::from_secs(90);
/// How long `cluster add` may take.
const ADDED: Duration = Duration::from_secs(90);

/// One of our binaries, with everything that is needed to start it again.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: std::path::PathBuf,
    env: Vec<(String, String)>,
    admin_port: u16,
    running: Option<Guarded>,
    dir: tempfile::TempDir,
}

/// A running `kubently-gateway`.
#[derive(Debug)]
pub struct Gateway {
    /// Its process.
    pub process: Process,
    port: u16,
}

/// A running `kubently-worker`.
#[derive(Debug)]
pub struct Worker {
    /// Its process.
    pub process: Process,
}

impl Gateway {
    /// Starts one on free ports and waits until it is ready. `settings` are more environment variables,
    /// which win over ours.
    ///
    /// # Errors
    /// When it cannot be built or is not ready in time; the error holds the end of its log.
    pub async fn start(hub: &str, keys: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        let mut gateway = Self::launch(hub, keys, settings).await?;
        gateway.process.ready().await?;
        Ok(gateway)
    }

    /// Starts one without waiting for anything.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub async fn launch(hub: &str, keys: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        let port = ports::free()?;
        let mut env = vec![
            pair("KUBENTLY_NATS_URL", hub),
            pair("KUBENTLY_API_HOST", "127.0.0.1"),
            pair("KUBENTLY_API_PORT", &port.to_string()),
        ];
        if !keys.is_empty() {
            env.push(pair("KUBENTLY_API_KEYS", &keys.join(",")));
        }
        let program = programs().await?.gateway.clone();
        let mut process = Process::new("gateway", program, env, settings)?;
        process.launch()?;
        Ok(Self { process, port })
    }

    /// The address of its API, such as `http://127.0.0.1:12345`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new client for it.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn http(&self, key: Option<&str>) -> Result<Http> {
        Http::new(&self.url(), key)
    }
}

impl Worker {
    /// Starts one on a free port and waits until it is ready. `settings` are more environment variables,
    /// which win over ours.
    ///
    /// # Errors
    /// When it cannot be built or is not ready in time; the error holds the end of its log.
    pub async fn start(
        hub: &str,
        cluster_id: &str,
        name: &str,
        kubeconfig: &std::path::Path,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let mut worker = Self::launch(hub, cluster_id, name, kubeconfig, settings).await?;
        worker.process.ready().await?;
        Ok(worker)
    }

    /// Starts one without waiting for anything.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub async fn launch(
        hub: &str,
        cluster_id: &str,
        name: &str,
        kubeconfig: &std::path::Path,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let kubeconfig = kubeconfig
            .to_str()
            .context("the kubeconfig's path is no UTF-8")?;
        let env = vec![
            pair("KUBENTLY_NATS_URL", hub),
            pair("KUBENTLY_CLUSTER_ID", cluster_id),
            pair("KUBENTLY_WORKER_NAME", name),
            pair("KUBENTLY_KUBECONFIG", kubeconfig),
        ];
        let program = programs().await?.worker.clone();
        let mut process = Process::new(name, program, env, settings)?;
        process.launch()?;
        Ok(Self { process })
    }
}

impl Process {
    fn new(
        name: &str,
        program: std::path::PathBuf,
        mut env: Vec<(String, String)>,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let admin_port = ports::free()?;
        env.extend([
            pair("KUBENTLY_ADMIN_HOST", "127.0.0.1"),
            pair("KUBENTLY_ADMIN_PORT", &admin_port.to_string()),
            pair("KUBENTLY_LOG_FORMAT", "text"),
        ]);
        env.extend(settings.iter().map(|(name, value)| pair(name, value)));
        Ok(Self {
            name: name.to_owned(),
            program,
            env,
            admin_port,
            running: None,
            dir: place::fresh(name)?,
        })
    }

    /// Starts it (again), with the same settings and ports; one that runs is killed first.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&mut self) -> Result<()> {
        self.kill();
        let mut spec = Spec::new(&self.name, &self.program, self.dir.path());
        for (name, value) in &self.env {
            spec = spec.env(name, value);
        }
        self.running = Some(spec.spawn()?);
        Ok(())
    }

    /// Waits until `/readyz` on its admin port says yes.
    ///
    /// # Errors
    /// When it ends, or is not ready within 90 seconds; the error holds the end of its log.
    pub async fn ready(&mut self) -> Result<()> {
        let http = Http::new(&self.admin_url(), None)?;
        let what = format!("{} being ready", self.name);
        let seen = wait::until(what, READY, async || {
            if let Err(error) = self.check() {
                return Probe::Never(error.to_string());
            }
            match http.get("/readyz").await {
                Ok(answer) => Probe::when(answer.status == 200, answer.text()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await;
        seen.with_context(|| format!("the end of its log:\n{}", self.tail()))
    }

    /// [`Self::launch`], then [`Self::ready`].
    ///
    /// # Errors
    /// As those.
    pub async fn restart(&mut self) -> Result<()> {
        self.launch()?;
        self.ready().await
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill();
        }
    }

    /// Sends a signal; nothing happens when it does not run.
    pub fn signal(&mut self, signal: Signal) {
        if let Some(running) = &mut self.running {
            running.signal(signal);
        }
    }

    /// How it ended, `None` while it runs (or once it was killed by [`Self::kill`]).
    pub fn ended(&mut self) -> Option<Ending> {
        self.running.as_mut().and_then(Guarded::ended)
    }

    /// An error while it should be running and is not.
    ///
    /// # Errors
    /// When it has ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<(), GuardError> {
        self.running.as_mut().map_or(Ok(()), Guarded::check)
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    /// When it does not run, or still runs after `limit`.
    pub async fn stop(&mut self, limit: Duration) -> Result<Ending> {
        let running = self.running.as_mut().context("it does not run")?;
        running.signal(Signal::Term);
        Ok(running.wait(limit).await?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not run, or still runs after `limit`.
    pub async fn wait(&mut self, limit: Duration) -> Result<Ending> {
        let running = self.running.as_mut().context("it does not run")?;
        Ok(running.wait(limit).await?)
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Guarded::pid)
    }

    /// The address of its admin port.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// Everything that it has logged, over all its starts.
    #[must_use]
    pub fn logs(&self) -> String {
        ["out", "err"]
            .map(|stream| self.dir.path().join(format!("{}.{stream}", self.name)))
            .map(|path| std::fs::read(path).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }

    fn tail(&self) -> String {
        self.running.as_ref().map(Guarded::tail).unwrap_or_default()
    }
}

/// Runs `kubently-gateway cluster add NAME`.
///
/// # Errors
/// When it cannot be built, or does not end with 0; the error holds what it said.
pub async fn cluster_add(hub: &str, name: &str) -> Result<()> {
    let run = run_gateway(hub, ["cluster", "add", name]).await?;
    if run.ending != Ending::Code(0) {
        bail!("cluster add {name} ended with {}: {}", run.ending, run.said);
    }
    Ok(())
}

/// Runs `kubently-gateway admin create --email EMAIL` and answers the key that it shows.
///
/// # Errors
/// When it cannot be built, does not end with 0 or shows no key; the error holds what it said.
pub async fn admin_create(hub: &str, email: &str) -> Result<String> {
    let run = run_gateway(hub, ["admin", "create", "--email", email]).await?;
    let key = run
        .said
        .split_whitespace()
        .find(|word| word.starts_with("ci_"));
    match (run.ending, key) {
        (Ending::Code(0), Some(key)) => Ok(key.to_owned()),
        (ending, _) => bail!("admin create {email} ended with {ending}: {}", run.said),
    }
}

/// What a run of the gateway's command line gave.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub ending: Ending,
    /// The ends of its standard output and its standard error.
    pub said: String,
}

/// Runs `kubently-gateway ARGS…` to its end, with the hub as its only setting.
///
/// # Errors
/// When it cannot be built or started, or takes longer than 90 seconds.
pub async fn run_gateway<A: Into<OsString>>(
    hub: &str,
    args: impl IntoIterator<Item = A>,
) -> Result<Run> {
    let program = programs().await?.gateway.clone();
    run_to_end(&program, &[("KUBENTLY_NATS_URL", hub)], args).await
}

/// Runs one of our binaries to its end, with these settings alone.
///
/// # Errors
/// When it cannot be started, or takes longer than 90 seconds.
pub async fn run_to_end<A: Into<OsString>>(
    program: &std::path::Path,
    settings: &[(&str, &str)],
    args: impl IntoIterator<Item = A>,
) -> Result<Run> {
    let dir = place::fresh("run")?;
    let mut spec = Spec::new("run", program, dir.path()).args(args);
    for (name, value) in settings {
        spec = spec.env(name, value);
    }
    let mut run = spec.spawn()?;
    let ending = run.wait(ADDED).await?;
    Ok(Run {
        ending,
        said: run.tail(),
    })
}

/// A new API key: `ci_` and 40 characters, from 240 bits of the system's randomness.
#[must_use]
pub fn new_key() -> String {
    // Two random ids hold 244 bits; the hash spreads them evenly.
    let mut hash = Sha256::new();
    hash.update(uuid::Uuid::new_v4().as_bytes());
    hash.update(uuid::Uuid::new_v4().as_bytes());
    let bytes = hash.finalize();
    let bits = bytes.get(..30).unwrap_or_default();
    format!("ci_{}", BASE64_URL_SAFE_NO_PAD.encode(bits))
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
