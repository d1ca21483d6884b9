//! From the credential of cluster `a`'s workers.

use std::time::Duration;

use futures::StreamExt as _;
use kubently_broker::Deliveries;
use kubently_core::cluster::ClusterId;
use tokio_util::sync::CancellationToken;

use super::{
    JOB, OTHER, Seen, Stage, WORKERS, aim, all_refused, api_calls, asked, but_pulls, connect,
};

/// What belongs to cluster `a` itself, beside its keys in the presence bucket.
const OWN: [&str; 2] = ["KUBENTLY_CMD_a", "KUBENTLY_REPLY_a"];
/// How long a worker may take to be handed a command.
const HELD: Duration = Duration::from_secs(60);
/// How long a feed may take to hear what is its own.
const HEARD: Duration = Duration::from_secs(20);
/// How long one is listened to that hears nothing.
const SILENT: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reaches_nothing_of_the_api_but_its_own_consumers() {
    let stage = Stage::set().await;
    let before = stage.others(&[]).await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    let streams = stage.streams().await;
    let calls = api_calls(&streams);
    assert!(calls.len() > 200, "{}", calls.len());
    all_refused(&attacker, &calls, "{}").await;
    let batch = r#"{"batch":1,"last_by_subj":"kubently.v1.reply.b.>"}"#;
    all_refused(&attacker, &calls, batch).await;
    assert_eq!(stage.others(&[]).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_cannot_take_acknowledge_answer_or_cancel_what_is_another_clusters() {
    let stage = Stage::set().await;
    // A command of b is in the hands of b's worker, so that there is an acknowledgement to forge.
    let (b, stop) = ("b".parse::<ClusterId>().unwrap(), CancellationToken::new());
    let broker = stage.broker("cluster-b").await;
    let mut intake = Deliveries::start(&broker, &b, 4, 4, stop.clone())
        .await
        .unwrap();
    let delivery = tokio::time::timeout(HELD, intake.next());
    let delivery = delivery.await.unwrap().unwrap();
    let mut cancels = stage.admin.subscribe("kubently.v1.ctl.b.>").await.unwrap();
    stage.admin.flush().await.unwrap();

    let before = but_pulls(stage.others(&[]).await);
    let attacker = connect(&stage.hub, "cluster-a").await;
    let mut subjects = vec![
        format!("kubently.v1.reply.b.gw-0000beef.{JOB}.result"),
        format!("kubently.v1.reply.b.gw-0000beef.{JOB}.event"),
        format!("kubently.v1.live.b.gw-0000beef.{JOB}.result"),
        format!("kubently.v1.live.a.gw-0000beef.{JOB}.result"),
        format!("kubently.v1.ctl.b.cancel.{JOB}"),
        format!("kubently.v1.cmd.b.high.gw-0000beef.{OTHER}"),
        format!("kubently.v1.cmd.a.high.gw-0000beef.{OTHER}"),
        "$KV.kubently_workers.b.w".to_owned(),
        "$KV.kubently_workers.c.w".to_owned(),
        "$KV.kubently_clusters.a".to_owned(),
        "$KV.kubently_clusters.publisher.evil".to_owned(),
        "$KV.kubently_jobs.job.x.y".to_owned(),
        "$KV.kubently_identity.key.evil".to_owned(),
        "$KV.kubently_sessions.u.s".to_owned(),
        "$SYS.REQ.ACCOUNT.HUB.CONNZ".to_owned(),
        "$SYS.REQ.SERVER.PING".to_owned(),
    ];
    for lane in ["high", "normal", "low"] {
        // One delivery, the first of the stream, which waits for its acknowledgement.
        for time in ["1", "1700000000000000000"] {
            subjects.push(format!("$JS.ACK.KUBENTLY_CMD_b.{lane}.1.1.1.{time}.0"));
        }
    }
    for payload in ["+ACK", "-NAK", "+TERM", "+NXT"] {
        all_refused(&attacker, &subjects, payload).await;
    }
    assert_eq!(but_pulls(stage.others(&[]).await), before);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), cancels.next())
            .await
            .is_err(),
        "a cancel arrived at cluster b"
    );
    delivery.ack().await.unwrap();
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_listens_to_everything_hears_only_its_own() {
    let stage = Stage::set().await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    let mut heard = Vec::new();
    for wide in [
        ">",
        "kubently.>",
        "$JS.>",
        "$KV.>",
        "_INBOX.>",
        "_R_.>",
        "$SYS.>",
    ] {
        heard.push(attacker.subscribe(wide).await.unwrap());
    }
    attacker.flush().await.unwrap();
    stage
        .store(&format!("kubently.v1.cmd.b.low.gw-0000beef.{OTHER}"))
        .await;
    stage
        .store(&format!("kubently.v1.reply.b.gw-0000beef.{JOB}.result"))
        .await;
    stage
        .store(&format!("kubently.v1.cmd.a.low.gw-0000beef.{OTHER}"))
        .await;
    stage.store("$KV.kubently_workers.b.w").await;
    stage.js.query_account().await.unwrap();
    // The last word is one that it may hear: all before it would have come before it.
    let own = format!("kubently.v1.ctl.a.cancel.{JOB}");
    stage.admin.publish(own.clone(), "{}".into()).await.unwrap();
    stage.admin.flush().await.unwrap();
    for (number, mut feed) in heard.into_iter().enumerate() {
        // The two widest hear their own, after which nothing is on its way to the others.
        let (is_own, limit) = match number {
            0 | 1 => (true, HEARD),
            _ => (false, SILENT),
        };
        let next = tokio::time::timeout(limit, feed.next()).await;
        match next {
            Ok(Some(message)) => assert_eq!(message.subject.as_str(), own, "{number}"),
            Ok(None) | Err(_) => assert!(!is_own, "it hears its own"),
        }
        let more = tokio::time::timeout(Duration::from_millis(50), feed.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_subject_of_a_workers_choice_stays_in_its_own_account() {
    let stage = Stage::set().await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    // What it is allowed to ask works.
    let info = asked(&attacker, "HUB.API.CONSUMER.INFO.KUBENTLY_CMD_a.high", "{}").await;
    assert!(
        matches!(&info, Seen::Answer(text) if text.contains("num_pending")),
        "{info:?}"
    );
    let mine = format!("kubently.v1.reply.a.gw-0000beef.{JOB}.event");
    let stored = asked(&attacker, &mine, "{}").await;
    assert!(
        matches!(&stored, Seen::Answer(text) if text.contains("KUBENTLY_REPLY_a")),
        "{stored:?}"
    );

    let before = stage.others(&[OWN[0], OWN[1], WORKERS]).await;
    let of_b = stage.presences("b").await;
    assert_eq!(of_b.len(), 1);
    for target in stage.targets().await {
        for (subject, payload) in [
            ("HUB.API.CONSUMER.INFO.KUBENTLY_CMD_a.high", "{}"),
            (
                "HUB.API.CONSUMER.MSG.NEXT.KUBENTLY_CMD_a.high",
                r#"{"batch":1,"no_wait":true}"#,
            ),
            (
                "HUB.API.CONSUMER.MSG.NEXT.KUBENTLY_CMD_a.low",
                r#"{"batch":1,"no_wait":true}"#,
            ),
            (
                "HUB.API.CONSUMER.MSG.NEXT.KUBENTLY_CMD_a.normal",
                r#"{"batch":1,"no_wait":true}"#,
            ),
            ("$JS.ACK.KUBENTLY_CMD_a.high.1.1.1.1.0", "+NXT"),
            ("$JS.ACK.KUBENTLY_CMD_a.high.1.1.1.1.0", "+ACK"),
            (&mine, "{}"),
            ("$KV.kubently_workers.a.w", "{}"),
        ] {
            aim(&attacker, subject, &target, payload).await;
        }
    }
    // A question after all of them: when it is answered, they have had their effect, if any.
    let info = asked(&attacker, "HUB.API.CONSUMER.INFO.KUBENTLY_CMD_a.high", "{}").await;
    assert!(matches!(&info, Seen::Answer(_)), "{info:?}");
    assert_eq!(stage.others(&[OWN[0], OWN[1], WORKERS]).await, before);
    assert_eq!(stage.presences("b").await, of_b);
    assert!(stage.presences("key").await.is_empty());
}
