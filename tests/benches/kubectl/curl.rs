//! The API server's own time for the same bytes, as curl sees it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kubently_tests::cluster::Cluster;
use serde_json::Value;

/// What kubectl asks for where it prints a table.
pub(crate) const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// What it asks for where it prints objects.
pub(crate) const JSON: &str = "application/json";
/// What it asks for where it prints a log.
pub(crate) const ANY: &str = "*/*";

/// curl with a worker's token.
pub(crate) struct Curl {
    url: String,
    authority: String,
    token: String,
}

impl Curl {
    pub(crate) fn of(cluster: &Cluster) -> Result<Self> {
        let kubeconfig = std::fs::read_to_string(cluster.worker_kubeconfig())?;
        let kubeconfig: Value = serde_json::from_str(&kubeconfig)?;
        let text = |pointer: &str| {
            let text = kubeconfig.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned).context("the kubeconfig's fields")
        };
        Ok(Self {
            url: cluster.url(),
            authority: text("/clusters/0/cluster/certificate-authority")?,
            token: text("/users/0/user/token")?,
        })
    }

    /// The time of the second of two transfers over one connection: no process start, no handshake.
    pub(crate) async fn fetch(&self, path: &str, accept: &str) -> Result<Duration> {
        let url = format!("{}{path}", self.url);
        let output = command()
            .args(["--silent", "--fail", "--cacert", &self.authority])
            .args(["--header", &format!("Authorization: Bearer {}", self.token)])
            .args(["--header", &format!("Accept: {accept}")])
            .args(["--write-out", "%{time_total}\n"])
            .args(["--output", "/dev/null", "--output", "/dev/null", &url, &url])
            .stdin(Stdio::null())
            .output()
            .await
            .context("start curl")?;
        ensure!(output.status.success(), "curl: {}", output.status);
        let times = String::from_utf8(output.stdout)?;
        let seconds: f64 = times.lines().nth(1).context("two times")?.parse()?;
        Ok(Duration::from_secs_f64(seconds))
    }
}

#[expect(clippy::disallowed_methods, reason = "the reference is a process")]
fn command() -> tokio::process::Command {
    tokio::process::Command::new("curl")
}
