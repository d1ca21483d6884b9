//! Whoever follows a job hears of its end, also where the live feed did not tell it.

use std::time::Duration;

use kubently_broker::Live;
use kubently_core::subject::Origin;

use crate::broker::{envelope, hub, result};

const SOON: Duration = Duration::from_secs(60);
/// More than one look asks for at once.
const JOBS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_feed_never_told_is_read_from_the_store_for_each_who_waits() {
    let hub = hub().await;
    let mut replies = Vec::new();
    for number in 0..JOBS {
        let envelope = envelope(&hub.cluster, 1);
        let reply = envelope.subject().reply();
        if number % 2 == 0 {
            let (_, result) = result(&envelope, b"here");
            hub.broker.store_result(&reply, &result).await.unwrap();
        }
        replies.push(reply);
    }
    // It subscribes after they were stored.
    let origin: Origin = "gw-0000beef".parse().unwrap();
    let live = Live::start(&hub.broker, &origin).await.unwrap();
    let mut waiters: Vec<_> = replies.iter().map(|reply| live.register(reply)).collect();
    for waiter in waiters.iter_mut().step_by(2) {
        assert!(waiter.wait(SOON).await.is_some());
    }
    for waiter in waiters.iter_mut().skip(1).step_by(2) {
        assert!(waiter.wait(Duration::ZERO).await.is_none());
    }
}
