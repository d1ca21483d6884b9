//! Ages of every length, as the real kubectl prints them.
//!
//! kubectl reads the machine's clock, and a second may end while it runs. So each age that it prints must be
//! the library's at one of the seconds in which it ran, to the letter: nothing is normalised.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kubently_core::clock::Clock;
use kubently_kubectl::{Cluster as Library, config_from_kubeconfig};
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::oracle::{oracle, ours, words};

/// Where the number of units changes, in seconds.
const EDGES: &[i64] = &[
    0,
    60,
    120,
    600,
    3_600,
    3 * 3_600,
    8 * 3_600,
    24 * 3_600,
    48 * 3_600,
    8 * 86_400,
    365 * 86_400,
    2 * 365 * 86_400,
    8 * 365 * 86_400,
];
/// Ages beside those of the edges.
const RANDOM: usize = 250;
/// kubectl's run takes a second, on a loaded machine many more, and each of them is compared.
const MOST_SECONDS: i64 = 60;

/// A clock that stands still.
struct Stopped(DateTime<Utc>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Seconds ago; each length as likely as the other, and some still to come.
fn ages() -> Vec<i64> {
    let edges = EDGES
        .iter()
        .flat_map(|edge| (-3..=3).map(move |beside| edge + beside));
    let random = (0..RANDOM).map(|_| {
        let bits = Uuid::new_v4().as_u128();
        let bound = 1_i64 << (bits % 30 + 1);
        i64::try_from((bits >> 64) & 0x3fff_ffff).unwrap_or_default() % bound
    });
    edges.chain(random).collect()
}

fn event(namespace: &str, number: usize, at: DateTime<Utc>) -> Value {
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("e{number}"), "namespace": namespace},
        "involvedObject": {"kind": "Pod", "name": format!("p{number}"), "namespace": namespace},
        "type": "Normal", "reason": "Aged", "message": format!("number {number}"),
        "firstTimestamp": at, "lastTimestamp": at,
    })
}

/// The age of each row, by its message.
fn by_row(out: &str) -> BTreeMap<String, String> {
    let rows = out.lines().skip(1).filter_map(|row| {
        let (age, _) = row.split_once("   ")?;
        let (_, number) = row.rsplit_once("number ")?;
        Some((number.to_owned(), age.to_owned()))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_age_of_any_length_is_printed_as_kubectl_prints_it() -> Result<()> {
    let cluster = Cluster::shared().await?;
    let namespace = cluster.namespace("ages").await?;
    let ages = ages();
    let made = Utc::now();
    let events = ages.iter().enumerate().map(|(number, age)| {
        let at = made - TimeDelta::seconds(*age);
        event(&namespace, number, at)
    });
    let events: Vec<_> = events.collect();
    let (left, right) = events.split_at(events.len() / 2);
    tokio::try_join!(cluster.apply_all(left), cluster.apply_all(right))?;

    let kubeconfig = cluster.worker_kubeconfig();
    let kubectl = Kubectl::new(&kubeconfig).await?;
    let args = words(&format!("events -n {namespace}"));
    // Its discovery cache is filled before its time is taken.
    oracle(&kubectl, &args).await?;
    let began = Utc::now();
    let (out, err, code) = oracle(&kubectl, &args).await?;
    let ended = Utc::now();
    ensure!(code == 0 && err.is_empty(), "{err}");
    let theirs = by_row(&out);
    ensure!(theirs.len() == ages.len(), "{} rows", theirs.len());
    let took = (ended - began).num_seconds();
    ensure!(took <= MOST_SECONDS, "kubectl took {took} s");

    // To the second and a little more: the clock of a run stands between two whole seconds.
    let mut possible: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for second in 0..=took + 1 {
        let now = (began + TimeDelta::seconds(second)).min(ended);
        let config = config_from_kubeconfig(&kubeconfig).await?;
        let library = Library::new(config, Arc::new(Stopped(now)))?;
        let (out, ..) = ours(&library, &args).await?;
        for (row, age) in by_row(&out) {
            possible.entry(row).or_default().push(age);
        }
    }
    for (row, age) in &theirs {
        let ours = possible.get(row).context("a row of ours")?;
        let of = ages.get(row.parse::<usize>()?).context("a known age")?;
        ensure!(ours.contains(age), "{of} s ago: kubectl {age}, we {ours:?}");
    }
    let kinds: std::collections::BTreeSet<_> = theirs.values().collect();
    say::line(format_args!(
        "ages: {} compared with kubectl, {} different ones",
        theirs.len(),
        kinds.len()
    ));
    ensure!(kinds.len() >= 60, "only {} different ages", kinds.len());
    Ok(())
}
