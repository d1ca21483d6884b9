//! From the credential of the publisher `bot`, which may send commands to cluster `a`.

use std::time::Duration;

use futures::StreamExt as _;

use super::{JOB, OTHER, Seen, Stage, aim, all_refused, api_calls, attempt, connect};

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
    let mut subjects: Vec<String> = [
        format!("cmd.b.high.pub-bot.{OTHER}"),
        format!("cmd.a.high.pub-other.{OTHER}"),
        format!("cmd.a.high.gw-0000beef.{OTHER}"),
        format!("cmd.a.high.pub-bot.{OTHER}.more"),
        format!("reply.a.pub-bot.{JOB}.result"),
        format!("reply.a.gw-0000beef.{JOB}.result"),
        format!("reply.b.gw-0000beef.{JOB}.event"),
        format!("live.a.pub-bot.{JOB}.result"),
        format!("ctl.a.cancel.{JOB}"),
        format!("ctl.b.cancel.{JOB}"),
    ]
    .map(|rest| format!("kubently.v1.{rest}"))
    .into();
    subjects.push("$JS.ACK.KUBENTLY_CMD_a.high.1.1.1.1.0".to_owned());
    for name in stage.streams().await {
        if let Some(bucket) = name.strip_prefix("KV_") {
            subjects.push(format!("$KV.{bucket}.a.w"));
        }
    }
    all_refused(&bot, &subjects, "+ACK").await;
    assert_eq!(stage.others(&[]).await, before);
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
    let again = attempt(&bot, &own, "{}").await;
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
    let mut heard = Vec::new();
    while let Ok(Some(message)) =
        tokio::time::timeout(Duration::from_millis(300), feed.next()).await
    {
        heard.push(message.subject.to_string());
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
