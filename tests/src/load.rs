//! Load for benches: many calls of one kind, so many under way at a time, each of them timed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::http::Http;
use crate::wire::Wire;

/// By what a bench's counts are divided: `20` makes a short run that only shows that it works.
const VARIABLE: &str = "KUBENTLY_BENCH_DIVIDE";

/// The time of each call, and of them all.
pub type Round = (Vec<Duration>, Duration);

/// So many, or fewer in a short run.
///
/// # Errors
/// When the variable `KUBENTLY_BENCH_DIVIDE` holds no number.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is no part of the product"
)]
pub fn count(usual: usize) -> Result<usize> {
    let by: usize = match std::env::var(VARIABLE) {
        Ok(text) => text.parse().context(VARIABLE)?,
        Err(_) => 1,
    };
    Ok((usual / by.max(1)).max(1))
}

/// Makes calls numbered from 0, and stops at the first one that fails.
///
/// # Errors
/// What a call says.
pub async fn round(
    calls: usize,
    in_flight: usize,
    call: impl AsyncFn(usize) -> Result<()>,
) -> Result<Round> {
    let begun = Instant::now();
    let call = &call;
    let each = futures::stream::iter(0..calls)
        .map(|number| async move {
            let begun = Instant::now();
            call(number).await?;
            Ok::<_, anyhow::Error>(begun.elapsed())
        })
        .buffer_unordered(in_flight)
        .try_collect()
        .await?;
    Ok((each, begun.elapsed()))
}

/// Runs a command again and again through the gateway, each time to its end.
///
/// # Errors
/// When one does not end in time.
pub async fn commands(http: &Http, body: &Value, calls: usize, in_flight: usize) -> Result<Round> {
    let wire = Wire::open(http, body, in_flight).await?;
    over(&wire, calls, in_flight).await
}

/// [`commands`] over connections that are kept from round to round, as the other side of a bench keeps its own.
///
/// # Errors
/// As there, and when fewer connections are open than calls are to be under way.
pub async fn over(wire: &Wire, calls: usize, in_flight: usize) -> Result<Round> {
    round(calls, in_flight, async |_| wire.call().await).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use anyhow::ensure;

    use super::*;

    #[tokio::test]
    async fn a_round_makes_every_call_once_and_never_too_many_at_a_time() {
        let (under_way, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let call = async |number| {
            let others = under_way.fetch_add(1, Ordering::Relaxed);
            ensure!(others < 4, "{others} others");
            tokio::task::yield_now().await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            sum.fetch_add(number, Ordering::Relaxed);
            Ok(())
        };
        let (each, _) = round(10, 4, call).await.unwrap();
        assert_eq!((each.len(), sum.into_inner()), (10, 45));
    }
}
