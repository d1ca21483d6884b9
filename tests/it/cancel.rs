//! Jobs that are called off: one end each, and whoever works on them stops.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use http::Method;
use kubently_broker::CancelScope;
use kubently_core::status::Reason;
use kubently_tests::http::{Answer, Http};
use kubently_tests::world::World;
use uuid::Uuid;

use crate::broker::{envelope, hub, record, result};
use crate::door::problem;
use crate::fake_api::Hanging;
use crate::jobs::{
    counted, drops_a_result, ended, get, job, only_queued, only_subject, results, running, submit,
    version, wait_for,
};
use crate::odd_workers::broker;

const SOON: Duration = Duration::from_secs(60);
/// A connected worker stops within a second; the rest is for a loaded machine.
const AT_ONCE: Duration = Duration::from_secs(10);

async fn cancel(http: &Http, id: &str) -> Answer {
    let path = format!("/v1/jobs/{id}/cancel");
    http.send(Method::POST, &path, &[], "").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_is_cancelled_once_and_leaves_the_queue() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("cancel-queued").await.unwrap();
    let caller = wait_for(&http, &version(&cluster));
    let id = only_queued(&world.hub.url(), &cluster).await;
    let first = cancel(&http, &id).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let told = first.json().unwrap();
    assert_eq!(told["cancelled"], true, "{told}");
    assert_eq!(told["status"], "cancelled", "{told}");
    assert_eq!(told["execution_status"], "cancelled", "{told}");
    assert_eq!(told["reason"], "cancelled_by_user", "{told}");
    let waited = caller.await.unwrap().unwrap();
    assert_eq!(waited.status, 200, "{}", waited.text());
    assert_eq!(waited.json().unwrap()["status"], "cancelled");
    // Again, and through another gateway: the same answer.
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    for http in [&http, &other] {
        assert_eq!(cancel(http, &id).await.json().unwrap(), told);
    }
    assert_eq!(counted(&http, &cluster).await["queue_depth"], 0);
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
    let worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let next = submit(&http, &version(&cluster)).await;
    ended(&http, &next).await;
    assert!(!worker.process.logs().contains(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_again_takes_out_what_stayed_and_tells_the_workers_again() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("cancel-again").await.unwrap();
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let told = format!("kubently.v1.ctl.{cluster}.cancel.*");
    let mut told = client.subscribe(told).await.unwrap();
    client.flush().await.unwrap();
    let id = submit(&http, &version(&cluster)).await;
    let subject = only_subject(&world.hub.url(), &cluster).await;
    let broker = broker(world).await;
    let js = async_nats::jetstream::new(client);
    for _ in 0..2 {
        assert_eq!(cancel(&http, &id).await.json().unwrap()["cancelled"], true);
        let heard = tokio::time::timeout(SOON, told.next()).await.unwrap();
        assert!(heard.unwrap().subject.ends_with(&id));
        assert_eq!(broker.queue_depth(&subject.cluster).await.unwrap(), 0);
        // As where the hub did not take it out the first time.
        let stays = js.publish(subject.to_string(), "{}".into()).await;
        stays.unwrap().await.unwrap();
    }
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_stops_at_once_and_so_does_its_request() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("cancel-running").await.unwrap();
    let api = Hanging::start().await;
    let worker = world
        .worker_with(
            &cluster,
            "slow",
            api.kubeconfig(),
            &[("KUBENTLY_SLOTS", "1")],
        )
        .await
        .unwrap();
    // What the worker itself asks of its API server goes on; what this command asks ends.
    let caller = wait_for(&http, &get(&cluster, &["pods"]));
    let id = only_queued(&world.hub.url(), &cluster).await;
    running(&http, &id).await;
    let before = api.until(|seen| seen.asked > 0).await;
    let began = Instant::now();
    assert_eq!(cancel(&http, &id).await.json().unwrap()["cancelled"], true);
    tokio::time::timeout(AT_ONCE, api.until(|seen| seen.closed > before.closed))
        .await
        .unwrap();
    let waited = caller.await.unwrap().unwrap();
    assert_eq!(waited.json().unwrap()["status"], "cancelled");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    // Its one slot is free again, and the queue is empty.
    let next = submit(&http, &version(&cluster)).await;
    assert_eq!(ended(&http, &next).await["status"], "completed");
    drops_a_result(&worker, SOON).await;
    assert_eq!(
        job(&http, &id).await.unwrap()["reason"],
        "cancelled_by_user"
    );
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_stops_with_its_session_and_so_does_its_request() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("session-running").await.unwrap();
    let api = Hanging::start().await;
    let worker = world.worker_with(&cluster, "slow", api.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    let wanted = serde_json::json!({ "cluster_id": cluster });
    let session = http.json(Method::POST, "/v1/sessions", &wanted).await;
    let session = session.unwrap().json().unwrap();
    let session = session["session_id"].as_str().unwrap();
    let mut body = get(&cluster, &["pods"]);
    body["session_id"] = session.into();
    let id = submit(&http, &body).await;
    running(&http, &id).await;
    let before = api.until(|seen| seen.asked > 0).await;
    let path = format!("/v1/sessions/{session}");
    let over = http.send(Method::DELETE, &path, &[], "").await.unwrap();
    assert_eq!(over.status, 200, "{}", over.text());
    tokio::time::timeout(SOON, api.until(|seen| seen.closed > before.closed))
        .await
        .unwrap();
    let job = job(&http, &id).await.unwrap();
    assert_eq!(
        (&job["status"], &job["reason"]),
        (&"cancelled".into(), &"session_ended".into())
    );
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_has_ended_is_not_cancelled_any_more() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let id = submit(&http, &version(&world.cluster_id)).await;
    let before = ended(&http, &id).await;
    let told = cancel(&http, &id).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let mut told = told.json().unwrap();
    assert_eq!(told["cancelled"].take(), false, "{told}");
    assert_eq!(told["status"], "completed", "{told}");
    assert_eq!(told["output"], before["output"], "{told}");
    let unknown = cancel(&http, "0199b6a0-5c1e-7d3a-8f00-1234567890ab").await;
    problem(&unknown, 404, "job_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_with_completion_leaves_one_end_that_both_are_told() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let mut won = [0, 0];
    for _ in 0..40 {
        let id = submit(&http, &version(&world.cluster_id)).await;
        let told = cancel(&http, &id).await.json().unwrap();
        let after = job(&http, &id).await.unwrap();
        assert_eq!(told["status"], after["status"], "{told} {after}");
        let cancelled = told["cancelled"] == true;
        assert_eq!(cancelled, after["status"] == "cancelled", "{told}");
        won[usize::from(cancelled)] += 1;
        assert_eq!(results(&world.hub.url(), &world.cluster_id, &id).await, 1);
    }
    assert_eq!(won.iter().sum::<i32>(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unfinished_jobs_of_a_session_a_key_or_a_user_end_together() {
    let hub = hub().await;
    let owner: kubently_core::id::UserId = Uuid::new_v4().to_string().parse().unwrap();
    let session = Uuid::new_v4().to_string();
    let mut records = Vec::new();
    for number in 0..300 {
        let mut envelope = envelope(&hub.cluster, 1);
        if number % 3 == 0 {
            envelope.session_id = Some(session.parse().unwrap());
        }
        let record = record(&envelope);
        hub.broker.create_job(owner, &record).await.unwrap();
        hub.broker.publish_command(&envelope).await.unwrap();
        records.push(record);
    }
    // One of the session has ended before, and somebody else's is left alone.
    let (_, done) = result(&records[0].envelope, b"out\n");
    let reply = records[0].subject.reply();
    hub.broker.store_result(&reply, &done).await.unwrap();
    let foreign = record(&envelope(&hub.cluster, 1));
    let stranger = Uuid::new_v4().to_string().parse().unwrap();
    hub.broker.create_job(stranger, &foreign).await.unwrap();
    hub.broker.publish_command(&foreign.envelope).await.unwrap();

    let now = chrono::Utc::now().into();
    let cancel = async |scope| hub.broker.cancel_jobs(owner, scope, now).await.unwrap();
    let of_session = CancelScope::Session(session.parse().unwrap());
    assert_eq!(cancel(of_session).await, 99);
    assert_eq!(cancel(CancelScope::Key(records[1].key_id)).await, 1);
    assert_eq!(cancel(CancelScope::User).await, 199);
    for (number, record) in records.iter().enumerate() {
        let result = hub.broker.result(&record.subject.reply()).await;
        let reason = result.unwrap().unwrap().reason;
        let expected = match number {
            0 => None,
            1 => Some(Reason::KeyRevoked),
            _ if number % 3 == 0 => Some(Reason::SessionEnded),
            _ => Some(Reason::UserDeactivated),
        };
        assert_eq!(reason, expected, "{number}");
    }
    // The finished one's command is its worker's to acknowledge.
    assert_eq!(hub.broker.queue_depth(&hub.cluster).await.unwrap(), 2);
    let untouched = hub.broker.result(&foreign.subject.reply()).await.unwrap();
    assert_eq!(untouched, None);
}
