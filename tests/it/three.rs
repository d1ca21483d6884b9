//! A hub of three servers, by the configuration that ships: every stream on all three, and one may go.

use std::time::Duration;

use async_nats::jetstream;
use futures::TryStreamExt as _;
use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::wait::{self, Probe};
use serde_json::json;

use crate::isolation::connect;
use crate::shipped::{gateway, lists_namespaces, worker};

/// How long a hub may take to choose new leaders and a client to find them.
const SETTLED: Duration = Duration::from_secs(60);

/// Until a command is answered again; then every one is.
async fn answers_again(http: &Http) {
    let body = json!({"cluster_id": "a", "command_type": "get", "args": ["namespaces"]});
    wait::until("an answer", SETTLED, async || {
        let answer = http
            .post_command(&body, &[("prefer", "wait=10")])
            .await
            .unwrap();
        let text = answer.text();
        Probe::when(answer.status == 200 && text.contains("kube-system"), text)
    })
    .await
    .unwrap();
    lists_namespaces(http, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_keep_every_stream_and_any_one_may_go() {
    let mut hub = Hub::three().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let js = jetstream::new(connect(&hub, "hub").await);
    let streams: Vec<_> = js.streams().try_collect().await.unwrap();
    assert!(streams.len() >= 5, "{}", streams.len());
    for stream in &streams {
        assert_eq!(stream.config.num_replicas, 3, "{}", stream.config.name);
    }
    let (gateway, key) = gateway(&hub).await;
    let http = gateway.http(Some(&key)).unwrap();
    let _worker = worker(&hub, "a", "w").await;
    lists_namespaces(&http, "a").await;
    for number in 0..3 {
        hub.stop(number).await.unwrap();
        answers_again(&http).await;
        hub.start_again(number).await.unwrap();
    }
    hub.kill(0);
    answers_again(&http).await;
    hub.start_again(0).await.unwrap();
    answers_again(&http).await;
}
