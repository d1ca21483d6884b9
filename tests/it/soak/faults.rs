//! Kills parts with -9 at random moments and starts them again.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;

use super::parts::{Parts, Target};

/// How long a part stays away and how long everything then works, each at most, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) away: u64,
    pub(super) whole: u64,
}

/// Goes on until the load has been told its last answer; answers how often each kind was killed. Every
/// part runs again then.
pub(super) async fn torment(
    parts: &mut Parts,
    rng: &mut Rng,
    pace: Pace,
    mut over: watch::Receiver<bool>,
) -> BTreeMap<&'static str, usize> {
    let mut killed = BTreeMap::new();
    while !over_within(&mut over, rng.u64(..=pace.whole)).await {
        let targets = parts.choose(rng);
        for target in &targets {
            parts.kill(*target);
            let kind = match target {
                Target::Hub => "hub",
                Target::Gateway(_) => "gateways",
                Target::Worker(_) => "workers",
            };
            *killed.entry(kind).or_default() += 1;
        }
        let _ = over_within(&mut over, rng.u64(..=pace.away)).await;
        for target in targets {
            parts.start_again(target).await.unwrap();
        }
    }
    killed
}

/// Whether the load is over before so many milliseconds have passed.
async fn over_within(over: &mut watch::Receiver<bool>, millis: u64) -> bool {
    let limit = Duration::from_millis(millis);
    tokio::time::timeout(limit, over.wait_for(|over| *over))
        .await
        .is_ok()
}
