//! What a process takes of the machine, as Linux tells it, and how many files this one may open.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The unit of times in `/proc/PID/stat`: Linux shows 100 a second on every machine (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
const MIB: f64 = 1_048_576.0;

/// Memory that is resident now.
pub const NOW: &str = "VmRSS:";
/// The most that was resident since the process began.
pub const PEAK: &str = "VmHWM:";

/// Bytes of a process, by a field of its status file: [`NOW`] or [`PEAK`].
///
/// # Errors
/// When there is no such process.
pub fn resident(pid: u32, field: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.context("no such field")?.trim();
    let kib: u64 = kib.trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

/// The time that a process has spent on processors, in user and system mode together.
///
/// # Errors
/// When there is no such process.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses and may hold anything; see proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(')').context("no name in the stat file")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u32 = times
        .map(str::parse::<u32>)
        .sum::<Result<u32, _>>()
        .context("no times in the stat file")?;
    Ok(TICK * ticks)
}

/// Bytes as MiB.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes")]
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

/// Lets this process, and what it starts from now on, open as many files as the system grants.
///
/// # Errors
/// When the system refuses that, or grants fewer than `least`.
pub fn open_files(least: u64) -> Result<()> {
    let hard = getrlimit(Resource::Nofile).maximum;
    anyhow::ensure!(
        hard.is_none_or(|hard| hard >= least),
        "{least} open files are needed and {hard:?} are granted: raise the limit (ulimit -Hn)"
    );
    let limit = Rlimit {
        current: hard,
        maximum: hard,
    };
    setrlimit(Resource::Nofile, limit).context("raise the number of open files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory_and_time() {
        let own = std::process::id();
        let (now, peak) = (resident(own, NOW).unwrap(), resident(own, PEAK).unwrap());
        assert!(now > 1 << 20 && peak >= now, "{now} {peak}");
        let before = cpu(own).unwrap();
        let spent = || cpu(own).unwrap().saturating_sub(before);
        let mut sum = 0_u64;
        while spent() < TICK {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(resident(0, NOW).is_err());
    }
}
