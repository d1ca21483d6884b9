//! The long run: mixed commands while hub, gateways and workers are killed with -9 at random moments. What
//! every caller was told is kept, and checked afterwards together with what the hub keeps.
//!
//! `KUBENTLY_SOAK_SEED` repeats a run's commands and faults (their interleaving is the machine's). The
//! feature `soak` makes it 10,000 jobs long, and then judges the memory of the parts that nobody kills.

pub(crate) mod client;
mod faults;
mod memory;
mod parts;
mod plan;
mod publisher;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use kubently_tests::say;
use tokio::sync::watch;

use self::client::{Client, Gateways};
use self::faults::Pace;
use self::memory::Memory;
use self::parts::{FAST, Parts, SLOW};
use self::plan::{How, Planned};
use self::publisher::Publisher;
use crate::history::{self, Asked, History, Told};

/// How long the run is.
struct Scale {
    jobs: usize,
    /// A new job each time this has passed.
    every: Duration,
    pace: Pace,
    /// Until memory is looked at in earnest.
    warm_up: Duration,
    /// MiB in ten minutes that a part which nobody kills may grow by.
    growth: f64,
}

const SHORT: Scale = Scale {
    jobs: 2_400,
    every: Duration::from_millis(60),
    pace: Pace {
        away: 1_500,
        whole: 2_500,
    },
    warm_up: Duration::from_secs(20),
    // A short line tells little: only what would fill a machine within the hour is a failure here.
    growth: 400.0,
};
const LONG: Scale = Scale {
    jobs: 10_000,
    every: Duration::from_millis(100),
    pace: Pace {
        away: 3_000,
        whole: 10_000,
    },
    warm_up: Duration::from_secs(240),
    growth: 1.0,
};
/// Jobs that are under way at a time.
const AT_A_TIME: usize = 300;
/// No caller is kept longer than a command may live, whoever dies, with time for a loaded machine.
const KEPT: Duration = Duration::from_secs(75);
const LOOK: Duration = Duration::from_secs(2);

fn seed() -> u64 {
    match std::env::var("KUBENTLY_SOAK_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => fastrand::u64(..),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_job_ends_once_whatever_is_killed() {
    let scale = if cfg!(feature = "soak") { LONG } else { SHORT };
    let seed = seed();
    say::line(format_args!("soak: KUBENTLY_SOAK_SEED={seed}"));
    let run = run(&scale, seed);
    let run = std::panic::AssertUnwindSafe(run).catch_unwind().await;
    assert!(run.is_ok(), "KUBENTLY_SOAK_SEED={seed} failed");
}

async fn run(scale: &Scale, seed: u64) {
    let began = Instant::now();
    let mut rng = Rng::with_seed(seed);
    let mut parts = Parts::start().await.unwrap();
    let history = Arc::new(History::default());
    let hub = parts.hub.url();
    let publisher = Publisher::connect(&hub, Arc::clone(&history)).await;
    let gateways = Gateways::new(RwLock::new(parts.clients().unwrap()));
    let pids = [&parts.steady.0.process, &parts.steady.1.process].map(|it| it.pid().unwrap());
    let planned: Vec<_> = (0..scale.jobs)
        .map(|number| plan::command(number, &mut rng))
        .collect();
    let (end, over) = watch::channel(false);
    let load = async {
        let mut under_way = FuturesUnordered::new();
        let mut clock = tokio::time::interval(scale.every);
        for planned in &planned {
            loop {
                tokio::select! {
                    Some(()) = under_way.next() => {}
                    _ = clock.tick(), if under_way.len() < AT_A_TIME => break,
                }
            }
            let client = Client::new(&history, &gateways, planned.gateway);
            under_way.push(perform(planned, client, &publisher));
        }
        while under_way.next().await.is_some() {}
        end.send_replace(true);
    };
    let remember = async {
        let mut memory = [Memory::new(), Memory::new()];
        let (mut over, mut clock) = (over.clone(), tokio::time::interval(LOOK));
        loop {
            tokio::select! {
                _ = over.wait_for(|over| *over) => return memory,
                _ = clock.tick() => {}
            }
            for (memory, pid) in memory.iter_mut().zip(pids) {
                memory.look(pid);
            }
        }
    };
    let torment = faults::torment(&mut parts, &mut rng, scale.pace, over.clone());
    let ((), memory, killed) = tokio::join!(load, remember, torment);
    let loaded = began.elapsed();
    parts.check().unwrap();

    settle(&hub, &Client::new(&history, &gateways, 0)).await;
    publisher.tell().await;
    let kept = history::audit(&hub, &[FAST, SLOW]).await;
    let calls = history.calls();
    let broken = history::check(&calls, &kept);
    let slowest = calls.iter().max_by_key(|call| call.took).unwrap();
    let growth = memory.each_ref().map(|it| it.slope(scale.warm_up));
    say::line(summary(&calls, &kept));
    say::line(format_args!(
        "soak: killed {killed:?}; loaded for {}, the longest call {}, all in {}",
        say::seconds(loaded),
        say::seconds(slowest.took),
        say::seconds(began.elapsed())
    ));
    for (name, (memory, growth)) in ["gateway", "worker"].iter().zip(memory.iter().zip(growth)) {
        say::line(format_args!(
            "soak: {name}: {:.1} MiB, {growth:+.2} MiB in 10 minutes after warm-up",
            memory.last()
        ));
    }
    assert!(
        broken.is_empty(),
        "{} rules broken: {broken:#?}",
        broken.len()
    );
    assert!(slowest.took < KEPT, "a caller was kept: {slowest:?}");
    assert!(killed.len() == 3, "every kind is killed: {killed:?}");
    assert!(growth.iter().all(|it| *it < scale.growth), "{growth:?}");
}

/// What one caller does about one command.
async fn perform(planned: &Planned, client: Client, publisher: &Publisher) {
    let Planned {
        mark,
        body,
        expects,
        how,
        ..
    } = planned;
    let asked = Asked::Submit {
        mark: mark.clone(),
        expects: expects.clone(),
    };
    let prefer = match how {
        How::Wait => "wait=20",
        _ => "respond-async",
    };
    let told = match how {
        How::Publish => return publisher.publish(body).await,
        How::Stream => client.stream(asked, body, &[], 0).await,
        How::Replay => {
            let headers = [("idempotency-key", mark.as_str()), ("prefer", prefer)];
            client.until_accepted(&asked, body, &headers).await
        }
        _ => client.submit(asked, body, &[("prefer", prefer)]).await,
    };
    if *how == How::Invalid {
        assert!(!matches!(told, Told::Job { .. }), "{body} was accepted");
        return;
    }
    if let Told::Refused(why) = told {
        panic!("{body} was refused: {why}");
    }
    let Told::Job { job, .. } = told else {
        return;
    };
    match how {
        How::Follow => {
            client.turn();
            client.follow(&job, 1).await;
        }
        How::Cancel => client.cancel(&job).await,
        _ => {}
    }
    client.end_of(&job).await;
}

/// Until every job that the hub has a record of has ended, also those that nobody was told of.
async fn settle(hub: &str, client: &Client) {
    let jobs = history::recorded(hub).await;
    let ends = futures::stream::iter(jobs).for_each_concurrent(16, |job| async move {
        client.end_of(&job).await;
    });
    ends.await;
}

fn summary(calls: &[history::Call], kept: &history::Kept) -> String {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        let kind = match (&call.asked, &call.told) {
            (_, Told::Unknown(_)) => "not answered",
            (Asked::Submit { .. }, Told::Refused(_)) => "refused",
            (Asked::Submit { .. } | Asked::Publish { .. }, _) => "accepted",
            _ => "looked at",
        };
        *told.entry(kind).or_default() += 1;
    }
    let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
    let results = kept.jobs.iter().flat_map(|job| &job.results);
    let mut again = 0;
    for (end, ..) in results {
        *ended.entry(&end.status).or_default() += 1;
        again += usize::from(end.attempt > 1);
    }
    let events: usize = kept.jobs.iter().map(|job| job.events.len()).sum();
    format!(
        "soak: {} calls {told:?}; {} jobs {ended:?}, {again} of them in a later attempt, {events} events",
        calls.len(),
        kept.jobs.len()
    )
}
