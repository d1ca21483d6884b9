//! The hub before the start: reachable, new enough, synced, and a credential of the right account.
//! Nothing is tried out: what a credential may do is what the server itself says of it.

use std::time::Duration;

use kubently_core::cluster::ClusterId;
use kubently_core::lane::Lane;
use kubently_core::preflight::{Finding, Outcome};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::accounts;
use crate::connect::{Broker, HubConfig};
use crate::topology::{WORKERS, command_stream};

/// Where a server tells a user who it is.
const USER_INFO: &str = "$SYS.REQ.USER.INFO";
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any server's monitoring page.
const MAX_PAGE: u64 = 1024 * 1024;

/// Who is going to start.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    /// A gateway.
    Gateway,
    /// A worker of this cluster.
    Worker(&'a ClusterId),
}

#[derive(Debug, Deserialize)]
struct UserAnswer {
    data: User,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    account: String,
    permissions: Permissions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Permissions {
    publish: Rules,
    subscribe: Rules,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rules {
    allow: Vec<String>,
}

/// Looks at the hub as this party will use it.
pub async fn preflight(
    config: &HubConfig,
    party: Party<'_>,
    monitor: Option<&str>,
) -> Vec<Finding> {
    let broker = match Broker::connect(config).await {
        Ok(broker) => broker,
        Err(error) => {
            let causes = std::iter::successors(std::error::Error::source(&error), |e| e.source());
            let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
            return vec![Finding::new("hub", Outcome::Bad, text)];
        }
    };
    let server = broker.client.server_info();
    let mut findings = vec![
        Finding::new(
            "hub",
            Outcome::Good,
            format!("{} answers", server.server_name),
        ),
        Finding::new("server version", Outcome::Good, server.version.clone()),
        jetstream(&broker, party).await,
        sync(monitor).await,
    ];
    findings.push(rights(&broker, party).await);
    broker.close().await;
    findings
}

async fn jetstream(broker: &Broker, party: Party<'_>) -> Finding {
    const ABOUT: &str = "JetStream";
    match party {
        Party::Gateway => match broker.ask::<Value>("INFO").await {
            Ok(_) => match broker.check().await {
                Ok(()) => Finding::new(ABOUT, Outcome::Good, "it is on, and the buckets are there"),
                Err(_) => Finding::new(
                    ABOUT,
                    Outcome::Good,
                    "it is on; the first start makes the buckets",
                ),
            },
            Err(error) => Finding::new(
                ABOUT,
                Outcome::Bad,
                format!(
                    "not for this account ({error}): enable it there, or use the hub's credential"
                ),
            ),
        },
        Party::Worker(cluster) => {
            for lane in Lane::ALL {
                let info = format!("CONSUMER.INFO.{}.{lane}", command_stream(cluster));
                if let Err(error) = broker.ask::<Value>(&info).await {
                    let text = format!(
                        "the {lane} lane of {cluster} does not answer ({error}): is the cluster \
                         added, the server reloaded, and nats_api_prefix right?"
                    );
                    return Finding::new(ABOUT, Outcome::Bad, text);
                }
            }
            Finding::new(
                ABOUT,
                Outcome::Good,
                format!("the queue of {cluster} answers"),
            )
        }
    }
}

async fn sync(monitor: Option<&str>) -> Finding {
    const ABOUT: &str = "sync";
    let Some(url) = monitor else {
        let text = "set nats_monitor_url to see whether the hub syncs every write";
        return Finding::new(ABOUT, Outcome::Unknown, text);
    };
    let page = tokio::time::timeout(PATIENCE, varz(url)).await;
    match page {
        Ok(Ok(page)) => {
            if page.pointer("/jetstream/config/sync_always") == Some(&Value::Bool(true)) {
                return Finding::new(ABOUT, Outcome::Good, "every write is on the disk");
            }
            let text = "the hub acknowledges before it syncs: what it promised can be lost with \
                        its machine; set jetstream.sync_interval to always";
            Finding::new(ABOUT, Outcome::Bad, text)
        }
        Ok(Err(error)) => Finding::new(
            ABOUT,
            Outcome::Unknown,
            format!("{url}/varz cannot be read: {error}"),
        ),
        Err(_) => Finding::new(
            ABOUT,
            Outcome::Unknown,
            format!("{url}/varz does not answer"),
        ),
    }
}

/// The server's monitoring page; it speaks plain HTTP where it is meant to be: on loopback.
async fn varz(url: &str) -> std::io::Result<Value> {
    let host = url
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'));
    let host = host.ok_or_else(|| std::io::Error::other("it is no http://host:port"))?;
    let mut stream = TcpStream::connect(host).await?;
    // HTTP/1.0: the answer ends with the connection, in one piece.
    let ask = format!("GET /varz HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_PAGE).read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = end.and_then(|end| answer.get(end + 4..));
    serde_json::from_slice(body.unwrap_or_default()).map_err(std::io::Error::other)
}

async fn rights(broker: &Broker, party: Party<'_>) -> Finding {
    const ABOUT: &str = "rights";
    let ask = broker.client.request(USER_INFO, "".into());
    let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, ask).await else {
        let text = "the server does not tell what this credential may do";
        return Finding::new(ABOUT, Outcome::Unknown, text);
    };
    let user = serde_json::from_slice::<UserAnswer>(&answer.payload);
    let Ok(UserAnswer { data: user }) = user else {
        let text = "what the server tells of this credential cannot be read";
        return Finding::new(ABOUT, Outcome::Unknown, text);
    };
    let (outcome, text) = judge(&user, party, &broker.api_prefix);
    Finding::new(ABOUT, outcome, text)
}

fn judge(user: &User, party: Party<'_>, api_prefix: &str) -> (Outcome, String) {
    let account = user.account.as_str();
    let listed = [
        &user.permissions.publish.allow,
        &user.permissions.subscribe.allow,
    ];
    match party {
        Party::Gateway if account == accounts::HUB => (Outcome::Good, format!("account {account}")),
        Party::Gateway if account.starts_with("CLUSTER_") || account.starts_with("PUBLISHER_") => (
            Outcome::Bad,
            format!("account {account}: a gateway needs the hub's own credential"),
        ),
        Party::Gateway => (
            Outcome::Unknown,
            format!("account {account}: is it the hub's own, and nobody else's?"),
        ),
        Party::Worker(cluster) => {
            if listed.iter().any(|allowed| !allowed.is_empty()) {
                return listed_rights(&user.permissions, cluster, api_prefix);
            }
            if account == accounts::of_cluster(cluster) {
                return (
                    Outcome::Good,
                    format!("account {account}, and nothing of others"),
                );
            }
            if account.starts_with("CLUSTER_") || account.starts_with("PUBLISHER_") {
                let text = format!("account {account}: this credential is not cluster {cluster}'s");
                return (Outcome::Bad, text);
            }
            let text = format!(
                "account {account} has no limits: a stolen credential could read and forge what \
                 belongs to every cluster; use the one that `cluster add {cluster} --credentials \
                 DIR` writes"
            );
            (Outcome::Excess, text)
        }
    }
}

/// A single account with lists: whatever is listed beyond a worker's needs is too much.
fn listed_rights(
    permissions: &Permissions,
    cluster: &ClusterId,
    api_prefix: &str,
) -> (Outcome, String) {
    use kubently_core::subject::{control_of, replies_of};
    let stream = command_stream(cluster);
    let publish = [
        format!("{api_prefix}.CONSUMER.INFO.{stream}."),
        format!("{api_prefix}.CONSUMER.MSG.NEXT.{stream}."),
        format!("$JS.ACK.{stream}."),
        format!("$KV.{WORKERS}.{cluster}."),
        replies_of(cluster).trim_end_matches('>').to_owned(),
        USER_INFO.to_owned(),
    ];
    let subscribe = [
        format!("_INBOX_{cluster}."),
        control_of(cluster).trim_end_matches('>').to_owned(),
    ];
    let within = |needed: &[String], subject: &String| {
        needed
            .iter()
            .any(|prefix| subject.starts_with(prefix.as_str()))
    };
    let mut excess: Vec<&str> = Vec::new();
    let publishes = permissions.publish.allow.iter();
    excess.extend(
        publishes
            .filter(|s| !within(&publish, s))
            .map(String::as_str),
    );
    let subscribes = permissions.subscribe.allow.iter();
    excess.extend(
        subscribes
            .filter(|s| !within(&subscribe, s))
            .map(String::as_str),
    );
    let unlisted = permissions.publish.allow.is_empty() || permissions.subscribe.allow.is_empty();
    if unlisted {
        return (
            Outcome::Excess,
            "publishing or subscribing has no list".to_owned(),
        );
    }
    if excess.is_empty() {
        (
            Outcome::Good,
            "the listed subjects are the cluster's own".to_owned(),
        )
    } else {
        (
            Outcome::Excess,
            format!("beyond a worker's needs: {}", excess.join(", ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: &str) -> User {
        serde_json::from_str(json).unwrap()
    }

    fn of_worker(json: &str) -> Outcome {
        let cluster = "a".parse().unwrap();
        judge(&user(json), Party::Worker(&cluster), "$JS.API").0
    }

    #[test]
    fn a_worker_belongs_into_its_clusters_account() {
        assert_eq!(of_worker(r#"{"account":"CLUSTER_a"}"#), Outcome::Good);
        assert_eq!(of_worker(r#"{"account":"CLUSTER_b"}"#), Outcome::Bad);
        assert_eq!(of_worker(r#"{"account":"HUB"}"#), Outcome::Excess);
        assert_eq!(of_worker(r#"{"account":"$G"}"#), Outcome::Excess);
    }

    #[test]
    fn listed_subjects_are_compared_one_by_one() {
        let own = r#"{"account":"$G","permissions":{"publish":{"allow":["$JS.ACK.KUBENTLY_CMD_a.>","kubently.v1.reply.a.>"]},"subscribe":{"allow":["_INBOX_a.>"]}}}"#;
        assert_eq!(of_worker(own), Outcome::Good);
        for more in [
            "kubently.v1.reply.>",
            "$JS.API.DIRECT.GET.KUBENTLY_CMD_a.>",
            ">",
        ] {
            let wide = own.replace("kubently.v1.reply.a.>", more);
            assert_eq!(of_worker(&wide), Outcome::Excess, "{more}");
        }
        assert_eq!(
            of_worker(&own.replace("_INBOX_a.>", "_INBOX.>")),
            Outcome::Excess
        );
    }

    #[test]
    fn a_gateway_belongs_into_the_hubs_account() {
        let of = |account: &str| {
            let user = user(&format!(r#"{{"account":"{account}"}}"#));
            judge(&user, Party::Gateway, "$JS.API").0
        };
        assert_eq!(of("HUB"), Outcome::Good);
        assert_eq!(of("CLUSTER_a"), Outcome::Bad);
        assert_eq!(of("$G"), Outcome::Unknown);
    }
}
