//! What the harness is doing, for whoever waits: one line a step, on stderr.

use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Writes one line. It goes to the process's stderr itself, so that the test runner's capture does not hide
/// a build of several minutes.
pub fn line(text: impl Display) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A step that is under way; says how long it took when it is done.
#[derive(Debug)]
pub struct Step {
    what: String,
    began: Instant,
}

impl Step {
    /// Begins a step, without a line: most steps are over before anybody could wonder.
    #[must_use]
    pub fn begin(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            began: Instant::now(),
        }
    }

    /// Says that the step is over, with the time it took.
    pub fn done(self) {
        line(format_args!(
            "{:<58} {:>7}",
            self.what,
            seconds(self.began.elapsed())
        ));
    }

    /// Says that the step is still going on, with the time so far and what to expect.
    pub fn goes_on(&self, hint: &str) {
        let so_far = self.began.elapsed();
        if so_far < Duration::from_secs(1) {
            line(format_args!("{} ({hint})", self.what));
        } else {
            line(format_args!("{} … {} ({hint})", self.what, seconds(so_far)));
        }
    }
}

/// A time for people: tenths of a second while it is short, whole seconds after that.
#[must_use]
pub fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} s", time.as_secs())
    }
}
