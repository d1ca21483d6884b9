//! How many unfinished jobs a user may have.

use futures::StreamExt as _;
use http::Method;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway};

use crate::door::problem;
use crate::jobs::{id_of, version};

const MOST: usize = 1_000;

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
    body["queue_timeout_seconds"] = 600.into();
    let at_once = [("prefer", "respond-async")];
    let accepted = futures::stream::iter(0..MOST)
        .map(|_| async { http.post_command(&body, &at_once).await.unwrap() })
        .buffer_unordered(32);
    let accepted: Vec<_> = accepted.collect().await;
    assert!(accepted.iter().all(|answer| answer.status == 202));
    let refused = http.post_command(&body, &at_once).await.unwrap();
    problem(&refused, 429, "quota");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let client = async_nats::connect(hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    for stream in ["KV_kubently_jobs", "KUBENTLY_CMD_quota"] {
        let mut stream = js.get_stream(stream).await.unwrap();
        let kept = stream.info().await.unwrap().state.messages;
        assert_eq!(kept, MOST as u64);
    }
    // Another user is not meant, and one that ends makes room.
    let stranger = http.with_key(Some(&other));
    let answer = stranger.post_command(&body, &at_once).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = format!("/v1/jobs/{}/cancel", id_of(&accepted[0]));
    let cancelled = http.send(Method::POST, &path, &[], "").await.unwrap();
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    let answer = http.post_command(&body, &at_once).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
}
