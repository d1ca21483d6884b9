//! So many in a second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// What may happen so often in a second, counted in whole seconds.
#[derive(Debug)]
pub(super) struct Allowance {
    most: u32,
    /// When this second began, and how many there were in it.
    second: Mutex<(Instant, u32)>,
}

impl Allowance {
    pub(super) const fn new(most: u32, now: Instant) -> Self {
        let second = Mutex::new((now, 0));
        Self { most, second }
    }

    /// Takes one, where there is one left.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(second.0) >= SECOND {
            *second = (now, 0);
        }
        let is_left = second.1 < self.most;
        second.1 += u32::from(is_left);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_one_second_waits_for_the_next() {
        let start = Instant::now();
        let allowance = Allowance::new(2, start);
        let taken = |milliseconds| allowance.take(start + Duration::from_millis(milliseconds));
        let all = [0, 10, 20, 999, 1000, 1001, 1002, 5000].map(taken);
        let expected = [true, true, false, false, true, true, false, true];
        assert_eq!(all, expected);
        assert!(!Allowance::new(0, start).take(start));
    }
}
