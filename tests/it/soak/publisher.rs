//! A direct publisher: it knows the hub alone, sends again what was not acknowledged, and hears results on
//! the live feed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, HeaderMap};
use futures::StreamExt as _;
use kubently_tests::wait::{self, Probe};
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::PATIENCE;
use crate::history::{Asked, End, History, Told};

/// How long the hub may take to acknowledge a command before it is sent again.
const ACK: Duration = Duration::from_secs(2);

/// The publisher `soak`.
#[derive(Clone)]
pub(super) struct Publisher {
    history: Arc<History>,
    js: jetstream::Context,
    /// What was heard of each job.
    heard: Arc<Mutex<BTreeMap<String, Vec<End>>>>,
}

impl Publisher {
    pub(super) async fn connect(hub: &str, history: Arc<History>) -> Self {
        let options = async_nats::ConnectOptions::new().max_reconnects(None);
        let client: Client = options.connect(hub).await.unwrap();
        let live = client.subscribe("kubently.v1.live.*.pub-soak.*.result");
        let mut live = live.await.unwrap();
        client.flush().await.unwrap();
        let heard = Arc::new(Mutex::new(BTreeMap::<String, Vec<End>>::new()));
        let told = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(message) = live.next().await {
                let result: Value = serde_json::from_slice(&message.payload).unwrap();
                let job = result["id"].as_str().unwrap().to_owned();
                let mut heard = told.lock().unwrap_or_else(PoisonError::into_inner);
                heard.entry(job).or_default().push(End::of_result(&result));
            }
        });
        let js = ContextBuilder::new().timeout(ACK).build(client);
        Self { history, js, heard }
    }

    /// Publishes a command until the hub has it. It uses an id once.
    pub(super) async fn publish(&self, body: &Value) {
        let id = Uuid::now_v7().to_string();
        let cluster = body["cluster_id"].as_str().unwrap();
        let lane = match body["priority"].as_u64().unwrap() {
            0 => "low",
            1..50 => "normal",
            _ => "high",
        };
        let subject = format!("kubently.v1.cmd.{cluster}.{lane}.pub-soak.{id}");
        let mut command = body.clone();
        let more = json!({
            "v": 1, "id": id, "origin": "pub-soak", "owner": null, "queued_at": chrono::Utc::now(),
        });
        for (name, value) in more.as_object().unwrap() {
            command[name] = value.clone();
        }
        let payload = command.to_string();
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.as_str());
        wait::until("the hub's ack", PATIENCE, async || {
            let publish = async {
                let sent = (subject.clone(), headers.clone(), payload.clone().into());
                let sent = self.js.publish_with_headers(sent.0, sent.1, sent.2);
                let acked = match sent.await {
                    Ok(ack) => ack.await,
                    Err(error) => Err(error),
                };
                match acked {
                    Ok(_) => Told::Stored,
                    // A copy that was sent before is in the queue.
                    Err(error) if format!("{error:?}").contains("per subject") => Told::Stored,
                    Err(error) => Told::Unknown(error.to_string()),
                }
            };
            let asked = Asked::Publish { job: id.clone() };
            match self.history.call(asked, publish).await {
                Told::Stored => Probe::Ready(()),
                other => Probe::NotYet(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
    }

    fn heard(&self) -> BTreeMap<String, Vec<End>> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    /// Puts what was heard into the history.
    pub(super) async fn tell(&self) {
        let heard = self.heard();
        for (job, ends) in heard {
            let heard = async { Told::Heard(ends) };
            self.history.call(Asked::Listen { job }, heard).await;
        }
    }
}
