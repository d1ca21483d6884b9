//! Hub, gateways and workers that die at the worst moment: each job ends once, as the design says.
//!
//! Where each kind of fault is shown; [`soak`](crate::soak) mixes the first three at random.
//!
//! | fault | shown by |
//! |---|---|
//! | a gateway killed after the record, after the publish, after the ack, in a stream | `kill_points`, here, `events` |
//! | a worker killed before, while and after it runs a command, around its ack | `kill_points`, here |
//! | a worker killed in the middle of a followed log | `torn_log` |
//! | a hub killed at each of those; its leader lost in each step | `kill_points`, here, `three` |
//! | a hub restarted with a full queue | `full_queue`, `offline` |
//! | a hub away for long, with traffic | `outage`, here |
//! | links frozen, half-open, cut one way, partitioned | `links`; for 1 s and 15 s, each way, `partitions` |
//! | callers that send a byte a second, idle connections | `slow_callers` |
//! | an offline cluster's queue, in order, up to its cap | `full_queue`, `offline`, `odd_workers`, `sweep` |
//! | clusters that are dead, slow or flooded beside others | `many_clusters`, `offline` |
//! | delivered again: acks lost, commands longer than the ack wait | `links`, `duplicates` |
//! | published again, in and past the hub's memory of ids | `duplicates`, `idempotent` |
//! | what cannot be run | `odd_workers`, `publishers` |
//! | what an operator deletes or changes | `operators` |
//! | many who end one job; cancels that race, twice, of the queued | `racers`, `cancel` |
//! | readers that come back in a storm, with odd ids, or stall | `readers`, `events` |
//! | two workers of one name | `duplicates` |
//! | SIGTERM, replacing and scaling under load | `stop`, `rolling` |
//! | a worker, a gateway, a hub that sleeps for 45 s and wakes up | `asleep`, here, `duplicates` |

use std::time::{Duration, Instant};

use kubently_tests::guard::Signal;
use kubently_tests::product::Worker;
use kubently_tests::world::World;

use crate::jobs::{
    drops_a_result, ended, get, id_of, job, only_queued, results, running, submit, version,
    wait_for, without_workers,
};
use crate::slow_api::Gate;

const SOON: Duration = Duration::from_secs(60);
/// The ack wait is 10 s, counted from the last sign of life; the rest is for a loaded machine.
const TAKEN_OVER: Duration = Duration::from_secs(30);
/// A caller is refused within 2 s; the rest is for a loaded machine, and less than an answer is waited for (5 s).
const REFUSED: Duration = Duration::from_millis(4_500);

/// A worker whose commands last until the gate opens.
async fn slow_worker(world: &World, cluster: &str, name: &str) -> (Gate, Worker) {
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(cluster, name, gate.kubeconfig(), &[]);
    let worker = worker.await.unwrap();
    (gate, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_command_survives_a_killed_hub() {
    let mut world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("queued").await.unwrap();
    let id = submit(&http, &version(&cluster)).await;
    world.hub.kill();
    world.hub.restart().await.unwrap();
    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_running_command_gets_its_result_over_a_killed_hub() {
    let mut world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("running").await.unwrap();
    let (gate, _worker) = slow_worker(&world, &cluster, "slow").await;
    let caller = wait_for(&http, &get(&cluster, &["namespaces", "-o", "name"]));
    let id = only_queued(&world.hub.url(), &cluster).await;
    running(&http, &id).await;
    world.hub.kill();
    world.hub.restart().await.unwrap();
    gate.open();
    let answer = caller.await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = answer.json().unwrap();
    assert_eq!(job["status"], "completed", "{job}");
    let output = job["output"].as_str().unwrap();
    assert!(output.contains("namespace/default\n"), "{output}");
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_command_is_run_by_another_within_the_ack_wait() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("killed").await.unwrap();
    let (_gate, mut first) = slow_worker(world, &cluster, "first").await;
    let caller = wait_for(&http, &get(&cluster, &["namespaces"]));
    let id = only_queued(&world.hub.url(), &cluster).await;
    running(&http, &id).await;
    let _second = world.worker(&cluster, "second", &[]).await.unwrap();
    let died = Instant::now();
    first.process.kill();
    let job = ended(&http, &id).await;
    assert!(died.elapsed() < TAKEN_OVER, "{:?}", died.elapsed());
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["attempt"], 2, "{job}");
    // Its caller is told so, unless the longest that a gateway lets anybody wait was over before.
    let answer = caller.await.unwrap().unwrap();
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
    assert_eq!(id_of(&answer), id);
    assert_eq!(job["container_id"], "second", "{job}");
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_up_late_drops_its_own_result() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("frozen").await.unwrap();
    let (gate, mut first) = slow_worker(world, &cluster, "first").await;
    let id = submit(&http, &get(&cluster, &["namespaces"])).await;
    running(&http, &id).await;
    first.process.signal(Signal::Stop);
    let _second = world.worker(&cluster, "second", &[]).await.unwrap();
    let before = ended(&http, &id).await;
    assert_eq!(before["container_id"], "second", "{before}");
    gate.open();
    first.process.signal(Signal::Cont);
    drops_a_result(&first, SOON).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateways_job_is_found_through_another() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("gateway-killed").await.unwrap();
    let (gate, _worker) = slow_worker(world, &cluster, "slow").await;
    let mut other = world.second_gateway().await.unwrap();
    let waiting = other.http(Some(&world.key)).unwrap();
    let caller = wait_for(&waiting, &get(&cluster, &["namespaces", "-o", "name"]));
    let id = only_queued(&world.hub.url(), &cluster).await;
    running(&http, &id).await;
    other.process.kill();
    caller.await.unwrap().unwrap_err();
    gate.open();
    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
    let output = http.get(&format!("/v1/jobs/{id}/output")).await.unwrap();
    assert_eq!(output.text(), job["output"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_a_worker_and_its_caller_is_told_so() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("late").await.unwrap();
    let answer = http
        .post_command(&version(&cluster), &[("prefer", "respond-async")])
        .await
        .unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let queued = answer.json().unwrap();
    assert_eq!(queued["status"], "queued", "{queued}");
    let id = id_of(&answer);
    let queued = without_workers(&http, &id).await;
    assert_eq!(queued["status"], "queued", "{queued}");
    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["container_id"], "late", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_takes_in_time_fails_as_queue_timeout() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("nobody").await.unwrap();
    let mut body = version(&cluster);
    body["queue_timeout_seconds"] = 1.into();
    // Who waits 2 s for it in vain has seen its queue timeout pass.
    let answer = http.post_command(&body, &[("prefer", "wait=2")]).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let job = ended(&http, &id_of(&answer)).await;
    assert_eq!(job["status"], "failed", "{job}");
    assert_eq!(job["execution_status"], "timeout", "{job}");
    assert_eq!(job["reason"], "queue_timeout", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_runs_too_long_ends_as_timeout() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("long").await.unwrap();
    let (_gate, _worker) = slow_worker(world, &cluster, "slow").await;
    let mut body = get(&cluster, &["pods"]);
    body["timeout_seconds"] = 1.into();
    let answer = wait_for(&http, &body).await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = answer.json().unwrap();
    assert_eq!(job["status"], "failed", "{job}");
    assert_eq!(job["execution_status"], "timeout", "{job}");
    assert_eq!(job["reason"], "timeout", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hub_callers_get_503_within_two_seconds_and_readiness_says_so() {
    let mut world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let id = submit(&http, &version(&world.cluster_id)).await;
    ended(&http, &id).await;
    world.hub.stop().await.unwrap();

    let refused = async |path: Option<&str>| {
        let began = Instant::now();
        let answer = match path {
            None => http.post_command(&version(&world.cluster_id), &[]).await,
            Some(path) => http.get(path).await,
        }
        .unwrap();
        let took = began.elapsed();
        assert!(took < REFUSED, "{path:?}: {took:?}");
        assert_eq!(answer.status, 503, "{path:?}: {}", answer.text());
        assert_eq!(answer.json().unwrap()["code"], "hub_unavailable");
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
    };
    refused(None).await;
    refused(None).await;
    refused(Some(&format!("/v1/jobs/{id}"))).await;
    refused(Some(&format!("/v1/jobs/{id}/output"))).await;
    for process in [&world.gateway.process, &world.worker.process] {
        let admin = kubently_tests::http::Http::new(&process.admin_url(), None).unwrap();
        assert_eq!(admin.get("/readyz").await.unwrap().status, 503);
        assert_eq!(admin.get("/livez").await.unwrap().status, 200);
    }
    let health = http.get("/health").await.unwrap().json().unwrap();
    assert_eq!(health["nats"], "disconnected", "{health}");

    world.hub.restart().await.unwrap();
    world.gateway.process.ready().await.unwrap();
    world.worker.process.ready().await.unwrap();
    let again = world.run("version", &["--client"]).await.unwrap();
    assert_eq!(again.status, 200, "{}", again.text());
    assert!(!world.gateway.process.logs().contains("panicked"));
}
