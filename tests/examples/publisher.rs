//! A direct publisher: a command over NATS alone, without a gateway between.
//!
//! ```text
//! NATS_URL=nats://127.0.0.1:4222 KUBENTLY_CLUSTER=demo \
//!   cargo run -p kubently-tests --example publisher -- get pods -A
//! ```
//!
//! The operator has enrolled it (`kubently-gateway publisher add example`) and let its credential
//! publish on `kubently.v1.cmd.*.*.pub-example.*` and subscribe to `kubently.v1.live.*.pub-example.>`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use async_nats::HeaderMap;
use futures::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

/// Longer than the command may wait and run together.
const PATIENCE: Duration = Duration::from_secs(90);

/// Publishes a command as `pub-<publisher>` and answers its result; `seen` is given every event.
///
/// # Errors
/// When the hub does not take the command, or no result comes in time.
#[expect(
    clippy::disallowed_methods,
    reason = "a publisher has a clock of its own"
)]
pub(crate) async fn publish(
    hub: &str,
    cluster: &str,
    publisher: &str,
    (verb, args): (&str, &[&str]),
    mut seen: impl FnMut(&Value),
) -> Result<Value> {
    let client = async_nats::connect(hub).await?;
    // Who listens first misses nothing. The feed is not stored: who was away asks again, under a
    // new id.
    let mut live = client
        .subscribe(format!("kubently.v1.live.*.pub-{publisher}.>"))
        .await?;
    client.flush().await?;

    // An id that nobody can guess: who knows it could publish where we read.
    let id = Uuid::now_v7();
    // Priority 1 is in the lane `normal` (1 to 49); 0 is `low`, 50 to 100 are `high`.
    let subject = format!("kubently.v1.cmd.{cluster}.normal.pub-{publisher}.{id}");
    let command = json!({
        "v": 1, "id": id, "cluster_id": cluster, "origin": format!("pub-{publisher}"),
        "owner": null, "command_type": verb, "args": args, "priority": 1,
        "timeout_seconds": 10, "queue_timeout_seconds": 60, "queued_at": chrono::Utc::now(),
    });
    let mut headers = HeaderMap::new();
    // The hub stores one copy, however often an unanswered publish is sent again.
    headers.insert("Nats-Msg-Id", id.to_string().as_str());
    let hub = async_nats::jetstream::new(client);
    let stored = hub.publish_with_headers(subject, headers, command.to_string().into());
    // Answered means stored: the command waits for its cluster now, also while that is offline.
    stored.await?.await.context("the command is not queued")?;

    let (event, result) = (format!(".{id}.event"), format!(".{id}.result"));
    let ended = async {
        while let Some(message) = live.next().await {
            if message.subject.ends_with(&event) {
                seen(&serde_json::from_slice(&message.payload)?);
            } else if message.subject.ends_with(&result) {
                return Ok(serde_json::from_slice(&message.payload)?);
            }
        }
        bail!("the connection is closed")
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .context("no result in time")?
}

#[cfg(not(test))]
#[expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "an example reads its own environment, and JSON has an answer for every index"
)]
#[tokio::main]
async fn main() -> Result<()> {
    use std::io::Write as _;

    let hub = std::env::var("NATS_URL").context("NATS_URL")?;
    let cluster = std::env::var("KUBENTLY_CLUSTER").context("KUBENTLY_CLUSTER")?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (verb, args) = words.split_first().context("which command?")?;
    let mut out = std::io::stdout().lock();
    let printed = |event: &Value| {
        let _ = writeln!(std::io::stderr(), "{}", event["type"]);
    };
    let result = publish(&hub, &cluster, "example", (verb, args), printed).await?;
    // An output above 256 KiB stands in the events of type `output` and `log`, in the order of n.
    for field in ["output", "error"] {
        write!(out, "{}", result[field].as_str().unwrap_or_default())?;
    }
    Ok(())
}
