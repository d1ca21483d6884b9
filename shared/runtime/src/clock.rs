//! The machine's clock.

use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;

/// The time of day as the machine knows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
