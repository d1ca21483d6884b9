use std::time::Duration;

use super::*;

/// A history that is being written, each call after the one before.
#[derive(Default)]
struct Written {
    calls: Vec<Call>,
    kept: Kept,
}

fn end(status: &str, said: &str) -> End {
    End {
        status: status.to_owned(),
        reason: String::new(),
        attempt: 1,
        worker: "w".to_owned(),
        said: said.to_owned(),
    }
}

fn done() -> State {
    State::Ended(end("completed", "m1"))
}

fn job(job: &str, state: State) -> Told {
    let job = job.to_owned();
    Told::Job { job, state }
}

fn read(job: &str) -> Asked {
    let job = job.to_owned();
    Asked::Read { job }
}

fn follow(events: Vec<Event>) -> (Asked, Told) {
    let asked = Asked::Follow {
        job: "j1".to_owned(),
        follower: 1,
    };
    (asked, Told::Events(events))
}

fn of(id: u64, run: &str, n: u64) -> Event {
    let run = run.to_owned();
    Event::Of { id, run, n }
}

fn complete(id: u64) -> Event {
    let end = end("completed", "m1");
    Event::Complete { id, end }
}

impl Written {
    fn call(mut self, asked: Asked, told: Told) -> Self {
        let begun = 2 * self.calls.len();
        let ended = begun + 1;
        self.calls.push(Call {
            asked,
            begun,
            told,
            ended,
            took: Duration::ZERO,
        });
        self
    }

    fn submit(self, mark: &str, told: Told) -> Self {
        let asked = Asked::Submit {
            mark: mark.to_owned(),
            expects: Some(mark.to_owned()),
        };
        self.call(asked, told)
    }

    fn keep(mut self, job: &str, mark: &str, ends: &[End]) -> Self {
        let result = |end: &End| (end.clone(), Some("r".to_owned()), 0);
        self.kept.jobs.push(KeptJob {
            job: job.to_owned(),
            mark: (!mark.is_empty()).then(|| mark.to_owned()),
            results: ends.iter().map(result).collect(),
            events: Vec::new(),
        });
        self
    }

    fn check(&self) -> Vec<Broken> {
        check(&self.calls, &self.kept)
    }
}

/// One job that was submitted, read and kept.
fn good() -> Written {
    Written::default()
        .submit("m1", job("j1", State::Unfinished))
        .call(read("j1"), job("j1", State::Unfinished))
        .call(read("j1"), job("j1", done()))
        .keep(
            "j1",
            "m1",
            &[end("completed", "for m1")].map(|mut end| {
                end.said = "m1".to_owned();
                end
            }),
        )
}

#[test]
fn a_good_history_breaks_no_rule() {
    let history = good();
    assert_eq!(history.check(), []);
    // What was not answered may have happened or not, and what was refused has not.
    let unknown = || Told::Unknown("broken off".to_owned());
    let history = history
        .submit("m2", unknown())
        .submit("m3", unknown())
        .submit("m4", Told::Refused("422".to_owned()))
        .keep("j3", "m3", &[end("failed", "")])
        .call(read("j1"), unknown());
    assert_eq!(history.check(), []);
}

#[test]
fn an_accepted_job_without_an_end_is_lost() {
    let mut history = good();
    history.kept.jobs[0].results.clear();
    assert_eq!(history.check(), [Broken::Lost("j1".to_owned())]);
    history.kept.jobs.clear();
    assert_eq!(history.check(), [Broken::Lost("j1".to_owned())]);
    let publish = Asked::Publish {
        job: "p1".to_owned(),
    };
    let history = good().call(publish, Told::Stored);
    assert_eq!(history.check(), [Broken::Lost("p1".to_owned())]);
    // Nobody was told of this one, and it is there: it must end as well.
    let history = good()
        .submit("m2", Told::Unknown(String::new()))
        .keep("j2", "m2", &[]);
    assert_eq!(history.check(), [Broken::Lost("j2".to_owned())]);
}

#[test]
fn two_results_and_two_stories_are_found() {
    let mut history = good();
    let again = history.kept.jobs[0].results[0].clone();
    history.kept.jobs[0].results.push(again);
    assert_eq!(history.check(), [Broken::TwoEnds("j1".to_owned(), 2)]);
    let other = State::Ended(end("failed", ""));
    let history = good().call(read("j1"), job("j1", other));
    assert!(matches!(&history.check()[..], [Broken::EndsDiffer(..)]));
    let listen = Asked::Listen {
        job: "j1".to_owned(),
    };
    let twice = vec![end("completed", "m1"); 2];
    let history = good().call(listen, Told::Heard(twice));
    assert_eq!(history.check(), [Broken::ToldTwice("j1".to_owned(), 2)]);
}

#[test]
fn an_end_that_is_taken_back_is_found() {
    let history = good().call(read("j1"), job("j1", State::Unfinished));
    assert_eq!(history.check(), [Broken::WentBack("j1".to_owned())]);
    let history = good().call(read("j1"), Told::Refused("404".to_owned()));
    assert!(matches!(&history.check()[..], [Broken::Vanished(..)]));
    // Whoever asked before the end was told may still be told less.
    let mut history = good().call(read("j1"), job("j1", State::Unfinished));
    history.calls.last_mut().unwrap().begun = 0;
    assert_eq!(history.check(), []);
}

#[test]
fn a_refused_command_that_ran_is_found() {
    let history = Written::default()
        .submit("m1", Told::Refused("429".to_owned()))
        .keep("j1", "m1", &[end("completed", "m1")]);
    assert!(matches!(&history.check()[..], [Broken::RefusedRan(..)]));
    let taken = history.submit("m1", job("j1", done()));
    assert_eq!(taken.check(), []);
}

#[test]
fn a_command_that_became_two_jobs_is_found() {
    let ends = [end("completed", "m1")];
    let history = good().keep("j2", "m1", &ends);
    let both = vec!["j1".to_owned(), "j2".to_owned()];
    let expected = Broken::SeveralJobs("m1".to_owned(), both);
    assert_eq!(history.check(), std::slice::from_ref(&expected));
    let history = good().submit("m1", job("j2", done())).keep("j2", "", &ends);
    assert_eq!(history.check(), [expected]);
}

#[test]
fn an_answer_to_another_question_is_found() {
    let mut history = good();
    history.kept.jobs[0].results[0].0.said = "m2".to_owned();
    history.calls.truncate(2);
    assert!(matches!(&history.check()[..], [Broken::Mixed(..)]));
}

#[test]
fn a_cancel_that_lies_is_found() {
    let cancel = |won, status| {
        let told = Told::Cancelled {
            end: end(status, "m1"),
            won,
        };
        let asked = Asked::Cancel {
            job: "j1".to_owned(),
        };
        let mut history = good().call(asked, told);
        history.kept.jobs[0].results[0].0 = end(status, "m1");
        history.calls.remove(2);
        history.check()
    };
    assert_eq!(cancel(true, "cancelled"), []);
    assert_eq!(cancel(false, "completed"), []);
    assert!(matches!(
        &cancel(true, "completed")[..],
        [Broken::CancelLies(..)]
    ));
    assert!(matches!(
        &cancel(false, "cancelled")[..],
        [Broken::CancelLies(..)]
    ));
}

#[test]
fn events_come_in_order_each_once_and_then_the_end() {
    let told = |events: Vec<Event>| {
        let (asked, told) = follow(events);
        good().call(asked, told).check()
    };
    let good_ones = [
        vec![complete(5)],
        vec![of(1, "a", 0), of(3, "a", 1), of(4, "a", 2), complete(5)],
        vec![of(1, "a", 1), Event::Reset, of(2, "b", 0), complete(5)],
        vec![of(2, "b", 1), Event::Reset, of(1, "a", 1), complete(5)],
    ];
    for events in good_ones {
        assert_eq!(told(events), []);
    }
    let bad_ones = [
        (vec![of(1, "a", 0)], "no end"),
        (vec![complete(5), complete(5)], "two ends"),
        (vec![of(1, "a", 1), of(2, "a", 1), complete(5)], "a repeat"),
        (vec![of(1, "a", 1), of(2, "a", 3), complete(5)], "a gap"),
        (vec![of(2, "a", 1), of(1, "a", 2), complete(5)], "an old id"),
        (vec![of(1, "a", 2), complete(5)], "no beginning"),
        (vec![of(1, "a", 1), of(2, "b", 1), complete(5)], "no reset"),
        (vec![complete(5), of(6, "a", 1)], "after the end"),
    ];
    for (events, why) in bad_ones {
        assert!(!told(events).is_empty(), "{why}");
    }
    // A follower that was let go is judged over all of it.
    let (asked, first) = follow(vec![of(1, "a", 1), of(2, "a", 2)]);
    let again = |events| {
        let (asked, told) = (asked.clone(), follow(events).1);
        let history = good().call(asked.clone(), first.clone());
        history.call(asked, told).check()
    };
    assert_eq!(again(vec![of(3, "a", 3), complete(5)]), []);
    assert!(!again(vec![of(2, "a", 2), of(3, "a", 3), complete(5)]).is_empty());
    assert!(!again(vec![of(4, "a", 4), complete(5)]).is_empty());
}

#[test]
fn a_stored_run_that_lacks_something_is_found() {
    let of = |events: &[(&str, u64)], told: u64| {
        let mut history = good();
        let kept = &mut history.kept.jobs[0];
        kept.results[0].2 = told;
        let events = events.iter().map(|(run, n)| ((*run).to_owned(), *n));
        kept.events = events.collect();
        history.check()
    };
    assert_eq!(of(&[("r", 0), ("r", 1), ("r", 1), ("r", 2)], 2), []);
    assert_eq!(of(&[("given up", 1), ("r", 1)], 1), []);
    assert!(!of(&[("r", 1)], 2).is_empty());
    assert!(!of(&[("r", 2)], 2).is_empty());
    assert!(!of(&[("given up", 1), ("given up", 3), ("r", 1)], 1).is_empty());
}

#[test]
fn what_is_left_in_a_queue_is_found() {
    for (queued, pending) in [(1, (0, 0)), (0, (1, 0)), (0, (0, 1))] {
        let mut history = good();
        (history.kept.queued, history.kept.pending) = (queued, pending);
        assert!(matches!(&history.check()[..], [Broken::LeftOver(..)]));
    }
}
