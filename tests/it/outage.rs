//! A hub that is away for long, while callers go on asking: refusals at once, nothing heaped up, and
//! everything well again when it comes back.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kubently_tests::usage;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;

use crate::jobs::version;
use crate::links::nothing_is_left;

/// How long the hub is away.
const AWAY: Duration = Duration::from_secs(if cfg!(feature = "soak") { 60 } else { 20 });
/// A request each time this has passed.
const EVERY: Duration = Duration::from_millis(10);
/// How soon half of the callers are told.
const TOLD: Duration = Duration::from_secs(2);
const RECOVERED: Duration = Duration::from_secs(90);
/// A gateway may grow by its connections, not by what it was asked. In bytes.
const GROWTH: u64 = 16 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hub_requests_are_refused_at_once_and_nothing_is_heaped_up() {
    let mut world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let body = version(&world.cluster_id);
    let ask = async || {
        let began = Instant::now();
        let answer = http.post_command(&body, &[("prefer", "wait=30")]).await;
        (answer.unwrap(), began.elapsed())
    };
    // As many as later, so that what connections need is there before.
    let answered = futures::stream::iter(0..200)
        .map(|_| ask())
        .buffer_unordered(64);
    let answered: Vec<_> = answered.collect().await;
    assert!(answered.iter().all(|(answer, _)| answer.status == 200));
    world.hub.kill();
    let (first, _) = ask().await;
    assert_eq!(first.status, 503, "{}", first.text());
    let pid = world.gateway.process.pid().unwrap();
    let before = usage::resident(pid, usage::NOW).unwrap();
    let mut clock = tokio::time::interval(EVERY);
    let gone = Instant::now();
    let requests = futures::stream::poll_fn(|cx| clock.poll_tick(cx).map(Some))
        .take_while(|_| std::future::ready(gone.elapsed() < AWAY));
    let refused = requests.map(|_| ask()).buffer_unordered(64);
    let mut refused: Vec<_> = refused.collect().await;
    for (answer, took) in &refused {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(*took < Duration::from_secs(5), "{took:?}");
    }
    refused.sort_by_key(|(_, took)| *took);
    let (_, half) = refused.swap_remove(refused.len() / 2);
    assert!(half < TOLD, "{half:?}");
    let after = usage::resident(pid, usage::NOW).unwrap();
    assert!(
        after < before + GROWTH,
        "{before} bytes, then {after} bytes"
    );
    world.hub.restart().await.unwrap();
    wait::until("an answer again", RECOVERED, async || {
        let (answer, _) = ask().await;
        Probe::when(answer.status == 200, answer.text())
    })
    .await
    .unwrap();
    world.gateway.process.ready().await.unwrap();
    world.worker.process.ready().await.unwrap();
    nothing_is_left(&world.hub.url(), &world.cluster_id).await;
}
