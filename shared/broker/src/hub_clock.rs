//! The hub's clock: deadlines are counted from when the hub stored a command, so they are
//! compared with the hub's time and not with ours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use kubently_core::cluster::ClusterId;
use kubently_core::lane::Lane;
use kubently_core::time::Timestamp;
use serde::Deserialize;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::{CLUSTERS, bucket_stream, command_stream};

/// How often the hub is asked for its time.
const REFRESH: Duration = Duration::from_secs(10);

/// The hub's time: the last one it told, and what has passed here since.
#[derive(Debug, Clone)]
pub struct HubClock(Arc<Mutex<(Instant, DateTime<Utc>)>>);

#[derive(Deserialize)]
struct ConsumerAnswer {
    ts: DateTime<Utc>,
}

impl HubClock {
    /// Asks a cluster's consumer, which its workers may, and keeps asking every 10 s for as long
    /// as a clone of the clock is there.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where the cluster is not registered.
    pub async fn start(broker: &Broker, cluster: &ClusterId) -> Result<Self, StoreError> {
        let subject = format!("CONSUMER.INFO.{}.{}", command_stream(cluster), Lane::Normal);
        let clock = Self::at(broker.ask::<ConsumerAnswer>(&subject).await?.ts);
        let (broker, shared) = (broker.clone(), Arc::downgrade(&clock.0));
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(REFRESH);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let answer = broker.ask::<ConsumerAnswer>(&subject).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                match answer {
                    Ok(answer) => Self(shared).set(answer.ts),
                    Err(error) => tracing::debug!(%error, "the hub did not tell its time"),
                }
            }
        });
        Ok(clock)
    }

    /// The hub's time as of now: a gateway's watches keep it from then on.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_hub(broker: &Broker) -> Result<Self, StoreError> {
        let stream = bucket_stream(CLUSTERS);
        let state = broker.insist(|| broker.stream_state(&stream)).await?;
        Ok(Self::at(state.ts))
    }

    pub(crate) fn at(ts: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), ts))))
    }

    /// An answer is late by its way here, so an earlier, quicker one may know better: the clock
    /// never goes back.
    pub(crate) fn set(&self, ts: DateTime<Utc>) {
        let ts = ts.max(self.now().get());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), ts);
    }

    /// The time on the hub's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let (told, ts) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = TimeDelta::from_std(told.elapsed()).unwrap_or_default();
        Timestamp::new(ts.checked_add_signed(passed).unwrap_or(ts))
    }
}
