//! `logs`: byte equality with the real kubectl, lines that are told while they are written, and floods.

mod api;
mod files;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::event::{Event, EventKind, OutputStream};
use kubently_core::verb::Verb;
use kubently_kubectl::{Limits, Output, config_from_kubeconfig};
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::product::Worker;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use kubently_tests::{place, say};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::jobs::{ended, submit};

const LINES: &str = include_str!("logs/lines.txt");
const MANIFEST: &str = include_str!("manifests/logs.yaml");
/// The least that must be compared, so that a table that is not read cannot pass.
const LEAST: usize = 90;
/// Pods of the manifest that run: 5 bare ones, and those of web, db (2) and agent.
const RUNNING: usize = 9;
const SOON: Duration = Duration::from_secs(60);

/// A cluster whose pods run, and what they wrote.
struct Live {
    cluster: Cluster,
    logs: tempfile::TempDir,
}

/// The one of this file's tests.
async fn live() -> Result<&'static Live> {
    static LIVE: OnceCell<Live> = OnceCell::const_new();
    LIVE.get_or_try_init(|| async {
        let logs = place::fresh("logs")?;
        let mut cluster = Cluster::start().await?;
        let object = files::kwok_object(logs.path())?;
        cluster.make_live_with(&object).await?;
        cluster.apply(MANIFEST).await?;
        let client = cluster.admin().await?;
        wait::until("the pods", SOON, async || {
            let request = http::Request::get("/api/v1/namespaces/logs/pods").body(Vec::new());
            let pods = client.request::<Value>(request.unwrap()).await;
            let pods = pods.unwrap_or_default();
            let pods = pods["items"].as_array().cloned().unwrap_or_default();
            let in_phase = |phase: &str| {
                let pods = pods.iter().filter(|pod| pod["status"]["phase"] == phase);
                pods.count()
            };
            let (running, done) = (in_phase("Running"), in_phase("Succeeded"));
            let text = format!("{running} running, {done} done");
            Probe::when(running == RUNNING && done == 1, text)
        })
        .await?;
        Ok(Live { cluster, logs })
    })
    .await
}

/// Splits at spaces, except within single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, piece) in line.split('\'').enumerate() {
        for (position, part) in piece.split(' ').enumerate() {
            match (position, number % 2) {
                (0, _) => {}
                (_, 0) => words.push(String::new()),
                _ => words.last_mut().unwrap().push(' '),
            }
            words.last_mut().unwrap().push_str(part);
        }
    }
    words
}

/// The library with the access of a kubeconfig.
async fn library(kubeconfig: &Path) -> Result<kubently_kubectl::Cluster> {
    struct MachineClock;
    impl Clock for MachineClock {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::Utc::now()
        }
    }
    let config = config_from_kubeconfig(kubeconfig).await?;
    Ok(kubently_kubectl::Cluster::new(
        config,
        Arc::new(MachineClock),
    )?)
}

type Side = (Vec<u8>, Vec<u8>, Option<i32>);

async fn both(
    kubectl: &Kubectl,
    cluster: &kubently_kubectl::Cluster,
    args: &[String],
) -> Result<(Side, Side)> {
    let command = Command::parse(Verb::Logs, args, None)
        .map_err(|refusal| anyhow::anyhow!("{args:?} is refused at the door: {refusal:?}"))?;
    let theirs = kubectl.run(["logs".to_owned()].iter().chain(args)).await?;
    let ours = kubently_kubectl::run(cluster, &command, &Limits::default()).await?;
    let Output {
        stdout,
        stderr,
        exit_code,
        ..
    } = ours;
    Ok((
        (theirs.stdout, theirs.stderr, theirs.exit_code),
        (stdout, stderr, Some(exit_code)),
    ))
}

fn sorted(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_kubectls_byte_for_byte() -> Result<()> {
    let Live { cluster, .. } = live().await?;
    let kubectl = Kubectl::new(cluster.worker_kubeconfig()).await?;
    let library = library(&cluster.worker_kubeconfig()).await?;
    let mut complaints = Vec::new();
    let mut compared = 0;
    let lines = LINES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let any_order = line.starts_with('~');
        let mut args = words(line.trim_start_matches('~'));
        if !args.iter().any(|arg| arg == "-n") {
            args.extend(["-n".to_owned(), "logs".to_owned()]);
        }
        let (theirs, ours) = both(&kubectl, &library, &args).await.context(line)?;
        let is_same = if any_order {
            sorted(&theirs.0) == sorted(&ours.0) && (&theirs.1, theirs.2) == (&ours.1, ours.2)
        } else {
            theirs == ours
        };
        compared += 1;
        if !is_same {
            let show = |(stdout, stderr, code): &Side| {
                let text = |bytes: &[u8]| {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    text.chars().take(600).collect::<String>()
                };
                format!("{code:?} {:?} {:?}", text(stdout), text(stderr))
            };
            let (theirs, ours) = (show(&theirs), show(&ours));
            complaints.push(format!("{line}\n  kubectl  {theirs}\n  kubently {ours}"));
        }
    }
    say::line(format_args!(
        "logs: {compared} command lines compared with kubectl: {} differ",
        complaints.len()
    ));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(compared >= LEAST, "only {compared} lines");
    Ok(())
}

/// What a job's event subject holds so far, in order.
async fn events(hub: &str, cluster_id: &str, job: &str) -> Vec<Event> {
    let js = async_nats::jetstream::new(async_nats::connect(hub).await.unwrap());
    let stream = js
        .get_stream(format!("KUBENTLY_REPLY_{cluster_id}"))
        .await
        .unwrap();
    let last = stream.get_info().await.unwrap().state.last_sequence;
    let mut events = Vec::new();
    for sequence in 1..=last {
        let Ok(message) = stream.get_raw_message(sequence).await else {
            continue;
        };
        if message.subject.ends_with(&format!("{job}.event")) {
            events.push(serde_json::from_slice(&message.payload).unwrap());
        }
    }
    events
}

/// The text of these events on one stream.
fn text(events: &[Event], stream: OutputStream) -> String {
    let chunks = events.iter().filter_map(|event| event.kind.chunk());
    let bytes = chunks
        .filter(|it| it.stream == stream)
        .flat_map(|it| it.bytes().unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn followed_lines_are_told_before_the_command_has_ended() -> Result<()> {
    let world = World::shared().await?;
    let Live { cluster, logs } = live().await?;
    let http = world.http()?;
    let cluster_id = world.cluster("follow").await?;
    let _worker = world
        .worker_with(&cluster_id, "follower", &cluster.worker_kubeconfig(), &[])
        .await?;
    let body = json!({
        "cluster_id": cluster_id, "command_type": "logs", "timeout_seconds": 25,
        "args": ["ticking", "-n", "logs", "-f"],
    });
    let id = submit(&http, &body).await;
    let hub = world.hub.url();
    let mut written = String::new();
    for n in 0..3 {
        let line = format!("tick {n} token=abc123def\n");
        let file = std::fs::OpenOptions::new()
            .append(true)
            .open(files::ticker(logs.path()));
        write!(file?, "2026-11-22T08:00:0{n}Z stdout F {line}")?;
        written.push_str(&line.replace("abc123def", "[redacted:token]"));
        wait::until("the line's event", Duration::from_secs(20), async || {
            let events = events(&hub, &cluster_id, &id).await;
            let told = text(&events, OutputStream::Stdout);
            Probe::when(told == written, format!("{told:?} of {written:?}"))
        })
        .await?;
        let state = http.get(&format!("/v1/jobs/{id}")).await?.json()?;
        assert_eq!(state["status"], "running", "{state}");
    }
    let job = ended(&http, &id).await;
    assert_eq!(
        (&job["status"], &job["exit_code"]),
        (&json!("completed"), &json!(0)),
        "{job}"
    );
    let events = events(&hub, &cluster_id, &id).await;
    assert!(matches!(events[0].kind, EventKind::Started { .. }));
    assert!(
        events
            .iter()
            .map(|event| event.n)
            .eq(0..events.len() as u64)
    );
    let note = "kubently: stopped following after 25s (timeout_seconds)\n";
    assert_eq!(text(&events, OutputStream::Stderr), note);
    for (stream, expected) in [("stdout", written.as_str()), ("stderr", note)] {
        let output = http
            .get(&format!("/v1/jobs/{id}/output?stream={stream}"))
            .await?;
        assert_eq!((output.status, output.text().as_str()), (200, expected));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_fail_or_are_no_text_are_kubectls_byte_for_byte() -> Result<()> {
    let api = api::Api::start().await;
    let kubectl = Kubectl::new(api.kubeconfig()).await?;
    let cluster = library(api.kubeconfig()).await?;
    for line in [
        "web",
        "web -c plain --prefix",
        "web -c binary",
        "web -c binary --prefix",
        "web -c broken",
        "web -c broken --prefix",
        "web -c broken --ignore-errors",
        "web -c waiting",
        "web -c waiting --ignore-errors",
        "web -c plain -f",
        "web -c binary -f --prefix",
        "web -c broken -f",
        "web -c broken -f --ignore-errors",
        "web -c waiting -f --pod-running-timeout=1500ms",
        "web -f --all-containers",
        "web -c nope -f",
    ] {
        let (theirs, ours) = both(&kubectl, &cluster, &words(line)).await?;
        assert_eq!(ours, theirs, "{line}");
    }
    Ok(())
}

/// The most memory that a process has had so far, in KiB.
fn peak(worker: &Worker) -> u64 {
    let pid = worker.process.pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_at_the_cap_and_memory_stays_flat() -> Result<()> {
    let world = World::shared().await?;
    let http = world.http()?;
    let api = api::Api::start().await;
    let cluster_id = world.cluster("flood").await?;
    let worker = world
        .worker_with(&cluster_id, "flooded", api.kubeconfig(), &[])
        .await?;
    let logs = |args: &[&str], seconds: u32| {
        let args: Vec<_> = ["web", "-c"].iter().chain(args).collect();
        json!({
            "cluster_id": cluster_id, "command_type": "logs", "args": args,
            "timeout_seconds": seconds,
        })
    };
    let id = submit(&http, &logs(&["plain"], 10)).await;
    assert_eq!(ended(&http, &id).await["output"], "plain\n");

    let before = peak(&worker);
    let id = submit(&http, &logs(&["flood", "-f"], 30)).await;
    let job = ended(&http, &id).await;
    assert_eq!(
        (&job["status"], &job["truncated"]),
        (&json!("completed"), &json!(true)),
        "{job}"
    );
    let followed = peak(&worker) - before;
    // A worker that keeps what it told would have needed 16 MiB at least.
    assert!(
        followed < 12 << 10,
        "{followed} KiB more for a followed flood"
    );
    let stdout = http
        .get(&format!("/v1/jobs/{id}/output?stream=stdout"))
        .await?
        .body;
    assert!((16_000_000..=16 << 20).contains(&stdout.len()) && stdout.ends_with(b"123456\n"));
    let stderr = http
        .get(&format!("/v1/jobs/{id}/output?stream=stderr"))
        .await?;
    let note = "kubently: the output was cut after 16777216 bytes (max_output_bytes)\n";
    assert_eq!(stderr.text(), note);

    let id = submit(&http, &logs(&["flood"], 30)).await;
    let job = ended(&http, &id).await;
    assert_eq!(
        (&job["status"], &job["truncated"]),
        (&json!("completed"), &json!(true)),
        "{job}"
    );
    let whole = peak(&worker) - before;
    say::line(format_args!(
        "logs: a log of 1 GiB took {followed} KiB more memory when followed, {whole} KiB when not"
    ));
    assert!(whole < 96 << 10, "{whole} KiB more for a log of a GiB");

    // A byte a second is whole lines in time, and the reading ends with the command.
    let id = submit(&http, &logs(&["drip", "-f"], 8)).await;
    let job = ended(&http, &id).await;
    assert_eq!(job["exit_code"], 0, "{job}");
    let stdout = http
        .get(&format!("/v1/jobs/{id}/output?stream=stdout"))
        .await?;
    assert_eq!(stdout.text(), "drop\n");
    let id = submit(&http, &logs(&["drip"], 2)).await;
    let job = ended(&http, &id).await;
    assert_eq!(
        (&job["status"], &job["reason"]),
        (&json!("failed"), &json!("timeout")),
        "{job}"
    );
    tokio::time::timeout(Duration::from_secs(30), api.unread()).await?;
    Ok(())
}
