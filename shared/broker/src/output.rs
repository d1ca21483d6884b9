//! What a command wrote: inside its result, or in the chunks of its run.

use kubently_core::event::{Chunk, OutputStream};
use kubently_core::id::RunId;
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::events::Reply;

/// The bytes of both streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredOutput {
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
    /// Whether this is everything that the run wrote, by its checksum; else it is the beginning.
    pub is_whole: bool,
}

/// The chunks of one run, as far as they follow each other.
struct Chunks {
    run: Option<RunId>,
    attempt: u32,
    next: u64,
    output: StoredOutput,
    is_broken: bool,
}

impl Broker {
    /// What a finished command wrote. The chunks of the run that its result names; of a result
    /// that a gateway stored, those of the last run. `None` where they are gone by age.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn output(
        &self,
        reply: &ReplySubject,
        result: &CommandResult,
    ) -> Result<Option<StoredOutput>, StoreError> {
        if result.run.is_some()
            && result.events == 0
            && let Some((stdout, stderr)) = result.inline_output()
        {
            let is_whole = result.is_output(&stdout, &stderr);
            return Ok(Some(StoredOutput {
                stdout,
                stderr,
                is_whole,
            }));
        }
        let mut chunks = Chunks::of(result.run);
        let mut after = 0;
        loop {
            let replies = self.replies_after(reply, after).await?;
            for stored in &replies.items {
                after = stored.sequence;
                if let Reply::Event(event) = &stored.reply
                    && chunks.turn_to(event.run, event.attempt, result.run.is_none())
                    && let Some(chunk) = event.kind.chunk()
                {
                    chunks.add(event.n, chunk);
                }
            }
            let is_all = result.run.is_some() && chunks.next > result.events;
            if !replies.more || replies.items.is_empty() || is_all {
                break;
            }
        }
        let Chunks {
            mut output, next, ..
        } = chunks;
        if result.run.is_none() {
            output.is_whole = next == 1;
            return Ok(Some(output));
        }
        output.is_whole = result.is_output(&output.stdout, &output.stderr);
        Ok((output.is_whole || next > 1).then_some(output))
    }
}

impl Chunks {
    const fn of(run: Option<RunId>) -> Self {
        Self {
            run,
            attempt: 0,
            next: 1,
            output: StoredOutput {
                stdout: Vec::new(),
                stderr: Vec::new(),
                is_whole: false,
            },
            is_broken: false,
        }
    }

    /// Whether an event of this run counts. Where no run is named, a later attempt replaces the
    /// earlier one.
    fn turn_to(&mut self, run: RunId, attempt: u32, any: bool) -> bool {
        if any && self.run != Some(run) && attempt >= self.attempt {
            *self = Self {
                attempt,
                ..Self::of(Some(run))
            };
        }
        self.run == Some(run)
    }

    fn add(&mut self, n: u64, chunk: &Chunk) {
        // What was stored twice, because its ack was lost, is taken once.
        if n < self.next || self.is_broken {
            return;
        }
        let Some(bytes) = chunk.bytes().filter(|_| n == self.next) else {
            self.is_broken = true;
            return;
        };
        match chunk.stream {
            OutputStream::Stdout => self.output.stdout.extend(bytes),
            OutputStream::Stderr => self.output.stderr.extend(bytes),
        }
        self.next += 1;
    }
}
