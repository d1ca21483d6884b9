//! Percentiles, and the lines that a bench ends with.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

/// Times of one kind of call, and how long they took together.
#[derive(Debug, Default)]
pub struct Times {
    each: Vec<Duration>,
    wall: Duration,
}

/// Which side of its target a figure must be on.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// At most the target.
    AtMost,
    /// At least the target.
    AtLeast,
}

impl Times {
    /// Adds one round: the time of each call, and the round's own.
    pub fn add(&mut self, each: impl IntoIterator<Item = Duration>, wall: Duration) {
        self.each.extend(each);
        self.wall += wall;
        self.each.sort_unstable();
    }

    /// The time that this part of the calls stayed within; `0.5` is the median.
    #[must_use]
    pub fn percentile(&self, part: f64) -> Duration {
        let last = self.each.len().saturating_sub(1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into at most a few million times"
        )]
        let index = (last as f64 * part) as usize;
        self.each.get(index).copied().unwrap_or_default()
    }

    /// [`Self::percentile`] as a multiple of the same one of others.
    #[must_use]
    pub fn percentile_of(&self, part: f64, others: &Self) -> f64 {
        let others = others.percentile(part).as_secs_f64();
        self.percentile(part).as_secs_f64() / others.max(f64::EPSILON)
    }

    /// Calls a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most a few million calls")]
        let calls = self.each.len() as f64;
        calls / self.wall.as_secs_f64().max(f64::EPSILON)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |part| self.percentile(part).as_secs_f64() * 1000.0;
        let (calls, rate) = (self.each.len(), self.rate());
        write!(
            f,
            "p50 {:8.3} ms   p99 {:8.3} ms   {rate:8.0} a second   ({calls} calls)",
            millis(0.5),
            millis(0.99)
        )
    }
}

/// Prints one line to stdout, where a bench's own lines go.
pub fn print(text: impl fmt::Display) {
    // Nobody is left to tell when stdout is closed.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints one figure: a ratio, and the target it is held against.
pub fn figure(name: &str, value: f64, bound: Bound, target: f64) {
    let op = match bound {
        Bound::AtMost => "<=",
        Bound::AtLeast => ">=",
    };
    print(format_args!("figure {name} {value:.2} {op} {target}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_all_rounds() {
        let mut times = Times::default();
        times.add((1..=50).map(Duration::from_millis), Duration::from_secs(1));
        times.add(
            (51..=101).map(Duration::from_millis),
            Duration::from_secs(1),
        );
        assert_eq!(times.percentile(0.5), Duration::from_millis(51));
        assert_eq!(times.percentile(1.0), Duration::from_millis(101));
        assert!((times.rate() - 50.5).abs() < f64::EPSILON);
        let mut others = Times::default();
        others.add([Duration::from_millis(17)], Duration::from_millis(17));
        assert!((times.percentile_of(0.5, &others) - 3.0).abs() < 1e-9);
    }
}
