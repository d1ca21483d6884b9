//! What the run asks: the same for the same seed.

use fastrand::Rng;
use serde_json::{Value, json};

use super::parts::{FAST, SLOW};

/// How long a command may wait, in seconds: with its timeout and the grace it has ended half a minute after
/// it was submitted, whatever became of it.
const QUEUE_TIMEOUT: u32 = 20;
/// How long one may run, in seconds.
const TIMEOUT: u32 = 5;

/// One command and how its caller goes about it.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Its correlation id.
    pub(super) mark: String,
    pub(super) body: Value,
    /// Text that only its answer holds.
    pub(super) expects: Option<String>,
    pub(super) how: How,
    /// The gateway that is asked first.
    pub(super) gateway: usize,
}

/// How a caller goes about a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Waits for its end in one request.
    Wait,
    /// Submits, and asks again and again, one gateway after the other.
    Poll,
    /// Reads its events from the submission on.
    Stream,
    /// Submits, and reads its events on another gateway.
    Follow,
    /// Submits, and calls it off.
    Cancel,
    /// Submits it under a key, and again on another gateway.
    Replay,
    /// Publishes it without a gateway.
    Publish,
    /// Asks what must be refused.
    Invalid,
}

/// A command of this number.
pub(super) fn command(number: usize, rng: &mut Rng) -> Planned {
    let mark = format!("m-{number}");
    let how = match rng.u8(..100) {
        0..25 => How::Wait,
        25..43 => How::Poll,
        43..55 => How::Stream,
        55..65 => How::Follow,
        65..73 => How::Cancel,
        73..86 => How::Replay,
        86..94 => How::Publish,
        _ => How::Invalid,
    };
    let is_slow = how != How::Invalid && rng.u8(..100) < 15;
    let (verb, args, expects) = if how == How::Invalid {
        invalid(rng)
    } else if is_slow {
        slow(&mark, rng)
    } else {
        fast(&mark, rng)
    };
    // One in three has another priority than the usual one.
    let priority = match rng.u8(..9) {
        0 => 0,
        1 => rng.u8(2..50),
        2 => rng.u8(50..=100),
        _ => 1,
    };
    let body = json!({
        "cluster_id": if is_slow { SLOW } else { FAST },
        "command_type": verb, "args": args, "correlation_id": mark, "priority": priority,
        "queue_timeout_seconds": QUEUE_TIMEOUT, "timeout_seconds": TIMEOUT,
    });
    Planned {
        mark,
        body,
        expects,
        how,
        gateway: rng.usize(..3),
    }
}

type Command = (&'static str, Vec<String>, Option<String>);

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}

/// One of the seven verbs. Where an object is named, its name is the mark and there is none: kubectl's own
/// word on it names it again.
fn fast(mark: &str, rng: &mut Rng) -> Command {
    let missing = Some(format!("\"{mark}\" not found"));
    match rng.u8(..10) {
        0..3 => ("get", words(&["pods", mark]), missing),
        3 => (
            "get",
            words(&["namespaces", "-o", "name"]),
            Some("namespace/default\n".to_owned()),
        ),
        4 => ("describe", words(&["pods", mark]), missing),
        5 => ("logs", words(&[mark]), missing),
        6 => ("events", Vec::new(), None),
        7 => (
            "version",
            words(&["--client"]),
            Some("Client Version".to_owned()),
        ),
        8 => (
            "api-resources",
            words(&["--api-group", "apps", "-o", "name"]),
            Some("deployments.apps\n".to_owned()),
        ),
        _ => ("top", words(&["pods"]), None),
    }
}

/// It lasts two seconds; followed, it tells its output while it runs.
fn slow(mark: &str, rng: &mut Rng) -> Command {
    let mut args = words(&[mark]);
    if rng.bool() {
        args.push("--follow".to_owned());
    }
    ("logs", args, None)
}

fn invalid(rng: &mut Rng) -> Command {
    let (verb, args) = *rng
        .choice(&[
            ("get", &["secrets"][..]),
            ("get", &["pods", "-w"]),
            ("get", &["pods", "--server=http://x"]),
            ("logs", &[]),
            ("describe", &["pods", "../secrets/x"]),
        ])
        .unwrap();
    (verb, words(args), None)
}
