//! Gateways and workers that are replaced, added and removed one by one under a steady load: no request
//! fails, no job is lost, and none is run twice.

mod hub;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures::future::join_all;
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::guard::Ending;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Worker};
use serde_json::json;
use tokio::sync::watch;

use crate::history::{self, Asked, History, Kept, Told};
use crate::soak::client::{Client, Gateways};

const CLUSTER: &str = "rolling";
/// Callers at a time, each with one command after the other.
const CALLERS: usize = 12;
/// Commands that have been answered before anything else changes.
const BETWEEN: usize = 60;
/// More than the grace period.
const IN_ORDER: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(180);

/// The parts that come and go, and the load that does not.
struct Rolling {
    hub: Nats,
    api: FakeApi,
    key: String,
    gateways: Vec<Gateway>,
    workers: Vec<Worker>,
    known: Gateways,
    answered: watch::Receiver<usize>,
    born: usize,
}

impl Rolling {
    async fn gateway_comes(&mut self) {
        let gateway = Gateway::start(&self.hub.url(), &[&self.key], &[]).await;
        let gateway = gateway.unwrap();
        let http = gateway.http(Some(&self.key)).unwrap();
        self.known.write().unwrap().push(http);
        self.gateways.push(gateway);
    }

    /// The oldest goes, while callers still know of it: they turn to another where nobody listens.
    async fn gateway_goes(&mut self) {
        let mut gateway = self.gateways.remove(0);
        let ending = gateway.process.stop(IN_ORDER).await.unwrap();
        assert_eq!(ending, Ending::Code(0), "{}", gateway.process.logs());
        self.known.write().unwrap().remove(0);
    }

    async fn worker_comes(&mut self) {
        self.born += 1;
        let name = format!("w-{}", self.born);
        let kubeconfig = self.api.kubeconfig();
        let worker = Worker::start(&self.hub.url(), CLUSTER, &name, &kubeconfig, &[]).await;
        self.workers.push(worker.unwrap());
    }

    async fn worker_goes(&mut self) {
        let mut worker = self.workers.remove(0);
        let ending = worker.process.stop(IN_ORDER).await.unwrap();
        assert_eq!(ending, Ending::Code(0), "{}", worker.process.logs());
    }

    /// Replaces every part one by one, three times over; then from two to one, to three, and to one again.
    async fn change(&mut self) {
        for _ in 0..3 {
            self.load_goes_on().await;
            self.gateway_comes().await;
            self.gateway_goes().await;
            self.load_goes_on().await;
            self.worker_comes().await;
            self.worker_goes().await;
        }
        self.gateway_goes().await;
        self.worker_goes().await;
        for _ in 0..2 {
            self.load_goes_on().await;
            self.gateway_comes().await;
            self.worker_comes().await;
        }
        for _ in 0..2 {
            self.load_goes_on().await;
            self.worker_goes().await;
            self.gateway_goes().await;
        }
        self.load_goes_on().await;
    }

    /// Until the load has been told some more ends.
    async fn load_goes_on(&mut self) {
        load_goes_on(&mut self.answered, BETWEEN).await;
    }
}

/// Until the load has been told so many more ends.
async fn load_goes_on(answered: &mut watch::Receiver<usize>, more: usize) {
    let enough = *answered.borrow() + more;
    let more = answered.wait_for(|answered| *answered >= enough);
    tokio::time::timeout(SOON, more).await.unwrap().unwrap();
}

/// Each pod is there, and the log of every one lasts a second.
fn api(path: &str) -> Option<Script> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let pod = path.strip_prefix("/api/v1/namespaces/default/pods/")?;
    if pod.ends_with("/log") {
        return Some(Script::Drip(b"a\n".to_vec()));
    }
    let pod = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": pod, "namespace": "default", "uid": pod, "resourceVersion": "1"},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
        "status": {"phase": "Running", "containerStatuses": []},
    });
    Some(Script::json(200, &pod))
}

/// One command after the other until it is told to stop; every fifth lasts a second.
async fn call(
    client: Client,
    numbers: &AtomicUsize,
    answered: &watch::Sender<usize>,
    stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let mark = format!("r-{number}");
        let (verb, args, expects) = if number.is_multiple_of(5) {
            ("logs", vec![mark.as_str()], "a\n".to_owned())
        } else {
            (
                "get",
                vec!["pods", &mark, "-o", "name"],
                format!("pod/{mark}\n"),
            )
        };
        let body = json!({
            "cluster_id": CLUSTER, "command_type": verb, "args": args, "correlation_id": mark,
            "timeout_seconds": 20,
        });
        let asked = Asked::Submit {
            mark: mark.clone(),
            expects: Some(expects),
        };
        // A connection that is closed while a request is on the way leaves only this to ask again.
        let key = ("idempotency-key", mark.as_str());
        let told = if number.is_multiple_of(7) {
            client.stream(asked, &body, &[key], 0).await
        } else {
            let headers = [key, ("prefer", "wait=20")];
            client.submit(asked, &body, &headers).await
        };
        if let Told::Job { job, .. } = told {
            client.end_of(&job).await;
        }
        answered.send_modify(|answered| *answered += 1);
        client.turn();
    }
}

/// No call failed, and every job ended once, and well.
fn all_is_well(history: &History, kept: &Kept) {
    let calls = history.calls();
    let failed: Vec<_> = calls
        .iter()
        .filter(|call| matches!(call.told, Told::Unknown(_) | Told::Refused(_)))
        .collect();
    assert!(
        failed.is_empty(),
        "{} calls failed: {failed:#?}",
        failed.len()
    );
    let broken = history::check(&calls, kept);
    assert!(broken.is_empty(), "{broken:#?}");
    for job in &kept.jobs {
        let (end, ..) = &job.results[0];
        assert_eq!(end.status, "completed", "{job:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_and_scaling_under_load_fails_no_request_and_runs_nothing_twice() {
    let hub = Nats::start().await.unwrap();
    product::cluster_add(&hub.url(), CLUSTER).await.unwrap();
    let (count, answered) = watch::channel(0);
    let (halt, stop) = watch::channel(false);
    let mut rolling = Rolling {
        hub,
        api: FakeApi::start(|path, _| api(path)).await.unwrap(),
        key: product::new_key(),
        gateways: Vec::new(),
        workers: Vec::new(),
        known: Gateways::new(RwLock::default()),
        answered,
        born: 0,
    };
    for _ in 0..2 {
        rolling.gateway_comes().await;
        rolling.worker_comes().await;
    }
    let history = Arc::new(History::default());
    let numbers = AtomicUsize::new(0);
    let callers = (0..CALLERS).map(|first| {
        let client = Client::new(&history, &rolling.known, first).repeating();
        call(client, &numbers, &count, stop.clone())
    });
    let callers = join_all(callers.collect::<Vec<_>>());
    let changes = async {
        rolling.change().await;
        halt.send_replace(true);
    };
    tokio::join!(callers, changes);

    let kept = history::audit(&rolling.hub.url(), &[CLUSTER]).await;
    all_is_well(&history, &kept);
    // Each command asks for its own pod, once: what was given back had not begun.
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in rolling.api.requests() {
        if request.contains("/pods/r-") {
            *asked.entry(request).or_default() += 1;
        }
    }
    let twice: Vec<_> = asked.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(asked.len() >= kept.jobs.len(), "{}", asked.len());
}
