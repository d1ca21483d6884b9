//! A command whose output is told while it runs.

use std::time::Duration;

use kubently_core::envelope::VERSION;
use kubently_core::event::{Chunk, Event, EventKind};
use kubently_core::result::Ended;
use kubently_core::status::Reason;
use kubently_core::told::Told;

use super::{Execution, Handler, Part};
use crate::execute::Execute;
use crate::judge::Accepted;
use crate::live;
use crate::ports::{HubTime, Replies};

/// A followed command ends by itself when its time is over. One that has not by then is given up.
const OVERTIME: Duration = Duration::from_secs(2);

/// The hub did not take an event before it was too late.
struct Unheard;

impl<E: Execute, R: Replies, T: HubTime> Handler<E, R, T> {
    /// Announces and runs a command, storing its output as it comes. When the hub is slow, so is the
    /// reading of the output. `None` where the hub takes nothing.
    pub(super) async fn follow(&self, execution: &Execution, accepted: &Accepted) -> Option<Ended> {
        let until = accepted.deadline;
        let started = self.started(execution);
        if !self.store(execution, Part::Event(&started), until).await {
            return None;
        }
        let (output, mut batches) = live::channel(&self.metrics.live_output);
        let working = async {
            let work = self
                .execute
                .follow(&accepted.command, accepted.limit, output);
            Ok(tokio::time::timeout(accepted.limit + OVERTIME, work).await)
        };
        let telling = async {
            let mut told = Told::default();
            while let Some((stream, bytes)) = batches.next().await {
                let event = Event {
                    v: VERSION,
                    attempt: execution.attempt,
                    run: execution.run,
                    n: told.add(stream, &bytes),
                    kind: EventKind::Log(Chunk::of(stream, &bytes)),
                };
                if !self.store(execution, Part::Event(&event), until).await {
                    return Err(Unheard);
                }
            }
            Ok(told)
        };
        let (ended, told) = tokio::try_join!(working, telling).ok()?;
        let ended = ended.unwrap_or_else(|_| {
            let text = "the command did not end when its time was over";
            Ended::failed(Reason::Timeout, text)
        });
        Some(Ended { told, ..ended })
    }
}

#[cfg(test)]
mod tests;
