//! As many commands as a queue holds, submitted over HTTP for a cluster that is away: the gateway keeps none of
//! them, the hub keeps all of them over its own death, and a worker that comes works them off in their order.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kubently_tests::load;
use kubently_tests::product::{self, Gateway};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use kubently_tests::{say, usage};
use serde_json::{Value, json};

use crate::door::problem;
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
