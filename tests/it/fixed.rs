//! Kinds that need no controller, and `events`, `api-resources` and `top`, as the real kubectl prints them:
//! the library and kubectl, both with the worker's rights, on a cluster that holds `tests/zoo/fixed`.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Limits, config_from_kubeconfig, run};
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;

const KINDS: &str = include_str!("../zoo/fixed/kinds.yaml");
const LINES: &str = include_str!("../zoo/fixed/lines.txt");
/// The least that must be compared, so that a table that is not read cannot pass.
const LEAST: usize = 120;

/// What one side printed: standard output, standard error, exit code.
pub(crate) type Side = (String, String, i32);

/// The time of the machine.
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of a test")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fixed_kinds_and_verbs_print_what_kubectl_prints() -> Result<()> {
    let cluster = Cluster::start().await?;
    cluster.apply(KINDS).await?;
    let kubectl = Kubectl::new(cluster.worker_kubeconfig()).await?;
    let config = config_from_kubeconfig(&cluster.worker_kubeconfig()).await?;
    let library = kubently_kubectl::Cluster::new(config, Arc::new(MachineClock))?;
    let mut complaints = Vec::new();
    let lines = LINES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut compared = 0;
    for line in lines {
        let args = words(line);
        let (theirs, ours) = tokio::try_join!(oracle(&kubectl, &args), ours(&library, &args))
            .with_context(|| line.to_owned())?;
        compared += 1;
        let has_ages = line.starts_with("events");
        let shown = |(out, err, code): &Side| {
            let out = if has_ages {
                without_ages(out)
            } else {
                out.clone()
            };
            format!("{out}--- exit {code}\n{err}")
        };
        let (theirs, ours) = (shown(&theirs), shown(&ours));
        if theirs != ours {
            complaints.push(difference(line, &theirs, &ours));
        }
    }
    say::line(format_args!(
        "fixed kinds and verbs: {compared} command lines compared with kubectl, {} differ",
        complaints.len()
    ));
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    ensure!(compared >= LEAST, "only {compared} lines");
    Ok(())
}

/// kubectl's answer.
pub(crate) async fn oracle(kubectl: &Kubectl, args: &[String]) -> Result<Side> {
    let answer = kubectl.run(args).await?;
    let code = answer.exit_code.context("kubectl was killed")?;
    // Lines of its log are no part of its answer.
    let err = answer.err();
    let err = err
        .split_inclusive('\n')
        .filter(|line| !line.contains("memcache.go"));
    Ok((answer.out(), err.collect(), code))
}

/// The library's answer.
pub(crate) async fn ours(library: &kubently_kubectl::Cluster, args: &[String]) -> Result<Side> {
    let (verb, args) = args.split_first().context("an empty line")?;
    let refused = |refusal| anyhow!("{refusal:?}");
    let verb: Verb = verb.parse().map_err(refused)?;
    let command = Command::parse(verb, args, None).map_err(refused)?;
    let output = run(library, &command, &Limits::default()).await?;
    let text = |bytes| String::from_utf8(bytes).context("no UTF-8");
    Ok((text(output.stdout)?, text(output.stderr)?, output.exit_code))
}

/// Splits at spaces, except within single quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words
}

/// Ages as `AGE`, and what pads them as one space: an age of another length moves the columns.
fn without_ages(text: &str) -> String {
    let is_age = |word: &str| {
        let word = word.trim_end_matches([')', '\n']);
        if !word.is_ascii() {
            return false;
        }
        let (digits, unit) = word.split_at(word.len().saturating_sub(1));
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || "smhdy".contains(c))
            && "smhdy".contains(unit)
    };
    let line = |line: &str| {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let words = words.map(|word| if is_age(word) { "AGE" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.split_inclusive('\n').map(line).collect()
}

fn difference(line: &str, theirs: &str, ours: &str) -> String {
    let pairs = theirs.lines().zip(ours.lines());
    let from = pairs.take_while(|(one, two)| one == two).count();
    let shown = |text: &str| {
        let lines: Vec<_> = text
            .lines()
            .skip(from)
            .take(6)
            .map(|it| format!("{it:?}"))
            .collect();
        lines.join("\n  ")
    };
    format!(
        "{line}: from line {}\n  kubectl:\n  {}\n  kubently:\n  {}\n",
        from + 1,
        shown(theirs),
        shown(ours)
    )
}

#[test]
fn ages_are_told_from_words() {
    assert_eq!(
        without_ages("5m   (x3 over 10m)   Normal   Pods/5m x\n"),
        "AGE (x3 over AGE Normal Pods/5m x\n"
    );
}
