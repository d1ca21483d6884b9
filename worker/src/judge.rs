//! Whether a delivered command may run: everything that is decided before anything is done.

use std::time::Duration;

use kubently_core::bounded::{QueueTimeoutSeconds, TimeoutSeconds};
use kubently_core::command::Command;
use kubently_core::envelope::{Envelope, InvalidEnvelope};
use kubently_core::job::{self, GRACE_SECONDS};
use kubently_core::policy::Policy;
use kubently_core::refusal::{Refusal, RefusalCode};
use kubently_core::result::Ended;
use kubently_core::status::Reason;
use kubently_core::subject::CommandSubject;
use kubently_core::time::Timestamp;

/// The delivery that ends as `poison`: nine before it ended without a result.
const POISON_ATTEMPT: u32 = 10;

/// One delivered message.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The subject it came on.
    pub subject: &'a str,
    /// What it carries.
    pub payload: &'a [u8],
    /// How often it has been delivered, from 1.
    pub attempt: u32,
    /// When the hub stored it.
    pub stored_at: Timestamp,
}

/// A command that may run.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The command.
    pub command: Command,
    /// How long it may run.
    pub limit: Duration,
    /// When nobody answers it any more.
    pub deadline: Timestamp,
}

/// A command that may not run.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is answered.
    pub ended: Ended,
    /// Until when that is tried.
    pub until: Timestamp,
    /// Which rule refused it, where one of the grammar or the policy did.
    pub code: Option<RefusalCode>,
}

/// Judges a message by its text, the policy and the time on the hub's clock.
///
/// # Errors
/// [`Refused`], which is an answer.
pub fn judge(
    incoming: &Incoming<'_>,
    subject: &CommandSubject,
    policy: &Policy,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    // Without an envelope the deadline is that of the most patient command.
    let longest = QueueTimeoutSeconds::MAX + TimeoutSeconds::MAX + GRACE_SECONDS;
    let latest = incoming.stored_at.plus_seconds(longest);
    if incoming.attempt >= POISON_ATTEMPT {
        let text = format!(
            "{} deliveries ended without a result, so the command is given up",
            POISON_ATTEMPT - 1
        );
        return Err(refused(Reason::Poison, text, latest, now));
    }
    let envelope = Envelope::decode(incoming.payload, subject).map_err(|error| {
        let (reason, text) = explain(&error);
        refused(reason, text, latest, now)
    })?;
    let deadline = job::deadline(&envelope, incoming.stored_at);
    let command = check(&envelope, policy).map_err(|refusal| Refused {
        code: Some(refusal.code),
        ..refused(Reason::PolicyDenied, text_of(&refusal), deadline, now)
    })?;
    if let Some((reason, text)) = lateness(&envelope, incoming, now) {
        return Err(refused(reason, text, deadline, now));
    }
    // A redelivery may have less time left than the command asks for.
    let left = (deadline.get() - now.get()).to_std().unwrap_or_default();
    let left = left.saturating_sub(Duration::from_secs(1));
    Ok(Accepted {
        command,
        limit: envelope.timeout_seconds.duration().min(left),
        deadline,
    })
}

/// An answer to a message that is past its deadline is a verdict on its lateness, which may still
/// be given for a moment: nothing was run, and the compare-and-set keeps it from a second end.
fn refused(reason: Reason, text: String, deadline: Timestamp, now: Timestamp) -> Refused {
    Refused {
        ended: Ended::failed(reason, text),
        until: deadline.max(now.plus_seconds(GRACE_SECONDS)),
        code: None,
    }
}

fn explain(error: &InvalidEnvelope) -> (Reason, String) {
    let text = error.to_string();
    match error {
        InvalidEnvelope::Undecodable(_) => (Reason::Undecodable, text),
        InvalidEnvelope::UnsupportedVersion(_) => (Reason::UnsupportedVersion, text),
        InvalidEnvelope::SubjectMismatch(_) => (Reason::SubjectMismatch, text),
        InvalidEnvelope::NotAPublishers(_) => {
            let code = RefusalCode::BadField;
            (Reason::PolicyDenied, format!("{code}: {text}"))
        }
    }
}

/// The same checks as at the gateway, because its word is not taken, and the policy.
fn check(envelope: &Envelope, policy: &Policy) -> Result<Command, Refusal> {
    let namespace = envelope.namespace.as_deref();
    let (verb, args) = (envelope.command_type, &envelope.args);
    let command = Command::parse_with(verb, args, namespace, policy.secrets)?;
    policy.check(&command)?;
    Ok(command)
}

fn text_of(refusal: &Refusal) -> String {
    let Refusal {
        code,
        message,
        hint,
        ..
    } = refusal;
    match hint {
        // Some messages say it themselves.
        Some(hint) if !message.contains(hint) => format!("{code}: {message} ({hint})"),
        _ => format!("{code}: {message}"),
    }
}

fn lateness(
    envelope: &Envelope,
    incoming: &Incoming<'_>,
    now: Timestamp,
) -> Option<(Reason, String)> {
    let queue = envelope.queue_timeout_seconds.get();
    let run = envelope.timeout_seconds.get();
    let late = |seconds| now > incoming.stored_at.plus_seconds(seconds);
    if incoming.attempt <= 1 {
        let text = || format!("no worker took the command within {queue} seconds");
        return late(queue).then(|| (Reason::QueueTimeout, text()));
    }
    let text = || {
        format!(
            "the command had no result {} seconds after it was queued",
            queue + run
        )
    };
    late(queue + run).then(|| (Reason::Timeout, text()))
}

#[cfg(test)]
mod tests;
