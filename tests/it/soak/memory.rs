//! How a process's memory grows.

use std::time::{Duration, Instant};

use kubently_tests::usage;

/// What a process held, and when.
#[derive(Debug)]
pub(super) struct Memory {
    began: Instant,
    /// Seconds since the beginning, and KiB that are resident.
    samples: Vec<(f64, f64)>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            samples: Vec::new(),
        }
    }

    /// Takes one more look at a process.
    pub(super) fn look(&mut self, pid: u32) {
        if let Ok(bytes) = usage::resident(pid, usage::NOW) {
            let kib = usage::mib(bytes) * 1024.0;
            self.samples.push((self.began.elapsed().as_secs_f64(), kib));
        }
    }

    /// MiB at the end.
    pub(super) fn last(&self) -> f64 {
        self.samples.last().map_or(0.0, |(_, kib)| kib / 1024.0)
    }

    /// Growth in MiB in ten minutes, by the straight line that fits best behind the warm-up.
    pub(super) fn slope(&self, warm_up: Duration) -> f64 {
        let warm = self.samples.iter().copied();
        let warm: Vec<_> = warm
            .filter(|(at, _)| *at >= warm_up.as_secs_f64())
            .collect();
        slope(&warm) * 600.0 / 1024.0
    }
}

/// The least-squares slope of points.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|(x, _)| *x), mean(|(_, y)| *y));
    let over = points.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>();
    let under = points.iter().map(|(a, _)| (a - x).powi(2)).sum::<f64>();
    if under > 0.0 { over / under } else { 0.0 }
}

#[test]
fn a_slope_is_growth_over_time() {
    let line = |grow: f64| (0..10).map(move |at| (f64::from(at), 100.0 + grow * f64::from(at)));
    for grow in [0.0, 2.0, -1.5] {
        let points: Vec<_> = line(grow).collect();
        assert!((slope(&points) - grow).abs() < 1e-9);
    }
    assert!(slope(&[]).abs() < 1e-9);
}
