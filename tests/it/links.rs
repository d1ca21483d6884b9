//! Links that are cut without a word: frozen, half-open, partitioned. Noticed, and mended without a hand.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use kubently_core::lane::Lane;
use kubently_tests::http::Http;
use kubently_tests::product::{Gateway, Process, Worker};
use kubently_tests::proxy::{Proxy, Trap, Way};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;

use crate::jobs::{
    drops_a_result, ended, get, id_of, job, only_queued, results, running, submit, version,
    wait_for,
};
use crate::slow_api::Gate;

const SOON: Duration = Duration::from_secs(60);
/// Nine seconds and what a loaded machine adds; two of the usual ping intervals of 5 s are ten.
const NOTICED: Duration = Duration::from_secs(12);
/// A caller is refused within 2 s; the rest is for a loaded machine. Twenty who each waited for an answer (5 s)
/// would take far longer than two of these.
const REFUSED: Duration = Duration::from_secs(10);

/// Until the hub keeps a job's result.
pub(crate) async fn until_stored(hub: &str, cluster: &str, id: &str) {
    wait::until("a stored result", SOON, async || {
        let stored = results(hub, cluster, id).await;
        Probe::when(stored == 1, format!("{stored} results"))
    })
    .await
    .unwrap();
}

/// Until nothing of a cluster is queued, to be delivered or without an ack. An ack that was lost takes
/// 10 s to be missed.
pub(crate) async fn nothing_is_left(hub: &str, cluster: &str) {
    let client = async_nats::connect(hub).await.unwrap();
    let js = jetstream::new(client);
    let stream = js.get_stream(format!("KUBENTLY_CMD_{cluster}")).await;
    let mut stream = stream.unwrap();
    wait::until("an empty queue", SOON, async || {
        let left = async {
            let mut left = vec![stream.info().await?.state.messages];
            for lane in Lane::ALL {
                let info = stream.consumer_info(lane.to_string()).await?;
                left.extend([info.num_pending, info.num_ack_pending as u64]);
            }
            anyhow::Ok(left)
        };
        match left.await {
            Ok(left) => Probe::when(left.iter().all(|it| *it == 0), format!("{left:?}")),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap();
}

/// Until so much time has passed: a fault that lasts so long.
pub(crate) async fn passes(began: Instant, length: Duration) {
    let limit = length + SOON;
    wait::until("the end of a fault", limit, async || {
        Probe::when(began.elapsed() >= length, "it lasts")
    })
    .await
    .unwrap();
}

pub(crate) async fn readiness(process: &Process, status: u16) -> Duration {
    let began = Instant::now();
    let admin = Http::new(&process.admin_url(), None).unwrap();
    wait::until("the readiness", SOON, async || {
        match admin.get("/readyz").await {
            Ok(answer) => Probe::when(answer.status == status, answer.text()),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap();
    began.elapsed()
}

async fn worker_behind(proxy: &Proxy, gate: &Gate, cluster: &str) -> Worker {
    let hub = proxy.url();
    let worker = Worker::start(&hub, cluster, "first", gate.kubeconfig(), &[]);
    worker.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workers_frozen_link_is_noticed_and_its_job_ends_once_elsewhere() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("frozen-link").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let first = worker_behind(&proxy, &gate, &cluster).await;
    let id = submit(&http, &get(&cluster, &["namespaces"])).await;
    running(&http, &id).await;
    proxy.freeze();
    let _second = world.worker(&cluster, "second", &[]).await.unwrap();
    let took = readiness(&first.process, 503).await;
    assert!(took < NOTICED, "{took:?}");
    let before = ended(&http, &id).await;
    assert_eq!(before["container_id"], "second", "{before}");
    assert!(before["attempt"].as_u64() >= Some(2), "{before}");
    gate.open();
    proxy.go_on();
    readiness(&first.process, 200).await;
    drops_a_result(&first, SOON).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
    nothing_is_left(&hub, &cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_that_is_lost_brings_the_command_back_and_changes_nothing() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("lost-ack").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    gate.open();
    let first = worker_behind(&proxy, &gate, &cluster).await;
    proxy.set(Trap::Before("PUB $JS.ACK."));
    let id = submit(&http, &version(&cluster)).await;
    tokio::time::timeout(SOON, proxy.sprung()).await.unwrap();
    until_stored(&hub, &cluster, &id).await;
    let before = ended(&http, &id).await;
    proxy.drop_connections();
    proxy.go_on();
    // The same worker is given it again, and drops what that gives.
    drops_a_result(&first, SOON).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
    nothing_is_left(&hub, &cluster).await;
}

/// What the worker stores arrives; what it is answered does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hears_nothing_any_more_has_ended_its_job() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("one-way").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let first = worker_behind(&proxy, &gate, &cluster).await;
    let id = submit(&http, &get(&cluster, &["namespaces"])).await;
    running(&http, &id).await;
    proxy.freeze_way(Way::ToClient);
    gate.open();
    until_stored(&hub, &cluster, &id).await;
    let before = ended(&http, &id).await;
    assert_eq!(before["container_id"], "first", "{before}");
    readiness(&first.process, 503).await;
    proxy.go_on();
    readiness(&first.process, 200).await;
    nothing_is_left(&hub, &cluster).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_frozen_link_is_noticed_and_callers_are_not_kept() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let proxy = Proxy::before(&hub).await.unwrap();
    let cluster = world.cluster("cut-gateway").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "slow", gate.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    // Longer than the fault and all the refusals take together.
    let patient = [("KUBENTLY_LONG_POLL_TIMEOUT", "60")];
    let gateway = Gateway::start(&proxy.url(), &[&world.key], &patient)
        .await
        .unwrap();
    let http = gateway.http(Some(&world.key)).unwrap();
    let caller = wait_for(&http, &get(&cluster, &["namespaces"]));
    let id = only_queued(&hub, &cluster).await;
    running(&world.http().unwrap(), &id).await;
    proxy.freeze();
    let frozen = Instant::now();
    let refused = async || {
        let began = Instant::now();
        let answer = http.post_command(&version(&cluster), &[]).await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(began.elapsed() < REFUSED, "{:?}", began.elapsed());
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
    };
    // Before anybody can know, and from then on at once: twenty together in less than two of the first.
    refused().await;
    let began = Instant::now();
    for _ in 0..20 {
        refused().await;
    }
    assert!(began.elapsed() < 2 * REFUSED, "{:?}", began.elapsed());
    let scrape = Scrape::of(&gateway.process).await.unwrap();
    assert!(scrape.sum("kubently_nats_silences_total", &[]) >= Some(1.0));
    readiness(&gateway.process, 503).await;
    let health = http.get("/health").await.unwrap().json().unwrap();
    assert_eq!(health["nats"], "disconnected", "{health}");
    passes(frozen, NOTICED).await;
    refused().await;
    gate.open();
    proxy.go_on();
    // Who waited all the time is told its end.
    let answer = caller.await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(id_of(&answer), id);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
    readiness(&gateway.process, 200).await;
    // What was refused may have been stored, and ends then.
    nothing_is_left(&hub, &cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn short_and_long_partitions_of_everything_mend_by_themselves() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let (to_worker, to_gateway) = (
        Proxy::before(&hub).await.unwrap(),
        Proxy::before(&hub).await.unwrap(),
    );
    let cluster = world.cluster("partition").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    gate.open();
    let worker = worker_behind(&to_worker, &gate, &cluster).await;
    let (through, keys) = (to_gateway.url(), [world.key.as_str()]);
    let gateway = Gateway::start(&through, &keys, &[]).await.unwrap();
    let (http, whole) = (
        gateway.http(Some(&world.key)).unwrap(),
        world.http().unwrap(),
    );
    for is_long in [false, true] {
        let first = ended(&http, &submit(&http, &version(&cluster)).await).await;
        assert_eq!(first["status"], "completed", "{first}");
        to_worker.freeze();
        to_gateway.freeze();
        let meanwhile = submit(&whole, &version(&cluster)).await;
        if is_long {
            // Until both have given their connections up, and more pulls and watches are lost.
            readiness(&worker.process, 503).await;
            readiness(&gateway.process, 503).await;
        } else {
            // A refusal takes longer than a second, and nobody has given up a connection yet.
            let refused = http.get(&format!("/v1/jobs/{meanwhile}")).await.unwrap();
            assert_eq!(refused.status, 503, "{}", refused.text());
        }
        to_worker.go_on();
        to_gateway.go_on();
        let job = ended(&http, &meanwhile).await;
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(results(&hub, &cluster, &meanwhile).await, 1);
        readiness(&gateway.process, 200).await;
        readiness(&worker.process, 200).await;
        nothing_is_left(&hub, &cluster).await;
    }
}
