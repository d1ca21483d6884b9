//! From the credential of the publisher `bot`, which may send commands to cluster `a`.

use std::time::Duration;

use futures::StreamExt as _;
use kubently_broker::Deliveries;
use tokio_util::sync::CancellationToken;

use super::{JOB, OTHER, Seen, Stage, aim, all_refused, api_calls, asked, but_pulls, connect};

/// How long a worker may take to be handed a command, and a publisher to hear of it.
const SOON: Duration = Duration::from_secs(60);
/// How long a feed is listened to that hears nothing.
const SILENT: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_sends_as_itself_to_its_clusters_and_does_nothing_else() {
    let stage = Stage::set().await;
    let before = stage.others(&[]).await;
    let bot = connect(&stage.hub, "publisher-bot").await;
    let mut calls = api_calls(&stage.streams().await);
    for prefix in ["$JS.API", "HUB.API"] {
        calls.push(format!("{prefix}.CONSUMER.INFO.KUBENTLY_CMD_a.high"));
        calls.push(format!("{prefix}.CONSUMER.MSG.NEXT.KUBENTLY_CMD_a.high"));
    }
    all_refused(&bot, &calls, "{}").await;
    assert_eq!(stage.others(&[]).await, before);
    // A command of each cluster is in the hands of its worker, so that there is something to acknowledge.
    let (stop, mut held) = (CancellationToken::new(), Vec::new());
    for cluster in ["a", "b"] {
        let broker = stage.broker(&format!("cluster-{cluster}")).await;
        let cluster = cluster.parse().unwrap();
        let intake = Deliveries::start(&broker, &cluster, 4, 4, stop.clone()).await;
        let mut intake = intake.unwrap();
        let delivery = tokio::time::timeout(SOON, intake.next()).await;
        held.push((delivery.unwrap().unwrap(), intake));
    }
    let mut cancels = stage.admin.subscribe("kubently.v1.ctl.>").await.unwrap();
    stage.admin.flush().await.unwrap();
    let before = but_pulls(stage.others(&[]).await);
    let mut subjects: Vec<String> = [
        format!("cmd.b.high.pub-bot.{OTHER}"),
        format!("cmd.a.high.pub-other.{OTHER}"),
        format!("cmd.a.high.gw-0000beef.{OTHER}"),
        format!("cmd.a.high.pub-bot.{OTHER}.more"),
        format!("reply.a.pub-bot.{JOB}.result"),
        format!("reply.a.gw-0000beef.{JOB}.result"),
        format!("reply.b.gw-0000beef.{JOB}.event"),
        format!("reply.b.gw-0000beef.{JOB}.result"),
        format!("live.a.pub-bot.{JOB}.result"),
        format!("ctl.a.cancel.{JOB}"),
        format!("ctl.b.cancel.{JOB}"),
    ]
    .map(|rest| format!("kubently.v1.{rest}"))
    .into();
    for cluster in ["a", "b"] {
        for time in ["1", "1700000000000000000"] {
            let ack = format!("$JS.ACK.KUBENTLY_CMD_{cluster}.high.1.1.1.{time}.0");
            subjects.push(ack);
        }
    }
    for name in stage.streams().await {
        if let Some(bucket) = name.strip_prefix("KV_") {
            for key in ["a.w", "b.w", "key.evil"] {
                subjects.push(format!("$KV.{bucket}.{key}"));
            }
        }
    }
    for payload in ["+ACK", "-NAK", "+TERM", "+NXT"] {
        all_refused(&bot, &subjects, payload).await;
    }
    assert_eq!(but_pulls(stage.others(&[]).await), before);
    let cancelled = tokio::time::timeout(Duration::from_millis(200), cancels.next()).await;
    assert!(cancelled.is_err(), "{cancelled:?}");
    for (delivery, _) in held {
        delivery.ack().await.unwrap();
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_hears_its_own_jobs_and_aims_its_acks_nowhere() {
    let stage = Stage::set().await;
    let bot = connect(&stage.hub, "publisher-bot").await;
    let mut feed = bot.subscribe(">").await.unwrap();
    bot.flush().await.unwrap();
    let own = format!("kubently.v1.cmd.a.high.pub-bot.{OTHER}");
    let before = stage.others(&["KUBENTLY_CMD_a", "KUBENTLY_REPLY_a"]).await;
    for target in stage.targets().await {
        aim(&bot, &own, &target, "{}").await;
    }
    let again = asked(&bot, &own, "{}").await;
    assert!(
        matches!(&again, Seen::Answer(text) if text.contains("maximum messages per subject")),
        "{again:?}"
    );
    assert_eq!(
        stage.others(&["KUBENTLY_CMD_a", "KUBENTLY_REPLY_a"]).await,
        before
    );
    for origin in ["gw-0000beef", "pub-other", "pub-bot"] {
        stage
            .store(&format!("kubently.v1.reply.a.{origin}.{OTHER}.event"))
            .await;
    }
    stage
        .store(&format!("kubently.v1.reply.b.pub-bot.{OTHER}.event"))
        .await;
    let wanted = format!("kubently.v1.live.a.pub-bot.{OTHER}.event");
    // Until its own is there, and then until nothing more comes.
    let mut heard: Vec<String> = Vec::new();
    loop {
        let limit = if heard.contains(&wanted) {
            SILENT
        } else {
            SOON
        };
        match tokio::time::timeout(limit, feed.next()).await {
            Ok(Some(message)) => heard.push(message.subject.to_string()),
            Ok(None) | Err(_) => break,
        }
    }
    // The answers to its own requests come to subjects of its own choice, in its own account.
    let live: Vec<_> = heard.iter().filter(|s| s.contains(".live.")).collect();
    assert!(live.contains(&&wanted), "{heard:?}");
    let of_b = format!("kubently.v1.live.b.pub-bot.{OTHER}.event");
    let of_other = format!("kubently.v1.live.a.pub-other.{OTHER}.event");
    let of_gateway = format!("kubently.v1.live.a.gw-0000beef.{OTHER}.event");
    for foreign in [of_b, of_other, of_gateway] {
        assert!(!heard.contains(&foreign), "{heard:?}");
    }
}
