//! What is under way to the hub, and what waits for company.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use async_nats::{Message, Subject};
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::StoreError;

/// A caller alone has so many under way at once: the record of its job and the command.
const ALONE: usize = 2;
/// How long a note waits for a message to go along with: longer than a caller alone needs from one short command
/// to the next.
pub(super) const PATIENCE: Duration = Duration::from_millis(5);
/// Notes that wait at a time.
const NOTES: usize = 32;

pub(super) type Answer = Result<Message, StoreError>;

/// A message that is answered elsewhere, at `reply`, or not at all.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) subject: Subject,
    pub(crate) reply: Option<Subject>,
    pub(crate) payload: Bytes,
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// The number of the last message that was asked for an answer.
    last: u64,
    /// Who waits for an answer, by the number of the message.
    pub(super) asked: HashMap<u64, oneshot::Sender<Answer>>,
    /// How many were put in and not handed over yet.
    pub(super) waiting: usize,
    /// How many were handed over together the last time, and answered since.
    together: usize,
    answered: usize,
    notes: VecDeque<Note>,
    /// Until when they may wait.
    due: Option<Instant>,
    /// Whether the task knows that there are some, or were.
    is_told: bool,
}

/// What is to be done with a note.
#[derive(Debug)]
pub(super) enum Way {
    /// It goes along with the next message, and the task looks whether one comes.
    Waits,
    /// The same, and the task must be told.
    WaitsUnheard,
    /// More is under way, or too much waits.
    Goes(Note),
}

impl Traffic {
    /// A number for a message that is about to be sent, and whether it goes at once.
    pub(super) fn expect(&mut self, tell: oneshot::Sender<Answer>) -> (u64, bool) {
        self.last += 1;
        self.asked.insert(self.last, tell);
        (self.last, self.lets_go())
    }

    /// Whether more is under way than what a caller alone may have.
    pub(super) fn is_busy(&self) -> bool {
        self.asked.len() > ALONE || self.answered > ALONE || self.together > ALONE
    }

    /// Whether a message has nobody to wait for and none that it would overtake, so that it goes at once.
    pub(super) fn lets_go(&mut self) -> bool {
        let is_alone = self.waiting == 0 && !self.is_busy();
        if is_alone {
            (self.together, self.answered) = (1, 0);
        }
        is_alone
    }

    /// So many were handed over together.
    pub(super) fn handed_over(&mut self, together: usize) {
        self.waiting -= together;
        (self.together, self.answered) = (together, 0);
    }

    /// Who waits for the answer to this message.
    pub(super) fn answered(&mut self, number: u64) -> Option<oneshot::Sender<Answer>> {
        let asked = self.asked.remove(&number)?;
        self.answered += 1;
        Some(asked)
    }

    /// Lets a note wait for the next message, where few are under way: where many are, one comes at once.
    pub(super) fn wait(&mut self, note: Note) -> Way {
        if self.waiting > 0 || self.is_busy() || self.notes.len() >= NOTES {
            return Way::Goes(note);
        }
        if self.notes.is_empty() {
            self.due = Some(Instant::now() + PATIENCE);
        }
        self.notes.push_back(note);
        if std::mem::replace(&mut self.is_told, true) {
            Way::Waits
        } else {
            Way::WaitsUnheard
        }
    }

    /// The next note that waits.
    pub(super) fn note(&mut self) -> Option<Note> {
        self.notes.pop_front()
    }

    /// When the task is to look at the notes again; `None` where those that wait go now, and it is told of others.
    pub(super) fn look_again(&mut self, now: Instant) -> Option<Instant> {
        let due = self.due.filter(|due| *due > now && !self.notes.is_empty());
        self.is_told = due.is_some();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(subject: &'static str) -> Note {
        Note {
            subject: subject.into(),
            reply: None,
            payload: Bytes::new(),
        }
    }

    fn asked(count: u64) -> HashMap<u64, oneshot::Sender<Answer>> {
        (0..count)
            .map(|number| (number, oneshot::channel().0))
            .collect()
    }

    fn busy() -> [Traffic; 4] {
        [
            Traffic {
                waiting: 1,
                ..Traffic::default()
            },
            Traffic {
                asked: asked(3),
                ..Traffic::default()
            },
            Traffic {
                answered: 3,
                ..Traffic::default()
            },
            Traffic {
                together: 3,
                ..Traffic::default()
            },
        ]
    }

    #[test]
    fn a_lone_message_goes_at_once_and_overtakes_none() {
        let mut alone = Traffic {
            asked: asked(2),
            answered: 2,
            ..Traffic::default()
        };
        assert!(alone.lets_go());
        assert_eq!((alone.together, alone.answered), (1, 0));
        for mut traffic in busy() {
            assert!(!traffic.lets_go(), "{traffic:?}");
        }
    }

    #[test]
    fn a_note_waits_for_company_where_few_are_under_way_and_not_too_many_wait() {
        for mut traffic in busy() {
            assert!(matches!(traffic.wait(note("a")), Way::Goes(_)));
        }
        let mut traffic = Traffic::default();
        assert!(matches!(traffic.wait(note("a")), Way::WaitsUnheard));
        for _ in 1..NOTES {
            assert!(matches!(traffic.wait(note("b")), Way::Waits));
        }
        assert!(matches!(traffic.wait(note("c")), Way::Goes(_)));
        let subjects: Vec<_> = std::iter::from_fn(|| traffic.note()).collect();
        assert_eq!(subjects.len(), NOTES);
        assert_eq!(subjects[0].subject, "a".into());
    }

    #[tokio::test(start_paused = true)]
    async fn a_note_that_nothing_came_for_goes_when_its_time_is_over() {
        let mut traffic = Traffic::default();
        let first = Instant::now();
        traffic.wait(note("a"));
        assert_eq!(traffic.look_again(first), Some(first + PATIENCE));
        tokio::time::advance(PATIENCE / 2).await;
        // The first one went along with a message; the other waits from now on, and the task knows.
        traffic.note();
        let second = Instant::now();
        assert!(matches!(traffic.wait(note("b")), Way::Waits));
        assert_eq!(
            traffic.look_again(first + PATIENCE),
            Some(second + PATIENCE)
        );
        assert_eq!(traffic.look_again(second + PATIENCE), None);
        // From here on it is to be told again.
        traffic.note();
        assert!(matches!(traffic.wait(note("c")), Way::WaitsUnheard));
    }
}
