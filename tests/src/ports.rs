//! Free ports of 127.0.0.1, each handed out once in a process.
//!
//! They are drawn from below the range that the system takes for outgoing connections: a port from that
//! range may be taken between a server's end and its restart.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

const RANGE: RangeInclusive<u16> = 12_000..=31_999;
const TRIES: usize = 200;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// No port was free.
#[derive(Debug, thiserror::Error)]
#[error("found no free port between {} and {} on 127.0.0.1 in {TRIES} tries", RANGE.start(), RANGE.end())]
pub struct NoFreePort;

/// A port that nothing listens on now and that this process has not handed out before.
///
/// # Errors
/// When every try met a port in use.
pub fn free() -> Result<u16, NoFreePort> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let span = u32::from(RANGE.end() - RANGE.start()) + 1;
    for _ in 0..TRIES {
        let (random, ..) = uuid::Uuid::new_v4().as_fields();
        let Ok(offset) = u16::try_from(random % span) else {
            continue;
        };
        let port = RANGE.start() + offset;
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(NoFreePort)
}

/// Whether nothing listens on the port now.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
