//! The results of many jobs at once: a gateway looks again and again which of the jobs that it follows have
//! ended, and most of them have not.

use std::collections::HashMap;

use futures::StreamExt as _;
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::replies::result_of;
use crate::topology::reply_stream;

/// Jobs of one request. The server answers at most 1,024 (ADR-31).
const JOBS: usize = 256;
/// The most bytes of one answer, unless the first result is larger.
const BYTES: usize = 1024 * 1024;
/// Requests under way at a time.
const PARALLEL: usize = 4;

impl Broker {
    /// Gives `seen` the result of each of these jobs that has one. Any replica answers, and none is asked
    /// twice: what is missed, the next look finds.
    pub(crate) async fn each_result(
        &self,
        mut replies: Vec<ReplySubject>,
        seen: impl Fn(&ReplySubject, CommandResult),
    ) {
        replies.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        let of_a_cluster = replies.chunk_by(|a, b| a.cluster == b.cluster);
        futures::stream::iter(of_a_cluster.flat_map(|replies| replies.chunks(JOBS)))
            .for_each_concurrent(PARALLEL, async |replies| {
                if let Err(error) = self.results_of(replies, &seen).await {
                    tracing::debug!(%error, "results could not be read again");
                }
            })
            .await;
    }

    /// The same for jobs of one cluster, at most [`JOBS`].
    async fn results_of(
        &self,
        replies: &[ReplySubject],
        seen: impl Fn(&ReplySubject, CommandResult),
    ) -> Result<(), StoreError> {
        let Some(first) = replies.first() else {
            return Ok(());
        };
        let stream = reply_stream(&first.cluster);
        let mut open: HashMap<String, &ReplySubject> = replies
            .iter()
            .map(|reply| (reply.result(), reply))
            .collect();
        loop {
            let subjects: Vec<&str> = open.keys().map(String::as_str).collect();
            let batch = self.last_of(&stream, &subjects, BYTES).await?;
            let before = open.len();
            for message in &batch.messages {
                let Some(reply) = open.remove(message.subject.as_str()) else {
                    continue;
                };
                let stored_at = Timestamp::new(message.time);
                seen(reply, result_of(&message.payload, reply.job, stored_at));
            }
            if !batch.more || open.len() == before {
                return Ok(());
            }
        }
    }
}
