//! Parts that stand still and go on, as in a long pause of a machine: SIGSTOP, SIGCONT. For 45 s each job ends
//! once and the first result stands; for a few seconds nobody is refused anything.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kubently_tests::guard::Signal;
use kubently_tests::http::Http;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;

use crate::jobs::{
    drops_a_result, ended, get, id_of, job, only_queued, results, running, submit, version,
    wait_for,
};
use crate::links::{nothing_is_left, passes, readiness};
use crate::slow_api::Gate;

/// Longer than an ack waits (10 s), a link is given up (9 s) and a worker's presence counts (30 s).
const ASLEEP: Duration = Duration::from_secs(45);
/// Longer than a hub may be silent (1.5 s), and shorter than callers are kept waiting by it (5 s).
const PAUSE: Duration = Duration::from_secs(4);
/// Until everything is as before, without a hand.
const MENDED: Duration = Duration::from_secs(60);
const CALLERS: usize = 20;

/// Until a cluster's worker of this name counts as live, or not.
async fn lives(http: &Http, cluster: &str, name: &str, wanted: bool) {
    wait::until("a worker's presence", MENDED, async || {
        let answer = http.get(&format!("/v1/clusters/{cluster}")).await;
        let text = answer.unwrap().text();
        Probe::when(text.contains(&format!("{name:?}")) == wanted, text)
    })
    .await
    .unwrap();
}

async fn a_worker() {
    let world = World::shared().await.unwrap();
    let (http, hub) = (world.http().unwrap(), world.hub.url());
    let cluster = world.cluster("sleeper").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let first = world.worker_with(&cluster, "first", gate.kubeconfig(), &[]);
    let mut first = first.await.unwrap();
    let id = submit(&http, &get(&cluster, &["namespaces"])).await;
    running(&http, &id).await;
    first.process.signal(Signal::Stop);
    let began = Instant::now();
    let mut second = world.worker(&cluster, "second", &[]).await.unwrap();
    let before = ended(&http, &id).await;
    assert_eq!(before["container_id"], "second", "{before}");
    passes(began, ASLEEP).await;
    lives(&http, &cluster, "first", false).await;
    lives(&http, &cluster, "second", true).await;
    gate.open();
    first.process.signal(Signal::Cont);
    drops_a_result(&first, MENDED).await;
    lives(&http, &cluster, "first", true).await;
    // It works again.
    second.process.stop(MENDED).await.unwrap();
    let next = ended(&http, &submit(&http, &version(&cluster)).await).await;
    assert_eq!(next["status"], "completed", "{next}");
    assert_eq!(next["container_id"], "first", "{next}");
    nothing_is_left(&hub, &cluster).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
}

async fn a_gateway() {
    let world = World::shared().await.unwrap();
    let (whole, hub) = (world.http().unwrap(), world.hub.url());
    let cluster = world.cluster("gw-sleeper").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "slow", gate.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    let mut sleeper = world.second_gateway().await.unwrap();
    let http = sleeper.http(Some(&world.key)).unwrap();
    let body = get(&cluster, &["namespaces"]);
    let waiter = wait_for(&http, &body);
    let id = only_queued(&hub, &cluster).await;
    running(&whole, &id).await;
    let path = format!("/v1/jobs/{id}/events");
    let mut reader = http.events(&path, &[]).await.unwrap();
    let started = reader.next().await.unwrap().unwrap();
    assert_eq!(started.name, "started", "{started:?}");
    sleeper.process.signal(Signal::Stop);
    let began = Instant::now();
    gate.open();
    let before = ended(&whole, &id).await;
    assert_eq!(before["status"], "completed", "{before}");
    // It takes a connection as long as its system does, and answers when it goes on.
    let meanwhile = wait_for(&http, &version(&cluster));
    passes(began, ASLEEP).await;
    sleeper.process.signal(Signal::Cont);
    let waiter = waiter.await.unwrap().unwrap();
    assert!(matches!(waiter.status, 200 | 202), "{}", waiter.text());
    assert_eq!(id_of(&waiter), id);
    let told = reader.rest().await;
    // Its reader is told the end once, unless it has given up the connection and comes back with its last id.
    if let Ok(events) = &told {
        let ends = events.iter().filter(|event| event.name == "complete");
        assert_eq!(ends.count(), 1, "{events:?}");
    }
    let meanwhile = meanwhile.await.unwrap().unwrap();
    assert!(
        matches!(meanwhile.status, 200 | 202 | 503),
        "{}",
        meanwhile.text()
    );
    readiness(&sleeper.process, 200).await;
    let last = [("last-event-id", started.id.as_str())];
    let rest = http
        .events(&path, &last)
        .await
        .unwrap()
        .rest()
        .await
        .unwrap();
    assert_eq!(rest.last().unwrap().data["job"], before);
    let next = ended(&http, &submit(&http, &version(&cluster)).await).await;
    assert_eq!(next["status"], "completed", "{next}");
    nothing_is_left(&hub, &cluster).await;
    assert_eq!(job(&http, &id).await.unwrap(), before);
    assert_eq!(results(&hub, &cluster, &id).await, 1);
}

async fn a_hub() {
    let mut world = World::own().await.unwrap();
    let (http, hub) = (world.http().unwrap(), world.hub.url());
    let cluster = world.cluster("hub-sleeper").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "slow", gate.kubeconfig(), &[]);
    let worker = worker.await.unwrap();
    let mut body = get(&cluster, &["namespaces"]);
    body["queue_timeout_seconds"] = 120.into();
    let id = submit(&http, &body).await;
    running(&http, &id).await;
    world.hub.signal(Signal::Stop);
    let began = Instant::now();
    // A signal takes a moment: until then the hub accepts commands.
    let at_once = [("prefer", "respond-async")];
    wait::until("a refusal", ASLEEP, async || {
        let answer = http.post_command(&version(&cluster), &at_once).await;
        let answer = answer.unwrap();
        Probe::when(answer.status == 503, answer.text())
    })
    .await
    .unwrap();
    gate.open();
    passes(began, ASLEEP).await;
    world.hub.signal(Signal::Cont);
    let job = ended(&http, &id).await;
    // Its time may have been over before the refusal came.
    let is_an_end = job["status"] == "completed" || job["reason"] == "timeout";
    assert!(is_an_end, "{job}");
    readiness(&world.gateway.process, 200).await;
    readiness(&worker.process, 200).await;
    let next = ended(&http, &submit(&http, &version(&cluster)).await).await;
    assert_eq!(next["status"], "completed", "{next}");
    nothing_is_left(&hub, &cluster).await;
    assert_eq!(results(&hub, &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_sleeps_for_45_seconds_ends_no_job_twice_and_works_again() {
    tokio::join!(a_worker(), a_gateway(), a_hub());
}

/// Callers while these stand still, each of them answered.
async fn nobody_is_refused(world: &mut World, and_the_hub: bool) {
    let http = world.http().unwrap();
    let body = world.command("version", &["--client"]);
    let ask = async || http.post_command(&body, &[("prefer", "wait=30")]).await;
    let first = ask().await.unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    let pause = async {
        if and_the_hub {
            world.hub.signal(Signal::Stop);
        }
        world.gateway.process.signal(Signal::Stop);
        passes(Instant::now(), PAUSE).await;
        // The hub first: what a gateway misses of it counts.
        world.hub.signal(Signal::Cont);
        world.gateway.process.signal(Signal::Cont);
    };
    let asking = futures::stream::iter(0..CALLERS)
        .map(|_| ask())
        .buffer_unordered(CALLERS);
    let (answers, ()) = tokio::join!(asking.collect::<Vec<_>>(), pause);
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// What a gateway did not see because it stood still itself is no silence of its hub.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_stands_still_for_seconds_refuses_nobody() {
    let mut world = World::own().await.unwrap();
    nobody_is_refused(&mut world, false).await;
    nobody_is_refused(&mut world, true).await;
    let logs = world.gateway.process.logs();
    assert!(!logs.contains("answers nobody"), "{logs}");
}
