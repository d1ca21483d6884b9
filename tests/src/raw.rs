//! The reference of benches: the product's own durable writes, to its streams, on its subjects, in their order and of
//! their sizes, by the NATS client library alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap, Subject, header};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::load::{self, Round};

/// Of the sizes that `version --client` has.
const COMMAND: usize = 290;
const RECORD: usize = 450;
const RESULT: usize = 515;
/// As gateways have one each.
const ORIGIN: &str = "gw-0000beef";
const PULL: usize = 128;
/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(30);

type Waiters = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

/// One queue, one worker, one waiting side.
pub struct Raw {
    js: Context,
    shape: Shape,
    /// Whose jobs they are.
    owner: Uuid,
    waiters: Waiters,
}

/// What is written for each call, and where.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// A registered cluster that no worker of the product is of.
    pub cluster: &'static str,
    /// Whether a record is written beside the command and the result.
    pub record: bool,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Raw {
    /// Starts the worker; the two sides have a connection each.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn start([ours, theirs]: [Client; 2], shape: Shape) -> Result<Self> {
        let cluster = shape.cluster;
        let waiters = Waiters::default();
        let mut done = ours
            .subscribe(format!("kubently.v1.live.{cluster}.{ORIGIN}.>"))
            .await?;
        ours.flush().await?;
        let told = Arc::clone(&waiters);
        tokio::spawn(async move {
            while let Some(message) = done.next().await {
                let waiter = job_of(&message.subject).and_then(|id| {
                    let mut waiters = told.lock().unwrap_or_else(PoisonError::into_inner);
                    waiters.remove(id)
                });
                if let Some(waiter) = waiter {
                    let _ = waiter.send(());
                }
            }
        });
        tokio::spawn(async move { work(theirs, cluster).await });
        Ok(Self {
            js: jetstream::new(ours),
            shape,
            owner: Uuid::new_v4(),
            waiters,
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
        let id = Uuid::now_v7().to_string();
        let (tell, told) = oneshot::channel();
        self.waiters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), tell);
        let Shape { cluster, record } = self.shape;
        // The record goes first, as the product's must.
        let record = async {
            if !record {
                return Ok(());
            }
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
            let subject = format!("$KV.kubently_jobs.job.{}.{id}", self.owner);
            self.write(subject, headers, RECORD).await
        };
        let command = async {
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_MESSAGE_ID, id.as_str());
            let subject = format!("kubently.v1.cmd.{cluster}.normal.{ORIGIN}.{id}");
            self.write(subject, headers, COMMAND).await
        };
        tokio::try_join!(record, command)?;
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

/// The job in a command's or a reply's subject.
fn job_of(subject: &str) -> Option<&str> {
    // kubently.v1.cmd.CLUSTER.LANE.ORIGIN.JOB, kubently.v1.live.CLUSTER.ORIGIN.JOB.result
    let mut tokens = subject.split('.');
    tokens.find(|token| token.len() == uuid::fmt::Hyphenated::LENGTH)
}

/// Credits as the product's worker has them: what has come is asked for again.
async fn work(client: Client, cluster: &'static str) -> Result<()> {
    let js = jetstream::new(client.clone());
    let stream = format!("KUBENTLY_CMD_{cluster}");
    let consumer: jetstream::consumer::PullConsumer =
        js.get_consumer_from_stream("normal", stream).await?;
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
            let id = job_of(&message.subject).unwrap_or_default();
            let mut headers = HeaderMap::new();
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
            let subject = format!("kubently.v1.reply.{cluster}.{ORIGIN}.{id}.result");
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

fn payload(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}
