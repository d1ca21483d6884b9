//! A command that is sent again under its `Idempotency-Key` is the same job.

use kubently_broker::Claim;
use kubently_core::idempotency::{Submission, fingerprint};
use kubently_core::request::ExecuteCommandRequest;
use kubently_core::subject::CommandSubject;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::{self, Gateway};
use kubently_tests::world::World;
use serde_json::Value;
use uuid::Uuid;

use crate::door::problem;
use crate::jobs::{ended, get, id_of, only_queued, results, running, version};
use crate::odd_workers::broker;
use crate::slow_api::Gate;

async fn send(http: &Http, body: &Value, key: &str, prefer: &str) -> Answer {
    let headers = [("idempotency-key", key), ("prefer", prefer)];
    http.post_command(body, &headers).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_on_another_gateway_is_the_same_job_queued_running_and_done() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    let cluster = world.cluster("replayed").await.unwrap();
    let (body, key) = (get(&cluster, &["namespaces", "-o", "name"]), "order-7");
    let first = send(&http, &body, key, "respond-async").await;
    assert_eq!(first.status, 202, "{}", first.text());
    assert_eq!(first.header("idempotency-replayed"), "");
    let id = id_of(&first);
    let replay = async |http: &Http, prefer: &str| {
        let answer = send(http, &body, key, prefer).await;
        assert_eq!(answer.header("idempotency-replayed"), "true");
        assert_eq!(id_of(&answer), id);
        answer
    };
    for http in [&http, &other] {
        assert_eq!(replay(http, "respond-async").await.status, 202);
    }
    assert_eq!(only_queued(&world.hub.url(), &cluster).await, id);

    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "slow", gate.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    running(&http, &id).await;
    let answer = replay(&other, "respond-async").await;
    assert_eq!(answer.json().unwrap()["status"], "running");
    gate.open();
    let waited = replay(&other, "wait=20").await;
    assert_eq!(waited.status, 200, "{}", waited.text());
    let done = ended(&http, &id).await;
    assert_eq!(done["attempt"], 1, "{done}");
    assert_eq!(replay(&http, "respond-async").await.json().unwrap(), done);
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_command_of_one_user() {
    let world = World::shared().await.unwrap();
    let other = product::new_key();
    let keys = [world.key.as_str(), &other];
    let gateway = Gateway::start(&world.hub.url(), &keys, &[]).await.unwrap();
    let http = gateway.http(Some(&world.key)).unwrap();
    let body = version(&world.cluster_id);
    let first = send(&http, &body, "mine", "wait=20").await;
    assert_eq!(first.status, 200, "{}", first.text());
    let mut another = body.clone();
    another["priority"] = 2.into();
    let refused = send(&http, &another, "mine", "wait=20").await;
    problem(&refused, 422, "idempotency_key_reused");
    let stranger = http.with_key(Some(&other));
    let theirs = send(&stranger, &another, "mine", "wait=20").await;
    assert_eq!(theirs.status, 200, "{}", theirs.text());
    assert_ne!(id_of(&theirs), id_of(&first));
    for key in ["", "a b", &"x".repeat(256)] {
        let refused = send(&http, &body, key, "wait=20").await;
        problem(&refused, 422, "bad_idempotency_key");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let refused = http.post_command(&body, &twice).await.unwrap();
    problem(&refused, 422, "bad_idempotency_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_requests_at_once_are_one_job_and_both_are_accepted() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    let cluster = world.cluster("at-once").await.unwrap();
    for number in 0..40 {
        let (body, key) = (version(&cluster), format!("twins-{number}"));
        let (one, two) = tokio::join!(
            send(&http, &body, &key, "respond-async"),
            send(&other, &body, &key, "respond-async"),
        );
        for answer in [&one, &two] {
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
        assert_eq!(id_of(&one), id_of(&two));
    }
    let (broker, cluster) = (broker(world).await, cluster.parse().unwrap());
    assert_eq!(broker.queue_depth(&cluster).await.unwrap(), 40);
}

/// The gateway that got it first wrote nothing but the key, and nobody asked again in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_past_its_deadline_leads_to_a_job() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let known = send(&http, &version(&world.cluster_id), "known-too", "wait=20").await;
    let known = known.json().unwrap();
    let user = known["user_id"].as_str().unwrap().parse().unwrap();
    let body = version(&world.cluster_id);
    let request = ExecuteCommandRequest::from_json(body.to_string().as_bytes()).unwrap();
    let (cluster, id) = (&world.cluster_id, Uuid::now_v7());
    let subject = format!("kubently.v1.cmd.{cluster}.normal.gw-0000dead.{id}");
    let submission = Submission {
        subject: subject.parse().unwrap(),
        queued_at: (chrono::Utc::now() - chrono::TimeDelta::hours(1)).into(),
        fingerprint: fingerprint(&request),
    };
    let broker = broker(world).await;
    let key = "too-late".parse().unwrap();
    let claim = broker.claim_key(user, &key, &submission);
    assert!(matches!(claim.await.unwrap(), Claim::First(_)));
    let late = send(&http, &body, "too-late", "wait=20").await;
    assert_eq!(late.status, 200, "{}", late.text());
    assert_eq!(late.json().unwrap()["reason"], "queue_timeout");
    let found = http.get(&format!("/v1/jobs/{id}")).await.unwrap();
    assert_eq!(found.status, 200, "{}", found.text());
    assert_eq!(found.json().unwrap(), late.json().unwrap());
}

/// The gateway that got it first died between its two writes, or its publish was never answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_publishes_what_the_first_request_did_not() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let known = send(&http, &version(&world.cluster_id), "known", "wait=20").await;
    let user = known.json().unwrap()["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let cluster = world.cluster("broken-off").await.unwrap();
    let body = version(&cluster);
    let request = ExecuteCommandRequest::from_json(body.to_string().as_bytes()).unwrap();
    let id = Uuid::now_v7();
    let subject: CommandSubject = format!("kubently.v1.cmd.{cluster}.normal.gw-0000dead.{id}")
        .parse()
        .unwrap();
    let submission = Submission {
        subject: subject.clone(),
        queued_at: chrono::Utc::now().into(),
        fingerprint: fingerprint(&request),
    };
    let broker = broker(world).await;
    let key = "broken-off".parse().unwrap();
    let claim = broker.claim_key(user.parse().unwrap(), &key, &submission);
    assert!(matches!(claim.await.unwrap(), Claim::First(_)));
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    let sent = [&http, &other, &http].map(|http| send(http, &body, "broken-off", "respond-async"));
    for answer in futures::future::join_all(sent).await {
        assert_eq!(answer.status, 202, "{}", answer.text());
        assert_eq!(answer.header("idempotency-replayed"), "true");
        assert_eq!(id_of(&answer), id.to_string());
    }
    assert_eq!(
        only_queued(&world.hub.url(), &cluster).await,
        id.to_string()
    );
    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    // It is waited for on a gateway that is not its origin's.
    let done = send(&other, &body, "broken-off", "wait=20").await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json().unwrap()["attempt"], 1);
    let result = broker.result(&subject.reply()).await.unwrap().unwrap();
    assert!(result.success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_answered_after_its_session_has_ended() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    let cluster = world.cluster("over").await.unwrap();
    let wanted = serde_json::json!({ "cluster_id": cluster });
    let session = http.json(http::Method::POST, "/v1/sessions", &wanted).await;
    let session = session.unwrap().json().unwrap();
    let session = session["session_id"].as_str().unwrap();
    let mut body = version(&cluster);
    body["session_id"] = session.into();
    let waiting = id_of(&send(&http, &body, "waits", "respond-async").await);
    let worker = world.worker(&cluster, "w", &[]).await.unwrap();
    let done = send(&http, &body, "done", "wait=20").await;
    assert_eq!(done.status, 200, "{}", done.text());
    ended(&http, &waiting).await;
    drop(worker);
    let cancelled = id_of(&send(&http, &body, "cancelled", "respond-async").await);
    let path = format!("/v1/sessions/{session}");
    let over = http
        .send(http::Method::DELETE, &path, &[], "")
        .await
        .unwrap();
    assert_eq!(over.status, 200, "{}", over.text());
    for http in [&http, &other] {
        for (key, id) in [
            ("waits", waiting.clone()),
            ("done", id_of(&done)),
            ("cancelled", cancelled.clone()),
        ] {
            let answer = send(http, &body, key, "wait=20").await;
            assert_eq!(answer.status, 200, "{key}: {}", answer.text());
            assert_eq!(answer.header("idempotency-replayed"), "true");
            assert_eq!(id_of(&answer), id);
        }
        let told = send(http, &body, "cancelled", "wait=20").await;
        assert_eq!(told.json().unwrap()["reason"], "session_ended");
        // Nothing new is let in: neither under a key of its own, nor as another command under a known one.
        let refused = send(http, &body, "new", "wait=20").await;
        problem(&refused, 409, "session_ended");
        let mut changed = body.clone();
        changed["priority"] = 2.into();
        let refused = send(http, &changed, "done", "wait=20").await;
        problem(&refused, 409, "session_ended");
    }
}
