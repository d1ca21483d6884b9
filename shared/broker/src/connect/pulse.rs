//! How the connection stands, and whether the hub still answers over it.
//!
//! A link that is cut without a word stays open, and the client gives it up after 9 s. So that no caller waits
//! as long, a gateway listens: while somebody waits for an answer and nobody is given one, the hub is asked to
//! repeat a word of ours, which the server does at once, whatever its streams are busy with. Where that fails in
//! [`SILENT`] looks after each other the hub counts as silent until it is heard again: who waits is told so, and
//! nothing more is sent. The connection is kept: to open a new one costs more than a hub that was only slow.
//!
//! What is counted are looks of ours, not seconds: a machine that stood still looks once when it goes on, however
//! long it stood, and has read what came meanwhile before it looks again.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::connect::{ANSWER, Broker};
use crate::error::StoreError;

/// How long a connection may be gone before a caller is told.
const LOST: Duration = Duration::from_millis(1500);
/// How often is looked whether the hub has answered.
const LOOK: Duration = Duration::from_millis(250);
/// Looks without an answer, after the first one that asks, until the hub counts as silent: 1.5 s.
const SILENT: u32 = 6;
/// How often it is asked at first, until it counts as one that may not answer.
const ASKED: u32 = 3;
/// How long our word may take to reach the client's own queue, which stands still with a link that is cut.
const HANDED_OVER: Duration = Duration::from_millis(50);

/// How the connection stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Since when it is gone.
    pub(super) away: Option<Instant>,
    /// Whether it is there and nobody answers.
    silent: bool,
}

/// Who waits for the hub, and how often it has answered.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    waiting: AtomicUsize,
    answers: AtomicU64,
}

/// Somebody who waits, until it is dropped.
pub(super) struct Waiting<'a>(&'a Pulse);

/// For how many looks nobody has been answered.
#[derive(Debug, Default)]
struct Quiet {
    looks: u32,
    answers: u64,
}

/// What a look has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The hub has answered somebody.
    Answered,
    /// Nobody waits.
    Nothing,
    /// Somebody waits: the hub is asked.
    Waiting,
    /// It was asked, again and again.
    Silent,
}

impl Standing {
    /// The connection is there again.
    pub(super) const BACK: Self = Self {
        away: None,
        silent: false,
    };

    pub(crate) const fn is_up(self) -> bool {
        self.away.is_none() && !self.silent
    }

    /// Whether it is gone for so long that a caller is told.
    pub(super) fn is_lost(self) -> bool {
        self.silent || self.away.is_some_and(|since| since.elapsed() >= LOST)
    }
}

impl Pulse {
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    pub(super) fn heard(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Quiet {
    /// One more look, at how many wait and how often the hub has answered so far.
    const fn look(&mut self, waiting: usize, answers: u64) -> Seen {
        if answers != self.answers {
            *self = Self { looks: 0, answers };
            return Seen::Answered;
        }
        // A hub that is silent is asked until it answers, also while nobody waits: nobody is let in.
        if self.looks > SILENT {
            return Seen::Silent;
        }
        if waiting == 0 {
            self.looks = 0;
            return Seen::Nothing;
        }
        self.looks += 1;
        if self.looks > SILENT {
            Seen::Silent
        } else {
            Seen::Waiting
        }
    }
}

/// Ready once the connection is lost.
pub(super) async fn lost(mut standing: watch::Receiver<Standing>) {
    loop {
        let now = match standing.wait_for(|standing| !standing.is_up()).await {
            Ok(now) => *now,
            Err(_) => return,
        };
        let Some(since) = now.away.filter(|_| !now.silent) else {
            return;
        };
        let left = LOST.saturating_sub(since.elapsed());
        let changed = standing.wait_for(|next| next.is_up() || next.silent);
        if tokio::time::timeout(left, changed).await.is_err() {
            return;
        }
    }
}

impl Broker {
    /// Notices from now on, until the connection is closed, that the hub answers nobody any more: within 2 s of
    /// somebody's waiting for it. Where we may not publish to our own inbox, it is noticed as late as the client
    /// does.
    ///
    /// # Errors
    /// [`StoreError`] where the connection is closed.
    pub async fn listen(&self) -> Result<(), StoreError> {
        let word = self.client.new_inbox();
        let echo = self.client.subscribe(word.clone()).await;
        let mut echo = echo.map_err(StoreError::client)?;
        for _ in 0..ASKED {
            ask(&self.client, &word).await;
            if let Ok(Some(_)) = tokio::time::timeout(ANSWER, echo.next()).await {
                tokio::spawn(listen(self.clone(), word, echo));
                return Ok(());
            }
        }
        tracing::warn!("the hub does not repeat what we send to our own inbox");
        Ok(())
    }

    /// A look has shown this.
    fn saw(&self, seen: Seen) {
        let silent = match seen {
            Seen::Answered => false,
            Seen::Silent => true,
            Seen::Nothing | Seen::Waiting => return,
        };
        let changed = self.standing.send_if_modified(|standing| {
            let changed = standing.silent != silent && standing.away.is_none();
            if changed {
                standing.silent = silent;
            }
            changed
        });
        if changed && silent {
            self.counts.silences.inc();
            tracing::warn!("the hub answers nobody: callers are refused until it does");
        } else if changed {
            tracing::info!("the hub answers again");
        }
    }
}

async fn listen(broker: Broker, word: String, mut echo: Subscriber) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = Quiet::default();
    loop {
        tokio::select! {
            biased;
            heard = echo.next() => {
                if heard.is_none() {
                    return;
                }
                broker.pulse.heard();
                continue;
            }
            _ = ticks.tick() => {}
        }
        // A connection that is gone comes back with an answer, or says that it does not.
        if broker.standing.borrow().away.is_some() {
            quiet.looks = 0;
            continue;
        }
        let waiting = broker.pulse.waiting.load(Ordering::Relaxed);
        let answers = broker.pulse.answers.load(Ordering::Relaxed);
        let seen = quiet.look(waiting, answers);
        broker.saw(seen);
        if matches!(seen, Seen::Waiting | Seen::Silent) {
            ask(&broker.client, &word).await;
        }
    }
}

async fn ask(client: &Client, word: &str) {
    let asked = client.publish(word.to_owned(), Bytes::new());
    // What fails shows in that there is no answer.
    let _ = tokio::time::timeout(HANDED_OVER, asked).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_answers_nobody_is_silent_after_so_many_looks() {
        let mut quiet = Quiet::default();
        assert_eq!(quiet.look(0, 5), Seen::Answered);
        for _ in 0..100 {
            assert_eq!(quiet.look(0, 5), Seen::Nothing);
        }
        for _ in 0..SILENT {
            assert_eq!(quiet.look(3, 5), Seen::Waiting);
        }
        assert_eq!(quiet.look(3, 5), Seen::Silent);
        // Nobody is let in, so nobody waits; it is asked all the same.
        assert_eq!(quiet.look(0, 5), Seen::Silent);
        assert_eq!(quiet.look(0, 6), Seen::Answered);
        assert_eq!(quiet.look(0, 6), Seen::Nothing);
        assert_eq!(quiet.look(1, 6), Seen::Waiting);
    }

    #[test]
    fn one_answer_to_anybody_is_a_sign_of_life_for_all() {
        let mut quiet = Quiet::default();
        for answers in 0..50 {
            for _ in 1..SILENT {
                assert_ne!(quiet.look(9, answers), Seen::Silent);
            }
        }
    }

    #[test]
    fn whoever_is_dropped_waits_no_more() {
        let pulse = Pulse::default();
        let (first, second) = (pulse.wait(), pulse.wait());
        drop(first);
        assert_eq!(pulse.waiting.load(Ordering::Relaxed), 1);
        drop(second);
        assert_eq!(pulse.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_lost_when_it_is_gone_for_long_or_silent() {
        let standing = watch::Sender::new(Standing::default());
        let is_lost = async |standing: &watch::Sender<Standing>| {
            let lost = lost(standing.subscribe());
            tokio::time::timeout(LOST * 2, lost).await.is_ok()
        };
        assert!(!is_lost(&standing).await);
        standing.send_modify(|standing| standing.silent = true);
        assert!(standing.borrow().is_lost() && is_lost(&standing).await);
        standing.send_replace(Standing::BACK);
        standing.send_modify(|standing| standing.away = Some(Instant::now()));
        assert!(!standing.borrow().is_lost());
        assert!(is_lost(&standing).await);
        standing.send_replace(Standing::BACK);
        assert!(!is_lost(&standing).await);
    }
}
