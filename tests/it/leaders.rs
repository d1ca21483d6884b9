//! A hub of three whose leaders step down while a job is accepted, called off, swept or followed; where they die
//! while one is submitted, queued, run or answered, [`three`](crate::three) tells.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::http::Method;
use async_nats::Client;
use async_nats::jetstream::{self, Context};
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::product::Worker;
use kubently_tests::wait::{self, Probe};
use serde_json::Value;

use crate::isolation::connect;
use crate::jobs::{ended, id_of, version};
use crate::log_over_hub::{hears, is_whole, lines, to_the_end};
use crate::offline::publish_with;
use crate::shipped::{borrowed, gateway};
use crate::three::drained;
use crate::torn_log::{Log, caller};

/// How long a hub may take to choose new leaders and a client to find them.
const SETTLED: Duration = Duration::from_secs(120);
/// Jobs that are accepted, and those of them that are called off.
const JOBS: usize = 120;
const CANCELLED: usize = 40;
const IN_FLIGHT: usize = 8;
/// How often a leader steps down meanwhile.
const TIMES: usize = 3;
/// Commands that are swept, and how long they wait and would run, in seconds.
const SWEPT: usize = 300;
const LEAST: (u32, u32) = (1, 1);

/// The leader of a stream, or of a consumer, gives that up. Who leads next is not waited for.
async fn steps_down(hub: &Client, what: &str) {
    let asked = wait::until("a leader that steps down", SETTLED, async || {
        let subject = format!("$JS.API.{what}");
        match hub.request(subject, "".into()).await {
            Ok(answer) => {
                let said: Value = serde_json::from_slice(&answer.payload).unwrap();
                Probe::when(said["success"] == true, said.to_string())
            }
            Err(error) => Probe::NotYet(error.to_string()),
        }
    });
    asked.await.unwrap();
}

fn stream(name: &str) -> String {
    format!("STREAM.LEADER.STEPDOWN.{name}")
}

/// Does something to each of these, again where the gateway was not answered, while leaders step down.
async fn meanwhile<T>(
    hub: &Client,
    leaders: &[&str],
    each: impl Iterator<Item = T>,
    act: impl AsyncFn(&T) -> Probe<String>,
) -> Vec<String> {
    let (done, act) = (&AtomicUsize::new(0), &act);
    let (count, _) = each.size_hint();
    let acts = each.map(|it| async move {
        let seen = wait::until("an answer", SETTLED, async || act(&it).await).await;
        done.fetch_add(1, Ordering::Relaxed);
        seen.unwrap()
    });
    let acts = futures::stream::iter(acts).buffer_unordered(IN_FLIGHT);
    let stepping = async {
        for time in 0..TIMES {
            wait::until("some of them", SETTLED, async || {
                let done = done.load(Ordering::Relaxed);
                Probe::when(done > count / 4 * time, format!("{done} of {count}"))
            })
            .await
            .unwrap();
            for leader in leaders {
                steps_down(hub, &stream(leader)).await;
            }
        }
    };
    tokio::join!(acts.collect(), stepping).0
}

/// Until a stream keeps so many subjects that this filter takes, each of them once.
async fn keeps(js: &Context, stream: &str, filter: &str, count: usize) {
    wait::until(format!("{count} in {stream}"), SETTLED, async || {
        let found = async {
            let stream = js.get_stream(stream).await?;
            let found = stream.info_with_subjects(filter).await?;
            anyhow::Ok(found.try_collect::<Vec<_>>().await?)
        };
        match found.await {
            Ok(found) => {
                let times: usize = found.iter().map(|(_, times)| times).sum();
                let seen = (found.len(), times);
                Probe::when(seen == (count, count), format!("{seen:?}"))
            }
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap();
}

async fn one_result_each(js: &Context, cluster: &str, jobs: usize) {
    let stream = format!("KUBENTLY_REPLY_{cluster}");
    let filter = format!("kubently.v1.reply.{cluster}.*.*.result");
    keeps(js, &stream, &filter, jobs).await;
}

async fn cancel(http: &Http, id: &str) -> Probe<String> {
    let path = format!("/v1/jobs/{id}/cancel");
    let answer = http.send(Method::POST, &path, &[], "").await.unwrap();
    match answer.status {
        200 => Probe::Ready(answer.text()),
        _ => Probe::NotYet(answer.text()),
    }
}

/// Accepted while the leader of the jobs' bucket changes: each is one job, recorded and queued once.
async fn accepted(hub: &Client, js: &Context, http: &Http) -> Vec<String> {
    let mut body = version("a");
    body["queue_timeout_seconds"] = 600.into();
    let submit = async |number: &usize| {
        let key = format!("job-{number}");
        let headers = [
            ("idempotency-key", key.as_str()),
            ("prefer", "respond-async"),
        ];
        match http.post_command(&body, &headers).await.unwrap() {
            answer if answer.status == 202 => Probe::Ready(id_of(&answer)),
            answer => Probe::NotYet(answer.text()),
        }
    };
    let ids = meanwhile(hub, &["KV_kubently_jobs"], 0..JOBS, submit).await;
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), JOBS);
    keeps(js, "KUBENTLY_CMD_a", "kubently.v1.cmd.a.>", JOBS).await;
    let records = "$KV.kubently_jobs.job.>";
    keeps(js, "KV_kubently_jobs", records, JOBS).await;
    ids
}

/// Called off while queue and replies change their leaders. What could not be taken out goes with whoever is given
/// it, or with the sweep.
async fn called_off(hub: &Client, http: &Http, ids: &[String]) {
    let (off, _) = ids.split_at(CANCELLED);
    let leaders = ["KUBENTLY_REPLY_a", "KUBENTLY_CMD_a"];
    let told = meanwhile(hub, &leaders, off.iter(), async |id| cancel(http, id).await).await;
    assert!(
        told.iter().all(|told| told.contains("\"cancelled\":true")),
        "{told:?}"
    );
}

async fn all_end(js: &Context, http: &Http, ids: &[String]) {
    for (number, id) in ids.iter().enumerate() {
        let job = ended(http, id).await;
        let status = if number < CANCELLED {
            "cancelled"
        } else {
            "completed"
        };
        assert_eq!(job["status"], status, "{job}");
    }
    drained(js, "a").await;
    one_result_each(js, "a", JOBS).await;
}

/// Called off while it is followed and the replies change their leader.
async fn stopped(hub: &Client, http: &Http, log: &Log) {
    let (mut stream_of_it, location) = caller(http, "a").await;
    let id = location.rsplit('/').next().unwrap();
    log.write(0, "one");
    let heard = hears(&mut stream_of_it, "one").await;
    let told = wait::until("an answer", SETTLED, async || cancel(http, id).await);
    let replies = stream("KUBENTLY_REPLY_a");
    let ((), told) = tokio::join!(steps_down(hub, &replies), told);
    assert!(told.unwrap().contains("\"cancelled\":true"));
    let path = format!("{location}/events");
    let heard = to_the_end(http, &path, stream_of_it, heard).await;
    let job = ended(http, id).await;
    assert_eq!(job["status"], "cancelled", "{job}");
    assert_eq!(heard.last().unwrap().data["job"], job);
}

/// Followed over a change of who leads the replies, and of who leads the queue and its lane.
async fn followed(hub: &Client, http: &Http, log: &mut Log) {
    let (mut stream_of_it, location) = caller(http, "a").await;
    log.write_to_all("one");
    let mut heard = hears(&mut stream_of_it, "one").await;
    steps_down(hub, &stream("KUBENTLY_REPLY_a")).await;
    log.write_to_all("two");
    heard.extend(hears(&mut stream_of_it, "two").await);
    steps_down(hub, &stream("KUBENTLY_CMD_a")).await;
    steps_down(hub, "CONSUMER.LEADER.STEPDOWN.KUBENTLY_CMD_a.normal").await;
    log.write_to_all("three");
    log.end_all();
    let path = format!("{location}/events");
    let heard = to_the_end(http, &path, stream_of_it, heard).await;
    let job = ended(http, location.rsplit('/').next().unwrap()).await;
    is_whole(&job, &lines(&heard), "one\ntwo\nthree\n");
}

/// Swept while queue and replies change their leaders.
async fn swept(hub: &Client, js: &Context) {
    publish_with(js, "b", SWEPT, LEAST).await;
    wait::until("the sweep", SETTLED, async || {
        let depth = match js.get_stream("KUBENTLY_CMD_b").await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(error) => return Probe::NotYet(error.to_string()),
        };
        Probe::when(depth < SWEPT as u64, format!("{depth} wait"))
    })
    .await
    .unwrap();
    for leader in ["KUBENTLY_CMD_b", "KUBENTLY_REPLY_b"] {
        steps_down(hub, &stream(leader)).await;
    }
    drained(js, "b").await;
    one_result_each(js, "b", SWEPT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_steps_down_in_any_step_of_a_job_changes_no_end() {
    let mut hub = Hub::three().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    hub.enrol(&["cluster", "add", "b"]).await.unwrap();
    let (gateway, key) = gateway(&hub).await;
    let http = gateway.http(Some(&key)).unwrap();
    let client = connect(&hub, "hub").await;
    let js = jetstream::new(client.clone());
    let of_a = async {
        let ids = accepted(&client, &js, &http).await;
        called_off(&client, &http, &ids).await;
        // It may be read again where its command is given out again.
        let mut log = Log::read_by(6).await;
        let (settings, kubeconfig) = (hub.settings("cluster-a"), log.api.kubeconfig());
        let url = hub.url();
        let worker = Worker::start(&url, "a", "w", &kubeconfig, &borrowed(&settings)).await;
        let worker = worker.unwrap();
        all_end(&js, &http, &ids).await;
        stopped(&client, &http, &log).await;
        followed(&client, &http, &mut log).await;
        drained(&js, "a").await;
        one_result_each(&js, "a", JOBS + 2).await;
        assert!(!worker.process.logs().contains("panicked"));
    };
    tokio::join!(of_a, swept(&client, &js));
    assert!(!gateway.process.logs().contains("panicked"));
}
