//! The library against the `kubectl` process with a warm discovery cache, and against `curl` for the same
//! bytes; then the memory of a worker. Both sides of a figure alternate in one run, with the same rights,
//! on the same API server. `KUBENTLY_BENCH_PODS=50` makes a short run that only shows that it works.

mod crowd;
mod curl;
mod memory;
mod sides;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kubently_core::verb::Verb;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::{place, say};

use self::crowd::Crowd;
use self::curl::Curl;
use self::sides::Sides;

/// Lines of the log that `logs` reads the end of.
const LOG_LINES: usize = 5_000;

/// A command, its target, and how often each side runs it: ours ten times as often.
struct Case {
    name: &'static str,
    args: Vec<String>,
    times_faster: f64,
    rounds: usize,
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
    for case in cases(crowd) {
        compare(&sides, &case).await?;
    }
    against_curl(&cluster, &sides, crowd).await?;
    memory::measure(&cluster, crowd).await
}

fn cases(crowd: Crowd) -> Vec<Case> {
    let case = |name, line: &str, times_faster, rounds| Case {
        name,
        args: line.split(' ').map(str::to_owned).collect(),
        times_faster,
        rounds,
    };
    // About as many names as a command takes (20 arguments).
    let names: Vec<String> = (0..17).map(|n| crowd::name("hundred", n)).collect();
    let names = names.join(" ");
    let tail = format!("logs talker -n {} --tail=1000", crowd::HUNDRED);
    let few = crowd.rounds(3);
    vec![
        case(
            "get_pods_100",
            "get pods -n hundred",
            20.0,
            crowd.rounds(20),
        ),
        case(
            "describe_pod",
            "describe pod hundred-00000 -n hundred",
            15.0,
            crowd.rounds(20),
        ),
        case(
            "describe_17_pods",
            &format!("describe pod {names} -n hundred"),
            100.0,
            few,
        ),
        case("get_pods_5000", "get pods -A", 3.0, few),
        case("get_pods_5000_json", "get pods -A -o json", 5.0, few),
        case("get_all_5000_yaml", "get all -A -o yaml", 5.0, few),
        case("logs_tail_1000", &tail, 10.0, crowd.rounds(20)),
    ]
}

/// Alternates the two; the first round warms what is kept, and does not count.
async fn compare(sides: &Sides, case: &Case) -> Result<()> {
    let (mut library, mut process) = (Times::default(), Times::default());
    let verb: Verb = sides::verb(&case.args)?;
    for round in 0..=case.rounds {
        let begun = Instant::now();
        let theirs = sides.kubectl(&case.args).await?;
        let took = begun.elapsed();
        let (mut each, begun) = (Vec::new(), Instant::now());
        for _ in 0..10 {
            let begun = Instant::now();
            let ours = sides.library(verb, &case.args).await?;
            each.push(begun.elapsed());
            ensure!(
                ours.len() == theirs.len(),
                "{}: {} bytes, kubectl prints {}",
                case.name,
                ours.len(),
                theirs.len()
            );
        }
        if round > 0 {
            library.add(each, begun.elapsed());
            process.add([took], took);
        }
    }
    print(format_args!("{:<20} library  {library}", case.name));
    print(format_args!("{:<20} kubectl  {process}", case.name));
    let faster = ratio(process.percentile(0.5), library.percentile(0.5));
    let name = format!("{}_times_faster_p50", case.name);
    figure(&name, faster, Bound::AtLeast, case.times_faster);
    Ok(())
}

/// The same Table, and the same list as JSON, by curl over a kept-alive connection.
async fn against_curl(cluster: &Cluster, sides: &Sides, crowd: Crowd) -> Result<()> {
    let curl = Curl::of(cluster)?;
    for (name, line, accept, target) in [
        ("get_pods_5000_of_curl", "get pods -A", curl::TABLE, 1.3),
        (
            "get_pods_5000_json_of_curl",
            "get pods -A -o json",
            curl::JSON,
            2.0,
        ),
    ] {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        for _ in 0..crowd.rounds(10) {
            let took = curl.fetch("/api/v1/pods", accept).await?;
            theirs.add([took], took);
            let begun = Instant::now();
            sides.library(Verb::Get, &args).await?;
            let took: Duration = begun.elapsed();
            ours.add([took], took);
        }
        print(format_args!("{name:<28} library  {ours}"));
        print(format_args!("{name:<28} curl     {theirs}"));
        let of = ratio(ours.percentile(0.5), theirs.percentile(0.5));
        figure(name, of, Bound::AtMost, target);
    }
    say::line("benches: figures of the library are done");
    Ok(())
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(f64::EPSILON)
}
