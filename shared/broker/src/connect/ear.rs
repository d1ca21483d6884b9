//! What the client tells of the connection while it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_nats::{ClientError, Event, ServerError};
use tokio::sync::watch;

use super::pulse::Standing;
use crate::metrics::Counts;

/// Takes what the client tells of the connection.
pub(super) struct Ear {
    pub(super) standing: watch::Sender<Standing>,
    /// Counts what may have cost us messages.
    pub(super) disturb: watch::Sender<u64>,
    pub(super) refused: Arc<AtomicBool>,
    pub(super) counts: Counts,
}

impl Ear {
    pub(super) fn hear(&self, event: &Event) {
        tracing::debug!(%event, "hub connection");
        match event {
            Event::Disconnected => self.standing.send_modify(|standing| {
                standing.away.get_or_insert_with(Instant::now);
            }),
            Event::Connected => {
                // The first time it was never lost.
                let before = self.standing.send_replace(Standing::BACK);
                let was_away = before.away.is_some();
                self.counts.reconnects.inc_by(u64::from(was_away));
            }
            Event::SlowConsumer(_) => {
                self.counts.slow_consumers.inc();
            }
            _ => {}
        }
        if is_refusal(event) {
            if !self.refused.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    "the hub refuses this credential: it is revoked or replaced; trying again, at \
                     most once a minute"
                );
            }
        } else if matches!(event, Event::Connected) {
            self.refused.store(false, Ordering::Relaxed);
        }
        if matches!(event, Event::Connected | Event::SlowConsumer(_)) {
            self.disturb.send_modify(|count| *count += 1);
        }
    }
}

/// Only the text of the client's error tells it from others once we are connected.
fn is_refusal(event: &Event) -> bool {
    match event {
        Event::ServerError(ServerError::AuthorizationViolation) => true,
        Event::ServerError(ServerError::Other(text))
        | Event::ClientError(ClientError::Other(text)) => {
            let text = text.to_ascii_lowercase();
            ["authorization violation", "authentication"]
                .iter()
                .any(|part| text.contains(part))
        }
        _ => false,
    }
}
