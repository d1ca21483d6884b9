//! Readers of events that come back again and again, or take nothing: each gets every event once, and
//! costs the gateway nothing that grows.

use std::time::Duration;

use kubently_tests::http::{Event, Http};
use kubently_tests::product::Gateway;
use kubently_tests::usage;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::events::Hand;

/// Readers in the storm, and the events that each of them must get.
const READERS: usize = 60;
const EVENTS: usize = 150;
/// Who takes nothing is let go after 30 s; the rest is for a loaded machine.
const LET_GO: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(60);
/// What the gateway may grow by while a reader takes nothing, in bytes: far less than what is told.
const GROWTH: u64 = 12 * 1024 * 1024;

/// Reads a few events at a time, each time on the other gateway, until the end.
async fn flitting(gateways: [Http; 2], path: String, stride: usize) -> Vec<Event> {
    let mut seen: Vec<Event> = Vec::new();
    let mut visits = 0;
    while seen.last().is_none_or(|event| event.name != "complete") {
        let last = seen.last().map(|event| event.id.clone());
        let resumed = last.as_deref().map(|last| ("last-event-id", last));
        let headers: Vec<_> = resumed.into_iter().collect();
        let mut stream = gateways[visits % 2].events(&path, &headers).await.unwrap();
        assert_eq!(stream.status, 200);
        visits += 1;
        for _ in 0..stride {
            match stream.next().await.unwrap() {
                Some(event) => seen.push(event),
                None => break,
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_readers_that_come_back_get_every_event_once() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let other = world.second_gateway().await.unwrap();
    let hand = Hand::on_new_job(world, &http, "storm").await;
    let path = format!("/v1/jobs/{}/events", hand.id);
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let gateways = [world.http().unwrap(), other.http(Some(&world.key)).unwrap()];
        readers.spawn(flitting(gateways, path.clone(), 1 + number % 40));
    }
    let mut run = hand.begin(1);
    run.started().await;
    for number in 1..=EVENTS {
        run.print(&format!("{number}")).await;
    }
    run.end().await;
    let all = async {
        while let Some(seen) = readers.join_next().await {
            let seen = seen.unwrap();
            let told: Vec<_> = seen.iter().map(|event| event.data["n"].as_u64()).collect();
            let numbers = (0..=EVENTS as u64).map(Some).chain([None]);
            assert!(told.iter().copied().eq(numbers), "{told:?}");
        }
    };
    tokio::time::timeout(SOON, all).await.unwrap();
}

/// Sockets that a process has open, and bytes of it that are resident.
fn cost(gateway: &Gateway) -> (usize, u64) {
    let pid = gateway.process.pid().unwrap();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let sockets = open
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count();
    (sockets, usage::resident(pid, usage::NOW).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_let_go_and_goes_on_where_it_was() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let gateway = world.second_gateway().await.unwrap();
    let hand = Hand::on_new_job(world, &http, "stalled").await;
    let path = format!("/v1/jobs/{}/events", hand.id);
    let before = cost(&gateway);
    let address = gateway.url().trim_start_matches("http://").to_owned();
    let mut stalled = TcpStream::connect(&address).await.unwrap();
    let ask = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         accept: text/event-stream\r\n\r\n",
        world.key
    );
    stalled.write_all(ask.as_bytes()).await.unwrap();
    let mut run = hand.begin(1);
    run.started().await;
    let mut read = vec![0; 4096];
    let count = stalled.read(&mut read).await.unwrap();
    read.truncate(count);
    assert!(read.starts_with(b"HTTP/1.1 200"));
    // More than the two ends' buffers hold.
    let large = "x".repeat(200 * 1024);
    for number in 0..100 {
        run.print(&format!("{number} {large}")).await;
    }
    run.end().await;
    wait::until("the reader being let go", LET_GO, async || {
        let (sockets, _) = cost(&gateway);
        Probe::when(
            sockets <= before.0,
            format!("{sockets} sockets, {} before", before.0),
        )
    })
    .await
    .unwrap();
    let (_, after) = cost(&gateway);
    assert!(
        after < before.1 + GROWTH,
        "{} bytes, then {after} bytes",
        before.1
    );
    // What had been sent is still to be read, and tells where to go on.
    let rest = stalled.read_to_end(&mut read);
    // It is cut off in the middle of an event, by a reset or an end.
    let _ = tokio::time::timeout(SOON, rest).await.unwrap();
    let text = String::from_utf8_lossy(&read).into_owned();
    let whole = text.rsplit_once("\n\n").unwrap().0;
    let ids: Vec<u64> = whole
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
        .collect();
    assert!(ids.is_sorted() && !ids.is_empty(), "{ids:?}");
    let last = ids.last().unwrap().to_string();
    let resumed = http
        .events(&path, &[("last-event-id", &last)])
        .await
        .unwrap();
    let resumed = resumed.rest().await.unwrap();
    assert_eq!(resumed.last().unwrap().name, "complete");
    let told = ids.len() + resumed.len();
    // Started, a hundred events, and the end.
    assert_eq!(told, 102, "{} and {}", ids.len(), resumed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_job_that_waits_hears_that_the_connection_lives() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "quiet").await;
    let address = http.authority().unwrap();
    let mut follower = TcpStream::connect(address).await.unwrap();
    let ask = format!(
        "GET /v1/jobs/{}/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         accept: text/event-stream\r\n\r\n",
        hand.id, world.key
    );
    follower.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let comment = async {
        while !String::from_utf8_lossy(&heard).contains("\n: waiting\n\n") {
            assert_ne!(follower.read_buf(&mut heard).await.unwrap(), 0);
        }
    };
    tokio::time::timeout(SOON, comment).await.unwrap();
}
