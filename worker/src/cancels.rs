//! The jobs that were called off: told to whoever runs them, and remembered for who begins late.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubently_core::id::JobId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a cancelled job is remembered: longer than a command takes from the queue to its start.
const REMEMBERED: Duration = Duration::from_secs(60);
/// The most jobs that are remembered; the oldest are forgotten first.
pub const MOST: usize = 10_000;

/// The cancelled jobs of this worker's cluster. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Cancels(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Oldest first.
    order: VecDeque<(Instant, JobId)>,
    remembered: HashMap<JobId, Instant>,
    /// What runs, and how often: a command that is delivered twice may run twice.
    running: HashMap<JobId, (CancellationToken, usize)>,
}

/// A job that is about to run or runs; dropped, it does no more.
#[derive(Debug)]
pub struct Running {
    job: JobId,
    token: CancellationToken,
    cancels: Cancels,
}

impl Cancels {
    /// A job is cancelled: whatever runs of it is told, and what begins within 60 s.
    pub fn cancel(&self, job: JobId) {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget(now);
        if state.remembered.insert(job, now).is_none() {
            state.order.push_back((now, job));
        }
        if let Some((token, _)) = state.running.get(&job) {
            token.cancel();
        }
    }

    /// A job is about to run.
    #[must_use]
    pub fn begin(&self, job: JobId) -> Running {
        let mut state = self.lock();
        state.forget(Instant::now());
        let is_cancelled = state.remembered.contains_key(&job);
        let (token, count) = state.running.entry(job).or_default();
        *count += 1;
        let token = token.clone();
        drop(state);
        if is_cancelled {
            token.cancel();
        }
        Running {
            job,
            token,
            cancels: self.clone(),
        }
    }

    /// How many cancelled jobs are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().order.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget(&mut self, now: Instant) {
        while let Some((at, job)) = self.order.front() {
            if self.order.len() < MOST && now.duration_since(*at) < REMEMBERED {
                return;
            }
            self.remembered.remove(job);
            self.order.pop_front();
        }
    }
}

impl Running {
    /// Ready once the job is cancelled.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.cancels.lock();
        if let Some((_, count)) = state.running.get_mut(&self.job) {
            *count -= 1;
            if *count == 0 {
                state.running.remove(&self.job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn job(number: u128) -> JobId {
        JobId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_runs_of_a_job_hears_that_it_is_cancelled() {
        let cancels = Cancels::default();
        let (one, two, other) = (
            cancels.begin(job(1)),
            cancels.begin(job(1)),
            cancels.begin(job(2)),
        );
        assert!(one.cancelled().now_or_never().is_none());
        cancels.cancel(job(1));
        for running in [&one, &two] {
            assert!(running.cancelled().now_or_never().is_some());
        }
        assert!(other.cancelled().now_or_never().is_none());
        drop((one, two, other));
        assert!(cancels.lock().running.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_job_is_remembered_for_a_minute() {
        let cancels = Cancels::default();
        cancels.cancel(job(1));
        tokio::time::advance(Duration::from_millis(59_999)).await;
        assert!(cancels.begin(job(1)).cancelled().now_or_never().is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(cancels.begin(job(1)).cancelled().now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded() {
        let cancels = Cancels::default();
        for number in 0..MOST as u128 + 5 {
            cancels.cancel(job(number));
        }
        let state = cancels.lock();
        assert!(state.order.len() <= MOST && state.remembered.len() <= MOST);
        assert!(!state.remembered.contains_key(&job(0)));
    }
}
