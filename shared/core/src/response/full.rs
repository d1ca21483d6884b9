//! A job with what happened to it.

use serde::{Deserialize, Serialize};

use super::JobResponse;
use crate::job_event::{Happened, JobEvent};

/// What `GET /v1/jobs/{id}?view=full` answers: a [`JobResponse`] and its first events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct FullJob {
    /// The job.
    #[serde(flatten)]
    pub job: JobResponse,
    /// Its events so far, oldest first: the first 100, and about 2 MiB of them at most.
    pub events: Vec<JobEvent>,
    /// Where the events behind these are; null where these are all of a job that has ended.
    pub events_url: Option<String>,
}

impl FullJob {
    /// This job with a first page of its events: `next` is the id to ask on with, and none where
    /// the job has ended and the page says so.
    ///
    /// A job that ended between the two reads is shown as it ended.
    #[must_use]
    pub fn new(job: JobResponse, events: Vec<JobEvent>, next: Option<u64>) -> Self {
        let ended = events.iter().find_map(|event| match &event.what {
            Happened::Complete { job, .. } => Some((**job).clone()),
            _ => None,
        });
        let events_url = next.map(|next| format!("/v1/jobs/{}/events?since={next}", job.id));
        Self {
            job: ended.unwrap_or(job),
            events,
            events_url,
        }
    }
}
