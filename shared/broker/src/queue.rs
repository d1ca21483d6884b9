//! How a cluster's queue stands.

use async_nats::jetstream::message::StreamMessage;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{LaneStatus, QueueStatus};
use kubently_core::lane::Lane;
use kubently_core::subject::lane_of;
use kubently_core::time::Timestamp;
use serde::Deserialize;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::topology::command_stream;

#[derive(Deserialize)]
struct Consumers {
    #[serde(default)]
    consumers: Option<Vec<Consumer>>,
}

#[derive(Deserialize)]
struct Consumer {
    name: String,
    delivered: Delivered,
    num_ack_pending: u64,
    num_pending: u64,
}

#[derive(Deserialize)]
struct Delivered {
    stream_seq: u64,
}

impl Broker {
    /// How many commands wait and run in each lane of a cluster, and since when the oldest waits.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where the cluster has no queue.
    pub async fn queue_status(&self, cluster: &ClusterId) -> Result<QueueStatus, StoreError> {
        let stream = command_stream(cluster);
        let answer: Consumers = self.ask(&format!("CONSUMER.LIST.{stream}")).await?;
        let mut status = QueueStatus::default();
        let mut oldest: Option<Timestamp> = None;
        for consumer in answer.consumers.unwrap_or_default() {
            let Ok(lane) = consumer.name.parse::<Lane>() else {
                continue;
            };
            *status.lane_mut(lane) = LaneStatus {
                queued: consumer.num_pending,
                in_flight: consumer.num_ack_pending,
            };
            if consumer.num_pending > 0 {
                let (filter, from) = (lane_of(cluster, lane), consumer.delivered.stream_seq + 1);
                let next = self.batch(&stream, &filter, from, 1, 1).await?;
                let at = |message: &StreamMessage| Timestamp::new(message.time);
                let since = next.messages.first().map(at);
                oldest = oldest.into_iter().chain(since).min();
            }
        }
        status.oldest_queued_at = oldest;
        Ok(status)
    }
}
