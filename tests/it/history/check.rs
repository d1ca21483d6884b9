//! The rules that a history and what the hub keeps afterwards must hold to. Pure: it reads nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Call, End, Event, Kept, KeptJob, State, Told};

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("job {0} was accepted and has no result")]
    Lost(String),
    #[error("job {0} has {1} results")]
    TwoEnds(String, usize),
    #[error("readers of job {0} were told different ends: {1:?} and {2:?}")]
    EndsDiffer(String, Box<End>, Box<End>),
    #[error("job {0} was told as unfinished to who asked after its end was told")]
    WentBack(String),
    #[error("job {0} was accepted, and then there was none: {1}")]
    Vanished(String, String),
    #[error("every submission of {0} was refused, and there is a job of it: {1}")]
    RefusedRan(String, String),
    #[error("submissions of {0} are several jobs: {1:?}")]
    SeveralJobs(String, Vec<String>),
    #[error("the answer to {0} is somebody else's: {1:?}")]
    Mixed(String, Box<End>),
    #[error("who cancelled job {0} was told cancelled: {1}, and it ended as {2}")]
    CancelLies(String, bool, String),
    #[error("a follower of job {0} was told event {1} out of order: {2}")]
    OutOfOrder(String, u64, &'static str),
    #[error("a follower of job {0} was told its end {1} times")]
    Ends(String, usize),
    #[error("job {0}: its live feed told {1} ends")]
    ToldTwice(String, usize),
    #[error("job {0}: run {1} lacks event {2}")]
    Gap(String, String, u64),
    #[error("{0} commands are left in queues, {1} to be delivered and {2} without an ack")]
    LeftOver(u64, u64, u64),
}

/// Every rule that this history breaks.
pub(crate) fn check(calls: &[Call], kept: &Kept) -> Vec<Broken> {
    let mut broken = Vec::new();
    let jobs: BTreeMap<&str, &KeptJob> = kept.jobs.iter().map(|it| (it.job.as_str(), it)).collect();
    accepted_jobs_have_one_end(calls, &jobs, &mut broken);
    readers_agree(calls, &jobs, &mut broken);
    what_has_ended_stays_ended(calls, &mut broken);
    submissions_are_one_job(calls, kept, &mut broken);
    answers_belong_to_their_questions(calls, &jobs, &mut broken);
    cancels_tell_the_truth(calls, &jobs, &mut broken);
    followers_miss_nothing(calls, &mut broken);
    stored_runs_are_whole(kept, &mut broken);
    let (pending, unacked) = kept.pending;
    if (kept.queued, pending, unacked) != (0, 0, 0) {
        broken.push(Broken::LeftOver(kept.queued, pending, unacked));
    }
    broken
}

/// The jobs whose acceptance somebody was told of.
fn accepted(calls: &[Call]) -> BTreeSet<&str> {
    calls
        .iter()
        .filter_map(|call| match (&call.asked, &call.told) {
            (Asked::Submit { .. }, Told::Job { job, .. })
            | (Asked::Publish { job }, Told::Stored) => Some(job.as_str()),
            _ => None,
        })
        .collect()
}

fn accepted_jobs_have_one_end(
    calls: &[Call],
    jobs: &BTreeMap<&str, &KeptJob>,
    broken: &mut Vec<Broken>,
) {
    for job in accepted(calls) {
        if jobs.get(job).is_none_or(|kept| kept.results.is_empty()) {
            broken.push(Broken::Lost(job.to_owned()));
        }
    }
    for kept in jobs.values() {
        // A record without any end is lost as well, whoever was told of it.
        if kept.results.is_empty() && kept.mark.is_some() && !accepted(calls).contains(&*kept.job) {
            broken.push(Broken::Lost(kept.job.clone()));
        }
        if kept.results.len() > 1 {
            broken.push(Broken::TwoEnds(kept.job.clone(), kept.results.len()));
        }
    }
    for call in calls {
        let (Asked::Read { job } | Asked::Cancel { job } | Asked::Follow { job, .. }) = &call.asked
        else {
            continue;
        };
        if let Told::Refused(why) = &call.told {
            broken.push(Broken::Vanished(job.clone(), why.clone()));
        }
    }
}

/// The job that a call is about, and each end of it that the call was told.
fn ends(call: &Call) -> Option<(&str, Vec<&End>)> {
    let job = match &call.asked {
        Asked::Submit { .. } => match &call.told {
            Told::Job { job, .. } => job,
            _ => return None,
        },
        Asked::Publish { job }
        | Asked::Read { job }
        | Asked::Cancel { job }
        | Asked::Follow { job, .. }
        | Asked::Listen { job } => job,
    };
    let ends = match &call.told {
        Told::Job {
            state: State::Ended(end),
            ..
        }
        | Told::Cancelled { end, .. } => vec![end],
        Told::Heard(ends) => ends.iter().collect(),
        Told::Events(events) => {
            let complete = events.iter().filter_map(|event| match event {
                Event::Complete { end, .. } => Some(end),
                Event::Of { .. } | Event::Reset => None,
            });
            complete.collect()
        }
        _ => Vec::new(),
    };
    Some((job, ends))
}

fn readers_agree(calls: &[Call], jobs: &BTreeMap<&str, &KeptJob>, broken: &mut Vec<Broken>) {
    let mut first: BTreeMap<&str, &End> = BTreeMap::new();
    for (job, kept) in jobs {
        first.extend(kept.results.first().map(|(end, ..)| (*job, end)));
    }
    for call in calls {
        let Some((job, ends)) = ends(call) else {
            continue;
        };
        if let (Asked::Listen { .. }, 2..) = (&call.asked, ends.len()) {
            broken.push(Broken::ToldTwice(job.to_owned(), ends.len()));
        }
        for end in ends {
            let known = *first.entry(job).or_insert(end);
            if known != end {
                let (known, end) = (Box::new(known.clone()), Box::new(end.clone()));
                broken.push(Broken::EndsDiffer(job.to_owned(), known, end));
            }
        }
    }
}

fn what_has_ended_stays_ended(calls: &[Call], broken: &mut Vec<Broken>) {
    let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        if let Some((job, ends)) = ends(call)
            && !ends.is_empty()
        {
            let at = ended.entry(job).or_insert(call.ended);
            *at = call.ended.min(*at);
        }
    }
    for call in calls {
        let Told::Job { job, state } = &call.told else {
            continue;
        };
        let told_before = ended.get(&**job).is_some_and(|at| *at < call.begun);
        if told_before && *state == State::Unfinished {
            broken.push(Broken::WentBack(job.clone()));
        }
    }
}

fn submissions_are_one_job(calls: &[Call], kept: &Kept, broken: &mut Vec<Broken>) {
    let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut is_refused: BTreeMap<&str, bool> = BTreeMap::new();
    for call in calls {
        let Asked::Submit { mark, .. } = &call.asked else {
            continue;
        };
        let refused = matches!(call.told, Told::Refused(_));
        *is_refused.entry(mark).or_insert(true) &= refused;
        if let Told::Job { job, .. } = &call.told {
            told.entry(mark).or_default().insert(job);
        }
    }
    for job in &kept.jobs {
        let Some(mark) = job.mark.as_deref() else {
            continue;
        };
        if is_refused.get(mark) == Some(&true) {
            broken.push(Broken::RefusedRan(mark.to_owned(), job.job.clone()));
        }
        told.entry(mark).or_default().insert(&job.job);
    }
    for (mark, jobs) in told.into_iter().filter(|(_, jobs)| jobs.len() > 1) {
        let jobs = jobs.into_iter().map(str::to_owned).collect();
        broken.push(Broken::SeveralJobs(mark.to_owned(), jobs));
    }
}

fn answers_belong_to_their_questions(
    calls: &[Call],
    jobs: &BTreeMap<&str, &KeptJob>,
    broken: &mut Vec<Broken>,
) {
    for call in calls {
        let (
            Asked::Submit {
                mark,
                expects: Some(text),
                ..
            },
            Told::Job { job, .. },
        ) = (&call.asked, &call.told)
        else {
            continue;
        };
        let results = jobs.get(&**job).map_or(&[][..], |kept| &kept.results);
        for (end, ..) in results {
            if end.status == "completed" && !end.said.contains(text) {
                broken.push(Broken::Mixed(mark.clone(), Box::new(end.clone())));
            }
        }
    }
}

fn cancels_tell_the_truth(
    calls: &[Call],
    jobs: &BTreeMap<&str, &KeptJob>,
    broken: &mut Vec<Broken>,
) {
    for call in calls {
        let (Asked::Cancel { job }, Told::Cancelled { won, .. }) = (&call.asked, &call.told) else {
            continue;
        };
        let results = jobs.get(&**job).map_or(&[][..], |kept| &kept.results);
        if let [(end, ..)] = results
            && *won != (end.status == "cancelled")
        {
            broken.push(Broken::CancelLies(job.clone(), *won, end.status.clone()));
        }
    }
}

/// What one follower was told, over all the times it was let go and went on.
fn followers_miss_nothing(calls: &[Call], broken: &mut Vec<Broken>) {
    let mut followers: BTreeMap<(&str, usize), Vec<&Event>> = BTreeMap::new();
    for call in calls {
        if let (Asked::Follow { job, follower }, Told::Events(events)) = (&call.asked, &call.told) {
            let told = followers.entry((job, *follower)).or_default();
            told.extend(events);
        }
    }
    for ((job, _), events) in followers {
        let wrong = |id, why| Broken::OutOfOrder(job.to_owned(), id, why);
        // The run that is being told, its last number, and the last id.
        let mut at: Option<(&str, u64, u64)> = None;
        let mut complete = 0;
        for event in events {
            match event {
                Event::Reset => at = None,
                Event::Of { id, run, n } => {
                    if complete > 0 {
                        broken.push(wrong(*id, "after the end"));
                    }
                    match at {
                        Some((same, last, before)) if same == run => {
                            if *n != last + 1 {
                                broken.push(wrong(*id, "a gap or a repeat"));
                            }
                            if *id <= before {
                                broken.push(wrong(*id, "its id does not grow"));
                            }
                        }
                        Some(_) => broken.push(wrong(*id, "another run without a reset")),
                        // Short work begins with its output, and other work by saying so.
                        None if *n > 1 => broken.push(wrong(*id, "the beginning is missing")),
                        None => {}
                    }
                    at = Some((run, *n, *id));
                }
                Event::Complete { id, .. } => {
                    complete += 1;
                    if at.is_some_and(|(.., before)| *id <= before) {
                        broken.push(wrong(*id, "its id does not grow"));
                    }
                }
            }
        }
        if complete != 1 {
            broken.push(Broken::Ends(job.to_owned(), complete));
        }
    }
}

/// Every run that is stored begins at its beginning and lacks nothing in between; the one that counts has
/// as many events as its result says. An event may be stored twice: its ack was lost.
fn stored_runs_are_whole(kept: &Kept, broken: &mut Vec<Broken>) {
    for job in &kept.jobs {
        let mut runs: BTreeMap<&str, u64> = BTreeMap::new();
        for (run, n) in &job.events {
            let last = runs.entry(run).or_default();
            if *n > *last + 1 {
                broken.push(Broken::Gap(job.job.clone(), run.clone(), *last + 1));
            }
            *last = (*n).max(*last);
        }
        if let [(_, Some(run), events)] = &job.results[..] {
            let last = runs.get(run.as_str()).copied().unwrap_or_default();
            if last != *events {
                broken.push(Broken::Gap(job.job.clone(), run.clone(), last + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests;
