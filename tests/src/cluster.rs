//! A real Kubernetes API: etcd and kube-apiserver, and on demand what makes a cluster live.
//!
//! The plain one has no controllers: what is applied stays as it was applied, also its status. That makes
//! it quick (about 4 seconds) and its answers the same every time.

pub mod audit;
pub(crate) mod certificates;
mod control_plane;
mod live;
mod metrics;
mod objects;
mod worker_access;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::guard::GuardError;
use crate::parts::{self, Part};
use crate::place;

pub use audit::AuditEvent;

use certificates::Identity;
use control_plane::ControlPlane;
use live::Live;
use metrics::Metrics;

/// The `ServiceAccount` that workers use, as the API server's logs name it.
pub const WORKER_USER: &str = "system:serviceaccount:kubently:kubently-worker";

/// A Kubernetes API on 127.0.0.1. Dropping it kills its servers and removes their files.
#[derive(Debug)]
pub struct Cluster {
    metrics: Option<Metrics>,
    live: Option<Live>,
    control_plane: ControlPlane,
    dir: tempfile::TempDir,
}

impl Cluster {
    /// Starts a plain one, without controllers, and gives the worker its access.
    ///
    /// # Errors
    /// When a program is not there, no port is free, or a server is not ready in time.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with more arguments for its kube-apiserver.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(api_server: &[&str]) -> Result<Self> {
        parts::ready(Part::CLUSTER).await?;
        install_crypto();
        let dir = place::fresh("cluster")?;
        let control_plane = ControlPlane::start(dir.path(), api_server).await?;
        let mut cluster = Self {
            metrics: None,
            live: None,
            control_plane,
            dir,
        };
        cluster.write_kubeconfigs()?;
        cluster.wait_until_serving().await?;
        cluster.let_worker_in().await?;
        Ok(cluster)
    }

    /// Starts one whose Deployments get pods that run, on two simulated nodes.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_live() -> Result<Self> {
        let mut cluster = Self::start().await?;
        cluster.make_live().await?;
        Ok(cluster)
    }

    /// Adds controllers, scheduler and simulated nodes to a plain one, and waits for the nodes.
    ///
    /// # Errors
    /// When a program is not there or the nodes are not ready in time.
    pub async fn make_live(&mut self) -> Result<()> {
        self.make_live_with("").await
    }

    /// The same with more documents of kwok's configuration: `Stage`, `ClusterLogs`, `ClusterResourceUsage`.
    ///
    /// # Errors
    /// As [`Self::make_live`].
    pub async fn make_live_with(&mut self, kwok_objects: &str) -> Result<()> {
        parts::ready(Part::LIVE).await?;
        let live = Live::start(self, kwok_objects).await?;
        self.live = Some(live);
        Ok(())
    }

    /// Ends controllers and scheduler of a live one: from now on only what is applied changes anything,
    /// but for the nodes' leases. Logs and figures are still served.
    pub fn freeze(&mut self) {
        if let Some(live) = &mut self.live {
            live.freeze();
        }
    }

    /// The one plain cluster of this test process, started at the first call.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Whether controllers, scheduler and nodes run.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// The API server's address.
    #[must_use]
    pub fn url(&self) -> String {
        self.control_plane.url()
    }

    /// The directory with its files and logs.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A kubeconfig of a user who may do everything.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.dir.path().join("admin.kubeconfig")
    }

    /// A kubeconfig of the worker's `ServiceAccount`, under the access that ships in `deploy/rbac.yaml`.
    #[must_use]
    pub fn worker_kubeconfig(&self) -> PathBuf {
        self.dir.path().join("worker.kubeconfig")
    }

    /// A new client with every right. It belongs to the runtime that it is made on: do not keep it in a
    /// static.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn admin(&self) -> Result<kube::Client> {
        client(&self.admin_kubeconfig()).await
    }

    /// A new client with the worker's rights.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn as_worker(&self) -> Result<kube::Client> {
        client(&self.worker_kubeconfig()).await
    }

    /// An error while its servers should be running and one is not.
    ///
    /// # Errors
    /// When one has ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<(), GuardError> {
        self.control_plane.check()?;
        self.live.as_mut().map_or(Ok(()), Live::check)?;
        self.metrics.as_mut().map_or(Ok(()), Metrics::check)
    }

    /// Kills the API server, as `kill -9` does; etcd stays.
    pub fn kill_api_server(&mut self) {
        self.control_plane.kill_api_server();
    }

    /// Starts the API server again, on the same port with the same data.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn restart_api_server(&mut self) -> Result<()> {
        self.control_plane.start_api_server()?;
        self.wait_until_serving().await
    }

    fn write_kubeconfigs(&self) -> Result<()> {
        let Identity { certificate, key } = &self.control_plane.admin;
        let user = json!({"client-certificate": certificate, "client-key": key});
        self.write_kubeconfig(&self.admin_kubeconfig(), &user)
    }

    /// JSON is YAML: no value needs quoting rules of ours.
    fn write_kubeconfig(&self, path: &Path, user: &Value) -> Result<()> {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": {
                "server": self.url(),
                "certificate-authority": self.control_plane.authority,
            }}],
            "users": [{"name": "sandbox", "user": user}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        });
        certificates::write(path, &serde_json::to_string_pretty(&kubeconfig)?)
    }
}

/// A client of whatever cluster and user a kubeconfig file names.
///
/// # Errors
/// When the file cannot be read or names nothing.
pub async fn client(kubeconfig: &Path) -> Result<kube::Client> {
    install_crypto();
    let file = Kubeconfig::read_from(kubeconfig)
        .with_context(|| format!("read {}", kubeconfig.display()))?;
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}

/// One crypto provider for the whole process; the second call finds it there.
pub(crate) fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
