//! The server's whole `accounts` block, from what is registered: one account for the hub, one for
//! each cluster and each publisher, joined by exactly the subjects that each needs.
//!
//! What an account does not import does not exist for it: there is no permission list to get
//! wrong, and a reply subject of a caller's choice stays in the caller's own account.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use kubently_core::cluster::ClusterId;
use kubently_core::nkey::PublicNkey;
use kubently_core::subject::{self, PublisherName};

use crate::topology::{WORKERS, command_stream};

/// The account of the gateways, all streams and all buckets.
pub const HUB: &str = "HUB";
/// The prefix under which a cluster's account sees its part of the hub's `JetStream` API. The
/// API's own subjects would be answered by the cluster's account itself, which has no `JetStream`.
pub const API_PREFIX: &str = "HUB.API";
/// Connections that one cluster or publisher may hold.
const MAX_CONNECTIONS: u32 = 256;
/// Subscriptions that one cluster or publisher may hold; a worker needs five.
const MAX_SUBSCRIPTIONS: u32 = 8192;

/// Everybody who may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The gateways' keys; more than one while they are rotated.
    pub hub: Vec<PublicNkey>,
    /// The keys of each cluster's workers.
    pub clusters: BTreeMap<ClusterId, Vec<PublicNkey>>,
    /// The keys of each publisher, and the clusters that it may send commands to.
    pub publishers: BTreeMap<PublisherName, Publisher>,
}

/// A publisher's part of the block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publisher {
    /// Its keys.
    pub nkeys: Vec<PublicNkey>,
    /// The clusters that it may send commands to. Those that are not registered are left out.
    pub clusters: Vec<ClusterId>,
}

/// A cluster's account.
#[must_use]
pub fn of_cluster(cluster: &ClusterId) -> String {
    format!("CLUSTER_{cluster}")
}

/// A publisher's account.
#[must_use]
pub fn of_publisher(publisher: &PublisherName) -> String {
    format!("PUBLISHER_{publisher}")
}

/// One subject that the hub shares with one account.
struct Shared {
    kind: Kind,
    subject: String,
    /// What the account calls it, where not the same.
    to: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Requests go in, one answer comes back.
    Service,
    /// Requests go in, several answers come back.
    Answers,
    /// Messages come out.
    Stream,
}

fn of_workers(cluster: &ClusterId) -> Vec<Shared> {
    let stream = command_stream(cluster);
    let api = |kind, call: &str| Shared {
        kind,
        subject: format!("$JS.API.{call}.{stream}.*"),
        to: Some(format!("{API_PREFIX}.{call}.{stream}.*")),
    };
    let own = |kind, subject| Shared {
        kind,
        subject,
        to: None,
    };
    vec![
        api(Kind::Service, "CONSUMER.INFO"),
        api(Kind::Answers, "CONSUMER.MSG.NEXT"),
        own(Kind::Service, format!("$JS.ACK.{stream}.>")),
        own(Kind::Service, subject::replies_of(cluster)),
        own(Kind::Service, format!("$KV.{WORKERS}.{cluster}.*")),
        own(Kind::Stream, subject::control_of(cluster)),
    ]
}

fn of_publishers(publisher: &PublisherName, cluster: &ClusterId) -> [Shared; 2] {
    let own = |kind, subject| Shared {
        kind,
        subject,
        to: None,
    };
    [
        own(
            Kind::Service,
            subject::commands_of_publisher(cluster, publisher),
        ),
        own(Kind::Stream, subject::live_of_publisher(cluster, publisher)),
    ]
}

impl Accounts {
    /// The file's text: the same for the same registry, byte for byte.
    #[must_use]
    pub fn to_conf(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let mut parts = Vec::new();
        for (cluster, nkeys) in &self.clusters {
            parts.push((of_cluster(cluster), nkeys, of_workers(cluster)));
        }
        for (name, publisher) in &self.publishers {
            let known = publisher.clusters.iter();
            let known = known.filter(|cluster| self.clusters.contains_key(*cluster));
            let shared = known.flat_map(|cluster| of_publishers(name, cluster));
            parts.push((of_publisher(name), &publisher.nkeys, shared.collect()));
        }
        out.push_str(
            "# Written by kubently-gateway from its registry; changes by hand are lost.\n\
             # Include it at the top level of the server's configuration, then reload the server twice:\n\
             # the first reload makes a new account, the second one what it imports.\n\
             accounts {\n",
        );
        writeln!(out, "  {HUB}: {{\n    jetstream: enabled")?;
        users(out, &self.hub)?;
        out.push_str("    exports: [\n");
        for (account, _, shared) in &parts {
            for one in shared {
                let (word, several) = match one.kind {
                    Kind::Service => ("service", ""),
                    Kind::Answers => ("service", ", response_type: stream"),
                    Kind::Stream => ("stream", ""),
                };
                let subject = &one.subject;
                writeln!(
                    out,
                    "      {{{word}: \"{subject}\"{several}, accounts: [\"{account}\"]}}"
                )?;
            }
        }
        out.push_str("    ]\n  }\n");
        for (account, nkeys, shared) in &parts {
            writeln!(out, "  \"{account}\": {{")?;
            users(out, nkeys)?;
            writeln!(
                out,
                "    limits: {{max_connections: {MAX_CONNECTIONS}, max_subscriptions: {MAX_SUBSCRIPTIONS}}}"
            )?;
            out.push_str("    imports: [\n");
            for one in shared {
                let word = match one.kind {
                    Kind::Service | Kind::Answers => "service",
                    Kind::Stream => "stream",
                };
                let to = one.to.as_ref();
                let to = to.map_or_else(String::new, |to| format!(", to: \"{to}\""));
                let subject = &one.subject;
                writeln!(
                    out,
                    "      {{{word}: {{account: {HUB}, subject: \"{subject}\"}}{to}}}"
                )?;
            }
            out.push_str("    ]\n  }\n");
        }
        out.push_str("}\n");
        Ok(())
    }
}

fn users(out: &mut String, nkeys: &[PublicNkey]) -> fmt::Result {
    let users: Vec<_> = nkeys.iter().map(|key| format!("{{nkey: {key}}}")).collect();
    writeln!(out, "    users: [{}]", users.join(", "))
}

#[cfg(test)]
mod tests;
