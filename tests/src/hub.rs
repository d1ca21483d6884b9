//! A hub as it ships: the configurations of `deploy/nats` and the accounts that the gateway writes, on one
//! server or three, with TLS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::cluster::certificates::{Authority, Identity};
use crate::guard::{Ending, Guarded, Signal, Spec};
use crate::nats::greeting;
use crate::parts::{self, Part};
use crate::product::{self, Run};
use crate::wait::{self, Probe};
use crate::{place, ports};

/// How long a server may take to answer.
const READY: Duration = Duration::from_secs(90);
/// How long one may take to end in order, or to read its configuration again.
const SETTLED: Duration = Duration::from_secs(60);

/// A hub of one server or three, TLS, accounts. Dropping it kills its servers and removes its files.
pub struct Hub {
    /// `accounts.conf` and every credential.
    dir: tempfile::TempDir,
    authority: Authority,
    /// What the harness itself shows, where the servers ask for certificates.
    own: Option<Identity>,
    servers: Vec<Server>,
}

/// A client's certificate, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Nothing.
    Good,
    /// It has expired.
    Expired,
    /// Another authority has signed it.
    Foreign,
}

/// One server of a hub.
struct Server {
    name: String,
    dir: PathBuf,
    client: u16,
    monitor: u16,
    leaf: u16,
    running: Option<Guarded>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// One server, by `deploy/nats/single.conf`.
    ///
    /// # Errors
    /// When the program is not there, or it is not ready in time.
    pub async fn single() -> Result<Self> {
        Self::start("single.conf", 1, false).await
    }

    /// The same, and it asks its clients for certificates.
    ///
    /// # Errors
    /// As [`Self::single`].
    pub async fn asking() -> Result<Self> {
        Self::start("single.conf", 1, true).await
    }

    /// Three servers, by `deploy/nats/three.conf`.
    ///
    /// # Errors
    /// As [`Self::single`].
    pub async fn three() -> Result<Self> {
        Self::start("three.conf", 3, false).await
    }

    async fn start(conf: &str, count: usize, asks: bool) -> Result<Self> {
        parts::ready(Part::HUB).await?;
        let dir = place::fresh("hub")?;
        let authority = Authority::new(dir.path())?;
        let own = asks.then(|| authority.client("own", "kubently", None));
        let mut hub = Self {
            dir,
            authority,
            own: own.transpose()?,
            servers: Vec::new(),
        };
        let made = hub.init().await?;
        ensure!(
            made.ending == Ending::Code(0),
            "accounts init: {}",
            made.said
        );
        let routes = (0..count)
            .map(|_| ports::free())
            .collect::<Result<Vec<_>, _>>()?;
        for (number, route) in routes.iter().enumerate() {
            let server = hub.prepare(conf, number, *route, &routes)?;
            hub.servers.push(server);
        }
        for server in &mut hub.servers {
            server.launch()?;
        }
        hub.ready().await?;
        Ok(hub)
    }

    /// A server's directory: the shipped files with ports of this machine, and its certificate.
    fn prepare(&self, conf: &str, number: usize, route: u16, routes: &[u16]) -> Result<Server> {
        let name = format!("hub-{number}");
        let dir = self.dir.path().join(&name);
        std::fs::create_dir_all(dir.join("tls"))?;
        let identity = self.authority.peer(&name)?;
        std::fs::copy(self.ca(), dir.join("tls/ca.crt"))?;
        std::fs::copy(identity.certificate, dir.join("tls/server.crt"))?;
        std::fs::copy(identity.key, dir.join("tls/server.key"))?;
        let server = Server {
            name,
            dir,
            client: ports::free()?,
            monitor: ports::free()?,
            leaf: ports::free()?,
            running: None,
        };
        let peers: Vec<_> = routes
            .iter()
            .map(|port| format!("\"tls://127.0.0.1:{port}\""))
            .collect();
        let here = |port: u16| format!("127.0.0.1:{port}");
        let mut changes = vec![
            ("0.0.0.0:4222", here(server.client)),
            ("127.0.0.1:8222", here(server.monitor)),
            // Clients are sent away at once.
            (
                "lame_duck_grace_period: 10s",
                "lame_duck_grace_period: 1s".to_owned(),
            ),
        ];
        if self.own.is_some() {
            changes.push(("verify: false", "verify: true".to_owned()));
        }
        if routes.len() > 1 {
            let three = r#""tls://hub-0:6222", "tls://hub-1:6222", "tls://hub-2:6222""#;
            changes.push(("0.0.0.0:6222", here(route)));
            changes.push((three, peers.join(", ")));
        }
        shipped(conf, &server.dir.join("hub.conf"), &changes)?;
        let leaf = [("0.0.0.0:7422", here(server.leaf))];
        shipped("leafnodes.conf", &server.dir.join("leafnodes.conf"), &leaf)?;
        std::fs::copy(self.accounts(), server.dir.join("accounts.conf"))?;
        Ok(server)
    }

    /// Where clients connect: every server.
    #[must_use]
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.servers.iter().map(Server::url).collect();
        urls.join(",")
    }

    /// Where one server's monitoring answers.
    #[must_use]
    pub fn monitor(&self) -> String {
        let port = self.servers.first().map_or(0, |server| server.monitor);
        format!("http://127.0.0.1:{port}")
    }

    /// Where leaf nodes connect.
    #[must_use]
    pub fn leaf_address(&self) -> String {
        let port = self.servers.first().map_or(0, |server| server.leaf);
        format!("127.0.0.1:{port}")
    }

    /// The authority of its certificates, as a file.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.authority.certificate()
    }

    /// The credential that was written under this name, such as `hub` or `cluster-a`.
    #[must_use]
    pub fn credential(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.nk"))
    }

    /// The directory of the credentials and of `accounts.conf`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn accounts(&self) -> PathBuf {
        self.dir.path().join("accounts.conf")
    }

    /// The settings that let a process in with this credential.
    #[must_use]
    pub fn settings(&self, credential: &str) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let replicas = self.servers.len().to_string();
        let mut settings = vec![
            ("KUBENTLY_NATS_URL", self.url()),
            ("KUBENTLY_NATS_NKEY_FILE", text(self.credential(credential))),
            ("KUBENTLY_NATS_CA_FILE", text(self.ca())),
            ("KUBENTLY_NATS_MONITOR_URL", self.monitor()),
        ];
        if let Some(Identity { certificate, key }) = self.own.clone() {
            settings.push(("KUBENTLY_NATS_CLIENT_CERTIFICATE_FILE", text(certificate)));
            settings.push(("KUBENTLY_NATS_CLIENT_KEY_FILE", text(key)));
        }
        if credential == "hub" {
            settings.push(("KUBENTLY_NATS_REPLICAS", replicas));
        }
        settings
    }

    /// A new connection of the plain client with this credential.
    ///
    /// # Errors
    /// When there is no such credential, or no server lets it in.
    pub async fn connect(&self, credential: &str) -> Result<async_nats::Client> {
        let seed = std::fs::read_to_string(self.credential(credential))?;
        let mut options = async_nats::ConnectOptions::new()
            .nkey(seed.trim().to_owned())
            .add_root_certificates(self.ca());
        if let Some(Identity { certificate, key }) = self.own.clone() {
            options = options.add_client_certificate(certificate, key);
        }
        let servers: Vec<_> = self.servers.iter().map(Server::url).collect();
        Ok(options.connect(servers).await?)
    }

    /// Runs `kubently-gateway ARGS…` with the hub's own credential.
    ///
    /// # Errors
    /// When it cannot be started, or takes too long.
    pub async fn gateway(&self, args: &[&str]) -> Result<Run> {
        let program = &product::programs().await?.gateway;
        let settings = self.settings("hub");
        let settings: Vec<_> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
        product::run_to_end(program, &settings, args.iter().copied()).await
    }

    async fn init(&self) -> Result<Run> {
        let program = &product::programs().await?.gateway;
        let dir = self.dir.path().as_os_str();
        let args = ["accounts", "init", "--credentials"].map(std::ffi::OsStr::new);
        product::run_to_end(program, &[], args.into_iter().chain([dir])).await
    }

    /// Runs a command of the gateway that changes who may connect, with `--credentials`, and lets the servers
    /// read what it wrote.
    ///
    /// # Errors
    /// When the command fails, or a server does not take the file.
    pub async fn enrol(&mut self, args: &[&str]) -> Result<Run> {
        let dir = self.dir.path().to_string_lossy().into_owned();
        let mut all = args.to_vec();
        all.extend(["--credentials", &dir]);
        let run = self.gateway(&all).await?;
        if run.ending != Ending::Code(0) {
            bail!("{args:?} ended with {}: {}", run.ending, run.said);
        }
        self.reload().await?;
        Ok(run)
    }

    /// Gives every server the accounts as they are now, as an operator does.
    ///
    /// # Errors
    /// When a server does not take the file.
    pub async fn reload(&mut self) -> Result<()> {
        let accounts = self.accounts();
        for server in &mut self.servers {
            std::fs::copy(&accounts, server.dir.join("accounts.conf"))?;
            // The first reload makes a new account, and only the second one what it imports.
            server.reload().await?;
            server.reload().await?;
        }
        Ok(())
    }

    /// Starts the first server again with a certificate that has expired.
    ///
    /// # Errors
    /// When it does not end or start.
    pub async fn let_certificate_expire(&mut self) -> Result<()> {
        let expired = self.authority.expired("expired")?;
        self.serve_as(expired).await
    }

    /// Starts the first server again with a certificate of another name.
    ///
    /// # Errors
    /// When it does not end or start.
    pub async fn take_another_name(&mut self) -> Result<()> {
        let other = self.authority.of_another_name("other")?;
        self.serve_as(other).await
    }

    async fn serve_as(&mut self, identity: Identity) -> Result<()> {
        self.stop(0).await?;
        let server = self.servers.first_mut().context("no server")?;
        std::fs::copy(identity.certificate, server.dir.join("tls/server.crt"))?;
        std::fs::copy(identity.key, server.dir.join("tls/server.key"))?;
        server.launch()?;
        server.ready().await
    }

    /// A new client's certificate and its key, as files that begin so.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn client_certificate(
        &self,
        name: &str,
        which: ClientCertificate,
    ) -> Result<(PathBuf, PathBuf)> {
        let identity = match which {
            ClientCertificate::Good => self.authority.client(name, "kubently", None)?,
            ClientCertificate::Expired => self.authority.expired(name)?,
            ClientCertificate::Foreign => {
                let dir = self.dir.path().join(format!("authority-of-{name}"));
                std::fs::create_dir_all(&dir)?;
                Authority::new(&dir)?.client(name, "kubently", None)?
            }
        };
        Ok((identity.certificate, identity.key))
    }

    /// How often its servers have refused somebody's certificate.
    #[must_use]
    pub fn failed_handshakes(&self) -> usize {
        let of = |server: &Server| server.said().matches("TLS handshake error").count();
        self.servers.iter().map(of).sum()
    }

    /// How often its servers have refused somebody's credential.
    #[must_use]
    pub fn refusals(&self) -> usize {
        let of = |server: &Server| server.said().matches("authentication error").count();
        self.servers.iter().map(of).sum()
    }

    /// Kills one server, as `kill -9` does.
    pub fn kill(&mut self, number: usize) {
        if let Some(mut running) = self.servers.get_mut(number).and_then(|s| s.running.take()) {
            running.kill();
        }
    }

    /// Ends one server in order.
    ///
    /// # Errors
    /// When it still runs after a minute.
    pub async fn stop(&mut self, number: usize) -> Result<()> {
        if let Some(mut running) = self.servers.get_mut(number).and_then(|s| s.running.take()) {
            running.signal(Signal::Term);
            running.wait(SETTLED).await?;
        }
        Ok(())
    }

    /// Sends one server's clients away and ends it, as the chart's pods do (lame duck mode).
    ///
    /// # Errors
    /// When it does not hear, or still runs after a minute.
    pub async fn retire(&mut self, number: usize) -> Result<()> {
        let server = self.servers.get_mut(number).context("no such server")?;
        server.signal("ldm").await?;
        if let Some(mut running) = server.running.take() {
            running.wait(SETTLED).await?;
        }
        Ok(())
    }

    /// Starts one server again, and waits until the hub is whole.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn start_again(&mut self, number: usize) -> Result<()> {
        let server = self.servers.get_mut(number).context("no such server")?;
        server.launch()?;
        self.ready().await
    }

    /// Until every server answers and says that it is healthy: its streams have caught up.
    async fn ready(&mut self) -> Result<()> {
        for server in &mut self.servers {
            server.ready().await?;
        }
        Ok(())
    }
}

impl Server {
    fn url(&self) -> String {
        format!("tls://127.0.0.1:{}", self.client)
    }

    fn launch(&mut self) -> Result<()> {
        let program = parts::program(Part::NatsServer)?;
        let spec = Spec::new(&self.name, program, &self.dir)
            .args(["-c", "hub.conf"])
            .env("HUB_NAME", &self.name);
        self.running = Some(spec.spawn()?);
        Ok(())
    }

    async fn ready(&mut self) -> Result<()> {
        let (port, monitor) = (self.client, self.monitor);
        let running = self.running.as_mut().context("it does not run")?;
        let http = crate::http::Http::new(&format!("http://127.0.0.1:{monitor}"), None)?;
        wait::until(&self.name, READY, async || {
            if let Err(error) = running.check() {
                return Probe::Never(error.to_string());
            }
            let asked = async {
                let info = greeting(port).await?;
                ensure!(info.get("jetstream") == Some(&Value::Bool(true)));
                let health = http.get("/healthz").await?;
                ensure!(health.status == 200, "{}", health.text());
                Ok(())
            };
            match asked.await {
                Ok(()) => Probe::Ready(()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }

    /// `nats-server --signal WHAT`.
    async fn signal(&self, what: &str) -> Result<()> {
        let running = self.running.as_ref().context("it does not run")?;
        let program = parts::program(Part::NatsServer)?;
        let mut signal = Spec::new(what, program, &self.dir)
            .arg("--signal")
            .arg(format!("{what}={}", running.pid()))
            .spawn()?;
        let ending = signal.wait(SETTLED).await?;
        ensure!(ending == Ending::Code(0), "{}", signal.tail());
        Ok(())
    }

    /// `nats-server --signal reload`, and its log's word on it.
    async fn reload(&mut self) -> Result<()> {
        let before = self.said().matches("Reloaded server configuration").count();
        self.signal("reload").await?;
        wait::until("the reload", SETTLED, async || {
            let said = self.said();
            if said.matches("Reloaded server configuration").count() > before {
                return Probe::Ready(());
            }
            Probe::NotYet(said.lines().last().unwrap_or_default().to_owned())
        })
        .await?;
        Ok(())
    }

    fn said(&self) -> String {
        let log = self.dir.join(format!("{}.err", self.name));
        std::fs::read_to_string(log).unwrap_or_default()
    }
}

/// Copies a file of `deploy/nats` with some of its addresses changed; each must be there.
///
/// # Errors
/// When it cannot be read or written, or does not hold what is to be changed.
pub fn shipped(name: &str, to: &Path, changes: &[(&str, String)]) -> Result<()> {
    let from = place::workspace().join("deploy/nats").join(name);
    let mut text =
        std::fs::read_to_string(&from).with_context(|| format!("read {}", from.display()))?;
    for (old, new) in changes {
        ensure!(text.contains(old), "{} does not hold {old}", from.display());
        text = text.replace(old, new);
    }
    std::fs::write(to, text).with_context(|| format!("write {}", to.display()))
}
