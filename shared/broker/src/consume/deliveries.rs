//! Commands one after the other, for tests that hold some of them in hand.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use kubently_core::cluster::ClusterId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::connect::Broker;
use crate::consume::Intake;
use crate::delivery::Delivery;
use crate::error::StoreError;

/// What an [`Intake`] hands over, in its order.
pub struct Deliveries {
    /// Bounded by the slots: each delivery has one.
    taken: mpsc::UnboundedReceiver<Delivery>,
    waiting: Arc<AtomicUsize>,
}

impl Deliveries {
    /// [Opens](Intake::open) an intake and runs it until `stop` is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn start(
        broker: &Broker,
        cluster: &ClusterId,
        slots: usize,
        max_per_fetch: usize,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        let intake = Intake::open(broker, cluster, slots, max_per_fetch).await?;
        let waiting = intake.waiting();
        let (take, taken) = mpsc::unbounded_channel();
        // Who reads no more gives back what comes, by dropping it.
        tokio::spawn(intake.run(stop, move |delivery| drop(take.send(delivery))));
        Ok(Self { taken, waiting })
    }

    /// [`Intake::waiting`]
    #[must_use]
    pub fn waiting(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.waiting)
    }

    /// The next command, or `None` once what had not started was given back.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.taken.recv().await
    }
}
