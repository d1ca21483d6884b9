//! What lies in a queue and names no job, for as long as no command may wait: the gateway's sweep takes it out and
//! counts it. Nobody waits that long for a test, so the gateway reads a later year on the hub's clock.

use std::time::Duration;

use async_nats::jetstream;
use chrono::Datelike as _;
use kubently_tests::cluster::Cluster;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::jobs::{ended, submit, version};
use crate::links::nothing_is_left;

/// Two sweeps and a loaded machine.
const SWEPT: Duration = Duration::from_secs(90);

/// A way to this hub on which its clock is four years ahead, in which 29 February is a day, too: the year changes in
/// place wherever an answer of the `JetStream` API tells the time. Its URL; it lasts as long as the test.
async fn years_ahead(hub: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let hub = hub.trim_start_matches("nats://").to_owned();
    let year = chrono::Utc::now().year();
    let (told, read) = [year, year + 4]
        .map(|year| format!("\"ts\":\"{year}-"))
        .into();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&hub).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            let (told, read) = (told.clone(), read.clone());
            tokio::spawn(async move {
                let mut bytes = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                    let passing = &mut bytes[..count];
                    for at in 0..(count + 1).saturating_sub(told.len()) {
                        let place = &mut passing[at..at + told.len()];
                        if place == told.as_bytes() {
                            place.copy_from_slice(read.as_bytes());
                        }
                    }
                    if to_client.write_all(passing).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_job_is_dropped_past_every_deadline_and_counted() {
    let hub = Nats::start().await.unwrap();
    product::cluster_add(&hub.url(), "odd").await.unwrap();
    let (key, ahead) = (product::new_key(), years_ahead(&hub.url()).await);
    let mut sweeping = Gateway::start(&ahead, &[&key], &[]).await.unwrap();
    let dropped = async |gateway: &Gateway| {
        let seen = Scrape::of(&gateway.process).await.unwrap();
        seen.sum("kubently_commands_dropped_total", &[])
    };
    assert_eq!(dropped(&sweeping).await, Some(0.0));
    let js = jetstream::new(hub.connect().await.unwrap());
    let odd = ["normal.gw-XYZ.1", "high.pub-UP.1", "low.1"];
    for tail in odd {
        let sent = js.publish(format!("kubently.v1.cmd.odd.{tail}"), "{}".into());
        sent.await.unwrap().await.unwrap();
    }
    wait::until("the sweep", SWEPT, async || {
        let dropped = dropped(&sweeping).await;
        Probe::when(dropped == Some(3.0), format!("{dropped:?} dropped"))
    })
    .await
    .unwrap();
    nothing_is_left(&hub.url(), "odd").await;
    // The next good command runs, on the hub's own time.
    sweeping.process.kill();
    let gateway = Gateway::start(&hub.url(), &[&key], &[]).await.unwrap();
    let kubeconfig = Cluster::shared().await.unwrap().worker_kubeconfig();
    let worker = Worker::start(&hub.url(), "odd", "w", &kubeconfig, &[]).await;
    let _worker = worker.unwrap();
    let http = gateway.http(Some(&key)).unwrap();
    let job = ended(&http, &submit(&http, &version("odd")).await).await;
    assert_eq!(job["status"], "completed", "{job}");
}
