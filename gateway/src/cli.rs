//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use kubently_core::cluster::ClusterId;
use kubently_core::display_name::UserName;
use kubently_core::subject::PublisherName;
use kubently_core::user::Email;
use kubently_runtime::cli::Document;

use crate::accounts::{Credentials, Place};

/// Runs read-only kubectl commands in registered clusters, for callers over HTTP.
///
/// Every setting is a key of the configuration file, or KUBENTLY_ and its name in upper case in
/// the environment, which wins.
#[derive(Debug, Parser)]
#[command(name = "kubently-gateway", version = env!("KUBENTLY_VERSION"))]
pub(crate) struct Cli {
    /// The configuration file, .toml or .yaml.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Prints the effective settings, secrets hidden, and ends.
    #[arg(long)]
    pub(crate) print_config: bool,
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Serves the API until SIGTERM (the default).
    Serve,
    /// Registers clusters.
    #[command(subcommand)]
    Cluster(ClusterTask),
    /// Enrols those who send commands over NATS.
    #[command(subcommand)]
    Publisher(PublisherTask),
    /// Writes the accounts block of the hub's nats-server.
    #[command(subcommand)]
    Accounts(AccountsTask),
    /// Makes admins.
    #[command(subcommand)]
    Admin(AdminTask),
    /// Looks at the configuration and the hub, and says what is not as it must be.
    Check {
        /// Too many rights are an error, too.
        #[arg(long)]
        strict: bool,
    },
    #[command(flatten)]
    Document(Document),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminTask {
    /// Makes an admin's key and shows it once; the user too, where no user has this address.
    Create {
        /// The user's e-mail address.
        #[arg(long)]
        email: Email,
        /// The user's name; the part of the address before its @ where it is absent.
        #[arg(long)]
        name: Option<UserName>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PublisherTask {
    /// Enrols a publisher; may be repeated, and then its clusters are these.
    Add {
        /// Its name: 1-63 of a-z, 0-9 and '-'.
        #[arg(value_parser = publisher)]
        name: PublisherName,
        /// The clusters that it may send commands to.
        #[arg(long, required = true, value_name = "NAME,...", value_delimiter = ',')]
        clusters: Vec<ClusterId>,
        #[command(flatten)]
        credentials: Credentials,
    },
    /// Takes a publisher out.
    Remove {
        /// Its name.
        #[arg(value_parser = publisher)]
        name: PublisherName,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsTask {
    /// Makes the gateways' credential and a first accounts.conf. Needs no hub.
    Init {
        /// The directory of the credentials and of accounts.conf.
        #[arg(long = "credentials", value_name = "DIR")]
        dir: PathBuf,
    },
    /// Writes accounts.conf from the registry.
    Write {
        /// The directory of the credentials and of accounts.conf.
        #[arg(long = "credentials", value_name = "DIR")]
        dir: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterTask {
    /// Creates what a cluster needs at the hub and registers it; may be repeated, and then what is
    /// not given stays as it is.
    Add {
        /// The cluster's id: 1-100 of a-z, 0-9 and '-'.
        name: ClusterId,
        /// A label of the cluster; may be repeated, and replaces all that it had.
        #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
        labels: Vec<(String, String)>,
        /// Takes away the labels that it had.
        #[arg(long, conflicts_with = "labels")]
        no_labels: bool,
        #[command(flatten)]
        credentials: Credentials,
    },
    /// Forgets a cluster and removes its queue; refused while commands wait or run there.
    Remove {
        /// The cluster's id.
        name: ClusterId,
        /// End what waits and runs there first, each command with a result that says so.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Lists the clusters: name, state, labels, commands in the queue.
    List,
}

fn publisher(text: &str) -> Result<PublisherName, String> {
    let name = "a publisher's name is 1-63 of a-z, 0-9 and '-', not first or last a '-'";
    text.parse().map_err(|_| name.to_owned())
}

/// `env=prod`; the key is a word of its own, the value may be empty.
fn label(text: &str) -> Result<(String, String), String> {
    let plain = |part: &str| {
        part.len() <= 253
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte))
    };
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && plain(key) && plain(value) => {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err("a label is KEY=VALUE, with letters, digits and . _ / - in both".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default() {
        let cli = Cli::try_parse_from(["kubently-gateway", "--config", "x.toml"]).unwrap();
        assert!(cli.task.is_none());
        assert_eq!(cli.config, Some("x.toml".into()));
    }

    #[test]
    fn a_cluster_is_added_with_its_labels() {
        let line = [
            "kubently-gateway",
            "cluster",
            "add",
            "prod-eu",
            "--label",
            "env=prod",
        ];
        let cli = Cli::try_parse_from(line).unwrap();
        let Some(Task::Cluster(ClusterTask::Add { name, labels, .. })) = cli.task else {
            panic!("another task");
        };
        assert_eq!(name.as_str(), "prod-eu");
        assert_eq!(labels, [("env".to_owned(), "prod".to_owned())]);
    }

    #[test]
    fn a_removal_makes_no_credential_and_so_withdraws_none() {
        for line in [
            ["cluster", "remove", "prod"],
            ["publisher", "remove", "bot"],
        ] {
            let line = [&["kubently-gateway"], &line[..], &["--credentials", "x"]].concat();
            assert!(Cli::try_parse_from(&line).is_ok());
            let line = [&line[..], &["--revoke-others"]].concat();
            assert!(Cli::try_parse_from(line).is_err());
        }
    }

    #[test]
    fn what_is_no_cluster_id_or_label_is_refused() {
        for line in [
            ["add", "Prod.EU", "--label=a=b"],
            ["add", "prod", "--label=ab"],
        ] {
            let line = ["kubently-gateway", "cluster"].into_iter().chain(line);
            assert!(Cli::try_parse_from(line).is_err());
        }
    }
}
