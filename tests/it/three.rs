//! A hub of three servers, by the configuration that ships: every stream on all three, and one may go.

use std::time::Duration;

use async_nats::jetstream;
use futures::TryStreamExt as _;
use kubently_tests::cluster::Cluster;
use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::wait::{self, Probe};
use serde_json::json;

use crate::isolation::connect;
use crate::jobs;
use crate::shipped::{borrowed, gateway, lists_namespaces, worker};
use crate::slow_api::Gate;

/// How long a hub may take to choose new leaders and a client to find them.
const SETTLED: Duration = Duration::from_secs(120);

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

/// The server that leads a stream now.
pub(crate) async fn leader(js: &jetstream::Context, stream: &str) -> usize {
    let leader = wait::until("a leader", SETTLED, async || {
        let info = match js.get_stream(stream).await {
            Ok(stream) => stream.cached_info().cluster.clone(),
            Err(error) => return Probe::NotYet(error.to_string()),
        };
        match info.and_then(|cluster| cluster.leader) {
            Some(leader) => Probe::Ready(leader),
            None => Probe::NotYet("none".to_owned()),
        }
    });
    let leader = leader.await.unwrap();
    leader.strip_prefix("hub-").unwrap().parse().unwrap()
}

/// The job of this answer once it has ended, by whoever can be asked.
async fn ended_once(js: &jetstream::Context, http: &Http, id: &str) {
    let job = jobs::ended(http, id).await;
    // An election and a restart may take longer than a command may run.
    let is_as_told = job["status"] == "completed" || job["reason"] == "timeout";
    assert!(is_as_told, "{job}");
    let filter = format!("kubently.v1.reply.a.*.{id}.result");
    wait::until("one result", SETTLED, async || {
        let results = async {
            let stream = js.get_stream("KUBENTLY_REPLY_a").await.ok()?;
            let found = stream.info_with_subjects(filter.as_str()).await.ok()?;
            found.try_collect::<Vec<_>>().await.ok()
        };
        match results.await {
            Some(found) => {
                let count: usize = found.iter().map(|(_, count)| count).sum();
                Probe::when(count == 1, format!("{count} results"))
            }
            None => Probe::NotYet("not answered".to_owned()),
        }
    })
    .await
    .unwrap();
}

/// Until nothing of a cluster is queued or without an ack.
pub(crate) async fn drained(js: &jetstream::Context, cluster: &str) {
    wait::until("an empty queue", SETTLED, async || {
        let Ok(stream) = js.get_stream(format!("KUBENTLY_CMD_{cluster}")).await else {
            return Probe::NotYet("no answer".to_owned());
        };
        let messages = stream.cached_info().state.messages;
        let Ok(info) = stream.consumer_info("normal").await else {
            return Probe::NotYet("no consumer".to_owned());
        };
        let left = (messages, info.num_pending, info.num_ack_pending);
        Probe::when(left == (0, 0, 0), format!("{left:?}"))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_start_together_on_a_new_hub_are_both_ready() {
    let hub = Hub::three().await.unwrap();
    let settings = hub.settings("hub");
    let settings = borrowed(&settings);
    let (key, url) = (product::new_key(), hub.url());
    let keys = [key.as_str()];
    let both = tokio::join!(
        Gateway::launch(&url, &keys, &settings),
        Gateway::launch(&url, &keys, &settings),
    );
    for gateway in [both.0.unwrap(), both.1.unwrap()] {
        let admin = Http::new(&gateway.process.admin_url(), None).unwrap();
        wait::until("a gateway's readiness", SETTLED, async || {
            match admin.get("/readyz").await {
                Ok(answer) => Probe::when(answer.status == 200, answer.text()),
                Err(error) => Probe::NotYet(format!("{error:#}; {}", gateway.process.logs())),
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_dies_in_any_step_of_a_job_changes_no_end() {
    let mut hub = Hub::three().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let (gateway, key) = gateway(&hub).await;
    let http = gateway.http(Some(&key)).unwrap();
    let gate = Gate::before(Cluster::shared().await.unwrap()).await;
    let settings = hub.settings("cluster-a");
    let settings: Vec<_> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let url = hub.url();
    let launched = Worker::launch(&url, "a", "w", gate.kubeconfig(), &settings);
    let js = jetstream::new(connect(&hub, "hub").await);
    let mut body = jobs::get("a", &["namespaces", "-o", "name"]);
    // Longer than all the elections and restarts that come before its run.
    body["queue_timeout_seconds"] = 600.into();

    // Submit: the queue has no leader when the command comes.
    let queue = leader(&js, "KUBENTLY_CMD_a").await;
    hub.kill(queue);
    let key_of_it = [("idempotency-key", "one"), ("prefer", "respond-async")];
    let accepted = async || {
        let accepted = wait::until("an accepted command", SETTLED, async || {
            match http.post_command(&body, &key_of_it).await {
                Ok(answer) if matches!(answer.status, 200 | 202) => Probe::Ready(answer),
                Ok(answer) => Probe::NotYet(answer.text()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        });
        jobs::id_of(&accepted.await.unwrap())
    };
    let first = accepted().await;
    hub.start_again(queue).await.unwrap();

    // Queued: the leader of the queue dies while the command waits in it.
    let queue = leader(&js, "KUBENTLY_CMD_a").await;
    hub.kill(queue);
    leader(&js, "KUBENTLY_CMD_a").await;
    hub.start_again(queue).await.unwrap();

    // Running: the queue's leader dies, and with it the consumer's, while the worker has the command.
    let mut worker = launched.await.unwrap();
    worker.process.ready().await.unwrap();
    jobs::running(&http, &first).await;
    let queue = leader(&js, "KUBENTLY_CMD_a").await;
    hub.kill(queue);
    leader(&js, "KUBENTLY_CMD_a").await;
    hub.start_again(queue).await.unwrap();

    // Result: the leader of the replies dies, and the result comes before there is another.
    let replies = leader(&js, "KUBENTLY_REPLY_a").await;
    hub.kill(replies);
    gate.open();
    ended_once(&js, &http, &first).await;
    drained(&js, "a").await;
    hub.start_again(replies).await.unwrap();
    assert_eq!(accepted().await, first);
    answers_again(&http).await;
}
