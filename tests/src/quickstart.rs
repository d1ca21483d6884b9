//! The quick start: from nothing to one real command through the whole path, on one machine.

mod demo;
mod env_file;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::nats::Nats;
use crate::parts::{self, Part};
use crate::product::{self, Gateway, Worker};
use crate::say::{self, Step};

use env_file::EnvFile;

/// What the cluster is registered as.
const CLUSTER: &str = "quickstart";
/// How long a cluster of the caller's own may take to answer.
const ANSWERS: Duration = Duration::from_secs(10);
/// How long gateway and workers may take to end in order before they are killed.
const STOPPED: Duration = Duration::from_secs(10);

/// What the quick start is to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// A kubeconfig of the caller's own; without one, a sandbox cluster is started.
    pub kubeconfig: Option<PathBuf>,
    /// Where the environment file goes; `target/quickstart/env` where none is given.
    pub env: Option<PathBuf>,
    /// How many workers share the cluster.
    pub workers: u16,
    /// The sandbox cluster has a Metrics API, so that `top` answers.
    pub metrics: bool,
}

/// Everything that runs. Dropping it kills it all and removes the environment file.
#[derive(Debug)]
pub struct Quickstart {
    env_file: EnvFile,
    workers: Vec<Worker>,
    gateway: Gateway,
    hub: Nats,
    sandbox: Option<Cluster>,
    kubeconfig: PathBuf,
    key: String,
}

impl Quickstart {
    /// Starts everything, saying each step and the time it took.
    ///
    /// # Errors
    /// When a step fails; the error says which and, where it can, what to do.
    pub async fn start(plan: &Plan) -> Result<Self> {
        let env_file = EnvFile::claim(plan.env.as_deref())?;
        let step = Step::begin("parts-guard: ends everything when this ends");
        tokio::task::spawn_blocking(product::build_guard).await??;
        step.done();
        let own = match &plan.kubeconfig {
            None => None,
            Some(file) => Some(check_own(file).await?),
        };
        let step = Step::begin(match &own {
            None => "programs: nats-server, Kubernetes, kwok, kubectl",
            Some(_) => "programs: nats-server",
        });
        parts::ready(match &own {
            None => Part::USED,
            Some(_) => Part::HUB,
        })
        .await?;
        step.done();
        let step = Step::begin("product: kubently-gateway, kubently-worker");
        product::programs().await?;
        step.done();

        let step = Step::begin("hub: nats-server with JetStream");
        let hub = Nats::start().await.context("start the hub")?;
        step.done();
        let (sandbox, kubeconfig) = match own {
            None => {
                let sandbox = start_sandbox(plan.metrics)
                    .await
                    .context("start the sandbox cluster")?;
                let kubeconfig = sandbox.worker_kubeconfig();
                (Some(sandbox), kubeconfig)
            }
            Some(file) => (None, file),
        };

        let step = Step::begin(format!("cluster {CLUSTER}: registered at the hub"));
        product::cluster_add(&hub.url(), CLUSTER).await?;
        step.done();
        let key = product::new_key();
        let step = Step::begin("gateway");
        let gateway = Gateway::start(&hub.url(), &[&key], &[]).await?;
        step.done();
        let step = Step::begin(match plan.workers {
            1 => "worker".to_owned(),
            n => format!("{n} workers"),
        });
        let names: Vec<String> = (1..=plan.workers).map(|n| format!("worker-{n}")).collect();
        let url = hub.url();
        let workers = try_join_all(
            names
                .iter()
                .map(|name| Worker::start(&url, CLUSTER, name, &kubeconfig, &[])),
        )
        .await?;
        step.done();

        // Whoever compares with kubectl may want to change things, too.
        let kubeconfig = sandbox
            .as_ref()
            .map_or(kubeconfig, Cluster::admin_kubeconfig);
        let mut quickstart = Self {
            env_file,
            workers,
            gateway,
            hub,
            sandbox,
            kubeconfig,
            key,
        };
        quickstart.write_env()?;
        Ok(quickstart)
    }

    fn write_env(&mut self) -> Result<()> {
        let kubeconfig = self.kubeconfig.to_string_lossy();
        self.env_file.write(&[
            ("KUBENTLY_URL", &self.gateway.url()),
            ("KUBENTLY_API_KEY", &self.key),
            ("KUBENTLY_CLUSTER", CLUSTER),
            ("NATS_URL", &self.hub.url()),
            ("KUBECONFIG", &kubeconfig),
        ])
    }

    /// Runs `get pods -A` through HTTP and writes kubectl's bytes, and nothing else, to standard output.
    ///
    /// # Errors
    /// When the job does not complete with exit code 0 within 20 seconds.
    pub async fn show(&self) -> Result<()> {
        let http = self.gateway.http(Some(&self.key))?;
        let command = json!({
            "cluster_id": CLUSTER,
            "command_type": "get",
            "args": ["pods", "-A"],
        });
        let began = Instant::now();
        let answer = http
            .post_command(&command, &[("prefer", "wait=20")])
            .await?;
        let took = began.elapsed();
        let job = answer.json()?;
        ensure!(
            answer.status == 200 && job.get("success") == Some(&Value::Bool(true)),
            "get pods -A did not succeed: {} {job}",
            answer.status
        );
        let id = job
            .get("id")
            .and_then(Value::as_str)
            .context("the job has no id")?;
        let output = http.get(&format!("/v1/jobs/{id}/output")).await?;
        if output.status != 200 {
            bail!("the job's output: {} {}", output.status, output.text());
        }
        say::line(format_args!(
            "\nget pods -A, through HTTP, NATS and a worker, in {:.1} ms:\n",
            took.as_secs_f64() * 1000.0
        ));
        let mut out = std::io::stdout().lock();
        out.write_all(&output.body).context("write the output")?;
        out.flush().context("write the output")?;
        Ok(())
    }

    /// Says how to call it again.
    pub fn explain(&self) {
        let env = self.env_file.path();
        let env = std::env::current_dir()
            .ok()
            .and_then(|dir| env.strip_prefix(dir).map(Path::to_owned).ok())
            .unwrap_or_else(|| env.to_owned());
        // With a cluster of the caller's own, nothing has asked for the oracle: it is not built for a line.
        let oracle = self.sandbox.as_ref().map(|_| parts::program(Part::Kubectl));
        let kubectl = match oracle {
            Some(Ok(path)) => path.display().to_string(),
            _ => "kubectl".to_owned(),
        };
        say::line(format_args!(
            r#"
Again, from another terminal:
  set -a; . {env}; set +a
  curl -s "$KUBENTLY_URL/v1/commands" -H "Authorization: Bearer $KUBENTLY_API_KEY" \
    -H 'Content-Type: application/json' -H 'Prefer: wait=10' \
    -d '{{"cluster_id": "{CLUSTER}", "command_type": "get", "args": ["deployments", "-A", "-o", "wide"]}}'
  curl -s "$KUBENTLY_URL/v1/clusters" -H "Authorization: Bearer $KUBENTLY_API_KEY"
The same by kubectl itself, for comparison:
  {kubectl} get pods -A

gateway {url} · hub {hub} (one NATS account without credentials: for trying only)"#,
            env = env.display(),
            url = self.gateway.url(),
            hub = self.hub.url(),
        ));
    }

    /// An error as soon as something that should be running is not.
    ///
    /// # Errors
    /// With the end of the log of what has ended.
    pub fn check(&mut self) -> Result<()> {
        self.hub.check()?;
        self.gateway.process.check()?;
        for worker in &mut self.workers {
            worker.process.check()?;
        }
        self.sandbox.as_mut().map_or(Ok(()), Cluster::check)?;
        Ok(())
    }

    /// Ends everything in order: workers, gateway, then what they used.
    pub async fn stop(mut self) {
        let workers = self.workers.iter_mut().map(|worker| &mut worker.process);
        let processes = workers.chain([&mut self.gateway.process]);
        // What does not end in time is killed when it is dropped.
        let _ = futures::future::join_all(processes.map(|process| process.stop(STOPPED))).await;
    }
}

async fn start_sandbox(metrics: bool) -> Result<Cluster> {
    let step = Step::begin("sandbox cluster: etcd, kube-apiserver");
    let mut sandbox = Cluster::start().await?;
    step.done();
    let step = Step::begin("sandbox cluster: controllers, scheduler, 2 simulated nodes");
    sandbox.make_live().await?;
    step.done();
    let step = Step::begin("demo: deployment web with 3 pods and a service");
    demo::deploy(&sandbox).await?;
    step.done();
    if metrics {
        let step = Step::begin("sandbox cluster: metrics-server, and what the demo uses");
        sandbox.add_metrics().await?;
        sandbox.wait_for_usage("default").await?;
        step.done();
    }
    Ok(sandbox)
}

/// The caller's own cluster must answer before anything is started for it.
async fn check_own(file: &Path) -> Result<PathBuf> {
    let step = Step::begin(format!("cluster of {}: reached", file.display()));
    let file = file
        .canonicalize()
        .with_context(|| format!("cannot read the kubeconfig {}", file.display()))?;
    let ask = async {
        let client = cluster::client(&file).await?;
        let request = http::Request::get("/version").body(Vec::new())?;
        anyhow::Ok(client.request::<Value>(request).await?)
    };
    tokio::time::timeout(ANSWERS, ask)
        .await
        .map_err(|_| anyhow::anyhow!("no answer within {} s", ANSWERS.as_secs()))
        .flatten()
        .with_context(|| format!("the cluster of {} cannot be reached", file.display()))?;
    step.done();
    say::line("  the worker reads it with the rights of that kubeconfig's user, and only reads");
    Ok(file)
}
