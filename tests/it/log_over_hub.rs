//! A hub that is killed while a log is followed, just before and just after it has stored a line: whoever reads
//! along is told every line in its order and none of them twice, and of one end.

use std::time::Duration;

use kubently_tests::http::{Event, Events, Http};
use kubently_tests::product::Worker;
use kubently_tests::proxy::{Proxy, Trap};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::Value;

use crate::jobs::{ended, results};
use crate::links::nothing_is_left;
use crate::torn_log::{Log, caller, told};

/// What the worker sends when it stores an event.
const REPLY: &str = "PUB kubently.v1.reply.";
const SOON: Duration = Duration::from_secs(60);
/// Who is let go resumes: not for ever.
const VISITS: usize = 10;
/// Who follows the log for the worker: it may be given the command again by a hub that was killed.
const RUNS: usize = 4;

/// Everything that a reader is told, resumed where the gateway let it go because the hub was away for long.
pub(crate) async fn to_the_end(
    http: &Http,
    path: &str,
    mut stream: Events,
    mut heard: Vec<Event>,
) -> Vec<Event> {
    for _ in 0..VISITS {
        while let Some(event) = stream.next().await.unwrap() {
            heard.push(event);
        }
        if heard.last().is_some_and(|event| event.name == "complete") {
            return heard;
        }
        let last = heard.iter().rev().find(|event| !event.id.is_empty());
        let last = last.map_or("0", |event| event.id.as_str());
        let again = wait::until("the stream again", SOON, async || {
            match http.events(path, &[("last-event-id", last)]).await {
                Ok(stream) if stream.status == 200 => Probe::Ready(stream),
                Ok(stream) => Probe::NotYet(stream.status.to_string()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        });
        stream = again.await.unwrap();
    }
    panic!("let go again and again: {heard:?}");
}

/// The lines of the run that counts. What came before it was said to be void, and each run is whole by itself:
/// numbers without gaps or repeats, ids that grow.
pub(crate) fn lines(heard: &[Event]) -> String {
    let runs = heard.split(|event| event.name == "reset");
    let mut text = String::new();
    for run in runs {
        let (mut last, mut next, mut own) = (0, 0, None);
        text.clear();
        for event in run {
            let id: u64 = event.id.parse().unwrap();
            assert!(id > last, "{heard:?}");
            last = id;
            if event.name == "complete" {
                continue;
            }
            let of = (&event.data["attempt"], &event.data["run"]);
            assert_eq!(*own.get_or_insert(of), of, "{heard:?}");
            assert_eq!(event.data["n"].as_u64(), Some(next), "{heard:?}");
            next += 1;
            text += event.data["data"].as_str().unwrap_or_default();
        }
    }
    let ends = heard.iter().filter(|event| event.name == "complete");
    assert_eq!(ends.count(), 1, "{heard:?}");
    text
}

/// Until a reader has heard this line, of whichever run.
pub(crate) async fn hears(stream: &mut Events, line: &str) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        let event = stream.next().await.unwrap().unwrap();
        let is_it = told(&event)
            .split_once(' ')
            .is_some_and(|(_, text)| text == line);
        heard.push(event);
        if is_it {
            return heard;
        }
    }
}

/// What the job tells once it has ended: its lines are whole, or it says that its time was over, which a hub that
/// is away and a loaded machine may take.
pub(crate) fn is_whole(job: &Value, text: &str, whole: &str) {
    if job["status"] == "completed" {
        assert_eq!(text, whole, "{job}");
    } else {
        assert_eq!(job["reason"], "timeout", "{job}");
        assert!(whole.starts_with(text), "{text:?} {job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_while_a_log_is_followed_repeats_and_loses_no_line() {
    let mut world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let second = world.second_gateway().await.unwrap();
    let other = second.http(Some(&world.key)).unwrap();
    for trap in [Trap::Before(REPLY), Trap::After(REPLY)] {
        let cluster = world.cluster("log-over-hub").await.unwrap();
        let proxy = Proxy::before(&world.hub.url()).await.unwrap();
        let mut log = Log::read_by(RUNS).await;
        let (hub, kubeconfig) = (proxy.url(), log.api.kubeconfig());
        let worker = Worker::start(&hub, &cluster, "first", &kubeconfig, &[]);
        let worker = worker.await.unwrap();

        let (mut caller, location) = caller(&http, &cluster).await;
        let id = location.rsplit('/').next().unwrap().to_owned();
        let path = format!("{location}/events");
        log.write_to_all("one");
        let heard = hears(&mut caller, "one").await;
        let mut beside = other.events(&path, &[]).await.unwrap();
        let heard_beside = hears(&mut beside, "one").await;

        proxy.set(trap.clone());
        log.write_to_all("two");
        tokio::time::timeout(SOON, proxy.sprung()).await.unwrap();
        world.hub.kill();
        log.write_to_all("three");
        proxy.drop_connections();
        proxy.go_on();
        world.hub.restart().await.unwrap();
        log.write_to_all("four");
        log.end_all();

        let (heard, heard_beside) = tokio::join!(
            to_the_end(&http, &path, caller, heard),
            to_the_end(&other, &path, beside, heard_beside),
        );
        let job = ended(&http, &id).await;
        let whole = "one\ntwo\nthree\nfour\n";
        for heard in [&heard, &heard_beside] {
            assert_eq!(heard.last().unwrap().data["job"], job, "{trap:?}");
            is_whole(&job, &lines(heard), whole);
        }
        // Who comes later is told the same, and so is who asks for the output.
        let later = other
            .events(&path, &[])
            .await
            .unwrap()
            .rest()
            .await
            .unwrap();
        assert_eq!(lines(&later), lines(&heard), "{trap:?}");
        let output = http.get(&format!("{location}/output")).await.unwrap();
        is_whole(&job, &output.text(), whole);
        let is_whole = output.header("kubently-truncated") == "false";
        assert!(is_whole || job["status"] != "completed", "{job}");
        assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
        nothing_is_left(&world.hub.url(), &cluster).await;
        assert!(!worker.process.logs().contains("panicked"));
    }
}
