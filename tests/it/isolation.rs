//! What a stolen credential can do, on a real server with the accounts as they ship: every attempt is refused,
//! and nothing that belongs to anybody else has changed.

mod flood;
mod hoards;
mod presence;
mod publisher;
mod worker;

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap};
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_broker::{Broker, HubConfig, TlsFiles};
use kubently_tests::hub::Hub;
use serde_json::Value;

pub(crate) const JOB: &str = "0199b6a0-5c1e-7d3a-8f00-1234567890ab";
const OTHER: &str = "0199b6a0-5c1e-7d3a-8f00-1234567890ac";
/// The bucket that all clusters write.
pub(crate) const WORKERS: &str = "KV_kubently_workers";
/// How long an attacker waits for an answer that must not come. The server answers in under a millisecond.
const PATIENCE: Duration = Duration::from_millis(150);
/// How long one that must come may take on a loaded machine.
const ANSWERED: Duration = Duration::from_secs(30);

/// Ends the key of a consumer's waiting pulls.
const PULLS: &str = " pulls";

/// A hub with the clusters `a` and `b`, a command waiting in each, a result of `b`, and the publisher `bot`,
/// which may send to `a`.
pub(crate) struct Stage {
    pub(crate) hub: Hub,
    pub(crate) admin: Client,
    pub(crate) js: Context,
}

/// What came back to the attacker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nobody answers for the subject.
    NoResponders,
    /// No word.
    Silence,
    /// An answer.
    Answer(String),
}

pub(crate) async fn connect(hub: &Hub, credential: &str) -> Client {
    hub.connect(credential).await.unwrap()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let mut hub = Hub::single().await.unwrap();
        hub.enrol(&["cluster", "add", "a"]).await.unwrap();
        hub.enrol(&["cluster", "add", "b"]).await.unwrap();
        hub.enrol(&["publisher", "add", "bot", "--clusters", "a"])
            .await
            .unwrap();
        let admin = connect(&hub, "hub").await;
        let js = jetstream::new(admin.clone());
        let stage = Self { hub, admin, js };
        for cluster in ["a", "b"] {
            let command = format!("kubently.v1.cmd.{cluster}.high.gw-0000beef.{JOB}");
            stage.store(&command).await;
            let result = format!("kubently.v1.reply.{cluster}.gw-0000beef.{OTHER}.result");
            stage.store(&result).await;
            stage
                .store(&format!("$KV.kubently_workers.{cluster}.w"))
                .await;
        }
        stage
    }

    /// Every stream that there is, as the hub lists them.
    pub(crate) async fn streams(&self) -> Vec<String> {
        let mut names: Vec<String> = self.js.stream_names().try_collect().await.unwrap();
        names.sort();
        names
    }

    /// A subject of each stream that the attacker would like to write.
    pub(crate) async fn targets(&self) -> Vec<String> {
        let mut targets = Vec::new();
        for name in self.streams().await {
            if let Some(bucket) = name.strip_prefix("KV_") {
                targets.push(format!("$KV.{bucket}.b.w"));
                targets.push(format!("$KV.{bucket}.key.evil"));
            }
        }
        targets.push(format!("kubently.v1.cmd.b.high.gw-0000beef.{OTHER}"));
        targets.push(format!("kubently.v1.cmd.a.high.gw-0000beef.{OTHER}"));
        targets.push(format!("kubently.v1.reply.b.gw-0000beef.{JOB}.result"));
        targets.push(format!("kubently.v1.live.b.gw-0000beef.{JOB}.result"));
        targets.push(format!("kubently.v1.ctl.b.cancel.{JOB}"));
        targets.push("$JS.API.STREAM.DELETE.KUBENTLY_CMD_b".to_owned());
        targets.push("$JS.API.STREAM.PURGE.KUBENTLY_REPLY_b".to_owned());
        targets.push("HUB.API.STREAM.PURGE.KUBENTLY_REPLY_b".to_owned());
        targets
    }

    /// The state and configuration of every stream and consumer, but for what `own` names.
    pub(crate) async fn others(&self, own: &[&str]) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for name in self.streams().await {
            if own.contains(&name.as_str()) {
                continue;
            }
            let stream = self.js.get_stream(&name).await.unwrap();
            let info = stream.cached_info();
            let state = (
                info.state.messages,
                info.state.bytes,
                info.state.last_sequence,
            );
            let config = serde_json::to_value(&info.config).unwrap();
            all.insert(name.clone(), serde_json::json!([state, config]));
            let mut consumers = stream.consumers();
            while let Some(consumer) = consumers.next().await {
                let consumer = consumer.unwrap();
                let state = (
                    consumer.delivered.consumer_sequence,
                    consumer.ack_floor.consumer_sequence,
                    consumer.num_ack_pending,
                    consumer.num_pending,
                );
                let key = format!("{name} {}", consumer.name);
                all.insert(format!("{key}{PULLS}"), consumer.num_waiting.into());
                all.insert(key, serde_json::json!(state));
            }
        }
        all
    }

    /// Every key of the presence bucket that holds something of a cluster, and its sequence.
    pub(crate) async fn presences(&self, cluster: &str) -> BTreeMap<String, u64> {
        let bucket = self.js.get_stream(WORKERS).await.unwrap();
        let filter = format!("$KV.kubently_workers.{cluster}.>");
        let subjects = bucket.info_with_subjects(filter).await.unwrap();
        let subjects: Vec<(String, usize)> = subjects.try_collect().await.unwrap();
        let last = futures::stream::iter(subjects)
            .map(|(subject, _)| async {
                let last = bucket.get_last_raw_message_by_subject(&subject).await;
                (subject, last.unwrap().sequence)
            })
            .buffer_unordered(64);
        last.collect().await
    }

    pub(crate) async fn store(&self, subject: &str) {
        let stored = self.js.publish(subject.to_owned(), "{}".into()).await;
        stored.unwrap().await.unwrap();
    }

    pub(crate) fn broker_config(&self, credential: &str) -> HubConfig {
        HubConfig {
            url: self.hub.url(),
            name: "test".to_owned(),
            nkey: Some(self.hub.credential(credential)),
            tls: TlsFiles {
                ca: Some(self.hub.ca()),
                ..TlsFiles::default()
            },
            api_prefix: credential
                .starts_with("cluster-")
                .then(|| "HUB.API".to_owned()),
            ..HubConfig::default()
        }
    }

    pub(crate) async fn broker(&self, credential: &str) -> Broker {
        Broker::connect(&self.broker_config(credential))
            .await
            .unwrap()
    }
}

/// The same where a worker pulls meanwhile: its pulls end and are renewed.
pub(crate) fn but_pulls(mut all: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    all.retain(|key, _| !key.ends_with(PULLS));
    all
}

/// Publishes with an inbox as reply and waits a moment for a word.
pub(crate) async fn attempt(attacker: &Client, subject: &str, payload: &str) -> Seen {
    heard_within(PATIENCE, attacker, subject, payload).await
}

/// The same where a word must come: an answer, or a refusal that is said.
pub(crate) async fn asked(attacker: &Client, subject: &str, payload: &str) -> Seen {
    heard_within(ANSWERED, attacker, subject, payload).await
}

async fn heard_within(limit: Duration, attacker: &Client, subject: &str, payload: &str) -> Seen {
    let inbox = attacker.new_inbox();
    let mut replies = attacker.subscribe(inbox.clone()).await.unwrap();
    let payload = payload.to_owned().into();
    let sent = attacker.publish_with_reply(subject.to_owned(), inbox, payload);
    sent.await.unwrap();
    attacker.flush().await.unwrap();
    match tokio::time::timeout(limit, replies.next()).await {
        Err(_) | Ok(None) => Seen::Silence,
        Ok(Some(message)) if message.status == Some(async_nats::StatusCode::NO_RESPONDERS) => {
            Seen::NoResponders
        }
        Ok(Some(message)) => Seen::Answer(String::from_utf8_lossy(&message.payload).into_owned()),
    }
}

/// The same without waiting, with this reply subject.
pub(crate) async fn aim(attacker: &Client, subject: &str, reply: &str, payload: &str) {
    let payload = payload.to_owned().into();
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Rollup", "all");
    for headers in [None, Some(headers)] {
        let (subject, reply) = (subject.to_owned(), reply.to_owned());
        let payload = bytes::Bytes::clone(&payload);
        let sent = match headers {
            None => attacker.publish_with_reply(subject, reply, payload).await,
            Some(headers) => {
                attacker
                    .publish_with_reply_and_headers(subject, reply, headers, payload)
                    .await
            }
        };
        sent.unwrap();
    }
    attacker.flush().await.unwrap();
}

/// The server answers for the account itself, which has no `JetStream`: an error is a refusal, too.
pub(crate) fn is_refused(seen: &Seen) -> bool {
    match seen {
        Seen::NoResponders | Seen::Silence => true,
        Seen::Answer(text) => text.contains("\"error\":{"),
    }
}

/// Every call of `JetStream`'s API that reads, makes or ends something, for each stream.
pub(crate) fn api_calls(streams: &[String]) -> Vec<String> {
    let mut calls: Vec<String> = [
        "INFO",
        "STREAM.LIST",
        "STREAM.NAMES",
        "STREAM.CREATE.EVIL",
        "META.LEADER.STEPDOWN",
        "ACCOUNT.PURGE.HUB",
        "ACCOUNT.STREAM.MOVE.HUB.KUBENTLY_REPLY_b",
        "SERVER.REMOVE",
        "STREAM.RESTORE.EVIL",
        // The last message of a subject, in the form that names it.
        "DIRECT.GET.KUBENTLY_REPLY_b.kubently.v1.reply.b.gw-0000beef.0199b6a0-5c1e-7d3a-8f00-1234567890ac.result",
        "DIRECT.GET.KV_kubently_identity.$KV.kubently_identity.user.x",
        "DIRECT.GET.KV_kubently_sessions.$KV.kubently_sessions.u.s",
        "CONSUMER.CREATE.KUBENTLY_REPLY_b.evil.kubently.v1.reply.b.>",
        "CONSUMER.CREATE.KV_kubently_identity.evil.$KV.kubently_identity.>",
    ]
    .map(str::to_owned)
    .into();
    for stream in streams {
        for call in [
            "STREAM.INFO",
            "STREAM.UPDATE",
            "STREAM.PURGE",
            "STREAM.DELETE",
            "STREAM.MSG.GET",
            "STREAM.MSG.DELETE",
            "STREAM.SNAPSHOT",
            "STREAM.RESTORE",
            "STREAM.PEER.REMOVE",
            "STREAM.LEADER.STEPDOWN",
            "DIRECT.GET",
            "CONSUMER.NAMES",
            "CONSUMER.LIST",
            "CONSUMER.CREATE",
        ] {
            calls.push(format!("{call}.{stream}"));
        }
        for call in [
            "CONSUMER.CREATE",
            "CONSUMER.DURABLE.CREATE",
            "CONSUMER.DELETE",
            "CONSUMER.PAUSE",
            "CONSUMER.RESET",
            "CONSUMER.UNPIN",
            "CONSUMER.LEADER.STEPDOWN",
        ] {
            calls.push(format!("{call}.{stream}.high"));
        }
        if stream != "KUBENTLY_CMD_a" {
            calls.push(format!("CONSUMER.INFO.{stream}.high"));
            calls.push(format!("CONSUMER.MSG.NEXT.{stream}.high"));
        }
    }
    ["$JS.API", "HUB.API"]
        .iter()
        .flat_map(|prefix| calls.iter().map(move |call| format!("{prefix}.{call}")))
        .collect()
}

/// Every attempt at once: none may be answered with anything but a refusal.
pub(crate) async fn all_refused(attacker: &Client, subjects: &[String], payload: &str) {
    let tried: Vec<(String, Seen)> = futures::stream::iter(subjects)
        .map(|subject| async move { (subject.clone(), attempt(attacker, subject, payload).await) })
        .buffer_unordered(128)
        .collect()
        .await;
    assert!(tried.len() >= subjects.len());
    let answered: Vec<_> = tried.iter().filter(|(_, seen)| !is_refused(seen)).collect();
    assert!(answered.is_empty(), "{answered:#?}");
}
