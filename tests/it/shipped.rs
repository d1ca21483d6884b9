//! The product on a hub as it ships: accounts, nkeys, TLS, one server or three, and a leaf node.

use std::time::Duration;

use kubently_tests::cluster::Cluster;
use kubently_tests::guard::{Ending, Spec};
use kubently_tests::http::Http;
use kubently_tests::hub::{Hub, shipped};
use kubently_tests::parts::{self, Part};
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::wait::{self, Probe};
use kubently_tests::{place, ports};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(60);

type Settings = Vec<(&'static str, String)>;

pub(crate) fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(n, v)| (*n, v.as_str())).collect()
}

/// A gateway of this hub, and its key.
pub(crate) async fn gateway(hub: &Hub) -> (Gateway, String) {
    let key = product::new_key();
    let settings = hub.settings("hub");
    let gateway = Gateway::start(&hub.url(), &[&key], &borrowed(&settings)).await;
    (gateway.unwrap(), key)
}

pub(crate) async fn worker(hub: &Hub, cluster: &str, name: &str) -> Worker {
    let mut worker = launch(hub, cluster, name, &[]).await;
    worker.process.ready().await.unwrap();
    worker
}

/// Starts a worker without waiting; `more` settings win.
pub(crate) async fn launch(hub: &Hub, cluster: &str, name: &str, more: &[(&str, &str)]) -> Worker {
    let kubernetes = Cluster::shared().await.unwrap();
    let settings = hub.settings(&format!("cluster-{cluster}"));
    let mut all = borrowed(&settings);
    all.extend_from_slice(more);
    let kubeconfig = kubernetes.worker_kubeconfig();
    Worker::launch(&hub.url(), cluster, name, &kubeconfig, &all)
        .await
        .unwrap()
}

pub(crate) async fn lists_namespaces(http: &Http, cluster: &str) {
    let body = json!({
        "cluster_id": cluster, "command_type": "get", "args": ["namespaces"], "timeout_seconds": 30,
    });
    let answer = http
        .post_command(&body, &[("prefer", "wait=30")])
        .await
        .unwrap();
    let job = answer.json().unwrap();
    assert_eq!(answer.status, 200, "{job}");
    assert_eq!(job["status"], "completed", "{job}");
    assert!(
        job["output"].as_str().unwrap().contains("kube-system"),
        "{job}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_crosses_the_accounts_and_a_leaf_node() {
    let mut hub = Hub::single().await.unwrap();
    let added = hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let seed = std::fs::read_to_string(hub.credential("cluster-a")).unwrap();
    assert!(!added.said.contains(seed.trim()), "the secret is on stdout");
    let (gateway, key) = gateway(&hub).await;
    let http = gateway.http(Some(&key)).unwrap();
    let mut direct = worker(&hub, "a", "direct").await;
    lists_namespaces(&http, "a").await;
    direct.process.stop(SOON).await.unwrap();

    let dir = place::fresh("leaf").unwrap();
    std::fs::create_dir(dir.path().join("tls")).unwrap();
    std::fs::copy(hub.ca(), dir.path().join("tls/ca.crt")).unwrap();
    let port = ports::free().unwrap();
    let changes = [
        ("hub.example.com:7422", hub.leaf_address()),
        ("127.0.0.1:4222", format!("127.0.0.1:{port}")),
    ];
    shipped("leaf.conf", &dir.path().join("leaf.conf"), &changes).unwrap();
    let program = parts::program(Part::NatsServer).unwrap();
    let _leaf = Spec::new("leaf", program, dir.path())
        .args(["-c", "leaf.conf"])
        .env("CLUSTER_NKEY", seed.trim())
        .spawn()
        .unwrap();
    let through = format!("nats://127.0.0.1:{port}");
    let kubernetes = Cluster::shared().await.unwrap();
    let prefix = [("KUBENTLY_NATS_API_PREFIX", "HUB.API")];
    let kubeconfig = kubernetes.worker_kubeconfig();
    let _worker = Worker::start(&through, "a", "behind-a-leaf", &kubeconfig, &prefix)
        .await
        .unwrap();
    lists_namespaces(&http, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_wrong_or_revoked_credential_says_so_and_backs_off() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let mut worker = worker(&hub, "a", "w").await;

    // Another key takes the place of the worker's.
    let stolen = hub.dir().join("stolen.nk");
    std::fs::rename(hub.credential("cluster-a"), &stolen).unwrap();
    hub.enrol(&["cluster", "add", "a", "--revoke-others"])
        .await
        .unwrap();
    let admin = Http::new(&worker.process.admin_url(), None).unwrap();
    let says_why = async |reason: &str| {
        wait::until(reason, SOON, async || {
            let answer = admin.get("/readyz").await.unwrap();
            let text = answer.text();
            Probe::when(answer.status == 503 && text.contains(reason), text)
        })
        .await
        .unwrap();
    };
    says_why("refuses this worker's credential").await;
    let log = worker.process.logs();
    assert_eq!(log.matches("it is revoked or replaced").count(), 1, "{log}");

    // The same credential at a start.
    let stolen = stolen.to_string_lossy().into_owned();
    let old_key = [("KUBENTLY_NATS_NKEY_FILE", stolen.as_str())];
    let late = launch(&hub, "a", "late", &old_key).await;
    wait::until("the reason", SOON, async || {
        let log = late.process.logs();
        Probe::when(
            log.contains("refuses this credential: it is wrong, revoked"),
            log,
        )
    })
    .await
    .unwrap();
    // Both back off: a loop that hammers would have been refused hundreds of times by now.
    assert!(hub.refusals() < 20, "{}", hub.refusals());
    worker.process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_certificates_that_do_not_serve_are_a_sentence_and_an_exit_code() {
    let mut hub = Hub::single().await.unwrap();
    let said = async |settings: &Settings| {
        let program = &product::programs().await.unwrap().gateway;
        let args = ["cluster", "add", "a"];
        product::run_to_end(program, &borrowed(settings), args)
            .await
            .unwrap()
    };
    let with = |name: &'static str, value: &str| {
        let mut settings = hub.settings("hub");
        settings.retain(|(other, _)| *other != name);
        settings.push((name, value.to_owned()));
        settings
    };
    let missing = with("KUBENTLY_NATS_NKEY_FILE", "/nowhere/hub.nk");
    let no_seed = with("KUBENTLY_NATS_NKEY_FILE", &hub.ca().to_string_lossy());
    let no_ca = with("KUBENTLY_NATS_CA_FILE", "/nowhere/ca.crt");
    let half = with("KUBENTLY_NATS_CLIENT_KEY_FILE", "/nowhere/client.key");
    let other = hub.dir().join("other");
    let other_dir = other.to_string_lossy().into_owned();
    let made = hub
        .gateway(&["accounts", "init", "--credentials", &other_dir])
        .await
        .unwrap();
    assert_eq!(made.ending, Ending::Code(0), "{}", made.said);
    let stranger = with(
        "KUBENTLY_NATS_NKEY_FILE",
        &other.join("hub.nk").to_string_lossy(),
    );
    for (settings, code, part) in [
        (missing, 78, "the nkey file /nowhere/hub.nk cannot be read"),
        (no_seed, 78, "holds no user's seed"),
        (no_ca, 78, "the TLS file /nowhere/ca.crt cannot be read"),
        (half, 78, "nats_client_key_file"),
        (stranger, 77, "refuses this credential"),
    ] {
        let run = said(&settings).await;
        assert_eq!(run.ending, Ending::Code(code), "{}", run.said);
        assert!(run.said.contains(part), "{part}: {}", run.said);
        let sentences = run.said.matches("kubently-gateway: ").count();
        assert_eq!(sentences, 1, "{}", run.said);
    }
    hub.let_certificate_expire().await.unwrap();
    let run = said(&hub.settings("hub")).await;
    assert_eq!(run.ending, Ending::Code(69), "{}", run.said);
    assert!(run.said.to_lowercase().contains("expired"), "{}", run.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_holds_and_what_is_too_much() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    hub.enrol(&["cluster", "add", "b"]).await.unwrap();
    let good = hub.gateway(&["check", "--strict"]).await.unwrap();
    assert_eq!(good.ending, Ending::Code(0), "{}", good.said);
    for line in ["every write is on the disk", "account HUB", "2.1"] {
        assert!(good.said.contains(line), "{line}: {}", good.said);
    }
    let kubernetes = Cluster::shared().await.unwrap();
    let program = &product::programs().await.unwrap().worker;
    let check = async |credential: &str, kubeconfig: std::path::PathBuf, more: &[(&str, &str)]| {
        let settings = hub.settings(credential);
        let kubeconfig = kubeconfig.to_string_lossy().into_owned();
        let mut all = borrowed(&settings);
        all.push(("KUBENTLY_CLUSTER_ID", "a"));
        all.push(("KUBENTLY_KUBECONFIG", &kubeconfig));
        all.extend_from_slice(more);
        let run = product::run_to_end(program, &all, ["check", "--strict"]).await;
        run.unwrap()
    };
    let (own, admin) = (
        kubernetes.worker_kubeconfig(),
        kubernetes.admin_kubeconfig(),
    );
    let good = check("cluster-a", own.clone(), &[]).await;
    assert_eq!(good.ending, Ending::Code(0), "{}", good.said);
    assert!(
        good.said
            .contains("account CLUSTER_a, and nothing of others"),
        "{}",
        good.said
    );
    assert!(
        good.said.contains("get and list, and no secrets"),
        "{}",
        good.said
    );

    // An administrator's kubeconfig, and the hub's own credential in a worker's hands.
    let too_much = check("cluster-a", admin, &[]).await;
    assert_eq!(too_much.ending, Ending::Code(77), "{}", too_much.said);
    assert!(too_much.said.contains("get secrets"), "{}", too_much.said);
    let prefix = [("KUBENTLY_NATS_API_PREFIX", "$JS.API")];
    let hubs = check("hub", own.clone(), &prefix).await;
    assert_eq!(hubs.ending, Ending::Code(77), "{}", hubs.said);
    assert!(
        hubs.said.contains("account HUB has no limits"),
        "{}",
        hubs.said
    );
    let others = check("cluster-b", own, &[]).await;
    assert_eq!(others.ending, Ending::Code(69), "{}", others.said);
    assert!(others.said.contains("not cluster a's"), "{}", others.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_publishers_and_unknown_clusters_are_told_apart() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let unknown = hub
        .gateway(&["publisher", "add", "bot", "--clusters", "a,b"])
        .await
        .unwrap();
    assert_eq!(unknown.ending, Ending::Code(66), "{}", unknown.said);
    assert!(
        unknown.said.contains("cluster b is not registered"),
        "{}",
        unknown.said
    );
    hub.enrol(&["publisher", "add", "bot", "--clusters", "a"])
        .await
        .unwrap();
    let accounts = std::fs::read_to_string(hub.dir().join("accounts.conf")).unwrap();
    assert!(accounts.contains("PUBLISHER_bot"), "{accounts}");
    hub.enrol(&["publisher", "remove", "bot"]).await.unwrap();
    let accounts = std::fs::read_to_string(hub.dir().join("accounts.conf")).unwrap();
    assert!(!accounts.contains("PUBLISHER_bot"), "{accounts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_cluster_is_taken_out_of_the_accounts_and_its_publishers() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    hub.enrol(&["cluster", "add", "b"]).await.unwrap();
    hub.enrol(&["publisher", "add", "bot", "--clusters", "a,b"])
        .await
        .unwrap();
    // The server takes the file that is written, although the publisher was enrolled for both.
    hub.enrol(&["cluster", "remove", "a"]).await.unwrap();
    let accounts = std::fs::read_to_string(hub.dir().join("accounts.conf")).unwrap();
    assert!(!accounts.contains("CLUSTER_a"), "{accounts}");
    assert!(!accounts.contains("cmd.a."), "{accounts}");
    assert!(accounts.contains("CLUSTER_b"), "{accounts}");
    assert!(accounts.contains("PUBLISHER_bot"), "{accounts}");
}

/// A server that greets as this version, and takes whoever comes.
async fn server_of(version: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (from, mut to) = client.into_split();
                let info = json!({
                    "server_id": "OLD", "server_name": "old", "version": version, "go": "go1.20",
                    "host": "127.0.0.1", "port": 4222, "headers": true, "max_payload": 1_048_576,
                    "proto": 1, "jetstream": true,
                });
                to.write_all(format!("INFO {info}\r\n").as_bytes()).await?;
                let mut lines = BufReader::new(from).lines();
                while let Some(line) = lines.next_line().await? {
                    if line.starts_with("PING") {
                        to.write_all(b"PONG\r\n").await?;
                    }
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_is_a_sentence_and_an_exit_code() {
    let old = server_of("2.9.10").await;
    let run = product::run_gateway(&old, ["cluster", "add", "a"]).await;
    let run = run.unwrap();
    let sentence = "nats-server 2.9.10 is too old";
    assert_eq!(run.ending, Ending::Code(69), "{}", run.said);
    assert!(run.said.contains(sentence), "{}", run.said);
    let kubernetes = Cluster::shared().await.unwrap();
    let kubeconfig = kubernetes.worker_kubeconfig();
    let worker = Worker::launch(&old, "a", "w", &kubeconfig, &[]).await;
    let mut worker = worker.unwrap();
    let ending = worker.process.wait(SOON).await.unwrap();
    let logs = worker.process.logs();
    assert_eq!(ending, Ending::Code(69), "{logs}");
    assert_eq!(logs.matches(sentence).count(), 1, "{logs}");
}
