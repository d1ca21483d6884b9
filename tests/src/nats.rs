//! A hub: a real nats-server with JetStream, which can be killed and come back with what it had stored.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;

use crate::guard::{GuardError, Guarded, Signal, Spec};
use crate::parts::{self, Part};
use crate::wait::{self, Probe};
use crate::{place, ports};

/// How long a hub may take to answer: recovery of its store included.
const READY: Duration = Duration::from_secs(60);
/// How long a hub may take to end in order.
const STOPPED: Duration = Duration::from_secs(60);
/// Every stream reserves its own limit: far more than any disk, on purpose, so that a thousand clusters fit.
/// In bytes.
const MAX_FILE_STORE: u64 = 1 << 40;

/// What a hub may be asked for beyond the plain one.
#[derive(Debug, Clone, Default)]
pub struct NatsOptions {
    /// JetStream's `sync_interval`, such as `always` or `1m`; the server's own default where it is absent.
    pub sync_interval: Option<String>,
}

/// A nats-server with JetStream on 127.0.0.1: one account, no credentials. Dropping it kills it and
/// removes its store.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    server: Option<Guarded>,
    dir: tempfile::TempDir,
}

impl Nats {
    /// Starts one with an empty store and waits until JetStream answers.
    ///
    /// # Errors
    /// When the program is not there, no port is free, or it is not ready in time.
    pub async fn start() -> Result<Self> {
        Self::start_with(&NatsOptions::default()).await
    }

    /// [`Self::start`] with options.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(options: &NatsOptions) -> Result<Self> {
        parts::ready(Part::HUB).await?;
        let dir = place::fresh("nats")?;
        let port = ports::free()?;
        let config = config(port, dir.path(), options);
        std::fs::write(dir.path().join("nats.conf"), config.to_string())
            .context("write nats.conf")?;
        let mut hub = Self {
            port,
            server: None,
            dir,
        };
        hub.restart().await?;
        Ok(hub)
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A new connection of the plain client.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn connect(&self) -> Result<async_nats::Client> {
        Ok(async_nats::connect(self.url()).await?)
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Guarded::pid)
    }

    /// Its directory: `nats.conf`, `store`, and the log `nats-server.err`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// An error while it should be running and is not.
    ///
    /// # Errors
    /// When it has ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<(), GuardError> {
        self.server.as_mut().map_or(Ok(()), Guarded::check)
    }

    /// Sends a signal; nothing happens when it does not run.
    pub fn signal(&mut self, signal: Signal) {
        if let Some(server) = &mut self.server {
            server.signal(signal);
        }
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill();
        }
    }

    /// Ends it in order, with SIGTERM.
    ///
    /// # Errors
    /// When it still runs after a minute; it is killed then.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.signal(Signal::Term);
            server.wait(STOPPED).await?;
        }
        Ok(())
    }

    /// Starts it again on the same port with the same store; one that runs is killed first.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        let program = parts::program(Part::NatsServer)?;
        let server = Spec::new("nats-server", program, self.dir.path())
            .args(["-c", "nats.conf"])
            .spawn()?;
        let server = self.server.insert(server);
        let port = self.port;
        wait::until("nats-server", READY, async || {
            if let Err(error) = server.check() {
                return Probe::Never(error.to_string());
            }
            match greeting(port).await {
                Ok(info) => Probe::when(
                    info.get("jetstream") == Some(&Value::Bool(true)),
                    "it answers without JetStream",
                ),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }
}

/// The server reads JSON as its own format.
fn config(port: u16, dir: &Path, options: &NatsOptions) -> Value {
    let mut jetstream = json!({
        "store_dir": dir.join("store"),
        "max_memory_store": 64 << 20,
        "max_file_store": MAX_FILE_STORE,
    });
    if let (Some(interval), Some(fields)) = (&options.sync_interval, jetstream.as_object_mut()) {
        fields.insert("sync_interval".to_owned(), json!(interval));
    }
    json!({
        "server_name": "hub",
        "host": "127.0.0.1",
        "port": port,
        "jetstream": jetstream,
    })
}

/// The first line that a server sends: `INFO {…}`. The client port opens once the store is recovered.
pub(crate) async fn greeting(port: u16) -> Result<Value> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    let info = line.strip_prefix("INFO ").context("no greeting yet")?;
    Ok(serde_json::from_str(info)?)
}
