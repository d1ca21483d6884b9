//! The library alone, on the zoo: the whole table, and random lines.

use std::time::Instant;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::{say, zoo};

use super::generator::{self, Seed};
use super::lines::{self, Line};
use super::sides::{Answer, Library, Side};
use super::tally::Tally;
use super::{templates, values};

/// kubectl takes 50 ms of a core for each line.
const AT_ONCE: usize = 3;
/// How often a command over what changes is asked for again until it stands still.
const LOOKS: usize = 5;
/// The table holds at least this many.
const LEAST: usize = 800;
/// Random lines of one run, those that the grammar refuses not counted.
const RANDOM: usize = 180;

/// Random `JSONPath` templates.
const TEMPLATES: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn the_library_prints_what_kubectl_prints() -> Result<()> {
    let mut table = lines::library();
    assert!(table.len() >= LEAST, "the table has {} lines", table.len());
    let refused = table.iter().filter_map(|line| match Library::parse(line) {
        Err(Answer::Refused(why)) => Some(why),
        _ => None,
    });
    let refused: Vec<String> = refused.collect();
    assert!(refused.is_empty(), "refused:\n{}", refused.join("\n"));

    let seed = Seed::from_environment()?;
    let mut random = values::lines();
    random.extend(templates::lines(seed, TEMPLATES));
    random.extend(generator::lines(seed, RANDOM));
    let only = std::env::var(lines::ONLY);
    if let Ok(only) = &only {
        let chosen = |line: &Line| only.split(';').any(|part| line.text.contains(part));
        table.retain(chosen);
        random.retain(chosen);
    }
    let cluster = zoo::start().await?;
    values::fill(&cluster, seed).await?;
    let mut tally = Tally::default();
    compare(&cluster, table, &mut tally).await?;
    let forbidden = tally.forbidden;
    assert!(forbidden * 20 <= LEAST, "{forbidden} lines are forbidden");
    say::line(format_args!("parity: random values and lines, {seed}"));
    compare(&cluster, random, &mut tally).await?;
    if only.is_err() {
        tally.complain_of_needless_differences();
    }
    say::line(format_args!("parity of the library: {tally}"));
    let complaints = tally.complaints.join("\n");
    assert!(tally.complaints.is_empty(), "{seed}\n{complaints}");
    Ok(())
}

/// kubectl's and ours. Between the two the Metrics API may have looked again: where they differ over what it
/// measures, ours is asked for once more between two of kubectl's that are alike.
async fn both(kubectl: &Kubectl, library: &Library, line: &Line) -> Result<(Side, Side)> {
    let mut ours = ran(library, line).await?;
    let mut theirs = Side::of_kubectl(kubectl, line).await?;
    for _ in 0..LOOKS {
        if theirs == ours || line.args.first().is_none_or(|verb| verb != "top") {
            break;
        }
        ours = ran(library, line).await?;
        let before = std::mem::replace(&mut theirs, Side::of_kubectl(kubectl, line).await?);
        if before == theirs {
            break;
        }
    }
    Ok((theirs, ours))
}

async fn ran(library: &Library, line: &Line) -> Result<Side> {
    match library.answer(line).await {
        Answer::Ran(ours) => Ok(ours),
        Answer::Refused(why) => anyhow::bail!("refused: {why}"),
    }
}

async fn compare(cluster: &Cluster, lines: Vec<Line>, tally: &mut Tally) -> Result<()> {
    let began = Instant::now();
    let kubeconfig = cluster.worker_kubeconfig();
    let kubectl = Kubectl::new(&kubeconfig).await?;
    let library = Library::new(&kubectl, &kubeconfig).await?;
    let answers = futures::stream::iter(lines).map(async |line| {
        let (theirs, ours) = both(&kubectl, &library, &line).await?;
        anyhow::Ok((line, theirs, ours))
    });
    let mut answers = std::pin::pin!(answers.buffered(AT_ONCE));
    while let Some((line, theirs, ours)) = answers.try_next().await? {
        tally.add(&line, &theirs, &ours);
    }
    say::line(format_args!(
        "parity: compared in {}",
        say::seconds(began.elapsed())
    ));
    Ok(())
}
