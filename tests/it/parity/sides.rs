//! The two sides of a comparison: kubectl's process and a job of the product.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use kubently_tests::http::Http;
use kubently_tests::kubectl::Kubectl;
use serde_json::json;

use super::lines::Line;
use super::{ages, differences};

/// How much of each side a complaint shows, in lines from the first that differs.
const SHOWN: usize = 8;

/// What one side printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    stdout: String,
    stderr: String,
    exit_code: Option<i64>,
}

/// The product, asked through its HTTP door.
#[derive(Debug)]
pub(super) struct Kubently {
    http: Http,
    cluster_id: String,
}

impl Side {
    /// kubectl's.
    pub(super) async fn of_kubectl(kubectl: &Kubectl, line: &Line) -> Result<Self> {
        let oracle = kubectl.run(&line.args).await?;
        let exit_code = oracle.exit_code.map(i64::from);
        let side = Self::new(line, oracle.stdout, oracle.stderr, exit_code)?;
        Ok(Self {
            stderr: differences::without_dump(&side.stderr).to_owned(),
            ..side
        })
    }

    /// Nothing may be hidden by replacing what is no UTF-8.
    fn new(line: &Line, stdout: Vec<u8>, stderr: Vec<u8>, exit_code: Option<i64>) -> Result<Self> {
        let text = |bytes| String::from_utf8(bytes).with_context(|| line.text);
        Ok(Self {
            stdout: text(stdout)?,
            stderr: text(stderr)?,
            exit_code,
        })
    }

    /// The same with another text on stdout.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            stdout: change(&self.stdout),
            ..self.clone()
        }
    }
}

impl Kubently {
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
            return Side::new(line, Vec::new(), stderr, None);
        }
        let id = job["id"].as_str().context("a job without id")?;
        let stdout = self.output(id, "stdout").await?;
        let stderr = self.output(id, "stderr").await?;
        Side::new(line, stdout, stderr, job["exit_code"].as_i64())
    }

    async fn output(&self, id: &str, stream: &str) -> Result<Vec<u8>> {
        let path = format!("/v1/jobs/{id}/output?stream={stream}");
        let answer = self.http.get(&path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {}", answer.text());
        Ok(answer.body.to_vec())
    }
}

/// Both sides where they differ, for people.
pub(super) fn differing(line: &Line, theirs: &Side, ours: &Side) -> Option<String> {
    if theirs == ours {
        return None;
    }
    let comparable = |side: &Side| {
        if line.asks_for_a_table() {
            side.map(ages::normalised)
        } else {
            side.clone()
        }
    };
    let (theirs, ours) = (comparable(theirs), comparable(ours));
    if theirs == ours {
        return None;
    }
    let (kubectl, kubently) = (theirs.exit_code, ours.exit_code);
    let mut shown = format!(
        "{}\n  exit code: kubectl {kubectl:?}, Kubently {kubently:?}\n",
        line.text
    );
    let streams = [
        ("stdout", &theirs.stdout, &ours.stdout),
        ("stderr", &theirs.stderr, &ours.stderr),
    ];
    for (stream, theirs, ours) in streams.into_iter().filter(|(_, a, b)| a != b) {
        let same = theirs.split('\n').zip(ours.split('\n'));
        let first = same.take_while(|(a, b)| a == b).count();
        for (side, text) in [("kubectl", theirs), ("Kubently", ours)] {
            // Writing to a String cannot fail.
            let _ = writeln!(shown, "  {stream} of {side} from line {}:", first + 1);
            for line in text.split('\n').skip(first).take(SHOWN) {
                let _ = writeln!(
                    shown,
                    "    {:?}",
                    line.chars().take(300).collect::<String>()
                );
            }
        }
    }
    Some(shown)
}
