//! Parts that are killed between two of their own steps: each job ends once, and who asks again under the
//! same `Idempotency-Key` gets that job. The proxy freezes at what a part sends, so the place is exact.

use std::time::Duration;

use async_nats::jetstream;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::{Gateway, Worker};
use kubently_tests::proxy::{Proxy, Trap};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::Value;

use crate::jobs::{drops_a_result, ended, get, id_of, job, only_queued, results, submit, version};
use crate::links::{nothing_is_left, until_stored};
use crate::slow_api::Gate;

/// What a gateway sends when it publishes a command, and a worker with its answers and its ack.
const COMMAND: &str = "PUB kubently.v1.cmd.";
const REPLY: &str = "PUB kubently.v1.reply.";
/// Commands here end before a sign of progress is due, which has the same subject.
const ACK: &str = "PUB $JS.ACK.";
/// How long a part may take until it does what is waited for.
const SOON: Duration = Duration::from_secs(60);
/// How long until a replay is told an end: it may wait for that twice.
const REPLAYED: Duration = Duration::from_secs(90);

/// A system of one's own with a proxy before its hub.
struct Scene {
    world: World,
    proxy: Proxy,
    cluster: String,
}

impl Scene {
    async fn new(prefix: &str) -> Self {
        let world = World::own().await.unwrap();
        let proxy = Proxy::before(&world.hub.url()).await.unwrap();
        let cluster = world.cluster(prefix).await.unwrap();
        Self {
            world,
            proxy,
            cluster,
        }
    }

    async fn gateway(&self) -> Gateway {
        let (hub, keys) = (self.proxy.url(), [self.world.key.as_str()]);
        Gateway::start(&hub, &keys, &[]).await.unwrap()
    }

    async fn worker(&self, name: &str) -> Worker {
        let kubeconfig = self.world.kubernetes.worker_kubeconfig();
        let hub = self.proxy.url();
        let worker = Worker::start(&hub, &self.cluster, name, &kubeconfig, &[]);
        worker.await.unwrap()
    }

    async fn sprung(&self) {
        let sprung = tokio::time::timeout(SOON, self.proxy.sprung());
        sprung.await.unwrap();
    }

    /// Records of jobs that the hub keeps.
    async fn records(&self) -> usize {
        let client = async_nats::connect(self.world.hub.url()).await.unwrap();
        let js = jetstream::new(client);
        let stream = js.get_stream("KV_kubently_jobs").await.unwrap();
        let subjects = stream.info_with_subjects("$KV.kubently_jobs.job.>");
        futures::StreamExt::count(subjects.await.unwrap()).await
    }

    /// The hub is killed and comes back; what was held back is lost.
    async fn kill_hub(&mut self) {
        self.world.hub.kill();
        self.proxy.drop_connections();
        self.proxy.go_on();
        self.world.hub.restart().await.unwrap();
    }

    async fn once(&self, http: &Http, id: &str) -> Value {
        let job = ended(http, id).await;
        assert_eq!(job["status"], "completed", "{job}");
        let stored = results(&self.world.hub.url(), &self.cluster, id).await;
        assert_eq!(stored, 1, "{job}");
        nothing_is_left(&self.world.hub.url(), &self.cluster).await;
        job
    }
}

const KEY: [(&str, &str); 2] = [("idempotency-key", "again"), ("prefer", "wait=30")];

fn ask(http: &Http, body: &Value) -> tokio::task::JoinHandle<anyhow::Result<Answer>> {
    let (http, body) = (http.clone(), body.clone());
    tokio::spawn(async move { http.post_command(&body, &KEY).await })
}

/// The caller of a gateway that is killed learns of no job: its connection breaks, unless its gateway had
/// given the hub up before that and said so.
async fn is_told_nothing(caller: tokio::task::JoinHandle<anyhow::Result<Answer>>) {
    if let Ok(answer) = caller.await.unwrap() {
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
}

/// Asks again until the job has ended: a replay is safe.
async fn replay(http: &Http, body: &Value) -> Answer {
    wait::until("an answer to the replay", REPLAYED, async || {
        match http.post_command(body, &KEY).await {
            Ok(answer) if matches!(answer.status, 202 | 503) => Probe::NotYet(answer.text()),
            Ok(answer) => Probe::Ready(answer),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_between_record_and_publish_leaves_a_job_for_the_replay() {
    let scene = Scene::new("after-record").await;
    let mut dying = scene.gateway().await;
    let body = version(&scene.cluster);
    scene.proxy.set(Trap::Before(COMMAND));
    let caller = ask(&dying.http(Some(&scene.world.key)).unwrap(), &body);
    scene.sprung().await;
    wait::until("its record", SOON, async || {
        let records = scene.records().await;
        Probe::when(records == 1, format!("{records} records"))
    })
    .await
    .unwrap();
    dying.process.kill();
    scene.proxy.drop_connections();
    is_told_nothing(caller).await;
    let _worker = scene.world.worker(&scene.cluster, "w", &[]).await.unwrap();
    let http = scene.world.http().unwrap();
    let answer = replay(&http, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = scene.once(&http, &id_of(&answer)).await;
    assert_eq!(job["attempt"], 1, "{job}");
    assert_eq!(scene.records().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_before_it_sees_the_hubs_ack_has_published_the_replays_job() {
    let scene = Scene::new("after-publish").await;
    let mut dying = scene.gateway().await;
    let body = version(&scene.cluster);
    scene.proxy.set(Trap::After(COMMAND));
    let caller = ask(&dying.http(Some(&scene.world.key)).unwrap(), &body);
    scene.sprung().await;
    let id = only_queued(&scene.world.hub.url(), &scene.cluster).await;
    dying.process.kill();
    is_told_nothing(caller).await;
    let http = scene.world.http().unwrap();
    // While it is queued, and once it is done.
    let queued = http
        .post_command(
            &body,
            &[("idempotency-key", "again"), ("prefer", "respond-async")],
        )
        .await
        .unwrap();
    assert_eq!(queued.status, 202, "{}", queued.text());
    assert_eq!(id_of(&queued), id);
    assert_eq!(queued.header("idempotency-replayed"), "true");
    let _worker = scene.world.worker(&scene.cluster, "w", &[]).await.unwrap();
    let job = scene.once(&http, &id).await;
    assert_eq!(job["attempt"], 1, "{job}");
    let done = replay(&http, &body).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json().unwrap(), job);
    assert_eq!(scene.records().await, 1);
}

/// The gateway lives, but never hears of what it published: its caller is told 503, which promises nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_is_never_answered_is_503_and_its_replay_is_the_same_job() {
    let scene = Scene::new("unanswered").await;
    let cut_off = scene.gateway().await;
    let cut_off = cut_off.http(Some(&scene.world.key)).unwrap();
    let body = version(&scene.cluster);
    scene.proxy.set(Trap::After(COMMAND));
    let caller = ask(&cut_off, &body);
    scene.sprung().await;
    let id = only_queued(&scene.world.hub.url(), &scene.cluster).await;
    let answer = caller.await.unwrap().unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    let _worker = scene.world.worker(&scene.cluster, "w", &[]).await.unwrap();
    let http = scene.world.http().unwrap();
    let done = replay(&http, &body).await;
    assert_eq!((done.status, id_of(&done)), (200, id.clone()));
    scene.once(&http, &id).await;
    // Once it hears again, the gateway that was cut off tells the same.
    scene.proxy.go_on();
    let told = replay(&cut_off, &body).await;
    assert_eq!(told.json().unwrap(), done.json().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_around_the_publish_loses_nothing_that_it_has_acknowledged() {
    for trap in [Trap::Before(COMMAND), Trap::After(COMMAND)] {
        let mut scene = Scene::new("hub-publish").await;
        let gateway = scene.gateway().await;
        let http = gateway.http(Some(&scene.world.key)).unwrap();
        let body = version(&scene.cluster);
        scene.proxy.set(trap.clone());
        let caller = ask(&http, &body);
        scene.sprung().await;
        if trap == Trap::After(COMMAND) {
            only_queued(&scene.world.hub.url(), &scene.cluster).await;
        }
        scene.kill_hub().await;
        let _worker = scene.world.worker(&scene.cluster, "w", &[]).await.unwrap();
        // Whatever this caller is told, one who asks again gets the job.
        let first = caller.await.unwrap().unwrap();
        assert!(matches!(first.status, 200 | 202 | 503), "{}", first.text());
        let answer = replay(&http, &body).await;
        assert_eq!(answer.status, 200, "{trap:?}: {}", answer.text());
        scene.once(&http, &id_of(&answer)).await;
        assert_eq!(scene.records().await, 1, "{trap:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_before_it_has_told_anything_leaves_its_command_to_another() {
    let scene = Scene::new("worker-silent").await;
    let mut dying = scene.worker("first").await;
    scene.proxy.set(Trap::Before(REPLY));
    let http = scene.world.http().unwrap();
    let id = submit(&http, &version(&scene.cluster)).await;
    scene.sprung().await;
    dying.process.kill();
    scene.proxy.drop_connections();
    let _worker = scene
        .world
        .worker(&scene.cluster, "second", &[])
        .await
        .unwrap();
    let job = scene.once(&http, &id).await;
    assert!(job["attempt"].as_u64() >= Some(2), "{job}");
    assert_eq!(job["container_id"], "second", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_result_and_ack_has_ended_the_job() {
    let scene = Scene::new("worker-unacked").await;
    let mut dying = scene.worker("first").await;
    scene.proxy.set(Trap::Before(ACK));
    let http = scene.world.http().unwrap();
    let id = submit(&http, &version(&scene.cluster)).await;
    scene.sprung().await;
    until_stored(&scene.world.hub.url(), &scene.cluster, &id).await;
    dying.process.kill();
    scene.proxy.drop_connections();
    let told = ended(&http, &id).await;
    let second = scene
        .world
        .worker(&scene.cluster, "second", &[])
        .await
        .unwrap();
    // It comes back, is run again, and what that gives is dropped.
    drops_a_result(&second, SOON).await;
    let job = scene.once(&http, &id).await;
    assert_eq!(job, told);
    assert_eq!(job["container_id"], "first", "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_after_its_ack_leaves_nothing_to_another() {
    let scene = Scene::new("worker-acked").await;
    let mut dying = scene.worker("first").await;
    scene.proxy.set(Trap::After(ACK));
    let http = scene.world.http().unwrap();
    let id = submit(&http, &version(&scene.cluster)).await;
    scene.sprung().await;
    dying.process.kill();
    scene.proxy.drop_connections();
    let job = scene.once(&http, &id).await;
    let second = scene
        .world
        .worker(&scene.cluster, "second", &[])
        .await
        .unwrap();
    let next = submit(&http, &version(&scene.cluster)).await;
    scene.once(&http, &next).await;
    assert!(!second.process.logs().contains(&id));
    assert_eq!(ended(&http, &id).await, job);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_around_an_answer_keeps_one_result() {
    for trap in [
        Trap::Before(REPLY),
        Trap::After(REPLY),
        Trap::Before(ACK),
        Trap::After(ACK),
    ] {
        let mut scene = Scene::new("hub-answer").await;
        let _worker = scene.worker("first").await;
        scene.proxy.set(trap.clone());
        let http = scene.world.http().unwrap();
        let id = submit(&http, &version(&scene.cluster)).await;
        scene.sprung().await;
        if trap != Trap::Before(REPLY) {
            until_stored(&scene.world.hub.url(), &scene.cluster, &id).await;
        }
        scene.kill_hub().await;
        scene.once(&http, &id).await;
        let next = submit_again(&http, &scene.cluster).await;
        scene.once(&http, &next).await;
    }
}

/// A job on a hub that may just have come back.
async fn submit_again(http: &Http, cluster: &str) -> String {
    let at_once = [("prefer", "respond-async")];
    wait::until("an accepted job", SOON, async || {
        match http.post_command(&version(cluster), &at_once).await {
            Ok(answer) if answer.status == 202 => Probe::Ready(id_of(&answer)),
            Ok(answer) => Probe::NotYet(answer.text()),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap()
}

/// Killed in the middle of a list: the API server was asked and has not answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reaches_a_job_whose_worker_was_killed_while_it_ran() {
    let scene = Scene::new("replay-running").await;
    let gate = Gate::before(scene.world.kubernetes).await;
    let first = scene
        .world
        .worker_with(&scene.cluster, "first", gate.kubeconfig(), &[]);
    let mut first = first.await.unwrap();
    let http = scene.world.http().unwrap();
    let other = scene.world.second_gateway().await.unwrap();
    let other = other.http(Some(&scene.world.key)).unwrap();
    let body = get(&scene.cluster, &["namespaces", "-o", "name"]);
    let caller = ask(&http, &body);
    let id = only_queued(&scene.world.hub.url(), &scene.cluster).await;
    crate::jobs::running(&http, &id).await;
    first.process.kill();
    let again = ask(&other, &body);
    let _second = scene
        .world
        .worker(&scene.cluster, "second", &[])
        .await
        .unwrap();
    let told = [
        caller.await.unwrap().unwrap(),
        again.await.unwrap().unwrap(),
    ];
    let once = scene.once(&http, &id).await;
    assert_eq!(once["attempt"], 2, "{once}");
    for answer in &told {
        // One who waited for as long as a gateway lets anybody wait is not told the end.
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
        assert_eq!(id_of(answer), id);
        if answer.status == 200 {
            assert_eq!(answer.json().unwrap(), once);
        }
    }
    assert_eq!(job(&other, &id).await.unwrap(), once);
}
