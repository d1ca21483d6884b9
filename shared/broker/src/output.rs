//! What a command wrote: inside its result, or in the chunks of its run.

use kubently_core::event::{Chunk, OutputStream};
use kubently_core::id::RunId;
use kubently_core::policy::MAX_OUTPUT_BYTES;
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
    /// How many bytes may still come: a worker that stores more than it tells of, or than any policy
    /// lets through, fills no reader's memory.
    room: usize,
    /// What follows is not taken: something lies between, or there is no room for it.
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
        let room = match result.run {
            Some(_) => {
                (result.stdout_bytes.saturating_add(result.stderr_bytes)).min(MAX_OUTPUT_BYTES)
            }
            None => MAX_OUTPUT_BYTES,
        };
        let mut chunks = Chunks::of(result.run, usize::try_from(room).unwrap_or(usize::MAX));
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
            let is_all = chunks.is_broken || chunks.next > result.events;
            if !replies.more || replies.items.is_empty() || (is_all && result.run.is_some()) {
                break;
            }
        }
        let Chunks {
            mut output,
            next,
            is_broken,
            ..
        } = chunks;
        if result.run.is_none() {
            output.is_whole = next == 1 && !is_broken;
            return Ok(Some(output));
        }
        output.is_whole = result.is_output(&output.stdout, &output.stderr);
        Ok((output.is_whole || next > 1).then_some(output))
    }
}

impl Chunks {
    const fn of(run: Option<RunId>, room: usize) -> Self {
        Self {
            run,
            attempt: 0,
            next: 1,
            output: StoredOutput {
                stdout: Vec::new(),
                stderr: Vec::new(),
                is_whole: false,
            },
            room,
            is_broken: false,
        }
    }

    /// Whether an event of this run counts. Where no run is named, a later attempt replaces the
    /// earlier one.
    fn turn_to(&mut self, run: RunId, attempt: u32, any: bool) -> bool {
        if any && self.run != Some(run) && attempt >= self.attempt {
            let held = self.output.stdout.len() + self.output.stderr.len();
            *self = Self {
                attempt,
                ..Self::of(Some(run), self.room + held)
            };
        }
        self.run == Some(run)
    }

    fn add(&mut self, n: u64, chunk: &Chunk) {
        // What was stored twice, because its ack was lost, is taken once.
        if n < self.next || self.is_broken {
            return;
        }
        let Some(mut bytes) = chunk.bytes().filter(|_| n == self.next) else {
            self.is_broken = true;
            return;
        };
        self.is_broken = bytes.len() > self.room;
        bytes.truncate(self.room);
        self.room -= bytes.len();
        match chunk.stream {
            OutputStream::Stdout => self.output.stdout.extend(bytes),
            OutputStream::Stderr => self.output.stderr.extend(bytes),
        }
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u128) -> RunId {
        RunId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn chunk(text: &str) -> Chunk {
        Chunk::of(OutputStream::Stdout, text.as_bytes())
    }

    #[test]
    fn no_more_is_taken_than_there_is_room_for() {
        let mut chunks = Chunks::of(Some(run(1)), 8);
        chunks.add(1, &chunk("12345"));
        assert!(!chunks.is_broken);
        chunks.add(2, &chunk("678"));
        assert!(!chunks.is_broken, "exactly as much");
        chunks.add(3, &chunk("9"));
        assert!(chunks.is_broken);
        chunks.add(4, &chunk("0"));
        assert_eq!(chunks.output.stdout, b"12345678");
    }

    #[test]
    fn a_later_run_has_the_whole_room_again() {
        let mut chunks = Chunks::of(None, 4);
        assert!(chunks.turn_to(run(1), 1, true));
        chunks.add(1, &chunk("12345"));
        assert!(chunks.is_broken);
        assert!(chunks.turn_to(run(2), 2, true));
        chunks.add(1, &chunk("abcd"));
        assert!(!chunks.is_broken);
        assert_eq!(chunks.output.stdout, b"abcd");
    }

    #[test]
    fn what_has_lost_its_head_is_broken() {
        let mut chunks = Chunks::of(Some(run(1)), 100);
        chunks.add(57, &chunk("tail"));
        assert!(chunks.is_broken && chunks.output.stdout.is_empty());
    }
}
