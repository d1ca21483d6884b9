//! From the queue to the handler: one task a delivery.

use std::sync::Arc;
use std::time::Duration;

use kubently_broker::{Delivery, Intake};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::execute::Execute;
use crate::handle::{Disposition, Handler};
use crate::judge::Incoming;
use crate::ports::{HubTime, Replies};
use crate::spans;

/// How long giving back may take once the grace period is over.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// When consuming ends, in two steps.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Take nothing more and finish what runs.
    pub soft: CancellationToken,
    /// How long that may take.
    pub grace: Duration,
    /// Give back what still runs; cancelled when the grace period is over.
    pub abandon: CancellationToken,
}

/// Handles deliveries until it is told to stop and all of them are answered or given back. How
/// many run at once is bounded by the intake's slots.
pub async fn consume<E: Execute, R: Replies, T: HubTime>(
    intake: Intake,
    handler: Arc<Handler<E, R, T>>,
    tasks: &TaskTracker,
    stop: &Stop,
) {
    let drained = async {
        let take = |delivery| drop(tasks.spawn(deliver(Arc::clone(&handler), delivery)));
        intake.run(stop.soft.clone(), take).await;
        tasks.close();
        tasks.wait().await;
    };
    let overdue = async {
        stop.soft.cancelled().await;
        tokio::time::sleep(stop.grace).await;
    };
    tokio::select! {
        () = drained => return,
        () = overdue => {}
    }
    tracing::warn!(
        unfinished = tasks.len(),
        "grace period is over: giving back"
    );
    stop.abandon.cancel();
    tasks.close();
    if tokio::time::timeout(GIVING_BACK, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            unfinished = tasks.len(),
            "not given back: the hub does so by itself"
        );
    }
}

async fn deliver<E: Execute, R: Replies, T: HubTime>(
    handler: Arc<Handler<E, R, T>>,
    delivery: Delivery,
) {
    let incoming = Incoming {
        subject: delivery.subject(),
        payload: delivery.payload(),
        attempt: delivery.attempt(),
        stored_at: delivery.stored_at(),
    };
    let span = spans::processing(handler.tracer(), &delivery);
    let done = match span.around(handler.handle(incoming)).await {
        Disposition::Ack => delivery.ack().await,
        Disposition::GiveBack => delivery.give_back().await,
    };
    drop(span);
    if let Err(error) = done {
        // It comes back by itself, and a command that was answered finds its result stored.
        let error = anyhow::Error::from(error);
        tracing::warn!("a delivery is not settled: {error:#}");
    }
}
