//! Which command runs next.

use std::time::Duration;

use kubently_broker::Intake;
use tokio_util::sync::CancellationToken;

use crate::broker::{envelope, hub};

const SOON: Duration = Duration::from_secs(10);
/// Commands in each lane.
const EACH: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_command_reaches_a_busy_worker_before_all_that_waits() {
    let hub = hub().await;
    let stop = CancellationToken::new();
    let mut intake = Intake::start(&hub.broker, &hub.cluster, 1, 10, stop.clone())
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
