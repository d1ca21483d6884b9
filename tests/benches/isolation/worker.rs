//! A worker in this process: it takes commands as the product's does, and answers each in its own manner.

use std::future::pending;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::future::try_join_all;
use kubently_broker::{Broker, Delivery, Intake};
use kubently_core::cluster::ClusterId;
use kubently_core::event::Event;
use kubently_core::result::{CommandResult, Ended, Run};
use kubently_core::subject::{CommandSubject, ReplySubject};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Commands that it runs at a time.
const SLOTS: usize = 64;
/// How long a slow one takes for a command, and how long a flood lasts.
const SLOW: Duration = Duration::from_secs(2);
/// A flood: so many events at a time, so often. A thousand a second, a KiB each.
const FLOOD: (u64, Duration) = (10, Duration::from_millis(10));

/// How a worker answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// At once.
    Prompt,
    /// Late.
    Slow,
    /// Late, and until then it tells more than anybody wants to hear.
    Flooding,
}

/// Starts one, which works for as long as this process does.
pub(crate) async fn start(broker: &Broker, cluster: &ClusterId, manner: Manner) -> Result<()> {
    let never = CancellationToken::new();
    let intake = Intake::open(broker, cluster, SLOTS, 10).await?;
    let broker = broker.clone();
    tokio::spawn(intake.run(never, move |delivery| {
        // What fails is delivered again, and seen by who waits for it.
        tokio::spawn(answer(broker.clone(), delivery, manner));
    }));
    Ok(())
}

async fn answer(broker: Broker, delivery: Delivery, manner: Manner) -> Result<()> {
    let subject: CommandSubject = delivery.subject().parse()?;
    let reply = subject.reply();
    let run = Run {
        job: reply.job,
        attempt: delivery.attempt(),
        run: Uuid::new_v4()
            .to_string()
            .parse()
            .map_err(|_| anyhow!("a run's id"))?,
        execution_time_ms: 0,
        executed_at: delivery.stored_at(),
        worker: "bench".parse().map_err(|_| anyhow!("a worker's name"))?,
        policy_hash: String::new(),
    };
    match manner {
        Manner::Prompt => {}
        Manner::Slow => {
            let _ = tokio::time::timeout(SLOW, pending::<()>()).await;
        }
        Manner::Flooding => {
            if let Ok(failed) = tokio::time::timeout(SLOW, flood(&broker, &reply, &run)).await {
                failed?;
            }
        }
    }
    let (_, result) = CommandResult::of(run, &Ended::completed(0, b"ok\n".to_vec(), Vec::new()));
    broker.store_result(&reply, &result).await?;
    Ok(delivery.ack().await?)
}

async fn flood(broker: &Broker, reply: &ReplySubject, run: &Run) -> Result<()> {
    let (at_once, every) = FLOOD;
    let mut ticks = tokio::time::interval(every);
    let mut told = 0;
    loop {
        ticks.tick().await;
        let events = (told..told + at_once).map(|n| {
            let event = json!({
                "v": 1, "attempt": run.attempt, "run": run.run, "n": n, "type": "log", "stream": "stdout",
                "data": "x".repeat(1024),
            });
            serde_json::from_value::<Event>(event)
        });
        let events = events.collect::<Result<Vec<_>, _>>()?;
        try_join_all(
            events
                .iter()
                .map(|event| broker.publish_event(reply, event)),
        )
        .await?;
        told += at_once;
    }
}
