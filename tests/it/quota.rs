//! How many unfinished jobs a user may have.

use std::time::Duration;

use async_nats::jetstream;
use futures::StreamExt as _;
use http::Method;
use kubently_broker::{Broker, Claim, HubConfig};
use kubently_core::idempotency::{Submission, fingerprint};
use kubently_core::request::ExecuteCommandRequest;
use kubently_tests::http::{Answer, Http};
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway};
use kubently_tests::wait::{self, Probe};
use serde_json::Value;
use uuid::Uuid;

use crate::door::problem;
use crate::jobs::{id_of, version};

const MOST: usize = 1_000;
const SOON: Duration = Duration::from_secs(60);

fn refused(answer: &Answer) {
    problem(answer, 429, "quota");
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
}

async fn under_key(http: &Http, body: &Value, key: &str) -> Answer {
    let headers = [("idempotency-key", key), ("prefer", "respond-async")];
    http.post_command(body, &headers).await.unwrap()
}

/// As many records and commands as there are jobs, and so many keys that stand for one.
async fn only_accepted_jobs_are_stored(js: &jetstream::Context, keys: usize) {
    for (stream, more) in [("KV_kubently_jobs", keys), ("KUBENTLY_CMD_quota", 0)] {
        let mut stream = js.get_stream(stream).await.unwrap();
        let kept = stream.info().await.unwrap().state.messages;
        assert_eq!(kept, (MOST + more) as u64);
    }
}

/// Writes a user's key as the gateway does that gets it first.
async fn claim(hub: &str, user: &str, body: &Value, key: &str) {
    let config = HubConfig {
        url: hub.to_owned(),
        name: "died".to_owned(),
        ..HubConfig::default()
    };
    let broker = Broker::connect(&config).await.unwrap();
    let request = ExecuteCommandRequest::from_json(body.to_string().as_bytes()).unwrap();
    let id = Uuid::now_v7();
    let subject = format!("kubently.v1.cmd.quota.normal.gw-0000dead.{id}");
    let submission = Submission {
        subject: subject.parse().unwrap(),
        queued_at: chrono::Utc::now().into(),
        fingerprint: fingerprint(&request),
    };
    let (user, key) = (user.parse().unwrap(), key.parse().unwrap());
    let claim = broker.claim_key(user, &key, &submission).await;
    assert!(matches!(claim.unwrap(), Claim::First(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_1001st_unfinished_job_is_429_and_stores_nothing() {
    let hub = Nats::start().await.unwrap();
    product::cluster_add(&hub.url(), "quota").await.unwrap();
    let (key, other) = (product::new_key(), product::new_key());
    let gateway = Gateway::start(&hub.url(), &[&key, &other], &[])
        .await
        .unwrap();
    let http = gateway.http(Some(&key)).unwrap();
    let mut body = version("quota");
    // All of them wait until the last has come.
    body["queue_timeout_seconds"] = 3600.into();
    let at_once = [("prefer", "respond-async")];
    let accepted = futures::stream::iter(0..MOST)
        .map(|_| async { http.post_command(&body, &at_once).await.unwrap() })
        .buffer_unordered(32);
    let accepted: Vec<_> = accepted.collect().await;
    assert!(accepted.iter().all(|answer| answer.status == 202));
    let js = jetstream::new(async_nats::connect(hub.url()).await.unwrap());
    refused(&http.post_command(&body, &at_once).await.unwrap());
    only_accepted_jobs_are_stored(&js, 0).await;
    refused(&under_key(&http, &body, "later").await);
    only_accepted_jobs_are_stored(&js, 0).await;
    // Nor as the replay of what a gateway that died had written a key for, and no more.
    let user = accepted[0].json().unwrap()["user_id"].clone();
    claim(&hub.url(), user.as_str().unwrap(), &body, "broken-off").await;
    refused(&under_key(&http, &body, "broken-off").await);
    only_accepted_jobs_are_stored(&js, 1).await;
    // Another user is not meant, and one that ends makes room.
    let stranger = http.with_key(Some(&other));
    let answer = stranger.post_command(&body, &at_once).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = format!("/v1/jobs/{}/cancel", id_of(&accepted[0]));
    let cancelled = http.send(Method::POST, &path, &[], "").await.unwrap();
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    // The key that was refused stands for a new job then, and from then on for this one.
    let new = wait::until("room for one more", SOON, async || {
        let answer = under_key(&http, &body, "later").await;
        if answer.status == 429 {
            return Probe::NotYet(answer.text());
        }
        Probe::Ready(answer)
    })
    .await
    .unwrap();
    assert_eq!(new.status, 202, "{}", new.text());
    assert_eq!(new.header("idempotency-replayed"), "");
    let id = id_of(&new);
    assert!(accepted.iter().all(|answer| id_of(answer) != id));
    let again = under_key(&http, &body, "later").await;
    assert_eq!(again.status, 202, "{}", again.text());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(id_of(&again), id);
    refused(&under_key(&http, &body, "never").await);
}
