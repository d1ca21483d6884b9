//! Which command runs next.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kubently_broker::{Deliveries, Delivery};
use kubently_core::lane::Lane;
use kubently_core::subject::CommandSubject;
use kubently_tests::wait::{self, Probe};
use tokio_util::sync::CancellationToken;

use crate::broker::{Hub, delivered, envelope, hub};

const SOON: Duration = Duration::from_secs(60);
/// Commands in each lane.
const EACH: usize = 120;
/// What waits at least in a worker without a free slot, where each lane holds more: of the busiest one eight, and one of
/// each lane that is passed by.
const WINDOW: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_command_reaches_a_busy_worker_before_all_that_waits() {
    let hub = hub().await;
    let stop = CancellationToken::new();
    let mut intake = Deliveries::start(&hub.broker, &hub.cluster, 1, 10, stop.clone())
        .await
        .unwrap();
    for _ in 0..EACH {
        let envelope = envelope(&hub.cluster, 1);
        hub.broker.publish_command(&envelope).await.unwrap();
    }
    let running = tokio::time::timeout(SOON, intake.next())
        .await
        .unwrap()
        .unwrap();
    let urgent = envelope(&hub.cluster, 100);
    hub.broker.publish_command(&urgent).await.unwrap();
    let mut current = running;
    let mut passed = 0;
    // The one slot may have been given away already; from then on it is the next.
    while current.subject() != urgent.subject().to_string() {
        current.ack().await.unwrap();
        current = tokio::time::timeout(SOON, intake.next())
            .await
            .unwrap()
            .unwrap();
        passed += 1;
        assert!(passed <= 20, "it waits behind the others");
    }
    current.ack().await.unwrap();
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_runs_its_high_lane_first_and_the_others_one_in_eight() {
    for slots in [1, 16] {
        let hub = hub().await;
        // The least urgent are the oldest, and all of them wait before a worker comes.
        for priority in [0, 1, 50] {
            for _ in 0..EACH {
                publish(&hub, priority).await;
            }
        }
        let stop = CancellationToken::new();
        let mut intake = Deliveries::start(&hub.broker, &hub.cluster, slots, 10, stop.clone())
            .await
            .unwrap();
        let waiting = intake.waiting();
        let mut running = VecDeque::new();
        let mut taken = [0_usize; 3];
        for _ in 0..96 {
            if running.len() == slots {
                // A slot that is free before the high lane has answered goes to what is there: no slot is
                // kept idle for a lane. So the order is that of the window only once it is full.
                wait::until("a full window", SOON, async || {
                    let waits = waiting.load(Ordering::Relaxed);
                    Probe::when(waits >= WINDOW, format!("{waits} wait"))
                })
                .await
                .unwrap();
                let oldest: Delivery = running.pop_front().unwrap();
                oldest.ack().await.unwrap();
            }
            let delivery = next(&mut intake).await;
            let subject: CommandSubject = delivery.subject().parse().unwrap();
            taken[subject.lane as usize] += 1;
            running.push_back(delivery);
        }
        let of = |lane: Lane| taken[lane as usize];
        // 84, 6 and 6 where every pull is answered in the order it was sent.
        assert!(
            (80..=88).contains(&of(Lane::High)),
            "{slots} slots: {taken:?}"
        );
        assert!(of(Lane::Normal) >= 3, "{slots} slots: {taken:?}");
        assert!(of(Lane::Low) >= 3, "{slots} slots: {taken:?}");
        stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_worker_runs_by_its_exact_number() {
    let hub = hub().await;
    let stop = CancellationToken::new();
    let mut intake = Deliveries::start(&hub.broker, &hub.cluster, 1, 10, stop.clone())
        .await
        .unwrap();
    publish(&hub, 1).await;
    let mut running = next(&mut intake).await;
    let priorities = [12, 30, 7, 49, 20, 11, 3];
    for priority in priorities {
        publish(&hub, priority).await;
    }
    // All of them wait in the worker, with the one that runs.
    delivered(&hub, "normal", priorities.len() + 1).await;
    let mut order = Vec::new();
    for _ in priorities {
        running.ack().await.unwrap();
        running = next(&mut intake).await;
        let envelope: serde_json::Value = serde_json::from_slice(running.payload()).unwrap();
        order.push(envelope["priority"].as_u64().unwrap());
    }
    assert_eq!(order, [49, 30, 20, 12, 11, 7, 3]);
    stop.cancel();
}

async fn publish(hub: &Hub, priority: u32) {
    let envelope = envelope(&hub.cluster, priority);
    hub.broker.publish_command(&envelope).await.unwrap();
}

async fn next(intake: &mut Deliveries) -> Delivery {
    let next = tokio::time::timeout(SOON, intake.next());
    next.await.unwrap().unwrap()
}
