//! Waiting for a condition, with a deadline and the last status seen: never for a time.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// One look at a condition.
#[derive(Debug)]
pub enum Probe<T> {
    /// It holds, and this is what was seen.
    Ready(T),
    /// Not yet; the text says what was seen instead.
    NotYet(String),
    /// It can no longer hold (the process is gone): waiting ends here.
    Never(String),
}

impl Probe<()> {
    /// Ready when `holds`, else not yet with `status`.
    pub fn when(holds: bool, status: impl Into<String>) -> Self {
        if holds {
            Self::Ready(())
        } else {
            Self::NotYet(status.into())
        }
    }
}

/// An error is a reason to look again.
impl<T, E: std::fmt::Display> From<Result<T, E>> for Probe<T> {
    fn from(seen: Result<T, E>) -> Self {
        match seen {
            Ok(value) => Self::Ready(value),
            Err(error) => Self::NotYet(format!("{error:#}")),
        }
    }
}

/// Why a wait ended without its condition.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The deadline passed.
    #[error("{what}: not within {} s; last seen: {last}", limit.as_secs_f32())]
    Late {
        /// What was waited for.
        what: String,
        /// The time that was given.
        limit: Duration,
        /// The last status.
        last: String,
    },
    /// The condition can no longer hold.
    #[error("{what}: {why}")]
    Never {
        /// What was waited for.
        what: String,
        /// What makes it impossible.
        why: String,
    },
}

/// Looks until `probe` is ready.
///
/// # Errors
/// When `limit` has passed, or the probe says that the condition can no longer hold. One look that hangs
/// counts against the limit, too.
pub async fn until<T>(
    what: impl Into<String>,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Probe<T>,
) -> Result<T, WaitError> {
    let what = what.into();
    let mut last = String::from("nothing yet");
    let looks = async {
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            match probe().await {
                Probe::Ready(value) => return Ok(value),
                Probe::NotYet(status) => last = status,
                Probe::Never(why) => return Err(why),
            }
        }
    };
    match tokio::time::timeout(limit, looks).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(why)) => Err(WaitError::Never { what, why }),
        Err(_) => Err(WaitError::Late { what, limit, last }),
    }
}

/// The same for code that has no runtime; blocks the calling thread.
///
/// # Errors
/// As [`until`]; a look that hangs is not interrupted.
pub fn until_blocking<T>(
    what: impl Into<String>,
    limit: Duration,
    mut probe: impl FnMut() -> Probe<T>,
) -> Result<T, WaitError> {
    let what = what.into();
    let began = Instant::now();
    loop {
        let last = match probe() {
            Probe::Ready(value) => return Ok(value),
            Probe::NotYet(status) => status,
            Probe::Never(why) => return Err(WaitError::Never { what, why }),
        };
        if began.elapsed() >= limit {
            return Err(WaitError::Late { what, limit, last });
        }
        std::thread::park_timeout(EVERY);
    }
}
