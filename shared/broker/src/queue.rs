//! How a cluster's queue stands.

use async_nats::jetstream::message::StreamMessage;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{LaneStatus, QueueStatus};
use kubently_core::lane::Lane;
use kubently_core::subject::{CommandSubject, lane_of};
use kubently_core::time::Timestamp;
use serde::Deserialize;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::metrics::Depths;
use crate::stream::STREAM_NOT_FOUND;
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
    num_waiting: u64,
}

#[derive(Deserialize)]
struct Delivered {
    stream_seq: u64,
}

impl Broker {
    /// Where a command stands in its queue; `None` where it has left it, also with a removed cluster.
    pub(crate) async fn queued(&self, subject: &CommandSubject) -> Result<Option<u64>, StoreError> {
        let stream = command_stream(&subject.cluster);
        match self.last(&stream, &subject.text()).await {
            Ok(message) => Ok(message.map(|message| message.sequence)),
            Err(StoreError::Refused {
                code: STREAM_NOT_FOUND,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many commands wait and run in each lane of a cluster, and since when the oldest waits.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where the cluster has no queue.
    pub async fn queue_status(&self, cluster: &ClusterId) -> Result<QueueStatus, StoreError> {
        let depths = self.depths(cluster).await?;
        let mut status = QueueStatus::default();
        for (lane, depth) in Lane::ALL.into_iter().zip(depths) {
            *status.lane_mut(lane) = LaneStatus {
                queued: depth.queued,
                in_flight: depth.in_flight,
            };
        }
        status.oldest_queued_at = depths.iter().filter_map(|depth| depth.oldest).min();
        Ok(status)
    }

    /// The same, each lane with its own oldest command.
    pub(crate) async fn depths(&self, cluster: &ClusterId) -> Result<Depths, StoreError> {
        let stream = command_stream(cluster);
        let answer: Consumers = self.ask(&format!("CONSUMER.LIST.{stream}")).await?;
        let mut depths = Depths::default();
        for consumer in answer.consumers.unwrap_or_default() {
            let Ok(lane) = consumer.name.parse::<Lane>() else {
                continue;
            };
            let place = Lane::ALL.into_iter().position(|other| other == lane);
            let Some(depth) = place.and_then(|place| depths.get_mut(place)) else {
                continue;
            };
            depth.queued = consumer.num_pending;
            depth.in_flight = consumer.num_ack_pending;
            if consumer.num_pending > 0 {
                let (filter, from) = (lane_of(cluster, lane), consumer.delivered.stream_seq + 1);
                let next = self.batch(&stream, &filter, from, 1, 1).await?;
                let at = |message: &StreamMessage| Timestamp::new(message.time);
                depth.oldest = next.messages.first().map(at);
            }
        }
        Ok(depths)
    }

    /// Whether a worker of the cluster waits for commands now. Only the cluster itself can make it seem so.
    ///
    /// # Errors
    /// As [`Self::queue_status`].
    pub(crate) async fn is_pulled_from(&self, cluster: &ClusterId) -> Result<bool, StoreError> {
        let ask = format!("CONSUMER.LIST.{}", command_stream(cluster));
        let answer: Consumers = self.ask(&ask).await?;
        let mut consumers = answer.consumers.unwrap_or_default().into_iter();
        Ok(consumers.any(|consumer| consumer.num_waiting > 0))
    }
}
