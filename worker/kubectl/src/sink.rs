//! Where the output of a command goes while it runs.

use std::future::Future;

use bytes::Bytes;
use kubently_core::event::OutputStream;

use crate::output::Output;

/// Takes output as it comes. While it is not ready the command reads nothing further, so that a slow
/// taker slows the cluster's side down and nothing grows in between.
pub trait Sink: Send {
    /// Takes a stretch of one of the two outputs: whole lines, unless a line is very long. Ready
    /// once there is room for more.
    fn write(&mut self, stream: OutputStream, bytes: Bytes) -> impl Future<Output = ()> + Send;
}

/// Keeps everything.
impl Sink for Output {
    async fn write(&mut self, stream: OutputStream, bytes: Bytes) {
        match stream {
            OutputStream::Stdout => self.stdout.extend_from_slice(&bytes),
            OutputStream::Stderr => self.stderr.extend_from_slice(&bytes),
        }
    }
}

/// How a command ended whose output went to a [`Sink`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streamed {
    /// 0, or 1 after any error.
    pub exit_code: i32,
    /// Standard output was cut because it reached
    /// [`Limits::max_output_bytes`](crate::Limits::max_output_bytes).
    pub truncated: bool,
    /// How often a text that looks like a credential was marked.
    pub redactions: u64,
}
