//! Facts of jobs and their events.

use std::error::Error;

use futures::future::join_all;
use serde_json::json;

use super::{Checked, Suite, WRITERS, two, two_after};
use crate::envelope::Envelope;
use crate::event::{Event, EventKind};
use crate::id::{ApiKeyId, JobId, RunId};
use crate::job::JobRecord;
use crate::repository::{Completion, PageRequest, RepositoryError};
use crate::result::CommandResult;
use crate::status::{FinalStatus, JobStatus, Reason};

const OWNER: u32 = 700;
const OTHER: u32 = 701;

pub(super) async fn check(suite: &Suite<'_>) -> Checked {
    a_job_is_its_owners_only(suite).await?;
    an_id_is_taken_once(suite).await?;
    events_are_read_in_order_from_where_a_reader_was(suite).await?;
    a_started_job_runs_and_a_result_ends_it(suite).await?;
    of_many_who_complete_and_cancel_one_wins(suite).await?;
    jobs_are_listed_newest_first_while_rows_come(suite).await
}

fn record(suite: &Suite<'_>, owner: u32, number: u32) -> Result<JobRecord, Box<dyn Error>> {
    let envelope: Envelope = serde_json::from_value(json!({
        "v": 1,
        "id": JobId::from_uuid(suite.id(number)),
        "cluster_id": "prod-eu",
        "origin": "gw-0000beef",
        "owner": suite.user_id(owner),
        "command_type": "get",
        "args": ["pods"],
        "queued_at": suite.now.plus_seconds(number - OWNER),
    }))?;
    Ok(JobRecord {
        subject: envelope.subject(),
        envelope,
        key_id: ApiKeyId::from_uuid(suite.id(OWNER)),
    })
}

async fn created(suite: &Suite<'_>, owner: u32, number: u32) -> Result<JobRecord, Box<dyn Error>> {
    let record = record(suite, owner, number)?;
    let owner = suite.user_id(owner);
    suite.stores.create_job(owner, &record).await?;
    Ok(record)
}

fn started(suite: &Suite<'_>, attempt: u32) -> Result<Event, Box<dyn Error>> {
    Ok(Event {
        v: 1,
        attempt,
        run: RunId::from_uuid(suite.id(attempt)),
        n: 0,
        kind: EventKind::Started {
            worker: "worker-1".parse()?,
            timestamp: suite.now,
        },
    })
}

async fn status(suite: &Suite<'_>, id: JobId) -> Result<Option<JobStatus>, RepositoryError> {
    let job = suite.stores.get_job(suite.user_id(OWNER), id).await?;
    Ok(job.map(|job| job.state.status()))
}

async fn a_job_is_its_owners_only(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let record = created(suite, OWNER, 710).await?;
    let (id, other) = (record.envelope.id, suite.user_id(OTHER));
    assert_eq!(status(suite, id).await?, Some(JobStatus::Queued));
    assert_eq!(stores.get_job(other, id).await?, None);
    let events = stores.get_events_since(other, id, 0, 10).await;
    assert!(
        matches!(events, Err(RepositoryError::NotFound)),
        "{events:?}"
    );
    let unknown = JobId::from_uuid(suite.id(719));
    assert_eq!(status(suite, unknown).await?, None);
    Ok(())
}

async fn an_id_is_taken_once(suite: &Suite<'_>) -> Checked {
    let record = created(suite, OWNER, 720).await?;
    let again = suite.stores.create_job(suite.user_id(OWNER), &record).await;
    assert!(matches!(again, Err(RepositoryError::Conflict)), "{again:?}");
    Ok(())
}

async fn events_are_read_in_order_from_where_a_reader_was(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let record = created(suite, OWNER, 730).await?;
    let (owner, id) = (suite.user_id(OWNER), record.envelope.id);
    let reply = record.subject.reply();
    let mut written = Vec::new();
    for attempt in 1..=5 {
        let event = started(suite, attempt)?;
        written.push((stores.add_event(&reply, &event).await?, event));
    }
    assert!(
        written.is_sorted_by(|(before, _), (after, _)| before < after),
        "ids grow"
    );
    let all = stores.get_events_since(owner, id, 0, 100).await?;
    assert_eq!(all, written);
    let seen = all.get(1).map_or(0, |(sequence, _)| *sequence);
    let next = stores.get_events_since(owner, id, seen, 2).await?;
    assert_eq!(next.as_slice(), written.get(2..4).unwrap_or_default());
    let last = all.last().map_or(0, |(sequence, _)| *sequence);
    assert_eq!(stores.get_events_since(owner, id, last, 2).await?, []);
    Ok(())
}

async fn a_started_job_runs_and_a_result_ends_it(suite: &Suite<'_>) -> Checked {
    let record = created(suite, OWNER, 740).await?;
    let id = record.envelope.id;
    let reply = record.subject.reply();
    suite.stores.add_event(&reply, &started(suite, 1)?).await?;
    assert_eq!(status(suite, id).await?, Some(JobStatus::Running));
    let result = cancelled(suite, id);
    let completion = suite.stores.complete_job(&reply, &result).await?;
    assert_eq!(completion, Completion::First);
    assert_eq!(status(suite, id).await?, Some(JobStatus::Cancelled));
    Ok(())
}

fn cancelled(suite: &Suite<'_>, id: JobId) -> CommandResult {
    let (status, reason) = (FinalStatus::Cancelled, Reason::CancelledByUser);
    CommandResult::never_ran(id, status, reason, suite.now)
}

async fn of_many_who_complete_and_cancel_one_wins(suite: &Suite<'_>) -> Checked {
    let record = created(suite, OWNER, 750).await?;
    let id = record.envelope.id;
    let reply = record.subject.reply();
    let results: Vec<_> = (0..WRITERS)
        .map(|number| {
            if number % 2 == 0 {
                return cancelled(suite, id);
            }
            let at = suite.now.plus_seconds(number);
            CommandResult::never_ran(id, FinalStatus::Failed, Reason::Timeout, at)
        })
        .collect();
    let stores = suite.stores;
    let completions = join_all(
        results
            .iter()
            .map(|result| stores.complete_job(&reply, result)),
    );
    let mut winners = Vec::new();
    let mut kept = Vec::new();
    for (result, completion) in results.iter().zip(completions.await) {
        match completion? {
            Completion::First => winners.push(result.clone()),
            Completion::Already(found) => kept.push(*found),
        }
    }
    assert_eq!(winners.len(), 1, "exactly one wins");
    assert!(
        kept.iter().all(|found| winners.contains(found)),
        "all others are told the winner's result"
    );
    Ok(())
}

async fn jobs_are_listed_newest_first_while_rows_come(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let other = suite.user_id(OTHER);
    for number in [760, 761, 762] {
        created(suite, OTHER, number).await?;
    }
    let first = stores.list_jobs(other, &two()?).await?;
    let ids: Vec<_> = first
        .items
        .iter()
        .map(|job| job.record.envelope.id.as_uuid())
        .collect();
    assert_eq!(ids, [suite.id(762), suite.id(761)]);
    created(suite, OTHER, 763).await?;
    let second = stores
        .list_jobs(other, &two_after(first.next.clone())?)
        .await?;
    let ids: Vec<_> = second
        .items
        .iter()
        .map(|job| job.record.envelope.id.as_uuid())
        .collect();
    assert_eq!((ids, second.next), (vec![suite.id(760)], None));
    let foreign = PageRequest {
        cursor: first.next,
        ..two()?
    };
    let page = stores.list_jobs(suite.user_id(OWNER), &foreign).await;
    assert!(
        matches!(page, Err(RepositoryError::Cursor(_))),
        "a cursor is its owner's: {page:?}"
    );
    Ok(())
}
