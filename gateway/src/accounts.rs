//! The server's `accounts` file, and the credentials beside it.

use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use kubently_broker::accounts::Accounts;
use kubently_broker::{Broker, Nkey, NkeyError};
use kubently_core::directory::MAX_NKEYS;
use kubently_core::nkey::PublicNkey;

use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// The file that the server includes.
const FILE: &str = "accounts.conf";
/// The gateways' own credential; every `hub*.nk` counts while it is rotated.
const HUB: &str = "hub.nk";

/// Where credentials are kept.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The directory of the credentials and of accounts.conf; made where it is not there.
    #[arg(long = "credentials", value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// The same, and whether those that are not there are withdrawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Credentials {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Withdraws every earlier key: after this and a reload only the one in DIR lets in.
    #[arg(long, requires = "dir")]
    pub(crate) revoke_others: bool,
}

/// Makes the gateways' credential and a file with their account alone. Needs no hub: there is none
/// before it has this file.
pub(crate) fn init(dir: &Path) -> Result<(), Fatal> {
    make_dir(dir)?;
    let hub = nkey(&dir.join(HUB))?;
    let path = dir.join(FILE);
    if path.exists() {
        return say(&format!(
            "{} is kept; `accounts write` renews it from the registry",
            path.display()
        ));
    }
    let accounts = Accounts {
        hub: vec![hub.public().clone()],
        ..Accounts::default()
    };
    replace(&path, &accounts.to_conf())?;
    say(&format!(
        "the gateways' credential: {}\nthe server's accounts: {}",
        dir.join(HUB).display(),
        path.display()
    ))
}

/// Writes the file from the registry.
pub(crate) async fn write(config: &GatewayConfig, dir: &Path) -> Result<(), Fatal> {
    make_dir(dir)?;
    let broker = connect(config)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let written = renew(&broker, config, dir).await;
    broker.close().await;
    written
}

/// Writes the file from the registry, over a connection that stands.
pub(crate) async fn renew(
    broker: &Broker,
    config: &GatewayConfig,
    dir: &Path,
) -> Result<(), Fatal> {
    let enrolled = broker.accounts().await;
    let mut accounts = enrolled.map_err(|error| Fatal::unavailable(&error))?;
    accounts.hub = hub_keys(config, dir)?;
    let path = dir.join(FILE);
    replace(&path, &accounts.to_conf())?;
    say(&format!(
        "the server's accounts: {} (put it beside the server's configuration and reload the server twice: the second time its imports take effect)",
        path.display()
    ))
}

/// The credential `NAME.nk` in the directory, made where it is not there, and the keys that are
/// valid from now on.
pub(crate) fn enrol(
    credentials: &Credentials,
    name: &str,
    mut keys: Vec<PublicNkey>,
) -> Result<Vec<PublicNkey>, Fatal> {
    let Some(dir) = &credentials.place.dir else {
        return Ok(keys);
    };
    make_dir(dir)?;
    let path = dir.join(format!("{name}.nk"));
    let own = nkey(&path)?.public().clone();
    if credentials.revoke_others {
        keys.clear();
    }
    keys.retain(|key| *key != own);
    keys.push(own);
    let surplus = keys.len().saturating_sub(MAX_NKEYS);
    keys.drain(..surplus);
    say(&format!("its credential: {}", path.display()))?;
    Ok(keys)
}

fn hub_keys(config: &GatewayConfig, dir: &Path) -> Result<Vec<PublicNkey>, Fatal> {
    let mut paths: Vec<PathBuf> = config.nats_nkey_file.iter().cloned().collect();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("hub") && name.ends_with(".nk") {
            paths.push(entry.path());
        }
    }
    let mut keys = Vec::new();
    for path in paths {
        let read = Nkey::read(&path).map_err(|error| Fatal::config(&error))?;
        keys.push(read.public().clone());
    }
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return Err(Fatal::no_input(format!(
            "no key of the hub's own: set nats_nkey_file, or put {HUB} into {} (`accounts init` makes it)",
            dir.display()
        )));
    }
    Ok(keys)
}

fn nkey(path: &Path) -> Result<Nkey, Fatal> {
    Nkey::read_or_make(path).map_err(|error| match &error {
        NkeyError::Unwritable { .. } => Fatal::cannot_create(&error),
        _ => Fatal::config(&error),
    })
}

fn make_dir(dir: &Path) -> Result<(), Fatal> {
    let mut builder = std::fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(dir);
    made.map_err(|error| {
        Fatal::cannot_create(&NkeyError::Unwritable {
            path: dir.to_owned(),
            source: error,
        })
    })
}

/// Whole or not at all: a server may read it at any moment.
fn replace(path: &Path, text: &str) -> Result<(), Fatal> {
    let partial = path.with_extension("conf.partial");
    let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|source| {
        Fatal::cannot_create(&NkeyError::Unwritable {
            path: path.to_owned(),
            source,
        })
    })
}

pub(crate) fn say(text: &str) -> Result<(), Fatal> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| Fatal::other("done, but", &error))
}
