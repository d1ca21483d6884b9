//! What a command may still print, and where that goes.

use bytes::Bytes;
use kubently_core::event::OutputStream;

use crate::sink::{Sink, Streamed};

/// The most bytes of notices and errors; what does not fit is left out.
const MOST_STDERR: usize = 256 * 1024;

/// The way from all logs of a command to its sink.
pub(super) struct Writer<'s, S> {
    sink: &'s mut S,
    limit: usize,
    left: usize,
    stderr_left: usize,
    pub(super) ended: Streamed,
}

/// Whether there is room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Left,
    /// The output reached its limit and was cut.
    Full,
}

impl<'s, S: Sink> Writer<'s, S> {
    pub(super) fn new(sink: &'s mut S, limit: usize) -> Self {
        Self {
            sink,
            limit,
            left: limit,
            stderr_left: MOST_STDERR,
            ended: Streamed::default(),
        }
    }

    /// Prints a stretch of a log; the one that does not fit is cut, at a line end if it has one.
    pub(super) async fn print(&mut self, mut bytes: Vec<u8>) -> Room {
        if self.ended.truncated {
            return Room::Full;
        }
        if bytes.len() > self.left {
            bytes.truncate(self.left);
            if let Some(end) = memchr::memrchr(b'\n', &bytes) {
                bytes.truncate(end + 1);
            }
            self.ended.truncated = true;
        }
        self.left -= bytes.len();
        if !bytes.is_empty() {
            self.sink
                .write(OutputStream::Stdout, Bytes::from(bytes))
                .await;
        }
        if self.ended.truncated {
            let limit = self.limit;
            self.note(&format!(
                "kubently: the output was cut after {limit} bytes (max_output_bytes)"
            ))
            .await;
            return Room::Full;
        }
        Room::Left
    }

    /// Adds a line to standard error.
    pub(super) async fn note(&mut self, line: &str) {
        let mut text = line.to_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if text.len() <= self.stderr_left {
            self.stderr_left -= text.len();
            self.sink.write(OutputStream::Stderr, text.into()).await;
        }
    }
}
