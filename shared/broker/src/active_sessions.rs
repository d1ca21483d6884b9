//! How many sessions take commands, over all users: read now and then, never for a request.

use kubently_core::session::Session;
use kubently_core::time::Timestamp;

use crate::bucket::{From, Walk};
use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::{SESSIONS, bucket_stream};

/// The most sessions that are counted, those that are over and still readable included: about 4 MiB
/// to read. Where there are more, how many take commands is not known.
const MOST: u64 = 10_000;

/// The sessions as they were last read.
#[derive(Debug, Default)]
pub struct ActiveSessions {
    /// The bucket's last write that was read.
    seen: Option<u64>,
    /// When each session that was not ended expires.
    ends: Vec<Timestamp>,
}

impl ActiveSessions {
    /// How many sessions take commands now; none where there are too many to count. They are read
    /// anew only where something was written since the last time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(
        &mut self,
        broker: &Broker,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let state = broker.stream_state(&bucket_stream(SESSIONS)).await?.state;
        if state.messages > MOST {
            *self = Self::default();
            return Ok(None);
        }
        if self.seen != Some(state.last_seq) {
            let mut ends = Vec::new();
            let each = |session: Session, _| {
                if session.check_live(now).is_ok() {
                    ends.push(session.expires_at());
                }
                Walk::On
            };
            broker.walk(SESSIONS, ">", From::First, each).await?;
            *self = Self {
                seen: Some(state.last_seq),
                ends,
            };
        }
        Ok(Some(self.active(now)))
    }

    fn active(&self, now: Timestamp) -> u64 {
        let active = self.ends.iter().filter(|end| now < **end);
        active.count().try_into().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_is_counted_no_more_without_a_new_read() {
        let at =
            |second: i64| Timestamp::from(chrono::DateTime::from_timestamp(second, 0).unwrap());
        let sessions = ActiveSessions {
            seen: Some(9),
            ends: vec![at(10), at(20), at(20)],
        };
        assert_eq!(sessions.active(at(9)), 3);
        assert_eq!(sessions.active(at(10)), 2);
        assert_eq!(sessions.active(at(20)), 0);
    }
}
