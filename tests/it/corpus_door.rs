//! The labelled corpus' lines about HTTP and JSON, through the door; the grammar's lines are tested in
//! `kubently-core`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::{self, Gateway, new_key};
use kubently_tests::world::World;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::door::problem;

const CORPUS: &str = include_str!("../../shared/core/tests/corpus/commands.jsonl");

/// Lines that need what is not there yet, and what that is.
const LEFT_OUT: [(&str, &str); 9] = [
    ("h0486", "keys that can be revoked: static ones cannot"),
    ("h0487", "keys that expire: static ones do not"),
    ("h0497", "the events of a job"),
    ("h0499", "cancelling a job"),
    ("h0502", "the events of a job"),
    ("h0504", "the list of jobs"),
    ("h0508", "the event stream of a job"),
    ("h0510", "users and their keys"),
    ("h0516", "the event stream of a job"),
];

/// The cluster that the corpus' bodies name.
const CLUSTER: &str = "prod-1";

struct Door {
    http: Http,
    key: String,
    other_key: String,
}

impl Door {
    /// The request of a line, as it stands there; placeholders are filled.
    async fn answer(&self, line: &Value) -> Answer {
        let mut method = Method::POST;
        let mut path = "/v1/commands".to_owned();
        let mut content_type = "application/json".to_owned();
        let mut keys = vec![self.key.clone()];
        let mut headers = Vec::new();
        for (name, value) in line["http"].as_object().into_iter().flatten() {
            match name.as_str() {
                ":method" => method = value.as_str().unwrap().parse().unwrap(),
                ":path" => path = format!("/v1{}", value.as_str().unwrap()),
                "content-type" => value.as_str().unwrap().clone_into(&mut content_type),
                "x-api-key" => keys = self.keys(value),
                other => headers.push((other, value.as_str().unwrap())),
            }
        }
        headers.push(("content-type", &content_type));
        headers.extend(keys.iter().map(|key| ("x-api-key", key.as_str())));
        let answer = self.http.send(method, &path, &headers, body(line));
        answer.await.unwrap()
    }

    fn keys(&self, value: &Value) -> Vec<String> {
        let fill = |value: &Value| match value.as_str().unwrap() {
            "@valid-key-user-a" => self.key.clone(),
            "@valid-key-user-b" => self.other_key.clone(),
            "@sha256-of-valid-key" => hex(&Sha256::digest(&self.key)),
            plain => {
                assert!(!plain.starts_with('@'), "{plain}");
                plain.to_owned()
            }
        };
        match value {
            Value::Null => Vec::new(),
            Value::Array(all) => all.iter().map(fill).collect(),
            one => vec![fill(one)],
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `raw` or `raw_b64`; `@pad:N:` stands for N spaces; else the line's own fields.
fn body(line: &Value) -> Vec<u8> {
    if let Some(encoded) = line["raw_b64"].as_str() {
        return BASE64_STANDARD.decode(encoded).unwrap();
    }
    if let Some(raw) = line["raw"].as_str() {
        let Some((count, rest)) = raw
            .strip_prefix("@pad:")
            .and_then(|padded| padded.split_once(':'))
        else {
            return raw.as_bytes().to_vec();
        };
        let mut bytes = vec![b' '; count.parse().unwrap()];
        bytes.extend(rest.bytes());
        return bytes;
    }
    if line["http"][":method"] == "GET" {
        return Vec::new();
    }
    let mut body = json!({"cluster_id": CLUSTER});
    for field in ["command_type", "args", "namespace", "session_id"] {
        if let Some(value) = line.get(field) {
            body[field] = value.clone();
        }
    }
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_about_the_door_meets_its_label() {
    let world = World::shared().await.unwrap();
    product::cluster_add(&world.hub.url(), CLUSTER)
        .await
        .unwrap();
    let other_key = new_key();
    let keys = [world.key.as_str(), &other_key];
    let gateway = Gateway::start(&world.hub.url(), &keys, &[]).await.unwrap();
    let door = Door {
        http: gateway.http(None).unwrap(),
        key: world.key.clone(),
        other_key,
    };
    // Without its trick, the body that most lines carry is fine.
    let plain = json!({"http": {":path": "/commands?dry_run=true"}, "args": ["pods"]});
    let answer = door.answer(&plain).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(id, _)| *id).collect();
    let lines = CORPUS.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<Value> = lines.map(Result::unwrap).collect();
    let ours = lines.iter().filter(|line| line["layer"] != "command");
    let (mut run, mut passed_over) = (0, 0);
    for line in ours {
        let id = line["id"].as_str().unwrap();
        if left_out.contains(id) {
            passed_over += 1;
            continue;
        }
        assert_eq!(line["expect"], "reject", "{id}");
        let answer = door.answer(line).await;
        let told = answer.json().unwrap();
        assert!((400..500).contains(&answer.status), "{id}: {told}");
        problem(&answer, answer.status, told["code"].as_str().unwrap());
        run += 1;
    }
    assert_eq!((run, passed_over), (20, LEFT_OUT.len()));
    let logs = gateway.process.logs();
    assert!(!logs.contains("panicked"), "{logs}");
}
