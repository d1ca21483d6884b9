//! What the API server was asked, by its own audit log (audit.k8s.io/v1).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{Cluster, WORKER_USER, certificates};

/// The variable that names a directory in which the logs of all clusters outlive them, for whoever checks a
/// whole run.
pub const KEPT: &str = "KUBENTLY_AUDIT_LOGS";

/// Everything, at the level that holds no bodies; the server's own loopback traffic left out. Both stages
/// are kept: a request is written before it is handled, so whoever has an answer finds the request here.
const POLICY: &str = r#"apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  users: ["system:apiserver"]
- level: Metadata
"#;

/// One event: a request at one stage of its handling.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// The same in every stage of one request.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// `RequestReceived`, `ResponseStarted`, `ResponseComplete` or `Panic`.
    pub stage: String,
    /// Path and query as they arrived.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// `get`, `list`, `watch`, `create`…; the HTTP method in lower case where the path is no resource.
    pub verb: String,
    /// Who asked.
    pub user: AuditUser,
    /// What the client calls itself.
    #[serde(default)]
    pub user_agent: String,
    /// The answer's status, once there is one.
    #[serde(default)]
    pub response_status: Option<AuditStatus>,
}

/// Who asked.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AuditUser {
    /// The name, `system:anonymous` for nobody in particular.
    #[serde(default)]
    pub username: String,
}

/// The answer's status.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AuditStatus {
    /// The HTTP status.
    #[serde(default)]
    pub code: u16,
}

impl AuditEvent {
    /// Whether a worker may send it: a read, or the one named exception, a review of its own rights.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        let is_review = self
            .request_uri
            .starts_with("/apis/authorization.k8s.io/v1/selfsubject");
        matches!(self.verb.as_str(), "get" | "list") || (is_review && self.verb == "create")
    }
}

impl Cluster {
    /// Every event since the start, oldest first. Requests whose answer has arrived are all there, at
    /// least in the stage `RequestReceived`.
    ///
    /// # Errors
    /// When the log cannot be read or a whole line of it is no event.
    pub fn audit(&self) -> Result<Vec<AuditEvent>> {
        read(&log(self.dir()))
    }

    /// The requests of one user since the start, each once, oldest first.
    ///
    /// # Errors
    /// As [`Self::audit`].
    pub fn requests_of(&self, user: &str) -> Result<Vec<AuditEvent>> {
        let mut events = self.audit()?;
        events.retain(|event| event.stage == "RequestReceived" && event.user.username == user);
        Ok(events)
    }
}

/// How many requests the workers of a whole run sent, by the logs that were kept in this directory.
///
/// # Errors
/// When a log cannot be read, or a worker sent something else than a read.
pub fn check_kept(dir: &Path) -> Result<u32> {
    let mut requests = 0;
    for file in std::fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))? {
        for event in read(&file?.path())? {
            // The oracle is given the worker's account; what it sends is its own affair.
            let is_oracle = event.user_agent.starts_with("kubectl/");
            if event.user.username == WORKER_USER && !is_oracle {
                ensure!(
                    event.is_allowed(),
                    "a worker sent {} {}",
                    event.verb,
                    event.request_uri
                );
                requests += u32::from(event.stage == "RequestReceived");
            }
        }
    }
    Ok(requests)
}

fn read(path: &Path) -> Result<Vec<AuditEvent>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("read {}", path.display()))?,
    };
    // The last line may be half written; whole ones end with a line feed.
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).with_context(|| format!("audit event {line}")))
        .collect()
}

pub(super) fn write_policy(dir: &Path) -> Result<()> {
    certificates::write(&policy(dir), POLICY)
}

pub(super) fn args(dir: &Path) -> Vec<OsString> {
    let mut policy_flag = OsString::from("--audit-policy-file=");
    policy_flag.push(policy(dir));
    let mut log_flag = OsString::from("--audit-log-path=");
    log_flag.push(log(dir));
    let rest = [
        "--audit-log-mode=blocking",
        "--audit-log-format=json",
        // One file for the whole run: nothing may be rotated away.
        "--audit-log-maxsize=4096",
    ];
    [policy_flag, log_flag]
        .into_iter()
        .chain(rest.map(OsString::from))
        .collect()
}

fn policy(dir: &Path) -> PathBuf {
    dir.join("audit-policy.yaml")
}

/// Below the cluster's own directory, or kept where a whole run is to be checked. The names of cluster
/// directories are random.
fn log(dir: &Path) -> PathBuf {
    match (std::env::var_os(KEPT), dir.file_name()) {
        (Some(kept), Some(name)) => {
            let mut name = name.to_owned();
            name.push(format!("-{}.log", std::process::id()));
            Path::new(&kept).join(name)
        }
        _ => dir.join("audit.log"),
    }
}
