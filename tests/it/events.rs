//! A job's events: in order, each once, from any gateway, until its end.

use std::time::Duration;

use ::http::Method;
use kubently_broker::Broker;
use kubently_core::event::{Chunk, Event, EventKind, OutputStream};
use kubently_core::result::{CommandResult, Ended, Run};
use kubently_core::subject::ReplySubject;
use kubently_tests::http;
use kubently_tests::http::Http;
use kubently_tests::world::World;
use serde_json::Value;
use uuid::Uuid;

use crate::door::problem;
use crate::jobs::{only_subject, submit, version, without_workers};
use crate::odd_workers::broker;

/// A worker's hand, which stores what a test wants stored.
pub(crate) struct Hand {
    broker: Broker,
    pub(crate) reply: ReplySubject,
    pub(crate) id: String,
}

/// One execution by that hand.
pub(crate) struct Execution<'a> {
    hand: &'a Hand,
    run: Run,
    n: u64,
    stdout: Vec<u8>,
}

impl Hand {
    /// A new job of a cluster that has no worker.
    pub(crate) async fn on_new_job(world: &World, http: &Http, prefix: &str) -> Self {
        let cluster = world.cluster(prefix).await.unwrap();
        let mut body = version(&cluster);
        body["queue_timeout_seconds"] = 600.into();
        let id = submit(http, &body).await;
        let subject = only_subject(&world.hub.url(), &cluster).await;
        Self {
            broker: broker(world).await,
            reply: subject.reply(),
            id,
        }
    }

    pub(crate) fn begin(&self, attempt: u32) -> Execution<'_> {
        let run = Run {
            job: self.reply.job,
            attempt,
            run: Uuid::new_v4().to_string().parse().unwrap(),
            execution_time_ms: 1,
            executed_at: chrono::Utc::now().into(),
            worker: format!("hand-{attempt}").parse().unwrap(),
            policy_hash: String::new(),
        };
        Execution {
            hand: self,
            run,
            n: 0,
            stdout: Vec::new(),
        }
    }

    fn path(&self) -> String {
        format!("/v1/jobs/{}/events", self.id)
    }
}

impl Execution<'_> {
    pub(crate) async fn started(&self) -> u64 {
        let kind = EventKind::Started {
            worker: self.run.worker.clone(),
            timestamp: self.run.executed_at,
        };
        self.store(0, kind).await
    }

    pub(crate) async fn print(&mut self, text: &str) -> u64 {
        self.n += 1;
        self.stdout.extend_from_slice(text.as_bytes());
        let chunk = Chunk::of(OutputStream::Stdout, text.as_bytes());
        self.store(self.n, EventKind::Output(chunk)).await
    }

    /// What was printed is lost.
    pub(crate) fn lose(&mut self, text: &str) {
        self.n += 1;
        self.stdout.extend_from_slice(text.as_bytes());
    }

    /// It is stored, and its result does not tell of it.
    pub(crate) async fn hide(&mut self, text: &str) -> u64 {
        self.n += 1;
        let chunk = Chunk::of(OutputStream::Stdout, text.as_bytes());
        self.store(self.n, EventKind::Output(chunk)).await
    }

    async fn store(&self, n: u64, kind: EventKind) -> u64 {
        let event = Event {
            v: 1,
            attempt: self.run.attempt,
            run: self.run.run,
            n,
            kind,
        };
        let stored = self.hand.broker.store_event(&self.hand.reply, &event);
        stored.await.unwrap()
    }

    pub(crate) async fn end(self) {
        let ended = Ended::completed(0, self.stdout, Vec::new());
        let (_, mut result) = CommandResult::of(self.run, &ended);
        result.events = self.n;
        if self.n > 0 {
            (result.output, result.output_b64) = (None, None);
        }
        let stored = self.hand.broker.store_result(&self.hand.reply, &result);
        stored.await.unwrap();
    }
}

fn texts(events: &[http::Event]) -> Vec<String> {
    let text = |event: &http::Event| match event.data["data"].as_str() {
        Some(data) => format!("{} {data}", event.name),
        None => event.name.clone(),
    };
    events.iter().map(text).collect()
}

fn ids(events: &[http::Event]) -> Vec<u64> {
    let id = |event: &http::Event| event.id.parse().ok();
    events.iter().filter_map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_a_page_or_a_stream_with_the_same_ids() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "events").await;
    let mut run = hand.begin(1);
    run.started().await;
    for number in 1..=150 {
        run.print(&format!("{number}")).await;
    }
    run.end().await;
    let streamed = http.events(&hand.path(), &[]).await.unwrap();
    assert_eq!(streamed.status, 200);
    assert_eq!(streamed.headers["content-type"], "text/event-stream");
    assert_eq!(streamed.headers["cache-control"], "no-store");
    let streamed = streamed.rest().await.unwrap();
    assert_eq!(streamed.len(), 152);
    assert_eq!(streamed[0].name, "started");
    assert_eq!(streamed[0].data["worker"], "hand-1");
    for (number, event) in streamed[1..151].iter().enumerate() {
        assert_eq!(event.data["data"], (number + 1).to_string());
        assert_eq!(event.data["n"], number + 1);
        assert_eq!(event.id, event.data["id"].to_string());
        assert_eq!(event.data["job_id"], hand.id);
    }
    let end = &streamed[151];
    assert_eq!(end.name, "complete");
    assert_eq!(end.data["success"], true);
    assert_eq!(end.data["job"]["status"], "completed");

    let (mut since, mut listed, mut pages) = (0, Vec::new(), 0);
    loop {
        let path = format!("{}?since={since}&limit=70", hand.path());
        let page = http.get(&path).await.unwrap().json().unwrap();
        let items = page["items"].as_array().unwrap();
        listed.extend(items.iter().map(|item| item["id"].as_u64().unwrap()));
        since = page["next_since"].as_u64().unwrap();
        pages += 1;
        if page["complete"] == true {
            break;
        }
        assert_eq!(items.len(), 70, "{page}");
    }
    assert_eq!((listed, pages), (ids(&streamed), 3));
    let rest = http.get(&format!("{}?since={since}", hand.path())).await;
    let rest = rest.unwrap().json().unwrap();
    assert_eq!(rest["items"], Value::Array(Vec::new()), "{rest}");
    assert_eq!(rest["complete"], true, "{rest}");
    // A client that has everything is told not to come back.
    let all = [("last-event-id", end.id.as_str())];
    let over = http.events(&hand.path(), &all).await.unwrap();
    assert_eq!(over.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_resumed_on_another_gateway_without_gap_or_repeat() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let mut first = world.second_gateway().await.unwrap();
    let first_http = first.http(Some(&world.key)).unwrap();
    let hand = Hand::on_new_job(world, &first_http, "resumed").await;
    let mut run = hand.begin(1);
    run.started().await;
    let mut stream = first_http.events(&hand.path(), &[]).await.unwrap();
    let mut seen = Vec::new();
    for number in 1..=20 {
        run.print(&format!("{number}")).await;
    }
    for _ in 0..10 {
        seen.push(stream.next().await.unwrap().unwrap());
    }
    first.process.kill();
    let last = seen.last().unwrap().id.clone();
    let mut stream = http
        .events(&hand.path(), &[("last-event-id", &last)])
        .await
        .unwrap();
    assert_eq!(stream.status, 200);
    for _ in 0..11 {
        seen.push(stream.next().await.unwrap().unwrap());
    }
    // What comes from now on is told live, to a gateway that is not the job's own.
    for number in 21..=30 {
        run.print(&format!("{number}")).await;
        seen.push(stream.next().await.unwrap().unwrap());
    }
    run.end().await;
    seen.extend(stream.rest().await.unwrap());
    let expected = (1..=30).map(|number| format!("output {number}"));
    let expected: Vec<_> = std::iter::once("started".to_owned())
        .chain(expected)
        .chain(["complete".to_owned()])
        .collect();
    assert_eq!(texts(&seen), expected);
    assert!(ids(&seen).is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_run_voids_what_was_told_and_the_result_decides() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "runs").await;
    let mut live = http.events(&hand.path(), &[]).await.unwrap();
    let mut first = hand.begin(1);
    first.started().await;
    first.print("a1").await;
    let mut second = hand.begin(2);
    second.started().await;
    second.print("b1").await;
    // The one that was given up goes on, and ends first.
    first.print("a2").await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(live.next().await.unwrap().unwrap());
    }
    let told = ["started", "output a1", "reset", "started", "output b1"];
    assert_eq!(texts(&seen), told);
    first.end().await;
    second.print("b2").await;
    second.end().await;
    let rest = live.rest().await.unwrap();
    let told = ["reset", "started", "output a1", "output a2", "complete"];
    assert_eq!(texts(&rest), told);
    assert_eq!(rest[4].data["job"]["container_id"], "hand-1");
    // Who comes later reads the run that counts alone; who had read the other one is told so.
    let late = http.events(&hand.path(), &[]).await.unwrap();
    assert_eq!(texts(&late.rest().await.unwrap()), told[1..]);
    let resumed = [("last-event-id", seen[4].id.as_str())];
    let resumed = http.events(&hand.path(), &resumed).await.unwrap();
    assert_eq!(texts(&resumed.rest().await.unwrap()), told);
    let output = http.get(&format!("/v1/jobs/{}/output", hand.id)).await;
    assert_eq!(output.unwrap().text(), "a1a2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_of_the_jobs_is_refused_and_an_old_one_is_gone() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "ids").await;
    let run = hand.begin(1);
    let old = run.started().await;
    let stream = format!("KUBENTLY_REPLY_{}", hand.reply.cluster);
    let other = ReplySubject {
        job: Uuid::now_v7().to_string().parse().unwrap(),
        ..hand.reply.clone()
    };
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let foreign = js.publish(other.event(), "{}".into()).await.unwrap();
    let foreign = foreign.await.unwrap().sequence.to_string();
    for id in ["x", "-1", "1.5", "18446744073709551615", "99999", &foreign] {
        let headers = [("accept", "text/event-stream"), ("last-event-id", id)];
        let answer = http.send(Method::GET, &hand.path(), &headers, "").await;
        problem(&answer.unwrap(), 422, "bad_event_id");
    }
    for query in ["since=x", "since=-1", "limit=0", "limit=1001", "after=1"] {
        let answer = http.get(&format!("{}?{query}", hand.path())).await;
        problem(&answer.unwrap(), 422, "bad_query");
    }
    run.end().await;
    js.get_stream(&stream)
        .await
        .unwrap()
        .purge()
        .sequence(old + 1)
        .await
        .unwrap();
    let answer = http.get(&format!("{}?since={old}", hand.path())).await;
    problem(&answer.unwrap(), 410, "events_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_told_and_never_passed_over() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "gap").await;
    let get = async |query: &str| http.get(&format!("{}{query}", hand.path())).await.unwrap();
    let mut run = hand.begin(1);
    let first = run.print("1").await;
    let live = http.events(&hand.path(), &[]).await.unwrap();
    run.lose("2");
    run.print("3").await;
    // The stream ends there, and who resumes learns why.
    assert_eq!(texts(&live.rest().await.unwrap()), ["output 1"]);
    let id = first.to_string();
    let headers = [
        ("accept", "text/event-stream"),
        ("last-event-id", id.as_str()),
    ];
    let resumed = http.send(Method::GET, &hand.path(), &headers, "").await;
    problem(&resumed.unwrap(), 410, "events_expired");
    let page = get("").await.json().unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(
        (&page["next_since"], &page["complete"]),
        (&first.into(), &false.into())
    );
    problem(
        &get(&format!("?since={first}")).await,
        410,
        "events_expired",
    );
    run.end().await;
    problem(
        &get(&format!("?since={first}")).await,
        410,
        "events_expired",
    );

    // A full stream drops its oldest.
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let stream = format!("KUBENTLY_REPLY_{}", hand.reply.cluster);
    let stream = js.get_stream(&stream).await.unwrap();
    stream.purge().sequence(first + 1).await.unwrap();
    problem(&get("").await, 410, "events_expired");
    let full = http.get(&format!("/v1/jobs/{}?view=full", hand.id)).await;
    let full = full.unwrap().json().unwrap();
    assert_eq!(full["status"], "completed", "{full}");
    assert_eq!(full["events"], Value::Array(Vec::new()), "{full}");
    assert_eq!(
        full["events_url"],
        format!("{}?since=0", hand.path()),
        "{full}"
    );
    // All of them are gone, and the result alone is left.
    stream.purge().sequence(first + 2).await.unwrap();
    problem(&get("").await, 410, "events_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_command_can_be_streamed_to_its_end() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let body = version(&world.cluster_id);
    let stream = http.stream_command(&body, &[]).await.unwrap();
    assert_eq!(stream.status, 200);
    let location = stream.headers["location"].to_str().unwrap().to_owned();
    let events = stream.rest().await.unwrap();
    let end = events.last().unwrap();
    assert_eq!(end.name, "complete");
    let job = http.get(&location).await.unwrap().json().unwrap();
    assert_eq!(end.data["job"], job);
    assert_eq!(job["status"], "completed", "{job}");
    let refused = [
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
    ];
    let body = world.command("get", &["secrets"]).to_string();
    let answer = http.send(Method::POST, "/v1/commands", &refused, body);
    problem(&answer.await.unwrap(), 422, "resource_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_can_be_waited_for_on_any_gateway() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "waited").await;
    let other = world.second_gateway().await.unwrap();
    let path = format!("/v1/jobs/{}", hand.id);
    let waits = [http.clone(), other.http(Some(&world.key)).unwrap()].map(|http| {
        let path = path.clone();
        tokio::spawn(async move {
            let prefer = [("prefer", "wait=30")];
            http.send(Method::GET, &path, &prefer, "").await
        })
    });
    hand.begin(1).end().await;
    for wait in waits {
        let began = std::time::Instant::now();
        let answer = wait.await.unwrap().unwrap();
        assert_eq!(answer.header("preference-applied"), "wait=30");
        assert_eq!(answer.json().unwrap()["status"], "completed");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let unfinished = Hand::on_new_job(world, &http, "unfinished").await;
    without_workers(&http, &unfinished.id).await;
    let answer = http
        .get(&format!("/v1/jobs/{}", unfinished.id))
        .await
        .unwrap();
    assert_eq!(answer.header("retry-after"), "5");
    let job = answer.json().unwrap();
    assert_eq!(
        (&job["workers_live"], &job["workers_last_seen"]),
        (&0.into(), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_view_of_a_job_has_its_events_and_says_where_the_rest_is() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "full").await;
    let path = format!("/v1/jobs/{}", hand.id);
    let full = format!("{path}?view=full");
    without_workers(&http, &hand.id).await;
    let queued = http.get(&full).await.unwrap().json().unwrap();
    assert_eq!(queued["status"], "queued", "{queued}");
    assert_eq!(queued["events"], Value::Array(Vec::new()), "{queued}");
    assert_eq!(queued["workers_live"], 0, "{queued}");

    let mut run = hand.begin(1);
    run.started().await;
    let last = run.print("one\n").await;
    let running = http.get(&full).await.unwrap().json().unwrap();
    assert_eq!(running["status"], "running", "{running}");
    assert_eq!(running["events"][0]["type"], "started");
    assert_eq!(running["events"][1]["data"], "one\n");
    let rest = format!("{path}/events?since={last}");
    assert_eq!(running["events_url"], rest, "{running}");

    run.end().await;
    let ended = http.get(&full).await.unwrap().json().unwrap();
    let summary = http.get(&path).await.unwrap().json().unwrap();
    let explicit = http.get(&format!("{path}?view=summary")).await.unwrap();
    assert_eq!(explicit.json().unwrap(), summary);
    assert!(summary.get("events").is_none(), "{summary}");
    let mut fields = ended.as_object().unwrap().clone();
    let events = fields.remove("events").unwrap();
    assert_eq!(fields.remove("events_url"), Some(Value::Null));
    assert_eq!(Value::Object(fields), summary, "the same job but for these");
    let page = http.get(&hand.path()).await.unwrap().json().unwrap();
    assert_eq!(events, page["items"]);
    assert_eq!(events[2]["type"], "complete");

    let odd = http.get(&format!("{path}?view=all")).await.unwrap();
    problem(&odd, 422, "bad_query");
    let stranger = world.gateway.http(Some("ci_nobody")).unwrap();
    problem(&stranger.get(&full).await.unwrap(), 401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_view_holds_a_page_of_events() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "page").await;
    let mut run = hand.begin(1);
    run.started().await;
    for number in 1..=120 {
        run.print(&format!("{number}")).await;
    }
    run.end().await;
    let path = format!("/v1/jobs/{}?view=full", hand.id);
    let job = http.get(&path).await.unwrap().json().unwrap();
    assert_eq!(job["status"], "completed");
    let events = job["events"].as_array().unwrap();
    assert_eq!(events.len(), 100);
    let rest = http.get(job["events_url"].as_str().unwrap()).await.unwrap();
    let rest = rest.json().unwrap();
    assert_eq!(rest["items"].as_array().unwrap().len(), 22, "{rest}");
    assert_eq!(rest["complete"], true);
}
