//! The parts of the run: a hub, gateways, workers, and a client of each gateway.

use anyhow::Result;
use fastrand::Rng;
use kubently_tests::cluster::Cluster;
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::http::Http;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Process, Worker};
use serde_json::json;

/// Its workers read a real API server.
pub(super) const FAST: &str = "soak-fast";
/// Its worker reads an API server whose logs come a byte a second.
pub(super) const SLOW: &str = "soak-slow";

/// Everything that can be killed, and what is left alone so that its memory tells something.
pub(super) struct Parts {
    pub(super) hub: Nats,
    pub(super) gateways: Vec<Gateway>,
    pub(super) workers: Vec<Worker>,
    pub(super) steady: (Gateway, Worker),
    pub(super) key: String,
    _slow_api: FakeApi,
}

/// What can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Hub,
    Gateway(usize),
    Worker(usize),
}

impl Parts {
    pub(super) async fn start() -> Result<Self> {
        let (kubernetes, hub) = tokio::try_join!(Cluster::shared(), Nats::start())?;
        let slow_api = FakeApi::start(|path, _| slow(path)).await?;
        let (url, key) = (hub.url(), product::new_key());
        for cluster in [FAST, SLOW] {
            product::cluster_add(&url, cluster).await?;
        }
        let mut gateways = Vec::new();
        for _ in 0..3 {
            gateways.push(Gateway::start(&url, &[&key], &[]).await?);
        }
        let mut workers = Vec::new();
        let (real, fake) = (kubernetes.worker_kubeconfig(), slow_api.kubeconfig());
        for (cluster, name, kubeconfig) in [
            (FAST, "fast-1", &real),
            (FAST, "fast-2", &real),
            (SLOW, "slow-1", &fake),
            (FAST, "steady", &real),
        ] {
            let slots = [("KUBENTLY_SLOTS", "32")];
            workers.push(Worker::start(&url, cluster, name, kubeconfig, &slots).await?);
        }
        let steady = (gateways.remove(2), workers.remove(3));
        Ok(Self {
            hub,
            gateways,
            workers,
            steady,
            key,
            _slow_api: slow_api,
        })
    }

    /// A client of each gateway; the last one's is never killed.
    pub(super) fn clients(&self) -> Result<Vec<Http>> {
        let all = self.gateways.iter().chain([&self.steady.0]);
        all.map(|gateway| gateway.http(Some(&self.key))).collect()
    }

    /// One target, or now and then two at once.
    pub(super) fn choose(&self, rng: &mut Rng) -> Vec<Target> {
        let mut all = vec![Target::Hub];
        all.extend((0..self.gateways.len()).map(Target::Gateway));
        all.extend((0..self.workers.len()).map(Target::Worker));
        rng.shuffle(&mut all);
        all.truncate(if rng.u8(..4) == 0 { 2 } else { 1 });
        // The hub comes back first: a gateway does not start without it.
        all.sort();
        all
    }

    pub(super) fn kill(&mut self, target: Target) {
        match target {
            Target::Hub => self.hub.kill(),
            other => self.process(other).kill(),
        }
    }

    pub(super) async fn start_again(&mut self, target: Target) -> Result<()> {
        match target {
            Target::Hub => self.hub.restart().await,
            other => self.process(other).restart().await,
        }
    }

    /// None of them has ended by itself.
    pub(super) fn check(&mut self) -> Result<()> {
        self.hub.check()?;
        let gateways = self.gateways.iter_mut().map(|it| &mut it.process);
        let workers = self.workers.iter_mut().map(|it| &mut it.process);
        let steady = [&mut self.steady.0.process, &mut self.steady.1.process];
        for process in gateways.chain(workers).chain(steady) {
            process.check()?;
            let logs = process.logs();
            anyhow::ensure!(!logs.contains("panicked"), "{logs}");
        }
        Ok(())
    }

    fn process(&mut self, target: Target) -> &mut Process {
        match target {
            Target::Gateway(number) => &mut self.gateways[number].process,
            Target::Worker(number) => &mut self.workers[number].process,
            Target::Hub => panic!("the hub is no process of ours"),
        }
    }
}

/// Every pod is there, and its log lasts two seconds.
fn slow(path: &str) -> Option<Script> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let pod = path.strip_prefix("/api/v1/namespaces/default/pods/")?;
    if pod.ends_with("/log") {
        return Some(Script::Drip(b"ab\n".to_vec()));
    }
    Some(Script::json(
        200,
        &json!({
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": pod, "namespace": "default", "uid": pod, "resourceVersion": "1"},
            "spec": {"containers": [{"name": "main", "image": "x"}]},
            "status": {"phase": "Running", "containerStatuses": []},
        }),
    ))
}
