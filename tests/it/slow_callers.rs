//! Callers that send a byte a second, or nothing: each is let go in time, and no other notices.

use std::time::{Duration, Instant};

use kubently_tests::http::Http;
use kubently_tests::product::Gateway;
use kubently_tests::scrape::Scrape;
use kubently_tests::usage;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::jobs::version;

/// The limit on heads and bodies is 10 s each; the rest is for a loaded machine.
const LET_GO: Duration = Duration::from_secs(25);
const OCCUPIED: usize = 5_000;
/// One that was let go takes a moment to come back, and on a loaded machine half of them are on their way.
const NEARLY_ALL: f64 = 2_500.0;
/// Until they are open, and closed again.
const OPENED: Duration = Duration::from_secs(90);
const CALLS: usize = 100;

fn address(gateway: &Gateway) -> String {
    gateway.url().trim_start_matches("http://").to_owned()
}

/// Sends a head and then a byte a second until the gateway ends it; what it was told.
async fn drip(address: &str, head: &str) -> (Duration, String) {
    let began = Instant::now();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    to.write_all(head.as_bytes()).await.unwrap();
    let dripping = async {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            clock.tick().await;
            if to.write_all(b"a").await.is_err() {
                return std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = Vec::new();
    let reading = async {
        // A reset is an end, too.
        let _ = from.read_to_end(&mut answer).await;
    };
    let ended = async {
        tokio::select! {
            () = reading => {}
            () = dripping => {}
        }
    };
    tokio::time::timeout(LET_GO, ended).await.unwrap();
    (
        began.elapsed(),
        String::from_utf8_lossy(&answer).into_owned(),
    )
}

fn slow_head(address: &str) -> String {
    format!("POST /v1/commands HTTP/1.1\r\nhost: {address}\r\nx-slow: ")
}

fn slow_body(address: &str, key: &str) -> String {
    format!(
        "POST /v1/commands HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    )
}

/// How long calls take: the middle one and the longest.
async fn times(http: &Http, cluster: &str) -> (Duration, Duration) {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let began = Instant::now();
        let body = version(cluster);
        let answer = http.post_command(&body, &[("prefer", "wait=30")]).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        times.push(began.elapsed());
    }
    times.sort_unstable();
    (times[CALLS / 2], times[CALLS - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_or_a_body_of_a_byte_a_second_is_ended_in_time() {
    let world = World::shared().await.unwrap();
    let gateway = world.second_gateway().await.unwrap();
    let address = address(&gateway);
    let (head, body) = (slow_head(&address), slow_body(&address, &world.key));
    let ((_, told_head), (_, told_body)) =
        tokio::join!(drip(&address, &head), drip(&address, &body));
    assert!(
        told_head.is_empty() || told_head.starts_with("HTTP/1.1 408"),
        "{told_head}"
    );
    assert!(told_body.starts_with("HTTP/1.1 408"), "{told_body}");
    assert!(told_body.contains("body_too_slow"), "{told_body}");
}

/// Connects, sends this and then a byte a second, until it is let go; and again until the calls are done.
async fn occupies(address: String, sends: String, mut done: watch::Receiver<bool>) {
    let occupied = async {
        loop {
            let Ok(mut stream) = TcpStream::connect(&address).await else {
                continue;
            };
            let _ = stream.write_all(sends.as_bytes()).await;
            let mut clock = tokio::time::interval(Duration::from_secs(1));
            let mut told = [0; 512];
            loop {
                tokio::select! {
                    _ = clock.tick(), if !sends.is_empty() => {
                        if stream.write_all(b"a").await.is_err() {
                            break;
                        }
                    }
                    read = stream.read(&mut told) => if !matches!(read, Ok(1..)) {
                        break;
                    },
                }
            }
        }
    };
    tokio::select! {
        () = occupied => {}
        _ = done.wait_for(|done| *done) => {}
    }
}

/// Until the gateway counts so many open connections, at least or at most.
async fn open(gateway: &Gateway, wanted: impl Fn(f64) -> bool) {
    wait::until("open connections", OPENED, async || {
        let scrape = match Scrape::of(&gateway.process).await {
            Ok(scrape) => scrape,
            Err(error) => return Probe::NotYet(format!("{error:#}")),
        };
        let used = scrape.sum("kubently_bound_used", &[("bound", "connections")]);
        Probe::when(used.is_some_and(&wanted), format!("{used:?}"))
    })
    .await
    .unwrap();
}

/// A third of them sends nothing, a third a head and a third a body of a byte a second. Each one that is let go
/// is followed by another.
#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_idle_and_slow_connections_disturb_no_caller_and_are_let_go() {
    // One at each end, of the gateway that is started from here and of this process.
    usage::open_files(OCCUPIED as u64 + 1_024).unwrap();
    let world = World::shared().await.unwrap();
    let gateway = world.second_gateway().await.unwrap();
    let (address, http) = (address(&gateway), gateway.http(Some(&world.key)).unwrap());
    let alone = times(&http, &world.cluster_id).await;
    let (done, is_done) = watch::channel(false);
    let kinds = [
        String::new(),
        slow_head(&address),
        slow_body(&address, &world.key),
    ];
    let mut occupied = JoinSet::new();
    for kind in kinds.iter().cycle().take(OCCUPIED) {
        occupied.spawn(occupies(address.clone(), kind.clone(), is_done.clone()));
    }
    open(&gateway, |used| used >= NEARLY_ALL).await;
    let beside = times(&http, &world.cluster_id).await;
    // The same two cores carry it all: only what would wait for the others to be let go is told from it.
    assert!(
        beside.0 < alone.0 * 10 + Duration::from_secs(1),
        "{alone:?} {beside:?}"
    );
    assert!(beside.1 < LET_GO, "{alone:?} {beside:?}");
    open(&gateway, |used| used >= NEARLY_ALL).await;
    done.send_replace(true);
    occupied.join_all().await;
    open(&gateway, |used| used < 100.0).await;
    times(&http, &world.cluster_id).await;
    assert!(!gateway.process.logs().contains("panicked"));
}
