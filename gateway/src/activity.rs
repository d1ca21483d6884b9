//! What sessions are up to: commands are counted and times noted without a write that a command
//! waits for.
//!
//! Whatever comes for one session while a write of it is under way goes into the next one. Who
//! reads a session here waits until its notes are written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kubently_core::id::{SessionId, UserId};
use kubently_core::repository::{RepositoryError, SessionRepository};
use kubently_core::time::Timestamp;
use tokio::sync::{Notify, watch};

use crate::metrics::Metrics;
use crate::run::chain;

/// The most sessions with notes that are not written yet.
pub(crate) const MAX_SESSIONS: usize = 65_536;
/// Sessions that are written at a time.
const AT_A_TIME: usize = 16;
/// How long notes are gathered before they are written.
const GATHER: Duration = Duration::from_millis(50);
/// Pause after a write that failed.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a reader waits for the notes of its session.
const SETTLE: Duration = Duration::from_secs(2);

type Key = (UserId, SessionId);

#[derive(Debug, Clone, Copy)]
struct Note {
    at: Timestamp,
    commands: u64,
}

/// What is to be written of one session; nothing while a write of it is under way.
#[derive(Debug, Default)]
struct Pending(Option<Note>);

/// Notes of commands and signs of life.
pub(crate) struct Activity {
    stores: Arc<dyn SessionRepository>,
    metrics: Metrics,
    pending: Mutex<HashMap<Key, Pending>>,
    wake: Notify,
    written: watch::Sender<()>,
}

impl Pending {
    fn add(&mut self, note: Note) {
        let old = self.0.unwrap_or(Note {
            at: note.at,
            commands: 0,
        });
        self.0 = Some(Note {
            at: old.at.max(note.at),
            commands: old.commands.saturating_add(note.commands),
        });
    }
}

impl Activity {
    /// Writes notes for as long as the process lives.
    pub(crate) fn start(stores: Arc<dyn SessionRepository>, metrics: Metrics) -> Arc<Self> {
        let activity = Arc::new(Self {
            stores,
            metrics,
            pending: Mutex::default(),
            wake: Notify::new(),
            written: watch::channel(()).0,
        });
        let own = Arc::clone(&activity);
        tokio::spawn(async move {
            loop {
                own.wake.notified().await;
                tokio::time::sleep(GATHER).await;
                while !own.write().await {
                    tokio::time::sleep(AGAIN).await;
                }
            }
        });
        activity
    }

    /// Notes a command of a session at this time.
    pub(crate) fn command(&self, owner: UserId, session: SessionId, at: Timestamp) {
        let mut pending = self.pending();
        if pending.len() >= MAX_SESSIONS && !pending.contains_key(&(owner, session)) {
            tracing::warn!("too many sessions wait to be noted: a command is not counted");
            self.metrics.turned_away("session_notes");
            return;
        }
        let entry = pending.entry((owner, session)).or_default();
        entry.add(Note { at, commands: 1 });
        drop(pending);
        self.wake.notify_one();
    }

    /// Waits until nothing of a session, or of any of the user's, is left to be written; 2 s at
    /// most.
    pub(crate) async fn settle(&self, owner: UserId, session: Option<SessionId>) {
        let is_of = |key: &Key| key.0 == owner && session.is_none_or(|session| session == key.1);
        let mut written = self.written.subscribe();
        let settled = written.wait_for(|()| !self.pending().keys().any(is_of));
        let _ = tokio::time::timeout(SETTLE, settled).await;
    }

    /// Waits until everything is written; as long as [`Self::settle`] does.
    pub(crate) async fn finish(&self) {
        let mut written = self.written.subscribe();
        let settled = written.wait_for(|()| self.pending().is_empty());
        if tokio::time::timeout(SETTLE, settled).await.is_err() {
            tracing::warn!("the last commands of some sessions are not counted");
        }
    }

    /// Writes what is there; whether all of it could be.
    async fn write(&self) -> bool {
        let due: Vec<_> = self
            .pending()
            .iter_mut()
            .filter_map(|(key, pending)| {
                let note = pending.0.take()?;
                Some((*key, note))
            })
            .collect();
        let mut writes = futures::stream::iter(due)
            .map(|(key, note)| self.write_one(key, note))
            .buffer_unordered(AT_A_TIME);
        let mut whole = true;
        while let Some(written) = writes.next().await {
            whole &= written;
        }
        whole
    }

    async fn write_one(&self, key: Key, note: Note) -> bool {
        let (owner, session) = key;
        let touched = self
            .stores
            .touch_session(owner, session, note.at, note.commands);
        let failed = match touched.await {
            Ok(_) | Err(RepositoryError::NotFound | RepositoryError::SessionOver(_)) => false,
            Err(error) => {
                tracing::debug!(
                    reason = chain(&error),
                    "a session's activity is not noted yet"
                );
                true
            }
        };
        let mut pending = self.pending();
        if let Some(entry) = pending.get_mut(&key) {
            if failed {
                entry.add(note);
            } else if entry.0.is_some() {
                self.wake.notify_one();
            } else {
                pending.remove(&key);
            }
        }
        drop(pending);
        self.written.send_replace(());
        !failed
    }

    /// How many sessions have notes that are not written yet.
    pub(crate) fn len(&self) -> usize {
        self.pending().len()
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<Key, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
