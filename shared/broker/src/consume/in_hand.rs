//! Which deliveries a worker has in its hands: while they are there, the hub is told of progress.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Client, Subject};

/// How often the hub is told that a command is still being worked on; its `ack_wait` is 10 s.
const IN_PROGRESS: Duration = Duration::from_secs(3);

/// The ack subjects of what is in hand. Clones share it; one task tells of all of them, because most are
/// answered long before a task of their own would have to say anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct InHand(Arc<Mutex<Entries>>);

/// A delivery's place there; dropped, nothing more is told of it.
#[derive(Debug)]
pub(crate) struct Held {
    entries: Arc<Mutex<Entries>>,
    number: u64,
}

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    acks: HashMap<u64, Subject>,
}

impl InHand {
    /// Tells this hub of progress for as long as anything can be in hand.
    pub(crate) fn start(client: Client) -> Self {
        let in_hand = Self::default();
        let entries = Arc::downgrade(&in_hand.0);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(IN_PROGRESS);
            loop {
                ticks.tick().await;
                let Some(entries) = entries.upgrade() else {
                    return;
                };
                let acks: Vec<Subject> = lock(&entries).acks.values().cloned().collect();
                for ack in acks {
                    if let Err(error) = client.publish(ack, AckKind::Progress.into()).await {
                        tracing::warn!(%error, "the hub could not be told of progress");
                    }
                }
            }
        });
        in_hand
    }

    /// Takes a delivery in hand, by the subject that it is acknowledged on.
    pub(crate) fn hold(&self, ack: Subject) -> Held {
        let mut entries = lock(&self.0);
        entries.last += 1;
        let number = entries.last;
        entries.acks.insert(number, ack);
        Held {
            entries: Arc::clone(&self.0),
            number,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.entries).acks.remove(&self.number);
    }
}

fn lock(entries: &Mutex<Entries>) -> MutexGuard<'_, Entries> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_of_is_told_of_no_more() {
        let in_hand = InHand::default();
        let [one, other] = ["one", "other"].map(|ack| in_hand.hold(ack.into()));
        drop(one);
        let held: Vec<_> = lock(&in_hand.0).acks.values().cloned().collect();
        assert_eq!(held, [Subject::from("other")]);
        drop(other);
        assert!(lock(&in_hand.0).acks.is_empty());
    }
}
