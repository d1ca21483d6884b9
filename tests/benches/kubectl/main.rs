//! The library against the `kubectl` process with a warm discovery cache, and against `curl` for the same
//! bytes; then the memory of a worker. Both sides of a figure alternate in one run, with the same rights,
//! on the same API server. `KUBENTLY_BENCH_PODS=50` makes a short run that only shows that it works.

mod crowd;
mod curl;
mod memory;
mod sides;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kubently_core::command::Command;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::{place, say};

use self::crowd::Crowd;
use self::curl::Curl;
use self::sides::Sides;

/// Lines of the log that `logs` reads the end of.
const LOG_LINES: usize = 5_000;

/// A command line and its target; how often kubectl runs it, and we for each of these.
struct Case {
    name: &'static str,
    args: Vec<String>,
    command: Command,
    times_faster: f64,
    rounds: usize,
    ours: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let crowd = Crowd::from_environment()?;
    let mut cluster = Cluster::start().await?;
    let logs = place::fresh("logs")?;
    cluster
        .make_live_with(&crowd::log(logs.path(), LOG_LINES)?)
        .await?;
    crowd.fill(&cluster).await?;
    cluster.freeze();
    let sides = Sides::of(&cluster).await?;
    for case in cases(crowd)? {
        compare(&sides, &case).await?;
    }
    against_curl(&cluster, &sides, crowd).await?;
    memory::measure(&cluster, crowd).await
}

fn cases(crowd: Crowd) -> Result<Vec<Case>> {
    let case = |name, line: &str, times_faster, (rounds, ours)| {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Ok::<_, anyhow::Error>(Case {
            name,
            command: sides::command(&args)?,
            args,
            times_faster,
            rounds: crowd.rounds(rounds),
            ours,
        })
    };
    let (small, large) = ((20, 10), (3, 3));
    let first = crowd::name("hundred", 0);
    let mut thirty = case(
        "describe_30_pods",
        &format!("describe pod {first} -n hundred"),
        100.0,
        (3, 10),
    )?;
    let names: Vec<String> = (0..30).map(|n| crowd::name("hundred", n)).collect();
    thirty.command = sides::with_names(thirty.command, &names)?;
    drop(thirty.args.splice(2..3, names));
    let tail = format!("logs talker -n {} --tail=1000", crowd::HUNDRED);
    Ok(vec![
        case("get_pods_100", "get pods -n hundred", 20.0, small)?,
        case(
            "describe_pod",
            &format!("describe pod {first} -n hundred"),
            15.0,
            small,
        )?,
        thirty,
        case("get_pods_5000", "get pods -A", 3.0, large)?,
        case("get_pods_5000_json", "get pods -A -o json", 5.0, large)?,
        case("get_all_5000_yaml", "get all -A -o yaml", 5.0, large)?,
        case("logs_tail_1000", &tail, 10.0, small)?,
    ])
}

/// Alternates the two; the first round warms what is kept, and does not count.
async fn compare(sides: &Sides, case: &Case) -> Result<()> {
    let (mut library, mut process) = (Times::default(), Times::default());
    for round in 0..=case.rounds {
        let begun = Instant::now();
        let theirs = sides.kubectl(&case.args).await?;
        let took = begun.elapsed();
        let (mut each, begun) = (Vec::new(), Instant::now());
        for _ in 0..case.ours {
            let begun = Instant::now();
            let ours = sides.library(&case.command).await?;
            each.push(begun.elapsed());
            // Not the bytes: an age may have become another one meanwhile.
            let (ours, theirs) = (lines(&ours), lines(&theirs));
            ensure!(
                ours == theirs,
                "{}: {ours} lines, kubectl prints {theirs}",
                case.name
            );
        }
        if round > 0 {
            library.add(each, begun.elapsed());
            process.add([took], took);
        }
    }
    print(format_args!("{:<20} library  {library}", case.name));
    print(format_args!("{:<20} kubectl  {process}", case.name));
    let faster = process.percentile_of(0.5, &library);
    let name = format!("{}_times_faster_p50", case.name);
    figure(&name, faster, Bound::AtLeast, case.times_faster);
    Ok(())
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count()
}

/// The same Table, list as JSON and log, by curl over a kept-alive connection.
async fn against_curl(cluster: &Cluster, sides: &Sides, crowd: Crowd) -> Result<()> {
    let curl = Curl::of(cluster)?;
    let log = format!(
        "/api/v1/namespaces/{}/pods/talker/log?tailLines=1000",
        crowd::HUNDRED
    );
    let tail = format!("logs talker -n {} --tail=1000", crowd::HUNDRED);
    for (name, line, (path, accept), target) in [
        (
            "get_pods_5000_of_curl",
            "get pods -A",
            ("/api/v1/pods", curl::TABLE),
            1.3,
        ),
        (
            "get_pods_5000_json_of_curl",
            "get pods -A -o json",
            ("/api/v1/pods", curl::JSON),
            2.0,
        ),
        // The pod is asked for, too: the time of the log alone is the server's and its kubelet's.
        ("logs_tail_1000_of_curl", &tail, (&log, curl::ANY), 2.0),
    ] {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let command = sides::command(&args)?;
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        for _ in 0..crowd.rounds(10) {
            let took = curl.fetch(path, accept).await?;
            theirs.add([took], took);
            let begun = Instant::now();
            sides.library(&command).await?;
            let took: Duration = begun.elapsed();
            ours.add([took], took);
        }
        print(format_args!("{name:<28} library  {ours}"));
        print(format_args!("{name:<28} curl     {theirs}"));
        figure(
            name,
            ours.percentile_of(0.5, &theirs),
            Bound::AtMost,
            target,
        );
    }
    say::line("benches: figures of the library are done");
    Ok(())
}
