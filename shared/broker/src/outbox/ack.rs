//! What a stream says of a message that it was sent.

use async_nats::{Message, StatusCode};
use serde::Deserialize;

use crate::error::StoreError;

/// It has stored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Ack {
    #[serde(rename = "seq")]
    pub(crate) sequence: u64,
    /// It had the message already, by its id.
    #[serde(default)]
    pub(crate) duplicate: bool,
}

impl Ack {
    /// Reads a `PubAck`, or that there is none.
    pub(super) fn read(message: &Message) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Refusal {
            error: async_nats::jetstream::Error,
        }
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            return Err(StoreError::NoResponders);
        }
        // A refusal has a sequence, too: 0.
        let payload = &message.payload;
        match serde_json::from_slice::<Self>(payload) {
            Ok(ack) if ack.sequence > 0 => Ok(ack),
            read => match serde_json::from_slice::<Refusal>(payload) {
                Ok(refusal) => Err(refusal.error.into()),
                Err(source) => Err(StoreError::Corrupt {
                    what: "answer of a stream",
                    source: read.err().unwrap_or(source),
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(payload: &str, status: Option<StatusCode>) -> Message {
        Message {
            subject: "_INBOX.a.1".into(),
            reply: None,
            payload: payload.to_owned().into(),
            headers: None,
            status,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn a_stream_stores_refuses_or_is_not_there() {
        let stored = Ack::read(&answer(r#"{"stream":"S","seq":7}"#, None)).unwrap();
        assert_eq!((stored.sequence, stored.duplicate), (7, false));
        let known = r#"{"stream":"S","seq":7,"duplicate":true,"domain":"d"}"#;
        assert!(Ack::read(&answer(known, None)).unwrap().duplicate);
        let refused = |code, err_code, text| {
            let error = serde_json::json!({
                "error": {"code": code, "err_code": err_code, "description": text},
                "stream": "S", "seq": 0,
            });
            Ack::read(&answer(&error.to_string(), None)).unwrap_err()
        };
        let changed = refused(400, 10071, "wrong last sequence: 3");
        assert!(matches!(changed, StoreError::Conflict));
        let full = refused(503, 10077, "maximum messages exceeded");
        assert!(matches!(full, StoreError::Refused { code: 10077, .. }));
        let nobody = Ack::read(&answer("", Some(StatusCode::NO_RESPONDERS)));
        assert!(matches!(nobody, Err(StoreError::NoResponders)));
        for odd in ["", "{}", "+OK", r#"{"seq":0}"#] {
            let read = Ack::read(&answer(odd, None));
            assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{odd}");
        }
    }
}
