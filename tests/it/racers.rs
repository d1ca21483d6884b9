//! Fifty who all end one job at the same time: one of them does, and all are told the same.

use futures::StreamExt as _;
use http::Method;
use kubently_broker::Stored;
use kubently_core::envelope::Envelope;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::time::Timestamp;
use kubently_tests::world::World;
use serde_json::Value;

use crate::broker::{envelope, result};
use crate::jobs::{job, only_subject, results, submit, version};
use crate::odd_workers::broker;

const RACERS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_complete_cancel_and_expire_one_job_leave_one_end() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let broker = broker(world).await;
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    for round in 0..5 {
        let cluster = world.cluster("racers").await.unwrap();
        let mut body = version(&cluster);
        body["queue_timeout_seconds"] = 600.into();
        let id = submit(&http, &body).await;
        let subject = only_subject(&world.hub.url(), &cluster).await;
        let envelope = Envelope {
            id: subject.job,
            cluster_id: cluster.parse().unwrap(),
            origin: subject.origin.clone(),
            ..envelope(&subject.cluster, 1)
        };
        let now: Timestamp = chrono::Utc::now().into();
        // A third completes as a worker does, a third cancels through two gateways, a third expires as
        // a sweep does.
        let race = (0..RACERS).map(|racer| {
            let (broker, subject, id) = (&broker, &subject, &id);
            let http = if racer % 2 == 0 { &http } else { &other };
            let envelope = &envelope;
            async move {
                match racer % 3 {
                    0 => {
                        let said = format!("racer {racer}\n");
                        let (_, own) = result(envelope, said.as_bytes());
                        let reply = subject.reply();
                        let stored = broker.store_result(&reply, &own).await.unwrap();
                        (stored == Stored::First).then_some(racer)
                    }
                    1 => {
                        let path = format!("/v1/jobs/{id}/cancel");
                        let told = http.send(Method::POST, &path, &[], "").await.unwrap();
                        assert_eq!(told.status, 200, "{}", told.text());
                        let told = told.json().unwrap();
                        assert_eq!(told["cancelled"] == true, told["status"] == "cancelled");
                        None
                    }
                    _ => {
                        let late = CommandResult::never_ran(
                            subject.job,
                            FinalStatus::Failed,
                            Reason::QueueTimeout,
                            now,
                        );
                        broker.end_job(subject, late).await.unwrap();
                        None
                    }
                }
            }
        });
        let race = futures::stream::iter(race).buffer_unordered(RACERS);
        let completed: Vec<_> = race.filter_map(std::future::ready).collect().await;
        let told: [Value; 2] = [
            job(&http, &id).await.unwrap(),
            job(&other, &id).await.unwrap(),
        ];
        assert_eq!(told[0], told[1]);
        assert!(completed.len() <= 1, "{completed:?}");
        match completed.first() {
            Some(racer) => assert_eq!(told[0]["output"], format!("racer {racer}\n")),
            None => assert_ne!(told[0]["status"], "completed", "{}", told[0]),
        }
        let stored = results(&world.hub.url(), &cluster, &id).await;
        assert_eq!(stored, 1, "round {round}");
    }
}
