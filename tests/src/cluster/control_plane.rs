//! etcd and kube-apiserver: their arguments, their start, and how to tell that they serve.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::Request;

use super::certificates::{self, Authority, Identity};
use super::{Cluster, audit};
use crate::guard::{GuardError, Guarded, Spec};
use crate::parts::{self, Part};
use crate::ports;
use crate::wait::{self, Probe};

/// Four seconds on an idle machine; more while something compiles.
const READY: Duration = Duration::from_secs(180);

/// The two servers, and the files that others need.
#[derive(Debug)]
pub(super) struct ControlPlane {
    dir: PathBuf,
    port: u16,
    api_server: Option<Guarded>,
    api_server_args: Vec<OsString>,
    etcd: Guarded,
    /// The authority's certificate.
    pub(super) authority: PathBuf,
    /// A user of `system:masters`.
    pub(super) admin: Identity,
    /// What kwok's kubelets serve with.
    pub(super) kubelet_server: Identity,
    /// The key that signs service accounts' tokens.
    pub(super) token_key: PathBuf,
}

impl ControlPlane {
    /// Starts both; [`Cluster::wait_until_serving`] waits for them.
    pub(super) async fn start(dir: &Path, more: &[&str]) -> Result<Self> {
        let pki = dir.join("pki");
        std::fs::create_dir(&pki).with_context(|| format!("make {}", pki.display()))?;
        let authority = Authority::new(&pki)?;
        let server = authority.server("api-server")?;
        let kubelet_server = authority.server("kubelet")?;
        let admin = authority.client("admin", "admin", Some("system:masters"))?;
        let kubelet = authority.client("kubelet-client", "api-server", Some("system:masters"))?;
        let proxy = authority.client("front-proxy", "front-proxy-client", None)?;
        let (token_public, token_key) = certificates::token_keys(&pki)?;
        audit::write_policy(dir)?;

        let (etcd, etcd_url) = start_etcd(dir).await?;
        let port = ports::free()?;
        let ca = authority.certificate();
        let flag = |name: &str, value: &Path| {
            let mut flag = OsString::from(format!("--{name}="));
            flag.push(value);
            flag
        };
        let mut args: Vec<OsString> = [
            "--bind-address=127.0.0.1",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            "--allow-privileged",
            // No controller makes the "default" accounts that this plugin asks for.
            "--disable-admission-plugins=ServiceAccount",
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            // A Service resolves to its ExternalName, which is how the Metrics API is reached.
            "--enable-aggregator-routing=false",
        ]
        .map(OsString::from)
        .to_vec();
        args.push(format!("--etcd-servers={etcd_url}").into());
        args.push(format!("--secure-port={port}").into());
        args.extend([
            flag("tls-cert-file", &server.certificate),
            flag("tls-private-key-file", &server.key),
            flag("client-ca-file", &ca),
            flag("service-account-key-file", &token_public),
            flag("service-account-signing-key-file", &token_key),
            flag("kubelet-client-certificate", &kubelet.certificate),
            flag("kubelet-client-key", &kubelet.key),
            flag("kubelet-certificate-authority", &ca),
            flag("requestheader-client-ca-file", &ca),
            flag("proxy-client-cert-file", &proxy.certificate),
            flag("proxy-client-key-file", &proxy.key),
        ]);
        args.extend(audit::args(dir));
        args.extend(more.iter().map(OsString::from));
        let mut control_plane = Self {
            dir: dir.to_owned(),
            port,
            api_server: None,
            api_server_args: args,
            etcd,
            authority: ca,
            admin,
            kubelet_server,
            token_key,
        };
        control_plane.start_api_server()?;
        Ok(control_plane)
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    pub(super) fn start_api_server(&mut self) -> Result<()> {
        self.kill_api_server();
        let program = parts::program(Part::KubeApiserver)?;
        let server = Spec::new("kube-apiserver", program, &self.dir)
            .args(self.api_server_args.clone())
            .spawn()?;
        self.api_server = Some(server);
        Ok(())
    }

    /// Never with SIGTERM: it would linger for a minute and keep its port.
    pub(super) fn kill_api_server(&mut self) {
        if let Some(mut server) = self.api_server.take() {
            server.kill();
        }
    }

    pub(super) fn check(&mut self) -> Result<(), GuardError> {
        self.etcd.check()?;
        self.api_server.as_mut().map_or(Ok(()), Guarded::check)
    }
}

impl Cluster {
    /// Until the API server is ready and has made the namespace `default`.
    pub(super) async fn wait_until_serving(&mut self) -> Result<()> {
        let client = self.admin().await?;
        let control_plane = &mut self.control_plane;
        let ask = |path: &'static str| {
            let client = client.clone();
            async move {
                let request = Request::get(path).body(Vec::new())?;
                anyhow::Ok(client.request_text(request).await?)
            }
        };
        wait::until("kube-apiserver", READY, async || {
            if let Err(error) = control_plane.check() {
                return Probe::Never(error.to_string());
            }
            match ask("/readyz").await {
                Ok(_) => ask("/api/v1/namespaces/default").await.into(),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }
}

/// Without fsync: what it stores lives as long as the test.
async fn start_etcd(dir: &Path) -> Result<(Guarded, String)> {
    let program = parts::program(Part::Etcd)?;
    let client = format!("http://127.0.0.1:{}", ports::free()?);
    let peer = format!("http://127.0.0.1:{}", ports::free()?);
    let mut etcd = Spec::new("etcd", program, dir)
        .args(["--data-dir", "etcd"])
        .args(["--listen-client-urls", &client])
        .args(["--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer])
        .args(["--initial-advertise-peer-urls", &peer])
        .arg("--initial-cluster")
        .arg(format!("default={peer}"))
        .args(["--unsafe-no-fsync", "--log-level", "error"])
        .spawn()?;
    let address = client.trim_start_matches("http://").to_owned();
    // An API server that finds no etcd retries with growing pauses: waiting here is quicker.
    wait::until("etcd", READY, async || {
        if let Err(error) = etcd.check() {
            return Probe::Never(error.to_string());
        }
        tokio::net::TcpStream::connect(&address).await.into()
    })
    .await?;
    Ok((etcd, client))
}
