//! The three servers of a hub, restarted one by one and one of them killed, under a steady load: a request may be
//! slow, and none is wrong.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, RwLock};

use async_nats::jetstream;
use futures::future::join_all;
use kubently_tests::fake_api::FakeApi;
use kubently_tests::hub::Hub;
use kubently_tests::product::{self, Gateway, Worker};
use tokio::sync::watch;

use super::{CLUSTER, all_is_well, api, call, load_goes_on};
use crate::history::{self, History};
use crate::isolation::connect;
use crate::shipped::borrowed;
use crate::soak::client::{Client, Gateways};
use crate::three::leader;

/// Callers at a time: half have a key of the configuration, half one that the hub keeps.
const CALLERS: usize = 8;
/// Commands that have been answered before anything else changes.
const BETWEEN: usize = 24;

/// What is done to a server before it starts again.
#[derive(Debug, Clone, Copy)]
enum Going {
    /// Its clients are sent away first, as the chart's pods do.
    LameDuck,
    /// SIGTERM.
    Stopped,
    /// `kill -9`.
    Killed,
}

async fn change(hub: &mut Hub, answered: &mut watch::Receiver<usize>) {
    let js = jetstream::new(connect(hub, "hub").await);
    load_goes_on(answered, BETWEEN).await;
    let queue = format!("KUBENTLY_CMD_{CLUSTER}");
    for (number, going) in [
        (Some(0), Going::LameDuck),
        (Some(1), Going::Stopped),
        (Some(2), Going::LameDuck),
        (None, Going::Killed),
    ] {
        let number = match number {
            Some(number) => number,
            // The one that everything waits for.
            None => leader(&js, &queue).await,
        };
        match going {
            Going::LameDuck => hub.retire(number).await.unwrap(),
            Going::Stopped => hub.stop(number).await.unwrap(),
            Going::Killed => hub.kill(number),
        }
        load_goes_on(answered, BETWEEN).await;
        hub.start_again(number).await.unwrap();
        load_goes_on(answered, BETWEEN).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_restarted_one_by_one_and_one_killed_under_load_fail_no_request_and_lose_no_job()
 {
    let mut hub = Hub::three().await.unwrap();
    hub.enrol(&["cluster", "add", CLUSTER]).await.unwrap();
    let api = FakeApi::start(|path, _| api(path)).await.unwrap();
    let fixed = product::new_key();
    let made = hub.gateway(&["admin", "create", "--email", "root@example.com"]);
    let made = made.await.unwrap();
    let made = made
        .said
        .split_whitespace()
        .find(|it| it.starts_with("ci_"));
    let made = made.unwrap().to_owned();
    let (url, kubeconfig) = (hub.url(), api.kubeconfig());
    let settings = (
        hub.settings("hub"),
        hub.settings(&format!("cluster-{CLUSTER}")),
    );
    let settings = (borrowed(&settings.0), borrowed(&settings.1));
    let (mut gateways, mut workers) = (Vec::new(), Vec::new());
    for name in ["w-0", "w-1"] {
        let gateway = Gateway::start(&url, &[&fixed], &settings.0).await;
        gateways.push(gateway.unwrap());
        let worker = Worker::start(&url, CLUSTER, name, &kubeconfig, &settings.1).await;
        workers.push(worker.unwrap());
    }
    let history = Arc::new(History::default());
    let numbers = AtomicUsize::new(0);
    let (count, mut answered) = watch::channel(0);
    let (halt, stop) = watch::channel(false);
    let callers = (0..CALLERS).map(|first| {
        let key = if first % 2 == 0 { &fixed } else { &made };
        let known = gateways
            .iter()
            .map(|gateway| gateway.http(Some(key)).unwrap());
        let known = Gateways::new(RwLock::new(known.collect()));
        let client = Client::new(&history, &known, first);
        call(client, &numbers, &count, stop.clone())
    });
    let callers = join_all(callers.collect::<Vec<_>>());
    let changes = async {
        change(&mut hub, &mut answered).await;
        halt.send_replace(true);
    };
    tokio::join!(callers, changes);
    let calls = history.calls();
    let slowest = calls.iter().map(|call| call.took).max();
    println!("{} calls, the slowest took {slowest:?}", calls.len());
    let kept = history::audit_as(connect(&hub, "hub").await, &[CLUSTER]).await;
    all_is_well(&history, &kept);
}
