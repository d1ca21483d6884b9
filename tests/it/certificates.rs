//! Certificates between the product and its hub: good ones serve, and each that does not is one sentence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kubently_tests::guard::Ending;
use kubently_tests::http::Http;
use kubently_tests::hub::{ClientCertificate, Hub};
use kubently_tests::product::{self, Process};
use kubently_tests::wait::{self, Probe};

use crate::shipped::{self, borrowed};

const SOON: Duration = Duration::from_secs(60);
const CERTIFICATE: &str = "KUBENTLY_NATS_CLIENT_CERTIFICATE_FILE";
const KEY: &str = "KUBENTLY_NATS_CLIENT_KEY_FILE";

/// No line of a private key's text is in this one.
#[track_caller]
fn keeps(text: &str, key: &Path) {
    let key = std::fs::read_to_string(key).unwrap();
    let mut lines = key.lines().filter(|line| !line.starts_with("-----"));
    assert!(lines.all(|line| !text.contains(line)), "{text}");
}

/// The end of a gateway's command with the hub's settings, but with these files.
async fn tried(hub: &Hub, certificate: Option<&Path>, key: Option<&Path>) -> (Ending, String) {
    let mut settings = hub.settings("hub");
    settings.retain(|(name, _)| ![CERTIFICATE, KEY].contains(name));
    for (name, path) in [(CERTIFICATE, certificate), (KEY, key)] {
        settings.extend(path.map(|path| (name, path.to_string_lossy().into_owned())));
    }
    let program = &product::programs().await.unwrap().gateway;
    let args = ["cluster", "add", "b"];
    let run = product::run_to_end(program, &borrowed(&settings), args).await;
    let run = run.unwrap();
    (run.ending, run.said)
}

async fn is_unready(process: &Process, reason: &str) {
    let admin = Http::new(&process.admin_url(), None).unwrap();
    let seen = wait::until(reason, SOON, async || match admin.get("/readyz").await {
        Ok(answer) => {
            let text = answer.text();
            Probe::when(answer.status == 503 && text.contains(reason), text)
        }
        Err(error) => Probe::NotYet(format!("{error:#}")),
    });
    seen.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_asks_for_certificates_serves_who_has_one() {
    let mut hub = Hub::asking().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let (gateway, key) = shipped::gateway(&hub).await;
    let _worker = shipped::worker(&hub, "a", "w").await;
    let http = gateway.http(Some(&key)).unwrap();
    shipped::lists_namespaces(&http, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_certificate_that_does_not_serve_is_a_sentence_and_an_exit_code() {
    let hub = Hub::asking().await.unwrap();
    let made = |name, which| hub.client_certificate(name, which).unwrap();
    let good = made("good", ClientCertificate::Good);
    let other = made("other", ClientCertificate::Good);
    let expired = made("expired", ClientCertificate::Expired);
    let foreign = made("foreign", ClientCertificate::Foreign);
    let nowhere = PathBuf::from("/nowhere/client.crt");
    let pair =
        |(certificate, key): &(PathBuf, PathBuf)| (Some(certificate.clone()), Some(key.clone()));
    for ((certificate, key), code, part) in [
        ((None, None), 77, "the hub asks for a client certificate"),
        (pair(&expired), 77, "our client certificate: it has expired"),
        (pair(&foreign), 77, "it comes from another authority"),
        (
            (Some(good.0.clone()), Some(other.1.clone())),
            78,
            "is not that of the certificate",
        ),
        (
            (Some(nowhere), Some(good.1.clone())),
            78,
            "the TLS file /nowhere/client.crt cannot be read",
        ),
        (
            (Some(good.1.clone()), Some(good.1.clone())),
            78,
            "it holds no certificate",
        ),
        (
            (Some(good.0.clone()), Some(good.0.clone())),
            78,
            "it holds no private key",
        ),
    ] {
        let (ending, said) = tried(&hub, certificate.as_deref(), key.as_deref()).await;
        assert_eq!(ending, Ending::Code(code), "{part}: {said}");
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(said.matches("kubently-gateway: ").count(), 1, "{said}");
        for (_, key) in [&good, &other, &expired, &foreign] {
            keeps(&said, key);
        }
    }
    let (ending, said) = tried(&hub, Some(&good.0), Some(&good.1)).await;
    assert_eq!(ending, Ending::Code(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_of_another_name_is_not_trusted() {
    let mut hub = Hub::single().await.unwrap();
    hub.take_another_name().await.unwrap();
    let (ending, said) = tried(&hub, None, None).await;
    assert_eq!(ending, Ending::Code(69), "{said}");
    assert!(
        said.contains("the hub's certificate is for other names than the one in nats_url"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_an_expired_certificate_says_so_backs_off_and_takes_a_renewed_one() {
    let mut hub = Hub::asking().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let expired = hub.client_certificate("w", ClientCertificate::Expired);
    let (certificate, key) = expired.unwrap();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (certificate_file, key_file) = (text(&certificate), text(&key));
    let more = [
        (CERTIFICATE, certificate_file.as_str()),
        (KEY, key_file.as_str()),
        ("KUBENTLY_LOG", "trace"),
    ];
    let mut worker = shipped::launch(&hub, "a", "w", &more).await;
    is_unready(&worker.process, "our client certificate: it has expired").await;
    keeps(&worker.process.logs(), &key);
    // A loop that hammers would have been refused hundreds of times by now.
    assert!(hub.failed_handshakes() < 10, "{}", hub.failed_handshakes());
    let renewed = hub.client_certificate("renewed", ClientCertificate::Good);
    let (new_certificate, new_key) = renewed.unwrap();
    // Between the two the pair does not match, and that ends nobody who was let as far as the hub before.
    std::fs::rename(&new_key, &key).unwrap();
    std::fs::rename(&new_certificate, &certificate).unwrap();
    worker.process.ready().await.unwrap();
    keeps(&worker.process.logs(), &key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_certificate_expires_is_given_up_by_name_by_all_that_run() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let (gateway, _) = shipped::gateway(&hub).await;
    let worker = shipped::worker(&hub, "a", "w").await;
    hub.let_certificate_expire().await.unwrap();
    for process in [&gateway.process, &worker.process] {
        is_unready(process, "the hub's certificate has expired").await;
        let logs = process.logs();
        let told = logs.matches("the hub's certificate has expired").count();
        assert!((1..4).contains(&told), "{logs}");
    }
}
