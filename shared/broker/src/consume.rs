//! The pull loop: how a worker takes commands from the three lanes of its cluster.
//!
//! A credit loop over single pull requests, because the client's own pull streams lose credits
//! and stall. An urgent command reaches a busy worker, because the lanes above the one that is busy
//! always have a pull outstanding; free slots go to lanes that hold more, the highest first, every
//! eighth to one that is passed by. What finds no free slot waits in a small window ordered by exact
//! priority, from which every eighth slot goes to what has waited the longest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, consumer::pull::BatchConfig};
use async_nats::{StatusCode, Subject, Subscriber};
use futures::StreamExt as _;
use kubently_core::cluster::ClusterId;
use kubently_core::lane::Lane;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::connect::Broker;
use crate::delivery::Delivery;
use crate::error::StoreError;
use crate::outbox::Note;
use crate::topology::command_stream;

mod credit;
#[cfg(feature = "test-util")]
mod deliveries;
mod in_hand;
mod window;

use self::credit::{Credit, Known, Lanes};
use self::window::Window;

#[cfg(feature = "test-util")]
pub use self::deliveries::Deliveries;
pub(crate) use self::in_hand::{Held, InHand};

/// How long the server keeps a pull: as long as it waits for an ack. A worker that is frozen takes a
/// redelivered command as long as it has pulls, so this is how much longer another one waits for it.
const EXPIRES: Duration = Duration::from_secs(10);
/// How often the server says that it has not forgotten one; two missed ones are a lost pull.
const HEARTBEAT: Duration = Duration::from_secs(5);
const MISSED: Duration = Duration::from_millis(10_500);
/// How often lost pulls are looked for.
const CHECK: Duration = Duration::from_secs(1);

/// The most deliveries that wait for a slot, of all lanes.
pub const MOST_WAITING: usize = credit::WAITING * Lane::ALL.len();

struct LaneState {
    lane: Lane,
    inbox: Subject,
    replies: Subscriber,
    /// Messages asked for and not yet come.
    outstanding: usize,
    /// What the lane still held after its last delivery.
    pending: u64,
    heard: Instant,
    /// Its last pull was turned down: its consumer has no leader just now, or is gone.
    is_refused: bool,
}

/// A delivery that waits for a slot, and the place of its lane.
type Waiting = (usize, Delivery);

/// The commands of one cluster, as they come.
pub struct Intake {
    broker: Broker,
    stream: String,
    prefix: String,
    lanes: Lanes<LaneState>,
    slots: Arc<Semaphore>,
    credit: Credit,
    window: Window<Waiting>,
    in_hand: InHand,
    /// How many there are in the window.
    waiting: Arc<AtomicUsize>,
}

impl Intake {
    /// Prepares to take at most `slots` commands at once and `max_per_fetch` in one pull.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where the cluster is not registered.
    pub async fn open(
        broker: &Broker,
        cluster: &ClusterId,
        slots: usize,
        max_per_fetch: usize,
    ) -> Result<Self, StoreError> {
        let stream = command_stream(cluster);
        let [high, normal, low] = Lane::ALL;
        let lanes = [
            open(broker, &stream, high).await?,
            open(broker, &stream, normal).await?,
            open(broker, &stream, low).await?,
        ];
        Ok(Self {
            broker: broker.clone(),
            stream,
            prefix: broker.api_prefix.clone(),
            lanes,
            slots: Arc::new(Semaphore::new(slots)),
            credit: Credit::new(max_per_fetch),
            window: Window::new(),
            in_hand: InHand::start(broker.client.clone()),
            waiting: Arc::default(),
        })
    }

    /// How many deliveries wait for a slot, as it changes; at most [`MOST_WAITING`].
    #[must_use]
    pub fn waiting(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.waiting)
    }

    /// Pulls and hands each command over with its slot, until `stop` is cancelled and what had not started was
    /// given back. `take` must not block.
    pub async fn run(mut self, stop: CancellationToken, mut take: impl FnMut(Delivery)) {
        let mut disturbed = self.broker.disturbed.clone();
        let mut check = tokio::time::interval(CHECK);
        let slots = Arc::clone(&self.slots);
        loop {
            self.hand_out(&mut take);
            self.waiting.store(self.window.len(), Ordering::Relaxed);
            if let Err(error) = self.pull().await {
                tracing::warn!(%error, "pulling failed");
            }
            let [high, normal, low] = &mut self.lanes;
            let waits = !self.window.is_empty();
            let (lane, message) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                message = high.replies.next() => (0, message),
                message = normal.replies.next() => (1, message),
                message = low.replies.next() => (2, message),
                permit = slots.acquire(), if waits => {
                    drop(permit);
                    continue;
                }
                _ = check.tick() => {
                    self.forget_lost();
                    continue;
                }
                changed = disturbed.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    // The server that held our pulls may be gone, and they with it.
                    for lane in &mut self.lanes {
                        (lane.outstanding, lane.is_refused) = (0, false);
                    }
                    continue;
                }
            };
            let Some(message) = message else { break };
            self.take(lane, message, &mut take);
        }
        self.stop().await;
    }

    /// Gives waiting deliveries to free slots, the most urgent first.
    fn hand_out(&mut self, take: &mut impl FnMut(Delivery)) {
        while !self.window.is_empty() {
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                return;
            };
            let Some((_, delivery)) = self.window.pop() else {
                return;
            };
            take(delivery.run_in(slot));
        }
    }

    fn wait(&mut self, lane: usize, delivery: Delivery) {
        let rank = (delivery.priority(), delivery.stored_at());
        self.window.push(rank, (lane, delivery));
    }

    fn forget_lost(&mut self) {
        for lane in &mut self.lanes {
            lane.is_refused = false;
            if lane.outstanding > 0 && lane.heard.elapsed() > MISSED {
                tracing::info!(lane = %lane.lane, "the hub has lost a pull; asking again");
                self.broker.counts.pulls_lost.inc();
                lane.outstanding = 0;
            }
        }
    }

    async fn pull(&mut self) -> Result<(), StoreError> {
        let mut known = self.lanes.each_ref().map(|lane| Known {
            outstanding: lane.outstanding,
            pending: lane.pending,
            waiting: 0,
        });
        for (lane, _) in self.window.iter() {
            if let Some(known) = known.get_mut(*lane) {
                known.waiting += 1;
            }
        }
        let asks = self.credit.asks(&known, self.slots.available_permits());
        if asks.iter().any(|ask| *ask > 0) {
            // What has just come runs first: somebody waits for it, and for a pull nobody.
            tokio::task::yield_now().await;
        }
        for (lane, ask) in self.lanes.iter_mut().zip(asks) {
            if ask > 0 && !lane.is_refused {
                request(&self.broker, &self.prefix, &self.stream, lane, ask).await?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        index: usize,
        message: async_nats::Message,
        take: &mut impl FnMut(Delivery),
    ) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.heard = Instant::now();
        match message.status {
            None => {
                lane.outstanding = lane.outstanding.saturating_sub(1);
                let message = jetstream::Message {
                    message,
                    context: self.broker.js.clone(),
                };
                let Some(delivery) = Delivery::new(message, &self.in_hand, &self.broker.outbox)
                else {
                    tracing::warn!("a message without an ack subject in a pull's inbox");
                    return;
                };
                lane.pending = delivery.pending();
                match Arc::clone(&self.slots).try_acquire_owned() {
                    Ok(slot) if self.window.is_empty() => {
                        take(delivery.run_in(slot));
                    }
                    _ => self.wait(index, delivery),
                }
            }
            // A pull that is kept waiting: the lane holds nothing, whatever others have left of it.
            Some(StatusCode::IDLE_HEARTBEAT) => lane.pending = 0,
            // Asked for again at the next look, not at once: the answer would be as quick.
            Some(StatusCode::NO_RESPONDERS) => {
                tracing::warn!(
                    lane = %lane.lane,
                    "nobody takes a pull: a new leader is chosen, or the consumer is gone, and then a gateway \
                     makes it anew"
                );
                (lane.outstanding, lane.is_refused) = (0, true);
            }
            // The pull has ended: expired, or the server shuts down or changes its leader.
            Some(status) => {
                let left = message
                    .headers
                    .as_ref()
                    .and_then(|headers| headers.get("Nats-Pending-Messages"))
                    .and_then(|left| left.as_str().parse().ok())
                    .unwrap_or(lane.outstanding);
                lane.outstanding = lane.outstanding.saturating_sub(left);
                lane.is_refused = status == StatusCode::REQUEST_TERMINATED;
            }
        }
    }

    /// Stops pulling and gives back what has not started: the window, and what is on its way.
    async fn stop(mut self) {
        // No pull may come behind the end of its subscription.
        self.broker.outbox.flush().await;
        for lane in &mut self.lanes {
            if let Err(error) = lane.replies.unsubscribe().await {
                tracing::debug!(%error, "unsubscribing failed");
            }
        }
        let mut left: Vec<_> = self.window.drain().map(|(_, delivery)| delivery).collect();
        for lane in &mut self.lanes {
            while let Some(message) = lane.replies.next().await {
                if message.status.is_none() {
                    let message = jetstream::Message {
                        message,
                        context: self.broker.js.clone(),
                    };
                    left.extend(Delivery::new(message, &self.in_hand, &self.broker.outbox));
                }
            }
        }
        for delivery in left {
            if let Err(error) = delivery.give_back().await {
                tracing::warn!(%error, "a command could not be given back; it comes back by itself");
            }
        }
    }
}

async fn open(broker: &Broker, stream: &str, lane: Lane) -> Result<LaneState, StoreError> {
    #[derive(serde::Deserialize)]
    struct Consumer {
        num_pending: u64,
    }
    let info = format!("CONSUMER.INFO.{stream}.{lane}");
    let consumer: Consumer = broker.ask(&info).await?;
    let inbox = Subject::from(broker.client.new_inbox());
    let replies = broker
        .client
        .subscribe(inbox.clone())
        .await
        .map_err(StoreError::client)?;
    Ok(LaneState {
        lane,
        inbox,
        replies,
        outstanding: 0,
        pending: consumer.num_pending,
        heard: Instant::now(),
        is_refused: false,
    })
}

async fn request(
    broker: &Broker,
    prefix: &str,
    stream: &str,
    lane: &mut LaneState,
    batch: usize,
) -> Result<(), StoreError> {
    let ask = BatchConfig {
        batch,
        expires: Some(EXPIRES),
        idle_heartbeat: HEARTBEAT,
        ..BatchConfig::default()
    };
    let body = serde_json::to_vec(&ask).map_err(|source| StoreError::Corrupt {
        what: "pull",
        source,
    })?;
    let subject = format!("{prefix}.CONSUMER.MSG.NEXT.{stream}.{}", lane.lane);
    let pull = Note {
        subject: subject.into(),
        reply: Some(lane.inbox.clone()),
        payload: body.into(),
    };
    let is_heard = lane.outstanding > 0;
    if is_heard && lane.pending == 0 {
        // Nobody waits for it.
        broker.outbox.tell_along(pull).await?;
    } else {
        broker.outbox.tell(pull).await?;
    }
    if !is_heard {
        lane.heard = Instant::now();
    }
    lane.outstanding += batch;
    Ok(())
}
