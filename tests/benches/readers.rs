//! Two thousand open event streams on one gateway, each of a waiting job of its own: what a reader takes of the
//! gateway's memory, and what all of them add to the round trips of others. Rounds with and without them
//! alternate in one run. `KUBENTLY_BENCH_DIVIDE=20` makes a short run that only shows that it works.

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::{Events, Http};
use kubently_tests::load::{self, count};
use kubently_tests::product::{self, Gateway};
use kubently_tests::usage;
use kubently_tests::world::World;
use serde_json::{Value, json};

const READERS: usize = 2_000;
/// A user has at most 1,000 unfinished jobs on a gateway.
const A_USER: usize = 1_000;
const ROUNDS: usize = 4;
const CALLS: usize = 1_500;
/// Round trips under way at a time.
const IN_FLIGHT: usize = 4;
/// Streams that are opened at a time.
const AT_ONCE: usize = 32;
/// A connection of each reader at both ends, and the rest.
const FILES: u64 = 8_192;

#[tokio::main]
async fn main() -> Result<()> {
    usage::open_files(FILES)?;
    let world = World::own().await?;
    let away = world.cluster("away").await?;
    let readers = count(READERS)?;
    let owners: Vec<_> = (0..readers.div_ceil(A_USER))
        .map(|_| product::new_key())
        .collect();
    let keys: Vec<&str> = owners
        .iter()
        .chain([&world.key])
        .map(String::as_str)
        .collect();
    let gateway = Gateway::start(&world.hub.url(), &keys, &[]).await?;
    let pid = gateway.process.pid().context("the gateway has ended")?;
    let http = gateway.http(Some(&world.key))?;
    let body = world.command("version", &["--client"]);
    let calls = count(CALLS)?;

    // Connections and caches, the largest answers among them, which do not count.
    load::commands(&http, &body, calls, IN_FLIGHT).await?;
    let jobs = queued(&gateway, &owners, &away, readers).await?;
    let (mut without, mut with) = (Times::default(), Times::default());
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        let (each, wall) = load::commands(&http, &body, calls, IN_FLIGHT).await?;
        without.add(each, wall);
        let before = usage::resident(pid, usage::NOW)?;
        let open = open(&gateway, &jobs).await?;
        let (each, wall) = load::commands(&http, &body, calls, IN_FLIGHT).await?;
        with.add(each, wall);
        taken.push(usage::resident(pid, usage::NOW)?.saturating_sub(before));
        ensure!(open.len() == readers, "{} are open", open.len());
    }
    print(format_args!("round trip, no reader         {without}"));
    print(format_args!("round trip, {readers:>5} readers     {with}"));
    let added = with
        .percentile(0.99)
        .saturating_sub(without.percentile(0.99));
    print(format_args!("added to p99: {added:?}"));
    // What one round leaves, the next one finds: the first is the one that takes it from the system.
    let most = taken.into_iter().max().unwrap_or_default();
    let kib = usage::mib(most) * 1024.0 / f64::from(u32::try_from(readers)?);
    figure("readers_memory_kib_each", kib, Bound::AtMost, 64.0);
    let ratio = with.percentile_of(0.99, &without);
    figure("readers_round_trip_p99_of_none", ratio, Bound::AtMost, 1.5);
    Ok(())
}

/// Jobs of these owners that wait for a cluster that is away: each one's id and its owner's key.
async fn queued<'a>(
    gateway: &Gateway,
    owners: &'a [String],
    away: &str,
    count: usize,
) -> Result<Vec<(String, &'a str)>> {
    let http = gateway.http(None)?;
    let body = json!({
        "cluster_id": away, "command_type": "version", "args": ["--client"], "queue_timeout_seconds": 3600,
    });
    let (http, body) = (&http, &body);
    let jobs = (0..count).zip(owners.iter().cycle());
    futures::stream::iter(jobs)
        .map(|(_, key)| async move {
            let http: Http = http.with_key(Some(key));
            let answer = http
                .post_command(body, &[("prefer", "respond-async")])
                .await?;
            let job = answer.json()?;
            let id = job.get("id").and_then(Value::as_str);
            let id = id.with_context(|| format!("no id: {job}"))?;
            Ok::<_, anyhow::Error>((id.to_owned(), key.as_str()))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// A stream of each job's events, on a connection of its own.
async fn open(gateway: &Gateway, jobs: &[(String, &str)]) -> Result<Vec<Events>> {
    let http = gateway.http(None)?;
    let http = &http;
    futures::stream::iter(jobs)
        .map(|(job, key)| async move {
            let http = http.with_key(Some(key));
            let events = http.events(&format!("/v1/jobs/{job}/events"), &[]).await?;
            ensure!(events.status == 200, "{}", events.status);
            Ok(events)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
