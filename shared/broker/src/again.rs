//! Asking again where an answer is missing: a server that goes takes the answers under way with it, and a stream
//! that it led has nobody who answers until another server leads it.

use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::connect::{ANSWER, Broker};
use crate::error::StoreError;

/// How long a stream may have no leader: servers that lost it hold an election after 4 to 9 s without a word.
const LEADERLESS: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(250);
/// How long an answer is waited for before it is asked for again.
const ATTEMPT: Duration = Duration::from_millis(2500);

/// How long something has been asked for.
#[derive(Debug)]
pub(crate) struct Patience {
    began: Instant,
    /// What had been heard of the hub before this attempt.
    heard: u64,
    /// Whether nothing was heard of it during the last one.
    is_silent: bool,
    /// An attempt was not answered: what was asked may have happened.
    pub(crate) is_unsure: bool,
}

impl Patience {
    /// How long it may still be asked for: 15 s in all, and 5 s where nothing is heard of the hub, because then
    /// it is the link.
    pub(crate) fn left(&self) -> Duration {
        let limit = if self.is_silent { ANSWER } else { LEADERLESS };
        limit.saturating_sub(self.began.elapsed())
    }
}

impl Broker {
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            began: Instant::now(),
            heard: self.heard(),
            is_silent: false,
            is_unsure: false,
        }
    }

    /// How many messages have come over this connection and those before it.
    fn heard(&self) -> u64 {
        self.client.statistics().in_messages.load(Ordering::Relaxed)
    }

    /// Awaits one [answer](Self::answer), but not where it is lost: not past a connection that was made anew, and
    /// for 2.5 s.
    pub(crate) async fn attempt<T>(
        &self,
        ask: Pin<&mut impl Future<Output = Result<T, StoreError>>>,
    ) -> Result<T, StoreError> {
        let mut disturbed = self.disturbed.clone();
        disturbed.mark_unchanged();
        let lost = async {
            if disturbed.changed().await.is_err() {
                // The client is gone, and says so itself.
                std::future::pending::<()>().await;
            }
            // What was not sent yet goes over the new connection.
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            biased;
            answer = self.answer(ask) => answer,
            () = lost => Err(StoreError::NoAnswer),
            () = tokio::time::sleep(ATTEMPT) => Err(StoreError::NoAnswer),
        }
    }

    /// Whether to ask again after this error: after a pause, then, for as long as patience lasts.
    ///
    /// # Errors
    /// The error itself, where asking again does not help.
    pub(crate) async fn again(
        &self,
        patience: &mut Patience,
        error: StoreError,
    ) -> Result<(), StoreError> {
        if !error.is_passing() {
            return Err(error);
        }
        let heard = self.heard();
        patience.is_silent = heard == patience.heard;
        patience.is_unsure |= matches!(error, StoreError::NoAnswer);
        if patience.left().is_zero() {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
        patience.heard = heard;
        Ok(())
    }

    /// Asks until there is an answer, what may be asked any number of times.
    ///
    /// # Errors
    /// What [`Self::again`] gives up with.
    pub(crate) async fn insist<T, F>(&self, ask: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut patience = self.patience();
        loop {
            let answer = self.attempt(pin!(ask())).await;
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => self.again(&mut patience, error).await?,
            }
        }
    }
}
