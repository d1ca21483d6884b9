//! Pauses that grow and differ, so that many workers do not act in step.

use std::time::Duration;

use uuid::Uuid;

/// The pauses between attempts: the first one doubled up to a longest one, each jittered.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses from `first` to `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            next: first,
            longest,
        }
    }

    /// The next pause: between three quarters of its length and the whole.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        jittered(pause)
    }
}

/// Between three quarters of this length and the whole.
#[must_use]
pub fn jittered(length: Duration) -> Duration {
    // The low bits of a random UUID are random (RFC 9562 §5.4).
    let [low, ..] = Uuid::new_v4().as_u128().to_le_bytes();
    length * 3 / 4 + length / 4 * u32::from(low) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        for whole in [100, 200, 400, 800, 1600, 2000, 2000] {
            let (pause, whole) = (backoff.pause(), Duration::from_millis(whole));
            assert!(pause <= whole && pause >= whole * 3 / 4, "{pause:?}");
        }
    }
}
