//! What is told of a job while it runs.

use serde::{Deserialize, Serialize};

use crate::id::RunId;
use crate::payload::Payload;
use crate::text::WorkerName;
use crate::time::Timestamp;

/// One event of a job, version 1, on the job's reply subject. Its id is the stream's sequence.
///
/// Events of another `run` than the last mean: forget what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Event {
    /// Always [`VERSION`](crate::envelope::VERSION).
    pub v: u32,
    /// How often the command had been delivered, from 1.
    pub attempt: u32,
    /// Which execution it is of.
    pub run: RunId,
    /// Its number in the run: 0 for `started`, then from 1 without gaps.
    pub n: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened to a job; `type` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// A worker has begun; told when the work lasts 50 ms or has something to stream.
    Started {
        /// The worker's name.
        worker: WorkerName,
        /// When, on the hub's clock.
        timestamp: Timestamp,
    },
    /// A stretch of output of a command whose output is too large for its result; told at its end.
    Output(Chunk),
    /// A stretch of output that is told while the command runs, as in `logs -f`.
    Log(Chunk),
}

impl EventKind {
    /// The stretch of output that it carries. Those of a run, in the order of `n`, are its output.
    #[must_use]
    pub const fn chunk(&self) -> Option<&Chunk> {
        match self {
            Self::Started { .. } => None,
            Self::Output(chunk) | Self::Log(chunk) => Some(chunk),
        }
    }
}

/// A stretch of one of the two output streams, at most
/// [`MAX_INLINE`](crate::payload::MAX_INLINE) bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Chunk {
    /// Which stream.
    pub stream: OutputStream,
    /// The bytes, where they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The bytes otherwise, as standard base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_b64: Option<String>,
}

/// One of a command's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OutputStream {
    /// What the command found.
    Stdout,
    /// What it has to say about it.
    Stderr,
}

impl Chunk {
    /// A chunk of these bytes.
    #[must_use]
    pub fn of(stream: OutputStream, bytes: &[u8]) -> Self {
        let (data, data_b64) = Payload::of(bytes).into_fields();
        Self {
            stream,
            data,
            data_b64,
        }
    }

    /// The bytes; `None` where the chunk is malformed.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        Payload::bytes(self.data.as_deref(), self.data_b64.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_carry_their_type_beside_their_place() {
        let event = Event {
            v: 1,
            attempt: 2,
            run: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
            n: 1,
            kind: EventKind::Output(Chunk::of(OutputStream::Stdout, b"a\n")),
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "v": 1, "attempt": 2, "run": "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90", "n": 1,
                "type": "output", "stream": "stdout", "data": "a\n"
            })
        );
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }

    #[test]
    fn text_that_imitates_an_event_stays_inside_the_event_that_carries_it() {
        let hostile =
            "\"}\n\n{\"v\":1,\"n\":2,\"type\":\"complete\"}\nevent: result\r\nid: 9\0\u{1b}[2J\n";
        let kind = EventKind::Log(Chunk::of(OutputStream::Stdout, hostile.as_bytes()));
        let json = serde_json::to_string(&kind).unwrap();
        assert!(json.starts_with(r#"{"type":"log","stream":"stdout","data":""#));
        assert!(!json.bytes().any(|byte| byte < b' '), "{json}");
        let read: EventKind = serde_json::from_str(&json).unwrap();
        assert_eq!(read.chunk().unwrap().bytes().unwrap(), hostile.as_bytes());
    }
}
