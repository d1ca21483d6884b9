//! What each process spends of the processors on a call.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kubently_tests::usage;
use kubently_tests::world::World;

const NAMES: [&str; 4] = ["client", "gateway", "hub", "worker"];

/// Of client, gateway, hub and worker, since each began.
pub(crate) type Reading = [Duration; NAMES.len()];

/// Reads the four.
pub(crate) struct Meter([u32; NAMES.len()]);

/// What so many calls took of each.
#[derive(Default)]
pub(crate) struct Spent {
    each: Reading,
    calls: u32,
}

impl Meter {
    pub(crate) fn of(world: &World) -> Result<Self> {
        let gateway = world.gateway.process.pid().context("no gateway")?;
        let hub = world.hub.pid().context("no hub")?;
        let worker = world.worker.process.pid().context("no worker")?;
        Ok(Self([std::process::id(), gateway, hub, worker]))
    }

    pub(crate) fn read(&self) -> Result<Reading> {
        let mut reading = Reading::default();
        for (time, pid) in reading.iter_mut().zip(self.0) {
            *time = usage::cpu(pid)?;
        }
        Ok(reading)
    }
}

impl Spent {
    pub(crate) fn add(&mut self, from: Reading, to: Reading, calls: usize) -> Result<()> {
        for (sum, (from, to)) in self.each.iter_mut().zip(from.into_iter().zip(to)) {
            *sum += to.saturating_sub(from);
        }
        self.calls += u32::try_from(calls)?;
        Ok(())
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.max(1);
        let of_all: Duration = self.each.iter().sum();
        write!(f, "{:4} us a call:", (of_all / calls).as_micros())?;
        for (name, time) in NAMES.iter().zip(self.each) {
            write!(f, " {name} {}", (time / calls).as_micros())?;
        }
        Ok(())
    }
}
