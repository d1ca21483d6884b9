//! As many commands as a queue holds, submitted over HTTP for a cluster that is away: the gateway keeps none of
//! them, the hub keeps all of them over its own death, and a worker that comes works them off in their order.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kubently_tests::load;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway};
use kubently_tests::proxy::{Proxy, Trap};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use kubently_tests::{say, usage};
use serde_json::{Value, json};

use crate::door::problem;
use crate::jobs::version;
use crate::links::nothing_is_left;
use crate::offline::ids;

/// What a queue holds.
const COMMANDS: usize = 10_000;
/// A user has at most 1,000 unfinished jobs on a gateway.
const USERS: usize = 10;
const IN_FLIGHT: usize = 64;
/// The gateway may grow by so many bytes.
const GROWTH: u64 = 10 << 20;
/// A worker runs 64 at once: a command may be passed by those that began with it and by as many after, and on a loaded
/// machine, where one of them is left standing, by some rounds more.
const PASSING: usize = 8 * 64;
const DRAINED: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(60);

fn command(cluster: &str) -> Value {
    json!({
        "cluster_id": cluster, "command_type": "version", "args": ["--client"],
        "queue_timeout_seconds": 3600,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_costs_the_gateway_nothing_and_is_worked_off_in_its_order() {
    let mut world = World::own().await.unwrap();
    let (hub, cluster) = (world.hub.url(), world.cluster("full").await.unwrap());
    let keys: Vec<String> = (0..=USERS).map(|_| product::new_key()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut gateway = Gateway::start(&hub, &keys, &[]).await.unwrap();
    let (pid, http) = (gateway.process.pid().unwrap(), gateway.http(None).unwrap());
    let body = serde_json::to_vec(&command(&cluster)).unwrap();
    let headers = [
        ("content-type", "application/json"),
        ("prefer", "respond-async"),
    ];
    let send = async |path: &str, user: usize| {
        let http = http.with_key(Some(keys[user]));
        http.send(::http::Method::POST, path, &headers, body.clone())
            .await
    };
    // Connections and buffers of the gateway, without a command behind them.
    let warm = async |number: usize| {
        let answer = send("/v1/commands?dry_run=true", number % USERS).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.text());
        Ok(())
    };
    load::round(COMMANDS / 4, IN_FLIGHT, warm).await.unwrap();
    let before = usage::resident(pid, usage::NOW).unwrap();
    let submit = async |number: usize| {
        let answer = send("/v1/commands", number % USERS).await?;
        anyhow::ensure!(answer.status == 202, "{}: {}", answer.status, answer.text());
        Ok(())
    };
    let half = COMMANDS / 2;
    let (_, first) = load::round(half, IN_FLIGHT, submit).await.unwrap();
    world.hub.kill();
    world.hub.restart().await.unwrap();
    gateway.process.ready().await.unwrap();
    let (_, second) = load::round(half, IN_FLIGHT, submit).await.unwrap();
    let one_more = send("/v1/commands", USERS).await.unwrap();
    problem(&one_more, 429, "queue_full");
    let grown = usage::resident(pid, usage::PEAK).unwrap() - before;

    let waiting = ids(&hub, &format!("KUBENTLY_CMD_{cluster}"), None).await;
    assert_eq!(waiting.len(), COMMANDS);
    let came = Instant::now();
    let _worker = world.worker(&cluster, "late", &[]).await.unwrap();
    let client = async_nats::connect(&hub).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let queue = js.get_stream(format!("KUBENTLY_CMD_{cluster}")).await;
    let mut queue = queue.unwrap();
    wait::until("an empty queue", DRAINED, async || {
        let left = queue.info().await.map(|info| info.state.messages);
        Probe::when(
            left.as_ref().is_ok_and(|left| *left == 0),
            format!("{left:?} are left"),
        )
    })
    .await
    .unwrap();
    let took = came.elapsed();
    nothing_is_left(&hub, &cluster).await;
    let answered = ids(&hub, &format!("KUBENTLY_REPLY_{cluster}"), Some("result")).await;
    assert_eq!(answered.len(), COMMANDS);
    let places: HashMap<&String, usize> = answered.iter().zip(0..).collect();
    let passed = waiting.iter().enumerate();
    let passed = passed.map(|(place, id)| places[id].abs_diff(place)).max();
    say::line(format_args!(
        "full queue: {COMMANDS} submitted in {} and {}, the gateway grew by {:.1} MiB, worked off in {}, at most {} passed",
        say::seconds(first),
        say::seconds(second),
        usage::mib(grown),
        say::seconds(took),
        passed.unwrap()
    ));
    assert!(passed.unwrap() <= PASSING, "{passed:?}");
    assert!(grown <= GROWTH, "{grown} bytes");
    assert!(!gateway.process.logs().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_429_and_the_refused_job_leaves_nothing_behind() {
    let hub = Nats::start().await.unwrap();
    product::cluster_add(&hub.url(), "full").await.unwrap();
    let user = product::new_key();
    let gateway = Gateway::start(&hub.url(), &[&user], &[]).await.unwrap();
    let http = gateway.http(Some(&user)).unwrap();
    let client = async_nats::connect(hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let fill = (0..COMMANDS).map(|number| {
        let subject = format!("kubently.v1.cmd.full.low.pub-ci.{number}");
        let js = js.clone();
        async move { js.publish(subject, "{}".into()).await?.await }
    });
    let mut filled = futures::stream::iter(fill).buffer_unordered(512);
    while let Some(stored) = filled.next().await {
        stored.unwrap();
    }
    let refused = http.post_command(&version("full"), &[]).await.unwrap();
    problem(&refused, 429, "queue_full");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    // Under a key as well, which stands for nothing then and is free for another try.
    let key = [("idempotency-key", "full"), ("prefer", "respond-async")];
    let refused = http.post_command(&version("full"), &key).await.unwrap();
    problem(&refused, 429, "queue_full");
    // Nor where another one finds the key taken by one who is about to be refused.
    let proxy = Proxy::before(&hub.url()).await.unwrap();
    let slow = Gateway::start(&proxy.url(), &[&user], &[]).await.unwrap();
    let slow = slow.http(Some(&user)).unwrap();
    proxy.set(Trap::Before("STREAM.MSG.DELETE.KV_kubently_jobs"));
    let body = version("full");
    let second = async {
        tokio::time::timeout(SOON, proxy.sprung()).await.unwrap();
        let refused = http.post_command(&body, &key).await;
        proxy.go_on();
        refused
    };
    let twins = tokio::join!(slow.post_command(&body, &key), second);
    for refused in [twins.0, twins.1] {
        problem(&refused.unwrap(), 429, "queue_full");
    }
    let mut jobs = js.get_stream("KV_kubently_jobs").await.unwrap();
    assert_eq!(jobs.info().await.unwrap().state.messages, 0);
    let queue = js.get_stream("KUBENTLY_CMD_full").await.unwrap();
    queue.delete_message(1).await.unwrap();
    let accepted = http.post_command(&version("full"), &key).await.unwrap();
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    assert_eq!(accepted.header("idempotency-replayed"), "");
}
