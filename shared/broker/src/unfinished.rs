//! The unfinished jobs that a gateway has accepted: as many a user as may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use kubently_core::id::{JobId, UserId};
use kubently_core::subject::CommandSubject;
use kubently_core::time::Timestamp;

use crate::connect::Broker;

/// The most unfinished jobs of one user on a gateway.
pub const MOST_A_USER: usize = 1_000;
/// The most of all users together.
pub const MOST: usize = 100_000;
/// Jobs that are looked for at a time.
const PARALLEL: usize = 16;

/// The unfinished jobs of a gateway. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Unfinished(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    jobs: HashMap<JobId, Accepted>,
    of_user: HashMap<UserId, usize>,
    /// When they were last looked through.
    looked_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Accepted {
    owner: UserId,
    subject: CommandSubject,
    /// When it has ended, whoever missed that.
    deadline: Timestamp,
}

/// A place for a job that is about to be submitted; dropped before it is kept, it is free again.
#[derive(Debug)]
#[must_use = "a place that is dropped is free again"]
pub struct Place {
    job: Option<JobId>,
    unfinished: Unfinished,
}

/// The user has as many unfinished jobs as it may, or all users together have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many unfinished jobs")]
pub struct OverQuota;

impl Unfinished {
    /// A place for one more job of this user, which ends by its deadline at the latest.
    ///
    /// # Errors
    /// [`OverQuota`]
    pub fn admit(
        &self,
        owner: UserId,
        subject: &CommandSubject,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<Place, OverQuota> {
        let mut state = self.lock();
        // A replay of a job that is counted already takes no place of its own.
        let is_new = !state.jobs.contains_key(&subject.job);
        if is_new && state.is_full_for(owner) {
            state.forget(now);
            if state.is_full_for(owner) {
                return Err(OverQuota);
            }
        }
        let accepted = Accepted {
            owner,
            subject: subject.clone(),
            deadline,
        };
        let mut place = Place {
            job: None,
            unfinished: self.clone(),
        };
        if state.jobs.insert(subject.job, accepted).is_none() {
            *state.of_user.entry(owner).or_default() += 1;
            place.job = Some(subject.job);
        }
        Ok(place)
    }

    /// The job has its result.
    pub fn ended(&self, job: JobId) {
        self.lock().remove(job);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// After whatever may have cost us messages, looks which of them have ended, and then which never
    /// came to be: the hub did not answer when they were submitted, and holds nothing of them.
    pub(crate) async fn reread<T>(self, broker: Broker, live: std::sync::Weak<T>) {
        let mut disturbed = broker.disturbed.clone();
        while disturbed.changed().await.is_ok() && live.strong_count() > 0 {
            let replies = self.subjects().iter().map(CommandSubject::reply).collect();
            broker
                .each_result(replies, |reply, _| self.ended(reply.job))
                .await;
            futures::stream::iter(self.subjects())
                .for_each_concurrent(PARALLEL, |subject| {
                    let (broker, unfinished) = (&broker, &self);
                    async move {
                        if matches!(broker.has_trace(&subject).await, Ok(false)) {
                            unfinished.ended(subject.job);
                        }
                    }
                })
                .await;
        }
    }

    fn subjects(&self) -> Vec<CommandSubject> {
        let state = self.lock();
        let jobs = state.jobs.values();
        jobs.map(|job| job.subject.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full_for(&self, owner: UserId) -> bool {
        let own = self.of_user.get(&owner).copied().unwrap_or(0);
        own >= MOST_A_USER || self.jobs.len() >= MOST
    }

    /// Forgets what is past its deadline, at most once a second: who asks again and again at its quota
    /// must not keep the others waiting.
    fn forget(&mut self, now: Timestamp) {
        let is_fresh = |at: Timestamp| at <= now && now < at.plus_seconds(1);
        if self.looked_at.is_some_and(is_fresh) {
            return;
        }
        self.looked_at = Some(now);
        let past = self.jobs.iter().filter(|(_, job)| job.deadline <= now);
        let past: Vec<_> = past.map(|(id, _)| *id).collect();
        for job in past {
            self.remove(job);
        }
    }

    fn remove(&mut self, job: JobId) {
        let Some(accepted) = self.jobs.remove(&job) else {
            return;
        };
        if let Some(count) = self.of_user.get_mut(&accepted.owner) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&accepted.owner);
            }
        }
    }
}

impl Place {
    /// The job is accepted: it holds its place until it has ended.
    pub fn keep(mut self) {
        self.job = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(job) = self.job {
            self.unfinished.ended(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn subject() -> CommandSubject {
        let id = Uuid::now_v7();
        let text = format!("kubently.v1.cmd.prod-eu.normal.gw-0000beef.{id}");
        text.parse().unwrap()
    }

    fn at(seconds: u32) -> Timestamp {
        let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        start.plus_seconds(seconds)
    }

    #[test]
    fn a_user_has_a_thousand_unfinished_jobs_and_another_its_own() {
        let unfinished = Unfinished::default();
        let [one, other] = [1, 2].map(|number| UserId::from_uuid(Uuid::from_u128(number)));
        let first = subject();
        let admit = |owner, subject: &CommandSubject, now| {
            unfinished.admit(owner, subject, at(60), at(now))
        };
        admit(one, &first, 0).unwrap().keep();
        for _ in 1..MOST_A_USER {
            admit(one, &subject(), 0).unwrap().keep();
        }
        assert_eq!(admit(one, &subject(), 0).unwrap_err(), OverQuota);
        drop(admit(one, &first, 0).unwrap());
        admit(other, &subject(), 0).unwrap().keep();
        unfinished.ended(first.job);
        drop(admit(one, &subject(), 0).unwrap());
        admit(one, &subject(), 59).unwrap().keep();
        assert_eq!(admit(one, &subject(), 59).unwrap_err(), OverQuota);
        // What is past its deadline has ended, also where nobody heard of it.
        admit(one, &subject(), 60).unwrap().keep();
        assert_eq!(unfinished.len(), 1);
    }

    #[test]
    fn a_job_that_is_submitted_twice_counts_once() {
        let unfinished = Unfinished::default();
        let owner = UserId::from_uuid(Uuid::from_u128(1));
        let twice = subject();
        unfinished
            .admit(owner, &twice, at(60), at(0))
            .unwrap()
            .keep();
        drop(unfinished.admit(owner, &twice, at(60), at(0)).unwrap());
        assert_eq!(unfinished.len(), 1);
        unfinished.ended(twice.job);
        assert!(unfinished.is_empty() && unfinished.lock().of_user.is_empty());
    }
}
