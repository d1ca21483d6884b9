//! The two ways in: the gateway's HTTP door, and the hub's command subject.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream::{self, Context};
use kubently_tests::http::Http;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::Case;

/// A worker that is there answers a refusal at once.
const SOON: Duration = Duration::from_secs(60);

/// Who asks, and the text that marks what it asks for.
pub(super) struct Asked {
    http: Http,
    hub: Context,
    cluster_id: String,
    mark: String,
}

impl Asked {
    /// Of one system, by a caller with a key and by a publisher without one.
    pub(super) async fn new(world: &World) -> Result<Self> {
        let client = async_nats::connect(world.hub.url()).await?;
        let (mark, ..) = Uuid::new_v4().as_fields();
        Ok(Self {
            http: world.http()?,
            hub: jetstream::new(client),
            cluster_id: world.cluster_id.clone(),
            mark: format!("m{mark:08x}"),
        })
    }

    /// A case's text with this asker's mark.
    pub(super) fn marked(&self, text: &str) -> String {
        text.replace("MARK", &self.mark)
    }

    /// Asks the gateway; a complaint unless it is the problem 422 with the case's code.
    pub(super) async fn gateway_refuses(&self, case: &Case) -> Result<Option<String>> {
        let mut body = self.command(case);
        body["cluster_id"] = self.cluster_id.clone().into();
        let answer = self
            .http
            .post_command(&body, &[("prefer", "wait=20")])
            .await?;
        let problem = answer.json()?;
        let is_refused = answer.status == 422 && problem["code"] == case.code;
        Ok((!is_refused).then(|| format!("{case:?}: gateway: {} {problem}", answer.status)))
    }

    /// Asks the worker past the gateway; a complaint unless the result has this reason and no output.
    pub(super) async fn worker_refuses(&self, case: &Case, reason: &str) -> Result<Option<String>> {
        let result = self.publish(case).await?;
        let is_refused = result["status"] == "failed"
            && result["reason"] == reason
            && result["success"] == false
            && result["stdout_bytes"] == 0
            && result["exit_code"].is_null();
        Ok((!is_refused).then(|| format!("{case:?}: worker: {result}")))
    }

    fn command(&self, case: &Case) -> Value {
        let args: Vec<String> = case.args.iter().map(|arg| self.marked(arg)).collect();
        let mut command = json!({"command_type": case.verb, "args": args});
        if let Some(namespace) = case.namespace {
            command["namespace"] = namespace.into();
        }
        command
    }

    /// Publishes the envelope as any client of the hub can, and waits for the result.
    async fn publish(&self, case: &Case) -> Result<Value> {
        let (cluster, origin, id) = (&self.cluster_id, "pub-stranger", Uuid::now_v7());
        let mut envelope = self.command(case);
        envelope["v"] = 1.into();
        envelope["id"] = id.to_string().into();
        envelope["cluster_id"] = cluster.clone().into();
        envelope["origin"] = origin.into();
        envelope["owner"] = Value::Null;
        envelope["priority"] = 1.into();
        envelope["queued_at"] = "2026-01-01T00:00:00.000Z".into();
        let subject = format!("kubently.v1.cmd.{cluster}.normal.{origin}.{id}");
        let ack = self.hub.publish(subject, envelope.to_string().into());
        ack.await?.await.context("publish the envelope")?;

        let reply = format!("kubently.v1.reply.{cluster}.{origin}.{id}.result");
        let replies = format!("KUBENTLY_REPLY_{cluster}");
        let replies = self.hub.get_stream(replies).await?;
        let message = wait::until(
            format!("the result of {case:?}"),
            SOON,
            async || match replies.get_last_raw_message_by_subject(&reply).await {
                Ok(message) => Probe::Ready(message),
                Err(error) => Probe::NotYet(error.to_string()),
            },
        )
        .await?;
        serde_json::from_slice(&message.payload).context("a result that is no JSON")
    }
}
