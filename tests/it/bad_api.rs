//! API servers that answer nonsense, too much, too slowly or not at all: a clear error within the deadline,
//! the connection closed, at most three retries, and nothing else asked for.

mod floods;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Cluster, Limits, Output, RunError, config_from_kubeconfig, run};
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::wait::{self, Probe};

const PODS: &str = "/api/v1/namespaces/default/pods";
/// One request and three retries.
const MOST_REQUESTS: usize = 4;
const SOON: Duration = Duration::from_secs(60);
/// How long is waited for what does not come.
const PATIENCE: Duration = Duration::from_millis(500);

struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Makes an answer, for each request anew.
type Make = fn() -> Script;

/// The library with one cluster.
struct Library(Cluster);

impl Library {
    async fn of(kubeconfig: &Path) -> Self {
        let config = config_from_kubeconfig(kubeconfig).await.unwrap();
        Self(Cluster::new(config, Arc::new(MachineClock)).unwrap())
    }

    async fn run(&self, verb: Verb, args: &[&str]) -> Result<Output, RunError> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let command = Command::parse(verb, &args, None).unwrap();
        run(&self.0, &command, &Limits::default()).await
    }
}

/// A fake whose list of pods is this.
async fn pods(script: Make) -> FakeApi {
    FakeApi::start(move |path, _| path.starts_with(PODS).then(script))
        .await
        .unwrap()
}

/// `get pods` against such a fake: its error text, and how often pods were asked for.
async fn refused(script: Make) -> (String, usize) {
    let api = pods(script).await;
    let library = Library::of(&api.kubeconfig()).await;
    let output = tokio::time::timeout(SOON, library.run(Verb::Get, &["pods"]));
    let output = output.await.unwrap().unwrap();
    assert_eq!(output.stdout, b"", "{output:?}");
    assert_eq!(output.exit_code, 1, "{output:?}");
    let requests = api.requests();
    let strange = requests.iter().filter(|it| {
        let path = it.strip_prefix("GET ").unwrap_or_default();
        !path.starts_with(PODS) && !["/api", "/apis"].contains(&path)
    });
    let strange: Vec<_> = strange.collect();
    assert!(strange.is_empty(), "{strange:?}");
    let asked = requests.iter().filter(|it| it.contains(PODS)).count();
    (String::from_utf8(output.stderr).unwrap(), asked)
}

#[tokio::test]
async fn nonsense_is_an_error_that_says_what_was_wrong() {
    let cases: [(Make, &str); 8] = [
        (
            || Script::text(200, "text/html", "<html>Log in</html>"),
            "serializer for text/html doesn't exist",
        ),
        (
            || Script::text(200, "application/json", ""),
            "unexpected end of JSON input",
        ),
        (
            || Script::text(200, "application/json", "[1, 2]"),
            "json: cannot unmarshal array into Go value",
        ),
        (
            || Script::text(200, "application/json", "{\"kind\":\"Table\","),
            "unexpected end of JSON input",
        ),
        (
            || Script::Cut(b"{\"kind\":\"Table\",\"rows\":[".to_vec()),
            "reading response body",
        ),
        (
            || Script::text(200, "application/octet-stream", vec![0xff; 100]),
            "serializer for application/octet-stream doesn't exist",
        ),
        (
            || Script::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
            "Unable to connect",
        ),
        (|| Script::Raw(Vec::new()), "Unable to connect"),
    ];
    for (case, (script, says)) in cases.into_iter().enumerate() {
        let (text, asked) = refused(script).await;
        assert!(asked <= MOST_REQUESTS, "case {case}: {asked} requests");
        assert!(
            text.contains(says) && text.len() < 4096,
            "case {case}: {text}"
        );
    }
}

#[tokio::test]
async fn redirects_and_upgrades_are_not_followed() {
    let moved: [Make; 4] = [
        || Script::text(301, "text/html", "moved").with("location", "/elsewhere"),
        || Script::text(302, "text/plain", "found").with("location", "http://127.0.0.1:1/x"),
        || Script::text(307, "text/plain", "").with("location", "/api/v1/secrets"),
        || {
            let upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
            Script::Raw(upgrade.as_bytes().to_vec())
        },
    ];
    for script in moved {
        // `refused` fails when anything but pods is asked for.
        let (text, asked) = refused(script).await;
        assert_eq!(asked, 1, "{text}");
        assert!(!text.is_empty());
    }
}

#[tokio::test]
async fn refusals_are_told_and_repeated_only_where_the_server_says_when() {
    let (text, asked) = refused(|| Script::status(429, "TooManyRequests", "slow down")).await;
    assert_eq!(
        (text.as_str(), asked),
        ("Error from server (TooManyRequests): slow down\n", 1)
    );
    let again = || Script::status(429, "TooManyRequests", "slow down").with("retry-after", "0");
    let (text, asked) = refused(again).await;
    assert_eq!(asked, MOST_REQUESTS);
    assert_eq!(text, "Error from server (TooManyRequests): slow down\n");
    let (_, asked) =
        refused(|| Script::text(503, "text/html", "<html>").with("retry-after", "0")).await;
    assert_eq!(asked, MOST_REQUESTS);
    let plain: [Make; 5] = [
        || Script::text(500, "text/html", "<h1>Internal</h1>"),
        || Script::text(502, "text/html", "<h1>Bad gateway</h1>"),
        || Script::text(503, "text/plain", "no endpoints"),
        || Script::text(504, "application/json", "{}"),
        || Script::status(500, "InternalError", "etcd is away"),
    ];
    for script in plain {
        let (text, asked) = refused(script).await;
        assert_eq!(asked, 1, "{text}");
        assert!(text.starts_with("Error from server"), "{text}");
    }
}

#[tokio::test]
async fn a_second_answer_that_is_good_is_taken() {
    let api = FakeApi::start(|path, before| {
        let table = serde_json::json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
            "columnDefinitions": [{"name": "Name", "type": "string", "format": "name"}],
            "rows": [{"cells": ["web"]}],
        });
        path.starts_with(PODS).then(|| match before {
            0 => Script::status(503, "ServiceUnavailable", "wait").with("retry-after", "0"),
            _ => Script::json(200, &table),
        })
    });
    let api = api.await.unwrap();
    let library = Library::of(&api.kubeconfig()).await;
    let output = library.run(Verb::Get, &["pods"]).await.unwrap();
    assert_eq!(output.stdout, b"NAME\nweb\n", "{output:?}");
}

#[tokio::test]
async fn what_hangs_is_left_at_the_deadline_and_its_connection_closed() {
    let hanging: [Make; 3] = [
        || Script::Silence,
        || Script::HeadOnly,
        || Script::Drip(vec![b' '; 1000]),
    ];
    for script in hanging {
        let api = pods(script).await;
        let library = Library::of(&api.kubeconfig()).await;
        let mut run = Box::pin(library.run(Verb::Get, &["pods"]));
        let asked = wait::until("the request", SOON, async || {
            let requests = api.requests();
            let asked = requests.iter().any(|it| it.contains(PODS));
            Probe::when(asked, format!("{requests:?}"))
        });
        tokio::select! {
            output = &mut run => panic!("{output:?}"),
            asked = asked => asked.unwrap(),
        }
        let output = tokio::time::timeout(PATIENCE, run).await;
        assert!(output.is_err(), "{output:?}");
        wait::until("the connection's end", SOON, async || {
            Probe::when(api.abandoned() == 1, format!("{api:?}"))
        })
        .await
        .unwrap();
    }
}
