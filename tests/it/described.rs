//! `describe` in the library and in kubectl, of objects in every state that their manifests can give them
//! (`tests/zoo/describe`). No controller runs, so only ages change between two looks.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Limits, config_from_kubeconfig, run};
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;
use serde_json::json;

const MANIFESTS: [&str; 5] = [
    include_str!("../zoo/describe/pods.yaml"),
    include_str!("../zoo/describe/nodes.yaml"),
    include_str!("../zoo/describe/pod-states.yaml"),
    include_str!("../zoo/describe/workloads.yaml"),
    include_str!("../zoo/describe/custom.yaml"),
];

/// Everything is in this namespace, or in none.
const NAMESPACE: &str = "zoo-describe";

/// What follows `describe -n zoo-describe`.
const LINES: &[&str] = &[
    "pods",
    "pod full",
    "pod crashed",
    "pod small",
    "pod smal",
    "pod smal --show-events",
    "pod small --show-events=false",
    "pods -l app=zoo",
    "pods --chunk-size=1",
    "pods -A --show-events",
    "pod nope",
    "pod nope nada",
    "pod small nope crashed",
    "pod/small pod/nope",
    "po/small cm/text",
    "po/small cm/text gz/one",
    "po,cm text",
    "po,cm nope",
    "pods -l app=none",
    "pods -l app=none -A",
    "pod x -A",
    "cm text",
    "cm empty",
    "cm",
    "deploy rolling",
    "deploy,sts,ds,rs,rc",
    "deploy recreate --show-events",
    "sts db",
    "sts bare",
    "ds agent",
    "rs loose",
    "rc old",
    "job indexed",
    "job queue",
    "cj nightly",
    "cj plain",
    "hpa every",
    "hpa unknown",
    "hpa.v1.autoscaling every",
    "pdb",
    "pdb least",
    "node zoo-full",
    "node zoo-bare",
    "nodes",
    "no zoo",
    "nodes -l a=b",
    "gizmo one",
    "gizmos",
    "gz/one gz/two --show-events",
    "gizmos.v1alpha1.zoo.example.com one",
    "gz t",
    "crd gizmos.zoo.example.com",
    "lease zoo-full -n kube-node-lease",
    "all",
    "all -A --show-events",
    "nosuch",
    "pods,nosuch",
    "flowschemas",
    "flowschema exempt",
    "flowschema exempt catch-all",
    "pods,flowschemas",
];

/// The machine's.
struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Standard output, standard error, exit code.
type Printed = (String, String, i32);

#[tokio::test(flavor = "multi_thread")]
async fn every_description_is_the_one_of_kubectl() -> Result<()> {
    let cluster = Cluster::start().await?;
    for manifest in MANIFESTS {
        cluster.apply(manifest).await?;
    }
    let granted = json!([
        {"apiGroups": ["zoo.example.com"], "resources": ["gizmos"], "verbs": ["get", "list"]}
    ]);
    cluster.grant_extra(&granted).await?;
    let kubeconfig = cluster.worker_kubeconfig();
    let kubectl = Kubectl::new(&kubeconfig).await?;
    let config = config_from_kubeconfig(&kubeconfig).await?;
    let library = kubently_kubectl::Cluster::new(config, Arc::new(MachineClock))?;
    let mut complaints = Vec::new();
    for line in LINES {
        let mut args = vec!["-n".to_owned(), NAMESPACE.to_owned()];
        let named = line.contains(" -n ") || line.ends_with("-A");
        args.truncate(if named { 0 } else { 2 });
        args.extend(line.split(' ').map(str::to_owned));
        let ours = ours(&library, &args)
            .await
            .with_context(|| (*line).to_owned())?;
        args.insert(0, "describe".to_owned());
        let theirs = kubectl.run(&args).await?;
        let code = theirs.exit_code.unwrap_or(-1);
        let theirs = (text(&theirs.stdout), text(&theirs.stderr), code);
        if ageless(&theirs) != ageless(&ours) {
            complaints.push(difference(line, &theirs, &ours));
        }
    }
    say::line(format_args!(
        "describe: {} command lines compared with kubectl: {} differ",
        LINES.len(),
        complaints.len()
    ));
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}

async fn ours(library: &kubently_kubectl::Cluster, args: &[String]) -> Result<Printed> {
    let command = Command::parse(Verb::Describe, args, None)
        .map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let output = run(library, &command, &Limits::default()).await?;
    let code = output.exit_code;
    Ok((text(&output.stdout), text(&output.stderr), code))
}

/// A character for each byte: kubectl cuts long annotations within characters.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The same with each age of seconds, minutes and hours as `AGE`, and each run of spaces as one: an age of
/// another length moves what stands behind it. Events and finished jobs are older, and keep their ages.
fn ageless((out, err, code): &Printed) -> (String, String, i32) {
    let words = |line: &str| {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let words = words.map(|word| if is_age(word) { "AGE" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    let text = out.split('\n').map(words).collect::<Vec<_>>().join("\n");
    (text, err.clone(), *code)
}

/// `5s`, `3m12s`, `4h`
fn is_age(word: &str) -> bool {
    let parts = word.split_inclusive(|c: char| c.is_ascii_alphabetic());
    let is_part = |part: &str| {
        let number = part.strip_suffix(['s', 'm', 'h']);
        number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
    };
    parts.clone().count() <= 2 && parts.into_iter().all(is_part)
}

/// The first line that differs, for people.
fn difference(line: &str, theirs: &Printed, ours: &Printed) -> String {
    let first = |theirs: &str, ours: &str| {
        let (mut theirs, mut ours) = (theirs.split('\n'), ours.split('\n'));
        loop {
            match (theirs.next(), ours.next()) {
                (None, None) => return String::new(),
                (one, two) if one == two => {}
                (one, two) => return format!("\n  kubectl:  {one:?}\n  Kubently: {two:?}"),
            }
        }
    };
    format!(
        "describe {line} (exit codes {}, {}){}{}",
        theirs.2,
        ours.2,
        first(&theirs.0, &ours.0),
        first(&theirs.1, &ours.1)
    )
}

#[test]
fn only_ages_are_left_out() {
    let text = |out: &str| ageless(&(out.to_owned(), String::new(), 0)).0;
    assert_eq!(text("web   5s\ndb    3m12s  x"), "web AGE\ndb AGE x");
    assert_eq!(text("a\tb  1Mi 12 s"), "a\tb 1Mi 12 s");
}
