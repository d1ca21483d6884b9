//! The reference of benches: the same streams and the same durable writes as the product's, by the NATS client
//! library alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap, Subject, header};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::oneshot;

use crate::load::{self, Round};

/// Of the size of a real command and of a real result.
const COMMAND: usize = 450;
const RESULT: usize = 550;
const PULL: usize = 128;
/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(30);

type Waiters = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

/// One queue, one worker, one waiting side.
pub struct Raw {
    js: Context,
    shape: Shape,
    waiters: Waiters,
    count: AtomicU64,
}

/// What is written for each call, and how.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Names its streams and subjects: one of each on a hub.
    pub name: &'static str,
    /// Whether a record is written beside the command and the result.
    pub record: bool,
    /// How many servers keep each stream.
    pub replicas: usize,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Raw {
    /// Makes the streams and starts the worker; the two sides have a connection each.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn start([ours, theirs]: [Client; 2], shape: Shape) -> Result<Self> {
        let name = shape.name;
        let js = jetstream::new(ours.clone());
        let waiters = Waiters::default();
        let mut done = ours.subscribe(format!("raw.{name}.live.>")).await?;
        ours.flush().await?;
        streams(&js, shape).await?;
        let told = Arc::clone(&waiters);
        tokio::spawn(async move {
            while let Some(message) = done.next().await {
                let id = message.subject.rsplit('.').next().unwrap_or_default();
                let waiter = told
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(id);
                if let Some(waiter) = waiter {
                    let _ = waiter.send(());
                }
            }
        });
        tokio::spawn(async move { work(theirs, name).await });
        Ok(Self {
            js,
            shape,
            waiters,
            count: AtomicU64::new(0),
        })
    }

    /// So many calls, so many of them under way at a time.
    ///
    /// # Errors
    /// When the hub does not take a write, or a result does not come in time.
    pub async fn round(&self, calls: usize, in_flight: usize) -> Result<Round> {
        load::round(calls, in_flight, async |_| self.call().await).await
    }

    async fn call(&self) -> Result<()> {
        let id = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        let (tell, told) = oneshot::channel();
        self.waiters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), tell);
        let Shape { name, record, .. } = self.shape;
        let command = async {
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_MESSAGE_ID, id.as_str());
            self.write(format!("raw.{name}.cmd.{id}"), headers, COMMAND)
                .await
        };
        let record = async {
            if !record {
                return Ok(());
            }
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
            self.write(format!("raw.{name}.record.{id}"), headers, COMMAND)
                .await
        };
        tokio::try_join!(command, record)?;
        let told = tokio::time::timeout(LIMIT, told).await;
        told.context("no result")?.context("the live feed ended")
    }

    async fn write(&self, subject: String, headers: HeaderMap, size: usize) -> Result<()> {
        self.js
            .publish_with_headers(subject, headers, payload(size))
            .await?
            .await?;
        Ok(())
    }
}

/// Credits as the product's worker has them: what has come is asked for again.
async fn work(client: Client, name: &'static str) -> Result<()> {
    let js = jetstream::new(client.clone());
    let stream = format!("RAW_CMD_{name}");
    let consumer: jetstream::consumer::PullConsumer =
        js.get_consumer_from_stream("worker", stream).await?;
    let inbox: Subject = client.new_inbox().into();
    let mut messages = client.subscribe(inbox.clone()).await?;
    let mut credit = 0;
    loop {
        if credit <= PULL / 2 {
            let batch = pull::BatchConfig {
                batch: PULL - credit,
                expires: Some(Duration::from_secs(600)),
                ..pull::BatchConfig::default()
            };
            credit = PULL;
            consumer.request_batch(batch, inbox.clone()).await?;
        }
        let message = messages.next().await.context("the inbox closed")?;
        if message.status.is_some() {
            continue;
        }
        credit -= 1;
        let js = js.clone();
        tokio::spawn(async move {
            let id = message
                .subject
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .to_owned();
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
            let subject = format!("raw.{name}.reply.{id}");
            let stored = js
                .publish_with_headers(subject, headers, payload(RESULT))
                .await;
            if let Ok(stored) = stored
                && stored.await.is_ok()
            {
                let message = jetstream::Message {
                    message,
                    context: js,
                };
                let _ = message.ack().await;
            }
        });
    }
}

async fn streams(js: &Context, shape: Shape) -> Result<()> {
    let Shape { name, replicas, .. } = shape;
    let queue = Config {
        name: format!("RAW_CMD_{name}"),
        num_replicas: replicas,
        subjects: vec![format!("raw.{name}.cmd.>")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        discard_new_per_subject: true,
        max_messages: 10_000,
        ..Config::default()
    };
    let replies = Config {
        name: format!("RAW_REPLY_{name}"),
        num_replicas: replicas,
        subjects: vec![format!("raw.{name}.reply.>")],
        allow_direct: true,
        republish: Some(Republish {
            source: format!("raw.{name}.reply.>"),
            destination: format!("raw.{name}.live.>"),
            headers_only: false,
        }),
        ..Config::default()
    };
    let records = Config {
        name: format!("RAW_RECORD_{name}"),
        num_replicas: replicas,
        subjects: vec![format!("raw.{name}.record.>")],
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        allow_direct: true,
        ..Config::default()
    };
    for config in [queue, replies, records] {
        js.create_stream(config).await?;
    }
    let worker = pull::Config {
        durable_name: Some("worker".to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: 4096,
        ..pull::Config::default()
    };
    js.create_consumer_on_stream(worker, format!("RAW_CMD_{name}"))
        .await?;
    Ok(())
}

fn payload(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}
