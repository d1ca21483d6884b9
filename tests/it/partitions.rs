//! Links that are cut for a second and for a quarter of a minute, both ways and each way alone, between
//! worker and hub and between gateway and hub, while callers go on asking: nothing is lost, each answer is
//! its caller's, each job ends once, and what was cut is whole again by itself.

use std::time::{Duration, Instant};

use futures::future::join_all;
use kubently_tests::http::Http;
use kubently_tests::product::{Gateway, Process, Worker};
use kubently_tests::proxy::{Proxy, Way};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::jobs::{ended, get, results, running, submit};
use crate::links::{nothing_is_left, passes, readiness};
use crate::slow_api::Gate;

/// Too short for anybody to give up a connection, and longer than it takes both ends to do so.
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(15);
/// Until everything is as before, without a hand.
const MENDED: Duration = Duration::from_secs(90);
/// With all its attempts, a caller has its answer by then.
const ANSWERED: Duration = Duration::from_secs(90);
const CALLERS: usize = 5;
const WAYS: [&[Way]; 3] = [
    &[Way::ToServer, Way::ToClient],
    &[Way::ToServer],
    &[Way::ToClient],
];

/// A link that can be cut, what stands behind it, and how its cluster is asked.
struct Scene<'a> {
    hub: String,
    cluster: String,
    http: Http,
    proxy: &'a Proxy,
    process: &'a Process,
    gate: &'a Gate,
    ways: &'a [Way],
}

/// Asks until there is an answer, as a caller does who has a key for it.
async fn answered(http: &Http, cluster: &str, mark: &str) -> Value {
    let body = json!({
        "cluster_id": cluster, "command_type": "get", "args": ["pods", mark],
        "timeout_seconds": 30, "queue_timeout_seconds": 60,
    });
    let headers = [("idempotency-key", mark), ("prefer", "wait=5")];
    wait::until("an answer", ANSWERED, async || {
        match http.post_command(&body, &headers).await {
            Ok(answer) if answer.status == 200 => Probe::Ready(answer.json().unwrap()),
            Ok(answer) if matches!(answer.status, 202 | 503) => Probe::NotYet(answer.text()),
            Ok(answer) => Probe::Never(format!("{} {}", answer.status, answer.text())),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap()
}

async fn reconnects(process: &Process) -> Option<f64> {
    let scrape = Scrape::of(process).await.unwrap();
    scrape.sum("kubently_nats_reconnects_total", &[])
}

impl Scene<'_> {
    /// Cuts the link for so long, with a command that runs and callers that come meanwhile.
    async fn cut_for(&self, length: Duration) {
        let Self { hub, cluster, .. } = self;
        let label = format!("{cluster}, {:?} for {length:?}", self.ways);
        self.gate.shut();
        let id = submit(&self.http, &get(cluster, &["namespaces", "-o", "name"])).await;
        running(&self.http, &id).await;
        let before = reconnects(self.process).await;
        for way in self.ways {
            self.proxy.freeze_way(*way);
        }
        let began = Instant::now();
        let marks: Vec<_> = (0..CALLERS)
            .map(|caller| format!("{cluster}-{}-{caller}", length.as_secs()))
            .collect();
        let callers = marks.iter().map(|mark| answered(&self.http, cluster, mark));
        let mend = async {
            passes(began, length).await;
            self.gate.open();
            self.proxy.go_on();
            Instant::now()
        };
        let (answers, mended) = tokio::join!(join_all(callers), mend);
        let whole = ended(&self.http, &id).await;
        let took = mended.elapsed();
        assert!(took < MENDED, "{label}: {took:?}");
        assert_eq!(whole["status"], "completed", "{label}: {whole}");
        let output = whole["output"].as_str().unwrap();
        assert!(output.contains("namespace/default\n"), "{label}: {whole}");
        let mut ids = vec![id];
        for (mark, job) in marks.iter().zip(&answers) {
            assert_eq!(job["status"], "completed", "{label}: {job}");
            let error = job["error"].as_str().unwrap();
            assert!(
                error.contains(&format!("{mark:?} not found")),
                "{label}: {job}"
            );
            ids.push(job["id"].as_str().unwrap().to_owned());
        }
        for id in &ids {
            assert_eq!(results(hub, cluster, id).await, 1, "{label}");
        }
        readiness(self.process, 200).await;
        nothing_is_left(hub, cluster).await;
        if length == SHORT {
            assert_eq!(reconnects(self.process).await, before, "{label}");
        }
    }

    async fn cut(&self) {
        for length in [SHORT, LONG] {
            self.cut_for(length).await;
        }
    }
}

async fn of_worker(world: &World, ways: &[Way]) {
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let cluster = world.cluster("cut-worker").await.unwrap();
    let through = proxy.url();
    let worker = Worker::start(&through, &cluster, "cut", gate.kubeconfig(), &[]);
    let worker = worker.await.unwrap();
    let scene = Scene {
        hub,
        cluster,
        http: world.http().unwrap(),
        proxy: &proxy,
        process: &worker.process,
        gate: &gate,
        ways,
    };
    scene.cut().await;
}

async fn of_gateway(world: &World, ways: &[Way]) {
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let cluster = world.cluster("cut-gateway").await.unwrap();
    let worker = world.worker_with(&cluster, "whole", gate.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    let through = proxy.url();
    let gateway = Gateway::start(&through, &[&world.key], &[]).await.unwrap();
    let scene = Scene {
        hub,
        cluster,
        http: gateway.http(Some(&world.key)).unwrap(),
        proxy: &proxy,
        process: &gateway.process,
        gate: &gate,
        ways,
    };
    scene.cut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workers_link_that_is_cut_for_a_while_loses_nothing() {
    let world = World::shared().await.unwrap();
    join_all(WAYS.map(|ways| of_worker(world, ways))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_link_that_is_cut_for_a_while_loses_nothing() {
    let world = World::shared().await.unwrap();
    join_all(WAYS.map(|ways| of_gateway(world, ways))).await;
}
