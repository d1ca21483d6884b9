//! The sides of a comparison: kubectl's process, a job of the product, a call of the library.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Cluster, Limits, config_from_kubeconfig};
use kubently_tests::http::Http;
use kubently_tests::kubectl::Kubectl;
use serde_json::json;

use super::lines::Line;

/// Larger than any answer here: what is cut is another test's matter.
const NO_CAP: usize = 1 << 30;

/// What one side printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) exit_code: Option<i64>,
}

impl Side {
    /// kubectl's.
    pub(super) async fn of_kubectl(kubectl: &Kubectl, line: &Line) -> Result<Self> {
        let oracle = kubectl.run(&line.args).await?;
        let exit_code = oracle.exit_code.map(i64::from);
        Ok(Self::new(oracle.stdout, oracle.stderr, exit_code))
    }

    fn new(stdout: Vec<u8>, stderr: Vec<u8>, exit_code: Option<i64>) -> Self {
        Self {
            stdout: text(stdout),
            stderr: text(stderr),
            exit_code,
        }
    }
}

/// Nothing may be hidden by replacing what is no UTF-8: it is escaped, line by line, as no text is.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let lines = error.as_bytes().split(|&byte| byte == b'\n');
        let lines: Vec<String> = lines
            .map(|line| match std::str::from_utf8(line) {
                Ok(line) => line.to_owned(),
                Err(_) => format!("\u{fffd}{}", line.escape_ascii()),
            })
            .collect();
        lines.join("\n")
    })
}

/// The product, asked through its HTTP door.
#[derive(Debug)]
pub(super) struct Product {
    http: Http,
    cluster_id: String,
}

impl Product {
    /// For one registered cluster.
    pub(super) fn new(http: Http, cluster_id: String) -> Self {
        Self { http, cluster_id }
    }

    /// Runs a line to its end and reads its two outputs as they are. A refusal is a side, too: one that
    /// nothing equals.
    pub(super) async fn answer(&self, line: &Line) -> Result<Side> {
        let (verb, args) = line.args.split_first().context("an empty line")?;
        let body = json!({
            "cluster_id": self.cluster_id,
            "command_type": verb,
            "args": args,
            "timeout_seconds": 30,
        });
        let answer = self
            .http
            .post_command(&body, &[("prefer", "wait=60")])
            .await?;
        let job = answer.json()?;
        if answer.status != 200 || job["status"] != "completed" {
            let stderr = format!("HTTP {} {job}", answer.status).into_bytes();
            return Ok(Side::new(Vec::new(), stderr, None));
        }
        let id = job["id"].as_str().context("a job without id")?;
        let stdout = self.output(id, "stdout").await?;
        let stderr = self.output(id, "stderr").await?;
        Ok(Side::new(stdout, stderr, job["exit_code"].as_i64()))
    }

    async fn output(&self, id: &str, stream: &str) -> Result<Vec<u8>> {
        let path = format!("/v1/jobs/{id}/output?stream={stream}");
        let answer = self.http.get(&path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {}", answer.text());
        Ok(answer.body.to_vec())
    }
}

/// The time that kubectl sees, too.
struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The library in this process.
#[derive(Debug)]
pub(super) struct Library {
    cluster: Cluster,
    limits: Limits,
}

/// What the library makes of a line.
#[derive(Debug)]
pub(super) enum Answer {
    /// It ran.
    Ran(Side),
    /// The grammar refuses it at the door; the text says why.
    Refused(String),
}

impl Library {
    /// With a worker's access and the policy that ships.
    pub(super) async fn new(kubectl: &Kubectl, kubeconfig: &std::path::Path) -> Result<Self> {
        // Its discovery cache is filled before several of it run at once.
        kubectl.run(["get", "pods"]).await?;
        Self::of(kubeconfig).await
    }

    /// The same without a look at the discovery cache.
    pub(super) async fn of(kubeconfig: &std::path::Path) -> Result<Self> {
        let config = config_from_kubeconfig(kubeconfig).await?;
        Ok(Self {
            cluster: Cluster::new(config, Arc::new(MachineClock))?,
            limits: Limits {
                max_output_bytes: NO_CAP,
                max_response_bytes: NO_CAP,
                ..Limits::default()
            },
        })
    }

    /// Parses a line as the product does, without running it.
    pub(super) fn parse(line: &Line) -> Result<Command, Answer> {
        let refused = |refusal: kubently_core::refusal::Refusal| {
            Answer::Refused(format!("{}: {}", line.text, refusal.message))
        };
        let verb: Verb = line.verb().parse().map_err(refused)?;
        let args = line.args.get(1..).unwrap_or_default();
        Command::parse(verb, args, None).map_err(refused)
    }

    /// Runs a line. What has no output at all is a side, too: one that nothing equals.
    pub(super) async fn answer(&self, line: &Line) -> Answer {
        let command = match Self::parse(line) {
            Ok(command) => command,
            Err(answer) => return answer,
        };
        match kubently_kubectl::run(&self.cluster, &command, &self.limits).await {
            Ok(output) => {
                let exit_code = Some(i64::from(output.exit_code));
                Answer::Ran(Side::new(output.stdout, output.stderr, exit_code))
            }
            Err(error) => Answer::Ran(Side::new(Vec::new(), error.to_string().into(), None)),
        }
    }
}
