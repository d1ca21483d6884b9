//! SIGTERM and SIGINT as tokens.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two stages of stopping: the first signal asks, the second insists.
#[derive(Debug, Clone)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT from now on. Must be called on a runtime's thread.
    ///
    /// # Errors
    /// Where the process cannot listen for signals.
    pub fn install() -> io::Result<Self> {
        let shutdown = Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        };
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let tokens = shutdown.clone();
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::info!("stopping; a second signal ends at once");
            tokens.soft.cancel();
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("second signal: ending at once");
            tokens.hard.cancel();
        });
        Ok(shutdown)
    }

    /// Cancelled by the first signal: stop taking work, finish what runs.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled by the second signal: return from `main` at once, with an error.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
