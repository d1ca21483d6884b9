//! What a subscriber outside is told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::time::Timestamp;

/// One thing that happened, as it is sent to a subscriber. The source model's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookEvent {
    /// What happened.
    pub event_type: WebhookEventType,
    /// When.
    pub timestamp: Timestamp,
    /// The JSON of what it happened to: a session or a job as its owner sees it.
    pub data: Map<String, Value>,
}

/// What can happen; more may come, none changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum WebhookEventType {
    /// A session was made.
    #[serde(rename = "session.created")]
    SessionCreated,
    /// A session was ended.
    #[serde(rename = "session.ended")]
    SessionEnded,
    /// A command has its result.
    #[serde(rename = "command.executed")]
    CommandExecuted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_type_its_time_and_an_object() {
        let json = r#"{"event_type":"session.created","timestamp":"2026-11-23T08:00:00.000Z","data":{"session_id":"a"}}"#;
        let event: WebhookEvent = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        for wrong in [
            json.replace("session.created", "session.paused"),
            json.replace(".000Z", ""),
            json.replace(r#"{"session_id":"a"}"#, "[]"),
        ] {
            assert!(
                serde_json::from_str::<WebhookEvent>(&wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
