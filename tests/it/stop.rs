//! SIGTERM on gateway and worker: nothing accepted is lost, and the exit code is 0.

use std::time::Duration;

use kubently_core::status::Reason;
use kubently_tests::guard::{Ending, Signal};
use kubently_tests::product::Gateway;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::identity::Admin;
use crate::jobs::{
    ended, get, id_of, only_queued, only_subject, running, submit, version, wait_for,
};
use crate::odd_workers::broker;
use crate::slow_api::Gate;

/// Less than the grace period.
const AT_ONCE: Duration = Duration::from_secs(20);
/// More than the grace period.
const IN_ORDER: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn idle_gateways_and_workers_end_at_once_with_code_0() {
    let mut world = World::own().await.unwrap();
    let done = world.run("version", &["--client"]).await.unwrap();
    assert_eq!(done.status, 200, "{}", done.text());
    let worker = world.worker.process.stop(AT_ONCE).await.unwrap();
    assert_eq!(worker, Ending::Code(0), "{}", world.worker.process.logs());
    let gateway = world.gateway.process.stop(AT_ONCE).await.unwrap();
    assert_eq!(gateway, Ending::Code(0), "{}", world.gateway.process.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_worker_finishes_what_runs_and_gives_back_what_has_not_started() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("stop").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    // The one that runs has its whole 30 s.
    let one_slot = [("KUBENTLY_SLOTS", "1"), ("KUBENTLY_GRACE_SECONDS", "120")];
    let mut first = world
        .worker_with(&cluster, "first", gate.kubeconfig(), &one_slot)
        .await
        .unwrap();
    let started = submit(&http, &get(&cluster, &["pods"])).await;
    running(&http, &started).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(submit(&http, &version(&cluster)).await);
    }
    first.process.signal(Signal::Term);
    let _second = world.worker(&cluster, "second", &[]).await.unwrap();
    for id in &waiting {
        let job = ended(&http, id).await;
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["container_id"], "second", "{job}");
    }
    assert_eq!(
        first.process.ended(),
        None,
        "it waits for the one that runs"
    );
    gate.open();
    let job = ended(&http, &started).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["container_id"], "first", "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
    let ending = first.process.wait(AT_ONCE).await.unwrap();
    assert_eq!(ending, Ending::Code(0), "{}", first.process.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_longer_than_the_grace_period_is_given_back() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("grace").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let short = [("KUBENTLY_GRACE_SECONDS", "1")];
    let mut first = world
        .worker_with(&cluster, "first", gate.kubeconfig(), &short)
        .await
        .unwrap();
    let id = submit(&http, &get(&cluster, &["pods"])).await;
    running(&http, &id).await;
    let ending = first.process.stop(IN_ORDER).await.unwrap();
    assert_eq!(ending, Ending::Code(0), "{}", first.process.logs());
    let _second = world.worker(&cluster, "second", &[]).await.unwrap();
    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["container_id"], "second", "{job}");
    assert_eq!(job["attempt"], 2, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_busy_worker_at_once() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("twice").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let mut worker = world
        .worker_with(&cluster, "busy", gate.kubeconfig(), &[])
        .await
        .unwrap();
    let id = submit(&http, &get(&cluster, &["pods"])).await;
    running(&http, &id).await;
    worker.process.signal(Signal::Term);
    says(&worker.process, "a second signal ends at once").await;
    assert_eq!(worker.process.ended(), None);
    worker.process.signal(Signal::Term);
    let ending = worker.process.wait(AT_ONCE).await.unwrap();
    assert_eq!(ending, Ending::Code(1), "{}", worker.process.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_draining_gateway_at_once() {
    let world = World::shared().await.unwrap();
    let mut gateway = world.second_gateway().await.unwrap();
    // A request whose body never ends keeps the gateway draining.
    let _caller = half_sent(&gateway, "POST /v1/commands", &world.key, 100).await;
    gateway.process.signal(Signal::Term);
    closes(&gateway).await;
    assert_eq!(gateway.process.ended(), None, "{}", gateway.process.logs());
    gateway.process.signal(Signal::Term);
    let ending = gateway.process.wait(AT_ONCE).await.unwrap();
    assert_eq!(ending, Ending::Code(1), "{}", gateway.process.logs());
}

/// What it still answers for, it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_gateway_calls_off_the_jobs_of_whom_it_deactivates() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let user = admin.person(serde_json::json!({})).await;
    let cluster = world.cluster("stop-off").await.unwrap();
    let mut body = version(&cluster);
    body["queue_timeout_seconds"] = 600.into();
    submit(&user.http, &body).await;
    let subject = only_subject(&world.hub.url(), &cluster).await;
    let mut gateway = world.second_gateway().await.unwrap();
    let off = br#"{"is_active":false}"#;
    let line = format!("PATCH /v1/users/{}", user.id);
    let mut caller = half_sent(&gateway, &line, admin.http.key().unwrap(), off.len()).await;
    gateway.process.signal(Signal::Term);
    closes(&gateway).await;
    caller.write_all(off).await.unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let broker = broker(world).await;
    let result = broker.result(&subject.reply()).await.unwrap();
    let reason = result.and_then(|result| result.reason);
    assert_eq!(reason, Some(Reason::UserDeactivated));
    let ending = gateway.process.wait(IN_ORDER).await.unwrap();
    assert_eq!(ending, Ending::Code(0), "{}", gateway.process.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_at_a_stopping_gateway_gets_202_and_the_job_lives_on() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("gateway-stop").await.unwrap();
    let mut gateway = world.second_gateway().await.unwrap();
    let caller = wait_for(&gateway.http(Some(&world.key)).unwrap(), &version(&cluster));
    let id = only_queued(&world.hub.url(), &cluster).await;
    let ending = gateway.process.stop(AT_ONCE).await.unwrap();
    assert_eq!(ending, Ending::Code(0), "{}", gateway.process.logs());
    let answer = caller.await.unwrap().unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.header("location"), format!("/v1/jobs/{id}"));
    assert_eq!(id_of(&answer), id);

    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let job = ended(&world.http().unwrap(), &id).await;
    assert_eq!(job["status"], "completed", "{job}");
}

/// A request whose body is still to come.
async fn half_sent(gateway: &Gateway, line: &str, key: &str, length: usize) -> TcpStream {
    let address = gateway.url().trim_start_matches("http://").to_owned();
    let mut caller = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n",
    );
    caller.write_all(head.as_bytes()).await.unwrap();
    // Its answer to `Expect` says that the request is being read.
    let told = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut answer = vec![0; told.len()];
    caller.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, told);
    caller
}

/// Until a gateway takes no new connections.
async fn closes(gateway: &Gateway) {
    let address = gateway.url().trim_start_matches("http://").to_owned();
    wait::until("the port being closed", AT_ONCE, async || {
        let open = TcpStream::connect(&address).await.is_ok();
        Probe::when(!open, "it is open")
    })
    .await
    .unwrap();
}

async fn says(process: &kubently_tests::product::Process, text: &str) {
    wait::until(format!("{text:?} in the log"), AT_ONCE, async || {
        let logs = process.logs();
        Probe::when(logs.contains(text), logs)
    })
    .await
    .unwrap();
}
