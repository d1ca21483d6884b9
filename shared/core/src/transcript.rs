//! What a reader of a job's events is shown: one run at a time.
//!
//! A command may be delivered again while an earlier run is still under way, so events of several
//! runs may lie between each other in the stream. A later attempt replaces what came before; the
//! result decides which run counts, whichever that is.

use crate::event::Event;
use crate::id::RunId;
use crate::result::CommandResult;

/// A reader's place among the runs of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transcript {
    shown: Option<Shown>,
    /// The one run that counts, where the job's result was there before its events were read.
    decided: Option<RunId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    run: RunId,
    attempt: u32,
    /// The number of the last event.
    n: u64,
}

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Show it.
    Show,
    /// Say that what was shown is void, then show it.
    Restart,
    /// It is of a run that does not count, or was shown before: it is stored twice where the
    /// worker missed the hub's first ack.
    Skip,
    /// What was stored between the last one and this is gone: a full stream drops its oldest.
    Lost,
}

/// What is to be done with the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Show it: what was shown belongs to it.
    Complete,
    /// Say that what was shown is void, show the events of this run, then the result.
    Replay(RunId),
    /// What was stored of its run before it is gone.
    Lost,
}

impl Transcript {
    /// A reader that has seen events of this run and attempt, up to this number.
    #[must_use]
    pub const fn after(run: RunId, attempt: u32, n: u64) -> Self {
        Self {
            shown: Some(Shown { run, attempt, n }),
            decided: None,
        }
    }

    /// The same reader where the job's result is known.
    #[must_use]
    pub const fn decided_by(mut self, result: &CommandResult) -> Self {
        self.decided = result.run;
        self
    }

    /// Whether what this reader has seen is of a run that does not count.
    #[must_use]
    pub fn is_void(&self) -> bool {
        matches!((self.shown, self.decided), (Some(shown), Some(run)) if shown.run != run)
    }

    /// An event comes, in the order of the stream.
    pub fn event(&mut self, event: &Event) -> Step {
        if self.decided.is_some_and(|run| run != event.run) {
            return Step::Skip;
        }
        let next = Shown {
            run: event.run,
            attempt: event.attempt,
            n: event.n,
        };
        // `started` has the number 0 and may be missing.
        let (step, last) = match self.shown {
            None => (Step::Show, 0),
            Some(shown) if shown.run == event.run => {
                if event.n <= shown.n {
                    return Step::Skip;
                }
                (Step::Show, shown.n)
            }
            Some(shown) if event.attempt >= shown.attempt || self.decided.is_some() => {
                (Step::Restart, 0)
            }
            Some(_) => return Step::Skip,
        };
        if event.n > last.saturating_add(1) {
            return Step::Lost;
        }
        self.shown = Some(next);
        step
    }

    /// The result comes. One that a gateway stored has no run, and lets stand what was shown.
    #[must_use]
    pub fn result(&self, result: &CommandResult) -> End {
        match (self.shown, result.run) {
            (Some(shown), Some(run)) if shown.run != run => End::Replay(run),
            (shown, Some(_)) if shown.map_or(0, |shown| shown.n) < result.events => End::Lost,
            _ => End::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Chunk, EventKind, OutputStream};
    use crate::status::{FinalStatus, Reason};

    fn run(number: u128) -> RunId {
        RunId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn event(number: u128, attempt: u32, n: u64) -> Event {
        Event {
            v: 1,
            attempt,
            run: run(number),
            n,
            kind: EventKind::Output(Chunk::of(OutputStream::Stdout, b"x")),
        }
    }

    fn result(number: Option<u128>) -> CommandResult {
        let job = "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap();
        let at = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        CommandResult {
            run: number.map(run),
            ..CommandResult::never_ran(job, FinalStatus::Failed, Reason::Timeout, at)
        }
    }

    #[test]
    fn a_later_attempt_replaces_an_earlier_one_and_not_the_other_way_round() {
        let mut reader = Transcript::default();
        assert_eq!(reader.event(&event(1, 1, 0)), Step::Show);
        assert_eq!(reader.event(&event(1, 1, 1)), Step::Show);
        assert_eq!(reader.event(&event(2, 2, 0)), Step::Restart);
        assert_eq!(reader.event(&event(1, 1, 2)), Step::Skip);
        assert_eq!(reader.event(&event(2, 2, 1)), Step::Show);
        assert_eq!(reader.result(&result(Some(2))), End::Complete);
    }

    #[test]
    fn an_event_that_is_stored_twice_is_shown_once() {
        let mut reader = Transcript::default();
        let mut shown = Vec::new();
        for n in [0, 0, 1, 1, 2, 1, 2, 3] {
            if reader.event(&event(1, 1, n)) == Step::Show {
                shown.push(n);
            }
        }
        assert_eq!(shown, [0, 1, 2, 3]);
        let mut resumed = Transcript::after(run(1), 1, 2);
        assert_eq!(resumed.event(&event(1, 1, 2)), Step::Skip);
        assert_eq!(resumed.event(&event(1, 1, 3)), Step::Show);
    }

    #[test]
    fn what_is_gone_is_never_passed_over() {
        let mut headless = Transcript::default();
        assert_eq!(headless.event(&event(1, 1, 57)), Step::Lost);
        assert_eq!(
            headless.event(&event(1, 1, 58)),
            Step::Lost,
            "again and again"
        );
        let mut slow = Transcript::after(run(1), 1, 5);
        assert_eq!(slow.event(&event(1, 1, 90)), Step::Lost);
        assert_eq!(slow.event(&event(1, 1, 6)), Step::Show);
        assert_eq!(slow.event(&event(2, 2, 2)), Step::Lost);
        assert_eq!(slow.event(&event(2, 2, 1)), Step::Restart);
        let of_three = CommandResult {
            events: 3,
            ..result(Some(2))
        };
        assert_eq!(slow.result(&of_three), End::Lost);
        assert_eq!(Transcript::default().result(&of_three), End::Lost);
        assert_eq!(
            Transcript::after(run(2), 2, 3).result(&of_three),
            End::Complete
        );
        assert_eq!(
            Transcript::after(run(1), 1, 1).result(&of_three),
            End::Replay(run(2))
        );
    }

    #[test]
    fn the_result_of_a_run_that_was_dropped_brings_it_back() {
        let mut reader = Transcript::after(run(1), 1, 1);
        reader.event(&event(2, 2, 1));
        assert_eq!(reader.result(&result(Some(1))), End::Replay(run(1)));
        assert_eq!(reader.result(&result(None)), End::Complete);
    }

    #[test]
    fn where_the_result_is_known_only_its_run_is_shown() {
        let mut reader = Transcript::default().decided_by(&result(Some(1)));
        assert_eq!(reader.event(&event(2, 2, 1)), Step::Skip);
        assert_eq!(reader.event(&event(1, 1, 1)), Step::Show);
        let mut late = Transcript::after(run(2), 2, 1).decided_by(&result(Some(1)));
        assert!(late.is_void());
        assert_eq!(late.event(&event(1, 1, 1)), Step::Restart);
        assert!(!late.is_void());
    }
}
