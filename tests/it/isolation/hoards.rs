//! Hoards: whoever asks for more than it can use meets its own limits, and others ask as before.

use std::time::Duration;

use async_nats::{ConnectOptions, Event, StatusCode};
use futures::StreamExt as _;
use kubently_broker::Deliveries;
use kubently_core::cluster::ClusterId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Stage, connect};

const SOON: Duration = Duration::from_secs(60);
/// How many pulls a lane's consumer keeps waiting.
const WAITING: usize = 2048;
/// How many subscriptions an account holds.
const SUBSCRIPTIONS: usize = 8192;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_hoards_pulls_is_turned_down_and_keeps_nothing_from_others() {
    let stage = Stage::set().await;
    let before = stage.others(&["KUBENTLY_CMD_a"]).await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    let inbox = attacker.new_inbox();
    let mut replies = attacker.subscribe(inbox.clone()).await.unwrap();
    for _ in 0..WAITING + 50 {
        let pull = "HUB.API.CONSUMER.MSG.NEXT.KUBENTLY_CMD_a.low";
        let payload = r#"{"batch":1,"expires":60000000000}"#;
        let sent = attacker.publish_with_reply(pull, inbox.clone(), payload.into());
        sent.await.unwrap();
    }
    let refused = async {
        for _ in 0..50 {
            let refused = replies.next().await.unwrap();
            assert_eq!(refused.status, Some(StatusCode::from_u16(409).unwrap()));
        }
    };
    tokio::time::timeout(SOON, refused).await.unwrap();
    assert_eq!(stage.others(&["KUBENTLY_CMD_a"]).await, before);

    let (b, stop) = ("b".parse::<ClusterId>().unwrap(), CancellationToken::new());
    let broker = stage.broker("cluster-b").await;
    let mut intake = Deliveries::start(&broker, &b, 4, 4, stop.clone())
        .await
        .unwrap();
    let delivery = tokio::time::timeout(SOON, intake.next()).await.unwrap();
    delivery.unwrap().ack().await.unwrap();
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_holds_so_many_subscriptions_and_no_more() {
    let stage = Stage::set().await;
    let seed = std::fs::read_to_string(stage.hub.credential("cluster-a")).unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let options = ConnectOptions::new()
        .nkey(seed.trim().to_owned())
        .add_root_certificates(stage.hub.ca())
        .event_callback(move |event| {
            // The receiver is gone once the test has heard enough.
            let _ = tell.send(event);
            std::future::ready(())
        });
    let attacker = options.connect(stage.hub.url()).await.unwrap();
    let mut held = Vec::new();
    for number in 0..=SUBSCRIPTIONS {
        held.push(attacker.subscribe(format!("mine.{number}")).await.unwrap());
    }
    let refused = async {
        loop {
            if let Event::ServerError(error) = told.recv().await.unwrap() {
                return error.to_string();
            }
        }
    };
    let refused = tokio::time::timeout(SOON, refused).await.unwrap();
    let refused = refused.to_lowercase();
    assert!(
        refused.contains("maximum subscriptions exceeded"),
        "{refused}"
    );

    // Another account subscribes and hears.
    let other = connect(&stage.hub, "cluster-b").await;
    let mut own = other.subscribe("mine").await.unwrap();
    other.publish("mine", "word".into()).await.unwrap();
    let heard = tokio::time::timeout(SOON, own.next()).await.unwrap();
    assert_eq!(heard.unwrap().payload, "word");
}
