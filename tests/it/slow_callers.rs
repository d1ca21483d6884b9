//! Callers that send a byte a second, or nothing: each is let go in time, and no other notices.

use std::time::{Duration, Instant};

use kubently_tests::http::Http;
use kubently_tests::product::Gateway;
use kubently_tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::jobs::version;

/// The limit on heads and bodies is 10 s each; the rest is for a loaded machine.
const LET_GO: Duration = Duration::from_secs(25);
const IDLE: usize = 1_000;
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

async fn slowest(http: &Http, cluster: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..CALLS {
        let began = Instant::now();
        let body = version(cluster);
        let answer = http.post_command(&body, &[("prefer", "wait=30")]).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_or_a_body_of_a_byte_a_second_is_ended_in_time() {
    let world = World::shared().await.unwrap();
    let gateway = world.second_gateway().await.unwrap();
    let address = address(&gateway);
    let head = format!("POST /v1/commands HTTP/1.1\r\nhost: {address}\r\nx-slow: ");
    let body = format!(
        "POST /v1/commands HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{",
        world.key
    );
    let ((_, told_head), (_, told_body)) =
        tokio::join!(drip(&address, &head), drip(&address, &body));
    assert!(
        told_head.is_empty() || told_head.starts_with("HTTP/1.1 408"),
        "{told_head}"
    );
    assert!(told_body.starts_with("HTTP/1.1 408"), "{told_body}");
    assert!(told_body.contains("body_too_slow"), "{told_body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_and_slow_connections_disturb_no_caller_and_are_let_go() {
    let world = World::shared().await.unwrap();
    let gateway = world.second_gateway().await.unwrap();
    let (address, http) = (address(&gateway), gateway.http(Some(&world.key)).unwrap());
    slowest(&http, &world.cluster_id).await;
    let mut idle = Vec::new();
    for number in 0..IDLE {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
        }
        idle.push(stream);
    }
    let beside = slowest(&http, &world.cluster_id).await;
    assert!(beside < Duration::from_secs(5), "{beside:?}");
    let mut ends = JoinSet::new();
    for mut stream in idle {
        ends.spawn(async move {
            let mut told = Vec::new();
            let _ = stream.read_to_end(&mut told).await;
        });
    }
    let all = async { while ends.join_next().await.is_some() {} };
    tokio::time::timeout(LET_GO, all).await.unwrap();
    slowest(&http, &world.cluster_id).await;
}
